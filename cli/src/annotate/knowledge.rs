//! What is known once the last packet has been seen.

use std::collections::HashMap;
use std::net::IpAddr;

use nflx_core::{Engine, Segment, Server, ServerId};

/// Servers and segments of a whole capture, kept while its packets are read once more.
pub(super) struct Knowledge {
    /// In order of their identifiers.
    servers: Vec<Server>,
    identifiers: HashMap<IpAddr, ServerId>,
    /// From the smallest number on that was held in the end.
    segments: Vec<Option<Segment>>,
    first_segment: u32,
}

impl Knowledge {
    pub(super) fn of(engine: &Engine) -> Self {
        let servers: Vec<_> = (0..engine.server_count())
            .map_while(|id| engine.server(id))
            .cloned()
            .collect();
        let numbers = engine.segment_numbers();
        Self {
            identifiers: servers
                .iter()
                .map(|server| server.address)
                .zip(0..)
                .collect(),
            servers,
            first_segment: numbers.start,
            segments: numbers
                .map(|number| engine.segment(number).cloned())
                .collect(),
        }
    }

    /// The server as it was in the end.
    pub(super) fn server<'a>(&'a self, id: ServerId, so_far: &'a Server) -> &'a Server {
        let at = |id: ServerId| self.servers.get(id as usize);
        // An engine that is told the servers keeps their identifiers, so that none is looked for.
        let same = at(id).filter(|server| server.address == so_far.address);
        same.or_else(|| at(*self.identifiers.get(&so_far.address)?))
            .unwrap_or(so_far)
    }

    /// The segment as it was in the end, if it was still held then.
    pub(super) fn segment(&self, number: u32) -> Option<&Segment> {
        self.segments
            .get(number.checked_sub(self.first_segment)? as usize)?
            .as_ref()
    }
}
