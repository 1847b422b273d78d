//! Link types that put the capturing system's metadata before a packet.

use super::layer::{Inner, NextHeader, Rest};
use crate::packet::LinkType;

/// Returns the header of the link type in a header's field. Numbers below 104, and those that this
/// crate knows, are the same in the registry and on the systems that write these headers.
fn inner(number: u32, rest: Rest<'_>) -> Inner<'_> {
    Some((
        NextHeader::Link(LinkType(u16::try_from(number).ok()?)),
        rest,
    ))
}

/// Reads per-packet information: version 0, length, link type of the rest (PPI 1.0.7, section 3.1;
/// little-endian).
pub(super) fn ppi(rest: Rest<'_>) -> Inner<'_> {
    let length = usize::from(rest.u16_le(2)?);
    (rest.u8(0)? == 0 && length >= 8).then_some(())?;
    inner(rest.u32_le(4)?, rest.skip(length)?)
}

/// Reads Darwin's packet tap: length of the header, type of record (1: a packet), link type of the
/// rest (`pktap.h` of xnu), in the byte order of the capturing machine.
pub(super) fn pktap(rest: Rest<'_>) -> Inner<'_> {
    /// From the end of the link type field to the longest plausible header.
    const LENGTHS: core::ops::RangeInclusive<u32> = 12..=1024;
    const PACKET: u32 = 1;
    for read in [Rest::u32_le, Rest::u32] {
        let length = read(rest, 0)?;
        if LENGTHS.contains(&length) && read(rest, 4)? == PACKET {
            return inner(read(rest, 8)?, rest.skip(length as usize)?);
        }
    }
    None
}

/// Reads Linux NFLOG: address family, version 0, resource, then attributes of a length and a type;
/// type 9 is the packet (`nfnetlink_log.h`). In the byte order of the capturing machine, padded to
/// words.
pub(super) fn nflog(rest: Rest<'_>) -> Inner<'_> {
    const ATTRIBUTES: usize = 4;
    const PAYLOAD: u16 = 9;
    /// Mask that removes netlink flags from an attribute's type.
    const TYPE: u16 = 0x3fff;
    /// The kernel writes about fifteen.
    const MOST: usize = 64;
    (rest.u8(1)? == 0).then_some(())?;
    'order: for read in [Rest::u16_le, Rest::u16] {
        let mut rest = rest.skip(ATTRIBUTES)?;
        for _ in 0..MOST {
            let (Some(length), Some(kind)) = (read(rest, 0), read(rest, 2)) else {
                continue 'order;
            };
            let length = usize::from(length);
            if length < 4 || length > rest.wire {
                continue 'order;
            }
            if kind & TYPE == PAYLOAD {
                return Some((NextHeader::Ip, rest.first(length).skip(4)?));
            }
            let Some(next) = rest.skip(length.next_multiple_of(4)) else {
                continue 'order;
            };
            rest = next;
        }
    }
    None
}

/// Reads Solaris IP observability: version 1, address family, then 22 bytes of lengths and zones
/// (`ipnet.h` of illumos).
pub(super) fn ipnet(rest: Rest<'_>) -> Inner<'_> {
    matches!(*rest.data.first_chunk()?, [1, 2 | 26]).then_some((NextHeader::Ip, rest.skip(24)?))
}

/// Reads OpenBSD's enc interface: address family, security parameters, flags; then the packet as it
/// is inside IPsec.
pub(super) fn enc(rest: Rest<'_>) -> Inner<'_> {
    Some((NextHeader::Ip, rest.skip(12)?))
}

/// Reads the log of OpenBSD's and FreeBSD's packet filter, which begins with the header's length
/// without padding.
pub(super) fn pflog(rest: Rest<'_>) -> Inner<'_> {
    /// The shortest that any version wrote.
    const SHORTEST: usize = 28;
    let length = usize::from(rest.u8(0)?);
    (length >= SHORTEST).then_some((NextHeader::Ip, rest.skip(length.next_multiple_of(4))?))
}

/// Reads Juniper's Ethernet: "MGC", flags, and extensions of a stated length if a flag announces
/// them.
pub(super) fn juniper_ethernet(rest: Rest<'_>) -> Inner<'_> {
    const HAS_EXTENSIONS: u8 = 0x80;
    const NO_LINK_LAYER: u8 = 0x02;
    (rest.data.get(..3)? == b"MGC").then_some(())?;
    let flags = rest.u8(3)?;
    let extensions = if flags & HAS_EXTENSIONS != 0 {
        2 + usize::from(rest.u16(4)?)
    } else {
        0
    };
    let rest = rest.skip(4 + extensions)?;
    let layer = if flags & NO_LINK_LAYER != 0 {
        NextHeader::Ip
    } else {
        NextHeader::Ethernet
    };
    Some((layer, rest))
}
