//! Segments as they are judged, and the findings about them.

use crate::facts::annotation::ServerId;
use crate::facts::segment::{Kind, KindReason};

/// A segment as it is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Observed {
    pub(crate) number: u32,
    pub(crate) server: ServerId,
    /// The flow of its connection.
    pub(crate) flow: u32,
    /// Times of request and last byte, in nanoseconds.
    pub(crate) start: i64,
    pub(crate) end: i64,
    pub(crate) size: u64,
    /// By how much the size may be off.
    pub(crate) error: u64,
    /// True if it overlapped others on its connection, so that its size was inferred.
    pub(crate) shared: bool,
    /// True if it was taken for audio then.
    pub(crate) as_audio: bool,
}

/// A size whose error exceeds this fraction of it is unreliable.
const VAGUE: u64 = 8;

impl Observed {
    /// Returns true if its size is unreliable.
    pub(crate) const fn is_vague(&self) -> bool {
        self.error > self.size / VAGUE
    }

    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        self.start < other.end && other.start < self.end
    }
}

/// The verdict about a segment.
pub(crate) type Verdict = (Kind, KindReason);

pub(crate) const UNDECIDED: Verdict = (Kind::Pending, KindReason::Pending);

/// Returns the places that are not decided yet.
pub(crate) fn undecided(verdicts: &[Verdict]) -> Vec<usize> {
    (0..verdicts.len())
        .filter(|&at| verdicts[at] == UNDECIDED)
        .collect()
}
