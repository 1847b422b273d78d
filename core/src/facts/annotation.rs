//! The engine's answer about one packet.

use super::counters::{Counters, Direction};

/// Index of a server in the engine, from 0 in order of identification: [`crate::Engine::server`].
pub type ServerId = u32;

/// Facts about one packet of an identified Netflix server, as of that packet. What only later packets reveal (a
/// segment's total, its last frame) is read by segment number from [`crate::Engine::segment`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Annotation {
    /// The Netflix end.
    pub server: ServerId,
    /// Flow number, from 0 in order of appearance among all flows of the capture; `None` for later fragments of a packet
    /// whose first one, which has the ports, did not come before.
    pub flow: Option<u32>,
    /// From or to Netflix.
    pub direction: Direction,
    /// This packet begins a segment request.
    pub request: bool,
    /// Headers or record framing of this packet were cut by the snapshot length.
    pub truncated: bool,
    /// Number of the segment whose request or response this packet carries bytes of, from 1 in order of request.
    pub segment: Option<u32>,
    /// Response payload of that segment up to and including this packet.
    pub bytes_so_far: u64,
    /// Response bytes of that segment were never captured, as far as it shows by this packet.
    pub missing: bool,
    /// A copy of a packet that was captured before: not counted, and of no segment.
    pub duplicate: bool,
    /// By this packet, something had to make room or found none ([`crate::Stats::lost`]).
    pub full: bool,
    /// Counters of the server address up to and including this packet.
    pub server_counters: Counters,
    /// Counters of the flow up to and including this packet.
    pub flow_counters: Counters,
}
