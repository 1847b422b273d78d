//! Which byte of a connection belongs to which segment.
//!
//! A segment begins where its request does, in the client's stream, and its response begins at a boundary in the
//! server's stream. Bytes belong by their offset, not by when they were captured: a late or repeated packet is counted
//! where it belongs whatever came between.

use smallvec::SmallVec;

use crate::bounded::size::spilled;
use crate::bounded::work;
use crate::config::SegmentRule;
use crate::connection::context::Context;
use crate::facts::segment::{Segment, Transport};
use crate::packet::Stamp;
use crate::segments::table::SegmentTable;

/// Segments of a connection that late packets can still be counted on.
const REMEMBERED: usize = 8;
/// Segments of a connection that may be open at once: HTTP/2 allows 100 to 128 streams in common servers.
const MAX_OPEN: usize = 128;
/// Spans of a connection that late packets can still be counted by.
const MAX_SPANS: usize = 64;

/// The least that servers limit records to.
const LEAST_RECORD: u64 = 1_400;

/// Stands for a segment's number where bytes belong to none.
pub(crate) const NOBODY: u32 = 0;

/// One segment as its connection sees it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Exchange {
    pub(crate) number: u32,
    /// Where the request begins in the client's stream.
    pub(crate) up_start: u64,
    /// Where its response begins in the server's stream is known.
    placed: bool,
    /// Response bytes came that are more than an announcement.
    pub(crate) responded: bool,
    ended: bool,
    /// Its response overlaps another's on the connection.
    pub(crate) shared: bool,
    /// It overlaps one that was requested before it.
    pub(crate) overlaps: bool,
    /// Its request was not captured.
    inferred: bool,
    /// Bytes of framing in it.
    framing: u64,
    /// Bytes whose framing is hidden.
    unframed: u64,
    /// By how much the framing of these may be off.
    unframed_error: u64,
    /// By how much other framing may be off.
    framing_error: u64,
    /// Bytes that may be none of its, or others that may be.
    doubt: u64,
    /// Another response may be in it.
    is_doubtful: bool,
    /// Bytes of the others that came at once with it, if bytes were divided among them.
    beside: u64,
}

impl Exchange {
    /// Whether it is over.
    pub(crate) const fn is_ended(&self) -> bool {
        self.ended
    }

    /// Whether its response's beginning is not known yet.
    pub(crate) const fn is_waiting(&self) -> bool {
        !self.placed && !self.ended
    }

    /// By how much its size may be off, of this many bytes that HTTP sent.
    fn error(&self, app_bytes: u64) -> u64 {
        let parts = self.unframed_error + self.framing_error + self.doubt;
        if self.is_doubtful || self.shared {
            // All of it may be another's, or all of the others' be its own.
            return parts.max(app_bytes).max(self.beside);
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
struct Span {
    start: u64,
    number: u32,
}

/// How far framing is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Certainty {
    Exact,
    /// Within so many bytes.
    Within(u64),
    /// What it frames may be another response's.
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
    first: Stamp,
    last: Stamp,
    packets: u64,
    bytes: u64,
    framing: u64,
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

/// What framing a record is supposed to have that is hidden.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Supposed {
    /// Its bytes, header included.
    pub(crate) record: u64,
    /// Those that are framing.
    pub(crate) framing: u64,
    /// Its length is that of records which showed.
    pub(crate) learnt: bool,
}

impl Supposed {
    /// Framing in so many bytes.
    fn framing_of(self, bytes: u64) -> u64 {
        bytes.div_ceil(self.record.max(1)) * self.framing
    }

    /// By how much that may be off: records may be as short as what fits a TCP segment, unless others showed; then by
    /// those that are not full.
    fn error_of(self, bytes: u64) -> u64 {
        if bytes == 0 {
            0
        } else if self.learnt {
            2 * self.framing + self.framing_of(bytes) / 4
        } else {
            bytes.div_ceil(LEAST_RECORD) * self.framing
        }
    }
}

/// The segments of one connection, in order of request.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    /// Of the records that are hidden.
    supposed: Supposed,
    exchanges: SmallVec<[Exchange; 2]>,
    /// By offset.
    spans: SmallVec<[Span; 2]>,
    /// Behind the last server byte that was counted.
    next: u64,
    /// Behind the last server byte that was read: what waits behind a hole is put right when it is.
    read: u64,
    /// A segment was begun.
    begun: bool,
}

impl Ledger {
    /// The most memory that one holds, in bytes.
    pub(crate) const BOUND: usize = MAX_OPEN.next_power_of_two() * size_of::<Exchange>()
        + MAX_SPANS.next_power_of_two() * size_of::<Span>();

