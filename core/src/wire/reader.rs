//! Checked reading from the front of a byte slice.

/// A cursor over bytes that may end anywhere. A read that fails consumes nothing, and is
/// remembered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
    cut: bool,
}

impl<'a> Reader<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self {
            rest: bytes,
            cut: false,
        }
    }

    /// Returns true if a requested byte was missing.
    pub(crate) const fn is_cut(&self) -> bool {
        self.cut
    }

    /// Records that a reader of a part missed a byte.
    pub(crate) const fn note_cut(&mut self, part: &Self) {
        self.cut |= part.cut;
    }

    /// Returns the bytes not yet read.
    pub(crate) const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Returns the number of unread bytes.
    pub(crate) const fn remaining(&self) -> usize {
        self.rest.len()
    }

    pub(crate) fn u8(&mut self) -> Option<u8> {
        self.array().map(u8::from_be_bytes)
    }

    pub(crate) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    pub(crate) fn u24(&mut self) -> Option<usize> {
        let [high, middle, low] = self.array()?;
        usize::try_from(u32::from_be_bytes([0, high, middle, low])).ok()
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    pub(crate) fn u128(&mut self) -> Option<u128> {
        self.array().map(u128::from_be_bytes)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let Some((taken, rest)) = self.rest.split_first_chunk() else {
            self.cut = true;
            return None;
        };
        self.rest = rest;
        Some(*taken)
    }

    pub(crate) fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let Some((taken, rest)) = self.rest.split_at_checked(len) else {
            self.cut = true;
            return None;
        };
        self.rest = rest;
        Some(taken)
    }

    /// Splits off a reader of the next `len` bytes, or of those that are available.
    pub(crate) fn part(&mut self, len: usize) -> Self {
        self.cut |= len > self.rest.len();
        let (taken, rest) = self.rest.split_at(len.min(self.rest.len()));
        self.rest = rest;
        Self {
            rest: taken,
            cut: self.cut,
        }
    }

    /// Reads at most `len` bytes: fewer if the bytes end before.
    pub(crate) fn take_up_to(&mut self, len: u64) -> &'a [u8] {
        let len = usize::try_from(len).map_or(self.rest.len(), |len| len.min(self.rest.len()));
        let (taken, rest) = self.rest.split_at(len);
        self.rest = rest;
        taken
    }

    /// Reads a variable-length integer: two bits of length, 6 to 62 bits of value (RFC 9000,
    /// section 16).
    pub(crate) fn varint(&mut self) -> Option<u64> {
        let &first = self.rest.first()?;
        let bytes = self.take(1 << (first >> 6))?;
        let value = u64::from(first & 0x3f);
        Some(
            bytes[1..]
                .iter()
                .fold(value, |value, &byte| value << 8 | u64::from(byte)),
        )
    }

    /// Reads a varint that states a number of bytes to skip.
    pub(crate) fn varint_len(&mut self) -> Option<usize> {
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
