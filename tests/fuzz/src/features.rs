//! Features of packet sequences: every packet of Netflix's in one window, sums as a recount has
//! them, values that can be, the same rows for the same packets, within the memory that the
//! settings allow.

use std::collections::HashMap;

use nflx_core::features::{COLUMNS, Live, PLAYBACK, Row, Value, WindowStats, column};
use nflx_core::quality::PlaybackColumns;
use nflx_core::{Config, Direction, Engine, Features, Packet};

use crate::traffic::{Frame, frames};
use crate::{Input, memory};

/// Columns that never decrease in a session.
const CUMULATIVE: [&str; 6] = [
    "cumsum_chunksizes",
    "n_prev_up_chunk",
    "n_prev_down_chunk",
    "allprev_max_chunksize",
    "all_prev_up_chunk_iat_max",
    "all_prev_down_chunk_iat_max",
];

/// Gives packets to features.
pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let config = config(&mut input);
    let frames = frames(&mut input);
    let (rows, stats, counted) = rows(&config, &frames);
    check(&rows, counted);
    assert!(
        stats.events_lost == 0 || stats.sessions_evicted > 0,
        "what becomes of a segment shows at its client's packets"
    );
    told(&config, &frames);
    let mut seeded = config.clone();
    seeded.hash_seed = 0x5eed_5eed_5eed_5eed;
    let again = self::rows(&seeded, &frames);
    assert_eq!((again.0, again.1), (rows, stats), "with another hash seed");
}

fn config(input: &mut Input<'_>) -> Config {
    let (choice, sizes) = (input.u8(), input.u8());
    let mut config = Config::default();
    let mut set = |name: &str, value: &str| config.set(name, value).expect("a value in bounds");
    // Copies are counted apart, and the recount knows none.
    set("duplicate_window", "0");
    set(
        "feature_window",
        ["1", "3", "10", "86400"][usize::from(choice & 3)],
    );
    set(
        "session_idle",
        ["1", "60", "3600", "10"][usize::from(choice >> 2 & 3)],
    );
    set("segment_quiet", ["0", "10"][usize::from(choice >> 4 & 1)]);
    set(
        "feature_kinds",
        ["video,audio,other", "video,audio"][usize::from(choice >> 5 & 1)],
    );
    set(
        "empty_features",
        ["null", "zero"][usize::from(choice >> 6 & 1)],
    );
    set(
        "feature_playback",
        ["off", "on"][usize::from(choice >> 7 & 1)],
    );
    set("max_sessions", ["100", "1"][usize::from(sizes & 1)]);
    set("max_connections", ["100", "8"][usize::from(sizes >> 1 & 1)]);
    set(
        "window_values",
        ["1000000", "0"][usize::from(sizes >> 2 & 1)],
    );
    set(
        "session_values",
        ["1000", "16"][usize::from(sizes >> 3 & 1)],
    );
    set("max_segments", ["1000", "16"][usize::from(sizes >> 4 & 1)]);
    config
}

/// Packets and bytes: down, up.
type Counted = [(u64, u64); 2];

fn rows(config: &Config, frames: &[Frame]) -> (Vec<Row>, WindowStats, Counted) {
    let pass = |engine: &mut Engine,
                visit: &mut dyn FnMut(&Packet<'_>, Option<nflx_core::Annotation>)| {
        for (frame, number) in frames.iter().zip(1..) {
            let packet = frame.packet(number);
            visit(&packet, engine.packet(&packet));
        }
        engine.finish();
    };
    let mut engine = Engine::new(config.clone());
    pass(&mut engine, &mut |_, _| {});
    if engine.evidence_came_late() {
        engine = engine.restart_with_evidence();
        pass(&mut engine, &mut |_, _| {});
    }
    let in_use = || memory::in_use() as i64;
    let mut held = -in_use();
    let mut features = Features::new(&engine);
    held += in_use();
    let mut engine = engine.restart_with_evidence();
    let (mut rows, mut counted) = (Vec::new(), Counted::default());
    let bound = i64::try_from(Features::memory_bound(config)).expect("small settings");
    pass(&mut engine, &mut |packet, said| {
        held -= in_use();
        features.packet(packet, said.as_ref());
        held += in_use();
        assert!(held <= bound, "{held} bytes of memory");
        if let Some(said) = said {
            let way = usize::from(said.direction == Direction::Out);
            let length = nflx_core::fuzzing::decode::decode(packet)
                .expect("read by the engine")
                .length;
            counted[way].0 += 1;
            counted[way].1 += u64::from(length);
        }
        rows.extend(std::iter::from_fn(|| features.next_row()));
    });
    features.finish();
    rows.extend(std::iter::from_fn(|| features.next_row()));
    (rows, features.stats(), counted)
}

