//! The level of a full buffer, and the cost of stalls: both sides.

use super::steadiness::{LEADS, LEADS_DIVIDED, SCATTER, beside_picture};
use super::*;
use crate::quality::interpret::interpret;
use crate::quality::plateaus::Plateaus;
use crate::quality::request::Request;
use crate::quality::tests::{RULES, level, request};

/// A player with these seconds per track, whose sound continues alone for three.
fn guess(seconds: [f64; 2]) -> Guess {
    Guess {
        seconds,
        run_on: 3.0,
        renews: false,
    }
}

/// Returns the cost of a play in segments of 4 s in which nothing was given up.
fn total_cost(requests: &mut [Request]) -> f64 {
    interpret(requests, &[], &[], &RULES);
    let play = Play::new(requests, &[], RULES);
    let counted = vec![true; requests.len()];
    cost(&play, guess([4.0, 4.0]), &counted, f64::INFINITY).total
}

/// Takes levels with the number of seeks before each. Returns their cost, and the first and highest
/// level of a full buffer.
fn levels(seen: &[(f64, u32)]) -> (f64, Option<f64>, Option<f64>) {
    let mut plateaus = Plateaus::default();
    let costs = seen
        .iter()
        .map(|&(level, seeks)| plateaus.see(level, seeks, SCATTER));
    let cost = costs.sum();
    plateaus.leave();
    (cost, plateaus.first(2.0), plateaus.highest())
}

/// This many equal levels.
fn flat(level: f64, seeks: u32, number: usize) -> Vec<(f64, u32)> {
    vec![(level, seeks); number]
}

#[test]
fn three_waits_on_a_level_make_a_full_buffer() {
    for (number, full) in [(1, None), (2, None), (3, Some(20.0)), (9, Some(20.0))] {
        assert_eq!(levels(&flat(20.0, 0, number)), (0.0, full, full));
    }
}

#[test]
fn the_first_level_is_the_full_one_until_the_viewer_goes_elsewhere() {
    let after = |level, seeks| {
        let (_, first, highest) = levels(&[flat(20.0, 0, 4), flat(level, seeks, 4)].concat());
        (first, highest)
    };
    let cases = [
        (16.0, 0, (Some(20.0), Some(20.0))),
        (24.0, 0, (Some(20.0), Some(24.0))),
        (16.0, 1, (Some(20.0), Some(20.0))),
        (24.0, 1, (Some(24.0), Some(24.0))),
        // By less than one and a half segments of 2 s: it is unknown where in a segment the viewer
        // went.
        (22.9, 1, (Some(20.0), Some(22.9))),
        (23.1, 1, (Some(23.1), Some(23.1))),
    ];
    for (level, seeks, expected) in cases {
        assert_eq!(after(level, seeks), expected, "{level} {seeks}");
    }
}

#[test]
fn a_level_stays_within_the_scatter_of_timers() {
    // Timers scatter by 0.35 s. A deviant level costs half of its squared distance in scatters, up
    // to 4.
    for (off, cost) in [
        (0.35, 0.5),
        (0.7, 2.0),
        (0.8, 2.612),
        (0.98, 3.92),
        (1.0, 4.0),
        (3.0, 4.0),
    ] {
        let said = levels(&[flat(20.0, 0, 1), flat(20.0 - off, 0, 1)].concat()).0;
        assert!((said - cost).abs() < 1e-3, "{off} {said}");
    }
    // Two equally deviant levels begin another plateau, and the first of them costs something;
    // within 2.4 scatters they belong to the same one.
    let highest = |off: f64| levels(&[flat(20.0, 0, 3), flat(20.0 + off, 0, 3)].concat()).2;
    assert_eq!(highest(0.9), Some(20.9));
    assert!(highest(0.84).is_some_and(|level| level < 20.5));
}

