//! Room for servers: which one is evicted when another is named and the table is full.
//!
//! An address with observed traffic outlives one that was only named: forging a name takes one
//! packet, and forging traffic one more. A server that never had a packet goes first, the one named
//! longest ago. Its number is given to the next, because no packet, flow or segment refers to it.
//! Next goes one that has packets, no segment, and no recent packets; its successor gets another
//! number. A server with a segment stays.

use super::Registry;
use super::claim::Reach;
use super::flow::Sent;
use super::tenure::Tenure;
use crate::bounded::clock_table::{NONE, Slot};
use crate::facts::annotation::ServerId;
use crate::facts::counters::Counters;
use crate::facts::server::Server;
use crate::flows::key::HostKey;
use crate::flows::site::Site;

/// Servers examined for eviction each time that another may be named.
const MOST_LOOKED_AT: usize = 64;

impl Registry {
    /// Returns the number that the next server gets; `None` if there is no room.
    pub(crate) fn vacancy(&self) -> Option<ServerId> {
        if self.servers.len() < self.max_servers {
            return Some(self.servers.len() as ServerId);
        }
        let claimed = self.claimed.front().copied();
        claimed.or_else(|| self.numbering.next(self.idle?))
    }

    /// Records that a server has segments, so that it stays.
    pub(crate) fn keep(&mut self, id: ServerId) {
        let tenure = self.tenures.get_mut(self.numbering.place(id));
        if let Some(tenure) = tenure.filter(|tenure| tenure.id == id) {
            tenure.has_segments = true;
        }
        if self.idle == Some(id) {
            self.idle = None;
            self.look_for_idle();
        }
    }

    /// Removes servers that have had a packet since they were named from the front of the eviction
    /// queue.
    #[cold]
    pub(super) fn pass_over_working(&mut self) {
        self.pass_over_claimed();
        self.look_for_idle();
    }

    fn pass_over_claimed(&mut self) {
        while let Some(&id) = self.claimed.front()
            && is_at_work(&self.servers[self.numbering.place(id)])
        {
            self.claimed.pop_front();
        }
    }

    /// Looks for a server without segments to evict next if no server was only named: one without a
    /// packet since it was last examined.
    pub(super) fn look_for_idle(&mut self) {
        if self.idle.is_some() || !self.claimed.is_empty() || self.servers.len() < self.max_servers
        {
            return;
        }
        for _ in 0..MOST_LOOKED_AT.min(2 * self.servers.len()) {
            self.hand = (self.hand + 1) % self.servers.len();
            let tenure = &mut self.tenures[self.hand];
            let Counters {
                in_pkts, out_pkts, ..
            } = self.servers[self.hand].counters;
            let packets = in_pkts + out_pkts;
            let is_active = std::mem::replace(&mut tenure.seen, packets) != packets;
            if !tenure.has_segments && !is_active && self.numbering.next(tenure.id).is_some() {
                self.idle = Some(tenure.id);
                return;
            }
        }
    }

    /// Evicts a server for another; returns the number for the new one.
    pub(super) fn vacate(&mut self) -> Option<ServerId> {
        let Some(id) = self.vacancy() else {
            self.look_for_idle();
            return None;
        };
        if let Some(server) = self.servers.get(self.numbering.place(id)) {
            let key = HostKey::new(server.address);
            let former = match self.claimed.pop_front() {
                Some(former) => former,
                None => self.idle.take()?,
            };
            self.servers_dropped += 1;
            if let Some(host) = self.hosts.find(&key) {
                self.hosts[host].server = None;
                self.take_flows_from(former, host);
            }
            // The next one to evict is looked for once the new server has the place.
            self.pass_over_claimed();
        }
        Some(id)
    }

    /// Detaches the flows of a server that is evicted. What its other flows counted stays with its
    /// address.
    fn take_flows_from(&mut self, id: ServerId, host: Slot) {
        let server = &self.servers[self.numbering.place(id)];
        let (mut left, mut flows) = (server.counters, server.flows);
        let times = (server.t_first, server.t_last);
        let mut slot = self.hosts[host].first_flow;
        while slot != NONE {
            let end = self.end_of(slot, host);
            let flow = &mut self.flows[slot];
            if flow.server == Some((id, end)) {
                left.remove(&flow.counters(end));
                flows = flows.saturating_sub(u32::from(flow.number.is_some()));
                (flow.server, flow.own, flow.is_firm) = (None, None, false);
                flow.passed_over = true;
                self.netflix_flows -= 1;
            }
            slot = flow.next[usize::from(end)];
        }
        let entry = &mut self.hosts[host];
        let sent = |packets, bytes| Sent { packets, bytes };
        entry.past = [
            sent(left.in_pkts, left.in_bytes),
            sent(left.out_pkts, left.out_bytes),
        ];
        entry.past_flows = flows;
        if left != Counters::default() {
            (entry.t_first, entry.t_last) = times;
        }
    }

    /// Puts a server into a free place.
    pub(super) fn settle_in(&mut self, id: ServerId, server: Server, reach: Reach) {
        if server.counters == Counters::default() {
            self.claimed.push_back(id);
        }
        self.numbers = self.numbers.max(id + 1);
        let tenure = Tenure {
            id,
            has_segments: false,
            seen: 0,
        };
        let place = self.numbering.place(id);
        match self.servers.get_mut(place) {
            Some(known) => {
                *known = server;
                self.sites[place] = Site::Unknown;
                self.reaches[place] = reach;
                self.tenures[place] = tenure;
            }
            None => {
                self.servers.push(server);
                self.sites.push(Site::Unknown);
                self.reaches.push(reach);
                self.tenures.push(tenure);
            }
        }
        self.look_for_idle();
    }
}

/// Returns true if a server has a packet, or a flow that is about to bring one.
fn is_at_work(server: &Server) -> bool {
    server.counters != Counters::default() || server.flows > 0
}
