//! IPsec ESP without encryption (RFC 2410). Nothing in ESP states that it is unencrypted; only its
//! content shows it.

use std::net::IpAddr;

use super::checksum;
use super::internet;
use super::layer::{Inner, NextHeader, Rest};

/// Security parameters index and sequence number (RFC 4303, section 2).
const HEADER: usize = 8;
/// Length of padding, next header.
const TRAILER: usize = 2;
/// Lengths of integrity check values: HMAC with MD5 and SHA-1, SHA-2 (RFC 4868), AES-GMAC, and
/// none.
const CHECK_VALUES: [usize; 5] = [12, 16, 24, 32, 0];
/// Padding aligns to four bytes, but some senders round up to a cipher's block.
const MOST_PADDING: usize = 15;

const IP_IN_IP: [u8; 2] = [4, 41];
const TCP: u8 = 6;
const UDP: u8 = 17;

/// Returns the packet in tunnel mode.
pub(super) fn tunnel(rest: Rest<'_>) -> Inner<'_> {
    let behind = rest.skip(HEADER)?;
    let length = internet::stated_length(behind)?;
    if !internet::is_sound(behind) {
        return None;
    }
    let is_version_4 = behind.u8(0)? >> 4 == 4;
    // The trailer of a cut packet cannot be checked, and IPv6 has no checksum to make up for it.
    let has_trailer = if behind.is_whole() {
        trailers(behind).any(|(end, next)| end == length && IP_IN_IP.contains(&next))
    } else {
        is_version_4 && length + TRAILER <= behind.wire
    };
    has_trailer.then_some((NextHeader::Ip, behind))
}

/// Returns the segment or datagram in transport mode, and its protocol, if the checksum confirms
/// it.
pub(super) fn transport(ends: [IpAddr; 2], rest: Rest<'_>) -> Option<(u8, Rest<'_>)> {
    let behind = rest.skip(HEADER)?;
    if !behind.is_whole() {
        return None;
    }
    trailers(behind).find_map(|(end, next)| {
        let segment = behind.first(end);
        let is_one =
            matches!(next, TCP | UDP) && checksum::of_transport_is_right(ends, next, segment.data);
        is_one.then_some((next, segment))
    })
}

/// Returns possible ends of the payload, each with its next header. They are followed by padding
/// that counts up from 1 (RFC 4303, section 2.4), its length, the next header, and the integrity
/// check value.
fn trailers(behind: Rest<'_>) -> impl Iterator<Item = (usize, u8)> + '_ {
    let data = &behind.data[..behind.wire.min(behind.data.len())];
    CHECK_VALUES.into_iter().filter_map(move |check_value| {
        let end = data.len().checked_sub(check_value + TRAILER)?;
        let [padding, next] = *data[end..].first_chunk()?;
        let padding = usize::from(padding);
        let begin = end.checked_sub(padding)?;
        let counts_up = data[begin..end].iter().zip(1..).all(|(byte, n)| *byte == n);
        (padding <= MOST_PADDING && counts_up).then_some((begin, next))
    })
}