    /// Memory behind it, in bytes.
    pub(crate) fn heap(&self) -> usize {
        spilled(&self.exchanges) + spilled(&self.spans)
    }

    /// Returns true if a segment was ever begun.
    pub(crate) const fn has_begun(&self) -> bool {
        self.begun
    }

    /// The latest request.
    pub(crate) fn latest(&mut self) -> Option<&mut Exchange> {
        self.exchanges.last_mut()
    }

    /// Whether what a client sends goes on with its latest request: nothing came back, or the client had nothing of it,
    /// since it knew the server's stream up to `response_at` only.
    pub(crate) fn is_asking(&self, response_at: u64) -> bool {
        let Some(latest) = self.exchanges.last() else {
            return false;
        };
        let start = self
            .spans
            .iter()
            .rev()
            .find(|span| span.number == latest.number)
            .map(|span| span.start);
        !latest.responded || start.is_some_and(|start| response_at <= start)
    }

    /// The segments that are not over, in order of request.
    pub(crate) fn open(&self) -> impl DoubleEndedIterator<Item = &Exchange> {
        self.exchanges.iter().filter(|exchange| !exchange.ended)
    }

    /// A segment that is remembered.
    pub(crate) fn find_mut(&mut self, number: u32) -> Option<&mut Exchange> {
        let at = self.position(number)?;
        Some(&mut self.exchanges[at])
    }

    /// Where a segment stands: numbers are given in order of request.
    fn position(&self, number: u32) -> Option<usize> {
        self.exchanges
            .binary_search_by_key(&number, |exchange| exchange.number)
            .ok()
    }

    /// Begins a segment. With `boundary`, the offset where its response begins, all others end there; without, it waits
    /// for [`Self::place`].
    pub(crate) fn begin(
        &mut self,
        ctx: &mut Context<'_>,
        stamp: Stamp,
        up_start: u64,
        boundary: Option<u64>,
        transport: Transport,
    ) {
        if boundary.is_some() {
            self.close(ctx);
        }
        if ctx.config.segment_rule != SegmentRule::Flow {
            return;
        }
        let Some(number) = ctx.open(stamp, transport) else {
            return;
        };
        self.begun = true;
        self.forget();
        self.exchanges.push(Exchange {
            number,
            up_start,
            placed: false,
            responded: false,
            ended: false,
            shared: false,
            overlaps: false,
            inferred: false,
            framing: 0,
            unframed: 0,
            unframed_error: 0,
            framing_error: 0,
            doubt: 0,
            is_doubtful: false,
            beside: 0,
        });
        if let Some(boundary) = boundary {
            self.claim(ctx, number, boundary);
        }
    }

