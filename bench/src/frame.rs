//! Packets as bytes, and captures of them.

use std::io::{self, Write};

use nflx_core::{LinkType, Packet, Time};

/// One frame: Ethernet, IPv4, TCP or UDP.
#[derive(Clone, Debug)]
pub struct Frame {
    /// When it was sent, in nanoseconds since 1970.
    pub time: i64,
    /// The bytes, as far as they are captured.
    pub bytes: Vec<u8>,
    /// Bytes that it had on the wire.
    pub length: u32,
}

impl Frame {
    /// As the engine takes it.
    #[must_use]
    pub fn packet(&self, number: u64) -> Packet<'_> {
        Packet {
            frame: number,
            time: Time(self.time),
            link_type: LinkType::ETHERNET,
            original_length: self.length,
            data: &self.bytes,
        }
    }
}

/// An end of a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Endpoint {
    pub(crate) address: [u8; 4],
    pub(crate) port: u16,
}

/// Puts Ethernet and IPv4 headers before a transport segment.
fn internet(time: i64, from: Endpoint, to: Endpoint, protocol: u8, segment: &[&[u8]]) -> Frame {
    let length = 20 + segment.iter().map(|part| part.len()).sum::<usize>();
    let mut bytes = Vec::with_capacity(14 + length);
    bytes.extend([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x08, 0x00, 0x45, 0]);
    bytes.extend((length as u16).to_be_bytes());
    bytes.extend([0, 0, 0x40, 0, 64, protocol, 0, 0]);
    bytes.extend(from.address);
    bytes.extend(to.address);
    segment
        .iter()
        .for_each(|part| bytes.extend_from_slice(part));
    let length = bytes.len() as u32;
    Frame {
        time,
        bytes,
        length,
    }
}

/// A TCP segment with the time stamps that nearly all have (RFC 7323, section 3).
pub(crate) fn tcp(
    time: i64,
    from: Endpoint,
    to: Endpoint,
    flags: u8,
    sequence: u32,
    acknowledgement: u32,
    payload: &[u8],
) -> Frame {
    let mut header = Vec::with_capacity(32);
    header.extend(from.port.to_be_bytes());
    header.extend(to.port.to_be_bytes());
    header.extend(sequence.to_be_bytes());
    header.extend(acknowledgement.to_be_bytes());
    header.extend([0x80, flags, 0xff, 0xff, 0, 0, 0, 0, 1, 1, 8, 10]);
    header.extend(((time / 1_000_000) as u32).to_be_bytes());
    header.extend([0; 4]);
    internet(time, from, to, 6, &[&header, payload])
}

/// A UDP datagram.
pub(crate) fn udp(time: i64, from: Endpoint, to: Endpoint, payload: &[u8]) -> Frame {
    let length = 8 + payload.len() as u16;
    let header = [from.port, to.port, length, 0]
        .map(u16::to_be_bytes)
        .concat();
    internet(time, from, to, 17, &[&header, payload])
}

/// Writes a pcap file with times in nanoseconds.
#[derive(Debug)]
pub struct Pcap<W>(W);

impl<W: Write> Pcap<W> {
    /// Writes the header of the file.
    ///
    /// # Errors
    /// As the output has them.
    pub fn new(mut output: W) -> io::Result<Self> {
        output.write_all(&0xa1b2_3c4d_u32.to_le_bytes())?;
        output.write_all(&[2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0])?;
        Ok(Self(output))
    }

    /// Writes a packet.
    ///
    /// # Errors
    /// As the output has them.
    pub fn write(&mut self, frame: &Frame) -> io::Result<()> {
        self.0
            .write_all(&((frame.time / 1_000_000_000) as u32).to_le_bytes())?;
        self.0
            .write_all(&((frame.time % 1_000_000_000) as u32).to_le_bytes())?;
        self.0
            .write_all(&(frame.bytes.len() as u32).to_le_bytes())?;
        self.0.write_all(&frame.length.to_le_bytes())?;
        self.0.write_all(&frame.bytes)
    }

    /// Gives the output back once all is written.
    ///
    /// # Errors
    /// As the output has them.
    pub fn finish(mut self) -> io::Result<W> {
        self.0.flush()?;
        Ok(self.0)
    }
}
