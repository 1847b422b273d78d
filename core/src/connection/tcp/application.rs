//! The contents of a TCP connection: its protocol, its server's name, and its segments.

mod naming;
mod tunnel;

use super::certificate::CertificateReader;
use super::dns::DnsMessages;
use super::hello::HelloBuffer;
use super::http1::HttpSession;
use super::http2::Http2;
use super::ledger::{Credit, Ledger, Retracted, Returned};
use super::proxy::Proxy;
use super::stream::{Run, Stream};
use super::tickets::Found;
use super::tls::TlsSession;
use crate::config::Config;
use crate::connection::context::Context;
use crate::facts::segment::{Transport, Via};
use crate::packet::{Stamp, Time};
use crate::segments::table::SegmentTable;
use crate::wire::tls::{ContentType, RecordHeader};
use crate::wire::{dns, http1};

/// Ports that indicate a protocol if its beginning was not seen.
const PORT_HTTPS: u16 = 443;
const PORT_HTTP: u16 = 80;

/// Handshake message types (RFC 8446, section 4).
const CLIENT_HELLO: u8 = 1;
const SERVER_HELLO: u8 = 2;

/// The protocol of the two streams.
#[derive(Debug)]
enum Protocol {
    /// Nothing seen yet.
    Unknown,
    Tls(Box<TlsSession>),
    Http(Box<HttpSession>),
    /// DNS over TCP.
    Dns(DnsMessages),
    /// None of these.
    Opaque,
}

/// The state of the protocol on the two streams.
#[derive(Debug)]
pub(crate) struct Application {
    /// The exchange between client and proxy before it.
    proxy: Proxy,
    via: Option<Via>,
    protocol: Protocol,
    pub(crate) ledger: Ledger,
    client_hello: HelloBuffer,
    certificate: CertificateReader,
    /// True if the client named the server.
    is_named: bool,
    /// The server's port.
    port: u16,
    /// True if the start of the connection was captured.
    pub(crate) from_start: bool,
    /// True if everything that can show the server's name was read.
    pub(crate) settled: bool,
    /// Round-trip time from the capture point, in nanoseconds: from a client's packet to the
    /// server's answer or, if only the server's half was captured, from its SYN to its next packet.
    pub(crate) round_trip: Option<i64>,
    /// Frame in which the newest request began, for marking its packet.
    pub(crate) request_frame: u64,
    /// Bytes counted earlier toward a segment that did not belong to a response.
    retract: Option<Retracted>,
    /// Bytes that belonged to a response after all.
    returned: Option<Box<Returned>>,
}

/// Returns true if these first bytes are a client's.
pub(crate) fn speaks_as_client(bytes: &[u8]) -> bool {
    let record = bytes.first_chunk().copied().and_then(RecordHeader::parse);
    let hello = record.is_some_and(|r| r.content_type == ContentType::Handshake)
        && bytes.get(5) == Some(&CLIENT_HELLO);
    hello || http1::looks_like_request(bytes)
}

/// The position of one direction's stream while the other one is read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Position {
    /// The response to a request sent now begins after everything that the client had received when
    /// it sent it.
    pub(crate) response_at: u64,
    /// Offset below which everything was read.
    read: u64,
    /// True if nothing came down yet.
    untouched: bool,
}

impl Position {
    pub(crate) fn of(down: &Stream) -> Self {
        Self {
            response_at: down.acknowledged().max(down.next()),
            read: down.next(),
            untouched: !down.advanced(),
        }
    }
}

impl Application {
    pub(crate) fn new(port: u16) -> Self {
        Self {
            proxy: Proxy::default(),
            via: None,
            protocol: Protocol::Unknown,
            ledger: Ledger::default(),
            client_hello: HelloBuffer::default(),
            certificate: CertificateReader::default(),
            is_named: false,
            port,
            from_start: false,
            settled: false,
            round_trip: None,
            request_frame: 0,
            retract: None,
            returned: None,
        }
    }

    /// The most memory that one holds, in bytes: a hello of each side, and heads of HTTP, which are
    /// the largest data that a protocol's reader keeps; lists grow to twice their contents.
    pub(crate) const BOUND: u64 = {
        let hellos = 2 * HelloBuffer::BOUND;

        let http = HttpSession::BOUND;

        let protocol = if http > DnsMessages::BOUND {
            http
        } else {
            DnsMessages::BOUND
        };

        (hellos + protocol + Proxy::BOUND + Ledger::BOUND + TlsSession::BOUND + Http2::BOUND) as u64
    };

