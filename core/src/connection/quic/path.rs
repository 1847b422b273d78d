//! Properties of a QUIC connection's path that its packets reveal.

use crate::config::Config;
use crate::packet::{Time, from_milliseconds};
use crate::wire::quic::{
    ConnectionId, ConnectionIdLengths, Endpoint, Form, MAX_CID_LEN, MIN_CLIENT_DATAGRAM,
    QuicPacket, TAG_LEN,
};

/// Number of short headers compared before the length of their connection ID is believed. The bytes
/// after the ID are encrypted, so a longer match has a chance of 1 in 256 for each further packet
/// and byte.
const COMPARED: u8 = 4;
/// Number of bytes after the first that a client's packets must share to count as QUIC. Servers
/// that share a port among machines need as many to find the connection; four packets of anything
/// else share them with a chance of 2^-96.
const SHARED_ID: u8 = 4;
/// Bytes of a short header compared: one more than the longest ID, to see where it ends.
const COMPARED_LEN: usize = MAX_CID_LEN + 1;

/// Number of recent waits for an answer that are kept.
const WAITS: usize = 5;
/// How often a server tries a size before it believes that the path cannot carry it: MAX_PROBES
/// (RFC 8899, section 5.1.2).
const MAX_PROBES: u8 = 3;
/// Most packets in a row that may come too early for an answer.
const MOST_REFUSED: u8 = 3;
/// Number of answers after a silence that come in less than half of what the handshake's took, and
/// show that packets of the handshake were lost. One may be a retransmission.
const SOONER: u8 = 2;

/// Connection IDs, round-trip times and datagram sizes of one connection.
#[derive(Debug)]
pub(super) struct QuicPath {
    lengths: ConnectionIdLengths,
    /// Sent by the client, sent by the server.
    watches: [Watch; 2],
    /// The connection IDs that the client sent its Initials to, first and now: its own choice, then
    /// the server's.
    original: Option<ConnectionId>,
    server_id: Option<ConnectionId>,
    /// Time of the client's last Initial before the server answered.
    initial: Option<Time>,
    /// Its version, and that of the answer.
    initial_version: Option<u32>,
    answer_version: Option<u32>,
    /// True if the server refused a version.
    negotiates: bool,
    answer: Option<Time>,
    /// Time at which the client continued after the answer.
    pub(super) reaction: Option<Time>,
    /// The shortest time from a request to its answer so far, in nanoseconds.
    quickest: Option<i64>,
    /// Recent times from a request to the presumed answer, in nanoseconds, and their number.
    waits: [i64; WAITS],
    wait_count: usize,
    /// Number of consecutive packets that were not answers.
    refused: u8,
    /// Number of consecutive answers that came sooner than the handshake allows.
    sooner: u8,
    /// Largest datagram of the client, and of the server without path probes.
    pub(super) largest: [u32; 2],
    /// Size of the server's latest path probe, and the number of packets with that size.
    probed: (u32, u8),
    /// Largest datagram of the client that was not a path probe.
    pub(super) carried: u32,
    /// True if the connection came here from another address or port.
    moved: bool,
}

impl Default for QuicPath {
    fn default() -> Self {
        Self {
            lengths: ConnectionIdLengths::default(),
            watches: Default::default(),
            original: None,
            server_id: None,
            initial: None,
            initial_version: None,
            answer_version: None,
            negotiates: false,
            answer: None,
            reaction: None,
            quickest: None,
            waits: [0; WAITS],
            wait_count: 0,
            refused: 0,
            sooner: 0,
            // Every QUIC path carries at least this much (RFC 9000, section 14).
            largest: [MIN_CLIENT_DATAGRAM as u32; 2],
            probed: (0, 0),
            carried: MIN_CLIENT_DATAGRAM as u32,
            moved: false,
        }
    }
}

const fn side(from_client: bool) -> usize {
    if from_client { 0 } else { 1 }
}

const fn endpoint(from_client: bool) -> Endpoint {
    if from_client {
        Endpoint::Client
    } else {
        Endpoint::Server
    }
}

impl QuicPath {
    /// Returns true if the start of the connection was seen.
    pub(super) const fn saw_handshake(&self) -> bool {
        self.original.is_some()
    }

    /// Returns true if the client began and nothing of the server's handshake was seen. It is then
    /// unknown which of the server's packets ends the handshake, so the handshake counts toward the
    /// first response.
    pub(super) const fn lacks_answer(&self) -> bool {
        self.saw_handshake() && self.answer.is_none()
    }