#[test]
fn two_levels_off_the_old_one_are_another_where_they_agree() {
    // Within three times the scatter of 0.35 s, the second costs nothing; further apart, each is
    // deviant.
    for (apart, cost) in [(1.0, 4.0), (1.1, 8.0)] {
        let seen = [flat(20.0, 0, 3), vec![(16.0, 0), (16.0 - apart, 0)]].concat();
        assert_eq!(levels(&seen).0, cost, "{apart}");
    }
}

#[test]
fn levels_rise_for_nothing_only_beside_another_track() {
    let cost = |alone: bool, level: f64, seeks: u32| {
        let mut plateaus = Plateaus::new(alone);
        let all = [flat(20.0, 0, 3), flat(level, seeks, 2)].concat();
        let costs = all
            .iter()
            .map(|&(level, seeks)| plateaus.see(level, seeks, SCATTER));
        costs.sum::<f64>()
    };
    assert_eq!([cost(true, 24.0, 0), cost(true, 16.0, 0)], [8.0, 4.0]);
    assert_eq!([cost(false, 24.0, 0), cost(true, 24.0, 1)], [4.0, 4.0]);
}

#[test]
fn a_stall_costs_and_so_does_each_second_of_it() {
    let knot = |t: f64, state: State| Knot {
        t,
        state,
        position: 0.0,
        ends: [0.0; 2],
        moves: state == State::Playing,
        speed: 1.0,
    };
    let mut stalls = Stalls::default();
    assert!(stalls.cost().abs() < 1e-9);
    for (from, to) in [(10.0, 15.0), (30.0, 45.0)] {
        stalls.see(&knot(from, State::Stalled));
        stalls.see(&knot(from + 1.0, State::Stalled));
        stalls.see(&knot(to, State::Playing));
    }
    assert!((stalls.cost() - (2.0 * 0.25 + 20.0 * 0.02)).abs() < 1e-9);
}

#[test]
fn sound_beside_the_picture_may_be_a_segment_behind_it() {
    let guess = guess([4.0, 2.0]);
    let cost = |own: f64| {
        let level = Level {
            own,
            other: 20.0,
            waited: true,
            seeks: 0,
        };
        beside_picture(&level, guess, 0.0, [0.5; 2])
    };
    for (own, free) in [(15.2, false), (15.4, true), (20.4, true), (20.6, false)] {
        assert_eq!(cost(own) == 0.0, free, "{own}");
    }
}

#[test]
fn sound_waits_for_its_own_segment_as_exactly_as_the_picture_does() {
    // Little picture is left, so the sound's own seconds decide, or there is enough of it.
    let cost = |own: f64, other: f64| {
        let level = level(own, other, true);
        beside_picture(&level, guess([10.0, 8.0]), 0.0, [0.25, 1.0])
    };
    let near = |said: f64, cost: f64| assert!((said - cost).abs() < 1e-9, "{said} {cost}");
    near(cost(7.3, 2.0), 0.0);
    near(cost(7.05, 2.0), 0.5);
    near(cost(8.5, 2.0), 0.0);
    near(cost(8.75, 2.0), 0.5);
    near(cost(19.3, 30.0), 0.0);
    near(cost(18.3, 30.0), 0.5);
    near(cost(31.5, 30.0), 0.5);
}

#[test]
fn sound_leads_by_a_segment_at_most() {
    let guess = guess([4.0, 4.0]);
    let cost = |ahead: f64, number: usize, divided: bool| {
        let seen: Vec<Level> = (0..number)
            .map(|n| {
                let own = 8.0 + 3.0 * n as f64;
                level(own, own - ahead, true)
            })
            .collect();
        steadiness(&seen, Track::Audio, guess, true, divided).0
    };
    // Beside the picture it costs next to nothing; a segment ahead, as much as such a player costs.
    assert!(cost(0.4, 9, false) < 1.0);
    let leads = cost(4.4, 9, false);
    assert!((LEADS..LEADS + 1.0).contains(&leads), "{leads}");
    assert!(cost(6.0, 9, false) > 9.0);
    // If tracks are inferred by turns, it takes more evidence for such a player.
    let divided = cost(4.4, 9, true);
    assert!(
        (LEADS_DIVIDED..LEADS_DIVIDED + 1.0).contains(&divided),
        "{divided}"
    );
}

