//! HTTP/2 inside TLS: responses that overlap on one connection (RFC 9113), divided as far as records show.
//!
//! What can be seen of a stream: its request, a record of its own; whether the server had that request when it sent a
//! packet, by the acknowledgement number; and the end of a response where the server had nothing else to send, a record
//! that is not full, or one that holds only the empty DATA frame which ends a stream. Where records are hidden, a
//! response that begins during another is taken to interrupt it, as servers do for small ones, and to have the size
//! that others of its kind had on the connection.

use smallvec::SmallVec;

use super::ledger::Ledger;
use super::pipelining::Follower;
use super::stream::Run;
use crate::bounded::size::spilled;
use crate::connection::context::Context;
use crate::facts::segment::Transport;
use crate::packet::{Stamp, Time};
use crate::wire::tls::MAX_PLAINTEXT;

/// Frame header (RFC 9113, section 4.1): an empty DATA frame is no more than that.
pub(crate) const FRAME_HEADER: u32 = 9;
/// The client's connection preface (RFC 9113, section 3.4) and an empty SETTINGS frame.
const PREFACE: u32 = 24 + FRAME_HEADER;
/// One setting (RFC 9113, section 6.5.1); more than ten are not sent by known clients.
const SETTING: u32 = 6;
const MAX_SETTINGS: u32 = 10;
/// The same of a server, which has less to say: with more, a record were as long as a response of HTTP/1.
const MAX_SERVER_SETTINGS: u32 = 5;
/// WINDOW_UPDATE, which many clients send behind their SETTINGS (RFC 9113, section 6.9).
const WINDOW_UPDATE: u32 = FRAME_HEADER + 4;
/// Frames of a client that are no requests and have a fixed size: SETTINGS acknowledgement, WINDOW_UPDATE and
/// RST_STREAM, PRIORITY, PING.
const CONTROL_FRAMES: [u32; 4] = [
    FRAME_HEADER,
    WINDOW_UPDATE,
    FRAME_HEADER + 5,
    FRAME_HEADER + 8,
];

/// Responses that say what size is usual on the connection.
const SIZES: usize = 16;
/// How many of these must agree, and how closely, in percent: audio of constant bitrate stays within 2.
const AGREEING: usize = 3;
const AGREEMENT: u64 = 2;
/// Requests answered at once whose bounds are told from the sum.
const MAX_PERIOD: usize = 32;
/// Divisions by halves that are put right once the usual size is known.
const MAX_HALVED: usize = 16;

/// Returns true if a record with this much plaintext can be the client's connection preface.
pub(crate) fn is_preface(plaintext: u32) -> bool {
    let settings = |rest: u32| rest.is_multiple_of(SETTING) && rest / SETTING <= MAX_SETTINGS;
    plaintext.checked_sub(PREFACE).is_some_and(settings)
        || plaintext
            .checked_sub(PREFACE + WINDOW_UPDATE)
            .is_some_and(settings)
}

/// Returns true if a record with this much plaintext can be a server's connection preface: SETTINGS, and perhaps
/// WINDOW_UPDATE (RFC 9113, section 3.4). It is smaller than any final response of HTTP/1.
pub(crate) fn is_server_preface(plaintext: u32) -> bool {
    let settings =
        |rest: u32| rest.is_multiple_of(SETTING) && rest / SETTING <= MAX_SERVER_SETTINGS;
    plaintext.checked_sub(FRAME_HEADER).is_some_and(settings)
        || plaintext
            .checked_sub(FRAME_HEADER + WINDOW_UPDATE)
            .is_some_and(settings)
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
    /// Behind the record that looks like a response's last.
    end: Option<u64>,
    /// The newest record, if it is as small as a response's head: all of a response, its end, or its head.
    small: Option<(u64, u64)>,
    /// Behind the newest record: what comes later without one was hidden.
    covered: u64,
    /// The time when the server's newest bytes came, and up to where it had the client's stream
    /// then.
    last: Option<(Time, u64)>,
    /// Sizes of responses that had the connection to themselves, newest last.
    sizes: SmallVec<[u64; SIZES]>,
    /// Size that several of these agree on.
    usual: Option<u64>,
    /// Who interrupted whom, since when their bytes are counted on the former.
    interruption: Option<Pair>,
    halved: SmallVec<[Pair; 4]>,
    /// Plaintext of the first request's record, which holds all its fields; later ones refer to them.
    head: Option<u32>,
    /// The client's newest record was full: what follows goes on with it.
    goes_on: bool,
    /// Requests since the connection had nothing to answer.
    period: SmallVec<[u32; 8]>,
}

