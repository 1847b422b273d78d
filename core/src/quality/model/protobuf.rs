//! The wire format of Protocol Buffers, as far as ONNX files use it.
//!
//! Source: <https://protobuf.dev/programming-guides/encoding/>. Groups are long deprecated, and
//! refused.

use super::ModelError;
use super::limits::at_most;

/// A field's value as written in the file.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum FieldValue<'a> {
    /// A number of variable length: integers, enumerations, booleans.
    Varint(u64),
    /// Eight bytes: a double.
    Fixed64([u8; 8]),
    /// Bytes with their length in front: strings, messages, packed numbers.
    Bytes(&'a [u8]),
    /// Four bytes: a float.
    Fixed32([u8; 4]),
}

impl<'a> FieldValue<'a> {
    pub(super) fn bytes(self) -> Result<&'a [u8], ModelError> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            _ => Err(ModelError::Malformed(
                "a field has another type than it should",
            )),
        }
    }

    pub(super) fn text(self) -> Result<&'a str, ModelError> {
        std::str::from_utf8(self.bytes()?).map_err(|_| ModelError::Malformed("a text is not UTF-8"))
    }

    pub(super) fn integer(self) -> Result<i64, ModelError> {
        match self {
            Self::Varint(number) => Ok(number.cast_signed()),
            _ => Err(ModelError::Malformed(
                "a field has another type than it should",
            )),
        }
    }

    pub(super) fn float(self) -> Result<f32, ModelError> {
        match self {
            Self::Fixed32(bytes) => Ok(f32::from_le_bytes(bytes)),
            _ => Err(ModelError::Malformed(
                "a field has another type than it should",
            )),
        }
    }

    /// Appends the integers of a repeated field, either packed or one by one, up to `limit`.
    pub(super) fn integers(self, to: &mut Vec<i64>, limit: usize) -> Result<(), ModelError> {
        let Self::Bytes(mut packed) = self else {
            at_most("numbers in a list", to.len() + 1, limit)?;
            to.push(self.integer()?);
            return Ok(());
        };
        // A byte that does not continue ends a number, so the list can be allocated once, in its
        // exact size.
        let count = packed.iter().filter(|byte| **byte < 0x80).count();
        at_most("numbers in a list", to.len() + count, limit)?;
        to.reserve(count);
        while !packed.is_empty() {
            to.push(varint(&mut packed)?.cast_signed());
        }
        Ok(())
    }

    /// Appends the floats of a repeated field, either packed or one by one.
    pub(super) fn floats(self, to: &mut Vec<f32>) -> Result<(), ModelError> {
        let Self::Bytes(packed) = self else {
            to.push(self.float()?);
            return Ok(());
        };
        to.extend(
            chunks(packed)?
                .iter()
                .map(|bytes| f32::from_le_bytes(*bytes)),
        );
        Ok(())
    }

    /// Appends the doubles of a repeated field, either packed or one by one.
    pub(super) fn doubles(self, to: &mut Vec<f64>) -> Result<(), ModelError> {
        match self {
            Self::Bytes(packed) => to.extend(
                chunks(packed)?
                    .iter()
                    .map(|bytes| f64::from_le_bytes(*bytes)),
            ),
            Self::Fixed64(bytes) => to.push(f64::from_le_bytes(bytes)),
            _ => {
                return Err(ModelError::Malformed(
                    "a field has another type than it should",
                ));
            }
        }
        Ok(())
    }
}

/// Divides bytes into numbers of `N` bytes each.
pub(super) fn chunks<const N: usize>(bytes: &[u8]) -> Result<&[[u8; N]], ModelError> {
    match bytes.as_chunks() {
        (chunks, []) => Ok(chunks),
        _ => Err(ModelError::Malformed("a list of numbers is cut")),
    }
}

