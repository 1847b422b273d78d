//! One client's packets, divided into windows.

use std::collections::VecDeque;
use std::net::IpAddr;

use super::row::{Row, SegmentsSoFar};
use super::sample::SampleRoom;
use super::shares::Shares;
use super::window::Window;
use crate::bounded::size;
use crate::config::Config;
use crate::packet::{Time, from_seconds};

/// The settings that define windows and sessions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WindowRules {
    /// Length of a window, in nanoseconds.
    pub(crate) window: i64,
    /// Pause that ends a session, in nanoseconds.
    pub(crate) idle: i64,
    /// Weight of the newest value in moving averages.
    pub(crate) weight: f64,
    pub(crate) session_values: usize,
    pub(crate) zero_if_empty: bool,
}

impl WindowRules {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            window: from_seconds(config.feature_window()),
            idle: from_seconds(config.session_idle()),
            weight: 2.0 / (config.ewma_span() as f64 + 1.0),
            session_values: usize::try_from(config.session_values()).unwrap_or(usize::MAX),
            zero_if_empty: config.zero_if_empty,
        }
    }
}

/// A window whose packets are counted and whose segments are not known yet.
#[derive(Clone, Debug)]
pub(crate) struct Closed {
    pub(crate) row: Row,
    pub(crate) shares: Shares,
    /// Frame of the packet that began its session.
    pub(crate) begun: u64,
    /// Frame of the packet that closed it. Events of that frame belong to a later window.
    pub(crate) until: u64,
    /// True if it is the last of its session.
    pub(crate) is_last: bool,
}

/// An open session.
#[derive(Debug)]
pub(crate) struct OpenSession {
    pub(crate) number: u32,
    pub(crate) client: IpAddr,
    pub(crate) start: Time,
    /// Frame of its first packet.
    pub(crate) begun: u64,
    /// Time of the latest packet.
    last: Time,
    /// Number of the window that is open.
    pub(crate) index: u32,
    pub(crate) window: Window,
    /// Latest packet of each direction: down, up.
    pub(crate) last_packet: [Option<Time>; 2],
    /// Bytes of the client's non-Netflix traffic (down, up), by window from the open one on.
    foreign: VecDeque<[u64; 2]>,
}

impl OpenSession {
    /// Returns the most memory that all sessions hold besides the structs themselves, without the
    /// values of windows.
    pub(crate) fn bound(config: &Config) -> u64 {
        let windows = size::list::<[u64; 2]>(config.session_idle() / config.feature_window() + 2);
        config
            .max_sessions()
            .saturating_mul(windows.saturating_add(Shares::bound()))
    }

    pub(crate) fn new(number: u32, client: IpAddr, start: Time, begun: u64) -> Self {
        Self {
            number,
            client,
            start,
            begun,
            last: start,
            index: 0,
            window: Window::default(),
            last_packet: [None; 2],
            foreign: VecDeque::new(),
        }
    }

    /// Returns true if a packet with this time belongs to another session: it came after the idle
    /// time, or the clock was set back by more than that.
    pub(crate) fn is_over(&self, time: Time, rules: &WindowRules) -> bool {
        time.since(self.last) > rules.idle || self.last.since(time) > rules.idle
    }

    fn window_start(&self, index: u32, rules: &WindowRules) -> Time {
        Time(
            self.start
                .0
                .saturating_add(rules.window.saturating_mul(i64::from(index))),
        )
    }

    /// Advances to the window of a packet, and closes the windows before it. Returns true if the
    /// packet is earlier than the open window; it then counts in the open one, so that windows stay
    /// in order.
    pub(crate) fn advance(
        &mut self,
        (time, frame): (Time, u64),
        rules: &WindowRules,
        pool: &mut SampleRoom,
        closed: &mut VecDeque<Closed>,
    ) -> bool {
        // The idle time bounds this.
        let target = time.since(self.start).max(0) / rules.window;
        while i64::from(self.index) < target.min(i64::from(u32::MAX)) {
            closed.push_back(self.close(frame, rules, pool));
            self.index += 1;
        }
        self.last = self.last.max(time);
        time < self.window_start(self.index, rules)
    }

    /// Counts a packet of the client's non-Netflix traffic.
    pub(crate) fn foreign(&mut self, time: Time, down: bool, length: u32, rules: &WindowRules) {
        if self.is_over(time, rules) {
            return;
        }
        // The idle time bounds this.
        let ahead = time.since(self.window_start(self.index, rules)).max(0) / rules.window;
        let ahead = usize::try_from(ahead).unwrap_or(usize::MAX);
        if self.foreign.len() <= ahead {
            self.foreign.resize(ahead + 1, [0; 2]);
        }
        self.foreign[ahead][usize::from(!down)] += u64::from(length);
    }

    /// Closes the open window at a frame and resets its counts.
    pub(crate) fn close(
        &mut self,
        until: u64,
        rules: &WindowRules,
        pool: &mut SampleRoom,
    ) -> Closed {
        let (counted, shares) = self.window.take(pool);
        let row = Row {
            session: self.number,
            client: self.client,
            window: self.index,
            session_start: self.start,
            start: self.window_start(self.index, rules),
            end: self.window_start(self.index + 1, rules),
            from_start: None,
            is_complete: false,
            transport: None,
            zero_if_empty: rules.zero_if_empty,
            foreign: self.foreign.pop_front().unwrap_or_default(),
            known: SegmentsSoFar::default(),
            played: None,
            counted,
        };
        Closed {
            row,
            shares,
            begun: self.begun,
            until,
            is_last: false,
        }
    }
}
