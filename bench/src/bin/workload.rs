//! One workload for counting instructions: an engine takes generated packets, and `measured` is the
//! part that counts.
//!
//! usage: workload other|netflix|mixed|tagged

use std::process::ExitCode;

use nflx_bench::{Frame, Traffic};
use nflx_core::{Config, Engine};

/// Packets before the measured ones, and these.
const WARM: usize = 30_000;
const MEASURED: usize = 30_000;

fn main() -> ExitCode {
    let name = std::env::args().nth(1).unwrap_or_default();
    let share = match name.as_str() {
        "other" => 0,
        "netflix" => 100,
        "mixed" | "tagged" => 10,
        _ => {
            eprintln!("usage: workload other|netflix|mixed|tagged");
            return ExitCode::from(2);
        }
    };
    let mut frames: Vec<Frame> = Traffic::new(share, 1).take(WARM + MEASURED).collect();
    if name == "tagged" {
        // A VLAN tag, which the short way of decoding does not know.
        for frame in &mut frames {
            frame.bytes.splice(12..12, [0x81, 0, 0, 7]);
            frame.length += 4;
        }
    }
    let mut engine = Engine::new(Config::default());
    let (warm, rest) = frames.split_at(WARM);
    for (frame, number) in warm.iter().zip(1..) {
        engine.packet(&frame.packet(number));
    }
    let said = measured(&mut engine, rest);
    println!("{MEASURED} packets, {said} of Netflix's");
    ExitCode::SUCCESS
}

/// Named for the tool that counts its instructions.
#[inline(never)]
fn measured(engine: &mut Engine, frames: &[Frame]) -> usize {
    frames
        .iter()
        .zip(1 + WARM as u64..)
        .filter(|(frame, number)| engine.packet(&frame.packet(*number)).is_some())
        .count()
}
