//! One direction of a TCP connection in sequence space: which bytes are new, repeated, late or
//! never captured, and the order in which a reader of the stream gets them (RFC 9293, sections 3.4
//! and 3.10.7.4).
//!
//! Sequence numbers are unwrapped to 64-bit stream offsets relative to the last one expected, so
//! arithmetic modulo 2^32 happens in one place. Bytes are kept only while a hole before them is
//! open.

mod acknowledged;
mod held;
mod piece;

use std::collections::VecDeque;

use smallvec::SmallVec;

use self::piece::Piece;
pub use self::piece::{Arrival, HoldLimits, Note, Run};
use crate::bounded::size;
use crate::packet::Stamp;

/// First offset, large enough that data from before the first packet seen has an offset too.
const FIRST_OFFSET: u64 = 1 << 40;

/// Largest jump within a connection: the largest window that TCP can have (RFC 7323, section 2.3).
/// Data beyond it is not the same connection's next data.
const MAX_JUMP: u64 = 1 << 30;

/// Number of holes given up recently that late data may still fill.
const RECENT_HOLES: usize = 8;

/// One direction of a connection.
#[derive(Debug)]
pub struct Stream {
    started: bool,
    /// True if started by a SYN: nothing came before.
    anchored: bool,
    /// Sequence number of the byte at `next`.
    next_sequence: u32,
    /// Offset below which everything was received or given up.
    next: u64,
    /// Data packets seen.
    pub packets: u64,
    /// The current packet, if it continues the bytes read so far: set between [`Stream::receive`]
    /// and [`Stream::read`].
    direct: Option<Piece>,
    /// Pieces in order. Most are added and removed at the ends.
    pieces: VecDeque<Piece>,
    buffer: Vec<u8>,
    /// Bytes of the buffer that are still to be read.
    unread: usize,
    /// Offset up to which the other side acknowledged.
    acknowledged: u64,
    pending: Option<Pending>,
    /// Offset of the FIN, which takes a sequence number of its own.
    end: Option<u64>,
    holes: SmallVec<[(u64, u64); RECENT_HOLES]>,
}

/// An acknowledgement of unseen bytes, which may still come if the capture reorders.
#[derive(Clone, Copy, Debug)]
struct Pending {
    acknowledged: u64,
    stamp: Stamp,
    /// Position of the acknowledging direction.
    peer: u64,
    /// The latest later acknowledgement of unseen bytes, and the position of its direction.
    newest: (Stamp, u64),
    patience: u8,
    full_patience: u8,
}

impl Default for Stream {
    fn default() -> Self {
        Self {
            started: false,
            anchored: false,
            next_sequence: 0,
            next: FIRST_OFFSET,
            packets: 0,
            direct: None,
            pieces: VecDeque::new(),
            buffer: Vec::new(),
            unread: 0,
            acknowledged: FIRST_OFFSET,
            pending: None,
            end: None,
            holes: SmallVec::new(),
        }
    }
}

impl Stream {
    /// Resets it, keeping its memory.
    pub fn reset(&mut self) {
        let (mut pieces, mut buffer) = (
            std::mem::take(&mut self.pieces),
            std::mem::take(&mut self.buffer),
        );
        pieces.clear();
        buffer.clear();
        *self = Self {
            pieces,
            buffer,
            ..Self::default()
        };
    }

    /// Returns its heap memory, in bytes.
    #[must_use]
    pub fn heap(&self) -> usize {
        self.buffer.capacity() + self.pieces.capacity() * size_of::<Piece>()
    }

    /// Returns the most memory that one holds within these [`HoldLimits`], in bytes.
    pub(crate) fn bound(bytes: u64, pieces: u64) -> u64 {
        // Existing pieces may split a packet into several. Bytes are added many at once: their list
        // grows to what it needs or to twice its size, whichever is more.
        bytes
            .saturating_mul(2)
            .saturating_add(size::list::<Piece>(2 * pieces + 2))
    }

