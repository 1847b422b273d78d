use super::*;

const MILLISECOND: i64 = 1_000_000;

fn at(milliseconds: i64) -> Time {
    Time(milliseconds * MILLISECOND)
}

/// A path whose handshake was answered after this many milliseconds.
fn answered_after(milliseconds: i64) -> QuicPath {
    QuicPath {
        initial: Some(at(0)),
        answer: Some(at(milliseconds)),
        reaction: Some(at(milliseconds + 1)),
        ..QuicPath::default()
    }
}

#[test]
fn later_requests_show_how_long_the_servers_work_on_keys_took() {
    let config = Config::default();
    let mut path = answered_after(30);
    let pause = |path: &QuicPath| path.pause(&config) / (MILLISECOND / 10);
    assert_eq!(pause(&path), 279);
    // Too early for an answer.
    path.answered(at(100), at(115), false);
    assert_eq!(pause(&path), 279);
    path.answered(at(200), at(220), false);
    path.answered(at(300), at(325), false);
    assert_eq!(pause(&path), 189);
}

#[test]
fn answers_after_a_silence_show_that_packets_of_the_handshake_were_lost() {
    let mut path = answered_after(230);
    for (waited, quiet, reply) in [
        (29, false, 230),
        (31, true, 230),
        // In between, one that is no sooner.
        (116, true, 230),
        (31, true, 230),
        (29, true, 31),
    ] {
        path.answered(at(1000), at(1000 + waited), quiet);
        assert_eq!(path.reply_time(), reply * MILLISECOND, "{waited}");
    }
    assert_eq!(path.round_trip(&Config::default()), 32 * MILLISECOND);
}

#[test]
fn what_was_wrong_of_answers_is_forgotten_when_all_come_sooner() {
    let mut path = QuicPath::default();
    assert_eq!(path.least_wait(), 0);
    path.waited(92, true);
    path.waited(27, true);
    path.waited(30, true);
    assert_eq!(path.least_wait(), 27);
    for _ in 1..MOST_REFUSED {
        path.waited(5, false);
    }
    assert_eq!(path.least_wait(), 27);
    path.waited(5, false);
    assert_eq!(path.least_wait(), 0);
}

#[test]
fn without_a_handshake_the_round_trip_is_no_shorter_than_an_answer_takes() {
    let config = Config::default();
    let mut path = QuicPath::default();
    assert_eq!(path.pause(&config), 9 * MILLISECOND);
    path.answered(Time(0), Time(40 * MILLISECOND), false);
    assert_eq!(path.pause(&config), 36 * MILLISECOND);
    path.answered(Time(0), Time(5 * MILLISECOND), false);
    assert_eq!(path.pause(&config), 9 * MILLISECOND);
}
