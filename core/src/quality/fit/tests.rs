//! Decisions between hypotheses with other seconds.

use super::*;

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
    }
}

#[test]
fn sound_that_follows_the_picture_tells_for_seconds_and_never_against() {
    assert_eq!(fit(2.0, 0.5).lead_over(&fit(3.0, 0.5)), 1.0);
    assert_eq!(fit(2.0, 0.5).lead_over(&fit(3.0, 2.0)), 2.5);
    assert_eq!(fit(2.0, 2.0).lead_over(&fit(3.0, 0.5)), 1.0);
}

#[test]
fn a_player_that_fetches_again_is_looked_at_closely_unless_it_costs_far_more() {
    let best = fit(3.0, 0.0);
    assert!(!is_far(13.0, &best));
    assert!(is_far(13.1, &best));
}
