//! Strangers' text made safe to display: characters that would control a terminal, start a line or
//! change the reading direction are shown as escapes.

use std::borrow::Cow;
use std::fmt::Write;
use std::path::Path;

/// Returns true for characters that act on what displays them: controls (including ESC, line ends
/// and the C1 set), line and paragraph separators, the marks of the bidirectional algorithm (UAX
/// #9, section 2), and the zero-width no-break space that begins files.
pub(crate) fn acts(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{061c}'
                | '\u{200e}'
                | '\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2066}'..='\u{2069}'
                | '\u{feff}'
        )
}

/// Returns `text` with every character that [`acts`] replaced by its escape, as in Rust and
/// JavaScript.
pub(crate) fn escaped(text: &str) -> Cow<'_, str> {
    if !text.contains(acts) {
        return text.into();
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if acts(c) {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out.into()
}

/// Returns a file's name, safe to display. Bytes that are not UTF-8 are shown in hexadecimal.
pub(crate) fn path(path: &Path) -> String {
    let mut out = String::new();
    for chunk in path.as_os_str().as_encoded_bytes().utf8_chunks() {
        out.push_str(&escaped(chunk.valid()));
        for byte in chunk.invalid() {
            let _ = write!(out, "\\x{byte:02x}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_is_escaped_and_nothing_else() {
        for plain in ["a.pcap", "é ü 中", "-", "a\\b", "\u{1f600}"] {
            assert!(matches!(escaped(plain), Cow::Borrowed(same) if same == plain));
        }
        for (text, shown) in [
            ("a\x1b[31m", "a\\u{1b}[31m"),
            ("a\nnflx: b", "a\\nnflx: b"),
            ("\u{9b}2J", "\\u{9b}2J"),
            ("x\u{202e}gpj.pcap", "x\\u{202e}gpj.pcap"),
            ("\u{2066}a\u{2069}\u{200f}", "\\u{2066}a\\u{2069}\\u{200f}"),
            ("\u{2028}\u{feff}\x7f", "\\u{2028}\\u{feff}\\u{7f}"),
        ] {
            assert_eq!(escaped(text), shown);
        }
    }

    #[cfg(unix)]
    #[test]
    fn bytes_that_are_no_text_are_numbers() {
        use std::ffi::OsStr;
        use std::os::unix::ffi::OsStrExt;
        let name = OsStr::from_bytes(b"a\xff\x1b\xc3.pcap");
        assert_eq!(path(Path::new(name)), "a\\xff\\u{1b}\\xc3.pcap");
    }
}
