//! Packets in UDP, by port.

use super::layer::{Inner, NextHeader, Rest, Walk};
use super::opaque::Opaque;
use super::{esp, ethertype, internet, mpls, tunnel, wireless};

const VXLAN: u16 = 4789;

/// A protocol over UDP that holds packets.
struct Tunnel {
    port: u16,
    /// True if its packets come from the port as well as go to it.
    both_ways: bool,
    read: for<'a> fn(&mut Walk<'_>, Rest<'a>) -> Inner<'a>,
}

const fn to(port: u16, read: for<'a> fn(&mut Walk<'_>, Rest<'a>) -> Inner<'a>) -> Tunnel {
    let both_ways = false;
    Tunnel {
        port,
        both_ways,
        read,
    }
}

const fn between(port: u16, read: for<'a> fn(&mut Walk<'_>, Rest<'a>) -> Inner<'a>) -> Tunnel {
    let both_ways = true;
    Tunnel {
        port,
        both_ways,
        read,
    }
}

/// Tunnels of mobile networks (3GPP TS 29.281, section 4.4.2.3).
pub(super) const GTP_USER: u16 = 2152;

/// Ports are registered with IANA unless noted otherwise.
const TUNNELS: [Tunnel; 16] = [
    to(VXLAN, vxlan),
    // Linux's default, from before VXLAN had a number.
    to(8472, vxlan),
    to(4790, vxlan_generic),
    to(6081, geneve),
    between(GTP_USER, gtp_user),
    between(1701, l2tp),
    // Own ports of MikroTik and TaZmen Sniffer.
    between(37_008, tzsp),
    between(5247, capwap),
    between(3544, teredo),
    to(4754, tunnel::gre),
    to(6635, mpls::labels),
    to(6080, generic),
    to(4341, lisp),
    between(4500, esp_in_udp),
    between(51_820, wire_guard),
    between(1194, open_vpn),
];

/// Ports at which a datagram may hold a packet, one bit each.
#[derive(Clone, Debug)]
pub(super) struct Ports(Box<[u64; 1024]>);

impl Ports {
    pub(super) fn new(vxlan_ports: &[u16]) -> Self {
        let mut bits = Box::new([0; 1024]);
        let known = TUNNELS.iter().map(|tunnel| tunnel.port);
        for port in known.chain(vxlan_ports.iter().copied()) {
            bits[usize::from(port >> 6)] |= 1_u64 << (port & 63);
        }
        Self(bits)
    }

    /// Returns true if a datagram between these ports may hold a packet.
    #[inline(always)]
    pub(super) fn may_hold(&self, from: u16, to: u16) -> bool {
        let bit = |port: u16| self.0[usize::from(port >> 6)] >> (port & 63);
        (bit(from) | bit(to)) & 1 != 0
    }
}

/// Returns the header inside a datagram between these ports.
pub(super) fn next<'a>(
    walk: &mut Walk<'_>,
    (source, destination): (u16, u16),
    rest: Rest<'a>,
) -> Inner<'a> {
    if walk.vxlan_ports.contains(&destination) {
        return vxlan(walk, rest);
    }
    TUNNELS
        .iter()
        .find(|tunnel| tunnel.port == destination || tunnel.both_ways && tunnel.port == source)
        .and_then(|tunnel| (tunnel.read)(walk, rest))
}

