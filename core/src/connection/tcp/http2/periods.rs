//! Busy periods of a connection over HTTP/2, and the division of their bytes once they are over.
//!
//! A response begins after the point at which the server had its request, by its own
//! acknowledgement. Earlier responses have ended there if the server had no more to send: its last
//! packet was not full, and none came between a request and the time at which the server knew of
//! it. Otherwise they continue alongside the new one, and [`Sharing`] separates them.

use std::ops::Range;

use smallvec::SmallVec;

use super::think::Think;
use crate::bounded::size::spilled;
use crate::config::Config;
use crate::connection::context::Context;
use crate::connection::sharing::{
    MOST_PARTS, MOST_REQUESTS, Manner, Part, PeriodRequest, Sharing, scaled,
};
use crate::connection::tcp::ledger::{Ledger, Portion};
use crate::connection::tcp::stream::Run;
use crate::packet::{Stamp, Time};

/// Largest number of requests that wait to be answered, as many as may be open at once.
pub(super) const MOST_WAITING: usize = 128;
/// The most that a TCP segment holds on Ethernet. A captured packet may hold several segments.
const ETHERNET: u64 = 1_500;
/// A packet with fewer bytes is never full, however small those before it were, because any path
/// carries larger segments.
const LEAST_FULL: u64 = 1_000;
/// Largest number of sizes that wait until everything counted by then is read. With more, they wait
/// no longer.
const MOST_DUE: usize = 256;
/// Number of latest requests that continue when a period is full.
const GOING_ON: usize = 2;

/// A request that the server has not acknowledged.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unacknowledged {
    pub(super) number: u32,
    up_start: u64,
    time: Time,
    /// Bytes that had come at the time of the request.
    at: u64,
    /// Bytes of the request; 0 if not known.
    size: u16,
    /// True if the client may have given up a response just before it.
    resets: bool,
}

/// The server's newest bytes.
#[derive(Clone, Copy, Debug)]
struct Last {
    time: Time,
    length: u64,
}

/// The periods of one connection.
#[derive(Debug)]
pub(super) struct Periods {
    asked: SmallVec<[Unacknowledged; 2]>,
    sharing: Box<Sharing>,
    think: Think,
    last: Option<Last>,
    /// Size of the server's largest packet.
    largest: u64,
    /// True if records of the period were hidden.
    is_hidden: bool,
    /// Sizes that apply once the server's stream was read up to the end of their period.
    due: Vec<Part>,
    due_at: u64,
}

impl Unacknowledged {
    /// The segment.
    pub(super) const fn number(&self) -> u32 {
        self.number
    }
}

impl Default for Periods {
    fn default() -> Self {
        Self {
            asked: SmallVec::new(),
            sharing: Box::new(Sharing::new(&[Manner::Late, Manner::InOrder])),
            think: Think::default(),
            last: None,
            largest: 0,
            is_hidden: false,
            due: Vec::new(),
            due_at: 0,
        }
    }
}

/// Totals over the segments of parts, as they were counted.
#[derive(Debug, Default)]
struct PeriodSums {
    bytes: u64,
    app_bytes: u64,
    /// Bytes that are in the capture.
    captured: u64,
    packets: u64,
}

impl Periods {
    /// The most memory that one holds, in bytes.
    pub(super) const BOUND: usize = Sharing::bound(MOST_REQUESTS) as usize
        + MOST_WAITING.next_power_of_two() * size_of::<Unacknowledged>()
        + (2 * MOST_DUE + MOST_PARTS) * size_of::<Part>();

    /// Returns its heap memory, in bytes.
    pub(super) fn heap(&self) -> usize {
        spilled(&self.asked)
            + size_of::<Sharing>()
            + self.sharing.heap()
            + self.due.capacity() * size_of::<Part>()
    }

    /// Records a request.
    pub(super) fn ask(
        &mut self,
        number: u32,
        up_start: u64,
        time: Time,
        (size, resets): (u16, bool),
        config: &Config,
    ) {
        if self.asked.len() >= MOST_WAITING {
            self.asked.remove(0);
        }
        self.asked.push(Unacknowledged {
            number,
            up_start,
            time,
            size,
            resets,
            at: self
                .think
                .known_at(time, config)
                .unwrap_or(self.sharing.received()),
        });
    }

