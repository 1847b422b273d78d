//! Heads: their end, their fields, and the body that follows.

use httparse::Header;

/// The rule by which a message's body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Body {
    Length(u64),
    Chunked,
    UntilClose,
    /// Not a body: another head follows.
    Interim,
}

/// Returns the body framing by fields (RFC 9112, section 6.3); `None` if they contradict each
/// other.
pub(super) fn framing(headers: &[Header<'_>]) -> Option<Body> {
    if let Some(coding) = field(headers, "transfer-encoding") {
        let chunked = coding
            .trim_ascii()
            .to_ascii_lowercase()
            .ends_with(b"chunked");
        return Some(if chunked {
            Body::Chunked
        } else {
            Body::UntilClose
        });
    }
    let mut lengths = headers
        .iter()
        .filter(|h| h.name.eq_ignore_ascii_case("content-length"))
        .map(|h| h.value);
    let Some(value) = lengths.next() else {
        return Some(Body::UntilClose);
    };
    // Digits only (RFC 9110, section 8.6); a general number parser would accept a sign.
    let is_number = value.iter().all(u8::is_ascii_digit) && lengths.all(|other| other == value);
    str::from_utf8(value)
        .ok()
        .filter(|_| is_number)?
        .parse()
        .ok()
        .map(Body::Length)
}

pub(super) fn field<'a>(headers: &[Header<'a>], name: &str) -> Option<&'a [u8]> {
    headers
        .iter()
        .find(|h| h.name.eq_ignore_ascii_case(name))
        .map(|h| h.value)
}

/// Returns where in `bytes` the head that began in `before` ends: after its empty line.
pub(super) fn head_end(before: &[u8], bytes: &[u8]) -> Option<usize> {
    /// Longest part of a terminator that can be in `before`.
    const OVERLAP: usize = 3;
    let tail = &before[before.len().saturating_sub(OVERLAP)..];
    let mut joined = [0; 2 * OVERLAP];
    let beginning = &bytes[..bytes.len().min(OVERLAP)];
    joined[..tail.len()].copy_from_slice(tail);
    joined[tail.len()..tail.len() + beginning.len()].copy_from_slice(beginning);
    let across =
        terminator(&joined[..tail.len() + beginning.len()]).filter(|&end| end > tail.len());
    across
        .map(|end| end - tail.len())
        .or_else(|| terminator(bytes))
}

pub(super) fn terminator(bytes: &[u8]) -> Option<usize> {
    let mut line_start = None;
    for at in memchr::memchr_iter(b'\n', bytes) {
        if line_start.is_some_and(|start| at == start || (at == start + 1 && bytes[start] == b'\r'))
        {
            return Some(at + 1);
        }
        line_start = Some(at + 1);
    }
    None
}
