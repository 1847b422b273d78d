//! One row per identified server.

use std::cmp::Reverse;

use nflx_core::{Engine, Server, Time};

use super::{Column, Rows, Unit, Value, column, is_video, shown};

/// The type of row.
pub(crate) struct Servers;

/// A server of a capture.
pub(crate) struct ServerRow<'a> {
    pub(crate) capture: &'a str,
    pub(crate) start: Time,
    pub(crate) server: &'a Server,
}

impl Rows for Servers {
    type Row<'a> = ServerRow<'a>;

    const COLUMNS: &'static [Column<Self>] = &[
        shown("capture", "capture", Unit::Capture, |row| Value::Text(row.capture)),
        shown("server", "server", Unit::Whole, |row| Value::Address(row.server.address)),
        shown("name", "name", Unit::Text, |row| row.server.name().into()),
        shown("evidence", "evidence", Unit::Text, |row| Value::Words(kinds(row.server))),
        shown("role", "role", Unit::Text, |row| Value::Text(row.server.role.as_str())),
        shown("flows", "flows", Unit::Count, |row| Value::Integer(row.server.flows.into())),
        column("in_pkts", |row| Value::Integer(row.server.counters.in_pkts)),
        column("out_pkts", |row| Value::Integer(row.server.counters.out_pkts)),
        shown("in_bytes", "in", Unit::Bytes, |row| Value::Integer(row.server.counters.in_bytes)),
        shown("out_bytes", "out", Unit::Bytes, |row| Value::Integer(row.server.counters.out_bytes)),
        shown("segments", "segments", Unit::Count, |row| Value::Integer(row.server.segments.into())),
        shown("segment_bytes", "in segments", Unit::Bytes, |row| Value::Integer(row.server.segment_bytes)),
        column("t_first", |row| Value::Time(row.server.t_first)),
        column("t_last", |row| Value::Time(row.server.t_last)),
        column("role_reason", |row| Value::Text(row.server.role_reason.as_str())),
    ];

    fn start(row: &ServerRow<'_>) -> Time {
        row.start
    }
}

/// Whether any packet of a server is in the capture: DNS answers also name servers that nobody then speaks to.
const fn spoke(server: &Server) -> bool {
    server.counters.in_pkts + server.counters.out_pkts > 0
}

/// Kinds of evidence, strongest first, each once.
fn kinds(server: &Server) -> Vec<&'static str> {
    let mut kinds: Vec<_> = server.evidence.iter().map(|evidence| evidence.kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds.into_iter().map(|kind| kind.as_str()).collect()
}

/// The servers of a capture that packets go to or come from: those that send video first, then by the bytes of their
/// segments.
pub(crate) fn ranked(engine: &Engine) -> Vec<&Server> {
    let servers = (0..engine.server_count()).filter_map(|id| engine.server(id));
    let mut servers: Vec<_> = servers.filter(|server| spoke(server)).collect();
    servers.sort_by_key(|server| {
        (!is_video(server.role), Reverse(server.segment_bytes), Reverse(server.counters.in_bytes), server.address)
    });
    servers
}
