//! Segments settle once, and come out once.

use super::*;
use crate::facts::segment::Kind;

const SECOND: i64 = 1_000_000_000;

/// An engine whose settled segments are taken.
fn watching(config: Config) -> Engine {
    let mut engine = Engine::new(config);
    engine.watch_settled();
    engine
}

fn with(name: &str, value: &str) -> Config {
    let mut config = Config::default();
    config.set(name, value).expect("a setting");
    config
}

fn exchange(talk: &mut Talk) -> &mut Talk {
    talk.say(&[0xee; 700]).hear(&[0xdd; 5000])
}

fn give_all(engine: &mut Engine, packets: &[TcpPacket], from: u64) {
    for (at, packet) in packets.iter().enumerate() {
        give(engine, from + at as u64, packet.time, &packet.bytes());
    }
}

fn settled(engine: &mut Engine) -> Vec<Segment> {
    std::iter::from_fn(|| engine.next_settled()).collect()
}

#[test]
fn a_segment_settles_so_long_after_its_last_byte_and_no_sooner() {
    let mut talk = Talk::new(50_000, NETFLIX, 9000);
    talk.open();
    exchange(&mut talk);
    let last = talk.now;
    // Another connection's packets move the time on.
    for (after, expected) in [(108, 0), (117, 1)] {
        let mut engine = watching(Config::default());
        give_all(&mut engine, &talk.packets, 1);
        let mut other = Talk::new(50_001, "192.0.2.9", 9000);
        other.now = last + after * SECOND;
        // A clock that leaps is believed once it has gone on.
        other.open();
        for pause in [11, 9] {
            other.wait(pause * SECOND).packet(true, ACK, &[]);
        }
        give_all(&mut engine, &other.packets, 1000);
        let out = settled(&mut engine);
        assert_eq!(out.len(), expected, "{after} s");
        if let Some(segment) = out.first() {
            assert!(segment.settled && segment.complete, "quiet for long");
            assert_ne!(segment.kind, Kind::Pending);
            assert_eq!(engine.segment(segment.number), Some(segment));
        }
        assert!(settled(&mut engine).is_empty(), "each once");
    }
}

#[test]
fn what_comes_late_is_counted_and_changes_nothing() {
    let mut talk = Talk::new(50_000, NETFLIX, 9000);
    talk.open();
    exchange(&mut talk);
    let known = talk.packets.len();
    let mut other = Talk::new(50_001, "192.0.2.9", 9000);
    other.now = talk.now + 130 * SECOND;
    other.open().wait(11 * SECOND).packet(true, ACK, &[]);
    talk.wait(150 * SECOND);
    talk.hear(&[0xdd; 3000]);
    let mut engine = watching(Config::default());
    give_all(&mut engine, &talk.packets[..known], 1);
    give_all(&mut engine, &other.packets, 300);
    let before = settled(&mut engine);
    assert_eq!((before.len(), before[0].bytes), (1, 5000));
    give_all(&mut engine, &talk.packets[known..], 500);
    engine.finish();
    assert_eq!(engine.segment(1), Some(&before[0]));
    assert!(engine.stats().late_changes > 0);
    // With more patience it is one response.
    let (engine, _) = run(with("settle_after", "240"), &talk.packets);
    assert_eq!(segments(&engine)[0].bytes, 8000);
}

#[test]
fn silence_completes_a_response_and_the_end_cuts_it() {
    for (quiet, complete) in [(9, false), (11, true)] {
        let mut talk = Talk::new(50_000, NETFLIX, 9000);
        talk.open();
        exchange(&mut talk);
        let mut other = Talk::new(50_001, "192.0.2.9", 9000);
        other.now = talk.now + quiet * SECOND;
        other.open();
        let mut engine = watching(Config::default());
        give_all(&mut engine, &talk.packets, 1);
        give_all(&mut engine, &other.packets[..1], 1000);
        engine.finish();
        assert_eq!(settled(&mut engine)[0].complete, complete, "{quiet} s");
    }
}

#[test]
fn an_open_segment_that_makes_room_comes_out_as_it_is() {
    let mut engine = watching(with("max_segments", "16"));
    for port in 0..20 {
        let mut talk = Talk::new(40_000 + port, NETFLIX, 9000);
        talk.open();
        exchange(&mut talk);
        give_all(&mut engine, &talk.packets, 1 + u64::from(port) * 100);
    }
    let early = settled(&mut engine);
    assert_eq!(
        early
            .iter()
            .map(|segment| (segment.number, segment.bytes, segment.complete))
            .collect::<Vec<_>>(),
        (1..=4)
            .map(|number| (number, 5000, false))
            .collect::<Vec<_>>()
    );
    engine.finish();
    assert_eq!(settled(&mut engine).len(), 16);
    assert_eq!(engine.stats().settled_lost, 0);
}

#[test]
fn segments_that_nobody_takes_are_counted_as_lost() {
    let mut engine = watching(with("max_segments", "16"));
    for port in 0..40 {
        let mut talk = Talk::new(40_000 + port, NETFLIX, 9000);
        talk.now = i64::from(port) * 200 * SECOND;
        talk.open();
        exchange(&mut talk);
        give_all(&mut engine, &talk.packets, 1 + u64::from(port) * 100);
    }
    engine.finish();
    let taken = settled(&mut engine).len() as u64;
    assert_eq!(taken + engine.stats().settled_lost, 40);
    assert!(engine.stats().settled_lost > 0);
}

/// A clock that is wrong once must not stop segments from settling.
#[test]
fn a_time_far_off_does_not_stop_the_sweep() {
    let mut engine = watching(Config::default());
    let mut stray = Talk::new(50_009, "192.0.2.9", 9000);
    stray.now = 3_000_000_000 * SECOND;
    stray.open();
    give_all(&mut engine, &stray.packets, 1);
    let mut talk = Talk::new(50_000, NETFLIX, 9000);
    talk.open();
    exchange(&mut talk);
    give_all(&mut engine, &talk.packets, 100);
    let mut other = Talk::new(50_001, "192.0.2.9", 9000);
    other.now = talk.now + 130 * SECOND;
    other.open().wait(11 * SECOND).packet(true, ACK, &[]);
    give_all(&mut engine, &other.packets, 1000);
    assert_eq!(settled(&mut engine).len(), 1);
}
