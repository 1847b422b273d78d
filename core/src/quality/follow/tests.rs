//! Both sides of every threshold.

use super::*;
use crate::quality::clock::{Guess, Knot};

fn nothing(_: &Knot) {}

/// A player with segments of 4 s of pictures, and of so many seconds of sound, that holds so much
/// of each at this time.
fn holding(t: f64, sound: f64, ends: [f64; 2]) -> Clock {
    let guess = Guess {
        seconds: [4.0, sound],
        run_on: 3.0,
        renews: false,
    };
    let mut clock = Clock::new(guess, [true; 2], t);
    clock.now.ends = ends;
    clock
}

fn new() -> Follow {
    Follow::new(&holding(0.0, 4.0, [0.0; 2]), false)
}

/// Returns the cost of a request for sound, immediate or after a wait, by a player that holds so
/// much.
fn cost(ends: [f64; 2], waited: bool) -> f64 {
    let mut follow = new();
    follow.asks(&holding(100.0, 4.0, ends), waited);
    follow.least()
}

#[test]
fn sound_is_not_requested_far_beyond_the_picture() {
    // One second, and an error of 0.15 s; half a second more costs all of it.
    for (beyond, share) in [(1.14, 0.0), (1.40, 0.5), (1.66, 1.0), (9.0, 1.0)] {
        let cost = cost([20.0, 20.0 + beyond], false);
        assert!((cost - share * AGAINST).abs() < 0.02, "{beyond} {cost}");
    }
    // Unless there is less of it than half a second more than a segment.
    for (sound, expected) in [(4.4, 0.0), (4.6, AGAINST)] {
        assert_eq!(cost([0.0, sound], false), expected, "{sound}");
    }
}

#[test]
fn sound_that_waited_reached_as_far_as_the_pictures_before() {
    let cost = |behind: f64, ago: f64, waited: bool| {
        let mut clock = holding(100.0 - ago, 4.0, [20.0, 20.0 - behind]);
        clock.add(Track::Video, &mut nothing);
        clock.advance(100.0, &mut nothing);
        let mut follow = new();
        follow.asks(&clock, waited);
        follow.least()
    };
    for (behind, share) in [(0.14, 0.0), (0.40, 0.5), (0.66, 1.0), (9.0, 1.0)] {
        let cost = cost(behind, 0.3, true);
        assert!((cost - share * AGAINST).abs() < 0.02, "{behind} {cost}");
    }
    // A player looks twice a second: a picture that came before may not be the one waited for.
    assert_eq!([0.59, 0.61].map(|ago| cost(0.0, ago, true)), [0.0, AGAINST]);
    // Nothing is known of sound that did not wait.
    assert_eq!(cost(9.0, 0.3, false), 0.0);
}

#[test]
fn sound_that_came_just_before_did_not_wait() {
    for (ago, expected) in [(0.59, 0.0), (0.61, AGAINST)] {
        let mut follow = new();
        follow.sound(&holding(100.0 - ago, 4.0, [24.0, 20.0]));
        follow.asks(&holding(100.0, 4.0, [24.0, 20.0]), true);
        assert_eq!(follow.least(), expected, "{ago}");
    }
}

#[test]
fn a_player_is_of_one_kind_throughout() {
    // One that fetches sound up to the picture's end, and one that fetches a second more.
    let costs = |beyond: [f64; 2]| {
        let mut follow = new();
        follow.asks(&holding(100.0, 4.0, [20.0, 20.0 + beyond[0]]), false);
        follow.asks(&holding(101.0, 4.0, [20.0, 20.0 + beyond[1]]), true);
        follow.least()
    };
    assert_eq!(costs([0.0, 0.0]), 0.0);
    assert_eq!(costs([0.9, 1.1]), 0.0);
    assert_eq!(costs([0.9, 0.0]), AGAINST);
}

#[test]
fn sound_may_end_next_to_multiples_of_a_tenth() {
    // Forty segments of 94 frames, or of 2 s in the mean: 80.2 s, or 80 s.
    let frames = 94.0 * 1024.0 / 48_000.0;
    let cost = |picture: f64, waited: bool| {
        let mut follow = new();
        let clock = holding(100.0, frames, [picture, 40.0 * frames]);
        for _ in 0..40 {
            follow.sound(&holding(0.0, frames, [0.0; 2]));
        }
        follow.asks(&clock, waited);
        follow.least()
    };
    for (picture, expected) in [(78.86, 0.0), (78.2, AGAINST)] {
        assert_eq!(cost(picture, false), expected, "{picture}");
    }
    for (picture, expected) in [(80.35, 0.0), (81.0, AGAINST)] {
        assert_eq!(cost(picture, true), expected, "{picture}");
    }
}

#[test]
fn a_seek_moves_both_tracks_by_an_unknown_part_of_a_segment() {
    let cost = |beyond: [f64; 2]| {
        let mut follow = new();
        follow.seek(&holding(50.0, 4.0, [9.0; 2]));
        for (at, beyond) in beyond.into_iter().enumerate() {
            let clock = holding(100.0 + at as f64, 4.0, [20.0, 20.0 + beyond]);
            follow.asks(&clock, at == 0);
        }
        follow.least()
    };
    // By four seconds either way, and the player's one, within a quarter of a second more.
    for (beyond, expected) in [
        (5.3, 0.0),
        (6.0, 2.0 * AGAINST),
        (-4.3, 0.0),
        (-5.0, AGAINST),
    ] {
        assert_eq!(cost([beyond; 2]), expected, "{beyond}");
    }
    // It is the same for all requests.
    assert_eq!(cost([-2.0, 2.0]), AGAINST);
    // The same if a player had begun before.
    let mut joined = Follow::new(&holding(0.0, 4.0, [20.0; 2]), true);
    joined.asks(&holding(100.0, 4.0, [20.0, 25.0]), false);
    assert_eq!(joined.least(), 0.0);
    // What came before the seek still counts.
    let mut follow = new();
    follow.asks(&holding(40.0, 4.0, [20.0, 30.0]), false);
    follow.seek(&holding(50.0, 4.0, [30.0; 2]));
    assert_eq!(follow.least(), AGAINST);
}

#[test]
fn a_clock_of_its_own_costs_so_much_at_most() {
    // Of so many requests, each with one observation, this many are against a player that follows.
    let cost = |requests: u32, against: u32| {
        let mut follow = new();
        for at in 0..requests {
            let beyond = if at < against { 10.0 } else { 0.0 };
            follow.asks(&holding(100.0, 4.0, [20.0, 20.0 + beyond]), false);
        }
        follow.cost()
    };
    assert_eq!(cost(4, 1), AGAINST);
    assert!((cost(4, 3) - OWN_CLOCK - 4.0 * OWN_CLOCK_EACH).abs() < 1e-9);
    assert_eq!(cost(20, 3), 3.0 * AGAINST);
    assert_eq!(cost(20, 5), MOST);
}
