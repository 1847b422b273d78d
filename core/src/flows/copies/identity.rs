//! The properties of a packet that its copies share.

use crate::wire::decode::{IpPayload, Tcp, TcpFlags, Udp};

/// The properties of a packet that its copies share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    /// A hash of what it carries: TCP's numbers, flags and time stamp, lengths, and bytes of the
    /// payload.
    pub(super) carried: u64,
    /// IP identification; 0 if the sender gives none.
    pub(super) identification: u16,
    /// Time to live, or hop limit.
    pub(super) hops: u8,
    /// True for a QUIC packet, which is never sent twice.
    pub(super) unique: bool,
    /// True for a TCP segment that takes sequence numbers: data or a SYN.
    pub(super) is_numbered: bool,
    pub(super) is_syn: bool,
    /// TCP's time stamp with a bit that is always set, and the place of a fragment; 0 without both.
    pub(super) stamp: u64,
    /// True for a packet that opens a connection, with contents that no other has.
    pub(super) opens: bool,
    /// True with enough bytes of payload to distinguish it from others.
    pub(super) has_contents: bool,
}

impl Identity {
    /// Returns the identity of a packet whose IP header is the start of `header`; `None` if it has
    /// nothing to be recognised by.
    pub(crate) fn of(header: &[u8], transport: &IpPayload<'_>) -> Option<Self> {
        let (identification, hops, mut options) = match header.first()? >> 4 {
            4 => {
                let fixed: &[u8; 20] = header.first_chunk()?;
                // Offset and flags: fragments of a packet share the identification.
                let offset = u64::from(u16::from_be_bytes([fixed[6], fixed[7]]) & 0x3fff);
                (
                    u16::from_be_bytes([fixed[4], fixed[5]]),
                    fixed[8],
                    offset << 48,
                )
            }
            6 => (0, *header.get(7)?, 0),
            _ => return None,
        };
        let is_later_fragment = header[0] >> 4 == 4 && options << 3 != 0;
        let (numbers, shape, contents, (unique, is_long)) = match transport {
            // Recognised by its bytes, whether its first fragment came before it or not.
            _ if is_later_fragment => of_bytes(header, identification)?,
            IpPayload::Tcp(tcp) => {
                let (numbers, shape, time_stamps) = of_tcp(tcp);
                options |= time_stamps;
                (numbers, shape, contents(tcp.payload), (false, false))
            }
            IpPayload::Udp(udp) => of_udp(udp),
            IpPayload::UdpFragment { .. } | IpPayload::LaterFragment | IpPayload::Other => {
                of_bytes(header, identification)?
            }
        };
        let (is_syn, has_data, is_random) = match transport {
            IpPayload::Tcp(tcp) => (
                tcp.flags.has(TcpFlags::SYN),
                tcp.payload_length > 0,
                is_random(tcp.sequence) && is_random(tcp.acknowledgement),
            ),
            _ => (false, false, false),
        };
        Some(Self {
            carried: mixed([numbers, shape, contents, options]),
            identification,
            hops,
            unique,
            is_numbered: is_syn || has_data,
            is_syn,
            stamp: options,
            opens: is_long || is_syn && (options != 0 || is_random),
            has_contents: contents != 0,
        })
    }

    /// Returns true if a second packet with this identity proves that a capture has copies. Senders
    /// without identifications may send the same acknowledgement, or the same datagram of other
    /// protocols, more than once within moments.
    pub(super) const fn proves(&self) -> bool {
        self.unique || self.identification != 0 || self.is_numbered
    }

    /// Returns true if the packet has a number or a time that its sender changes when it sends
    /// again.
    pub(super) const fn is_marked(&self) -> bool {
        self.identification != 0 || self.stamp != 0
    }

    /// Returns true for a packet that opens a connection, with what no other has: numbers and a time
    /// stamp, both ends' random numbers, or the encrypted handshake of QUIC.
    #[inline]
    pub(crate) const fn opens(&self) -> bool {
        self.opens
    }

    /// Returns true for a packet that its sender never sends again.
    pub(crate) const fn is_unique(&self) -> bool {
        self.unique
    }
}

/// Hashes what a packet carries. Of all pairs of packets that differ, one in 2^64 has one hash.
fn mixed(carried: [u64; 4]) -> u64 {
    // An odd multiplier with well-mixed bits (Steele and others, 2014).
    carried.into_iter().fold(0, |hash: u64, word| {
        let hash = (hash ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        hash ^ hash >> 32
    })
}

/// Identifies a packet by the bytes after its header.
fn of_bytes(header: &[u8], identification: u16) -> Option<(u64, u64, u64, (bool, bool))> {
    let behind = header.get(20..)?;
    Some((identification.into(), 0, contents(behind), (false, false)))
}

fn of_tcp(tcp: &Tcp<'_>) -> (u64, u64, u64) {
    /// Kind and length of the timestamps option (RFC 7323, section 3.2).
    const TIME_STAMPS: [u8; 2] = [8, 10];
    let numbers = u64::from(tcp.sequence) << 32 | u64::from(tcp.acknowledgement);
    let shape =
        u64::from(tcp.payload_length) << 24 | u64::from(tcp.flags.0) << 16 | u64::from(tcp.window);
    let time_stamps = tcp
        .options
        .windows(6)
        .find(|bytes| bytes[..2] == TIME_STAMPS)
        .map_or(0, |bytes| {
            1 << 32 | u64::from(u32::from_be_bytes([bytes[2], bytes[3], bytes[4], bytes[5]]))
        });
    (numbers, shape, time_stamps)
}

/// Returns true if a sequence number may be a random one, as stacks choose them (RFC 9293, section
/// 3.4.1): generators of traffic often begin with a small one.
const fn is_random(number: u32) -> bool {
    const SMALL: u32 = 1 << 16;
    number >= SMALL
}

/// Also returns whether it is a packet of QUIC, and whether that is one of a handshake.
fn of_udp(udp: &Udp<'_>) -> (u64, u64, u64, (bool, bool)) {
    /// Bit that is set in all packets of QUIC versions 1 and 2 (RFC 9000, section 17), and the port
    /// of HTTP/3.
    const FIXED_BIT: u8 = 0x40;
    const LONG_HEADER: u8 = 0x80;
    const HTTPS: u16 = 443;
    /// Shorter ones have no room for a connection ID and an authentication tag.
    const SHORTEST: u32 = 21;
    let is_quic = (udp.source_port == HTTPS || udp.destination_port == HTTPS)
        && udp.payload_length >= SHORTEST
        && udp.payload.len() >= SHORTEST as usize
        && udp.payload[0] & FIXED_BIT != 0;
    let numbers = udp
        .payload
        .first_chunk()
        .map_or(0, |bytes| u64::from_be_bytes(*bytes));
    (
        numbers,
        u64::from(udp.payload_length),
        contents(udp.payload),
        (is_quic, is_quic && udp.payload[0] & LONG_HEADER != 0),
    )
}

/// Hashes about 64 bytes of a payload; returns 0 if there are too few to distinguish it from
/// others.
fn contents(payload: &[u8]) -> u64 {
    const LEAST: usize = 16;
    if payload.len() < LEAST {
        return 0;
    }
    let (words, _) = payload[..payload.len().min(64)].as_chunks::<8>();
    words.iter().fold(1, |hash: u64, word| {
        (hash ^ u64::from_be_bytes(*word))
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .rotate_left(29)
    })
}
