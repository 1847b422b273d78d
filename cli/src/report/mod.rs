//! `nflx report`: one page that shows a capture to people.
//!
//! ```text
//! capture ─ study ─→ facts (servers, segments, gaps, phases, losses), sessions, windows ─┬→ markup ─→ one HTML file
//!              └─ packets ─→ traffic (bytes over time) ──────────────┴→ chart (SVG)
//! ```
//!
//! The page stands alone: no script, nothing fetched, and a policy in it that forbids both. All
//! text is escaped, whatever a capture calls a server. Its size is bounded: what a large capture
//! has more of is summed up or left out, and said.

mod chart;
mod facts;
mod markup;
mod numbers;
mod tables;
mod traffic;
mod viewer;
mod windows;

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use facts::Facts;
use markup::Page;
use nflx_core::Config;
use traffic::Traffic;
use windows::Answers;

use crate::analysis::{Failure, Study};
use crate::args::ReportRun;
use crate::inputs::Input;
use crate::list::run::jobs;
use crate::list::{quality, sessions};
use crate::messages::{Status, name, say, unwritten, would_be_lost};
use crate::output::Sink;
use crate::rings;

/// Writes the page.
pub(crate) fn run(run: &ReportRun) -> Status {
    let files = run.files.iter().map(PathBuf::as_path);
    if would_be_lost(run.output.as_deref(), files) {
        return Status::Failed;
    }
    match written(run) {
        Ok(status) => status,
        Err(Failure::Unreadable(reason)) => {
            say(&format!("{}: {reason}", name(&run.files[0])));
            Status::Failed
        }
        Err(Failure::Output(error)) => unwritten(run.output.as_deref(), &error),
    }
}

fn written(run: &ReportRun) -> Result<Status, Failure> {
    let (config, model) = match quality::settings(&run.analysis, run.model.as_ref()) {
        Ok(both) => both,
        Err(sentence) => {
            say(&sentence);
            return Ok(Status::Failed);
        }
    };
    let mut sink = Sink::open(run.output.as_deref())?;
    if sink.is_terminal() {
        say(
            "a page is for a browser, not for a terminal: name a file with -o, for example -o report.html",
        );
        return Ok(Status::Failed);
    }
    let Some(files) = one_capture(run, &config) else {
        say("a page shows one capture; name one, or the files of one with --join");
        return Ok(Status::Failed);
    };
    let study = Study::among(&files, config, None, model.is_some())?.asking(model.as_ref(), None);
    let (study, answers) = answered(study)?;
    let (study, traffic) = with_traffic(study)?;
    let facts = Facts::of(&study.engine);
    let sessions = sessions(&study);
    let lacking = study.nothing_recognised();
    let page = Page {
        lacking: lacking.as_deref(),
        capture: &capture_name(&files),
        start: study.start,
        facts: &facts,
        sessions: &sessions,
        answers: answers.as_ref(),
        traffic: traffic.as_ref(),
        remarks: &study.notes(),
    };
    sink.write_all(
        page.markup()
            .map_err(io::Error::other)?
            .into_string()
            .as_bytes(),
    )?;
    sink.keep()?;
    let mut remarks = study.remarks();
    if let Some(lacking) = lacking {
        remarks
            .sentences
            .push(format!("{}: {lacking}", study.name()));
    }
    remarks.say();
    Ok(remarks.status)
}

/// Reads the capture once more for its bytes over time, where it has any.
fn with_traffic(study: Study) -> Result<(Study, Option<Traffic>), Failure> {
    let Some(mut traffic) = Traffic::of(&study.engine) else {
        return Ok((study, None));
    };
    let study = study.again(true, |packet, annotation, engine| {
        if let Some(annotation) = annotation {
            traffic.add(&annotation, packet.time, engine);
        }
        Ok(())
    })?;
    Ok((study, Some(traffic)))
}

/// Returns what the page calls the capture. The folder is nobody's business who gets the page.
fn capture_name(files: &[PathBuf]) -> String {
    let file = |path: &PathBuf| name(Path::new(path.file_name().unwrap_or(path.as_os_str())));
    match files {
        [first, .., last] => format!("{} to {}", file(first), file(last)),
        files => files.first().map_or_else(String::new, file),
    }
}

/// Asks the model, if there is one.
fn answered(study: Study) -> Result<(Study, Option<Answers>), Failure> {
    let Some(model) = study.model.clone() else {
        return Ok((study, None));
    };
    let name = model.card().map_or("without a card", |card| &card.name);
    let mut answers = Answers::new(name.to_owned());
    let study = quality::each_window(study, false, |_, row, said| {
        answers.add(row, said);
        Ok(())
    })?;
    Ok((study, Some(answers)))
}

/// The files of the capture, if they are one.
fn one_capture(run: &ReportRun, config: &Config) -> Option<Vec<PathBuf>> {
    let inputs = run
        .files
        .iter()
        .map(|file| Input::Capture(vec![file.clone()]));
    let (mut inputs, joined) = rings::join(inputs.collect(), run.joining.how(config), jobs(None));
    joined.iter().for_each(|sentence| say(sentence));
    let last = inputs.pop().map(Input::into_files);
    last.filter(|_| inputs.is_empty())
}
