//! One row per packet of an identified server.

use nflx_core::{Annotation, Kind, Role, Segment, Server, Time};

use super::{Column, Rows, Unit, Value, column, shown};

/// The type of row.
pub(crate) struct Packets;

/// A packet of a capture with what is known about it.
pub(crate) struct PacketRow<'a> {
    pub(crate) capture: &'a str,
    pub(crate) start: Time,
    pub(crate) frame: u64,
    pub(crate) time: Time,
    pub(crate) annotation: Annotation,
    pub(crate) server: Option<&'a Server>,
    pub(crate) segment: Option<&'a Segment>,
    /// What the server did in the whole capture.
    pub(crate) role: Role,
    /// What the segment held once it was complete.
    pub(crate) kind: Option<Kind>,
}

impl Rows for Packets {
    type Row<'a> = PacketRow<'a>;

    const COLUMNS: &'static [Column<Self>] = &[
        shown("capture", "capture", Unit::Capture, |row| Value::Text(row.capture)),
        shown("frame", "frame", Unit::Number, |row| Value::Integer(row.frame)),
        shown("time", "at", Unit::Number, |row| Value::Time(row.time)),
        shown("flow", "flow", Unit::Number, |row| Value::integer(row.annotation.flow)),
        shown("direction", "dir", Unit::Text, |row| Value::Text(row.annotation.direction.as_str())),
        shown("server", "server", Unit::Whole, |row| {
            row.server.map_or(Value::Null, |server| Value::Address(server.address))
        }),
        shown("name", "name", Unit::Text, |row| row.server.and_then(Server::name).into()),
        column("evidence", |row| row.server.and_then(Server::strongest).map(|kind| kind.as_str()).into()),
        column("role", |row| Value::Text(row.role.as_str())),
        shown("request", "request", Unit::Mark, |row| Value::Bool(row.annotation.request)),
        shown("segment", "segment", Unit::Number, |row| Value::integer(row.annotation.segment)),
        column("index", |row| Value::integer(row.segment.map(|segment| segment.index))),
        shown("kind", "kind", Unit::Text, |row| row.kind.map(Kind::as_str).into()),
        shown("bytes_so_far", "so far", Unit::Bytes, |row| {
            Value::integer(row.annotation.segment.map(|_| row.annotation.bytes_so_far))
        }),
        column("server_in_pkts", |row| Value::Integer(row.annotation.server_counters.in_pkts)),
        column("server_out_pkts", |row| Value::Integer(row.annotation.server_counters.out_pkts)),
        shown("server_in_bytes", "server in", Unit::Bytes, |row| {
            Value::Integer(row.annotation.server_counters.in_bytes)
        }),
        column("server_out_bytes", |row| Value::Integer(row.annotation.server_counters.out_bytes)),
        column("flow_in_pkts", |row| Value::Integer(row.annotation.flow_counters.in_pkts)),
        column("flow_out_pkts", |row| Value::Integer(row.annotation.flow_counters.out_pkts)),
        shown("flow_in_bytes", "flow in", Unit::Bytes, |row| Value::Integer(row.annotation.flow_counters.in_bytes)),
        column("flow_out_bytes", |row| Value::Integer(row.annotation.flow_counters.out_bytes)),
        column("truncated", |row| Value::Bool(row.annotation.truncated)),
    ];

    fn start(row: &PacketRow<'_>) -> Time {
        row.start
    }
}
