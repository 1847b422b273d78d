//! Features for models of video quality: one row per session and window, with the columns of the published data sets.
//!
//! A *session* is one client address's traffic with Netflix's servers, until it pauses for longer than
//! [`Config::session_idle`]. A *window* is [`Config::feature_window`] long; the first begins with the session's first
//! packet, and they follow each other without a gap, empty ones too, up to the one that holds the last packet. Every
//! packet of the session lies in exactly one. One whose time lies before the open window (captures step back where
//! several queues wrote them) counts in the open one, and in [`Stats::packets_late`].
//!
//! What a segment held and when it ended is known only once the capture has been read, so features take a reading of
//! their own: study the capture with an [`Engine`], make [`Features`] of that, and give every packet again, with what an
//! engine that starts with the evidence of the first ([`Engine::into_informed`]) says of it. Rows come in the order in
//! which windows close: with the first packet of their client behind them, and at the end in the order of sessions.
//!
//! [`COLUMNS`] is the one table of names, units and definitions.
//!
//! # Example
//!
//! ```
//! use nflx_core::{Config, Engine, Features, LinkType, Packet, Time, features};
//!
//! // 23.246.11.141, an address that Netflix announces, sends an empty UDP datagram.
//! let bytes = [
//!     0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0, 23, 246, 11, 141, 192, 0, 2, 1, 0x01, 0xbb, 0xc3, 0x50, 0, 8, 0, 0,
//! ];
//! let packet = Packet { frame: 1, time: Time(0), link_type: LinkType::RAW, original_length: 28, data: &bytes };
//! let mut engine = Engine::new(Config::default());
//! engine.packet(&packet);
//! engine.finish();
//!
//! let mut features = Features::new(&engine);
//! let mut engine = engine.into_informed();
//! let said = engine.packet(&packet);
//! features.packet(&packet, said.as_ref());
//! features.finish();
//! let row = features.next_row().expect("one window");
//! assert!(features.next_row().is_none());
//! let column = features::column("serverByteCount").expect("a column");
//! assert_eq!(column.value(&row), features::Value::Integer(28));
//! ```

mod carriage;
mod columns;
mod events;
mod moments;
mod row;
mod sample;
mod session;
mod tcp;
mod window;

use std::collections::{HashSet, VecDeque};
use std::net::IpAddr;

pub use columns::{COLUMNS, Column, DEFINITIONS, Layer, Source, Type, Value, column};
use events::{Event, Events, Happening};
pub use row::Row;
use sample::Pool;
use session::{Rules, Session};
use tcp::Connection;
use window::Window;

use crate::bounded::clock_table::{Slot, Table};
use crate::bounded::size;
use crate::config::Config;
use crate::engine::Engine;
use crate::facts::annotation::Annotation;
use crate::facts::counters::Direction;
use crate::packet::{Packet, Time};
use crate::wire::decode::{Datagram, Decoder, Transport};

/// Counts of what found no room, or no place, since the features were made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Sessions that ended because others needed their room.
    pub sessions_evicted: u64,
    /// Flows that had to make room: what TCP said before is forgotten.
    pub flows_evicted: u64,
    /// Values that were not kept for the medians of windows, which are then those of a sample.
    pub window_values_sampled: u64,
    /// Values that were not kept for percentiles over segments, which are then those of a sample.
    pub session_values_sampled: u64,
    /// Packets earlier than the open window, in which they count.
    pub packets_late: u64,
    /// Events of segments whose client had no session then.
    pub events_lost: u64,
}

/// The state of a flow.
#[derive(Debug, Default)]
struct Flow {
    connection: Connection,
    /// Session and window that it was counted in last.
    counted: Option<(u32, u32)>,
}

/// Windows of a capture's sessions.
#[derive(Debug)]
pub struct Features {
    rules: Rules,
    decoder: Decoder,
    events: Events,
    video_servers: HashSet<IpAddr>,
    sessions: Table<IpAddr, Session>,
    flows: Table<u32, Flow>,
    next_session: u32,
    pool: Pool,
    rows: VecDeque<Row>,
    stats: Stats,
}

impl Features {
    /// Begins with a capture's outcome: an engine that was given all of it, and was told of its end.
    #[must_use]
    pub fn new(outcome: &Engine) -> Self {
        let config = outcome.config();
        let size = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        let servers = outcome.servers().map(|(_, server)| server);
        let of_video = servers.filter(|server| server.role.sends_video());
        Self {
            rules: Rules::new(config),
            decoder: Decoder::new(&config.vxlan_ports),
            events: Events::of(outcome),
            video_servers: of_video.map(|server| server.address).collect(),
            sessions: Table::new(size(config.max_sessions()), config.hash_seed),
            flows: Table::new(size(config.max_connections()), config.hash_seed),
            next_session: 1,
            pool: Pool::new(size(config.window_values())),
            rows: VecDeque::new(),
            stats: Stats::default(),
        }
    }

    /// The most memory that features with these settings hold, in bytes, whatever packets they are given, if rows are
    /// taken after each. While a list grows, its old place counts as well for a moment.
    #[must_use]
    pub fn memory_bound(config: &Config) -> u64 {
        let sessions = config.max_sessions();
        let windows_at_once = config.session_idle() / config.feature_window() + 2;
        Events::bound(config)
            .saturating_add(size::list::<[IpAddr; 2]>(config.max_servers()).saturating_mul(2))
            .saturating_add(Table::<IpAddr, Session>::bound(sessions))
            .saturating_add(Session::bound(config))
            .saturating_add(Table::<u32, Flow>::bound(config.max_connections()))
            .saturating_add(config.max_connections().saturating_mul(Connection::bound()))
            .saturating_add(Pool::bound(
                config.window_values(),
                sessions.saturating_mul(Window::SAMPLES),
            ))
            .saturating_add(size::list::<Row>(windows_at_once.max(sessions)))
    }

