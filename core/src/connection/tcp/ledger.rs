//! Assigns the bytes of a connection to segments.
//!
//! A segment begins where its request does, in the client's stream, and its response begins at a
//! boundary in the server's stream. Bytes belong by their offset, not by the time of capture: a
//! late or repeated packet is counted where it belongs, whatever came in between.

mod counting;
mod exchange;

use smallvec::SmallVec;

use self::exchange::Span;
pub(crate) use self::exchange::{
    Certainty, Credit, Exchange, NOBODY, Portion, Retracted, Returned, Supposed,
};

use crate::bounded::size::spilled;
use crate::bounded::work;
use crate::config::SegmentRule;
use crate::connection::context::Context;
use crate::facts::segment::Transport;
use crate::packet::Stamp;

/// Ended segments of a connection to which late packets can still be counted.
const REMEMBERED: usize = 8;
/// Segments of a connection that may be open at once. HTTP/2 allows 100 to 128 streams in common
/// servers.
const MAX_OPEN: usize = 128;
/// Spans of a connection by which late packets can still be counted.
const MAX_SPANS: usize = 64;

/// The segments of one connection, in order of request.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    /// Assumed framing of hidden records.
    supposed: Supposed,
    exchanges: SmallVec<[Exchange; 2]>,
    /// Spans in order of offset.
    spans: SmallVec<[Span; 2]>,
    /// Offset after the last server byte that was counted.
    next: u64,
    /// Offset after the last server byte that was read. Bytes that wait after a hole are corrected
    /// when they are read.
    read: u64,
    /// True if a segment was begun.
    begun: bool,
}

impl Ledger {
    /// The most memory that one holds, in bytes.
    pub(crate) const BOUND: usize = MAX_OPEN.next_power_of_two() * size_of::<Exchange>()
        + MAX_SPANS.next_power_of_two() * size_of::<Span>();

    /// Returns its heap memory, in bytes.
    pub(crate) fn heap(&self) -> usize {
        spilled(&self.exchanges) + spilled(&self.spans)
    }

    /// Returns true if a segment was ever begun.
    pub(crate) const fn has_begun(&self) -> bool {
        self.begun
    }

    /// Returns the latest request.
    pub(crate) fn latest(&mut self) -> Option<&mut Exchange> {
        self.exchanges.last_mut()
    }

    /// Returns true if the client's bytes continue its latest request: either nothing came back, or
    /// the client had received nothing of it, because it knew the server's stream only up to
    /// `response_at`.
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

    /// Returns the segments that are not over, in order of request.
    pub(crate) fn open(&self) -> impl DoubleEndedIterator<Item = &Exchange> {
        self.exchanges.iter().filter(|exchange| !exchange.ended)
    }

    /// Returns a segment that is remembered.
    pub(crate) fn find_mut(&mut self, number: u32) -> Option<&mut Exchange> {
        let at = self.position(number)?;
        Some(&mut self.exchanges[at])
    }

    /// Returns the index of a segment: numbers are given in order of request.
    fn position(&self, number: u32) -> Option<usize> {
        self.exchanges
            .binary_search_by_key(&number, |exchange| exchange.number)
            .ok()
    }

    /// Begins a segment. If there is a `boundary`, the offset at which its response begins, all
    /// other segments end there; otherwise it waits for [`Self::place`].
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
        // The classic rule divides a server's bytes regardless of their connection, and does its
        // own bookkeeping.
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

