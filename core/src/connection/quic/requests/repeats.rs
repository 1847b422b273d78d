//! Requests that repeat earlier ones, and what a probe timeout sends.

use super::{Belief, ClientPacket, Requests, Unanswered, Uplink, within};
use crate::config::Config;
use crate::connection::quic::path::QuicPath;

/// Round trips for which a connection is young, and within which its probe timeouts come (RFC 9002,
/// section 6.2.2: three at first, plus the server's delay).
const YOUNG_ROUND_TRIPS: i64 = 20;
const PROBE_ROUND_TRIPS: i64 = 4;
/// By how many bytes a repeated request may differ: an acknowledgement next to it may have more
/// ranges and a longer delay.
const REPEATED: u32 = 8;
/// The time for which a peer may delay an acknowledgement, in nanoseconds (RFC 9000, section 18.2).
/// A probe timeout adds it to round trips (RFC 9002, section 6.2.1).
const HELD_BACK: i64 = 25_000_000;
/// A packet number and a payload with fewer bytes hold no acknowledgement: type, largest, delay,
/// count and range take a byte each.
const LEAST_ACK: u64 = 1 + 5;
/// Longest time between the two packets that a probe timeout sends, in nanoseconds: they leave
/// together (0.1 ms, Firefox).
const TOGETHER: i64 = 1_000_000;

impl Requests {
    /// Returns true if a packet comes together with a request and holds a PING alone: after a probe
    /// timeout, a client repeats what it has not seen acknowledged, and may send a PING next to it
    /// (RFC 9002, section 6.2.4). A request that is new needs none, because it asks for an
    /// acknowledgement itself.
    pub(super) fn ends_timeout(&self, packet: &Uplink, path: &QuicPath, config: &Config) -> bool {
        let is_ping = path.overhead(true, config).1
            && u64::from(packet.content) + config.quic_packet_number() < LEAST_ACK;
        is_ping
            && self.asked.last().is_some_and(|asked| {
                asked.belief != Belief::IfFull
                    && within(packet.stamp.time, asked.stamp.time, TOGETHER)
            })
    }

    /// Returns a result if a packet repeats a request.
    pub(super) fn again(
        &self,
        packet: &Uplink,
        path: &QuicPath,
        config: &Config,
    ) -> Option<ClientPacket> {
        let round_trip = path.round_trip(config);
        let now = packet.stamp.time;
        // A probe timeout is longer than the round trip (RFC 9002, section 6.2.1). The repeated
        // packet has the same length, apart from the acknowledgement in it.
        let again = |asked: &&Unanswered| {
            !asked.acknowledged
                && asked.belief != Belief::IfFull
                && !within(now, asked.stamp.time, round_trip)
                && u64::from(packet.content.abs_diff(asked.content)) <= config.quic_request_jump()
        };
        self.asked
            .iter()
            .find(again)
            .map(|asked| ClientPacket::More(asked.number))
    }

    /// Returns true if a request is as long as the latest, and comes when a probe timeout does on a
    /// young connection: a client first assumes that round trips vary by half (RFC 9002, sections
    /// 5.3 and 6.2.1), later by at least an eighth.
    pub(super) fn looks_repeated(&self, packet: &Uplink, path: &QuicPath, config: &Config) -> bool {
        let now = packet.stamp.time;
        let round_trip = match path.least_wait() {
            0 => path.shortest_round_trip(config),
            least => least.min(path.shortest_round_trip(config)),
        };
        let is_young = path
            .reaction
            .is_some_and(|start| within(now, start, YOUNG_ROUND_TRIPS * round_trip));
        is_young
            && self.latest.is_some_and(|(time, content)| {
                !within(now, time, round_trip * 3 / 2 + HELD_BACK)
                    && within(now, time, PROBE_ROUND_TRIPS * round_trip + HELD_BACK)
                    && packet.content.abs_diff(content) <= REPEATED
            })
    }
}
