//! Rows as they come: of a capture that is still being written, each when nothing about it will change.

use std::io;
use std::path::Path;

use nflx_core::{Annotation, Config, Engine, Packet, Time};

use super::write::write_to;
use crate::analysis::{Failure, seeded};
use crate::args::{Output, Run};
use crate::capture::{Reader, live};
use crate::frames::Frames;
use crate::messages::{Status, name, say};
use crate::output::{Format, Writer};
use crate::rows::{PacketRow, Packets, Rows, SegmentRow, Segments};

/// Rows that need not wait for the end of a capture.
pub(crate) trait Live: Rows + Sized {
    /// Writes the rows that a packet brings. At the end of the capture there is none.
    fn write(
        engine: &mut Engine,
        packet: Option<(&Packet<'_>, Option<Annotation>)>,
        about: &About<'_>,
        writer: &mut Writer<'_, Self>,
    ) -> io::Result<()>;
}

/// What all rows say.
pub(crate) struct About<'a> {
    capture: &'a str,
    frames: &'a Frames,
    start: Time,
}

impl Live for Segments {
    fn write(
        engine: &mut Engine,
        _: Option<(&Packet<'_>, Option<Annotation>)>,
        about: &About<'_>,
        writer: &mut Writer<'_, Self>,
    ) -> io::Result<()> {
        while let Some(segment) = engine.next_settled() {
            writer.row(&SegmentRow {
                frames: about.frames,
                start: about.start,
                segment: &segment,
                server: engine.server(segment.server),
                // Known with the whole session only.
                media: None,
            })?;
            writer.flush()?;
        }
        Ok(())
    }
}

impl Live for Packets {
    fn write(
        engine: &mut Engine,
        packet: Option<(&Packet<'_>, Option<Annotation>)>,
        about: &About<'_>,
        writer: &mut Writer<'_, Self>,
    ) -> io::Result<()> {
        // Nobody asks for segments here.
        while engine.next_settled().is_some() {}
        let Some((packet, Some(annotation))) = packet else {
            return Ok(());
        };
        let server = engine.server(annotation.server);
        let segment = annotation.segment.and_then(|number| engine.segment(number));
        writer.row(&PacketRow {
            capture: about.capture,
            start: about.start,
            frame: packet.frame,
            time: packet.time,
            annotation,
            server,
            segment,
            role: server.map(|server| server.role).unwrap_or_default(),
            kind: segment.map(|segment| segment.kind),
        })?;
        writer.flush()
    }
}

/// Writes the rows of a capture while it is read, once.
pub(crate) fn run<T: Live>(run: &Run) -> Status {
    let [path] = &run.files[..] else {
        say("--live reads one capture; name one, or - for standard input");
        return Status::Failed;
    };
    if run.partition || run.joining.join {
        say("--live reads one capture; leave --partition and --join out");
        return Status::Failed;
    }
    let output = &run.output;
    let format = output
        .format
        .or_else(|| output.output.as_deref().and_then(Format::of_name))
        .unwrap_or(Format::Jsonl);
    if !matches!(format, Format::Jsonl | Format::Csv) {
        say("rows that come one by one are JSON lines or CSV; give --format jsonl or --format csv");
        return Status::Failed;
    }
    let config = match run.analysis.config() {
        Ok(config) => config,
        Err(error) => return crate::messages::mistake(&error),
    };
    let output = Output {
        format: Some(format),
        output: output.output.clone(),
    };
    write_to(&output, |sink, format| {
        let mut writer = Writer::<T>::new(format, sink, false)?;
        writer.flush()?;
        let outcome = rows(path, config, &mut writer);
        let status = match outcome {
            Ok(status) => status,
            Err(Failure::Unreadable(reason)) => {
                say(&format!("{}: {reason}", name(path)));
                Status::Failed
            }
            Err(Failure::Output(error)) => return Err(error),
        };
        writer.finish()?;
        Ok((status, status != Status::Failed))
    })
}

fn rows<T: Live>(
    path: &Path,
    config: Config,
    writer: &mut Writer<'_, T>,
) -> Result<Status, Failure> {
    let pass = live::open(path)?;
    let mut reader = Reader::new(pass.bytes)?;
    let mut engine = Engine::new(seeded(config));
    engine.watch_settled();
    let capture = path.to_string_lossy();
    let frames = Frames::of_one(&capture);
    let mut about = About {
        capture: &capture,
        frames: &frames,
        start: Time(0),
    };
    let mut first = true;
    while let Some(packet) = reader.next() {
        if first {
            about.start = packet.time;
            first = false;
        }
        let annotation = engine.packet(&packet);
        T::write(&mut engine, Some((&packet, annotation)), &about, writer)?;
    }
    engine.finish();
    T::write(&mut engine, None, &about, writer)?;
    let stats = engine.stats();
    if stats.settled_lost > 0 {
        say(&format!(
            "{}: {} segments were settled and let go before they could be written; raise max_segments with --set NAME=VALUE",
            name(path),
            stats.settled_lost
        ));
    }
    let Some(damage) = reader.damage() else {
        return Ok(Status::Done);
    };
    let unit = if pass.compressed {
        "decompressed byte"
    } else {
        "byte"
    };
    say(&format!("{}: {}", name(path), damage.sentence(unit)));
    Ok(Status::Damaged)
}