    /// Places a segment at `boundary`, with everything counted from there on before its request was
    /// known.
    fn claim(&mut self, ctx: &mut Context<'_>, number: u32, boundary: u64) {
        let (mut start, end) = (boundary, self.read);
        let mut counted: SmallVec<[(u32, u64); 2]> = SmallVec::new();
        for (owner, to) in self.parts(start, end) {
            counted.extend(owner.map(|at| (self.exchanges[at].number, to - start)));
            start = to;
        }
        self.place(number, boundary);
        // Read late: the bytes read before may have been its response, whichever segment they were
        // counted toward, if any.
        let is_late = boundary < end;
        if is_late && let Some(exchange) = self.find_mut(number) {
            exchange.responded = true;
        }
        let moved: u64 = counted.iter().map(|(_, length)| length).sum();
        // They were counted toward the previous response, because this request was not known then.
        for (owner, length) in counted {
            self.transfer(ctx, owner, number, length);
            // The time of its first packet is no longer known, except that it was recent.
            ctx.resize(number, |segment| {
                (segment.first_frame, segment.t_first) = (segment.last_frame, segment.t_last);
            });
        }
        // Some of its bytes were counted toward no segment, and the amount of framing in them is
        // unknown.
        if is_late && moved < end - boundary {
            ctx.resize(number, |segment| segment.estimated = true);
            if let Some(exchange) = self.find_mut(number) {
                exchange.doubt(end - boundary - moved, true);
            }
            self.refresh(ctx, number);
        }
    }

    /// Sets the flow's own evidence on segments that began before it came.
    pub(crate) fn note_own_evidence(&self, ctx: &mut Context<'_>) {
        for exchange in &self.exchanges {
            if let Some(segment) = ctx.segments.get_mut(exchange.number) {
                segment.own_evidence = ctx.own;
            }
        }
    }

    /// Withdraws all segments that have no bytes yet, because the server turned out not to be
    /// Netflix.
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

    /// Withdraws the latest segment if it has no bytes yet, because its request is for another
    /// service.
    pub(crate) fn withdraw_latest(&mut self, ctx: &mut Context<'_>) {
        let latest = self.exchanges.last().map(|exchange| exchange.number);
        let Some(number) = latest else {
            return;
        };
        let segment = ctx.segments.get(number);
        if segment.is_some_and(|segment| segment.bytes == 0) {
            ctx.segments.withdraw(number);
            self.exchanges.pop();
            self.spans.retain(|span| span.number != number);
        }
    }

    /// Records that the latest request, which has no response yet, went to a proxy. Withdraws it if
    /// it is for another service's host.
    pub(crate) fn direct(&mut self, ctx: &mut Context<'_>, is_foreign: bool) {
        if is_foreign {
            self.retract(ctx);
        } else if let Some(latest) = self.exchanges.last()
            && let Some(segment) = ctx.segments.get_mut(latest.number)
        {
            segment.via = ctx.via;
        }
    }

    /// Records that the server's bytes were read up to an offset.
    pub(crate) const fn read_to(&mut self, offset: u64) {
        self.read = offset;
    }