    /// Returns true if nothing was requested or answered yet.
    pub(super) fn is_untouched(&self) -> bool {
        self.asked.is_empty() && self.sharing.count() == 0 && self.sharing.received() == 0
    }

    /// Returns the number of responses in the period.
    pub(super) fn count(&self) -> usize {
        self.sharing.count()
    }

    /// Returns the bytes in the period.
    pub(super) fn in_period(&self) -> u64 {
        self.sharing.in_period()
    }

    /// Removes and returns the requests that the server had when it sent this.
    pub(super) fn begun(&mut self, peer: u64) -> SmallVec<[Unacknowledged; 2]> {
        let mut begun = SmallVec::new();
        self.asked.retain(|asked| {
            let is_known = asked.up_start < peer;
            if is_known {
                begun.push(*asked);
            }
            !is_known
        });
        begun
    }

    /// Returns true if the client was not waiting for anything when it sent these: it took longer
    /// to ask than for a request that follows at once.
    pub(super) fn was_idle(&self, begun: &[Unacknowledged], round_trip: i64) -> bool {
        let waits = |last: Last| {
            let since = |asked: &Unacknowledged| asked.time.since(last.time) < round_trip;
            begun.iter().any(since)
        };
        !self.last.is_some_and(waits)
    }

    /// Returns true if everything requested before had come when the server sent this.
    pub(super) fn is_over(&self, run: &Run<'_>, round_trip: i64) -> bool {
        let Some(last) = self.last else {
            return true;
        };
        !self.fills(last.length) && !self.flows_on(run, round_trip)
    }

    /// Returns true if one of several responses continues: this packet follows the previous one at
    /// once, or was requested before that came.
    pub(super) fn go_on(&self, run: &Run<'_>, begun: &[Unacknowledged], round_trip: i64) -> bool {
        let asked_before = |last: Last| begun.iter().any(|asked| asked.time < last.time);
        self.flows_on(run, round_trip) || self.count() > 1 && self.last.is_some_and(asked_before)
    }

    /// Returns true if several responses are in progress and this packet follows the previous one
    /// at once, so that at most one had ended.
    pub(super) fn flows_on(&self, run: &Run<'_>, round_trip: i64) -> bool {
        self.count() > 1
            && self
                .last
                .is_some_and(|last| run.stamp.time.since(last.time) < round_trip / 2)
    }

    /// Returns true if a packet with this many bytes is as large as the server's packets get.
    const fn fills(&self, length: u64) -> bool {
        length >= self.largest && length >= LEAST_FULL || length > ETHERNET
    }

    /// Adds a response that may begin from here on.
    pub(super) fn begin(
        &mut self,
        asked: &Unacknowledged,
        ledger: &mut Ledger,
        ctx: &mut Context<'_>,
    ) {
        match self.sharing.count() {
            0 => self.think.ask(asked.time, ctx.config),
            MOST_REQUESTS.. => self.carry_on(ledger, ctx),
            _ => {}
        }
        self.sharing.begin(PeriodRequest {
            number: asked.number,
            asked: asked.time,
            asked_at: asked.at,
            begun_at: 0,
            before: (0, 0),
            size: asked.size,
            is_repeated: false,
            resets: asked.resets,
        });
    }

    /// Ends a full period, and starts another with the responses that may continue from it.
    fn carry_on(&mut self, ledger: &mut Ledger, ctx: &mut Context<'_>) {
        let requests = self.sharing.requests();
        let latest: SmallVec<[PeriodRequest; GOING_ON]> = requests[requests.len() - GOING_ON..]
            .iter()
            .copied()
            .collect();
        self.end(ledger, ctx);
        self.sharing.forget_past();
        for request in latest {
            let part = self.due.iter().rfind(|part| part.number == request.number);
            let before = part.map_or((0, 0), |part| (part.size, part.wire));
            self.sharing.begin(PeriodRequest {
                asked_at: self.sharing.received(),
                before,
                ..request
            });
        }
    }

    /// Counts bytes of responses.
    pub(super) fn take(&mut self, bytes: u64, stamp: Stamp, is_hidden: bool) {
        if bytes == 0 {
            return;
        }
        self.last = Some(Last {
            time: stamp.time,
            length: bytes,
        });
        if bytes <= ETHERNET {
            self.largest = self.largest.max(bytes);
        }
        if self.sharing.count() > 0 {
            self.is_hidden |= is_hidden;
            self.sharing.take(bytes, bytes, 1, stamp);
            self.think.push(self.sharing.received(), stamp.time);
        }
    }

