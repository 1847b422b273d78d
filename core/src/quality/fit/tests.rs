//! Decisions between hypotheses with different seconds.

use super::closely::is_far;
use super::counting::{Counting, odds};
use super::*;
use crate::quality::tests::{RULES, request};

fn fit(cost: f64, late: f64) -> Fit {
    Fit {
        guess: Guess {
            seconds: [4.0; 2],
            run_on: 3.0,
            renews: false,
        },
        counted: Vec::new(),
        full: [None; 2],
        cost,
        late,
        margin: [0.0; 2],
        others: Vec::new(),
    }
}

#[test]
fn sound_that_follows_the_picture_tells_for_seconds_and_never_against() {
    assert_eq!(fit(2.0, 0.5).lead_over(&fit(3.0, 0.5)), 1.0);
    assert_eq!(fit(2.0, 0.5).lead_over(&fit(3.0, 2.0)), 2.5);
    assert_eq!(fit(2.0, 2.0).lead_over(&fit(3.0, 0.5)), 1.0);
}

#[test]
fn a_play_that_costs_too_much_at_a_rough_look_is_not_examined() {
    let requests: Vec<Request> = (0..30).map(|n| request(n, 4.0 * f64::from(n))).collect();
    let play = Play::new(&requests, &[], RULES);
    let least = try_all(&play, &probably(&requests), None)[0].0;
    assert!(super::fit(&play, None, least).is_some());
    assert!(super::fit(&play, None, least - 0.01).is_none());
}

#[test]
fn a_player_that_fetches_again_is_looked_at_closely_unless_it_costs_far_more() {
    let best = fit(3.0, 0.0);
    assert!(!is_far(13.0, &best));
    assert!(is_far(13.1, &best));
}

/// Returns which of two requests is found whole, from an initial choice: one was certainly given
/// up, the other looks so.
fn swapped(looks: f64, whole: [bool; 2]) -> [bool; 2] {
    let mut requests: Vec<Request> = (0..20).map(|n| request(n, 4.0 * f64::from(n))).collect();
    requests[0].dropped = 0.99;
    requests[9].dropped = looks;
    let play = Play::new(&requests, &[], RULES);
    let guess = fit(0.0, 0.0).guess;
    let mut counting = Counting::new(&play, guess);
    for (at, whole) in [0, 9].into_iter().zip(whole) {
        counting.counted[at] = whole;
    }
    counting.odds = unsure(&play)
        .map(|at| odds(&requests[at], counting.counted[at]))
        .sum();
    counting.best = cost(&play, guess, &counting.counted, f64::INFINITY);
    counting.swap();
    [counting.counted[0], counting.counted[9]]
}

#[test]
fn twelve_at_most_are_tried_for_another() {
    let mut requests: Vec<Request> = (0..20).map(|n| request(n, 4.0 * f64::from(n))).collect();
    requests
        .iter_mut()
        .for_each(|request| request.dropped = 0.9);
    let play = Play::new(&requests, &[], RULES);
    let mut counting = Counting::new(&play, fit(0.0, 0.0).guess);
    assert!(counting.unlikely().is_empty());
    counting.counted[..12].fill(true);
    assert_eq!(counting.unlikely().len(), 12);
    counting.counted[12] = true;
    assert_eq!(counting.unlikely().len(), 12);
}

#[test]
fn one_that_was_given_up_may_stand_for_another() {
    assert_eq!(swapped(0.4, [true, false]), [false, true]);
    // Both are tried if the other may well have been given up.
    assert_eq!(swapped(0.21, [true, true]), [false, false]);
    assert_eq!(swapped(0.19, [true, true]), [true, true]);
}

#[test]
fn a_quick_look_takes_unusual_seconds_that_are_known() {
    // A full buffer, and a request every 4.8 s.
    let cost = |known: Option<[f64; 2]>| {
        let filled = (0..5).map(|n| request(n, 0.1 * f64::from(n)));
        let steady = (5..30).map(|n| request(n, 4.8 * f64::from(n - 4)));
        let mut requests: Vec<Request> = filled.chain(steady).collect();
        glance(&mut requests, &[], &[], RULES, known)
    };
    let (unknown, known) = (cost(None), cost(Some([4.8; 2])));
    assert!(known + 10.0 < unknown, "{known} {unknown}");
    assert_eq!(cost(Some([4.0; 2])), unknown);
}
