//! Records of the client: its handshake, and its requests.

use super::flight::ClientRecord;
use super::lengths::{
    END_OF_EARLY_DATA, FINISHED_SHA256, FINISHED_SHA384, FLIGHT_TLS12, MAX_FINISHED_TLS12,
    TLS_AES_256_GCM_SHA384, TLS12, TLS13,
};
use super::{TlsSession, follow_handshake};
use crate::connection::context::Context;
use crate::connection::tcp::http2;
use crate::connection::tcp::ledger::Ledger;
use crate::connection::tcp::stream::Run;
use crate::facts::segment::Transport;
use crate::packet::Stamp;
use crate::wire::tls::{ContentType, RECORD_HEADER, RecordHeader, TlsEvent};

impl TlsSession {
    /// Reads client bytes and opens segments.
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
                TlsEvent::Record {
                    offset,
                    header,
                    guessed,
                } => {
                    // A header that began in the previous packet dates from there.
                    let stamp = header_stamp
                        .filter(|_| first && offset < run.offset)
                        .unwrap_or(run.stamp);
                    let begins_handshake =
                        self.begins_handshake(header, self.client_changed_cipher);
                    let record = ClientRecord {
                        stamp,
                        offset,
                        length: header.length,
                        response_at,
                    };
                    if header.content_type == ContentType::ApplicationData {
                        self.protected_up(record, guessed, early, ledger, ctx);
                    } else {
                        self.visible_up(header);
                    }
                    follow_handshake(
                        &mut self.up_handshake,
                        header,
                        begins_handshake,
                        response_at,
                    );
                }
                TlsEvent::Unframed(length) => {
                    if self.is_request_hidden(length, response_at, early) {
                        let offset = run.offset + run.length - length;
                        self.request(run.stamp, offset, 0, response_at, ledger, ctx);
                    }
                }
                TlsEvent::Bytes(_) => {}
            }
            first = false;
        });
        self.up = reader;
        if !reader.at_boundary() && !run.bytes.is_empty() {
            self.up_header = Some(run.stamp);
        }
    }

    /// Returns true if hidden client bytes hold a request. After a handshake message, the rest of
    /// the flight is hidden: a request comes after the server's answer to it (RFC 5246, section 7.3).
    fn is_request_hidden(&mut self, length: u64, response_at: u64, early: bool) -> bool {
        if self.up_handshake == Some(response_at) {
            self.client_finished = true;
            return false;
        }
        self.client_finished || !early && self.hidden_request(length)
    }

    /// Returns true if hidden client bytes after the hellos also hold a request, because they are
    /// more than ChangeCipherSpec and Finished, which are then assumed to be among them.
    fn hidden_request(&mut self, length: u64) -> bool {
        if self.flight.has_begun() {
            // The rest of a certificate's flight, whose end the server's answer shows.
            let asks = self.flight.hide(length);
            self.client_finished = asks;
            return asks;
        }
        self.client_finished = true;
        let handshake = match self.version {
            Some(TLS13) => 6 + RECORD_HEADER + self.finished_length().unwrap_or(FINISHED_SHA384),
            _ => FLIGHT_TLS12,
        };
        let handshake = u64::from(handshake);
        length > handshake + u64::from(RECORD_HEADER)
    }

    pub(super) fn finished_length(&self) -> Option<u32> {
        self.cipher.map(|cipher| {
            if cipher == TLS_AES_256_GCM_SHA384 {
                FINISHED_SHA384
            } else {
                FINISHED_SHA256
            }
        })
    }

    /// Processes a record whose type shows that it is not part of a request.
    fn visible_up(&mut self, header: RecordHeader) {
        match header.content_type {
            ContentType::ChangeCipherSpec => self.client_changed_cipher = true,
            ContentType::Handshake
                if self.client_changed_cipher
                    && self.version != Some(TLS13)
                    && header.length <= MAX_FINISHED_TLS12 =>
            {
                // Only TLS 1.2 shows an encrypted Finished as such.
                self.version.get_or_insert(TLS12);
                self.client_finished = true;
            }
            _ => {}
        }
    }

    /// Processes a record of application data, which TLS 1.3 also hides its handshake in.
    fn protected_up(
        &mut self,
        record: ClientRecord,
        guessed: bool,
        early: bool,
        ledger: &mut Ledger,
        ctx: &mut Context<'_>,
    ) {
        let is_finished = self.client_finished || self.version == Some(TLS12) || early;
        if is_finished || !self.is_of_flight(record, guessed, ledger, ctx) {
            self.ask(record, early, ledger, ctx);
        }
    }

    /// Returns true if a protected record of a client that has not finished its TLS 1.3 handshake
    /// belongs to that, or is held back until this shows.
    fn is_of_flight(
        &mut self,
        record: ClientRecord,
        guessed: bool,
        ledger: &mut Ledger,
        ctx: &mut Context<'_>,
    ) -> bool {
        let is_finished = match self.finished_length() {
            Some(length) => record.length == length,
            None => matches!(record.length, FINISHED_SHA256 | FINISHED_SHA384),
        };
        if is_finished || guessed {
            // If the header is hidden, so was the Finished before it.
            self.client_finished = true;
            self.early.finish(record.end());
            self.flight.finish();
            return is_finished;
        }
        if record.length == END_OF_EARLY_DATA || self.flight.hold(record) {
            return true;
        }
        self.unpack_flight(ledger, ctx);
        false
    }

    /// Ends a flight that was packed into few records. What was held back after it are requests.
    pub(super) fn unpack_flight(&mut self, ledger: &mut Ledger, ctx: &mut Context<'_>) {
        self.client_finished = true;
        let (end, requests) = self.flight.unpack();
        self.early.finish(end.unwrap_or_default());
        for record in requests {
            self.ask(record, false, ledger, ctx);
        }
    }

    /// Processes a record of application data after the handshake: a request, a part of one, or
    /// control frames.
    fn ask(
        &mut self,
        record: ClientRecord,
        early: bool,
        ledger: &mut Ledger,
        ctx: &mut Context<'_>,
    ) {
        let plaintext = record.length.saturating_sub(self.overhead());
        let is_preface = std::mem::take(&mut self.first_record) && http2::is_preface(plaintext);
        let is_control = u64::from(plaintext) <= ctx.config.control_record_max();
        if self.offered_http2 != Some(false)
            && (is_preface || is_control && http2::is_control(plaintext))
        {
            self.http2.get_or_insert_default();
        }
        if is_control || is_preface && self.http2.is_some() {
            if let Some(http2) = &mut self.http2 {
                http2.control(record.stamp.time, plaintext);
            }
            return;
        }
        self.early.ask(early);
        let ClientRecord {
            stamp,
            offset,
            length,
            response_at,
        } = record;
        self.request(stamp, offset, length, response_at, ledger, ctx);
    }

    /// Processes a record of a request.
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
        let plaintext = length.saturating_sub(overhead);
        if self.acknowledges_http2(plaintext, ledger) {
            self.turn_to_http2(ledger, ctx);
            return;
        }
        if plaintext > 0 {
            self.least_request = Some(self.least_request.map_or(plaintext, |l| l.min(plaintext)));
        }
        if ledger.is_asking(response_at) {
            // Nothing came back yet: the request continues, in another record or after 100
            // Continue, or another one was pipelined after it, which the responses will show.
            self.pipeline.follow(stamp, offset, length);
            return;
        }
        self.pipeline.begin(length);
        ledger.begin(ctx, stamp, offset, Some(response_at), Transport::Tcp);
    }

    /// Returns true if a client's record, sent when the server had already answered, acknowledges
    /// that the server speaks HTTP/2: its size fits, and is far smaller than any request.
    fn acknowledges_http2(&self, plaintext: u32, ledger: &mut Ledger) -> bool {
        self.offered_http2 != Some(false)
            && http2::is_acknowledgement(plaintext)
            && self
                .least_request
                .is_some_and(|least| 2 * plaintext <= least)
            && ledger.latest().is_some_and(|latest| latest.responded)
    }

    /// Treats all requests so far as HTTP/2.
    pub(super) fn turn_to_http2(&mut self, ledger: &mut Ledger, ctx: &mut Context<'_>) {
        let http2 = self.http2.get_or_insert_default();
        for follower in self.pipeline.take_followers() {
            http2.adopt(follower, ledger, ctx);
        }
    }
}
