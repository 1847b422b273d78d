//! Records of the client: its handshake, and its requests.

use super::lengths::{
    END_OF_EARLY_DATA, FINISHED_SHA256, FINISHED_SHA384, FLIGHT_TLS12, MAX_AUTHENTICATION_RECORDS,
    MAX_FINISHED_TLS12, TLS_AES_256_GCM_SHA384, TLS12, TLS13,
};
use super::{Class, TlsSession, follow_handshake};
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
                    let finished = self.client_finished;
                    self.up_class = self.classify_up(header, guessed, early, ctx);
                    if self.client_finished && !finished {
                        let length = RECORD_HEADER + header.length;
                        self.early.finish(offset + u64::from(length));
                    }
                    follow_handshake(
                        &mut self.up_handshake,
                        header,
                        begins_handshake,
                        response_at,
                    );
                    if self.up_class == Class::Application {
                        self.early.ask(early);
                        self.request(stamp, offset, header.length, response_at, ledger, ctx);
                    } else {
                        let plaintext = header.length.saturating_sub(self.overhead());
                        if let Some(http2) = &mut self.http2 {
                            http2.control(stamp.time, plaintext);
                        }
                    }
                }
                TlsEvent::Unframed(length) => {
                    self.up_class = self.classify_hidden(length, response_at, early);
                    if self.up_class == Class::Application {
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

    /// Returns the class of hidden client bytes. After a handshake message, the rest of the flight
    /// is hidden: a request comes after the server's answer to it (RFC 5246, section 7.3).
    fn classify_hidden(&mut self, length: u64, response_at: u64, early: bool) -> Class {
        if self.up_handshake == Some(response_at) {
            self.client_finished = true;
            return Class::Control;
        }
        if self.client_finished || !early && self.hidden_request(length) {
            Class::Application
        } else {
            Class::Control
        }
    }

    /// Returns true if hidden client bytes after the hellos also hold a request, because they are
    /// more than ChangeCipherSpec and Finished, which are then assumed to be among them.
    fn hidden_request(&mut self, length: u64) -> bool {
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

    /// Processes a protected record of a client that has not finished its TLS 1.3 handshake.
    /// Returns true if it is application data all the same.
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
