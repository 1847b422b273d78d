//! Segments as they are judged, and what is found out about them.

use crate::facts::annotation::ServerId;
use crate::facts::segment::{Kind, KindReason};

/// A segment as it is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Observed {
    pub(crate) number: u32,
    pub(crate) server: ServerId,
    /// The connection.
    pub(crate) flow: u32,
    /// Nanoseconds: request and last byte.
    pub(crate) start: i64,
    pub(crate) end: i64,
    pub(crate) size: u64,
    /// By how much that may be off.
    pub(crate) error: u64,
    /// True if it came in beside others of its connection, and its size is what was made out of it.
    pub(crate) shared: bool,
}

/// A size that may be off by more than this part of it says little.
const VAGUE: u64 = 8;

impl Observed {
    /// Returns true if its size says little.
    pub(crate) const fn is_vague(&self) -> bool {
        self.error > self.size / VAGUE
    }

    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        self.start < other.end && other.start < self.end
    }
}

/// The findings about a segment.
pub(crate) type Verdict = (Kind, KindReason);

pub(crate) const UNDECIDED: Verdict = (Kind::Pending, KindReason::Pending);

/// Places that are not decided yet.
pub(crate) fn undecided(verdicts: &[Verdict]) -> Vec<usize> {
    (0..verdicts.len())
        .filter(|&at| verdicts[at] == UNDECIDED)
        .collect()
}
