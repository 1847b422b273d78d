//! A TCP connection: its two streams, the protocol on them, and its segments.

use super::hello::HelloBuffer;
use super::http_session::HttpSession;
use super::ledger::{Context, Credit, Ledger};
use super::tls_session::{Found, TlsSession};
use super::Transport;
use crate::client_hello::ClientHello;
use crate::decode::{Tcp, TcpFlags};
use crate::packet::Time;
use crate::registry::End;
use crate::service::EvidenceKind;
use crate::stream::{Limits, Note, Run, Stamp, Stream};
use crate::tls::{ContentType, RecordHeader};
use crate::{dns, http};

/// Ports by which a protocol is supposed where its beginning was not seen.
const PORT_HTTPS: u16 = 443;
const PORT_HTTP: u16 = 80;

/// Handshake message types (RFC 8446, section 4).
const CLIENT_HELLO: u8 = 1;
const SERVER_HELLO: u8 = 2;

/// What a connection says about one of its packets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// A request begins in it.
    pub(crate) request: bool,
    /// The segment whose bytes it carries.
    pub(crate) segment: Option<u32>,
    /// Framing in it was cut.
    pub(crate) truncated: bool,
}

/// What the two streams carry.
#[derive(Debug)]
enum Protocol {
    /// Nothing seen yet.
    Unknown,
    Tls(Box<TlsSession>),
    Http(Box<HttpSession>),
    /// DNS over TCP: what came of the next message.
    Dns(Vec<u8>),
    /// None of these.
    Opaque,
}

/// A TCP connection that is followed.
#[derive(Debug)]
pub(crate) struct Connection {
    /// The client's end of the flow.
    pub(crate) client: End,
    up: Stream,
    down: Stream,
    protocol: Protocol,
    ledger: Ledger,
    client_hello: HelloBuffer,
    /// Who the server is was looked for, and all that could be found was.
    pub(crate) settled: bool,
    /// When the client's SYN, or else the server's, was seen, until the other side's answer was.
    syn: Option<Stamp>,
    /// Round-trip time in nanoseconds as seen from the capture: from a client's packet to the server's answer; where
    /// only the server's half was captured, from its SYN to its next packet.
    round_trip: Option<i64>,
    /// Captured bytes that found no room.
    pub(crate) dropped: u64,
    /// Where the newest request began, for marking its packet.
    request_frame: u64,
}

impl Connection {
    pub(crate) fn new(client: End) -> Self {
        Self {
            client,
            up: Stream::default(),
            down: Stream::default(),
            protocol: Protocol::Unknown,
            ledger: Ledger::default(),
            client_hello: HelloBuffer::default(),
            settled: false,
            syn: None,
            round_trip: None,
            dropped: 0,
            request_frame: 0,
        }
    }

    /// Makes it as new for another flow, keeping what it allocated.
    pub(crate) fn reset(&mut self, client: End) {
        let (mut up, mut down) = (std::mem::take(&mut self.up), std::mem::take(&mut self.down));
        up.reset();
        down.reset();
        *self = Self { up, down, ..Self::new(client) };
    }

    /// Whether these first bytes are a client's.
    pub(crate) fn speaks_as_client(bytes: &[u8]) -> bool {
        let record = bytes.first_chunk().copied().and_then(RecordHeader::parse);
        let hello = record.is_some_and(|r| r.content_type == ContentType::Handshake) && bytes.get(5) == Some(&CLIENT_HELLO);
        hello || http::looks_like_request(bytes)
    }

