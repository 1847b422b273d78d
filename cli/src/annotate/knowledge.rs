//! What is known once the last packet has been seen.

use std::collections::HashMap;
use std::net::IpAddr;

use nflx_core::{Engine, Segment, Server};

/// Servers and segments of a whole capture, kept while its packets are read once more.
pub(super) struct Knowledge {
    servers: HashMap<IpAddr, Server>,
    /// In order of their numbers.
    segments: Vec<Segment>,
}

impl Knowledge {
    pub(super) fn of(engine: &Engine) -> Self {
        let servers = (0..engine.server_count()).filter_map(|id| engine.server(id));
        Self {
            servers: servers.map(|server| (server.address, server.clone())).collect(),
            segments: engine.segment_numbers().filter_map(|number| engine.segment(number)).cloned().collect(),
        }
    }

    /// The server as it was in the end.
    pub(super) fn server<'a>(&'a self, so_far: &'a Server) -> &'a Server {
        self.servers.get(&so_far.address).unwrap_or(so_far)
    }

    /// The segment as it was in the end, if it was still held then.
    pub(super) fn segment(&self, number: u32) -> Option<&Segment> {
        let index = self.segments.binary_search_by_key(&number, |segment| segment.number).ok()?;
        self.segments.get(index)
    }
}
