//! Address ranges, and those that Netflix announces.

use core::fmt;
use std::net::IpAddr;

use ipnet::IpNet;

/// Ranges announced by Netflix's autonomous systems AS2906, AS40027, AS55095 and AS394406 (routing
/// tables of 2024). Appliances inside other networks use those networks' addresses; only names or
/// behaviour identify them.
const NETFLIX: [&str; 19] = [
    "23.246.0.0/18",
    "37.77.184.0/21",
    "45.57.0.0/17",
    "64.120.128.0/17",
    "66.197.128.0/17",
    "69.53.224.0/19",
    "108.175.32.0/20",
    "185.2.220.0/22",
    "185.9.188.0/22",
    "192.173.64.0/18",
    "198.38.96.0/19",
    "198.45.48.0/20",
    "207.45.72.0/22",
    "208.75.76.0/22",
    "2607:fb10::/32",
    "2620:0:ef0::/48",
    "2620:10c:7000::/44",
    "2a00:86c0::/32",
    "2a03:5640::/32",
];

/// An address range in CIDR notation (RFC 4632, RFC 4291).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Prefix(IpNet);

impl Prefix {
    /// Parses `address/length`, or a single address as a range of one. Ignores bits beyond the
    /// length.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let one = || text.parse().ok().map(|address: IpAddr| address.into());
        text.parse().ok().or_else(one).map(Self)
    }

    /// Returns true if the range contains an address.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        // Compares masked bits instead of the first and last address, because every new flow is
        // checked against every range.
        match (self.0, address) {
            (IpNet::V4(range), IpAddr::V4(address)) => {
                (range.addr().to_bits() ^ address.to_bits()) & range.netmask().to_bits() == 0
            }
            (IpNet::V6(range), IpAddr::V6(address)) => {
                (range.addr().to_bits() ^ address.to_bits()) & range.netmask().to_bits() == 0
            }
            _ => false,
        }
    }

    /// Returns true if addresses in this range can embed an IPv4 address (RFC 6052, section 2.2).
    pub(super) fn can_embed(&self) -> bool {
        matches!(self.0, IpNet::V6(_)) && matches!(self.0.prefix_len(), 32 | 40 | 48 | 56 | 64 | 96)
    }

    /// Returns the IPv4 address that an address of this range embeds after the prefix (RFC 6052,
    /// section 2.2).
    pub(super) fn embedded(&self, address: IpAddr) -> Option<IpAddr> {
        let IpAddr::V6(holder) = address else {
            return None;
        };
        if !self.can_embed() || !self.contains(address) {
            return None;
        }
        // Bits 64 to 71 are reserved and never part of the IPv4 address.
        let mut octets = holder.octets().to_vec();
        let mut start = usize::from(self.0.prefix_len() / 8);
        octets.remove(8);
        start -= usize::from(start > 8);
        let embedded: [u8; 4] = *octets.get(start..)?.first_chunk()?;
        Some(embedded.into())
    }

    /// Returns the ranges that Netflix announces.
    #[must_use]
    pub fn netflix() -> Vec<Self> {
        NETFLIX
            .iter()
            .filter_map(|text| Self::parse(text))
            .collect()
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_netflix_range_parses_and_holds_its_ends() {
        assert_eq!(Prefix::netflix().len(), NETFLIX.len());
        let range = Prefix::parse("23.246.0.0/18").unwrap();
        assert!(
            range.contains("23.246.0.0".parse().unwrap())
                && range.contains("23.246.63.255".parse().unwrap())
        );
        assert!(
            !range.contains("23.246.64.0".parse().unwrap())
                && !range.contains("23.245.255.255".parse().unwrap())
        );
        let range = Prefix::parse("2620:10c:7000::/44").unwrap();
        assert!(range.contains("2620:10c:700f:ffff::1".parse().unwrap()));
        assert!(
            !range.contains("2620:10c:7010::".parse().unwrap())
                && !range.contains("23.246.0.1".parse().unwrap())
        );
    }

    #[test]
    fn lengths_at_and_beyond_the_ends() {
        assert!(
            Prefix::parse("0.0.0.0/0")
                .unwrap()
                .contains("203.0.113.9".parse().unwrap())
        );
        assert!(
            Prefix::parse("::/0")
                .unwrap()
                .contains("2001:db8::1".parse().unwrap())
        );
        let one = Prefix::parse("203.0.113.9").unwrap();
        assert!(
            one.contains("203.0.113.9".parse().unwrap())
                && !one.contains("203.0.113.8".parse().unwrap())
        );
        for bad in [
            "",
            "/8",
            "203.0.113.9/33",
            "2001:db8::/129",
            "203.0.113/24",
            "203.0.113.0/-1",
            "x/8",
        ] {
            assert_eq!(Prefix::parse(bad), None, "{bad}");
        }
    }
}
