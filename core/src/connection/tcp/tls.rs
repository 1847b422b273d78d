//! Which TLS records of a connection are requests, which are responses, and which are neither.
//!
//! Handshake messages, ChangeCipherSpec and alerts show by type until TLS 1.3 hides them in application data; there the
//! order of messages (RFC 8446, section 2) and their fixed sizes tell: the client's first protected record is its
//! Finished, the server's records before that are its flight, and those right behind it are session tickets.

use super::hello::HelloBuffer;
use super::http2;
use super::http2::Http2;
use super::ledger::{Certainty, Ledger, Supposed};
use super::pipelining::Pipeline;
use super::stream::Run;
use super::tickets;
use super::tickets::{Early, Found, Tickets};
use crate::connection::context::Context;
use crate::facts::segment::Transport;
use crate::packet::Stamp;
use crate::wire::tls::{
    ContentType, Event, MAX_PLAINTEXT, RECORD_HEADER, RecordHeader, RecordReader, ServerHello,
};

const TLS12: u16 = 0x0303;
const TLS13: u16 = 0x0304;

/// Ciphertext less plaintext in TLS 1.3: content type and tag (RFC 8446, section 5.2).
const OVERHEAD_TLS13: u32 = 1 + 16;
/// The same in TLS 1.2 with GCM or CCM: explicit nonce and tag (RFC 5288, section 3).
const OVERHEAD_TLS12_GCM: u32 = 8 + 16;
/// The same in TLS 1.2 with ChaCha20-Poly1305: tag (RFC 7905, section 2).
const OVERHEAD_TLS12_POLY1305: u32 = 16;
/// Block of AES in CBC mode, which its IV is long too; a record is padded by 1 to 16 bytes.
const CBC_BLOCK: u32 = 16;
/// IV of AES in CBC mode, and half a block of padding on average (RFC 5246, section 6.2.3.2).
const OVERHEAD_CBC_IV_AND_PADDING: u32 = 16 + 8;

/// Record length of a Finished message: 4 bytes of header, the hash (RFC 8446, section 4.4.4), type and tag.
const FINISHED_SHA256: u32 = 4 + 32 + OVERHEAD_TLS13;
const FINISHED_SHA384: u32 = 4 + 48 + OVERHEAD_TLS13;
/// A client's second flight in TLS 1.2 (RFC 5246, section 7.3): key exchange with a P-256 share, the largest in common
/// use, ChangeCipherSpec, and Finished with an explicit nonce.
const FLIGHT_TLS12: u32 = (RECORD_HEADER + 4 + 1 + 65) + (RECORD_HEADER + 1) + (RECORD_HEADER + 40);
/// Record length of EndOfEarlyData (RFC 8446, section 4.5).
const END_OF_EARLY_DATA: u32 = 4 + OVERHEAD_TLS13;
/// Record length of an alert (RFC 8446, section 6).
const ALERT: u32 = 2 + OVERHEAD_TLS13;
/// Largest record of a TLS 1.2 Finished: IV, message, MAC and padding with AES-256-CBC and SHA-384 (RFC 5246,
/// section 6.2.3.2). Larger ones behind a client's ChangeCipherSpec are its second hello (RFC 8446, appendix D.4).
const MAX_FINISHED_TLS12: u32 = 16 + 16 + 48 + 16;
/// Records of a client's authentication before its Finished: Certificate and CertificateVerify, the first over at most
/// two records.
const MAX_AUTHENTICATION_RECORDS: u8 = 3;

/// Cipher suites of TLS 1.3 by hash (RFC 8446, appendix B.4).
const TLS_AES_256_GCM_SHA384: u16 = 0x1302;

/// What the bytes of a record are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Class {
    /// Neither request nor response.
    #[default]
    Control,
    Application,
}

