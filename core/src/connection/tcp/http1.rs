//! Requests and responses of an HTTP/1 connection in clear.

use std::cell::Cell;
use std::collections::VecDeque;

use super::ledger::{Certainty, Ledger, NOBODY};
use super::stream::Run;
use crate::connection::context::Context;
use crate::facts::segment::{Transport, Via};
use crate::facts::server::EvidenceKind;
use crate::packet::Stamp;
use crate::wire::http1;
use crate::wire::http1::{Event, MessageReader, Side};

/// Pipelined requests whose responses are awaited. Clients that pipeline send a handful.
const MAX_PIPELINED: usize = 64;

/// A response that is awaited.
#[derive(Clone, Copy, Debug, Default)]
struct Awaited {
    /// True if it has no body, whatever its head says.
    is_bodiless: bool,
    /// A proxy was asked for it, of a host that is not Netflix's.
    is_foreign: bool,
}

/// An HTTP/1 connection.
#[derive(Debug)]
pub(crate) struct HttpSession {
    up: MessageReader,
    down: MessageReader,
    /// The responses that are awaited.
    awaited: VecDeque<Awaited>,
    /// Responses that began before their requests were known.
    unasked: usize,
    /// The place where the server's newest message began, and whether that only announced another
    /// one.
    message: (u64, bool),
    /// Framing was lost while requests waited, or a request was guessed: which of them is answered now is a guess, until
    /// a request finds all that were before it answered.
    slipped: bool,
    /// A request that began before its server was known to be Netflix's.
    begun: Option<(Stamp, u64)>,
    /// The first request's head, until its host was read.
    first_head: Vec<u8>,
    /// True if it leads to a proxy: each request names the host it is for.
    is_proxied: bool,
}

impl HttpSession {
    pub(crate) fn new() -> Self {
        Self {
            up: MessageReader::new(Side::Client),
            down: MessageReader::new(Side::Server),
            awaited: VecDeque::new(),
            unasked: 0,
            message: (0, false),
            slipped: false,
            begun: None,
            first_head: Vec::new(),
            is_proxied: false,
        }
    }

    /// The most memory that one holds, in bytes: three heads, in lists that grow to twice of what was in them.
    pub(crate) const BOUND: usize =
        size_of::<Self>() + 3 * 2 * http1::MAX_HEAD + 2 * MAX_PIPELINED * size_of::<Awaited>();

    /// A connection whose beginning was not seen.
    pub(crate) fn midstream() -> Self {
        Self {
            up: MessageReader::lost(Side::Client),
            down: MessageReader::lost(Side::Server),
            ..Self::new()
        }
    }