    /// Takes a packet.
    pub(crate) fn packet(&mut self, tcp: &Tcp<'_>, sender: End, stamp: Stamp, ctx: &mut Context<'_>) -> Outcome {
        let limits = limits(ctx);
        let from_client = sender == self.client;
        let mut sequence = tcp.sequence;
        if tcp.flags.has(TcpFlags::SYN) {
            sequence = sequence.wrapping_add(1);
            self.open(from_client, sequence, stamp);
        }
        if tcp.flags.has(TcpFlags::ACK) {
            if !from_client && !tcp.flags.has(TcpFlags::SYN) && self.syn.is_some() {
                self.measure(stamp);
            }
            self.acknowledge(from_client, tcp.acknowledgement, stamp, ctx);
        }
        self.settle(false, ctx, limits);
        let mut outcome = Outcome::default();
        // A reset may carry text for people (RFC 9293, section 3.5.3); it is no data.
        if tcp.payload_length > 0 && !tcp.flags.has(TcpFlags::RST) {
            outcome = if from_client {
                self.client_data(tcp, sequence, stamp, ctx, limits)
            } else {
                self.server_data(tcp, sequence, stamp, ctx, limits)
            };
        } else {
            let stream = if from_client { &mut self.up } else { &mut self.down };
            stream.start(sequence);
        }
        if tcp.flags.has(TcpFlags::FIN) {
            let stream = if from_client { &mut self.up } else { &mut self.down };
            stream.finish(sequence.wrapping_add(tcp.payload_length));
        }
        if tcp.flags.has(TcpFlags::RST) || tcp.flags.has(TcpFlags::FIN) {
            self.settle(tcp.flags.has(TcpFlags::RST), ctx, limits);
            self.close_session(ctx);
            self.ledger.close(ctx);
        }
        outcome
    }

    /// Ends it: a new connection has the same ports, or it makes room.
    pub(crate) fn close(&mut self, ctx: &mut Context<'_>, complete: bool) {
        self.settle(true, ctx, limits(ctx));
        self.close_session(ctx);
        if complete {
            self.ledger.close(ctx);
        }
    }

    fn close_session(&mut self, ctx: &mut Context<'_>) {
        if let Protocol::Tls(tls) = &mut self.protocol {
            tls.close(&mut self.ledger, ctx);
        }
    }

    fn open(&mut self, from_client: bool, sequence: u32, stamp: Stamp) {
        if from_client {
            self.up.anchor(sequence);
            self.syn = Some(stamp);
        } else {
            self.down.anchor(sequence);
            self.measure(stamp);
            if self.round_trip.is_none() {
                self.syn = Some(stamp);
            }
        }
    }

    fn measure(&mut self, stamp: Stamp) {
        if let Some(syn) = self.syn.take() {
            self.round_trip = Some(stamp.time.since(syn.time)).filter(|&rtt| rtt > 0);
        }
    }

