//! Rows for hosts that do not wait for the end of a capture. Each row comes some time after its
//! window ends, with what is known about segments and servers at that moment.
//!
//! A row describes the whole session as known when the row is made, so late discoveries appear in
//! all later rows. Events older than the settling time of segments are summed up for good, so a row
//! only costs as much as the latest segments.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::IpAddr;

use super::asked::SessionSegments;
use super::carriage::{Carriage, Carried};
use super::events::{SegmentEvent, happenings, quiet};
use super::row::Row;
use super::session::Closed;
use super::shares::Shares;
use super::windows::{Features, WindowStats};
use crate::bounded::size;
use crate::config::Config;
use crate::engine::Engine;
use crate::facts::annotation::{Annotation, ServerId};
use crate::facts::segment::Kind;
use crate::packet::{Packet, Time, from_seconds};

/// Largest number of a session's segments examined per row. Players ask for about forty within the
/// settling time.
const MOST_OPEN: usize = 2_048;
/// Largest number of a session's servers whose first packet is tracked. A player uses about ten in
/// an evening.
const MOST_SERVERS: usize = 64;

/// Windows of sessions while packets pass, each some time after its end.
///
/// Pass in each packet with its annotation from the [`Engine`], and take the rows that are then
/// due. The same packets give the same rows, from a capture file or an interface.
#[derive(Debug)]
pub struct Live {
    features: Features,
    /// Nanoseconds from the end of a window to its row.
    lag: i64,
    /// Nanoseconds after which a segment settles.
    patience: i64,
    /// Nanoseconds of silence that complete a response.
    quiet: i64,
    kinds: Vec<Kind>,
    /// True if windows stay in `features` for the end.
    keeps: bool,
    /// Number of closed windows that are in `due` or were returned as rows.
    taken: usize,
    /// Closed windows by the time at which they are due, then in order of closing.
    due: BTreeMap<(Time, u64), Closed>,
    order: u64,
    sessions: HashMap<u32, Told>,
    /// All segments below this number have been seen.
    segments: u32,
    servers: HashMap<IpAddr, ServerId>,
    most_servers: usize,
    last_server: Option<ServerId>,
    /// Time of the latest Netflix packet.
    latest: Time,
    /// True if the capture has ended, so that every row is due.
    is_over: bool,
    stats: WindowStats,
}

/// A segment that may still have events.
#[derive(Clone, Copy, Debug)]
struct Open {
    number: u32,
    /// True if the request is counted for good.
    asked: bool,
}

/// The rows returned so far for a session.
#[derive(Debug, Default)]
struct Told {
    /// Sums of events that cannot change any more.
    base: SessionSegments,
    open: Vec<Open>,
    /// Ends of returned windows, in frames and in time, as far back as segments settle.
    windows: VecDeque<(u64, Time)>,
    servers: Vec<(IpAddr, Carried)>,
}

impl Live {
    /// Creates a reader whose rows come `lag` seconds after their window ends: with the first later
    /// packet that follows the packet that closed the window.
    #[must_use]
    pub fn new(config: &Config, lag: u64) -> Self {
        let size = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        Self {
            features: Features::live(config, 1),
            lag: from_seconds(lag),
            patience: from_seconds(config.settle_after().max(config.segment_quiet())),
            quiet: quiet(config),
            kinds: config.feature_kinds.to_vec(),
            keeps: false,
            taken: 0,
            due: BTreeMap::new(),
            order: 0,
            sessions: HashMap::new(),
            segments: 0,
            servers: HashMap::new(),
            most_servers: size(config.max_servers()),
            last_server: None,
            latest: Time(i64::MIN),
            is_over: false,
            stats: WindowStats::default(),
        }
    }

    /// Also keeps up to [`Config::kept_windows`] windows, so that [`Self::settled_rows`] can return
    /// them again at the end.
    #[must_use]
    pub fn keeping(self) -> Self {
        Self {
            keeps: true,
            ..self
        }
    }

    /// Returns the most memory, in bytes, that it holds with these settings if rows are taken after
    /// each packet.
    #[must_use]
    pub fn memory_bound(config: &Config) -> u64 {
        let sessions = config.max_sessions();
        let kept = config.kept_windows().max(sessions);
        let told = size::list::<Open>(MOST_OPEN as u64)
            .saturating_add(size::list::<(IpAddr, Carried)>(MOST_SERVERS as u64))
            .saturating_add(size::list::<(u64, Time)>(
                config.settle_after().max(config.segment_quiet()) / config.feature_window() + 2,
            ));
        // Windows that are due and their sessions are in trees and tables, which allocate spare
        // capacity.
        Features::memory_bound(config)
            .saturating_add(SessionSegments::bound(config).saturating_mul(2))
            .saturating_add(
                size::list::<((Time, u64), Closed)>(kept.saturating_mul(2)).saturating_mul(2),
            )
            .saturating_add(kept.saturating_mul(Shares::bound()))
            .saturating_add(
                size::list::<(u32, Told)>(sessions.saturating_add(kept)).saturating_mul(2),
            )
            .saturating_add(sessions.saturating_add(kept).saturating_mul(told))
            .saturating_add(
                size::list::<(IpAddr, ServerId)>(config.max_servers().saturating_mul(2))
                    .saturating_mul(2),
            )
    }

