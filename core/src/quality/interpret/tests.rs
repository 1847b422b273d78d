//! Requests after a wait, and responses that were given up: both sides.

use super::*;
use crate::quality::tests::{RULES, request};

/// Returns the likelihood that the first of these was given up.
fn dropped(requests: &[Request]) -> f64 {
    let mut all = requests.to_vec();
    interpret(&mut all, &[], &[], &RULES);
    all[0].dropped
}

/// A picture that closed its flow, and the next one, which opened another at once.
fn closed(end: ResponseEnd, seconds: f64) -> [Request; 2] {
    let first = Request {
        came: seconds,
        ends_flow: true,
        end,
        ..request(1, 0.0)
    };
    let next = Request {
        flow: 2,
        bytes: 90_000,
        ..request(2, seconds + 0.1)
    };
    [first, next]
}

#[test]
fn the_last_packet_tells_what_was_given_up() {
    assert_eq!(dropped(&closed(ResponseEnd::Cut, 2.0)), SURELY);
    let [unknown, whole] =
        [ResponseEnd::Unknown, ResponseEnd::Whole].map(|end| dropped(&closed(end, 2.0)));
    assert!(unknown > 0.5, "{unknown}");
    assert!((0.3..0.4).contains(&whole), "{whole}");
}

#[test]
fn a_full_last_packet_is_one_by_chance_where_the_next_was_asked_for_at_once() {
    let cut = |ahead: f64| {
        let [first, next] = closed(ResponseEnd::Cut, 2.0);
        let asked = 2.0 + ahead;
        dropped(&[
            first,
            Request {
                asked,
                decided: asked,
                ..next
            },
        ])
    };
    assert_eq!([-0.02, 0.031].map(cut), [SURELY; 2]);
    assert_eq!([0.001, 0.029].map(cut), [GIVEN_UP; 2]);
}

#[test]
fn a_connection_that_was_closed_amid_a_response_gave_it_up() {
    let [first, next] = closed(ResponseEnd::Whole, 2.0);
    let first = Request {
        aborted: true,
        ..first
    };
    assert_eq!(dropped(&[first, next]), SURELY);
}

#[test]
fn a_header_decides_nothing_about_sound_while_sound_is_on_its_way() {
    // The header of a picture that is never requested comes just before the next sound.
    let decided = |came: f64| {
        let sound = |number: u32, asked: f64, came: f64| Request {
            track: Track::Audio,
            came,
            ..request(number, asked)
        };
        let mut all = [sound(1, 0.0, came), sound(2, 9.1, 9.5)];
        let header = Header {
            asked: 5.0,
            came: 9.0,
            bytes: Some(800),
            error: 0,
            flow: 3,
        };
        interpret(&mut all, &[header], &[], &RULES);
        all[1].decided
    };
    assert_eq!([5.009, 5.011].map(decided), [5.0, 9.1]);
}

#[test]
fn players_lose_patience_after_twenty_seconds() {
    assert!(dropped(&closed(ResponseEnd::Whole, 19.9)) < 0.5);
    assert_eq!(dropped(&closed(ResponseEnd::Whole, 20.1)), LIKELY);
    // Also with sound of the usual size.
    let sound = |seconds: f64| {
        dropped(
            &closed(ResponseEnd::Unknown, seconds).map(|request| Request {
                track: Track::Audio,
                bytes: 90_000 + u64::from(request.number),
                ..request
            }),
        )
    };
    assert_eq!([19.9, 20.1].map(sound), [UNLIKELY, LIKELY]);
}

#[test]
fn the_same_again_tells_more_the_rarer_it_is() {
    // Eight sounds with this many pairs of equal sizes.
    let likely = |alike: u64| {
        let sounds: Vec<Request> = (0..9)
            .map(|n: u64| Request {
                track: Track::Audio,
                bytes: 50_000 + n.saturating_sub(alike),
                ends_flow: n == 0,
                flow: u32::from(n > 0),
                ..request(1, n as f64)
            })
            .collect();
        dropped(&sounds)
    };
    assert!(likely(1) > 0.6, "{}", likely(1));
    assert!(likely(7) < 0.4, "{}", likely(7));
}

#[test]
fn the_same_again_tells_nothing_where_it_comes_late() {
    let again = |after: f64| {
        let first = Request {
            ends_flow: true,
            ..request(1, 0.0)
        };
        let next = Request {
            flow: 2,
            ..request(2, 0.05 + after)
        };
        dropped(&[
            first,
            next,
            Request {
                bytes: 90_000,
                flow: 2,
                ..request(3, 9.0)
            },
        ])
    };
    let [at_once, late] = [1.4, 1.6].map(again);
    assert!(at_once > 0.4, "{at_once}");
    assert!(late < 0.1, "{late}");
}