    /// Places a segment at `boundary`, with what was counted from there on before its request was known.
    fn claim(&mut self, ctx: &mut Context<'_>, number: u32, boundary: u64) {
        let (mut start, end) = (boundary, self.read);
        let mut counted: SmallVec<[(u32, u64); 2]> = SmallVec::new();
        while start < end {
            let (owner, to) = self.part(start, end);
            counted.extend(owner.map(|owner| (owner, to - start)));
            start = to;
        }
        self.place(number, boundary);
        // Read late: what was read before may have been its response, whoever it was counted on, if on anybody.
        let is_late = boundary < end;
        if is_late && let Some(exchange) = self.find_mut(number) {
            exchange.responded = true;
        }
        let moved: u64 = counted.iter().map(|(_, length)| length).sum();
        for (owner, length) in counted {
            self.transfer(ctx, owner, number, length);
            // When its first packet came is not known any more, but that it was not long ago.
            ctx.resize(number, |segment| {
                (segment.first_frame, segment.t_first) = (segment.last_frame, segment.t_last);
            });
        }
        if is_late && moved < end - boundary {
            ctx.resize(number, |segment| segment.estimated = true);
            if let Some(exchange) = self.find_mut(number) {
                exchange.doubt(end - boundary - moved, true);
            }
            self.refresh(ctx, number);
        }
    }

    /// Notes what the flow said itself on segments that began before it did.
    pub(crate) fn note_own_evidence(&self, ctx: &mut Context<'_>) {
        for exchange in &self.exchanges {
            if let Some(segment) = ctx.segments.get_mut(exchange.number) {
                segment.own_evidence = ctx.own;
            }
        }
    }

    /// Takes back all segments that have no bytes yet: the server turned out not to be Netflix's.
    pub(crate) fn retract(&mut self, ctx: &mut Context<'_>) {
        for exchange in self.exchanges.drain(..) {
            if ctx
                .segments
                .get(exchange.number)
                .is_some_and(|segment| segment.bytes == 0)
            {
                ctx.segments.withdraw(exchange.number);
            }
        }
        self.spans.clear();
    }

    /// Says that the latest request, which has no response yet, went to a proxy; takes it back if it is for another's
    /// host.
    pub(crate) fn direct(&mut self, ctx: &mut Context<'_>, is_foreign: bool) {
        if is_foreign {
            self.retract(ctx);
        } else if let Some(latest) = self.exchanges.last()
            && let Some(segment) = ctx.segments.get_mut(latest.number)
        {
            segment.via = ctx.via;
        }
    }

    /// Says that the server's bytes were read up to an offset.
    pub(crate) const fn read_to(&mut self, offset: u64) {
        self.read = offset;
    }

    /// Makes room for another segment and its span.
    fn forget(&mut self) {
        let ended = self
            .exchanges
            .iter()
            .filter(|exchange| exchange.ended)
            .count();
        if ended > REMEMBERED
            && let Some(oldest) = self.exchanges.iter().position(|exchange| exchange.ended)
        {
            self.exchanges.remove(oldest);
        }
        if self.exchanges.len() >= MAX_OPEN {
            self.exchanges.remove(0);
        }
        while self.spans.len() >= MAX_SPANS {
            self.spans.remove(0);
        }
    }

    /// Says that the latest request was not captured, and known by its acknowledgement only.
    pub(crate) fn infer_request(&mut self, ctx: &mut Context<'_>) {
        if let Some(latest) = self.exchanges.last_mut() {
            latest.inferred = true;
            let number = latest.number;
            self.refresh(ctx, number);
        }
    }

    /// Says that bytes of the client's are missing which were taken for more of the latest request. Where it was being
    /// answered already, they may have been another one.
    pub(crate) fn doubt_request(&mut self, ctx: &mut Context<'_>) {
        if let Some(latest) = self
            .exchanges
            .last_mut()
            .filter(|latest| latest.responded && !latest.ended)
        {
            latest.is_doubtful = true;
            let number = latest.number;
            ctx.resize(number, |segment| segment.estimated = true);
            self.refresh(ctx, number);
        }
    }

    /// Says that from `offset` on the server's bytes belong to a segment, whatever was said before of those behind it.
    pub(crate) fn place(&mut self, number: u32, offset: u64) {
        self.spans.retain(|span| span.start < offset);
        if self.spans.len() >= MAX_SPANS {
            self.spans.remove(0);
        }
        self.spans.push(Span {
            start: offset,
            number,
        });
        if let Some(exchange) = self.find_mut(number) {
            exchange.placed = true;
        }
    }

    /// Behind the last server byte that was counted.
    pub(crate) const fn next_offset(&self) -> u64 {
        self.next
    }

