//! From a frame's bytes to its innermost IP packet and transport header.
//!
//! Lax throughout: what was understood is kept when a later layer is damaged or cut, and lengths come from headers, not
//! from how much was captured.
//!
//! Link layers: Ethernet (IEEE 802.3), VLAN and QinQ tags (IEEE 802.1Q), MPLS (RFC 3032), PPPoE (RFC 2516), PPP
//! (RFC 1661, RFC 1662), Linux cooked v1 and v2, raw IP, BSD loopback. Tunnels: IP in IP (RFC 2003, RFC 4213), GRE
//! (RFC 2784, RFC 2890), VXLAN (RFC 7348), GTP-U (3GPP TS 29.281). Not followed: reassembly of IP fragments, IPsec ESP,
//! Teredo, ERSPAN.

use std::net::IpAddr;

use etherparse::{LaxIpv4Slice, LaxIpv6Slice};

use crate::packet::{LinkType, Packet};

mod common;
mod link;
mod tunnel;

/// How many headers below the innermost IP packet are taken off, tags, labels and tunnels counted alike. Real stacks
/// stay below ten (GTP-U over MPLS over QinQ); the bound keeps a crafted frame from costing more than its length.
const MAX_LAYERS: u32 = 16;

const IP_PROTOCOL_IPV4: u8 = 4;
const IP_PROTOCOL_TCP: u8 = 6;
const IP_PROTOCOL_UDP: u8 = 17;
const IP_PROTOCOL_IPV6: u8 = 41;
const IP_PROTOCOL_GRE: u8 = 47;

/// IPv6 extension headers (RFC 8200, section 4; RFC 4302, section 2).
const IPV6_HOP_BY_HOP: u8 = 0;
const IPV6_ROUTING: u8 = 43;
const IPV6_FRAGMENT: u8 = 44;
const IPV6_AUTHENTICATION: u8 = 51;
const IPV6_DESTINATION: u8 = 60;

/// Smallest TCP header (RFC 9293, section 3.1).
const TCP_MIN_HEADER: usize = 20;
/// UDP header (RFC 768).
const UDP_HEADER: usize = 8;

/// Why a frame holds nothing for us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// The link type is not one of those listed above.
    UnknownLinkType(LinkType),
    /// No IP packet inside, or its fixed header is damaged or cut.
    NotIp,
}

/// The innermost IP packet of a frame.
#[derive(Clone, Copy, Debug)]
pub struct Datagram<'a> {
    /// Source address.
    pub source: IpAddr,
    /// Destination address.
    pub destination: IpAddr,
    /// IP protocol number of the payload.
    pub protocol: u8,
    /// Length of the IP packet in bytes, as its header states it; the frame's where the header says 0.
    pub length: u32,
    /// What the IP packet carries.
    pub transport: Transport<'a>,
}

/// What an IP packet carries.
#[derive(Clone, Copy, Debug)]
pub enum Transport<'a> {
    /// TCP.
    Tcp(Tcp<'a>),
    /// UDP.
    Udp(Udp<'a>),
    /// A fragment other than the first: no transport header.
    LaterFragment,
    /// Another protocol, or a transport header that is damaged or cut.
    Other,
}

/// A TCP segment (RFC 9293).
#[derive(Clone, Copy, Debug)]
pub struct Tcp<'a> {
    /// Source port.
    pub source_port: u16,
    /// Destination port.
    pub destination_port: u16,
    /// Sequence number of the first payload byte (of SYN, where set).
    pub sequence: u32,
    /// Acknowledgement number; meaningful with [`TcpFlags::ACK`].
    pub acknowledgement: u32,
    /// Control bits.
    pub flags: TcpFlags,
    /// Window field, not scaled.
    pub window: u16,
    /// The captured part of the options, padding included.
    pub options: &'a [u8],
    /// Payload length in bytes, from the headers.
    pub payload_length: u32,
    /// The captured part of the payload.
    pub payload: &'a [u8],
    /// Part of the TCP header itself was not captured.
    pub header_truncated: bool,
}

/// TCP control bits (RFC 9293, section 3.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TcpFlags(pub u8);

