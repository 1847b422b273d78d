//! The name in a QUIC connection's first packets.

use crate::wire::client_hello::ClientHello;
use crate::wire::quic::{ConnectionId, CryptoStream, InitialKeys, Packet, crypto_frames};

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
    /// Memory behind it, in bytes.
    pub(super) fn heap(&self) -> usize {
        let keys = self.keys.as_ref().map_or(0, |_| size_of::<InitialKeys>());
        keys + self.stream.heap() + self.payload.capacity()
    }

    /// Whether the ClientHello was handed out, or given up.
    pub(super) const fn is_done(&self) -> bool {
        self.done
    }

    /// Gives up, and lets go of what it allocated.
    pub(super) fn give_up(&mut self) {
        *self = Self {
            done: true,
            ..Self::default()
        };
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
        let name = hello
            .as_ref()
            .and_then(|hello| hello.server_name)
            .map(str::to_ascii_lowercase);
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
        let Some(version) = packet.version else {
            return false;
        };
        let source = (version, ConnectionId::new(packet.dcid));
        if let Some((keys, known)) = &self.keys {
            // Once the server answered, the client addresses it by another ID; the keys stay.
            let opened = keys.decrypt(packet, &mut self.payload);
            if opened.is_ok() || *known == source {
                return opened.is_ok();
            }
        }
        // A first packet, or one behind a Retry that was not captured.
        let Ok(keys) = InitialKeys::client(version, packet.dcid) else {
            return false;
        };
        let opened = keys.decrypt(packet, &mut self.payload);
        let adopt = opened.is_ok_and(|opened| opened.authenticated || self.keys.is_none());
        if adopt {
            self.keys = Some((Box::new(keys), source));
        }
        adopt
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::quic::tests::{crypto_frame, long_header};
    use crate::wire::quic::{Form, parse_datagram};

    const ID: &[u8] = b"original";

    /// A ClientHello that offers one protocol and names no server.
    fn hello(protocol: &str) -> Vec<u8> {
        let vector = |body: &[u8]| [&(body.len() as u16).to_be_bytes(), body].concat();
        let offer = [&[protocol.len() as u8], protocol.as_bytes()].concat();
        let alpn = [&[0, 16], &vector(&vector(&offer))[..]].concat();
        let body = [
            &[3, 3],
            &[7; 32][..],
            &[0],
            &vector(&[0x13, 1]),
            &[1, 0],
            &vector(&alpn),
        ]
        .concat();
        [&[1, 0], &vector(&body)[..]].concat()
    }

    fn read(frames: &[u8], captured: usize) -> Option<Hello> {
        let mut frames = frames.to_vec();
        frames.resize(1150, 0);
        let header = long_header(1, Form::Initial, ID, &[], &[], frames.len());
        let packet = InitialKeys::client(1, ID)
            .unwrap()
            .seal(&header, 4, &frames);
        let captured = &packet[..captured.min(packet.len())];
        HelloReader::default().take(&parse_datagram(captured, packet.len(), None).next().unwrap())
    }

    #[test]
    fn offers_are_told_apart() {
        for (protocol, http3) in [("h3", true), ("h3-29", true), ("doq", false)] {
            let said = read(&crypto_frame(0, &hello(protocol)), 2000);
            assert_eq!(
                said,
                Some(Hello {
                    name: None,
                    http3: Some(http3)
                }),
                "{protocol}"
            );
        }
    }

    #[test]
    fn part_of_a_hello_says_nothing() {
        let hello = hello("h3");
        assert_eq!(
            read(&crypto_frame(0, &hello[..hello.len() - 1]), 2000),
            None
        );
        assert_eq!(read(&crypto_frame(1, &hello[1..]), 2000), None);
        assert_eq!(read(&crypto_frame(0, &hello), 80), None);
    }
}
