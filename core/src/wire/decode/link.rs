//! Link types of captures, and Ethernet.

use super::layer::{Inner, NextHeader, Rest};
use super::{metadata, ppp, wireless};
use crate::packet::LinkType;

/// Values below are lengths (IEEE 802.3, clause 3.2.6).
const SMALLEST_ETHER_TYPE: u16 = 0x0600;
/// Two addresses.
const ADDRESSES: usize = 12;

/// Returns the header at the start of a frame of this link type; `Err` if the type is unknown.
///
/// Numbers and layouts: <https://www.tcpdump.org/linktypes.html>.
pub(super) fn first<'a>(link_type: LinkType, rest: Rest<'a>) -> Result<Inner<'a>, LinkType> {
    Ok(match link_type {
        LinkType::ETHERNET | LinkType::DSA_TAG_EDSA => Some((NextHeader::Ethernet, rest)),
        LinkType::RAW
        | LinkType::DLT_RAW
        | LinkType::DLT_RAW_OPENBSD
        | LinkType::IPV4
        | LinkType::IPV6 => Some((NextHeader::Ip, rest)),
        LinkType::NULL | LinkType::LOOP => loopback(rest),
        LinkType::LINUX_SLL => cooked(rest, 14, 16),
        LinkType::LINUX_SLL2 => cooked(rest, 0, 20),
        LinkType::PPP => Some((NextHeader::Ppp, rest)),
        LinkType::PPP_HDLC => ppp::or_cisco_hdlc(rest),
        LinkType::PPP_ETHER => ppp::over_ethernet(rest),
        LinkType::PPP_PPPD => rest.skip(2).map(|rest| (NextHeader::Ppp, rest)),
        LinkType::PPP_WITH_DIR => rest.skip(1).map(|rest| (NextHeader::Ppp, rest)),
        LinkType::C_HDLC => ppp::cisco_hdlc(rest),
        LinkType::C_HDLC_WITH_DIR => rest.skip(1).and_then(ppp::cisco_hdlc),
        LinkType::FRELAY => ppp::frame_relay(rest),
        LinkType::FRELAY_WITH_DIR => rest.skip(1).and_then(ppp::frame_relay),
        LinkType::ATM_RFC1483 | LinkType::DLT_ATM_RFC1483 => Some((NextHeader::Llc, rest)),
        // A byte of flags, virtual path and channel; then LLC, as in nearly all traffic.
        LinkType::SUNATM => rest.skip(4).map(|rest| (NextHeader::Llc, rest)),
        // Frame control, then addresses (ISO 9314-2).
        LinkType::FDDI => rest.skip(1 + ADDRESSES).map(|rest| (NextHeader::Llc, rest)),
        LinkType::IEEE802_5 => token_ring(rest),
        // The switch's tag is between the source address and the EtherType, or before everything.
        LinkType::DSA_TAG_BRCM | LinkType::DSA_TAG_DSA => tagged(rest, 4),
        LinkType::DSA_TAG_BRCM_PREPEND => rest.skip(4).map(|rest| (NextHeader::Ethernet, rest)),
        LinkType::IEEE802_11 => Some((NextHeader::Wireless { padded: false }, rest)),
        LinkType::IEEE802_11_PRISM => wireless::prism(rest),
        LinkType::IEEE802_11_RADIOTAP => wireless::radiotap(rest),
        LinkType::IEEE802_11_AVS => wireless::avs(rest),
        LinkType::PPI => metadata::ppi(rest),
        LinkType::PKTAP | LinkType::PKTAP_USER => metadata::pktap(rest),
        LinkType::NFLOG => metadata::nflog(rest),
        LinkType::IPNET => metadata::ipnet(rest),
        LinkType::ENC => metadata::enc(rest),
        LinkType::PFLOG => metadata::pflog(rest),
        LinkType::JUNIPER_ETHER => metadata::juniper_ethernet(rest),
        other => return Err(other),
    })
}

/// Reads destination, source, then an EtherType or an IEEE 802.3 length followed by LLC.
pub(super) fn ethernet(rest: Rest<'_>) -> Inner<'_> {
    type_or_length(rest.u16(ADDRESSES)?, rest.skip(ADDRESSES + 2)?)
}

/// Reads addresses, a tag of `length` bytes, then an EtherType or length.
fn tagged(rest: Rest<'_>, length: usize) -> Inner<'_> {
    let at = ADDRESSES + length;
    type_or_length(rest.u16(at)?, rest.skip(at + 2)?)
}

/// Returns the header that an EtherType or length leads to.
pub(super) fn type_or_length(type_or_length: u16, rest: Rest<'_>) -> Inner<'_> {
    if type_or_length >= SMALLEST_ETHER_TYPE {
        Some((NextHeader::EtherType(type_or_length), rest))
    } else {
        Some((NextHeader::Llc, rest))
    }
}

/// Reads IEEE 802.2 with SNAP (RFC 1042, RFC 2684) or an OSI network layer's identifier (RFC 2684,
/// section 5.1).
pub(super) fn llc(rest: Rest<'_>) -> Inner<'_> {
    match *rest.data.first_chunk()? {
        // 00-00-00 names an EtherType, and so does 00-00-f8 (IEEE 802.1H).
        [0xaa, 0xaa, 0x03, 0x00, 0x00, 0x00 | 0xf8] => {
            Some((NextHeader::EtherType(rest.u16(6)?), rest.skip(8)?))
        }
        // 00-80-c2: Ethernet in ATM, with or without its check sequence, after two bytes of
        // padding.
        [0xaa, 0xaa, 0x03, 0x00, 0x80, 0xc2] => matches!(rest.u16(6)?, 0x0001 | 0x0007)
            .then_some((NextHeader::Ethernet, rest.skip(10)?)),
        [0xfe, 0xfe, 0x03, nlpid, ..] => ppp::nlpid(nlpid, rest.skip(4)?),
        _ => None,
    }
}

/// Reads a Linux "cooked" capture: an EtherType among the kernel's metadata.
fn cooked(rest: Rest<'_>, ether_type: usize, length: usize) -> Inner<'_> {
    Some((
        NextHeader::EtherType(rest.u16(ether_type)?),
        rest.skip(length)?,
    ))
}

/// Reads access and frame control, addresses, and source routing if a bit in the source address
/// announces it (IEEE 802.5).
fn token_ring(rest: Rest<'_>) -> Inner<'_> {
    const HEADER: usize = 2 + ADDRESSES;
    let routing = if rest.u8(8)? & 0x80 != 0 {
        usize::from(rest.u8(HEADER)? & 0x1f)
    } else {
        0
    };
    Some((NextHeader::Llc, rest.skip(HEADER + routing)?))
}

/// Reads an address family in either byte order: IPv4 is 2 everywhere, IPv6 is 10, 24, 28 or 30 by
/// operating system.
fn loopback(rest: Rest<'_>) -> Inner<'_> {
    let family: [u8; 4] = *rest.data.first_chunk()?;
    let value = match family {
        [0, 0, 0, value] | [value, 0, 0, 0] => value,
        _ => return None,
    };
    matches!(value, 2 | 10 | 24 | 28 | 30).then_some((NextHeader::Ip, rest.skip(4)?))
}