/// A TLS connection.
#[derive(Debug)]
pub(crate) struct TlsSession {
    up: RecordReader,
    down: RecordReader,
    server_hello: HelloBuffer,
    version: Option<u16>,
    cipher: Option<u16>,
    /// HTTP/2, once it was seen: by ALPN, by the client's preface, or by records that hold only control frames.
    http2: Option<Box<Http2>>,
    /// Whether the client offered HTTP/2; `None` if its hello was not seen.
    offered_http2: Option<bool>,
    /// No application data of the client yet.
    first_record: bool,
    client_finished: bool,
    client_changed_cipher: bool,
    /// The server's newest record is ChangeCipherSpec.
    server_changed_cipher: bool,
    authentication_records: u8,
    /// A request that came with the client's hello.
    early: Early,
    tickets: Tickets,
    /// Where the server's stream stood when a client's handshake message came that is not followed by application data.
    up_handshake: Option<u64>,
    /// The same of the server's, by where the client's stream stood.
    down_handshake: Option<u64>,
    up_class: Class,
    down_class: Class,
    pipeline: Pipeline,
    /// Where the server's record whose header is incomplete began.
    up_header: Option<Stamp>,
}

impl TlsSession {
    /// A connection seen from its handshake on.
    pub(crate) fn new() -> Self {
        Self {
            up: RecordReader::default(),
            down: RecordReader::default(),
            server_hello: HelloBuffer::default(),
            version: None,
            cipher: None,
            http2: None,
            offered_http2: None,
            first_record: true,
            client_finished: false,
            client_changed_cipher: false,
            server_changed_cipher: false,
            authentication_records: 0,
            early: Early::default(),
            tickets: Tickets::default(),
            up_handshake: None,
            down_handshake: None,
            up_class: Class::Control,
            down_class: Class::Control,
            pipeline: Pipeline::default(),
            up_header: None,
        }
    }

    /// A connection whose handshake was not seen.
    pub(crate) fn midstream() -> Self {
        Self {
            up: RecordReader::lost(),
            down: RecordReader::lost(),
            client_finished: true,
            first_record: false,
            tickets: Tickets::over(),
            ..Self::new()
        }
    }

    /// Memory behind it, in bytes.
    pub(crate) fn heap(&self) -> usize {
        let http2 = self
            .http2
            .as_ref()
            .map_or(0, |http2| size_of::<Http2>() + http2.heap());
        self.server_hello.heap() + self.pipeline.heap() + http2
    }

    /// Whether the framing of both directions is known.
    pub(crate) fn is_exact(&self, from_client: bool) -> bool {
        if from_client {
            self.up.is_exact()
        } else {
            self.down.is_exact()
        }
    }

    /// Reads client bytes; begins segments.
    pub(crate) fn read_up(
        &mut self,
        run: &Run<'_>,
        response_at: u64,
        early: bool,
        ledger: &mut Ledger,
        ctx: &mut Context<'_>,
    ) {
        let mut reader = self.up;
        let header_stamp = self.up_header.take();
        let mut first = true;
        reader.read(run.offset, run.bytes, run.length, |event| {
            match event {
                Event::Record {
                    offset,
                    header,
                    guessed,
                } => {
                    // A header that began in the packet before dates from there.
                    let stamp = header_stamp
                        .filter(|_| first && offset < run.offset)
                        .unwrap_or(run.stamp);
                    let begins_handshake =
                        self.begins_handshake(header, self.client_changed_cipher);
                    self.up_class = self.classify_up(header, guessed, early, ctx);
                    follow_handshake(
                        &mut self.up_handshake,
                        header,
                        begins_handshake,
                        response_at,
                    );
                    if self.up_class == Class::Application {
                        self.early.asked |= early;
                        self.request(stamp, offset, header.length, response_at, ledger, ctx);
                    }
                }
                Event::Unframed(length) => {
                    // Behind a handshake message, the rest of the flight is hidden: a request comes after the
                    // server's answer to it (RFC 5246, section 7.3).
                    let is_flight = self.up_handshake == Some(response_at);
                    self.client_finished |= is_flight;
                    let request = !is_flight
                        && (self.client_finished || (!early && self.hidden_request(length)));
                    self.up_class = if request {
                        Class::Application
                    } else {
                        Class::Control
                    };
                    if request {
                        self.request(
                            run.stamp,
                            run.offset + run.length - length,
                            0,
                            response_at,
                            ledger,
                            ctx,
                        );
                    }
                }
                Event::Bytes(_) => {}
            }
            first = false;
        });
        self.up = reader;
        if !reader.at_boundary() && !run.bytes.is_empty() {
            self.up_header = Some(run.stamp);
        }
    }