    /// Returns true if bytes wait after a hole.
    #[must_use]
    pub(crate) fn holds_back(&self) -> bool {
        !self.pieces.is_empty()
    }

    /// Returns true if any sequence number is known.
    #[must_use]
    pub const fn started(&self) -> bool {
        self.started
    }

    /// Returns the offset up to which everything was received or given up.
    #[must_use]
    pub const fn next(&self) -> u64 {
        self.next
    }

    /// Returns true if the bytes known so far begin at most this many after a sequence number, and
    /// not with the SYN.
    #[must_use]
    pub const fn continues(&self, sequence: u32, most: u32) -> bool {
        let known = self.next.wrapping_sub(FIRST_OFFSET) as u32;
        let first = self.next_sequence.wrapping_sub(known);
        self.started && !self.anchored && first.wrapping_sub(sequence) <= most
    }

    /// Returns true if acknowledged bytes have not come.
    #[must_use]
    pub const fn has_pending(&self) -> bool {
        self.pending.is_some()
    }

    /// Returns true if any byte was received or given up.
    #[must_use]
    pub const fn advanced(&self) -> bool {
        self.started && self.next > FIRST_OFFSET
    }

    /// Returns true if the receiver has everything up to its FIN.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.end
            .is_some_and(|end| end <= self.next.max(self.acknowledged))
    }

    /// Returns the highest offset that the receiver acknowledged.
    #[must_use]
    pub const fn acknowledged(&self) -> u64 {
        self.acknowledged
    }

    /// Sets the sequence number of the next byte, if none is known yet.
    pub const fn start(&mut self, sequence: u32) {
        if !self.started {
            self.started = true;
            self.next_sequence = sequence;
            self.next = FIRST_OFFSET;
            self.acknowledged = FIRST_OFFSET;
        }
    }

    /// Sets the sequence number after a SYN: nothing of the connection comes before it.
    pub const fn anchor(&mut self, sequence: u32) {
        if !self.started {
            self.start(sequence);
            self.anchored = true;
        }
    }

    /// Returns true if a single byte with this sequence number is no data: a keep-alive repeats the
    /// number before the next one, once all is acknowledged, with any byte or none (RFC 1122, section
    /// 4.2.3.6). If nothing of this direction is known, a single byte is more likely one than data.
    #[must_use]
    pub(crate) fn is_keep_alive(&self, sequence: u32) -> bool {
        let is_before_next = sequence == self.next_sequence.wrapping_sub(1);
        let is_idle = self.acknowledged >= self.next && self.pieces.is_empty();
        !self.started || is_before_next && is_idle
    }

    /// Records a FIN after the byte before `sequence`.
    pub fn finish(&mut self, sequence: u32) {
        self.start(sequence);
        self.end = self.offset_of(sequence);
    }

    /// Returns the offset of a sequence number; `None` if nothing is known yet or it is too far
    /// away to belong to this connection.
    #[inline]
    #[must_use]
    pub fn offset_of(&self, sequence: u32) -> Option<u64> {
        if !self.started {
            return None;
        }
        // Wrapping difference as signed: the serial number arithmetic of RFC 1982 and RFC 9293,
        // section 3.4.
        let distance = i64::from(sequence.wrapping_sub(self.next_sequence) as i32);
        (distance.unsigned_abs() <= MAX_JUMP).then(|| self.next.wrapping_add_signed(distance))
    }

    /// Adds a packet's payload: `length` bytes from `sequence` on; `captured` is their captured
    /// beginning.
    ///
    /// Call [`Stream::read`] next.
    pub fn receive(
        &mut self,
        sequence: u32,
        length: u32,
        captured: &[u8],
        note: Note,
        limits: HoldLimits,
    ) -> Arrival {
        self.start(sequence);
        let Some(offset) = self.offset_of(sequence) else {
            // Another connection's data on the same ports, without its captured beginning. Its
            // offsets are far from the earlier ones, which others may still hold.
            let apart = self.next.saturating_add(2 * MAX_JUMP);
            self.reset();
            self.start(sequence);
            (self.next, self.acknowledged) = (apart, apart);
            return self.receive(sequence, length, captured, note, limits);
        };
        if !self.anchored
            && self.packets == 0
            && offset > self.next
            && self.acknowledged == self.next
        {
            // Started by an acknowledgement from before the capture: the bytes in between passed
            // before it began.
            self.next_sequence = sequence;
            self.next = offset;
        }
        self.packets += 1;
        let end = offset + u64::from(length);
        // Data after a presumed FIN: it was not one.
        self.end = self.end.filter(|&fin| fin >= end);
        let mut arrival = Arrival {
            offset,
            ..Arrival::default()
        };
        arrival.filled = self.fill_holes(offset, end.min(self.next));
        let from = offset.max(self.next);
        if from < end {
            self.insert(from, end, offset, captured, note, limits, &mut arrival);
        }
        let new: u64 = arrival.new.iter().map(|(start, end)| end - start).sum();
        arrival.retransmitted = u64::from(length) - new - arrival.filled;
        arrival
    }

    /// Returns true if data from `sequence` on continues the stream, and nothing is held back,
    /// awaited or over.
    #[inline]
    #[must_use]
    pub fn is_plain_at(&self, sequence: u32) -> bool {
        self.started
            && sequence == self.next_sequence
            && self.pieces.is_empty()
            && self.pending.is_none()
            && self.end.is_none()
    }

    /// Adds `length` bytes of a packet if [`Self::is_plain_at`] is true. Same effect as
    /// [`Self::receive`] and [`Self::read`], without a reader.
    #[inline]
    pub fn take_in_order(&mut self, length: u32) {
        self.packets += 1;
        self.advance(self.next + u64::from(length));
    }

    /// Returns how many bytes of `start..end` fill holes that were given up.
    fn fill_holes(&mut self, start: u64, end: u64) -> u64 {
        let mut filled = 0;
        let mut index = 0;
        while index < self.holes.len() {
            let (hole_start, hole_end) = self.holes[index];
            let (from, to) = (start.max(hole_start), end.min(hole_end));
            if from < to {
                filled += to - from;
                self.holes.remove(index);
                for rest in [(hole_start, from), (to, hole_end)] {
                    if rest.0 < rest.1 && self.holes.len() < RECENT_HOLES {
                        self.holes.insert(index, rest);
                        index += 1;
                    }
                }
            } else {
                index += 1;
            }
        }
        filled
    }

    /// Passes the bytes that can now be read in order to `reader`: those of the current packet,
    /// which `captured` holds from `offset` on, and those held back after it.
    pub fn read(
        &mut self,
        offset: u64,
        captured: &[u8],
        limits: HoldLimits,
        mut reader: impl FnMut(Run<'_>),
    ) {
        if let Some(piece) = self.direct.take() {
            self.advance(piece.end);
            reader(piece.run(piece.part_of(offset, captured).unwrap_or_default()));
        }
        if !self.pieces.is_empty() {
            self.read_pieces(offset, captured, limits, &mut reader);
        }
        if self.acknowledged <= self.next {
            self.pending = None;
        }
        if let Some(pending) = self
            .pending
            .as_mut()
            .filter(|pending| pending.acknowledged <= self.next)
        {
            // The awaited bytes came. Bytes acknowledged since then are awaited for just as long.
            let Pending {
                newest,
                full_patience,
                ..
            } = *pending;
            let (acknowledged, (stamp, peer), patience) =
                (self.acknowledged, newest, full_patience);
            *pending = Pending {
                acknowledged,
                stamp,
                peer,
                newest,
                patience,
                full_patience,
            };
        }
    }

    fn advance(&mut self, end: u64) {
        self.next_sequence = self.next_sequence.wrapping_add((end - self.next) as u32);
        self.next = end;
    }
}

#[cfg(test)]
mod tests;
