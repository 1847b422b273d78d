//! Evidence on its way to the registry: names in DNS, and facts that connections learnt.

use std::net::IpAddr;

use super::Engine;
use crate::bounded::clock_table::Slot;
use crate::connection::classic_rule::Classic;
use crate::connection::context::{Context, Learnt};
use crate::connection::followed::Connections;
use crate::facts::server::EvidenceKind;
use crate::flows::key::End;
use crate::flows::registry::{Claim, Extent, Resolver};
use crate::packet::Stamp;
use crate::wire::decode::Udp;
use crate::wire::dns;

impl Engine {
    /// Learns names from a datagram.
    #[inline(always)]
    pub(super) fn learn(&mut self, udp: &Udp<'_>, source: IpAddr, stamp: Stamp) {
        if self.config.dns_ports.contains(&udp.source_port) {
            let udp = *udp;
            self.learn_dns(&udp, source, stamp);
        }
    }

    /// Learns names from a DNS server's datagram.
    #[inline(never)]
    fn learn_dns(&mut self, udp: &Udp<'_>, source: IpAddr, stamp: Stamp) {
        if (self.registry.minds_foreign_dns() || self.config.may_name_netflix(udp.payload))
            && let Some(response) = dns::Response::parse(udp.payload)
            && !response.is_empty()
        {
            let resolver = Resolver {
                address: source,
                over_udp: true,
            };
            self.registry
                .learn_dns(&self.config, &response, resolver, stamp);
            self.notice_changed_sites();
        }
    }

    /// Calls a connection, or the classic rule, with the state that it may use, and applies what it
    /// learnt.
    #[inline(always)]
    pub(super) fn call<R>(
        &mut self,
        slot: Slot,
        client: End,
        connection: impl FnOnce(&mut Connections, &mut Classic, &mut Context<'_>) -> R,
    ) -> R {
        let (key, flow) = self.registry.entry(slot);
        let reserved = match flow.server {
            Some(_) => None,
            None => self.registry.reserved(slot, 1 - client),
        };
        let mut ctx = Context {
            config: &self.config,
            segments: &mut self.segments,
            learnt: &mut self.learnt,
            key,
            number: flow.number,
            client,
            server: flow.server.map(|(id, _)| id),
            reserved,
            own: flow.own,
            via: None,
            is_firm: flow.is_firm,
            passed_over: false,
            has_news: false,
        };
        let result = connection(&mut self.connections, &mut self.classic, &mut ctx);
        // Most packets bring nothing but bytes.
        if ctx.has_news {
            let passed_over = ctx.passed_over;
            self.apply(slot, client, passed_over);
        }
        result
    }

    /// Applies the facts that a connection learnt, and judges the segments that it opened.
    #[cold]
    fn apply(&mut self, slot: Slot, client: End, passed_over: bool) {
        self.registry.flow_mut(slot).passed_over |= passed_over;
        for learnt in std::mem::take(&mut self.learnt) {
            match learnt {
                Learnt::Name {
                    kind,
                    name,
                    frame,
                    is_proxied,
                } => {
                    let extent = if is_proxied {
                        Extent::Flow
                    } else {
                        Extent::Port(self.registry.key(slot).port(1 - client))
                    };
                    let claim = Claim {
                        kind,
                        source: &name,
                        frame,
                        extent,
                    };
                    self.registry.claim(&self.config, slot, 1 - client, claim);
                }
                Learnt::Foreign(kind) => {
                    if kind == EvidenceKind::HttpHost {
                        self.registry.note_foreign_request(slot, 1 - client);
                    }
                    self.registry.disown(slot);
                }
                Learnt::Destination { address, stamp } => {
                    let flow = (slot, 1 - client);
                    self.registry
                        .claim_destination(&self.config, flow, address, stamp);
                }
                Learnt::Host { name, stamp } => {
                    let flow = (slot, 1 - client);
                    self.registry.claim_host(&self.config, flow, &name, stamp);
                }
                Learnt::Disorder => self.stats.disordered += 1,
                Learnt::Skew(late) => self.note_quic_skew(late),
                Learnt::Dns { response, stamp } => {
                    let resolver = Resolver {
                        address: self.registry.key(slot).address(1 - client),
                        over_udp: false,
                    };
                    self.registry
                        .learn_dns(&self.config, &response, resolver, stamp);
                }
            }
        }
        let flow = self.registry.flow(slot);
        if let (Some(number), Some(name)) = (flow.number, &flow.own_name) {
            self.segments.note_name(number, name);
        }
        self.notice_changed_sites();
        self.note_viewer(slot);
        self.clients
            .follow(&self.config, &mut self.registry, &mut self.segments);
    }

    /// Records the owner of the segments that a flow just opened, if it is not the client's
    /// address: either the device has another first address, or the connection came from another
    /// address.
    fn note_viewer(&mut self, slot: Slot) {
        let place = self.registry.flow(slot).connection;
        let moved = match self.connections.list.get(place as usize) {
            Some(followed) => followed.session.began_at(),
            None => None,
        };
        if moved.is_none() && self.viewers.is_none() {
            return;
        }
        for number in self.clients.new_segments(&self.segments) {
            if let Some(segment) = self.segments.get_mut(number) {
                let address = moved.unwrap_or(segment.client);
                segment.client = match &mut self.viewers {
                    Some(viewers) => viewers.of(address),
                    None => address,
                };
            }
        }
    }

    /// Asks for a second pass if kinds that can no longer change were decided with other
    /// expectations of the server.
    pub(super) fn notice_changed_sites(&mut self) {
        let (segments, is_final) = (&self.segments, self.clients.verdicts_final);
        self.segments_missed |= self.registry.sites_changed.drain(..).any(|server| {
            segments.has_settled(server) || is_final && segments.totals(server).count > 0
        });
    }
}