    /// Takes the next packet, with what the engine says of it. Take the rows next.
    pub fn packet(&mut self, packet: &Packet<'_>, said: Option<&Annotation>) {
        // A copy of a packet is no traffic.
        let is_copy = said.is_some_and(|said| said.duplicate);
        if !is_copy && let Ok(datagram) = self.decoder.decode(packet) {
            match said {
                Some(said) => self.own(&datagram, said, packet.time),
                None => self.foreign(&datagram, packet.time),
            }
        }
        while let Some(event) = self.events.up_to(packet.frame) {
            self.event(&event);
        }
    }

    /// A packet of Netflix's.
    fn own(&mut self, datagram: &Datagram<'_>, said: &Annotation, time: Time) {
        let is_down = said.direction == Direction::In;
        let (server, client) = if is_down {
            (datagram.source, datagram.destination)
        } else {
            (datagram.destination, datagram.source)
        };
        let is_video = self.video_servers.contains(&server);
        let slot = self.session(client, time);
        let session = &mut self.sessions[slot];
        self.stats.packets_late +=
            u64::from(session.advance(time, &self.rules, &mut self.pool, &mut self.rows));
        let gap = session.last_packet[usize::from(!is_down)]
            .replace(time)
            .map(|last| time.since(last).max(0));
        let pool = &mut self.pool;
        let window = &mut session.window;
        let side = if is_down {
            &mut window.down
        } else {
            &mut window.up
        };
        side.packet(datagram.length, is_video, gap, pool);
        if is_video {
            session
                .carriage
                .packet(&datagram.transport, datagram.length);
        }
        let Some(number) = said.flow else { return };
        let flow = flow(&mut self.flows, number, &mut self.stats.flows_evicted);
        if flow.counted != Some((session.number, session.index)) {
            flow.counted = Some((session.number, session.index));
            window.flows += 1;
        }
        match &datagram.transport {
            Transport::Tcp(tcp) => {
                let seen = flow.connection.packet(tcp, said.direction, time);
                side.tcp(tcp, &seen, pool);
                if let Some(round_trip) = seen.round_trip {
                    window.round_trip(round_trip, pool);
                }
            }
            Transport::Udp(udp) => side.datagram(udp.payload_length),
            Transport::LaterFragment | Transport::Other => {}
        }
    }

    /// A packet of somebody else's, which a client with a session may have sent or received.
    fn foreign(&mut self, datagram: &Datagram<'_>, time: Time) {
        for (client, is_down) in [(datagram.destination, true), (datagram.source, false)] {
            if let Some(slot) = self.sessions.find(&client) {
                self.sessions[slot].foreign(time, is_down, datagram.length, &self.rules);
            }
        }
    }

    fn event(&mut self, event: &Event) {
        let Some(slot) = self.sessions.find(&event.client) else {
            self.stats.events_lost += 1;
            return;
        };
        let session = &mut self.sessions[slot];
        match event.happening {
            Happening::Request => session.request(event.time, &self.rules),
            Happening::Completion { requested, bytes } => {
                session.completion(requested, event.time, bytes, &self.rules);
            }
        }
    }

    /// The client's session at a time: the open one, or a new one.
    fn session(&mut self, client: IpAddr, time: Time) -> Slot {
        let found = self.sessions.find(&client);
        if let Some(slot) = found {
            if !self.sessions[slot].is_over(time, &self.rules) {
                return slot;
            }
            self.close(slot);
            let session = self.new_session(client, time);
            self.sessions[slot] = session;
            return slot;
        }
        if self.sessions.is_full()
            && let Some(victim) = self.sessions.victim(|_, _| true)
        {
            self.close(victim);
            self.sessions.remove(victim);
            self.stats.sessions_evicted += 1;
        }
        let session = self.new_session(client, time);
        self.sessions.insert(client, session)
    }

    /// Closes the last window of a session.
    fn close(&mut self, slot: Slot) {
        let session = &mut self.sessions[slot];
        self.rows
            .push_back(session.close(&self.rules, &mut self.pool));
        self.stats.session_values_sampled += session.sampled;
    }

    fn new_session(&mut self, client: IpAddr, time: Time) -> Session {
        let number = self.next_session;
        self.next_session = number.saturating_add(1);
        Session::new(number, client, time)
    }

    /// Notes that the capture ended: closes every window.
    pub fn finish(&mut self) {
        let mut open: Vec<_> = self.sessions.slots().collect();
        open.sort_by_key(|&slot| self.sessions[slot].number);
        for slot in open {
            self.close(slot);
            self.sessions.remove(slot);
        }
    }

    /// The next row that is complete.
    pub fn next_row(&mut self) -> Option<Row> {
        self.rows.pop_front()
    }

    /// Returns the counts of what found no room.
    #[must_use]
    pub fn stats(&self) -> Stats {
        Stats {
            window_values_sampled: self.pool.sampled,
            ..self.stats
        }
    }
}

/// Finds or makes a flow.
fn flow<'a>(flows: &'a mut Table<u32, Flow>, number: u32, evicted: &mut u64) -> &'a mut Flow {
    let slot = flows.find(&number).unwrap_or_else(|| {
        if flows.is_full()
            && let Some(victim) = flows.victim(|_, _| true)
        {
            flows.remove(victim);
            *evicted += 1;
        }
        flows.insert(number, Flow::default())
    });
    &mut flows[slot]
}

#[cfg(test)]
mod tests;
