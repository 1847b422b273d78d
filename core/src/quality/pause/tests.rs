//! Both sides of what is a pause.

use super::*;
use crate::quality::tests::{level, request};

/// Returns true if the first of these pictures, 4 s each, is one behind a pause.
fn pauses(off: f64, next: Request) -> bool {
    is_pause(&[request(1, 10.0), next], Track::Video, 0, off, 4.0)
}

#[test]
fn a_player_that_goes_on_with_a_full_buffer_was_paused() {
    let at_once = |asked| request(2, asked);
    // It fills its buffer again: it was late, as players are.
    assert!(!pauses(-3.9, at_once(12.9)));
    // As late as no player.
    assert!(pauses(-4.1, at_once(12.9)));
    // The next picture comes when most of one was played, or was waited with.
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
    assert_eq!(seen(21.1, 0), Some(21.1));
    // The viewer went elsewhere in between.
    assert_eq!(seen(30.0, 1), None);
}
