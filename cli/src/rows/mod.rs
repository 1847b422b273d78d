//! The printed columns: one list of columns per type of row, from which every format takes names,
//! order, types and values.

mod features;
mod models;
mod p1203;
mod packets;
mod playback;
mod quality;
mod said;
mod segments;
mod servers;
mod sessions;
mod settings;

use std::net::IpAddr;

pub(crate) use features::{Columns, FeatureRow, Features, PlayedFeatures};
pub(crate) use models::{ModelEntries, ModelEntry};
use nflx_core::Time;
pub(crate) use p1203::{P1203, P1203Row};
pub(crate) use packets::{PacketRow, Packets};
pub(crate) use playback::{Playback, PlaybackRow};
pub(crate) use quality::{ModelledFeatures, ModelledPlayedFeatures, Quality};
pub(crate) use said::Said;
pub(crate) use segments::{SegmentRow, Segments};
pub(crate) use servers::{ServerRow, Servers, evidence_kinds, ranked};
pub(crate) use sessions::{SessionRow, Sessions, spans};
pub(crate) use settings::{SettingRow, Settings};

/// A type of row.
pub(crate) trait Rows: 'static {
    /// One row, borrowed from whatever holds the facts.
    type Row<'a>;

    /// The word for its rows: the command that lists them.
    const NAME: &'static str;

    /// Every column, in the order that documents promise.
    const COLUMNS: &'static [Column<Self>];

    /// The time from which times in tables are counted.
    fn start(_row: &Self::Row<'_>) -> Time {
        Time(0)
    }
}

/// One column: its key in JSON and CSV, what it holds, how to get its value, and its place in
/// tables.
pub(crate) struct Column<T: Rows + ?Sized> {
    /// Key in JSON lines, header in CSV, name in Parquet.
    pub(crate) key: &'static str,
    /// The type of the value that every row has there, if it has one.
    pub(crate) kind: Type,
    /// The unit of numbers; empty where they do not.
    pub(crate) unit: &'static str,
    /// The meaning, in one sentence.
    pub(crate) about: &'static str,
    /// The value of a row.
    pub(crate) value: for<'r, 'a> fn(&'r T::Row<'a>) -> Value<'r>,
    /// Form in tables for people; without one, they leave the column out.
    pub(crate) table: Option<Shown>,
}

impl<T: Rows + ?Sized> Clone for Column<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Rows + ?Sized> Copy for Column<T> {}

/// The type of a column. Programs that read whole files take it from there, whatever the values
/// are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    /// A truth value.
    Bool,
    /// A whole number from 0 to 2^63 - 1.
    Integer,
    /// A measured number.
    Float,
    /// A point in time, in nanoseconds since 1970.
    Time,
    /// A time span in seconds.
    Seconds,
    /// Text, one of a few words, or an address.
    Text,
    /// A list of words.
    Words,
    /// A list of measured numbers.
    Floats,
    /// A list of seconds since 1970: from and to of each span, one behind the other.
    Spans,
    /// An object as JSON.
    Json,
}

impl Type {
    /// Returns true if a column of this type may hold `value`.
    pub(crate) const fn takes(self, value: &Value<'_>) -> bool {
        match value {
            Value::Null => true,
            Value::Bool(_) => matches!(self, Self::Bool),
            Value::Integer(_) => matches!(self, Self::Integer),
            Value::Float(_) => matches!(self, Self::Float),
            Value::Time(_) => matches!(self, Self::Time),
            Value::Seconds(_) => matches!(self, Self::Seconds),
            Value::Text(_) | Value::Word(_) | Value::Address(_) => matches!(self, Self::Text),
            Value::Words(_) => matches!(self, Self::Words),
            Value::Floats(_) => matches!(self, Self::Floats),
            Value::Spans(_) => matches!(self, Self::Spans),
            Value::Json(_) => matches!(self, Self::Json),
        }
    }
}

/// The form of a column in tables.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shown {
    /// Heading.
    pub(crate) title: &'static str,
    /// The quantity that its numbers count.
    pub(crate) unit: Unit,
}

/// The quantity that a number in a table counts, hence how people read it best.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    /// Words and names, aligned left, shortened where the terminal is narrow.
    Text,
    /// Values of use as a whole only, such as addresses: aligned left.
    Whole,
    /// Numbers that name something, such as frames: as they are.
    Number,
    /// A count, with separators between thousands.
    Count,
    /// Bytes: kB, MB, …
    Bytes,
    /// Bits per second: kbit/s, …
    BitRate,
    /// A fact that is so or not: shown only where it is.
    Mark,
    /// The capture's path: shown where there are several captures, its end if there is no room for
    /// all of it.
    Capture,
}

