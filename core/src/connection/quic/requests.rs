//! Finds which of a QUIC client's packets begin a request.
//!
//! Everything but the size is encrypted. A request carries a path and headers, an acknowledgement a
//! few bytes per lost packet, so a packet well above the flow's own acknowledgements is a request.
//! Smaller ones are believed if the timing agrees: one request after the other leaves the downlink
//! silent for a round trip.

mod repeats;

use smallvec::SmallVec;

use super::path::QuicPath;
use crate::bounded::size::spilled;
use crate::config::Config;
use crate::packet::{Stamp, Time};

/// Largest number of a connection's requests that wait for answers at once.
pub(super) const MAX_ASKED: usize = 32;
/// Attempts of a path MTU probe of one size (RFC 8899, section 5.1.2: MAX_PROBES).
const MAX_PROBES: u8 = 3;
/// Largest number of requests in one datagram after the first flight.
const MAX_AT_ONCE: usize = 4;
/// Fractions of a byte in which the level of acknowledgements is kept. It falls by an eighth of the
/// distance with each packet, as round-trip times are smoothed (RFC 9002, section 5.3).
const LEVEL_UNIT: u32 = 256;
const LEVEL_DECAY: u32 = 8;
/// Content of an acknowledgement without gaps: type, largest, delay, count, range (RFC 9000,
/// section 19.3).
const PLAIN_ACK: u32 = 10;
/// Bytes that each gap adds.
const ONE_GAP: u32 = 2;

/// Certainty that a packet begins a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Belief {
    /// Certain, by its size alone.
    Sure,
    /// Certain if the downlink was silent before the next packet.
    IfQuiet,
    /// Certain if a full datagram follows: it is in the client's first flight, which also opens
    /// control streams (RFC 9114, section 6.2.1) and issues connection IDs (RFC 9000, section
    /// 5.1.1).
    IfFull,
}

/// A request, or a packet that may be one, that waits for its answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unanswered {
    pub(super) stamp: Stamp,
    pub(super) belief: Belief,
    /// The segment, once it was opened.
    pub(super) number: Option<u32>,
    content: u32,
    /// Time of the latest packet.
    last: Time,
    /// True if that packet was as long as the client's datagrams get, so that more may follow.
    goes_on: bool,
    /// True if the server has it, so that the client has no reason to repeat it.
    acknowledged: bool,
    /// True if the packet that acknowledged it may also have held a small response.
    answered: bool,
    /// Bytes of responses that had come when it was sent.
    pub(super) asked_at: u64,
    /// True if it may repeat the one before it, on a connection without visible acknowledgements.
    pub(super) is_repeated: bool,
    /// True if there may be others in the same datagram.
    pub(super) may_be_several: bool,
}

/// Position of a packet in a client's datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PacketPosition {
    /// Alone, with a short header.
    Alone,
    /// After handshake packets.
    Coalesced,
    /// The same, with an Initial among them, so that its content is unknown.
    CoalescedPadded,
    /// With a long 0-RTT header, before the server has sent anything.
    Early,
    /// The same, after an Initial, so that its content is unknown.
    EarlyPadded,
}

impl PacketPosition {
    /// Returns true if the datagram is padded, because an Initial is in it (RFC 9000, section 14.1).
    const fn is_padded(self) -> bool {
        matches!(self, Self::CoalescedPadded | Self::EarlyPadded)
    }
}

/// A client's packet of application data.
#[derive(Clone, Copy, Debug)]
pub(super) struct Uplink {
    pub(super) stamp: Stamp,
    /// Size of the datagram.
    pub(super) size: u32,
    /// Bytes of frames in it.
    pub(super) content: u32,
    pub(super) place: PacketPosition,
    /// Bytes of responses that had come before.
    pub(super) received: u64,
}

/// The kind of a client's packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ClientPacket {
    /// An acknowledgement, flow control, or a probe.
    Control,
    /// Possibly this many requests: the last ones sent.
    Requests {
        count: usize,
        /// The segment of an earlier presumed request that was not one.
        instead_of: Option<u32>,
    },
    /// More of an earlier request, or the same again.
    More(Option<u32>),
    /// The second packet of a probe timeout: the first, which opened this segment, if any, repeats
    /// a request.
    Repeats(Option<u32>),
}

