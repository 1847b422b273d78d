//! One object per session: the input of ITU-T P.1203 (2017), mode 0, as the standard's reference
//! implementation reads it.

use nflx_core::quality::Session;
use serde_json::{Value as Json, json};

use super::{Column, Rows, Type, Value, column};

/// The type of row.
pub(crate) struct P1203;

/// A session as the standard describes it.
pub(crate) struct P1203Row<'a> {
    pub(crate) capture: &'a str,
    pub(crate) session: u32,
    pub(crate) audio: Json,
    pub(crate) video: Json,
    pub(crate) stalling: Json,
    pub(crate) general: Json,
    pub(crate) marks: Json,
}

impl Rows for P1203 {
    type Row<'a> = P1203Row<'a>;

    const NAME: &'static str = "p1203";

    const COLUMNS: &'static [Column<Self>] = &[
        column(
            "capture",
            Type::Text,
            "",
            "Capture, as it was named or found",
            |row| Value::Text(row.capture),
        ),
        column(
            "session",
            Type::Integer,
            "",
            "Number of the session, as in 'nflx sessions'",
            |row| Value::Integer(row.session.into()),
        ),
        column("I11", Type::Json, "", "Audio segments", |row| {
            Value::Json(&row.audio)
        }),
        column("I13", Type::Json, "", "Video segments", |row| {
            Value::Json(&row.video)
        }),
        column(
            "I23",
            Type::Json,
            "",
            "Initial loading and stalls, by media time",
            |row| Value::Json(&row.stalling),
        ),
        column("IGen", Type::Json, "", "Device, which is assumed", |row| {
            Value::Json(&row.general)
        }),
        column(
            "nflx",
            Type::Json,
            "",
            "Lists of inferred and of assumed values",
            |row| Value::Json(&row.marks),
        ),
    ];
}

/// Bit rates in kbit/s and the resolutions that Netflix's ladder of 2015 gave them ("Per-Title
/// Encode Optimization"): the standard needs a resolution, which no packet shows.
const LADDER: [(f64, &str); 8] = [
    (235.0, "320x240"),
    (375.0, "384x288"),
    (560.0, "512x384"),
    (1050.0, "640x480"),
    (1750.0, "720x480"),
    (2350.0, "1280x720"),
    (4300.0, "1920x1080"),
    (15_600.0, "3840x2160"),
];

/// The resolution of the ladder's rung nearest to a bit rate.
fn resolution(kilobits: f64) -> &'static str {
    let off = |rung: f64| (kilobits.max(1.0) / rung).ln().abs();
    let nearest = LADDER.iter().min_by(|a, b| off(a.0).total_cmp(&off(b.0)));
    nearest.map_or("1280x720", |rung| rung.1)
}

fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

impl<'a> P1203Row<'a> {
    /// The row of a session; `None` where its media seconds are not known, or nothing was played.
    pub(crate) fn new(capture: &'a str, session: &Session) -> Option<Self> {
        let played = session.played.filter(|&played| played > 0.0)?;
        let video: Vec<Json> = session
            .pictures()
            .filter(|picture| picture.0 < played)
            .map(|(from, to, bits)| {
                json!({
                    "bitrate": rounded(bits / 1000.0),
                    "codec": "h264",
                    "duration": rounded(to - from),
                    "fps": 24.0,
                    "resolution": resolution(bits / 1000.0),
                    "start": rounded(from),
                })
            })
            .collect();
        if video.is_empty() {
            return None;
        }
        let audio = session.audio_bitrate.map(|bits| {
            json!({"bitrate": rounded(bits / 1000.0), "codec": "aaclc", "duration": rounded(played), "start": 0})
        });
        let loading = session.startup.map(|startup| [0.0, rounded(startup)]);
        let stalls = session.stalls_by_position().into_iter();
        let stalls = stalls.map(|(at, seconds)| [rounded(at), rounded(seconds)]);
        let stalling: Vec<[f64; 2]> = loading.into_iter().chain(stalls).collect();
        let stream = session.number;
        let segments = |list: Vec<Json>| json!({"segments": list, "streamId": stream});
        Some(Self {
            capture,
            session: session.number,
            audio: segments(audio.into_iter().collect()),
            video: segments(video),
            stalling: json!({"stalling": stalling, "streamId": stream}),
            general: json!({"device": "pc", "displaySize": "1920x1080", "viewingDistance": "150cm"}),
            marks: json!({
                "inferred": ["bitrate", "duration", "start", "stalling"],
                "assumed": ["codec", "fps", "resolution", "device", "displaySize", "viewingDistance"],
                "confidence": session.confidence,
                "reason": session.reason.as_str(),
            }),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resolutions_follow_the_ladder() {
        let of = |kilobits| resolution(kilobits);
        assert_eq!(
            (of(0.0), of(240.0), of(5000.0)),
            ("320x240", "320x240", "1920x1080")
        );
    }
}