/// The fields of a message, in their order.
pub(super) struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    pub(super) fn of(message: &'a [u8]) -> Self {
        Self(message)
    }

    /// Returns the next field's number and value.
    pub(super) fn next(&mut self) -> Result<Option<(u64, FieldValue<'a>)>, ModelError> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let tag = varint(&mut self.0)?;
        let value = match tag & 7 {
            0 => FieldValue::Varint(varint(&mut self.0)?),
            1 => FieldValue::Fixed64(*self.take_array()?),
            2 => {
                let length = varint(&mut self.0)?;
                FieldValue::Bytes(self.take(usize::try_from(length).unwrap_or(usize::MAX))?)
            }
            5 => FieldValue::Fixed32(*self.take_array()?),
            _ => {
                return Err(ModelError::Malformed(
                    "it is not encoded in Protocol Buffers",
                ));
            }
        };
        Ok(Some((tag >> 3, value)))
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], ModelError> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(CUT)?;
        self.0 = rest;
        Ok(taken)
    }

    fn take_array<const N: usize>(&mut self) -> Result<&'a [u8; N], ModelError> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(CUT)?;
        self.0 = rest;
        Ok(taken)
    }
}

const CUT: ModelError = ModelError::Malformed("it is cut");

/// Takes a number of variable length: seven bits a byte, the lowest first.
fn varint(bytes: &mut &[u8]) -> Result<u64, ModelError> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first().ok_or(CUT)?;
        *bytes = rest;
        // The tenth byte holds only one more bit; decoders drop the rest.
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Ok(number);
        }
    }
    Err(ModelError::Malformed("a number has more than ten bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wire_type_is_read() {
        let message = [
            0x08, 0x96, 0x01, 0x12, 2, b'o', b'k', 0x1d, 0, 0, 0x80, 0x3f, 0x21, 0, 0, 0, 0, 0, 0,
            0xf0, 0x3f,
        ];
        let mut fields = Fields::of(&message);
        let mut next = || fields.next().unwrap();
        assert_eq!(next(), Some((1, FieldValue::Varint(150))));
        let (number, text) = next().unwrap();
        assert_eq!((number, text.text().unwrap()), (2, "ok"));
        assert_eq!(next().unwrap().1.float(), Ok(1.0));
        let mut doubles = Vec::new();
        next().unwrap().1.doubles(&mut doubles).unwrap();
        assert_eq!(doubles, [1.0]);
        assert_eq!(next(), None);
    }

    #[test]
    fn packed_and_single_numbers_are_the_same() {
        let (mut packed, mut single) = (Vec::new(), Vec::new());
        FieldValue::Bytes(&[1, 0x96, 1])
            .integers(&mut packed, 3)
            .unwrap();
        FieldValue::Varint(1).integers(&mut single, 3).unwrap();
        FieldValue::Varint(150).integers(&mut single, 3).unwrap();
        assert_eq!(packed, single);
        let minus_one = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1];
        FieldValue::Bytes(&minus_one)
            .integers(&mut packed, 3)
            .unwrap();
        assert_eq!(packed.last(), Some(&-1));
        assert!(matches!(
            FieldValue::Bytes(&[1]).integers(&mut packed, 3),
            Err(ModelError::TooMany { .. })
        ));
        assert!(matches!(
            FieldValue::Varint(1).integers(&mut packed, 3),
            Err(ModelError::TooMany { .. })
        ));
    }

    #[test]
    fn what_is_cut_or_no_message_is_refused() {
        for wrong in [
            &[0x08][..],
            &[0x12, 3, 1, 2],
            &[0x1d, 0, 0],
            &[0x21, 0],
            &[0x0b],
            &[0xff; 11],
        ] {
            assert!(
                matches!(Fields::of(wrong).next(), Err(ModelError::Malformed(_))),
                "{wrong:?}"
            );
        }
        assert!(
            FieldValue::Bytes(&[0, 0, 0])
                .floats(&mut Vec::new())
                .is_err()
        );
        assert!(
            FieldValue::Bytes(&[0x80])
                .integers(&mut Vec::new(), 3)
                .is_err()
        );
        assert!(
            FieldValue::Varint(1).text().is_err() && FieldValue::Bytes(&[0xff]).text().is_err()
        );
    }
}
