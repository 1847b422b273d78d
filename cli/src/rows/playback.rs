//! One row per step of a session: what its player did then.

use nflx_core::Time;
use nflx_core::quality::{Moment, State};

use super::{Column, Rows, Type, Unit, Value, column, shown};

/// The type of row.
pub(crate) struct Playback;

/// A moment of a session.
pub(crate) struct PlaybackRow<'a> {
    pub(crate) capture: &'a str,
    pub(crate) start: Time,
    pub(crate) session: u32,
    pub(crate) moment: Moment,
}

impl Rows for Playback {
    type Row<'a> = PlaybackRow<'a>;

    const NAME: &'static str = "playback";

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
            "Number of the session, as in 'nflx sessions'",
            "session",
            Unit::Number,
            |row| Value::Integer(row.session.into()),
        ),
        shown(
            "t",
            Type::Time,
            "s",
            "Time of the row",
            "time",
            Unit::Number,
            |row| Value::Time(row.moment.t),
        ),
        shown(
            "state",
            Type::Text,
            "",
            "State of the player: starting, playing, stalled, paused, seeking, ended",
            "state",
            Unit::Text,
            |row| Value::Word(row.moment.state.as_str()),
        ),
        column(
            "stalled",
            Type::Bool,
            "",
            "Whether the picture was stopped although the viewer wanted it to play",
            |row| Value::Bool(row.moment.state == State::Stalled),
        ),
        shown(
            "buffer_s",
            Type::Seconds,
            "s",
            "Media ahead of the position, the lower of video and audio; counts from 20 s if the session was joined midway",
            "buffer",
            Unit::Number,
            |row| Value::span(row.moment.buffer),
        ),
        shown(
            "video_buffer_s",
            Type::Seconds,
            "s",
            "Video ahead of the position",
            "video",
            Unit::Number,
            |row| Value::span(row.moment.video_buffer),
        ),
        shown(
            "audio_buffer_s",
            Type::Seconds,
            "s",
            "Audio ahead of the position",
            "audio",
            Unit::Number,
            |row| Value::span(row.moment.audio_buffer),
        ),
        shown(
            "fetched_bitrate_bps",
            Type::Float,
            "bit/s",
            "Bit rate of the video segment that arrived last",
            "fetched",
            Unit::BitRate,
            |row| Value::float(row.moment.fetched_bitrate),
        ),
        shown(
            "shown_bitrate_bps",
            Type::Float,
            "bit/s",
            "Bit rate of the video segment on the screen",
            "shown",
            Unit::BitRate,
            |row| Value::float(row.moment.shown_bitrate),
        ),
    ];

    fn start(row: &PlaybackRow<'_>) -> Time {
        row.start
    }
}