    /// Whether hidden client bytes behind the hellos hold a request too: they are more than ChangeCipherSpec and
    /// Finished. Those are then taken to be among them.
    fn hidden_request(&mut self, length: u64) -> bool {
        self.client_finished = true;
        let handshake = match self.version {
            Some(TLS13) => 6 + RECORD_HEADER + self.finished_length().unwrap_or(FINISHED_SHA384),
            _ => FLIGHT_TLS12,
        };
        let handshake = u64::from(handshake);
        length > handshake + u64::from(RECORD_HEADER)
    }

    fn finished_length(&self) -> Option<u32> {
        self.cipher.map(|cipher| {
            if cipher == TLS_AES_256_GCM_SHA384 {
                FINISHED_SHA384
            } else {
                FINISHED_SHA256
            }
        })
    }

    fn classify_up(
        &mut self,
        header: RecordHeader,
        guessed: bool,
        early: bool,
        ctx: &Context<'_>,
    ) -> Class {
        match header.content_type {
            ContentType::ChangeCipherSpec => {
                self.client_changed_cipher = true;
                return Class::Control;
            }
            ContentType::Handshake
                if self.client_changed_cipher
                    && self.version != Some(TLS13)
                    && header.length <= MAX_FINISHED_TLS12 =>
            {
                // Only TLS 1.2 shows an encrypted Finished as such.
                self.version.get_or_insert(TLS12);
                self.client_finished = true;
                return Class::Control;
            }
            ContentType::Handshake | ContentType::Alert => return Class::Control,
            ContentType::ApplicationData => {}
        }
        if !self.client_finished
            && self.version != Some(TLS12)
            && !early
            && !self.finishes(header, guessed)
        {
            return Class::Control;
        }
        let plaintext = header.length.saturating_sub(self.overhead());
        let is_preface = std::mem::take(&mut self.first_record) && http2::is_preface(plaintext);
        let is_control = u64::from(plaintext) <= ctx.config.control_record_max();
        if self.offered_http2 != Some(false)
            && (is_preface || is_control && http2::is_control(plaintext))
        {
            self.http2.get_or_insert_default();
        }
        if is_control || is_preface && self.http2.is_some() {
            Class::Control
        } else {
            Class::Application
        }
    }

    /// Says that the connection ends.
    pub(crate) fn close(&mut self, ledger: &mut Ledger, ctx: &mut Context<'_>) {
        if let Some(http2) = &mut self.http2 {
            http2.close(ledger, ctx);
        }
    }

    /// Takes the protocols that the client offered.
    pub(crate) fn offer(&mut self, http2: bool) {
        self.offered_http2 = Some(http2);
    }

    /// Takes a protected record of a client that has not finished its TLS 1.3 handshake; returns whether it is
    /// application data all the same.
    fn finishes(&mut self, header: RecordHeader, guessed: bool) -> bool {
        let expected = self.finished_length();
        let is_finished = match expected {
            Some(length) => header.length == length,
            None => matches!(header.length, FINISHED_SHA256 | FINISHED_SHA384),
        };
        if is_finished {
            self.client_finished = true;
            return false;
        }
        if guessed || self.authentication_records >= MAX_AUTHENTICATION_RECORDS {
            // The Finished was hidden.
            self.client_finished = true;
            return true;
        }
        if header.length != END_OF_EARLY_DATA {
            self.authentication_records += 1;
        }
        false
    }

