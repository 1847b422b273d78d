//! From a frame's bytes to its innermost IP packet and transport header.
//!
//! Lenient in general: layers already understood are kept when a later one is damaged or cut, and
//! lengths come from headers, not from the captured size. Strict where only the content shows what
//! a header is: bytes count as a packet only if its length fits, and as a tunnel only if there is
//! an IP packet inside.
//!
//! `link` reads link types, `ethertype` the headers that an EtherType leads to, `tunnel` packets in
//! IP, `udp_tunnel` packets in UDP: one table each. The depth of headers is limited.

use std::net::IpAddr;

use crate::packet::{LinkType, Packet};

mod checksum;
mod common;
mod datagram;
mod esp;
mod ethertype;
pub(crate) mod fragments;
mod internet;
mod layer;
mod layers;
mod link;
mod metadata;
mod mpls;
mod opaque;
mod ppp;
pub(crate) mod stt;
mod transport;
mod tunnel;
mod udp_tunnel;
mod wireless;

pub(crate) use common::Ipv4;
pub use datagram::{Datagram, IpPayload, Tcp, TcpFlags, Udp};
use datagram::{IP_PROTOCOL_ESP, IP_PROTOCOL_TCP, IP_PROTOCOL_UDP};
use internet::Internet;
use layer::{Candidates, NextHeader, Rest, Walk};
pub use layers::{Fragment, Layers, Scope};
pub use opaque::Opaque;
use udp_tunnel::Ports;

/// Largest number of headers around the innermost IP packet that are removed, counting tags, labels
/// and tunnels alike. Real stacks stay below ten (GTP-U over MPLS over QinQ); the limit keeps a
/// crafted frame from costing more than its length.
const MAX_LAYERS: u32 = 16;

/// Reasons why a frame holds nothing to analyse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// The link type is unknown.
    UnknownLinkType(LinkType),
    /// There is no IP packet inside, or its fixed header is damaged or cut.
    NotIp,
}

/// Decodes frames with the settings that affect decoding.
#[derive(Clone, Debug)]
pub struct Decoder {
    ports: Ports,
    vxlan_ports: Box<[u16]>,
    layers: Layers,
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new(&[])
    }
}

impl Decoder {
    /// Creates a decoder that also decodes VXLAN on these UDP ports.
    #[must_use]
    pub fn new(vxlan_ports: &[u16]) -> Self {
        Self {
            ports: Ports::new(vxlan_ports),
            vxlan_ports: vxlan_ports.into(),
            layers: Layers::default(),
        }
    }

    /// Finds the innermost IP packet of a frame.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] if there is none.
    #[inline(always)]
    pub fn decode<'a>(&mut self, packet: &Packet<'a>) -> Result<Datagram<'a>, DecodeError> {
        match common::decode(packet, &self.ports) {
            Some(datagram) => Ok(datagram),
            None => self.decode_any(packet),
        }
    }

    /// Reads a frame if it holds a whole TCP or UDP packet in IPv4 directly on Ethernet. Does not
    /// set [`Self::layers`].
    #[inline(always)]
    pub(crate) fn plain<'a>(&self, packet: &Packet<'a>) -> Option<Datagram<'a>> {
        common::decode(packet, &self.ports)
    }

    /// Reads a frame down to its IPv4 header if it holds a whole IPv4 packet directly on Ethernet.
    #[inline(always)]
    pub(crate) fn plain_ipv4<'a>(&self, packet: &Packet<'a>) -> Option<Ipv4<'a>> {
        common::ipv4(packet)
    }

    /// Reads such a packet if it is UDP and holds no other packet.
    #[inline(always)]
    pub(crate) fn plain_udp<'a>(&self, plain: &Ipv4<'a>) -> Option<Datagram<'a>> {
        plain.udp(&self.ports)
    }

    /// The same after one VLAN tag. Also returns the scope.
    #[inline(always)]
    pub(crate) fn tagged<'a>(&self, packet: &Packet<'a>) -> Option<(Datagram<'a>, Scope)> {
        let (datagram, tag) = common::decode_tagged(packet, &self.ports)?;
        Some((datagram, Scope::of_tag(tag)))
    }

    /// Facts about the last decoded frame, if it was not a whole TCP or UDP packet in IPv4 directly
    /// on Ethernet.
    #[must_use]
    pub const fn layers(&self) -> &Layers {
        &self.layers
    }

    /// Finds another IP packet of a frame, at [`Layers::behind`] of the previous one.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] if there is none.
    pub fn decode_behind<'a>(
        &mut self,
        packet: &Packet<'a>,
        offset: u32,
    ) -> Result<Datagram<'a>, DecodeError> {
        let rest = whole(packet).skip(offset as usize);
        self.walk(
            packet,
            NextHeader::Subframe,
            rest.ok_or(DecodeError::NotIp)?,
        )
    }

    #[inline(never)]
    pub(crate) fn decode_any<'a>(
        &mut self,
        packet: &Packet<'a>,
    ) -> Result<Datagram<'a>, DecodeError> {
        let first = NextHeader::Link(packet.link_type);
        self.walk(packet, first, whole(packet))
    }

    fn walk<'a>(
        &mut self,
        packet: &Packet<'a>,
        layer: NextHeader,
        rest: Rest<'a>,
    ) -> Result<Datagram<'a>, DecodeError> {
        let mut walk = Walk {
            frame: packet.data,
            // The link type is a step, but not a header.
            left: MAX_LAYERS + 1,
            layers: Layers::default(),
            unknown: None,
            is_doubtful: false,
            vxlan_ports: &self.vxlan_ports,
        };
        let datagram = descend(&mut walk, layer, rest);
        self.layers = walk.layers;
        datagram.ok_or_else(|| {
            walk.unknown
                .map_or(DecodeError::NotIp, DecodeError::UnknownLinkType)
        })
    }
}