/// The value of one cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Value<'a> {
    /// Not known, or does not apply.
    Null,
    /// Yes or no.
    Bool(bool),
    /// A whole number.
    Integer(u64),
    /// A measured number.
    Float(f64),
    /// A point in time: seconds since 1970, exact.
    Time(Time),
    /// A time span in nanoseconds: seconds, exact.
    Seconds(i64),
    /// Text.
    Text(&'a str),
    /// Text that is always there: one of a few words, which are told apart by where they are.
    Word(&'static str),
    /// An address.
    Address(IpAddr),
    /// Several words.
    Words(&'a [&'a str]),
    /// Several measured numbers.
    Floats(&'a [f64]),
    /// Spans of time, from and to, in seconds since 1970.
    Spans(&'a [[f64; 2]]),
    /// An object with a form of its own.
    Json(&'a serde_json::Value),
}

impl Value<'_> {
    fn integer(value: Option<impl Into<u64>>) -> Self {
        value.map_or(Self::Null, |value| Self::Integer(value.into()))
    }

    fn word(value: Option<&'static str>) -> Self {
        value.map_or(Self::Null, Self::Word)
    }

    fn time(value: Option<Time>) -> Self {
        value.map_or(Self::Null, Self::Time)
    }

    fn seconds(value: Option<i64>) -> Self {
        value.map_or(Self::Null, Self::Seconds)
    }

    fn float(value: Option<f64>) -> Self {
        value.map_or(Self::Null, Self::Float)
    }

    /// Seconds that were inferred: to the microsecond.
    fn span(value: Option<f64>) -> Self {
        value.map_or(Self::Null, |value| {
            Self::Seconds((value * 1e6).round() as i64 * 1000)
        })
    }
}

impl<'a> From<Option<&'a str>> for Value<'a> {
    fn from(value: Option<&'a str>) -> Self {
        value.map_or(Self::Null, Self::Text)
    }
}

/// A column that tables leave out.
const fn column<T: Rows>(
    key: &'static str,
    kind: Type,
    unit: &'static str,
    about: &'static str,
    value: for<'r, 'a> fn(&'r T::Row<'a>) -> Value<'r>,
) -> Column<T> {
    Column {
        key,
        kind,
        unit,
        about,
        value,
        table: None,
    }
}

/// A column that tables show, under `title`.
const fn shown<T: Rows>(
    key: &'static str,
    kind: Type,
    unit: &'static str,
    about: &'static str,
    title: &'static str,
    look: Unit,
    value: for<'r, 'a> fn(&'r T::Row<'a>) -> Value<'r>,
) -> Column<T> {
    Column {
        key,
        kind,
        unit,
        about,
        value,
        table: Some(Shown { title, unit: look }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys<T: Rows>() -> String {
        T::COLUMNS
            .iter()
            .map(|column| column.key)
            .collect::<Vec<_>>()
            .join(" ")
    }

    fn is_described<T: Rows>() -> bool {
        T::COLUMNS
            .iter()
            .all(|column| !column.about.is_empty() && !column.about.ends_with('.'))
    }

    #[test]
    fn every_column_says_what_it_is() {
        assert!(is_described::<Servers>() && is_described::<Segments>());
        assert!(is_described::<Packets>() && is_described::<Settings>());
        assert!(is_described::<Features>() && is_described::<Columns>());
        assert!(is_described::<Sessions>() && is_described::<Playback>());
        assert!(is_described::<Quality>() && is_described::<ModelledPlayedFeatures>());
        assert!(is_described::<ModelEntries>());
        assert!(is_described::<P1203>());
    }

    /// The keys are a promise: scripts read them.
    #[test]
    fn keys_in_order() {
        assert_eq!(
            keys::<Segments>(),
            "capture segment index server server_port client client_port transport name evidence kind request_frame \
             first_frame last_frame t_request t_first t_last pkts bytes app_bytes retransmitted_bytes missing_bytes \
             size_error ttfb_s duration_s throughput_bps complete estimated shared inferred kind_reason media_s bitrate_bps \
              evidence_scope first_capture last_capture via aborted"
        );
        assert_eq!(
            keys::<Servers>(),
            "capture server name evidence role flows in_pkts out_pkts in_bytes out_bytes duplicates segments segment_bytes \
             t_first t_last role_reason evidence_scope"
        );
        assert_eq!(
            keys::<Packets>(),
            "capture frame time flow direction server name evidence role request segment index kind bytes_so_far \
             server_in_pkts server_out_pkts server_in_bytes server_out_bytes flow_in_pkts flow_out_pkts flow_in_bytes \
             flow_out_bytes truncated"
        );
        assert_eq!(
            keys::<Quality>(),
            "capture session client window from to label value confidence out_of_range reason"
        );
        let added =
            " quality_label quality_value quality_confidence quality_out_of_range quality_reason";
        assert_eq!(keys::<ModelledFeatures>(), keys::<Features>() + added);
        let played = keys::<PlayedFeatures>();
        assert_eq!(keys::<ModelledPlayedFeatures>(), played.clone() + added);
        let first = keys::<Features>();
        let rest = played.strip_prefix(&first).expect("the same columns first");
        assert!(
            rest.split_whitespace()
                .all(|key| key.starts_with("playback_"))
        );
        assert_eq!(
            rest.split_whitespace().count(),
            nflx_core::features::PLAYBACK.len()
        );
        // The others are those of the core, whose tests name them.
        assert!(
            keys::<Features>()
                .starts_with("capture session client window t_start t_end relative_timestamp ")
        );
        assert_eq!(
            Features::COLUMNS.len(),
            nflx_core::features::COLUMNS.len() + 1
        );
    }
}
