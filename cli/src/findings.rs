//! Facts known once the last packet has been seen, kept while the packets are read again.

use std::collections::HashMap;
use std::net::IpAddr;

use nflx_core::{Engine, Segment, Server, ServerId};

/// The facts kept about the servers (`S`) and segments (`G`) of a whole capture.
pub(crate) struct Findings<S, G> {
    /// Servers in order of their numbers.
    servers: Vec<(IpAddr, S)>,
    identifiers: HashMap<IpAddr, ServerId>,
    /// Segments from the smallest number that was still held at the end.
    segments: Vec<Option<G>>,
    first_segment: u32,
}

impl<S, G> Findings<S, G> {
    /// Keeps the needed facts about each server and segment.
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

    /// Returns the facts about the server with this address, which an engine now calls `id`.
    pub(crate) fn server(&self, id: ServerId, address: IpAddr) -> Option<&S> {
        let at = |id: ServerId| self.servers.get(id as usize);
        // An engine that was given the servers keeps their numbers, so usually no search is needed.
        at(id)
            .filter(|(known, _)| *known == address)
            .or_else(|| at(*self.identifiers.get(&address)?))
            .map(|(_, server)| server)
    }

    /// Returns the facts about a segment, if it was still held at the end.
    pub(crate) fn segment(&self, number: u32) -> Option<&G> {
        self.segments
            .get(number.checked_sub(self.first_segment)? as usize)?
            .as_ref()
    }
}
