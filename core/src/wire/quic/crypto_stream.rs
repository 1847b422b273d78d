//! The handshake's byte stream, assembled from CRYPTO frames.

/// Largest number of handshake bytes that are kept: a `ClientHello` of one full TLS record, 2^14
/// bytes (RFC 8446, section 5.1).
///
/// QUIC has no records, but stacks keep to hellos that work over TCP as well. Four times what RFC
/// 9000, section 7.5 requires every endpoint to buffer.
pub const DEFAULT_CRYPTO_LIMIT: usize = 1 << 14;

/// Length of a handshake message's header: type and 24-bit length (RFC 8446, section 4).
const MESSAGE_HEADER_LEN: usize = 4;

const WORD_BITS: usize = u64::BITS as usize;

/// One direction of a connection's handshake at one encryption level.
///
/// Accepts fragments in any order, overlapping or repeated, because browsers shuffle them on
/// purpose. If two fragments disagree, the first one seen stays. The result does not depend on the
/// order of fragments that agree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CryptoStream {
    bytes: Vec<u8>,
    /// One bit per byte of `bytes`: set if it was received.
    received: Vec<u64>,
    prefix_len: usize,
    limit: usize,
}

impl CryptoStream {
    /// Creates a stream that keeps [`DEFAULT_CRYPTO_LIMIT`] bytes. Allocates on the first insert.
    #[must_use]
    pub const fn new() -> Self {
        Self::with_limit(DEFAULT_CRYPTO_LIMIT)
    }

    /// Creates a stream that keeps the first `limit` bytes and ignores later ones.
    #[must_use]
    pub const fn with_limit(limit: usize) -> Self {
        Self {
            bytes: Vec::new(),
            received: Vec::new(),
            prefix_len: 0,
            limit,
        }
    }

    /// Returns its heap memory, in bytes.
    #[must_use]
    pub fn heap(&self) -> usize {
        self.bytes.capacity() + self.received.capacity() * size_of::<u64>()
    }

    /// Adds the data of a CRYPTO frame.
    pub fn insert(&mut self, offset: u64, data: &[u8]) {
        let Some(start) = usize::try_from(offset)
            .ok()
            .filter(|&start| start < self.limit)
        else {
            return;
        };
        let data = &data[..data.len().min(self.limit - start)];
        let end = start + data.len();
        if end > self.bytes.len() {
            self.bytes.resize(end, 0);
            self.received.resize(end.div_ceil(WORD_BITS), 0);
        }
        for (at, &byte) in (start..).zip(data) {
            if !self.is_received(at) {
                self.bytes[at] = byte;
                self.received[at / WORD_BITS] |= 1 << (at % WORD_BITS);
            }
        }
        while self.is_received(self.prefix_len) {
            self.prefix_len += 1;
        }
    }

    /// Returns the stream from its beginning to the first gap.
    #[must_use]
    pub fn prefix(&self) -> &[u8] {
        &self.bytes[..self.prefix_len]
    }

    /// Returns true if more frames could still complete the first message: false once it is there
    /// or if it exceeds the limit.
    #[must_use]
    pub fn wants_more(&self) -> bool {
        self.message_len()
            .map_or(self.limit >= MESSAGE_HEADER_LEN, |len| {
                len <= self.limit && len > self.prefix_len
            })
    }

    fn message_len(&self) -> Option<usize> {
        let &[_, high, middle, low] = self.prefix().first_chunk::<MESSAGE_HEADER_LEN>()?;
        let len = u32::from_be_bytes([0, high, middle, low]);
        Some(MESSAGE_HEADER_LEN + usize::try_from(len).ok()?)
    }

    fn is_received(&self, at: usize) -> bool {
        self.received
            .get(at / WORD_BITS)
            .is_some_and(|word| word >> (at % WORD_BITS) & 1 == 1)
    }
}

impl Default for CryptoStream {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HELLO: &[u8] = b"\x01\x00\x00\x06abcdef";

    #[test]
    fn a_message_is_complete_with_its_last_byte() {
        let mut stream = CryptoStream::new();
        stream.insert(3, &HELLO[3..]);
        assert_eq!((stream.prefix(), stream.wants_more()), (&[][..], true));
        stream.insert(0, &HELLO[..2]);
        assert_eq!((stream.prefix(), stream.wants_more()), (&HELLO[..2], true));
        stream.insert(1, &HELLO[1..4]);
        assert_eq!((stream.prefix(), stream.wants_more()), (HELLO, false));
        stream.insert(10, b"next message");
        assert!(stream.prefix().starts_with(HELLO) && !stream.wants_more());
    }

    #[test]
    fn the_first_of_two_contradicting_fragments_stays() {
        let mut stream = CryptoStream::new();
        stream.insert(1, b"bc");
        stream.insert(0, b"XYZW");
        assert_eq!(stream.prefix(), b"XbcW");
    }

    #[test]
    fn the_limit_bounds_memory() {
        let mut stream = CryptoStream::with_limit(100);
        stream.insert(u64::MAX, b"a");
        stream.insert(100, b"a");
        assert!(stream.bytes.is_empty());
        stream.insert(90, &[1; 1000]);
        stream.insert(0, &[1; 1000]);
        assert_eq!((stream.prefix().len(), stream.received.len()), (100, 2));
        assert!(!stream.wants_more(), "a message of 65,797 bytes never fits");
    }
}
