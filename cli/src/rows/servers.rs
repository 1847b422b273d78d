//! One row per identified server.

use nflx_core::summary::RankedServer;
pub(crate) use nflx_core::summary::ranked;
use nflx_core::{Server, Time};

use super::{Column, Rows, Type, Unit, Value, column, shown};

/// The type of row.
pub(crate) struct Servers;

/// A server of a capture.
pub(crate) struct ServerRow<'a> {
    pub(crate) capture: &'a str,
    pub(crate) start: Time,
    pub(crate) server: &'a RankedServer<'a>,
    /// Kinds of evidence, strongest first.
    pub(crate) evidence: &'a [&'static str],
}

impl Rows for Servers {
    type Row<'a> = ServerRow<'a>;

    const NAME: &'static str = "servers";

    const COLUMNS: &'static [Column<Self>] = &[
        shown(
            "capture",
            Type::Text,
            "",
            "Capture with its first packet, as it was named or found",
            "capture",
            Unit::Capture,
            |row| Value::Text(row.capture),
        ),
        shown(
            "server",
            Type::Text,
            "",
            "Address of the server",
            "server",
            Unit::Whole,
            |row| Value::Address(row.server.address),
        ),
        shown(
            "name",
            Type::Text,
            "",
            "Name that identified it, if any",
            "name",
            Unit::Text,
            |row| row.server.name().into(),
        ),
        shown(
            "evidence",
            Type::Words,
            "",
            "Kinds of evidence that identify it as Netflix, strongest first",
            "evidence",
            Unit::Text,
            |row| Value::Words(row.evidence),
        ),
        shown(
            "role",
            Type::Text,
            "",
            "Role, by its traffic: video, audio_video, audio, control, static or unknown",
            "role",
            Unit::Text,
            |row| Value::Word(row.server.role.as_str()),
        ),
        shown(
            "flows",
            Type::Integer,
            "flows",
            "Connections to it",
            "flows",
            Unit::Count,
            |row| Value::Integer(row.server.flows.into()),
        ),
        column(
            "in_pkts",
            Type::Integer,
            "packets",
            "IP packets that it sent",
            |row| Value::Integer(row.server.counters.in_pkts),
        ),
        column(
            "out_pkts",
            Type::Integer,
            "packets",
            "IP packets that it received",
            |row| Value::Integer(row.server.counters.out_pkts),
        ),
        shown(
            "in_bytes",
            Type::Integer,
            "bytes",
            "Bytes that it sent, by the length in the IP header",
            "in",
            Unit::Bytes,
            |row| Value::Integer(row.server.counters.in_bytes),
        ),
        shown(
            "out_bytes",
            Type::Integer,
            "bytes",
            "Bytes that it received, by the length in the IP header",
            "out",
            Unit::Bytes,
            |row| Value::Integer(row.server.counters.out_bytes),
        ),
        column(
            "duplicates",
            Type::Integer,
            "packets",
            "Copies of its packets, not included in the others",
            |row| Value::Integer(row.server.duplicates),
        ),
        shown(
            "segments",
            Type::Integer,
            "segments",
            "Number of requests to it",
            "segments",
            Unit::Count,
            |row| Value::Integer(row.server.segments.count.into()),
        ),
        shown(
            "segment_bytes",
            Type::Integer,
            "bytes",
            "Sum of the bytes of its segments",
            "in segments",
            Unit::Bytes,
            |row| Value::Integer(row.server.segments.bytes),
        ),
        column(
            "t_first",
            Type::Time,
            "s since 1970",
            "Its first packet",
            |row| Value::Time(row.server.t_first),
        ),
        column(
            "t_last",
            Type::Time,
            "s since 1970",
            "Its last packet",
            |row| Value::Time(row.server.t_last),
        ),
        column(
            "role_reason",
            Type::Text,
            "",
            "What decided the role",
            |row| Value::Word(row.server.role_reason.as_str()),
        ),
        column(
            "evidence_scope",
            Type::Text,
            "",
            "Source of the strongest evidence: a flow itself, or its address",
            |row| Value::word(row.server.scope().map(|scope| scope.as_str())),
        ),
    ];

    fn start(row: &ServerRow<'_>) -> Time {
        row.start
    }
}

/// Kinds of evidence, strongest first, each once.
pub(crate) fn evidence_kinds(server: &Server) -> Vec<&'static str> {
    let mut kinds: Vec<_> = server
        .evidence
        .iter()
        .map(|evidence| evidence.kind)
        .collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds.into_iter().map(|kind| kind.as_str()).collect()
}
