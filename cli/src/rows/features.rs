//! One row per session and window, with the columns of the core's table.

use nflx_core::Time;
use nflx_core::features::{self, Layer, Row};

use super::said::Said;
use super::{Column, Rows, Shown, Type, Unit, Value};

/// The type of row.
pub(crate) struct Features;

/// The same with the columns of what the player did.
pub(crate) struct PlayedFeatures;

/// A window of a session.
pub(crate) struct FeatureRow<'a> {
    pub(crate) capture: &'a str,
    pub(crate) start: Time,
    pub(crate) row: &'a Row,
    /// A model's answer about it; nothing where there is none.
    pub(crate) said: &'a Said<'a>,
}

impl Rows for Features {
    type Row<'a> = FeatureRow<'a>;

    const NAME: &'static str = "features";

    const COLUMNS: &'static [Column<Self>] = &table::<Self, COUNT>();

    fn start(row: &FeatureRow<'_>) -> Time {
        row.start
    }
}

impl Rows for PlayedFeatures {
    type Row<'a> = FeatureRow<'a>;

    const NAME: &'static str = Features::NAME;

    const COLUMNS: &'static [Column<Self>] = &table::<Self, ALL>();

    fn start(row: &FeatureRow<'_>) -> Time {
        row.start
    }
}

/// Returns columns of one type of row over windows as those of another.
pub(super) const fn as_type<A, B, const COUNT: usize>(columns: &[Column<A>]) -> [Column<B>; COUNT]
where
    A: for<'a> Rows<Row<'a> = FeatureRow<'a>>,
    B: for<'a> Rows<Row<'a> = FeatureRow<'a>>,
{
    let mut table = [of(&columns[0]); COUNT];
    let mut at = 1;
    while at < COUNT {
        table[at] = of(&columns[at]);
        at += 1;
    }
    table
}

const fn of<A, B>(column: &Column<A>) -> Column<B>
where
    A: for<'a> Rows<Row<'a> = FeatureRow<'a>>,
    B: for<'a> Rows<Row<'a> = FeatureRow<'a>>,
{
    Column {
        key: column.key,
        kind: column.kind,
        unit: column.unit,
        about: column.about,
        value: column.value,
        table: column.table,
    }
}

/// Columns that tables for people show, with their headings.
const SHOWN: &[(&str, &str, Unit)] = &[
    ("session", "session", Unit::Number),
    ("client", "client", Unit::Whole),
    ("window", "window", Unit::Number),
    ("t_start", "from", Unit::Number),
    ("t_end", "to", Unit::Number),
    ("parallel_flows", "flows", Unit::Count),
    ("serverPacketCount", "packets in", Unit::Count),
    ("serverByteCount", "bytes in", Unit::Bytes),
    ("userByteCount", "bytes out", Unit::Bytes),
    ("n_chunks_up", "requests", Unit::Count),
    ("n_chunks_down", "segments", Unit::Count),
    ("cumsum_chunksizes", "in segments so far", Unit::Bytes),
    ("serverOneRetransmit", "again", Unit::Count),
    ("serverOutOfOrderPackets", "out of order", Unit::Count),
];

const CAPTURE: Column<Features> = super::shown(
    "capture",
    Type::Text,
    "",
    "Capture in which the window begins, as it was named or found",
    "capture",
    Unit::Capture,
    |row| Value::Text(row.capture),
);

const COUNT: usize = features::COLUMNS.len() + 1;
/// The same with the columns of what the player did.
const ALL: usize = COUNT + features::PLAYBACK.len();

/// Returns the core's column number `at`.
const fn column(at: usize) -> &'static features::Column {
    if at < features::COLUMNS.len() {
        &features::COLUMNS[at]
    } else {
        &features::PLAYBACK[at - features::COLUMNS.len()]
    }
}

/// Returns the first columns of the core, as columns of a type of row over windows.
const fn table<T, const COUNT: usize>() -> [Column<T>; COUNT]
where
    T: for<'a> Rows<Row<'a> = FeatureRow<'a>>,
{
    let mut table: [Column<T>; COUNT] = [of(&CAPTURE); COUNT];
    let mut at = 1;
    while at < COUNT {
        let column = column(at - 1);
        table[at] = Column {
            key: column.name,
            kind: match column.kind {
                features::Type::Integer => Type::Integer,
                features::Type::Float | features::Type::OptionalFloat => Type::Float,
                features::Type::Floats => Type::Floats,
                features::Type::Time => Type::Time,
                features::Type::Address => Type::Text,
            },
            unit: column.unit,
            about: column.definition,
            value: VALUES[at - 1],
            table: look(column.name),
        };
        at += 1;
    }
    table
}

