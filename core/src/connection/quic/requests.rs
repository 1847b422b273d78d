//! Which of a QUIC client's packets begin a request.
//!
//! All is encrypted but the size. A request carries a path and headers, an acknowledgement some bytes per lost packet:
//! a packet well above the flow's own acknowledgements is a request. Smaller ones are believed where the timing agrees:
//! one request after the other leaves the downlink silent for a round trip.

use smallvec::SmallVec;

use super::path::Path;
use crate::bounded::size::spilled;
use crate::config::Config;
use crate::packet::{Stamp, Time};

/// Requests of one connection that may wait for their answers at once.
const MAX_ASKED: usize = 32;
/// Tries of a path MTU probe of one size (RFC 8899, section 5.1.2: MAX_PROBES).
const MAX_PROBES: u8 = 3;
/// The level of acknowledgements is kept in parts of a byte, and falls by an eighth of the distance with each packet,
/// as round-trip times are smoothed (RFC 9002, section 5.3).
const LEVEL_UNIT: u32 = 256;
const LEVEL_DECAY: u32 = 8;
/// Content of an acknowledgement without gaps: type, largest, delay, count, range (RFC 9000, section 19.3).
const PLAIN_ACK: u32 = 10;

/// How sure it is that a packet begins a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Belief {
    /// By its size alone.
    Sure,
    /// If the downlink was silent before what follows.
    IfQuiet,
    /// If a full datagram follows: it is in the client's first flight, which also opens control streams (RFC 9114,
    /// section 6.2.1) and issues connection IDs (RFC 9000, section 5.1.1).
    IfFull,
}

/// A request, or what may be one, that waits for its answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    pub(super) stamp: Stamp,
    pub(super) belief: Belief,
    /// Its segment, once that was opened.
    pub(super) number: Option<u32>,
    content: u32,
    /// Its latest packet.
    last: Time,
    last_size: u32,
    /// The server has it: the client has no reason to repeat it.
    acknowledged: bool,
    /// What acknowledged it may have held a small response too.
    answered: bool,
}

/// A client's packet with a short header.
#[derive(Clone, Copy, Debug)]
pub(super) struct Uplink {
    pub(super) stamp: Stamp,
    /// Of the datagram.
    pub(super) size: u32,
    /// Bytes of frames in it.
    pub(super) content: u32,
    /// It stands behind handshake packets.
    pub(super) coalesced: bool,
}

/// What a client's packet is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sent {
    /// An acknowledgement, flow control, a probe.
    Control,
    /// Possibly a request: the last one asked.
    Request,
    /// More of a request asked before, or the same again.
    More(Option<u32>),
}

/// The client's side of a connection.
#[derive(Debug)]
pub(super) struct Requests {
    asked: SmallVec<[Asked; 2]>,
    /// Content of the client's recent acknowledgements, in parts of [`LEVEL_UNIT`].
    level: u32,
    /// The first flight is over.
    settled_in: bool,
    /// Size and number of the latest path MTU probes.
    probe: (u32, u8),
}

impl Default for Requests {
    fn default() -> Self {
        Self {
            asked: SmallVec::new(),
            level: PLAIN_ACK * LEVEL_UNIT,
            settled_in: false,
            probe: (0, 0),
        }
    }
}

impl Requests {
    /// Memory behind it, in bytes.
    pub(super) fn heap(&self) -> usize {
        spilled(&self.asked)
    }

    /// Those that wait for an answer.
    pub(super) fn asked(&mut self) -> &mut SmallVec<[Asked; 2]> {
        &mut self.asked
    }

