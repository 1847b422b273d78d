//! Requests and responses of an HTTP/1 connection in clear.

use std::collections::VecDeque;

use super::ledger::{Certainty, Ledger};
use super::stream::Run;
use crate::connection::context::Context;
use crate::facts::segment::Transport;
use crate::packet::Stamp;
use crate::wire::http1;
use crate::wire::http1::{Event, Reader, Side};

/// Pipelined requests whose responses are awaited. Clients that pipeline send a handful.
const MAX_PIPELINED: usize = 64;

/// An HTTP/1 connection.
#[derive(Debug)]
pub(crate) struct HttpSession {
    up: Reader,
    down: Reader,
    /// Per awaited response, whether it has no body whatever its head says.
    bodiless: VecDeque<bool>,
    /// Responses that began before their requests were known.
    unasked: usize,
    /// Where the server's newest message began, and whether that only announced another one.
    message: (u64, bool),
    /// Framing was lost while requests waited, or a request was guessed: which of them is answered now is a guess, until
    /// a request finds all that were before it answered.
    slipped: bool,
    /// A request that began before its server was known to be Netflix's.
    begun: Option<(Stamp, u64)>,
    /// The first request's head, until its host was read.
    first_head: Vec<u8>,
}

impl HttpSession {
    pub(crate) fn new() -> Self {
        Self {
            up: Reader::new(Side::Client),
            down: Reader::new(Side::Server),
            bodiless: VecDeque::new(),
            unasked: 0,
            message: (0, false),
            slipped: false,
            begun: None,
            first_head: Vec::new(),
        }
    }

    /// The most memory that one holds, in bytes: three heads, in lists that grow to twice of what was in them.
    pub(crate) const BOUND: usize = size_of::<Self>() + 3 * 2 * http1::MAX_HEAD + 2 * MAX_PIPELINED;

    /// A connection whose beginning was not seen.
    pub(crate) fn midstream() -> Self {
        Self {
            up: Reader::lost(Side::Client),
            down: Reader::lost(Side::Server),
            ..Self::new()
        }
    }

    /// Memory behind it, in bytes.
    pub(crate) fn heap(&self) -> usize {
        self.up.heap() + self.down.heap() + self.bodiless.capacity() + self.first_head.capacity()
    }

    pub(crate) fn is_exact(&self, from_client: bool) -> bool {
        if from_client {
            !self.up.is_lost()
        } else {
            !self.down.is_lost()
        }
    }

    /// Takes bytes of the first request; hands out its host, if it names one, once its head is whole or the rest of it
    /// is hidden.
    pub(crate) fn take_host(&mut self, run: &Run<'_>) -> Option<Option<String>> {
        // Its end may begin in the bytes before.
        let had = self.first_head.len();
        let from = had.saturating_sub(http1::HEAD_END - 1);
        let taken = &run.bytes[..run.bytes.len().min(http1::MAX_HEAD - had)];
        self.first_head.extend_from_slice(taken);
        let whole = http1::head_length(&self.first_head[from..]).is_some();
        let hidden = (taken.len() as u64) < run.length || self.first_head.len() >= http1::MAX_HEAD;
        (whole || hidden).then(|| http1::host_of(&std::mem::take(&mut self.first_head)))
    }

    /// Whether a request waits for its server to be known.
    pub(crate) const fn awaits_server(&self) -> bool {
        self.begun.is_some()
    }

    /// Begins the segment of a request that is waiting for its server to be known.
    pub(crate) fn flush(&mut self, response_at: u64, ledger: &mut Ledger, ctx: &mut Context<'_>) {
        if ctx.server().is_some()
            && let Some((stamp, offset)) = self.begun.take()
        {
            ledger.begin(ctx, stamp, offset, Some(response_at), Transport::Tcp);
        }
    }

