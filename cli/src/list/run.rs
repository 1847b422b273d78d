//! A run over captures: finds them, reads each, and writes the rows.

use std::collections::{HashMap, HashSet};
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, io, thread};

use nflx_core::Config;

use super::Report;
use super::live::{self, Live};
use super::taps::{self, OneWay};
use super::write::write_to;
use crate::analysis::{Failure, NOTHING_RECOGNISED, Study};
use crate::args::Run;
use crate::escape;
use crate::identity::Identity;
use crate::inputs::{self, Input, Inputs};
use crate::messages::{Remarks, Status, mistake, name, say, unwritten, would_be_lost};
use crate::output::{Format, Part, Sink, Writer, folder};
use crate::progress::Total;
use crate::rings;
use crate::rows::{P1203, Rows};
use crate::workers;

/// File name in a folder that stands for a capture.
const PART: &str = "part.parquet";

/// The result of reading a capture.
struct CaptureRead<R> {
    status: Status,
    /// Remarks for the user, one sentence each.
    sentences: Vec<String>,
    /// True if a Netflix server was recognised.
    recognised: bool,
    /// Present if it holds one direction only.
    one_way: Option<OneWay>,
    /// The rows, if it could be read.
    rows: Option<R>,
}

/// Writes the rows of every capture, or those of one capture as they come.
pub(crate) fn either<T: Report + Live>(arguments: &Run) -> Status {
    if live::is_wished::<T>(arguments) {
        live::run::<T>(arguments)
    } else {
        run::<T>(arguments)
    }
}

/// Writes the rows of every capture.
pub(crate) fn run<T: Report>(run: &Run) -> Status {
    if let Some(sentence) = contradiction(run) {
        say(sentence);
        return Status::Failed;
    }
    if run.output.format == Some(Format::P1203) && T::NAME != P1203::NAME {
        say("p1203 is a format of 'nflx playback'; choose table, jsonl, csv or parquet");
        return Status::Failed;
    }
    let config = match run.analysis.config() {
        Ok(config) => config,
        Err(error) => return mistake(&error),
    };
    let Inputs {
        inputs,
        passed_over,
        ..
    } = inputs::find(&run.files);
    let files = inputs.iter().flat_map(Input::files).map(PathBuf::as_path);
    if would_be_lost(run.output.output.as_deref(), files) {
        return Status::Failed;
    }
    let joining = run.joining.how(&config);
    let (inputs, joined) = if run.partition {
        let said = rings::apart(&inputs, joining, jobs(run.jobs));
        (inputs, said)
    } else {
        rings::join(inputs, joining, jobs(run.jobs))
    };
    let status = listed::<T>(run, &inputs, config);
    let sentences = passed_over.iter().chain(&joined);
    sentences.for_each(|sentence| say(sentence));
    status
}

/// Returns the contradiction between options, in a sentence.
pub(super) fn contradiction(run: &Run) -> Option<&'static str> {
    let standard_input = run.files.iter().filter(|file| file.as_os_str() == "-");
    match standard_input.count() {
        0 => {}
        1 if run.joining.join => {
            return Some(
                "standard input cannot be joined with files; name files only, or leave --join out",
            );
        }
        1 => {}
        _ => return Some("standard input can be read once; name - only once"),
    }
    if run.live || run.rotate.is_some() {
        return Some(
            "these rows need the end of a capture; --live is for servers, segments, packets, sessions, features and quality",
        );
    }
    (run.joining.join && run.partition)
        .then_some("a partition holds one file's rows; leave --join or --partition out")
}

/// Returns how many captures are read at once.
pub(crate) fn jobs(wished: Option<NonZero<usize>>) -> NonZero<usize> {
    wished
        .or_else(|| thread::available_parallelism().ok())
        .unwrap_or(NonZero::<usize>::MIN)
}

/// Writes the rows of the captures that were found.
fn listed<T: Report>(run: &Run, inputs: &[Input], config: Config) -> Status {
    if run.partition {
        return partition::<T>(run, inputs, &config);
    }
    match inputs {
        [Input::Capture(files)] => one::<T>(run, files, config),
        _ => several::<T>(run, inputs, &config),
    }
}