#[derive(Clone, Copy, Debug)]
struct Pair {
    inner: u32,
    outer: u32,
}

impl Http2 {
    /// Memory behind it, in bytes.
    pub(crate) fn heap(&self) -> usize {
        spilled(&self.sizes) + spilled(&self.halved) + spilled(&self.period)
    }

    /// Takes a request.
    pub(crate) fn request(
        &mut self,
        stamp: Stamp,
        offset: u64,
        plaintext: u32,
        response_at: u64,
        ledger: &mut Ledger,
        ctx: &mut Context<'_>,
    ) {
        if self.is_body(plaintext, ctx)
            && ledger
                .latest()
                .is_some_and(|latest| !latest.responded && !latest.is_ended())
        {
            return;
        }
        let overlaps = ledger.open().any(|exchange| !exchange.responded);
        let unmarked: SmallVec<[u32; 8]> = ledger
            .open()
            .filter(|exchange| !exchange.responded && !exchange.shared)
            .map(|exchange| exchange.number)
            .collect();
        let idle = ledger.open().next().is_none();
        if idle {
            self.count_beside(ledger, ctx);
            self.period.clear();
        }
        ledger.begin(
            ctx,
            stamp,
            offset,
            idle.then_some(response_at),
            Transport::Tcp,
        );
        if let Some(latest) = ledger.latest()
            && latest.up_start == offset
        {
            if self.period.len() == MAX_PERIOD {
                self.period.remove(0);
            }
            self.period.push(latest.number);
        }
        if overlaps {
            for number in unmarked {
                ledger.share(ctx, number);
            }
            Self::overlap_latest(ledger, ctx);
        }
    }

    /// Takes a request that came when it was not known yet that the connection speaks HTTP/2.
    pub(crate) fn adopt(&mut self, follower: Follower, ledger: &mut Ledger, ctx: &mut Context<'_>) {
        if self.period.is_empty()
            && let Some(first) = ledger.latest()
        {
            self.period.push(first.number);
        }
        self.request(follower.stamp, follower.offset, 0, 0, ledger, ctx);
    }