    /// Reads client bytes; begins segments.
    pub(crate) fn read_up(
        &mut self,
        run: &Run<'_>,
        response_at: u64,
        ledger: &mut Ledger,
        ctx: &mut Context<'_>,
    ) {
        let mut began = false;
        let is_late = run.missing || run.owner.is_some();
        let slipped = &mut self.slipped;
        let (bodiless, unasked, begun, down) = (
            &mut self.bodiless,
            &mut self.unasked,
            &mut self.begun,
            &self.down,
        );
        self.up.read(
            run.offset,
            run.bytes,
            run.length,
            || false,
            |event| match event {
                Event::Start(offset) => {
                    began = true;
                    if ctx.server().is_none() {
                        if begun.is_some() {
                            ctx.pass_over();
                        }
                        begun.get_or_insert((run.stamp, offset));
                        return;
                    }
                    if *slipped && !is_late && down.at_boundary() {
                        // All that came down was read: the answers that are still awaited are among it.
                        *slipped =
                            *unasked > 0 || !bodiless.is_empty() || ledger.waiting().is_some();
                        *unasked = 0;
                        bodiless.clear();
                        while ledger.place_waiting(response_at) {}
                    }
                    let answering = *unasked == 0 && (!bodiless.is_empty() || !down.at_boundary());
                    let waits = ledger.waiting().is_some() || (!down.is_lost() && answering);
                    let boundary = (!waits).then_some(response_at);
                    ledger.begin(ctx, run.stamp, offset, boundary, Transport::Tcp);
                }
                Event::Head(head) => ask(bodiless, unasked, head.bodiless),
                Event::Interim | Event::End(_) => {}
            },
        );
        if !began && self.up.is_lost() {
            // Hidden bytes: a new request if the one before was answered.
            if ctx.server().is_none() {
                ctx.pass_over();
            } else if !ledger.is_asking(response_at) {
                ledger.begin(
                    ctx,
                    run.stamp,
                    run.offset,
                    Some(response_at),
                    Transport::Tcp,
                );
                ask(&mut self.bodiless, &mut self.unasked, false);
                self.slipped = true;
            }
        }
    }

    /// Tells that a request was sent whose response begins at the next byte.
    pub(crate) fn response_begins(&mut self) {
        if self.down.is_lost() {
            self.slipped = false;
            self.down.restart();
            // Only the newest request is still to be answered.
            let newest = self.bodiless.pop_back();
            self.bodiless.clear();
            self.bodiless.extend(newest);
            self.unasked = 0;
        }
    }

    /// How many of the server's next bytes say nothing, whatever they are.
    pub(crate) const fn mute_down(&self) -> u64 {
        self.down.body()
    }

    /// Takes the server's next bytes if they are but more of a body; else none, and `false`.
    #[inline]
    pub(crate) fn pass_down(&mut self, length: u32) -> bool {
        self.down.pass(length)
    }

    /// Reads server bytes; finds where responses begin and end.
    pub(crate) fn read_down(&mut self, run: &Run<'_>, ledger: &mut Ledger, ctx: &mut Context<'_>) {
        let (bodiless, unasked, message) =
            (&mut self.bodiless, &mut self.unasked, &mut self.message);
        let slipped = self.slipped;
        self.down.read(
            run.offset,
            run.bytes,
            run.length,
            || {
                bodiless.pop_front().unwrap_or_else(|| {
                    *unasked = (*unasked + 1).min(MAX_PIPELINED);
                    false
                })
            },
            |event| match event {
                Event::Start(offset) => {
                    let is_new = ledger.owner(offset).is_none_or(|owner| owner.is_ended());
                    if is_new && !ledger.place_waiting(offset) || slipped {
                        // The answer to a request that nothing shows counts on the one before.
                        ledger.add_framing(ctx, offset, 0, Certainty::Doubtful);
                    }
                    if let Some(owner) = ledger.owner_mut(offset) {
                        owner.responded = true;
                    }
                    if let (start, true) = std::mem::replace(message, (offset, false)) {
                        // What only announced the response is none of it.
                        let announced = offset.saturating_sub(start);
                        ledger.add_framing(ctx, start, announced, Certainty::Exact);
                    }
                }
                Event::Interim => {
                    message.1 = true;
                    if let Some(owner) = ledger.owner_mut(run.offset) {
                        owner.responded = false;
                    }
                }
                Event::Head(_) => {}
                Event::End(offset) => ledger.end_at(ctx, offset.saturating_sub(1)),
            },
        );
        if self.down.is_lost() {
            if let Some(owner) = ledger.owner_mut(run.offset) {
                owner.responded = true;
            }
            // Where responses end is not known any more: what comes belongs to the next request that waits.
            while ledger.place_waiting(run.offset + run.length) {
                self.slipped = true;
            }
            self.slipped |= !self.bodiless.is_empty();
            if self.slipped {
                ledger.add_framing(ctx, run.offset, 0, Certainty::Doubtful);
            }
        }
    }
}

/// Awaits the response to a request, unless it began already.
fn ask(bodiless: &mut VecDeque<bool>, unasked: &mut usize, is_bodiless: bool) {
    if *unasked > 0 {
        *unasked -= 1;
    } else if bodiless.len() < MAX_PIPELINED {
        bodiless.push_back(is_bodiless);
    }
}