    /// The run, dated back where only its acknowledgement was seen: that came a round trip after it.
    fn dated<'a>(&self, run: Run<'a>) -> Run<'a> {
        let back = if run.missing { self.round_trip.unwrap_or(0) } else { 0 };
        Run { stamp: Stamp { time: Time(run.stamp.time.0.saturating_sub(back)), ..run.stamp }, ..run }
    }

    /// Takes an acknowledgement: what the other side sent and the capture lacks comes out as missing.
    fn acknowledge(&mut self, from_client: bool, number: u32, stamp: Stamp, ctx: &mut Context<'_>) {
        let patience = u8::try_from(ctx.config.gap_patience()).unwrap_or(u8::MAX);
        let mut stream = std::mem::take(if from_client { &mut self.down } else { &mut self.up });
        stream.acknowledge(number, stamp, patience, |run| self.read(run, !from_client, ctx));
        *(if from_client { &mut self.down } else { &mut self.up }) = stream;
    }

    /// Gives up on bytes that were acknowledged and did not come.
    fn settle(&mut self, now: bool, ctx: &mut Context<'_>, limits: Limits) {
        for of_client in [true, false] {
            let stream = if of_client { &mut self.up } else { &mut self.down };
            if !stream.has_pending() {
                continue;
            }
            let mut stream = std::mem::take(stream);
            stream.settle(now, limits, |run| self.read(run, of_client, ctx));
            *(if of_client { &mut self.up } else { &mut self.down }) = stream;
        }
    }

    /// Hands a run to the protocol's reader.
    fn read(&mut self, run: Run<'_>, of_client: bool, ctx: &mut Context<'_>) {
        if of_client {
            self.read_up(&self.dated(run), ctx);
        } else {
            let control = self.read_down(&run, ctx);
            if run.missing {
                self.credit_missing(&run, control, ctx);
            } else if let Some(owner) = run.owner {
                self.correct(&run, owner, control, ctx);
            }
        }
    }

    fn client_data(
        &mut self,
        tcp: &Tcp<'_>,
        sequence: u32,
        stamp: Stamp,
        ctx: &mut Context<'_>,
        limits: Limits,
    ) -> Outcome {
        let mut up = std::mem::take(&mut self.up);
        let note = Note { stamp, owner: 0, peer: self.down.acknowledged() };
        let arrival = up.receive(sequence, tcp.payload_length, tcp.payload, note, limits);
        self.dropped += arrival.dropped;
        if !arrival.new.is_empty() && self.down.has_pending() {
            // A client that asks for more has what came before.
            self.up = up;
            self.settle_down(ctx, limits);
            up = std::mem::take(&mut self.up);
        }
        up.read(arrival.offset, tcp.payload, limits, |run| self.read(run, true, ctx));
        self.up = up;
        Outcome {
            request: self.request_frame == stamp.frame,
            segment: self.ledger.requester(arrival.offset),
            truncated: self.is_truncated(tcp, true),
        }
    }

    fn settle_down(&mut self, ctx: &mut Context<'_>, limits: Limits) {
        let mut down = std::mem::take(&mut self.down);
        down.settle(true, limits, |run| self.read(run, false, ctx));
        self.down = down;
    }

    fn server_data(
        &mut self,
        tcp: &Tcp<'_>,
        sequence: u32,
        stamp: Stamp,
        ctx: &mut Context<'_>,
        limits: Limits,
    ) -> Outcome {
        let mut down = std::mem::take(&mut self.down);
        let owner = down.offset_of(sequence).and_then(|offset| self.ledger.owner(offset)).map_or(0, |e| e.number);
        let note = Note { stamp, owner, peer: self.acknowledged_by(tcp) };
        let arrival = down.receive(sequence, tcp.payload_length, tcp.payload, note, limits);
        self.dropped += arrival.dropped;
        // Control bytes of this packet itself; those of packets held back are corrected as they are read.
        let mut control = 0;
        down.read(arrival.offset, tcp.payload, limits, |run| {
            if run.owner.is_none() && !run.missing {
                control += self.read_down(&run, ctx);
            } else {
                self.read(run, false, ctx);
            }
        });
        self.down = down;
        let mut segment = None;
        for &(start, end) in &arrival.new {
            let skipped = control.min(end - start);
            control -= skipped;
            segment = self.ledger.credit(ctx, (start + skipped, end), stamp, Credit::New).or(segment);
        }
        for (length, credit) in [(arrival.filled, Credit::Filled), (arrival.retransmitted, Credit::Retransmitted)] {
            if length > 0 {
                let range = (arrival.offset, arrival.offset + length);
                segment = self.ledger.credit(ctx, range, stamp, credit).or(segment);
            }
        }
        Outcome { request: false, segment, truncated: self.is_truncated(tcp, false) }
    }

    /// Up to where the server had the client's stream when it sent this packet.
    fn acknowledged_by(&self, tcp: &Tcp<'_>) -> u64 {
        let acknowledged = tcp.flags.has(TcpFlags::ACK).then(|| self.up.offset_of(tcp.acknowledgement)).flatten();
        acknowledged.unwrap_or(u64::MAX)
    }

    fn is_truncated(&self, tcp: &Tcp<'_>, from_client: bool) -> bool {
        let cut = (tcp.payload.len() as u64) < u64::from(tcp.payload_length);
        tcp.header_truncated
            || cut
                && match &self.protocol {
                    Protocol::Tls(tls) => !tls.is_exact(from_client),
                    Protocol::Http(http) => !http.is_exact(from_client),
                    Protocol::Dns(_) | Protocol::Unknown => true,
                    Protocol::Opaque => false,
                }
    }

    /// Counts bytes that were acknowledged but never captured.
    fn credit_missing(&mut self, run: &Run<'_>, control: u64, ctx: &mut Context<'_>) {
        let range = (run.offset + control.min(run.length), run.offset + run.length);
        self.ledger.credit(ctx, range, run.stamp, Credit::Missing);
    }

    /// Puts right what was counted for bytes when they arrived, before those that precede them.
    fn correct(&mut self, run: &Run<'_>, counted: u32, control: u64, ctx: &mut Context<'_>) {
        let range = (run.offset, run.offset + run.length);
        if counted == 0 {
            // They were nobody's then.
            let range = (range.0 + control.min(run.length), range.1);
            self.ledger.credit(ctx, range, run.stamp, Credit::New);
            return;
        }
        self.ledger.reassign(ctx, counted, range, run.stamp);
        if control > 0
            && let Some(owner) = self.ledger.owner(run.offset).map(|exchange| exchange.number)
        {
            self.ledger.debit(ctx, owner, control);
        }
    }

    fn read_up(&mut self, run: &Run<'_>, ctx: &mut Context<'_>) {
        if matches!(self.protocol, Protocol::Unknown) {
            self.protocol = self.recognise(run, true, ctx);
        }
        self.look_for_name(run, ctx);
        // The response to a request sent now begins behind all that the client had when it sent it.
        let response_at = self.down.acknowledged().max(self.down.next());
        let before = ctx.segments.next_number();
        let early = self.down.started() && !self.down.advanced() && self.up.anchored();
        match &mut self.protocol {
            Protocol::Tls(tls) => tls.read_up(run, response_at, early, &mut self.ledger, ctx),
            Protocol::Http(http) => http.read_up(run, response_at, &mut self.ledger, ctx),
            Protocol::Opaque => {
                if self.ledger.latest().is_none_or(|latest| latest.responded) {
                    self.ledger.begin(ctx, run.stamp, run.offset, Some(response_at), Transport::Tcp);
                }
            }
            Protocol::Dns(_) | Protocol::Unknown => {}
        }
        self.name_from_request(run, response_at, ctx);
        if ctx.segments.next_number() != before {
            self.request_frame = run.stamp.frame;
            if run.missing {
                self.ledger.infer_request(ctx);
            }
            match &mut self.protocol {
                Protocol::Tls(tls) => tls.response_begins(),
                Protocol::Http(http) => http.response_begins(),
                _ => {}
            }
        }
    }

    /// Reads server bytes; returns how many of them, from the first on, belong to no response.
    fn read_down(&mut self, run: &Run<'_>, ctx: &mut Context<'_>) -> u64 {
        if matches!(self.protocol, Protocol::Unknown) {
            self.protocol = self.recognise(run, false, ctx);
        }
        let found = match &mut self.protocol {
            Protocol::Tls(tls) => tls.read_down(run, self.round_trip, &mut self.ledger, ctx),
            Protocol::Http(http) => {
                http.read_down(run, &mut self.ledger, ctx);
                Found::default()
            }
            Protocol::Dns(buffer) => {
                read_dns(buffer, run, ctx);
                Found::default()
            }
            Protocol::Opaque | Protocol::Unknown => {
                if let Some(owner) = self.ledger.owner_mut(run.offset) {
                    owner.responded = true;
                }
                Found::default()
            }
        };
        if let Some((number, bytes)) = found.retract {
            self.ledger.debit(ctx, number, bytes);
        }
        found.control
    }

    /// What the first bytes of a direction say about the protocol.
    fn recognise(&self, run: &Run<'_>, of_client: bool, ctx: &Context<'_>) -> Protocol {
        let key = ctx.registry.key(ctx.flow);
        let port = key.port(1 - self.client);
        if port == dns::PORT {
            return Protocol::Dns(Vec::new());
        }
        let record = run.bytes.first_chunk().copied().and_then(RecordHeader::parse);
        if let Some(record) = record {
            let hello = if of_client { CLIENT_HELLO } else { SERVER_HELLO };
            let begins = record.content_type == ContentType::Handshake && run.bytes.get(5).is_none_or(|&t| t == hello);
            return Protocol::Tls(Box::new(if begins { TlsSession::new() } else { TlsSession::midstream() }));
        }
        let is_http =
            if of_client { http::looks_like_request(run.bytes) } else { http::looks_like_response(run.bytes) };
        if is_http {
            return Protocol::Http(Box::new(HttpSession::new()));
        }
        // Nothing to go by but the port: the handshake, if it was captured at all, is hidden.
        let from_start = if of_client { self.up.anchored() } else { self.down.anchored() };
        match port {
            PORT_HTTPS if from_start && run.bytes.is_empty() => Protocol::Tls(Box::new(TlsSession::new())),
            PORT_HTTPS => Protocol::Tls(Box::new(TlsSession::midstream())),
            PORT_HTTP => Protocol::Http(Box::new(HttpSession::midstream())),
            _ => Protocol::Opaque,
        }
    }

    /// Looks for the server's name in a ClientHello.
    fn look_for_name(&mut self, run: &Run<'_>, ctx: &mut Context<'_>) {
        if self.settled || !matches!(self.protocol, Protocol::Tls(_)) {
            return;
        }
        if let Some(message) = self.client_hello.take(run.bytes, run.length) {
            if let Some(hello) = ClientHello::parse(&message) {
                if let (false, Protocol::Tls(tls)) = (hello.truncated, &mut self.protocol) {
                    tls.offer(hello.alpn.clone().any(|protocol| protocol == b"h2"));
                }
                if let Some(name) = hello.server_name {
                    self.identify(EvidenceKind::Sni, &name.to_ascii_lowercase(), run.stamp, ctx);
                }
            }
        }
        self.settled |= self.client_hello.is_done();
    }

    /// Looks for the server's name in the first HTTP request, and begins that request's segment once it is known.
    fn name_from_request(&mut self, run: &Run<'_>, response_at: u64, ctx: &mut Context<'_>) {
        if !self.settled {
            match &mut self.protocol {
                Protocol::Http(http) => {
                    let Some(host) = http.take_host(run) else { return };
                    self.settled = true;
                    if let Some(name) = host {
                        self.identify(EvidenceKind::HttpHost, &name, run.stamp, ctx);
                    }
                }
                Protocol::Opaque => self.settled = true,
                _ => return,
            }
        }
        if let Protocol::Http(http) = &mut self.protocol {
            http.flush(response_at, &mut self.ledger, ctx);
        }
    }

    fn identify(&self, kind: EvidenceKind, name: &str, stamp: Stamp, ctx: &mut Context<'_>) {
        if ctx.config.is_netflix(name) {
            let address = ctx.registry.key(ctx.flow).address(1 - self.client);
            ctx.registry.identify(ctx.config, address, kind, name, stamp.frame);
        }
    }
}

/// Reads DNS messages, each behind its length (RFC 1035, section 4.2.2).
fn read_dns(buffer: &mut Vec<u8>, run: &Run<'_>, ctx: &mut Context<'_>) {
    buffer.extend_from_slice(run.bytes);
    let hidden = (run.bytes.len() as u64) < run.length;
    while let Some(&length) = buffer.first_chunk::<2>() {
        let whole = 2 + usize::from(u16::from_be_bytes(length));
        if buffer.len() < whole && !hidden {
            break;
        }
        let end = whole.min(buffer.len());
        if let Some(response) = dns::Response::parse(&buffer[2..end]) {
            ctx.registry.learn_dns(ctx.config, &response, false, run.stamp.frame);
        }
        buffer.drain(..end);
    }
    if hidden || buffer.len() > dns::MAX_MESSAGE + 2 {
        buffer.clear();
    }
}

fn limits(ctx: &Context<'_>) -> Limits {
    Limits {
        bytes: usize::try_from(ctx.config.reorder_bytes()).unwrap_or(usize::MAX),
        pieces: usize::try_from(ctx.config.reorder_pieces()).unwrap_or(usize::MAX),
    }
}
