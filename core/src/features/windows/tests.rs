mod arbitrary;

use std::collections::HashMap;

use super::*;
use crate::features::testing::{Given, ahead, config, packet};
use crate::features::{COLUMNS, Value, column};
use crate::testing;
use crate::testing::{ACK, CLIENT, MILLISECOND, NETFLIX, Talk, address, protected, record};

const SECOND: i64 = 1000 * MILLISECOND;

/// Rows of packets, and what found no room.
fn features(config: Config, given: &Given) -> (Vec<Row>, WindowStats) {
    let mut engine = Engine::new(config);
    for (given, frame) in given.iter().zip(1..) {
        engine.packet(&packet(frame, given));
    }
    engine.finish();
    let mut features = Features::new(&engine);
    let mut engine = engine.restart_with_evidence();
    let mut rows = Vec::new();
    for (given, frame) in given.iter().zip(1..) {
        let packet = packet(frame, given);
        let said = engine.packet(&packet);
        features.packet(&packet, said.as_ref());
        rows.extend(std::iter::from_fn(|| features.next_row()));
    }
    features.finish();
    rows.extend(std::iter::from_fn(|| features.next_row()));
    (rows, features.stats())
}

/// A datagram between Netflix and a client that is no QUIC.
fn datagram(time: i64, from: &str, to: &str, length: usize) -> (i64, Vec<u8>) {
    (
        time,
        testing::ip(
            address(from),
            address(to),
            17,
            &testing::udp(9_000, 9_001, &vec![0; length]),
        ),
    )
}

fn down(time: i64) -> (i64, Vec<u8>) {
    datagram(time, NETFLIX, CLIENT, 100)
}

fn number(row: &Row, name: &str) -> Option<f64> {
    match column(name).unwrap().value(row) {
        Value::Integer(value) => Some(value as f64),
        Value::Float(value) => Some(value),
        Value::Null => None,
        value => panic!("{name} is {value:?}"),
    }
}

fn numbers(rows: &[Row], name: &str) -> Vec<f64> {
    rows.iter().map(|row| number(row, name).unwrap()).collect()
}

/// Session, window and packets of each row.
fn places(rows: &[Row]) -> Vec<(u32, u32, f64)> {
    rows.iter()
        .map(|row| {
            (
                row.session,
                row.window,
                number(row, "serverPacketCount").unwrap(),
            )
        })
        .collect()
}

#[test]
fn a_window_ends_before_the_next_begins() {
    let start = 5 * SECOND + 7;
    let given = vec![
        down(start),
        down(start + 10 * SECOND - 1),
        down(start + 10 * SECOND),
        down(start + 35 * SECOND),
    ];
    let (rows, stats) = features(Config::default(), &given);
    assert_eq!(
        places(&rows),
        [(1, 0, 2.0), (1, 1, 1.0), (1, 2, 0.0), (1, 3, 1.0)]
    );
    assert_eq!(
        (rows[1].start, rows[1].end),
        (Time(start + 10 * SECOND), Time(start + 20 * SECOND))
    );
    assert_eq!(number(&rows[1], "relative_timestamp"), Some(20.0));
    assert_eq!(stats, WindowStats::default());

    let (rows, _) = features(config(&[("feature_window", "11")]), &given);
    assert_eq!(
        places(&rows),
        [(1, 0, 3.0), (1, 1, 0.0), (1, 2, 0.0), (1, 3, 1.0)]
    );
}

#[test]
fn windows_that_are_kept_have_a_limit() {
    let given: Given = (0..5).map(|at| down(at * 10 * SECOND)).collect();
    let kept = |room| ahead(&config(&[("kept_windows", room)]), &given).is_some();
    // The fifth closes at the end.
    assert_eq!((kept("4"), kept("3")), (true, false));
    let servers = |count: u8| {
        let given: Given = (0..count)
            .map(|at| datagram(i64::from(at), &format!("23.246.11.{at}"), CLIENT, 100))
            .collect();
        ahead(&Config::default(), &given).is_some()
    };
    assert_eq!((servers(16), servers(17)), (true, false));
    // Which servers those are does not matter once it is known which send video.
    let given: Given = (0..17)
        .map(|at| datagram(at, &format!("23.246.11.{at}"), CLIENT, 100))
        .collect();
    assert_eq!(features(Config::default(), &given).0.len(), 1);
}

