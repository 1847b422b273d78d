//! HTTP/2 inside TLS: responses that overlap on one connection (RFC 9113), divided as far as
//! records show.
//!
//! The visible facts of a stream: its request, a record of its own; whether the server had that
//! request when it sent a packet, by the acknowledgement number; and the end of a response where
//! the server had nothing else to send, a record that is not full, or one that holds only the empty
//! DATA frame which ends a stream. Where records are hidden, what came at once is divided when it
//! is over, see [`periods`].

mod heads;
mod overtaken;
mod periods;
mod resets;
mod silence;
mod think;

use smallvec::SmallVec;

pub(crate) use self::heads::FRAME_HEADER;
use self::heads::Heads;
use self::overtaken::Overtaken;
use self::periods::{Periods, Unacknowledged};
use self::resets::Resets;
use super::ledger::Ledger;
use super::pipelining::Follower;
use super::stream::Run;
use crate::connection::context::Context;
use crate::facts::segment::Transport;
use crate::packet::{Stamp, Time};
use crate::wire::tls::MAX_PLAINTEXT;

/// The client's connection preface (RFC 9113, section 3.4) and an empty SETTINGS frame.
const PREFACE: u32 = 24 + FRAME_HEADER;
/// One setting (RFC 9113, section 6.5.1); more than ten are not sent by known clients.
const SETTING: u32 = 6;
const MAX_SETTINGS: u32 = 10;
/// The same of a server, which has less to say: with more, a record were as long as a response of
/// HTTP/1.
const MAX_SERVER_SETTINGS: u32 = 5;
/// WINDOW_UPDATE, which many clients send behind their SETTINGS (RFC 9113, section 6.9).
const WINDOW_UPDATE: u32 = FRAME_HEADER + 4;
/// Frames of a client that are no requests and have a fixed size: SETTINGS acknowledgement,
/// WINDOW_UPDATE and RST_STREAM, PRIORITY, PING.
const CONTROL_FRAMES: [u32; 4] = [
    FRAME_HEADER,
    WINDOW_UPDATE,
    FRAME_HEADER + 5,
    FRAME_HEADER + 8,
];

/// Round trip in nanoseconds that is supposed where no handshake was seen.
const ROUND_TRIP: i64 = 10_000_000;

/// WINDOW_UPDATE frames that clients send at once, one for each stream and one for the connection.
const MOST_UPDATES: u32 = 8;

/// Returns true if a record with this much plaintext can be the client's connection preface.
pub(crate) fn is_preface(plaintext: u32) -> bool {
    let settings = |rest: u32| rest.is_multiple_of(SETTING) && rest / SETTING <= MAX_SETTINGS;
    plaintext.checked_sub(PREFACE).is_some_and(settings)
        || plaintext
            .checked_sub(PREFACE + WINDOW_UPDATE)
            .is_some_and(settings)
}

/// Returns true if a record with this much plaintext can be a server's connection preface:
/// SETTINGS, and perhaps WINDOW_UPDATE (RFC 9113, section 3.4). It is smaller than any final
/// response of HTTP/1.
pub(crate) fn is_server_preface(plaintext: u32) -> bool {
    let settings =
        |rest: u32| rest.is_multiple_of(SETTING) && rest / SETTING <= MAX_SERVER_SETTINGS;
    plaintext.checked_sub(FRAME_HEADER).is_some_and(settings)
        || plaintext
            .checked_sub(FRAME_HEADER + WINDOW_UPDATE)
            .is_some_and(settings)
}

/// Returns true if a record with this much plaintext can hold a client's acknowledgement of the
/// server's preface, with WINDOW_UPDATE for all that it asked for at once.
pub(crate) fn is_acknowledgement(plaintext: u32) -> bool {
    let updates = plaintext.checked_sub(FRAME_HEADER);
    updates.is_some_and(|rest| {
        rest.is_multiple_of(WINDOW_UPDATE) && rest <= MOST_UPDATES * WINDOW_UPDATE
    })
}

/// Returns true if a record with this much plaintext can hold one to three control frames and
/// nothing else.
pub(crate) fn is_control(plaintext: u32) -> bool {
    let one = |size: u32| CONTROL_FRAMES.contains(&size);
    let two = |size: u32| {
        CONTROL_FRAMES
            .iter()
            .any(|frame| size.checked_sub(*frame).is_some_and(one))
    };
    one(plaintext)
        || two(plaintext)
        || CONTROL_FRAMES
            .iter()
            .any(|f| plaintext.checked_sub(*f).is_some_and(two))
}

