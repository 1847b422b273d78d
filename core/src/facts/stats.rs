//! Counts of packets and state that the engine had no room for, and of packets that it could not
//! read.

/// Counts of what the engine dropped, capped or could not read since it was created.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Packets given to the engine.
    pub packets: u64,
    /// Packets without a readable IP packet (ARP and the like, unknown link types, damaged
    /// headers).
    pub not_ip: u64,
    /// Packets of an unknown link type.
    pub unknown_link_type: u64,
    /// Copies of other packets: counted here and nowhere else.
    pub duplicates: u64,
    /// Packets that came in a different VLAN or tunnel than the previous packet in the same
    /// direction of their flow. Many of them mean that several customers use the same addresses.
    pub scopes_mixed: u64,
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
    /// Changes to segments that had already settled: counted here, not applied.
    pub late_changes: u64,
    /// Settled segments that the host did not take in time.
    pub settled_lost: u64,
    /// Packets whose time is earlier than the previous packet's by more than `clock_step`.
    pub clock_steps: u64,
    /// Packets without a time, which have that of the previous packet.
    pub untimed: u64,
    /// Handshakes whose answer came before the question, because the clocks of two taps differ.
    pub answers_first: u64,
    /// Packets of TCP connections to servers that are out of order by more than a network changes it,
    /// as in a capture that was sorted by the times of a clock that had stepped back: requests after
    /// what acknowledges them, and what comes before the beginning of its connection.
    pub disordered: u64,
    /// TCP connections to servers that are paths of a connection (Multipath TCP) whose beginning is
    /// not known. They are analysed alone, so responses sent over several paths are partial.
    pub further_paths: u64,
    /// Packets whose fragments were evicted.
    pub fragments_dropped: u64,
}

impl Stats {
    /// Returns how often a table was full and something was evicted or dropped, over all tables.
    #[must_use]
    #[inline]
    pub const fn lost(&self) -> u64 {
        self.flows_evicted
            + self.hosts_evicted
            + self.servers_dropped
            + self.segments_evicted
            + self.connections_evicted
            + self.reorder_dropped
            + self.fragments_dropped
    }
}
