//! Checked reading from the front of a byte slice; nothing is consumed by a read that fails.

/// A cursor over bytes that may end anywhere.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Bytes not yet read.
    pub(super) fn remaining(&self) -> usize {
        self.rest.len()
    }

    pub(super) fn u8(&mut self) -> Option<u8> {
        let (&first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(first)
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        let (word, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(u16::from_be_bytes(*word))
    }

    pub(super) fn u128(&mut self) -> Option<u128> {
        let (word, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(u128::from_be_bytes(*word))
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        let (word, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(u32::from_be_bytes(*word))
    }

    pub(super) fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(len)?;
        self.rest = rest;
        Some(taken)
    }

    /// At most `len` bytes: fewer where the bytes end before.
    pub(super) fn take_up_to(&mut self, len: u64) -> &'a [u8] {
        let len = usize::try_from(len).map_or(self.rest.len(), |len| len.min(self.rest.len()));
        let (taken, rest) = self.rest.split_at(len);
        self.rest = rest;
        taken
    }

    /// A variable-length integer: two bits of length, 6 to 62 bits of value (RFC 9000, section 16).
    pub(super) fn varint(&mut self) -> Option<u64> {
        let &first = self.rest.first()?;
        let bytes = self.take(1 << (first >> 6))?;
        let value = u64::from(first & 0x3f);
        Some(
            bytes[1..]
                .iter()
                .fold(value, |value, &byte| value << 8 | u64::from(byte)),
        )
    }

    /// A varint of bytes to skip.
    pub(super) fn varint_len(&mut self) -> Option<usize> {
        self.varint().and_then(|len| usize::try_from(len).ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varint_examples_of_rfc_9000_appendix_a1() {
        let examples: [(&[u8], u64); 5] = [
            (
                &[0xc2, 0x19, 0x7c, 0x5e, 0xff, 0x14, 0xe8, 0x8c],
                151_288_809_941_952_652,
            ),
            (&[0x9d, 0x7f, 0x3e, 0x7d], 494_878_333),
            (&[0x7b, 0xbd], 15_293),
            (&[0x25], 37),
            (&[0x40, 0x25], 37),
        ];
        for (bytes, value) in examples {
            let mut reader = Reader::new(bytes);
            assert_eq!(reader.varint(), Some(value));
            assert_eq!(reader.remaining(), 0);
            let mut cut = Reader::new(&bytes[..bytes.len() - 1]);
            assert_eq!(cut.varint(), None);
            assert_eq!(
                cut.remaining(),
                bytes.len() - 1,
                "a failed read consumes nothing"
            );
        }
    }
}
