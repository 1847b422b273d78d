//! Headers of tracks, and the titles that begin with them.

use super::*;
use crate::connection::sharing::asks::Asked;
use crate::connection::sharing::headers::LEAST_HEADER;
use crate::facts::segment::Kind;

#[test]
fn both_sides_of_headers_of_both_tracks() {
    // Too much for headers, and too far apart.
    for (bytes, apart, begins) in [(8_191, 10, true), (8_192, 10, false), (8_191, 11, false)] {
        let mut link = Link::new();
        link.ask().now += apart;
        link.ask().take(bytes);
        let begun = link
            .sharing
            .period
            .begins_title(link.sharing.received, &link.config);
        assert_eq!(begun.is_some(), begins, "{bytes} {apart}");
    }
    // Media of both tracks is requested in the same turn.
    for (requests, begins) in [(3, false), (4, true)] {
        let mut link = Link::new();
        for _ in 0..requests {
            link.ask();
        }
        link.take(100_000);
        let begun = link
            .sharing
            .period
            .begins_title(link.sharing.received, &link.config);
        assert_eq!(begun.is_some(), begins, "{requests}");
    }
}

#[test]
fn a_title_before_keeps_the_size_of_its_own_audio() {
    // The headers of the next title come alone, beside what is left of the last, or not at all.
    for (headers, size) in [(1, AUDIO), (2, AUDIO), (0, 97_000)] {
        let mut link = Link::new();
        link.learn(4).ask_with(40).take(1_000).end();
        link.ask_with(43).take(390_000).end();
        link.now += 1000;
        link.ask().take(220_000).ask().take(300_000);
        let number = link.number;
        assert_eq!(link.end().len(), 2);
        match headers {
            0 => {}
            1 => drop(link.ask().ask().take(1_600).end()),
            _ => {
                link.ask_with(43).take(100_000);
                drop(link.ask_with(40).ask_with(40).take(200_000).end());
            }
        }
        let mut parts = Vec::new();
        for round in 0..5 {
            for size in [97_000 + round * 100, 500_000 + round * 20_000] {
                link.now += 1000;
                parts.extend(link.ask().take(size).end());
            }
        }
        let part = parts.iter().rfind(|part| part.number == number).unwrap();
        assert!(part.size.abs_diff(size) < 400, "{headers} {part:?}");
    }
}

#[test]
fn a_request_as_short_as_those_for_headers_is_for_one() {
    for (size, header) in [(40, 800), (42, 0)] {
        let mut link = Link::new();
        link.learn(4).ask_with(40).take(828).end();
        link.ask_with(42).take(500_000).end();
        link.now += 2000;
        // Video, a header, and video of another quality.
        link.ask_with(42).take(300_000).ask_with(size).take(10_000);
        let parts = link.ask_with(42).take(500_000).end();
        assert_eq!(parts[1].size == header, header > 0, "{parts:?}");
    }
}

/// A connection on which two headers came as datagrams of these sizes.
fn with_headers(headers: [u64; 2]) -> Link {
    let mut link = Link::new();
    link.learn(4).ask().ask().take(2_000);
    headers
        .iter()
        .for_each(|&size| link.sharing.note_size(size, false));
    assert!(link.end().is_empty());
    link.now += 80;
    link
}

/// Sizes of the first media of two tracks, requested so many milliseconds apart behind two headers
/// that came as datagrams of these sizes.
fn behind_headers(headers: [u64; 2], apart: i64) -> Vec<u64> {
    let mut link = with_headers(headers);
    link.ask();
    link.now += apart;
    link.ask().take(450_000);
    link.sharing.note_size(1_400, false);
    link.sharing.note_size(1_350, false);
    let parts = link.end();
    sizes(&parts[parts.len() - 2..])
}

#[test]
fn of_two_requests_that_look_alike_the_first_is_for_the_track_whose_header_came_first() {
    let first_is_video = |headers: [u64; 2], apart: i64| {
        let found = behind_headers(headers, apart);
        let is_audio = |size: &u64| size.abs_diff(AUDIO) < 2_000;
        assert!(found.iter().any(is_audio), "{found:?}");
        found[0] > found[1]
    };
    assert!(first_is_video([1_094, 1_029], 1));
    assert!(!first_is_video([1_029, 1_094], 1));
    // Equal headers show nothing, nor do requests in one packet.
    for (apart, shows) in [(0, false), (1, true), (10, true), (11, true), (100, true)] {
        let plain = first_is_video([1_029, 1_029], apart);
        let differs =
            [[1_094, 1_029], [1_029, 1_094]].map(|headers| first_is_video(headers, apart) != plain);
        assert_eq!(differs.contains(&true), shows, "{apart} ms");
    }
}

/// True if the first media behind two headers is read as video, if the first of two requests was so
/// many nanoseconds before the second, which could be answered later.
fn is_video_first(headers: [u64; 2], apart: i64) -> bool {
    let mut link = with_headers(headers);
    let request = |number: u32, asked: i64| PeriodRequest {
        number,
        asked: Time(asked),
        asked_at: link.sharing.received(),
        begun_at: 0,
        before: (0, 0),
        size: 0,
        is_repeated: false,
        resets: false,
    };
    let asked = link.now * MILLISECOND;
    let requests = [request(100, asked), request(101, asked + apart)];
    link.sharing.begin(requests[0]);
    link.take(4_000);
    link.sharing.begin(requests[1]);
    link.take(450_000);
    let parts = link.end();
    parts.iter().find(|part| part.number == 100).unwrap().track == Some(Kind::Video)
}

#[test]
fn both_sides_of_where_in_a_period_headers_end() {
    for (had, counts) in [(MOST_HEADERS, true), (MOST_HEADERS + 1, false)] {
        let mut link = Link::new();
        link.ask().ask().take(had);
        link.sharing.note_size(1_094, false);
        link.sharing.note_size(1_029, false);
        let first = link.sharing.period.headers.first(false);
        assert_eq!(first, counts.then_some(MediaTrack::Video), "{had}");
    }
}

#[test]
fn both_sides_of_two_requests_that_are_one_event() {
    let (video, audio) = ([1_094, 1_029], [1_029, 1_094]);
    assert!(is_video_first(video, MILLISECOND) && !is_video_first(audio, MILLISECOND));
    let near = MILLISECOND - 1;
    assert_eq!(is_video_first(video, near), is_video_first(audio, near));
}

#[test]
fn both_sides_of_media_requested_before_the_second_header_has_come() {
    let (least, most) = (u64::from(LEAST_HEADER), MOST_HEADERS);
    for (had, opens) in [
        (least - 1, false),
        (least, true),
        (most, true),
        (most + 1, false),
    ] {
        let mut link = Link::new();
        link.learn(4)
            .ask()
            .ask()
            .take(had)
            .ask()
            .ask()
            .take(450_000);
        let asks = RequestSizes::default();
        let told = link.sharing.period.told(&asks);
        assert_eq!(told[0] == Asked::Header, opens, "{had}");
        let parts = link.end();
        let media = parts.iter().filter(|part| part.size > 10_000).count();
        assert!(media == 2 || !opens, "{parts:?}");
    }
}
