//! Config in, packet in, annotation out, finish.

mod intake;
mod memory_bound;

use std::net::IpAddr;

use crate::bounded::clock_table::{NONE, Slot};
use crate::classify::clients::Viewers;
use crate::config::{Config, SegmentRule};
use crate::connection::classic_rule::Classic;
use crate::connection::context::{Context, Learnt, Outcome};
use crate::connection::followed::{Carrier, Connections, Session};
use crate::connection::peers::{Pair, Peers};
use crate::connection::quic::{Opening, QuicSession};
use crate::connection::tcp::application::speaks_as_client;
use crate::facts::annotation::{Annotation, ServerId};
use crate::facts::counters::Direction;
use crate::facts::segment::{Segment, SegmentTotals};
use crate::facts::server::Server;
use crate::facts::stats::Stats;
use crate::facts::unfollowed::Unfollowed;
use crate::flows::copies::{Copies, WATCHED};
use crate::flows::key::{End, FlowKey};
use crate::flows::registry::{Claim, Extent, Registry, Resolver};
use crate::flows::scopes::Scopes;
use crate::flows::translation::Translations;
use crate::packet::{Packet, Stamp, Time};
use crate::segments::table::SegmentTable;
use crate::wire::decode::fragments::{self, Fragments};
use crate::wire::decode::{Datagram, Decoder, Tcp, TcpFlags, Transport, Udp};
use crate::wire::dns;
use crate::wire::quic::MIN_CLIENT_DATAGRAM;

/// The most data that comes with a SYN: what fits an IP packet.
const MOST_WITH_SYN: u32 = 65_535;

/// A packet that was counted and followed.
struct Taken {
    flow: Slot,
    sender: End,
    outcome: Outcome,
    duplicate: bool,
}

/// The analysis of one capture.
#[derive(Debug)]
pub struct Engine {
    config: Config,
    decoder: Decoder,
    /// Made by the first fragment.
    fragments: Option<Box<Fragments>>,
    copies: Copies,
    translations: Translations,
    scopes: Scopes,
    unfollowed: Unfollowed,
    registry: Registry,
    segments: SegmentTable,
    /// Those who asked for them.
    viewers: Viewers,
    connections: Connections,
    peers: Peers,
    classic: Classic,
    /// What the packet at hand taught; empty between packets.
    learnt: Vec<Learnt>,
    segments_missed: bool,
    /// Time of the latest packet.
    latest: Time,
    stats: Stats,
    /// Time of the newest packet.
    clock: Time,
    /// `clock_step` in nanoseconds.
    clock_step: i64,
}

impl Engine {
    /// An engine that has seen nothing.
    #[must_use]
    pub fn new(config: Config) -> Self {
        let registry = Registry::new(&config);
        Self::with(config, registry)
    }

    /// Forgets all but the evidence, so that the same packets can be given again and every packet of a server is known
    /// as such from the start.
    #[must_use]
    pub fn into_informed(self) -> Self {
        let registry = self.registry.informed(&self.config);
        Self::with(self.config, registry)
    }

    fn with(config: Config, registry: Registry) -> Self {
        Self {
            decoder: Decoder::new(&config.vxlan_ports),
            fragments: None,
            copies: Copies::new(&config),
            translations: Translations::new(&config),
            scopes: Scopes::new(&config),
            unfollowed: Unfollowed::default(),
            registry,
            segments: SegmentTable::new(&config),
            viewers: Viewers::new(&config),
            connections: Connections::new(&config),
            peers: Peers::new(&config),
            classic: Classic::default(),
            learnt: Vec::new(),
            segments_missed: false,
            latest: Time::default(),
            stats: Stats::default(),
            clock: Time(i64::MIN),
            clock_step: i64::try_from(config.clock_step()).unwrap_or(i64::MAX) * 1_000_000,
            config,
        }
    }

