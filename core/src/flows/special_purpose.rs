//! Addresses that name nobody elsewhere (RFC 6890).

use std::net::IpAddr;

/// Returns true for addresses that no host elsewhere has: those of a link, loopback, multicast and unspecified ones, also
/// those of version 4 within version 6.
pub(crate) fn is_special_purpose(address: IpAddr) -> bool {
    let is_link_local = match address {
        IpAddr::V4(address) => address.is_link_local(),
        IpAddr::V6(address) => address.is_unicast_link_local(),
    };
    let address = address.to_canonical();
    is_link_local || address.is_unspecified() || address.is_loopback() || address.is_multicast()
}
