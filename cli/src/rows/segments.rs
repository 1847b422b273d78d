//! One row per segment.

use nflx_core::{EvidenceKind, EvidenceScope, Segment, Server, Time, Via};

use super::{Column, Rows, Type, Unit, Value, column, shown};
use crate::frames::Frames;

/// The type of row.
pub(crate) struct Segments;

/// A segment of a capture.
pub(crate) struct SegmentRow<'a> {
    /// Its frames.
    pub(crate) frames: &'a Frames,
    pub(crate) start: Time,
    pub(crate) segment: &'a Segment,
    /// `None` only if the engine holds a segment of a server that it dropped.
    pub(crate) server: Option<&'a Server>,
    /// Seconds of media, if they could be inferred.
    pub(crate) media: Option<f64>,
}

impl SegmentRow<'_> {
    fn frame(&self, frame: Option<impl Into<u64>>) -> Value<'_> {
        Value::integer(frame.map(|frame| self.frames.within(frame.into())))
    }

    /// The name that its own flow gave, or else its address's.
    fn name(&self) -> Option<&str> {
        let own = self.segment.own_name.as_deref();
        own.or_else(|| self.server.and_then(Server::name))
    }

    /// The file of a frame, if it is not that of the request.
    fn other_file(&self, frame: Option<impl Into<u64>>) -> Value<'_> {
        let (capture, _) = self.frames.locate(self.segment.request_frame);
        let file = frame.map(|frame| self.frames.locate(frame.into()).0);
        file.filter(|file| *file != capture).into()
    }

    /// The evidence that decided, and who gave it.
    fn decisive(&self) -> Option<(EvidenceKind, EvidenceScope)> {
        self.server?.decisive(self.segment.own_evidence)
    }
}

impl Rows for Segments {
    type Row<'a> = SegmentRow<'a>;

    const NAME: &'static str = "segments";

