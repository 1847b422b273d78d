//! Flows and addresses with their counters, and which of them are Netflix.
//!
//! Flows count packets. Addresses hold the list of their flows and the counts of evicted ones. So a
//! packet touches one entry, and an address's earlier packets are available the moment it is
//! identified.

mod changes;
mod claim;
mod copies;
mod evidence;
mod flow;
mod links;
mod targets;
mod tenure;
mod vacancy;
mod verdict;

use std::collections::VecDeque;

use self::changes::Changes;
pub(crate) use self::claim::{Claim, Extent, Resolver};
use self::claim::{Reach, speaks_from_client_port};
use self::flow::{Flow, Host, Sent};
use self::targets::Targets;
use self::tenure::Tenure;
use super::copies::WATCHED;
use super::key::{End, FlowKey, HostKey};
use super::site::Site;
use crate::bounded::clock_table::{NONE, Slot, Table};
use crate::bounded::numbering::Numbering;
use crate::bounded::size;
use crate::config::Config;
use crate::config::prefix::Prefix;
use crate::facts::annotation::ServerId;
use crate::facts::counters::{Counters, Direction};
use crate::facts::server::{Evidence, EvidenceKind, Server};
use crate::packet::Time;
use crate::wire::host_name::MAX_HOST_NAME;

/// Overhead of an allocation, in bytes, with common allocators.
const ALLOCATION: usize = 16;

/// Reference counts of a shared text, in bytes.
const SHARED: usize = 2 * size_of::<usize>();

/// Returns the number of addresses remembered for this many flows and servers. Each flow needs two
/// addresses; a fifth more can be evicted without touching those.
const fn most_hosts(flows: u64, servers: u64) -> u64 {
    flows.saturating_mul(5).div_ceil(2).saturating_add(servers)
}

/// Flows, addresses and servers.
#[derive(Debug)]
pub(crate) struct Registry {
    flows: Table<FlowKey, Flow>,
    hosts: Table<HostKey, Host>,
    servers: Vec<Server>,
    /// Maps places in this list and the next to numbers; and one past the largest number.
    numbering: Numbering,
    numbers: ServerId,
    tenures: Vec<Tenure>,
    /// Expectations of each server by its evidence.
    sites: Vec<Site>,
    /// The flows that each server's evidence applies to.
    reaches: Vec<Reach>,
    /// True if DNS named some of them.
    is_dns_used: bool,
    /// Hosts that Netflix's services are bound to.
    targets: Targets,
    known: Vec<Prefix>,
    next_number: u32,
    netflix_flows: usize,
    max_servers: usize,
    /// Servers that had no packet when they were named, in that order. The first one that still has
    /// none is evicted first.
    claimed: VecDeque<ServerId>,
    /// The server with packets that is evicted once none of those is left, and where the search for
    /// the next begins.
    idle: Option<ServerId>,
    hand: usize,
    /// Number of evicted flows.
    pub(crate) flows_evicted: u64,
    /// Number of evicted addresses.
    pub(crate) hosts_evicted: u64,
    /// Number of Netflix addresses that had no room or were evicted.
    pub(crate) servers_dropped: u64,
    /// True if evidence came for an address that already had packets.
    pub(crate) evidence_came_late: bool,
    /// True if some of these packets were not followed as a server's are.
    pub(crate) segments_missed: bool,
    /// Servers with changed expectations since this was last taken.
    pub(crate) sites_changed: Vec<ServerId>,
    /// Servers whose role changed.
    pub(crate) roles_changed: Changes,
}

impl Registry {
    /// Creates an empty registry with the limits of the configuration.
    #[must_use]
    pub(crate) fn new(config: &Config) -> Self {
        let max_flows = usize::try_from(config.max_flows()).unwrap_or(usize::MAX);
        let max_servers = usize::try_from(config.max_servers()).unwrap_or(usize::MAX);
        let max_hosts = most_hosts(config.max_flows(), config.max_servers());
        let max_hosts = usize::try_from(max_hosts).unwrap_or(usize::MAX);
        Self {
            flows: Table::new(max_flows, config.hash_seed),
            hosts: Table::new(max_hosts, config.hash_seed),
            servers: Vec::new(),
            numbering: Numbering::of(config.max_servers()),
            numbers: 0,
            tenures: Vec::new(),
            sites: Vec::new(),
            reaches: Vec::new(),
            is_dns_used: false,
            targets: Targets::new(config),
            known: Prefix::netflix(),
            next_number: 0,
            netflix_flows: 0,
            max_servers,
            claimed: VecDeque::new(),
            idle: None,
            hand: 0,
            flows_evicted: 0,
            hosts_evicted: 0,
            servers_dropped: 0,
            evidence_came_late: false,
            segments_missed: false,
            sites_changed: Vec::new(),
            roles_changed: Changes::new(config),
        }
    }

