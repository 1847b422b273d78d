//! The requests of an HTTP/1 connection that await responses, and which of them the next response
//! answers.

use std::collections::VecDeque;

use crate::connection::context::Context;
use crate::connection::tcp::ledger::{Certainty, Ledger, NOBODY};
use crate::connection::tcp::stream::Run;
use crate::facts::segment::{Transport, Via};
use crate::facts::server::EvidenceKind;
use crate::packet::Stamp;
use crate::wire::http1::{MessageReader, NamedHost};

/// Largest number of pipelined requests that await responses. Clients that pipeline send a handful.
const MAX_PIPELINED: usize = 64;

/// A response that is awaited.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Awaited {
    /// True if the response has no body, whatever its head states.
    pub(super) is_bodiless: bool,
    /// True if the request is for a host that is not Netflix.
    pub(super) is_foreign: bool,
}

/// The requests of a connection and the responses to them.
#[derive(Debug, Default)]
pub(super) struct Exchanges {
    /// The awaited responses.
    pub(super) awaited: VecDeque<Awaited>,
    /// Number of responses that began before their requests were known.
    pub(super) unasked: usize,
    /// Position at which the server's newest message began, and true if that only announced another
    /// one.
    pub(super) message: (u64, bool),
    /// True if framing was lost while requests waited, or a request was guessed. The request that
    /// is answered is then a guess, until a request finds all earlier ones answered.
    pub(super) slipped: bool,
    /// A request that began before its server was known to be Netflix.
    pub(super) begun: Option<(Stamp, u64)>,
    /// True if each request names its host: the connection leads to a proxy, or the first request
    /// is for another service than its address is known for.
    pub(super) is_proxied: bool,
    /// True if the head of a request was read.
    has_named: bool,
}

impl Exchanges {
    /// The most memory that it holds besides the struct itself, in bytes.
    pub(super) const BOUND: usize = 2 * MAX_PIPELINED * size_of::<Awaited>();

    /// Returns its heap memory, in bytes.
    pub(super) fn heap(&self) -> usize {
        self.awaited.capacity() * size_of::<Awaited>()
    }

    /// Opens the segment of a request that starts at `offset`, or keeps the request until its
    /// server is known.
    pub(super) fn request_starts(
        &mut self,
        offset: u64,
        run: &Run<'_>,
        response_at: u64,
        down: &MessageReader,
        ledger: &mut Ledger,
        ctx: &mut Context<'_>,
    ) {
        if ctx.server().is_none() || self.is_proxied {
            if self.begun.is_some() {
                ctx.pass_over();
            }
            self.begun.get_or_insert((run.stamp, offset));
            return;
        }
        let is_late = run.missing || run.owner.is_some();
        if self.slipped && !is_late && down.at_boundary() {
            // Everything that came down was read, including the answers that are still awaited.
            let is_open = self.unasked > 0 || !self.awaited.is_empty();
            self.slipped = is_open || ledger.waiting().is_some();
            self.unasked = 0;
            self.awaited.clear();
            while ledger.place_waiting(response_at) {}
        }
        let boundary = self.boundary(down, ledger, response_at);
        ledger.begin(ctx, run.stamp, offset, boundary, Transport::Tcp);
    }

    /// Processes the host in a request. Opens the segment of a request to a proxy if the host is
    /// Netflix. Returns true if it belongs to another service.
    pub(super) fn host_named(
        &mut self,
        host: Option<&NamedHost>,
        stamp: Stamp,
        response_at: u64,
        down: &MessageReader,
        ledger: &mut Ledger,
        ctx: &mut Context<'_>,
    ) -> bool {
        // Only a request to a proxy has the host in its first line. From then on, every request of
        // the connection goes to the host that it names.
        let is_first = host.is_some_and(|host| host.is_target) && !self.is_proxied;
        self.is_proxied |= is_first;
        let name = host.map_or("", |host| host.name.as_str());
        if !self.is_proxied {
            return self.forwarded(name, ledger, ctx);
        }
        if host.is_some_and(|host| host.is_target) {
            ctx.via = Some(Via::HttpProxy);
        }
        let begun = self.begun.take();
        let is_foreign = !ask_proxy(name, stamp.frame, ctx);
        if is_first && begun.is_none() {
            // It began as a request to what its address is known for.
            ledger.direct(ctx, is_foreign);
        } else if let (Some((stamp, offset)), false) = (begun, is_foreign) {
            let boundary = self.boundary(down, ledger, response_at);
            ledger.begin(ctx, stamp, offset, boundary, Transport::Tcp);
        }
        is_foreign
    }

