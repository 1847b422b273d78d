//! From evidence to servers: what a DNS answer or a name shows about an address, and the verdict.

use std::net::{IpAddr, Ipv4Addr};

use super::claim::{Claim, Extent, Reach, Resolver};
use super::{Registry, counters};
use crate::bounded::clock_table::{NONE, Slot};
use crate::config::{Config, SegmentRule};
use crate::facts::annotation::ServerId;
use crate::facts::counters::Counters;
use crate::facts::server::{Evidence, EvidenceKind, Role, RoleReason, Server};
use crate::flows::key::HostKey;
use crate::flows::site::Site;
use crate::flows::special_purpose::is_special_purpose;
use crate::packet::{Stamp, Time};
use crate::wire::dns;

/// Nanoseconds per second.
const SECOND: i64 = 1_000_000_000;

impl Registry {
    /// Processes a DNS answer's addresses.
    pub(crate) fn learn_dns(
        &mut self,
        config: &Config,
        response: &dns::Response,
        resolver: Resolver,
        stamp: Stamp,
    ) {
        let asked = response.question().filter(|name| config.is_netflix(name));
        let by_owner = resolver.over_udp && config.counts(EvidenceKind::DnsOwner);
        let until = |time_to_live: u32| {
            let seconds = u64::from(time_to_live).max(config.dns_keep());
            let span = i64::try_from(seconds).unwrap_or(i64::MAX);
            Time(stamp.time.0.saturating_add(span.saturating_mul(SECOND)))
        };
        for target in response.targets(|name| config.is_netflix(name)) {
            self.is_dns_used = true;
            let until = until(target.time_to_live);
            let kind = EvidenceKind::HttpsRecord;
            self.targets.bind(target.name, target.found, kind, until);
        }
        let bound = match asked {
            Some(_) => None,
            None => response
                .question()
                .and_then(|host| self.targets.service_of(host, stamp.time)),
        };
        if let Some((host, time_to_live)) = response.unresolved()
            && !config.is_netflix(host)
            && let Some(service) = asked.or(bound.as_ref().map(|(service, _)| &**service))
        {
            self.is_dns_used = true;
            let until = until(time_to_live);
            self.targets.bind(host, service, EvidenceKind::Cname, until);
        }
        for answer in response.answers(|name| config.is_netflix(name)) {
            let address = answer.address;
            if address.is_unspecified() || address.is_loopback() || address.is_multicast() {
                // DNS filters answer with such addresses, which belong to no server.
                continue;
            }
            let claim = |kind, source| Claim {
                kind,
                source,
                frame: stamp.frame,
                extent: Extent::Until(until(answer.time_to_live)),
            };
            let kind = match asked {
                _ if answer.is_hint => EvidenceKind::HttpsRecord,
                Some(_) => EvidenceKind::Dns,
                None if answer.found.is_some() => EvidenceKind::Cname,
                None => bound
                    .as_ref()
                    .map_or(EvidenceKind::HttpsRecord, |(_, kind)| *kind),
            };
            // DNS filters also answer with their own address, or with none.
            let is_sinkhole = address == resolver.address
                || address == IpAddr::V4(Ipv4Addr::BROADCAST)
                || is_special_purpose(address);
            let service = bound.as_ref().map(|(service, _)| &**service);
            match asked.or(answer.found).or(service) {
                _ if is_sinkhole => {}
                Some(name) => {
                    self.is_dns_used = true;
                    let _ = self.learn(config, address, claim(kind, name));
                }
                None => self.end_dns(address, stamp.time),
            }
            if by_owner && !answer.is_hint && config.is_classic_netflix(answer.owner) {
                let claim = claim(EvidenceKind::DnsOwner, answer.owner);
                let _ = self.learn(config, address, claim);
            }
        }
    }

    /// Returns true if an answer that names no Netflix host may still matter.
    pub(crate) const fn minds_foreign_dns(&self) -> bool {
        self.is_dns_used
    }

    /// Ends the DNS evidence for an address, because DNS names another service now.
    fn end_dns(&mut self, address: IpAddr, time: Time) {
        if let Some(host) = self.hosts.find(&HostKey::new(address))
            && let Some(id) = self.hosts[host].server
        {
            self.reaches[self.numbering.place(id)].end(time);
        }
    }

