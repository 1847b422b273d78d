//! One row per packet of an identified server.

use nflx_core::{Annotation, Kind, Role, Segment, Server, Time};

use super::{Column, Rows, Type, Unit, Value, column, shown};

/// The type of row.
pub(crate) struct Packets;

/// A packet of a capture with the facts about it.
pub(crate) struct PacketRow<'a> {
    pub(crate) capture: &'a str,
    pub(crate) start: Time,
    pub(crate) frame: u64,
    pub(crate) time: Time,
    pub(crate) annotation: Annotation,
    pub(crate) server: Option<&'a Server>,
    pub(crate) segment: Option<&'a Segment>,
    /// The server's role in the whole capture.
    pub(crate) role: Role,
    /// The segment's kind once it was complete.
    pub(crate) kind: Option<Kind>,
}

impl Rows for Packets {
    type Row<'a> = PacketRow<'a>;

    const NAME: &'static str = "packets";

    const COLUMNS: &'static [Column<Self>] = &[
        shown(
            "capture",
            Type::Text,
            "",
            "Capture, as it was named or found",
            "capture",
            Unit::Capture,
            |row| Value::Text(row.capture),
        ),
        shown(
            "frame",
            Type::Integer,
            "frame number",
            "Number of the packet in the capture, from 1",
            "frame",
            Unit::Number,
            |row| Value::Integer(row.frame),
        ),
        shown(
            "time",
            Type::Time,
            "s since 1970",
            "When it was captured",
            "at",
            Unit::Number,
            |row| Value::Time(row.time),
        ),
        shown(
            "flow",
            Type::Integer,
            "",
            "Number of its flow, from 0 in order of appearance",
            "flow",
            Unit::Number,
            |row| Value::integer(row.annotation.flow),
        ),
        shown(
            "direction",
            Type::Text,
            "",
            "in (from Netflix) or out",
            "dir",
            Unit::Text,
            |row| Value::Word(row.annotation.direction.as_str()),
        ),
        shown(
            "server",
            Type::Text,
            "",
            "Address of the server",
            "server",
            Unit::Whole,
            |row| {
                row.server
                    .map_or(Value::Null, |server| Value::Address(server.address))
            },
        ),
        shown(
            "name",
            Type::Text,
            "",
            "Name that identified the server, if any",
            "name",
            Unit::Text,
            |row| row.server.and_then(Server::name).into(),
        ),
        column(
            "evidence",
            Type::Text,
            "",
            "Strongest evidence that identifies the server as Netflix",
            |row| {
                Value::word(
                    row.server
                        .and_then(Server::strongest)
                        .map(|kind| kind.as_str()),
                )
            },
        ),
        column(
            "role",
            Type::Text,
            "",
            "Role of the server in the whole capture",
            |row| Value::Word(row.role.as_str()),
        ),
        shown(
            "request",
            Type::Bool,
            "",
            "Whether it begins a request",
            "request",
            Unit::Mark,
            |row| Value::Bool(row.annotation.request),
        ),
        shown(
            "segment",
            Type::Integer,
            "",
            "Number of its segment in the capture, from 1; null outside segments",
            "segment",
            Unit::Number,
            |row| Value::integer(row.annotation.segment),
        ),
        column(
            "index",
            Type::Integer,
            "",
            "Position of the segment among those of its server, from 1",
            |row| Value::integer(row.segment.map(|segment| segment.index)),
        ),
        shown(
            "kind",
            Type::Text,
            "",
            "Kind of the segment: video, audio or other",
            "kind",
            Unit::Text,
            |row| Value::word(row.kind.map(Kind::as_str)),
        ),
        shown(
            "bytes_so_far",
            Type::Integer,
            "bytes",
            "Response payload of the segment up to this packet",
            "so far",
            Unit::Bytes,
            |row| Value::integer(row.annotation.segment.map(|_| row.annotation.bytes_so_far)),
        ),
        column(
            "server_in_pkts",
            Type::Integer,
            "packets",
            "Packets that the server sent up to this one",
            |row| Value::Integer(row.annotation.server_counters.in_pkts),
        ),
        column(
            "server_out_pkts",
            Type::Integer,
            "packets",
            "Packets that the server received up to this one",
            |row| Value::Integer(row.annotation.server_counters.out_pkts),
        ),
        shown(
            "server_in_bytes",
            Type::Integer,
            "bytes",
            "Bytes that the server sent up to this packet",
            "server in",
            Unit::Bytes,
            |row| Value::Integer(row.annotation.server_counters.in_bytes),
        ),
        column(
            "server_out_bytes",
            Type::Integer,
            "bytes",
            "Bytes that the server received up to this packet",
            |row| Value::Integer(row.annotation.server_counters.out_bytes),
        ),
        column(
            "flow_in_pkts",
            Type::Integer,
            "packets",
            "Packets that the server sent in this flow up to this one",
            |row| Value::Integer(row.annotation.flow_counters.in_pkts),
        ),
        column(
            "flow_out_pkts",
            Type::Integer,
            "packets",
            "Packets that the client sent in this flow up to this one",
            |row| Value::Integer(row.annotation.flow_counters.out_pkts),
        ),
        shown(
            "flow_in_bytes",
            Type::Integer,
            "bytes",
            "Bytes that the server sent in this flow up to this packet",
            "flow in",
            Unit::Bytes,
            |row| Value::Integer(row.annotation.flow_counters.in_bytes),
        ),
        column(
            "flow_out_bytes",
            Type::Integer,
            "bytes",
            "Bytes that the client sent in this flow up to this packet",
            |row| Value::Integer(row.annotation.flow_counters.out_bytes),
        ),
        column(
            "truncated",
            Type::Bool,
            "",
            "Whether the snapshot length cut headers or record framing of it",
            |row| Value::Bool(row.annotation.truncated),
        ),
    ];

    fn start(row: &PacketRow<'_>) -> Time {
        row.start
    }
}