/// Rows whose playback is inferred as they come; the others would take most of the time.
const PLAYED: usize = 8;

/// Rows that do not wait for the end hold every packet once, within their bound of memory, and
/// those of the end are as many.
fn told(config: &Config, frames: &[Frame]) {
    let in_use = || memory::in_use() as i64;
    let bound = i64::try_from(Live::memory_bound(config)).expect("small settings");
    let lag = [0, 5, 86_400][frames.len() % 3];
    let mut engine = Engine::new(config.clone());
    let mut held = -in_use();
    let mut live = Live::new(config, lag).keeping();
    held += in_use();
    let (mut rows, mut packets) = (Vec::new(), 0);
    for (frame, number) in frames.iter().zip(1..) {
        let packet = frame.packet(number);
        let said = engine.packet(&packet);
        packets += u64::from(said.is_some());
        held -= in_use();
        live.packet(&packet, said.as_ref(), &engine);
        held += in_use();
        while let Some(mut row) = take(&mut live, &engine, &mut held) {
            if rows.len() < PLAYED {
                PlaybackColumns::fill_live(&mut row, &engine);
                played(&row);
            }
            rows.push(row);
        }
        assert!(held <= bound, "{held} bytes of memory");
    }
    engine.finish();
    live.finish(&engine);
    while let Some(row) = live.next_row(&engine) {
        rows.push(row);
    }
    let counted = |rows: &[Row]| {
        let of = |row| number(row, "serverPacketCount") + number(row, "userPacketCount");
        rows.iter().map(of).sum::<f64>()
    };
    assert_eq!(counted(&rows), packets as f64);
    if let Some(mut settled) = live.settled_rows(&engine) {
        assert_eq!(
            (settled.len(), counted(&settled)),
            (rows.len(), packets as f64)
        );
        let playback = PlaybackColumns::settled(&engine);
        for row in &mut settled {
            playback.fill(row);
            played(row);
        }
    }
}

/// Asserts that the values of playback's columns are possible.
fn played(row: &Row) {
    for column in PLAYBACK {
        let most = if column.name == "playback_stalled" {
            1.0
        } else {
            f64::MAX
        };
        match column.value(row) {
            Value::Null => {}
            Value::Float(value) => {
                assert!((0.0..=most).contains(&value), "{}: {value}", column.name);
            }
            _ => panic!("{} is no float", column.name),
        }
    }
}

/// Takes a row, and what that does to memory beside the row.
fn take(live: &mut Live, engine: &Engine, held: &mut i64) -> Option<Row> {
    let before = memory::in_use() as i64;
    let row = live.next_row(engine);
    *held += memory::in_use() as i64 - before;
    row
}

fn number(row: &Row, name: &str) -> f64 {
    match column(name).expect("a column").value(row) {
        Value::Integer(value) => value as f64,
        Value::Float(value) => value,
        _ => 0.0,
    }
}

fn check(rows: &[Row], counted: Counted) {
    for (way, side) in ["server", "user"].into_iter().enumerate() {
        let sum = |what: &str| {
            rows.iter()
                .map(|row| number(row, &format!("{side}{what}")))
                .sum::<f64>()
        };
        assert_eq!(
            (sum("PacketCount"), sum("ByteCount")),
            (counted[way].0 as f64, counted[way].1 as f64),
            "{side}"
        );
    }
    let mut before: HashMap<u32, &Row> = HashMap::new();
    for row in rows {
        for column in COLUMNS {
            match column.value(row) {
                Value::Null => assert!(column.kind.is_optional(), "{}", column.name),
                Value::Float(value) => {
                    let signed = ["Ske", "Kur", "diff", "chunk_start_time", "chunk_end_time"];
                    let may_be_negative = signed.iter().any(|part| column.name.contains(part));
                    assert!(
                        value.is_finite() && (value >= 0.0 || may_be_negative),
                        "{}: {value}",
                        column.name
                    );
                }
                Value::Floats(values) => {
                    assert!(values.len() <= 10 && values.iter().all(|value| *value > 0.0))
                }
                _ => {}
            }
        }
        assert!(number(row, "serverOutOfOrderPackets") <= number(row, "serverZeroRetransmit"));
        assert!(
            number(row, "serverThroughput") <= number(row, "total_throughput_down") * (1.0 + 1e-9)
        );
        if let Some(before) = before.insert(row.session, row) {
            assert_eq!((before.window + 1, before.client), (row.window, row.client));
            for name in CUMULATIVE {
                assert!(number(row, name) >= number(before, name), "{name}");
            }
        } else {
            assert_eq!(row.window, 0);
        }
    }
}
