//! Counts of what was dropped, capped or could not be read.

use core::ffi::c_char;

use nflx_core::{Stats, Unfollowed};

use crate::crossing::Crossing;
use crate::text::c_array;

/// Counts of what the engine dropped, capped or could not read since it was made.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct nflx_stats {
    /// Set to `sizeof(nflx_stats)`.
    pub struct_size: u32,
    /// 1 if evidence came after packets that it concerns, so that a second reading (`nflx_engine_rewind`) would tell more
    /// of these packets; else 0. For the same rows as other hosts, follow `nflx_engine_should_read_again` instead.
    pub evidence_came_late: u32,
    /// Packets given.
    pub packets: u64,
    /// Packets without an IP packet that could be read: ARP and the like, unknown link types, damaged headers.
    pub not_ip: u64,
    /// Packets whose link type is not known.
    pub unknown_link_type: u64,
    /// Flows in the table now.
    pub flows: u64,
    /// Flows that had to make room for others.
    pub flows_evicted: u64,
    /// Addresses that had to make room for others.
    pub hosts_evicted: u64,
    /// Netflix addresses that found no room, or made it for others.
    pub servers_dropped: u64,
    /// Oldest segments that had to make room for others.
    pub segments_evicted: u64,
    /// Flows that were followed, and had to make room for others to be.
    pub connections_evicted: u64,
    /// Out-of-order bytes that found no room: record framing behind them is estimated.
    pub reorder_dropped: u64,
    /// Bytes of memory that annotations kept for `nflx_engine_frame` take.
    pub frame_log_bytes: u64,
    /// Changes that came for segments which had settled: counted here, not applied.
    pub late_changes: u64,
    /// Settled segments that `nflx_engine_next_settled` was not asked for in time.
    pub settled_lost: u64,
    /// Packets that came before the packet before them by the capture's clock, by more than the setting `clock_step`:
    /// spans across such a step do not hold.
    pub clock_steps: u64,
    /// Packets that were copies of others: counted here, and nowhere else.
    pub duplicates: u64,
    /// Packets that came in another VLAN or tunnel than the one before in the same direction of their flow, by turns: the
    /// setting `flow_key` tells such flows apart.
    pub scopes_mixed: u64,
    /// Packets whose fragments had to make room for others.
    pub fragments_dropped: u64,
    /// Answers of a model that `nflx_engine_next_quality` was not asked for in time.
    pub quality_lost: u64,
}

// SAFETY: repr(C), struct_size first, integers only.
unsafe impl Crossing for nflx_stats {
    const NAME: &'static str = "nflx_stats";
    const FIRST_SIZE: usize = 96;
}

impl nflx_stats {
    pub(crate) fn new(
        s: &Stats,
        evidence_came_late: bool,
        frame_log_bytes: usize,
        quality_lost: u64,
    ) -> Self {
        Self {
            struct_size: size_of::<Self>() as u32,
            evidence_came_late: u32::from(evidence_came_late),
            packets: s.packets,
            not_ip: s.not_ip,
            unknown_link_type: s.unknown_link_type,
            flows: s.flows,
            flows_evicted: s.flows_evicted,
            hosts_evicted: s.hosts_evicted,
            servers_dropped: s.servers_dropped,
            segments_evicted: s.segments_evicted,
            connections_evicted: s.connections_evicted,
            reorder_dropped: s.reorder_dropped,
            frame_log_bytes: frame_log_bytes as u64,
            late_changes: s.late_changes,
            settled_lost: s.settled_lost,
            clock_steps: s.clock_steps,
            duplicates: s.duplicates,
            scopes_mixed: s.scopes_mixed,
            fragments_dropped: s.fragments_dropped,
            quality_lost,
        }
    }
}

/// `nflx_unfollowed.link_type` of packets that end in a known header.
pub const NFLX_NO_LINK_TYPE: u32 = u32::MAX;

/// Packets of which nothing could be read behind a known header, or that are of a link type that is not known.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct nflx_unfollowed {
    /// Set to `sizeof(nflx_unfollowed)`.
    pub struct_size: u32,
    /// The link type that is not known, or `NFLX_NO_LINK_TYPE`.
    pub link_type: u32,
    /// How many packets.
    pub packets: u64,
    /// Name of the header or link type, ended by NUL; empty for a link type without one.
    pub name: [c_char; 64],
    /// Why nothing behind it can be read, to follow "which is"; ended by NUL.
    pub reason: [c_char; 64],
    /// The first frame that ended in this header; 0 for a link type.
    pub first_frame: u64,
}

// SAFETY: repr(C), struct_size first, integers only.
unsafe impl Crossing for nflx_unfollowed {
    const NAME: &'static str = "nflx_unfollowed";
    const FIRST_SIZE: usize = 144;
}

impl nflx_unfollowed {
    /// The entry of an index: headers first, the most frequent at the beginning, then link types.
    pub(crate) fn at(unfollowed: &Unfollowed, index: usize) -> Option<Self> {
        let headers = unfollowed.headers();
        let entry = |link_type, packets, first_frame, name, reason| Self {
            struct_size: size_of::<Self>() as u32,
            link_type,
            packets,
            first_frame,
            name: c_array(name),
            reason: c_array(reason),
        };
        if let Some((header, packets)) = headers.get(index) {
            let (name, reason) = (header.name(), header.reason());
            let first_frame = unfollowed.first_frame(*header);
            return Some(entry(
                NFLX_NO_LINK_TYPE,
                *packets,
                first_frame,
                name,
                reason,
            ));
        }
        let (link_type, packets) = unfollowed.link_types().get(index - headers.len())?;
        let name = link_type.name().unwrap_or_default();
        Some(entry(link_type.0.into(), *packets, 0, name, "not known"))
    }
}

#[cfg(target_pointer_width = "64")]
const _: () = {
    use core::mem::offset_of;
    assert!(offset_of!(nflx_stats, clock_steps) == 112);
    assert!(offset_of!(nflx_stats, settled_lost) == 104);
    assert!(size_of::<nflx_stats>() == 152 && align_of::<nflx_stats>() == 8);
    assert!(offset_of!(nflx_stats, struct_size) == 0);
    assert!(offset_of!(nflx_stats, packets) == 8);
    assert!(offset_of!(nflx_stats, frame_log_bytes) == 88);
    assert!(offset_of!(nflx_stats, duplicates) == 120);
    assert!(size_of::<nflx_unfollowed>() == 152 && align_of::<nflx_unfollowed>() == 8);
    assert!(offset_of!(nflx_unfollowed, packets) == 8 && offset_of!(nflx_unfollowed, name) == 16);
    assert!(offset_of!(nflx_unfollowed, first_frame) == 144);
};
