//! Steps of the capture's clock: which frames have shifted times, and by how much.

use std::collections::VecDeque;
use std::ops::Range;

/// Steps remembered. Of older ones, only the sum of those that lasted is kept.
const MOST: usize = 32;

/// Frames whose times are all shifted by the same amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ClockStep {
    /// The first of these frames, and the first one after them.
    pub(crate) since: u64,
    pub(crate) until: u64,
    /// Nanoseconds to add to their times to align them with the frames before.
    pub(crate) shift: i64,
}

/// The steps of a capture.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    list: VecDeque<ClockStep>,
    /// Sum of the steps that lasted and are no longer in the list.
    before: i64,
    /// From the first to the last frame of the steps that ended and are no longer in the list:
    /// which of these frames are shifted is unknown.
    forgotten: Range<u64>,
    /// The first frames after silences that were long enough to settle all segments. Traffic that
    /// continues after one may have waited for less, if the clock was set meanwhile.
    gaps: VecDeque<u64>,
}

impl Steps {
    /// Returns true if the clock never stepped.
    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty() && self.gaps.is_empty()
    }

    /// Records a silence in which all segments settle.
    pub(crate) fn note_gap(&mut self, frame: u64) {
        if self.gaps.len() >= MOST {
            self.gaps.pop_front();
        }
        self.gaps.push_back(frame);
    }

    /// Returns true if the time between two frames is unknown. The later frame comes second.
    pub(crate) fn divide(&self, from: u64, to: u64) -> bool {
        self.forgotten.contains(&from)
            || self.forgotten.contains(&to)
            || self.shift(from) != self.shift(to)
            || self.gaps.iter().any(|&gap| from < gap && gap <= to)
    }

    /// Records a step.
    pub(crate) fn note(&mut self, step: ClockStep) {
        // A step explains this silence.
        self.gaps.retain(|&gap| gap != step.since);
        if self.list.len() >= MOST
            && let Some(oldest) = self.list.pop_front()
        {
            self.forget(oldest);
        }
        self.list.push_back(step);
    }

    fn forget(&mut self, step: ClockStep) {
        if step.until == u64::MAX {
            self.before = self.before.saturating_add(step.shift);
            return;
        }
        let since = if self.forgotten.is_empty() {
            step.since
        } else {
            self.forgotten.start.min(step.since)
        };
        self.forgotten = since..self.forgotten.end.max(step.until);
    }

    /// Records that the clock was set right: the latest step ends at this frame.
    pub(crate) fn end(&mut self, frame: u64) {
        if let Some(latest) = self.list.back_mut() {
            latest.until = latest.until.min(frame);
        }
    }

    /// Returns the nanoseconds to add to a frame's time so that all frames are in order of time.
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

    #[test]
    fn among_forgotten_steps_no_time_is_known() {
        // Every second frame is shifted.
        let mut steps = Steps::default();
        let note = |steps: &mut Steps, range: Range<u64>| {
            range.for_each(|at| steps.note(step(100 + 2 * at, 101 + 2 * at, 9)));
        };
        note(&mut steps, 0..MOST as u64);
        assert!(!steps.divide(101, 103) && steps.divide(100, 103));
        // The ten that are forgotten end before frame 119.
        note(&mut steps, MOST as u64..MOST as u64 + 10);
        assert!(steps.divide(101, 103) && steps.divide(118, 121));
        assert!(!steps.divide(98, 99) && !steps.divide(99, 119) && !steps.divide(119, 121));
    }
}
