//! The division into sessions, and sessions of hostile segments.

use super::*;

#[test]
fn a_title_opened_again_is_another_session() {
    let first = play(&Script::new(4.0, 4.0, 24.0, &[(0.0, 2.0e6)]));
    let twice = |by: f64| {
        let later = |t: Time| Time(t.0 + (by * 1e9) as i64);
        let again = first.segments.iter().map(|segment| Segment {
            t_request: later(segment.t_request),
            t_first: segment.t_first.map(later),
            t_last: segment.t_last.map(later),
            flow: segment.flow + 10,
            ..segment.clone()
        });
        [first.segments.clone(), again.collect()].concat()
    };
    // Both sides of `playback_reopened`, which is 15 s: the last request is some seconds before the
    // end.
    let last = first
        .segments
        .iter()
        .filter_map(|s| s.t_last)
        .max()
        .expect("some")
        .0 as f64
        / 1e9
        - BEGIN;
    assert_eq!(infer(&twice(last + 16.0)).len(), 2);
    let near = infer(&twice(last + 14.0));
    assert_eq!((near.len(), near[0].seeks), (1, Some(1)));
}

#[test]
fn clients_are_apart_and_numbered_in_order_of_start() {
    let first = play(&Script::new(4.0, 4.0, 24.0, &[(0.0, 2.0e6)]));
    let mut second = play(&Script::new(6.0, 2.0, 30.0, &[(0.0, 3.0e6)]));
    for segment in &mut second.segments {
        segment.client = [10, 0, 0, 3].into();
        segment.t_request.0 += 500_000_000;
        segment.t_first = segment.t_first.map(|t| Time(t.0 + 500_000_000));
        segment.t_last = segment.t_last.map(|t| Time(t.0 + 500_000_000));
    }
    let mut all = [first.segments, second.segments].concat();
    all.sort_by_key(|segment| segment.t_request);
    for (segment, number) in all.iter_mut().zip(1..) {
        segment.number = number;
    }
    let sessions = infer(&all);
    assert_eq!(
        sessions
            .iter()
            .map(|session| session.number)
            .collect::<Vec<_>>(),
        [1, 2]
    );
    assert!(is_near(sessions[0].video_media, 4.0) && is_near(sessions[1].video_media, 6.0));
    // Each segment of media has seconds once.
    let media: Vec<_> = sessions.iter().flat_map(Session::media_seconds).collect();
    assert_eq!(
        media.len(),
        all.iter()
            .filter(|segment| segment.kind != Kind::Other)
            .count()
    );
}

#[test]
fn clocks_that_step_and_sizes_that_lie_do_no_harm() {
    let mut random = 7_u64;
    let mut next = move |below: u64| {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) % below
    };
    let template = play(&Script::new(4.0, 4.0, 24.0, &[(0.0, 2.0e6)])).segments;
    for _ in 0..20 {
        let mut segments = template.clone();
        for segment in &mut segments {
            match next(6) {
                0 => segment.t_request = Time(next(u64::MAX) as i64 - i64::MAX / 2),
                1 => segment.t_last = Some(Time(i64::MIN)),
                2 => segment.t_last = Some(Time(i64::MAX)),
                3 => segment.app_bytes = u64::MAX,
                4 => segment.app_bytes = 0,
                _ => segment.t_last = None,
            }
        }
        for session in infer(&segments) {
            assert!(session.moments(1e9).count() < 1 << 20);
            assert!(session.confidence.is_finite());
        }
    }
}

#[test]
fn sessions_that_are_too_long_are_cut_and_counted() {
    let mut config = Config::default();
    config.set("playback_segments", "64").expect("allowed");
    let played = play(&Script::new(2.0, 2.0, 24.0, &[(0.0, 2.0e6)]));
    let media = played
        .segments
        .iter()
        .filter(|segment| segment.kind != Kind::Other)
        .count();
    let (sessions, stats) = Sessions::of(&played.segments, &config);
    assert_eq!(sessions.len(), media.div_ceil(64));
    assert_eq!(stats.sessions_cut as usize, sessions.len() - 1);
}

#[test]
fn tracks_are_known_by_the_headers_of_a_play() {
    // Nothing distinguishes sound from pictures except that the headers of both are requested.
    let mut played = play(&Script::new(4.0, 4.0, 24.0, &[(0.0, 2.0e6)]));
    let media = |segment: &&mut Segment| segment.kind == Kind::Audio;
    played
        .segments
        .iter_mut()
        .filter(media)
        .for_each(|s| s.kind = Kind::Video);
    let session = only(&played.segments);
    assert!(is_near(session.video_media, 4.0) && is_near(session.audio_media, 4.0));
    // Sound is in the pictures, and some of them are equally large.
    let mut script = Script::new(4.0, 4.0, 20.0, &[(0.0, 2.0e6)]);
    script.audio = None;
    let mut played = play(&script);
    let pictures = played.segments.iter_mut().filter(|s| s.kind == Kind::Video);
    pictures.skip(12).take(6).for_each(|s| s.kind = Kind::Audio);
    let session = only(&played.segments);
    assert_eq!((session.audio_media, session.audio_segments), (None, 0));
    assert!(is_near(session.video_media, 4.0));
}
