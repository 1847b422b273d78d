//! Config in, packet in, annotation out, finish.

use crate::annotation::{Annotation, ServerId};
use crate::config::Config;
use crate::packet::Packet;
use crate::segment::Segment;
use crate::service::Server;

/// What the engine dropped, capped or could not read, since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Packets given.
    pub packets: u64,
    /// Packets without an IP packet that could be read (ARP and the like, unknown link types, damaged headers).
    pub not_ip: u64,
    /// Packets whose link type is not known.
    pub unknown_link_type: u64,
    /// Flows in the table now.
    pub flows: u64,
    /// Flows that had to make room for others.
    pub flows_evicted: u64,
    /// Addresses that had to make room for others.
    pub hosts_evicted: u64,
    /// Netflix addresses that found no room.
    pub servers_dropped: u64,
    /// Oldest segments that had to make room for others.
    pub segments_evicted: u64,
    /// Out-of-order bytes that found no room: record framing behind them is estimated.
    pub reorder_dropped: u64,
}

/// The analysis of one capture.
#[derive(Debug)]
pub struct Engine {
    config: Config,
}

impl Engine {
    /// An engine that has seen nothing.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self { config }
    }

    /// Forgets all but the evidence, so that the same packets can be given again and every packet of a server is known
    /// as such from the start.
    #[must_use]
    pub fn into_informed(self) -> Self {
        Self { config: self.config }
    }

    /// Whether evidence came after packets that it concerns, so that a second pass would say more about them.
    #[must_use]
    pub fn evidence_came_late(&self) -> bool {
        false
    }

    /// Takes the next packet; `None` where it is none of Netflix's.
    pub fn packet(&mut self, _packet: &Packet<'_>) -> Option<Annotation> {
        None
    }

    /// Says that the capture ended. Segments still open stay incomplete. Further packets may follow (a live capture
    /// that goes on).
    pub fn finish(&mut self) {}

    /// Number of servers identified: ids are 0 up to this.
    #[must_use]
    pub fn server_count(&self) -> u32 {
        0
    }

    /// A server by its id.
    #[must_use]
    pub fn server(&self, _id: ServerId) -> Option<&Server> {
        None
    }

    /// Smallest and one past the largest segment number that is held; numbers between may be unused.
    #[must_use]
    pub fn segment_numbers(&self) -> core::ops::Range<u32> {
        1..1
    }

    /// A segment by its number; `None` if there is none, or it was evicted.
    #[must_use]
    pub fn segment(&self, _number: u32) -> Option<&Segment> {
        None
    }

    /// What was dropped or capped.
    #[must_use]
    pub fn stats(&self) -> Stats {
        Stats::default()
    }

    /// The settings in force.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }
}