    /// Returns the most memory that it holds, in bytes.
    pub(crate) fn bound(config: &Config) -> u64 {
        let (flows, servers) = (config.max_flows(), config.max_servers());
        // One piece of evidence of each kind is kept beyond the limit.
        let pieces = config.max_evidence() + EvidenceKind::ALL.len() as u64;
        let name = (MAX_HOST_NAME + SHARED + ALLOCATION) as u64;
        let evidence = size::list::<Evidence>(pieces).saturating_add(pieces * name);
        Table::<FlowKey, Flow>::bound(flows)
            .saturating_add(Table::<HostKey, Host>::bound(most_hosts(flows, servers)))
            .saturating_add(size::list::<Server>(servers))
            .saturating_add(size::list::<Tenure>(servers))
            .saturating_add(size::list::<Site>(servers))
            .saturating_add(size::list::<ServerId>(servers))
            .saturating_add(size::list::<Reach>(servers))
            .saturating_add(servers.saturating_mul(evidence))
            .saturating_add(Changes::bound(config))
            .saturating_add(Targets::bound(name))
    }

    /// Creates a registry that knows this one's servers and their evidence, and nothing else.
    #[must_use]
    pub(crate) fn informed(self, config: &Config) -> Self {
        let mut fresh = Self::new(config);
        (fresh.is_dns_used, fresh.targets) = (self.is_dns_used, self.targets);
        for (server, reach) in self.servers.into_iter().zip(self.reaches) {
            let Some(first) = server.evidence.first() else {
                continue;
            };
            if let Some(id) = fresh.identify(
                config,
                server.address,
                first.kind,
                &first.source,
                first.frame,
            ) {
                // Copied as it is: the evidence that is kept depends on the order in which it came.
                fresh.servers[fresh.numbering.place(id)].evidence = server.evidence;
                fresh.sites[fresh.numbering.place(id)] =
                    Site::of(&fresh.servers[fresh.numbering.place(id)]);
                fresh.reaches[fresh.numbering.place(id)] = Reach {
                    has_past: false,
                    ..reach
                };
            }
        }
        (fresh.evidence_came_late, fresh.segments_missed) = (false, false);
        fresh
    }

    /// Returns the number of flows held.
    #[must_use]
    pub(crate) fn flow_count(&self) -> usize {
        self.flows.len()
    }

    /// Returns the servers by place.
    #[cfg(test)]
    pub(crate) fn servers(&self) -> &[Server] {
        &self.servers
    }

    /// Returns one past the largest number of a server.
    pub(crate) const fn server_end(&self) -> ServerId {
        self.numbers
    }

    /// Returns the servers that are held, with their numbers.
    pub(crate) fn numbered_servers(&self) -> impl ExactSizeIterator<Item = (ServerId, &Server)> {
        let numbers = self.tenures.iter().map(|tenure| tenure.id);
        numbers.zip(&self.servers)
    }

    /// Returns a server by its number; `None` if it was evicted.
    pub(crate) fn server(&self, id: ServerId) -> Option<&Server> {
        let place = self.numbering.place(id);
        let is_held = self.tenures.get(place)?.id == id;
        is_held.then(|| &self.servers[place])
    }

    /// Returns the expectation of a server by its evidence.
    pub(crate) fn site(&self, id: ServerId) -> Site {
        self.sites[self.numbering.place(id)]
    }

    /// Returns the number that this end of a flow has as a server, or would get if it were
    /// identified next. `None` if there is no room for another server.
    pub(crate) fn reserved(&self, slot: Slot, end: End) -> Option<ServerId> {
        let host = self.flows[slot].hosts[usize::from(end)];
        self.hosts[host].server.or_else(|| self.vacancy())
    }

    /// Returns a server that exists.
    pub(crate) fn server_mut(&mut self, id: ServerId) -> &mut Server {
        &mut self.servers[self.numbering.place(id)]
    }

    /// Returns the flow at a slot.
    #[must_use]
    pub(crate) fn flow(&self, slot: Slot) -> &Flow {
        &self.flows[slot]
    }

    /// Returns the flow at a slot.
    pub(crate) fn flow_mut(&mut self, slot: Slot) -> &mut Flow {
        &mut self.flows[slot]
    }

    /// Returns the flow at a slot, with both its ends.
    #[must_use]
    pub(crate) fn entry(&self, slot: Slot) -> (&FlowKey, &Flow) {
        self.flows.entry(slot)
    }

    /// Returns both ends of the flow at a slot.
    #[must_use]
    pub(crate) fn key(&self, slot: Slot) -> &FlowKey {
        self.flows.key(slot)
    }

    /// Returns a flow that is held.
    pub(crate) fn find(&mut self, key: &FlowKey) -> Option<Slot> {
        self.flows.find(key)
    }

    /// Finds or adds a datagram's flow. Calls `evicted` with a flow that is evicted for it, and its
    /// connection.
    #[inline(always)]
    pub(crate) fn enter(
        &mut self,
        config: &Config,
        key: FlowKey,
        numbered: bool,
        time: Time,
        evicted: impl FnOnce(Slot, Slot),
    ) -> Slot {
        match self.flows.find(&key) {
            Some(slot) => slot,
            None => self.add(config, key, numbered, time, evicted),
        }
    }

