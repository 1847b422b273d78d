//! Packets with the shortest headers, of any claimed length.

use crate::Frame;
use crate::frame::Endpoint;

/// An address that Netflix announces.
pub(super) const NETFLIX: [u8; 4] = [23, 246, 11, 141];
const ACK: u8 = 0x10;
/// Nanoseconds between packets.
const SPACING: i64 = 10_000;
/// 2026-01-01T00:00:00Z.
const START: i64 = 1_767_225_600_000_000_000;

/// Both ends of a flow.
#[derive(Clone, Copy)]
pub(super) struct Ends {
    client: Endpoint,
    server: Endpoint,
}

impl Ends {
    /// A client's flow to a server.
    pub(super) fn to(server: [u8; 4], client: u64, port: u16) -> Self {
        Self {
            client: Endpoint {
                address: inside(client),
                port: 1024 + (client % 60_000) as u16,
            },
            server: Endpoint {
                address: server,
                port,
            },
        }
    }

    /// Gives the client another port.
    pub(super) const fn move_client(&mut self, by: u16) {
        self.client.port += by;
    }
}

/// One of sixteen million addresses of clients.
pub(super) fn inside(number: u64) -> [u8; 4] {
    (0x0a00_0000 | (number as u32 & 0x00ff_ffff)).to_be_bytes()
}

/// One of many addresses that nobody announces, spread.
pub(super) fn outside(number: u64) -> [u8; 4] {
    (0x6400_0000 | ((number as u32).wrapping_mul(0x9e37_79b1) & 0x03ff_ffff)).to_be_bytes()
}

/// Builds a TCP packet with a payload of `length` bytes; `data` is its captured part.
pub(super) fn tcp(
    at: i64,
    ends: Ends,
    up: bool,
    (sequence, acknowledgement): (u32, u32),
    length: usize,
    data: &[u8],
) -> Frame {
    let (from, to) = if up {
        (ends.client, ends.server)
    } else {
        (ends.server, ends.client)
    };
    let mut segment = Vec::with_capacity(20 + data.len());
    segment.extend(from.port.to_be_bytes());
    segment.extend(to.port.to_be_bytes());
    segment.extend(sequence.to_be_bytes());
    segment.extend(acknowledgement.to_be_bytes());
    segment.extend([0x50, ACK, 0xff, 0xff, 0, 0, 0, 0]);
    segment.extend_from_slice(data);
    internet(at, from, to, 6, 20 + length, &segment)
}

/// A TCP packet with other flags.
pub(super) fn flagged(mut frame: Frame, flags: u8) -> Frame {
    const FLAGS: usize = 14 + 20 + 13;
    frame.bytes[FLAGS] = flags;
    frame
}

/// Builds a UDP datagram of `length` bytes; `data` is its captured part.
pub(super) fn udp(at: i64, ends: Ends, up: bool, length: usize, data: &[u8]) -> Frame {
    let (from, to) = if up {
        (ends.client, ends.server)
    } else {
        (ends.server, ends.client)
    };
    let mut segment = [from.port, to.port, 8 + length as u16, 0]
        .map(u16::to_be_bytes)
        .concat();
    segment.extend_from_slice(data);
    internet(at, from, to, 17, 8 + length, &segment)
}

/// The first fragment of a UDP datagram of the server's (RFC 791, section 3.2), whose others are to
/// come.
pub(super) fn fragment(at: i64, ends: Ends, identification: u16, data: &[u8]) -> Frame {
    const MORE_FRAGMENTS: u8 = 0x20;
    let mut segment = [ends.server.port, ends.client.port, 65_000, 0]
        .map(u16::to_be_bytes)
        .concat();
    segment.extend_from_slice(data);
    let mut frame = internet(at, ends.server, ends.client, 17, segment.len(), &segment);
    frame.bytes[18..20].copy_from_slice(&identification.to_be_bytes());
    frame.bytes[20] = MORE_FRAGMENTS;
    frame
}

fn internet(
    at: i64,
    from: Endpoint,
    to: Endpoint,
    protocol: u8,
    length: usize,
    segment: &[u8],
) -> Frame {
    let mut bytes = Vec::with_capacity(34 + segment.len());
    bytes.extend([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x08, 0x00, 0x45, 0]);
    bytes.extend((20 + length as u16).to_be_bytes());
    // Each packet has an identification of its own, as common stacks give; with the same bytes and
    // the same one, it would be a copy, which costs less than a packet sent again.
    bytes.extend((at as u16).to_be_bytes());
    bytes.extend([0x40, 0, 64, protocol, 0, 0]);
    bytes.extend(from.address);
    bytes.extend(to.address);
    bytes.extend_from_slice(segment);
    Frame {
        time: START + at * SPACING,
        bytes,
        length: 34 + length as u32,
    }
}

/// Builds a TLS record of `length` bytes; `captured` of them are there.
pub(super) fn record(length: u16, captured: usize) -> Vec<u8> {
    let [high, low] = length.to_be_bytes();
    let mut bytes = vec![23, 3, 3, high, low];
    bytes.resize(5 + captured, 7);
    bytes
}