/// Returns the cost that a pause of ten seconds adds after this many waits with a full buffer.
fn pause_costs(waits: u32) -> f64 {
    let total = |pause: f64| {
        let fills = (0..8).map(|n| f64::from(n) / 10.0);
        let full = (1..=waits).map(|n| 0.7 + 4.0 * f64::from(n));
        let after = (1..=4).map(|n| 0.7 + pause + 4.0 * f64::from(waits + n));
        let mut requests: Vec<Request> = (0..)
            .zip(fills.chain(full).chain(after))
            .map(|(number, asked)| request(number, asked))
            .collect();
        total_cost(&mut requests)
    };
    total(10.0) - total(0.0)
}

#[test]
fn a_pause_is_told_behind_two_waits_at_one_level() {
    let costs = [1, 2, 3].map(pause_costs);
    for cost in &costs[1..] {
        assert!((cost - PAUSED).abs() < 0.01, "{costs:?}");
    }
    // After one wait, it is a deviant level.
    assert!(costs[0] > MOST, "{costs:?}");
}

/// Returns the cost of a player that waits so often with a full buffer, and from then on as one
/// that plays at this speed.
fn speed_costs(waits: u32, speed: f64) -> f64 {
    let fills = (0..8).map(|n| f64::from(n) / 10.0);
    let full = (1..=waits).map(|n| 0.7 + 4.0 * f64::from(n));
    let fast = (1..=8).map(|n| 0.7 + 4.0 * f64::from(waits) + 4.0 / speed * f64::from(n));
    let mut requests: Vec<Request> = (0..)
        .zip(fills.chain(full).chain(fast))
        .map(|(number, asked)| request(number, asked))
        .collect();
    total_cost(&mut requests)
}

#[test]
fn another_speed_is_told_behind_three_waits_at_the_usual_one() {
    let usual = speed_costs(4, 1.0);
    for speed in [1.5, 0.75] {
        let more = speed_costs(4, speed) - usual;
        assert!((4.5..5.5).contains(&more), "{speed} {more}");
    }
    // Without waits at the usual speed, seconds are wrong.
    let more = speed_costs(1, 1.5) - usual;
    assert!(more > 8.0, "{more}");
}

#[test]
fn a_third_segment_for_a_player_that_has_not_begun_costs() {
    let guess = Guess {
        seconds: [4.0, 2.0],
        run_on: 0.0,
        renews: false,
    };
    let mut clock = Clock::new(guess, [true; 2], 0.0);
    let mut costs = Vec::new();
    let come = |clock: &mut Clock, track| {
        clock.add(track, &mut |_| {});
        not_begun(clock, track)
    };
    for _ in 0..3 {
        costs.push(come(&mut clock, Track::Video));
    }
    assert_eq!(costs, [0.0, 0.0, NOT_BEGUN]);
    // The missing media comes, and the player plays: the more it has, the better.
    assert_eq!(come(&mut clock, Track::Audio), 0.0);
    clock.advance(1.0, &mut |_| {});
    assert_eq!(come(&mut clock, Track::Video), 0.0);
    // The viewer seeks, after which half of the first segment counts.
    clock.flush(&mut |_| {});
    let costs = [(); 4].map(|()| come(&mut clock, Track::Video));
    assert_eq!(costs, [0.0, 0.0, NOT_BEGUN, NOT_BEGUN]);
}

