//! Media that a player needs before it plays, and media that counts as missing: both sides.

use super::*;

const FRAME: f64 = 1024.0 / 48_000.0;

fn nothing(_: &Knot) {}

/// A player's clock with both tracks, whose sound continues alone for three seconds.
fn clock() -> Clock {
    let guess = Guess {
        seconds: [4.0; 2],
        run_on: 3.0,
        renews: false,
    };
    Clock::new(guess, [true; 2], 0.0)
}

/// Delivers media of any length.
fn deliver(clock: &mut Clock, track: Track, seconds: f64) {
    let usual = std::mem::replace(&mut clock.guess.seconds[track as usize], seconds);
    clock.add(track, &mut nothing);
    clock.guess.seconds[track as usize] = usual;
}

/// A playing clock with this much picture and sound ahead.
fn playing(picture: f64, sound: f64) -> Clock {
    let mut clock = clock();
    deliver(&mut clock, Track::Video, picture);
    deliver(&mut clock, Track::Audio, sound + FRAME);
    clock.advance(1.0, &mut nothing);
    assert_eq!(clock.now.state, State::Playing);
    clock
}

/// Advances one second; true if the picture advanced too.
fn goes_on(clock: &mut Clock) -> bool {
    let before = clock.now.position;
    clock.advance(clock.now.t + 1.0, &mut nothing);
    clock.now.position > before
}

#[test]
fn a_picture_is_shown_shortly_behind_what_it_lacked() {
    for (t, state) in [(0.029, State::Starting), (0.031, State::Playing)] {
        let mut clock = clock();
        deliver(&mut clock, Track::Video, 4.0);
        deliver(&mut clock, Track::Audio, 4.0);
        clock.advance(t, &mut nothing);
        assert_eq!(clock.now.state, state, "{t}");
    }
}

#[test]
fn sound_needs_twice_as_much_with_every_time_that_it_ran_dry() {
    let mut clock = playing(600.0, 1.2);
    for needed in [0.4, 0.8, 1.6, 3.0, 3.0] {
        clock.advance(clock.now.t + 60.0, &mut nothing);
        assert_eq!(clock.now.state, State::Stalled);
        deliver(&mut clock, Track::Audio, needed - 0.01);
        assert!(!goes_on(&mut clock), "with less than {needed}");
        deliver(&mut clock, Track::Audio, 0.02);
        assert!(goes_on(&mut clock), "with more than {needed}");
    }
}

#[test]
fn the_picture_needs_frames_once_sound_has_run_dry() {
    // Sound is there throughout; the player waits three seconds for the picture.
    for (dried, needed) in [(0, 0.0), (1, 0.12), (4, 0.12)] {
        let mut clock = playing(1.2, 60.0);
        clock.dried = dried;
        clock.advance(30.0, &mut nothing);
        assert_eq!(clock.lacks, [true, false]);
        deliver(&mut clock, Track::Video, 3.0 + needed - 0.01);
        assert!(!goes_on(&mut clock), "with less than {needed}");
        deliver(&mut clock, Track::Video, 0.02);
        assert!(goes_on(&mut clock), "with more than {needed}");
    }
}

#[test]
fn a_picture_that_ends_shortly_before_the_sound_is_not_missed() {
    for (before, lacks_picture) in [(0.09, false), (0.11, true), (3.5, true)] {
        let mut clock = playing(2.0, 2.0 + before);
        clock.advance(30.0, &mut nothing);
        assert_eq!(clock.now.state, State::Stalled);
        assert_eq!(clock.lacks[0], lacks_picture, "{before}");
    }
}

#[test]
fn only_the_first_frame_of_sound_is_not_heard() {
    let mut clock = clock();
    clock.add(Track::Audio, &mut nothing);
    assert!((clock.now.ends[1] - (4.0 - FRAME)).abs() < 1e-9);
    clock.add(Track::Audio, &mut nothing);
    assert!((clock.now.ends[1] - (8.0 - FRAME)).abs() < 1e-9);
    clock.add(Track::Video, &mut nothing);
    assert!((clock.now.ends[0] - 4.0).abs() < 1e-9);
    // In other players, half of the first segment is ahead.
    clock.flush(&mut nothing);
    clock.add(Track::Audio, &mut nothing);
    assert!((clock.ahead(Track::Audio) - 2.0).abs() < 1e-9);
}

