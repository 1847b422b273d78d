//! The capture's clock, which may step back, or leap ahead and come back.
//!
//! A leap ahead is recognised only when the clock comes back; until then it looks like a silence.
//! So nothing ends by silence until the clock has gone on for `clock_doubt` after a leap.
//!
//! Packets of several flows may be in any order in a file, with correct times. Only contradictions
//! within one flow show that the clock stepped.

use crate::bounded::clock_table::{NONE, Slot};
use crate::config::Config;
use crate::packet::{Stamp, Time, from_milliseconds, from_seconds};
use crate::segments::steps::ClockStep;

/// Two consecutive packets whose times differ by more than a step.
#[derive(Clone, Copy, Debug)]
pub(super) struct Jump {
    pub(super) before: Time,
    pub(super) at: Stamp,
    /// The flow of the second packet, or `NONE`.
    pub(super) flow: Slot,
}

impl Jump {
    /// Returns true if a step from one time to another takes this jump back.
    fn is_undone(&self, from: Time, to: Time, step: i64) -> bool {
        let expected = Time(self.before.0.saturating_add(from.since(self.at.time)));
        to.since(expected).saturating_abs() <= step
    }
}

/// Number of leaps ahead that are remembered. Some are silences, and any of several may be the one
/// that is taken back.
const LEAPS: usize = 8;

/// The meaning of a jump.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Finding {
    Nothing,
    Step(ClockStep),
    /// A silence in which all segments settle, which ends with this frame.
    Gap(u64),
    /// The end of an earlier step: the clock was set right.
    End(u64),
    /// A step, if this flow's next packet contradicts its earlier ones.
    Perhaps(Slot),
}

/// State of a capture's clock.
#[derive(Debug)]
pub(super) struct CaptureClock {
    /// Time of the newest packet.
    newest: Time,
    /// The first time, if packets without one came before it.
    pub(super) start: Option<Time>,
    /// `clock_step`, from one step back to one ahead, and `clock_doubt`, in nanoseconds.
    step: i64,
    between: u64,
    doubt: i64,
    /// `settle_after` in nanoseconds.
    patience: i64,
    /// The latest leaps ahead, in order, and the latest step back.
    leaps: Vec<Jump>,
    back: Option<Jump>,
    /// Length of the latest leap that was taken back, in nanoseconds, or 0. Where the two
    /// directions have clocks of their own, each packet of one leaps by it.
    taken_back: i64,
    /// A step that the next packet of a flow may prove.
    unproven: Option<(Slot, ClockStep)>,
}

