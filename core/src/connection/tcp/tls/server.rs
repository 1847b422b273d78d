//! Records of the server: its handshake and tickets, and its responses.

use super::lengths::{ALERT, CBC_BLOCK, HIDDEN_FLIGHT, TLS12};
use super::{Class, TlsSession, follow_handshake};
use crate::connection::context::Context;
use crate::connection::tcp::http2;
use crate::connection::tcp::ledger::{Certainty, Ledger, Supposed};
use crate::connection::tcp::stream::Run;
use crate::connection::tcp::tickets;
use crate::connection::tcp::tickets::Found;
use crate::facts::segment::Transport;
use crate::wire::tls::{
    ContentType, MAX_PLAINTEXT, RECORD_HEADER, RecordHeader, RecordReader, ServerHello, TlsEvent,
};

impl TlsSession {
    /// Records that the server's stream continues at a record: if a request was sent, the response
    /// before it is over.
    pub(crate) fn response_begins(&mut self) {
        if !self.down.is_exact() {
            self.down.restart();
        }
    }

    /// Returns how many of the server's next bytes only need to be counted.
    pub(crate) fn mute_down(&self) -> u64 {
        if self.server_hello.is_done() {
            self.down.body()
        } else {
            0
        }
    }

    /// Counts the server's next bytes if they only continue a record of application data. Otherwise
    /// counts nothing and returns false.
    #[inline]
    pub(crate) fn take_in_order(&mut self, length: u32) -> bool {
        self.down_class == Class::Application
            && self.http2.is_none()
            && self.server_hello.is_done()
            && self.down.take_in_order(length)
    }

    /// Reads server bytes.
    pub(crate) fn read_down(
        &mut self,
        run: &Run<'_>,
        round_trip: Option<i64>,
        ledger: &mut Ledger,
        ctx: &mut Context<'_>,
    ) -> Found {
        self.look_for_hello(run);
        if !self.client_finished && self.flight.is_answered(run.peer) {
            self.unpack_flight(ledger, ctx);
        }
        if let Some(http2) = &mut self.http2 {
            http2.arrive(run, self.down.is_exact(), round_trip, ledger, ctx);
        }
        if self.http2.is_some() {
            self.down.suppose_in_a_row();
        }
        let mut found = Found::default();
        let mut reader = self.down;
        let mut offset = run.offset;
        reader.read(run.offset, run.bytes, run.length, |event| match event {
            TlsEvent::Record {
                offset,
                header,
                guessed,
            } => {
                self.begin_record(offset, header, run, ledger, ctx, &mut found);
                if self.down_class == Class::Application {
                    self.respond(offset, header, guessed, run, ledger, ctx);
                }
            }
            TlsEvent::Bytes(length) => {
                if self.down_class == Class::Control {
                    found.control += length;
                }
                if run.missing {
                    self.tickets.miss(offset, length);
                }
                offset += length;
            }
            TlsEvent::Unframed(length) => {
                let in_flight =
                    self.down_handshake == Some(run.peer) || self.is_hidden_flight(length);
                if self.client_finished && !in_flight {
                    ledger.add_unframed(ctx, offset, length, self.supposed(ctx));
                } else {
                    found.control += length;
                }
                offset += length;
            }
        });
        let lengths = |reader: &RecordReader| (reader.repeating_record(), reader.other_record());
        let learnt = lengths(&reader) != lengths(&self.down);
        self.down = reader;
        if let Some(http2) = &mut self.http2 {
            http2.take(
                run.length - found.control.min(run.length),
                run.stamp,
                reader.is_exact(),
            );
        }
        if learnt {
            ledger.suppose(ctx, self.supposed(ctx));
        }
        found
    }

    /// Decides what a server's record holds.
    #[inline]
    fn begin_record(
        &mut self,
        offset: u64,
        header: RecordHeader,
        run: &Run<'_>,
        ledger: &mut Ledger,
        ctx: &mut Context<'_>,
        found: &mut Found,
    ) {
        let before = self.down_class;
        let begins_handshake = self.begins_handshake(header, self.server_changed_cipher);
        self.server_changed_cipher = header.content_type == ContentType::ChangeCipherSpec;
        self.server_finished |=
            self.server_changed_cipher || header.content_type == ContentType::ApplicationData;
        follow_handshake(&mut self.down_handshake, header, begins_handshake, run.peer);
        self.down_class = self.classify_down(offset, header, run, ledger, ctx, found);
        if before != self.down_class && offset < run.offset {
            // The header began in the previous packet, and was counted like the bytes before it.
            let is_application = self.down_class == Class::Application;
            ledger.recount(ctx, (offset, run.offset), is_application);
        }
    }

