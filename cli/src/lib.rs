//! `nflx`: Netflix streaming in captures, from the command line. The program is [`run`] alone;
//! [`tables`] is for hosts.
//!
//! `args` parses the command line, `inputs` finds files, `rings` joins those of one capture, and
//! `list::run` has `workers` read them. `capture` yields packets, `analysis` drives the engine,
//! `list` makes `rows` of its results, `output` writes them. `annotate` writes the capture itself
//! with facts about its packets as comments, `report` a page about it.
#![forbid(unsafe_code)]

mod analysis;
mod annotate;
mod args;
mod capture;
mod completions;
mod escape;
mod findings;
mod frames;
mod identity;
mod inputs;
mod list;
mod messages;
mod observations;
mod output;
mod progress;
mod report;
mod rings;
mod rows;
#[cfg(unix)]
mod signals;
pub mod tables;
mod workers;

use std::process::ExitCode;

use args::{Command, ModelCommand};
use rows::{P1203, Packets, Playback, Segments, Servers, Sessions};

/// Executes the command line, and returns the exit status.
pub fn run() -> ExitCode {
    let cli = match args::parse() {
        Ok(cli) => cli,
        Err(status) => return status.into(),
    };
    let status = match cli.command {
        Command::Servers(run) => list::run::either::<Servers>(&run),
        Command::Segments(run) => list::run::either::<Segments>(&run),
        Command::Packets(run) => list::run::either::<Packets>(&run),
        Command::Sessions(run) => list::run::either::<Sessions>(&run),
        Command::Playback(run) if run.is_p1203() => list::run::run::<P1203>(&run.into_run()),
        Command::Playback(run) => list::run::run::<Playback>(&run.into_run()),
        Command::Features(run) => list::quality::features(run),
        Command::Quality(run) => list::quality::quality(run),
        Command::Model(ModelCommand::Check(check)) => list::quality::check(&check),
        Command::Columns(settings) => list::settings::show_columns(&settings),
        Command::Annotate(run) => annotate::run(&run),
        Command::Report(run) => report::run(&run),
        Command::Completions(completions) => completions::run(&completions),
        Command::Settings(settings) => list::settings::show_settings(&settings),
    };
    ExitCode::from(status as u8)
}