    /// Drops old entries to make space for another segment and its span.
    fn forget(&mut self) {
        let ended = self
            .exchanges
            .iter()
            .filter(|exchange| exchange.ended)
            .count();
        // Ended ones go first: late packets may still come for them, but for open ones everything
        // else will.
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

    /// Records that the latest request was not captured, and is known only by its acknowledgement.
    pub(crate) fn infer_request(&mut self, ctx: &mut Context<'_>) {
        if let Some(latest) = self.exchanges.last_mut() {
            latest.inferred = true;
            let number = latest.number;
            self.refresh(ctx, number);
        }
    }

    /// Records that missing client bytes were taken for a part of the latest request. If that was
    /// already being answered, they may have been another one.
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

    /// Assigns the server's bytes from `offset` on to a segment, whatever was assigned after that
    /// offset before.
    pub(crate) fn place(&mut self, number: u32, offset: u64) {
        // Later starts were placed before this request was read.
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

    /// Returns the offset after the last server byte that was counted.
    pub(crate) const fn next_offset(&self) -> u64 {
        self.next
    }

    /// Returns the earliest request whose response has no known beginning.
    pub(crate) fn waiting(&self) -> Option<&Exchange> {
        self.exchanges.iter().find(|exchange| exchange.is_waiting())
    }

    /// Returns where the earliest request at or after `offset` of the client's stream begins, among
    /// those whose response has no known beginning.
    pub(crate) fn waiting_after(&self, offset: u64) -> Option<u64> {
        let waiting = self
            .exchanges
            .iter()
            .filter(|exchange| exchange.is_waiting());
        waiting
            .map(|exchange| exchange.up_start)
            .find(|&start| start >= offset)
    }

    /// Places the earliest waiting request at `offset`.
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

    /// Marks responses that began and did not end as aborted by the client.
    pub(crate) fn abort(&mut self, ctx: &mut Context<'_>) {
        for exchange in self.exchanges.iter().filter(|exchange| !exchange.ended) {
            ctx.resize(exchange.number, |segment| {
                segment.aborted = segment.bytes > 0;
            });
        }
    }

    /// Marks the response that a server's byte belongs to as aborted by the client.
    pub(crate) fn abort_at(&mut self, ctx: &mut Context<'_>, offset: u64) {
        if let Some(number) = self.owner(offset).map(|exchange| exchange.number) {
            ctx.resize(number, |segment| segment.aborted = true);
        }
    }

    /// Ends all segments with the connection.
    pub(crate) fn close(&mut self, ctx: &mut Context<'_>) {
        for exchange in self.exchanges.iter_mut().filter(|exchange| !exchange.ended) {
            exchange.ended = true;
            ctx.resize(exchange.number, |segment| segment.complete = true);
        }
    }

    /// Marks a segment whose bytes were divided.
    pub(crate) fn share(&mut self, ctx: &mut Context<'_>, number: u32) {
        if let Some(exchange) = self.find_mut(number) {
            exchange.shared = true;
        }
        if let Some(segment) = ctx.segments.get_mut(number) {
            segment.shared = true;
        }
        self.refresh(ctx, number);
    }

    /// Marks all segments with responses in progress as divided.
    pub(crate) fn share_in_progress(&mut self, ctx: &mut Context<'_>) {
        // If many are open, most were already marked by an earlier packet.
        let unmarked: SmallVec<[u32; 8]> = self
            .open()
            .filter(|exchange| !exchange.is_waiting() && !exchange.shared)
            .map(|exchange| exchange.number)
            .collect();
        for number in unmarked {
            self.share(ctx, number);
        }
    }

    /// Returns the segment that a client's byte belongs to.
    pub(crate) fn requester(&self, offset: u64) -> Option<u32> {
        self.exchanges
            .iter()
            .rev()
            .find(|exchange| exchange.up_start <= offset)
            .map(|exchange| exchange.number)
    }

    /// Returns the segment that a server's byte belongs to.
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

    /// Returns the parts of server bytes `start..end` that each belong to one segment or to none, in
    /// order: the index of that segment, and the end of the part.
    fn parts(&self, start: u64, end: u64) -> impl Iterator<Item = (Option<usize>, u64)> {
        let mut behind = self.spans.partition_point(|span| span.start <= start);
        let mut at = 0;
        let mut from = start;
        std::iter::from_fn(move || {
            if from >= end {
                return None;
            }
            work::count(1);
            // One slice costs a fifth less than two looks into the list.
            let spans = &self.spans[behind.saturating_sub(1)..];
            let (span, next) = if behind == 0 {
                (None, spans.first())
            } else {
                (spans.first(), spans.get(1))
            };
            let owner = span.and_then(|span| {
                // Most follow each other as they were asked for.
                let is_next = self
                    .exchanges
                    .get(at)
                    .is_some_and(|it| it.number == span.number);
                let owner = if is_next {
                    Some(at)
                } else {
                    self.position(span.number)
                };
                at = owner.map_or(at, |owner| owner + 1);
                owner
            });
            from = next.map_or(end, |next| next.start.min(end));
            behind += 1;
            Some((owner, from))
        })
    }

    /// Returns the first part of server bytes `start..end` that belongs to one segment or to none:
    /// that segment, and the end of the part.
    fn part(&self, start: u64, end: u64) -> (Option<u32>, u64) {
        let (owner, to) = self.parts(start, end).next().unwrap_or((None, end));
        (owner.map(|at| self.exchanges[at].number), to)
    }

    /// Returns the index of the segment that all server bytes from `offset` on belong to, if there
    /// is one.
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
