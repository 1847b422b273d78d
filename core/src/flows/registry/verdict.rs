//! The verdict of a flow: by its own name, or else by the evidence for its server's address.

use std::net::IpAddr;
use std::sync::Arc;

use super::Registry;
use super::claim::{Claim, Extent};
use crate::bounded::clock_table::{NONE, Slot};
use crate::config::Config;
use crate::facts::annotation::ServerId;
use crate::facts::counters::Counters;
use crate::facts::server::{Evidence, EvidenceKind};
use crate::flows::key::{End, FlowKey, HostKey};
use crate::packet::{Stamp, Time};

/// Flows of an address examined for its first and last packet when one of them turns out to belong
/// to another server.
const MOST_REVIEWED: usize = 256;

impl Registry {
    /// Returns the verdict of a flow without its own name: the end whose address is known. If both
    /// are, the one identified first.
    pub(super) fn inherited(
        &self,
        config: &Config,
        key: &FlowKey,
        hosts: [Slot; 2],
        opener: Option<End>,
        time: Time,
    ) -> Option<(ServerId, End)> {
        let flows_decide = config.flows_decide();
        let known = |end: End| {
            let host = &self.hosts[hosts[usize::from(end)]];
            let id = host.server?;
            let fits = !flows_decide
                // Servers do not open connections, but a viewer's device whose name contains a
                // keyword does.
                || opener != Some(end)
                    && self.reaches[self.numbering.place(id)].covers(key, end, time, host.is_client);
            fits.then_some((id, end))
        };
        match (known(0), known(1)) {
            (Some(low), Some(high)) => Some(if low.0 <= high.0 { low } else { high }),
            (low, high) => low.or(high),
        }
    }

    /// Records which end opened a flow. Clients open connections from higher ports to lower ones. A
    /// SYN that seems to go the other way is damaged or between two peers, and shows nothing.
    pub(crate) fn opened(&mut self, config: &Config, slot: Slot, opener: End) {
        let key = self.flows.key(slot);
        if key.port(opener) < key.port(1 - opener) {
            return;
        }
        let flow = &mut self.flows[slot];
        self.hosts[flow.hosts[usize::from(opener)]].is_client = true;
        if flow.opener.replace(opener) == Some(opener) || flow.own.is_some() || flow.is_foreign {
            return;
        }
        if config.flows_decide() && flow.server.is_some_and(|(_, end)| end == opener) {
            self.detach(slot);
            self.inherit(config, slot);
        }
    }

    /// Gives a flow without a verdict that of its addresses.
    pub(super) fn inherit(&mut self, config: &Config, slot: Slot) {
        let (key, flow) = self.flows.entry(slot);
        let found = self.inherited(config, key, flow.hosts, flow.opener, flow.t_first);
        if let Some((id, end)) = found {
            self.attach(slot, id, end);
        }
    }

    /// Applies a Netflix name that a flow itself gave, with its server at `end`.
    pub(crate) fn claim(&mut self, config: &Config, slot: Slot, end: End, mut claim: Claim<'_>) {
        let key = self.flows.key(slot);
        if !config.flows_decide() {
            claim.extent = Extent::Everything;
        }
        let Some(id) = self.learn(config, key.address(end), claim) else {
            return;
        };
        if !config.flows_decide() {
            return;
        }
        let evidence = self.servers[self.numbering.place(id)].evidence.iter();
        let named = evidence
            .filter(|known| known.kind == claim.kind && *known.source == *claim.source)
            .map(|known| Arc::clone(&known.source))
            .next();
        let flow = &mut self.flows[slot];
        flow.own = flow.own.or(Some(claim.kind));
        flow.own_name = named;
        flow.is_foreign = false;
        if flow.server != Some((id, end)) {
            self.detach(slot);
            self.attach(slot, id, end);
        }
    }

    /// Applies the evidence for the address that a flow asked a proxy for; the proxy is at `end`.
    pub(crate) fn claim_destination(
        &mut self,
        config: &Config,
        (slot, end): (Slot, End),
        address: IpAddr,
        stamp: Stamp,
    ) {
        let host = self.host(config, HostKey::new(address), NONE);
        let Some(id) = self.hosts[host].server else {
            return;
        };
        let place = self.numbering.place(id);
        if !self.reaches[place].includes(stamp.time) {
            return;
        }
        let by_name = |evidence: &&Evidence| {
            let is_range = matches!(evidence.kind, EvidenceKind::Config | EvidenceKind::Prefix);
            !is_range && !evidence.kind.is_of_flow()
        };
        let name = self.servers[place].evidence.iter().find(by_name);
        let source = match name {
            Some(evidence) => Arc::clone(&evidence.source),
            None => address.to_string().into(),
        };
        self.claim_tunnel(config, (slot, end), &source, stamp);
    }

    /// Applies the binding of a host that a flow asked a proxy for, if a Netflix service is bound to it;
    /// the proxy is at `end`.
    pub(crate) fn claim_host(
        &mut self,
        config: &Config,
        (slot, end): (Slot, End),
        host: &str,
        stamp: Stamp,
    ) {
        let Some((service, _)) = self.targets.service_of(host, stamp.time) else {
            return;
        };
        self.claim_tunnel(config, (slot, end), &service, stamp);
    }