    /// The most memory that an engine with these settings holds, in bytes, whatever packets it is given. While a list
    /// grows, its old place counts as well for a moment.
    #[must_use]
    pub fn memory_bound(config: &Config) -> u64 {
        memory_bound::bound(config)
    }

    /// Whether evidence came after packets that it concerns, so that a second pass would say more about them.
    #[must_use]
    pub fn evidence_came_late(&self) -> bool {
        self.registry.evidence_came_late
    }

    /// Returns true if packets of a server were skipped because it was not yet known to be Netflix.
    /// A second reading with [`Self::into_informed`] may then find more segments. Handshakes before
    /// the name that they lead to do not count.
    #[must_use]
    pub fn segments_missed(&self) -> bool {
        self.segments_missed || self.registry.segments_missed
    }

    /// Returns true if a second reading with [`Self::into_informed`] would say more of some packet,
    /// or find more segments. Every host that shows facts of packets asks this, so that all say the
    /// same; rows of segments only need [`Self::segments_missed`].
    #[must_use]
    pub fn should_read_again(&self) -> bool {
        self.evidence_came_late() || self.segments_missed()
    }

    /// Takes the next packet; `None` where it is none of Netflix's.
    #[inline(always)]
    pub fn packet(&mut self, packet: &Packet<'_>) -> Option<Annotation> {
        // Apart, so that callers which do not look at the annotation do not pay for it.
        let taken = self.take(packet)?;
        let entry = self.registry.flow(taken.flow);
        let (server, end) = entry.server?;
        let segment = taken
            .outcome
            .segment
            .and_then(|number| self.segments.get(number));
        Some(Annotation {
            server,
            flow: entry.number,
            direction: if taken.sender == end {
                Direction::In
            } else {
                Direction::Out
            },
            request: taken.outcome.request,
            truncated: taken.outcome.truncated,
            segment: segment.map(|segment| segment.number),
            bytes_so_far: segment.map_or(0, |segment| segment.bytes),
            missing: segment.is_some_and(|segment| segment.missing_bytes > 0),
            duplicate: taken.duplicate,
            full: self.stats().lost() > 0,
            server_counters: self.registry.servers().get(server as usize)?.counters,
            flow_counters: entry.counters(end),
        })
    }

    /// Counts and follows a packet.
    fn take(&mut self, packet: &Packet<'_>) -> Option<Taken> {
        let taken = self.follow(packet);
        self.latest = packet.time;
        // Behind the packet, whose bytes keep their segment open.
        if self.segments.is_sweep_due(packet.time) {
            self.sweep(packet.time);
        }
        taken
    }

    /// Settles segments that were quiet for long.
    #[cold]
    fn sweep(&mut self, now: Time) {
        let (viewers, config, registry) = (&mut self.viewers, &self.config, &mut self.registry);
        self.segments.sweep(now, |segments, number| {
            viewers.judge_before_settling(number, config, registry, segments);
        });
    }

    /// Decodes a packet, and hands it to its connection.
    fn follow(&mut self, packet: &Packet<'_>) -> Option<Taken> {
        self.stats.packets += 1;
        self.watch_clock(packet.time);
        match self.decoder.plain(packet) {
            Some(datagram) => self.take_datagram(packet, &datagram, 0),
            None => self.take_other(packet),
        }
    }

