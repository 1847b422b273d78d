//! Raw IP packets, and a pcap file around packets.

use std::io::{self, Write};
use std::net::Ipv4Addr;

pub(crate) const SYN: u8 = 0x02;
pub(crate) const ACK: u8 = 0x10;

/// `LINKTYPE_RAW`.
pub(crate) const LINK_TYPE: u16 = 101;

/// Both ends of a flow: address and port of the client, of the server.
#[derive(Clone, Copy)]
pub(crate) struct Ends {
    pub(crate) client: (Ipv4Addr, u16),
    pub(crate) server: (Ipv4Addr, u16),
}

/// A TCP packet; `data` is the beginning of its payload of `length` bytes.
pub(crate) fn tcp(
    into: &mut Vec<u8>,
    ends: Ends,
    up: bool,
    flags: u8,
    numbers: (u32, u32),
    length: usize,
    data: &[u8],
) {
    let (from, to) = if up {
        (ends.client, ends.server)
    } else {
        (ends.server, ends.client)
    };
    ip(into, from.0, to.0, 6, 20 + length);
    into.extend_from_slice(&from.1.to_be_bytes());
    into.extend_from_slice(&to.1.to_be_bytes());
    into.extend_from_slice(&numbers.0.to_be_bytes());
    into.extend_from_slice(&numbers.1.to_be_bytes());
    into.extend_from_slice(&[0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
    into.extend_from_slice(data);
}

pub(crate) fn udp(into: &mut Vec<u8>, from: (Ipv4Addr, u16), to: (Ipv4Addr, u16), data: &[u8]) {
    ip(into, from.0, to.0, 17, 8 + data.len());
    for word in [from.1, to.1, 8 + data.len() as u16, 0] {
        into.extend_from_slice(&word.to_be_bytes());
    }
    into.extend_from_slice(data);
}

fn ip(into: &mut Vec<u8>, from: Ipv4Addr, to: Ipv4Addr, protocol: u8, length: usize) {
    into.clear();
    into.extend_from_slice(&[0x45, 0]);
    into.extend_from_slice(&(20 + length as u16).to_be_bytes());
    into.extend_from_slice(&[0, 1, 0x40, 0, 64, protocol, 0, 0]);
    into.extend_from_slice(&from.octets());
    into.extend_from_slice(&to.octets());
}

/// A pcap file's header: microseconds.
pub(crate) fn pcap_header(link_type: u16) -> Vec<u8> {
    let mut header = 0xa1b2_c3d4_u32.to_le_bytes().to_vec();
    header.extend([2, 0, 4, 0]);
    header.extend([0; 8]);
    header.extend(262_144_u32.to_le_bytes());
    header.extend(u32::from(link_type).to_le_bytes());
    header
}

/// Writes a packet of a pcap file, at a time in microseconds.
pub(crate) fn write_record(
    into: &mut impl Write,
    time: u64,
    length: u32,
    data: &[u8],
) -> io::Result<()> {
    let seconds = 1_700_000_000 + time / 1_000_000;
    for word in [
        seconds as u32,
        (time % 1_000_000) as u32,
        data.len() as u32,
        length,
    ] {
        into.write_all(&word.to_le_bytes())?;
    }
    into.write_all(data)
}
