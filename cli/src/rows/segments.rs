//! One row per segment.

use nflx_core::{Segment, Server, Time};

use super::{Column, Rows, Unit, Value, column, shown};

/// The type of row.
pub(crate) struct Segments;

/// A segment of a capture.
pub(crate) struct SegmentRow<'a> {
    pub(crate) capture: &'a str,
    pub(crate) start: Time,
    pub(crate) segment: &'a Segment,
    /// `None` only if the engine holds a segment of a server that it dropped.
    pub(crate) server: Option<&'a Server>,
}

impl Rows for Segments {
    type Row<'a> = SegmentRow<'a>;

    const COLUMNS: &'static [Column<Self>] = &[
        shown("capture", "capture", Unit::Capture, |row| Value::Text(row.capture)),
        shown("segment", "segment", Unit::Number, |row| Value::Integer(row.segment.number.into())),
        column("index", |row| Value::Integer(row.segment.index.into())),
        shown("server", "server", Unit::Whole, |row| {
            row.server.map_or(Value::Null, |server| Value::Address(server.address))
        }),
        column("server_port", |row| Value::Integer(row.segment.server_port.into())),
        column("client", |row| Value::Address(row.segment.client)),
        shown("client_port", "port", Unit::Number, |row| Value::Integer(row.segment.client_port.into())),
        shown("transport", "over", Unit::Text, |row| Value::Text(row.segment.transport.as_str())),
        column("name", |row| row.server.and_then(Server::name).into()),
        column("evidence", |row| row.server.and_then(Server::strongest).map(|kind| kind.as_str()).into()),
        shown("kind", "kind", Unit::Text, |row| Value::Text(row.segment.kind.as_str())),
        shown("request_frame", "frame", Unit::Number, |row| Value::Integer(row.segment.request_frame)),
        column("first_frame", |row| Value::integer(row.segment.first_frame)),
        column("last_frame", |row| Value::integer(row.segment.last_frame)),
        shown("t_request", "at", Unit::Number, |row| Value::Time(row.segment.t_request)),
        column("t_first", |row| Value::time(row.segment.t_first)),
        column("t_last", |row| Value::time(row.segment.t_last)),
        column("pkts", |row| Value::Integer(row.segment.pkts)),
        shown("bytes", "bytes", Unit::Bytes, |row| Value::Integer(row.segment.bytes)),
        column("app_bytes", |row| Value::Integer(row.segment.app_bytes)),
        shown("retransmitted_bytes", "again", Unit::Bytes, |row| Value::Integer(row.segment.retransmitted_bytes)),
        shown("missing_bytes", "missing", Unit::Bytes, |row| Value::Integer(row.segment.missing_bytes)),
        shown("ttfb_s", "first byte", Unit::Number, |row| Value::seconds(row.segment.ttfb())),
        shown("duration_s", "duration", Unit::Number, |row| Value::seconds(row.segment.duration())),
        shown("throughput_bps", "throughput", Unit::BitRate, |row| {
            row.segment.throughput().map_or(Value::Null, Value::Float)
        }),
        shown("complete", "complete", Unit::Text, |row| Value::Bool(row.segment.complete)),
        column("estimated", |row| Value::Bool(row.segment.estimated)),
        column("shared", |row| Value::Bool(row.segment.shared)),
        column("inferred", |row| Value::Bool(row.segment.inferred)),
        column("kind_reason", |row| Value::Text(row.segment.kind_reason.as_str())),
    ];

    fn start(row: &SegmentRow<'_>) -> Time {
        row.start
    }
}
