use super::*;
use crate::features::testing::{Given, ahead, config, packet};
use crate::features::{COLUMNS, Value, column};
use crate::testing::{self, CLIENT, MILLISECOND, NETFLIX, Talk, address, protected, record};

const NANOSECONDS: i64 = 1000 * MILLISECOND;

/// Rows with the number of the packet that brought each, and those that the whole capture tells.
struct Told {
    rows: Vec<(u64, Row)>,
    settled: Option<Vec<Row>>,
    stats: WindowStats,
}

fn told(config: &Config, lag: u64, given: &Given) -> Told {
    let mut engine = Engine::new(config.clone());
    let mut live = Live::new(config, lag).keeping();
    let mut rows = Vec::new();
    for (given, frame) in given.iter().zip(1..) {
        let packet = packet(frame, given);
        let said = engine.packet(&packet);
        live.packet(&packet, said.as_ref(), &engine);
        rows.extend(std::iter::from_fn(|| live.next_row(&engine)).map(|row| (frame, row)));
    }
    engine.finish();
    live.finish(&engine);
    rows.extend(std::iter::from_fn(|| live.next_row(&engine)).map(|row| (u64::MAX, row)));
    let settled = live.settled_rows(&engine);
    Told {
        rows,
        settled,
        stats: live.stats(),
    }
}

/// A player that asks for video every 4 s and for audio every 16 s, whose server was named by its
/// handshake.
fn player(seconds: i64) -> Given {
    let mut talk = Talk::new(50_000, NETFLIX, 443);
    talk.tls13("ipv4-c001-zrh001-ix.1.oca.nflxvideo.net");
    for at in 0..seconds / 4 {
        talk.wait(4 * NANOSECONDS).say(&protected(400));
        let size = if at % 4 == 3 {
            1_900 + (at % 7) as usize
        } else {
            8_000 + (at * 517 % 4_000) as usize
        };
        for _ in 0..20 {
            talk.hear(&record(23, &vec![0xa5; size]));
        }
    }
    talk.wait(NANOSECONDS).close();
    let packets = talk.packets.iter();
    packets
        .map(|packet| (packet.time, packet.bytes()))
        .collect()
}

fn number(row: &Row, name: &str) -> f64 {
    match column(name).unwrap().value(row) {
        Value::Integer(value) => value as f64,
        Value::Float(value) => value,
        value => panic!("{name} is {value:?}"),
    }
}

#[test]
fn rows_that_waited_for_the_end_are_those_of_the_whole() {
    for settings in [
        &[][..],
        &[("feature_kinds", "video,audio,other")],
        &[("feature_window", "3"), ("settle_after", "7")],
        &[("session_values", "16"), ("settle_after", "1")],
    ] {
        let config = config(settings);
        let given = player(400);
        let (whole, _) = ahead(&config, &given).expect("room for all");
        assert!(whole.len() > 30 && number(&whole[30], "cumsum_chunksizes") > 0.0);
        let Told {
            rows,
            settled,
            stats,
        } = told(&config, 86_400, &given);
        assert!(
            rows.iter().all(|(frame, _)| *frame == u64::MAX),
            "the capture is shorter"
        );
        let rows: Vec<Row> = rows.into_iter().map(|(_, row)| row).collect();
        if settings.iter().all(|(name, _)| *name != "session_values") {
            assert_eq!(rows, whole, "{settings:?}");
        }
        // Of more values than are kept, another sample may be.
        assert_eq!(rows.len(), whole.len());
        assert_eq!(settled, Some(whole), "{settings:?}");
        assert_eq!((stats.events_lost, stats.servers_lost), (0, 0));
    }
}

#[test]
fn a_row_comes_so_long_after_its_window_as_is_asked_for() {
    let given = player(100);
    let at = |frame: u64| given.get(frame as usize - 1).map(|(time, _)| *time);
    for lag in [0, 5, 30] {
        let rows = told(&Config::default(), lag, &given).rows;
        let due = |row: &Row| row.end.0 + lag as i64 * NANOSECONDS;
        let within = rows.iter().filter(|(frame, _)| *frame != u64::MAX);
        for (frame, row) in within {
            assert!(at(*frame).unwrap() >= due(row), "not before");
            assert!(
                at(frame - 1).unwrap() < due(row),
                "at the first packet from there on"
            );
            assert!(row.is_complete);
        }
        let mut last = rows.iter().filter(|(frame, _)| *frame == u64::MAX);
        let end = given.last().unwrap().0;
        assert!(
            last.all(|(_, row)| end < due(row)),
            "open or waiting at the end"
        );
    }
}

