//! Stalls, and short gaps that are none.

use super::*;
use crate::quality::clock::Guess;
use crate::quality::request::Request;
use crate::quality::tests::{RULES, request};

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

/// Replays a player that starts over once a minute, with this many seconds of pictures to fetch. The
/// viewer pauses it for 12 s each time, while its buffer fills. Returns how often it was paused,
/// and the times when it stood for that.
fn paused_while_filling(times: u32) -> (u32, Vec<f64>) {
    let (seconds, full) = (4.0, 24.0);
    let starts: Vec<f64> = (0..times).map(|at| 60.0 * f64::from(at)).collect();
    let mut requests: Vec<Request> = Vec::new();
    for &t in &starts {
        // Seven pictures hold 28 s; 1.07 s of that were played before the pause, which ends at 14.
        let fills = (0..7).map(|at| (t + f64::from(at), 0.9, false));
        let waits = (0..10).map(|at| (t + 16.93 + seconds * f64::from(at), 0.1, true));
        for (asked, takes, waited) in fills.chain(waits) {
            requests.push(Request {
                came: asked + takes,
                waited,
                ..request(requests.len() as u32, asked)
            });
        }
    }
    let play = Play::new(&requests, &starts[1..], RULES);
    let fit = Fit {
        guess: Guess {
            seconds: [seconds; 2],
            run_on: 0.0,
            renews: false,
        },
        counted: vec![true; requests.len()],
        full: [Some(full), None],
        cost: 0.0,
        late: 0.0,
        margin: [0.0; 2],
        others: Vec::new(),
    };
    let places = vec![[1.0; 2]; starts.len() - 1];
    let line = run(&play, &fit, &places, 60.0 * f64::from(times));
    let pairs = line.knots.windows(2);
    let paused = pairs.filter(|p| p[0].state != State::Paused && p[1].state == State::Paused);
    (line.pauses, paused.map(|pair| pair[1].t).collect())
}

#[test]
fn eight_pauses_are_placed_before_the_requests_that_show_them() {
    let at = |times: u32| (0..times).map(|at| 60.0 * f64::from(at) + 2.93).collect();
    let near = |(pauses, said): (u32, Vec<f64>), times: u32, shown: Vec<f64>| {
        assert_eq!((pauses, said.len()), (times, shown.len()), "{said:?}");
        let off = said.iter().zip(&shown).map(|(said, is)| (said - is).abs());
        assert!(off.fold(0.0, f64::max) < 0.1, "{said:?}");
    };
    near(paused_while_filling(1), 1, at(1));
    near(paused_while_filling(PAUSES as u32), 8, at(8));
    // Nothing shows where the ninth was.
    near(paused_while_filling(PAUSES as u32 + 1), 9, at(8));
}
