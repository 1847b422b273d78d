//! `nflx`: Netflix streaming in captures, from the command line.
//!
//! `args` says what is asked, `capture` reads packets, `study` drives the engine, `report` makes `rows` of its results,
//! `output` writes them; `annotate` writes the capture itself with its packets' facts as comments.
#![forbid(unsafe_code)]

mod annotate;
mod args;
mod capture;
mod output;
mod progress;
mod report;
mod rows;
mod study;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use nflx_core::Config;

use args::{Command, Output, Run};
use output::{Format, Sink, Writer};
use report::Report;
use rows::{Columns, Features, Packets, Segments, Servers, SettingRow, Settings};
use study::{Failure, Study};

/// How a run went: its exit status. The worst of several captures counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
enum Status {
    Done = 0,
    Damaged = 1,
    Failed = 2,
}

fn main() -> ExitCode {
    let cli = match args::parse() {
        Ok(cli) => cli,
        Err(status) => return status.into(),
    };
    let status = match cli.command {
        Command::Servers(run) => report_all::<Servers>(&run),
        Command::Segments(run) => report_all::<Segments>(&run),
        Command::Packets(run) => report_all::<Packets>(&run),
        Command::Features(run) => report_all::<Features>(&run.into_run()),
        Command::Columns(output) => show_columns(&output),
        Command::Annotate(run) => annotate::run(&run),
        Command::Settings(settings) => show_settings(&settings),
    };
    ExitCode::from(status as u8)
}

/// Says a sentence on standard error, which may be closed.
fn say(sentence: &str) {
    let _ = writeln!(io::stderr(), "nflx: {sentence}");
}

/// An error of the system in its words, without its number.
fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_owned()
}

/// What messages call an input.
fn name(file: &Path) -> String {
    if file.as_os_str() == "-" { "standard input".to_owned() } else { file.display().to_string() }
}

fn report_all<T: Report>(run: &Run) -> Status {
    if run.files.iter().filter(|file| file.as_os_str() == "-").count() > 1 {
        say("standard input can be read once; name - only once");
        return Status::Failed;
    }
    if let Some(output) = run.output.output.as_deref().filter(|output| is_one_of(output, &run.files)) {
        say(&format!("{}: is one of the captures and would be lost; name another output", output.display()));
        return Status::Failed;
    }
    let config = match run.analysis.config() {
        Ok(config) => config,
        Err(error) => return mistake(&error),
    };
    write_to(&run.output, |sink, format| {
        let watched = sink.is_terminal();
        let mut writer = Writer::<T>::new(format, sink, run.files.len() > 1)?;
        let (mut worst, mut any) = (Status::Done, false);
        for file in &run.files {
            let study = Study::new(file, config.clone());
            match study.and_then(|study| T::write(study, &file.to_string_lossy(), watched, &mut writer)) {
                Ok(study) => {
                    any = true;
                    worst = worst.max(remarks(&study, &name(file), format));
                }
                Err(Failure::Unreadable(reason)) => {
                    say(&format!("{}: {reason}", name(file)));
                    worst = Status::Failed;
                }
                Err(Failure::Output(error)) => return Err(error),
            }
        }
        writer.finish()?;
        Ok((worst, any))
    })
}

/// Whether a regular file is among others, by whatever name.
fn is_one_of(file: &Path, others: &[PathBuf]) -> bool {
    let identity = |path: &Path| path.canonicalize().ok().filter(|path| path.is_file());
    identity(file).is_some_and(|file| others.iter().any(|other| identity(other).as_ref() == Some(&file)))
}

/// Says what the user should know about a capture besides its rows.
fn remarks(study: &Study, name: &str, format: Format) -> Status {
    let damage = study.damage();
    for sentence in damage.iter().cloned().chain(study.shortage()) {
        say(&format!("{name}: {sentence}"));
    }
    if format == Format::Table && rows::ranked(&study.engine).is_empty() {
        say(&format!(
            "{name}: no Netflix server was recognised; a capture that begins before the player does shows names, and \
             --prefixes takes addresses that are known otherwise"
        ));
    }
    if damage.is_empty() { Status::Done } else { Status::Damaged }
}

fn show_settings(settings: &args::Settings) -> Status {
    let config = match settings.analysis.config() {
        Ok(config) => config,
        Err(error) => return mistake(&error),
    };
    write_to(&settings.output, |sink, format| {
        let mut writer = Writer::<Settings>::new(format, sink, false)?;
        let defaults = Config::default();
        for setting in Config::SETTINGS {
            let value = config.get(setting.name).unwrap_or_default();
            let default = defaults.get(setting.name).unwrap_or_default();
            writer.row(&SettingRow { setting, value: &value, default: &default })?;
        }
        writer.finish()?;
        Ok((Status::Done, true))
    })
}

fn show_columns(output: &Output) -> Status {
    write_to(output, |sink, format| {
        let mut writer = Writer::<Columns>::new(format, sink, false)?;
        for column in nflx_core::features::COLUMNS {
            writer.row(&column)?;
        }
        writer.finish()?;
        Ok((Status::Done, true))
    })
}

fn mistake(error: &nflx_core::config::ConfigError) -> Status {
    say(&error.to_string());
    Status::Failed
}

/// Opens the output, has it written, and keeps it if `write` says that there is something to keep.
fn write_to(output: &Output, write: impl FnOnce(&mut Sink, Format) -> io::Result<(Status, bool)>) -> Status {
    let written = Sink::open(output.output.as_deref()).and_then(|mut sink| {
        let default = if sink.is_terminal() { Format::Table } else { Format::Jsonl };
        let named = || output.output.as_deref().and_then(Format::of_name);
        let format = output.format.or_else(named).unwrap_or(default);
        if format == Format::Parquet && sink.is_terminal() {
            say("Parquet is not for terminals; name a file with -o or send the output to a program");
            return Ok(Status::Failed);
        }
        let (status, keep) = write(&mut sink, format)?;
        if keep {
            sink.keep()?;
        }
        Ok(status)
    });
    match written {
        Ok(status) => status,
        // Whoever reads our output has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Status::Done,
        Err(error) => {
            let place = output.output.as_deref().map_or("standard output".into(), |path| path.display().to_string());
            say(&format!("{place}: cannot be written: {}", reason(&error)));
            Status::Failed
        }
    }
}
