//! The client's last flight in TLS 1.3: its Finished, and its certificate if the server asked for one.
//!
//! Its messages are hidden in application data (RFC 8446, section 2). A client that writes each into
//! a record of its own shows its Finished by its length. One that packs them into as few records as
//! they fit (section 5.1) shows nothing: its flight then ends with its first record that is not full,
//! and what follows are requests. Which of the two it is shows when the server continues, because it
//! has nothing to say between the client's certificate and its Finished.

use super::lengths::SIGNED_FLIGHT;
use crate::packet::Stamp;
use crate::wire::tls::{MAX_PLAINTEXT, RECORD_HEADER};

/// Most records before a Finished in a record of its own: Certificate and CertificateVerify, with
/// the certificate in at most two records (RFC 8446, section 4.4).
const MOST_HELD: usize = 3;

/// A protected record of the client that may belong to its flight or to a request.
#[derive(Clone, Copy, Debug)]
pub(super) struct ClientRecord {
    pub(super) stamp: Stamp,
    /// Offset in the client's stream.
    pub(super) offset: u64,
    pub(super) length: u32,
    /// Offset in the server's stream at which the response begins if this is a request.
    pub(super) response_at: u64,
}

impl ClientRecord {
    /// Returns the offset after it.
    pub(super) fn end(&self) -> u64 {
        self.offset + u64::from(RECORD_HEADER + self.length)
    }
}

/// The records since the hellos that are not decided yet.
#[derive(Debug, Default)]
pub(super) struct ClientFlight {
    held: Vec<ClientRecord>,
    /// Number of hidden bytes after the first of them.
    hidden: u64,
}

impl ClientFlight {
    /// The most memory that one holds, in bytes: a list grows to a power of two.
    pub(super) const BOUND: usize = MOST_HELD.next_power_of_two() * size_of::<ClientRecord>();

    /// Returns its heap memory, in bytes.
    pub(super) fn heap(&self) -> usize {
        self.held.capacity() * size_of::<ClientRecord>()
    }

    /// Holds a record back. Returns false if there are more than precede a Finished.
    pub(super) fn hold(&mut self, record: ClientRecord) -> bool {
        let has_space = self.held.len() < MOST_HELD;
        if has_space {
            self.held.push(record);
        }
        has_space
    }

    /// Returns true if a record is held back.
    pub(super) const fn has_begun(&self) -> bool {
        !self.held.is_empty()
    }

    /// Adds hidden bytes after a record that is held back. Returns true if they are more than the
    /// rest of a flight, so that a request is among them.
    pub(super) fn hide(&mut self, length: u64) -> bool {
        self.hidden += length;
        let asks = self.hidden > u64::from(SIGNED_FLIGHT + RECORD_HEADER);
        if asks {
            self.finish();
        }
        asks
    }

    /// Records that a Finished in a record of its own came: those before it are the certificate.
    pub(super) fn finish(&mut self) {
        self.held = Vec::new();
    }

    /// Returns true if the server got these records, so that they included the Finished.
    pub(super) fn is_answered(&self, peer: u64) -> bool {
        self.held.first().is_some_and(|first| first.end() <= peer)
    }

    /// Removes the records, given that the flight was packed, and returns the offset at which it
    /// ended and the records after it.
    pub(super) fn unpack(&mut self) -> (Option<u64>, impl Iterator<Item = ClientRecord> + use<>) {
        let held = std::mem::take(&mut self.held);
        let full = held
            .iter()
            .take_while(|record| record.length >= MAX_PLAINTEXT);
        let last = full.count().min(held.len().saturating_sub(1));
        let end = held.get(last).map(ClientRecord::end);
        (end, held.into_iter().skip(last + 1))
    }
}
