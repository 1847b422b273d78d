//! Exchanges of a connection, and the ways in which bytes are counted toward them.

use crate::facts::segment::Kind;
use crate::packet::Stamp;

/// The smallest record limit of servers.
const LEAST_RECORD: u64 = 1_400;

/// Segment number of bytes that belong to no segment.
pub(crate) const NOBODY: u32 = 0;

/// One segment as its connection sees it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Exchange {
    pub(crate) number: u32,
    /// Offset of the request in the client's stream.
    pub(crate) up_start: u64,
    /// True if the offset of its response in the server's stream is known.
    pub(super) placed: bool,
    /// True if response bytes came that are more than an announcement.
    pub(crate) responded: bool,
    pub(super) ended: bool,
    /// True if the response overlaps another one on the connection.
    pub(crate) shared: bool,
    /// True if it overlaps one that was requested before it.
    pub(crate) overlaps: bool,
    /// True if the request was not captured.
    pub(super) inferred: bool,
    /// Bytes of framing.
    pub(super) framing: u64,
    /// Bytes with hidden framing.
    pub(super) unframed: u64,
    /// By how much the framing of these may be off.
    pub(super) unframed_error: u64,
    /// By how much other framing may be off.
    pub(super) framing_error: u64,
    /// Bytes that may not belong to it, or other bytes that may.
    pub(super) doubt: u64,
    /// True if another response may be in it.
    pub(super) is_doubtful: bool,
    /// If bytes were divided: the most it can have of those that came together, and by how much its
    /// part may be off, if that is known more closely.
    pub(super) most: u64,
    pub(super) is_divided: bool,
}

impl Exchange {
    /// Returns true if it is over.
    pub(crate) const fn is_ended(&self) -> bool {
        self.ended
    }

    /// Returns true if its response's beginning is not known yet.
    pub(crate) const fn is_waiting(&self) -> bool {
        !self.placed && !self.ended
    }

    /// Returns the possible error of its size, given this many bytes that HTTP sent.
    pub(super) fn error(&self, app_bytes: u64) -> u64 {
        let parts = self.unframed_error + self.framing_error + self.doubt;
        if self.is_divided {
            return parts + self.most;
        }
        if self.is_doubtful || self.shared {
            // All of it may belong to another segment, or all of the others to it.
            return parts
                .max(app_bytes)
                .max(self.most.saturating_sub(app_bytes));
        }
        parts
    }

    /// Records that this many bytes may not belong to it, or others may; `false` takes that back.
    pub(crate) const fn doubt(&mut self, bytes: u64, doubts: bool) {
        if doubts {
            self.doubt = self.doubt.saturating_add(bytes);
        } else {
            self.doubt = self.doubt.saturating_sub(bytes);
        }
    }

    /// Takes back the presumed beginning of its response, with its framing.
    pub(crate) const fn unrespond(&mut self, framing: u64) {
        self.responded = false;
        self.unframe(framing);
    }

    /// Takes back framing.
    pub(crate) const fn unframe(&mut self, framing: u64) {
        self.framing = self.framing.saturating_sub(framing);
    }
}

/// A range of the server's bytes, from `start` on, that belongs to a segment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub(super) start: u64,
    pub(super) number: u32,
}

/// Certainty of framing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Certainty {
    Exact,
    /// Exact within this many bytes.
    Within(u64),
    /// The framed bytes may belong to another response.
    Doubtful,
}

/// The order in which bytes were seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Credit {
    New,
    /// Acknowledged but never captured.
    Missing,
    /// Captured after they were counted as missing.
    Filled,
    Retransmitted,
}

/// Bytes counted toward a segment that do not belong to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Retracted {
    pub(crate) number: u32,
    /// The bytes among `bytes` that were never captured.
    pub(crate) missing_bytes: u32,
    pub(crate) bytes: u64,
}

/// Bytes that are counted toward a segment after all.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Returned {
    pub(crate) number: u32,
    pub(super) first: Stamp,
    pub(super) last: Stamp,
    pub(super) packets: u64,
    pub(super) bytes: u64,
    /// The bytes among these that were never captured: of a few records.
    pub(super) missing_bytes: u32,
    pub(super) framing: u64,
}

impl Returned {
    /// Creates an empty count for a segment, starting at a packet.
    pub(crate) const fn none(number: u32, stamp: Stamp) -> Self {
        Self {
            number,
            first: stamp,
            last: stamp,
            packets: 0,
            bytes: 0,
            missing_bytes: 0,
            framing: 0,
        }
    }

    /// Records that this many of its bytes were never captured.
    pub(crate) const fn miss(&mut self, bytes: u32) {
        self.missing_bytes = self.missing_bytes.saturating_add(bytes);
    }

    /// Adds bytes of a packet.
    pub(crate) fn add(&mut self, bytes: u64, framing: u64, stamp: Stamp) {
        self.packets += u64::from(self.packets == 0 || self.last.frame != stamp.frame);
        self.last = stamp;
        self.bytes += bytes;
        self.framing += framing;
    }
}

/// A segment's share of bytes that came together with others'.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Portion {
    /// The track that it was taken for, if any.
    pub(crate) track: Option<Kind>,
    pub(crate) bytes: u64,
    pub(crate) app_bytes: u64,
    /// The bytes among these that were never captured.
    pub(crate) missing_bytes: u64,
    pub(crate) packets: u64,
    /// By how much that may be off.
    pub(crate) error: u64,
    pub(crate) first: Option<Stamp>,
    pub(crate) last: Option<Stamp>,
}

/// The assumed framing of a hidden record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Supposed {
    /// Length of the record, header included.
    pub(crate) record: u64,
    /// Framing bytes in it.
    pub(crate) framing: u64,
    /// True if the length is that of visible records.
    pub(crate) learnt: bool,
    /// By how much its framing may be off because visible records had another length too.
    pub(crate) spread: u64,
}

impl Supposed {
    /// Returns the framing in this many bytes.
    pub(super) fn framing_of(self, bytes: u64) -> u64 {
        bytes.div_ceil(self.record.max(1)) * self.framing
    }

    /// Returns by how much that may be off. Records may be as short as a TCP segment unless visible
    /// ones showed otherwise; then the error comes from records that are not full.
    pub(super) fn error_of(self, bytes: u64) -> u64 {
        if bytes == 0 {
            0
        } else if self.learnt {
            let spread = bytes.div_ceil(self.record.max(1)) * self.spread;
            2 * self.framing + self.framing_of(bytes) / 4 + spread
        } else {
            bytes.div_ceil(LEAST_RECORD) * self.framing
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_of_hidden_records_covers_other_lengths_that_showed() {
        let supposed = Supposed {
            record: 1_000,
            framing: 20,
            learnt: true,
            spread: 0,
        };
        // Ten records, and one that was begun.
        assert_eq!(supposed.error_of(10_001), 40 + 11 * 20 / 4);
        let spread = Supposed {
            spread: 20,
            ..supposed
        };
        assert_eq!(spread.error_of(10_001), 40 + 11 * 20 / 4 + 11 * 20);
        assert_eq!(spread.error_of(10_000), 40 + 10 * 20 / 4 + 10 * 20);
        assert_eq!(spread.error_of(0), 0);
    }
}
