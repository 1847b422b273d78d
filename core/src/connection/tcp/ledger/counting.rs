//! Bytes that are counted toward segments, moved between them, or taken back.

use smallvec::SmallVec;

use super::Ledger;
use super::exchange::{Certainty, Credit, Exchange, Portion, Retracted, Returned, Supposed};
use crate::connection::context::Context;
use crate::connection::sharing::scaled;
use crate::facts::segment::Segment;
use crate::packet::Stamp;
use crate::segments::table::SegmentTable;

impl Ledger {
    /// Counts new server bytes toward the segment at an index from [`Self::newest_owner`]. Returns
    /// its number.
    #[inline]
    pub(crate) fn credit_next(
        &mut self,
        segments: &mut SegmentTable,
        owner: usize,
        (start, end): (u64, u64),
        stamp: Stamp,
    ) -> u32 {
        self.next = self.next.max(end);
        let exchange = &self.exchanges[owner];
        segments.resize(exchange.number, |segment| {
            add(segment, end - start, stamp, Credit::New);
            derive(segment, Some(exchange));
        });
        exchange.number
    }

    /// Counts server bytes `start..end` toward the segments that they belong to. Returns the last
    /// of these.
    pub(crate) fn credit(
        &mut self,
        ctx: &mut Context<'_>,
        (mut start, end): (u64, u64),
        stamp: Stamp,
        credit: Credit,
    ) -> Option<u32> {
        let mut last = None;
        self.next = self.next.max(end);
        for (owner, to) in self.parts(start, end) {
            if let Some(exchange) = owner.map(|at| &self.exchanges[at]) {
                ctx.resize(exchange.number, |segment| {
                    add(segment, to - start, stamp, credit);
                    derive(segment, Some(exchange));
                });
                last = Some(exchange.number);
            }
            start = to;
        }
        last
    }

    /// Counts new server bytes toward one segment, wherever its boundaries are; toward none if
    /// `number` is 0.
    pub(crate) fn credit_whole(
        &mut self,
        ctx: &mut Context<'_>,
        number: u32,
        range: (u64, u64),
        stamp: Stamp,
    ) -> Option<u32> {
        self.next = self.next.max(range.1);
        if number == 0 {
            return None;
        }
        ctx.resize(number, |segment| {
            add(segment, range.1 - range.0, stamp, Credit::New)
        });
        self.refresh(ctx, number);
        Some(number)
    }

    /// Subtracts bytes that turned out not to belong to a response, some of which may be missing.
    pub(crate) fn retract_bytes(&mut self, ctx: &mut Context<'_>, retracted: Retracted) {
        ctx.resize(retracted.number, |segment| {
            let missing = u64::from(retracted.missing_bytes);
            segment.missing_bytes = segment.missing_bytes.saturating_sub(missing);
        });
        self.debit(ctx, retracted.number, retracted.bytes);
    }

    /// Subtracts captured bytes that turned out not to belong to a response.
    pub(crate) fn debit(&mut self, ctx: &mut Context<'_>, number: u32, length: u64) {
        ctx.resize(number, |segment| {
            segment.bytes = segment.bytes.saturating_sub(length);
            segment.missing_bytes = segment.missing_bytes.min(segment.bytes);
        });
        self.refresh(ctx, number);
    }

    /// Counts, or stops counting, server bytes that were read before their meaning was known.
    pub(crate) fn recount(
        &mut self,
        ctx: &mut Context<'_>,
        (start, end): (u64, u64),
        counts: bool,
    ) {
        let Some(number) = self.owner(start).map(|exchange| exchange.number) else {
            return;
        };
        if counts {
            ctx.resize(number, |segment| segment.bytes += end - start);
            self.refresh(ctx, number);
        } else {
            self.debit(ctx, number, end - start);
        }
    }

    /// Moves bytes counted toward `from` to where their offset belongs, now that this is known.
    pub(crate) fn reassign(
        &mut self,
        ctx: &mut Context<'_>,
        from: u32,
        (mut start, end): (u64, u64),
        stamp: Stamp,
    ) {
        while start < end {
            let (owner, to) = self.part(start, end);
            // Bytes moved away since then are counted where they went.
            let counted = ctx
                .segments
                .open(from)
                .map_or(0, |segment| segment.bytes - segment.missing_bytes);
            if owner != Some(from) && counted >= to - start {
                self.debit(ctx, from, to - start);
                self.credit(ctx, (start, to), stamp, Credit::New);
            }
            start = to;
        }
    }

