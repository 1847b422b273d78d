//! One row per session: one title played by one viewer.

use nflx_core::Time;
use nflx_core::quality::Session;

use super::{Column, Rows, Type, Unit, Value, column, shown};

/// The type of row.
pub(crate) struct Sessions;

/// A session of a capture.
pub(crate) struct SessionRow<'a> {
    pub(crate) capture: &'a str,
    pub(crate) start: Time,
    pub(crate) session: &'a Session,
    /// The stalls, as [`spans`] gives them.
    pub(crate) stalls: &'a [[f64; 2]],
}

/// Stalls of a session: from and to, in seconds since 1970.
pub(crate) fn spans(session: &Session) -> Vec<[f64; 2]> {
    let seconds = |time: Time| (time.0 / 1000) as f64 / 1e6;
    let stalls = session.stalls_at().unwrap_or_default();
    stalls
        .iter()
        .map(|&(from, to)| [seconds(from), seconds(to)])
        .collect()
}

impl Rows for Sessions {
    type Row<'a> = SessionRow<'a>;

    const NAME: &'static str = "sessions";

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
            "session",
            Type::Integer,
            "",
            "Number in the capture, from 1 in order of start",
            "session",
            Unit::Number,
            |row| Value::Integer(row.session.number.into()),
        ),
        shown(
            "client",
            Type::Text,
            "",
            "Address of the viewer",
            "client",
            Unit::Whole,
            |row| Value::Address(row.session.client),
        ),
        shown(
            "t_start",
            Type::Time,
            "s",
            "First request for media",
            "from",
            Unit::Number,
            |row| Value::Time(row.session.t_start),
        ),
        shown(
            "t_end",
            Type::Time,
            "s",
            "Last byte of media",
            "to",
            Unit::Number,
            |row| Value::Time(row.session.t_end),
        ),
        column(
            "servers",
            Type::Integer,
            "",
            "Number of servers that sent media",
            |row| Value::Integer(row.session.servers.into()),
        ),
        column(
            "flows",
            Type::Integer,
            "",
            "Flows that media came in",
            |row| Value::Integer(row.session.flows.into()),
        ),
        column(
            "segments",
            Type::Integer,
            "",
            "Media segments that were requested, including those that the player abandoned",
            |row| Value::Integer(row.session.segments().into()),
        ),
        shown(
            "video_segments",
            Type::Integer,
            "",
            "Video segments that came whole",
            "video",
            Unit::Count,
            |row| Value::Integer(row.session.video_segments.into()),
        ),
        shown(
            "audio_segments",
            Type::Integer,
            "",
            "Audio segments that came whole",
            "audio",
            Unit::Count,
            |row| Value::Integer(row.session.audio_segments.into()),
        ),
        column(
            "video_bytes",
            Type::Integer,
            "bytes",
            "Bytes that HTTP sent in video_segments",
            |row| Value::Integer(row.session.video_bytes),
        ),
        column(
            "audio_bytes",
            Type::Integer,
            "bytes",
            "Bytes that HTTP sent in audio_segments",
            |row| Value::Integer(row.session.audio_bytes),
        ),
        shown(
            "video_media_s",
            Type::Seconds,
            "s",
            "Seconds of media in a video segment, inferred",
            "video media",
            Unit::Number,
            |row| Value::span(row.session.video_media),
        ),
        shown(
            "audio_media_s",
            Type::Seconds,
            "s",
            "Seconds of media in an audio segment, inferred",
            "audio media",
            Unit::Number,
            |row| Value::span(row.session.audio_media),
        ),
        shown(
            "startup_s",
            Type::Seconds,
            "s",
            "Time from the first request for media to the first frame; null if the session began before the capture",
            "startup",
            Unit::Number,
            |row| Value::span(row.session.startup),
        ),
        shown(
            "played_s",
            Type::Seconds,
            "s",
            "Time in which it played",
            "played",
            Unit::Number,
            |row| Value::span(row.session.played),
        ),
        shown(
            "stalls",
            Type::Integer,
            "",
            "Number of times that the picture stopped for half a second or longer against the viewer's wish",
            "stalls",
            Unit::Count,
            |row| {
                Value::integer(
                    row.session
                        .stalls
                        .as_ref()
                        .map(|stalls| stalls.len() as u64),
                )
            },
        ),
        column(
            "stalls_at",
            Type::Spans,
            "s",
            "Start and end of each stall, in seconds since 1970; in Parquet one list of start, end, start, end",
            |row| {
                if row.session.stalls.is_some() {
                    Value::Spans(row.stalls)
                } else {
                    Value::Null
                }
            },
        ),
        shown(
            "stalled_s",
            Type::Seconds,
            "s",
            "Time of all stalls",
            "stalled",
            Unit::Number,
            |row| Value::span(row.session.stalled()),
        ),
        column(
            "pauses",
            Type::Integer,
            "",
            "Number of times that the viewer paused",
            |row| Value::integer(row.session.pauses),
        ),
        column(
            "seeks",
            Type::Integer,
            "",
            "Number of times that the viewer went to another position in the title",
            |row| Value::integer(row.session.seeks),
        ),
        shown(
            "video_bitrate_bps",
            Type::Float,
            "bit/s",
            "8 times video_bytes over their seconds of media",
            "video bit rate",
            Unit::BitRate,
            |row| Value::float(row.session.video_bitrate),
        ),
        shown(
            "audio_bitrate_bps",
            Type::Float,
            "bit/s",
            "8 times audio_bytes over their seconds of media",
            "audio bit rate",
            Unit::BitRate,
            |row| Value::float(row.session.audio_bitrate),
        ),
        column(
            "switches_up",
            Type::Integer,
            "",
            "Changes to video of a higher bit rate",
            |row| Value::Integer(row.session.switches[0].into()),
        ),
        column(
            "switches_down",
            Type::Integer,
            "",
            "Changes to video of a lower bit rate",
            |row| Value::Integer(row.session.switches[1].into()),
        ),
        column(
            "buffer_s",
            Type::Seconds,
            "s",
            "Media ahead of the position at the end",
            |row| Value::span(row.session.buffer_at_end()),
        ),
        shown(
            "confidence",
            Type::Float,
            "",
            "Confidence in the seconds of media, from 0 to 1",
            "confidence",
            Unit::Number,
            |row| Value::Float(row.session.confidence),
        ),
        column(
            "reason",
            Type::Text,
            "",
            "Why a value is missing or uncertain: none, too_few, undecided, joined_midway (its buffer counts from 20 s) or \
             interleaved",
            |row| Value::Word(row.session.reason.as_str()),
        ),
    ];

    fn start(row: &SessionRow<'_>) -> Time {
        row.start
    }
}