    /// Memory behind it, in bytes.
    pub(crate) fn heap(&self) -> usize {
        self.up.heap()
            + self.down.heap()
            + self.awaited.capacity() * size_of::<Awaited>()
            + self.first_head.capacity()
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

    /// Returns true if each request names the host it is for, as those to a proxy do.
    pub(crate) const fn is_proxied(&self) -> bool {
        self.is_proxied
    }

    /// Returns true if a request waits for its server to be known.
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
        let (slipped, is_proxied) = (&mut self.slipped, &mut self.is_proxied);
        let (awaited, unasked, begun, down) = (
            &mut self.awaited,
            &mut self.unasked,
            &mut self.begun,
            &self.down,
        );
        self.up.read_for_hosts(
            run.offset,
            run.bytes,
            run.length,
            || false,
            |event, host| match event {
                Event::Start(offset) => {
                    began = true;
                    if ctx.server().is_none() || *is_proxied {
                        if begun.is_some() {
                            ctx.pass_over();
                        }
                        begun.get_or_insert((run.stamp, offset));
                        return;
                    }
                    if *slipped && !is_late && down.at_boundary() {
                        // All that came down was read: the answers that are still awaited are among it.
                        *slipped =
                            *unasked > 0 || !awaited.is_empty() || ledger.waiting().is_some();
                        *unasked = 0;
                        awaited.clear();
                        while ledger.place_waiting(response_at) {}
                    }
                    let boundary = boundary_of(awaited, *unasked, down, ledger, response_at);
                    ledger.begin(ctx, run.stamp, offset, boundary, Transport::Tcp);
                }
                Event::Head(head) => {
                    let is_first = host.is_some() && !*is_proxied;
                    let mut is_foreign = false;
                    *is_proxied |= is_first;
                    if *is_proxied {
                        ctx.via = Some(Via::HttpProxy);
                        let begun = begun.take();
                        is_foreign = !ask_proxy(host.unwrap_or_default(), run.stamp.frame, ctx);
                        if is_first && begun.is_none() {
                            // It began as a request to what its address is known for.
                            ledger.direct(ctx, is_foreign);
                        } else if let (Some((stamp, offset)), false) = (begun, is_foreign) {
                            let boundary =
                                boundary_of(awaited, *unasked, down, ledger, response_at);
                            ledger.begin(ctx, stamp, offset, boundary, Transport::Tcp);
                        }
                    }
                    let is_bodiless = head.bodiless;
                    ask(
                        awaited,
                        unasked,
                        Awaited {
                            is_bodiless,
                            is_foreign,
                        },
                    );
                }
                Event::Interim | Event::End(_) => {}
            },
        );
        if !began && self.up.is_lost() {
            // Hidden bytes: a new request if the one before was answered.
            if ctx.server().is_none() {
                ctx.pass_over();
            } else if self.is_proxied {
                // Nothing shows whose it is.
                ledger.place(NOBODY, response_at);
            } else if !ledger.is_asking(response_at) {
                ledger.begin(
                    ctx,
                    run.stamp,
                    run.offset,
                    Some(response_at),
                    Transport::Tcp,
                );
                ask(&mut self.awaited, &mut self.unasked, Awaited::default());
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
            let newest = self.awaited.pop_back();
            self.awaited.clear();
            self.awaited.extend(newest);
            self.unasked = 0;
        }
    }

    /// Returns how many of the server's next bytes say nothing, whatever they are.
    pub(crate) const fn mute_down(&self) -> u64 {
        self.down.body()
    }

    /// Takes the server's next bytes if they are but more of a body; else none, and `false`.
    #[inline]
    pub(crate) fn take_in_order(&mut self, length: u32) -> bool {
        self.down.take_in_order(length)
    }

    /// Reads server bytes; finds where responses begin and end.
    pub(crate) fn read_down(&mut self, run: &Run<'_>, ledger: &mut Ledger, ctx: &mut Context<'_>) {
        let (awaited, unasked, message) = (&mut self.awaited, &mut self.unasked, &mut self.message);
        let slipped = self.slipped;
        let is_foreign = Cell::new(is_next_foreign(awaited));
        self.down.read(
            run.offset,
            run.bytes,
            run.length,
            || {
                let is_bodiless = awaited.pop_front().map_or_else(
                    || {
                        *unasked = (*unasked + 1).min(MAX_PIPELINED);
                        false
                    },
                    |response: Awaited| response.is_bodiless,
                );
                is_foreign.set(is_next_foreign(awaited));
                is_bodiless
            },
            |event| match event {
                Event::Start(offset) if is_foreign.get() => {
                    *message = (offset, false);
                    if ledger.has_begun() {
                        ledger.place(NOBODY, offset);
                    }
                }
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
            self.slipped |= !self.awaited.is_empty();
            if self.slipped {
                ledger.add_framing(ctx, run.offset, 0, Certainty::Doubtful);
            }
        }
    }
}

/// Awaits the response to a request, unless it began already.
fn ask(awaited: &mut VecDeque<Awaited>, unasked: &mut usize, response: Awaited) {
    if *unasked > 0 {
        *unasked -= 1;
    } else if awaited.len() < MAX_PIPELINED {
        awaited.push_back(response);
    }
}

/// Returns true if the next response is that of a host which is not Netflix's.
fn is_next_foreign(awaited: &VecDeque<Awaited>) -> bool {
    awaited.front().is_some_and(|response| response.is_foreign)
}

/// Takes the host that a proxy is asked for; returns true if it is Netflix's.
fn ask_proxy(host: &str, frame: u64, ctx: &mut Context<'_>) -> bool {
    let is_netflix = ctx.config.is_netflix(host);
    if is_netflix {
        ctx.learn_name(EvidenceKind::HttpHost, host, true, frame);
    }
    is_netflix && ctx.server().is_some()
}

/// Returns where the response to a request begins that is sent now; `None` while others are awaited
/// before it.
fn boundary_of(
    awaited: &VecDeque<Awaited>,
    unasked: usize,
    down: &MessageReader,
    ledger: &Ledger,
    response_at: u64,
) -> Option<u64> {
    let answering = unasked == 0 && (!awaited.is_empty() || !down.at_boundary());
    let waits = ledger.waiting().is_some() || (!down.is_lost() && answering);
    (!waits).then_some(response_at)
}
