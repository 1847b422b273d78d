//! How long the connection IDs of a connection are.

use super::header::{Form, MAX_CID_LEN, QuicPacket};

/// A connection ID of a known version, kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ConnectionId {
    bytes: [u8; MAX_CID_LEN],
    len: u8,
}

impl ConnectionId {
    /// Keeps a connection ID, or the first [`MAX_CID_LEN`] bytes of one that no known version allows.
    #[must_use]
    pub fn new(id: &[u8]) -> Self {
        let id = &id[..id.len().min(MAX_CID_LEN)];
        let mut bytes = [0; MAX_CID_LEN];
        bytes[..id.len()].copy_from_slice(id);
        Self {
            bytes,
            len: id.len() as u8,
        }
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }
}

/// The sender of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// The side that sent the first Initial.
    Client,
    /// The side that answered it.
    Server,
}

/// Connection ID lengths of one connection, learnt from its long headers.
///
/// A short header carries its destination connection ID without a length (RFC 9000, section
/// 17.3.1). Each side names the one it wants to be addressed by as the source of its own long
/// headers (RFC 9000, section 7.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ConnectionIdLengths {
    of_client: Option<u8>,
    of_server: Option<u8>,
}

impl ConnectionIdLengths {
    /// Takes note of a packet's source connection ID; packets that carry none change nothing.
    ///
    /// The latest wins: a server may choose anew after its Retry (RFC 9000, section 7.2).
    pub fn learn(&mut self, sender: Endpoint, packet: &QuicPacket<'_>) {
        // The IDs of a Version Negotiation are the client's own, sent back.
        if matches!(packet.form, Form::Short | Form::VersionNegotiation) {
            return;
        }
        // Known versions allow 20 bytes; RFC 8999 allows any other version up to 255.
        let len = u8::try_from(packet.scid.len()).ok();
        match sender {
            Endpoint::Client => self.of_client = len,
            Endpoint::Server => self.of_server = len,
        }
    }

    /// Length of the destination connection ID in short headers from that sender: what its peer
    /// asked for.
    #[must_use]
    pub const fn short_dcid_len(&self, sender: Endpoint) -> Option<u8> {
        match sender {
            Endpoint::Client => self.of_server,
            Endpoint::Server => self.of_client,
        }
    }
}