    /// Returns its heap memory, in bytes.
    pub(crate) fn heap(&self) -> usize {
        let protocol = match &self.protocol {
            Protocol::Tls(tls) => size_of::<TlsSession>() + tls.heap(),
            Protocol::Http(http) => size_of::<HttpSession>() + http.heap(),
            Protocol::Dns(messages) => messages.heap(),
            Protocol::Unknown | Protocol::Opaque => 0,
        };
        protocol
            + self.proxy.heap()
            + self.ledger.heap()
            + self.client_hello.heap()
            + self.certificate.heap()
    }

    /// Returns true if the framing of a direction is known, or if there is none.
    pub(crate) fn is_exact(&self, of_client: bool) -> bool {
        match &self.protocol {
            Protocol::Tls(tls) => tls.is_exact(of_client),
            Protocol::Http(http) => http.is_exact(of_client),
            Protocol::Dns(_) | Protocol::Unknown => false,
            Protocol::Opaque => true,
        }
    }

    /// Returns true if the server's last message is known to continue.
    fn is_within_response(&self) -> bool {
        match &self.protocol {
            Protocol::Tls(tls) => tls.is_within_record(),
            Protocol::Http(http) => http.is_within_response(),
            Protocol::Dns(_) | Protocol::Opaque | Protocol::Unknown => false,
        }
    }

    /// Records that the client aborts the connection, which leaves an unfinished response.
    pub(crate) fn give_up(&mut self, ctx: &mut Context<'_>) {
        if self.is_within_response() {
            self.ledger.abort(ctx);
        }
    }

    /// Records that the connection ends.
    pub(crate) fn close(&mut self, ctx: &mut Context<'_>) {
        // Only HTTP/2 delays the division of bytes; the end of the connection decides it.
        if let Protocol::Tls(tls) = &mut self.protocol {
            tls.close(&mut self.ledger, ctx);
        }
    }

