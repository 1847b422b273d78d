//! Rows as they come, for a capture that is still being written: each once nothing about it will
//! change.

mod files;
mod rows;
mod status_line;
mod windows;

use std::path::Path;

use nflx_core::{Config, Engine, features};

use self::files::Files;
use self::rows::About;
pub(crate) use self::rows::Live;
use self::status_line::StatusLine;
use crate::analysis::{Failure, Seen, nothing_recognised, seeded};
use crate::args::Run;
use crate::capture::live::{self, Signals};
use crate::capture::{Reader, Unreadable};
use crate::frames::Frames;
use crate::messages::{Status, mistake, name, say, unwritten};
use crate::output::{Format, Writer};

/// Returns true if rows are to be written as they come: if requested, or for a pipe that may go on
/// for long, unless a whole file is wanted or the rows would differ.
pub(crate) fn is_wished<T: Live>(run: &Run) -> bool {
    if run.live || run.rotate.is_some() {
        return true;
    }
    let [path] = &run.files[..] else {
        return false;
    };
    let is_stream = run.output.output.as_deref().is_none_or(is_stream);
    let is_whole = run.no_live || run.partition || run.joining.join || run.model.is_some();
    T::IS_DEFAULT
        && !is_whole
        && is_stream
        && matches!(format(run, false), Some(Format::Jsonl | Format::Csv))
        && live::is_pipe(path)
}

/// Returns true if an output takes rows as they come: standard output, a pipe, a device.
fn is_stream(path: &Path) -> bool {
    path.as_os_str() == "-" || path.metadata().is_ok_and(|metadata| !metadata.is_file())
}

/// Returns the format of rows; `None` for a table on a terminal.
fn format(run: &Run, is_rotating: bool) -> Option<Format> {
    let named = || run.output.output.as_deref().and_then(Format::of_name);
    let default = if is_rotating {
        Some(Format::Parquet)
    } else if run.output.output.is_none() && std::io::IsTerminal::is_terminal(&std::io::stdout()) {
        None
    } else {
        Some(Format::Jsonl)
    };
    run.output.format.or_else(named).or(default)
}

/// Writes the rows of a capture while it is read, once.
pub(crate) fn run<T: Live>(run: &Run) -> Status {
    let [path] = &run.files[..] else {
        return fail("--live reads one capture; name one, or - for standard input");
    };
    if run.partition || run.joining.join {
        return fail("--live reads one capture; leave --partition and --join out");
    }
    let format = format(run, run.rotate.is_some()).unwrap_or(Format::Jsonl);
    match (format, run.rotate) {
        (Format::Jsonl | Format::Csv, _) | (Format::Parquet, Some(_)) => {}
        (Format::Parquet, None) => {
            return fail(
                "a Parquet file is written as a whole; give --rotate 5m and a folder with -o to get several",
            );
        }
        _ => {
            return fail(
                "rows that come one by one are JSON lines or CSV; give --format jsonl or --format csv",
            );
        }
    }
    let mut files = match Files::new(run, T::NAME, format) {
        Ok(files) => files,
        Err(sentence) => return fail(&sentence),
    };
    let config = match run.analysis.config() {
        Ok(config) => config,
        Err(error) => return mistake(&error),
    };
    match follow::<T>(run, path, config, &mut files) {
        Ok(status) => status,
        Err(Failure::Unreadable(reason)) => fail(&format!("{}: {reason}", name(path))),
        Err(Failure::Output(error)) => unwritten(run.output.output.as_deref(), &error),
    }
}

fn fail(sentence: &str) -> Status {
    say(sentence);
    Status::Failed
}

/// Reads a capture to its end, and writes its rows.
fn follow<T: Live>(
    run: &Run,
    path: &Path,
    config: Config,
    files: &mut Files<'_>,
) -> Result<Status, Failure> {
    let signals = Signals::watch(files.are_many()).map_err(Unreadable::Io)?;
    let mut sink = files.open()?;
    let mut writer = Writer::<T>::new(files.format, &mut sink, false)?;
    writer.flush()?;
    let pass = live::open(path, &signals)?;
    let mut reader = Reader::new(pass.bytes)?;
    let mut engine = Engine::new(seeded(config));
    engine.watch_settled();
    let mut state = T::begin(&engine, run);
    let capture = path.to_string_lossy();
    let frames = Frames::of_one(&capture);
    let mut seen = Seen::default();
    let mut status_line = StatusLine::new(files);
    while let Some(packet) = reader.next() {
        if files.is_due(packet.time) || signals.takes_renewal() {
            writer.finish()?;
            files.keep(sink)?;
            files.begin(packet.time);
            sink = files.open()?;
            writer = Writer::new(files.format, &mut sink, false)?;
        }
        let annotation = seen.packet(&mut engine, &packet);
        let about = About::new(&capture, &frames, &seen);
        let said = Some((&packet, annotation));
        files.rows += T::bring(&mut state, &mut engine, said, &about, &mut writer)?;
        status_line.show(&engine);
    }
    engine.finish();
    let about = About::new(&capture, &frames, &seen);
    files.rows += T::bring(&mut state, &mut engine, None, &about, &mut writer)?;
    writer.finish()?;
    files.keep(sink)?;
    drop(status_line);
    if let Some(number) = seen.only_unknown_link_types(&engine.stats()) {
        return Err(Unreadable::LinkType(number).into());
    }
    let unit = if pass.compressed {
        "decompressed byte"
    } else {
        "byte"
    };
    let damage = reader.damage().map(|damage| damage.sentence(unit));
    let status = if damage.is_some() {
        Status::Damaged
    } else {
        Status::Done
    };
    let said = damage
        .into_iter()
        .chain(remarks(&engine, &seen, &T::stats(&state)));
    said.for_each(|sentence| say(&format!("{}: {sentence}", name(path))));
    Ok(status)
}

/// Returns remarks for the user, besides the rows, in sentences.
fn remarks(engine: &Engine, seen: &Seen, windows: &features::WindowStats) -> Vec<String> {
    let mut sentences = seen.sentences(engine, windows);
    let lost = engine.stats().settled_lost;
    if lost > 0 {
        sentences.push(format!(
            "{lost} settled segments were dropped before they could be written; raise max_segments with --set NAME=VALUE"
        ));
    }
    if engine.segments_missed() {
        sentences.push(
            "a server was identified only after some of its packets; read as a file, or with --no-live, the capture gives more"
                .to_owned(),
        );
    }
    sentences.extend(nothing_recognised(engine));
    sentences
}
