//! Lengths of a connection's IDs.

use super::header::{Form, MAX_CID_LEN, QuicPacket};

/// A connection ID of a known version, kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ConnectionId {
    bytes: [u8; MAX_CID_LEN],
    len: u8,
}

impl ConnectionId {
    /// Copies a connection ID, or the first [`MAX_CID_LEN`] bytes of one that no known version
    /// allows.
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

    /// Returns the bytes.
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
    /// Records a packet's source connection ID; packets without one change nothing.
    ///
    /// The latest wins, because a server may choose a new one after its Retry (RFC 9000, section
    /// 7.2).
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

    /// Returns the length of the destination connection ID in short headers from that sender: the
    /// one that its peer chose.
    #[must_use]
    pub const fn short_dcid_len(&self, sender: Endpoint) -> Option<u8> {
        match sender {
            Endpoint::Client => self.of_server,
            Endpoint::Server => self.of_client,
        }
    }
}