impl TcpFlags {
    /// No more data from the sender.
    pub const FIN: Self = Self(0x01);
    /// Synchronise sequence numbers.
    pub const SYN: Self = Self(0x02);
    /// Reset the connection.
    pub const RST: Self = Self(0x04);
    /// Hand the data to the receiver's application at once.
    pub const PSH: Self = Self(0x08);
    /// The acknowledgement number is valid.
    pub const ACK: Self = Self(0x10);
    /// The urgent pointer is valid.
    pub const URG: Self = Self(0x20);

    /// Whether any of `other`'s bits is set.
    #[must_use]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// A UDP datagram (RFC 768).
#[derive(Clone, Copy, Debug)]
pub struct Udp<'a> {
    /// Source port.
    pub source_port: u16,
    /// Destination port.
    pub destination_port: u16,
    /// Payload length in bytes, from the headers.
    pub payload_length: u32,
    /// The captured part of the payload.
    pub payload: &'a [u8],
}

/// Bytes still to be read: what was captured, and how many there were on the wire.
#[derive(Clone, Copy)]
struct Rest<'a> {
    data: &'a [u8],
    wire: usize,
}

impl<'a> Rest<'a> {
    /// The same without its first `n` bytes; `None` if they were not captured.
    fn skip(self, n: usize) -> Option<Self> {
        Some(Self {
            data: self.data.get(n..)?,
            wire: self.wire.saturating_sub(n),
        })
    }

    fn u8(self, at: usize) -> Option<u8> {
        self.data.get(at).copied()
    }

    fn u16(self, at: usize) -> Option<u16> {
        let bytes = self.data.get(at..at + 2)?;
        Some(u16::from_be_bytes([bytes[0], bytes[1]]))
    }
}

/// What the next header is.
#[derive(Clone, Copy)]
enum Layer {
    /// By the version nibble.
    Ip,
    EtherType(u16),
    Ethernet,
    Ppp,
}

/// Finds the innermost IP packet of a frame.
///
/// # Errors
/// [`DecodeError`] where there is none.
#[inline(always)]
pub fn decode<'a>(packet: &Packet<'a>) -> Result<Datagram<'a>, DecodeError> {
    match common::decode(packet) {
        Some(datagram) => Ok(datagram),
        None => decode_any(packet),
    }
}

/// The same for whatever frame.
#[cold]
fn decode_any<'a>(packet: &Packet<'a>) -> Result<Datagram<'a>, DecodeError> {
    let rest = Rest {
        data: packet.data,
        wire: (packet.original_length as usize).max(packet.data.len()),
    };
    let (layer, rest) = link::first_layer(packet.link_type, rest)?;
    let mut layers = MAX_LAYERS;
    descend(layer, rest, &mut layers).ok_or(DecodeError::NotIp)
}

/// Reads headers from `layer` on until an IP packet, and follows tunnels inside it.
fn descend<'a>(mut layer: Layer, mut rest: Rest<'a>, layers: &mut u32) -> Option<Datagram<'a>> {
    while *layers > 0 {
        *layers -= 1;
        (layer, rest) = match layer {
            Layer::Ip => return internet(rest, layers),
            Layer::EtherType(ether_type) => link::ether_type(ether_type, rest)?,
            Layer::Ethernet => link::ethernet(rest)?,
            Layer::Ppp => link::ppp(rest)?,
        };
    }
    None
}

