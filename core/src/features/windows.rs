//! The windows of all clients: packets in, rows out.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;

use super::asked::SessionSegments;
use super::events::CaptureFacts;
use super::row::Row;
use super::sample::SampleRoom;
use super::session::{Closed, OpenSession, WindowRules};
use super::shares::Shares;
use super::tcp::TcpHalves;
use super::window::Window;
use crate::bounded::clock_table::{Slot, Table};
use crate::bounded::size;
use crate::config::Config;
use crate::engine::Engine;
use crate::facts::annotation::Annotation;
use crate::facts::counters::Direction;
use crate::packet::{Packet, Time};
use crate::wire::decode::{Datagram, Decoder, IpPayload};

/// Counts of what did not fit, or came too early or too late, since the features were created.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct WindowStats {
    /// Sessions that ended because the table was full.
    pub sessions_evicted: u64,
    /// Flows that were evicted, with the state of their TCP connection.
    pub flows_evicted: u64,
    /// Values not kept for the medians of windows, which are then medians of a sample.
    pub window_values_sampled: u64,
    /// Values not kept for percentiles over segments, which are then percentiles of a sample.
    pub session_values_sampled: u64,
    /// Packets earlier than the open window, in which they are counted.
    pub packets_late: u64,
    /// Events of segments whose client had no session at the time.
    pub events_lost: u64,
    /// Packets of servers that did not fit in their window. Live rows lack them.
    pub servers_lost: u64,
    /// Rows returned before they were due because too many were waiting.
    pub rows_hurried: u64,
}

/// The state of a flow.
#[derive(Debug, Default)]
struct FlowState {
    connection: TcpHalves,
    /// Session and window in which it was counted last.
    counted: Option<(u32, u32)>,
}

/// Windows of a capture's sessions.
#[derive(Debug)]
pub struct Features {
    pub(super) rules: WindowRules,
    decoder: Decoder,
    /// Facts about the whole capture; `None` until they are known.
    outcome: Option<CaptureFacts>,
    /// Start times of a client's titles, in order; empty if titles do not separate sessions.
    titles: HashMap<IpAddr, Vec<Time>>,
    pub(super) sessions: Table<IpAddr, OpenSession>,
    flows: Table<u32, FlowState>,
    pub(super) next_session: u32,
    pool: SampleRoom,
    pub(super) closed: VecDeque<Closed>,
    /// Windows that are kept until the whole capture is known.
    pub(super) kept: usize,
    /// True if something did not fit before the whole capture was known.
    is_cut: bool,
    /// Segments of the session whose rows come next, by client.
    asked: HashMap<IpAddr, SessionSegments>,
    /// Latest time of a packet.
    pub(super) latest: Time,
    /// Session and window in which the latest packet counts, if it is a Netflix packet.
    pub(super) place: Option<(u32, u32)>,
    /// True for live rows, which go on when something does not fit.
    is_live: bool,
    finished: bool,
    stats: WindowStats,
}

impl Features {
    /// Creates features from the engine's results for a whole capture: all its packets, and
    /// [`Engine::finish`].
    #[must_use]
    pub fn new(outcome: &Engine) -> Self {
        Self {
            outcome: Some(CaptureFacts::of(outcome)),
            ..Self::ahead(outcome.config())
        }
    }

    /// Creates features before the whole capture is known. No row comes until [`Self::settle`].
    #[must_use]
    pub fn ahead(config: &Config) -> Self {
        let size = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        Self {
            rules: WindowRules::new(config),
            decoder: Decoder::new(&config.vxlan_ports),
            outcome: None,
            titles: HashMap::new(),
            sessions: Table::new(size(config.max_sessions()), config.hash_seed),
            flows: Table::new(size(config.max_connections()), config.hash_seed),
            next_session: 1,
            pool: SampleRoom::new(size(config.window_values())),
            closed: VecDeque::new(),
            kept: size(config.kept_windows()),
            is_cut: false,
            asked: HashMap::new(),
            latest: Time(i64::MIN),
            place: None,
            is_live: false,
            finished: false,
            stats: WindowStats::default(),
        }
    }

    /// Creates features for live rows, which go on when something does not fit.
    pub(super) fn live(config: &Config, next_session: u32) -> Self {
        Self {
            is_live: true,
            next_session,
            ..Self::ahead(config)
        }
    }

    /// Sets the start times of titles (client, time), so that each title is a session of its own
    /// ([`Config::session_by_title`]).
    #[must_use]
    pub fn with_titles(mut self, titles: impl IntoIterator<Item = (IpAddr, Time)>) -> Self {
        for (client, time) in titles {
            self.titles.entry(client).or_default().push(time);
        }
        self.titles.values_mut().for_each(|times| times.sort());
        self
    }

