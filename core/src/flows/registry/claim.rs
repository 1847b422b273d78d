//! Evidence as it arrives, and the flows of an address that it applies to.

use std::net::{IpAddr, Ipv4Addr};

use crate::facts::server::EvidenceKind;
use crate::flows::key::{End, FlowKey};
use crate::packet::Time;

/// IP protocol numbers (IANA).
const TCP: u8 = 6;
const UDP: u8 = 17;

/// Number of an address's ports that are remembered as Netflix. Servers use one or two.
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

/// The flows of an address that a piece of evidence applies to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    /// All flows, for evidence from an address range.
    Everything,
    /// All flows that begin by then, for evidence from DNS.
    Until(Time),
    /// The flows of one port, for evidence from a flow on that port.
    Port(u16),
    /// Only the flow that gave it, because its address is a proxy's.
    Flow,
}

/// The flows of a server's address that all its evidence applies to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reach {
    pub(super) everything: bool,
    /// Time until which DNS evidence applies to the address; `None` if there never was any.
    pub(super) until: Option<Time>,
    /// The ports on which own names were seen; unused places are 0.
    pub(super) ports: [u16; PORTS],
    /// True if the address counted flows that are no longer held.
    pub(super) has_past: bool,
}

impl Reach {
    pub(super) const NONE: Self = Self {
        everything: false,
        until: None,
        ports: [0; PORTS],
        has_past: false,
    };

    /// Extends the reach. Returns true if it may include flows now that it did not include before.
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
                    // An address with more Netflix ports than are remembered belongs to Netflix
                    // entirely.
                    None => self.everything = true,
                }
                true
            }
        }
    }

    /// Ends the DNS evidence, because DNS names another service now.
    pub(super) fn end(&mut self, time: Time) {
        self.until = self.until.map(|until| until.min(time));
    }

    /// Returns true if the evidence applies to the whole address at this time.
    pub(super) fn includes(&self, time: Time) -> bool {
        self.everything || self.until.is_some_and(|until| time <= until)
    }

    /// Returns true if the evidence applies to a flow that began at `time`, with the server at
    /// `end`. `is_client` is true if its address opens connections, as a viewer's device does whose
    /// own name contains a keyword.
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

/// Ports below this belong to services (RFC 6335, section 6).
const WELL_KNOWN: u16 = 1024;

/// Returns true if an end has a client's port and the other one a service's.
pub(super) fn speaks_from_client_port(key: &FlowKey, end: End) -> bool {
    let other = key.port(1 - end);
    key.has_ports() && key.port(end) >= WELL_KNOWN && other < WELL_KNOWN && other != 0
}

/// Returns true if an end sends to a group. Servers send to one client each.
fn is_to_many(key: &FlowKey, end: End) -> bool {
    let other = key.address(1 - end);
    other.is_multicast() || other == IpAddr::V4(Ipv4Addr::BROADCAST)
}