    /// Returns the run, dated back by a round trip if only its acknowledgement was seen.
    fn dated<'a>(&self, run: Run<'a>) -> Run<'a> {
        let back = if run.missing {
            self.round_trip.unwrap_or(0)
        } else {
            0
        };
        Run {
            stamp: Stamp {
                time: Time(run.stamp.time.0.saturating_sub(back)),
                ..run.stamp
            },
            ..run
        }
    }

    /// Reads client bytes in order.
    pub(crate) fn client(&mut self, run: Run<'_>, down: Position, ctx: &mut Context<'_>) {
        self.read_up(&self.dated(run), down, ctx);
    }

    /// Reads server bytes in order that the current packet did not bring.
    pub(crate) fn server(&mut self, run: &Run<'_>, ctx: &mut Context<'_>) {
        let control = self.read_down(run, ctx);
        if run.missing {
            self.credit_missing(run, control, ctx);
        } else if let Some(owner) = run.owner {
            self.correct(run, owner, control, ctx);
        }
        self.take_back(ctx);
    }

    /// Takes back bytes that turned out not to belong to a response. Called once the bytes just
    /// read are counted, because they may be among them.
    pub(crate) fn take_back(&mut self, ctx: &mut Context<'_>) {
        if let Some(retracted) = self.retract.take() {
            self.ledger.retract_bytes(ctx, retracted);
        }
        if let Some(returned) = self.returned.take() {
            self.ledger.give_back(ctx, *returned);
        }
    }

    /// Counts bytes that were acknowledged but never captured.
    fn credit_missing(&mut self, run: &Run<'_>, control: u64, ctx: &mut Context<'_>) {
        let range = (
            run.offset + control.min(run.length),
            run.offset + run.length,
        );
        self.ledger.credit(ctx, range, run.stamp, Credit::Missing);
    }

    /// Corrects the count of bytes that arrived before those that precede them.
    fn correct(&mut self, run: &Run<'_>, counted: u32, control: u64, ctx: &mut Context<'_>) {
        let range = (run.offset, run.offset + run.length);
        // After a hole, they came before anything showed which segment they belong to.
        if counted == 0 {
            // They belonged to no segment then.
            let range = (range.0 + control.min(run.length), range.1);
            self.ledger.credit(ctx, range, run.stamp, Credit::New);
            return;
        }
        self.ledger.reassign(ctx, counted, range, run.stamp);
        if control > 0
            && let Some(owner) = self
                .ledger
                .owner(run.offset)
                .map(|exchange| exchange.number)
        {
            self.ledger.debit(ctx, owner, control);
        }
    }

    fn read_up(&mut self, run: &Run<'_>, mut down: Position, ctx: &mut Context<'_>) {
        self.begin_tunnel(run, &down);
        let mut again = Vec::new();
        let Some(rest) = self.behind_proxy(run, &mut again, &mut down, ctx) else {
            return;
        };
        let run = &rest;
        if matches!(self.protocol, Protocol::Unknown) {
            self.enter_tunnel(run, ctx);
        }
        if matches!(self.protocol, Protocol::Unknown) {
            self.protocol = self.recognise(run, true, ctx.config);
        }
        // Before the request is read: a connection of another service must open no segment.
        self.look_for_name(run, ctx);
        // Read late, after a hole or in place of one: its response may have begun since.
        let is_late = run.missing || run.owner.is_some();
        let response_at = if is_late {
            down.response_at.min(run.peer)
        } else {
            down.response_at
        };
        self.ledger.read_to(down.read);
        // Readers open segments themselves; the table's next number shows whether one did.
        let before = ctx.segments.next_number();
        let early = down.untouched && self.from_start;
        match &mut self.protocol {
            Protocol::Tls(tls) => tls.read_up(run, response_at, early, &mut self.ledger, ctx),
            Protocol::Http(http) => http.read_up(run, response_at, &mut self.ledger, ctx),
            Protocol::Opaque => {
                // Nothing shows where a request ends, but bytes after the start of its response are
                // another request.
                if !self.ledger.is_asking(response_at) {
                    let boundary = Some(response_at);
                    self.ledger
                        .begin(ctx, run.stamp, run.offset, boundary, Transport::Tcp);
                }
            }
            Protocol::Dns(_) | Protocol::Unknown => {}
        }
        self.via = ctx.via;
        self.name_from_request(run, response_at, ctx);
        if let Protocol::Http(http) = &self.protocol
            && http.awaits_server()
        {
            // A second reading knows the server from the start, and reads the request.
            ctx.pass_over();
        }
        if ctx.segments.next_number() != before {
            self.asked(run, response_at < down.response_at, ctx);
        } else if run.missing {
            self.ledger.doubt_request(ctx);
        }
    }

    /// Records that these bytes are a request. Its response begins at the server's next byte,
    /// unless they were read so late that it `has_begun`.
    fn asked(&mut self, run: &Run<'_>, has_begun: bool, ctx: &mut Context<'_>) {
        self.request_frame = run.stamp.frame;
        if run.missing {
            self.ledger.infer_request(ctx);
        }
        match &mut self.protocol {
            _ if has_begun => {}
            Protocol::Tls(tls) => tls.response_begins(),
            Protocol::Http(http) => http.response_begins(),
            _ => {}
        }
    }

    /// Returns how many of the server's next bytes need only be counted, because their content does
    /// not matter.
    pub(crate) fn mute_down(&self) -> u64 {
        match &self.protocol {
            Protocol::Tls(tls) => tls.mute_down(),
            Protocol::Http(http) => http.mute_down(),
            Protocol::Dns(_) | Protocol::Opaque | Protocol::Unknown => 0,
        }
    }

    /// Counts the server's next bytes, in the packet with this stamp, if they only continue a
    /// response. Returns its segment, or `None` without counting anything if they may be more than
    /// that.
    #[inline]
    pub(crate) fn take_in_order(
        &mut self,
        offset: u64,
        length: u32,
        stamp: Stamp,
        segments: &mut SegmentTable,
    ) -> Option<u32> {
        // Something must be corrected after this packet, in the order of the long path.
        if self.retract.is_some() || self.returned.is_some() {
            return None;
        }
        let owner = self.ledger.newest_owner(offset)?;
        let passes = match &mut self.protocol {
            Protocol::Tls(tls) => tls.take_in_order(length),
            Protocol::Http(http) => http.take_in_order(length),
            Protocol::Dns(_) | Protocol::Opaque | Protocol::Unknown => false,
        };
        passes.then(|| {
            self.ledger
                .credit_next(segments, owner, (offset, offset + u64::from(length)), stamp)
        })
    }

    /// Reads server bytes. Returns how many of them, from the first on, belong to no response.
    pub(crate) fn read_down(&mut self, run: &Run<'_>, ctx: &mut Context<'_>) -> u64 {
        let used = self.proxy.read_down(run);
        if used == run.length && used > 0 {
            return used;
        }
        ctx.via = self.via.or(self.proxy.via());
        used + self.read_answer(&run.behind(used), ctx)
    }

    /// Reads bytes of the server itself. Returns how many of them, from the first on, belong to no
    /// response.
    fn read_answer(&mut self, run: &Run<'_>, ctx: &mut Context<'_>) -> u64 {
        if matches!(self.protocol, Protocol::Unknown) {
            self.protocol = self.recognise(run, false, ctx.config);
        }
        if !self.settled {
            self.name_from_certificate(run, ctx);
        }
        let found = match &mut self.protocol {
            Protocol::Tls(tls) => tls.read_down(run, self.round_trip, &mut self.ledger, ctx),
            Protocol::Http(http) => {
                http.read_down(run, &mut self.ledger, ctx);
                Found::default()
            }
            Protocol::Dns(messages) => {
                let hidden = (run.bytes.len() as u64) < run.length;
                messages.read(run.bytes, hidden, |message| {
                    learn_dns(message, run.stamp, ctx)
                });
                Found::default()
            }
            Protocol::Opaque | Protocol::Unknown => {
                if let Some(owner) = self.ledger.owner_mut(run.offset) {
                    owner.responded = true;
                }
                Found::default()
            }
        };
        self.retract = found.retract.or(self.retract);
        if let Some(returned) = found.returned {
            self.returned = Some(Box::new(returned));
        }
        found.control
    }

    /// Returns the protocol that the first bytes of a direction show.
    fn recognise(&self, run: &Run<'_>, of_client: bool, config: &Config) -> Protocol {
        if config.dns_ports.contains(&self.port) {
            return Protocol::Dns(DnsMessages::default());
        }
        let record = run
            .bytes
            .first_chunk()
            .copied()
            .and_then(RecordHeader::parse);
        if let Some(record) = record {
            let hello = if of_client {
                CLIENT_HELLO
            } else {
                SERVER_HELLO
            };
            let begins = record.content_type == ContentType::Handshake
                && run.bytes.get(5).is_none_or(|&t| t == hello);
            return Protocol::Tls(Box::new(if begins {
                TlsSession::new()
            } else {
                TlsSession::midstream()
            }));
        }
        // A first packet too short to tell is judged by what it may be.
        let short = !run.bytes.is_empty() && run.bytes.len() as u64 == run.length;
        if short && run.length < 5 && run.bytes[0] == ContentType::Handshake as u8 {
            return Protocol::Tls(Box::new(TlsSession::new()));
        }
        let is_http = if of_client {
            http1::looks_like_request(run.bytes) || short && http1::may_be_request(run.bytes)
        } else {
            http1::looks_like_response(run.bytes) || short && http1::may_be_response(run.bytes)
        };
        if is_http {
            return Protocol::Http(Box::new(HttpSession::new()));
        }
        // Only the port is left to judge by: the handshake, if it was captured at all, is hidden.
        match self.port {
            PORT_HTTPS if self.from_start && run.bytes.is_empty() => {
                Protocol::Tls(Box::new(TlsSession::new()))
            }
            PORT_HTTPS => Protocol::Tls(Box::new(TlsSession::midstream())),
            PORT_HTTP => Protocol::Http(Box::new(HttpSession::midstream())),
            _ => Protocol::Opaque,
        }
    }
}

/// Reports the names in a DNS message.
fn learn_dns(message: &[u8], stamp: Stamp, ctx: &mut Context<'_>) {
    if ctx.config.may_name_netflix(message)
        && let Some(response) = dns::Response::parse(message)
        && !response.is_empty()
    {
        ctx.learn_dns(response, stamp);
    }
}