/// Divides the server's bytes among requests that overlap.
#[derive(Debug, Default)]
pub(crate) struct Http2 {
    /// End of the record that looks like a response's last.
    end: Option<u64>,
    /// The newest record, if it is as small as a response's head. It may be all of a response, its
    /// end, or its head.
    small: Option<(u64, u64)>,
    /// End of the newest record: later bytes outside a record were hidden.
    covered: u64,
    /// Time of the server's newest bytes, and the offset up to which it then had the client's
    /// stream.
    last: Option<(Time, u64)>,
    /// Plaintext of the first request's record, which holds all fields; later requests refer to
    /// them.
    head: Option<u32>,
    /// The smallest plaintext of later requests' records.
    least: Option<u32>,
    /// True if the client's newest record was full, so that the next one continues it.
    goes_on: bool,
    periods: Periods,
    overtaken: Overtaken,
    resets: Resets,
    pub(crate) heads: Heads,
}

impl Http2 {
    /// The most memory that one holds, in bytes.
    pub(crate) const BOUND: usize = size_of::<Self>() + Periods::BOUND + Overtaken::BOUND;

    /// Returns its heap memory, in bytes.
    pub(crate) fn heap(&self) -> usize {
        self.periods.heap() + self.overtaken.heap()
    }

    /// Processes a request.
    pub(crate) fn request(
        &mut self,
        stamp: Stamp,
        offset: u64,
        plaintext: u32,
        response_at: u64,
        ledger: &mut Ledger,
        ctx: &mut Context<'_>,
    ) {
        if self.is_updates(plaintext) {
            return;
        }
        if self.is_body(plaintext, ctx)
            && ledger
                .latest()
                .is_some_and(|latest| !latest.responded && !latest.is_ended())
        {
            return;
        }
        let silent = self.last.map_or(0, |(last, _)| stamp.time.since(last));
        let resets = (self.resets).request(stamp.time, offset, silent, ledger, ctx);
        let overlaps = ledger.open().any(|exchange| !exchange.responded);
        let unmarked: SmallVec<[u32; 8]> = ledger
            .open()
            .filter(|exchange| !exchange.responded && !exchange.shared)
            .map(|exchange| exchange.number)
            .collect();
        let idle = ledger.open().next().is_none();
        ledger.begin(
            ctx,
            stamp,
            offset,
            idle.then_some(response_at),
            Transport::Tcp,
        );
        // The first request holds the fields that later ones refer to.
        let is_first = self.head == Some(plaintext);
        let size = if is_first {
            0
        } else {
            u16::try_from(plaintext).unwrap_or(0)
        };
        if let Some(latest) = ledger.latest()
            && latest.up_start == offset
        {
            self.periods.ask(
                latest.number,
                offset,
                stamp.time,
                (size, resets),
                ctx.config,
            );
        }
        if overlaps {
            for number in unmarked {
                ledger.share(ctx, number);
            }
            Self::overlap_latest(ledger, ctx);
        }
    }

    /// Processes a record of the client that is no request.
    pub(crate) fn control(&mut self, time: Time, plaintext: u32) {
        self.resets.control(time, plaintext);
    }

    /// Processes a request that came before the connection was known to speak HTTP/2.
    pub(crate) fn adopt(&mut self, follower: Follower, ledger: &mut Ledger, ctx: &mut Context<'_>) {
        if self.periods.is_untouched()
            && let Some(first) = ledger.latest().copied()
            && let Some(segment) = ctx.segments.get(first.number)
        {
            let asked = segment.t_request;
            self.periods
                .ask(first.number, first.up_start, asked, (0, false), ctx.config);
        }
        self.request(follower.stamp, follower.offset, 0, 0, ledger, ctx);
    }

    /// Marks the latest request as one whose response comes among those of requests before it.
    fn overlap_latest(ledger: &mut Ledger, ctx: &mut Context<'_>) {
        let Some(latest) = ledger.latest() else {
            return;
        };
        latest.overlaps = true;
        let number = latest.number;
        ledger.share(ctx, number);
    }