/// Reads one IP packet; the innermost one if it is a tunnel.
fn internet<'a>(rest: Rest<'a>, layers: &mut u32) -> Option<Datagram<'a>> {
    let outer = match rest.u8(0)? >> 4 {
        4 => ipv4(rest)?,
        6 => ipv6(rest)?,
        _ => return None,
    };
    if outer.later_fragment {
        return Some(outer.datagram(Transport::LaterFragment));
    }
    let inner = match outer.protocol {
        IP_PROTOCOL_TCP => {
            return Some(
                outer.datagram(tcp(outer.payload).map_or(Transport::Other, Transport::Tcp)),
            );
        }
        IP_PROTOCOL_UDP => {
            let Some(udp) = udp(outer.payload) else {
                return Some(outer.datagram(Transport::Other));
            };
            // A first fragment of a tunnel packet holds the inner headers too: it is unwrapped like a whole one.
            match tunnel::in_udp(&udp, outer.payload.wire.saturating_sub(UDP_HEADER)) {
                Some((layer, rest)) => descend(layer, rest, layers),
                None => return Some(outer.datagram(Transport::Udp(udp))),
            }
        }
        IP_PROTOCOL_IPV4 | IP_PROTOCOL_IPV6 => descend(Layer::Ip, outer.payload, layers),
        IP_PROTOCOL_GRE => {
            tunnel::gre(outer.payload).and_then(|(layer, rest)| descend(layer, rest, layers))
        }
        _ => None,
    };
    // An inner packet that cannot be read leaves the outer one: it was sent between those addresses.
    Some(inner.unwrap_or_else(|| {
        outer.datagram(match outer.protocol {
            IP_PROTOCOL_UDP => udp(outer.payload).map_or(Transport::Other, Transport::Udp),
            _ => Transport::Other,
        })
    }))
}

/// An IP header's facts before its payload is looked at.
#[derive(Clone, Copy)]
struct Internet<'a> {
    source: IpAddr,
    destination: IpAddr,
    protocol: u8,
    length: u32,
    later_fragment: bool,
    payload: Rest<'a>,
}