    /// Copies the evidence for an IPv4 address to the IPv6 address that embeds it.
    pub(super) fn learn_embedded(&mut self, config: &Config, host: Slot, embedded: IpAddr) {
        let Some(id) = self
            .hosts
            .find(&HostKey::new(embedded))
            .and_then(|known| self.hosts[known].server)
        else {
            return;
        };
        let extent = match self.reaches[self.numbering.place(id)] {
            reach if reach.everything => Extent::Everything,
            Reach {
                until: Some(until), ..
            } => Extent::Until(until),
            _ => return,
        };
        for evidence in self.servers[self.numbering.place(id)].evidence.clone() {
            if !evidence.kind.is_of_flow() {
                let claim = Claim {
                    kind: evidence.kind,
                    source: &evidence.source,
                    frame: evidence.frame,
                    extent,
                };
                let _ = self.learn_of(config, host, claim);
            }
        }
    }

    /// Adds a piece of evidence for a whole address. Returns the server if the address now is one.
    pub(crate) fn identify(
        &mut self,
        config: &Config,
        address: IpAddr,
        kind: EvidenceKind,
        source: &str,
        frame: u64,
    ) -> Option<ServerId> {
        let claim = Claim {
            kind,
            source,
            frame,
            extent: Extent::Everything,
        };
        self.learn(config, address, claim)
    }

    /// Adds a piece of evidence. Returns the server if the address now is one.
    pub(super) fn learn(
        &mut self,
        config: &Config,
        address: IpAddr,
        claim: Claim<'_>,
    ) -> Option<ServerId> {
        if !config.counts(claim.kind) {
            return None;
        }
        let host = self.host(config, HostKey::new(address), NONE);
        self.learn_of(config, host, claim)
    }

    /// Adds a piece of evidence for an address that has an entry.
    pub(super) fn learn_of(
        &mut self,
        config: &Config,
        host: Slot,
        claim: Claim<'_>,
    ) -> Option<ServerId> {
        if !config.counts(claim.kind) {
            return None;
        }
        let id = match self.hosts[host].server {
            Some(id) => id,
            None => return self.make_server(config, host, claim),
        };
        if self.add_evidence(config, id, claim) {
            self.sites_changed.push(id);
        }
        let (late, missed) = self.extend(config, host, id, claim.extent);
        self.evidence_came_late |= late;
        self.segments_missed |= missed;
        Some(id)
    }

    /// Adds a piece of evidence to a server. Returns true if its expectations changed.
    pub(super) fn add_evidence(&mut self, config: &Config, id: ServerId, claim: Claim<'_>) -> bool {
        let Claim {
            kind,
            source,
            frame,
            ..
        } = claim;
        let evidence = &mut self.servers[self.numbering.place(id)].evidence;
        let known = evidence
            .iter()
            .any(|e| e.kind == kind && *e.source == *source);
        let first_of_kind = evidence.iter().all(|e| e.kind != kind);
        if known || (!first_of_kind && evidence.len() as u64 >= config.max_evidence()) {
            return false;
        }
        // Inserted after equal kinds, so that the first name of a kind stays the one that is shown.
        let at = evidence.partition_point(|e| e.kind <= kind);
        evidence.insert(
            at,
            Evidence {
                kind,
                source: source.into(),
                frame,
            },
        );
        let server = &self.servers[self.numbering.place(id)];
        let site = Site::of(server);
        std::mem::replace(&mut self.sites[self.numbering.place(id)], site) != site
    }

    /// Makes an address a server, with everything that was counted for it before.
    pub(super) fn make_server(
        &mut self,
        config: &Config,
        host: Slot,
        claim: Claim<'_>,
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
        let has_past = server.counters != Counters::default();
        if !has_past {
            (server.t_first, server.t_last) = Default::default();
        }
        let reach = Reach {
            has_past,
            ..Reach::NONE
        };
        self.settle_in(id, server, reach);
        let _ = self.add_evidence(config, id, claim);
        let (late, missed) = self.extend(config, host, id, claim.extent);
        let has_packets = has_past || late;
        self.evidence_came_late |= has_packets;
        self.segments_missed |=
            has_past || missed || has_packets && config.segment_rule == SegmentRule::Server;
        Some(id)
    }
}