    /// Returns true if the client is still in its first flight after the server's answer.
    pub(super) fn in_first_flight(&self, time: Time, config: &Config) -> bool {
        self.saw_handshake()
            && self
                .reaction
                .is_none_or(|start| time.since(start) < self.round_trip(config) / 2)
    }

    /// Processes a packet with a long header. Returns by how many nanoseconds the client's times are
    /// late if an end answered before it was asked, because the clocks of two taps differ.
    pub(super) fn take_long(
        &mut self,
        packet: &QuicPacket<'_>,
        from_client: bool,
        time: Time,
    ) -> Option<i64> {
        self.lengths.learn(endpoint(from_client), packet);
        if from_client {
            return self.take_clients(packet, time);
        }
        if packet.form == Form::Retry {
            // The handshake starts over, with an ID of the server's choice (RFC 9000, section
            // 17.2.5), unless it did so already, by a clock that is ahead.
            let id = ConnectionId::new(packet.scid);
            if self.original.replace(id) != Some(id) {
                (self.initial, self.answer) = (None, None);
            }
        } else if packet.form != Form::VersionNegotiation {
            self.server_id = Some(ConnectionId::new(packet.scid));
            if self.answer.is_none() {
                self.answer_version = packet.version;
                if self.negotiates && self.initial_version != packet.version {
                    // It answers an Initial that comes later, by a clock that is behind.
                    (self.initial, self.original) = (None, None);
                }
            }
            let asked = self.initial.zip(self.reaction);
            let is_first = self.answer.is_none() && packet.form == Form::Initial;
            self.answer = self.answer.or(Some(time));
            // The client has reacted to it already.
            return asked
                .filter(|_| is_first)
                .map(|(initial, reaction)| -between(time.since(reaction), time.since(initial)));
        }
        None
    }

    fn take_clients(&mut self, packet: &QuicPacket<'_>, time: Time) -> Option<i64> {
        let to = ConnectionId::new(packet.dcid);
        let is_initial = packet.form == Form::Initial;
        if is_initial && self.is_refused(packet.version) {
            return None;
        }
        // Behind a Retry that came first, by a clock that is ahead, what it refused begins nothing.
        let may_begin = self.answer.is_none() && self.initial.is_some();
        if is_initial && self.original.is_none_or(|_| may_begin) {
            self.original = Some(to);
        }
        match (self.initial, self.answer) {
            (_, None) if is_initial && self.original == Some(to) => {
                (self.initial, self.initial_version) = (Some(time), packet.version);
            }
            // Clients have keys for it only after the answer (RFC 9001, section 4.1.4).
            (Some(_), None) if packet.form == Form::Handshake => self.react(time),
            // The answer came first. If it named the destination, a first Initial was lost. It does
            // not answer what a Retry refused, which went elsewhere.
            (None, Some(_))
                if is_initial && self.server_id != Some(to) && self.original == Some(to) =>
            {
                self.initial = Some(time);
            }
            (None, Some(_)) if is_initial => {}
            (initial, Some(answer))
                if packet.form == Form::Handshake || self.original != Some(to) =>
            {
                let is_first = self.reaction.is_none();
                self.react(time);
                return initial
                    .filter(|&initial| is_first && initial > answer)
                    .map(|initial| between(initial.since(answer), time.since(answer)));
            }
            _ => {}
        }
        None
    }

    /// Records that the server refused a version (RFC 9000, section 6): it answers another Initial,
    /// of a version that it names.
    pub(super) const fn negotiate(&mut self) {
        self.negotiates = true;
    }

    /// Returns true if the server refused this version of an Initial and has answered another one,
    /// which comes later by a clock that is behind.
    fn is_refused(&self, version: Option<u32>) -> bool {
        let answered = self.answer_version;
        self.negotiates && answered.is_some() && answered != version
    }

    /// Processes a packet with a short header, given the bytes after the first.
    pub(super) fn take_short(&mut self, behind: &[u8], from_client: bool, time: Time) {
        if from_client && self.answer.is_some() {
            self.react(time);
        }
        self.compare(behind, from_client);
    }

    /// Learns which bytes short headers share, if the handshake did not show the ID.
    pub(super) fn compare(&mut self, behind: &[u8], from_client: bool) {
        if self.lengths.short_dcid_len(endpoint(from_client)).is_none() {
            self.watches[side(from_client)].compare(behind);
        }
    }

    fn react(&mut self, time: Time) {
        self.reaction = self.reaction.or(Some(time));
    }

