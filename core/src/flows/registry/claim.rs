//! Evidence as it comes, and which flows of an address it speaks for.

use std::net::{IpAddr, Ipv4Addr};

use crate::facts::server::EvidenceKind;
use crate::flows::key::{End, FlowKey};
use crate::packet::Time;

/// Protocol numbers of IP (IANA).
const TCP: u8 = 6;
const UDP: u8 = 17;

/// Ports of an address that are remembered as Netflix's. Servers have one or two.
const PORTS: usize = 4;

/// A piece of evidence for an address.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Claim<'a> {
    pub(crate) kind: EvidenceKind,
    pub(crate) source: &'a str,
    pub(crate) frame: u64,
    pub(crate) extent: Extent,
}

/// The source of a DNS answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Resolver {
    pub(crate) address: IpAddr,
    pub(crate) over_udp: bool,
}

/// The flows of an address that a piece of evidence speaks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    /// All: an address range says so.
    Everything,
    /// All that begin until then: DNS says so.
    Until(Time),
    /// The flows of one port: a flow of that port says so.
    Port(u16),
    /// The flow that says so, and no other: its address is a proxy's.
    Flow,
}

/// The flows of a server's address that its evidence speaks for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reach {
    pub(super) everything: bool,
    /// Until when DNS speaks for the address; `None` if it never did.
    pub(super) until: Option<Time>,
    /// The ports that own names were seen on; 0 where there is none.
    pub(super) ports: [u16; PORTS],
    /// Flows of it were counted that are no longer held.
    pub(super) has_past: bool,
}

impl Reach {
    pub(super) const NONE: Self = Self {
        everything: false,
        until: None,
        ports: [0; PORTS],
        has_past: false,
    };

    /// Takes more; returns true if flows that were not reached before may be now.
    pub(super) fn extend(&mut self, extent: Extent) -> bool {
        match extent {
            Extent::Flow => false,
            Extent::Everything => !std::mem::replace(&mut self.everything, true),
            Extent::Until(time) => {
                let before = self.until;
                self.until = before.max(Some(time));
                before.is_none()
            }
            Extent::Port(port) => {
                if self.ports.contains(&port) {
                    return false;
                }
                match self.ports.iter_mut().find(|known| **known == 0) {
                    Some(free) => *free = port,
                    // So many services of Netflix's on one address: it is Netflix's.
                    None => self.everything = true,
                }
                true
            }
        }
    }

    /// Ends what DNS said, as it names another service now.
    pub(super) fn end(&mut self, time: Time) {
        self.until = self.until.map(|until| until.min(time));
    }

    /// Returns true if it reaches a flow that began at `time`, with the server at `end`. `is_client` says that its address
    /// opens connections, as a viewer's own device does that has a name with a keyword in it.
    pub(super) fn covers(&self, key: &FlowKey, end: End, time: Time, is_client: bool) -> bool {
        if self.everything {
            return true;
        }
        if speaks_from_client_port(key, end) {
            return false;
        }
        let may_be_client = is_client && !(key.has_ports() && key.port(end) < WELL_KNOWN);
        self.until
            .is_some_and(|until| time <= until && !may_be_client && !is_to_many(key, end))
            || match (key.has_ports(), key.protocol()) {
                (true, _) => self.ports.contains(&key.port(end)),
                // Later fragments state no ports.
                (false, TCP | UDP) => self.ports[0] != 0,
                _ => false,
            }
    }
}

/// Ports below are those of services (RFC 6335, section 6).
const WELL_KNOWN: u16 = 1024;

/// Returns true if an end has a client's port, and the other one a service's.
pub(super) fn speaks_from_client_port(key: &FlowKey, end: End) -> bool {
    let other = key.port(1 - end);
    key.has_ports() && key.port(end) >= WELL_KNOWN && other < WELL_KNOWN && other != 0
}

/// Returns true if an end speaks to a group: servers speak to one client each.
fn is_to_many(key: &FlowKey, end: End) -> bool {
    let other = key.address(1 - end);
    other.is_multicast() || other == IpAddr::V4(Ipv4Addr::BROADCAST)
}
