//! Classifies the TLS records of a connection: requests, responses, and neither.
//!
//! Handshake messages, ChangeCipherSpec and alerts are visible by type until TLS 1.3 hides them in
//! application data. There, the order of messages (RFC 8446, section 2) and their fixed sizes
//! decide: the client's last flight ends with its Finished, the server's records before it are
//! its flight, and those right after it are session tickets.

mod client;
mod flight;
mod key_update;
mod late;
mod lengths;
mod server;

use self::flight::ClientFlight;
use self::key_update::KeyUpdate;
use self::late::LateRecord;
use self::lengths::{
    CBC_BLOCK, MAX_FINISHED_TLS12, OVERHEAD_TLS12_GCM, OVERHEAD_TLS12_POLY1305, OVERHEAD_TLS13,
    TLS12, TLS13, cbc_mac, cipher_overhead,
};
use super::early::Early;
use super::hello::HelloBuffer;
use super::http2::Http2;
use super::ledger::Ledger;
use super::pipelining::Pipeline;
use super::tickets::Tickets;
use crate::connection::context::Context;
use crate::packet::Stamp;
use crate::wire::tls::{ContentType, MAX_PLAINTEXT, RecordHeader, RecordReader};

/// The class of a record's bytes.
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
    /// HTTP/2, once it was recognised: by ALPN, by the client's preface, or by records that hold
    /// only control frames.
    http2: Option<Box<Http2>>,
    /// True if the client offered HTTP/2; `None` if its hello was not seen.
    offered_http2: Option<bool>,
    /// True until the client sends application data.
    first_record: bool,
    client_finished: bool,
    client_changed_cipher: bool,
    /// True if the server's newest record is ChangeCipherSpec.
    server_changed_cipher: bool,
    /// True if the server's ChangeCipherSpec or application data came.
    server_finished: bool,
    flight: ClientFlight,
    /// A request that came with the client's hello.
    early: Early,
    tickets: Tickets,
    late: LateRecord,
    key_update: KeyUpdate,
    /// Position of the server's stream when a client's handshake message came that is not followed
    /// by application data.
    up_handshake: Option<u64>,
    /// The same for the server's messages, with the position of the client's stream.
    down_handshake: Option<u64>,
    down_class: Class,
    pipeline: Pipeline,
    /// Smallest plaintext of a request's record.
    least_request: Option<u32>,
    /// The packet in which a server's record with an incomplete header began.
    up_header: Option<Stamp>,
}

impl TlsSession {
    /// The most memory that one holds besides its hello and HTTP/2, in bytes.
    pub(crate) const BOUND: usize = size_of::<Self>() + ClientFlight::BOUND;

    /// Creates a connection seen from its handshake on.
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
            server_finished: false,
            flight: ClientFlight::default(),
            early: Early::default(),
            tickets: Tickets::default(),
            late: LateRecord::default(),
            key_update: KeyUpdate::default(),
            up_handshake: None,
            down_handshake: None,
            down_class: Class::Control,
            pipeline: Pipeline::default(),
            least_request: None,
            up_header: None,
        }
    }

    /// Creates a connection whose handshake was not seen.
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

    /// Returns its heap memory, in bytes.
    pub(crate) fn heap(&self) -> usize {
        let http2 = self
            .http2
            .as_ref()
            .map_or(0, |http2| size_of::<Http2>() + http2.heap());
        self.server_hello.heap() + self.pipeline.heap() + self.flight.heap() + http2
    }

    /// Returns true if the framing of both directions is known.
    pub(crate) fn is_exact(&self, from_client: bool) -> bool {
        if from_client {
            self.up.is_exact()
        } else {
            self.down.is_exact()
        }
    }

    /// Returns true if the server's newest record is known to have begun and is incomplete.
    pub(crate) const fn is_within_record(&self) -> bool {
        self.down.is_exact() && !self.down.at_boundary()
    }

    /// Records that the connection ends.
    pub(crate) fn close(&mut self, ledger: &mut Ledger, ctx: &mut Context<'_>) {
        if let Some(http2) = &mut self.http2 {
            http2.close(ledger, ctx);
        }
    }

    /// Records the protocols that the client offered.
    pub(crate) fn offer(&mut self, http2: bool) {
        self.offered_http2 = Some(http2);
    }

    /// Returns true if a record begins a handshake message that is followed by more of a flight;
    /// `changed` is true if ChangeCipherSpec came before it.
    fn begins_handshake(&self, header: RecordHeader, changed: bool) -> bool {
        // Finished comes after ChangeCipherSpec, and application data may follow it at once.
        header.content_type == ContentType::Handshake
            && !(changed && header.length <= MAX_FINISHED_TLS12)
    }

    /// Returns the plaintext of a record. If padding hides it, a record that may be full counts as
    /// full.
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

    /// Returns the ciphertext of a record less its plaintext.
    fn overhead(&self) -> u32 {
        match (self.version, self.cipher) {
            (Some(TLS13), _) => OVERHEAD_TLS13,
            (_, Some(cipher)) => cipher_overhead(cipher),
            // Not seen: a full record shows it, because its plaintext is 16,384 bytes.
            _ => match self.down.full_record().saturating_sub(MAX_PLAINTEXT) {
                full @ (OVERHEAD_TLS12_POLY1305 | OVERHEAD_TLS12_GCM) => full,
                _ if self.version == Some(TLS12) => OVERHEAD_TLS12_GCM,
                _ => OVERHEAD_TLS13,
            },
        }
    }

    /// Returns true if padding makes a record's overhead vary.
    fn overhead_is_estimated(&self) -> bool {
        self.version != Some(TLS13) && self.cipher.is_some_and(|cipher| cbc_mac(cipher).is_some())
    }
}

/// Records that a handshake flight continues after a record, or is over.
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