    /// Adds the engine's results once all packets of the capture were given. Rows come from here
    /// on.
    pub fn settle(&mut self, outcome: &Engine) {
        self.outcome = Some(CaptureFacts::of(outcome));
    }

    /// Returns true if everything fitted so far, so that the rows equal those of a second reading.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        !self.is_cut
    }

    /// Returns the most memory, in bytes, that features with these settings hold, whatever packets
    /// they get, if rows are taken after each packet. Includes the old copy of a list that exists
    /// for a moment while the list grows.
    #[must_use]
    pub fn memory_bound(config: &Config) -> u64 {
        let sessions = config.max_sessions();
        let windows_at_once = config.session_idle() / config.feature_window() + 2;
        let closed = windows_at_once.max(sessions).max(config.kept_windows());
        CaptureFacts::bound(config)
            .saturating_add(Table::<IpAddr, OpenSession>::bound(sessions))
            .saturating_add(OpenSession::bound(config))
            .saturating_add(size::list::<(IpAddr, SessionSegments)>(sessions).saturating_mul(2))
            .saturating_add(SessionSegments::bound(config))
            .saturating_add(Table::<u32, FlowState>::bound(config.max_connections()))
            .saturating_add(config.max_connections().saturating_mul(TcpHalves::bound()))
            .saturating_add(SampleRoom::bound(
                config.window_values(),
                sessions.saturating_mul(Window::SAMPLES),
            ))
            .saturating_add(size::list::<Closed>(closed))
            .saturating_add(config.kept_windows().saturating_mul(Shares::bound()))
    }

    /// Processes the next packet with the engine's annotation. Take the rows next.
    pub fn packet(&mut self, packet: &Packet<'_>, said: Option<&Annotation>) {
        if self.is_cut {
            return;
        }
        // A time of zero is none.
        let is_untimed = packet.time == Time(0) && self.latest > Time(0);
        let time = if is_untimed { self.latest } else { packet.time };
        self.latest = self.latest.max(time);
        self.place = None;
        let closed = self.closed.len();
        // A copy of a packet does not count as traffic.
        let is_copy = said.is_some_and(|said| said.duplicate);
        if !is_copy && let Ok(datagram) = self.decoder.decode(packet) {
            match said {
                Some(said) => self.own(&datagram, said, (time, packet.frame)),
                None => self.foreign(&datagram, time),
            }
        }
        self.note_complete(closed);
        if self.outcome.is_none() && !self.is_live && self.closed.len() > self.kept {
            self.cut();
        }
    }

    /// Marks the windows from this one on that have ended.
    fn note_complete(&mut self, from: usize) {
        for closed in self.closed.range_mut(from..) {
            closed.row.is_complete = self.latest >= closed.row.end;
        }
    }

    /// Gives up counting ahead.
    fn cut(&mut self) {
        self.is_cut = true;
        self.closed = VecDeque::new();
    }

    /// Counts a Netflix packet.
    fn own(&mut self, datagram: &Datagram<'_>, said: &Annotation, at: (Time, u64)) {
        let is_down = said.direction == Direction::In;
        let (server, client) = if is_down {
            (datagram.source, datagram.destination)
        } else {
            (datagram.destination, datagram.source)
        };
        let slot = self.session(client, at);
        let session = &mut self.sessions[slot];
        self.stats.packets_late +=
            u64::from(session.advance(at, &self.rules, &mut self.pool, &mut self.closed));
        self.place = Some((session.number, session.index));
        let time = at.0;
        let gap = session.last_packet[usize::from(!is_down)]
            .replace(time)
            .map(|last| time.since(last).max(0));
        let pool = &mut self.pool;
        let window = &mut session.window;
        // Once the servers that send video are known, they share one entry and the others have
        // none.
        let owner = match &self.outcome {
            None => Some(Some(server)),
            Some(outcome) => outcome.sends_video(&server).then_some(None),
        };
        let had_room = owner.is_none_or(|owner| {
            let shares = &mut window.shares;
            shares.packet(owner, is_down, datagram.length, &datagram.transport)
        });
        let side = if is_down {
            &mut window.down
        } else {
            &mut window.up
        };
        side.packet(datagram.length, gap, pool);
        if let Some(number) = said.flow {
            let flow = flow(&mut self.flows, number, &mut self.stats.flows_evicted);
            if flow.counted != Some((session.number, session.index)) {
                flow.counted = Some((session.number, session.index));
                window.flows += 1;
            }
            match &datagram.transport {
                IpPayload::Tcp(tcp) => {
                    let seen = flow.connection.packet(tcp, said.direction, time);
                    side.tcp(tcp, &seen, pool);
                    if let Some(round_trip) = seen.round_trip {
                        window.round_trip(round_trip, pool);
                    }
                }
                IpPayload::Udp(udp) => side.datagram(udp.payload_length),
                IpPayload::UdpFragment { .. } | IpPayload::LaterFragment | IpPayload::Other => {}
            }
        }
        if !had_room && self.is_live {
            self.stats.servers_lost += 1;
        } else if !had_room {
            self.cut();
        }
    }

    /// Counts a non-Netflix packet if a client with a session sent or received it.
    fn foreign(&mut self, datagram: &Datagram<'_>, time: Time) {
        for (client, is_down) in [(datagram.destination, true), (datagram.source, false)] {
            if let Some(slot) = self.sessions.find(&client) {
                self.sessions[slot].foreign(time, is_down, datagram.length, &self.rules);
            }
        }
    }

    /// Returns the client's session at a time: the open one, or a new one.
    fn session(&mut self, client: IpAddr, (time, frame): (Time, u64)) -> Slot {
        if let Some(slot) = self.sessions.find(&client) {
            let session = &self.sessions[slot];
            let is_over = session.is_over(time, &self.rules)
                || self.is_next_title(&client, session.start, time);
            if !is_over {
                return slot;
            }
            self.close(slot, frame);
            let session = self.new_session(client, time, frame);
            self.sessions[slot] = session;
            return slot;
        }
        if self.sessions.is_full()
            && let Some(victim) = self.sessions.victim(|_, _| true)
        {
            self.close(victim, frame);
            self.sessions.remove(victim);
            self.stats.sessions_evicted += 1;
        }
        let session = self.new_session(client, time, frame);
        self.sessions.insert(client, session)
    }

    /// Returns true if a session that began at `start` contains a title earlier than the one that
    /// has begun by `now`.
    fn is_next_title(&self, client: &IpAddr, start: Time, now: Time) -> bool {
        if self.titles.is_empty() {
            return false;
        }
        self.titles.get(client).is_some_and(|titles| {
            let before = titles.partition_point(|title| *title < start);
            titles.partition_point(|title| *title <= now) > before + 1
        })
    }

    /// Closes the last window of a session at a frame.
    fn close(&mut self, slot: Slot, frame: u64) {
        let closed = self.sessions[slot].close(frame, &self.rules, &mut self.pool);
        self.closed.push_back(Closed {
            is_last: true,
            ..closed
        });
    }

    fn new_session(&mut self, client: IpAddr, time: Time, frame: u64) -> OpenSession {
        let number = self.next_session;
        self.next_session = number.saturating_add(1);
        OpenSession::new(number, client, time, frame)
    }

    /// Ends the capture: closes every window.
    pub fn finish(&mut self) {
        let from = self.closed.len();
        let mut open: Vec<_> = self.sessions.slots().collect();
        open.sort_by_key(|&slot| self.sessions[slot].number);
        for slot in open {
            self.close(slot, u64::MAX);
            self.sessions.remove(slot);
        }
        self.note_complete(from);
        self.finished = true;
    }

    /// Returns the next complete row.
    pub fn next_row(&mut self) -> Option<Row> {
        let outcome = self.outcome.as_mut()?;
        let Some(closed) = self.closed.pop_front() else {
            if self.finished {
                self.stats.events_lost += outcome.rest();
            }
            return None;
        };
        let Closed { mut row, .. } = closed;
        let mut asked = self.asked.remove(&row.client).unwrap_or_default();
        let mut shares = Vec::new();
        for share in closed.shares.iter() {
            if share
                .server
                .is_none_or(|server| outcome.sends_video(&server))
            {
                row.counted.down.counts.video_bytes += share.bytes[0];
                row.counted.up.counts.video_bytes += share.bytes[1];
                shares.push(&share.carried);
            }
        }
        asked.carriage.window(shares.into_iter());
        if let Some(queue) = outcome.events(&row.client) {
            while let Some(event) = queue.before(closed.until) {
                if event.frame < closed.begun {
                    self.stats.events_lost += 1;
                } else {
                    asked.happens(&event, &self.rules);
                }
            }
        }
        self.stats.session_values_sampled += asked.fill(&mut row, &self.rules);
        if !closed.is_last {
            self.asked.insert(row.client, asked);
        }
        Some(row)
    }

    /// Returns the counts of what did not fit.
    #[must_use]
    pub fn stats(&self) -> WindowStats {
        WindowStats {
            window_values_sampled: self.pool.sampled,
            ..self.stats
        }
    }
}

/// Finds or adds a flow.
fn flow<'a>(
    flows: &'a mut Table<u32, FlowState>,
    number: u32,
    evicted: &mut u64,
) -> &'a mut FlowState {
    let slot = flows.find(&number).unwrap_or_else(|| {
        if flows.is_full()
            && let Some(victim) = flows.victim(|_, _| true)
        {
            flows.remove(victim);
            *evicted += 1;
        }
        flows.insert(number, FlowState::default())
    });
    &mut flows[slot]
}

#[cfg(test)]
mod tests;
