//! Rust text into C strings.

use core::ffi::c_char;
use std::ffi::CString;

/// Makes a C string of `text`; NULs inside, which C cannot carry, become `?`.
pub(crate) fn c_string(text: &str) -> CString {
    let bytes: Vec<u8> = text
        .bytes()
        .map(|b| if b == 0 { b'?' } else { b })
        .collect();
    CString::new(bytes).unwrap_or_default()
}

/// Returns a fixed array that holds `text` and at least one NUL after it. Text that is too long is
/// cut between characters.
pub(crate) fn c_array<const N: usize>(text: &str) -> [c_char; N] {
    let mut array = [0; N];
    let mut length = text.len().min(N - 1);
    while !text.is_char_boundary(length) {
        length -= 1;
    }
    for (place, byte) in array.iter_mut().zip(text.as_bytes()[..length].iter()) {
        *place = if *byte == 0 { b'?' } else { *byte }.cast_signed() as c_char;
    }
    array
}

#[cfg(test)]
mod tests {
    use super::{c_array, c_string};

    fn bytes<const N: usize>(text: &str) -> [u8; N] {
        c_array::<N>(text).map(|c| c as u8)
    }

    #[test]
    fn arrays_end_in_nul_and_cut_between_characters() {
        assert_eq!(&bytes::<4>("abcdef"), b"abc\0");
        assert_eq!(&bytes::<4>("ab"), b"ab\0\0");
        assert_eq!(&bytes::<4>("abé"), b"ab\0\0");
        assert_eq!(&bytes::<5>("abé"), "abé\0".as_bytes());
        assert_eq!(&bytes::<4>("a\0b"), b"a?b\0");
        assert_eq!(&bytes::<1>("a"), b"\0");
    }

    #[test]
    fn strings_lose_their_nuls() {
        assert_eq!(c_string("a\0b").as_bytes(), b"a?b");
    }
}