    /// The earliest request whose response's beginning is not known.
    pub(crate) fn waiting(&self) -> Option<&Exchange> {
        self.exchanges.iter().find(|exchange| exchange.is_waiting())
    }

    /// Where the earliest request from `offset` of the client's stream on begins, of those whose response's beginning is
    /// not known.
    pub(crate) fn waiting_after(&self, offset: u64) -> Option<u64> {
        let waiting = self
            .exchanges
            .iter()
            .filter(|exchange| exchange.is_waiting());
        waiting
            .map(|exchange| exchange.up_start)
            .find(|&start| start >= offset)
    }

    /// Places the earliest request that waits at `offset`.
    pub(crate) fn place_waiting(&mut self, offset: u64) -> bool {
        let Some(number) = self.waiting().map(|exchange| exchange.number) else {
            return false;
        };
        self.place(number, offset);
        true
    }

    /// Ends a segment.
    pub(crate) fn end(&mut self, ctx: &mut Context<'_>, number: u32) {
        if let Some(exchange) = self.find_mut(number) {
            exchange.ended = true;
            ctx.resize(number, |segment| segment.complete = true);
        }
    }

    /// Ends the segment that a server's byte belongs to.
    pub(crate) fn end_at(&mut self, ctx: &mut Context<'_>, offset: u64) {
        if let Some(number) = self.owner(offset).map(|exchange| exchange.number) {
            self.end(ctx, number);
        }
    }

    /// Ends all, as the connection does.
    pub(crate) fn close(&mut self, ctx: &mut Context<'_>) {
        for exchange in self.exchanges.iter_mut().filter(|exchange| !exchange.ended) {
            exchange.ended = true;
            ctx.resize(exchange.number, |segment| segment.complete = true);
        }
    }

    /// Marks a segment as one whose bytes were divided.
    pub(crate) fn share(&mut self, ctx: &mut Context<'_>, number: u32) {
        if let Some(exchange) = self.find_mut(number) {
            exchange.shared = true;
        }
        if let Some(segment) = ctx.segments.get_mut(number) {
            segment.shared = true;
        }
        self.refresh(ctx, number);
    }

    /// The segment that a client's byte belongs to.
    pub(crate) fn requester(&self, offset: u64) -> Option<u32> {
        self.exchanges
            .iter()
            .rev()
            .find(|exchange| exchange.up_start <= offset)
            .map(|exchange| exchange.number)
    }

    /// The segment that a server's byte belongs to.
    pub(crate) fn owner(&self, offset: u64) -> Option<&Exchange> {
        let at = self.owner_at(offset)?;
        Some(&self.exchanges[at])
    }

    pub(crate) fn owner_mut(&mut self, offset: u64) -> Option<&mut Exchange> {
        let at = self.owner_at(offset)?;
        Some(&mut self.exchanges[at])
    }

    fn owner_at(&self, offset: u64) -> Option<usize> {
        let behind = self.spans.partition_point(|span| span.start <= offset);
        self.position(self.spans[..behind].last()?.number)
    }

    /// The first part of server bytes `start..end` that belongs to one segment (or none): that segment, and its end.
    fn part(&self, start: u64, end: u64) -> (Option<u32>, u64) {
        work::count(1);
        let behind = self.spans.partition_point(|span| span.start <= start);
        let to = self
            .spans
            .get(behind)
            .map_or(end, |next| next.start.min(end));
        (self.owner(start).map(|exchange| exchange.number), to)
    }

    /// Place of the segment that all server bytes from `offset` on belong to, if one does.
    #[inline]
    pub(crate) fn newest_owner(&self, offset: u64) -> Option<usize> {
        let number = self
            .spans
            .last()
            .filter(|span| span.start <= offset)?
            .number;
        self.exchanges
            .iter()
            .rposition(|exchange| exchange.number == number)
    }

    /// Counts new server bytes on the segment at a place that [`Self::newest_owner`] gave for them; returns its number.
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

