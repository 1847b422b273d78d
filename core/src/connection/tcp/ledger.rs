//! Which byte of a connection belongs to which segment.
//!
//! A segment begins where its request does, in the client's stream, and its response begins at a boundary in the
//! server's stream. Bytes belong by their offset, not by when they were captured: a late or repeated packet is counted
//! where it belongs whatever came between.

mod counting;
mod exchange;

use smallvec::SmallVec;

use self::exchange::Span;
pub(crate) use self::exchange::{Certainty, Credit, Exchange, NOBODY, Portion, Returned, Supposed};

use crate::bounded::size::spilled;
use crate::bounded::work;
use crate::config::SegmentRule;
use crate::connection::context::Context;
use crate::facts::segment::Transport;
use crate::packet::Stamp;

/// Segments of a connection that late packets can still be counted on.
const REMEMBERED: usize = 8;
/// Segments of a connection that may be open at once: HTTP/2 allows 100 to 128 streams in common servers.
const MAX_OPEN: usize = 128;
/// Spans of a connection that late packets can still be counted by.
const MAX_SPANS: usize = 64;

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

    /// Returns true if what a client sends goes on with its latest request: nothing came back, or
    /// the client had nothing of it, since it knew the server's stream up to `response_at` only.
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

    /// Returns where a segment stands: numbers are given in order of request.
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
        // The classic rule divides a server's bytes whatever connection they are of, and keeps them itself.
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
            most: 0,
            is_divided: false,
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
        // They were counted on the response before, as nobody knew of this request then.
        for (owner, length) in counted {
            self.transfer(ctx, owner, number, length);
            // When its first packet came is not known any more, but that it was not long ago.
            ctx.resize(number, |segment| {
                (segment.first_frame, segment.t_first) = (segment.last_frame, segment.t_last);
            });
        }
        // Some of its bytes were counted on nobody, and how many of them are records' own is not known.
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

    /// Notes that the latest request, which has no response yet, went to a proxy; takes it back if
    /// it is for another's host.
    pub(crate) fn direct(&mut self, ctx: &mut Context<'_>, is_foreign: bool) {
        if is_foreign {
            self.retract(ctx);
        } else if let Some(latest) = self.exchanges.last()
            && let Some(segment) = ctx.segments.get_mut(latest.number)
        {
            segment.via = ctx.via;
        }
    }

    /// Notes that the server's bytes were read up to an offset.
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
        // Those that ended go first: late packets may still come for them, but for open ones all others will.
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

    /// Notes that the latest request was not captured, and known by its acknowledgement only.
    pub(crate) fn infer_request(&mut self, ctx: &mut Context<'_>) {
        if let Some(latest) = self.exchanges.last_mut() {
            latest.inferred = true;
            let number = latest.number;
            self.refresh(ctx, number);
        }
    }

    /// Notes that bytes of the client's are missing which were taken for more of the latest
    /// request. Where it was being answered already, they may have been another one.
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

    /// Notes that from `offset` on the server's bytes belong to a segment, whatever was said before
    /// of those behind it.
    pub(crate) fn place(&mut self, number: u32, offset: u64) {
        // Beginnings behind it were placed before this request was read.
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

    /// Returns where the earliest request from `offset` of the client's stream on begins, of those
    /// whose response's beginning is not known.
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

    /// Notes of responses that began and did not end that the client gave them up.
    pub(crate) fn abort(&mut self, ctx: &mut Context<'_>) {
        for exchange in self.exchanges.iter().filter(|exchange| !exchange.ended) {
            ctx.resize(exchange.number, |segment| {
                segment.aborted = segment.bytes > 0;
            });
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

    /// Marks all segments whose responses are in progress as ones whose bytes were divided.
    pub(crate) fn share_in_progress(&mut self, ctx: &mut Context<'_>) {
        // Of many that are open, most were marked by a packet before.
        let unmarked: SmallVec<[u32; 8]> = self
            .open()
            .filter(|exchange| !exchange.is_waiting() && !exchange.shared)
            .map(|exchange| exchange.number)
            .collect();
        for number in unmarked {
            self.share(ctx, number);
        }
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
}
