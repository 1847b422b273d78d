//! Exchanges of a connection, and what bytes are counted on them as.

use crate::packet::Stamp;

/// The least that servers limit records to.
const LEAST_RECORD: u64 = 1_400;

/// Stands for a segment's number where bytes belong to none.
pub(crate) const NOBODY: u32 = 0;

/// One segment as its connection sees it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Exchange {
    pub(crate) number: u32,
    /// The place where the request begins in the client's stream.
    pub(crate) up_start: u64,
    /// The place where its response begins in the server's stream is known.
    pub(super) placed: bool,
    /// Response bytes came that are more than an announcement.
    pub(crate) responded: bool,
    pub(super) ended: bool,
    /// The response overlaps another's on the connection.
    pub(crate) shared: bool,
    /// True if it overlaps one that was requested before it.
    pub(crate) overlaps: bool,
    /// The request was not captured.
    pub(super) inferred: bool,
    /// Bytes of framing in it.
    pub(super) framing: u64,
    /// Bytes whose framing is hidden.
    pub(super) unframed: u64,
    /// By how much the framing of these may be off.
    pub(super) unframed_error: u64,
    /// By how much other framing may be off.
    pub(super) framing_error: u64,
    /// Bytes that may be none of its, or others that may be.
    pub(super) doubt: u64,
    /// Another response may be in it.
    pub(super) is_doubtful: bool,
    /// Most that it can have of what came at once with it, if bytes were divided; by how much its part may be off, where
    /// there is more to say than that.
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

    /// By how much its size may be off, of this many bytes that HTTP sent.
    pub(super) fn error(&self, app_bytes: u64) -> u64 {
        let parts = self.unframed_error + self.framing_error + self.doubt;
        if self.is_divided {
            return parts + self.most;
        }
        if self.is_doubtful || self.shared {
            // All of it may be another's, or all of the others' be its own.
            return parts
                .max(app_bytes)
                .max(self.most.saturating_sub(app_bytes));
        }
        parts
    }

    /// Notes that so many bytes may be none of its, or others that may be; `false` takes that back.
    pub(crate) const fn doubt(&mut self, bytes: u64, doubts: bool) {
        if doubts {
            self.doubt = self.doubt.saturating_add(bytes);
        } else {
            self.doubt = self.doubt.saturating_sub(bytes);
        }
    }

    /// Takes back what was taken for the beginning of its response, with its framing.
    pub(crate) const fn unrespond(&mut self, framing: u64) {
        self.responded = false;
        self.unframe(framing);
    }

    /// Takes back framing.
    pub(crate) const fn unframe(&mut self, framing: u64) {
        self.framing = self.framing.saturating_sub(framing);
    }
}

/// From `start` on, the server's bytes belong to a segment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub(super) start: u64,
    pub(super) number: u32,
}

/// Certainty of framing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Certainty {
    Exact,
    /// Within so many bytes.
    Within(u64),
    /// The bytes that it frames may be another response's.
    Doubtful,
}

/// Bytes seen how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Credit {
    New,
    /// Acknowledged, never captured.
    Missing,
    /// Captured after having been counted as missing.
    Filled,
    Retransmitted,
}

/// Bytes that are counted on a segment after all.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Returned {
    pub(crate) number: u32,
    pub(super) first: Stamp,
    pub(super) last: Stamp,
    pub(super) packets: u64,
    pub(super) bytes: u64,
    pub(super) framing: u64,
}

impl Returned {
    /// None yet, of a segment and from a packet on.
    pub(crate) const fn none(number: u32, stamp: Stamp) -> Self {
        Self {
            number,
            first: stamp,
            last: stamp,
            packets: 0,
            bytes: 0,
            framing: 0,
        }
    }

    /// Adds bytes that a packet brought.
    pub(crate) fn add(&mut self, bytes: u64, framing: u64, stamp: Stamp) {
        self.packets += u64::from(self.packets == 0 || self.last.frame != stamp.frame);
        self.last = stamp;
        self.bytes += bytes;
        self.framing += framing;
    }
}

/// A segment's share of bytes that came at once with others'.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Portion {
    pub(crate) bytes: u64,
    pub(crate) app_bytes: u64,
    /// Those of its bytes that were never captured.
    pub(crate) missing_bytes: u64,
    pub(crate) packets: u64,
    /// By how much that may be off.
    pub(crate) error: u64,
    pub(crate) first: Option<Stamp>,
    pub(crate) last: Option<Stamp>,
}

/// The framing that a hidden record is supposed to have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Supposed {
    /// The bytes, header included.
    pub(crate) record: u64,
    /// The framing among these.
    pub(crate) framing: u64,
    /// The length is that of records which showed.
    pub(crate) learnt: bool,
    /// By how much its framing may be off because others of another length showed too.
    pub(crate) spread: u64,
}

impl Supposed {
    /// Framing in so many bytes.
    pub(super) fn framing_of(self, bytes: u64) -> u64 {
        bytes.div_ceil(self.record.max(1)) * self.framing
    }

    /// By how much that may be off: records may be as short as what fits a TCP segment, unless others showed; then by
    /// those that are not full.
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
