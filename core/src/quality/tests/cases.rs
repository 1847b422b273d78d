//! Cases that sizes alone do not decide: responses that were given up, headers among media,
//! pictures of the size of sound, and seeks.

use super::super::headers;
use super::super::request::{Header, Request};
use super::*;

/// Returns the numbers of the remaining requests, and the times of headers, after a search for
/// headers.
fn recovered(times: &[f64], known: &[f64]) -> (Vec<u32>, Vec<f64>) {
    let mut requests: Vec<Request> = (1..)
        .zip(times)
        .map(|(number, &asked)| Request {
            shared: true,
            ..request(number, asked)
        })
        .collect();
    let mut all: Vec<Header> = known
        .iter()
        .map(|&asked| Header {
            asked,
            came: asked + 0.04,
            bytes: Some(800),
            error: 0,
            flow: 1,
        })
        .collect();
    headers::recover(&mut requests, &mut all, 4096);
    (
        requests.iter().map(|request| request.number).collect(),
        all.iter().map(|header| header.asked).collect(),
    )
}

#[test]
fn headers_are_known_by_the_rhythm_of_a_start() {
    assert_eq!(
        recovered(&[7.0, 7.002, 7.1, 7.104, 8.0], &[]),
        (vec![3, 4, 5], vec![7.0, 7.002])
    );
    // One of the two was small enough to be recognised as a header.
    assert_eq!(
        recovered(&[7.0, 7.1, 7.104], &[7.002]),
        (vec![2, 3], vec![7.0, 7.002])
    );
    // Both sides of a turn, which takes longer after the first headers of a connection, and of how
    // soon media follows.
    assert_eq!(recovered(&[7.0, 7.011, 7.1, 7.104], &[]).1, [0.0; 0]);
    assert_eq!(recovered(&[7.0, 7.002, 7.1, 7.195], &[]).1, [7.0, 7.002]);
    assert_eq!(recovered(&[7.0, 7.002, 7.1, 7.215], &[]).1, [0.0; 0]);
    let later = |turn: f64| recovered(&[5.0, 7.0, 7.002, 7.1, 7.1 + turn], &[]).1;
    assert_eq!(later(0.009), [7.0, 7.002]);
    assert_eq!(later(0.011), [0.0; 0]);
    assert_eq!(recovered(&[7.0, 7.002, 8.01, 8.012], &[]).1, [0.0; 0]);
    // Tracks that take turns, and two that end together by chance.
    let turns = [7.0, 7.3, 8.0, 8.005, 9.0, 9.4, 10.0];
    assert_eq!(recovered(&turns, &[]).1, [0.0; 0]);
}

#[test]
fn headers_whose_bytes_nobody_saw_are_followed_each_by_its_media() {
    let found = |bytes: u64| {
        let times = [5.0, 7.0, 7.002, 7.1, 7.15];
        let mut requests: Vec<Request> = (0..)
            .zip(times)
            .map(|(number, asked)| Request {
                shared: true,
                bytes: if number == 2 { bytes } else { 100_000 },
                ..request(number, asked)
            })
            .collect();
        let mut headers = Vec::new();
        headers::recover(&mut requests, &mut headers, 4096);
        headers.len()
    };
    assert_eq!([0, 1].map(found), [2, 0]);
}

#[test]
fn eight_requests_behind_a_header_are_looked_at_for_its_bytes() {
    // So many requests on another connection come between two headers and their media.
    let left = |others: u32| {
        let request = |number: u32, asked: f64, shared: bool| Request {
            shared,
            came: 8.0,
            flow: u32::from(shared),
            bytes: if shared { 100_000 } else { 0 },
            ..request(number, asked)
        };
        let mut requests = vec![request(0, 7.0, true), request(1, 7.002, true)];
        requests.extend((0..others).map(|n| request(n, 7.01, false)));
        requests.extend([request(20, 7.1, true), request(21, 7.104, true)]);
        headers::recover(&mut requests, &mut Vec::new(), 4096);
        requests.iter().map(|r| r.bytes).sum::<u64>()
    };
    assert_eq!([6, 7, 8].map(left), [400_000, 300_000, 200_000]);
}