    /// Processes the next packet with the engine's annotation. Take the due rows next.
    pub fn packet(&mut self, packet: &Packet<'_>, said: Option<&Annotation>, engine: &Engine) {
        self.is_over = false;
        if let Some(said) = said {
            self.latest = self.latest.max(packet.time);
            self.note_server(said.server, engine);
        }
        // Foreign traffic counts too, but each packet once.
        if said.is_some() || !engine.latest_is_copy() {
            self.features.packet(packet, said);
        }
        self.note_segments(engine);
        self.take_closed();
    }

    /// Ends the capture, after the engine's own [`Engine::finish`]: every window closes, and every
    /// row is due.
    pub fn finish(&mut self, engine: &Engine) {
        self.note_segments(engine);
        self.features.finish();
        self.take_closed();
        self.is_over = true;
    }

    /// Returns the session and window in which the latest packet counts; `None` if it is not a
    /// Netflix packet or is a copy.
    #[must_use]
    pub const fn place(&self) -> Option<(u32, u32)> {
        self.features.place
    }

    /// Returns the next row that is due, from the packets so far.
    pub fn next_row(&mut self, engine: &Engine) -> Option<Row> {
        let (&key, _) = self.due.first_key_value()?;
        let is_due = self.is_over || key.0 <= self.features.latest;
        if !is_due && self.due.len() <= self.features.kept {
            return None;
        }
        self.stats.rows_hurried += u64::from(!is_due);
        let closed = self.due.remove(&key)?;
        Some(self.tell(closed, engine))
    }

    /// Returns all kept rows with what the whole capture shows, once it has ended and its rows were
    /// taken. `None` if there were too many to keep. Packets that follow start new sessions.
    pub fn settled_rows(&mut self, engine: &Engine) -> Option<Vec<Row>> {
        let begun_anew = Features::live(engine.config(), self.features.next_session);
        self.stats = self.stats();
        let mut features = std::mem::replace(&mut self.features, begun_anew);
        self.taken = 0;
        if !self.keeps {
            return None;
        }
        features.settle(engine);
        Some(std::iter::from_fn(|| features.next_row()).collect())
    }

    /// Returns the counts of what was dropped for lack of room.
    #[must_use]
    pub fn stats(&self) -> WindowStats {
        let (own, counted) = (&self.stats, self.features.stats());
        WindowStats {
            sessions_evicted: own.sessions_evicted + counted.sessions_evicted,
            flows_evicted: own.flows_evicted + counted.flows_evicted,
            window_values_sampled: own.window_values_sampled + counted.window_values_sampled,
            session_values_sampled: own.session_values_sampled + counted.session_values_sampled,
            packets_late: own.packets_late + counted.packets_late,
            events_lost: own.events_lost + counted.events_lost,
            servers_lost: own.servers_lost + counted.servers_lost,
            rows_hurried: own.rows_hurried,
        }
    }

    /// Remembers the number of a server's address.
    fn note_server(&mut self, id: ServerId, engine: &Engine) {
        if self.last_server == Some(id) {
            return;
        }
        self.last_server = Some(id);
        if let Some(server) = engine.server(id) {
            self.servers.insert(server.address, id);
        }
        if self.servers.len() > self.most_servers.saturating_mul(2) {
            self.servers
                .retain(|address, id| is_at(engine, *id, address).is_some());
        }
    }

    /// Assigns new segments to their clients' sessions.
    fn note_segments(&mut self, engine: &Engine) {
        let numbers = engine.segment_numbers();
        let new = self.segments.max(numbers.start)..numbers.end;
        self.segments = self.segments.max(numbers.end);
        for segment in new.filter_map(|number| engine.segment(number)) {
            let session = self.features.sessions.find(&segment.client);
            let session = session.map(|slot| &self.features.sessions[slot]);
            let Some(session) = session.filter(|session| segment.request_frame >= session.begun)
            else {
                self.stats.events_lost += 1;
                continue;
            };
            let told = self.sessions.entry(session.number).or_default();
            if told.open.len() < MOST_OPEN {
                told.open.push(Open {
                    number: segment.number,
                    asked: false,
                });
            } else {
                self.stats.events_lost += 1;
            }
        }
    }

    /// Queues the windows that have closed.
    fn take_closed(&mut self) {
        if self.keeps && self.features.closed.len() > self.features.kept {
            self.keeps = false;
            self.features.closed.drain(..self.taken);
            self.taken = 0;
        }
        while let Some(closed) = self.features.closed.get(self.taken) {
            let at = Time(closed.row.end.0.saturating_add(self.lag));
            let key = (at, self.order);
            self.order += 1;
            if self.keeps {
                self.due.insert(key, closed.clone());
                self.taken += 1;
            } else if let Some(closed) = self.features.closed.pop_front() {
                self.due.insert(key, closed);
            }
        }
    }