    /// Returns true if a client's record may hold only WINDOW_UPDATE frames: its size fits them,
    /// and is far smaller than any request.
    fn is_updates(&mut self, plaintext: u32) -> bool {
        let may_be = plaintext.is_multiple_of(WINDOW_UPDATE)
            && (1..=MOST_UPDATES).contains(&(plaintext / WINDOW_UPDATE));
        let is_updates = may_be && self.least.is_some_and(|least| 2 * plaintext <= least);
        if !is_updates && plaintext > 0 && self.head.is_some() {
            self.least = Some(self.least.map_or(plaintext, |least| least.min(plaintext)));
        }
        is_updates
    }

    /// Returns true if a client's record continues the previous, unanswered request: it is larger
    /// than any request's fields, or follows a full record.
    fn is_body(&mut self, plaintext: u32, ctx: &Context<'_>) -> bool {
        if plaintext == 0 {
            return false;
        }
        let goes_on = std::mem::replace(&mut self.goes_on, plaintext >= MAX_PLAINTEXT);
        let head = *self.head.get_or_insert(plaintext);
        goes_on || u64::from(plaintext) > u64::from(head) + ctx.config.http2_request_growth()
    }

    /// Processes server bytes before they are read: decides which responses they belong to by the
    /// requests that the server had when it sent them.
    pub(crate) fn arrive(
        &mut self,
        run: &Run<'_>,
        exact: bool,
        round_trip: Option<i64>,
        ledger: &mut Ledger,
        ctx: &mut Context<'_>,
    ) {
        self.apply(run.offset, ledger, ctx);
        self.resets.arrive(run, ctx);
        let is_hidden = !exact || self.covered < run.offset;
        if is_hidden {
            self.arrive_hidden(run, round_trip.unwrap_or(ROUND_TRIP), ledger, ctx);
            self.last = Some((run.stamp.time, run.peer));
            return;
        }
        let silent = match (self.last, round_trip) {
            (Some((time, peer)), Some(round_trip)) => {
                let silent = run.stamp.time.since(time) >= round_trip;
                if silent {
                    self.end_before_silence(run, peer, ledger, ctx);
                }
                silent
            }
            _ => true,
        };
        self.last = Some((run.stamp.time, run.peer));
        let ends_here =
            self.end == Some(run.offset) || self.small.is_some_and(|(_, end)| end == run.offset);
        // A response that neither ended nor paused continues.
        let is_over = self.place(run, ends_here || silent, ledger, ctx);
        let begun = self.periods.begun(run.peer);
        let Some(first) = begun.first().map(|asked| asked.number) else {
            return;
        };
        let round_trip = round_trip.unwrap_or(ROUND_TRIP);
        self.note_begun(&begun, run.offset, round_trip, ledger, ctx);
        // If there are several, a record that is not full ends one.
        if !self.periods.go_on(run, &begun, round_trip) {
            // Small ones that were answered together are all over.
            let is_small = self.periods.in_period() < ctx.config.media_min();
            let is_silent = ends_here && silent && is_small;
            if is_silent && !is_over {
                Self::end_before(first, ledger, ctx);
                ledger.place(first, run.offset);
            }
            if is_over || is_silent {
                self.periods.end(ledger, ctx);
                self.apply(run.offset, ledger, ctx);
            }
        }
        for asked in &begun {
            self.periods.begin(asked, ledger, ctx);
        }
    }

    /// Records requests that may be answered from here on, alongside earlier ones.
    fn note_begun(
        &mut self,
        begun: &[Unacknowledged],
        offset: u64,
        round_trip: i64,
        ledger: &mut Ledger,
        ctx: &mut Context<'_>,
    ) {
        if self.periods.was_idle(begun, round_trip) {
            self.overtaken.end(offset, ledger, ctx);
        }
        let numbers = begun.iter().map(Unacknowledged::number);
        self.overtaken.begin(numbers, offset, ledger, ctx);
    }

    /// Applies divisions that were decided before; they need no other bounds then.
    fn apply(&mut self, read: u64, ledger: &mut Ledger, ctx: &mut Context<'_>) {
        if self.periods.apply(read, ledger, ctx) {
            self.overtaken.clear();
        }
    }

