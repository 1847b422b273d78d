//! Tracks by a play's first headers: both sides.

use super::*;
use crate::quality::tests::request;

fn header(asked: f64, bytes: Option<u64>) -> Header {
    Header {
        asked,
        came: asked + 0.05,
        bytes,
        error: 0,
        flow: 1,
    }
}

/// Pictures of different sizes, with this many of one size among them.
fn pictures(number: u32, alike: u32) -> Vec<Request> {
    let picture = |n: u32| Request {
        bytes: if n < alike {
            50_000
        } else {
            100_000 + u64::from(n) * 9_000
        },
        ..request(n, 10.0 + f64::from(n))
    };
    (0..number).map(picture).collect()
}

/// Returns how many of the six requests that were taken for sound, out of twelve, remain.
fn sounds(headers: &[Header]) -> usize {
    let mut requests = pictures(12, 6);
    requests[..6]
        .iter_mut()
        .for_each(|r| r.track = Track::Audio);
    tell(&mut requests, headers);
    requests.iter().filter(|r| r.track == Track::Audio).count()
}

#[test]
fn headers_of_one_track_are_those_of_pictures_with_sound_in_them() {
    let first = header(9.9, Some(1358));
    assert_eq!(sounds(&[first]), 0);
    assert_eq!(
        sounds(&[first, header(9.9, Some(1335))]),
        0,
        "two qualities"
    );
    assert_eq!(sounds(&[first, header(9.9, Some(1334))]), 6, "two tracks");
    assert_eq!(sounds(&[first, header(9.9, None)]), 6, "bytes were divided");
    assert_eq!(sounds(&[]), 6, "it was joined midway");
}

#[test]
fn headers_of_one_track_are_said_to_be_that() {
    let first = header(9.9, Some(1358));
    let is_one = |headers: &[Header]| tell(&mut pictures(12, 6), headers);
    assert!(is_one(&[first]) && is_one(&[first, header(9.9, Some(1335))]));
    assert!(!is_one(&[first, header(9.9, Some(1334))]) && !is_one(&[]));
}

#[test]
fn headers_are_first_that_come_about_the_first_media() {
    let first = header(9.9, Some(1358));
    // The other one, some time before or after the first media.
    for (asked, left) in [(8.94, 0), (8.96, 6), (10.99, 6), (11.01, 0)] {
        assert_eq!(sounds(&[first, header(asked, Some(765))]), left, "{asked}");
    }
}

#[test]
fn sound_that_nobody_knows_is_what_recurs() {
    let headers = [header(9.9, Some(831)), header(9.9, Some(765))];
    let found = |number, alike, headers: &[Header]| {
        let mut requests = pictures(number, alike);
        tell(&mut requests, headers);
        let sound = requests
            .iter()
            .take_while(|r| r.track == Track::Audio)
            .count();
        (
            sound,
            requests[sound..].iter().all(|r| r.track == Track::Video),
        )
    };
    assert_eq!(found(16, 4, &headers), (4, true));
    assert_eq!(found(17, 4, &headers), (0, true), "too seldom");
    assert_eq!(found(6, 3, &headers), (0, true), "too few");
    assert_eq!(found(16, 4, &headers[..1]), (0, true), "none is asked for");
    // If some sound is known, that is all.
    let mut requests = pictures(16, 4);
    requests[0].track = Track::Audio;
    tell(&mut requests, &headers);
    assert_eq!(
        requests.iter().filter(|r| r.track == Track::Audio).count(),
        1
    );
}
