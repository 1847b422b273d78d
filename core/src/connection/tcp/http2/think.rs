//! The time that a client takes to ask for more when it has what it asked for.

use smallvec::SmallVec;

use crate::config::Config;
use crate::packet::{Time, from_milliseconds};

/// Assumed time until one was seen, in nanoseconds.
const SUPPOSED: i64 = 5_000_000;
/// Number of latest observations, whose median counts.
const OBSERVATIONS: usize = 9;
/// Number of latest points of the connection, and the shortest time between them in nanoseconds.
const POINTS: usize = 32;
const STEP: i64 = 1_000_000;

/// A client's thinking time, and recent arrivals.
#[derive(Debug, Default)]
pub(super) struct Think {
    observed: SmallVec<[i64; OBSERVATIONS]>,
    points: SmallVec<[(Time, u64); POINTS]>,
    /// Index of the oldest point.
    oldest: usize,
    /// Time of the newest bytes.
    last: Option<Time>,
}

impl Think {
    /// Records that this many bytes had come at this time.
    pub(super) fn push(&mut self, bytes: u64, time: Time) {
        self.last = Some(time);
        let count = self.points.len();
        let newest = (self.oldest + count + POINTS - 1) % POINTS;
        if let Some(point) = self.points.get_mut(newest)
            && time.since(point.0) < STEP
        {
            // Bytes of the same moment.
            point.1 = bytes;
        } else if count < POINTS {
            self.points.push((time, bytes));
        } else {
            self.points[self.oldest] = (time, bytes);
            self.oldest = (self.oldest + 1) % POINTS;
        }
    }

    /// Records a request of a client that waits for nothing.
    pub(super) fn ask(&mut self, time: Time, config: &Config) {
        let Some(took) = self.last.map(|last| time.since(last)) else {
            return;
        };
        if (0..=from_milliseconds(config.sharing_at_once())).contains(&took) {
            if self.observed.len() == OBSERVATIONS {
                self.observed.remove(0);
            }
            self.observed.push(took);
        }
    }

    /// Returns the thinking time, in nanoseconds.
    fn time(&self, config: &Config) -> i64 {
        let mut sorted = self.observed.clone();
        sorted.sort_unstable();
        sorted
            .get(sorted.len() / 2)
            .copied()
            .unwrap_or(SUPPOSED)
            .min(from_milliseconds(config.sharing_think()))
    }

    /// Returns the bytes that had come when a client that asks now decided to.
    pub(super) fn known_at(&self, now: Time, config: &Config) -> Option<u64> {
        let decided = Time(now.0.saturating_sub(self.time(config)));
        let points = self.points[self.oldest..]
            .iter()
            .chain(&self.points[..self.oldest]);
        let mut before = None;
        for &(time, bytes) in points {
            if time > decided {
                // Older ones were forgotten.
                return before.or(Some(bytes));
            }
            before = Some(bytes);
        }
        before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILLISECOND: i64 = 1_000_000;

    #[test]
    fn what_comes_while_a_client_thinks_is_not_known_to_it() {
        let config = Config::default();
        let mut think = Think::default();
        assert_eq!(think.known_at(Time(0), &config), None);
        for at in 0..100 {
            think.push(1000 * (at as u64 + 1), Time(at * MILLISECOND));
        }
        // Five milliseconds, as assumed.
        assert_eq!(
            think.known_at(Time(99 * MILLISECOND), &config),
            Some(95_000)
        );
        for _ in 0..3 {
            think.ask(Time(109 * MILLISECOND), &config);
        }
        assert_eq!(
            think.known_at(Time(99 * MILLISECOND), &config),
            Some(90_000)
        );
        // The oldest known point.
        assert_eq!(think.known_at(Time(0), &config), Some(69_000));
    }

    #[test]
    fn both_sides_of_a_request_at_once_and_of_the_longest_time_to_think() {
        let config = Config::default();
        let at_once = from_milliseconds(config.sharing_at_once());
        let mut think = Think::default();
        think.push(1000, Time(0));
        think.ask(Time(at_once + 1), &config);
        think.ask(Time(-1), &config);
        assert_eq!(think.time(&config), SUPPOSED);
        think.ask(Time(at_once), &config);
        assert_eq!(
            think.time(&config),
            from_milliseconds(config.sharing_think())
        );
        let mut quick = Think::default();
        quick.push(1000, Time(0));
        quick.ask(Time(19 * MILLISECOND), &config);
        assert_eq!(quick.time(&config), 19 * MILLISECOND);
    }
}
