//! The engine's answer about a packet.

use nflx_core::{Annotation, Direction};

use crate::address::nflx_counters;
use crate::crossing::Crossing;

/// `nflx_annotation.flow` of a packet without a flow: later fragments carry no ports.
pub const NFLX_NO_FLOW: u32 = u32::MAX;

/// From the Netflix server to the client (downlink).
pub const NFLX_DIRECTION_IN: u32 = 1;
/// From the client to the Netflix server (uplink).
pub const NFLX_DIRECTION_OUT: u32 = 2;

/// Flag of `nflx_annotation`: the packet begins a segment request.
pub const NFLX_ANNOTATION_REQUEST: u32 = 1;
/// Flag of `nflx_annotation`: the snapshot length cut headers or record framing of the packet.
pub const NFLX_ANNOTATION_TRUNCATED: u32 = 2;
/// Flag of `nflx_annotation`: response bytes of its segment are known, as of this packet, to have
/// never been captured.
pub const NFLX_ANNOTATION_MISSING: u32 = 4;
/// Flag of `nflx_annotation`: set once any table has been full, so results may be incomplete; see
/// `nflx_engine_stats`.
pub const NFLX_ANNOTATION_FULL: u32 = 8;
/// Flag of `nflx_annotation`: a copy of a packet captured earlier. A copy is not counted and
/// belongs to no segment.
pub const NFLX_ANNOTATION_DUPLICATE: u32 = 16;

/// Facts about one packet of an identified Netflix server, as of that packet. For what only later
/// packets reveal (a segment's total, its last frame), call `nflx_engine_segment` with the
/// segment's number.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct nflx_annotation {
    /// Set to `sizeof(nflx_annotation)`.
    pub struct_size: u32,
    /// The server at the Netflix end: a number for `nflx_engine_server`.
    pub server: u32,
    /// Flow number, from 0 in order of appearance among all flows of the capture, or
    /// `NFLX_NO_FLOW`.
    pub flow: u32,
    /// Number of the segment that this packet requests or carries bytes of, from 1 in order of
    /// request; 0 for none.
    pub segment: u32,
    /// `NFLX_DIRECTION_IN` or `NFLX_DIRECTION_OUT`.
    pub direction: u32,
    /// Sum of `NFLX_ANNOTATION_` flags.
    pub flags: u32,
    /// Response payload of the segment up to and including this packet, in bytes.
    pub bytes_so_far: u64,
    /// Counters of the server address up to and including this packet.
    pub server_counters: nflx_counters,
    /// Counters of the flow up to and including this packet.
    pub flow_counters: nflx_counters,
}

// SAFETY: repr(C), struct_size first, integers only.
unsafe impl Crossing for nflx_annotation {
    const NAME: &'static str = "nflx_annotation";
    const FIRST_SIZE: usize = 96;
}

impl From<&Annotation> for nflx_annotation {
    #[inline]
    fn from(a: &Annotation) -> Self {
        let flags = (u32::from(a.request) * NFLX_ANNOTATION_REQUEST)
            | (u32::from(a.truncated) * NFLX_ANNOTATION_TRUNCATED)
            | (u32::from(a.missing) * NFLX_ANNOTATION_MISSING)
            | (u32::from(a.full) * NFLX_ANNOTATION_FULL)
            | (u32::from(a.duplicate) * NFLX_ANNOTATION_DUPLICATE);
        Self {
            struct_size: size_of::<Self>() as u32,
            server: a.server,
            flow: a.flow.unwrap_or(NFLX_NO_FLOW),
            segment: a.segment.unwrap_or(0),
            direction: a.direction as u32,
            flags,
            bytes_so_far: a.bytes_so_far,
            server_counters: a.server_counters.into(),
            flow_counters: a.flow_counters.into(),
        }
    }
}

#[cfg(target_pointer_width = "64")]
const _: () = {
    use core::mem::offset_of;
    assert!(
        NFLX_DIRECTION_IN == Direction::In as u32 && NFLX_DIRECTION_OUT == Direction::Out as u32
    );
    assert!(size_of::<nflx_annotation>() == 96 && align_of::<nflx_annotation>() == 8);
    assert!(offset_of!(nflx_annotation, struct_size) == 0);
    assert!(offset_of!(nflx_annotation, segment) == 12);
    assert!(offset_of!(nflx_annotation, bytes_so_far) == 24);
    assert!(offset_of!(nflx_annotation, server_counters) == 32);
    assert!(offset_of!(nflx_annotation, flow_counters) == 64);
};
