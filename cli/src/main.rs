//! `nflx`: Netflix streaming in captures, from the command line.
//!
//! `args` says what is asked, `inputs` finds captures, `run` has `workers` read them: `capture` gives packets, `study` drives
//! the engine, `report` makes `rows` of its results, `output` writes them; `annotate` writes the capture itself with its
//! packets' facts as comments, `page` a page about it.
#![forbid(unsafe_code)]

mod annotate;
mod args;
mod capture;
mod inputs;
mod output;
mod page;
mod progress;
mod report;
mod rows;
mod run;
mod study;
mod workers;

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use nflx_core::Config;

use args::{Command, Output};
use output::{Format, Sink, Writer};
use rows::{Columns, Features, Packets, Segments, Servers, SettingRow, Settings};
use study::Study;

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
        Command::Servers(run) => run::run::<Servers>(&run),
        Command::Segments(run) => run::run::<Segments>(&run),
        Command::Packets(run) => run::run::<Packets>(&run),
        Command::Features(run) => run::run::<Features>(&run.into_run()),
        Command::Columns(output) => show_columns(&output),
        Command::Annotate(run) => annotate::run(&run),
        Command::Report(run) => page::run(&run),
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

/// Whether a regular file is among others, by whatever name.
fn is_one_of<'a>(file: &Path, mut others: impl Iterator<Item = &'a Path>) -> bool {
    let identity = |path: &Path| path.canonicalize().ok().filter(|path| path.is_file());
    identity(file).is_some_and(|file| others.any(|other| identity(other).as_ref() == Some(&file)))
}

/// What the user should know about a capture besides its rows.
struct Remarks {
    status: Status,
    /// One each.
    sentences: Vec<String>,
}

impl Remarks {
    fn say(&self) {
        self.sentences.iter().for_each(|sentence| say(sentence));
    }
}

fn remarks(study: &Study, name: &str) -> Remarks {
    let damage = study.damage();
    let status = if damage.is_empty() { Status::Done } else { Status::Damaged };
    let sentences = damage.into_iter().chain(study.shortage());
    Remarks { status, sentences: sentences.map(|sentence| format!("{name}: {sentence}")).collect() }
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
