//! Pieces of a stream: those that come in, those that wait for bytes before them, and those that a reader gets.

use smallvec::SmallVec;

use crate::packet::Stamp;

/// Limits on what is held back behind a hole.
#[derive(Clone, Copy, Debug)]
pub struct HoldLimits {
    /// Captured bytes.
    pub bytes: usize,
    /// Pieces.
    pub pieces: usize,
}

/// Facts that go with a packet's payload to whoever reads it, however late.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Note {
    /// The packet.
    pub stamp: Stamp,
    /// The segment that its bytes were counted on, or 0.
    pub owner: u32,
    /// Up to where its sender had the other direction's stream: it cannot answer what comes after.
    pub peer: u64,
}

/// Bytes that arrived before bytes that precede them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece {
    pub(super) start: u64,
    pub(super) end: u64,
    /// The place where the captured bytes stand in the buffer; fewer than `end - start` where they
    /// were cut or found no room.
    pub(super) data: u32,
    pub(super) captured: u32,
    pub(super) note: Note,
    /// Waits behind a hole; else it is the packet just received.
    pub(super) held: bool,
}

impl Piece {
    /// The bytes, of which `bytes` were captured.
    pub(super) fn run<'a>(&self, bytes: &'a [u8]) -> Run<'a> {
        Run {
            offset: self.start,
            length: self.end - self.start,
            bytes,
            stamp: self.note.stamp,
            missing: false,
            owner: self.held.then_some(self.note.owner),
            peer: self.note.peer,
        }
    }

    /// Returns what of a packet's payload, which begins at `offset`, it holds.
    pub(super) fn part_of<'a>(&self, offset: u64, captured: &'a [u8]) -> Option<&'a [u8]> {
        let skip = usize::try_from(self.start.checked_sub(offset)?).unwrap_or(usize::MAX);
        let take = usize::try_from(self.end - self.start).unwrap_or(usize::MAX);
        captured
            .get(skip..)
            .map(|bytes| &bytes[..bytes.len().min(take)])
    }
}

/// Bytes in stream order, as a reader gets them.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// Offset of the first byte.
    pub offset: u64,
    /// Number of bytes.
    pub length: u64,
    /// The first of them, as far as they were captured.
    pub bytes: &'a [u8],
    /// The packet that brought them; for bytes never captured, the one that acknowledged them.
    pub stamp: Stamp,
    /// Never captured, although the receiver acknowledged them.
    pub missing: bool,
    /// The owner that held-back bytes were counted on when they arrived.
    pub owner: Option<u32>,
    /// [`Note::peer`]; for bytes never captured, where the direction that acknowledged them stood
    /// then, or no bound.
    pub peer: u64,
}

impl Run<'_> {
    /// Returns what is behind its first `length` bytes.
    pub(crate) fn behind(&self, length: u64) -> Self {
        let length = length.min(self.length);
        let taken = usize::try_from(length).unwrap_or(usize::MAX);
        Self {
            offset: self.offset + length,
            length: self.length - length,
            bytes: self.bytes.get(taken..).unwrap_or_default(),
            ..*self
        }
    }
}

/// The place of a packet's payload in its stream.
#[derive(Clone, Debug, Default)]
pub struct Arrival {
    /// Offset of its first byte.
    pub offset: u64,
    /// Ranges seen for the first time.
    pub new: SmallVec<[(u64, u64); 2]>,
    /// Bytes that fill a hole which had been counted as missing.
    pub filled: u64,
    /// Bytes seen before.
    pub retransmitted: u64,
    /// Captured bytes that found no room behind a hole.
    pub dropped: u64,
}
