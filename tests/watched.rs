//! Recorded sessions of a real player: what the command says of them is what the viewer saw.
//!
//! The truth is the player's own (`NAME.player.jsonl`, `NAME.truth.jsonl`; `captures/README.md`
//! describes both).

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::plugin::nflx_rows;

/// Largest errors of the command: shares, and seconds.
const MEDIA: f64 = 0.02;
const BITRATE: f64 = 0.1;
const STARTUP: f64 = 0.5;
const BUFFER: f64 = 1.5;
const STALL: f64 = 2.0;

/// Shares of segments with the right seconds, and of ticks with a row.
const MOST: f64 = 0.95;
const TICKS: f64 = 0.9;
/// Smaller responses are headers of media rather than media, in bytes.
const LEAST_BYTES: f64 = 10_000.0;
/// The picture stands noticeably, in seconds.
const NOTICED: f64 = 0.5;
/// Stalls with less in between are one, in seconds.
const JOINED: f64 = 1.0;
/// A row so far from a tick in time says nothing of it, in seconds.
const BESIDE: f64 = 1.5;

/// The facts of the recording.
struct Viewer {
    capture: PathBuf,
    play: Value,
    ticks: Vec<Value>,
    requests: Vec<Value>,
}

fn rows(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).expect("it was recorded");
    text.lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect()
}

fn number(row: &Value, key: &str) -> f64 {
    row[key]
        .as_f64()
        .unwrap_or_else(|| panic!("{key} of {row}"))
}

impl Viewer {
    fn new(name: &str) -> Self {
        let base = Path::new(env!("CARGO_MANIFEST_DIR")).join("captures/plays");
        let (mut plays, ticks): (Vec<_>, Vec<_>) = rows(&base.join(format!("{name}.player.jsonl")))
            .into_iter()
            .partition(|row| row["row"] == "play");
        let requests = rows(&base.join(format!("{name}.truth.jsonl")));
        let is_media = |row: &Value| row["media_s"].is_f64() && row["aborted"] == false;
        Self {
            capture: base.join(format!("{name}.pcap.gz")),
            play: plays.pop().expect("a play"),
            ticks,
            requests: requests.into_iter().filter(is_media).collect(),
        }
    }

    fn said(&self, command: &str) -> Vec<Value> {
        // Whoever begins to record midway has seen no name, and knows the servers.
        nflx_rows(command, &["--prefixes", "10.9.1.0/24"], &self.capture)
    }

    /// The last byte of media: what a player does with its buffer afterwards is in no packet.
    fn end(&self) -> f64 {
        let ends = self.requests.iter().map(|row| number(row, "t_end"));
        ends.fold(f64::NEG_INFINITY, f64::max)
    }

    /// The first time that the viewer did something.
    fn acted(&self) -> f64 {
        let actions = self.play["actions"].as_array().expect("a list");
        let times = actions.iter().map(|action| number(action, "t"));
        times.fold(f64::INFINITY, f64::min)
    }

    /// When the picture stood although the viewer wanted it to play; a moment in which it moved
    /// does not count.
    fn stalls(&self) -> Vec<(f64, f64)> {
        let stands = self.play["stands"].as_array().expect("a list");
        let mut stalls: Vec<(f64, f64)> = Vec::new();
        for stand in stands.iter().filter(|stand| stand["why"] == "stall") {
            let (from, to) = (number(stand, "begin"), number(stand, "end").min(self.end()));
            match stalls.last_mut() {
                Some(last) if from - last.1 <= JOINED => last.1 = to,
                _ => stalls.push((from, to)),
            }
        }
        stalls.retain(|(from, to)| to - from >= NOTICED);
        stalls
    }
}

/// Asserts that media seconds are right, of nearly all segments.
#[track_caller]
fn assert_media(viewer: &Viewer) {
    let segments = viewer.said("segments");
    let large = |row: &&Value| number(row, "response_body_bytes") >= LEAST_BYTES;
    let wanted: Vec<&Value> = viewer.requests.iter().filter(large).collect();
    let is_right = |request: &&&Value| {
        let bytes = number(request, "response_body_bytes");
        // Of two streams that were asked for together, the one of like size is meant.
        let unlike = |row: &Value| {
            let time = (number(row, "t_request") - number(request, "t_request")).abs();
            time + 0.1 * (number(row, "bytes").max(1.0) / bytes).ln().abs()
        };
        let near = segments
            .iter()
            .filter(|row| row["client_port"] == request["client_port"])
            .min_by(|a, b| unlike(a).total_cmp(&unlike(b)));
        let seconds = number(request, "media_s");
        near.and_then(|row| row["media_s"].as_f64())
            .is_some_and(|said| (said / seconds - 1.0).abs() <= MEDIA)
    };
    let right = wanted.iter().filter(is_right).count();
    assert!(
        right as f64 >= MOST * wanted.len() as f64,
        "{right} of {} segments",
        wanted.len()
    );
}

