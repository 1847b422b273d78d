//! One row per session and window, with what a model says of it.

use nflx_core::Time;

use super::features::{FeatureRow, Features, PlayedFeatures, as_type};
use super::{Column, Rows, Type, Unit, Value};

/// The type of row that names a window and holds what a model says of it.
pub(crate) struct Quality;

/// The type of row with a window's features and what a model says of it.
pub(crate) struct ModelledFeatures;

/// The same with the columns of what the player did.
pub(crate) struct ModelledPlayedFeatures;

/// Columns of a model's answer, with a prefix before their names.
macro_rules! answer {
    ($prefix:literal) => {
        [
            super::shown(
                concat!($prefix, "label"),
                Type::Text,
                "",
                "Label that the model gives; null if it does not answer, or if it gives a value",
                "label",
                Unit::Text,
                |row| row.said.answer.label.into(),
            ),
            super::shown(
                concat!($prefix, "value"),
                Type::Float,
                "",
                "Value that the model gives, in the unit on its card, or its label as a number; null if it does \
                 not answer",
                "value",
                Unit::Number,
                |row| row.said.answer.value.map_or(Value::Null, Value::Float),
            ),
            super::shown(
                concat!($prefix, "confidence"),
                Type::Float,
                "1",
                "Probability that the label is right, from 0 to 1: the model's own, corrected by the calibration on its \
                 card; null of a model that gives a value",
                "confidence",
                Unit::Number,
                |row| row.said.answer.confidence.map_or(Value::Null, Value::Float),
            ),
            super::column(
                concat!($prefix, "out_of_range"),
                Type::Bool,
                "",
                "Whether an input of the model lies outside the values seen in training",
                |row| Value::Bool(row.said.answer.out_of_range),
            ),
            super::shown(
                concat!($prefix, "reason"),
                Type::Text,
                "",
                "Why the model does not answer; null if it does",
                "no answer because",
                Unit::Text,
                |row| row.said.reason.as_deref().into(),
            ),
        ]
    };
}

impl Rows for Quality {
    type Row<'a> = FeatureRow<'a>;

    const NAME: &'static str = "quality";

    const COLUMNS: &'static [Column<Self>] = &joined::<_, 6, 5, 11>(WINDOW, answer!(""));

    fn start(row: &FeatureRow<'_>) -> Time {
        row.start
    }
}

impl Rows for ModelledFeatures {
    type Row<'a> = FeatureRow<'a>;

    const NAME: &'static str = Features::NAME;

    const COLUMNS: &'static [Column<Self>] = &joined::<Self, FEATURES, 5, { FEATURES + 5 }>(
        as_type(Features::COLUMNS),
        answer!("quality_"),
    );

    fn start(row: &FeatureRow<'_>) -> Time {
        row.start
    }
}

impl Rows for ModelledPlayedFeatures {
    type Row<'a> = FeatureRow<'a>;

    const NAME: &'static str = Features::NAME;

    const COLUMNS: &'static [Column<Self>] = &joined::<Self, PLAYED, 5, { PLAYED + 5 }>(
        as_type(PlayedFeatures::COLUMNS),
        answer!("quality_"),
    );

    fn start(row: &FeatureRow<'_>) -> Time {
        row.start
    }
}

/// Columns that name a window.
const WINDOW: [Column<Quality>; 6] = [
    super::shown(
        "capture",
        Type::Text,
        "",
        "Capture, as it was named or found",
        "capture",
        Unit::Capture,
        |row| Value::Text(row.capture),
    ),
    super::shown(
        "session",
        Type::Integer,
        "",
        "Number of the session in the capture, from 1 in order of its first packet",
        "session",
        Unit::Number,
        |row| Value::Integer(row.row.session.into()),
    ),
    super::shown(
        "client",
        Type::Text,
        "",
        "Address of the client",
        "client",
        Unit::Whole,
        |row| Value::Address(row.row.client),
    ),
    super::shown(
        "window",
        Type::Integer,
        "",
        "Number of the window in its session, from 0",
        "window",
        Unit::Number,
        |row| Value::Integer(row.row.window.into()),
    ),
    super::shown(
        "from",
        Type::Time,
        "s since 1970",
        "Begin of the window",
        "from",
        Unit::Number,
        |row| Value::Time(row.row.start),
    ),
    super::shown(
        "to",
        Type::Time,
        "s since 1970",
        "End of the window, where the next one starts",
        "to",
        Unit::Number,
        |row| Value::Time(row.row.end),
    ),
];

const FEATURES: usize = Features::COLUMNS.len();
const PLAYED: usize = PlayedFeatures::COLUMNS.len();

const fn joined<T: Rows, const A: usize, const B: usize, const ALL: usize>(
    first: [Column<T>; A],
    then: [Column<T>; B],
) -> [Column<T>; ALL] {
    let mut table = [first[0]; ALL];
    let mut at = 1;
    while at < ALL {
        table[at] = if at < A { first[at] } else { then[at - A] };
        at += 1;
    }
    table
}
