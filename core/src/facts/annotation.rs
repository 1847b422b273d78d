//! The engine's answer about one packet.

use super::counters::{Counters, Direction};

/// Index of a server in the engine, from 0 in order of identification. See
/// [`crate::Engine::server`].
pub type ServerId = u32;

/// Facts about one packet of an identified Netflix server, as of that packet. For what only later
/// packets reveal (a segment's total, its last frame), look up the segment with
/// [`crate::Engine::segment`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Annotation {
    /// The server at the Netflix end.
    pub server: ServerId,
    /// Flow number, from 0 in order of appearance among all flows of the capture. `None` for a
    /// later fragment if the first one, which holds the ports, did not come before it.
    pub flow: Option<u32>,
    /// Direction: from or to Netflix.
    pub direction: Direction,
    /// True if this packet begins a segment request.
    pub request: bool,
    /// True if the snapshot length cut headers or record framing of this packet.
    pub truncated: bool,
    /// Number of the segment whose request or response bytes this packet carries, from 1 in order
    /// of request.
    pub segment: Option<u32>,
    /// Response payload of that segment up to and including this packet.
    pub bytes_so_far: u64,
    /// True if response bytes of that segment are known, as of this packet, to have never been
    /// captured.
    pub missing: bool,
    /// True for a copy of a packet captured earlier. A copy is not counted and belongs to no
    /// segment.
    pub duplicate: bool,
    /// True once any table has been full, so results may be incomplete; see [`crate::Stats::lost`].
    pub full: bool,
    /// Counters of the server address up to and including this packet.
    pub server_counters: Counters,
    /// Counters of the flow up to and including this packet.
    pub flow_counters: Counters,
}
