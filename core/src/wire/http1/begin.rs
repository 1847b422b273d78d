//! The first bytes of a message, and the empty lines before it.

/// Methods, which matter for how a response ends (RFC 9110, section 9).
const METHODS: [&[u8]; 9] = [
    b"GET ",
    b"POST ",
    b"HEAD ",
    b"PUT ",
    b"OPTIONS ",
    b"DELETE ",
    b"PATCH ",
    b"CONNECT ",
    b"TRACE ",
];

/// Returns what follows the empty lines that may precede a message (RFC 9112, section 2.2).
#[must_use]
pub fn behind_empty_lines(bytes: &[u8]) -> &[u8] {
    &bytes[empty_lines(bytes)..]
}

/// Returns the length of these lines, in bytes.
pub(super) fn empty_lines(bytes: &[u8]) -> usize {
    let is_end = |byte: &&u8| matches!(byte, b'\r' | b'\n');
    bytes.iter().take_while(is_end).count()
}

/// Returns true if these bytes begin a request line, or empty lines before one.
#[must_use]
pub fn looks_like_request(bytes: &[u8]) -> bool {
    // Nearly all packets can be judged by their first byte.
    let bytes = behind_empty_lines(bytes);
    let &[first, second, third, ..] = bytes else {
        return false;
    };
    first.is_ascii_uppercase()
        && METHODS.iter().any(|method| {
            let shared = method.len().min(bytes.len());
            method[..3] == [first, second, third] && bytes[..shared] == method[..shared]
        })
}

/// Returns true if these few bytes may begin a request line, or empty lines before one.
#[must_use]
pub fn may_be_request(bytes: &[u8]) -> bool {
    let bytes = behind_empty_lines(bytes);
    METHODS.iter().any(|method| method.starts_with(bytes))
}

/// Returns true if these bytes begin a status line, or empty lines before one.
#[must_use]
pub fn looks_like_response(bytes: &[u8]) -> bool {
    behind_empty_lines(bytes).starts_with(b"HTTP/1.")
}

/// Returns true if these few bytes may begin a status line, or empty lines before one.
#[must_use]
pub fn may_be_response(bytes: &[u8]) -> bool {
    b"HTTP/1.".starts_with(behind_empty_lines(bytes))
}