const fn look(name: &str) -> Option<Shown> {
    let mut at = 0;
    while at < SHOWN.len() {
        let (key, title, unit) = SHOWN[at];
        if is_same(key, name) {
            return Some(Shown { title, unit });
        }
        at += 1;
    }
    None
}

const fn is_same(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    if one.len() != other.len() {
        return false;
    }
    let mut at = 0;
    while at < one.len() {
        if one[at] != other[at] {
            return false;
        }
        at += 1;
    }
    true
}

/// The value of the core's column number `COLUMN`.
fn value<'r, const COLUMN: usize>(row: &'r FeatureRow<'_>) -> Value<'r> {
    match column(COLUMN).value(row.row) {
        features::Value::Null => Value::Null,
        features::Value::Integer(value) => Value::Integer(value),
        features::Value::Float(value) => Value::Float(value),
        features::Value::Floats(values) => Value::Floats(values),
        features::Value::Time(time) => Value::Time(time),
        features::Value::Address(address) => Value::Address(address),
    }
}

/// A function for each of the core's columns, since columns have no state that would tell them
/// apart.
macro_rules! values {
    ($($ten:literal)*) => {
        [$(
            value::<{ clamp($ten * 10) }>, value::<{ clamp($ten * 10 + 1) }>, value::<{ clamp($ten * 10 + 2) }>,
            value::<{ clamp($ten * 10 + 3) }>, value::<{ clamp($ten * 10 + 4) }>, value::<{ clamp($ten * 10 + 5) }>,
            value::<{ clamp($ten * 10 + 6) }>, value::<{ clamp($ten * 10 + 7) }>, value::<{ clamp($ten * 10 + 8) }>,
            value::<{ clamp($ten * 10 + 9) }>,
        )*]
    };
}

/// Numbers beyond the last column stand for it; nobody asks for them.
const fn clamp(column: usize) -> usize {
    if column < ALL - 1 { column } else { ALL - 2 }
}

type Get = for<'r, 'a> fn(&'r FeatureRow<'a>) -> Value<'r>;

/// As many as there are tens below; a column without one would not compile.
const VALUES: [Get; 220] = values!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21);

/// The type of row that describes the columns.
pub(crate) struct Columns;

impl Rows for Columns {
    type Row<'a> = &'a features::Column;

    const NAME: &'static str = "columns";

    const COLUMNS: &'static [Column<Self>] = &[
        super::shown(
            "name",
            Type::Text,
            "",
            "Name of the column",
            "name",
            Unit::Whole,
            |row| Value::Text(row.name),
        ),
        super::column(
            "layer",
            Type::Text,
            "",
            "What it is about: key, network, segment, transport or playback",
            |row| Value::Word(Layer::as_str(row.layer)),
        ),
        super::shown(
            "type",
            Type::Text,
            "",
            "Type of its values",
            "type",
            Unit::Whole,
            |row| Value::Word(row.kind.as_str()),
        ),
        super::column(
            "optional",
            Type::Bool,
            "",
            "Whether a value may be missing",
            |row| Value::Bool(row.kind.is_optional()),
        ),
        super::shown(
            "unit",
            Type::Text,
            "",
            "Definition of the value",
            "unit",
            Unit::Whole,
            |row| Value::Text(row.unit),
        ),
        super::column(
            "source",
            Type::Text,
            "",
            "Source of its name: own, deployed or published",
            |row| Value::Word(row.source.as_str()),
        ),
        super::shown(
            "decided",
            Type::Bool,
            "",
            "Whether published sources leave part of the definition open",
            "decided",
            Unit::Mark,
            |row| Value::Bool(row.decided),
        ),
        super::shown(
            "definition",
            Type::Text,
            "",
            "What it is",
            "definition",
            Unit::Whole,
            |row| Value::Text(row.definition),
        ),
    ];
}