/// The client's side of a connection.
#[derive(Debug)]
pub(super) struct Requests {
    asked: SmallVec<[Unanswered; 2]>,
    /// Content of the client's recent acknowledgements, in parts of [`LEVEL_UNIT`].
    level: u32,
    /// Content of the client's requests: that of the latest ones, or of larger ones before; 0
    /// before the first.
    usual: u32,
    /// Content of the first flight's requests so far, and their number.
    flight: (u32, usize),
    /// True if a request was sent as early data.
    early: bool,
    /// Content of the first datagram with requests if several usual ones fit it; 0 if a lone request
    /// was about as long.
    crowded: u32,
    /// Time and content of the latest request.
    latest: Option<(Time, u32)>,
    /// True if the first flight is over.
    settled_in: bool,
    /// Size and number of the latest path MTU probes.
    probe: (u32, u8),
}

impl Default for Requests {
    fn default() -> Self {
        Self {
            asked: SmallVec::new(),
            level: PLAIN_ACK * LEVEL_UNIT,
            usual: 0,
            flight: (0, 0),
            early: false,
            crowded: 0,
            latest: None,
            settled_in: false,
            probe: (0, 0),
        }
    }
}

impl Requests {
    /// The most memory that one holds, in bytes: the list next to its old copy while it grows.
    pub(super) const BOUND: u64 = (2 * MAX_ASKED * size_of::<Unanswered>()) as u64;

    /// Returns its heap memory, in bytes.
    pub(super) fn heap(&self) -> usize {
        spilled(&self.asked)
    }

    /// Returns the requests that wait for an answer.
    pub(super) fn asked(&mut self) -> &mut SmallVec<[Unanswered; 2]> {
        &mut self.asked
    }

    /// Processes a client's packet.
    pub(super) fn take(
        &mut self,
        packet: Uplink,
        path: &mut QuicPath,
        config: &Config,
    ) -> ClientPacket {
        if matches!(
            packet.place,
            PacketPosition::Early | PacketPosition::EarlyPadded
        ) {
            return self.early(&packet, path, config);
        }
        if self.is_probe(packet.size, path) || path.validates(packet.size) {
            return ClientPacket::Control;
        }
        if !packet.place.is_padded() {
            path.carried = packet.size.max(path.carried);
        }
        if self.ends_timeout(&packet, path, config)
            && let Some(repeated) = self.asked.pop()
        {
            return ClientPacket::Repeats(repeated.number);
        }
        if let Some(sent) = self.goes_on(&packet, path, config) {
            return sent;
        }
        let jump = u64::from(packet.content.saturating_sub(self.level / LEVEL_UNIT));
        if u64::from(packet.content) < config.quic_request_min()
            || jump < config.quic_request_jump()
        {
            self.acknowledges(packet.content);
            return ClientPacket::Control;
        }
        if let Some(again) = self.again(&packet, path, config) {
            return again;
        }
        let usual = self.usual(config);
        // After early data, the first flight holds what opens a connection, because the early data
        // did not.
        if self.early
            && path.in_first_flight(packet.stamp.time, config)
            && (packet.place.is_padded() || u64::from(packet.content) * 2 <= usual)
        {
            return ClientPacket::Control;
        }
        let belief = self.believe(&packet, jump, path, config);
        let round_trip = path.round_trip(config);
        let mut instead_of = None;
        if let Some(last) = self.asked.last().copied() {
            let at_once = within(packet.stamp.time, last.last, round_trip / 2);
            if last.belief == Belief::IfFull && u64::from(last.content) < usual {
                if packet.place == PacketPosition::Coalesced {
                    return ClientPacket::Control;
                }
                // That was the first flight. A client that sent its request in it would hardly ask
                // again before an answer.
                self.asked.pop();
            } else if at_once && self.is_prelude(&last, &packet, config) {
                instead_of = last.number;
                self.asked.pop();
            }
        }
        self.give_up_on(packet.stamp.time, round_trip);
        let count = self.push(&packet, belief, path, config);
        if count == 0 {
            return ClientPacket::Control;
        }
        ClientPacket::Requests { count, instead_of }
    }