    /// Processes the host of a request that a server, or a proxy that its client does not know of,
    /// may forward. Such ones use a connection for several hosts; the first request decides about
    /// the connection. Withdraws the request's segment and returns true if a later one is for
    /// another service.
    fn forwarded(&mut self, name: &str, ledger: &mut Ledger, ctx: &mut Context<'_>) -> bool {
        let is_later = std::mem::replace(&mut self.has_named, true);
        let is_foreign =
            is_later && !name.is_empty() && ctx.is_of_others(EvidenceKind::HttpHost, name);
        if is_foreign && ctx.server().is_some() {
            ledger.withdraw_latest(ctx);
        }
        is_foreign
    }

    /// Processes client bytes that show no request because they were not captured: they are a new
    /// request if the previous one was answered.
    pub(super) fn hidden_bytes(
        &mut self,
        run: &Run<'_>,
        response_at: u64,
        ledger: &mut Ledger,
        ctx: &mut Context<'_>,
    ) {
        if ctx.server().is_none() {
            ctx.pass_over();
        } else if self.is_proxied {
            // Nothing shows whose it is.
            ledger.place(NOBODY, response_at);
        } else if !ledger.is_asking(response_at) {
            let boundary = Some(response_at);
            ledger.begin(ctx, run.stamp, run.offset, boundary, Transport::Tcp);
            self.ask(Awaited::default());
            self.slipped = true;
        }
    }

    /// Awaits the response to a request, unless it already began.
    pub(super) fn ask(&mut self, response: Awaited) {
        if self.unasked > 0 {
            self.unasked -= 1;
        } else if self.awaited.len() < MAX_PIPELINED {
            self.awaited.push_back(response);
        }
    }

    /// Forgets all requests except the newest, the only one still to be answered.
    pub(super) fn keep_newest(&mut self) {
        let newest = self.awaited.pop_back();
        self.awaited.clear();
        self.awaited.extend(newest);
        self.unasked = 0;
        self.slipped = false;
    }

    /// Returns where the response to a request sent now begins; `None` while other responses are
    /// awaited before it.
    fn boundary(&self, down: &MessageReader, ledger: &Ledger, response_at: u64) -> Option<u64> {
        let answering = self.unasked == 0 && (!self.awaited.is_empty() || !down.at_boundary());
        let waits = ledger.waiting().is_some() || (!down.is_lost() && answering);
        (!waits).then_some(response_at)
    }
}

/// Takes the request that the next response answers. Returns true if that has no body.
pub(super) fn next_is_bodiless(awaited: &mut VecDeque<Awaited>, unasked: &mut usize) -> bool {
    let Some(response) = awaited.pop_front() else {
        *unasked = (*unasked + 1).min(MAX_PIPELINED);
        return false;
    };
    response.is_bodiless
}

/// Returns true if the next response comes from a host that is not Netflix.
pub(super) fn is_next_foreign(awaited: &VecDeque<Awaited>) -> bool {
    awaited.front().is_some_and(|response| response.is_foreign)
}

/// Assigns the response that starts at `offset` to the request that waits for it. `message` is the
/// previous message.
pub(super) fn response_starts(
    offset: u64,
    message: &mut (u64, bool),
    slipped: bool,
    ledger: &mut Ledger,
    ctx: &mut Context<'_>,
) {
    let is_new = ledger.owner(offset).is_none_or(|owner| owner.is_ended());
    if is_new && !ledger.place_waiting(offset) || slipped {
        // The answer to a request that was not seen counts toward the previous request.
        ledger.add_framing(ctx, offset, 0, Certainty::Doubtful);
    }
    if let Some(owner) = ledger.owner_mut(offset) {
        owner.responded = true;
    }
    if let (start, true) = std::mem::replace(message, (offset, false)) {
        // A message that only announced the response does not belong to it.
        let announced = offset.saturating_sub(start);
        ledger.add_framing(ctx, start, announced, Certainty::Exact);
    }
}

/// Records the host that a proxy is asked for. Returns true if it is Netflix.
fn ask_proxy(host: &str, frame: u64, ctx: &mut Context<'_>) -> bool {
    let is_netflix = ctx.config.is_netflix(host);
    if is_netflix {
        ctx.learn_name(EvidenceKind::HttpHost, host, true, frame);
    }
    is_netflix && ctx.server().is_some()
}
