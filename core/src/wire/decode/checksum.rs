//! The Internet checksum (RFC 1071).

use std::net::IpAddr;

/// Returns the sum of these bytes as 16-bit words, not folded.
fn sum(bytes: &[u8]) -> u64 {
    let (words, odd) = bytes.as_chunks::<2>();
    let words: u64 = words
        .iter()
        .map(|word| u64::from(u16::from_be_bytes(*word)))
        .sum();
    words + odd.first().map_or(0, |byte| u64::from(*byte) << 8)
}

const fn is_right(mut sum: u64) -> bool {
    while sum >> 16 != 0 {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum == 0xffff
}

/// Returns true if the checksum in a header is right.
pub(super) fn of_header_is_right(header: &[u8]) -> bool {
    is_right(sum(header))
}

/// Returns true if the checksum of a TCP segment or UDP datagram between these addresses is right.
pub(super) fn of_transport_is_right(ends: [IpAddr; 2], protocol: u8, segment: &[u8]) -> bool {
    let addresses: u64 = ends
        .iter()
        .map(|address| match address {
            IpAddr::V4(address) => sum(&address.octets()),
            IpAddr::V6(address) => sum(&address.octets()),
        })
        .sum();
    is_right(addresses + u64::from(protocol) + segment.len() as u64 + sum(segment))
}
