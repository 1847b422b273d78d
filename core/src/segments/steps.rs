//! Steps of the capture's clock: by how much the times of which frames are off.

use std::collections::VecDeque;

/// Steps remembered; of older ones only those stay that lasted.
const MOST: usize = 32;

/// Frames whose times are off, all by the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ClockStep {
    /// The first of them, and the first one behind them.
    pub(crate) since: u64,
    pub(crate) until: u64,
    /// Nanoseconds to add to their times to bring them in line with those of the frames before.
    pub(crate) shift: i64,
}

/// The steps of a capture.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    list: VecDeque<ClockStep>,
    /// Of steps that lasted and are no longer in the list.
    before: i64,
    /// The first frames behind silences in which all segments settle: what goes on behind one may as well have waited for
    /// less, by a clock that was set.
    gaps: VecDeque<u64>,
}

impl Steps {
    /// Returns true if the clock never stepped.
    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty() && self.gaps.is_empty()
    }

    /// Takes note of a silence in which all segments settle.
    pub(crate) fn note_gap(&mut self, frame: u64) {
        if self.gaps.len() >= MOST {
            self.gaps.pop_front();
        }
        self.gaps.push_back(frame);
    }

    /// Returns true if the time between two frames, the later one last, is not known.
    pub(crate) fn divide(&self, from: u64, to: u64) -> bool {
        self.shift(from) != self.shift(to) || self.gaps.iter().any(|&gap| from < gap && gap <= to)
    }

    /// Takes note of a step.
    pub(crate) fn note(&mut self, step: ClockStep) {
        // A silence that was none.
        self.gaps.retain(|&gap| gap != step.since);
        if self.list.len() >= MOST
            && let Some(oldest) = self.list.pop_front()
            && oldest.until == u64::MAX
        {
            self.before = self.before.saturating_add(oldest.shift);
        }
        self.list.push_back(step);
    }

    /// Takes note that the clock was set right: the latest step ends at this frame.
    pub(crate) fn end(&mut self, frame: u64) {
        if let Some(latest) = self.list.back_mut() {
            latest.until = latest.until.min(frame);
        }
    }

    /// Nanoseconds to add to a frame's time to bring all frames in order of time.
    pub(crate) fn shift(&self, frame: u64) -> i64 {
        let of_it = self
            .list
            .iter()
            .filter(|step| (step.since..step.until).contains(&frame));
        of_it.fold(self.before, |sum, step| sum.saturating_add(step.shift))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(since: u64, until: u64, shift: i64) -> ClockStep {
        ClockStep {
            since,
            until,
            shift,
        }
    }

    #[test]
    fn frames_are_off_by_the_steps_that_they_are_within() {
        let mut steps = Steps::default();
        assert_eq!((steps.is_empty(), steps.shift(5)), (true, 0));
        steps.note(step(10, 20, -100));
        steps.note(step(30, u64::MAX, 7));
        for (frame, shift) in [
            (9, 0),
            (10, -100),
            (19, -100),
            (20, 0),
            (29, 0),
            (30, 7),
            (1000, 7),
        ] {
            assert_eq!(steps.shift(frame), shift, "{frame}");
        }
        steps.end(40);
        assert_eq!((steps.shift(39), steps.shift(40)), (7, 0));
    }

    #[test]
    fn a_silence_divides_until_it_turns_out_to_be_none() {
        let mut steps = Steps::default();
        steps.note_gap(10);
        for (from, to, divides) in [(9, 10, true), (1, 99, true), (10, 11, false), (5, 9, false)] {
            assert_eq!(steps.divide(from, to), divides, "{from} {to}");
        }
        steps.note(step(10, 20, -100));
        assert!(steps.divide(9, 10) && steps.divide(15, 20) && !steps.divide(9, 20));
        for frame in 0..1000 {
            steps.note_gap(frame);
        }
        assert_eq!(steps.gaps.len(), MOST);
    }

    #[test]
    fn old_steps_make_room_and_those_that_lasted_stay() {
        let mut steps = Steps::default();
        steps.note(step(1, u64::MAX, 5));
        steps.note(step(2, 3, 1));
        for number in 0..1000 {
            steps.note(step(100 + number, 101 + number, 1));
        }
        assert_eq!(steps.list.len(), MOST);
        assert_eq!(steps.shift(5000), 5);
    }
}
