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
mod quic_taps;
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

/// A packet of a server that was counted and followed.
struct Taken {
    flow: Slot,
    sender: End,
    outcome: Outcome,
    duplicate: bool,
}

/// Analyses one capture: packets in, annotations, servers and segments out.
#[derive(Debug)]
pub struct Engine {
    config: Config,
    decoder: Decoder,
    /// Allocated at the first fragment.
    fragments: Option<Box<Fragments>>,
    copies: Copies,
    translations: Translations,
    /// Present only if `client_key` tells clients apart by device.
    viewers: Option<Box<Viewers>>,
    scopes: Scopes,
    taps: Taps,
    unfollowed: Unfollowed,
    registry: Registry,
    segments: SegmentTable,
    /// The clients that segments went to.
    clients: Clients,
    connections: Connections,
    peers: Peers,
    paths: Paths,
    classic: Classic,
    /// Facts learnt from the current packet; empty between packets.
    learnt: Vec<Learnt>,
    segments_missed: bool,
    /// Time of the latest packet.
    latest: Time,
    stats: Stats,
    /// True if the latest packet was a copy of another.
    latest_is_copy: bool,
    /// IP bytes of the latest packet.
    length: u32,
    /// A repeated packet from before the first copy was found, which may be a copy too.
    suspect: Option<Suspected>,
    clock: CaptureClock,
}

impl Engine {
    /// Creates an engine that has seen no packet.
    #[must_use]
    pub fn new(config: Config) -> Self {
        let registry = Registry::new(&config);
        Self::with(config, registry)
    }

    /// Forgets everything except the evidence. Give the same packets again: every packet of a
    /// server is then recognised from the start.
    #[must_use]
    pub fn restart_with_evidence(self) -> Self {
        let registry = self.registry.informed(&self.config);
        let mut informed = Self::with(self.config, registry);
        informed.copies.expect(&self.copies);
        informed.clock.begin(&self.clock);
        if self.taps.differ {
            informed.put_in_order();
            // What shows it waits for what it answers from the first packet on.
            informed.taps.known = true;
            informed.taps.quic.late = self.taps.quic.late;
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

    /// Returns the most memory, in bytes, that an engine with these settings can hold, whatever
    /// packets it gets. Includes the old copy of a list that exists for a moment while the list
    /// grows.
    #[must_use]
    pub fn memory_bound(config: &Config) -> u64 {
        memory_bound::bound(config)
    }

    /// Returns true if evidence came after packets that it concerns, so that a second pass would
    /// tell more about them.
    #[must_use]
    pub fn evidence_came_late(&self) -> bool {
        self.registry.evidence_came_late
    }

    /// Returns true if packets of a server were skipped because it was not yet known to be Netflix.
    /// A second reading with [`Self::restart_with_evidence`] may then find more segments.
    /// Handshakes that came before the name they lead to do not count.
    #[must_use]
    pub fn segments_missed(&self) -> bool {
        self.segments_missed || self.registry.segments_missed
    }

    /// Returns true if a second reading with [`Self::restart_with_evidence`] would tell more about
    /// some packet or find more segments. Every host that shows facts about packets uses this rule,
    /// so that all show the same. Hosts that only list segments can use [`Self::segments_missed`].
    #[must_use]
    pub fn should_read_again(&self) -> bool {
        self.evidence_came_late() || self.segments_missed()
    }

    /// Has every packet from now on compared with earlier ones, because the caller knows that some
    /// come twice. Otherwise the engine finds out by itself, from the first few that do.
    pub fn expect_copies(&mut self) {
        self.copies.found();
    }

    /// Processes the next packet. Returns `None` if neither end is a known Netflix server.
    #[inline(always)]
    pub fn packet(&mut self, packet: &Packet<'_>) -> Option<Annotation> {
        // Separate, so that callers that ignore the annotation do not pay for it.
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

    /// Counts and follows a packet, and settles segments that are due.
    fn take(&mut self, packet: &Packet<'_>) -> Option<Taken> {
        if let Some(before) = self.clock.take(packet.time)
            && self.note_jump(before, packet)
        {
            return self.take_untimed(before, packet);
        }
        let taken = self.follow(packet);
        self.latest = packet.time;
        // After the packet, whose bytes keep their segment open.
        if self.segments.is_sweep_due(packet.time) {
            self.sweep(packet.time);
        }
        taken
    }

    /// Settles segments that have been quiet for long enough.
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

    /// Decodes a packet and passes it to its connection.
    fn follow(&mut self, packet: &Packet<'_>) -> Option<Taken> {
        self.stats.packets += 1;
        self.latest_is_copy = false;
        // Each protocol has its own path, on which the compiler knows what the packet is.
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
        // Rarely needed calls get a copy of the header, so that the fields of all other packets
        // stay in registers.
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
            // Fields exist for TCP and UDP only; other packets of the address are just counted.
            IpPayload::Other => return None,
        };
        Some(Taken {
            flow,
            sender,
            outcome,
            duplicate: false,
        })
    }

    /// Returns the slot of a packet's flow, and adds the flow if it is new.
    #[inline]
    fn enter(&mut self, key: FlowKey, numbered: bool, time: Time) -> Slot {
        let connections = &mut self.connections;
        self.registry
            .enter(&self.config, key, numbered, time, |flow, place| {
                connections.evict(flow, place)
            })
    }

    /// Ends the capture: every segment settles. Segments that are still open stay incomplete,
    /// unless they were quiet for `segment_quiet`. More packets may follow, as in a live capture
    /// that goes on, but they no longer change these segments.
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
            // Packets that were held back have been read now, and their readers may keep more of
            // them.
            self.connections.weigh(place);
        }
        self.make_room(NONE);
        self.classic.finish(&mut self.segments);
        self.clients
            .finish(&self.config, &mut self.registry, &mut self.segments);
        self.segments.settle_all(self.latest);
    }

