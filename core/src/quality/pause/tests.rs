//! Pauses, and late requests that are none.

use super::*;
use crate::quality::tests::{level, request};

/// Returns true if the first of these pictures, 4 s each, follows a pause.
fn pauses(off: f64, next: Request) -> bool {
    is_pause(&[request(1, 10.0), next], Track::Video, 0, off, 4.0)
}

#[test]
fn a_player_that_goes_on_with_a_full_buffer_was_paused() {
    let at_once = |asked| request(2, asked);
    // The player refills its buffer: it was late, as players are.
    assert!(!pauses(-3.9, at_once(12.9)));
    // Later than any player.
    assert!(pauses(-4.1, at_once(12.9)));
    // The next picture comes when most of one was played, or after a wait.
    assert!(pauses(-2.0, at_once(13.1)));
    let waited = Request {
        waited: true,
        ..at_once(12.0)
    };
    assert!(pauses(-2.0, waited));
}

#[test]
fn sound_tells_only_of_pauses_that_no_player_is_late_by() {
    let sound = Request {
        track: Track::Audio,
        ..request(1, 10.0)
    };
    let after = |off| is_pause(&[sound], Track::Video, 0, off, 4.0);
    assert!(!after(-3.9));
    assert!(after(-4.1));
}

#[test]
fn a_buffer_that_was_higher_before_anybody_waited_was_paused_meanwhile() {
    let seen = |most: f64, seeks: u32| {
        let filled = [8.0, most].map(|own| level(own, own, false));
        let waits = [20.0; 3].map(|own| Level {
            seeks,
            ..level(own, own, true)
        });
        reached_before(&[&filled[..], &waits].concat(), 20.0)
    };
    assert_eq!(seen(20.9, 0), None);
    assert_eq!(seen(21.1, 0), Some((21.1, 0)));
    // The viewer seeked in between.
    assert_eq!(seen(30.0, 1), None);
}

/// Returns how far the viewer leapt, who has 100 s of pictures, 4 s each, and a full buffer of
/// `off` seconds less. `at_once` requests behind the first come without a wait, one per second.
fn leaps(off: f64, at_once: u32) -> Option<f64> {
    let mut requests: Vec<Request> = (0..=at_once)
        .map(|n| request(n + 1, 10.0 + f64::from(n)))
        .collect();
    requests.push(Request {
        waited: true,
        ..request(at_once + 2, 12.0 + f64::from(at_once))
    });
    leapt(&requests, &vec![true; requests.len()], 0, [100.0, off], 4.0)
}

#[test]
fn requests_at_once_with_a_full_buffer_tell_how_far_the_viewer_leapt() {
    // Not above a full one.
    assert_eq!(leaps(1.0, 9), None);
    // Each request brings 4 s; one is played before the next.
    assert_eq!(leaps(1.1, 9), Some(1.1 + 9.0 * 3.0));
    // No viewer leaps by less than 5 s.
    assert_eq!(leaps(1.5, 1), None);
    assert_eq!(leaps(2.5, 1), Some(5.5));
    // Nothing would be left.
    assert_eq!(leaps(2.0, 32), Some(98.0));
    assert_eq!(leaps(2.0, 33), None);
}

#[test]
fn what_was_given_up_is_not_held() {
    let requests: Vec<Request> = (1..=8).map(|n| request(n, f64::from(n))).collect();
    let held = |whole: bool| leapt(&requests, &[whole; 8], 0, [100.0, 2.0], 4.0);
    assert_eq!(held(true), Some(2.0 + 7.0 * 3.0));
    assert_eq!(held(false), None);
}

/// The speed that waits so far apart tell, with segments of 4 s.
fn speed(apart: &[f64]) -> Option<f64> {
    let mut t = 10.0;
    let mut requests = vec![request(0, t)];
    for (time, number) in apart.iter().zip(1..) {
        t += time;
        requests.push(request(number, t));
    }
    requests.iter_mut().for_each(|r| r.waited = true);
    let counted = vec![true; requests.len()];
    played_at(&requests, &counted, Track::Video, 0, 4.0)
}

#[test]
fn four_waits_tell_a_speed() {
    assert_eq!(speed(&[2.667; 4]), Some(1.5));
    assert_eq!(speed(&[2.667; 3]), None);
    assert_eq!(speed(&[4.0; 4]), Some(1.0));
    // Within 6 % of it, in the mean.
    assert_eq!(speed(&[2.0 * 1.059; 4]), Some(2.0));
    assert_eq!(speed(&[2.0 * 1.061; 4]), None);
    // Each is off by what timers of half a second and the link allow.
    assert_eq!(speed(&[4.74, 3.26, 4.0, 4.0]), Some(1.0));
    assert_eq!(speed(&[4.76, 3.24, 4.0, 4.0]), None);
    // What follows does not count.
    assert_eq!(speed(&[4.0, 4.0, 4.0, 4.0, 2.0]), Some(1.0));
}

#[test]
fn a_speed_is_told_by_requests_that_were_waited_for_and_came_whole() {
    let mut requests: Vec<Request> = (0..5).map(|n| request(n, 4.0 * f64::from(n))).collect();
    let told = |requests: &[Request], counted: &[bool]| {
        played_at(requests, counted, Track::Video, 0, 4.0).is_some()
    };
    assert!(!told(&requests, &[true; 5]));
    requests.iter_mut().for_each(|r| r.waited = true);
    assert!(told(&requests, &[true; 5]));
    assert!(!told(&requests, &[true, true, false, true, true]));
    requests[0].track = Track::Audio;
    assert!(!told(&requests, &[true; 5]));
}