#[test]
fn sound_that_is_asked_for_late_takes_pictures_back() {
    for (lead, repeated) in [(4.9, 0), (5.1, 1), (8.9, 1), (9.1, 2)] {
        let mut clock = playing(20.0 + lead, 20.0);
        assert_eq!(clock.settle(false, &mut nothing), repeated, "{lead}");
    }
}

#[test]
fn idle_sound_tells_that_a_picture_came_again() {
    let seen = |lead: f64, idle: f64| {
        let mut clock = playing(20.0 + lead, 20.0);
        let mut sound = Idle::new();
        sound.sound(clock.now.t, false);
        sound.arrived(&clock);
        clock.advance(clock.now.t + idle, &mut nothing);
        sound.repeats(&clock, Track::Video)
    };
    let sides = [
        (1.1, 1.1, true),
        (0.9, 1.1, false),
        (1.1, 0.9, false),
        (1.1, 5.0, true),
    ];
    for (lead, idle, repeats) in sides {
        assert_eq!(seen(lead, idle), repeats, "{lead} {idle}");
    }
}

/// A clock with 10 s of pictures ahead at position 5, in segments of 4 s; the last ends at 15.
fn improves(renews: bool) -> Clock {
    let mut clock = clock();
    clock.guess.renews = renews;
    clock.now.position = 5.0;
    clock.now.ends = [15.0, 60.0];
    clock.improve();
    clock
}

#[test]
fn a_better_picture_is_fetched_from_the_segment_on_that_is_played() {
    // Segments end at 15, 11 and 7: the current one begins at 3.
    let mut clock = improves(true);
    for (end, renewing) in [(15.0, true), (15.0, true), (15.0, false), (19.0, false)] {
        clock.add(Track::Video, &mut nothing);
        assert_eq!((clock.now.ends[0], clock.renewing()), (end, renewing));
    }
    // Sound continues meanwhile, and so do the pictures of other players.
    let mut clock = improves(true);
    clock.add(Track::Audio, &mut nothing);
    assert_eq!(clock.now.ends, [15.0, 64.0]);
    let mut clock = improves(false);
    clock.add(Track::Video, &mut nothing);
    assert_eq!(clock.now.ends[0], 19.0);
}

#[test]
fn whoever_holds_nothing_or_goes_elsewhere_fetches_nothing_again() {
    let mut dry = clock();
    dry.guess.renews = true;
    dry.now.position = 15.0;
    dry.now.ends = [15.0, 60.0];
    dry.improve();
    assert!(!dry.renewing());
    let mut elsewhere = improves(true);
    elsewhere.flush(&mut nothing);
    assert!(!elsewhere.renewing());
}

#[test]
fn pictures_that_came_since_the_player_looked_are_no_repeats() {
    // Two pictures of 4 s, this long before the request for sound that was 2 s behind.
    let repeated = |ago: f64, divided: bool| {
        let mut clock = playing(20.0, 18.0);
        for _ in 0..2 {
            deliver(&mut clock, Track::Video, 4.0);
        }
        clock.advance(clock.now.t + ago, &mut nothing);
        clock.settle(divided, &mut nothing)
    };
    assert_eq!([0.59, 0.61].map(|ago| repeated(ago, false)), [0, 2]);
    // If bytes were divided among responses, it is not known which came before.
    assert_eq!(repeated(0.59, true), 2);
}

#[test]
fn eight_pictures_that_came_lately_are_remembered() {
    let before = |pictures: u32| {
        let mut clock = playing(20.0, 20.0);
        clock.advance(3.0, &mut nothing);
        for _ in 0..pictures {
            deliver(&mut clock, Track::Video, 1.0);
        }
        clock.pictures_before()
    };
    assert_eq!([8, 9].map(before), [20.0, 21.0]);
}