/// Asserts that the bit rate is right, and how long it took to begin.
#[track_caller]
fn assert_session(viewer: &Viewer, session: &Value) {
    let video: Vec<&Value> = viewer
        .requests
        .iter()
        .filter(|row| row["kind"] == "video")
        .collect();
    let sum = |key| video.iter().map(|row| number(row, key)).sum::<f64>();
    let bitrate = sum("response_body_bytes") * 8.0 / sum("media_s");
    let said = number(session, "video_bitrate_bps");
    assert!(
        (said / bitrate - 1.0).abs() <= BITRATE,
        "{said} for {bitrate} bit/s"
    );

    let first = number(&viewer.play, "t_request");
    let seen = viewer.requests.iter().map(|row| number(row, "t_request"));
    if seen.fold(f64::INFINITY, f64::min) - first > NOTICED {
        assert_eq!(session["startup_s"], Value::Null, "it began unseen");
        return;
    }
    let startup = number(&viewer.play, "t_frame") - first;
    let said = number(session, "startup_s");
    assert!(
        (said - startup).abs() <= STARTUP,
        "{said} s to begin for {startup}"
    );
}

/// Asserts that the buffer is right in the median up to the viewer's first action. A segment
/// arrives at once: between the row before a tick and the row behind it is right.
#[track_caller]
fn assert_buffer(viewer: &Viewer) {
    let rows = viewer.said("playback");
    let begin = number(&rows[0], "t");
    let until = viewer.acted().min(viewer.end());
    let ticks = viewer.ticks.iter().filter(|tick| {
        let t = number(tick, "t");
        begin <= t && t <= until
    });
    let off: Vec<Option<f64>> = ticks
        .map(|tick| {
            let (t, ahead) = (number(tick, "t"), number(tick, "ahead_s"));
            let behind = rows.partition_point(|row| number(row, "t") <= t);
            let near = rows[behind.saturating_sub(1)..rows.len().min(behind + 1)].iter();
            let near = near.filter(|row| (number(row, "t") - t).abs() <= BESIDE);
            let levels: Vec<f64> = near.filter_map(|row| row["buffer_s"].as_f64()).collect();
            let least = levels.iter().copied().reduce(f64::min)?;
            let most = levels.iter().copied().reduce(f64::max)?;
            Some((least - ahead).max(ahead - most).max(0.0))
        })
        .collect();
    let mut known: Vec<f64> = off.iter().flatten().copied().collect();
    assert!(off.len() >= 15, "{} ticks", off.len());
    assert!(
        known.len() as f64 >= TICKS * off.len() as f64,
        "rows for {} of {} ticks",
        known.len(),
        off.len()
    );
    known.sort_by(f64::total_cmp);
    let median = known[known.len() / 2];
    assert!(median <= BUFFER, "{median} s off");
}

/// Asserts that stalls are told where they were, and no others.
#[track_caller]
fn assert_stalls(viewer: &Viewer, session: &Value) {
    let stalls = viewer.stalls();
    let said: Vec<(f64, f64)> =
        serde_json::from_value(session["stalls_at"].clone()).expect("spans");
    let near =
        |a: &(f64, f64), b: &(f64, f64)| (a.0 - b.0).abs() <= STALL && (a.1 - b.1).abs() <= STALL;
    assert!(
        said.len() == stalls.len() && said.iter().zip(&stalls).all(|(a, b)| near(a, b)),
        "{said:?} for {stalls:?}"
    );
}

/// Asserts what holds for every recording, and returns the session that was told.
#[track_caller]
fn assert_found(viewer: &Viewer) -> Value {
    let mut sessions = viewer.said("sessions");
    assert_eq!(sessions.len(), 1, "{sessions:?}");
    let session = sessions.remove(0);
    assert_eq!(session["client"], viewer.play["client_ip"]);
    assert_media(viewer);
    assert_session(viewer, &session);
    session
}

/// Asserts what holds for every recording of a session from its beginning, and returns what was
/// told.
#[track_caller]
fn assert_watched(viewer: &Viewer) -> Value {
    let session = assert_found(viewer);
    assert_buffer(viewer);
    assert_stalls(viewer, &session);
    session
}

#[test]
fn a_steady_session_is_told() {
    let session = assert_watched(&Viewer::new("watch-steady"));
    assert_eq!(
        (&session["pauses"], &session["seeks"]),
        (&0.into(), &0.into())
    );
}

#[test]
fn a_buffer_that_runs_dry_is_told() {
    let viewer = Viewer::new("watch-stall");
    assert!(!viewer.stalls().is_empty());
    assert_watched(&viewer);
}

#[test]
fn a_pause_is_told() {
    let viewer = Viewer::new("watch-pause");
    assert!(viewer.acted() < viewer.end());
    let session = assert_watched(&viewer);
    assert_eq!(
        (&session["pauses"], &session["seeks"]),
        (&1.into(), &0.into())
    );
}

#[test]
fn going_elsewhere_is_told() {
    let viewer = Viewer::new("watch-seek");
    assert!(viewer.acted() < viewer.end());
    let session = assert_watched(&viewer);
    assert_eq!(
        (&session["pauses"], &session["seeks"]),
        (&0.into(), &1.into())
    );
}

/// The buffer is not held: how much the player had ahead when the recording began is in no packet,
/// and the segment that was on its way then is missing. Neither makes a stall of it.
#[test]
fn a_session_that_is_joined_midway_has_no_beginning() {
    let viewer = Viewer::new("watch-late");
    let session = assert_found(&viewer);
    assert_eq!(session["reason"], "joined_midway");
    assert_eq!(session["startup_s"], Value::Null);
    assert_stalls(&viewer, &session);
}

#[test]
fn streams_of_one_connection_are_told() {
    let viewer = Viewer::new("watch-h2");
    assert!(viewer.requests.iter().all(|row| row["http"] == "2"));
    assert_watched(&viewer);
}
