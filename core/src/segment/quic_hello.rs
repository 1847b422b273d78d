//! The name in a QUIC connection's first packets.

use crate::client_hello::ClientHello;
use crate::quic::{ConnectionId, CryptoStream, InitialKeys, Packet, crypto_frames};

/// ALPN names of HTTP/3 and its drafts begin so (RFC 9114, section 3.1).
const ALPN_HTTP3: &[u8] = b"h3";

/// What a ClientHello says about the connection.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Hello {
    /// The server's name, lower case.
    pub(super) name: Option<String>,
    /// Whether HTTP/3 is among the protocols offered; `None` where that was not captured.
    pub(super) http3: Option<bool>,
}

/// Reads the ClientHello out of the client's Initial packets (RFC 9001, sections 4 and 5.2).
#[derive(Debug, Default)]
pub(super) struct HelloReader {
    /// The keys, with the version and connection ID that they follow from. They are large, and needed for a packet or
    /// three.
    keys: Option<(Box<InitialKeys>, KeySource)>,
    stream: CryptoStream,
    payload: Vec<u8>,
    done: bool,
}

type KeySource = (u32, ConnectionId);

impl HelloReader {
    /// Whether the ClientHello was handed out, or given up.
    pub(super) const fn is_done(&self) -> bool {
        self.done
    }

    /// Gives up, and lets go of what it allocated.
    pub(super) fn give_up(&mut self) {
        *self = Self { done: true, ..Self::default() };
    }

    /// The server asked for another beginning, by a Retry or a Version Negotiation: the next Initial has new keys.
    pub(super) fn begin_again(&mut self) {
        self.keys = None;
    }

    /// Takes a client's Initial; hands out the ClientHello once, as soon as it is whole or has named the server.
    pub(super) fn take(&mut self, packet: &Packet<'_>) -> Option<Hello> {
        if self.done || !self.open(packet) {
            return None;
        }
        for frame in crypto_frames(&self.payload) {
            self.stream.insert(frame.offset, frame.data);
        }
        let hello = ClientHello::parse(self.stream.prefix());
        let name = hello.as_ref().and_then(|hello| hello.server_name).map(str::to_ascii_lowercase);
        if name.is_none() && self.stream.wants_more() {
            return None;
        }
        let http3 = hello.and_then(|hello| {
            let mut offers = hello.alpn.clone().peekable();
            offers.peek()?;
            let found = offers.any(|protocol| protocol.starts_with(ALPN_HTTP3));
            (found || !hello.truncated).then_some(found)
        });
        self.give_up();
        Some(Hello { name, http3 })
    }

    /// Decrypts a packet into `payload`.
    fn open(&mut self, packet: &Packet<'_>) -> bool {
        let Some(version) = packet.version else { return false };
        let source = (version, ConnectionId::new(packet.dcid));
        if let Some((keys, known)) = &self.keys {
            // Once the server answered, the client addresses it by another ID; the keys stay.
            let opened = keys.decrypt(packet, &mut self.payload);
            if opened.is_ok() || *known == source {
                return opened.is_ok();
            }
        }
        // A first packet, or one behind a Retry that was not captured.
        let Ok(keys) = InitialKeys::client(version, packet.dcid) else { return false };
        let opened = keys.decrypt(packet, &mut self.payload);
        let adopt = opened.is_ok_and(|opened| opened.authenticated || self.keys.is_none());
        if adopt {
            self.keys = Some((Box::new(keys), source));
        }
        adopt
    }
}
