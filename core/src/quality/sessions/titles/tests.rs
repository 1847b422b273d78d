//! Sound of another title: both sides.

use super::*;
use crate::quality::tests::request;

/// Pictures of different sizes, and sounds of this size that are not recognised as sound.
fn mixed(pictures: u32, sounds: u32, bytes: u64) -> Vec<Request> {
    let picture = |n: u32| Request {
        bytes: 100_000 + u64::from(n) * 9_000,
        ..request(n, f64::from(n))
    };
    let sound = |n: u32| Request {
        bytes,
        shared: true,
        ..request(n, f64::from(n))
    };
    (0..pictures)
        .map(picture)
        .chain((0..sounds).map(sound))
        .collect()
}

fn before() -> Vec<Request> {
    let mut known = mixed(4, 4, 50_000);
    known[4..].iter_mut().for_each(|r| r.track = Track::Audio);
    known
}

#[test]
fn sound_that_recurs_in_another_size_is_another_titles() {
    assert!(other_sound(&before(), &mixed(12, 4, 25_000)));
    // Too few, or too rare, to be sound.
    assert!(!other_sound(&before(), &mixed(3, 3, 25_000)));
    assert!(!other_sound(&before(), &mixed(13, 4, 25_000)));
    // As large as before, within 2 %; and one left of the old size.
    assert!(!other_sound(&before(), &mixed(4, 4, 50_900)));
    assert!(other_sound(&before(), &mixed(4, 4, 51_100)));
    let both = [mixed(4, 4, 25_000), mixed(0, 1, 50_000)].concat();
    assert!(!other_sound(&before(), &both));
}

#[test]
fn sound_that_nobody_knew_in_the_title_before_tells_as_well() {
    // The recurring size was sound, if it recurred often enough.
    let unknown = |pictures| mixed(pictures, 4, 97_000);
    for (bytes, other) in [(107_700, false), (107_900, true)] {
        let mut after = mixed(4, 4, bytes);
        after[4..].iter_mut().for_each(|r| r.track = Track::Audio);
        assert_eq!(other_sound(&unknown(12), &after), other, "{bytes}");
        assert!(!other_sound(&unknown(13), &after), "too seldom");
    }
}

#[test]
fn sound_that_is_known_decides() {
    // Sizes are guessed by other responses, unless some came alone.
    for (bytes, other) in [(55_400, false), (55_700, true)] {
        let mut after = mixed(4, 2, bytes);
        after[4..].iter_mut().for_each(|r| r.track = Track::Audio);
        assert_eq!(other_sound(&before(), &after), other, "{bytes}");
    }
    let alone = |mut all: Vec<Request>| {
        for sound in &mut all[4..] {
            (sound.track, sound.shared) = (Track::Audio, false);
        }
        all
    };
    for (bytes, other) in [(50_900, false), (51_100, true)] {
        let [before, after] = [alone(before()), alone(mixed(4, 2, bytes))];
        assert_eq!(other_sound(&before, &after), other, "{bytes}");
    }
}

#[test]
fn headers_of_both_tracks_come_soon_and_differ_or_come_in_one_turn() {
    let header = |asked: f64, bytes: Option<u64>| Header {
        asked,
        came: asked + 0.05,
        bytes,
        error: 0,
        flow: 1,
    };
    let are =
        |behind: f64, one, other| are_of_both_tracks(header(1.0, one), header(1.0 + behind, other));
    assert!(are(0.9, Some(800), Some(824)));
    assert!(!are(0.9, Some(800), Some(823)), "of two qualities");
    assert!(!are(1.1, Some(800), Some(824)), "too late");
    // Sizes that were divided show nothing.
    assert!(are(0.009, None, Some(824)));
    assert!(!are(0.011, None, Some(824)), "of two changes of quality");
    assert!(!are(0.011, Some(824), None), "of two changes of quality");
}