/// Returns the whole frame.
fn whole<'a>(packet: &Packet<'a>) -> Rest<'a> {
    Rest {
        data: packet.data,
        wire: (packet.original_length as usize).max(packet.data.len()),
    }
}

/// Finds the innermost IP packet of a frame, with default settings.
///
/// # Errors
///
/// [`DecodeError`] if there is none.
#[cfg(any(test, fuzzing))]
pub fn decode<'a>(packet: &Packet<'a>) -> Result<Datagram<'a>, DecodeError> {
    Decoder::default().decode(packet)
}

/// Reads headers from `layer` on down to an IP packet, and follows tunnels inside it.
fn descend<'a>(
    walk: &mut Walk<'_>,
    mut layer: NextHeader,
    mut rest: Rest<'a>,
) -> Option<Datagram<'a>> {
    while walk.left > 0 {
        walk.left -= 1;
        (layer, rest) = match layer {
            NextHeader::Ip if std::mem::take(&mut walk.is_doubtful) && !internet::fits(rest) => {
                return None;
            }
            NextHeader::Ip => return packet(walk, rest),
            NextHeader::EtherType(ether_type) => ethertype::next(walk, ether_type, rest)?,
            NextHeader::Ethernet => link::ethernet(rest)?,
            NextHeader::Link(link_type) => match link::first(link_type, rest) {
                Ok(step) => step?,
                Err(unknown) => {
                    walk.unknown = Some(unknown);
                    return None;
                }
            },
            NextHeader::Ppp => ppp::next(walk, rest)?,
            NextHeader::Llc => link::llc(rest)?,
            NextHeader::CheckedEthernet => {
                walk.is_doubtful = true;
                link::ethernet(rest)?
            }
            NextHeader::Wireless { padded } => wireless::frame(walk, rest, padded, false)?,
            NextHeader::WirelessSwapped => wireless::frame(walk, rest, false, true)?,
            NextHeader::Subframe => wireless::subframe(walk, rest)?,
            NextHeader::MplsPayload => return either(walk, mpls::payload(rest)),
            NextHeader::L2tpSession => return either(walk, tunnel::l2tp_session(rest)),
            NextHeader::WirelessEither => return either(walk, wireless::either_order(rest)),
        };
    }
    None
}

/// Returns the first candidate that leads to an IP packet. All count toward the same limit on
/// depth, so nested ones cost no more than their number.
fn either<'a>(walk: &mut Walk<'_>, candidates: Candidates<'a>) -> Option<Datagram<'a>> {
    let before = (walk.layers, walk.is_doubtful);
    candidates.into_iter().flatten().find_map(|(layer, rest)| {
        (walk.layers, walk.is_doubtful) = before;
        descend(walk, layer, rest)
    })
}