#[test]
fn what_shows_late_is_in_the_rows_from_there_on() {
    let given = player(300);
    let (whole, _) = ahead(&Config::default(), &given).expect("room for all");
    let early = told(&Config::default(), 0, &given).rows;
    let requests = |row: &Row| number(row, "n_prev_up_chunk") + number(row, "n_chunks_up");
    assert!(requests(&early[25].1) > 30.0);
    for (early, whole) in early.iter().zip(&whole) {
        let (early, whole) = (&early.1, whole);
        assert!(requests(early) <= requests(whole));
        assert_eq!(
            number(early, "serverByteCount"),
            number(whole, "serverByteCount")
        );
        assert_eq!((early.start, early.client), (whole.start, whole.client));
    }
    // A later look sees no less.
    let later = told(&Config::default(), 60, &given).rows;
    for ((_, early), (_, later)) in early.iter().zip(&later) {
        assert!(requests(early) <= requests(later));
    }
}

#[test]
fn windows_that_are_kept_have_a_limit_and_rows_go_on() {
    let down = |at: i64| {
        let datagram = testing::udp(9_000, 9_001, &[0; 100]);
        let bytes = testing::ip(address(NETFLIX), address(CLIENT), 17, &datagram);
        (at * NANOSECONDS, bytes)
    };
    let given: Given = (0..8).map(|at| down(at * 10)).collect();
    let kept = |room: &str| told(&config(&[("kept_windows", room)]), 0, &given);
    assert_eq!(kept("8").settled.map(|rows| rows.len()), Some(8));
    let told = kept("3");
    assert_eq!((told.settled, told.rows.len()), (None, 8));
    assert_eq!(told.stats.rows_hurried, 0);
    // Waiting rows have the same limit: the first comes early, and none is lost.
    let told = self::told(&config(&[("kept_windows", "3")]), 86_400, &given);
    assert_eq!(told.rows[0].0, 5, "at the fourth window that waits");
    assert_eq!(told.stats.rows_hurried, 4);
}

#[test]
fn servers_beyond_the_room_are_counted_and_end_nothing() {
    let given: Given = (0..20)
        .map(|at| {
            let datagram = testing::udp(9_000, 9_001, &[0; 100]);
            let server = format!("23.246.11.{at}");
            (
                i64::from(at),
                testing::ip(address(&server), address(CLIENT), 17, &datagram),
            )
        })
        .collect();
    let lost = |count: usize| {
        let told = told(&Config::default(), 0, &given[..count].to_vec());
        assert_eq!(number(&told.rows[0].1, "serverPacketCount"), count as f64);
        told.stats.servers_lost
    };
    assert_eq!((lost(16), lost(20)), (0, 4));
}

#[test]
fn packets_behind_the_end_are_of_other_sessions() {
    let config = Config::default();
    let given = player(30);
    let mut engine = Engine::new(config.clone());
    let mut live = Live::new(&config, 0).keeping();
    let mut sessions = Vec::new();
    for round in 0..2 {
        for (given, frame) in given.iter().zip(1 + round * 1_000..) {
            let later = (given.0 + round as i64 * 30 * NANOSECONDS, given.1.clone());
            let packet = packet(frame, &later);
            let said = engine.packet(&packet);
            live.packet(&packet, said.as_ref(), &engine);
            while live.next_row(&engine).is_some() {}
        }
        engine.finish();
        live.finish(&engine);
        while live.next_row(&engine).is_some() {}
        let rows = live.settled_rows(&engine).unwrap();
        sessions.extend(rows.iter().map(|row| row.session));
    }
    sessions.dedup();
    assert_eq!(sessions, [1, 2]);
}

#[test]
fn all_columns_have_a_value_or_none() {
    for (_, row) in told(&Config::default(), 0, &player(60)).rows {
        for column in COLUMNS {
            if matches!(column.value(&row), Value::Null) {
                assert!(column.kind.is_optional(), "{}", column.name);
            }
        }
    }
}

#[test]
fn memory_is_bounded_by_the_settings() {
    let bound = |settings: &[(&str, &str)]| Live::memory_bound(&config(settings));
    assert!(bound(&[]) > Features::memory_bound(&Config::default()));
    assert!(bound(&[("max_sessions", "16"), ("kept_windows", "16")]) < bound(&[]));
}