#[test]
fn sound_that_came_alone_tells_titles_apart_where_bytes_were_divided() {
    // Four sounds of one title that came alone, among six of the other's size whose bytes were
    // divided.
    let title = |alone: u64, divided: u64| {
        let mut all = mixed(4, 10, divided);
        for (request, number) in all[4..].iter_mut().zip(0..) {
            request.track = Track::Audio;
            request.shared = number >= 4;
            request.bytes = if number < 4 { alone } else { divided };
        }
        all
    };
    assert!(other_sound(&title(50_000, 98_000), &title(98_000, 98_000)));
    assert!(!other_sound(&title(50_000, 98_000), &title(50_900, 50_000)));
}

#[test]
fn media_of_both_tracks_follows_where_two_are_on_their_way_at_once() {
    let both = |second: f64, track: Track, shared: bool| {
        let [one, other] = [request(1, 1.0), request(2, second)];
        let all = [one, Request { track, ..other }].map(|r| Request { shared, ..r });
        are_for_both_tracks(&all.iter().collect::<Vec<_>>())
    };
    assert!(both(1.5, Track::Audio, false), "tracks are known");
    assert!(!both(1.5, Track::Video, false));
    // The first one comes within 50 ms.
    assert!(both(1.049, Track::Video, false));
    assert!(!both(1.051, Track::Video, false));
    assert!(both(1.5, Track::Video, true), "bytes were divided");
}

#[test]
fn headers_of_other_sizes_are_those_of_another_title() {
    let header = |asked: f64, bytes: u64| Header {
        asked,
        came: asked + 0.05,
        bytes: Some(bytes),
        error: 0,
        flow: 1,
    };
    let start = |sizes: [u64; 2]| Start {
        asked: 60.0,
        index: 9,
        headers: sizes.map(|bytes| header(60.0, bytes)),
    };
    let seen = [
        header(9.9, 826),
        header(9.9, 765),
        header(30.0, 831),
        header(60.0, 900),
    ];
    let other = |seen: &[Header], sizes| other_headers(seen, 10.0, start(sizes));
    assert!(!other(&seen, [831, 765]));
    assert!(!other(&seen, [765, 826]));
    assert!(other(&seen, [828, 765]));
    assert!(other(&seen, [826, 770]));
    // Headers before the play show nothing about it, nor does one header alone.
    assert!(!other(&seen[1..2], [828, 765]));
    assert!(!other_headers(&seen[..2], 19.95, start([828, 765])));
    assert!(other_headers(&seen[..2], 19.85, start([828, 765])));
}

#[test]
fn a_header_of_unsure_size_is_another_if_its_error_does_not_explain_the_difference() {
    let header = |bytes: u64, error: u64| Header {
        asked: 10.0,
        came: 10.05,
        bytes: Some(bytes),
        error,
        flow: 1,
    };
    let differ = |one, other| sizes_differ(&one, &other);
    assert!(differ(header(484, 0), header(765, 0)));
    assert!(!differ(header(484, 281), header(765, 0)));
    assert!(differ(header(484, 280), header(765, 0)));
    // What may be hidden in both is the same.
    assert!(!differ(header(484, 487), header(484, 487)));
    assert!(differ(header(484, 487), header(485, 487)));
}

#[test]
fn headers_with_media_in_between_begin_a_title_if_they_are_near() {
    let header = |asked: f64, bytes: u64| Header {
        asked,
        came: asked + 0.05,
        bytes: Some(bytes),
        error: 0,
        flow: 1,
    };
    // Pictures, and then both headers this far apart, with the picture's media behind its header.
    let found = |apart: f64, between: bool| {
        let sound = Request {
            track: Track::Audio,
            ..request(3, 10.06 + apart)
        };
        let picture = request(2, if between { 10.06 } else { 10.06 + apart });
        let requests = [request(1, 1.0), picture, sound];
        starts(&requests, &[header(10.0, 831), header(10.0 + apart, 765)]).len()
    };
    assert_eq!([found(0.29, true), found(0.31, true)], [1, 0]);
    assert_eq!(found(0.31, false), 1);
}