    /// Adds a datagram's flow.
    #[inline(never)]
    fn add(
        &mut self,
        config: &Config,
        key: FlowKey,
        numbered: bool,
        time: Time,
        evicted: impl FnOnce(Slot, Slot),
    ) -> Slot {
        if self.flows.is_full() {
            self.evict_flow(evicted);
        }
        let low = self.host(config, key.host(0), NONE);
        let hosts = [low, self.host(config, key.host(1), low)];
        for end in [0, 1] {
            let host = &mut self.hosts[hosts[usize::from(end)]];
            host.is_client |= speaks_from_client_port(&key, end);
        }
        let server = self.inherited(config, &key, hosts, None, time);
        let slot = self.flows.insert(key, Flow::new(hosts, time));
        self.link(slot);
        if numbered {
            self.number(slot);
        }
        if let Some((id, end)) = server {
            self.attach(slot, id, end);
        }
        slot
    }

    fn number(&mut self, slot: Slot) {
        self.flows[slot].number = Some(self.next_number);
        self.next_number = self.next_number.saturating_add(1);
    }

    /// Starts a new flow on the same ports. Its addresses keep what the old one counted.
    pub(crate) fn renew(&mut self, config: &Config, slot: Slot, time: Time) {
        self.settle_past(slot);
        let flow = &mut self.flows[slot];
        flow.sent = Default::default();
        flow.identified_or_given_up = false;
        flow.opened_by = None;
        flow.client = None;
        flow.over = false;
        flow.has_paths = false;
        flow.watch = WATCHED + 1;
        flow.replayed = false;
        (flow.opener, flow.own, flow.is_foreign) = (None, None, false);
        flow.own_name = None;
        if config.flows_decide() {
            (flow.t_first, flow.t_last) = (time, time);
        }
        self.netflix_flows -= usize::from(flow.server.take().is_some());
        self.number(slot);
        self.inherit(config, slot);
    }

    /// Counts a packet that `sender` sent, on its flow and, if that is Netflix, on its server.
    #[inline(always)]
    pub(crate) fn count(&mut self, slot: Slot, sender: End, bytes: u32, time: Time) {
        let flow = &mut self.flows[slot];
        let sent = &mut flow.sent[usize::from(sender)];
        sent.packets += 1;
        sent.bytes += u64::from(bytes);
        flow.t_last = flow.t_last.max(time);
        flow.t_first = flow.t_first.min(time);
        if let Some((id, end)) = flow.server {
            let server = &mut self.servers[self.numbering.place(id)];
            let direction = if sender == end {
                Direction::In
            } else {
                Direction::Out
            };
            let is_first = server.counters == Counters::default();
            if is_first {
                (server.t_first, server.t_last) = (time, time);
            }
            server.counters.count(direction, bytes);
            server.t_first = server.t_first.min(time);
            server.t_last = server.t_last.max(time);
            if is_first {
                self.pass_over_working();
            }
        }
    }

    /// Finds or adds an address's entry, and compares it with the prefixes once. `spared` is an
    /// address that must not be evicted for it.
    fn host(&mut self, config: &Config, key: HostKey, spared: Slot) -> Slot {
        match self.hosts.find(&key) {
            Some(host) => host,
            None => self.add_host(config, key, spared),
        }
    }

    /// Adds an address that has no entry. Returns its slot.
    fn add_host(&mut self, config: &Config, key: HostKey, spared: Slot) -> Slot {
        if self.hosts.is_full()
            && let Some(victim) = self.hosts.victim(|slot, host| {
                slot != spared && host.first_flow == NONE && host.server.is_none()
            })
        {
            self.hosts.remove(victim);
            self.hosts_evicted += 1;
        }
        let host = self.hosts.insert(key, Host::new());
        let address = key.address();
        let embedded = config.embedded_ipv4(address);
        let within = |prefixes: &[Prefix]| {
            prefixes
                .iter()
                .find(|prefix| {
                    prefix.contains(address)
                        || embedded.is_some_and(|embedded| prefix.contains(embedded))
                })
                .copied()
        };
        for (kind, prefix) in [
            (EvidenceKind::Config, within(&config.prefixes)),
            (EvidenceKind::Prefix, within(&self.known)),
        ] {
            if let Some(prefix) = prefix {
                let source = &prefix.to_string();
                let claim = Claim {
                    kind,
                    source,
                    frame: 0,
                    extent: Extent::Everything,
                };
                let _ = self.learn_of(config, host, claim);
            }
        }
        if let Some(embedded) = embedded {
            self.learn_embedded(config, host, embedded);
        }
        host
    }
}

/// Converts the past of an address to a server's counters.
const fn counters(past: &[Sent; 2]) -> Counters {
    Counters {
        in_pkts: past[0].packets,
        in_bytes: past[0].bytes,
        out_pkts: past[1].packets,
        out_bytes: past[1].bytes,
    }
}

#[cfg(test)]
mod tests;
