//! `nflx report`: one page that shows a capture to people.
//!
//! ```text
//! capture ─ study ─→ facts (servers, segments, gaps, phases, losses) ─┬→ markup ─→ one HTML file
//!              └─ packets ─→ traffic (bytes over time) ──────────────┴→ chart (SVG)
//! ```
//!
//! The page stands alone: no script, nothing fetched, and a policy in it that forbids both. All text is escaped, whatever
//! a capture calls a server. Its size is bounded: what a large capture has more of is summed up or left out, and said.

mod chart;
mod facts;
mod markup;
mod numbers;
mod tables;
mod traffic;

use std::io::{self, Write};
use std::path::Path;

use facts::Facts;
use markup::Page;
use traffic::Traffic;

use crate::analysis::{Failure, Study};
use crate::args::Report;
use crate::list::run::NOTHING_RECOGNISED;
use crate::messages::{Status, is_one_of, mistake, name, reason, say};
use crate::output::Sink;

/// Writes the page.
pub(crate) fn run(run: &Report) -> Status {
    if run
        .output
        .as_deref()
        .is_some_and(|output| is_one_of(output, std::iter::once(&*run.file)))
    {
        say(&format!(
            "{}: is the capture itself and would be lost; name another output",
            name(&run.file)
        ));
        return Status::Failed;
    }
    match written(run) {
        Ok(status) => status,
        Err(Failure::Unreadable(reason)) => {
            say(&format!("{}: {reason}", name(&run.file)));
            Status::Failed
        }
        // Whoever reads our output has seen enough.
        Err(Failure::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => Status::Done,
        Err(Failure::Output(error)) => {
            let place = run
                .output
                .as_deref()
                .map_or("standard output".into(), |path| path.display().to_string());
            say(&format!("{place}: cannot be written: {}", reason(&error)));
            Status::Failed
        }
    }
}

fn written(run: &Report) -> Result<Status, Failure> {
    let config = match run.analysis.config() {
        Ok(config) => config,
        Err(error) => return Ok(mistake(&error)),
    };
    let mut sink = Sink::open(run.output.as_deref())?;
    if sink.is_terminal() {
        say(
            "a page is for a browser, not for a terminal: name a file with -o, for example -o report.html",
        );
        return Ok(Status::Failed);
    }
    let study = Study::new(&run.file, config)?;
    let mut traffic = Traffic::of(&study.engine);
    let study = match &mut traffic {
        Some(traffic) => study.again(true, |packet, annotation, engine| {
            if let Some(annotation) = annotation {
                traffic.add(&annotation, packet.time, engine);
            }
            Ok(())
        })?,
        None => study,
    };
    let facts = Facts::of(&study.engine);
    // The folder is nobody's business who gets the page.
    let file = name(Path::new(
        run.file.file_name().unwrap_or(run.file.as_os_str()),
    ));
    let page = Page {
        capture: &file,
        start: study.start,
        facts: &facts,
        traffic: traffic.as_ref(),
        remarks: &study
            .damage()
            .into_iter()
            .chain(study.shortage())
            .collect::<Vec<_>>(),
    };
    sink.write_all(
        page.markup()
            .map_err(io::Error::other)?
            .into_string()
            .as_bytes(),
    )?;
    sink.keep()?;
    let mut remarks = study.remarks(&name(&run.file));
    if traffic.is_none() {
        remarks
            .sentences
            .push(format!("{}: {NOTHING_RECOGNISED}", name(&run.file)));
    }
    remarks.say();
    Ok(remarks.status)
}