    /// Returns the row of a window from the packets so far.
    fn tell(&mut self, closed: Closed, engine: &Engine) -> Row {
        let Closed { mut row, .. } = closed;
        let mut told = self.sessions.remove(&row.session).unwrap_or_default();
        let servers = &self.servers;
        let sends_video = |address: &IpAddr| {
            let id = servers.get(address);
            id.is_some_and(|id| is_at(engine, *id, address) == Some(true))
        };
        for share in closed.shares.iter() {
            let Some(server) = share.server else { continue };
            if sends_video(&server) {
                row.counted.down.counts.video_bytes += share.bytes[0];
                row.counted.up.counts.video_bytes += share.bytes[1];
            }
            self.stats.servers_lost += u64::from(!told.count(server, &share.carried, row.window));
        }
        let mut carriage = Carriage::default();
        let of_video = told
            .servers
            .iter()
            .filter(|(server, _)| sends_video(server));
        carriage.window(of_video.map(|(_, carried)| carried));
        let rules = self.features.rules;
        let events = told.events(engine, &self.kinds, (self.latest, self.quiet));
        let began = told.windows.back().map_or(closed.begun, |window| window.0);
        let mut asked = told.base.clone();
        let mut in_window = false;
        for (event, _) in events
            .iter()
            .filter(|(event, _)| event.frame < closed.until)
        {
            if !in_window && event.frame >= began {
                asked.next_window();
                in_window = true;
            }
            asked.happens(event, &rules);
        }
        if !in_window {
            asked.next_window();
        }
        asked.carriage = carriage;
        asked.fill(&mut row, &rules);
        told.windows.push_back((closed.until, row.end));
        if !closed.is_last {
            self.keep(&mut told, &events, engine);
            self.sessions.insert(row.session, told);
        }
        row
    }

    /// Adds to the final sums what lies further back than segments take to settle.
    fn keep(&mut self, told: &mut Told, events: &[(SegmentEvent, usize)], engine: &Engine) {
        let settled = Time(self.latest.0.saturating_sub(self.patience));
        let mut until = None;
        while let Some((frame, _)) = told.windows.front().filter(|window| window.1 <= settled) {
            until = Some(*frame);
            // The latest one stays because the next window starts there.
            if told.windows.len() == 1 {
                break;
            }
            told.windows.pop_front();
        }
        let Some(until) = until else { return };
        let rules = self.features.rules;
        let mut over = vec![false; told.open.len()];
        for (event, place) in events.iter().filter(|(event, _)| event.frame < until) {
            told.base.happens(event, &rules);
            let open = &mut told.open[*place];
            over[*place] |= event.is_completion();
            open.asked = true;
        }
        self.stats.session_values_sampled += told.base.next_window();
        let kinds = &self.kinds;
        let mut over = over.into_iter();
        told.open.retain(|open| {
            let has_completed = over.next() == Some(true);
            let Some(segment) = engine.segment(open.number) else {
                return false;
            };
            let is_old = segment.request_frame < until;
            // A settled segment brings no more events, nor does one of a kind that does not count.
            let is_done = is_old
                && (!kinds.contains(&segment.kind)
                    || segment.settled && segment.last_frame.is_none_or(|frame| frame < until));
            !has_completed && !is_done
        });
    }
}

/// Returns true if the server with this number sends video; `None` if the number now belongs to
/// another address.
fn is_at(engine: &Engine, id: ServerId, address: &IpAddr) -> Option<bool> {
    let server = engine
        .server(id)
        .filter(|server| server.address == *address)?;
    Some(server.role.sends_video())
}

impl Told {
    /// Counts a server's packets of one window; `false` if there was no room.
    fn count(&mut self, server: IpAddr, carried: &Carried, window: u32) -> bool {
        let place = self.servers.iter().position(|(other, _)| *other == server);
        let place = match place {
            Some(place) => place,
            None if self.servers.len() < MOST_SERVERS => {
                self.servers.push((server, Carried::default()));
                self.servers.len() - 1
            }
            None => return false,
        };
        self.servers[place].1.add(carried, window);
        true
    }

    /// Returns the events of open segments that are not yet in the final sums, in order of frames,
    /// each with the index of its segment.
    fn events(
        &self,
        engine: &Engine,
        kinds: &[Kind],
        (latest, quiet): (Time, i64),
    ) -> Vec<(SegmentEvent, usize)> {
        let mut events = Vec::new();
        for (place, open) in self.open.iter().enumerate() {
            let segment = engine.segment(open.number);
            let Some(segment) = segment.filter(|segment| kinds.contains(&segment.kind)) else {
                continue;
            };
            let (request, completion) = happenings(segment, latest, quiet);
            let request = (!open.asked).then_some(request);
            events.extend(
                request
                    .into_iter()
                    .chain(completion)
                    .map(|event| (event, place)),
            );
        }
        // A stable sort keeps events of one packet in the order of their segments.
        events.sort_by_key(|(event, _)| event.frame);
        events
    }
}

#[cfg(test)]
mod tests;
