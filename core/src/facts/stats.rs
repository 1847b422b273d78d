//! Counts of packets and state that an engine had no room for, and of packets that it could not read.

/// Counts of what the engine dropped, capped or could not read, since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Packets given.
    pub packets: u64,
    /// Packets without an IP packet that could be read (ARP and the like, unknown link types, damaged headers).
    pub not_ip: u64,
    /// Packets whose link type is not known.
    pub unknown_link_type: u64,
    /// Packets that were copies of others: counted here, and nowhere else.
    pub duplicates: u64,
    /// Packets that came in another VLAN or tunnel than the one before in the same direction of their flow: by turns, where
    /// several customers have the same addresses.
    pub scopes_mixed: u64,
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
    /// Followed flows that had to make room for others.
    pub connections_evicted: u64,
    /// Out-of-order bytes that found no room: record framing behind them is estimated.
    pub reorder_dropped: u64,
    /// Changes that came for segments which had settled: counted here, not applied.
    pub late_changes: u64,
    /// Settled segments that the host did not take in time.
    pub settled_lost: u64,
    /// Packets that came before the packet before them by the capture's clock, by more than `clock_step`.
    pub clock_steps: u64,
    /// Handshakes whose answer came before the question: two taps' clocks differ.
    pub answers_first: u64,
    /// TCP connections to servers that are further paths of another one (Multipath TCP) which is not known: they are not put
    /// together with it, so that responses which came by several are partial.
    pub further_paths: u64,
    /// Packets whose fragments had to make room for others.
    pub fragments_dropped: u64,
}

impl Stats {
    /// Returns how often something had to make room or found none, whatever it was.
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