#[test]
fn what_was_full_before_a_pause_is_known_until_the_viewer_goes_elsewhere() {
    let all = [request(0, 0.0)];
    let play = Play::new(&all, &[], RULES);
    let guess = guess([4.0, 4.0]);
    // It had so much, waits with 13 s, and asks for more at once when it has 30 s again.
    let more = |had: f64, seeks: u32| {
        let waits = [13.0; 4].map(|own| level(own, own, true));
        let before = [&[level(had, had, false)][..], &waits].concat();
        let again = Level {
            seeks,
            ..level(30.0, 30.0, false)
        };
        let behind = [&before[..], &[again]].concat();
        let total = |levels: Vec<Level>| {
            let trial = Trial {
                levels: [levels, Vec::new()],
                ..Trial::new(&play, guess)
            };
            trial.finish(guess).total
        };
        total(behind) - total(before)
    };
    assert_eq!(more(22.0, 1), 0.0);
    assert_eq!(more(22.0, 0), ABOVE);
    // There was no pause.
    assert_eq!(more(12.0, 1), ABOVE);
}

#[test]
fn sound_that_follows_the_picture_costs_little() {
    let guess = guess([4.0, 4.0]);
    // Its level is the picture's, which changes; the first is free.
    let seen = [10.0, 14.0, 18.0].map(|both| level(both, both, true));
    let (cost, _) = steadiness(&seen, Track::Audio, guess, true, false);
    assert!((cost - 0.1).abs() < 1e-9, "{cost}");
}

#[test]
fn late_sound_costs_so_much_at_most() {
    let all = [request(0, 0.0)];
    let play = Play::new(&all, &[], RULES);
    let guess = guess([4.0, 4.0]);
    let costs = |late: f64| Trial {
        late,
        ..Trial::new(&play, guess)
    };
    let costs = [1.9, 2.1].map(|late| costs(late).finish(guess).late);
    assert_eq!(costs, [1.9, 2.0]);
}

/// Returns the cost of sound that is requested this long after a picture of 4 s came, and this far
/// behind it.
fn follows(after: f64, behind: f64) -> f64 {
    let all = [request(0, 0.0)];
    let play = Play::new(&all, &[], RULES);
    let guess = guess([4.0, 4.0]);
    let mut trial = Trial::new(&play, guess);
    trial.clock.now.state = State::Playing;
    trial.clock.now.ends = [20.0, 20.0 - behind];
    trial.picture_came = trial.clock.now.t - after;
    trial.late_at(Track::Audio)
}

#[test]
fn sound_that_follows_a_picture_would_have_followed_the_one_before() {
    for (behind, cost) in [
        (0.1, 0.0),
        (3.89, 0.0),
        (3.95, 0.125),
        (4.0, 0.25),
        (8.0, 0.25),
    ] {
        assert!((follows(0.2, behind) - cost).abs() < 1e-9, "{behind}");
    }
    // If it is not requested soon, it follows a clock of its own.
    assert_eq!(
        [0.59, 0.61].map(|after| follows(after, 4.0)),
        [SOUND_LATE, 0.0]
    );
}

#[test]
fn sound_of_less_than_a_segment_is_no_full_buffer() {
    // Sound is requested four times with this much ahead, and then at once with far more.
    let cost = |level: f64| {
        let requests = [request(1, 0.0)];
        let play = Play {
            present: [true; 2],
            ..Play::new(&requests, &[], RULES)
        };
        let mut trial = Trial::new(&play, guess([4.0, 16.0]));
        let waits = [level; 4].map(|own| super::super::tests::level(own, own, true));
        let at_once = super::super::tests::level(40.0, 40.0, false);
        trial.levels[Track::Audio as usize] = [&waits[..], &[at_once]].concat();
        trial.finish(guess([4.0, 16.0])).total
    };
    // A request at once with more than a full buffer costs 1.5.
    let differs = cost(16.0 + ABOVE_PICTURE + 0.01) - cost(16.0 + ABOVE_PICTURE - 0.01);
    assert!((differs - ABOVE).abs() < 0.01, "{differs}");
}