impl CaptureClock {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            newest: Time(i64::MIN),
            start: None,
            step: from_milliseconds(config.clock_step()),
            between: from_milliseconds(2 * config.clock_step()).cast_unsigned(),
            doubt: from_seconds(config.clock_doubt()),
            patience: from_seconds(config.settle_after()),
            leaps: Vec::new(),
            back: None,
            taken_back: 0,
            unproven: None,
        }
    }

    /// Records a packet's time. Returns the time of the previous packet if the two differ by more
    /// than a step.
    #[inline(always)]
    pub(super) const fn take(&mut self, now: Time) -> Option<Time> {
        let before = self.newest;
        self.newest = now;
        // Tests both directions with one comparison.
        let ahead = now.0.wrapping_sub(before.0).wrapping_add(self.step);
        if ahead.cast_unsigned() <= self.between {
            return None;
        }
        Some(before)
    }

    /// Sets the newest time back to that of the packet before, because the packet has none.
    pub(super) const fn stay(&mut self, before: Time) {
        self.newest = before;
    }

    /// Begins at the first time that an earlier reading found, if packets without one came first.
    pub(super) fn begin(&mut self, earlier: &Self) {
        self.start = earlier.start;
        self.newest = self.start.unwrap_or(self.newest);
    }

    /// Judges a packet that is ahead of the previous one. `own` is the time up to which its flow
    /// was seen.
    pub(super) fn leaps(&mut self, jump: Jump, own: Option<Time>) -> Finding {
        if jump.before.0 == i64::MIN {
            return Finding::Nothing;
        }
        let set_right = |back: &Jump| back.is_undone(jump.before, jump.at.time, self.step);
        if self.back.take_if(|back| set_right(back)).is_some() {
            return Finding::End(jump.at.frame);
        }
        // A flow that simply continues is only out of order among others.
        let is_order = own.is_some_and(|own| jump.at.time.since(own) <= self.step);
        let length = jump.at.time.since(jump.before);
        let is_again = length.abs_diff(self.taken_back) <= self.step.cast_unsigned();
        if is_order && !is_again {
            return Finding::Nothing;
        }
        self.remember(jump);
        if length < self.patience {
            return Finding::Nothing;
        }
        Finding::Gap(jump.at.frame)
    }

    /// Remembers a leap, in place of the smallest one if there are too many.
    fn remember(&mut self, leap: Jump) {
        if self.leaps.len() >= LEAPS {
            let length = |leap: &Jump| leap.at.time.since(leap.before);
            let least = (0..self.leaps.len()).min_by_key(|&at| length(&self.leaps[at]));
            self.leaps.remove(least.unwrap_or(0));
        }
        self.leaps.push(leap);
    }

    /// Judges a packet that is behind the previous one.
    pub(super) fn steps_back(&mut self, jump: Jump, own: Option<Time>) -> Finding {
        let undone = |leap: &Jump| leap.is_undone(jump.before, jump.at.time, self.step);
        // The packets after the leap had the wrong clock. If no leap is taken back, all earlier
        // packets were before a new step.
        let from = self.leaps.iter().rposition(undone);
        let undone = from.map(|from| self.leaps[from]);
        self.leaps.truncate(from.unwrap_or(0));
        let step = match undone {
            Some(leap) => ClockStep {
                since: leap.at.frame,
                until: jump.at.frame,
                shift: leap.before.since(leap.at.time),
            },
            None => ClockStep {
                since: jump.at.frame,
                until: u64::MAX,
                shift: jump.before.since(jump.at.time),
            },
        };
        let is_proven = own.is_some_and(|own| own.since(jump.at.time) > self.step);
        match undone {
            Some(_) if is_proven => {
                self.taken_back = step.shift.saturating_neg();
                Finding::Step(step)
            }
            Some(leap) if leap.flow != NONE => {
                self.unproven = Some((leap.flow, step));
                Finding::Perhaps(leap.flow)
            }
            None if is_proven => {
                self.back = Some(jump);
                Finding::Step(step)
            }
            _ => Finding::Nothing,
        }
    }

    /// Returns true if the next packet of some flow may prove a step.
    pub(super) const fn suspects(&self) -> bool {
        self.unproven.is_some()
    }

    /// Judges the next packet of a flow that may prove a step.
    pub(super) fn prove(&mut self, flow: Slot, now: Time, own: Time) -> Option<ClockStep> {
        let (_, step) = self.unproven.take_if(|(suspected, _)| *suspected == flow)?;
        (own.since(now) > self.step).then_some(step)
    }

    /// Returns the time until which silence is believed: after a leap ahead, the time before it,
    /// until the clock has gone on for long enough.
    pub(super) fn trusted(&self, now: Time) -> Time {
        match self.leaps.last() {
            Some(leap) if now.since(leap.at.time) < self.doubt => leap.before,
            _ => now,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000_000;

    fn jump(before: i64, frame: u64, seconds: i64) -> Jump {
        Jump {
            before: Time(before * SECOND),
            at: Stamp {
                frame,
                time: Time(seconds * SECOND),
            },
            flow: 3,
        }
    }

    fn at(seconds: i64) -> Option<Time> {
        Some(Time(seconds * SECOND))
    }

    #[test]
    fn steps_in_both_directions_are_handed_out() {
        let mut clock = CaptureClock::new(&Config::default());
        assert_eq!(clock.take(Time(0)), Some(Time(i64::MIN)));
        for (now, is_step) in [
            (1_000, false),
            (2_001, true),
            (1_001, false),
            (0, true),
            (0, false),
        ] {
            assert_eq!(
                clock.take(Time(now * 1_000_000)).is_some(),
                is_step,
                "{now} ms"
            );
        }
        for now in [i64::MAX, 0, i64::MIN, 0] {
            assert!(clock.take(Time(now)).is_some());
        }
    }

    #[test]
    fn a_leap_that_is_taken_back_is_told_from_a_step_back() {
        for (back_to, is_undone) in [
            (105, true),
            (106, true),
            (107, false),
            (104, true),
            (103, false),
        ] {
            let mut clock = CaptureClock::new(&Config::default());
            assert_eq!(clock.leaps(jump(100, 10, 3_700), at(99)), Finding::Gap(10));
            // Five seconds later by that clock.
            let found = clock.steps_back(jump(3_705, 20, back_to), at(3_704));
            let (since, until, shift) = if is_undone {
                (10, 20, -3_600)
            } else {
                (20, u64::MAX, 3_705 - back_to)
            };
            let expected = ClockStep {
                since,
                until,
                shift: shift * SECOND,
            };
            assert_eq!(found, Finding::Step(expected), "{back_to}");
        }
    }

    #[test]
    fn a_leap_is_found_behind_silences() {
        for (silences, is_found) in [(7, true), (8, true), (40, true)] {
            let mut clock = CaptureClock::new(&Config::default());
            let _ = clock.leaps(jump(100, 10, 130), at(99));
            for number in 0..silences {
                let _ = clock.leaps(jump(130 + 2 * number, 11, 132 + 2 * number), at(99));
            }
            let end = 130 + 2 * silences;
            let found = clock.steps_back(jump(end, 90, end - 30), at(end));
            assert_eq!(
                matches!(found, Finding::Step(step) if step.since == 10),
                is_found
            );
            assert!(clock.leaps.is_empty());
        }
    }

    #[test]
    fn only_a_flow_that_contradicts_itself_proves_a_step() {
        // Flows out of order: neither goes back in its own time.
        let mut clock = CaptureClock::new(&Config::default());
        assert_eq!(clock.leaps(jump(5, 10, 60), at(59)), Finding::Nothing);
        assert_eq!(clock.steps_back(jump(60, 11, 5), at(5)), Finding::Nothing);
        // A packet of one flow leaps and another flow goes on: the first flow's next packet
        // decides.
        for (own, is_step) in [(3_605, true), (7, false)] {
            let _ = clock.leaps(jump(5, 20, 3_605), at(4));
            assert_eq!(
                clock.steps_back(jump(3_605, 21, 5), at(5)),
                Finding::Perhaps(3)
            );
            assert_eq!(clock.prove(4, Time(6 * SECOND), Time(5 * SECOND)), None);
            let found = clock.prove(3, Time(6 * SECOND), Time(own * SECOND));
            assert_eq!(found.is_some(), is_step);
            assert_eq!(
                clock.prove(3, Time(6 * SECOND), Time(own * SECOND)),
                None,
                "once"
            );
        }
    }

    #[test]
    fn a_step_back_ends_where_the_clock_is_set_right() {
        for (to, is_end) in [(205, true), (206, true), (207, false)] {
            let mut clock = CaptureClock::new(&Config::default());
            let found = clock.steps_back(jump(200, 10, 100), at(200));
            assert!(matches!(found, Finding::Step(_)));
            let found = clock.leaps(jump(105, 20, to), at(105));
            assert_eq!(found == Finding::End(20), is_end, "{to}");
        }
    }

    #[test]
    fn silence_is_believed_once_the_clock_has_gone_on() {
        let mut clock = CaptureClock::new(&Config::default());
        let _ = clock.leaps(jump(100, 10, 3_700), None);
        for (now, trusted) in [(3_700, 100), (3_709, 100), (3_710, 3_710)] {
            assert_eq!(clock.trusted(Time(now * SECOND)), Time(trusted * SECOND));
        }
        let _ = clock.steps_back(jump(3_700, 11, 101), None);
        assert_eq!(clock.trusted(Time(101 * SECOND)), Time(101 * SECOND));
    }
}
