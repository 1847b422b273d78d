//! Counts of what was dropped, capped or could not be read.

use core::ffi::c_char;

use nflx_core::{Stats, Unfollowed};

use crate::crossing::Crossing;
use crate::text::c_array;

/// Counts of what the engine dropped, capped or could not read since it was created.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct nflx_stats {
    /// Set to `sizeof(nflx_stats)`.
    pub struct_size: u32,
    /// 1 if evidence came after packets that it concerns, so that a second reading
    /// (`nflx_engine_rewind`) would tell more about these packets; else 0. To get the same rows as
    /// other hosts, follow `nflx_engine_should_read_again` instead.
    pub evidence_came_late: u32,
    /// Packets given to the engine.
    pub packets: u64,
    /// Packets without a readable IP packet: ARP and the like, unknown link types, damaged headers.
    pub not_ip: u64,
    /// Packets of an unknown link type.
    pub unknown_link_type: u64,
    /// Flows in the table now.
    pub flows: u64,
    /// Flows that were evicted.
    pub flows_evicted: u64,
    /// Addresses that were evicted.
    pub hosts_evicted: u64,
    /// Netflix addresses that were evicted or had no room.
    pub servers_dropped: u64,
    /// Segments that were evicted, oldest first.
    pub segments_evicted: u64,
    /// Followed flows that were evicted.
    pub connections_evicted: u64,
    /// Out-of-order bytes dropped for lack of room; record framing after them is estimated.
    pub reorder_dropped: u64,
    /// Memory of annotations kept for `nflx_engine_frame`, in bytes.
    pub frame_log_bytes: u64,
    /// Changes to segments that had already settled: counted here, not applied.
    pub late_changes: u64,
    /// Settled segments that the host did not take with `nflx_engine_next_settled` in time.
    pub settled_lost: u64,
    /// Packets whose time is earlier than the previous packet's by more than the setting
    /// `clock_step`. Spans across such a step are not valid.
    pub clock_steps: u64,
    /// Copies of other packets: counted here and nowhere else.
    pub duplicates: u64,
    /// Packets that came in a different VLAN or tunnel than the previous packet in the same
    /// direction of their flow. The setting `flow_key` separates such flows.
    pub scopes_mixed: u64,
    /// Packets whose fragments were evicted.
    pub fragments_dropped: u64,
    /// Answers of a model that the host did not take with `nflx_engine_next_quality` in time.
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

/// Packets that a known header ends, because it hides the rest, or packets of an unknown link type.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct nflx_unfollowed {
    /// Set to `sizeof(nflx_unfollowed)`.
    pub struct_size: u32,
    /// The unknown link type, or `NFLX_NO_LINK_TYPE`.
    pub link_type: u32,
    /// Number of packets.
    pub packets: u64,
    /// Name of the header or link type, ended by NUL; empty for a link type without one.
    pub name: [c_char; 64],
    /// Why the rest cannot be read, worded to follow "which is"; ended by NUL.
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
    /// Returns the entry of an index: headers first, the most frequent at the beginning, then link
    /// types.
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
