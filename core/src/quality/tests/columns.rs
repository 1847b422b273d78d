//! Columns of features that tell what the player did.

use super::*;
use crate::features::{PLAYBACK, Row, Value, column};
use crate::quality::playback_columns::{PlaybackColumns, newest};

fn at(seconds: f64) -> Time {
    Time((seconds * 1e9) as i64)
}

/// Returns the row of ten seconds, with the columns filled from these segments.
fn filled(segments: &[Segment], from: f64, session_start: f64) -> Row {
    let mut row = Row::empty(segments[0].client, at(from), at(from + 10.0));
    row.session_start = at(session_start);
    PlaybackColumns::of(infer(segments)).fill(&mut row);
    row
}

fn value(row: &Row, name: &str) -> Option<f64> {
    match column(name).expect("a column").value(row) {
        Value::Float(value) => Some(value),
        _ => None,
    }
}

#[test]
fn rows_tell_what_arrived_and_what_was_shown() {
    let played = play(&Script::new(4.0, 4.0, 24.0, &[(0.0, 2.0e6), (60.0, 3.5e5)]));
    let session = only(&played.segments);
    let row = filled(&played.segments, BEGIN + 90.0, BEGIN);
    let is = |name: &str| value(&row, name);
    assert!(is_near(is("playback_video_media"), 4.0));
    assert!(is_near(is("playback_audio_media"), 4.0));
    assert_eq!(is("playback_audio_bitrate"), session.audio_bitrate);
    let end = session
        .moment(at(BEGIN + 100.0).since(session.t_start) as f64 / 1e9)
        .expect("it was playing");
    assert_eq!(is("playback_fetched_last"), end.fetched_bitrate);
    assert_eq!(is("playback_shown_last"), end.shown_bitrate);
    assert_eq!(is("playback_buffer_last"), end.buffer);
    // The link became slow half a minute ago: what comes is worse than what was first shown.
    assert!(is("playback_fetched_3_avg") < is("playback_fetched_90"));
    assert!(is("playback_fetched_10") <= is("playback_fetched_50"));
    assert!(is("playback_shown_avg").is_some() && is("playback_shown_3_avg").is_some());
    assert!(is("playback_buffer_avg") <= is("playback_video_buffer_avg"));
    assert_eq!(is("playback_stalled"), Some(0.0));
}

#[test]
fn a_row_tells_nothing_of_what_comes_after_it() {
    let played = play(&Script::new(4.0, 4.0, 24.0, &[(0.0, 2.0e6)]));
    let early = filled(&played.segments, BEGIN + 20.0, BEGIN);
    let came = |segment: &&Segment| {
        segment.kind == Kind::Video && segment.t_last.is_some_and(|t| t < at(BEGIN + 30.0))
    };
    let bytes: Vec<f64> = played
        .segments
        .iter()
        .filter(came)
        .map(|segment| segment.app_bytes as f64)
        .collect();
    let mean = bytes.iter().sum::<f64>() / bytes.len() as f64 * 8.0 / 4.0;
    assert!(is_near(value(&early, "playback_fetched_avg"), mean));
}

#[test]
fn stalls_are_in_the_rows_of_their_windows() {
    let link = [(0.0, 2.0e6), (50.0, 0.0), (90.0, 2.0e6)];
    let played = play(&Script::new(4.0, 4.0, 12.0, &link));
    let row = |from: f64| filled(&played.segments, BEGIN + from, BEGIN);
    assert_eq!(value(&row(20.0), "playback_stalled"), Some(0.0));
    assert_eq!(value(&row(75.0), "playback_stalled"), Some(1.0));
    assert_eq!(value(&row(75.0), "playback_buffer_last"), Some(0.0));
}

#[test]
fn without_a_title_the_columns_are_empty() {
    let played = play(&Script::new(4.0, 4.0, 24.0, &[(0.0, 2.0e6)]));
    let is_empty = |row: &Row| {
        let mut columns = PLAYBACK.iter();
        columns.all(|column| column.value(row) == Value::Null)
    };
    // Before the first request, and in a session that began after the title had ended.
    assert!(is_empty(&filled(
        &played.segments,
        BEGIN - 20.0,
        BEGIN - 20.0
    )));
    assert!(is_empty(&filled(
        &played.segments,
        BEGIN + 500.0,
        BEGIN + 500.0
    )));
    let mut other = filled(&played.segments, BEGIN + 20.0, BEGIN);
    assert!(!is_empty(&other));
    other.client = std::net::IpAddr::from([192, 0, 2, 99]);
    PlaybackColumns::of(infer(&played.segments)).fill(&mut other);
    assert!(is_empty(&other));
    other.zero_if_empty = true;
    assert_eq!(value(&other, "playback_shown_avg"), Some(0.0));
}

#[test]
fn a_live_row_uses_the_newest_segments_of_its_session() {
    let played = play(&Script::new(4.0, 4.0, 24.0, &[(0.0, 2.0e6)]));
    let all = &played.segments;
    let mut row = Row::empty(all[0].client, at(BEGIN), at(BEGIN + 10.0));
    let numbers = |row: &Row, most: usize| -> Vec<u32> {
        let newest = newest(all.iter(), row, most).into_iter();
        newest.map(|segment| segment.number).collect()
    };
    let every: Vec<u32> = all.iter().map(|segment| segment.number).collect();
    assert_eq!(numbers(&row, all.len()), every);
    assert_eq!(numbers(&row, all.len() - 1), every[1..]);
    row.session_start = all[5].t_request;
    assert_eq!(numbers(&row, all.len()), every[5..]);
    row.client = std::net::IpAddr::from([192, 0, 2, 99]);
    assert!(numbers(&row, all.len()).is_empty());
}
