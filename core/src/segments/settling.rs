//! Decides when segments settle and queues them, so that hosts that run for long read each segment
//! once, in its final state.

use std::collections::VecDeque;

use crate::bounded::size;
use crate::config::Config;
use crate::facts::segment::Segment;
use crate::packet::{Time, from_seconds};

/// Open segments examined per packet, so that no packet pays for all of them.
const LOOKS: usize = 16;

/// Number of sweeps within the settling time: a segment settles late by at most this fraction of
/// it.
const SWEEPS: i64 = 16;

/// Settled segments kept after they left the table before a host took them.
const MOST_EVICTED: usize = 1_024;

/// Open segments, and settled ones that a host has not taken yet.
#[derive(Debug)]
pub(crate) struct Settling {
    /// Numbers of segments that have not settled, in the order in which they are examined.
    open: VecDeque<u32>,
    /// Number of them left in this sweep.
    left: usize,
    /// First time at which a sweep is due.
    next: Time,
    /// Before this time a sweep is due as well: the clock stepped back.
    earliest: Time,
    /// Silence after which a segment settles, in nanoseconds.
    patience: i64,
    /// Silence after which a response is complete, in nanoseconds.
    quiet: i64,
    /// True if a host takes settled segments.
    is_watched: bool,
    /// Numbers of settled segments, in the order in which they settled.
    settled: VecDeque<u32>,
    capacity: usize,
    /// Settled segments that have left the table.
    evicted: VecDeque<Segment>,
    /// Number of settled segments that no host took in time.
    pub(crate) lost: u64,
    /// Number of changes that came too late for a settled segment.
    pub(crate) late_changes: u64,
}

impl Settling {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            open: VecDeque::new(),
            left: 0,
            next: Time(i64::MIN),
            earliest: Time(i64::MIN),
            patience: from_seconds(config.settle_after().max(config.segment_quiet())),
            quiet: from_seconds(config.segment_quiet()),
            is_watched: false,
            settled: VecDeque::new(),
            capacity: usize::try_from(config.max_segments()).unwrap_or(usize::MAX),
            evicted: VecDeque::new(),
            lost: 0,
            late_changes: 0,
        }
    }

    /// Returns the most memory that it holds, in bytes.
    pub(crate) fn bound(config: &Config) -> u64 {
        let open = size::list::<u32>(config.max_segments().saturating_mul(2));
        let settled = size::list::<u32>(config.max_segments());
        let evicted = size::list::<Segment>(MOST_EVICTED as u64);
        open.saturating_add(settled).saturating_add(evicted)
    }

    /// Adds a segment that was opened. The table holds segments from `first` on.
    pub(crate) fn open(&mut self, number: u32, first: u32) {
        // A sweep drops numbers that left the table as it meets them. If sweeps do not keep up, all
        // such numbers go at once: the table holds half as many as the list, so this frees at least
        // as many places as were filled.
        if self.open.len() >= self.capacity.saturating_mul(2) {
            self.open.retain(|&number| number >= first);
            self.left = self.left.min(self.open.len());
        }
        self.open.push_back(number);
    }

    /// Returns true if open segments should be looked at now.
    #[inline]
    pub(crate) const fn is_due(&self, now: Time) -> bool {
        now.0 >= self.next.0 || now.0 < self.earliest.0
    }

    /// Starts or continues a sweep. Returns how many open segments to examine with [`Self::look`].
    pub(crate) fn begin(&mut self, now: Time) -> usize {
        if self.left == 0 {
            self.left = self.open.len();
        }
        let looks = self.left.min(LOOKS);
        self.left -= looks;
        if self.left == 0 {
            // Set even if the clock stepped back, so that no sweep waits for a time that was a
            // mistake.
            self.next = Time(now.0.saturating_add((self.patience / SWEEPS).max(1)));
            self.earliest = Time(self.next.0.saturating_sub(self.patience));
        }
        looks
    }

    /// Takes the number of the next open segment. Give it back with [`Self::keep`] if the segment
    /// stays open.
    pub(crate) fn look(&mut self) -> Option<u32> {
        self.open.pop_front()
    }

    /// Gives back a segment that stays open.
    pub(crate) fn keep(&mut self, number: u32) {
        self.open.push_back(number);
    }

    /// Takes the numbers of all open segments, at the end of the capture.
    pub(crate) fn all(&mut self) -> VecDeque<u32> {
        self.left = 0;
        core::mem::take(&mut self.open)
    }

    /// Returns true if this silence since a segment's last byte settles it. An unanswered request
    /// stays open.
    pub(crate) fn is_over(&self, silence: Option<i64>) -> bool {
        silence.is_some_and(|silence| silence >= self.patience)
    }

    /// Returns true if this silence completes a response.
    pub(crate) fn is_quiet(&self, silence: Option<i64>) -> bool {
        silence.is_some_and(|silence| silence >= self.quiet)
    }

    /// Starts to keep settled segments for a host.
    pub(crate) fn watch(&mut self) {
        self.is_watched = true;
    }

    /// Queues a settled segment.
    pub(crate) fn settle(&mut self, number: u32) {
        if !self.is_watched {
            return;
        }
        if self.settled.len() >= self.capacity {
            self.settled.pop_front();
            self.lost += 1;
        }
        self.settled.push_back(number);
    }

    /// Keeps a copy of a settled segment that leaves the table before it was taken.
    pub(crate) fn evict(&mut self, segment: Segment) {
        if !self.is_watched {
            return;
        }
        if self.evicted.len() >= MOST_EVICTED {
            self.evicted.pop_front();
            self.lost += 1;
        }
        self.evicted.push_back(segment);
    }

    /// Returns the number of the next settled segment, or the segment itself if it left the table.
    pub(crate) fn next(&mut self) -> Option<Result<u32, Segment>> {
        if let Some(segment) = self.evicted.pop_front() {
            return Some(Err(segment));
        }
        self.settled.pop_front().map(Ok)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// If segments come faster than they are examined, those that left the table are removed,
    /// wherever they are in the list.
    #[test]
    fn an_open_segment_stays_in_the_list_as_long_as_in_the_table() {
        let mut config = Config::default();
        config.set("max_segments", "16").expect("it is in range");
        let mut settling = Settling::new(&config);
        for number in 1..=100 {
            settling.open(number, number.saturating_sub(15));
            // Examined, and put back after newer ones.
            let oldest = settling.look().expect("one was added");
            settling.keep(oldest);
        }
        let open = settling.all();
        assert!((85..=100).all(|number| open.contains(&number)), "{open:?}");
        assert!(open.len() <= 32, "{open:?}");
    }
}