    /// Takes a record of a request.
    fn request(
        &mut self,
        stamp: Stamp,
        offset: u64,
        length: u32,
        response_at: u64,
        ledger: &mut Ledger,
        ctx: &mut Context<'_>,
    ) {
        let overhead = self.overhead();
        if let Some(http2) = &mut self.http2 {
            let plaintext = length.saturating_sub(overhead);
            http2.request(stamp, offset, plaintext, response_at, ledger, ctx);
            return;
        }
        if ledger.is_asking(response_at) {
            // Nothing came back yet: the request goes on, in another record or behind 100 Continue; or another one was
            // pipelined behind it, which the responses will show.
            self.pipeline.follow(stamp, offset, length);
            return;
        }
        self.pipeline.begin(length);
        ledger.begin(ctx, stamp, offset, Some(response_at), Transport::Tcp);
    }

    /// Tells that the server's stream goes on at a record: where a request was sent, the response before it is over.
    pub(crate) fn response_begins(&mut self) {
        if !self.down.is_exact() {
            self.down.restart();
        }
    }

    /// How many of the server's next bytes say nothing, whatever they are.
    pub(crate) fn mute_down(&self) -> u64 {
        if self.server_hello.is_done() {
            self.down.body()
        } else {
            0
        }
    }

    /// Takes the server's next bytes if they are but more of a record of application data; else none, and `false`.
    #[inline]
    pub(crate) fn pass_down(&mut self, length: u32) -> bool {
        self.down_class == Class::Application
            && self.http2.is_none()
            && self.server_hello.is_done()
            && self.down.pass(length)
    }

    /// Reads server bytes.
    pub(crate) fn read_down(
        &mut self,
        run: &Run<'_>,
        round_trip: Option<i64>,
        ledger: &mut Ledger,
        ctx: &mut Context<'_>,
    ) -> Found {
        if let Some(message) = self.server_hello.take(run.bytes, run.length)
            && let Some(hello) = ServerHello::parse(&message)
        {
            self.version = Some(hello.version);
            self.cipher = Some(hello.cipher);
            self.early.hello(hello.resumes, hello.retry);
            if hello.http2 {
                self.http2.get_or_insert_default();
            }
        }
        if let Some(http2) = &mut self.http2 {
            http2.arrive(run, self.down.is_exact(), round_trip, ledger, ctx);
        }
        if self.http2.is_some() {
            self.down.suppose_full();
        }
        let mut found = Found::default();
        let mut reader = self.down;
        let mut offset = run.offset;
        reader.read(run.offset, run.bytes, run.length, |event| match event {
            Event::Record {
                offset,
                header,
                guessed,
            } => {
                let before = self.down_class;
                let begins_handshake = self.begins_handshake(header, self.server_changed_cipher);
                self.server_changed_cipher = header.content_type == ContentType::ChangeCipherSpec;
                follow_handshake(&mut self.down_handshake, header, begins_handshake, run.peer);
                self.down_class = self.classify_down(offset, header, run, ledger, ctx, &mut found);
                if before != self.down_class && offset < run.offset {
                    // The header began in the packet before, and was counted as what went before it.
                    ledger.recount(
                        ctx,
                        (offset, run.offset),
                        self.down_class == Class::Application,
                    );
                }
                if self.down_class == Class::Application {
                    self.respond(offset, header, guessed, run.peer, ledger, ctx);
                }
            }
            Event::Bytes(length) => {
                if self.down_class == Class::Control {
                    found.control += length;
                }
                offset += length;
            }
            Event::Unframed(length) => {
                if self.client_finished && self.down_handshake != Some(run.peer) {
                    ledger.add_unframed(ctx, offset, length, self.supposed(ctx));
                } else {
                    found.control += length;
                }
                offset += length;
            }
        });
        let learnt = reader.repeating_record() != self.down.repeating_record();
        self.down = reader;
        if learnt {
            ledger.suppose(ctx, self.supposed(ctx));
        }
        found
    }

    /// The framing of a record that is hidden.
    fn supposed(&self, ctx: &Context<'_>) -> Supposed {
        let overhead = self.overhead();
        let repeating = self.down.repeating_record();
        let plaintext = match repeating {
            0 => MAX_PLAINTEXT,
            length => length.saturating_sub(overhead),
        };
        Supposed {
            record: u64::from(plaintext + RECORD_HEADER + overhead),
            framing: self.framing(plaintext, false, ctx) + u64::from(overhead),
            learnt: repeating > 0,
        }
    }

