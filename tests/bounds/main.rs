//! Traffic made to fill every table, and what it costs.
//!
//! ```text
//! bounds write KIND COUNT                  a capture of COUNT packets or thereabouts, to standard output
//! bounds engine COUNT [NAME=VALUE ...]     COUNT packets through the engine, with fresh addresses and ports all the time
//! bounds replay COUNT                      the same packets as a capture, to standard output
//! ```
//!
//! `bounds/run.py` runs the command on such captures and prints memory and time.

mod endless;
mod kinds;
mod packets;
mod replay;
mod traffic;

use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use kinds::Kind;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match *words {
        ["write", kind, count] => match (Kind::parse(kind), count.parse()) {
            (Some(kind), Ok(count)) => write(kind, count),
            _ => usage(),
        },
        ["replay", count] => count.parse().map_or_else(|_| usage(), replay::write),
        ["engine", count, ref settings @ ..] => count
            .parse()
            .map_or_else(|_| usage(), |count| endless::run(count, settings)),
        _ => usage(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            eprintln!("bounds: {sentence}");
            ExitCode::FAILURE
        }
    }
}

fn usage() -> Result<(), String> {
    let kinds: Vec<&str> = Kind::ALL.iter().map(|kind| kind.name()).collect();
    Err(format!(
        "usage: bounds write {} COUNT | bounds engine COUNT [NAME=VALUE ...] | bounds replay COUNT",
        kinds.join("|")
    ))
}

fn write(kind: Kind, count: u64) -> Result<(), String> {
    let mut out = BufWriter::with_capacity(1 << 20, io::stdout().lock());
    let written = out
        .write_all(&packets::pcap_header(packets::LINK_TYPE))
        .and_then(|()| {
            kind.packets(count, &mut |time, length, data| {
                packets::write_record(&mut out, time, length, data)
            })
        })
        .and_then(|()| out.flush());
    written.map_err(|error| format!("cannot write: {error}"))
}
