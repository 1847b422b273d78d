//! Config in, packet in, annotation out, finish.

mod clock;
mod in_order;
mod intake;
mod jumps;
mod learning;
mod memory_bound;
mod paths;
mod places;
mod quic;
mod taps;
mod tcp;

use self::clock::CaptureClock;
use self::taps::Taps;
use crate::bounded::clock_table::{NONE, Slot};
use crate::classify::clients::Clients;
use crate::config::{ClientKey, Config};
use crate::connection::classic_rule::Classic;
use crate::connection::context::{Learnt, Outcome};
use crate::connection::followed::Connections;
use crate::connection::peers::Peers;
use crate::facts::annotation::{Annotation, ServerId};
use crate::facts::counters::Direction;
use crate::facts::segment::{Segment, SegmentTotals};
use crate::facts::server::Server;
use crate::facts::stats::Stats;
use crate::facts::unfollowed::Unfollowed;
use crate::flows::copies::{Copies, Suspected, WATCHED};
use crate::flows::key::{End, FlowKey};
use crate::flows::paths::Paths;
use crate::flows::registry::Registry;
use crate::flows::scopes::Scopes;
use crate::flows::translation::Translations;
use crate::flows::viewers::Viewers;
use crate::packet::{Packet, Stamp, Time};
use crate::segments::table::SegmentTable;
use crate::wire::decode::fragments::Fragments;
use crate::wire::decode::{Datagram, Decoder, IpPayload, TcpFlags};

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
    /// Where `client_key` asks for devices.
    viewers: Option<Box<Viewers>>,
    scopes: Scopes,
    taps: Taps,
    unfollowed: Unfollowed,
    registry: Registry,
    segments: SegmentTable,
    /// The clients that asked for them.
    clients: Clients,
    connections: Connections,
    peers: Peers,
    paths: Paths,
    classic: Classic,
    /// Facts that the packet at hand taught; empty between packets.
    learnt: Vec<Learnt>,
    segments_missed: bool,
    /// Time of the latest packet.
    latest: Time,
    stats: Stats,
    /// The latest packet was a copy of another.
    latest_is_copy: bool,
    /// IP bytes of the latest packet.
    length: u32,
    /// A packet that came again before the first copy was found, and may be one.
    suspect: Option<Suspected>,
    clock: CaptureClock,
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
    pub fn restart_with_evidence(self) -> Self {
        let registry = self.registry.informed(&self.config);
        let mut informed = Self::with(self.config, registry);
        if self.taps.differ {
            informed.put_in_order();
            // What shows it waits for what it answers from the first packet on.
            informed.taps.known = true;
            informed.stats.answers_first = self.stats.answers_first;
        }
        informed
    }

    fn with(config: Config, registry: Registry) -> Self {
        Self {
            decoder: Decoder::new(&config.vxlan_ports),
            fragments: None,
            copies: Copies::new(&config),
            translations: Translations::new(&config),
            viewers: (config.client_key == ClientKey::Mac).then(|| Box::new(Viewers::new(&config))),
            scopes: Scopes::new(&config),
            taps: Taps::new(&config),
            unfollowed: Unfollowed::default(),
            registry,
            segments: SegmentTable::new(&config),
            clients: Clients::new(&config),
            connections: Connections::new(&config),
            peers: Peers::new(&config),
            paths: Paths::new(&config),
            classic: Classic::default(),
            learnt: Vec::new(),
            segments_missed: false,
            latest: Time::default(),
            stats: Stats::default(),
            latest_is_copy: false,
            length: 0,
            suspect: None,
            clock: CaptureClock::new(&config),
            config,
        }
    }

    /// The most memory that an engine with these settings holds, in bytes, whatever packets it is given. While a list
    /// grows, its old place counts as well for a moment.
    #[must_use]
    pub fn memory_bound(config: &Config) -> u64 {
        memory_bound::bound(config)
    }

    /// Returns true if evidence came after packets that it concerns, so that a second pass would
    /// say more about them.
    #[must_use]
    pub fn evidence_came_late(&self) -> bool {
        self.registry.evidence_came_late
    }

    /// Returns true if packets of a server were skipped because it was not yet known to be Netflix.
    /// A second reading with [`Self::restart_with_evidence`] may then find more segments. Handshakes before
    /// the name that they lead to do not count.
    #[must_use]
    pub fn segments_missed(&self) -> bool {
        self.segments_missed || self.registry.segments_missed
    }

    /// Returns true if a second reading with [`Self::restart_with_evidence`] would say more of some packet,
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
            server_counters: self.registry.server(server)?.counters,
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
        let now = self.clock.trusted(now);
        if !self.segments.is_sweep_due(now) {
            return;
        }
        let (clients, config, registry) = (&mut self.clients, &self.config, &mut self.registry);
        self.segments.sweep(now, |segments, number| {
            clients.judge_before_settling(number, config, registry, segments);
        });
    }

    /// Decodes a packet, and hands it to its connection.
    fn follow(&mut self, packet: &Packet<'_>) -> Option<Taken> {
        self.stats.packets += 1;
        self.latest_is_copy = false;
        if let Some(before) = self.clock.take(packet.time) {
            self.note_jump(before, packet);
        }
        // Each protocol on a way of its own, on which the compiler knows what the packet is.
        if let Some(plain) = self.decoder.plain_ipv4(packet) {
            if let Some(datagram) = plain.tcp() {
                return self.take_datagram(packet, &datagram, 0);
            }
            if let Some(datagram) = self.decoder.plain_udp(&plain) {
                return self.take_datagram(packet, &datagram, 0);
            }
        }
        self.take_other(packet)
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
        if let IpPayload::Udp(udp) = transport {
            self.learn(udp, datagram.source, stamp);
        }
        let has_ports = key.has_ports();
        let mut flow = self.enter(key, has_ports, stamp.time);
        let is_syn = matches!(transport, IpPayload::Tcp(tcp) if tcp.flags.has(TcpFlags::SYN));
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
            IpPayload::Tcp(tcp) if is_syn => {
                let tcp = *tcp;
                self.renew_if_reopened(flow, &tcp, sender, stamp);
            }
            IpPayload::Udp(udp) => self.renew_if_quic_reopened(flow, udp, sender, stamp.time),
            _ => {}
        }
        self.registry
            .count(flow, sender, datagram.length, stamp.time);
        self.length = datagram.length;
        let outcome = match transport {
            IpPayload::Tcp(tcp) => self.tcp(flow, tcp, sender, stamp),
            IpPayload::Udp(udp) => self.udp(flow, udp, sender, stamp),
            IpPayload::UdpFragment { .. } | IpPayload::LaterFragment => Outcome::default(),
            // Fields are for TCP and UDP; what else the address sends is counted only.
            IpPayload::Other => return None,
        };
        Some(Taken {
            flow,
            sender,
            outcome,
            duplicate: false,
        })
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

    /// Ends the capture: every segment settles. Those still open stay incomplete, unless they were quiet for
    /// `segment_quiet`. Further packets may follow (a live capture that goes on); what they bring for segments of before is
    /// too late.
    pub fn finish(&mut self) {
        self.release_all();
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
        self.clients
            .finish(&self.config, &mut self.registry, &mut self.segments);
        self.segments.settle_all(self.latest);
    }

    /// Begins to keep settled segments for [`Self::next_settled`], and servers whose role changed for
    /// [`Self::next_changed_server`].
    pub fn watch_settled(&mut self) {
        self.segments.watch();
        self.registry.roles_changed.watch();
    }

    /// Returns the next server whose role changed since it was returned last. A server whose role changed more than once
    /// meanwhile comes once, so that they never need more room than servers do.
    pub fn next_changed_server(&mut self) -> Option<ServerId> {
        self.registry.roles_changed.next()
    }

    /// Returns the next segment that settled, in the order in which they settle, each once. A settled segment does not change
    /// any more. Segments settle `settle_after` seconds behind their last byte, when they have to make room, and with
    /// [`Self::finish`]. Take them often: what finds no room in the queue is counted in [`Stats::settled_lost`].
    pub fn next_settled(&mut self) -> Option<Segment> {
        self.segments.next_settled()
    }

    /// Returns every Netflix server with its id, in order of identification; in the place of one that made room stands another.
    pub fn servers(&self) -> impl ExactSizeIterator<Item = (ServerId, &Server)> {
        self.registry.numbered_servers()
    }

    /// Returns every segment that is held, in order of request.
    pub fn segments(&self) -> impl DoubleEndedIterator<Item = &Segment> {
        self.segments.iter()
    }

    /// Returns one past the largest number of a server. Without one that made room, this is how many were identified.
    #[must_use]
    pub fn server_count(&self) -> u32 {
        self.registry.server_end()
    }

    /// Returns a server by its number; `None` if there is none, or it made room for another. Numbers of servers that had a
    /// packet are never given again.
    #[must_use]
    pub fn server(&self, id: ServerId) -> Option<&Server> {
        self.registry.server(id)
    }

    /// Returns number and bytes of a server's segments, those that made room among them.
    #[must_use]
    pub fn server_segments(&self, id: ServerId) -> SegmentTotals {
        match self.registry.server(id) {
            Some(_) => self.segments.totals(id),
            None => SegmentTotals::default(),
        }
    }

    /// Smallest and one past the largest segment number that is held; numbers between may be unused.
    #[must_use]
    pub fn segment_numbers(&self) -> core::ops::Range<u32> {
        self.segments.numbers()
    }

    /// Returns the name of a segment's server: the one that its own flow gave, or else the one that identified the address.
    #[must_use]
    pub fn segment_name<'a>(&'a self, segment: &'a Segment) -> Option<&'a str> {
        let of_server = || self.server(segment.server).and_then(Server::name);
        segment.own_name.as_deref().or_else(of_server)
    }

    /// A segment by its number; `None` if there is none, or it was evicted.
    #[must_use]
    pub fn segment(&self, number: u32) -> Option<&Segment> {
        self.segments.get(number)
    }

    /// Returns the numbers of what was dropped or capped.
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

    /// Returns true if the latest packet was a copy of another, whoever it belongs to: it is no traffic.
    #[must_use]
    pub const fn latest_is_copy(&self) -> bool {
        self.latest_is_copy
    }

    /// Packets in which a known header hides the rest, and link types that are not known.
    #[must_use]
    pub fn unfollowed(&self) -> &Unfollowed {
        &self.unfollowed
    }

    /// Returns the time of the latest packet.
    #[must_use]
    pub const fn latest(&self) -> Time {
        self.latest
    }

    /// The settings in force.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }
}

#[cfg(test)]
mod tests;