/// Writes the rows of one capture as they come.
fn one<T: Report>(run: &Run, files: &[PathBuf], config: Config) -> Status {
    write_to(&run.output, |sink, format| {
        let watched = sink.is_terminal();
        let mut writer = Writer::<T>::new(format, sink, files.len() > 1)?;
        let study = study::<T>(run, files, config, None);
        let study = study.and_then(|study| T::write(study, watched, &mut writer));
        let (status, any) = match study {
            Ok(study) => {
                let remarks = study.remarks();
                remarks.say();
                // Programs that read files of rows know what an empty output means, but a stream
                // shows nothing.
                let is_asked = study.is_empty()
                    || format == Format::Table
                    || files.iter().any(|file| file.as_os_str() == "-");
                if let Some(lacking) = study.nothing_recognised().filter(|_| is_asked) {
                    say(&format!("{}: {lacking}", study.name()));
                }
                (remarks.status, true)
            }
            Err(Failure::Unreadable(reason)) => {
                say(&format!("{}: {reason}", name_of(files)));
                (Status::Failed, false)
            }
            Err(Failure::Output(error)) => return Err(error),
        };
        writer.finish()?;
        Ok((status, any))
    })
}

/// Reads a capture for its rows.
pub(super) fn study<T: Report>(
    run: &Run,
    files: &[PathBuf],
    config: Config,
    total: Option<Arc<Total>>,
) -> Result<Study, Failure> {
    let counts = T::COUNTS && run.as_known.is_none();
    let study = Study::among(files, config, total, counts)?;
    Ok(study.asking(run.model.as_ref(), run.as_known))
}

/// Returns the name in messages of a capture that cannot be read.
fn name_of(files: &[PathBuf]) -> String {
    files.first().map_or_else(String::new, |file| name(file))
}

/// Writes the rows of several captures into one output, in order, whichever is read first.
fn several<T: Report>(run: &Run, inputs: &[Input], config: &Config) -> Status {
    let mut sentences = Vec::new();
    let status = write_to(&run.output, |sink, format| {
        let watched = sink.is_terminal();
        let mut writer = Writer::<T>::new(format, sink, true)?;
        let read = |total: &Arc<Total>, files: &[PathBuf]| -> Result<(Study, Part), Failure> {
            let study = study::<T>(run, files, config.clone(), Some(Arc::clone(total)))?;
            let mut part = Writer::<T>::of_part(format, watched)?;
            let study = T::write(study, false, &mut part)?;
            Ok((study, part.into_part()?))
        };
        let keep = |total: &Arc<Total>, part: Part| {
            // The progress bar would be drawn into the rows.
            if watched {
                total.aside(|| writer.append(part))
            } else {
                writer.append(part)
            }
        };
        let total = total::<T>(inputs);
        let (status, any) = all(run, inputs, format, &total, &mut sentences, read, keep)?;
        writer.finish()?;
        Ok((status, any))
    });
    sentences.iter().for_each(|sentence| say(sentence));
    status
}

/// Writes the rows of each capture into a file of its own.
fn partition<T: Report>(run: &Run, inputs: &[Input], config: &Config) -> Status {
    let root = match partition_folder(run, inputs) {
        Ok(root) => root,
        Err(sentence) => {
            say(&sentence);
            return Status::Failed;
        }
    };
    let mut sentences = Vec::new();
    let written = fs::create_dir_all(root).and_then(|()| {
        let read = |total: &Arc<Total>, files: &[PathBuf]| -> Result<(Study, Sink), Failure> {
            let study = study::<T>(run, files, config.clone(), Some(Arc::clone(total)))?;
            let mut sink = Sink::below(root, partition_file(root, &files[0]))?;
            let mut writer = Writer::<T>::of_partition(&mut sink)?;
            let study = T::write(study, false, &mut writer)?;
            writer.finish()?;
            Ok((study, sink))
        };
        all(
            run,
            inputs,
            Format::Parquet,
            &total::<T>(inputs),
            &mut sentences,
            read,
            |_, sink: Sink| sink.keep(),
        )
    });
    sentences.iter().for_each(|sentence| say(sentence));
    match written {
        Ok((status, _)) => status,
        Err(error) => unwritten(Some(root), &error),
    }
}

/// Returns the folder of partitions, or a sentence why there can be none.
fn partition_folder<'r>(run: &'r Run, inputs: &[Input]) -> Result<&'r Path, String> {
    let output = run.output.output.as_deref();
    let Some(root) = output.filter(|root| root.as_os_str() != "-") else {
        return Err("partitions are files; name the folder for them with -o".to_owned());
    };
    let format = run.output.format;
    if format.is_some_and(|format| format != Format::Parquet) {
        return Err("partitions are Parquet; leave --format out".to_owned());
    }
    if root.metadata().is_ok_and(|metadata| !metadata.is_dir()) {
        return Err(format!(
            "{}: is no folder, which partitions need; name another output",
            escape::path(root)
        ));
    }
    if let Some(sentence) = conflict(inputs) {
        return Err(sentence);
    }
    let paths = || inputs.iter().flat_map(Input::files);
    let read: HashSet<_> = paths()
        .filter_map(|path| Identity::of_input(path))
        .collect();
    let lost = paths()
        .map(|path| partition_file(root, path))
        .find(|target| Identity::of_output(Some(target)).is_some_and(|it| read.contains(&it)));
    match lost {
        None => Ok(root),
        Some(lost) => Err(format!(
            "{}: is one of the captures and would be lost; name another folder",
            escape::path(&lost)
        )),
    }
}