    /// Counts and follows an IP packet that came in a numbered scope.
    #[inline(always)]
    fn take_datagram(
        &mut self,
        packet: &Packet<'_>,
        datagram: &Datagram<'_>,
        scope: u16,
    ) -> Option<Taken> {
        let stamp = Stamp {
            frame: packet.frame,
            time: packet.time,
        };
        let (key, mut sender) = FlowKey::of(datagram);
        let key = key.within(scope);
        // Calls that few packets need get a copy of their own, so that those of the others stay in registers.
        let transport = &datagram.transport;
        if let Transport::Udp(udp) = transport {
            self.learn(udp, datagram.source, stamp);
        }
        let has_ports = matches!(transport, Transport::Tcp(_) | Transport::Udp(_));
        let mut flow = self.enter(key, has_ports, stamp.time);
        let is_syn = matches!(transport, Transport::Tcp(tcp) if tcp.flags.has(TcpFlags::SYN));
        if is_syn {
            self.registry.flow_mut(flow).watch = WATCHED + 1;
        }
        if self.registry.flow(flow).watch > self.copies.quiet {
            let is_copy;
            (flow, sender, is_copy) =
                self.look_for_copy(packet, datagram.header_at, *transport, (flow, sender));
            if is_copy {
                return has_ports.then(|| Self::copied(flow, sender));
            }
        }
        match transport {
            Transport::Tcp(tcp) if is_syn => {
                let tcp = *tcp;
                self.renew_if_reopened(flow, &tcp, sender, stamp.time);
            }
            Transport::Udp(udp) => self.renew_if_quic_reopened(flow, udp, sender, stamp.time),
            _ => {}
        }
        self.registry
            .count(flow, sender, datagram.length, stamp.time);
        let outcome = match transport {
            Transport::Tcp(tcp) => self.tcp(flow, tcp, sender, stamp),
            Transport::Udp(udp) => self.udp(flow, udp, sender, stamp),
            Transport::LaterFragment => Outcome::default(),
            // Fields are for TCP and UDP; what else the address sends is counted only.
            Transport::Other => return None,
        };
        Some(Taken {
            flow,
            sender,
            outcome,
            duplicate: false,
        })
    }

    /// Counts steps of the capture's clock.
    #[inline]
    fn watch_clock(&mut self, now: Time) {
        let before = std::mem::replace(&mut self.clock, now);
        if now < before && before.since(now) > self.clock_step {
            self.stats.clock_steps += 1;
        }
    }

    /// The flow of a packet.
    #[inline]
    fn enter(&mut self, key: FlowKey, numbered: bool, time: Time) -> Slot {
        let connections = &mut self.connections;
        self.registry
            .enter(&self.config, key, numbered, time, |flow, place| {
                connections.evict(flow, place)
            })
    }

