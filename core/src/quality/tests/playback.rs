//! Seconds of segments, start, buffer, stalls, pauses and seeks of one session.

use super::super::State;
use super::player::{BEGIN, Script, play};
use super::{assert_understood, infer, is_near, off, only};
use crate::facts::segment::Segment;
use crate::packet::Time;

#[test]
fn seconds_of_many_lengths() {
    for (at, &(video, audio)) in [
        (2.0, 2.0),
        (4.0, 4.0),
        (4.004, 16.0),
        (6.006, 6.0),
        (3.2, 6.4),
        (10.0, 10.0),
        (8.0, 2.0),
    ]
    .iter()
    .enumerate()
    {
        let mut script = Script::new(video, audio, 40.0, &[(0.0, 2.5e6)]);
        script.seed = at as u64;
        let session = assert_understood(&script);
        assert!(
            session.confidence > 0.25,
            "{video} {audio} {}",
            session.confidence
        );
        assert_eq!(session.reason.as_str(), "none");
    }
}

#[test]
fn seconds_that_no_encoder_is_known_to_use() {
    for (video, audio) in [(3.17, 3.17), (4.17, 8.34), (2.085, 4.0), (7.33, 7.33)] {
        let mut script = Script::new(video, audio, 24.0, &[(0.0, 2.5e6)]);
        script.beyond = Some(1.0);
        script.seconds = 240.0;
        assert_understood(&script);
    }
}

#[test]
fn unusual_seconds_are_told_by_sound_that_follows_the_picture() {
    let link = [(0.0, 1.2e6), (30.0, 0.35e6), (60.0, 1.5e6)];
    for (video, audio) in [
        (1.92, 2.0),
        (20.0 / 6.0, 6.0),
        (20.0 / 3.0, 6.0),
        (9.6, 8.0),
    ] {
        for seed in 1..4 {
            let mut script = Script::new(video, audio, 24.0, &link);
            script.beyond = Some(1.0);
            script.seconds = 90.0;
            script.seed = seed;
            assert_understood(&script);
        }
    }
}

#[test]
fn sound_inside_the_picture() {
    let mut script = Script::new(
        4.0,
        4.0,
        20.0,
        &[(0.0, 2.0e6), (60.0, 0.1e6), (85.0, 2.0e6)],
    );
    script.audio = None;
    let session = assert_understood(&script);
    assert_eq!((session.audio_media, session.audio_segments), (None, 0));
}

#[test]
fn stalls_are_found_where_they_were() {
    let script = Script::new(4.0, 4.0, 12.0, &[(0.0, 2.0e6), (50.0, 0.0), (80.0, 2.0e6)]);
    let session = assert_understood(&script);
    let stalls = session.stalls.as_deref().expect("known");
    assert_eq!(stalls.len(), 1, "{stalls:?}");
    assert!(
        stalls[0].0 > 50.0 && stalls[0].0 < 66.0 && stalls[0].1 > 79.0 && stalls[0].1 < 82.0,
        "{stalls:?}"
    );
    assert_eq!(
        session.moment(stalls[0].0 + 1.0).map(|moment| moment.state),
        Some(State::Stalled)
    );
}

#[test]
fn a_pause_is_none_of_the_links() {
    let mut script = Script::new(4.0, 4.0, 24.0, &[(0.0, 2.0e6)]);
    script.pauses = vec![(70.0, 95.0)];
    let session = assert_understood(&script);
    assert_eq!((session.pauses, session.seeks), (Some(1), Some(0)));
    assert_eq!(session.stalls.as_deref(), Some(&[][..]));
    let stalled = session.stalled().expect("known");
    assert!(stalled == 0.0 && stalled.is_sign_positive(), "{stalled}");
    assert_eq!(
        session.moment(85.0).map(|moment| moment.state),
        Some(State::Paused)
    );
}

#[test]
fn going_elsewhere_empties_the_buffer() {
    let mut script = Script::new(4.0, 4.0, 24.0, &[(0.0, 2.0e6)]);
    script.seeks = vec![61.3];
    let session = assert_understood(&script);
    assert_eq!(session.seeks, Some(1));
    let after = session.moment(61.5).expect("known");
    assert_eq!((after.state, after.buffer), (State::Seeking, Some(0.0)));
}

#[test]
fn leaping_within_the_buffer_is_told_and_spoils_no_seconds() {
    for seconds in [2.0, 4.0] {
        let mut script = Script::new(seconds, seconds, 40.0, &[(0.0, 2.5e6)]);
        for (leap, seeks) in [(None, 0), (Some((90.0, 20.0)), 1)] {
            script.leap = leap;
            let session = assert_understood(&script);
            assert_eq!(session.seeks, Some(seeks), "{seconds} s, {leap:?}");
            assert_eq!(session.stalls.as_deref(), Some(&[][..]));
        }
    }
}

#[test]
fn pictures_that_are_fetched_again_in_another_quality_do_not_count_twice() {
    for renews in [false, true] {
        for seconds in [2.0, 4.0] {
            // It begins with a picture worse than the link allows, and does the same again later.
            let link = [(0.0, 4.0e6), (50.0, 0.9e6), (80.0, 4.0e6)];
            let mut script = Script::new(seconds, 2.0 * seconds, 20.0, &link);
            script.renews = Some(renews);
            let session = assert_understood(&script);
            let played = play(&script);
            let off = off(&played, &session, 0.9);
            assert!(off < 0.5 * seconds, "{renews} {seconds}: {off}");
        }
    }
}