/// Returns the file that holds the rows of a capture.
fn partition_file(root: &Path, capture: &Path) -> PathBuf {
    root.join(folder(&capture.to_string_lossy())).join(PART)
}

/// Returns why the captures cannot have a folder each.
fn conflict(inputs: &[Input]) -> Option<String> {
    let mut folders = HashMap::new();
    inputs.iter().flat_map(Input::files).find_map(|path| {
        let folder = folder(&path.to_string_lossy());
        let length = folder.len();
        if length > MAX_NAME {
            return Some(format!(
                "{}: makes a folder's name of {length} bytes, and {MAX_NAME} is the most; name captures from a folder \
                 nearer to them",
                escape::path(path)
            ));
        }
        let other: &PathBuf = folders.insert(folder, path)?;
        Some(format!(
            "{} and {} would be one partition; name each capture once",
            escape::path(other),
            escape::path(path)
        ))
    })
}

/// Longest name of a file on usual systems.
const MAX_NAME: usize = 255;

/// Returns the bytes of the captures. Each is read [`Report::PASSES`] times.
pub(super) fn bytes(inputs: &[Input]) -> u64 {
    let size = |path: &PathBuf| path.metadata().map_or(0, |metadata| metadata.len());
    inputs.iter().flat_map(Input::files).map(size).sum()
}

fn total<T: Report>(inputs: &[Input]) -> Arc<Total> {
    Total::new(inputs.len(), bytes(inputs), T::PASSES)
}

/// Reads every capture, on several cores, and keeps its rows in order. Returns the worst status,
/// and true if any capture could be read; fails if the output does.
pub(super) fn all<R: Send>(
    run: &Run,
    inputs: &[Input],
    format: Format,
    total: &Arc<Total>,
    sentences: &mut Vec<String>,
    read: impl Fn(&Arc<Total>, &[PathBuf]) -> Result<(Study, R), Failure> + Sync,
    mut keep: impl FnMut(&Arc<Total>, R) -> io::Result<()>,
) -> io::Result<(Status, bool)> {
    let jobs = jobs(run.jobs);
    let work = |number: usize| {
        let outcome = outcome(&inputs[number], |files| read(total, files));
        total.advance();
        outcome
    };
    let (mut worst, mut any, mut recognised) = (Status::Done, false, false);
    let mut one_way = Vec::new();
    workers::in_order(inputs.len(), jobs, work, |_, outcome| {
        let kept = outcome.and_then(|outcome| {
            worst = worst.max(outcome.status);
            recognised |= outcome.recognised;
            sentences.extend(outcome.sentences);
            one_way.extend(outcome.one_way);
            any |= outcome.rows.is_some();
            outcome.rows.map_or(Ok(()), |rows| keep(total, rows))
        });
        // If the output fails, nobody needs what is being read.
        kept.inspect_err(|_| total.stop())
    })?;
    if !run.joining.no_join {
        sentences.extend(taps::sentence(&one_way));
    }
    if format == Format::Table && any && !recognised {
        sentences.push(NOTHING_RECOGNISED.to_owned());
    }
    Ok((worst, any))
}

/// Reads one capture of several.
fn outcome<R>(
    input: &Input,
    read: impl FnOnce(&[PathBuf]) -> Result<(Study, R), Failure>,
) -> io::Result<CaptureRead<R>> {
    let failed = |sentence: String| CaptureRead {
        status: Status::Failed,
        sentences: vec![sentence],
        recognised: false,
        one_way: None,
        rows: None,
    };
    let files = match input {
        Input::Capture(files) => files,
        Input::Nothing(name, why) => return Ok(failed(format!("{name}: {why}"))),
    };
    match read(files) {
        Ok((study, rows)) => {
            let Remarks {
                status,
                mut sentences,
            } = study.remarks();
            // A damaged file has already reported why it is empty.
            if study.is_empty() && sentences.is_empty() {
                let empty = study.nothing_recognised();
                sentences.extend(empty.map(|empty| format!("{}: {empty}", study.name())));
            }
            Ok(CaptureRead {
                status,
                sentences,
                recognised: study.nothing_recognised().is_none(),
                one_way: OneWay::of(&study),
                rows: Some(rows),
            })
        }
        Err(Failure::Unreadable(reason)) => Ok(failed(format!("{}: {reason}", name_of(files)))),
        Err(Failure::Output(error)) => Err(error),
    }
}
