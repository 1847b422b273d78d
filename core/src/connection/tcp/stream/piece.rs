//! Pieces of a stream: those that arrive, those that wait for earlier bytes, and those that a
//! reader gets.

use smallvec::SmallVec;

use crate::packet::Stamp;

/// Limits on what is held back behind a hole.
#[derive(Clone, Copy, Debug)]
pub struct HoldLimits {
    /// Number of captured bytes.
    pub bytes: usize,
    /// Number of pieces.
    pub pieces: usize,
}

/// Facts that stay with a packet's payload until it is read, however late.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Note {
    /// The packet.
    pub stamp: Stamp,
    /// The segment that its bytes were counted toward, or 0.
    pub owner: u32,
    /// Position up to which its sender had the other direction's stream: it cannot answer anything
    /// later.
    pub peer: u64,
}

/// Bytes that arrived before bytes that precede them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece {
    pub(super) start: u64,
    pub(super) end: u64,
    /// Position of the captured bytes in the buffer. There are fewer than `end - start` if they
    /// were cut or did not fit.
    pub(super) data: u32,
    pub(super) captured: u32,
    pub(super) note: Note,
    /// True if it waits after a hole; otherwise it is the current packet.
    pub(super) held: bool,
}

impl Piece {
    /// Returns the run of its bytes; `bytes` are the captured ones.
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

    /// Returns the part of a packet's payload, which begins at `offset`, that belongs to it.
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
    /// The captured beginning of these bytes.
    pub bytes: &'a [u8],
    /// The packet that brought them or, if they were never captured, that acknowledged them.
    pub stamp: Stamp,
    /// True if they were never captured although the receiver acknowledged them.
    pub missing: bool,
    /// The owner that held-back bytes were counted toward when they arrived.
    pub owner: Option<u32>,
    /// [`Note::peer`]; for bytes never captured, the position of the direction that acknowledged
    /// them, or no bound.
    pub peer: u64,
}

impl Run<'_> {
    /// Returns the run after its first `length` bytes.
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

/// The position of a packet's payload in its stream.
#[derive(Clone, Debug, Default)]
pub struct Arrival {
    /// Offset of its first byte.
    pub offset: u64,
    /// Ranges seen for the first time.
    pub new: SmallVec<[(u64, u64); 2]>,
    /// Bytes that fill a hole counted as missing.
    pub filled: u64,
    /// Bytes seen before.
    pub retransmitted: u64,
    /// Captured bytes that did not fit after a hole.
    pub dropped: u64,
}
