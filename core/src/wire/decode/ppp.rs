//! PPP, and other framings of serial lines.

use super::internet;
use super::layer::{Inner, NextHeader, Rest, Walk};
use super::mpls;
use super::opaque::Opaque;

const IPV4: u16 = 0x0021;
const IPV6: u16 = 0x0057;
const MPLS: u16 = 0x0281;
/// Compressed datagrams (RFC 1962), and encrypted ones (RFC 1968).
const COMPRESSED: u16 = 0x00fd;
const ENCRYPTED: u16 = 0x0053;
/// Fragments over several links (RFC 1990).
const MULTILINK: u16 = 0x003d;

/// Reads a PPPoE session header (RFC 2516, section 4): version and type 1, code 0.
pub(super) fn over_ethernet(rest: Rest<'_>) -> Inner<'_> {
    (rest.data.get(..2)? == [0x11, 0x00]).then_some(())?;
    Some((NextHeader::Ppp, rest.skip(6)?))
}

/// Reads optional address and control bytes, then a protocol number of one or two bytes (RFC 1661,
/// section 6.5).
pub(super) fn next<'a>(walk: &mut Walk<'_>, mut rest: Rest<'a>) -> Inner<'a> {
    if rest.u16(0)? == 0xff03 {
        rest = rest.skip(2)?;
    }
    let (protocol, rest) = numbered(rest)?;
    match protocol {
        IPV4 | IPV6 => Some((NextHeader::Ip, rest)),
        MPLS => mpls::labels(walk, rest),
        COMPRESSED | ENCRYPTED => walk.stop(Opaque::PppTransformed),
        MULTILINK => multilink(walk, rest),
        _ => None,
    }
}

/// Reads a protocol number of one or two bytes.
fn numbered(rest: Rest<'_>) -> Option<(u16, Rest<'_>)> {
    let is_short = rest.u8(0)? & 1 != 0;
    if is_short {
        Some((u16::from(rest.u8(0)?), rest.skip(1)?))
    } else {
        Some((rest.u16(0)?, rest.skip(2)?))
    }
}

/// Reads a fragment that is a whole packet. Both ends agreed whether its number has 24 bits or 12
/// (RFC 1990, section 3), so the packet behind it shows which.
fn multilink<'a>(walk: &mut Walk<'_>, rest: Rest<'a>) -> Inner<'a> {
    const BEGINS_AND_ENDS: u8 = 0xc0;
    const HEADERS: [usize; 2] = [4, 2];
    let whole = |header: &usize| {
        let (protocol, packet) = numbered(rest.skip(*header)?)?;
        let is_ip = matches!(protocol, IPV4 | IPV6) && internet::is_sound(packet);
        is_ip.then_some((NextHeader::Ip, packet))
    };
    if rest.u8(0)? & BEGINS_AND_ENDS == BEGINS_AND_ENDS
        && let Some(inner) = HEADERS.iter().find_map(whole)
    {
        return Some(inner);
    }
    walk.stop(Opaque::Multilink)
}

/// Reads PPP in HDLC-like framing or Cisco's HDLC, as the link type allows both.
pub(super) fn or_cisco_hdlc(rest: Rest<'_>) -> Inner<'_> {
    match rest.u8(0)? {
        0x0f | 0x8f => cisco_hdlc(rest),
        _ => Some((NextHeader::Ppp, rest)),
    }
}

/// Reads address (unicast or broadcast), control, EtherType (RFC 1547, section 4.3.1).
pub(super) fn cisco_hdlc(rest: Rest<'_>) -> Inner<'_> {
    matches!(rest.u8(0)?, 0x0f | 0x8f)
        .then_some((NextHeader::EtherType(rest.u16(2)?), rest.skip(4)?))
}

/// Reads an address of two to four bytes, then RFC 2427 or Cisco's EtherType.
pub(super) fn frame_relay(rest: Rest<'_>) -> Inner<'_> {
    /// Bit that marks the last byte of an address (ITU-T Q.922, section 3.2).
    const LAST: u8 = 0x01;
    const UNNUMBERED: u8 = 0x03;
    let address = (1..4).find(|at| rest.u8(*at).is_some_and(|byte| byte & LAST != 0))? + 1;
    let rest = rest.skip(address)?;
    if rest.u8(0)? != UNNUMBERED {
        return Some((NextHeader::EtherType(rest.u16(0)?), rest.skip(2)?));
    }
    let rest = rest.skip(1)?;
    let rest = if rest.u8(0)? == 0 {
        rest.skip(1)?
    } else {
        rest
    };
    nlpid(rest.u8(0)?, rest.skip(1)?)
}

/// Returns the header for the network layer's identifier (RFC 2427, section 3; RFC 1973 for PPP).
pub(super) fn nlpid(identifier: u8, rest: Rest<'_>) -> Inner<'_> {
    match identifier {
        0xcc | 0x8e => Some((NextHeader::Ip, rest)),
        0xcf => Some((NextHeader::Ppp, rest)),
        // SNAP: an EtherType, or bridged Ethernet with or without its check sequence.
        0x80 => match *rest.data.first_chunk()? {
            [0x00, 0x00, 0x00] => Some((NextHeader::EtherType(rest.u16(3)?), rest.skip(5)?)),
            [0x00, 0x80, 0xc2] if matches!(rest.u16(3)?, 0x0001 | 0x0007) => {
                Some((NextHeader::Ethernet, rest.skip(5)?))
            }
            _ => None,
        },
        _ => None,
    }
}