    /// Counts a record of a response.
    fn respond(
        &mut self,
        offset: u64,
        header: RecordHeader,
        guessed: bool,
        peer: u64,
        ledger: &mut Ledger,
        ctx: &mut Context<'_>,
    ) {
        let plaintext = self.plaintext(header.length);
        if let Some(http2) = &mut self.http2
            && !guessed
        {
            http2.record(
                offset,
                u64::from(RECORD_HEADER + header.length),
                plaintext,
                peer,
                ledger,
                ctx,
            );
        } else if !guessed && let Some((stamp, up_start)) = self.pipeline.record(plaintext, peer) {
            ledger.begin(ctx, stamp, up_start, Some(offset), Transport::Tcp);
        }
        let (mut first, mut interim) = (false, false);
        if let Some(exchange) = ledger.owner_mut(offset) {
            first = !exchange.responded;
            exchange.responded |=
                u64::from(plaintext) > ctx.config.interim_response_max() || self.http2.is_some();
            interim = !exchange.responded;
        }
        let whole = u64::from(RECORD_HEADER + header.length);
        let framing = u64::from(header.length - plaintext) + self.framing(plaintext, first, ctx);
        // 100 Continue is none of the response.
        let framing = if interim { whole } else { framing.min(whole) };
        let certainty = self.certainty(framing, first, guessed, ctx);
        ledger.add_framing(ctx, offset, framing, certainty);
    }

    /// By how much a record's framing may be off.
    fn certainty(&self, framing: u64, first: bool, guessed: bool, ctx: &Context<'_>) -> Certainty {
        let mut error = 0;
        if guessed {
            // One of four hidden records may be none, and the last may be two.
            error += framing / 4 + if first { 2 * framing } else { 1 };
        }
        if self.overhead_is_estimated() {
            error += u64::from(CBC_BLOCK / 2);
        }
        if self.http2.is_some() {
            // Frames may be half or twice as long as is supposed; a head's length varies.
            let head = if first {
                ctx.config.http2_headers_max()
            } else {
                0
            };
            error += head + u64::from(http2::FRAME_HEADER);
        }
        match error {
            0 => Certainty::Exact,
            error => Certainty::Within(error),
        }
    }

    /// Bytes of a record with this much plaintext that are not what HTTP sent, less those of its encryption: its
    /// header, and the frames of HTTP/2.
    fn framing(&self, plaintext: u32, first: bool, ctx: &Context<'_>) -> u64 {
        let mut framing = u64::from(RECORD_HEADER);
        if self.http2.is_some() {
            let head = match first {
                true if u64::from(plaintext) <= ctx.config.http2_headers_max() => {
                    return framing + u64::from(plaintext);
                }
                true => ctx.config.http2_head(),
                false => 0,
            };
            framing += head
                + u64::from(plaintext).div_ceil(ctx.config.http2_frame())
                    * u64::from(http2::FRAME_HEADER);
        }
        framing
    }

    fn classify_down(
        &mut self,
        offset: u64,
        header: RecordHeader,
        run: &Run<'_>,
        ledger: &mut Ledger,
        ctx: &mut Context<'_>,
        found: &mut Found,
    ) -> Class {
        if header.content_type != ContentType::ApplicationData {
            return Class::Control;
        }
        if self.version == Some(TLS12) {
            return Class::Application;
        }
        if header.length == ALERT {
            return Class::Control;
        }
        if !self.client_finished {
            let finished = self.finished_length();
            return match self.early.answers(header.length, finished) {
                true => Class::Application,
                false => Class::Control,
            };
        }
        if self.speaks_http2(offset, header.length, ledger, ctx) {
            return Class::Control;
        }
        let framing = u64::from(RECORD_HEADER + self.overhead());
        let largest = ctx.config.ticket_record_max();
        let is_http2 = self.http2.is_some();
        let record = tickets::Record {
            offset,
            length: header.length,
            framing,
            is_http2,
        };
        match self.tickets.is_ticket(record, run, largest, ledger, found) {
            true => Class::Control,
            false => Class::Application,
        }
    }

