//! Seeks, and other requests that look alike: both sides.

use super::*;
use crate::quality::tests::{RULES, request};

/// Returns when pictures of these sizes, one each second, were fetched again.
fn again(sizes: &[u64]) -> Vec<f64> {
    let requests: Vec<Request> = (0..)
        .zip(sizes)
        .map(|(n, &bytes)| Request {
            bytes,
            ..request(n, f64::from(n))
        })
        .collect();
    places(&requests, &[])
}

fn places(requests: &[Request], sure: &[f64]) -> Vec<f64> {
    let found = fetched_again(requests, &[], sure, RULES);
    found.iter().map(|again| again.at).collect()
}

#[test]
fn both_sides_of_a_place_that_no_header_shows() {
    assert!(is_found(20.0, 20.01 + FOUND) && !is_found(20.0, 20.0 + FOUND));
}

#[test]
fn two_pictures_in_a_row_that_were_there_before_are_a_way_back() {
    assert_eq!(again(&[11, 12, 13, 14, 12, 15]), [] as [f64; 0]);
    assert_eq!(again(&[11, 12, 13, 14, 12, 13]), [4.0 - AT_ONCE]);
    // One seek back, however far.
    assert_eq!(again(&[11, 12, 13, 14, 11, 12, 13, 14]), [4.0 - AT_ONCE]);
    let twice = [11, 12, 13, 14, 12, 13, 11, 12];
    assert_eq!(again(&twice), [4.0 - AT_ONCE, 6.0 - AT_ONCE]);
}

#[test]
fn pictures_of_one_size_are_no_way_back() {
    assert_eq!(again(&[11; 9]), [] as [f64; 0]);
}

#[test]
fn it_began_with_what_was_asked_for_behind_a_picture_that_was_given_up() {
    let picture = |number, asked, bytes| Request {
        came: asked + 0.95,
        bytes,
        ..request(number, asked)
    };
    let mut requests = vec![
        picture(1, 0.0, 11),
        picture(2, 1.0, 12),
        picture(3, 2.0, 13),
        picture(4, 3.0, 10),
        picture(5, 4.0, 12),
        picture(6, 5.0, 13),
    ];
    // All come without a wait: at most three pictures before are examined.
    assert_eq!(places(&requests, &[]), [2.0 - AT_ONCE]);
    requests[2].open = true;
    assert_eq!(places(&requests, &[]), [3.0 - AT_ONCE]);
    // Sound that is requested at the same time may have come first.
    let sound = Request {
        track: Track::Audio,
        ..picture(7, 2.8, 5)
    };
    requests.insert(3, sound);
    assert_eq!(places(&requests, &[]), [2.8 - AT_ONCE]);
    requests[3].decided = 1.9;
    requests[3].asked = 1.9;
    assert_eq!(places(&requests, &[]), [3.0 - AT_ONCE]);
}

#[test]
fn a_way_back_that_is_known_explains_what_is_fetched_again() {
    let requests: Vec<Request> = (0..)
        .zip([11, 12, 13, 14, 12, 13])
        .map(|(n, bytes)| Request {
            bytes,
            ..request(n, f64::from(n))
        })
        .collect();
    let found = |sure: f64| places(&requests, &[sure]);
    // Before the media that was fetched twice, between both, and after.
    assert_eq!(found(0.9), [4.0 - AT_ONCE]);
    assert_eq!(found(1.1), [] as [f64; 0]);
    assert_eq!(found(4.9), [] as [f64; 0]);
    assert_eq!(found(5.1), [4.0 - AT_ONCE]);
}

#[test]
fn a_way_back_before_explains_what_is_fetched_again_behind_it() {
    let fetched = [Again {
        at: 8.0,
        since: 2.0,
    }];
    let left = |other: f64, cost_without: f64| {
        let cost = |seeks: &[f64]| {
            if seeks.contains(&8.0) {
                10.0
            } else {
                cost_without
            }
        };
        without_explained(vec![other, 8.0], fetched.iter(), cost)
    };
    assert_eq!(left(5.0, 9.0), [5.0]);
    assert_eq!(left(5.0, 11.0), [5.0, 8.0], "it costs more");
    // Before the media that was fetched twice, it explains nothing.
    assert_eq!(left(1.0, 9.0), [1.0, 8.0]);
    assert_eq!(left(9.0, 9.0), [9.0, 8.0]);
}

#[test]
fn a_player_begins_anew_with_both_tracks_at_once() {
    let sound = |number, asked| Request {
        track: Track::Audio,
        ..request(number, asked)
    };
    // The player waits with both tracks, starts over at 12 s, and then waits for nothing, except
    // soon with sound.
    let found = |apart: f64, second: f64| {
        let waits = [0.0, 4.0, 8.0].into_iter().zip(0..);
        let mut all: Vec<Request> = waits
            .flat_map(|(t, n)| [request(2 * n, t), sound(2 * n + 1, t + 0.5)])
            .collect();
        all.push(sound(6, 12.0));
        all.push(sound(7, second));
        all.push(sound(8, 16.0));
        let pictures = [0.0, 0.1, 0.2, 0.3, 0.4].into_iter().zip(9..);
        all.extend(pictures.map(|(t, n)| request(n, 12.0 + apart + t)));
        all.sort_by(|a, b| a.asked.total_cmp(&b.asked));
        anew(&all, &[], &[], RULES).contains(&(12.0 - AT_ONCE))
    };
    assert!(found(0.01, 12.1));
    // Sound that waits for the picture after all.
    assert!(!found(0.01, 12.4));
    // It opens a connection for one of them.
    assert!(found(0.99, 12.1));
    assert!(!found(1.01, 12.1));
}

#[test]
fn of_two_places_that_were_found_only_the_needed_one_is_left() {
    // So much each place saves.
    let left = |saves: [f64; 2], found: &[f64]| {
        let cost = |seeks: &[f64]| {
            let saved = [5.0, 8.0].into_iter().zip(saves);
            40.0 - saved
                .filter(|(at, _)| seeks.contains(at))
                .map(|(_, saves)| saves)
                .sum::<f64>()
        };
        without_needless(vec![5.0, 8.0], found, cost)
    };
    assert_eq!(left([5.9, 20.0], &[5.0, 8.0]), [8.0]);
    assert_eq!(left([6.1, 20.0], &[5.0, 8.0]), [5.0, 8.0]);
    // One that is sure is not looked at.
    assert_eq!(left([5.9, 20.0], &[8.0]), [5.0, 8.0]);
}