    /// Processes early data. Clients use it for requests only (RFC 9001, section 4.6).
    fn early(&mut self, packet: &Uplink, path: &QuicPath, config: &Config) -> ClientPacket {
        if u64::from(packet.content) * 2 < self.usual(config) {
            return ClientPacket::Control;
        }
        let belief = if packet.place == PacketPosition::Early {
            Belief::Sure
        } else {
            Belief::IfFull
        };
        self.early = true;
        // That was what opens a connection.
        self.asked.retain(|asked| asked.belief != Belief::IfFull);
        match self.push(packet, belief, path, config) {
            0 => ClientPacket::Control,
            count => ClientPacket::Requests {
                count,
                instead_of: None,
            },
        }
    }

    /// Processes a packet that continues a full one: part of one long request or, in a first
    /// flight, of several.
    fn goes_on(
        &mut self,
        packet: &Uplink,
        path: &QuicPath,
        config: &Config,
    ) -> Option<ClientPacket> {
        let half = path.round_trip(config) / 2;
        let last = self.asked.last_mut()?;
        if !last.goes_on
            || !within(packet.stamp.time, last.last, half)
            || u64::from(packet.content) <= config.quic_ack_content()
        {
            return None;
        }
        last.last = packet.stamp.time;
        last.goes_on = packet.size >= path.carried;
        let last = *last;
        if last.belief != Belief::IfFull || self.flight.1 < 2 {
            return Some(ClientPacket::More(last.number));
        }
        let (content, so_far) = self.flight;
        self.flight.0 = content.saturating_add(packet.content);
        let count = self.count(self.flight.0, config).saturating_sub(so_far);
        for _ in 0..count {
            self.ask(Unanswered {
                stamp: packet.stamp,
                number: None,
                ..last
            });
        }
        self.flight.1 += count;
        Some(ClientPacket::More(None))
    }

    /// Returns true if a packet just before a request belongs to it: QPACK instructions or flow
    /// control, which some clients send in a packet of their own.
    fn is_prelude(&self, last: &Unanswered, packet: &Uplink, config: &Config) -> bool {
        let room = u64::from(self.level / LEVEL_UNIT) + 2 * config.quic_busy_jump();
        u64::from(last.content) <= room && last.content.saturating_mul(2) <= packet.content
    }

    /// Drops packets that cannot have been requests, or need no answer any more.
    fn give_up_on(&mut self, now: Time, round_trip: i64) {
        self.asked.retain(|asked| {
            // A server that got a request would have answered.
            let waits =
                asked.belief != Belief::IfQuiet || within(now, asked.stamp.time, round_trip);
            // A request that was acknowledged with room for an answer, and with nothing after it,
            // is not what holds the client up.
            waits && (!asked.answered || within(now, asked.stamp.time, 2 * round_trip))
        });
    }

    /// Adds the requests of a packet, and returns their number.
    fn push(&mut self, packet: &Uplink, belief: Belief, path: &QuicPath, config: &Config) -> usize {
        let goes_on = packet.size >= path.carried;
        let first_flight = belief == Belief::IfFull || packet.place == PacketPosition::Early;
        let goes_on = goes_on && !packet.place.is_padded();
        let count = match self.count(packet.content, config) {
            _ if packet.place.is_padded() => 1,
            // Before a request alone has shown how long they are, a datagram begins one, unless it
            // is a full one of the first flight. After that, a full one begins a long one, an
            // upload, rather than many.
            _ if self.usual == 0 && !(first_flight && goes_on) => 1,
            _ if goes_on && !first_flight => 1,
            count if first_flight => count,
            count => count.min(MAX_AT_ONCE),
        };
        if self.asked.len() + count > MAX_ASKED {
            return 0;
        }
        if first_flight {
            self.flight = (packet.content, count);
        }
        let content = u64::from(packet.content);
        let may_be_several = self.usual == 0
            && count == 1
            && !packet.place.is_padded()
            && requests_in(content, self.usual(config)) > 1;
        if may_be_several {
            self.crowded = packet.content;
        } else if count == 1 && requests_in(self.crowded.into(), content) == 1 {
            self.crowded = 0;
        }
        let is_repeated = self.looks_repeated(packet, path, config);
        self.latest = Some((packet.stamp.time, packet.content));
        if count == 1 && belief == Belief::Sure {
            let usual = u32::try_from(self.usual(config)).unwrap_or(u32::MAX);
            self.usual = packet
                .content
                .max(usual - usual.saturating_sub(packet.content) / LEVEL_DECAY);
        }
        for _ in 0..count {
            self.ask(Unanswered {
                stamp: packet.stamp,
                belief,
                number: None,
                content: if packet.place.is_padded() {
                    0
                } else {
                    packet.content
                },
                last: packet.stamp.time,
                goes_on,
                acknowledged: false,
                answered: false,
                asked_at: packet.received,
                is_repeated,
                may_be_several,
            });
        }
        count
    }