    /// Returns true if bytes of which no record is visible are the server's last flight in TLS 1.2:
    /// it follows the client's, whose request need not wait for it (RFC 7918).
    fn is_hidden_flight(&mut self, length: u64) -> bool {
        self.client_finished
            && self.version == Some(TLS12)
            && !std::mem::replace(&mut self.server_finished, true)
            && length <= u64::from(HIDDEN_FLIGHT)
    }

    /// Reads the server's hello once all of it is there.
    fn look_for_hello(&mut self, run: &Run<'_>) {
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
    }

    /// Returns the assumed framing of a hidden record.
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
            spread: self.framing_of_others(),
        }
    }

    /// Counts a record of a response.
    fn respond(
        &mut self,
        offset: u64,
        header: RecordHeader,
        guessed: bool,
        run: &Run<'_>,
        ledger: &mut Ledger,
        ctx: &mut Context<'_>,
    ) {
        let plaintext = self.plaintext(header.length);
        let peer = run.peer;
        if let Some(http2) = &mut self.http2
            && !guessed
        {
            http2.heads.learn(header.length);
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
        // 100 Continue does not belong to the response.
        let framing = if interim { whole } else { framing.min(whole) };
        if !first && self.http2.is_none() && self.version != Some(TLS12) {
            let is_small = u64::from(header.length) <= ctx.config.ticket_record_max();
            let record = (offset, (whole - framing) * u64::from(is_small && !guessed));
            self.late.judge(record, run, ledger, ctx);
            if !guessed {
                self.key_update.judge(offset, header, ledger);
            }
        }
        let certainty = self.certainty(framing, first, guessed, ctx);
        ledger.add_framing(ctx, offset, framing, certainty);
    }

    /// Returns by how much a record's framing may be off.
    fn certainty(&self, framing: u64, first: bool, guessed: bool, ctx: &Context<'_>) -> Certainty {
        let mut error = 0;
        if guessed {
            // One of four hidden records may not be one, and the last may be two.
            error += framing / 4 + if first { 2 * framing } else { 1 };
            error += self.framing_of_others();
        }
        if self.overhead_is_estimated() {
            error += u64::from(CBC_BLOCK / 2);
        }
        if self.http2.is_some() {
            // Frames may be half or twice as long as assumed; a head's length varies.
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

    /// Returns by how much the framing of a hidden record may be off because such records may have
    /// another length.
    fn framing_of_others(&self) -> u64 {
        let supposed = u64::from(self.down.repeating_record());
        let other = u64::from(self.down.other_record());
        let framing = u64::from(RECORD_HEADER + self.overhead() + http2::FRAME_HEADER);
        match other {
            // No other length was visible, but servers that begin with short records continue with
            // full ones.
            0 if self.http2.is_some() && (1..MAX_PLAINTEXT.into()).contains(&supposed) => framing,
            0 => 0,
            // There may be several in its place.
            other if other < supposed => framing * supposed / other - framing,
            // It may be only a part of one.
            _ => framing,
        }
    }

    /// Returns the bytes of a record with this much plaintext that HTTP did not send, without its
    /// encryption: its header, and the frames of HTTP/2.
    fn framing(&self, plaintext: u32, first: bool, ctx: &Context<'_>) -> u64 {
        let mut framing = u64::from(RECORD_HEADER);
        if let Some(http2) = &self.http2 {
            let head = if first {
                http2.heads.size(plaintext, ctx.config)
            } else {
                0
            };
            let data = u64::from(plaintext).saturating_sub(head);
            let (frame, header) = (ctx.config.http2_frame(), u64::from(http2::FRAME_HEADER));
            let is_short = plaintext + self.overhead() == self.down.repeating_record();
            framing += head;
            // Frames are split over shorter records, so a header for each would be too much.
            framing += if data < frame && is_short && !first {
                data * header / frame
            } else {
                data.div_ceil(frame) * header
            };
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
        if self.early.is_unanswerable() {
            self.tickets.see(header.length);
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
            place: self
                .early
                .place(header.length, self.down.repeating_record(), run.peer),
        };
        match self.tickets.is_ticket(record, run, largest, ledger, found) {
            true => Class::Control,
            false => Class::Application,
        }
    }

    /// Returns true if a server's record before its first response is its HTTP/2 preface. All
    /// requests so far are then HTTP/2: clients send them with their own preface, which the first
    /// one hides.
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
        self.turn_to_http2(ledger, ctx);
        true
    }
}