    /// Moves `length` bytes, and their share of framing, from one segment to another.
    pub(crate) fn transfer(&mut self, ctx: &mut Context<'_>, from: u32, to: u32, length: u64) {
        // A settled segment keeps what it has, and gets nothing more.
        let Some(source) = ctx.segments.open(from) else {
            return;
        };
        if ctx.segments.open(to).is_none() {
            return;
        }
        let total = source.bytes.max(1);
        let length = length.min(source.bytes);
        let framing = self.find_mut(from).map_or(0, |exchange| {
            let moved = u128::from(exchange.framing) * u128::from(length) / u128::from(total);
            exchange.framing -= moved as u64;
            moved as u64
        });
        if let Some(exchange) = self.find_mut(to) {
            exchange.framing += framing;
        }
        let (first, last) = (
            (source.first_frame, source.t_first),
            (source.last_frame, source.t_last),
        );
        // Which of the bytes were missing or in which packets is not known any more, so shares are
        // proportional.
        let missing = (u128::from(source.missing_bytes) * u128::from(length))
            .div_ceil(u128::from(total)) as u64;
        let packets = scaled(source.pkts, length, total);
        ctx.resize(from, |segment| {
            segment.bytes -= length;
            segment.missing_bytes -= missing;
            segment.pkts -= packets;
        });
        ctx.resize(to, |segment| {
            segment.bytes += length;
            segment.missing_bytes += missing;
            segment.pkts += packets;
            if segment.first_frame.is_none() {
                (segment.first_frame, segment.t_first) = first;
                (segment.last_frame, segment.t_last) = last;
            }
        });
        self.refresh(ctx, from);
        self.refresh(ctx, to);
    }

    /// Counts framing toward the segment that a server's byte belongs to.
    pub(crate) fn add_framing(
        &mut self,
        ctx: &mut Context<'_>,
        offset: u64,
        bytes: u64,
        certainty: Certainty,
    ) {
        if let Some(exchange) = self.owner_mut(offset) {
            exchange.framing += bytes;
            match certainty {
                Certainty::Exact => {}
                Certainty::Within(error) => exchange.framing_error += error,
                Certainty::Doubtful => exchange.is_doubtful = true,
            }
            let estimated = certainty != Certainty::Exact;
            let number = exchange.number;
            if estimated && let Some(segment) = ctx.segments.get_mut(number) {
                segment.estimated = true;
            }
            self.refresh(ctx, number);
        }
    }

    /// Counts bytes with hidden framing, in records of the assumed length.
    pub(crate) fn add_unframed(
        &mut self,
        ctx: &mut Context<'_>,
        offset: u64,
        bytes: u64,
        supposed: Supposed,
    ) {
        self.suppose(ctx, supposed);
        if let Some(exchange) = self.owner_mut(offset) {
            exchange.framing += supposed.framing_of(exchange.unframed + bytes)
                - supposed.framing_of(exchange.unframed);
            exchange.unframed += bytes;
            exchange.unframed_error = supposed.error_of(exchange.unframed);
            exchange.responded = true;
            let number = exchange.number;
            if let Some(segment) = ctx.segments.get_mut(number) {
                segment.estimated = true;
            }
            self.refresh(ctx, number);
        }
    }

    /// Sets the assumed framing of hidden records, and recounts earlier ones by it.
    pub(crate) fn suppose(&mut self, ctx: &mut Context<'_>, supposed: Supposed) {
        let before = std::mem::replace(&mut self.supposed, supposed);
        if before == supposed {
            return;
        }
        let mut changed: SmallVec<[u32; 8]> = SmallVec::new();
        for exchange in self.exchanges.iter_mut().filter(|e| e.unframed > 0) {
            exchange.framing = (exchange.framing + supposed.framing_of(exchange.unframed))
                .saturating_sub(before.framing_of(exchange.unframed));
            exchange.unframed_error = supposed.error_of(exchange.unframed);
            changed.push(exchange.number);
        }
        for number in changed {
            self.refresh(ctx, number);
        }
    }

    /// Sets the most bytes that a segment can have of those that came together with its own.
    pub(crate) fn bound(&mut self, ctx: &mut Context<'_>, number: u32, most: u64) {
        let Some(exchange) = self.find_mut(number) else {
            // A forgotten segment has its own bytes and those that were divided with it.
            let shared = ctx.segments.open(number).filter(|segment| segment.shared);
            if shared.is_some() {
                ctx.resize(number, |segment| {
                    let beyond = most.saturating_sub(segment.app_bytes);
                    segment.size_error = segment.size_error.max(beyond);
                });
            }
            return;
        };
        if !exchange.is_divided {
            exchange.most = exchange.most.max(most);
            self.refresh(ctx, number);
        }
    }

