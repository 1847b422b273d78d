//! Requests and responses of a cleartext HTTP/1 connection.

mod exchanges;

use std::cell::Cell;

use self::exchanges::{Awaited, Exchanges, is_next_foreign, next_is_bodiless, response_starts};
use super::ledger::{Certainty, Ledger, NOBODY};
use super::stream::Run;
use crate::connection::context::Context;
use crate::facts::segment::Transport;
use crate::wire::http1;
use crate::wire::http1::{HttpEvent, MessageReader, Side};

/// An HTTP/1 connection.
#[derive(Debug)]
pub(crate) struct HttpSession {
    up: MessageReader,
    down: MessageReader,
    exchanges: Exchanges,
    /// The head of the first request, until its host was read.
    first_head: Vec<u8>,
}

impl HttpSession {
    pub(crate) fn new() -> Self {
        Self {
            up: MessageReader::new(Side::Client),
            down: MessageReader::new(Side::Server),
            exchanges: Exchanges::default(),
            first_head: Vec::new(),
        }
    }

    /// The most memory that one holds, in bytes: three heads, in lists that grow to twice their
    /// contents.
    pub(crate) const BOUND: usize = size_of::<Self>() + 3 * 2 * http1::MAX_HEAD + Exchanges::BOUND;

    /// Creates a connection whose start was not seen.
    pub(crate) fn midstream() -> Self {
        Self {
            up: MessageReader::lost(Side::Client),
            down: MessageReader::lost(Side::Server),
            ..Self::new()
        }
    }

    /// Returns its heap memory, in bytes.
    pub(crate) fn heap(&self) -> usize {
        self.up.heap() + self.down.heap() + self.exchanges.heap() + self.first_head.capacity()
    }

    pub(crate) fn is_exact(&self, from_client: bool) -> bool {
        if from_client {
            !self.up.is_lost()
        } else {
            !self.down.is_lost()
        }
    }

    /// Reads bytes of the first request. Returns its host, if it names one, once its head is whole
    /// or the rest of it is hidden.
    pub(crate) fn take_host(&mut self, run: &Run<'_>) -> Option<Option<String>> {
        // Its end may begin in the bytes before.
        let had = self.first_head.len();
        let from = had.saturating_sub(http1::HEAD_END - 1);
        let bytes = match had {
            0 => http1::behind_empty_lines(run.bytes),
            _ => run.bytes,
        };
        let taken = &bytes[..bytes.len().min(http1::MAX_HEAD - had)];
        self.first_head.extend_from_slice(taken);
        let whole = http1::head_length(&self.first_head[from..]).is_some();
        let length = run.length - (run.bytes.len() - bytes.len()) as u64;
        let hidden = (taken.len() as u64) < length || self.first_head.len() >= http1::MAX_HEAD;
        (whole || hidden).then(|| http1::host_of(&std::mem::take(&mut self.first_head)))
    }

    /// Returns true if each request names its host, as requests to a proxy do.
    pub(crate) const fn is_proxied(&self) -> bool {
        self.exchanges.is_proxied
    }

    /// Records that the first request is for another service, though the address is known for
    /// Netflix: the server, or a proxy that its client does not know of, may forward each request
    /// to another host.
    pub(crate) fn began_with_others(&mut self) {
        self.exchanges.is_proxied = true;
        for response in &mut self.exchanges.awaited {
            response.is_foreign = true;
        }
    }

    /// Returns true if every request so far was answered in full.
    pub(crate) fn is_idle(&self) -> bool {
        self.up.at_boundary() && self.down.at_boundary() && self.exchanges.awaited.is_empty()
    }

    /// Returns true if a request waits until its server is known.
    pub(crate) const fn awaits_server(&self) -> bool {
        self.exchanges.begun.is_some()
    }

    /// Opens the segment of a request that waits until its server is known.
    pub(crate) fn flush(&mut self, response_at: u64, ledger: &mut Ledger, ctx: &mut Context<'_>) {
        if ctx.server().is_some()
            && let Some((stamp, offset)) = self.exchanges.begun.take()
        {
            ledger.begin(ctx, stamp, offset, Some(response_at), Transport::Tcp);
        }
    }