    /// Ends everything requested before a request.
    fn end_before(first: u32, ledger: &mut Ledger, ctx: &mut Context<'_>) {
        let before: SmallVec<[u32; 8]> = ledger
            .open()
            .map(|exchange| exchange.number)
            .take_while(|&number| number < first)
            .collect();
        for number in before {
            ledger.end(ctx, number);
        }
    }

    /// The same where records are hidden: overlapping bytes are counted toward the newest, and
    /// divided once it is over.
    fn arrive_hidden(
        &mut self,
        run: &Run<'_>,
        round_trip: i64,
        ledger: &mut Ledger,
        ctx: &mut Context<'_>,
    ) {
        let begun = self.periods.begun(run.peer);
        let Some(first) = begun.first().map(|asked| asked.number) else {
            return;
        };
        self.note_begun(&begun, run.offset, round_trip, ledger, ctx);
        if self.periods.is_over(run, round_trip) {
            Self::end_before(first, ledger, ctx);
            self.periods.end(ledger, ctx);
            self.apply(run.offset, ledger, ctx);
        }
        let is_alone = begun.len() == 1 && self.periods.count() == 0;
        for asked in &begun {
            self.periods.begin(asked, ledger, ctx);
            ledger.place(asked.number, run.offset);
        }
        if !is_alone {
            ledger.share_in_progress(ctx);
        }
    }

    /// Records response bytes that were read.
    pub(crate) fn take(&mut self, bytes: u64, stamp: Stamp, exact: bool) {
        self.periods.take(bytes, stamp, !exact);
    }

    /// Closes the connection. A waiting request has its response if the last record shows that
    /// everything was sent.
    pub(crate) fn close(&mut self, ledger: &mut Ledger, ctx: &mut Context<'_>) {
        if let (Some(end), Some((_, peer))) = (self.end.take(), self.last) {
            self.merge(end, peer, None, ledger, ctx);
        }
        self.periods.end(ledger, ctx);
        self.apply(u64::MAX, ledger, ctx);
        self.overtaken.end(ledger.next_offset(), ledger, ctx);
    }

    /// Decides whether the earliest waiting request begins to be answered here. Returns true if
    /// everything before it is over.
    fn place(
        &mut self,
        run: &Run<'_>,
        may_be_over: bool,
        ledger: &mut Ledger,
        ctx: &mut Context<'_>,
    ) -> bool {
        let Some(waiting) = ledger.waiting().copied() else {
            return false;
        };
        let in_progress = ledger.open().any(|exchange| !exchange.is_waiting());
        if run.peer <= waiting.up_start || in_progress && !may_be_over {
            // Sent before the server knew of the request: the earlier responses continue.
            if in_progress {
                ledger.share_in_progress(ctx);
                ledger.share(ctx, waiting.number);
                if let Some(exchange) = ledger.find_mut(waiting.number) {
                    exchange.overlaps = true;
                }
            }
            return false;
        }
        let is_over = !waiting.overlaps || !in_progress;
        if is_over {
            Self::end_placed(ledger, ctx);
            ledger.place(waiting.number, run.offset);
            // The response that ended here has ended.
            self.end = self.end.filter(|&end| end > run.offset);
        }
        is_over
    }

    /// Processes a server's record; the response before it may have ended.
    pub(crate) fn record(
        &mut self,
        offset: u64,
        length: u64,
        plaintext: u32,
        peer: u64,
        ledger: &mut Ledger,
        ctx: &mut Context<'_>,
    ) {
        self.covered = offset + length;
        self.periods.note_record(plaintext);
        if let Some(end) = self.end {
            if plaintext == FRAME_HEADER && offset == end {
                self.end = Some(offset + length);
                return;
            }
            self.end = None;
            let overtaken = ledger
                .waiting()
                .filter(|waiting| peer > waiting.up_start)
                .map(|waiting| waiting.number);
            if let Some(next) = overtaken {
                if let Some(number) = ledger.owner(offset).map(|exchange| exchange.number) {
                    ledger.end(ctx, number);
                }
                ledger.place(next, offset);
            }
        }
        self.small = (u64::from(plaintext) <= ctx.config.http2_headers_max())
            .then_some((offset, offset + length));
        let is_headers =
            plaintext != FRAME_HEADER && u64::from(plaintext) <= ctx.config.http2_headers_max();
        if plaintext < MAX_PLAINTEXT && !is_headers {
            self.end = Some(offset + length);
        }
    }
}

#[cfg(test)]
mod tests;
