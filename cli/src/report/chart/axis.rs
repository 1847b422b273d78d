//! Axes with round numbers.

use std::ops::Range;

use nflx_core::Time;
use plotters::coord::ranged1d::{DefaultFormatting, KeyPointHint, Ranged};
use plotters::coord::types::RangedCoordf64;

/// Nanoseconds in a second.
const SECOND: f64 = 1e9;

/// Time since the capture began, in the unit that suits its length.
#[derive(Clone, Copy, Debug)]
pub(in crate::report) struct TimeAxis {
    start: Time,
    /// Nanoseconds in one unit.
    unit: f64,
    /// The quantity of the numbers.
    pub(super) title: &'static str,
    /// Both ends, in units.
    pub(super) from: f64,
    pub(super) to: f64,
}

impl TimeAxis {
    /// From the moment `from` to the moment `to` of a capture that begins at `start`.
    pub(in crate::report) fn new(start: Time, from: Time, to: Time) -> Self {
        let span = to.since(from).max(0) as f64 / SECOND;
        let (seconds, title) = match span {
            ..600.0 => (1.0, "seconds since the capture began"),
            ..10_800.0 => (60.0, "minutes since the capture began"),
            _ => (3_600.0, "hours since the capture began"),
        };
        let mut axis = Self {
            start,
            unit: seconds * SECOND,
            title,
            from: 0.0,
            to: 0.0,
        };
        axis.from = axis.at(from);
        // Never empty.
        axis.to = axis.at(to).max(axis.from + 0.01);
        axis
    }

    /// Returns the coordinate of a moment.
    pub(super) fn at(&self, time: Time) -> f64 {
        time.since(self.start) as f64 / self.unit
    }

    /// A part of the axis, as a share of it.
    pub(super) fn part(&self, share: f64) -> f64 {
        (self.to - self.from) * share
    }

    /// The axis with `most` numbers or less.
    pub(super) fn scale(&self, most: usize) -> Scale {
        Scale::new(self.from..self.to, ticks(self.from, self.to, most))
    }
}

/// A range with the numbers that are written beside it.
pub(super) struct Scale {
    range: RangedCoordf64,
    ticks: Vec<f64>,
}

impl Scale {
    pub(super) fn new(range: Range<f64>, ticks: Vec<f64>) -> Self {
        Self {
            range: range.into(),
            ticks,
        }
    }
}

impl Ranged for Scale {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        self.range.map(value, limit)
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<f64> {
        self.ticks.clone()
    }

    fn range(&self) -> Range<f64> {
        self.range.range()
    }
}

/// Round numbers between two others, `most` or less of them (at least 2).
pub(super) fn ticks(from: f64, to: f64, most: usize) -> Vec<f64> {
    let span = (to - from).max(f64::MIN_POSITIVE);
    let rough = span / most.max(2) as f64;
    let magnitude = 10f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0]
        .iter()
        .map(|times| times * magnitude)
        .find(|step| *step >= rough);
    let step = step.unwrap_or(span);
    let first = (from / step).ceil();
    (0..=most)
        .map(|i| (first + i as f64) * step)
        .take_while(|tick| *tick <= to + step * 1e-9)
        .collect()
}

/// A tick as text: as many decimals as the distance to others needs.
pub(super) fn tick_text(value: f64) -> String {
    // Sums of decimals are off by a little.
    let value = (value * 1e6).round() / 1e6;
    if value == 0.0 {
        "0".to_owned()
    } else {
        value.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_few() {
        assert_eq!(ticks(0.0, 22.3, 6), [0.0, 5.0, 10.0, 15.0, 20.0]);
        assert_eq!(
            ticks(0.37, 1.2, 5)
                .into_iter()
                .map(tick_text)
                .collect::<Vec<_>>(),
            ["0.4", "0.6", "0.8", "1", "1.2"]
        );
        for (from, to) in [(0.0, 0.0), (5.0, 5.01), (-3.0, 1e12), (1e15, 1e15 + 1.0)] {
            assert!(ticks(from, to, 8).len() <= 9, "{from} {to}");
        }
    }

    #[test]
    fn units_follow_the_length() {
        let axis = |seconds: i64| {
            TimeAxis::new(Time(0), Time(1_000_000_000), Time(seconds * 1_000_000_000))
        };
        assert!(axis(600).title.starts_with("seconds") && axis(601).title.starts_with("minutes"));
        assert!(axis(10_801).title.starts_with("hours"));
        assert_eq!(axis(61 * 60).at(Time(120 * 1_000_000_000)), 2.0);
        let empty = TimeAxis::new(Time(0), Time(5), Time(5));
        assert!(empty.to > empty.from);
        let odd = TimeAxis::new(Time(i64::MAX), Time(i64::MIN), Time(i64::MAX));
        assert!(odd.from.is_finite() && odd.to > odd.from);
    }
}
