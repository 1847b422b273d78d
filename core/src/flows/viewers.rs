//! Addresses by device, as the link layer shows them: a device may have several IPv4 and IPv6
//! addresses.

use std::net::IpAddr;

use crate::bounded::clock_table::Table;
use crate::config::Config;
use crate::flows::special_purpose::is_special_purpose;
use crate::wire::link_ends::LinkAddress;

/// Addresses remembered per viewer: one IPv4 address, and several IPv6 addresses, because a device
/// takes a new one every day (RFC 8981).
const EACH: u64 = 8;

fn most(config: &Config) -> u64 {
    config.max_viewers().saturating_mul(EACH)
}

/// Devices as frames and packets show them.
#[derive(Debug)]
pub(crate) struct Viewers {
    /// The first address of each device.
    first: Table<LinkAddress, IpAddr>,
    /// The first address of the device that has this one.
    of: Table<IpAddr, IpAddr>,
}

impl Viewers {
    pub(crate) fn new(config: &Config) -> Self {
        let capacity = usize::try_from(most(config)).unwrap_or(usize::MAX);
        Self {
            first: Table::new(capacity, config.hash_seed),
            of: Table::new(capacity, config.hash_seed),
        }
    }

    /// Returns the most memory that they hold, in bytes.
    pub(crate) fn bound(config: &Config) -> u64 {
        Table::<LinkAddress, IpAddr>::bound(most(config))
            .saturating_add(Table::<IpAddr, IpAddr>::bound(most(config)))
    }

    /// Records an address of a device, unless others cannot know the device by it.
    pub(crate) fn note(&mut self, device: LinkAddress, address: IpAddr) {
        if is_special_purpose(address) {
            return;
        }
        let first = match self.first.find(&device) {
            Some(slot) => self.first[slot],
            None => {
                self.first.put(device, address);
                address
            }
        };
        self.of.put(address, first);
    }

    /// Returns the first address of the device that has this one.
    pub(crate) fn of(&mut self, address: IpAddr) -> IpAddr {
        self.of.find(&address).map_or(address, |slot| self.of[slot])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn addresses_of_one_device_are_one_viewer() {
        let mut viewers = Viewers::new(&Config::default());
        let (old, new) = (address("10.0.0.2"), address("2001:db8::2"));
        assert_eq!(viewers.of(new), new);
        viewers.note([2; 6], old);
        viewers.note([2; 6], new);
        viewers.note([4; 6], address("10.0.0.3"));
        assert_eq!((viewers.of(old), viewers.of(new)), (old, old));
        assert_eq!(viewers.of(address("10.0.0.3")), address("10.0.0.3"));
        // The address has moved to another device.
        viewers.note([4; 6], new);
        assert_eq!(viewers.of(new), address("10.0.0.3"));
    }

    #[test]
    fn an_address_of_the_link_names_no_device() {
        let mut viewers = Viewers::new(&Config::default());
        for (number, of_link) in [(2, "fe80::2"), (4, "169.254.0.4")] {
            let own = address(&format!("10.0.0.{number}"));
            viewers.note([number; 6], address(of_link));
            viewers.note([number; 6], own);
            assert_eq!(viewers.of(own), own);
            assert_eq!(viewers.of(address(of_link)), address(of_link));
        }
    }

    #[test]
    fn devices_beyond_the_limit_make_room() {
        let mut config = Config::default();
        config.set("max_viewers", "1").unwrap();
        let mut viewers = Viewers::new(&config);
        for number in 0..100_u8 {
            viewers.note(
                [2, 0, 0, 0, 0, number],
                address(&format!("10.0.0.{number}")),
            );
        }
        assert!(viewers.first.len() <= EACH as usize && viewers.of.len() <= EACH as usize);
    }
}