    /// Brings the bounds of what was divided up to date: the sum of what came at once is exact.
    fn count_beside(&self, ledger: &mut Ledger, ctx: &mut Context<'_>) {
        if self.period.len() > 1 {
            ledger.count_beside(ctx, &self.period);
        }
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

    /// Returns true if a client's record is more of the request before, if that was not answered:
    /// it is larger than any request's fields, or follows a full one.
    fn is_body(&mut self, plaintext: u32, ctx: &Context<'_>) -> bool {
        if plaintext == 0 {
            return false;
        }
        let goes_on = std::mem::replace(&mut self.goes_on, plaintext >= MAX_PLAINTEXT);
        let head = *self.head.get_or_insert(plaintext);
        goes_on || u64::from(plaintext) > u64::from(head) + ctx.config.http2_request_growth()
    }

    /// Takes server bytes before they are read: finds out whose they are by what the server had when it sent them.
    pub(crate) fn arrive(
        &mut self,
        run: &Run<'_>,
        exact: bool,
        round_trip: Option<i64>,
        ledger: &mut Ledger,
        ctx: &mut Context<'_>,
    ) {
        if let (Some((time, peer)), Some(round_trip)) = (self.last, round_trip)
            && run.stamp.time.since(time) >= round_trip
        {
            let asked_since = ledger
                .waiting_after(peer)
                .is_some_and(|next| run.peer > next);
            // Behind a small record, silence may be the server's: another request tells that the client waits no more.
            let small = self
                .small
                .filter(|&(_, end)| end == run.offset && asked_since);
            if self.end == Some(run.offset) || small.is_some() {
                self.merge(run.offset, peer, small, ledger, ctx);
            }
            if small.is_some() || asked_since && Self::is_head_only(run.offset, ledger, ctx) {
                self.settle(ledger, ctx);
                self.end_placed(ledger, ctx);
            }
        }
        let silent = match (self.last, round_trip) {
            (Some((time, _)), Some(round_trip)) => run.stamp.time.since(time) >= round_trip,
            _ => true,
        };
        self.last = Some((run.stamp.time, run.peer));
        let ends_here =
            self.end == Some(run.offset) || self.small.is_some_and(|(_, end)| end == run.offset);
        // Where records show, a response that neither ended nor paused goes on.
        let is_hidden = !exact || self.covered < run.offset;
        self.place(run, exact, is_hidden || ends_here || silent, ledger, ctx);
    }

    /// A server that fell silent for a round trip, with its last record not full, had answered all it was asked: the
    /// requests that still wait got their responses within the bytes of the one before, which are divided evenly.
    /// If only one waits and the last record was small, that was its response.
    fn merge(
        &mut self,
        end: u64,
        peer: u64,
        small: Option<(u64, u64)>,
        ledger: &mut Ledger,
        ctx: &mut Context<'_>,
    ) {
        let answered: SmallVec<[u32; 8]> = ledger
            .open()
            .filter(|exchange| exchange.is_waiting() && exchange.up_start < peer)
            .map(|exchange| exchange.number)
            .collect();
        let Some(owner) = ledger
            .owner(end.saturating_sub(1))
            .map(|exchange| exchange.number)
        else {
            return;
        };
        let total = ctx.segments.get(owner).map_or(0, |segment| segment.bytes);
        let share = match (small, answered.len()) {
            (Some((start, end)), 1) => end - start,
            (_, count) => total / (count as u64 + 1),
        };
        for &number in &answered {
            ledger.transfer(ctx, owner, number, share);
            ledger.end(ctx, number);
        }
    }

    /// Notes that the connection ends: what waits got its response, if the last record says that
    /// all was sent.
    pub(crate) fn close(&mut self, ledger: &mut Ledger, ctx: &mut Context<'_>) {
        self.settle(ledger, ctx);
        if let (Some(end), Some((_, peer))) = (self.end.take(), self.last) {
            self.merge(end, peer, None, ledger, ctx);
        }
        self.count_beside(ledger, ctx);
    }

    /// Returns true if the response before `offset` is no more than a head so far.
    fn is_head_only(offset: u64, ledger: &Ledger, ctx: &Context<'_>) -> bool {
        let owner = ledger
            .owner(offset.saturating_sub(1))
            .and_then(|exchange| ctx.segments.get(exchange.number));
        owner.is_some_and(|segment| segment.bytes <= ctx.config.http2_headers_max())
    }

    fn place(
        &mut self,
        run: &Run<'_>,
        exact: bool,
        may_be_over: bool,
        ledger: &mut Ledger,
        ctx: &mut Context<'_>,
    ) {
        let Some(waiting) = ledger.waiting().copied() else {
            return;
        };
        let in_progress = ledger.open().any(|exchange| !exchange.is_waiting());
        if run.peer <= waiting.up_start || exact && in_progress && !may_be_over {
            // Sent before the server knew of the request: the responses before it go on.
            if in_progress {
                // Of many that are open, most were marked by a packet before.
                let unmarked: SmallVec<[u32; 8]> = ledger
                    .open()
                    .filter(|exchange| !exchange.is_waiting() && !exchange.shared)
                    .map(|exchange| exchange.number)
                    .collect();
                for number in unmarked {
                    ledger.share(ctx, number);
                }
                ledger.share(ctx, waiting.number);
                if let Some(exchange) = ledger.find_mut(waiting.number) {
                    exchange.overlaps = true;
                }
            }
            return;
        }
        if !waiting.overlaps || !in_progress {
            self.settle(ledger, ctx);
            self.end_placed(ledger, ctx);
            ledger.place(waiting.number, run.offset);
            // What ended here has ended.
            self.end = self.end.filter(|&end| end > run.offset);
        } else if !exact {
            self.interrupt(waiting.number, run.offset, ledger, ctx);
        }
    }

    /// Takes a server's record; the response before it may have ended.
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
                self.count_beside(ledger, ctx);
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

    /// Gives a waiting request the bytes from `offset` on, though another's response is not over.
    fn interrupt(&mut self, inner: u32, offset: u64, ledger: &mut Ledger, ctx: &mut Context<'_>) {
        self.settle(ledger, ctx);
        let Some(outer) = ledger.owner(offset).map(|exchange| exchange.number) else {
            return;
        };
        // Only one response can be interrupted at a time: the others that were open are over.
        let others: SmallVec<[u32; 8]> = ledger
            .open()
            .filter(|exchange| !exchange.is_waiting() && exchange.number != outer)
            .map(|exchange| exchange.number)
            .collect();
        for number in others {
            ledger.end(ctx, number);
        }
        let received = ctx.segments.get(outer).map_or(0, |segment| segment.bytes);
        match self.usual {
            // What is under way may be of the usual size itself: it gets the rest of that.
            Some(usual) if received < usual => ledger.place(inner, offset + (usual - received)),
            Some(usual) => {
                ledger.place(inner, offset);
                ledger.place(outer, offset + usual);
            }
            None => {
                ledger.place(inner, offset);
                self.interruption = Some(Pair { inner, outer });
            }
        }
        self.count_beside(ledger, ctx);
    }

    /// Ends an interruption whose bytes could not be told apart: half goes to each, until more is known.
    fn settle(&mut self, ledger: &mut Ledger, ctx: &mut Context<'_>) {
        let Some(pair) = self.interruption.take() else {
            return;
        };
        let half = ctx
            .segments
            .get(pair.inner)
            .map_or(0, |segment| segment.bytes / 2);
        ledger.transfer(ctx, pair.inner, pair.outer, half);
        ledger.end(ctx, pair.inner);
        // The outer one's response is what goes on.
        let next = ledger.next_offset();
        ledger.place(pair.outer, next);
        if self.halved.len() == MAX_HALVED {
            self.halved.remove(0);
        }
        self.halved.push(pair);
    }

    /// Ends all whose responses began, and learns from those that overlapped with none.
    fn end_placed(&mut self, ledger: &mut Ledger, ctx: &mut Context<'_>) {
        let placed: SmallVec<[(u32, bool); 8]> = ledger
            .open()
            .filter(|exchange| !exchange.is_waiting())
            .map(|exchange| (exchange.number, exchange.shared))
            .collect();
        for (number, shared) in placed {
            ledger.end(ctx, number);
            let size = ctx.segments.get(number).map_or(0, |segment| segment.bytes);
            if !shared && size > u64::from(MAX_PLAINTEXT) {
                self.learn(size, ledger, ctx);
            }
        }
        self.count_beside(ledger, ctx);
    }

    fn learn(&mut self, size: u64, ledger: &mut Ledger, ctx: &mut Context<'_>) {
        if self.sizes.len() == SIZES {
            self.sizes.remove(0);
        }
        self.sizes.push(size);
        let mut sorted = self.sizes.clone();
        sorted.sort_unstable();
        let agreeing = sorted.windows(AGREEING).find(|sizes| {
            let (least, most) = (sizes[0], sizes[AGREEING - 1]);
            most - least <= least * AGREEMENT / 100
        });
        self.usual = agreeing.map(|sizes| sizes[AGREEING / 2]);
        if let Some(usual) = self.usual {
            for pair in std::mem::take(&mut self.halved) {
                let inner = ctx
                    .segments
                    .get(pair.inner)
                    .map_or(0, |segment| segment.bytes);
                let outer = ctx
                    .segments
                    .get(pair.outer)
                    .map_or(0, |segment| segment.bytes);
                if inner > usual {
                    ledger.transfer(ctx, pair.inner, pair.outer, inner - usual);
                } else if outer > usual - inner {
                    ledger.transfer(ctx, pair.outer, pair.inner, usual - inner);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefaces_of_known_clients_and_nothing_near_them() {
        // curl, Python's h2, Chromium: 3, 5 and 4 settings with WINDOW_UPDATE.
        assert!([64, 76, 70].iter().all(|&size| is_preface(size)));
        assert!(is_preface(33) && !is_preface(32) && !is_preface(34) && !is_preface(107));
    }

    #[test]
    fn prefaces_of_known_servers_and_nothing_as_long_as_a_response() {
        // nginx and Go, Apache, Caddy: 2 to 4 settings, with WINDOW_UPDATE.
        assert!(
            [21, 27, 28, 33, 40]
                .iter()
                .all(|&size| is_server_preface(size))
        );
        assert!((54..2_000).all(|size| !is_server_preface(size)));
        assert!([8, 10, 25].iter().all(|&size| !is_server_preface(size)));
    }

    #[test]
    fn control_frames_alone_and_together() {
        assert!(
            [9, 13, 14, 17, 26, 30, 34, 39]
                .iter()
                .all(|&size| is_control(size))
        );
        assert!(
            [0, 8, 10, 16, 49, 52, 53]
                .iter()
                .all(|&size| !is_control(size))
        );
    }
}