/// Reads one IP packet, or the innermost one if it is a tunnel.
fn packet<'a>(walk: &mut Walk<'_>, rest: Rest<'a>) -> Option<Datagram<'a>> {
    let outer = internet::header(rest)?;
    let header_at = walk.offset(rest);
    let network = walk.layers.scope.tunnel;
    let (transport, next) = if outer.is_later_fragment() {
        (IpPayload::LaterFragment, None)
    } else {
        match outer.protocol {
            IP_PROTOCOL_TCP => (segment(outer.payload), None),
            IP_PROTOCOL_UDP => match transport::udp(outer.payload) {
                // A first fragment of a tunnel packet also holds the inner headers, so it is
                // decapsulated like a whole one.
                Some(udp) => (IpPayload::Udp(udp), in_udp(walk, &udp, outer.payload.wire)),
                None => (IpPayload::Other, None),
            },
            IP_PROTOCOL_ESP => {
                let step = esp::tunnel(outer.payload);
                let inside = match step {
                    Some(_) => None,
                    None => esp::transport([outer.source, outer.destination], outer.payload),
                };
                if let Some((protocol, payload)) = inside {
                    let bare = Internet {
                        protocol,
                        payload,
                        ..outer
                    };
                    return Some(finish(walk, &bare, header_at, carried(&bare)));
                }
                if step.is_none() {
                    walk.layers.opaque = Some(Opaque::Esp);
                }
                (IpPayload::Other, step)
            }
            protocol => (
                IpPayload::Other,
                tunnel::next(walk, protocol, outer.payload),
            ),
        }
    };
    if next.is_some() {
        enter_between(walk, &outer, &transport, network);
    }
    let before = walk.layers;
    if let Some(inner) = next.and_then(|(layer, rest)| descend(walk, layer, rest)) {
        return Some(inner);
    }
    // If an inner packet cannot be read, the outer one counts, because it was sent between those
    // addresses.
    let opaque = walk.layers.opaque;
    walk.layers = Layers { opaque, ..before };
    Some(finish(walk, &outer, header_at, transport))
}

/// Distinguishes tunnels that have the same number, or none, by their ends; `network` is the scope's
/// before this one. GTP-U's numbers are unique at the end that receives them (3GPP TS 29.281,
/// section 5.1), others are virtual networks, which may have many ends.
fn enter_between(
    walk: &mut Walk<'_>,
    outer: &Internet<'_>,
    transport: &IpPayload<'_>,
    network: u32,
) {
    let receiver = folded(outer.destination);
    match (outer.protocol, transport) {
        (IP_PROTOCOL_UDP, IpPayload::Udp(udp)) if udp.destination_port == udp_tunnel::GTP_USER => {
            walk.scope().enter_tunnel(receiver);
        }
        (tunnel::IPV4 | tunnel::IPV6 | tunnel::GRE, _) if walk.layers.scope.tunnel == network => {
            // The same in both directions.
            walk.scope().enter_tunnel(receiver ^ folded(outer.source));
        }
        _ => {}
    }
}

/// Returns an address in 32 bits.
fn folded(address: IpAddr) -> u32 {
    match address {
        IpAddr::V4(address) => address.to_bits(),
        IpAddr::V6(address) => {
            let bits = address.to_bits();
            (0..4).fold(0, |all: u32, word| {
                (all.rotate_left(5) ^ (bits >> (32 * word)) as u32).wrapping_mul(0x9e37_79b1)
            })
        }
    }
}

/// Finishes with a packet that is not decapsulated further.
fn finish<'a>(
    walk: &mut Walk<'_>,
    ip: &Internet<'a>,
    header_at: u32,
    transport: IpPayload<'a>,
) -> Datagram<'a> {
    walk.layers.fragment = ip.fragment;
    let wire = u32::try_from(ip.payload.wire).unwrap_or(u32::MAX);
    walk.layers.payload = (walk.offset(ip.payload), wire);
    ip.datagram(header_at, transport)
}

fn segment(payload: Rest<'_>) -> IpPayload<'_> {
    transport::tcp(payload).map_or(IpPayload::Other, IpPayload::Tcp)
}

/// Reads the transport header of a packet that is not a tunnel.
fn carried<'a>(ip: &Internet<'a>) -> IpPayload<'a> {
    match ip.protocol {
        IP_PROTOCOL_TCP => segment(ip.payload),
        _ => transport::udp(ip.payload).map_or(IpPayload::Other, IpPayload::Udp),
    }
}

/// Returns the header inside a UDP datagram; `wire` is the length of header and payload.
fn in_udp<'a>(walk: &mut Walk<'_>, udp: &Udp<'a>, wire: usize) -> layer::Inner<'a> {
    let rest = Rest {
        data: udp.payload,
        wire: wire
            .saturating_sub(transport::UDP_HEADER)
            .min(udp.payload_length as usize),
    };
    udp_tunnel::next(walk, (udp.source_port, udp.destination_port), rest)
}

#[cfg(test)]
mod tests;