    /// Returns true if a client's Initial opens another connection than the one seen so far.
    pub(super) fn is_foreign(&self, initial: &QuicPacket<'_>) -> bool {
        let to = ConnectionId::new(initial.dcid);
        self.reaction.is_some() && self.original != Some(to) && self.server_id != Some(to)
    }

    /// Learns the length of a handshake's datagrams, which are padded or full.
    pub(super) fn grow(&mut self, from_client: bool, size: u32) {
        let largest = &mut self.largest[side(from_client)];
        *largest = size.max(*largest);
        if from_client {
            self.carried = size.max(self.carried);
        }
    }

    /// Counts a server's datagram that is larger than those around it: a path probe, unless the
    /// server sends more of them than it would send probes.
    pub(super) fn probe(&mut self, size: u32) {
        if self.probed.0 != size {
            self.probed = (size, 0);
        }
        self.probed.1 += 1;
        if self.probed.1 > MAX_PROBES {
            self.grow(false, size);
        }
    }

    /// Returns true if a client's packet with a short header has the destination that the handshake
    /// set, given the bytes after the first.
    pub(super) fn is_addressed(&self, behind: &[u8]) -> bool {
        self.server_id
            .is_some_and(|id| !id.as_bytes().is_empty() && behind.starts_with(id.as_bytes()))
    }

    /// Returns the ID that the client sends its packets to, as far as it is known.
    pub(super) const fn server_id(&self) -> Option<ConnectionId> {
        self.server_id
    }

    /// Takes over the ID of a client's packet with a short header. Returns true if it changed.
    pub(super) fn renew_id(&mut self, behind: &[u8]) -> bool {
        let length = self.lengths.short_dcid_len(Endpoint::Client);
        // Without a handshake, the bytes that the client's packets share show it.
        let length = length.or_else(|| self.watches[side(true)].len());
        let id = length.and_then(|length| behind.get(..usize::from(length)));
        let Some(id) = id.map(ConnectionId::new) else {
            return false;
        };
        self.server_id.replace(id) != Some(id)
    }

    /// Records that the connection continues from another address or port, with the destination in
    /// the bytes after the first. The path's capacity is then unknown (RFC 9000, section 9.4).
    pub(super) fn moves(&mut self, behind: &[u8]) {
        self.renew_id(behind);
        self.largest = [MIN_CLIENT_DATAGRAM as u32; 2];
        self.carried = MIN_CLIENT_DATAGRAM as u32;
        self.probed = (0, 0);
        self.moved = true;
    }

    /// Returns true if a client's datagram of this size validates a path: the frame for that is
    /// padded to exactly this size (RFC 9000, section 8.2.1). A connection whose start was not seen
    /// may have moved as well.
    pub(super) const fn validates(&self, size: u32) -> bool {
        size == MIN_CLIENT_DATAGRAM as u32 && (self.moved || !self.saw_handshake())
    }

    /// Returns true if packets of a client that began are recognised by their common ID: they are
    /// then QUIC whatever else their first byte says. `None` until enough were compared.
    pub(super) fn shares_id(&self) -> Option<bool> {
        let watch = &self.watches[side(true)];
        (watch.packets >= COMPARED).then_some(watch.common >= SHARED_ID)
    }

    /// Returns the time from client to server and back, in nanoseconds. Measured from the client's
    /// first packet to its reaction to the server's answer, which is the same anywhere on the path.
    pub(super) fn round_trip(&self, config: &Config) -> i64 {
        let measured = self
            .initial
            .zip(self.reaction)
            .map(|(initial, reaction)| reaction.since(initial));
        let supposed = from_milliseconds(config.quic_round_trip());
        measured.filter(|&rtt| rtt > 0).unwrap_or(supposed)
    }

    /// The same, or less if a request was answered sooner: handshakes include work on keys, and may
    /// have been lost in part.
    pub(super) fn shortest_round_trip(&self, config: &Config) -> i64 {
        let round_trip = self.round_trip(config);
        self.quickest
            .map_or(round_trip, |quickest| quickest.min(round_trip))
    }

    /// Returns the time from the capture point to the server and back, in nanoseconds; 0 if
    /// unknown.
    pub(super) fn reply_time(&self) -> i64 {
        self.initial
            .zip(self.answer)
            .map_or(0, |(initial, answer)| answer.since(initial).max(0))
    }