    /// Sets a segment's portion of bytes that came together, in place of what was counted.
    pub(crate) fn divide(&mut self, ctx: &mut Context<'_>, number: u32, portion: Portion) {
        if ctx.segments.open(number).is_none() {
            return;
        }
        let hidden = self.supposed.error_of(portion.bytes) + ctx.config.http2_headers_max();
        let error = portion.error + hidden;
        ctx.resize(number, |segment| {
            segment.bytes = portion.bytes;
            segment.app_bytes = portion.app_bytes;
            segment.divided_as = portion.track;
            segment.missing_bytes = portion.missing_bytes;
            segment.size_error = error;
            (segment.shared, segment.estimated) = (true, true);
            segment.came_in(portion.packets, portion.first, portion.last);
        });
        if let Some(exchange) = self.find_mut(number) {
            exchange.framing = portion.bytes.saturating_sub(portion.app_bytes);
            (exchange.unframed, exchange.unframed_error) = (0, 0);
            (exchange.framing_error, exchange.doubt) = (0, 0);
            (exchange.shared, exchange.is_divided) = (true, true);
            exchange.most = error;
        }
    }

    /// Counts bytes toward a segment after all.
    pub(crate) fn give_back(&mut self, ctx: &mut Context<'_>, returned: Returned) {
        let Returned {
            number,
            first,
            last,
            packets,
            bytes,
            missing_bytes,
            framing,
        } = returned;
        if let Some(exchange) = self.find_mut(number) {
            exchange.framing += framing;
        }
        ctx.resize(number, |segment| {
            segment.bytes += bytes;
            segment.missing_bytes += u64::from(missing_bytes);
            segment.pkts += packets;
            if segment.first_frame.is_none_or(|frame| frame > first.frame) {
                (segment.first_frame, segment.t_first) = (Some(first.frame), Some(first.time));
            }
            if segment.last_frame.is_none_or(|frame| frame < last.frame) {
                (segment.last_frame, segment.t_last) = (Some(last.frame), Some(last.time));
            }
        });
        self.refresh(ctx, number);
    }

    /// Updates a segment's derived values.
    pub(super) fn refresh(&self, ctx: &mut Context<'_>, number: u32) {
        let exchange = self.position(number).map(|at| &self.exchanges[at]);
        if let Some(segment) = ctx.segments.get_mut(number) {
            derive(segment, exchange);
        }
    }
}

/// Updates a segment's derived values.
#[inline]
fn derive(segment: &mut Segment, exchange: Option<&Exchange>) {
    let is_acknowledged_only = segment.bytes > 0 && segment.missing_bytes == segment.bytes;
    let Some(exchange) = exchange else {
        segment.app_bytes = segment.bytes;
        segment.inferred = is_acknowledged_only;
        return;
    };
    segment.app_bytes = segment.bytes.saturating_sub(exchange.framing);
    segment.inferred = exchange.inferred || is_acknowledged_only;
    segment.size_error = exchange.error(segment.app_bytes);
}

#[inline]
fn add(segment: &mut Segment, length: u64, stamp: Stamp, credit: Credit) {
    match credit {
        Credit::New => {
            segment.bytes += length;
            segment.pkts += 1;
            // Times of packets replace times inferred from acknowledgements.
            if segment.first_frame.is_none() || segment.missing_bytes + length == segment.bytes {
                (segment.first_frame, segment.t_first) = (Some(stamp.frame), Some(stamp.time));
            }
            (segment.last_frame, segment.t_last) = (Some(stamp.frame), Some(stamp.time));
        }
        Credit::Missing => {
            let inferred = segment.missing_bytes == segment.bytes;
            segment.bytes += length;
            segment.missing_bytes += length;
            if inferred {
                if segment.first_frame.is_none() {
                    (segment.first_frame, segment.t_first) = (Some(stamp.frame), Some(stamp.time));
                }
                (segment.last_frame, segment.t_last) = (Some(stamp.frame), Some(stamp.time));
            }
        }
        Credit::Filled => {
            segment.missing_bytes = segment.missing_bytes.saturating_sub(length);
            segment.pkts += 1;
        }
        Credit::Retransmitted => {
            segment.retransmitted_bytes += length;
            segment.pkts += 1;
        }
    }
}
