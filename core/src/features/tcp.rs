//! Statistics from a connection's TCP headers: retransmitted and reordered bytes, bytes in flight,
//! round trips, receive windows.

use std::collections::VecDeque;

use etherparse::{TcpOptionElement, TcpOptionsIterator};
use smallvec::SmallVec;

use crate::bounded::size;
use crate::facts::counters::Direction;
use crate::packet::Time;
use crate::wire::decode::{Tcp, TcpFlags};

/// First offset, large enough that data from before the first packet seen has an offset too.
const FIRST_OFFSET: u64 = 1 << 40;
/// Largest jump within a connection: the largest window that TCP can have (RFC 7323, section 2.3).
/// Data beyond it belongs to another connection.
const MAX_JUMP: u64 = 1 << 30;
/// Holes remembered. Bytes in an older one count as seen before.
const HOLES: usize = 64;
/// Retransmitted packets remembered, to count how often each was sent.
const REPEATED: usize = 64;
/// Packets remembered while they await an acknowledgement.
const AWAITED: usize = 256;
/// Largest window shift; larger ones are treated as this (RFC 7323, section 2.3).
const MAX_SHIFT: u8 = 14;

/// The facts of one packet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Observation {
    /// Payload bytes seen for the first time.
    pub(crate) new_bytes: u64,
    /// How often some byte of the payload had been sent before; `None` without payload.
    pub(crate) repetitions: Option<u32>,
    /// True if the bytes are new but came after later ones.
    pub(crate) out_of_order: bool,
    /// The sender's unacknowledged bytes, including this packet.
    pub(crate) in_flight: Option<u64>,
    /// The sender's receive window, in bytes.
    pub(crate) receive_window: Option<u64>,
    /// Nanoseconds from a client's packet to this packet, by which the server acknowledges it.
    pub(crate) round_trip: Option<i64>,
}

/// State of the window scale option in one side's SYN (RFC 7323, section 2.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Scale {
    /// The SYN was not seen, or its options were cut.
    #[default]
    Unknown,
    Absent,
    Shift(u8),
}

/// One direction of a connection.
#[derive(Debug, Default)]
struct Half {
    started: bool,
    /// Sequence number of the byte at `highest`.
    sequence: u32,
    /// One past the highest byte seen, as an offset.
    highest: u64,
    /// Ranges below `highest` that were not seen.
    holes: SmallVec<[(u64, u64); 2]>,
    /// Offset up to which the other side acknowledged.
    acknowledged: u64,
    /// Retransmitted packets: range, and how often it was sent before.
    repeated: VecDeque<(u64, u64, u32)>,
    /// One past the highest position used in sequence space, including SYN and FIN.
    taken: u64,
    /// Ends in sequence space of unacknowledged packets, and when they were sent.
    awaited: VecDeque<(u64, Time)>,
    scale: Scale,
}

impl Half {
    /// Sets the first known sequence number. If it is a SYN's, nothing came before.
    fn start(&mut self, sequence: u32, is_anchored: bool) {
        if self.started {
            return;
        }
        self.started = true;
        self.sequence = sequence;
        self.highest = FIRST_OFFSET;
        self.acknowledged = FIRST_OFFSET;
        // The SYN itself uses the position before the first byte.
        self.taken = FIRST_OFFSET - u64::from(is_anchored);
        if !is_anchored {
            self.holes.push((0, FIRST_OFFSET));
        }
    }

    /// Returns the offset of a sequence number; `None` if it is too far away to belong to this
    /// connection.
    fn offset(&self, sequence: u32) -> Option<u64> {
        // Wrapping difference as signed: the serial number arithmetic of RFC 9293, section 3.4.
        let distance = i64::from(sequence.wrapping_sub(self.sequence) as i32);
        (self.started && distance.unsigned_abs() <= MAX_JUMP)
            .then(|| self.highest.wrapping_add_signed(distance))
    }

    /// The same, but starts over where the number is too far away, because a new connection's
    /// beginning was not captured.
    fn offset_or_restart(&mut self, sequence: u32) -> u64 {
        self.start(sequence, false);
        if let Some(offset) = self.offset(sequence) {
            return offset;
        }
        *self = Self::default();
        self.start(sequence, false);
        self.highest
    }

    /// Returns true if a single byte at this offset is a keep-alive's and no data (RFC 1122, section
    /// 4.2.3.6): the byte before the next, once all is acknowledged.
    const fn is_keep_alive(&self, offset: u64) -> bool {
        offset + 1 == self.highest && self.acknowledged >= self.highest
    }

    /// Counts payload. Returns the bytes seen for the first time, and true if they are below others
    /// that came before.
    fn receive(&mut self, start: u64, end: u64) -> (u64, bool) {
        let is_below = start < self.highest;
        let mut new = 0;
        if start > self.highest {
            self.remember_hole((self.highest, start));
        }
        if is_below {
            new += self.fill(start, end.min(self.highest));
        }
        if end > self.highest {
            new += end - start.max(self.highest);
            self.sequence = self.sequence.wrapping_add((end - self.highest) as u32);
            self.highest = end;
        }
        (new, is_below)
    }

    fn remember_hole(&mut self, hole: (u64, u64)) {
        if self.holes.len() == HOLES {
            self.holes.remove(0);
        }
        self.holes.push(hole);
    }

    /// Fills holes with a range, and returns how many of its bytes fell into holes.
    fn fill(&mut self, start: u64, end: u64) -> u64 {
        let mut filled = 0;
        let mut at = 0;
        while at < self.holes.len() {
            let (hole_start, hole_end) = self.holes[at];
            let (from, to) = (start.max(hole_start), end.min(hole_end));
            if from >= to {
                at += 1;
                continue;
            }
            filled += to - from;
            self.holes.remove(at);
            for rest in [(hole_start, from), (to, hole_end)] {
                if rest.0 < rest.1 && self.holes.len() < HOLES {
                    self.holes.insert(at, rest);
                    at += 1;
                }
            }
        }
        filled
    }