#[test]
fn a_title_ends_the_session_of_the_one_before() {
    let client = address(CLIENT);
    let given: Given = (0..6).map(|at| down(at * SECOND)).collect();
    let sessions = |titles: &[i64]| {
        let mut engine = Engine::new(Config::default());
        let mut features = Features::ahead(&Config::default())
            .with_titles(titles.iter().map(|&at| (client, Time(at * SECOND))));
        for (given, frame) in given.iter().zip(1..) {
            let packet = packet(frame, given);
            let said = engine.packet(&packet);
            features.packet(&packet, said.as_ref());
        }
        engine.finish();
        features.settle(&engine);
        features.finish();
        let rows: Vec<Row> = std::iter::from_fn(|| features.next_row()).collect();
        rows.iter()
            .map(|row| row.start.0 / SECOND)
            .collect::<Vec<_>>()
    };
    assert_eq!(sessions(&[]), [0]);
    // What comes before the first title is of its session.
    assert_eq!(sessions(&[2]), [0]);
    assert_eq!(sessions(&[1, 4]), [0, 4]);
    assert_eq!(sessions(&[4, 1, 5]), [0, 4, 5]);
}

#[test]
fn a_session_ends_after_the_idle_time() {
    let given = |gap: i64| vec![down(0), down(gap)];
    let sessions = |given| {
        features(Config::default(), &given)
            .0
            .last()
            .unwrap()
            .session
    };
    assert_eq!(
        (
            sessions(given(60 * SECOND)),
            sessions(given(60 * SECOND + 1))
        ),
        (1, 2)
    );
    let sessions = |given| {
        features(config(&[("session_idle", "5")]), &given)
            .0
            .last()
            .unwrap()
            .session
    };
    assert_eq!(
        (sessions(given(5 * SECOND)), sessions(given(5 * SECOND + 1))),
        (1, 2)
    );
}

#[test]
fn a_clock_set_back_keeps_windows_in_order() {
    let given = vec![
        down(0),
        down(11 * SECOND),
        down(9 * SECOND),
        down(12 * SECOND),
    ];
    let (rows, stats) = features(Config::default(), &given);
    assert_eq!(places(&rows), [(1, 0, 1.0), (1, 1, 3.0)]);
    assert_eq!(stats.packets_late, 1);
    let given = vec![down(100 * SECOND), down(40 * SECOND - 1), down(41 * SECOND)];
    assert_eq!(
        places(&features(Config::default(), &given).0),
        [(1, 0, 1.0), (2, 0, 2.0)],
        "by more than the idle time"
    );
}

#[test]
fn times_at_the_ends_of_time() {
    for times in [
        [i64::MIN, i64::MAX, i64::MIN],
        [i64::MAX - 1, i64::MAX, i64::MAX],
        [-1, 0, 1],
    ] {
        let (rows, _) = features(Config::default(), &times.map(down).to_vec());
        assert_eq!(
            numbers(&rows, "serverPacketCount").iter().sum::<f64>(),
            3.0,
            "{times:?}"
        );
    }
}

#[test]
fn traffic_of_others_is_in_the_total_of_its_window() {
    let other = "198.51.100.7";
    let given = vec![
        datagram(0, other, CLIENT, 72),
        down(SECOND),
        datagram(2 * SECOND, other, CLIENT, 972),
        datagram(12 * SECOND, CLIENT, other, 472),
        datagram(13 * SECOND, "10.0.0.3", other, 472),
        datagram(22 * SECOND, other, CLIENT, 222),
        down(25 * SECOND),
        datagram(26 * SECOND, other, CLIENT, 22),
        datagram(90 * SECOND, other, CLIENT, 22),
    ];
    let (rows, _) = features(Config::default(), &given);
    // Bytes in 10 s.
    let bytes = |name| {
        numbers(&rows, name)
            .into_iter()
            .map(|rate| (rate * 1_250.0).round())
            .collect::<Vec<_>>()
    };
    assert_eq!(bytes("total_throughput_down"), [1_128.0, 0.0, 428.0]);
    assert_eq!(bytes("total_throughput_up"), [0.0, 500.0, 0.0]);
    assert_eq!(bytes("serverThroughput"), [128.0, 0.0, 128.0]);
}

