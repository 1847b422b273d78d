//! Hello messages at the start of a connection, extracted from their records.

use crate::wire::tls::{ContentType, MAX_PLAINTEXT, RECORD_HEADER, RecordHeader};

/// Longest hello to wait for, with its record headers. Post-quantum key shares make 2 kB; servers
/// accept 16 kB.
const MAX_HELLO: usize = MAX_PLAINTEXT as usize + 64;

/// Collects the first handshake message of a direction.
#[derive(Debug, Default)]
pub(crate) struct HelloBuffer {
    message: Vec<u8>,
    /// The header of the current record, as far as it came.
    header: [u8; RECORD_HEADER as usize],
    header_length: usize,
    /// Bytes of the record that are still to come.
    body: usize,
    /// Bytes taken.
    taken: usize,
    done: bool,
}

impl HelloBuffer {
    /// The most memory that one holds, in bytes: a list grows to twice its contents.
    pub(crate) const BOUND: usize = 2 * MAX_HELLO;

    /// Returns true if the message was returned or given up.
    pub(crate) fn is_done(&self) -> bool {
        self.done
    }

    /// Returns its heap memory, in bytes.
    pub(crate) fn heap(&self) -> usize {
        self.message.capacity()
    }

    /// Reads stream bytes, `length` on the wire. Returns the message once: when it is whole or, cut
    /// short, when the rest will not come.
    pub(crate) fn take(&mut self, bytes: &[u8], length: u64) -> Option<Vec<u8>> {
        if self.done {
            return None;
        }
        let usable = &bytes[..bytes.len().min(MAX_HELLO - self.taken)];
        self.taken += usable.len();
        let hidden = (bytes.len() as u64) < length || self.taken >= MAX_HELLO;
        if !self.read(usable) && !hidden {
            return None;
        }
        self.done = true;
        let message = std::mem::take(&mut self.message);
        (!message.is_empty()).then_some(message)
    }

    /// Extracts bytes from their records. Returns true if the message is whole.
    fn read(&mut self, mut bytes: &[u8]) -> bool {
        while !bytes.is_empty() {
            if self.body == 0 {
                let (part, rest) =
                    bytes.split_at(bytes.len().min(self.header.len() - self.header_length));
                self.header[self.header_length..][..part.len()].copy_from_slice(part);
                self.header_length += part.len();
                bytes = rest;
                if self.header_length < self.header.len() {
                    break;
                }
                self.header_length = 0;
                let header = RecordHeader::parse(self.header);
                let Some(header) =
                    header.filter(|header| header.content_type == ContentType::Handshake)
                else {
                    return true;
                };
                self.body = header.length as usize;
            }
            let (part, rest) = bytes.split_at(bytes.len().min(self.body));
            self.message.extend_from_slice(part);
            self.body -= part.len();
            bytes = rest;
            if let Some(&[_, a, b, c]) = self.message.first_chunk::<4>() {
                let whole = 4 + u32::from_be_bytes([0, a, b, c]) as usize;
                if self.message.len() >= whole {
                    self.message.truncate(whole);
                    return true;
                }
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Returns the message in stream bytes that came at once.
    fn at_once(bytes: &[u8], length: u64) -> Option<Vec<u8>> {
        HelloBuffer::default().take(bytes, length)
    }

    #[test]
    fn a_message_is_put_together_from_its_records() {
        let stream = [
            22, 3, 1, 0, 3, 1, 0, 0, 22, 3, 1, 0, 4, 3, b'a', b'b', b'c', 22, 3, 1,
        ];
        let message = [1, 0, 0, 3, b'a', b'b', b'c'];
        assert_eq!(
            at_once(&stream, stream.len() as u64).as_deref(),
            Some(&message[..])
        );
        assert_eq!(at_once(&stream[..15], 15), None, "more may come");
        assert_eq!(
            at_once(&stream[..15], 16).as_deref(),
            Some(&message[..5]),
            "the rest was cut"
        );
        let other = [&stream[..8], &[23, 3, 3, 0, 9]].concat();
        assert_eq!(
            at_once(&other, other.len() as u64).as_deref(),
            Some(&message[..3]),
            "others end it"
        );
        assert_eq!(at_once(b"GET / HTTP/1.1", 14), None);
    }

    #[test]
    fn endless_messages_are_given_up() {
        let mut buffer = HelloBuffer::default();
        let mut handed = None;
        assert_eq!(buffer.take(&[22, 3, 1, 0x40, 0, 1, 255, 255, 255], 9), None);
        for _ in 0..MAX_HELLO {
            handed = handed.or(buffer.take(&[0], 1));
            assert!(buffer.heap() <= 2 * MAX_HELLO);
        }
        assert!(buffer.is_done() && handed.is_some_and(|message| message.len() <= MAX_HELLO));
    }

    proptest! {
        #[test]
        fn where_packets_divide_it_makes_no_difference(
            bodies in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..20), 1..6),
            length in 0..60_u8,
            cuts in prop::collection::vec(1..9_usize, 0..60),
        ) {
            let mut stream = vec![22, 3, 3, 0, 4, 1, 0, 0, length];
            for body in &bodies {
                stream.extend([22, 3, 3, 0, body.len() as u8]);
                stream.extend(body);
            }
            let expected = at_once(&stream, stream.len() as u64);
            let mut buffer = HelloBuffer::default();
            let (mut rest, mut found) = (&stream[..], None);
            for cut in cuts {
                let (part, after) = rest.split_at(cut.min(rest.len()));
                found = found.or(buffer.take(part, part.len() as u64));
                rest = after;
            }
            found = found.or(buffer.take(rest, rest.len() as u64));
            prop_assert_eq!(found, expected);
        }
    }
}