/// Reads an IP packet whose length fits and, for IPv4, whose header checksum is right. For headers
/// that reveal little themselves.
fn checked_ip(rest: Rest<'_>) -> Inner<'_> {
    internet::is_sound(rest).then_some((NextHeader::Ip, rest))
}

/// Reads VXLAN: the flag "VNI is valid"; ignores all other bits (RFC 7348, section 5), including
/// those of group policy.
fn vxlan<'a>(walk: &mut Walk<'_>, rest: Rest<'a>) -> Inner<'a> {
    const VALID: u8 = 0x08;
    (rest.u8(0)? & VALID != 0).then_some(())?;
    walk.scope().enter_tunnel(rest.u32(4)? >> 8);
    Some((NextHeader::Ethernet, rest.skip(8)?))
}

/// Reads VXLAN-GPE (draft-ietf-nvo3-vxlan-gpe, section 3), where a flag indicates that the protocol
/// is named.
fn vxlan_generic<'a>(walk: &mut Walk<'_>, rest: Rest<'a>) -> Inner<'a> {
    const VERSION: u8 = 0x30;
    const NAMED: u8 = 0x04;
    const OPERATIONS: u8 = 0x01;
    let flags = rest.u8(0)?;
    (flags & (VERSION | OPERATIONS) == 0).then_some(())?;
    if flags & NAMED == 0 {
        return vxlan(walk, rest);
    }
    let (_, behind) = vxlan(walk, rest)?;
    match rest.u8(3)? {
        1 | 2 => Some((NextHeader::Ip, behind)),
        3 => Some((NextHeader::Ethernet, behind)),
        4 => ethertype::service_header(behind),
        5 => mpls::labels(walk, behind),
        _ => None,
    }
}

/// Reads Geneve (RFC 8926, section 3.4): version 0, options of a stated length, EtherType, network.
fn geneve<'a>(walk: &mut Walk<'_>, rest: Rest<'a>) -> Inner<'a> {
    const CONTROL: u8 = 0x80;
    let first = rest.u8(0)?;
    (first >> 6 == 0 && rest.u8(1)? & CONTROL == 0).then_some(())?;
    walk.scope().enter_tunnel(rest.u32(4)? >> 8);
    let options = usize::from(first & 0x3f) * 4;
    Some((NextHeader::EtherType(rest.u16(2)?), rest.skip(8 + options)?))
}

/// Reads the GTP-U header of a G-PDU, with its optional fields and extension headers (3GPP TS
/// 29.281, section 5).
fn gtp_user<'a>(walk: &mut Walk<'_>, rest: Rest<'a>) -> Inner<'a> {
    const MESSAGE_G_PDU: u8 = 255;
    /// Largest number of extension headers; one or two occur in practice.
    const MAX_EXTENSIONS: usize = 8;
    let flags = rest.u8(0)?;
    // Version 1, protocol type GTP.
    (flags >> 4 == 0b0011 && rest.u8(1)? == MESSAGE_G_PDU).then_some(())?;
    walk.scope().enter_tunnel(rest.u32(4)?);
    let has_optional_fields = flags & 0b0000_0111 != 0;
    if !has_optional_fields {
        return Some((NextHeader::Ip, rest.skip(8)?));
    }
    let mut next_extension = if flags & 0b0000_0100 != 0 {
        rest.u8(11)?
    } else {
        0
    };
    let mut rest = rest.skip(12)?;
    for _ in 0..MAX_EXTENSIONS {
        if next_extension == 0 {
            return Some((NextHeader::Ip, rest));
        }
        let length = usize::from(rest.u8(0)?) * 4;
        if length == 0 {
            return None;
        }
        next_extension = rest.u8(length - 1)?;
        rest = rest.skip(length)?;
    }
    None
}

/// Reads L2TP data messages: version 2 (RFC 2661, section 3.1) holds PPP, version 3 (RFC 3931,
/// section 4.1.2.1) a session.
fn l2tp<'a>(walk: &mut Walk<'_>, rest: Rest<'a>) -> Inner<'a> {
    const CONTROL: u16 = 0x8000;
    const LENGTH: u16 = 0x4000;
    const SEQUENCE: u16 = 0x0800;
    const OFFSET: u16 = 0x0200;
    const VERSION: u16 = 0x000f;
    let flags = rest.u16(0)?;
    (flags & CONTROL == 0).then_some(())?;
    match flags & VERSION {
        2 => {
            let ids = if flags & LENGTH != 0 { 4 } else { 2 };
            walk.scope().enter_tunnel(rest.u32(ids)?);
            let mut length = ids + 4;
            if flags & SEQUENCE != 0 {
                length += 4;
            }
            if flags & OFFSET != 0 {
                length += 2 + usize::from(rest.u16(length)?);
            }
            Some((NextHeader::Ppp, rest.skip(length)?))
        }
        3 => tunnel::next(walk, tunnel::L2TP, rest.skip(4)?),
        _ => None,
    }
}

/// Reads the TaZmen Sniffer Protocol: version 1, type (0 received, 1 to be sent), link type, tags
/// up to the end tag.
fn tzsp<'a>(_: &mut Walk<'_>, rest: Rest<'a>) -> Inner<'a> {
    const PADDING: u8 = 0;
    const END: u8 = 1;
    /// Largest number of tags; about ten are defined.
    const MOST_TAGS: usize = 32;
    (rest.u8(0)? == 1 && rest.u8(1)? <= 1).then_some(())?;
    let mut at = 4;
    for _ in 0..MOST_TAGS {
        match rest.u8(at)? {
            PADDING => at += 1,
            END => {
                let behind = rest.skip(at + 1)?;
                return match rest.u16(2)? {
                    1 => Some((NextHeader::Ethernet, behind)),
                    18 => Some((NextHeader::Wireless { padded: false }, behind)),
                    119 => wireless::prism(behind),
                    127 => wireless::avs(behind),
                    _ => None,
                };
            }
            _ => at += 2 + usize::from(rest.u8(at + 1)?),
        }
    }
    None
}

/// Reads CAPWAP data (RFC 5415, section 4.3): preamble, header length, type of frame, first
/// fragment or whole.
fn capwap<'a>(walk: &mut Walk<'_>, rest: Rest<'a>) -> Inner<'a> {
    const DTLS: u8 = 0x01;
    const NATIVE: u8 = 0x01;
    const KEEP_ALIVE: u8 = 0x08;
    let [preamble, length, kind, flags]: [u8; 4] = *rest.data.first_chunk()?;
    if preamble == DTLS {
        return walk.stop(Opaque::CapwapDtls);
    }
    let offset = rest.u16(6)? >> 3;
    let length = usize::from(length >> 3) * 4;
    (preamble == 0 && flags & KEEP_ALIVE == 0 && offset == 0 && length >= 8).then_some(())?;
    let layer = if kind & NATIVE != 0 {
        NextHeader::WirelessEither
    } else {
        NextHeader::Ethernet
    };
    Some((layer, rest.skip(length)?))
}

/// Reads Teredo (RFC 4380, section 5.1.1): optional authentication and origin headers, then a
/// packet that fills the datagram.
fn teredo<'a>(_: &mut Walk<'_>, mut rest: Rest<'a>) -> Inner<'a> {
    if rest.u16(0)? == 1 {
        // Lengths of identifier and value, both, then 8 bytes of nonce and one of confirmation.
        rest = rest.skip(13 + usize::from(rest.u8(2)?) + usize::from(rest.u8(3)?))?;
    }
    if rest.u16(0)? == 0 {
        rest = rest.skip(8)?;
    }
    checked_ip(rest)
}

/// Reads generic UDP encapsulation (draft-ietf-intarea-gue, sections 3 and 4): version 0 names a
/// protocol, 1 is IP itself.
fn generic<'a>(walk: &mut Walk<'_>, rest: Rest<'a>) -> Inner<'a> {
    const CONTROL: u8 = 0x20;
    let first = rest.u8(0)?;
    match first >> 6 {
        0 if first & CONTROL == 0 => {
            let behind = rest.skip(4 + usize::from(first & 0x1f) * 4)?;
            match tunnel::next(walk, rest.u8(1)?, behind)? {
                (NextHeader::Ip, rest) => checked_ip(rest),
                other => Some(other),
            }
        }
        1 => checked_ip(rest),
        _ => None,
    }
}

/// Reads LISP data (RFC 9300, section 5): skips eight bytes that only its ends understand.
fn lisp<'a>(_: &mut Walk<'_>, rest: Rest<'a>) -> Inner<'a> {
    checked_ip(rest.skip(8)?)
}

/// Reads ESP in UDP (RFC 3948). Key exchange uses the same port after four zeros, and single bytes
/// keep the path open.
fn esp_in_udp<'a>(walk: &mut Walk<'_>, rest: Rest<'a>) -> Inner<'a> {
    if rest.u32(0)? == 0 || rest.wire < 16 {
        return None;
    }
    esp::tunnel(rest).or_else(|| walk.stop(Opaque::EspInUdp))
}

/// Recognises WireGuard (section 5.4 of its paper): type 1 to 4, three zeros, and the length of the
/// type.
fn wire_guard<'a>(walk: &mut Walk<'_>, rest: Rest<'a>) -> Inner<'a> {
    let fits = match *rest.data.first_chunk()? {
        [1, 0, 0, 0] => rest.wire == 148,
        [2, 0, 0, 0] => rest.wire == 92,
        [3, 0, 0, 0] => rest.wire == 64,
        [4, 0, 0, 0] => rest.wire >= 32 && rest.wire.is_multiple_of(16),
        _ => false,
    };
    if fits {
        return walk.stop(Opaque::WireGuard);
    }
    None
}

/// Recognises OpenVPN: operation codes 3 to 11 in the upper bits of the first byte.
fn open_vpn<'a>(walk: &mut Walk<'_>, rest: Rest<'a>) -> Inner<'a> {
    if rest.wire >= 14 && matches!(rest.u8(0)? >> 3, 3..=11) {
        return walk.stop(Opaque::OpenVpn);
    }
    None
}