#[test]
fn empty_windows_have_zeros_and_nulls() {
    let given = vec![down(0), down(25 * SECOND)];
    let (rows, _) = features(Config::default(), &given);
    assert_eq!(number(&rows[1], "serverByteCount"), Some(0.0));
    for name in [
        "serverAvgBytesPerPacket",
        "userMedRTT",
        "up_down_ratio",
        "10_min_chunksize",
        "chunk_end_time",
    ] {
        assert_eq!(number(&rows[1], name), None, "{name}");
    }
    assert_eq!(
        column("10_EWMA_chunksizes").unwrap().value(&rows[1]),
        Value::Floats(&[])
    );
    let (rows, _) = features(config(&[("empty_features", "zero")]), &given);
    assert_eq!(number(&rows[1], "serverAvgBytesPerPacket"), Some(0.0));
}

#[test]
fn sessions_and_flows_make_room() {
    let clients: Vec<String> = (1..=4).map(|host| format!("10.0.0.{host}")).collect();
    let given: Given = (0..8)
        .map(|at| datagram(at * SECOND, NETFLIX, &clients[at as usize % 4], 100))
        .collect();
    let rows_of = |room| features(config(&[("max_sessions", room)]), &given);
    let (rows, stats) = rows_of("4");
    assert_eq!((rows.len(), stats.sessions_evicted), (4, 0));
    let (rows, stats) = rows_of("3");
    assert!(stats.sessions_evicted > 0);
    assert_eq!(
        numbers(&rows, "serverPacketCount").iter().sum::<f64>(),
        8.0,
        "what was counted is not lost"
    );

    let flow = |at: i64| {
        (
            at * SECOND,
            testing::ip(
                address(NETFLIX),
                address(CLIENT),
                17,
                &testing::udp(9_000, 9_001 + at as u16, &[0]),
            ),
        )
    };
    let flows_of = |count: i64| {
        let (rows, stats) = features(
            config(&[("max_connections", "8")]),
            &(0..count).map(flow).collect(),
        );
        (number(&rows[0], "parallel_flows"), stats.flows_evicted)
    };
    assert_eq!((flows_of(8), flows_of(9)), ((Some(8.0), 0), (Some(9.0), 1)));
}

#[test]
fn medians_are_exact_while_there_is_room() {
    let given: Given = (0..101)
        .map(|at| datagram(at * MILLISECOND, NETFLIX, CLIENT, at as usize))
        .collect();
    // 101 lengths and 100 times between.
    let sampled = |room| {
        features(config(&[("window_values", room)]), &given)
            .1
            .window_values_sampled
    };
    assert_eq!((sampled("201"), sampled("200")), (0, 1));
    let (rows, _) = features(config(&[("window_values", "201")]), &given);
    assert_eq!(
        number(&rows[0], "serverMedBytesPerPacket"),
        Some(28.0 + 50.0)
    );
    let (rows, _) = features(config(&[("window_values", "0")]), &given);
    assert_eq!(
        number(&rows[0], "serverAvgBytesPerPacket"),
        Some(28.0 + 50.0),
        "means need no room"
    );
    assert!(
        number(&rows[0], "serverMedBytesPerPacket").is_some(),
        "a few values are always kept"
    );
}

