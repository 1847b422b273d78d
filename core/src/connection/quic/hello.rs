//! The name in a QUIC connection's first packets.

use crate::bounded::work;
use crate::wire::client_hello::ClientHello;
use crate::wire::quic::{
    ConnectionId, CryptoStream, DEFAULT_CRYPTO_LIMIT, InitialKeys, QuicPacket, crypto_frames,
};

/// Start of the ALPN names of HTTP/3 and its drafts (RFC 9114, section 3.1).
const ALPN_HTTP3: &[u8] = b"h3";

/// Bytes of a hello that may be read again as more of it arrives: four times a hello of the longest
/// kind. Real hellos come in two to four pieces of one or two kilobytes.
const MOST_READ_AGAIN: usize = 4 * DEFAULT_CRYPTO_LIMIT;

/// Bytes after a packet's header that are too few for a hello to name its server: packet number and
/// CRYPTO frame take four, the hello up to its extensions 47 (RFC 8446, section 4.1.2), and the
/// name's extension nine before the name (RFC 6066, section 3).
const LEAST_WITH_NAME: usize = 4 + 47 + 9;

/// Cost of making keys, in steps: about ten blocks of SHA-256.
const KEY_STEPS: usize = 600;

/// Facts about the connection from a ClientHello.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Hello {
    /// The server's name, lower case.
    pub(super) name: Option<String>,
    /// True if the name may be only a cover, because the hello carries an encrypted one.
    pub(super) encrypted: bool,
    /// True if HTTP/3 is among the offered protocols; `None` if that was not captured.
    pub(super) http3: Option<bool>,
}

/// Reads the ClientHello from the client's Initial packets (RFC 9001, sections 4 and 5.2).
#[derive(Debug, Default)]
pub(super) struct HelloReader {
    /// The keys, with the version and connection ID that they derive from. Boxed, because they are
    /// large and only needed for a few packets.
    keys: Option<(Box<InitialKeys>, KeySource)>,
    /// Keys of the last connection ID that opened no packet so far. Packets of one datagram have
    /// the same ID, and making keys takes longer than trying them.
    refused: Option<(Box<InitialKeys>, KeySource)>,
    stream: CryptoStream,
    /// Length of the stream's beginning when it was last read, and of everything that was read
    /// before.
    read: usize,
    read_in_all: usize,
    payload: Vec<u8>,
    done: bool,
}

type KeySource = (u32, ConnectionId);

impl HelloReader {
    /// The most memory that one holds, in bytes: keys, and lists of a hello and of the datagram
    /// with it, which grow to twice their contents next to their old copy.
    pub(super) const BOUND: u64 =
        (2 * size_of::<InitialKeys>() + 3 * (DEFAULT_CRYPTO_LIMIT * 9 / 8 + (1 << 16))) as u64;

    /// Returns its heap memory, in bytes.
    pub(super) fn heap(&self) -> usize {
        let keys = usize::from(self.keys.is_some()) + usize::from(self.refused.is_some());
        keys * size_of::<InitialKeys>() + self.stream.heap() + self.payload.capacity()
    }

    /// Returns true if the ClientHello was returned or given up.
    pub(super) const fn is_done(&self) -> bool {
        self.done
    }

    /// Gives up, and frees its memory.
    pub(super) fn give_up(&mut self) {
        *self = Self {
            done: true,
            ..Self::default()
        };
    }

    /// Starts over, because the server asked for another beginning by a Retry or a Version
    /// Negotiation: the next Initial has new keys.
    pub(super) fn begin_again(&mut self) {
        self.keys = None;
    }

    /// Reads a client's Initial. Returns the ClientHello once, as soon as it is whole or has named
    /// the server.
    pub(super) fn take(&mut self, packet: &QuicPacket<'_>) -> Option<Hello> {
        let captured = packet.bytes.len().saturating_sub(packet.header_len);
        // If the packet was cut before a name could appear, decrypting it would reveal nothing.
        let is_useless = packet.is_cut() && captured < LEAST_WITH_NAME;
        if self.done || is_useless || !self.open(packet) {
            return None;
        }
        for frame in crypto_frames(&self.payload) {
            self.stream.insert(frame.offset, frame.data);
        }
        if !self.is_worth_reading() {
            return None;
        }
        let hello = ClientHello::parse(self.stream.prefix());
        let name = hello
            .as_ref()
            .and_then(|hello| hello.server_name)
            .map(str::to_ascii_lowercase);
        if name.is_none() && self.stream.wants_more() {
            return None;
        }
        let encrypted = hello.as_ref().is_some_and(|hello| hello.encrypted);
        let http3 = hello.and_then(|hello| {
            let mut offers = hello.alpn.clone().peekable();
            offers.peek()?;
            let found = offers.any(|protocol| protocol.starts_with(ALPN_HTTP3));
            (found || !hello.truncated).then_some(found)
        });
        self.give_up();
        Some(Hello {
            name,
            encrypted,
            http3,
        })
    }

