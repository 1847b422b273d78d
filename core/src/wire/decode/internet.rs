//! IP headers of either version.

use std::net::IpAddr;

use etherparse::{LaxIpv4Slice, LaxIpv6Slice};

use super::checksum;
use super::datagram::{Datagram, IpPayload};
use super::layer::Rest;
use super::layers::Fragment;

/// IPv6 extension headers (RFC 8200, section 4; RFC 4302, section 2).
const IPV6_HOP_BY_HOP: u8 = 0;
const IPV6_ROUTING: u8 = 43;
const IPV6_FRAGMENT: u8 = 44;
const IPV6_AUTHENTICATION: u8 = 51;
const IPV6_DESTINATION: u8 = 60;
/// Fixed header of version 4 (RFC 791, section 3.1), and of version 6 (RFC 8200, section 3).
const IPV4_HEADER: usize = 20;
const IPV6_HEADER: usize = 40;

/// Facts from an IP header, before its payload is read.
#[derive(Clone, Copy)]
pub(super) struct Internet<'a> {
    pub(super) source: IpAddr,
    pub(super) destination: IpAddr,
    pub(super) protocol: u8,
    pub(super) length: u32,
    pub(super) fragment: Option<Fragment>,
    pub(super) payload: Rest<'a>,
}

impl<'a> Internet<'a> {
    pub(super) const fn datagram(&self, header_at: u32, transport: IpPayload<'a>) -> Datagram<'a> {
        Datagram {
            source: self.source,
            destination: self.destination,
            protocol: self.protocol,
            length: self.length,
            transport,
            header_at,
        }
    }

    /// Returns true for a fragment that is not the first.
    pub(super) fn is_later_fragment(&self) -> bool {
        self.fragment.is_some_and(|fragment| fragment.offset > 0)
    }
}

/// Reads an IP header; `None` if its fixed part is damaged or cut.
pub(super) fn header(rest: Rest<'_>) -> Option<Internet<'_>> {
    match rest.u8(0)? >> 4 {
        4 => ipv4(rest),
        6 => ipv6(rest),
        _ => None,
    }
}

/// Returns the length that an IP header states, for either version.
pub(super) fn stated_length(rest: Rest<'_>) -> Option<usize> {
    match rest.u8(0)? >> 4 {
        4 => Some(usize::from(rest.u16(2)?)),
        6 => Some(IPV6_HEADER + usize::from(rest.u16(4)?)),
        _ => None,
    }
}

/// Returns true if this may be an IP packet: its header is long enough, and the packet no longer
/// than the available bytes. For bytes that may be something else.
pub(super) fn fits(rest: Rest<'_>) -> bool {
    let (Some(first), Some(length)) = (rest.u8(0), stated_length(rest)) else {
        return false;
    };
    let header = match first >> 4 {
        4 => usize::from(first & 0x0f) * 4,
        _ => IPV6_HEADER,
    };
    header >= IPV4_HEADER && header <= length && length <= rest.wire
}

/// The same, and for IPv4 with a correct checksum.
pub(super) fn is_sound(rest: Rest<'_>) -> bool {
    let Some(first) = rest.u8(0) else {
        return false;
    };
    let header = usize::from(first & 0x0f) * 4;
    fits(rest)
        && (first >> 4 == 6
            || rest
                .data
                .get(..header)
                .is_some_and(checksum::of_header_is_right))
}

/// Returns the fragment that the IPv4 identification and flags state, if any.
const fn ipv4_fragment(identification: u16, field: u16) -> Option<Fragment> {
    const MORE: u16 = 0x2000;
    const OFFSET: u16 = 0x1fff;
    if field & (MORE | OFFSET) == 0 {
        return None;
    }
    Some(Fragment {
        identification: identification as u32,
        offset: (field & OFFSET) as u32 * 8,
        more: field & MORE != 0,
    })
}

fn ipv4(rest: Rest<'_>) -> Option<Internet<'_>> {
    let Ok((slice, _)) = LaxIpv4Slice::from_slice(rest.data) else {
        return ipv4_cut(rest);
    };
    let header = slice.header();
    let stated = usize::from(header.total_len());
    // 0: the sender left segmentation to the network card, which wrote the length after the
    // capture.
    let length = if stated == 0 { rest.wire } else { stated };
    let authentication = slice.extensions().auth.map_or(0, |auth| auth.slice().len());
    let payload = slice.payload();
    Some(Internet {
        source: header.source_addr().into(),
        destination: header.destination_addr().into(),
        protocol: payload.ip_number.0,
        length: u32::try_from(length).unwrap_or(u32::MAX),
        fragment: ipv4_fragment(rest.u16(4)?, rest.u16(6)?),
        payload: Rest {
            data: payload.payload,
            wire: length.saturating_sub(header.slice().len() + authentication),
        },
    })
}

/// Reads an IPv4 header whose options were cut by the snapshot length: addresses and length are
/// still there.
fn ipv4_cut(rest: Rest<'_>) -> Option<Internet<'_>> {
    let fixed: &[u8; IPV4_HEADER] = rest.data.first_chunk()?;
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
        fragment: ipv4_fragment(rest.u16(4)?, rest.u16(6)?),
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
    // A payload length of 0 with data after it is offload or a jumbogram (RFC 2675). Without a
    // protocol of its own ("no next header", 59), the data is link-layer padding.
    let offload = stated == 0 && payload.ip_number.0 != 59;
    let length = if offload {
        rest.wire.max(IPV6_HEADER)
    } else {
        IPV6_HEADER + stated
    };
    let fragment = if slice.is_payload_fragmented() {
        ipv6_fragment(extensions)
    } else {
        None
    };
    Some(Internet {
        source: header.source_addr().into(),
        destination: header.destination_addr().into(),
        protocol: payload.ip_number.0,
        length: u32::try_from(length).unwrap_or(u32::MAX),
        fragment,
        payload: Rest {
            data: payload.payload,
            wire: length.saturating_sub(IPV6_HEADER + extensions.slice().len()),
        },
    })
}

/// Reads the fragment header among the extension headers (RFC 8200, sections 4.1 and 4.5). Done
/// here because `etherparse`'s iterator assumes that no header was left out, and reads beyond the
/// slice if the header after the last one was damaged or cut.
fn ipv6_fragment(extensions: &etherparse::Ipv6ExtensionsSlice<'_>) -> Option<Fragment> {
    let (mut kind, mut rest) = (extensions.first_header()?.0, extensions.slice());
    while let &[next, length, high, low, ..] = rest {
        let length = match kind {
            IPV6_FRAGMENT => {
                let field = u16::from_be_bytes([high, low]);
                let identification = rest.get(4..)?.first_chunk()?;
                return Some(Fragment {
                    identification: u32::from_be_bytes(*identification),
                    offset: u32::from(field & !7),
                    more: field & 1 != 0,
                });
            }
            IPV6_AUTHENTICATION => (usize::from(length) + 2) * 4,
            IPV6_HOP_BY_HOP | IPV6_ROUTING | IPV6_DESTINATION => (usize::from(length) + 1) * 8,
            _ => return None,
        };
        kind = next;
        rest = rest.get(length..).unwrap_or_default();
    }
    None
}
