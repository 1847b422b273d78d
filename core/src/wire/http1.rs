//! Cleartext HTTP/1: heads and bodies in stream order (RFC 9112).
//!
//! Read: request method and host, response status, body framing by Content-Length and chunks,
//! interim responses, responses without body. Not read: bodies, trailer fields, the contents of a
//! CONNECT tunnel or an upgrade.

mod begin;
mod head;

use httparse::{EMPTY_HEADER, Header, Request, Response, Status};

use self::begin::empty_lines;
pub use self::begin::{
    behind_empty_lines, looks_like_request, looks_like_response, may_be_request, may_be_response,
};
use self::head::{Body, field, framing, head_end, terminator};
use super::host_name::host_name;

/// Longest head that is kept while it is incomplete, in bytes: the largest that common servers
/// accept.
pub const MAX_HEAD: usize = 64 * 1024;
/// Most header fields of one head. Common servers accept 100.
const MAX_FIELDS: usize = 100;
/// Length of a head's end: its last line's, and an empty line.
pub(crate) const HEAD_END: usize = 4;
/// Longest chunk-size line; extensions are rare and short.
const MAX_CHUNK_LINE: u32 = 4096;

/// Returns the host that a request names, without its port, from a whole or cut head; `None` for an
/// IPv6 address.
#[must_use]
pub fn host_of(head: &[u8]) -> Option<String> {
    let mut fields = [EMPTY_HEADER; MAX_FIELDS];
    let mut request = Request::new(&mut fields);
    // A cut head is not an error: the fields before the cut are there.
    let _ = request.parse(head);
    host_field(request.headers)
}

/// Returns the name in a Host field, without its port.
fn host_field(headers: &[Header<'_>]) -> Option<String> {
    let value = field(headers, "host")?;
    let value = str::from_utf8(value).ok()?.trim();
    host_name(value.split(':').next()?.as_bytes())
}

/// Returns the length of a head with its empty line; `None` until that has come.
#[must_use]
pub fn head_length(bytes: &[u8]) -> Option<usize> {
    terminator(bytes)
}

/// Returns the host of a target in absolute form, empty if it is not a name; `None` for targets of
/// other forms.
fn absolute_host(target: &str) -> Option<String> {
    let (scheme, rest) = target.split_at_checked(7)?;
    if !scheme.eq_ignore_ascii_case("http://") {
        return None;
    }
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?.split(':').next()?;
    Some(host_name(host.as_bytes()).unwrap_or_default())
}

/// Returns the host that a request names: in its target or, if that is of another form, in a field.
fn asked_host(target: Option<&str>, headers: &[Header<'_>]) -> Option<NamedHost> {
    let in_target = target.and_then(absolute_host);
    let is_target = in_target.is_some();
    let name = in_target.or_else(|| host_field(headers))?;
    Some(NamedHost { name, is_target })
}

/// The host that a request names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NamedHost {
    /// In lower case, without a port; empty if it is not a name.
    pub(crate) name: String,
    /// True if the request's target names it, as in requests to proxies (RFC 9112, section 3.2.2),
    /// and not only its Host field.
    pub(crate) is_target: bool,
}

/// A head, the body after it, and the host of requests.
type Parsed = (Head, Body, Option<NamedHost>);

/// Events that a direction's reader reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HttpEvent {
    /// Empty lines before a message, which do not belong to it: their offset and length.
    EmptyLines(u64, u64),
    /// A message begins at this stream offset.
    Start(u64),
    /// A response head that only announces another: the final one follows (RFC 9110, section 15.2).
    Interim,
    /// A message's head was read. For requests, includes whether the method is HEAD or CONNECT.
    Head(Head),
    /// A message ends before this stream offset.
    End(u64),
}

/// The facts in a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Status code; 0 for requests.
    pub status: u16,
    /// True if the response has no body whatever its fields state (HEAD).
    pub bodiless: bool,
}

/// The side of the exchange that a reader follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Requests.
    Client,
    /// Responses.
    Server,
}

