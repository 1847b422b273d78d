//! Who talked to whom and how much, and which of them are Netflix.
//!
//! Flows count; addresses hold the list of their flows and what flows that made room had counted. So a packet touches
//! one entry, and an address's earlier packets are there the moment it is identified.

mod changes;
mod claim;
mod copies;
mod evidence;
mod flow;
mod links;
mod tenure;
mod vacancy;
mod verdict;

use std::collections::VecDeque;

use self::changes::Changes;
pub(crate) use self::claim::{Claim, Extent, Resolver};
use self::claim::{Reach, speaks_from_client_port};
use self::flow::{Flow, Host, Sent};
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

/// Counts of a text that several own, in bytes.
const SHARED: usize = 2 * size_of::<usize>();

/// Addresses remembered beside so many flows and servers: each flow needs two, and a fifth on top is what may make room
/// without touching those.
const fn most_hosts(flows: u64, servers: u64) -> u64 {
    flows.saturating_mul(5).div_ceil(2).saturating_add(servers)
}

/// Flows, addresses and servers.
#[derive(Debug)]
pub(crate) struct Registry {
    flows: Table<FlowKey, Flow>,
    hosts: Table<HostKey, Host>,
    servers: Vec<Server>,
    /// How places in this list and the next become numbers, and one past the largest of these.
    numbering: Numbering,
    numbers: ServerId,
    tenures: Vec<Tenure>,
    /// By server: what its evidence lets expect.
    sites: Vec<Site>,
    /// By server: which flows its evidence speaks for.
    reaches: Vec<Reach>,
    /// DNS named some of them.
    is_dns_used: bool,
    known: Vec<Prefix>,
    next_number: u32,
    netflix_flows: usize,
    max_servers: usize,
    /// Servers that had no packet when they were named, in order of that. The first, which had none since either, makes
    /// room for others.
    claimed: VecDeque<ServerId>,
    /// The server with packets that makes room once none of those is left, and where the next is looked for.
    idle: Option<ServerId>,
    hand: usize,
    /// Flows that made room.
    pub(crate) flows_evicted: u64,
    /// Addresses that made room.
    pub(crate) hosts_evicted: u64,
    /// Netflix addresses that found no room, or made it for others.
    pub(crate) servers_dropped: u64,
    /// Evidence came for an address that packets had been seen of.
    pub(crate) evidence_came_late: bool,
    /// Some of these were not followed as a server's are.
    pub(crate) segments_missed: bool,
    /// Servers of which other things are to be expected since this was last taken.
    pub(crate) sites_changed: Vec<ServerId>,
    /// Servers whose role changed.
    pub(crate) roles_changed: Changes,
}

impl Registry {
    /// An empty registry within the configuration's limits.
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

    /// The most memory that it holds, in bytes.
    pub(crate) fn bound(config: &Config) -> u64 {
        let (flows, servers) = (config.max_flows(), config.max_servers());
        // One piece of evidence of each kind is kept beyond the limit.
        let pieces = config.max_evidence() + EvidenceKind::ALL.len() as u64;
        let evidence = size::list::<Evidence>(pieces)
            .saturating_add(pieces * (MAX_HOST_NAME + SHARED + ALLOCATION) as u64);
        Table::<FlowKey, Flow>::bound(flows)
            .saturating_add(Table::<HostKey, Host>::bound(most_hosts(flows, servers)))
            .saturating_add(size::list::<Server>(servers))
            .saturating_add(size::list::<Tenure>(servers))
            .saturating_add(size::list::<Site>(servers))
            .saturating_add(size::list::<ServerId>(servers))
            .saturating_add(size::list::<Reach>(servers))
            .saturating_add(servers.saturating_mul(evidence))
            .saturating_add(Changes::bound(config))
    }

    /// A new registry that knows this one's servers and their evidence, and nothing else.
    #[must_use]
    pub(crate) fn informed(self, config: &Config) -> Self {
        let mut fresh = Self::new(config);
        fresh.is_dns_used = self.is_dns_used;
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
                // As it was: what of it is kept depends on the order in which it comes.
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

    /// Flows held.
    #[must_use]
    pub(crate) fn flow_count(&self) -> usize {
        self.flows.len()
    }

    /// Servers by place.
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

    /// Returns a server by its number; `None` if it made room.
    pub(crate) fn server(&self, id: ServerId) -> Option<&Server> {
        let place = self.numbering.place(id);
        let is_held = self.tenures.get(place)?.id == id;
        is_held.then(|| &self.servers[place])
    }

    /// Returns what a server's evidence lets expect.
    pub(crate) fn site(&self, id: ServerId) -> Site {
        self.sites[self.numbering.place(id)]
    }

    /// Returns the identifier that this end of a flow has as a server, or gets if it is identified next; `None` where
    /// there is no room for one more.
    pub(crate) fn reserved(&self, slot: Slot, end: End) -> Option<ServerId> {
        let host = self.flows[slot].hosts[usize::from(end)];
        self.hosts[host].server.or_else(|| self.vacancy())
    }

    /// A server that exists.
    pub(crate) fn server_mut(&mut self, id: ServerId) -> &mut Server {
        &mut self.servers[self.numbering.place(id)]
    }

    /// The flow at a slot.
    #[must_use]
    pub(crate) fn flow(&self, slot: Slot) -> &Flow {
        &self.flows[slot]
    }

    /// The flow at a slot.
    pub(crate) fn flow_mut(&mut self, slot: Slot) -> &mut Flow {
        &mut self.flows[slot]
    }

    /// The flow at a slot, with both its ends.
    #[must_use]
    pub(crate) fn entry(&self, slot: Slot) -> (&FlowKey, &Flow) {
        self.flows.entry(slot)
    }

    /// Both ends of the flow at a slot.
    #[must_use]
    pub(crate) fn key(&self, slot: Slot) -> &FlowKey {
        self.flows.key(slot)
    }

    /// Returns a flow that is held.
    pub(crate) fn find(&mut self, key: &FlowKey) -> Option<Slot> {
        self.flows.find(key)
    }

    /// Finds or makes a datagram's flow. `evicted` is told a flow that makes room, and its connection.
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

    /// Makes a datagram's flow.
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

    /// Makes a flow a new one under the same ports: what it counted so far is kept by its addresses.
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

    /// Counts a packet that `sender` sent, on its flow and, if that is Netflix's, its server.
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

    /// Finds or makes an address's entry; prefixes are looked at once, here. `spared` is an address that must not make
    /// room for it.
    fn host(&mut self, config: &Config, key: HostKey, spared: Slot) -> Slot {
        if let Some(host) = self.hosts.find(&key) {
            return host;
        }
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

/// Past of an address as counters of a server.
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
