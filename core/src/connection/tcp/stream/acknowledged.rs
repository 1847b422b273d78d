//! Effects of acknowledgements: bytes that were received but not captured are given up after a
//! while.

use super::piece::{HoldLimits, Run};
use super::{Pending, RECENT_HOLES, Stream};
use crate::packet::Stamp;

impl Stream {
    /// Processes an acknowledgement by the receiver of this stream if it covers only seen bytes.
    /// Returns false if it may cover others.
    #[inline]
    pub fn acknowledge_seen(&mut self, acknowledgement: u32) -> bool {
        let Some(acknowledged) = self
            .offset_of(acknowledgement)
            .filter(|&offset| offset <= self.next)
        else {
            return false;
        };
        self.acknowledged = self
            .acknowledged
            .max(acknowledged.min(self.end.unwrap_or(u64::MAX)));
        true
    }

    /// Processes an acknowledgement by the receiver of this stream. Covered bytes that were never
    /// captured are passed to `reader` as missing: at once if no data of this direction was ever
    /// captured, otherwise after `patience` further packets, because some captures hold an
    /// acknowledgement before the data that it acknowledges. `peer` is the position of the
    /// acknowledging direction.
    pub fn acknowledge(
        &mut self,
        acknowledgement: u32,
        stamp: Stamp,
        peer: u64,
        patience: u8,
        mut reader: impl FnMut(Run<'_>),
    ) {
        self.start(acknowledgement);
        if self.acknowledge_seen(acknowledgement) {
            return;
        }
        let Some(mut acknowledged) = self.offset_of(acknowledgement) else {
            return;
        };
        if self.end.is_none() && acknowledged == self.next + 1 && self.pieces.is_empty() {
            // A single unseen byte is a FIN that was not captured, not data.
            self.end = Some(self.next);
        }
        acknowledged = acknowledged.min(self.end.unwrap_or(u64::MAX));
        if acknowledged > self.acknowledged {
            self.acknowledged = acknowledged;
        }
        if acknowledged <= self.next {
            return;
        }
        if self.packets == 0 {
            self.skip_to(acknowledged, (stamp, peer), &mut reader);
        } else if let Some(pending) = &mut self.pending {
            pending.newest = (stamp, peer);
        } else {
            self.pending = Some(Pending {
                acknowledged,
                stamp,
                peer,
                newest: (stamp, peer),
                patience,
                full_patience: patience,
            });
        }
    }

    /// Counts a packet of the connection against the patience with unseen acknowledged bytes; with
    /// `now`, the patience is over.
    pub fn settle(&mut self, now: bool, limits: HoldLimits, mut reader: impl FnMut(Run<'_>)) {
        let Some(pending) = &mut self.pending else {
            return;
        };
        pending.patience = pending.patience.saturating_sub(1);
        if pending.patience > 0 && !now {
            return;
        }
        let Pending { stamp, peer, .. } = *pending;
        self.pending = None;
        // Everything acknowledged by now, not only what was when patience began: one loss often is
        // many packets.
        while self.next < self.acknowledged {
            let hole_end = self
                .pieces
                .front()
                .map_or(self.acknowledged, |p| p.start.min(self.acknowledged));
            self.skip_to(hole_end.max(self.next), (stamp, peer), &mut reader);
            let before = self.next;
            self.read(u64::MAX, &[], limits, &mut reader);
            if self.next == before && hole_end == before {
                break;
            }
        }
    }

    /// Gives up the bytes up to `end`.
    pub(super) fn skip_to(
        &mut self,
        end: u64,
        (stamp, peer): (Stamp, u64),
        reader: &mut impl FnMut(Run<'_>),
    ) {
        if end <= self.next {
            return;
        }
        let start = self.next;
        if self.holes.len() == RECENT_HOLES {
            self.holes.remove(0);
        }
        self.holes.push((start, end));
        self.advance(end);
        let length = end - start;
        reader(Run {
            offset: start,
            length,
            bytes: &[],
            stamp,
            missing: true,
            owner: None,
            peer,
        });
    }
}