    /// Starts to queue settled segments for [`Self::next_settled`], and servers whose role changed
    /// for [`Self::next_changed_server`].
    pub fn watch_settled(&mut self) {
        self.segments.watch();
        self.registry.roles_changed.watch();
    }

    /// Returns the next server whose role changed since it was last returned. A server whose role
    /// changed several times in between is returned once, so the queue never outgrows the server
    /// table.
    pub fn next_changed_server(&mut self) -> Option<ServerId> {
        self.registry.roles_changed.next()
    }

    /// Returns the next settled segment, each once, in the order in which they settle. A settled
    /// segment never changes again. Segments settle `settle_after` seconds after their last byte,
    /// when the table is full, and at [`Self::finish`]. Read the queue often:
    /// [`Stats::settled_lost`] counts segments that no longer fitted.
    pub fn next_settled(&mut self) -> Option<Segment> {
        self.segments.next_settled()
    }

    /// Iterates over Netflix servers with their ids, in order of identification. A server that
    /// replaced an evicted one takes its place in the order.
    pub fn servers(&self) -> impl ExactSizeIterator<Item = (ServerId, &Server)> {
        self.registry.numbered_servers()
    }

    /// Iterates over the segments that are held, in order of request.
    pub fn segments(&self) -> impl DoubleEndedIterator<Item = &Segment> {
        self.segments.iter()
    }

    /// Returns one past the largest server number. If no server was evicted, this is the number of
    /// servers.
    #[must_use]
    pub fn server_count(&self) -> u32 {
        self.registry.server_end()
    }

    /// Returns a server by its number; `None` if there is no such server or it was evicted. The
    /// number of a server that had a packet is never used again.
    #[must_use]
    pub fn server(&self, id: ServerId) -> Option<&Server> {
        self.registry.server(id)
    }

    /// Returns the number and bytes of a server's segments, including evicted ones.
    #[must_use]
    pub fn server_segments(&self, id: ServerId) -> SegmentTotals {
        match self.registry.server(id) {
            Some(_) => self.segments.totals(id),
            None => SegmentTotals::default(),
        }
    }

    /// Returns the range from the smallest segment number held to one past the largest. Some
    /// numbers in it may be unused.
    #[must_use]
    pub fn segment_numbers(&self) -> core::ops::Range<u32> {
        self.segments.numbers()
    }

    /// Returns the name of a segment's server: the name that its own flow gave, or else the name
    /// that identified the address.
    #[must_use]
    pub fn segment_name<'a>(&'a self, segment: &'a Segment) -> Option<&'a str> {
        let of_server = || self.server(segment.server).and_then(Server::name);
        segment.own_name.as_deref().or_else(of_server)
    }

    /// Returns a segment by its number; `None` if there is no such segment or it was evicted.
    #[must_use]
    pub fn segment(&self, number: u32) -> Option<&Segment> {
        self.segments.get(number)
    }

    /// Returns how much was dropped, capped or evicted.
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

    /// Returns true if the latest packet was a copy of another, whether of Netflix or not. A copy
    /// does not count as traffic.
    #[must_use]
    pub const fn latest_is_copy(&self) -> bool {
        self.latest_is_copy
    }

    /// Returns counts of packets in which a known header hides the rest, and of unknown link types.
    #[must_use]
    pub fn unfollowed(&self) -> &Unfollowed {
        &self.unfollowed
    }

    /// Returns the time of the latest packet.
    #[must_use]
    pub const fn latest(&self) -> Time {
        self.latest
    }

    /// Returns the settings in force.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }
}

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
