//! From an analyzed capture to its rows.

pub(crate) mod columns;
pub(crate) mod live;
pub(crate) mod quality;
pub(crate) mod run;
pub(crate) mod settings;
mod taps;
mod write;

use std::collections::HashMap;
use std::sync::Arc;

use nflx_core::quality::{Session, Sessions as Playbacks};

use crate::analysis::{Failure, Study};
use crate::findings::Findings;
use crate::output::Writer;
use crate::rows::{
    P1203, P1203Row, PacketRow, Packets, Playback, PlaybackRow, Rows, SegmentRow, Segments,
    ServerRow, Servers, SessionRow, Sessions, evidence_kinds, ranked, spans,
};

/// A type of row that a capture gives.
pub(crate) trait Report: Rows + Sized {
    /// Least number of times that a capture is read.
    const PASSES: u32 = 1;
    /// True if windows are counted during the first pass.
    const COUNTS: bool = false;

    /// Writes the rows of a capture; `watched` if a person sees them come.
    fn write(study: Study, watched: bool, writer: &mut Writer<'_, Self>) -> Result<Study, Failure>;
}

impl Report for Servers {
    fn write(study: Study, _: bool, writer: &mut Writer<'_, Self>) -> Result<Study, Failure> {
        for server in &ranked(&study.engine) {
            let evidence = &evidence_kinds(server);
            writer.row(&ServerRow {
                capture: study.frames.at(server.t_first),
                start: study.start,
                server,
                evidence,
            })?;
        }
        Ok(study)
    }
}

impl Report for Segments {
    fn write(study: Study, _: bool, writer: &mut Writer<'_, Self>) -> Result<Study, Failure> {
        let engine = &study.engine;
        let media: HashMap<u32, f64> = sessions(&study)
            .iter()
            .flat_map(Session::media_seconds)
            .collect();
        for segment in engine.segments() {
            let server = engine.server(segment.server);
            writer.row(&SegmentRow {
                frames: &study.frames,
                start: study.start,
                segment,
                server,
                media: media.get(&segment.number).copied(),
            })?;
        }
        Ok(study)
    }
}

/// Returns the sessions of playback in a capture.
pub(crate) fn sessions(study: &Study) -> Vec<Session> {
    let engine = &study.engine;
    Playbacks::of(engine.segments(), engine.config()).0
}

impl Report for Sessions {
    fn write(study: Study, _: bool, writer: &mut Writer<'_, Self>) -> Result<Study, Failure> {
        for session in &sessions(&study) {
            writer.row(&SessionRow {
                capture: study.frames.at(session.t_start),
                start: study.start,
                session,
                stalls: &spans(session),
            })?;
        }
        Ok(study)
    }
}

impl Report for Playback {
    fn write(study: Study, _: bool, writer: &mut Writer<'_, Self>) -> Result<Study, Failure> {
        let step = study.engine.config().playback_step() as f64 / 1000.0;
        for session in &sessions(&study) {
            for moment in session.moments(step) {
                writer.row(&PlaybackRow {
                    capture: study.frames.at(moment.t),
                    start: study.start,
                    session: session.number,
                    moment,
                })?;
            }
        }
        Ok(study)
    }
}

impl Report for P1203 {
    fn write(study: Study, _: bool, writer: &mut Writer<'_, Self>) -> Result<Study, Failure> {
        for session in &sessions(&study) {
            if let Some(row) = P1203Row::new(study.frames.at(session.t_start), session) {
                writer.row(&row)?;
            }
        }
        Ok(study)
    }
}

impl Report for Packets {
    const PASSES: u32 = 2;

    /// Reads the capture again, so that the first packet's row already has facts from the last one.
    fn write(study: Study, watched: bool, writer: &mut Writer<'_, Self>) -> Result<Study, Failure> {
        let findings = Findings::of(&study.engine, |server| server.role, |segment| segment.kind);
        let (start, frames) = (study.start, Arc::clone(&study.frames));
        // A progress bar would be drawn into the rows on a terminal.
        study.again(!watched, |packet, annotation, engine| {
            let Some(annotation) = annotation else {
                return Ok(());
            };
            let server = engine.server(annotation.server);
            let segment = annotation.segment.and_then(|number| engine.segment(number));
            let (capture, frame) = frames.locate(packet.frame);
            writer.row(&PacketRow {
                capture,
                start,
                frame,
                time: packet.time,
                annotation,
                server,
                segment,
                role: server
                    .and_then(|server| findings.server(annotation.server, server.address))
                    .copied()
                    .unwrap_or_default(),
                kind: annotation
                    .segment
                    .and_then(|number| findings.segment(number))
                    .copied(),
            })
        })
    }
}
