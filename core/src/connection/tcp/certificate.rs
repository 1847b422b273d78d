//! The certificate that a server sends in its first flight, up to TLS 1.2 (RFC 5246, section
//! 7.4.2).

use crate::wire::certificate;
use crate::wire::reader::Reader;
use crate::wire::tls::{ContentType, RecordHeader};

/// Largest part of a server's first flight to wait for: chains are rarely longer than 10 kB.
const MAX_FLIGHT: usize = 32 * 1024;

/// Handshake message types (RFC 5246, section 7.4).
const SERVER_HELLO: u8 = 2;
const CERTIFICATE: u8 = 11;

/// Collects a server's first flight until its certificate is whole.
#[derive(Debug, Default)]
pub(crate) struct CertificateReader {
    /// The records that have arrived.
    flight: Vec<u8>,
    /// Length from which the flight may show more than when it was last read.
    wanted: usize,
    done: bool,
}

impl CertificateReader {
    /// Returns true if the names were returned, or none will come.
    pub(crate) const fn is_done(&self) -> bool {
        self.done
    }

    /// Returns its heap memory, in bytes.
    pub(crate) const fn heap(&self) -> usize {
        self.flight.capacity()
    }

    /// Gives up, and frees its memory.
    pub(crate) fn give_up(&mut self) {
        *self = Self {
            done: true,
            ..Self::default()
        };
    }

    /// Reads stream bytes, `length` on the wire. Returns the names of the server's own certificate
    /// once.
    pub(crate) fn take(&mut self, bytes: &[u8], length: u64) -> Vec<String> {
        if self.done {
            return Vec::new();
        }
        let room = MAX_FLIGHT - self.flight.len();
        self.flight
            .extend_from_slice(&bytes[..bytes.len().min(room)]);
        let ends = (bytes.len() as u64) < length || self.flight.len() >= MAX_FLIGHT;
        // Read again only if it may show more, because it may come in pieces of a byte.
        if self.flight.len() < self.wanted && !ends {
            return Vec::new();
        }
        match self.read(ends) {
            Err(missing) if !ends => {
                self.wanted = self.flight.len() + missing;
                Vec::new()
            }
            found => {
                self.give_up();
                found.unwrap_or_default()
            }
        }
    }

    /// Reads the messages. If the certificate is still to come, returns how many bytes of it are
    /// missing at least. `ends` is true if no more will come.
    fn read(&self, ends: bool) -> Result<Vec<String>, usize> {
        let (messages, is_over) = self.messages();
        let mut reader = Reader::new(&messages);
        for expected in [SERVER_HELLO, CERTIFICATE] {
            let (Some(kind), Some(length)) = (reader.u8(), reader.u24()) else {
                return if is_over { Ok(Vec::new()) } else { Err(1) };
            };
            if kind != expected {
                // Any other message first means that no certificate follows, or none in clear.
                return Ok(Vec::new());
            }
            let mut body = reader.part(length);
            let missing = length - body.remaining();
            if missing > 0 && !is_over && !ends {
                return Err(missing);
            }
            if kind == CERTIFICATE {
                let _all = body.u24();
                let length = body.u24().unwrap_or(0);
                return Ok(certificate::names(body.part(length).rest()));
            }
        }
        Ok(Vec::new())
    }

    /// Extracts messages from their records, and returns true if another protocol follows.
    fn messages(&self) -> (Vec<u8>, bool) {
        let mut messages = Vec::with_capacity(self.flight.len());
        let mut records = &self.flight[..];
        while let Some((&header, rest)) = records.split_first_chunk() {
            let Some(header) = RecordHeader::parse(header)
                .filter(|header| header.content_type == ContentType::Handshake)
            else {
                return (messages, true);
            };
            let (body, behind) = rest.split_at(rest.len().min(header.length as usize));
            messages.extend_from_slice(body);
            records = behind;
        }
        (messages, false)
    }
}
