//! Facts known once the last packet has been seen, kept while the packets are read once more.

use std::collections::HashMap;
use std::net::IpAddr;

use nflx_core::{Engine, Segment, Server, ServerId};

/// The part that is kept of the servers (`S`) and segments (`G`) of a whole capture.
pub(crate) struct Findings<S, G> {
    /// In order of their identifiers.
    servers: Vec<(IpAddr, S)>,
    identifiers: HashMap<IpAddr, ServerId>,
    /// From the smallest number on that was held in the end.
    segments: Vec<Option<G>>,
    first_segment: u32,
}

impl<S, G> Findings<S, G> {
    /// Takes what is needed of each server and segment.
    pub(crate) fn of(
        engine: &Engine,
        server: impl Fn(&Server) -> S,
        segment: impl Fn(&Segment) -> G,
    ) -> Self {
        let servers: Vec<_> = engine
            .servers()
            .map(|(_, it)| (it.address, server(it)))
            .collect();
        let numbers = engine.segment_numbers();
        Self {
            identifiers: servers
                .iter()
                .map(|(address, _)| *address)
                .zip(0..)
                .collect(),
            servers,
            first_segment: numbers.start,
            segments: numbers
                .map(|number| engine.segment(number).map(&segment))
                .collect(),
        }
    }

    /// Returns what is kept of the server with this address, which an engine now calls `id`.
    pub(crate) fn server(&self, id: ServerId, address: IpAddr) -> Option<&S> {
        let at = |id: ServerId| self.servers.get(id as usize);
        // An engine that is told the servers keeps their identifiers, so that none is looked for.
        at(id)
            .filter(|(known, _)| *known == address)
            .or_else(|| at(*self.identifiers.get(&address)?))
            .map(|(_, server)| server)
    }

    /// Returns what is kept of a segment, if it was still held in the end.
    pub(crate) fn segment(&self, number: u32) -> Option<&G> {
        self.segments
            .get(number.checked_sub(self.first_segment)? as usize)?
            .as_ref()
    }
}
