//! Reads back the segments of a small simulated player: the inferred behaviour must be the real
//! one.

mod cases;
mod columns;
mod playback;
mod player;
mod sessions;

use self::player::{BEGIN, Played, Script, play};
use super::pause::Level;
use super::request::{Packets, Request, ResponseEnd, Rules, Track};
use super::{Session, Sessions};
use crate::config::Config;
use crate::facts::segment::{Kind, Segment};
use crate::packet::Time;

/// The thresholds as the settings have them.
pub(super) const RULES: Rules = Rules {
    wait: 0.25,
    run_on: 3.0,
    joined: false,
    one_track: false,
};

/// A level at a request, immediate or after a wait.
pub(super) fn level(own: f64, other: f64, waited: bool) -> Level {
    Level {
        own,
        other,
        waited,
        seeks: 0,
    }
}

/// A picture of 100 kB that comes within 50 ms.
pub(super) fn request(number: u32, asked: f64) -> Request {
    Request {
        number,
        track: Track::Video,
        decided: asked,
        asked,
        came: asked + 0.05,
        bytes: 100_000,
        flow: 1,
        server: 0,
        error: 0,
        shared: false,
        open: false,
        ends_flow: false,
        packets: Packets::default(),
        aborted: false,
        given_up: None,
        end: ResponseEnd::Unknown,
        dropped: 0.0,
        waited: false,
        better: false,
    }
}

fn infer(segments: &[Segment]) -> Vec<Session> {
    Sessions::of(segments, &Config::default()).0
}

fn only(segments: &[Segment]) -> Session {
    let mut sessions = infer(segments);
    assert_eq!(sessions.len(), 1);
    sessions.remove(0)
}

/// Returns the largest error of the inferred buffer, in seconds, within this share of the time.
fn off(played: &Played, session: &Session, share: f64) -> f64 {
    let first = (session.t_start.0 as f64 / 1e9) - BEGIN;
    let mut off: Vec<f64> = played
        .buffer
        .iter()
        .filter(|tick| tick.0 > first && tick.0 < first + session.duration())
        .map(|&(t, buffer)| {
            let said = session.moment(t - first).and_then(|moment| moment.buffer);
            said.map_or(f64::INFINITY, |said| (said - buffer).abs())
        })
        .collect();
    off.sort_by(f64::total_cmp);
    off[(off.len() as f64 * share) as usize]
}

fn is_near(said: Option<f64>, is: f64) -> bool {
    said.is_some_and(|said| (said / is - 1.0).abs() < 0.01)
}

#[track_caller]
fn assert_understood(script: &Script) -> Session {
    let played = play(script);
    let session = only(&played.segments);
    let about = format!(
        "{} s and {:?} s: {:?} {:?}",
        script.video, script.audio, session.video_media, session.audio_media
    );
    assert!(is_near(session.video_media, script.video), "{about}");
    assert!(
        script
            .audio
            .is_none_or(|audio| is_near(session.audio_media, audio)),
        "{about}"
    );
    let first = (session.t_start.0 as f64 / 1e9) - BEGIN;
    let startup = session.startup.expect("it was seen to begin");
    if script.seeks.is_empty() {
        assert!(
            (startup - (played.startup - first)).abs() < 0.1,
            "{about} {startup}"
        );
        let long = |stalls: &[(f64, f64)]| {
            stalls
                .iter()
                .filter(|stall| stall.1 - stall.0 > 0.6)
                .count()
        };
        let said = session.stalls.as_deref().unwrap_or_default();
        assert_eq!(
            long(said),
            long(&joined(&played.stalls)),
            "{about} {said:?} {:?}",
            played.stalls
        );
    }
    // It is unknown when within a segment a pause began.
    let limit = if !script.pauses.is_empty() { 1.5 } else { 0.6 };
    let off = off(&played, &session, 0.5);
    assert!(off < limit, "{about} {off}");
    session
}

/// Joins stalls with less than a second in between.
fn joined(stalls: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut all: Vec<(f64, f64)> = Vec::new();
    for &(from, to) in stalls {
        match all.last_mut() {
            Some(last) if from - last.1 <= 1.0 => last.1 = to,
            _ => all.push((from, to)),
        }
    }
    all
}
