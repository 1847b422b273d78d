//! Hello messages of a connection that has just begun, taken out of their records.

use crate::tls::{ContentType, MAX_PLAINTEXT, RECORD_HEADER, RecordHeader};

/// Longest hello that is waited for, with its record headers. Post-quantum key shares make 2 kB; servers accept 16 kB.
const MAX_HELLO: usize = MAX_PLAINTEXT as usize + 64;

/// Collects the first handshake message of a direction.
#[derive(Debug, Default)]
pub(crate) struct HelloBuffer {
    raw: Vec<u8>,
    done: bool,
}

impl HelloBuffer {
    /// Whether the message was handed out, or given up.
    pub(crate) fn is_done(&self) -> bool {
        self.done
    }

    /// Memory behind it, in bytes.
    pub(crate) fn heap(&self) -> usize {
        self.raw.capacity()
    }

    /// Takes stream bytes, of `length` on the wire; hands out the message once: when it is whole, or, cut short, when
    /// the rest will not come.
    pub(crate) fn take(&mut self, bytes: &[u8], length: u64) -> Option<Vec<u8>> {
        if self.done {
            return None;
        }
        let room = MAX_HELLO.saturating_sub(self.raw.len());
        self.raw.extend_from_slice(&bytes[..bytes.len().min(room)]);
        let hidden = (bytes.len() as u64) < length || self.raw.len() >= MAX_HELLO;
        let (message, whole) = self.message();
        if !whole && !hidden {
            return None;
        }
        self.done = true;
        self.raw = Vec::new();
        (!message.is_empty()).then_some(message)
    }

    /// The message without record headers, as far as it is there, and whether that is all of it.
    fn message(&self) -> (Vec<u8>, bool) {
        let mut message = Vec::new();
        let mut rest = &self.raw[..];
        while let Some(header) = rest.first_chunk().copied() {
            let Some(header) = RecordHeader::parse(header) else { return (message, true) };
            if header.content_type != ContentType::Handshake {
                return (message, true);
            }
            rest = &rest[RECORD_HEADER as usize..];
            let (body, after) = rest.split_at(rest.len().min(header.length as usize));
            message.extend_from_slice(body);
            rest = after;
            if let Some(&[_, a, b, c]) = message.first_chunk::<4>() {
                let whole = 4 + u32::from_be_bytes([0, a, b, c]) as usize;
                if message.len() >= whole {
                    message.truncate(whole);
                    return (message, true);
                }
            }
        }
        (message, false)
    }
}
