//! From an analyzed capture to its rows.

pub(crate) mod run;
pub(crate) mod settings;
mod write;

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use nflx_core::quality::{Session, Sessions as Playbacks};
use nflx_core::{Features as Windows, Kind, Role, ServerId, Time};

use crate::analysis::{Failure, Frames, Study};
use crate::output::Writer;
use crate::rows::{
    FeatureRow, Features, PacketRow, Packets, Playback, PlaybackRow, Rows, SegmentRow, Segments,
    ServerRow, Servers, SessionRow, Sessions, begin, evidence_kinds, ranked, spans,
};

/// Rows that a capture gives.
pub(crate) trait Report: Rows + Sized {
    /// How often a capture is read at least.
    const PASSES: u32 = 1;

    /// Writes the rows of a capture; `watched` where a person sees them come.
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
        for segment in engine
            .segment_numbers()
            .filter_map(|number| engine.segment(number))
        {
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

/// Sessions of playback in a capture.
pub(crate) fn sessions(study: &Study) -> Vec<Session> {
    let engine = &study.engine;
    let segments = engine
        .segment_numbers()
        .filter_map(|number| engine.segment(number));
    Playbacks::of(segments, engine.config()).0
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

impl Report for Packets {
    const PASSES: u32 = 2;

    /// Reads the capture once more, so that the first packet's row already knows what the last one revealed.
    fn write(study: Study, watched: bool, writer: &mut Writer<'_, Self>) -> Result<Study, Failure> {
        let outcome = Outcome::of(&study);
        let (start, frames) = (study.start, Arc::clone(&study.frames));
        // A bar would be drawn into the rows of a terminal.
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
                role: server.map_or(Role::Unknown, |server| {
                    outcome.role(annotation.server, server.address)
                }),
                kind: annotation.segment.and_then(|number| outcome.kind(number)),
            })
        })
    }
}

impl Report for Features {
    const PASSES: u32 = 2;

    /// Reads the capture once more: what a segment was shows only behind it.
    fn write(study: Study, watched: bool, writer: &mut Writer<'_, Self>) -> Result<Study, Failure> {
        let mut windows = Windows::new(&study.engine);
        let (start, frames) = (study.start, Arc::clone(&study.frames));
        let mut study = study.again(!watched, |packet, annotation, _| {
            windows.packet(packet, annotation.as_ref());
            drain(&mut windows, &frames, start, writer)
        })?;
        windows.finish();
        drain(&mut windows, &frames, start, writer)?;
        study.windows = windows.stats();
        Ok(study)
    }
}

fn drain(
    windows: &mut Windows,
    frames: &Frames,
    start: Time,
    writer: &mut Writer<'_, Features>,
) -> io::Result<()> {
    while let Some(row) = windows.next_row() {
        writer.row(&FeatureRow {
            capture: frames.at(begin(&row)),
            start,
            row: &row,
        })?;
    }
    Ok(())
}

/// What is known only once the last packet has been seen.
struct Outcome {
    /// In order of the servers' identifiers.
    roles: Vec<(IpAddr, Role)>,
    identifiers: HashMap<IpAddr, ServerId>,
    first_segment: u32,
    kinds: Vec<Option<Kind>>,
}

impl Outcome {
    fn of(study: &Study) -> Self {
        let engine = &study.engine;
        let numbers = engine.segment_numbers();
        let servers = (0..engine.server_count()).map_while(|id| engine.server(id));
        let roles: Vec<_> = servers
            .map(|server| (server.address, server.role))
            .collect();
        Self {
            identifiers: roles.iter().map(|(address, _)| *address).zip(0..).collect(),
            roles,
            first_segment: numbers.start,
            kinds: numbers
                .map(|number| engine.segment(number).map(|segment| segment.kind))
                .collect(),
        }
    }

    fn role(&self, id: ServerId, address: IpAddr) -> Role {
        let at = |id: ServerId| self.roles.get(id as usize);
        // An engine that is told the servers keeps their identifiers, so that none is looked for.
        let same = at(id).filter(|(known, _)| *known == address);
        same.or_else(|| at(*self.identifiers.get(&address)?))
            .map(|(_, role)| *role)
            .unwrap_or_default()
    }

    fn kind(&self, segment: u32) -> Option<Kind> {
        *self
            .kinds
            .get(segment.checked_sub(self.first_segment)? as usize)?
    }
}