#[test]
fn what_a_play_begins_with_is_media_where_responses_overlap() {
    let mut all = [1, 2, 3, 4].map(|n: u32| Request {
        shared: true,
        track: [Track::Video, Track::Audio][n as usize % 2],
        ..request(n, f64::from(n))
    });
    interpret(&mut all, &[], &[], &RULES);
    let dropped = all.map(|request| request.dropped);
    assert_eq!(dropped[..2], [UNLIKELY; 2]);
    assert!(dropped[2] > UNLIKELY, "{dropped:?}");
}

/// Returns true if the player waited with a sound that opens a flow this long after the one before,
/// while a picture comes between them.
fn waits(after: f64, picture: (f64, f64)) -> bool {
    let sound = |number, asked, flow| Request {
        track: Track::Audio,
        flow,
        ..request(number, asked)
    };
    let mut all = [
        sound(1, 0.0, 1),
        Request {
            came: picture.1,
            flow: 2,
            ..request(2, picture.0)
        },
        sound(3, 0.05 + after, 3),
    ];
    interpret(&mut all, &[], &[], &RULES);
    all[2].waited
}

#[test]
fn a_connection_may_take_long_where_the_link_is_stuck() {
    let free = (0.1, 0.2);
    assert!(!waits(1.2, free));
    assert!(waits(1.3, free));
    // A picture was in flight all the time.
    assert!(!waits(9.0, (1.2, 20.0)));
    // It came before.
    assert!(waits(9.0, (1.2, 9.0)));
    // It was requested when the player had waited already: for long, or shortly before.
    assert!(!waits(9.0, (7.0, 20.0)));
    assert!(waits(9.0, (7.1, 20.0)));
}

#[test]
fn eight_requests_before_one_are_looked_at_for_what_is_on_its_way() {
    // A picture that keeps the link busy, and this many sounds behind it.
    let waits = |sounds: u32| {
        let sound = |number: u32, asked: f64, flow: u32| Request {
            track: Track::Audio,
            flow,
            ..request(number, asked)
        };
        let picture = Request {
            came: 20.0,
            flow: 2,
            ..request(1, 1.0)
        };
        let between = (0..sounds).map(|n| sound(2 + n, 6.0 + f64::from(n) / 100.0, 1));
        let mut all: Vec<Request> = std::iter::once(picture).chain(between).collect();
        all.push(sound(20, 9.0, 3));
        interpret(&mut all, &[], &[], &RULES);
        all.last().is_some_and(|last| last.waited)
    };
    assert!(!waits(7));
    assert!(waits(8));
}

#[test]
fn a_better_picture_is_larger_and_comes_behind_its_header() {
    let better = |bytes: u64, header: f64| {
        let mut all: Vec<Request> = (0..4).map(|n| request(n, f64::from(n))).collect();
        all[2].bytes = bytes;
        all[3].bytes = bytes;
        let headers = [Header {
            asked: header,
            came: header + 0.05,
            bytes: Some(829),
            error: 0,
            flow: 1,
        }];
        interpret(&mut all, &headers, &[], &RULES);
        all.iter().map(|request| request.better).collect::<Vec<_>>()
    };
    assert_eq!(better(111_000, 1.9), [false, false, true, false]);
    assert_eq!(better(109_000, 1.9), [false; 4]);
    // A header that comes with it on another flow, because some players request both at once.
    let mut all: Vec<Request> = (0..4).map(|n| request(n, f64::from(n))).collect();
    let headers = [2, 1].map(|flow| Header {
        asked: f64::from(flow) - 0.05,
        came: f64::from(flow) + 0.05,
        bytes: Some(829),
        error: 0,
        flow: flow as u32,
    });
    interpret(&mut all, &headers, &[], &RULES);
    let decided: Vec<f64> = all.iter().map(|request| request.decided).collect();
    assert_eq!(decided, [0.0, 1.0, 1.95, 3.0]);
    // A header that comes much earlier, or that of the first picture, belongs to none of these.
    assert_eq!(better(111_000, 1.5), [false; 4]);
    assert_eq!(better(111_000, -0.1), [false; 4]);
}

#[test]
fn a_header_can_come_at_once() {
    // Within the time that a request may come before its header has.
    let header = Header {
        asked: 2.0,
        came: 2.001,
        bytes: Some(800),
        error: 0,
        flow: 1,
    };
    let mut requests = [1.0, 1.995, 3.0].map(|asked| request(1, asked));
    decide(&mut requests, &[header]);
    assert_eq!(requests.map(|request| request.decided), [1.0, 1.995, 3.0]);
}

