//! `nflx annotate`: copies a capture with facts about its packets as comments.
//!
//! ```text
//! capture ─ study ─→ findings (totals of segments, names and roles of servers)
//!    │                   │
//!    └─ pieces ─ engine ─┴→ note ─→ rewriter ─→ pcapng
//! ```
//!
//! Every byte of a pcapng file is copied, except those that a comment changes: the options of its
//! block, the two lengths around it, and the length of the section if the file states it. `--strip`
//! undoes exactly that.

mod comment;
mod convert;
mod rewriter;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::{self, Seek, Write};

use comment::Edit;
use nflx_core::{PacketComment, Summary};
use rewriter::Rewriter;

use crate::analysis::{Failure, Study};
use crate::args::{Annotate, Which};
use crate::capture::{Piece, Reader, Source};
use crate::findings::Findings;
use crate::messages::{Status, mistake, name, say, unwritten, would_be_lost};
use crate::output::Sink;
use crate::progress::Progress;

/// Writes the annotated capture, or the stripped one.
pub(crate) fn run(run: &Annotate) -> Status {
    if would_be_lost(Some(&run.output), std::iter::once(&*run.input)) {
        return Status::Failed;
    }
    match written(run) {
        Ok(status) => status,
        Err(Failure::Unreadable(reason)) => {
            say(&format!("{}: {reason}", name(&run.input)));
            Status::Failed
        }
        Err(Failure::Output(error)) => unwritten(Some(&run.output), &error),
    }
}

fn written(run: &Annotate) -> Result<Status, Failure> {
    let mut sink = Sink::open(Some(&run.output))?;
    if sink.is_terminal() {
        say("captures are not for terminals; name a file or send the output to a program");
        return Ok(Status::Failed);
    }
    let status = match &mut sink {
        Sink::File { temporary, .. } => write(run, temporary)?,
        // A section's length precedes the section, so pipes get the section when all of it is
        // known.
        Sink::Stdout(_) | Sink::Direct(_) => {
            let mut spool = tempfile::tempfile()?;
            let status = write(run, &mut spool)?;
            copy(&mut spool, &mut sink)?;
            status
        }
    };
    if status != Status::Failed {
        sink.keep()?;
    }
    Ok(status)
}

fn copy(spool: &mut File, sink: &mut Sink) -> io::Result<()> {
    spool.rewind()?;
    io::copy(spool, sink)?;
    sink.flush()
}

fn write<W: Write + Seek>(run: &Annotate, out: W) -> Result<Status, Failure> {
    let mut rewriter = Rewriter::new(out);
    let status = if run.strip {
        strip(run, &mut rewriter)?
    } else {
        annotate(run, &mut rewriter)?
    };
    rewriter.finish()?;
    Ok(status)
}

fn annotate<W: Write + Seek>(
    run: &Annotate,
    rewriter: &mut Rewriter<W>,
) -> Result<Status, Failure> {
    let config = match run.analysis.config() {
        Ok(config) => config,
        Err(error) => {
            mistake(&error);
            return Ok(Status::Failed);
        }
    };
    let study = Study::new(std::slice::from_ref(&run.input), config)?;
    let mut summary = Summary::of(&study.engine).map(|summary| summary.to_string());
    let findings = Findings::of(&study.engine, Clone::clone, Clone::clone);
    let mut text = String::new();
    let study = study.pieces(|piece, annotation, engine| {
        let note = annotation
            .as_ref()
            .zip(annotation.and_then(|said| engine.server(said.server)));
        let note = note.map(|(annotation, server)| PacketComment {
            segment: annotation
                .segment
                .and_then(|number| findings.segment(number)),
            server: findings
                .server(annotation.server, server.address)
                .unwrap_or(server),
            frame: piece.frame(),
            annotation,
            settled: true,
        });
        let note = note
            .filter(|note| run.packets == Which::All || note.is_landmark())
            .map(|note| {
                text.clear();
                note.append_to(&mut text);
                text.as_str()
            });
        match piece {
            Piece::Section(_) | Piece::Header(_) => {
                rewriter.piece(&piece, summary.take().as_deref().into())
            }
            _ => rewriter.piece(&piece, note.into()),
        }
    })?;
    let remarks = study.remarks();
    remarks.say();
    if let Some(lacking) = study.nothing_recognised() {
        say(&format!("{}: {lacking}", name(&run.input)));
    }
    Ok(remarks.status)
}

fn strip<W: Write + Seek>(run: &Annotate, rewriter: &mut Rewriter<W>) -> Result<Status, Failure> {
    let mut source = Source::open(&run.input)?;
    let progress = Progress::new(&name(&run.input), source.size());
    let pass = source.pass(&progress)?;
    let mut reader = Reader::new(pass.bytes)?;
    while let Some(piece) = reader.next_piece() {
        if matches!(piece, Piece::Header(_)) {
            say(&format!(
                "{}: is pcap, which has no comments that could be stripped",
                name(&run.input)
            ));
            return Ok(Status::Failed);
        }
        rewriter.piece(&piece, Edit::Strip)?;
    }
    let Some(damage) = reader.damage() else {
        return Ok(Status::Done);
    };
    let unit = if pass.compressed {
        "decompressed byte"
    } else {
        "byte"
    };
    say(&format!("{}: {}", name(&run.input), damage.sentence(unit)));
    Ok(Status::Damaged)
}

impl Piece<'_> {
    /// Returns the number of the packet; 0 if there is none.
    const fn frame(&self) -> u64 {
        match self {
            Self::Record(packet) | Self::Packet(packet, _) => packet.frame,
            Self::Header(_) | Self::Section(_) | Self::Other(_) => 0,
        }
    }
}