#[test]
fn media_lasts_as_long_as_the_bytes_that_a_header_cannot_have() {
    // The engine put all bytes on the headers; the second one came at 8.4 s.
    let mut requests: Vec<Request> = (0..)
        .zip([7.0, 7.002, 7.1, 7.104])
        .map(|(number, asked)| Request {
            shared: true,
            bytes: [50_000, 400_000, 0, 0][number as usize],
            came: [7.3, 8.4, 7.1, 7.104][number as usize],
            ..request(number, asked)
        })
        .collect();
    headers::recover(&mut requests, &mut Vec::new(), 4096);
    let left: Vec<(u64, f64)> = requests.iter().map(|r| (r.bytes, r.came)).collect();
    assert_eq!(left, [(50_000, 7.3), (400_000, 8.4)]);
}

#[test]
fn headers_are_asked_for_with_media_in_one_turn() {
    assert_eq!(
        recovered(&[7.0, 7.001, 7.002, 7.003, 8.0], &[]),
        (vec![3, 4, 5], vec![7.0, 7.001])
    );
    assert_eq!(recovered(&[7.0, 7.001, 7.002, 7.011], &[]).1, [0.0; 0]);
    // Their bytes are those of the media.
    let mut requests: Vec<Request> = (0..4)
        .map(|number| Request {
            shared: true,
            ..request(number, 7.0 + f64::from(number) / 1000.0)
        })
        .collect();
    headers::recover(&mut requests, &mut Vec::new(), 4096);
    assert_eq!(requests.iter().map(|r| r.bytes).sum::<u64>(), 400_000);
    assert!(
        requests
            .iter()
            .all(|r| r.bytes == 200_000 && r.error == 100_000)
    );
}

#[test]
fn headers_of_all_qualities_are_small_together() {
    // Their bytes were assigned to the first.
    let left_of = |bytes: [u64; 5], apart: f64| {
        let mut requests: Vec<Request> = (0..)
            .zip(bytes)
            .map(|(number, bytes)| {
                let asked = 7.0 + f64::from(number) * apart;
                let came = if bytes == 0 { asked } else { asked + 0.5 };
                Request {
                    shared: true,
                    bytes,
                    came,
                    ..request(number, asked)
                }
            })
            .collect();
        let mut found = Vec::new();
        headers::recover(&mut requests, &mut found, 4096);
        (requests.len(), found.len())
    };
    let left = |bytes: u64, apart: f64| left_of([bytes, 0, 0, 0, 0], apart);
    assert_eq!(left(5 * 4096, 0.002), (0, 5));
    // To the last: when the others ended is not known.
    assert_eq!(left_of([0, 0, 0, 0, 5 * 4096], 0.0), (0, 5));
    // Otherwise two of four in one turn are headers, as above.
    assert_eq!(left(5 * 4097, 0.002), (3, 2));
    assert_eq!(left(5 * 4096, 0.003), (3, 2));
}

/// A play whose player gave up the picture before the `at`-th after a share of it had come, and
/// continued in another quality.
fn given_up(played: &Played, share: f64) -> Vec<Segment> {
    let mut pictures = played
        .segments
        .iter()
        .filter(|segment| segment.kind == Kind::Video);
    let next = pictures.nth(12).cloned().expect("enough of them");
    let before = |seconds: f64| Time(next.t_request.0 - (seconds * 1e9) as i64);
    let mut segments = played.segments.clone();
    segments.push(Segment {
        t_request: before(0.9),
        t_first: Some(before(0.8)),
        t_last: Some(before(0.1)),
        app_bytes: (next.app_bytes as f64 * share) as u64,
        flow: 70,
        ..next.clone()
    });
    segments.push(Segment {
        kind: Kind::Other,
        t_request: before(0.08),
        t_first: Some(before(0.03)),
        t_last: Some(before(0.03)),
        app_bytes: 831,
        flow: 71,
        ..next.clone()
    });
    segments.sort_by_key(|segment| segment.t_request);
    for (segment, number) in segments.iter_mut().zip(1..) {
        segment.number = number;
    }
    segments
}

#[test]
fn what_was_given_up_is_not_played() {
    let played = play(&Script::new(4.0, 4.0, 24.0, &[(0.0, 2.0e6)]));
    let plain = only(&played.segments);
    for share in [0.03, 0.2, 0.6] {
        let session = only(&given_up(&played, share));
        assert_eq!(
            (session.video_segments, session.dropped_segments),
            (plain.video_segments, plain.dropped_segments + 1),
            "{share}"
        );
        assert!(is_near(session.video_media, 4.0));
        assert!(off(&played, &session, 0.9) < 1.0, "{share}");
    }
}

