//! Stalls, and short gaps that are none.

use super::*;

/// Returns the stalls of a player that plays for ten seconds before, between and after these times.
fn stalls(standing: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let knot = |t: f64, state: State| Knot {
        t,
        state,
        position: 0.0,
        ends: [0.0; 2],
        moves: state == State::Playing,
        speed: 1.0,
    };
    let mut line = Timeline {
        knots: vec![knot(0.0, State::Playing)],
        ..Timeline::default()
    };
    for &(from, to) in standing {
        line.knots.push(knot(from, State::Stalled));
        line.knots.push(knot(to, State::Playing));
    }
    line.knots.push(knot(100.0, State::Ended));
    summarise(&mut line);
    line.stalls
}

#[test]
fn stalls_that_are_near_are_one() {
    assert_eq!(stalls(&[(10.0, 12.0), (12.9, 15.0)]), [(10.0, 15.0)]);
    let apart = [(10.0, 12.0), (13.1, 15.0)];
    assert_eq!(stalls(&apart), apart);
}

#[test]
fn nobody_sees_the_shortest_stalls() {
    assert_eq!(stalls(&[(10.0, 10.49)]), []);
    assert_eq!(stalls(&[(10.0, 10.51)]), [(10.0, 10.51)]);
    // Several short ones, close to each other, are visible.
    assert_eq!(stalls(&[(10.0, 10.2), (10.5, 10.7)]), [(10.0, 10.7)]);
}