    /// Returns how often the bytes of a partly repeated range had been sent: one more than the most
    /// repeated packet that it overlaps.
    fn repeat(&mut self, start: u64, end: u64) -> u32 {
        let overlapping = self
            .repeated
            .iter()
            .filter(|packet| packet.0 < end && start < packet.1);
        let times = overlapping
            .map(|packet| packet.2)
            .max()
            .unwrap_or(0)
            .saturating_add(1);
        if self.repeated.len() == REPEATED {
            self.repeated.pop_front();
        }
        self.repeated.push_back((start, end, times));
        times
    }

    /// Records when a packet was sent. Skips retransmissions and everything below them, because it
    /// is ambiguous which copy is acknowledged (Karn's algorithm, RFC 6298, section 3).
    fn await_acknowledgement(&mut self, start: u64, end: u64, time: Time) {
        if start < self.taken {
            self.awaited.retain(|packet| packet.0 <= start);
        } else {
            if self.awaited.len() == AWAITED {
                self.awaited.pop_front();
            }
            self.awaited.push_back((end, time));
        }
        self.taken = self.taken.max(end);
    }

    /// Processes the other side's acknowledgement. Returns how long the newest acknowledged packet
    /// waited for it.
    fn acknowledge(&mut self, number: u32, time: Time) -> Option<i64> {
        self.start(number, false);
        let offset = self.offset(number)?;
        self.acknowledged = self.acknowledged.max(offset);
        let mut newest = None;
        while let Some(packet) = self.awaited.front().filter(|packet| packet.0 <= offset) {
            newest = Some(packet.1);
            self.awaited.pop_front();
        }
        newest.map(|sent| time.since(sent).max(0))
    }
}

/// A TCP connection between a client and a server.
#[derive(Debug, Default)]
pub(crate) struct TcpHalves {
    up: Half,
    down: Half,
}

impl TcpHalves {
    /// Returns the most memory that it holds besides the struct itself.
    pub(crate) fn bound() -> u64 {
        let remembered =
            size::list::<(u64, u64)>(HOLES as u64) + size::list::<(u64, u64, u32)>(REPEATED as u64);
        2 * remembered + size::list::<(u64, Time)>(AWAITED as u64)
    }

    /// Processes a packet.
    pub(crate) fn packet(
        &mut self,
        tcp: &Tcp<'_>,
        direction: Direction,
        time: Time,
    ) -> Observation {
        let mut seen = Observation::default();
        if tcp.flags.has(TcpFlags::RST) {
            // A reset's numbers and window may be anything, and its payload is text for people (RFC
            // 9293, section 3.5.3).
            return seen;
        }
        let is_syn = tcp.flags.has(TcpFlags::SYN);
        let (own, other) = match direction {
            Direction::Out => (&mut self.up, &mut self.down),
            Direction::In => (&mut self.down, &mut self.up),
        };
        if is_syn {
            own.scale = scale(tcp);
            own.start(tcp.sequence.wrapping_add(1), true);
        }
        let first = tcp.sequence.wrapping_add(u32::from(is_syn));
        let start = own.offset_or_restart(first);
        if tcp.flags.has(TcpFlags::ACK) {
            seen.round_trip = other.acknowledge(tcp.acknowledgement, time);
        }
        let length = match u64::from(tcp.payload_length) {
            1 if !is_syn && own.is_keep_alive(start) => 0,
            length => length,
        };
        if length > 0 {
            let is_below;
            (seen.new_bytes, is_below) = own.receive(start, start + length);
            let is_repeated = seen.new_bytes < length;
            seen.repetitions = Some(if is_repeated {
                own.repeat(start, start + length)
            } else {
                0
            });
            seen.out_of_order = is_below && !is_repeated;
        }
        let numbers = length + u64::from(tcp.flags.has(TcpFlags::FIN));
        if direction == Direction::Out && (numbers > 0 || is_syn) {
            own.await_acknowledgement(start - u64::from(is_syn), start + numbers, time);
        }
        seen.in_flight = Some(own.highest.saturating_sub(own.acknowledged));
        let shift = if is_syn {
            Some(0)
        } else {
            shift(own.scale, other.scale, direction)
        };
        seen.receive_window = shift.map(|shift| u64::from(tcp.window) << shift);
        seen
    }
}

/// Returns the shift of a side's window; `None` if its handshake was not seen. A server sends the
/// option only if the client did, so the server's SYN shows that it applies to both (RFC 7323,
/// section 1.3).
fn shift(own: Scale, other: Scale, direction: Direction) -> Option<u8> {
    match (own, other, direction) {
        (Scale::Absent, _, _) | (_, Scale::Absent, _) => Some(0),
        (Scale::Shift(shift), Scale::Shift(_), _)
        | (Scale::Shift(shift), Scale::Unknown, Direction::In) => Some(shift),
        _ => None,
    }
}

fn scale(tcp: &Tcp<'_>) -> Scale {
    if tcp.header_truncated {
        return Scale::Unknown;
    }
    for option in TcpOptionsIterator::from_slice(tcp.options) {
        match option {
            Ok(TcpOptionElement::WindowScale(shift)) => return Scale::Shift(shift.min(MAX_SHIFT)),
            Ok(_) => {}
            Err(_) => break,
        }
    }
    Scale::Absent
}

#[cfg(test)]
mod tests;