#[test]
fn sound_that_stops_is_a_picture() {
    let mut script = Script::new(4.0, 4.0, 20.0, &[(0.0, 2.0e6)]);
    script.audio = None;
    let mut played = play(&script);
    let pictures = played
        .segments
        .iter_mut()
        .filter(|segment| segment.kind == Kind::Video);
    for segment in pictures.skip(2).take(3) {
        segment.kind = Kind::Audio;
        segment.app_bytes = 550_000 + segment.app_bytes % 20_000;
    }
    let session = only(&played.segments);
    assert_eq!((session.audio_media, session.audio_segments), (None, 0));
    assert!(is_near(session.video_media, 4.0));
}

#[test]
fn going_elsewhere_is_seen_by_one_header_where_there_is_one_track() {
    let mut script = Script::new(4.0, 4.0, 24.0, &[(0.0, 2.0e6)]);
    script.audio = None;
    script.seeks = vec![71.3];
    let played = play(&script);
    let session = only(&played.segments);
    assert_eq!(session.seeks, Some(1));
    assert!(off(&played, &session, 0.8) < 2.5);
    // The same header without a change is not a seek.
    script.seeks.clear();
    let mut played = play(&script);
    let header = played.segments[0].clone();
    let t = Time(header.t_request.0 + 71_300_000_000);
    played.segments.push(Segment {
        t_request: t,
        t_first: Some(t),
        t_last: Some(t),
        ..header
    });
    played.segments.sort_by_key(|segment| segment.t_request);
    for (segment, number) in played.segments.iter_mut().zip(1..) {
        segment.number = number;
    }
    assert_eq!(only(&played.segments).seeks, Some(0));
}

#[test]
fn sounds_of_one_size_are_each_played() {
    let mut played = play(&Script::new(4.0, 4.0, 24.0, &[(0.0, 2.0e6)]));
    let sounds = played
        .segments
        .iter_mut()
        .filter(|segment| segment.kind == Kind::Audio);
    let mut count = 0;
    for segment in sounds {
        segment.app_bytes = 48_400;
        count += 1;
    }
    // The end may have cut the last one off.
    let session = only(&played.segments);
    assert!(session.audio_segments + 1 >= count, "{session:?}");
}

/// Random numbers (Knuth's MMIX generator).
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

/// Segments of any kinds, sizes and times, overlapping and out of order.
fn anything(random: &mut Random, template: &Segment) -> Vec<Segment> {
    let count = random.below(60);
    let mut now = 0;
    (1..=count as u32)
        .map(|number| {
            let most = [20, 4_000, 30_000][random.below(3) as usize];
            now += random.below(most) as i64;
            let at = |ms: i64| Time((ms.max(0)) * 1_000_000);
            let took = random.below(6_000) as i64 - 200;
            let kinds = [Kind::Video, Kind::Audio, Kind::Other, Kind::Pending];
            Segment {
                number,
                flow: random.below(4) as u32,
                server: random.below(2) as u32,
                client: [10, 0, 0, random.below(2) as u8].into(),
                kind: kinds[random.below(4) as usize],
                t_request: at(now),
                t_last: (random.below(8) > 0).then(|| at(now + took)),
                app_bytes: [0, 800, 49_000, 49_000, 400_000, u64::MAX][random.below(6) as usize],
                shared: random.below(3) == 0,
                complete: random.below(5) > 0,
                ..template.clone()
            }
        })
        .collect()
}

#[test]
fn whatever_segments_come_playback_is_sound() {
    let template = play(&Script::new(4.0, 4.0, 24.0, &[(0.0, 2.0e6)])).segments[0].clone();
    let mut random = Random(7);
    for _ in 0..80 {
        for session in infer(&anything(&mut random, &template)) {
            assert!((0.0..=1.0).contains(&session.confidence));
            assert!(session.startup.is_none_or(|seconds| seconds >= 0.0));
            let duration = session.duration();
            let mut last = 0.0;
            for &(from, to) in session.stalls.iter().flatten() {
                assert!(last <= from && from <= to && to <= duration + 1e-6);
                last = to;
            }
            let mut before = session.t_start;
            for moment in session.moments(1.0) {
                assert!(before <= moment.t && moment.t <= session.t_end);
                before = moment.t;
                for buffer in [moment.buffer, moment.video_buffer, moment.audio_buffer] {
                    assert!(buffer.is_none_or(|seconds| seconds >= 0.0 && seconds.is_finite()));
                }
            }
        }
    }
}
