//! Rows that need not wait for the end of a capture.

use std::io;

use nflx_core::quality::{Session, Sessions as Playbacks};
use nflx_core::{Annotation, Engine, Packet, Time, features};

use crate::analysis::Seen;
use crate::args::Run;
use crate::frames::Frames;
use crate::list::Report;
use crate::output::Writer;
use crate::rows::{
    PacketRow, Packets, SegmentRow, Segments, ServerRow, Servers, SessionRow, Sessions,
    evidence_kinds, ranked, spans,
};

/// Rows that need not wait for the end of a capture.
pub(crate) trait Live: Report {
    /// True if they are the same as the rows of a whole capture, so that pipes give them by
    /// default.
    const IS_DEFAULT: bool = false;

    /// The state kept from packet to packet.
    type State;

    fn begin(engine: &Engine, run: &Run) -> Self::State;

    /// Returns the counts of what windows had no room for.
    fn stats(_: &Self::State) -> features::WindowStats {
        features::WindowStats::default()
    }

    /// Writes the rows that become due with a packet, or at the end of the capture without one.
    /// Returns their number.
    fn bring(
        state: &mut Self::State,
        engine: &mut Engine,
        packet: Option<(&Packet<'_>, Option<Annotation>)>,
        about: &About<'_>,
        writer: &mut Writer<'_, Self>,
    ) -> io::Result<u64>;
}

/// The data that all rows need.
pub(crate) struct About<'a> {
    pub(super) capture: &'a str,
    frames: &'a Frames,
    pub(super) start: Time,
}

impl<'a> About<'a> {
    pub(super) fn new(capture: &'a str, frames: &'a Frames, seen: &Seen) -> Self {
        Self {
            capture,
            frames,
            start: seen.start.unwrap_or_default(),
        }
    }
}

impl Live for Segments {
    const IS_DEFAULT: bool = true;

    type State = ();

    fn begin(_: &Engine, _: &Run) {}

    fn bring(
        (): &mut (),
        engine: &mut Engine,
        _: Option<(&Packet<'_>, Option<Annotation>)>,
        about: &About<'_>,
        writer: &mut Writer<'_, Self>,
    ) -> io::Result<u64> {
        let mut rows = 0;
        while let Some(segment) = engine.next_settled() {
            writer.row(&SegmentRow {
                frames: about.frames,
                start: about.start,
                segment: &segment,
                server: engine.server(segment.server),
                // Only known with the whole session.
                media: None,
            })?;
            rows += 1;
        }
        if rows > 0 {
            writer.flush()?;
        }
        Ok(rows)
    }
}

impl Live for Servers {
    type State = ();

    fn begin(_: &Engine, _: &Run) {}

    /// Writes a row whenever a server's role changes, and one per server at the end.
    fn bring(
        (): &mut (),
        engine: &mut Engine,
        packet: Option<(&Packet<'_>, Option<Annotation>)>,
        about: &About<'_>,
        writer: &mut Writer<'_, Self>,
    ) -> io::Result<u64> {
        // Nobody needs segments here.
        while engine.next_settled().is_some() {}
        let mut changed = Vec::new();
        while let Some(id) = engine.next_changed_server() {
            changed.extend(engine.server(id).map(|server| server.address));
        }
        let is_end = packet.is_none();
        if changed.is_empty() && !is_end {
            return Ok(0);
        }
        let mut rows = 0;
        for server in &ranked(engine) {
            if is_end || changed.contains(&server.address) {
                writer.row(&ServerRow {
                    capture: about.capture,
                    start: about.start,
                    server,
                    evidence: &evidence_kinds(server),
                })?;
                rows += 1;
            }
        }
        writer.flush()?;
        Ok(rows)
    }
}

/// Sessions in progress, and the number of finished ones.
pub(crate) struct Playing {
    sessions: Playbacks,
    over: u32,
}

impl Live for Sessions {
    type State = Playing;

    fn begin(engine: &Engine, _: &Run) -> Playing {
        Playing {
            sessions: Playbacks::new(engine.config()),
            over: 0,
        }
    }

    /// Writes a row for each session when it is over. Sessions are numbered in that order.
    fn bring(
        state: &mut Playing,
        engine: &mut Engine,
        packet: Option<(&Packet<'_>, Option<Annotation>)>,
        about: &About<'_>,
        writer: &mut Writer<'_, Self>,
    ) -> io::Result<u64> {
        while let Some(segment) = engine.next_settled() {
            state.sessions.segment(&segment);
        }
        match packet {
            Some((packet, _)) => state.sessions.until(packet.time),
            None => state.sessions.finish(),
        }
        let mut over: Vec<Session> = std::iter::from_fn(|| state.sessions.next_session()).collect();
        if over.is_empty() {
            return Ok(0);
        }
        over.sort_by_key(|session| (session.t_start, session.client));
        for session in &mut over {
            state.over = state.over.saturating_add(1);
            session.number = state.over;
            writer.row(&SessionRow {
                capture: about.capture,
                start: about.start,
                session,
                stalls: &spans(session),
            })?;
        }
        writer.flush()?;
        Ok(over.len() as u64)
    }
}

impl Live for Packets {
    type State = ();

    fn begin(_: &Engine, _: &Run) {}

    fn bring(
        (): &mut (),
        engine: &mut Engine,
        packet: Option<(&Packet<'_>, Option<Annotation>)>,
        about: &About<'_>,
        writer: &mut Writer<'_, Self>,
    ) -> io::Result<u64> {
        // Nobody needs segments here.
        while engine.next_settled().is_some() {}
        let Some((packet, Some(annotation))) = packet else {
            return Ok(0);
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
        writer.flush()?;
        Ok(1)
    }
}