    /// Reads client bytes and opens segments.
    pub(crate) fn read_up(
        &mut self,
        run: &Run<'_>,
        response_at: u64,
        ledger: &mut Ledger,
        ctx: &mut Context<'_>,
    ) {
        let mut began = false;
        let (exchanges, down) = (&mut self.exchanges, &self.down);
        self.up.read_for_hosts(
            run.offset,
            run.bytes,
            run.length,
            || false,
            |event, host| match event {
                HttpEvent::Start(offset) => {
                    began = true;
                    exchanges.request_starts(offset, run, response_at, down, ledger, ctx);
                }
                HttpEvent::Head(head) => {
                    let is_foreign =
                        exchanges.host_named(host, run.stamp, response_at, down, ledger, ctx);
                    exchanges.ask(Awaited {
                        is_bodiless: head.bodiless,
                        is_foreign,
                    });
                }
                HttpEvent::EmptyLines(..) | HttpEvent::Interim | HttpEvent::End(_) => {}
            },
        );
        if !began && self.up.is_lost() {
            self.exchanges.hidden_bytes(run, response_at, ledger, ctx);
        }
    }

    /// Records that a request was sent whose response begins at the next byte.
    pub(crate) fn response_begins(&mut self) {
        if self.down.is_lost() {
            self.down.restart();
            self.exchanges.keep_newest();
        }
    }

    /// Returns true if the server's newest message has an end of its own that did not come.
    pub(crate) fn is_within_response(&self) -> bool {
        self.is_exact(false) && !self.down.at_boundary() && !self.down.ends_with_connection()
    }

    /// Returns how many of the server's next bytes only need to be counted.
    pub(crate) const fn mute_down(&self) -> u64 {
        self.down.body()
    }

    /// Counts the server's next bytes if they only continue a body. Otherwise counts nothing and
    /// returns false.
    #[inline]
    pub(crate) fn take_in_order(&mut self, length: u32) -> bool {
        self.down.take_in_order(length)
    }

    /// Reads server bytes to find where responses begin and end.
    pub(crate) fn read_down(&mut self, run: &Run<'_>, ledger: &mut Ledger, ctx: &mut Context<'_>) {
        let Exchanges {
            awaited,
            unasked,
            message,
            slipped,
            ..
        } = &mut self.exchanges;
        // The reader asks for the next request while it reports a response, and both look at what
        // is awaited.
        let is_foreign = Cell::new(is_next_foreign(awaited));
        self.down.read(
            run.offset,
            run.bytes,
            run.length,
            || {
                let is_bodiless = next_is_bodiless(awaited, unasked);
                is_foreign.set(is_next_foreign(awaited));
                is_bodiless
            },
            |event| match event {
                HttpEvent::EmptyLines(offset, length) => {
                    ledger.add_framing(ctx, offset, length, Certainty::Exact);
                }
                HttpEvent::Start(offset) if is_foreign.get() => {
                    *message = (offset, false);
                    if ledger.has_begun() {
                        ledger.place(NOBODY, offset);
                    }
                }
                HttpEvent::Start(offset) => response_starts(offset, message, *slipped, ledger, ctx),
                HttpEvent::Interim => {
                    message.1 = true;
                    if let Some(owner) = ledger.owner_mut(run.offset) {
                        owner.responded = false;
                    }
                }
                HttpEvent::Head(_) => {}
                HttpEvent::End(offset) => ledger.end_at(ctx, offset.saturating_sub(1)),
            },
        );
        if self.down.is_lost() {
            if let Some(owner) = ledger.owner_mut(run.offset) {
                owner.responded = true;
            }
            // The ends of responses are no longer known: further bytes belong to the next request
            // that waits.
            while ledger.place_waiting(run.offset + run.length) {
                self.exchanges.slipped = true;
            }
            self.exchanges.slipped |= !self.exchanges.awaited.is_empty();
            if self.exchanges.slipped {
                ledger.add_framing(ctx, run.offset, 0, Certainty::Doubtful);
            }
        }
    }
}