    /// Takes a client's packet.
    pub(super) fn take(&mut self, packet: Uplink, path: &mut Path, config: &Config) -> Sent {
        if self.is_probe(packet.size, path) {
            return Sent::Control;
        }
        let round_trip = path.round_trip(config);
        let is_full = |size| size >= path.largest[0];
        if let Some(last) = self.asked.last_mut()
            && is_full(last.last_size)
            && within(packet.stamp.time, last.last, round_trip / 2)
            && u64::from(packet.content) > config.quic_ack_content()
        {
            (last.last, last.last_size) = (packet.stamp.time, packet.size);
            return Sent::More(last.number);
        }
        let content = u64::from(packet.content);
        let jump = u64::from(packet.content.saturating_sub(self.level / LEVEL_UNIT));
        if content < config.quic_request_min() || jump < config.quic_request_jump() {
            self.acknowledges(packet.content);
            return Sent::Control;
        }
        // A probe timeout is longer than the round trip (RFC 9002, section 6.2.1); what it sends again is as long, but
        // for the acknowledgement that goes with it.
        let again = |asked: &&Asked| {
            !asked.acknowledged
                && asked.belief != Belief::IfFull
                && !within(packet.stamp.time, asked.stamp.time, round_trip)
                && u64::from(packet.content.abs_diff(asked.content)) <= config.quic_request_jump()
        };
        if let Some(asked) = self.asked.iter().find(again) {
            return Sent::More(asked.number);
        }
        let belief = self.believe(&packet, jump, path, config);
        if self
            .asked
            .last()
            .is_some_and(|last| last.belief == Belief::IfFull)
        {
            if packet.coalesced {
                return Sent::Control;
            }
            // That was the first flight; a client that sent its request in it would hardly ask again before an answer.
            self.asked.pop();
        }
        // A server that got a request would have answered.
        let waits = |asked: &mut Asked| {
            asked.belief != Belief::IfQuiet
                || within(packet.stamp.time, asked.stamp.time, round_trip)
        };
        self.asked.retain(waits);
        // What was acknowledged with room for an answer, and with nothing behind it, is not what holds the client up.
        self.asked.retain(|asked| {
            !asked.answered || within(packet.stamp.time, asked.stamp.time, 2 * round_trip)
        });
        if self.asked.len() >= MAX_ASKED {
            return Sent::Control;
        }
        self.asked.push(Asked {
            stamp: packet.stamp,
            belief,
            number: None,
            content: packet.content,
            last: packet.stamp.time,
            last_size: packet.size,
            acknowledged: false,
            answered: false,
        });
        Sent::Request
    }

    fn believe(&mut self, packet: &Uplink, jump: u64, path: &Path, config: &Config) -> Belief {
        let first_flight = !std::mem::replace(&mut self.settled_in, true)
            && path.saw_handshake()
            && path
                .reaction
                .is_none_or(|start| within(packet.stamp.time, start, path.round_trip(config) / 2));
        if first_flight || packet.coalesced {
            return Belief::IfFull;
        }
        let is_large = u64::from(packet.content) >= config.quic_request_busy()
            && jump >= config.quic_busy_jump();
        if is_large {
            Belief::Sure
        } else {
            Belief::IfQuiet
        }
    }

    /// The server acknowledged all that was asked, with so much content.
    pub(super) fn acknowledged(&mut self, content: u32) {
        for asked in &mut self.asked {
            asked.answered |= content > PLAIN_ACK && !asked.acknowledged;
            asked.acknowledged = true;
        }
    }

    /// Follows the size of the client's acknowledgements: upwards at once, downwards slowly.
    pub(super) fn acknowledges(&mut self, content: u32) {
        let content = content.saturating_mul(LEVEL_UNIT);
        self.level = content.max(self.level - self.level.saturating_sub(content) / LEVEL_DECAY);
    }

    /// What a packet that turned out to be no request says about the size of acknowledgements.
    pub(super) fn refute(&mut self, asked: &Asked) {
        self.acknowledges(asked.content);
    }

    /// Whether a datagram only tries out whether the path carries its size (RFC 9000, section 14.3): it is larger than
    /// all before, or tries that again.
    fn is_probe(&mut self, size: u32, path: &mut Path) -> bool {
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

/// Whether `later` is less than so many nanoseconds after `earlier`; true where the clock stepped back.
pub(super) const fn within(later: Time, earlier: Time, nanoseconds: i64) -> bool {
    later.since(earlier) < nanoseconds
}