    /// Counts server bytes `start..end` on the segments they belong to; returns the last of these.
    pub(crate) fn credit(
        &mut self,
        ctx: &mut Context<'_>,
        (mut start, end): (u64, u64),
        stamp: Stamp,
        credit: Credit,
    ) -> Option<u32> {
        let mut last = None;
        self.next = self.next.max(end);
        while start < end {
            let (owner, to) = self.part(start, end);
            if let Some(number) = owner {
                ctx.resize(number, |segment| add(segment, to - start, stamp, credit));
                self.refresh(ctx, number);
                last = owner;
            }
            start = to;
        }
        last
    }

    /// Counts new server bytes on one segment, wherever its boundaries are; on none if `number` is 0.
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

    /// Takes back bytes that turned out to be none of a response's.
    pub(crate) fn debit(&mut self, ctx: &mut Context<'_>, number: u32, length: u64) {
        ctx.resize(number, |segment| {
            segment.bytes = segment.bytes.saturating_sub(length);
            segment.missing_bytes = segment.missing_bytes.min(segment.bytes);
        });
        self.refresh(ctx, number);
    }

    /// Counts server bytes after all, or no more, that were read before it was known what they are.
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

    /// Moves bytes counted on `from` to where their offset says they belong, now that this is known.
    pub(crate) fn reassign(
        &mut self,
        ctx: &mut Context<'_>,
        from: u32,
        (mut start, end): (u64, u64),
        stamp: Stamp,
    ) {
        while start < end {
            let (owner, to) = self.part(start, end);
            // What was moved away since then is counted where it went.
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
        // What a settled segment has stays there, and what it lacks does not come any more.
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
        let missing = (u128::from(source.missing_bytes) * u128::from(length))
            .div_ceil(u128::from(total)) as u64;
        ctx.resize(from, |segment| {
            segment.bytes -= length;
            segment.missing_bytes -= missing;
        });
        ctx.resize(to, |segment| {
            segment.bytes += length;
            segment.missing_bytes += missing;
            if segment.first_frame.is_none() {
                (segment.first_frame, segment.t_first) = first;
                (segment.last_frame, segment.t_last) = last;
            }
        });
        self.refresh(ctx, from);
        self.refresh(ctx, to);
    }

    /// Counts framing in the segment that a server's byte belongs to.
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

    /// Counts bytes whose framing is hidden, in records like the one that is supposed.
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

    /// Takes what is supposed of hidden records, and counts those before by it.
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

    /// Takes note of how much came at once with each of these segments.
    pub(crate) fn count_beside(&mut self, ctx: &mut Context<'_>, numbers: &[u32]) {
        let bytes_of = |number: u32| ctx.segments.get(number).map_or(0, |segment| segment.bytes);
        let total: u64 = numbers.iter().map(|&number| bytes_of(number)).sum();
        for &number in numbers {
            let beside = total - ctx.segments.get(number).map_or(0, |segment| segment.bytes);
            if let Some(exchange) = self.find_mut(number).filter(|exchange| exchange.shared) {
                exchange.beside = beside;
                self.refresh(ctx, number);
            }
        }
    }

    /// Counts bytes on a segment after all.
    pub(crate) fn give_back(&mut self, ctx: &mut Context<'_>, returned: Returned) {
        let Returned {
            number,
            first,
            last,
            packets,
            bytes,
            framing,
        } = returned;
        if let Some(exchange) = self.find_mut(number) {
            exchange.framing += framing;
        }
        ctx.resize(number, |segment| {
            segment.bytes += bytes;
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

    /// Brings a segment's derived values up to date.
    fn refresh(&self, ctx: &mut Context<'_>, number: u32) {
        let exchange = self.position(number).map(|at| &self.exchanges[at]);
        if let Some(segment) = ctx.segments.get_mut(number) {
            derive(segment, exchange);
        }
    }
}

/// Brings a segment's derived values up to date.
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
            // Times inferred from acknowledgements give way to those of packets.
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