    /// Returns true if a server's record before its first response is its preface of HTTP/2, and then takes all requests
    /// so far for such: clients send them with their own preface, which the first one hides.
    fn speaks_http2(
        &mut self,
        offset: u64,
        length: u32,
        ledger: &mut Ledger,
        ctx: &mut Context<'_>,
    ) -> bool {
        let may_begin = self.http2.is_none()
            && self.offered_http2 != Some(false)
            && !self.tickets.is_over()
            && http2::is_server_preface(length.saturating_sub(self.overhead()))
            && ledger
                .owner(offset)
                .is_none_or(|exchange| !exchange.responded);
        if !may_begin {
            return false;
        }
        let http2 = self.http2.get_or_insert_default();
        for follower in self.pipeline.take_followers() {
            http2.adopt(follower, ledger, ctx);
        }
        true
    }

    /// Whether a record begins a handshake message that more of a flight follows; `changed` if ChangeCipherSpec came
    /// before it.
    fn begins_handshake(&self, header: RecordHeader, changed: bool) -> bool {
        // Behind ChangeCipherSpec comes Finished, and application data may follow it at once.
        header.content_type == ContentType::Handshake
            && !(changed && header.length <= MAX_FINISHED_TLS12)
    }

    /// Plaintext of a record. Where padding hides it, a record that may be full is.
    fn plaintext(&self, length: u32) -> u32 {
        let padded = self
            .cipher
            .filter(|_| self.overhead_is_estimated())
            .and_then(cbc_mac);
        let most = padded.map_or(0, |mac| length.saturating_sub(CBC_BLOCK + mac + 1));
        if (MAX_PLAINTEXT..MAX_PLAINTEXT + CBC_BLOCK).contains(&most) {
            return MAX_PLAINTEXT;
        }
        length.saturating_sub(self.overhead())
    }

    /// Ciphertext less plaintext of a record.
    fn overhead(&self) -> u32 {
        match (self.version, self.cipher) {
            (Some(TLS13), _) => OVERHEAD_TLS13,
            (_, Some(cipher)) => cipher_overhead(cipher),
            // Not seen: a full record tells, since its plaintext is 16,384 bytes.
            _ => match self.down.full_record().saturating_sub(MAX_PLAINTEXT) {
                full @ (OVERHEAD_TLS12_POLY1305 | OVERHEAD_TLS12_GCM) => full,
                _ if self.version == Some(TLS12) => OVERHEAD_TLS12_GCM,
                _ => OVERHEAD_TLS13,
            },
        }
    }

    /// Padding makes a record's overhead vary.
    fn overhead_is_estimated(&self) -> bool {
        self.version != Some(TLS13) && self.cipher.is_some_and(|cipher| cbc_mac(cipher).is_some())
    }
}

/// Takes note of a handshake flight that goes on behind a record, or that is over.
const fn follow_handshake(
    flight: &mut Option<u64>,
    header: RecordHeader,
    begins: bool,
    position: u64,
) {
    if begins {
        *flight = Some(position);
    } else if !matches!(header.content_type, ContentType::ChangeCipherSpec) {
        *flight = None;
    }
}

fn cipher_overhead(cipher: u16) -> u32 {
    if let Some(mac) = cbc_mac(cipher) {
        return OVERHEAD_CBC_IV_AND_PADDING + mac;
    }
    let suite = tls_parser::TlsCipherSuite::from_id(cipher);
    match suite.map(|suite| &suite.enc) {
        Some(tls_parser::TlsCipherEnc::Chacha20_Poly1305) => OVERHEAD_TLS12_POLY1305,
        _ => OVERHEAD_TLS12_GCM,
    }
}

/// Length of the MAC of a cipher suite in CBC mode; `None` for other modes.
fn cbc_mac(cipher: u16) -> Option<u32> {
    let suite = tls_parser::TlsCipherSuite::from_id(cipher)?;
    let is_cbc = matches!(suite.enc_mode, tls_parser::TlsCipherEncMode::Cbc);
    is_cbc.then(|| u32::from(suite.mac_size) / 8)
}