impl<'a> Internet<'a> {
    fn datagram(&self, transport: Transport<'a>) -> Datagram<'a> {
        Datagram {
            source: self.source,
            destination: self.destination,
            protocol: self.protocol,
            length: self.length,
            transport,
        }
    }
}

fn ipv4(rest: Rest<'_>) -> Option<Internet<'_>> {
    let Ok((slice, _)) = LaxIpv4Slice::from_slice(rest.data) else {
        return ipv4_cut(rest);
    };
    let header = slice.header();
    let stated = usize::from(header.total_len());
    // 0: the sender left segmentation to the network card, which then wrote the length after the capture.
    let length = if stated == 0 { rest.wire } else { stated };
    let authentication = slice.extensions().auth.map_or(0, |auth| auth.slice().len());
    let payload = slice.payload();
    Some(Internet {
        source: header.source_addr().into(),
        destination: header.destination_addr().into(),
        protocol: payload.ip_number.0,
        length: u32::try_from(length).unwrap_or(u32::MAX),
        later_fragment: header.fragments_offset().value() != 0,
        payload: Rest {
            data: payload.payload,
            wire: length.saturating_sub(header.slice().len() + authentication),
        },
    })
}

/// An IPv4 header whose options were cut by the snapshot length: addresses and length are still there.
fn ipv4_cut(rest: Rest<'_>) -> Option<Internet<'_>> {
    let fixed: &[u8; 20] = rest.data.first_chunk()?;
    let header_length = usize::from(fixed[0] & 0x0f) * 4;
    if header_length < fixed.len() || header_length <= rest.data.len() {
        return None;
    }
    let stated = usize::from(u16::from_be_bytes([fixed[2], fixed[3]]));
    let length = if stated == 0 { rest.wire } else { stated };
    Some(Internet {
        source: IpAddr::from([fixed[12], fixed[13], fixed[14], fixed[15]]),
        destination: IpAddr::from([fixed[16], fixed[17], fixed[18], fixed[19]]),
        protocol: fixed[9],
        length: u32::try_from(length).unwrap_or(u32::MAX),
        later_fragment: u16::from_be_bytes([fixed[6], fixed[7]]) & 0x1fff != 0,
        payload: Rest {
            data: &[],
            wire: length.saturating_sub(header_length),
        },
    })
}

fn ipv6(rest: Rest<'_>) -> Option<Internet<'_>> {
    let (slice, _) = LaxIpv6Slice::from_slice(rest.data).ok()?;
    let header = slice.header();
    let extensions = slice.extensions();
    let payload = slice.payload();
    let stated = usize::from(header.payload_length());
    // A payload length of 0 with data behind it is offload or a jumbogram (RFC 2675); without a protocol of its own
    // ("no next header", 59) what follows is link-layer padding.
    let offload = stated == 0 && payload.ip_number.0 != 59;
    let length = if offload {
        rest.wire.max(HEADER)
    } else {
        HEADER + stated
    };
    const HEADER: usize = 40;
    Some(Internet {
        source: header.source_addr().into(),
        destination: header.destination_addr().into(),
        protocol: payload.ip_number.0,
        length: u32::try_from(length).unwrap_or(u32::MAX),
        later_fragment: slice.is_payload_fragmented() && is_later_ipv6_fragment(extensions),
        payload: Rest {
            data: payload.payload,
            wire: length.saturating_sub(HEADER + extensions.slice().len()),
        },
    })
}

/// Whether a fragment header among the extension headers states an offset (RFC 8200, sections 4.1 and 4.5). Read here:
/// the iterator of `etherparse` takes it that no header was left out, and reads behind the slice where the one after
/// the last was damaged or cut.
fn is_later_ipv6_fragment(extensions: &etherparse::Ipv6ExtensionsSlice<'_>) -> bool {
    let Some(first) = extensions.first_header() else {
        return false;
    };
    let (mut kind, mut rest) = (first.0, extensions.slice());
    while let &[next, length, high, low, ..] = rest {
        let length = match kind {
            IPV6_FRAGMENT if u16::from_be_bytes([high, low]) >> 3 != 0 => return true,
            IPV6_FRAGMENT => 8,
            IPV6_AUTHENTICATION => (usize::from(length) + 2) * 4,
            IPV6_HOP_BY_HOP | IPV6_ROUTING | IPV6_DESTINATION => (usize::from(length) + 1) * 8,
            _ => return false,
        };
        kind = next;
        rest = rest.get(length..).unwrap_or_default();
    }
    false
}

/// Reads a TCP header whose options may have been cut.
#[inline(always)]
fn tcp(rest: Rest<'_>) -> Option<Tcp<'_>> {
    let fixed: &[u8; TCP_MIN_HEADER] = rest.data.first_chunk()?;
    let header_length = usize::from(fixed[12] >> 4) * 4;
    if header_length < TCP_MIN_HEADER || header_length > rest.wire {
        return None;
    }
    let payload_length = rest.wire - header_length;
    let captured = rest.data.get(header_length..).unwrap_or_default();
    Some(Tcp {
        source_port: u16::from_be_bytes([fixed[0], fixed[1]]),
        destination_port: u16::from_be_bytes([fixed[2], fixed[3]]),
        sequence: u32::from_be_bytes([fixed[4], fixed[5], fixed[6], fixed[7]]),
        acknowledgement: u32::from_be_bytes([fixed[8], fixed[9], fixed[10], fixed[11]]),
        flags: TcpFlags(fixed[13]),
        window: u16::from_be_bytes([fixed[14], fixed[15]]),
        options: &rest.data[TCP_MIN_HEADER..header_length.min(rest.data.len())],
        payload_length: u32::try_from(payload_length).unwrap_or(u32::MAX),
        payload: &captured[..captured.len().min(payload_length)],
        header_truncated: rest.data.len() < header_length,
    })
}

#[inline(always)]
fn udp(rest: Rest<'_>) -> Option<Udp<'_>> {
    let header: &[u8; UDP_HEADER] = rest.data.first_chunk()?;
    let stated = usize::from(u16::from_be_bytes([header[4], header[5]]));
    // The IP length wins where the two disagree: 0 is offload (or a jumbogram), and a first fragment's UDP length
    // speaks of the whole datagram.
    let available = rest.wire.checked_sub(UDP_HEADER)?;
    let payload_length = if stated < UDP_HEADER {
        available
    } else {
        available.min(stated - UDP_HEADER)
    };
    let captured = &rest.data[UDP_HEADER..];
    Some(Udp {
        source_port: u16::from_be_bytes([header[0], header[1]]),
        destination_port: u16::from_be_bytes([header[2], header[3]]),
        payload_length: u32::try_from(payload_length).unwrap_or(u32::MAX),
        payload: &captured[..captured.len().min(payload_length)],
    })
}

#[cfg(test)]
mod tests;