#[test]
fn three_pictures_before_and_behind_a_change_tell_which_is_better() {
    // One picture of each side, or five, would tell otherwise.
    let better = |sizes: [u64; 9]| {
        let mut all: Vec<Request> = (0..)
            .zip(sizes)
            .map(|(n, thousands)| Request {
                bytes: thousands * 1000,
                ..request(n, f64::from(n))
            })
            .collect();
        let header = Header {
            asked: 3.9,
            came: 3.95,
            bytes: Some(829),
            error: 0,
            flow: 1,
        };
        interpret(&mut all, &[header], &[], &RULES);
        all[4].better
    };
    assert!(better([300, 100, 100, 100, 105, 115, 115, 60, 60]));
    assert!(!better([10, 100, 100, 100, 115, 105, 105, 300, 300]));
}

/// Returns the likelihoods that two pictures and the sound between them were given up, of which
/// some may have been reset at 5 s, with a header this long after that.
fn reset(which: [bool; 3], came: f64, header: Option<f64>) -> Vec<f64> {
    let given_up = |at: usize| which[at].then_some(5.0);
    let mut all = [
        Request {
            came,
            given_up: given_up(0),
            ..request(1, 4.0)
        },
        Request {
            came: 6.0,
            shared: true,
            track: Track::Audio,
            given_up: given_up(1),
            ..request(2, 4.5)
        },
        Request {
            given_up: given_up(2),
            ..request(3, 5.1)
        },
    ];
    let headers: Vec<Header> = header
        .map(|after| Header {
            asked: 5.0 + after,
            came: 5.05,
            bytes: None,
            error: 0,
            flow: 1,
        })
        .into_iter()
        .collect();
    interpret(&mut all, &headers, &[], &RULES);
    all.iter().map(|request| request.dropped).collect()
}

#[test]
fn a_picture_that_was_reset_is_given_up_and_not_the_sound_beside_it() {
    let both = [true, true, false];
    assert_eq!(reset([true, false, false], 5.5, None)[0], SURELY);
    assert_eq!(reset(both, 5.5, None)[0], PERHAPS);
    assert_eq!(reset(both, 5.5, Some(0.009))[0], SURELY);
    assert_eq!(reset(both, 5.5, Some(0.011))[0], PERHAPS);
    assert!(reset(both, 5.5, None)[1] < PERHAPS);
    // Only the sound is known to be in progress, but the picture came until then.
    assert_eq!(reset([false, true, false], 4.991, Some(0.005))[0], SURELY);
    assert!(reset([false, true, false], 4.989, Some(0.005))[0] < PERHAPS);
}

#[test]
fn a_response_on_a_connection_that_goes_on_may_have_timed_out() {
    // A response of this length, and when the next one of its track is requested.
    let dropped = |length: f64, next: f64, overlaps: bool| {
        let mut all = [
            Request {
                came: 10.0 + length,
                ..request(1, 10.0)
            },
            request(2, next),
            Request {
                track: Track::Audio,
                shared: overlaps,
                ..request(3, next)
            },
        ];
        interpret(&mut all, &[], &[], &RULES);
        all[0].dropped
    };
    let timeout = 10.0 + TIMEOUT;
    assert_eq!(dropped(SLOW + 0.1, timeout, true), PERHAPS);
    assert_eq!(dropped(SLOW + 0.1, timeout - 0.1, true), UNLIKELY);
    assert_eq!(dropped(SLOW, timeout, true), UNLIKELY);
    assert_eq!(dropped(SLOW + 0.1, timeout, false), UNLIKELY, "one by one");
    // It had not ended when the next one was requested.
    assert_eq!(dropped(TIMEOUT + 0.06, timeout, true), SURELY);
    assert_eq!(dropped(TIMEOUT + 0.04, timeout, true), PERHAPS);
}

#[test]
fn a_picture_that_was_reset_in_a_silence_is_given_up() {
    // Its last bytes came this long before the reset at 5 s, and it was noted as in progress.
    let reset = |silence: f64, noted: bool| {
        let given_up = |noted: bool| noted.then_some(5.0);
        let mut all = [
            Request {
                came: 5.0 - silence,
                given_up: given_up(noted),
                ..request(1, 3.0)
            },
            Request {
                track: Track::Audio,
                given_up: given_up(!noted),
                ..request(2, 3.5)
            },
            request(3, 5.1),
        ];
        interpret(&mut all, &[], &[], &RULES);
        all[0].dropped
    };
    assert_eq!(reset(1.001, true), SURELY);
    assert_eq!(reset(0.999, true), UNLIKELY);
    assert_eq!(reset(1.001, false), UNLIKELY);
}