/// Follows the messages of one direction.
#[derive(Debug)]
pub struct MessageReader {
    side: Side,
    state: MessageState,
    head: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum MessageState {
    /// Between messages, or in a head.
    Head,
    /// In a body with this many bytes to come.
    Body(u64),
    Chunked(Chunk),
    /// The body ends with the connection.
    UntilClose,
    /// Framing was lost: a gap, or something that is not HTTP.
    Lost,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Chunk {
    /// In a chunk-size line: size so far, line length so far, and true if an extension began.
    Size(u64, u32, bool),
    Data(u64),
    /// After a chunk's data: this many bytes of CR LF to come.
    DataEnd(u8),
    /// In the trailer section: length of the current line.
    Trailer(u32),
}

impl MessageReader {
    /// Creates a reader at the start of a message.
    #[must_use]
    pub const fn new(side: Side) -> Self {
        Self {
            side,
            state: MessageState::Head,
            head: Vec::new(),
        }
    }

    /// Creates a reader that waits for a packet which begins with a message.
    #[must_use]
    pub const fn lost(side: Side) -> Self {
        Self {
            side,
            state: MessageState::Lost,
            head: Vec::new(),
        }
    }

    /// Returns its heap memory, in bytes.
    #[must_use]
    pub fn heap(&self) -> usize {
        self.head.capacity()
    }

    /// Returns true if framing was lost.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.state == MessageState::Lost
    }

    /// Returns true within a body that ends only with the connection.
    #[must_use]
    pub fn ends_with_connection(&self) -> bool {
        self.state == MessageState::UntilClose
    }

    /// Returns how many of the next bytes certainly belong to a body.
    #[must_use]
    pub const fn body(&self) -> u64 {
        match self.state {
            MessageState::Body(remaining) | MessageState::Chunked(Chunk::Data(remaining)) => {
                remaining
            }
            MessageState::UntilClose => u64::MAX,
            MessageState::Head | MessageState::Chunked(_) | MessageState::Lost => 0,
        }
    }

    /// Returns true if the next byte begins a message.
    #[must_use]
    pub fn at_boundary(&self) -> bool {
        self.state == MessageState::Head && self.head.is_empty()
    }

    /// Declares that a message begins at the next byte.
    pub fn restart(&mut self) {
        self.state = MessageState::Head;
        self.head.clear();
    }

    /// Counts `length` bytes if all of them belong to a body that continues after them. Otherwise
    /// counts nothing and returns false.
    #[inline]
    pub fn take_in_order(&mut self, length: u32) -> bool {
        match &mut self.state {
            MessageState::Body(remaining) | MessageState::Chunked(Chunk::Data(remaining))
                if u64::from(length) < *remaining =>
            {
                *remaining -= u64::from(length);
                true
            }
            state => *state == MessageState::UntilClose,
        }
    }

    /// Reads one packet's part of the stream: `length` bytes from `offset` on; `bytes` are the
    /// captured ones.
    ///
    /// `bodiless` states for the next response whether its request was HEAD; requests ignore it.
    pub fn read(
        &mut self,
        offset: u64,
        bytes: &[u8],
        length: u64,
        bodiless: impl FnMut() -> bool,
        mut event: impl FnMut(HttpEvent),
    ) {
        self.read_for_hosts(offset, bytes, length, bodiless, |found, _| event(found));
    }

    /// Reads like [`Self::read`]. With the head of a request, also returns the host that it names.
    pub(crate) fn read_for_hosts(
        &mut self,
        mut offset: u64,
        mut bytes: &[u8],
        length: u64,
        mut bodiless: impl FnMut() -> bool,
        mut event: impl FnMut(HttpEvent, Option<&NamedHost>),
    ) {
        let end = offset + length;
        if self.state == MessageState::Lost && self.begins_message(bytes) {
            self.restart();
        }
        while offset < end {
            let used = match self.state {
                MessageState::Lost | MessageState::UntilClose => return,
                MessageState::Body(remaining) => {
                    let taken = remaining.min(end - offset);
                    if taken == remaining {
                        self.state = MessageState::Head;
                        event(HttpEvent::End(offset + taken), None);
                    } else {
                        self.state = MessageState::Body(remaining - taken);
                    }
                    taken
                }
                MessageState::Chunked(chunk) => {
                    self.chunk(chunk, offset, end - offset, bytes, &mut event)
                }
                MessageState::Head => {
                    if bytes.is_empty() {
                        self.state = MessageState::Lost;
                        self.head.clear();
                        return;
                    }
                    self.head(offset, bytes, &mut bodiless, &mut event)
                }
            };
            offset += used;
            bytes = bytes
                .get(usize::try_from(used).unwrap_or(usize::MAX)..)
                .unwrap_or_default();
        }
    }

    fn begins_message(&self, bytes: &[u8]) -> bool {
        match self.side {
            Side::Client => looks_like_request(bytes),
            Side::Server => looks_like_response(bytes),
        }
    }

    /// Reads the part of a head in `bytes`. Returns how many bytes were used.
    fn head(
        &mut self,
        offset: u64,
        bytes: &[u8],
        bodiless: &mut impl FnMut() -> bool,
        event: &mut impl FnMut(HttpEvent, Option<&NamedHost>),
    ) -> u64 {
        if self.head.is_empty() {
            let blank = empty_lines(bytes);
            if blank > 0 {
                event(HttpEvent::EmptyLines(offset, blank as u64), None);
                return blank as u64;
            }
            if !self.begins_message(bytes) && bytes.len() >= 8 {
                self.state = MessageState::Lost;
                return bytes.len() as u64;
            }
            event(HttpEvent::Start(offset), None);
        }
        let had = self.head.len();
        let Some(end) = head_end(&self.head, bytes) else {
            if had + bytes.len() > MAX_HEAD {
                self.state = MessageState::Lost;
                self.head.clear();
            } else {
                self.head.extend_from_slice(bytes);
            }
            return bytes.len() as u64;
        };
        let parsed = if had == 0 {
            self.parse(&bytes[..end], bodiless)
        } else {
            self.head.extend_from_slice(&bytes[..end]);
            let head = std::mem::take(&mut self.head);
            let parsed = self.parse(&head, bodiless);
            self.head = head;
            self.head.clear();
            parsed
        };
        self.state = behind_head(parsed, offset + end as u64, event);
        end as u64
    }

    fn parse(&self, head: &[u8], bodiless: &mut impl FnMut() -> bool) -> Option<Parsed> {
        let mut fields = [EMPTY_HEADER; MAX_FIELDS];
        if self.side == Side::Client {
            let mut request = Request::new(&mut fields);
            let Ok(Status::Complete(_)) = request.parse(head) else {
                return None;
            };
            let bodiless = matches!(request.method, Some("HEAD"));
            // A request has a body only if it is announced (RFC 9112, section 6.3).
            let body = match framing(request.headers)? {
                Body::UntilClose => Body::Length(0),
                body => body,
            };
            return Some((
                Head {
                    status: 0,
                    bodiless,
                },
                body,
                asked_host(request.path, request.headers),
            ));
        }
        let mut response = Response::new(&mut fields);
        let Ok(Status::Complete(_)) = response.parse(head) else {
            return None;
        };
        let status = response.code?;
        let switching = status == 101;
        if (100..200).contains(&status) && !switching {
            return Some((
                Head {
                    status,
                    bodiless: true,
                },
                Body::Interim,
                None,
            ));
        }
        let bodiless = bodiless();
        let body = if switching {
            Body::UntilClose
        } else if bodiless || matches!(status, 204 | 304) {
            Body::Length(0)
        } else {
            framing(response.headers)?
        };
        Some((Head { status, bodiless }, body, None))
    }

    /// Reads the available part of a chunked body. Returns how many bytes were used (RFC 9112,
    /// section 7.1).
    fn chunk(
        &mut self,
        chunk: Chunk,
        offset: u64,
        length: u64,
        bytes: &[u8],
        event: &mut impl FnMut(HttpEvent, Option<&NamedHost>),
    ) -> u64 {
        if let Chunk::Data(remaining) = chunk {
            let taken = remaining.min(length);
            self.state = MessageState::Chunked(if taken == remaining {
                Chunk::DataEnd(2)
            } else {
                Chunk::Data(remaining - taken)
            });
            return taken;
        }
        let Some(&byte) = bytes.first() else {
            self.state = MessageState::Lost;
            return length;
        };
        let next = match chunk {
            Chunk::Size(size, line, _) if byte == b'\n' && line > 0 => Some(if size == 0 {
                Chunk::Trailer(0)
            } else {
                Chunk::Data(size)
            }),
            Chunk::Size(size, line, extension) if line < MAX_CHUNK_LINE => {
                let digit = (byte as char).to_digit(16).filter(|_| !extension);
                match digit {
                    Some(digit) => size
                        .checked_mul(16)
                        .map(|size| Chunk::Size(size + u64::from(digit), line + 1, false)),
                    None if byte == b'\r' => Some(Chunk::Size(size, line, extension)),
                    // A line without a size means that framing is lost; it does not mean zero.
                    None if line == 0 => None,
                    None => Some(Chunk::Size(size, line + 1, true)),
                }
            }
            Chunk::DataEnd(2) if byte == b'\r' => Some(Chunk::DataEnd(1)),
            Chunk::DataEnd(_) if byte == b'\n' => Some(Chunk::Size(0, 0, false)),
            Chunk::Trailer(0) if byte == b'\n' => {
                self.state = MessageState::Head;
                event(HttpEvent::End(offset + 1), None);
                return 1;
            }
            Chunk::Trailer(_) if byte == b'\n' => Some(Chunk::Trailer(0)),
            Chunk::Trailer(line) if byte == b'\r' => Some(Chunk::Trailer(line)),
            Chunk::Trailer(line) if line < MAX_CHUNK_LINE => Some(Chunk::Trailer(line + 1)),
            _ => None,
        };
        self.state = next.map_or(MessageState::Lost, MessageState::Chunked);
        1
    }
}

/// Reports a head that was read. Returns what follows it; `after` is the offset after it.
fn behind_head(
    parsed: Option<Parsed>,
    after: u64,
    event: &mut impl FnMut(HttpEvent, Option<&NamedHost>),
) -> MessageState {
    let Some((head, body, host)) = parsed else {
        return MessageState::Lost;
    };
    if matches!(body, Body::Interim) {
        event(HttpEvent::Interim, None);
        return MessageState::Head;
    }
    event(HttpEvent::Head(head), host.as_ref());
    match body {
        Body::Chunked => MessageState::Chunked(Chunk::Size(0, 0, false)),
        Body::Length(n) if n > 0 => MessageState::Body(n),
        Body::UntilClose => MessageState::UntilClose,
        Body::Length(_) | Body::Interim => {
            event(HttpEvent::End(after), None);
            MessageState::Head
        }
    }
}

#[cfg(test)]
mod tests;