#[test]
fn memory_is_bounded_by_the_settings() {
    let bound = |settings: &[(&str, &str)]| Features::memory_bound(&config(settings));
    let small = bound(&[]);
    assert!((300_000_000..700_000_000).contains(&small), "{small}");
    for name in [
        "max_sessions",
        "window_values",
        "max_connections",
        "max_segments",
        "max_servers",
        "session_idle",
    ] {
        let more = config(&[])
            .get(name)
            .and_then(|value| value.parse::<u64>().ok())
            .unwrap()
            * 4;
        assert!(bound(&[(name, &more.to_string())]) > small, "{name}");
    }
    assert!(bound(&[("session_values", "16")]) < small);
}

/// A connection with responses of these sizes, a second apart.
fn responses(sizes: &[usize]) -> Given {
    let mut talk = Talk::new(50_000, NETFLIX, 443);
    talk.tls13("ipv4-c001-zrh001-ix.1.oca.nflxvideo.net");
    for &size in sizes {
        talk.wait(SECOND).say(&protected(400));
        talk.hear(&record(23, &vec![0xa5; size]));
    }
    talk.wait(SECOND).close();
    talk.packets
        .iter()
        .map(|packet| (packet.time, packet.bytes()))
        .collect()
}

#[test]
fn percentiles_of_a_session_are_exact_while_there_is_room() {
    let sizes: Vec<usize> = (0..20).map(|at| 9_000 + at * 100).collect();
    let kinds = ("feature_kinds", "video,audio,other");
    let segments = features(config(&[kinds]), &responses(&sizes))
        .0
        .last()
        .map(|row| number(row, "n_prev_down_chunk"));
    let whole = |room, count| {
        let (rows, stats) = features(
            config(&[kinds, ("session_values", room)]),
            &responses(&sizes[..count]),
        );
        let done = numbers(&rows, "n_chunks_down").iter().sum::<f64>();
        (done, stats.session_values_sampled)
    };
    assert!(segments.flatten().is_some_and(|count| count > 0.0));
    assert_eq!(whole("16", 16), (16.0, 0));
    // One size; of the times between there are 16.
    assert_eq!(whole("16", 17), (17.0, 1));
}

#[test]
fn averages_move_by_the_span() {
    let kinds = ("feature_kinds", "video,audio,other");
    let averages = |span| {
        let (rows, _) = features(
            config(&[kinds, ("ewma_span", span)]),
            &responses(&[9_000, 10_000]),
        );
        let Value::Floats(values) = column("10_EWMA_chunksizes").unwrap().value(&rows[0]) else {
            panic!("numbers")
        };
        values.to_vec()
    };
    assert_eq!(averages("1"), [9_005.0, 10_005.0], "the newest alone");
    assert_eq!(averages("3"), [9_005.0, 9_505.0], "half of it");
}

#[test]
fn an_open_segment_is_complete_after_silence() {
    let mut given = responses(&[9_000]);
    given.truncate(given.len() - 3);
    let last = given[given.len() - 2].0;
    let completed = |silence: i64, settings: &[(&str, &str)]| {
        let mut given = given.clone();
        given.push(down(last + silence));
        let settings = [&[("feature_kinds", "video,audio,other")], settings].concat();
        let (rows, _) = features(config(&settings), &given);
        (
            numbers(&rows, "n_chunks_up").iter().sum::<f64>(),
            numbers(&rows, "n_chunks_down").iter().sum::<f64>(),
        )
    };
    assert_eq!(
        (completed(10 * SECOND - 1, &[]), completed(10 * SECOND, &[])),
        ((1.0, 0.0), (1.0, 1.0))
    );
    assert_eq!(completed(SECOND, &[("segment_quiet", "1")]), (1.0, 1.0));
}

#[test]
fn kinds_that_count_are_a_setting() {
    let requests = |kinds| {
        let (rows, _) = features(
            config(&[("feature_kinds", kinds)]),
            &responses(&[9_000, 500]),
        );
        numbers(&rows, "n_chunks_up").iter().sum::<f64>()
    };
    assert_eq!(
        (
            requests("video,audio,other"),
            requests("other") + requests("video") + requests("audio")
        ),
        (2.0, 2.0)
    );
    assert!(requests("other") > 0.0);
}