#[test]
fn other_qualities_of_both_tracks_are_no_seek() {
    let played = play(&Script::new(6.0, 16.0, 240.0, &[(0.0, 0.9e6)]));
    let mut segments = played.segments.clone();
    // A picture and a sound that are requested together while the buffer fills.
    let pair = segments.windows(2).find(|pair| {
        let apart = pair[1].t_request.since(pair[0].t_request);
        pair[0].t_request.0 as f64 / 1e9 > BEGIN + 2.0
            && pair[0].kind != pair[1].kind
            && apart < 500_000_000
    });
    let asked = pair.expect("some")[0].t_request.0;
    let headers = segments[..2].to_vec();
    for (header, before) in headers.into_iter().zip([90, 80]) {
        let asked = Time(asked - before * 1_000_000);
        let came = Some(Time(asked.0 + 40_000_000));
        segments.push(Segment {
            t_request: asked,
            t_first: came,
            t_last: came,
            ..header
        });
    }
    segments.sort_by_key(|segment| segment.t_request);
    let session = only(&segments);
    assert_eq!(session.seeks, Some(0));
    assert!(off(&played, &session, 0.9) < 0.5);
}

#[test]
fn joined_midway_has_no_startup() {
    let played = play(&Script::new(4.0, 4.0, 24.0, &[(0.0, 2.0e6)]));
    let session = only(&played.segments[30..]);
    assert_eq!(
        (session.startup, session.reason.as_str()),
        (None, "joined_midway")
    );
    assert!(is_near(session.video_media, 4.0));
}

#[test]
fn joined_midway_it_holds_as_much_as_most_players_do() {
    // It waits with a full buffer, and sometimes has more time between two pictures than they play.
    let played = play(&Script::new(4.0, 4.0, 24.0, &[(0.0, 2.0e6)]));
    let session = only(&played.segments[30..]);
    assert_eq!(session.stalls.as_deref(), Some(&[][..]));
    let off = off(&played, &session, 0.9);
    assert!(off < 6.0, "{off}");
    // Its buffer is limited.
    let dry = Script::new(4.0, 4.0, 16.0, &[(0.0, 2.0e6), (70.0, 0.0), (110.0, 2.0e6)]);
    let played = play(&dry);
    let session = only(&played.segments[20..]);
    assert_eq!(session.stalls.map(|stalls| stalls.len()), Some(1));
}

#[test]
fn too_little_is_not_guessed_from() {
    let played = play(&Script::new(4.0, 4.0, 24.0, &[(0.0, 2.0e6)]));
    let session = only(&played.segments[..6]);
    assert_eq!(
        (
            session.video_media,
            session.startup,
            session.reason.as_str()
        ),
        (None, None, "too_few")
    );
    assert_eq!(session.moments(1.0).count(), 0);
    assert!(infer(&[]).is_empty());
}

#[test]
fn a_full_buffer_tells_where_in_a_segment_the_viewer_went() {
    let off = |lands: f64, share: f64| {
        let mut script = Script::new(4.0, 6.0, 24.0, &[(0.0, 2.5e6)]);
        (script.seeks, script.lands) = (vec![70.0], lands);
        let played = play(&script);
        super::off(&played, &only(&played.segments), share)
    };
    // Players fetch the segment before the place, too.
    for lands in [1.0, 0.75, 0.3, 0.1, -0.2, -0.6, -0.9] {
        assert!(off(lands, 0.9) < 0.6, "{lands}: {}", off(lands, 0.9));
    }
    // No player fetches more than that.
    assert!(off(-1.5, 0.95) > 1.0, "{}", off(-1.5, 0.95));
}

#[test]
fn another_speed_spoils_neither_seconds_nor_the_buffer() {
    for speed in [1.5, 0.75] {
        let mut script = Script::new(4.0, 4.0, 24.0, &[(0.0, 3.0e6)]);
        script.speed = Some((60.0, 110.0, speed));
        let played = play(&script);
        let session = only(&played.segments);
        assert!(is_near(session.video_media, 4.0), "{speed}");
        assert!(off(&played, &session, 0.9) < 1.5, "{speed}");
        assert_eq!(
            (session.pauses, session.seeks),
            (Some(0), Some(0)),
            "{speed}"
        );
    }
}

#[test]
fn a_pause_while_the_buffer_fills_ends_when_it_is_full() {
    // Hardly faster than the media, until the viewer pauses.
    let mut script = Script::new(4.0, 4.0, 40.0, &[(0.0, 0.6e6)]);
    script.pauses = vec![(45.0, 75.0)];
    let played = play(&script);
    let session = only(&played.segments);
    assert_eq!(session.pauses, Some(1));
    let off = off(&played, &session, 0.95);
    assert!(off < 6.0, "{off}");
}

#[test]
fn a_pause_is_not_placed_twice_where_once_did_not_help() {
    // A link that hardly keeps up, and is slower for a while behind each pause. Eight places are
    // tried at most, and all but one were used up in the second cycle.
    let cycle = 150.0;
    let begins: Vec<f64> = (0..10).map(|at| f64::from(at) * cycle).collect();
    let link: Vec<(f64, f64)> = begins
        .iter()
        .flat_map(|&t| [(t, 0.6e6), (t + 90.0, 0.1e6), (t + 120.0, 0.6e6)])
        .collect();
    let mut script = Script::new(4.0, 4.0, 40.0, &link);
    script.pauses = begins.iter().map(|&t| (t + 35.0, t + 65.0)).collect();
    script.seconds = 10.0 * cycle;
    let session = only(&play(&script).segments);
    for pause in &script.pauses {
        let middle = (pause.0 + pause.1) / 2.0;
        assert_eq!(
            session.moment(middle).map(|moment| moment.state),
            Some(State::Paused),
            "{middle}"
        );
    }
}
