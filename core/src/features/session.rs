//! One client's streaming: where its windows are, and what its segments were.

use std::collections::VecDeque;
use std::net::IpAddr;

use super::carriage::Carriage;
use super::row::{Known, Latest, Row};
use super::sample::Pool;
use super::window::{Spread, Window};
use crate::bounded::size;
use crate::config::Config;
use crate::packet::{Time, seconds};

/// The segments that columns named `10_` look back on.
const LAST: usize = 10;

/// The settings that a session is measured by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    /// Nanoseconds.
    pub(crate) window: i64,
    /// Nanoseconds.
    pub(crate) idle: i64,
    /// Weight of the newest value.
    pub(crate) weight: f64,
    pub(crate) session_values: usize,
    pub(crate) zero_if_empty: bool,
}

impl Rules {
    pub(crate) fn new(config: &Config) -> Self {
        let nanoseconds = |seconds: u64| {
            i64::try_from(seconds)
                .unwrap_or(i64::MAX)
                .saturating_mul(1_000_000_000)
        };
        Self {
            window: nanoseconds(config.feature_window()),
            idle: nanoseconds(config.session_idle()),
            weight: 2.0 / (config.ewma_span() as f64 + 1.0),
            session_values: usize::try_from(config.session_values()).unwrap_or(usize::MAX),
            zero_if_empty: config.zero_if_empty,
        }
    }
}

/// Moments of one sort: requests, or completions.
#[derive(Debug, Default)]
struct Occurrences {
    count: u64,
    last: Option<Time>,
    gaps: Spread,
}

impl Occurrences {
    /// Takes one; the time since the one before, in nanoseconds.
    fn add(&mut self, time: Time, limit: usize) -> Option<i64> {
        self.count += 1;
        let gap = self.last.replace(time).map(|last| time.since(last).max(0));
        if let Some(gap) = gap {
            self.gaps.add(seconds(gap), limit);
        }
        gap
    }
}

/// A session that is going on.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) number: u32,
    pub(crate) client: IpAddr,
    start: Time,
    /// Time of the latest packet.
    last: Time,
    /// Number of the window that is open.
    pub(crate) index: u32,
    pub(crate) window: Window,
    /// Latest packet of each direction: down, up.
    pub(crate) last_packet: [Option<Time>; 2],
    /// Counters of the packets to and from video servers.
    pub(crate) carriage: Carriage,
    /// Bytes of the client's other traffic (down, up), by window from the open one on.
    foreign: VecDeque<[u64; 2]>,
    requests: Occurrences,
    completions: Occurrences,
    sizes: Spread,
    bytes: u64,
    latest: Option<Latest>,
    last_sizes: VecDeque<u64>,
    /// Values that were not kept for percentiles.
    pub(crate) sampled: u64,
}

impl Session {
    /// The most memory that all of them hold beside themselves, but for the values of windows.
    pub(crate) fn bound(config: &Config) -> u64 {
        let (sessions, events) = (
            config.max_sessions(),
            config.max_segments().saturating_mul(2),
        );
        // Each event adds a time to the session's list and to the window's, and perhaps a size.
        let lists = sessions
            .saturating_mul(5)
            .saturating_mul(size::list::<f64>(config.session_values()));
        let values = lists.min(
            sessions.saturating_mul(5 * size::list::<f64>(4))
                + size::list::<f64>(events.saturating_mul(3)),
        );
        let windows = size::list::<[u64; 2]>(config.session_idle() / config.feature_window() + 2);
        values.saturating_add(sessions.saturating_mul(windows + size::list::<u64>(LAST as u64)))
    }

    pub(crate) fn new(number: u32, client: IpAddr, start: Time) -> Self {
        Self {
            number,
            client,
            start,
            last: start,
            index: 0,
            window: Window::default(),
            last_packet: [None; 2],
            carriage: Carriage::default(),
            foreign: VecDeque::new(),
            requests: Occurrences::default(),
            completions: Occurrences::default(),
            sizes: Spread::default(),
            bytes: 0,
            latest: None,
            last_sizes: VecDeque::new(),
            sampled: 0,
        }
    }

    /// Returns true if a packet of this time is of another session: it came after the idle time, or
    /// the clock was set back by more than that.
    pub(crate) fn is_over(&self, time: Time, rules: &Rules) -> bool {
        time.since(self.last) > rules.idle || self.last.since(time) > rules.idle
    }

