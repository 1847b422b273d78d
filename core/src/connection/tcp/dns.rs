//! DNS messages over TCP, each preceded by its length (RFC 1035, section 4.2.2).

use crate::wire::dns::MAX_MESSAGE;

/// Size of the length before a message.
const PREFIX: usize = 2;

/// Extracts messages from a stream. Keeps at most one incomplete message.
#[derive(Debug, Default)]
pub(crate) struct DnsMessages {
    /// The next message so far, with its length.
    partial: Vec<u8>,
}

impl DnsMessages {
    /// Returns its heap memory, in bytes.
    pub(crate) fn heap(&self) -> usize {
        self.partial.capacity()
    }

    /// The most memory that one holds, in bytes: a list grows to twice its contents.
    pub(crate) const BOUND: usize = 2 * (PREFIX + MAX_MESSAGE);

    /// Reads stream bytes; `hidden` is true if bytes after them were not captured. Passes each
    /// message to `reader`, and a message that hidden bytes cut as far as it was captured.
    pub(crate) fn read(&mut self, mut bytes: &[u8], hidden: bool, mut reader: impl FnMut(&[u8])) {
        while !self.partial.is_empty() && !bytes.is_empty() {
            let missing = missing(&self.partial);
            let (part, rest) = bytes.split_at(missing.min(bytes.len()));
            self.partial.extend_from_slice(part);
            bytes = rest;
            // The length itself may have been split: with it, more may be missing.
            if self::missing(&self.partial) == 0 {
                reader(&self.partial[PREFIX..]);
                self.partial.clear();
            }
        }
        while !bytes.is_empty() {
            let Some((message, rest)) = whole(bytes) else {
                self.partial.extend_from_slice(bytes);
                break;
            };
            reader(message);
            bytes = rest;
        }
        if hidden {
            if let Some(cut) = self.partial.get(PREFIX..) {
                reader(cut);
            }
            self.partial = Vec::new();
        }
    }
}

/// Splits bytes into the first message and the rest.
fn whole(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(u16::from_be_bytes(*length).into())
}

/// Returns how many bytes a message lacks, or its length.
fn missing(partial: &[u8]) -> usize {
    match partial.split_first_chunk() {
        Some((length, rest)) => usize::from(u16::from_be_bytes(*length)) - rest.len(),
        None => PREFIX - partial.len(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(messages: &mut DnsMessages, bytes: &[u8], hidden: bool) -> Vec<Vec<u8>> {
        let mut found = Vec::new();
        messages.read(bytes, hidden, |message| found.push(message.to_vec()));
        found
    }

    #[test]
    fn what_was_captured_of_a_cut_message_is_handed_out() {
        let mut messages = DnsMessages::default();
        assert_eq!(
            read(&mut messages, b"\0\x01a\0\x05bcd", true),
            [&b"a"[..], b"bcd"]
        );
        assert_eq!(
            read(&mut messages, b"\0\x01e", false),
            [b"e"],
            "the next packet begins one"
        );
        assert!(read(&mut messages, b"\0", false).is_empty());
        assert!(read(&mut messages, b"", true).is_empty());
        assert_eq!(messages.heap(), 0);
    }

    proptest! {
        #[test]
        fn where_packets_divide_them_makes_no_difference(
            contents in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..10),
            cuts in prop::collection::vec(1..400_usize, 0..40),
        ) {
            let mut stream = Vec::new();
            for content in &contents {
                stream.extend((content.len() as u16).to_be_bytes());
                stream.extend(content);
            }
            let (mut messages, mut found, mut rest) = (DnsMessages::default(), Vec::new(), &stream[..]);
            for cut in cuts {
                let (part, behind) = rest.split_at(cut.min(rest.len()));
                found.extend(read(&mut messages, part, false));
                prop_assert!(messages.heap() <= DnsMessages::BOUND);
                rest = behind;
            }
            found.extend(read(&mut messages, rest, false));
            prop_assert_eq!(found, contents);
        }
    }
}
