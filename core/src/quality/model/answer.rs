//! A model's answer about a window, or the reason why there is none.

use std::fmt;

use super::card::{Answers, TrainedRange};
use crate::facts::segment::Transport;
use crate::features::{Column, Row, Value};

/// A model's answer about a window: a label or a value, or the reason why there is neither.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Answer<'m> {
    /// Label of the most likely class.
    pub label: Option<&'m str>,
    /// The value, in the unit on the card. If the label is a number, that number.
    pub value: Option<f64>,
    /// Probability that the label is right, from 0 to 1: the model's own, corrected by the card's
    /// calibration. `None` for a model that returns a value.
    pub confidence: Option<f64>,
    /// True if an input lies outside the values seen in training.
    pub out_of_range: bool,
    /// The reason why there is no answer.
    pub reason: Option<Refusal>,
}

/// The reasons why a model does not answer.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Refusal {
    /// The capture ends inside the window.
    WindowIncomplete,
    /// The model is for the other transport, or the session's transport is not known.
    Transport(Transport),
    /// The session began before the capture, or its beginning cannot be determined.
    JoinedMidway,
    /// Fewer segments completed in the session than the model requires.
    TooFewSegments {
        /// Segments that completed.
        completed: u64,
        /// Segments that the model requires.
        wanted: u64,
    },
    /// The model's sums are not finite.
    NotFinite,
    /// An input lies outside the values seen in training.
    OutOfRange {
        /// Name of the first such column.
        column: &'static str,
        /// The value; `None` if it is missing and was never missing in training.
        value: Option<f64>,
        /// Smallest value seen in training.
        minimum: f64,
        /// Largest value seen in training.
        maximum: f64,
    },
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WindowIncomplete => f.write_str("the capture ends inside the window"),
            Self::Transport(wanted) => {
                let wanted = wanted.as_str();
                write!(
                    f,
                    "the model is for {wanted}, which the session does not use"
                )
            }
            Self::NotFinite => f.write_str("the model gives no finite number"),
            Self::JoinedMidway => f.write_str("the session's beginning was not captured"),
            Self::TooFewSegments { completed, wanted } => {
                write!(
                    f,
                    "{completed} segments completed, and the model asks for {wanted}"
                )
            }
            Self::OutOfRange {
                column,
                value: Some(value),
                minimum,
                maximum,
            } => {
                write!(
                    f,
                    "{column} is {value}, and training saw {minimum} to {maximum}"
                )
            }
            Self::OutOfRange {
                column,
                value: None,
                ..
            } => {
                write!(f, "{column} has no value, and always had one in training")
            }
        }
    }
}

/// Returns the value of a column; `None` if it has none.
pub(super) fn number(column: &Column, row: &Row) -> Option<f64> {
    match column.value(row) {
        Value::Integer(value) => Some(value as f64),
        Value::Float(value) => Some(value),
        _ => None,
    }
}

/// Returns a reason not to answer that depends on the session.
pub(super) fn refusal(answers: &Answers, row: &Row) -> Option<Refusal> {
    if let Some(wanted) = answers.transport
        && row.transport != Some(wanted)
    {
        return Some(Refusal::Transport(wanted));
    }
    if answers.from_start && row.from_start != Some(true) {
        return Some(Refusal::JoinedMidway);
    }
    let (completed, wanted) = (row.completions(), answers.segments);
    (completed < wanted).then_some(Refusal::TooFewSegments { completed, wanted })
}

/// Returns the first input that lies outside the values seen in training by more than a share of
/// their range.
pub(super) fn outside(
    columns: &[&'static Column],
    ranges: &[TrainedRange],
    margin: f64,
    row: &Row,
) -> Option<Refusal> {
    columns.iter().zip(ranges).find_map(|(column, range)| {
        let TrainedRange {
            minimum,
            maximum,
            may_miss,
        } = *range;
        let value = number(column, row);
        let is_inside = match value {
            Some(value) => {
                let slack = margin * (maximum - minimum);
                (minimum - slack..=maximum + slack).contains(&value)
            }
            None => may_miss,
        };
        (!is_inside).then_some(Refusal::OutOfRange {
            column: column.name,
            value,
            minimum,
            maximum,
        })
    })
}

/// Corrects a score by the card's calibration, in a straight line from point to point.
pub(super) fn calibrated(points: &[(f64, f64)], score: f64) -> f64 {
    let after = points.partition_point(|(at, _)| *at < score);
    match (
        after.checked_sub(1).map(|before| points[before]),
        points.get(after),
    ) {
        (None, None) => score,
        (None, Some(&(_, probability))) | (Some((_, probability)), None) => probability,
        (Some((from, low)), Some(&(to, high))) => low + (high - low) * (score - from) / (to - from),
    }
}
