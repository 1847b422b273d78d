//! Captures that are made to cost time: measures each kind.
//!
//! usage: `hostile` prints a table of all kinds beside packets of one byte in order;
//! `hostile count KIND [CONNECTIONS]` is one workload for counting instructions; only `measured`
//! counts

use std::process::ExitCode;
use std::time::Instant;

use nflx_bench::Frame;
use nflx_bench::hostile::Kind;
use nflx_core::{Config, Engine};

/// Packets measured: by the clock, and by instructions, which are counted slowly.
const TIMED: usize = 4000;
const COUNTED: usize = 1500;
/// Connections where their number matters.
const CONNECTIONS: u64 = 1000;
/// Bytes before each packet in a capture file.
const RECORD_HEADER: usize = 16;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match *words {
        [] => table(),
        ["count", kind] => return count(kind, CONNECTIONS),
        ["count", kind, connections] => match connections.parse() {
            Ok(connections @ 1..=1_000_000) => return count(kind, connections),
            _ => return usage(),
        },
        _ => return usage(),
    }
    ExitCode::SUCCESS
}

fn usage() -> ExitCode {
    let kinds: Vec<&str> = Kind::ALL.iter().map(|kind| kind.name()).collect();
    eprintln!(
        "usage: hostile | hostile count {} [CONNECTIONS, 1 to 1000000]",
        kinds.join("|")
    );
    ExitCode::from(2)
}

/// Creates an engine that follows this many connections, with the smallest memory limit for them.
fn engine(connections: u64) -> Engine {
    let mut config = Config::default();
    for (name, value) in [
        (
            "max_connections",
            config.max_connections().max(2 * connections),
        ),
        ("connection_bytes", (1 << 20).max(connections * 16)),
    ] {
        config
            .set(name, &value.to_string())
            .expect("within what is allowed");
    }
    Engine::new(config)
}

fn table() {
    println!(
        "{:<16}{:>10}{:>12}{:>12}{:>8}",
        "capture", "packets", "ns/packet", "ms/MB", "tiny"
    );
    let mut reference = None;
    for kind in Kind::ALL {
        let (before, frames) = kind.frames(CONNECTIONS, TIMED);
        let mut engine = engine(CONNECTIONS);
        give(&mut engine, &before, 1);
        let began = Instant::now();
        measured(&mut engine, &frames, before.len());
        let seconds = began.elapsed().as_secs_f64();
        let megabytes = captured(&frames) as f64 / 1e6;
        let cost = seconds * 1e3 / megabytes;
        let reference = *reference.get_or_insert(cost);
        let (count, packet) = (frames.len(), seconds * 1e9 / frames.len() as f64);
        println!(
            "{:<16}{count:>10}{packet:>12.0}{cost:>12.2}{:>8.1}",
            kind.name(),
            cost / reference
        );
    }
}

fn count(kind: &str, connections: u64) -> ExitCode {
    let Some(kind) = Kind::parse(kind) else {
        return usage();
    };
    let (before, frames) = kind.frames(connections, COUNTED);
    let mut engine = engine(connections);
    give(&mut engine, &before, 1);
    measured(&mut engine, &frames, before.len());
    println!("{} packets {} bytes", frames.len(), captured(&frames));
    ExitCode::SUCCESS
}

/// Bytes in a capture file.
fn captured(frames: &[Frame]) -> usize {
    frames
        .iter()
        .map(|frame| RECORD_HEADER + frame.bytes.len())
        .sum()
}

/// Named for the tool that counts its instructions.
#[inline(never)]
fn measured(engine: &mut Engine, frames: &[Frame], before: usize) {
    give(engine, frames, before as u64 + 1);
}

fn give(engine: &mut Engine, frames: &[Frame], first: u64) {
    for (frame, number) in frames.iter().zip(first..) {
        engine.packet(&frame.packet(number));
    }
}
