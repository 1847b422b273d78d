//! Addresses that identify no remote host (RFC 6890).

use std::net::IpAddr;

/// Returns true for addresses that no remote host has: link-local, loopback, multicast and
/// unspecified ones, including IPv4 addresses of these kinds within IPv6.
pub(crate) fn is_special_purpose(address: IpAddr) -> bool {
    let is_link_local = match address {
        IpAddr::V4(address) => address.is_link_local(),
        IpAddr::V6(address) => address.is_unicast_link_local(),
    };
    let address = address.to_canonical();
    is_link_local || address.is_unspecified() || address.is_loopback() || address.is_multicast()
}