    /// Records the time from a request to the next packet after a silence, and whether that was
    /// taken for its answer. If it repeatedly is not, the known answer times were wrong.
    pub(super) fn waited(&mut self, waited: i64, answered: bool) {
        if answered {
            self.waits[self.wait_count % WAITS] = waited.max(0);
            self.wait_count += 1;
            self.refused = 0;
        } else {
            self.refused += 1;
            if self.refused >= MOST_REFUSED {
                (self.wait_count, self.refused) = (0, 0);
            }
        }
    }

    /// Returns the shortest recent time of this kind, in nanoseconds; 0 if unknown.
    pub(super) fn least_wait(&self) -> i64 {
        let latest = &self.waits[..self.wait_count.min(WAITS)];
        latest.iter().copied().min().unwrap_or(0)
    }

    /// Records how long a request waited for its answer. `was_quiet`: for longer than a round trip,
    /// nothing had come before the request.
    pub(super) fn answered(&mut self, asked: Time, now: Time, was_quiet: bool) {
        let waited = now.since(asked);
        let comes_late = waited > self.reply_time() / 2;
        // A shorter wait is not an answer to it, but a late packet.
        if !comes_late && !was_quiet {
            return;
        }
        let quickest = self.quickest.map_or(waited, |known| known.min(waited));
        let longest = self.quickest.map_or(waited, |known| known.max(waited));
        self.quickest = Some(quickest);
        self.sooner = if comes_late { 0 } else { self.sooner + 1 };
        if self.sooner >= SOONER {
            self.shorten(longest);
        }
    }

    /// Corrects the times of the handshake, which took longer than other answers because packets
    /// were lost.
    fn shorten(&mut self, reply: i64) {
        let by = (self.reply_time() - reply).max(0);
        let earlier = |time: Time| Time(time.0.saturating_sub(by));
        (self.answer, self.reaction) = (self.answer.map(earlier), self.reaction.map(earlier));
        self.sooner = 0;
    }

    /// Returns the shortest pause of a response while the client, which has all of it, asks for
    /// another, in nanoseconds: the round trip, less the server's work on keys, which later
    /// requests show.
    pub(super) fn pause(&self, config: &Config) -> i64 {
        let round_trip = self.round_trip(config);
        let shortest = match (self.initial.zip(self.answer), self.quickest) {
            (Some(_), Some(quickest)) => round_trip - (self.reply_time() - quickest).max(0),
            (None, Some(quickest)) => round_trip.max(quickest),
            (_, None) => round_trip,
        };
        (shortest as i128 * i128::from(config.quic_pause()) / 100) as i64
    }

    /// Returns the bytes of a 1-RTT packet that are not frames (RFC 9000, section 17.3.1; RFC 9001,
    /// section 5.3), and true if the length of its connection ID is known.
    pub(super) fn overhead(&self, from_client: bool, config: &Config) -> (u32, bool) {
        let learnt = self
            .lengths
            .short_dcid_len(endpoint(from_client))
            .or_else(|| self.watches[side(from_client)].len());
        let id = learnt.map_or(config.quic_connection_id(), u64::from);
        (
            (1 + id + config.quic_packet_number()) as u32 + TAG_LEN as u32,
            learnt.is_some(),
        )
    }
}

/// Returns the middle between two differences.
const fn between(least: i64, most: i64) -> i64 {
    least / 2 + most / 2
}

/// Learns a connection ID's length from short headers, which all begin with it.
#[derive(Debug, Default)]
struct Watch {
    first: [u8; COMPARED_LEN],
    /// Bytes of `first` captured.
    len: u8,
    common: u8,
    packets: u8,
}

impl Watch {
    fn compare(&mut self, behind: &[u8]) {
        let behind = &behind[..behind.len().min(COMPARED_LEN)];
        if self.packets >= COMPARED || behind.is_empty() {
            return;
        }
        if self.packets == 0 {
            self.first[..behind.len()].copy_from_slice(behind);
            self.len = behind.len() as u8;
            self.common = self.len;
        }
        let len = usize::from(self.len).min(behind.len());
        let common = self.first[..len]
            .iter()
            .zip(behind)
            .take_while(|(a, b)| a == b)
            .count();
        self.len = len as u8;
        self.common = self.common.min(common as u8);
        self.packets += 1;
    }

    /// Returns the length, once enough packets were compared and the bytes after the ID were seen
    /// to differ.
    fn len(&self) -> Option<u8> {
        (self.packets >= COMPARED && self.common < self.len).then_some(self.common)
    }
}

#[cfg(test)]
mod tests;