    /// Returns true if the hello may show more than when it was last read. A hello that grows by a
    /// byte at a time is not read each time: after some attempts, only once it is whole.
    fn is_worth_reading(&mut self) -> bool {
        let length = self.stream.prefix().len();
        if length == self.read && self.stream.wants_more() {
            return false;
        }
        if self.read_in_all + length > MOST_READ_AGAIN && self.stream.wants_more() {
            return false;
        }
        self.read = length;
        self.read_in_all += length;
        work::count(length);
        true
    }

    /// Decrypts a packet into `payload`.
    fn open(&mut self, packet: &QuicPacket<'_>) -> bool {
        let Some(version) = packet.version else {
            return false;
        };
        let source = (version, ConnectionId::new(packet.dcid));
        if let Some((keys, known)) = &mut self.keys {
            // Once the server answered, the client uses another ID, but the keys stay.
            let opened = keys.decrypt(packet, &mut self.payload);
            if opened.is_ok() || *known == source {
                return opened.is_ok();
            }
        }
        // A first packet, or one after a Retry that was not captured.
        let made = match self.refused.take().filter(|(_, known)| *known == source) {
            Some((keys, _)) => Ok(keys),
            None => {
                work::count(KEY_STEPS);
                InitialKeys::client(version, packet.dcid).map(Box::new)
            }
        };
        let Ok(mut keys) = made else {
            return false;
        };
        let opened = keys.decrypt(packet, &mut self.payload);
        let adopt = opened.is_ok_and(|opened| opened.authenticated || self.keys.is_none());
        let place = if adopt {
            &mut self.keys
        } else {
            &mut self.refused
        };
        *place = Some((keys, source));
        adopt
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::quic::tests::{crypto_frame, long_header};
    use crate::wire::quic::{Form, parse_datagram};

    const ID: &[u8] = b"original";

    /// Builds a ClientHello that offers one protocol and names no server.
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
                    encrypted: false,
                    http3: Some(http3)
                }),
                "{protocol}"
            );
        }
    }

    /// A hello of 16,000 bytes without a name until its end, in packets that add one byte each.
    #[test]
    fn a_hello_that_grows_by_single_bytes_is_read_a_few_times() {
        let mut long = hello("h3");
        long.splice(1..4, [0, 0x3e, 0x7c]);
        long.resize(4 + 0x3e7c, 0);
        let mut reader = HelloReader::default();
        let (first, rest) = long.split_at(15_000);
        reader.stream.insert(0, first);
        assert!(reader.is_worth_reading() && !reader.is_worth_reading());
        let mut read = 1;
        for (offset, byte) in (15_000..).zip(&rest[..rest.len() - 1]) {
            reader.stream.insert(offset, &[*byte]);
            read += usize::from(reader.is_worth_reading());
        }
        assert_eq!(read, MOST_READ_AGAIN / 15_000);
        reader.stream.insert(long.len() as u64 - 1, &[0]);
        assert!(reader.is_worth_reading(), "it is whole");
    }

    #[test]
    fn keys_are_made_once_for_a_connection_id() {
        let header = long_header(1, Form::Initial, ID, &[], &[], 1150);
        let mut packet = InitialKeys::client(1, ID)
            .unwrap()
            .seal(&header, 4, &[0; 1150]);
        let tag = packet.len() - 1;
        packet[tag] ^= 1;
        let mut reader = HelloReader::default();
        let parsed = |bytes: &[u8]| {
            parse_datagram(bytes, bytes.len(), None)
                .next()
                .map(|p| p.packet_len)
        };
        assert_eq!(parsed(&packet), Some(packet.len()));
        for _ in 0..3 {
            assert_eq!(
                reader.take(&parse_datagram(&packet, packet.len(), None).next().unwrap()),
                None
            );
            assert!(reader.keys.is_none() && reader.refused.is_some());
        }
        let refused = reader
            .refused
            .as_ref()
            .map(|(keys, _)| std::ptr::from_ref(&**keys));
        packet[tag] ^= 1;
        reader.take(&parse_datagram(&packet, packet.len(), None).next().unwrap());
        assert_eq!(
            reader
                .keys
                .as_ref()
                .map(|(keys, _)| std::ptr::from_ref(&**keys)),
            refused
        );
        assert!(reader.refused.is_none());
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