    fn claim_tunnel(
        &mut self,
        config: &Config,
        (slot, end): (Slot, End),
        source: &str,
        stamp: Stamp,
    ) {
        let claim = Claim {
            kind: EvidenceKind::Tunnel,
            source,
            frame: stamp.frame,
            extent: Extent::Flow,
        };
        self.claim(config, slot, end, claim);
    }

    /// Records that the first request of a flow, whose server is at `end`, names another service. If
    /// the address turns out to be Netflix's, later ones may be for Netflix.
    pub(crate) fn note_foreign_request(&mut self, slot: Slot, end: End) {
        let flow = &self.flows[slot];
        if flow.server.is_none() {
            self.hosts[flow.hosts[usize::from(end)]].has_unwatched = true;
        }
    }

    /// Applies another service's name that a flow itself gave: the flow is not Netflix.
    pub(crate) fn disown(&mut self, slot: Slot) {
        self.detach(slot);
        self.flows[slot].is_foreign = true;
        self.flows[slot].own_name = None;
    }

    /// Widens the reach of a server's evidence, and gives the server the flows of its address that
    /// it reaches now. Returns true if these already had packets, and true if some of those, or
    /// some that name another service, were not followed as a server's are.
    pub(super) fn extend(
        &mut self,
        config: &Config,
        host: Slot,
        id: ServerId,
        extent: Extent,
    ) -> (bool, bool) {
        if !self.reaches[self.numbering.place(id)].extend(extent) {
            return (false, false);
        }
        let (mut late, mut missed) = (false, self.hosts[host].has_unwatched);
        let mut slot = self.hosts[host].first_flow;
        while slot != NONE {
            let end = self.end_of(slot, host);
            let (key, flow) = self.flows.entry(slot);
            let fits = !config.flows_decide()
                || !flow.is_foreign
                    && flow.opener != Some(end)
                    && self.reaches[self.numbering.place(id)].covers(
                        key,
                        end,
                        flow.t_first,
                        self.hosts[host].is_client,
                    );
            // Traffic between two Netflix addresses stays with the end that was known first.
            if flow.server.is_none() && fits {
                late |= flow.counters(end) != Counters::default();
                missed |= !flow.is_whole(end);
                self.attach(slot, id, end);
            }
            slot = self.flows[slot].next[usize::from(end)];
        }
        (late, missed)
    }

    /// Gives a flow to a server, with everything that it counted.
    pub(super) fn attach(&mut self, slot: Slot, id: ServerId, end: End) {
        let flow = &mut self.flows[slot];
        flow.server = Some((id, end));
        self.netflix_flows += 1;
        let server = &mut self.servers[self.numbering.place(id)];
        flow.is_firm = server.strongest() == Some(EvidenceKind::Config);
        server.flows += u32::from(flow.number.is_some());
        server.duplicates += u64::from(flow.copies);
        let counted = flow.counters(end);
        if counted == Counters::default() {
            self.pass_over_working();
            return;
        }
        if server.counters == Counters::default() {
            (server.t_first, server.t_last) = (flow.t_first, flow.t_last);
        }
        server.counters.add(&counted);
        server.t_first = server.t_first.min(flow.t_first);
        server.t_last = server.t_last.max(flow.t_last);
        // The server has traffic now, so it is no longer evicted as one that was only named.
        self.pass_over_working();
    }

    /// Takes a flow, with everything that it counted, from its server.
    fn detach(&mut self, slot: Slot) {
        let flow = &mut self.flows[slot];
        let Some((id, end)) = flow.server.take() else {
            return;
        };
        self.netflix_flows -= 1;
        let times = (flow.t_first, flow.t_last);
        let server = &mut self.servers[self.numbering.place(id)];
        server.flows = server
            .flows
            .saturating_sub(u32::from(flow.number.is_some()));
        server.counters.remove(&flow.counters(end));
        server.duplicates = server.duplicates.saturating_sub(u64::from(flow.copies));
        if server.counters == Counters::default() {
            (server.t_first, server.t_last) = Default::default();
        } else if !self.reaches[self.numbering.place(id)].has_past
            && (times.0 <= server.t_first || times.1 >= server.t_last)
        {
            self.review_times(id);
        }
    }

    /// Finds a server's first and last packet among the flows that remain.
    fn review_times(&mut self, id: ServerId) {
        let address = self.servers[self.numbering.place(id)].address;
        let Some(host) = self.hosts.find(&HostKey::new(address)) else {
            return;
        };
        let (mut first, mut last) = (Time(i64::MAX), Time(i64::MIN));
        let mut slot = self.hosts[host].first_flow;
        for _ in 0..MOST_REVIEWED {
            if slot == NONE {
                let server = &mut self.servers[self.numbering.place(id)];
                (server.t_first, server.t_last) = (first, last);
                return;
            }
            let end = self.end_of(slot, host);
            let flow = &self.flows[slot];
            if flow.server == Some((id, end)) && flow.counters(end) != Counters::default() {
                first = first.min(flow.t_first);
                last = last.max(flow.t_last);
            }
            slot = flow.next[usize::from(end)];
        }
    }
}