    fn ask(&mut self, asked: Unanswered) {
        if self.asked.len() < MAX_ASKED {
            self.asked.push(asked);
        }
    }

    /// Returns the usual content of one request.
    fn usual(&self, config: &Config) -> u64 {
        match self.usual {
            0 => config.quic_request_usual(),
            usual => u64::from(usual),
        }
    }

    /// Returns how many requests fit this much content.
    fn count(&self, content: u32, config: &Config) -> usize {
        requests_in(content.into(), self.usual(config))
    }

    /// Returns true if nothing showed that the first datagram with requests has only one.
    pub(super) const fn may_have_begun_with_several(&self) -> bool {
        self.crowded > 0
    }

    fn believe(&mut self, packet: &Uplink, jump: u64, path: &QuicPath, config: &Config) -> Belief {
        let first_flight = !std::mem::replace(&mut self.settled_in, true)
            && path.in_first_flight(packet.stamp.time, config);
        let is_coalesced = matches!(
            packet.place,
            PacketPosition::Coalesced | PacketPosition::CoalescedPadded
        );
        if first_flight || is_coalesced {
            return Belief::IfFull;
        }
        if jump >= config.quic_busy_jump() {
            Belief::Sure
        } else {
            Belief::IfQuiet
        }
    }

    /// Records that the server acknowledged all requests, in a packet with this much content.
    pub(super) fn acknowledged(&mut self, content: u32) {
        for asked in &mut self.asked {
            asked.answered |= content > PLAIN_ACK && !asked.acknowledged;
            asked.acknowledged = true;
        }
    }

    /// Returns true if the client's acknowledgements have no gaps, as far as their size shows.
    pub(super) const fn acknowledges_plainly(&self) -> bool {
        self.level <= (PLAIN_ACK + ONE_GAP) * LEVEL_UNIT
    }

    /// Tracks the size of the client's acknowledgements: upwards at once, downwards slowly.
    pub(super) fn acknowledges(&mut self, content: u32) {
        let content = content.saturating_mul(LEVEL_UNIT);
        self.level = content.max(self.level - self.level.saturating_sub(content) / LEVEL_DECAY);
    }

    /// Learns about the size of acknowledgements from a packet that turned out not to be a request.
    pub(super) fn refute(&mut self, asked: &Unanswered) {
        self.acknowledges(asked.content);
    }

    /// Returns true if a datagram only tests whether the path carries its size (RFC 9000, section
    /// 14.3): it is larger than all before, or repeats that size.
    fn is_probe(&mut self, size: u32, path: &mut QuicPath) -> bool {
        if size > path.largest[0] {
            path.largest[0] = size;
            self.probe = (size, 1);
            return true;
        }
        let again = size == self.probe.0 && self.probe.1 < MAX_PROBES;
        self.probe.1 += u8::from(again);
        again
    }
}

/// Returns how many requests of the usual length fit this much content. Paths differ in length, so one
/// request may exceed the usual by a good half.
fn requests_in(content: u64, usual: u64) -> usize {
    let tenths = content * 10 / usual.max(1);
    let rounded = if tenths < 25 {
        (tenths + 3) / 10
    } else {
        (tenths + 5) / 10
    };
    usize::try_from(rounded)
        .unwrap_or(usize::MAX)
        .clamp(1, MAX_ASKED)
}

/// Returns true if `later` is less than this many nanoseconds after `earlier`, or if the clock
/// stepped back.
pub(super) const fn within(later: Time, earlier: Time, nanoseconds: i64) -> bool {
    later.since(earlier) < nanoseconds
}
