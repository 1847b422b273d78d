//! Bytes that wait behind a hole: which are new, and when they can be read.

use smallvec::SmallVec;

use super::Stream;
use super::piece::{Arrival, HoldLimits, Note, Piece, Run};
use crate::bounded::work;

/// The buffer is compacted once one part in this many was read; otherwise every packet might move
/// nearly all of it.
const COMPACT_SHARE: usize = 8;

impl Stream {
    /// Adds the new part of `from..end` to the pieces.
    #[expect(
        clippy::too_many_arguments,
        reason = "one packet's facts, taken apart once"
    )]
    pub(super) fn insert(
        &mut self,
        mut from: u64,
        end: u64,
        offset: u64,
        captured: &[u8],
        note: Note,
        limits: HoldLimits,
        arrival: &mut Arrival,
    ) {
        let mut at = self.pieces.partition_point(|piece| piece.end <= from);
        while from < end {
            work::count(1);
            (from, at) = self.held_from(from, end, at);
            if from >= end {
                return;
            }
            let to = self
                .pieces
                .get(at)
                .map_or(end, |piece| end.min(piece.start));
            arrival.new.push((from, to));
            // In-order bytes are read straight from the packet: they are recorded without a copy of
            // the data.
            let in_order = from == self.next;
            let skip = usize::try_from(from - offset).unwrap_or(usize::MAX);
            let take = usize::try_from(to - from).unwrap_or(usize::MAX);
            let bytes = captured.get(skip..).unwrap_or_default();
            let bytes = &bytes[..bytes.len().min(take)];
            let (data, kept) = if in_order || bytes.is_empty() {
                (0, 0)
            } else {
                self.keep(bytes, limits)
            };
            if !in_order {
                arrival.dropped += (bytes.len() - kept) as u64;
            }
            let piece = Piece {
                start: from,
                end: to,
                data: data as u32,
                captured: kept as u32,
                note,
                held: !in_order,
            };
            if in_order {
                self.direct = Some(piece);
            } else {
                self.pieces.insert(at, piece);
                at += 1;
            }
            from = to;
        }
    }

    /// Returns the end of the bytes that came before without a hole, as far as `end`, and the index
    /// of the piece behind them. The piece at `at` is the first that may have the byte at `from`.
    fn held_from(&self, mut from: u64, end: u64, mut at: usize) -> (u64, usize) {
        if self.pieces.get(at).is_none_or(|piece| piece.start > from) {
            return (from, at);
        }
        let behind = self.pieces.partition_point(|piece| piece.start < end);
        let (front, back) = self.pieces.as_slices();
        let middle = front.len();
        let parts = [
            front.get(at..behind.min(middle)),
            back.get(at.saturating_sub(middle)..behind.saturating_sub(middle)),
        ];
        for pieces in parts.into_iter().flatten() {
            for (held, piece) in pieces.iter().enumerate() {
                if piece.start > from {
                    return (from, at + held);
                }
                work::count(1);
                from = piece.end;
            }
            at += pieces.len();
        }
        (from, at)
    }

    /// Copies bytes into the buffer; none if there is no room for all.
    fn keep(&mut self, bytes: &[u8], limits: HoldLimits) -> (usize, usize) {
        if self.buffer.len() + bytes.len() > limits.bytes {
            let read = self.buffer.len() - self.unread;
            if self.unread + bytes.len() > limits.bytes || read < limits.bytes / COMPACT_SHARE {
                return (0, 0);
            }
            self.compact();
        }
        let data = self.buffer.len();
        self.buffer.extend_from_slice(bytes);
        self.unread += bytes.len();
        (data, bytes.len())
    }

    /// Drops bytes that were read from the buffer.
    fn compact(&mut self) {
        work::count(self.pieces.len());
        let mut live: SmallVec<[(u32, usize); 16]> = SmallVec::new();
        live.extend(
            self.pieces
                .iter()
                .enumerate()
                .filter(|(_, p)| p.captured > 0)
                .map(|(i, p)| (p.data, i)),
        );
        live.sort_unstable();
        let mut to = 0;
        for (from, index) in live {
            let length = self.pieces[index].captured as usize;
            self.buffer
                .copy_within(from as usize..from as usize + length, to);
            self.pieces[index].data = to as u32;
            to += length;
        }
        self.buffer.truncate(to);
    }

    /// Reads held-back bytes, as far as the stream reaches them.
    pub(super) fn read_pieces(
        &mut self,
        offset: u64,
        captured: &[u8],
        limits: HoldLimits,
        reader: &mut impl FnMut(Run<'_>),
    ) {
        let mut consumed = 0;
        let buffer = std::mem::take(&mut self.buffer);
        let mut unread = self.unread;
        while let Some(piece) = self.pieces.get(consumed).copied() {
            work::count(1);
            if piece.start > self.next {
                if self.pieces.len() - consumed <= limits.pieces {
                    break;
                }
                // Too many pieces after one hole: it is given up, and filled in the counts should
                // it come late.
                self.skip_to(piece.start, (piece.note.stamp, u64::MAX), reader);
            }
            let bytes = if piece.captured > 0 {
                buffer.get(piece.data as usize..(piece.data + piece.captured) as usize)
            } else {
                piece.part_of(offset, captured)
            };
            unread -= piece.captured as usize;
            self.advance(piece.end);
            consumed += 1;
            reader(piece.run(bytes.unwrap_or_default()));
        }
        self.pieces.drain(..consumed);
        self.buffer = buffer;
        self.unread = unread;
        if self.pieces.is_empty() {
            // Most connections never hold back anything again, so the memory is freed for others.
            (self.buffer, self.pieces) = Default::default();
        }
    }
}
