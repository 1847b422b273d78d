//! Evidence to servers: what an answer of DNS or a name tells of an address, and the verdict.

use std::net::IpAddr;

use super::{Registry, counters};
use crate::bounded::clock_table::{NONE, Slot};
use crate::config::{Config, SegmentRule};
use crate::facts::annotation::ServerId;
use crate::facts::counters::Counters;
use crate::facts::server::{Evidence, EvidenceKind, Role, RoleReason, Server};
use crate::flows::key::HostKey;
use crate::flows::site::Site;
use crate::wire::dns;

impl Registry {
    /// Takes a DNS answer's addresses.
    pub(crate) fn learn_dns(
        &mut self,
        config: &Config,
        response: &dns::Response,
        over_udp: bool,
        frame: u64,
    ) {
        let asked = response.question().filter(|name| config.is_netflix(name));
        let by_owner = over_udp && config.counts(EvidenceKind::DnsOwner);
        for answer in response.answers(|name| config.is_netflix(name)) {
            let address = answer.address;
            if address.is_unspecified() || address.is_loopback() || address.is_multicast() {
                // Filters answer with such addresses; they are nobody's server.
                continue;
            }
            let found = asked
                .map(|name| (EvidenceKind::Dns, name))
                .or(answer.found.map(|name| (EvidenceKind::Cname, name)));
            if let Some((kind, name)) = found {
                self.identify(config, address, kind, name, frame);
            }
            if by_owner && config.is_classic_netflix(answer.owner) {
                let kind = EvidenceKind::DnsOwner;
                self.identify(config, address, kind, answer.owner, frame);
            }
        }
    }

    /// Takes a piece of evidence; returns the server if the address now is one.
    pub(crate) fn identify(
        &mut self,
        config: &Config,
        address: IpAddr,
        kind: EvidenceKind,
        source: &str,
        frame: u64,
    ) -> Option<ServerId> {
        if !config.counts(kind) {
            return None;
        }
        let key = HostKey::new(address);
        let host = match self.hosts.find(&key) {
            Some(host) => host,
            None => self.host(config, key, NONE),
        };
        if let Some(id) = self.hosts[host].server {
            if self.add_evidence(config, id, kind, source, frame) {
                self.sites_changed.push(id);
            }
            return Some(id);
        }
        self.make_server(config, host, kind, source, frame)
    }

    /// Adds a piece of evidence; returns true if other things are to be expected of the server now.
    pub(super) fn add_evidence(
        &mut self,
        config: &Config,
        id: ServerId,
        kind: EvidenceKind,
        source: &str,
        frame: u64,
    ) -> bool {
        let evidence = &mut self.servers[id as usize].evidence;
        let known = evidence
            .iter()
            .any(|e| e.kind == kind && *e.source == *source);
        let first_of_kind = evidence.iter().all(|e| e.kind != kind);
        if known || (!first_of_kind && evidence.len() as u64 >= config.max_evidence()) {
            return false;
        }
        // Behind its equals: the first name of a kind stays the one shown.
        let at = evidence.partition_point(|e| e.kind <= kind);
        evidence.insert(
            at,
            Evidence {
                kind,
                source: source.into(),
                frame,
            },
        );
        let server = &self.servers[id as usize];
        let site = Site::of(server);
        std::mem::replace(&mut self.sites[id as usize], site) != site
    }

    /// Makes an address a server, with all that was counted of it before.
    pub(super) fn make_server(
        &mut self,
        config: &Config,
        host: Slot,
        kind: EvidenceKind,
        source: &str,
        frame: u64,
    ) -> Option<ServerId> {
        let Some(id) = self.vacate() else {
            self.servers_dropped +=
                u64::from(!std::mem::replace(&mut self.hosts[host].refused, true));
            return None;
        };
        let entry = &mut self.hosts[host];
        entry.server = Some(id);
        let mut server = Server {
            address: self.hosts.key(host).address(),
            evidence: Vec::new(),
            role: Role::Unknown,
            role_reason: RoleReason::None,
            flows: self.hosts[host].past_flows,
            counters: counters(&self.hosts[host].past),
            duplicates: 0,
            t_first: self.hosts[host].t_first,
            t_last: self.hosts[host].t_last,
        };
        let mut missed = server.counters != Counters::default();
        let mut slot = self.hosts[host].first_flow;
        while slot != NONE {
            let end = self.end_of(slot, host);
            let flow = &mut self.flows[slot];
            // Traffic between two Netflix addresses stays with the end that was known first.
            if flow.server.is_none() {
                missed |= !flow.is_whole(end);
                flow.server = Some((id, end));
                self.netflix_flows += 1;
                server.flows += u32::from(flow.number.is_some());
                server.counters.add(&flow.counters(end));
                server.duplicates += u64::from(flow.copies);
                server.t_first = server.t_first.min(flow.t_first);
                server.t_last = server.t_last.max(flow.t_last);
            }
            slot = flow.next[usize::from(end)];
        }
        let has_packets = server.counters != Counters::default();
        if !has_packets {
            (server.t_first, server.t_last) = Default::default();
        }
        self.evidence_came_late |= has_packets;
        self.segments_missed |= missed || has_packets && config.segment_rule == SegmentRule::Server;
        self.settle_in(id, server);
        let _ = self.add_evidence(config, id, kind, source, frame);
        Some(id)
    }
}
