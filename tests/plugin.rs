//! The Wireshark plugin inside a real tshark: what it adds, in every output format, and that it
//! says the same as the command-line program.
//!
//! Needs `target/release/libnflx_plugin.so` (or `NFLX_PLUGIN`) and the program `nflx` beside the
//! test (or `NFLX_BIN`). Only where tshark is not installed at all the tests say so and pass.

mod agreement;
mod annotations;
mod details;
mod endings;
mod first_sight;
mod foreign;
mod formats;
mod home;
mod installing;
mod live;
mod panics;
mod profile;
mod quality;
mod registers;
mod settings;
mod statistics;
mod wrong_input;

pub(crate) use home::{
    Home, Outcome, captures_in, decompressed, further_captures, further_captures_of_host, nflx,
    nflx_rows, recorded_captures, target_folder,
};
use home::{evidence_comes_late, plugin, recorded_folder, tshark_version};
use registers::FIELDS;