    /// Records a record of responses with this much plaintext.
    pub(super) fn note_record(&mut self, plaintext: u32) {
        if self.sharing.count() > 0 {
            self.sharing.note_size(u64::from(plaintext), true);
        }
    }

    /// Ends the period.
    pub(super) fn end(&mut self, ledger: &mut Ledger, ctx: &mut Context<'_>) {
        let count = self.sharing.count();
        if count == 0 {
            return;
        }
        let is_hidden = std::mem::take(&mut self.is_hidden);
        let (mut bytes, mut app_bytes) = (0, 0);
        for request in self.sharing.requests() {
            let segment = ctx.segments.get(request.number);
            bytes += segment.map_or(0, |segment| segment.bytes);
            app_bytes += segment.map_or(0, |segment| segment.app_bytes);
        }
        let wire = self.sharing.in_period();
        let data = u128::from(wire) * u128::from(app_bytes) / u128::from(bytes.max(1));
        let surplus = wire - (data as u64).min(wire);
        if count > 1 {
            for (at, request) in self.sharing.requests().iter().enumerate() {
                ledger.bound(ctx, request.number, self.sharing.most(at));
            }
            let requests = self.sharing.requests();
            let are_open = requests
                .iter()
                .all(|request| ctx.segments.open(request.number).is_some());
            if is_hidden && are_open {
                self.due.extend(self.sharing.even(surplus));
            } else if !is_hidden {
                self.sharing.drop_period(ctx.config);
            }
        }
        let is_open = |number| ctx.segments.open(number).is_some();
        self.due
            .extend(self.sharing.end(surplus, ctx.config, &is_open));
        self.due_at = ledger.next_offset();
    }

    /// Applies divisions that were decided before, if everything counted by then was read. Returns
    /// true if it did.
    pub(super) fn apply(&mut self, read: u64, ledger: &mut Ledger, ctx: &mut Context<'_>) -> bool {
        if self.due.is_empty() || read < self.due_at && self.due.len() < MOST_DUE {
            return false;
        }
        // A period that is read again comes after its first reading, which no longer counts.
        let mut parts: Vec<Part> = Vec::with_capacity(self.due.len());
        for part in self.due.drain(..).rev() {
            let is_new = parts.iter().all(|later| later.number != part.number);
            if is_new && ctx.segments.open(part.number).is_some() {
                parts.push(part);
            }
        }
        // Exactly what was counted is passed on: if a response continued after its period, or only
        // some of a period's segments are open, its parts are proportions.
        let mut counted = PeriodSums::default();
        for segment in parts
            .iter()
            .filter_map(|part| ctx.segments.get(part.number))
        {
            counted.bytes += segment.bytes;
            counted.app_bytes += segment.app_bytes;
            counted.captured += segment.bytes - segment.missing_bytes;
            counted.packets += segment.pkts;
        }
        let divided = parts.iter().fold((0, 0), |sums: (u64, u64), part| {
            (sums.0 + part.wire, sums.1 + part.size)
        });
        let portion = |whole: u64, part: Range<u64>, total: u64| {
            scaled(whole, part.end, total) - scaled(whole, part.start, total)
        };
        if divided.0 == 0 {
            return false;
        }
        let mut before = (0, 0);
        for part in parts {
            let wire = before.0..before.0 + part.wire;
            let bytes = portion(counted.bytes, wire.clone(), divided.0);
            let app_bytes = portion(counted.app_bytes, before.1..before.1 + part.size, divided.1);
            let captured = portion(counted.captured, wire.clone(), divided.0);
            // One packet may hold bytes of several responses.
            let packets = portion(counted.packets, wire, divided.0).max(bytes.min(1));
            before = (before.0 + part.wire, before.1 + part.size);
            ledger.divide(
                ctx,
                part.number,
                Portion {
                    track: part.track,
                    bytes,
                    app_bytes: app_bytes.min(bytes),
                    missing_bytes: bytes.saturating_sub(captured),
                    packets,
                    error: part.error + app_bytes.abs_diff(part.size),
                    first: part.first,
                    last: part.last,
                },
            );
        }
        true
    }
}
