//! One client's segments, window by window: requests and completions.

use std::collections::VecDeque;

use super::carriage::Carriage;
use super::events::{Happening, SegmentEvent};
use super::row::{Latest, Row, SegmentsSoFar};
use super::session::WindowRules;
use super::window::Spread;
use crate::bounded::size;
use crate::config::Config;
use crate::packet::{Time, seconds};

/// Number of segments that the columns named `10_` look back on.
const LAST: usize = 10;

/// The times of one kind of event: requests, or completions.
#[derive(Clone, Debug, Default)]
struct Occurrences {
    count: u64,
    last: Option<Time>,
    gaps: Spread,
}

impl Occurrences {
    /// Adds one, and returns the time since the one before, in nanoseconds.
    fn add(&mut self, time: Time, limit: usize) -> Option<i64> {
        self.count += 1;
        let gap = self.last.replace(time).map(|last| time.since(last).max(0));
        if let Some(gap) = gap {
            self.gaps.add(seconds(gap), limit);
        }
        gap
    }
}

/// Statistics of a session's segments so far, and of the next window to fill.
#[derive(Clone, Debug, Default)]
pub(crate) struct SessionSegments {
    /// Transport of the packets to and from video servers.
    pub(crate) carriage: Carriage,
    requests: Occurrences,
    completions: Occurrences,
    sizes: Spread,
    bytes: u64,
    latest: Option<Latest>,
    last_sizes: VecDeque<u64>,
    window: WindowCounts,
}

/// Segments of one window.
#[derive(Clone, Debug, Default)]
struct WindowCounts {
    requests: u64,
    completions: u64,
    request_gaps: Spread,
    completion_gaps: Spread,
}

impl SessionSegments {
    /// Returns the most memory that all sessions hold besides the structs themselves.
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
        values.saturating_add(sessions.saturating_mul(size::list::<u64>(LAST as u64)))
    }

    /// Counts an event of a segment.
    pub(crate) fn happens(&mut self, event: &SegmentEvent, rules: &WindowRules) {
        match event.happening {
            Happening::Request => self.request(event.time, rules),
            Happening::Completion { requested, bytes } => {
                self.completion(requested, event.time, bytes, rules);
            }
        }
    }

    /// Counts a request.
    fn request(&mut self, time: Time, rules: &WindowRules) {
        self.window.requests += 1;
        if let Some(gap) = self.requests.add(time, rules.session_values) {
            self.window
                .request_gaps
                .add(seconds(gap), rules.session_values);
        }
    }

    /// Counts a segment that completed.
    fn completion(&mut self, requested: Time, completed: Time, bytes: u64, rules: &WindowRules) {
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

    /// Starts the next window without a row. Returns how many values were not kept for percentiles.
    pub(crate) fn next_window(&mut self) -> u64 {
        let sampled = self.take_sampled();
        self.window = WindowCounts::default();
        sampled
    }

    fn take_sampled(&mut self) -> u64 {
        let spreads = [
            &mut self.requests.gaps,
            &mut self.completions.gaps,
            &mut self.sizes,
            &mut self.window.request_gaps,
            &mut self.window.completion_gaps,
        ];
        spreads
            .into_iter()
            .map(|spread| std::mem::take(&mut spread.ranked.sampled))
            .sum()
    }

    /// Fills the row of a window and starts the next. Returns how many values were not kept for
    /// percentiles.
    pub(crate) fn fill(&mut self, row: &mut Row, rules: &WindowRules) -> u64 {
        let sampled = self.take_sampled();
        row.from_start = self.carriage.from_start;
        row.transport = self.carriage.transport();
        row.known = self.known(rules);
        let counted = &mut row.counted;
        counted.requests = std::mem::take(&mut self.window.requests);
        counted.completions = std::mem::take(&mut self.window.completions);
        counted.request_gaps = self.window.request_gaps.take();
        counted.completion_gaps = self.window.completion_gaps.take();
        sampled
    }

    /// Returns the state at the end of the window.
    fn known(&self, rules: &WindowRules) -> SegmentsSoFar {
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
        SegmentsSoFar {
            averages,
            requests_before: self.requests.count - self.window.requests,
            completions_before: self.completions.count - self.window.completions,
            bytes: self.bytes,
            latest: self.latest,
            sizes: self.sizes.span(),
            request_gaps: self.requests.gaps.span(),
            completion_gaps: self.completions.gaps.span(),
            last_sizes: last_sizes.span(),
        }
    }
}