    /// Learns names from a datagram.
    #[inline(always)]
    fn learn(&mut self, udp: &Udp<'_>, source: IpAddr, stamp: Stamp) {
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

    /// Calls a connection, or the classic rule, with what it may use; then applies what it learnt.
    #[inline(always)]
    fn call<R>(
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

    /// Applies what a connection learnt, and has the segments judged that it opened.
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
                Learnt::Foreign => self.registry.disown(slot),
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
        self.notice_changed_sites();
        self.viewers
            .follow(&self.config, &mut self.registry, &mut self.segments);
    }

    /// Asks for a second pass where kinds that cannot change any more were decided by other expectations.
    fn notice_changed_sites(&mut self) {
        let (segments, is_final) = (&self.segments, self.viewers.verdicts_final);
        self.segments_missed |= self
            .registry
            .sites_changed
            .drain(..)
            .any(|server| is_final && segments.totals(server).count > 0);
    }

    /// Makes a flow a new one when this SYN opens another connection under its ports.
    fn renew_if_reopened(&mut self, slot: Slot, tcp: &Tcp<'_>, sender: End, time: Time) {
        // The server's SYN acknowledges the client's, which may not have been captured.
        let is_answer = tcp.flags.has(TcpFlags::ACK);
        let opened_by = if is_answer {
            tcp.acknowledgement.wrapping_sub(1)
        } else {
            tcp.sequence
        };
        let flow = self.registry.flow(slot);
        let seen = flow.counters(sender);
        let is_first = seen.in_pkts == 0 && seen.out_pkts == 0;
        // Data that came with the client's SYN is acknowledged with it (TCP Fast Open, RFC 7413).
        let is_repeated = flow.opened_by.is_some_and(|known| {
            let ahead = opened_by.wrapping_sub(known);
            ahead == 0 || is_answer && ahead <= MOST_WITH_SYN
        });
        if !is_first && !is_repeated {
            self.renew(slot, time);
        }
        if is_first || !is_repeated {
            self.registry.flow_mut(slot).opened_by = Some(opened_by);
        }
        let opener = if is_answer { 1 - sender } else { sender };
        self.registry.opened(&self.config, slot, opener);
    }

    /// Makes a flow a new one when a client opens another QUIC connection from its port.
    #[inline(always)]
    fn renew_if_quic_reopened(&mut self, slot: Slot, udp: &Udp<'_>, sender: End, time: Time) {
        let connection = self.registry.flow(slot).connection;
        if connection != NONE {
            let udp = *udp;
            self.renew_if_quic_opens(slot, &udp, sender, time);
        }
    }

    #[inline(never)]
    fn renew_if_quic_opens(&mut self, slot: Slot, udp: &Udp<'_>, sender: End, time: Time) {
        let connection = self.registry.flow(slot).connection;
        if self.connections.list[connection as usize].flow == slot
            && let Session::Quic(session) = &self.connections.list[connection as usize].session
            && session.is_reopened_by(udp, sender)
        {
            self.renew(slot, time);
        }
    }

    fn renew(&mut self, slot: Slot, time: Time) {
        let connection = self.registry.flow(slot).connection;
        if connection != NONE && self.connections.list[connection as usize].flow == slot {
            self.close(slot, connection, true);
        }
        self.registry.renew(&self.config, slot, time);
    }

    /// Ends what is followed of a flow.
    fn close(&mut self, slot: Slot, connection: Slot, complete: bool) {
        let client = self.connections.list[connection as usize].session.client();
        self.call(slot, client, |connections, _, ctx| {
            connections.list[connection as usize]
                .session
                .close(ctx, complete);
        });
        self.stop_following(slot, connection);
    }

    fn stop_following(&mut self, slot: Slot, connection: Slot) {
        self.connections.release(connection);
        let flow = self.registry.flow_mut(slot);
        flow.connection = NONE;
        flow.passed_over = true;
    }

    /// Follows a TCP flow: Netflix's, and any other until it is known not to be.
    #[inline(always)]
    fn tcp(&mut self, slot: Slot, tcp: &Tcp<'_>, sender: End, stamp: Stamp) -> Outcome {
        let flow = self.registry.flow(slot);
        // Most packets of others are of such flows.
        if flow.settled && flow.server.is_none() {
            return Outcome::default();
        }
        let tcp = *tcp;
        self.follow_tcp(slot, &tcp, sender, stamp)
    }

    #[inline(never)]
    fn follow_tcp(&mut self, slot: Slot, tcp: &Tcp<'_>, sender: End, stamp: Stamp) -> Outcome {
        let flow = self.registry.flow(slot);
        let server = flow.server;
        let is_classic = self.config.segment_rule == SegmentRule::Server;
        if is_classic
            && flow.settled
            && let Some((_, end)) = server
        {
            return self.classic_packet(slot, tcp, 1 - end, sender, stamp);
        }
        let takes_short_ways = self.config.takes_short_ways() && !is_classic;
        let mut place = self.place(slot);
        if place == NONE {
            if server.is_some_and(|(_, end)| end == sender) && speaks_as_client(tcp.payload) {
                self.registry.opened(&self.config, slot, sender);
            }
            let server = self.registry.flow(slot).server;
            let key = self.registry.key(slot);
            let Some(client) =
                client_end(&self.config, key, tcp, sender, server.map(|(_, end)| end))
            else {
                // Data that is neither a beginning nor says who sends it settles the matter; a bare acknowledgement not.
                let flow = self.registry.flow_mut(slot);
                flow.settled = tcp.payload_length > 0;
                flow.passed_over = true;
                return Outcome::default();
            };
            if self.registry.flow(slot).over && tcp.payload_length == 0 {
                return Outcome::default();
            }
            place = self.open_connection(
                slot,
                client,
                Carrier::Tcp(self.registry.key(slot).port(1 - client)),
            );
        }
        let followed = &mut self.connections.list[place as usize];
        followed.used = true;
        let Session::Tcp(connection) = &mut followed.session else {
            return Outcome::default();
        };
        // Of a packet that says nothing new about its connection, there is nothing more to do.
        if takes_short_ways
            && let Some(outcome) = connection.pass(tcp, sender, stamp, &mut self.segments)
        {
            return outcome;
        }
        let client = connection.client;
        let report = self.call(slot, client, |connections, _, ctx| {
            let Session::Tcp(connection) = &mut connections.list[place as usize].session else {
                return None;
            };
            // Without payload too: an acknowledgement hands what was held back to readers, who may keep more of it.
            let keeps = tcp.payload_length > 0 || connection.holds_back();
            let outcome = connection.packet(tcp, sender, stamp, ctx);
            let dropped = std::mem::take(&mut connection.dropped);
            Some((
                outcome,
                dropped,
                keeps,
                std::mem::take(&mut connection.repeated),
                connection.is_settled(),
                connection.is_over(),
            ))
        });
        let Some((mut outcome, dropped, keeps, repeats, settled, is_over)) = report else {
            return Outcome::default();
        };
        self.stats.reorder_dropped += dropped;
        if keeps {
            self.relieve(place);
        }
        let flow = self.registry.flow_mut(slot);
        if repeats {
            flow.watch = flow.watch.max(WATCHED);
        }
        match flow.server {
            None if settled => {
                flow.settled = true;
                flow.connection = NONE;
                self.connections.release(place);
            }
            Some((_, end)) if end == client => {
                // What looked like the client is the Netflix end after all: followed anew from here.
                flow.connection = NONE;
                self.connections.release(place);
            }
            Some((_, end)) if is_classic => {
                flow.settled |= settled;
                if settled {
                    flow.connection = NONE;
                    self.connections.release(place);
                }
                outcome = self.classic_packet(slot, tcp, 1 - end, sender, stamp);
            }
            _ if is_over => self.end(place),
            _ => {}
        }
        outcome
    }

    /// Takes note that a connection is over, and lets go of one that has been for long.
    fn end(&mut self, place: Slot) {
        let Some(place) = self.connections.end(place) else {
            return;
        };
        let slot = self.connections.list[place as usize].flow;
        let passed_over = self.registry.flow(slot).passed_over;
        self.close(slot, place, false);
        let flow = self.registry.flow_mut(slot);
        (flow.over, flow.passed_over) = (true, passed_over);
    }

    fn classic_packet(
        &mut self,
        slot: Slot,
        tcp: &Tcp<'_>,
        client: End,
        sender: End,
        stamp: Stamp,
    ) -> Outcome {
        self.call(slot, client, |_, classic, ctx| {
            classic.packet(tcp, sender == client, stamp, ctx)
        })
    }

    /// Follows a UDP flow while it may be QUIC: Netflix's, and any other until it is known not to be.
    #[inline(always)]
    fn udp(&mut self, slot: Slot, udp: &Udp<'_>, sender: End, stamp: Stamp) -> Outcome {
        let flow = self.registry.flow(slot);
        let is_classic = self.config.segment_rule == SegmentRule::Server;
        if flow.settled && (flow.server.is_none() || is_classic) {
            // A connection may begin behind anything else that has the same ports, but for one that was looked at.
            if flow.server.is_some() || flow.client.is_some() || !QuicSession::opens(udp) {
                return Outcome::default();
            }
            self.registry.flow_mut(slot).settled = false;
        }
        let udp = *udp;
        self.follow_udp(slot, &udp, sender, stamp)
    }

    #[inline(never)]
    fn follow_udp(&mut self, slot: Slot, udp: &Udp<'_>, sender: End, stamp: Stamp) -> Outcome {
        let server = self.registry.flow(slot).server;
        let is_classic = self.config.segment_rule == SegmentRule::Server;
        let mut place = self.place(slot);
        if place == NONE {
            place = match self.quic_place(slot, udp, sender, stamp) {
                Some(place) => place,
                None => return Outcome::default(),
            };
        } else if self.connections.list[place as usize].former == slot {
            place = self.return_to(slot, place, udp, sender, stamp);
        }
        let followed = &mut self.connections.list[place as usize];
        followed.used = true;
        let current = followed.flow;
        let Session::Quic(session) = &followed.session else {
            return Outcome::default();
        };
        let (client, introduce) = (session.client, !session.introduced);
        // Packets may come late where the connection came from, in which the ends may have other numbers.
        let is_late = current != slot;
        let sender = match server {
            Some((_, end)) if is_late && sender == end => 1 - client,
            Some(_) if is_late => client,
            _ => sender,
        };
        let (outcome, settled) =
            self.call(
                current,
                client,
                |connections, _, ctx| match &mut connections.list[place as usize].session {
                    Session::Quic(session) => {
                        (session.packet(udp, sender, stamp, ctx), session.settled)
                    }
                    Session::Tcp(_) => (Outcome::default(), true),
                },
            );
        self.relieve(place);
        if is_late {
            return outcome;
        }
        let flow = self.registry.flow_mut(slot);
        let is_followed = match flow.server {
            None => !settled,
            Some((_, end)) => end != client && !(is_classic && settled),
        };
        if !is_followed {
            flow.settled |= settled;
            self.stop_following(slot, place);
        } else if introduce && flow.server.is_some() {
            self.introduce(slot, place);
        }
        outcome
    }

    /// Where a QUIC connection of a flow that is not followed yet belongs: to a new place, or to that of one that moved.
    fn quic_place(&mut self, slot: Slot, udp: &Udp<'_>, sender: End, stamp: Stamp) -> Option<Slot> {
        let server = self.registry.flow(slot).server.map(|(_, end)| end);
        if let Some(end) = server
            && let Some((place, former)) = self.moving(slot, end)
        {
            let Session::Quic(session) = &mut self.connections.list[place as usize].session else {
                return None;
            };
            if sender != end && session.is_continued_by(udp, stamp, &self.config) {
                session.moves(1 - end, udp);
                self.connections.moves(place, slot);
                self.place_at(slot, place, 1 - end);
                self.introduce(slot, place);
                return Some(place);
            }
            // It may be about to move here: the path is tried first (RFC 9000, section 9.1).
            let tries = self.registry.flow(former).server.is_some()
                && udp.payload_length as usize >= MIN_CLIENT_DATAGRAM
                && !QuicSession::opens(udp);
            if tries {
                return None;
            }
        }
        match QuicSession::opening(self.registry.key(slot), udp, sender, server) {
            Opening::Client(client) => Some(self.open_connection(slot, client, Carrier::Quic)),
            opening @ (Opening::NotYet | Opening::No) => {
                let flow = self.registry.flow_mut(slot);
                flow.settled |= opening == Opening::No;
                flow.passed_over = true;
                None
            }
        }
    }

    /// The connection that may go on in a flow of which nothing was followed so far, and the flow that it has.
    fn moving(&mut self, slot: Slot, end: End) -> Option<(Slot, Slot)> {
        if self.registry.flow(slot).client.is_some() {
            return None;
        }
        let (place, former) = self.peers.latest(&self.pair(slot, end)?)?;
        let followed = self.connections.list.get(place as usize)?;
        let is_quic = matches!(followed.session, Session::Quic(_));
        (followed.flow == former && former != slot && is_quic).then_some((place, former))
    }

    /// Who speaks with whom in a flow whose server is at this end.
    fn pair(&self, slot: Slot, end: End) -> Option<Pair> {
        let (server, _) = self.registry.flow(slot).server?;
        let key = self.registry.key(slot);
        Some(Pair {
            client: key.address(1 - end),
            server,
            port: key.port(end),
        })
    }

    /// Takes note of a QUIC connection of a Netflix server, so that it is found again when it moves.
    fn introduce(&mut self, slot: Slot, place: Slot) {
        let Some((_, end)) = self.registry.flow(slot).server else {
            return;
        };
        if let Some(pair) = self.pair(slot, end) {
            self.peers.note(pair, place, slot);
        }
        if let Session::Quic(session) = &mut self.connections.list[place as usize].session {
            session.introduced = true;
        }
    }

    /// Takes a packet of the flow that a connection came from: late, or since it went back there. Returns where it
    /// belongs: two connections that were taken for one come apart.
    fn return_to(
        &mut self,
        slot: Slot,
        place: Slot,
        udp: &Udp<'_>,
        sender: End,
        stamp: Stamp,
    ) -> Slot {
        let Some((_, end)) = self.registry.flow(slot).server else {
            return place;
        };
        let Session::Quic(session) = &mut self.connections.list[place as usize].session else {
            return place;
        };
        if sender == end || session.is_busy(stamp, &self.config) {
            return place;
        }
        if self.connections.moves(place, slot) {
            if let Session::Quic(session) = &mut self.connections.list[place as usize].session {
                session.moves(1 - end, udp);
            }
            self.introduce(slot, place);
            return place;
        }
        self.open_connection(slot, 1 - end, Carrier::Quic)
    }

    /// Where a flow is followed, if it is, and its server's end is not what looked like the client until now: then it is
    /// followed anew from here.
    #[inline]
    fn place(&mut self, slot: Slot) -> Slot {
        let flow = self.registry.flow(slot);
        let (place, server) = (flow.connection, flow.server);
        if place != NONE && !self.connections.belongs(place, slot) {
            self.registry.flow_mut(slot).connection = NONE;
            return NONE;
        }
        if place != NONE
            && self.connections.list[place as usize].flow == slot
            && server.is_some_and(|(_, end)| {
                end == self.connections.list[place as usize].session.client()
            })
        {
            self.stop_following(slot, place);
            return NONE;
        }
        place
    }

    fn open_connection(&mut self, slot: Slot, client: End, carrier: Carrier) -> Slot {
        if let Some(victim) = self
            .connections
            .victim(|flow| self.registry.flow(flow).server.is_some())
        {
            let owner = self.connections.list[victim as usize].flow;
            self.close(owner, victim, false);
            self.stats.connections_evicted += 1;
        }
        let place = self.connections.take(slot, client, carrier);
        self.place_at(slot, place, client);
        place
    }

    /// Takes note of where a flow is followed.
    fn place_at(&mut self, slot: Slot, place: Slot, client: End) {
        let flow = self.registry.flow_mut(slot);
        flow.connection = place;
        flow.client = Some(client);
        flow.over = false;
    }

    /// Lets go of connections that hold much, if all together hold too much, after a packet of one at `place`.
    fn relieve(&mut self, place: Slot) {
        if self.connections.weigh(place) {
            self.make_room(place);
        }
    }

    /// Lets go of connections that hold much, but not of `place`, until all together hold no more than they may.
    fn make_room(&mut self, place: Slot) {
        while let Some(victim) = self.connections.heavy(place) {
            let owner = self.connections.list[victim as usize].flow;
            self.close(owner, victim, false);
            self.stats.connections_evicted += 1;
        }
    }

    /// Ends the capture: every segment settles. Those still open stay incomplete, unless they were quiet for
    /// `segment_quiet`. Further packets may follow (a live capture that goes on); what they bring for segments of before is
    /// too late.
    pub fn finish(&mut self) {
        for place in 0..self.connections.list.len() as Slot {
            let followed = &self.connections.list[place as usize];
            let (slot, client) = (followed.flow, followed.session.client());
            if slot == NONE {
                continue;
            }
            self.call(slot, client, |connections, _, ctx| {
                connections.list[place as usize].session.close(ctx, false);
            });
            // What was held back was read, by readers who may keep more of it.
            self.connections.weigh(place);
        }
        self.make_room(NONE);
        self.classic.finish(&mut self.segments);
        self.viewers
            .finish(&self.config, &mut self.registry, &mut self.segments);
        self.segments.settle_all(self.latest);
    }

    /// Begins to keep settled segments for [`Self::next_settled`].
    pub fn watch_settled(&mut self) {
        self.segments.watch();
    }

    /// Returns the next segment that settled, in the order in which they settle, each once. A settled segment does not change
    /// any more. Segments settle `settle_after` seconds behind their last byte, when they have to make room, and with
    /// [`Self::finish`]. Take them often: what finds no room in the queue is counted in [`Stats::settled_lost`].
    pub fn next_settled(&mut self) -> Option<Segment> {
        self.segments.next_settled()
    }

    /// Number of servers identified: ids are 0 up to this.
    #[must_use]
    pub fn server_count(&self) -> u32 {
        self.registry.servers().len() as u32
    }

    /// A server by its id.
    #[must_use]
    pub fn server(&self, id: ServerId) -> Option<&Server> {
        self.registry.servers().get(id as usize)
    }

    /// Returns number and bytes of a server's segments, those that made room among them.
    #[must_use]
    pub fn server_segments(&self, id: ServerId) -> SegmentTotals {
        self.segments.totals(id)
    }

    /// Smallest and one past the largest segment number that is held; numbers between may be unused.
    #[must_use]
    pub fn segment_numbers(&self) -> core::ops::Range<u32> {
        self.segments.numbers()
    }

    /// A segment by its number; `None` if there is none, or it was evicted.
    #[must_use]
    pub fn segment(&self, number: u32) -> Option<&Segment> {
        self.segments.get(number)
    }

    /// What was dropped or capped.
    #[must_use]
    #[inline]
    pub fn stats(&self) -> Stats {
        let (settled_lost, late_changes) = self.segments.settling_losses();
        Stats {
            settled_lost,
            late_changes,
            flows: self.registry.flow_count() as u64,
            flows_evicted: self.registry.flows_evicted,
            hosts_evicted: self.registry.hosts_evicted,
            servers_dropped: self.registry.servers_dropped,
            segments_evicted: self.segments.evicted,
            ..self.stats
        }
    }

    /// Packets in which a known header hides the rest, and link types that are not known.
    #[must_use]
    pub fn unfollowed(&self) -> &Unfollowed {
        &self.unfollowed
    }

    /// The settings in force.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }
}

/// The limits of the table of fragments.
pub(crate) fn fragment_limits(config: &Config) -> fragments::Limits {
    let size = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    fragments::Limits {
        packets: size(config.fragment_packets()),
        bytes: size(config.fragment_bytes()),
        patience: i64::try_from(config.fragment_patience())
            .unwrap_or(i64::MAX)
            .saturating_mul(1_000_000),
    }
}

/// Which end of a TCP flow is the client: the one that is not Netflix, else the one that opens it, else the one that
/// speaks as a client does. `None` where nothing tells.
fn client_end(
    config: &Config,
    key: &FlowKey,
    tcp: &Tcp<'_>,
    sender: End,
    server: Option<End>,
) -> Option<End> {
    if let Some(end) = server {
        return Some(1 - end);
    }
    if tcp.flags.has(TcpFlags::SYN) {
        return Some(if tcp.flags.has(TcpFlags::ACK) {
            1 - sender
        } else {
            sender
        });
    }
    if config.dns_ports.contains(&key.port(sender)) {
        return Some(1 - sender);
    }
    speaks_as_client(tcp.payload).then_some(sender)
}

#[cfg(test)]
mod tests;
