//! Flows in the lists of their addresses, and the counts that stay there when flows go.

use super::Registry;
use crate::bounded::clock_table::{NONE, Slot};
use crate::flows::key::End;

impl Registry {
    pub(super) fn end_of(&self, slot: Slot, host: Slot) -> End {
        End::from(self.flows[slot].hosts[0] != host)
    }

    pub(super) fn link(&mut self, slot: Slot) {
        let hosts = self.flows[slot].hosts;
        // An address that talks to itself is in its own list only once.
        let ends = if hosts[0] == hosts[1] { 0..1 } else { 0..2 };
        for end in ends {
            let host = hosts[end];
            let first = self.hosts[host].first_flow;
            self.flows[slot].next[end] = first;
            if first != NONE {
                let other = usize::from(self.end_of(first, host));
                self.flows[first].previous[other] = slot;
            }
            self.hosts[host].first_flow = slot;
        }
    }

    pub(super) fn unlink(&mut self, slot: Slot) {
        let hosts = self.flows[slot].hosts;
        let ends = if hosts[0] == hosts[1] { 0..1 } else { 0..2 };
        for end in ends {
            let (previous, next) = (self.flows[slot].previous[end], self.flows[slot].next[end]);
            let host = hosts[end];
            if previous == NONE {
                self.hosts[host].first_flow = next;
            } else {
                let other = usize::from(self.end_of(previous, host));
                self.flows[previous].next[other] = next;
            }
            if next != NONE {
                let other = usize::from(self.end_of(next, host));
                self.flows[next].previous[other] = previous;
            }
        }
    }

    /// Adds a flow's counts to the past of its addresses, in case one turns out to be a server. A
    /// server's flow has already been counted there.
    pub(super) fn settle_past(&mut self, slot: Slot) {
        let flow = &self.flows[slot];
        if let Some((id, _)) = flow.server {
            self.reaches[self.numbering.place(id)].has_past = true;
            return;
        }
        if flow.is_foreign {
            return;
        }
        let (sent, hosts, times) = (flow.sent, flow.hosts, (flow.t_first, flow.t_last));
        let numbered = u32::from(flow.number.is_some());
        let ends = if hosts[0] == hosts[1] { 0..1 } else { 0..2 };
        for end in ends {
            let host = &mut self.hosts[hosts[end]];
            for (past, sent) in host.past.iter_mut().zip([sent[end], sent[1 - end]]) {
                past.packets += sent.packets;
                past.bytes += sent.bytes;
            }
            host.past_flows += numbered;
            host.t_first = host.t_first.min(times.0);
            host.t_last = host.t_last.max(times.1);
        }
    }

    pub(super) fn evict_flow(&mut self, evicted: impl FnOnce(Slot, Slot)) {
        // Netflix flows stay, unless almost all flows are Netflix.
        let keep_netflix = self.netflix_flows < self.flows.len() - self.flows.len() / 8;
        let victim = self
            .flows
            .victim(|_, flow| !keep_netflix || flow.server.is_none());
        let Some(slot) = victim.or_else(|| self.flows.victim(|_, _| true)) else {
            return;
        };
        self.settle_past(slot);
        self.unlink(slot);
        self.netflix_flows -= usize::from(self.flows[slot].server.is_some());
        let connection = self.flows[slot].connection;
        self.flows.remove(slot);
        self.flows_evicted += 1;
        if connection != NONE {
            evicted(slot, connection);
        }
    }
}