    fn window_start(&self, index: u32, rules: &Rules) -> Time {
        Time(
            self.start
                .0
                .saturating_add(rules.window.saturating_mul(i64::from(index))),
        )
    }

    /// Goes on to the window of a packet, and gives the rows of those before it. `true` if the packet is earlier than the
    /// open window: it counts in that, so that windows stay in order.
    pub(crate) fn advance(
        &mut self,
        time: Time,
        rules: &Rules,
        pool: &mut Pool,
        rows: &mut VecDeque<Row>,
    ) -> bool {
        // Bounded by the idle time.
        let target = time.since(self.start).max(0) / rules.window;
        while i64::from(self.index) < target.min(i64::from(u32::MAX)) {
            rows.push_back(self.close(rules, pool));
            self.index += 1;
        }
        self.last = self.last.max(time);
        time < self.window_start(self.index, rules)
    }

    /// Counts a packet of the client's other traffic.
    pub(crate) fn foreign(&mut self, time: Time, down: bool, length: u32, rules: &Rules) {
        if self.is_over(time, rules) {
            return;
        }
        // Bounded by the idle time.
        let ahead = time.since(self.window_start(self.index, rules)).max(0) / rules.window;
        let ahead = usize::try_from(ahead).unwrap_or(usize::MAX);
        if self.foreign.len() <= ahead {
            self.foreign.resize(ahead + 1, [0; 2]);
        }
        self.foreign[ahead][usize::from(!down)] += u64::from(length);
    }

    /// Takes a request.
    pub(crate) fn request(&mut self, time: Time, rules: &Rules) {
        self.window.requests += 1;
        if let Some(gap) = self.requests.add(time, rules.session_values) {
            self.window
                .request_gaps
                .add(seconds(gap), rules.session_values);
        }
    }

    /// Takes a segment that completed.
    pub(crate) fn completion(
        &mut self,
        requested: Time,
        completed: Time,
        bytes: u64,
        rules: &Rules,
    ) {
        self.window.completions += 1;
        let gap = self.completions.add(completed, rules.session_values);
        if let Some(gap) = gap {
            self.window
                .completion_gaps
                .add(seconds(gap), rules.session_values);
        }
        let growth = self
            .latest
            .map(|before| bytes.cast_signed().wrapping_sub(before.bytes.cast_signed()));
        self.latest = Some(Latest {
            requested,
            completed,
            bytes,
            growth,
            gap,
        });
        self.sizes.add(bytes as f64, rules.session_values);
        self.bytes += bytes;
        if self.last_sizes.len() == LAST {
            self.last_sizes.pop_front();
        }
        self.last_sizes.push_back(bytes);
    }

    /// The row of the open window, whose counts begin anew.
    pub(crate) fn close(&mut self, rules: &Rules, pool: &mut Pool) -> Row {
        let spreads = [
            &mut self.requests.gaps,
            &mut self.completions.gaps,
            &mut self.sizes,
        ];
        let of_window = [
            &mut self.window.request_gaps,
            &mut self.window.completion_gaps,
        ];
        for spread in spreads.into_iter().chain(of_window) {
            self.sampled += std::mem::take(&mut spread.ranked.sampled);
        }
        let counted = self.window.take(pool);
        Row {
            session: self.number,
            client: self.client,
            window: self.index,
            session_start: self.start,
            start: self.window_start(self.index, rules),
            end: self.window_start(self.index + 1, rules),
            from_start: self.carriage.from_start,
            transport: self.carriage.transport(),
            zero_if_empty: rules.zero_if_empty,
            foreign: self.foreign.pop_front().unwrap_or_default(),
            known: self.known(counted.requests, counted.completions, rules),
            counted,
        }
    }

    /// Returns what is known, with so many requests and completions in the window itself.
    fn known(&self, requests: u64, completions: u64, rules: &Rules) -> Known {
        let mut last_sizes = Spread::default();
        let mut average = None;
        let averages = self.last_sizes.iter().map(|&size| {
            let size = size as f64;
            last_sizes.add(size, LAST);
            *average.insert(average.map_or(size, |before: f64| {
                (size - before).mul_add(rules.weight, before)
            }))
        });
        let averages = averages.collect();
        Known {
            averages,
            requests_before: self.requests.count - requests,
            completions_before: self.completions.count - completions,
            bytes: self.bytes,
            latest: self.latest,
            sizes: self.sizes.span(),
            request_gaps: self.requests.gaps.span(),
            completion_gaps: self.completions.gaps.span(),
            last_sizes: last_sizes.span(),
        }
    }
}
