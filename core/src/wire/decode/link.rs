//! Headers below IP.

use super::{DecodeError, Layer, Rest};
use crate::packet::LinkType;

const ETHERTYPE_IPV4: u16 = 0x0800;
const ETHERTYPE_IPV6: u16 = 0x86dd;
const ETHERTYPE_VLAN: u16 = 0x8100;
const ETHERTYPE_QINQ: u16 = 0x88a8;
/// The tag type that switches used for stacked VLANs before IEEE 802.1ad.
const ETHERTYPE_QINQ_OLD: u16 = 0x9100;
const ETHERTYPE_MPLS: u16 = 0x8847;
const ETHERTYPE_MPLS_UPSTREAM: u16 = 0x8848;
const ETHERTYPE_PPPOE_SESSION: u16 = 0x8864;
/// Transparent Ethernet bridging, as GRE carries it.
const ETHERTYPE_BRIDGED: u16 = 0x6558;

const PPP_IPV4: u16 = 0x0021;
const PPP_IPV6: u16 = 0x0057;
const PPP_MPLS: u16 = 0x0281;

/// Where a frame of this link type begins.
pub(super) fn first_layer(
    link_type: LinkType,
    rest: Rest<'_>,
) -> Result<(Layer, Rest<'_>), DecodeError> {
    let found = match link_type {
        LinkType::ETHERNET => Some((Layer::Ethernet, rest)),
        LinkType::RAW
        | LinkType::DLT_RAW
        | LinkType::DLT_RAW_OPENBSD
        | LinkType::IPV4
        | LinkType::IPV6 => Some((Layer::Ip, rest)),
        LinkType::NULL | LinkType::LOOP => loopback(rest),
        LinkType::PPP | LinkType::PPP_HDLC => Some((Layer::Ppp, rest)),
        LinkType::PPP_ETHER => pppoe(rest),
        LinkType::LINUX_SLL => rest
            .u16(14)
            .zip(rest.skip(16))
            .map(|(t, rest)| (Layer::EtherType(t), rest)),
        LinkType::LINUX_SLL2 => rest
            .u16(0)
            .zip(rest.skip(20))
            .map(|(t, rest)| (Layer::EtherType(t), rest)),
        other => return Err(DecodeError::UnknownLinkType(other)),
    };
    found.ok_or(DecodeError::NotIp)
}

/// Destination, source, then an EtherType or an IEEE 802.3 length with LLC behind it.
pub(super) fn ethernet(rest: Rest<'_>) -> Option<(Layer, Rest<'_>)> {
    /// Values below are lengths (IEEE 802.3, clause 3.2.6).
    const SMALLEST_ETHER_TYPE: u16 = 0x0600;
    let type_or_length = rest.u16(12)?;
    let rest = rest.skip(14)?;
    if type_or_length >= SMALLEST_ETHER_TYPE {
        return Some((Layer::EtherType(type_or_length), rest));
    }
    // LLC with SNAP and an OUI of zero: an EtherType follows (RFC 1042).
    let snap = rest.data.get(..6)? == [0xaa, 0xaa, 0x03, 0, 0, 0];
    if snap {
        Some((Layer::EtherType(rest.u16(6)?), rest.skip(8)?))
    } else {
        None
    }
}

/// What an EtherType says comes next.
pub(super) fn ether_type(ether_type: u16, rest: Rest<'_>) -> Option<(Layer, Rest<'_>)> {
    match ether_type {
        ETHERTYPE_IPV4 | ETHERTYPE_IPV6 => Some((Layer::Ip, rest)),
        ETHERTYPE_VLAN | ETHERTYPE_QINQ | ETHERTYPE_QINQ_OLD => {
            Some((Layer::EtherType(rest.u16(2)?), rest.skip(4)?))
        }
        ETHERTYPE_MPLS | ETHERTYPE_MPLS_UPSTREAM => mpls(rest),
        ETHERTYPE_PPPOE_SESSION => pppoe(rest),
        ETHERTYPE_BRIDGED => Some((Layer::Ethernet, rest)),
        _ => None,
    }
}

/// Labels up to the bottom of the stack; what they carry shows in its first nibble (RFC 4928, section 2).
fn mpls(mut rest: Rest<'_>) -> Option<(Layer, Rest<'_>)> {
    const BOTTOM_OF_STACK: u8 = 0x01;
    loop {
        let bottom = rest.u8(2)? & BOTTOM_OF_STACK != 0;
        rest = rest.skip(4)?;
        if bottom {
            break;
        }
    }
    match rest.u8(0)? >> 4 {
        4 | 6 => Some((Layer::Ip, rest)),
        // Ethernet pseudowire with control word (RFC 4448, section 4.6).
        0 => Some((Layer::Ethernet, rest.skip(4)?)),
        _ => None,
    }
}

/// PPPoE session header (RFC 2516, section 4): version and type 1, code 0.
fn pppoe(rest: Rest<'_>) -> Option<(Layer, Rest<'_>)> {
    (rest.data.get(..2)? == [0x11, 0x00]).then_some(())?;
    Some((Layer::Ppp, rest.skip(6)?))
}

/// Address and control bytes if they are there, then a protocol number of one or two bytes (RFC 1661, section 6.5).
pub(super) fn ppp(mut rest: Rest<'_>) -> Option<(Layer, Rest<'_>)> {
    if rest.u16(0)? == 0xff03 {
        rest = rest.skip(2)?;
    }
    let compressed = rest.u8(0)? & 1 != 0;
    let (protocol, rest) = if compressed {
        (u16::from(rest.u8(0)?), rest.skip(1)?)
    } else {
        (rest.u16(0)?, rest.skip(2)?)
    };
    match protocol {
        PPP_IPV4 | PPP_IPV6 => Some((Layer::Ip, rest)),
        PPP_MPLS => mpls(rest),
        _ => None,
    }
}

/// Address family in either byte order: IPv4 is 2 everywhere, IPv6 is 10, 24, 28 or 30 by operating system.
fn loopback(rest: Rest<'_>) -> Option<(Layer, Rest<'_>)> {
    let family: [u8; 4] = *rest.data.first_chunk()?;
    let value = match family {
        [0, 0, 0, value] | [value, 0, 0, 0] => value,
        _ => return None,
    };
    matches!(value, 2 | 10 | 24 | 28 | 30).then_some((Layer::Ip, rest.skip(4)?))
}