    const COLUMNS: &'static [Column<Self>] = &[
        shown(
            "capture",
            Type::Text,
            "",
            "Capture with its request, as it was named or found",
            "capture",
            Unit::Capture,
            |row| Value::Text(row.frames.locate(row.segment.request_frame).0),
        ),
        shown(
            "segment",
            Type::Integer,
            "",
            "Number in the capture, from 1 in order of request",
            "segment",
            Unit::Number,
            |row| Value::Integer(row.segment.number.into()),
        ),
        column(
            "index",
            Type::Integer,
            "",
            "Position among the segments of its server, from 1",
            |row| Value::Integer(row.segment.index.into()),
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
        column(
            "server_port",
            Type::Integer,
            "",
            "Port of the server",
            |row| Value::Integer(row.segment.server_port.into()),
        ),
        column("client", Type::Text, "", "Address of the client", |row| {
            Value::Address(row.segment.client)
        }),
        shown(
            "client_port",
            Type::Integer,
            "",
            "Port of the client",
            "port",
            Unit::Number,
            |row| Value::Integer(row.segment.client_port.into()),
        ),
        shown(
            "transport",
            Type::Text,
            "",
            "tcp, quic or udp",
            "over",
            Unit::Text,
            |row| Value::Word(row.segment.transport.as_str()),
        ),
        column(
            "name",
            Type::Text,
            "",
            "Name that its connection gave, or else the name that identified the server",
            |row| row.name().into(),
        ),
        column(
            "evidence",
            Type::Text,
            "",
            "Evidence that identified it as Netflix",
            |row| Value::word(row.decisive().map(|(kind, _)| kind.as_str())),
        ),
        shown(
            "kind",
            Type::Text,
            "",
            "Kind of its content: video, audio or other",
            "kind",
            Unit::Text,
            |row| Value::Word(row.segment.kind.as_str()),
        ),
        shown(
            "request_frame",
            Type::Integer,
            "frame number",
            "First packet of the request: its number in capture",
            "frame",
            Unit::Number,
            |row| Value::Integer(row.frames.within(row.segment.request_frame)),
        ),
        column(
            "first_frame",
            Type::Integer,
            "frame number",
            "First packet of the response with new data: its number in first_capture, or else in capture",
            |row| row.frame(row.segment.first_frame),
        ),
        column(
            "last_frame",
            Type::Integer,
            "frame number",
            "Last packet of the response with new data: its number in last_capture, or else in capture",
            |row| row.frame(row.segment.last_frame),
        ),
        shown(
            "t_request",
            Type::Time,
            "s since 1970",
            "First packet of the request",
            "at",
            Unit::Number,
            |row| Value::Time(row.segment.t_request),
        ),
        column(
            "t_first",
            Type::Time,
            "s since 1970",
            "First packet of the response with new data",
            |row| Value::time(row.segment.t_first),
        ),
        column(
            "t_last",
            Type::Time,
            "s since 1970",
            "Last packet of the response with new data",
            |row| Value::time(row.segment.t_last),
        ),
        column(
            "pkts",
            Type::Integer,
            "packets",
            "Response packets with payload",
            |row| Value::Integer(row.segment.pkts),
        ),
        shown(
            "bytes",
            Type::Integer,
            "bytes",
            "Response payload carried by TCP or UDP, each byte once",
            "bytes",
            Unit::Bytes,
            |row| Value::Integer(row.segment.bytes),
        ),
        column(
            "app_bytes",
            Type::Integer,
            "bytes",
            "The same less the framing of TLS or QUIC: the bytes that HTTP sent",
            |row| Value::Integer(row.segment.app_bytes),
        ),
        shown(
            "retransmitted_bytes",
            Type::Integer,
            "bytes",
            "Response payload that was seen again",
            "again",
            Unit::Bytes,
            |row| Value::Integer(row.segment.retransmitted_bytes),
        ),
        shown(
            "missing_bytes",
            Type::Integer,
            "bytes",
            "Response payload that was acknowledged but never captured",
            "missing",
            Unit::Bytes,
            |row| Value::Integer(row.segment.missing_bytes),
        ),
        column(
            "size_error",
            Type::Integer,
            "bytes",
            "Bytes by which app_bytes may be off at most, for 95 of 100 segments; 0 if it is exact",
            |row| Value::Integer(row.segment.size_error),
        ),
        shown(
            "ttfb_s",
            Type::Seconds,
            "s",
            "Time from request to first byte of the response",
            "first byte",
            Unit::Number,
            |row| Value::seconds(row.segment.ttfb()),
        ),
        shown(
            "duration_s",
            Type::Seconds,
            "s",
            "Time from request to last byte of the response",
            "duration",
            Unit::Number,
            |row| Value::seconds(row.segment.duration()),
        ),
        shown(
            "throughput_bps",
            Type::Float,
            "bit/s",
            "8 times bytes over the time from first to last byte",
            "throughput",
            Unit::BitRate,
            |row| row.segment.throughput().map_or(Value::Null, Value::Float),
        ),
        shown(
            "complete",
            Type::Bool,
            "",
            "Whether it ended before the capture did",
            "complete",
            Unit::Text,
            |row| Value::Bool(row.segment.complete),
        ),
        column(
            "estimated",
            Type::Bool,
            "",
            "Whether app_bytes was estimated: framing, or a request, was missing",
            |row| Value::Bool(row.segment.estimated),
        ),
        column(
            "shared",
            Type::Bool,
            "",
            "Whether bytes were divided among responses that overlapped",
            |row| Value::Bool(row.segment.shared),
        ),
        column(
            "inferred",
            Type::Bool,
            "",
            "Whether only the other direction was captured",
            |row| Value::Bool(row.segment.inferred),
        ),
        column(
            "kind_reason",
            Type::Text,
            "",
            "What decided the kind",
            |row| Value::Word(row.segment.kind_reason.as_str()),
        ),
        shown(
            "media_s",
            Type::Seconds,
            "s",
            "Seconds of media in it, inferred from the player's requests; null if they cannot be determined",
            "media",
            Unit::Number,
            |row| Value::span(row.media),
        ),
        shown(
            "bitrate_bps",
            Type::Float,
            "bit/s",
            "8 times app_bytes over media_s",
            "bit rate",
            Unit::BitRate,
            |row| {
                let rate = |media: f64| row.segment.app_bytes as f64 * 8.0 / media;
                Value::float(row.media.map(rate))
            },
        ),
        column(
            "evidence_scope",
            Type::Text,
            "",
            "Source of that evidence: the flow itself, or its address",
            |row| Value::word(row.decisive().map(|(_, scope)| scope.as_str())),
        ),
        column(
            "first_capture",
            Type::Text,
            "",
            "File with first_frame, if it is later than the request's",
            |row| row.other_file(row.segment.first_frame),
        ),
        column(
            "last_capture",
            Type::Text,
            "",
            "File with last_frame, if it is later than the request's",
            |row| row.other_file(row.segment.last_frame),
        ),
        column(
            "via",
            Type::Text,
            "",
            "Proxy that it came through: connect, socks or http_proxy",
            |row| Value::word(row.segment.via.map(Via::as_str)),
        ),
        column(
            "aborted",
            Type::Bool,
            "",
            "Whether the client closed the connection in the middle of the response",
            |row| Value::Bool(row.segment.aborted),
        ),
    ];

    fn start(row: &SegmentRow<'_>) -> Time {
        row.start
    }
}
