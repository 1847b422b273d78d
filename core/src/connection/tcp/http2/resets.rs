//! Responses that the client gives up.
//!
//! A player that gives up a response resets its stream (RST_STREAM, RFC 9113, section 6.4), and
//! requests something else in the same turn. The reset names its stream under encryption, but its
//! record is as large as no other of a client except WINDOW_UPDATE. Bytes that are on their way
//! still come; behind a response that was over there are none.

use std::num::{NonZeroU16, NonZeroU32};

use super::heads::FRAME_HEADER;
use crate::connection::context::Context;
use crate::connection::tcp::ledger::Ledger;
use crate::connection::tcp::stream::Run;
use crate::packet::{Time, from_milliseconds};

/// Frames of RST_STREAM and WINDOW_UPDATE have the same size.
const RST_STREAM: u32 = FRAME_HEADER + 4;
/// Longest time from a reset to the request in the same turn, in milliseconds. In recordings of
/// Chromium, a reset comes 2 to 8 ms before the next request, and WINDOW_UPDATE 20 ms and more.
const SAME_TURN: u64 = 10;
/// Shortest silence of a server, in nanoseconds, after which a client's record is no WINDOW_UPDATE: a
/// client sends that when it has taken what came.
const SILENT: i64 = 1_000_000_000;
/// Number of responses in progress that are noted: a player keeps one of each track in flight.
const NOTED: usize = 2;

/// The latest reset of a connection.
#[derive(Debug)]
pub(super) struct Resets {
    /// Time of the client's latest record if it may have been a reset, or [`NEVER`].
    latest: Time,
    /// The latest responses in progress when the client sent a request after a reset.
    given_up: [Option<NonZeroU32>; NOTED],
    /// The time of the reset, and the offset of that request.
    time: Time,
    offset: u64,
}

/// A time before all others.
const NEVER: Time = Time(i64::MIN);

impl Default for Resets {
    fn default() -> Self {
        Self {
            latest: NEVER,
            given_up: [None; NOTED],
            time: NEVER,
            offset: 0,
        }
    }
}

impl Resets {
    /// Processes a record of the client that is no request.
    pub(super) fn control(&mut self, time: Time, plaintext: u32) {
        if plaintext == RST_STREAM {
            self.latest = time;
        }
    }

    /// Processes a request at an offset of the client's stream, before it is opened, if the server
    /// has been silent for some nanoseconds. Returns true if a reset may have come just before.
    pub(super) fn request(
        &mut self,
        time: Time,
        offset: u64,
        silent: i64,
        ledger: &Ledger,
        ctx: &mut Context<'_>,
    ) -> bool {
        let reset = std::mem::replace(&mut self.latest, NEVER);
        if reset == NEVER || time.since(reset) > from_milliseconds(SAME_TURN) {
            return false;
        }
        let mut open = ledger.open().rev();
        self.given_up = std::array::from_fn(|_| NonZeroU32::new(open.next()?.number));
        (self.time, self.offset) = (reset, offset);
        if silent >= SILENT {
            self.mark(ctx);
        }
        true
    }

    /// Marks the noted responses as given up.
    fn mark(&mut self, ctx: &mut Context<'_>) {
        for number in std::mem::take(&mut self.given_up).into_iter().flatten() {
            if let Some(segment) = ctx.segments.get_mut(number.get()) {
                let after = self.time.since(segment.t_request) / from_milliseconds(1);
                let after = u16::try_from(after.max(1)).unwrap_or(u16::MAX);
                segment.given_up_after = NonZeroU16::new(after);
            }
        }
    }

    /// Processes bytes of the server: those that it sent before it had the request belong to a
    /// response that was in progress.
    #[inline]
    pub(super) fn arrive(&mut self, run: &Run<'_>, ctx: &mut Context<'_>) {
        if self.given_up[0].is_none() {
            return;
        }
        if run.peer > self.offset {
            self.given_up = [None; NOTED];
            return;
        }
        self.mark(ctx);
    }
}
