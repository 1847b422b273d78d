//! Messages of clients and proxies before a tunnel opens: HTTP CONNECT (RFC 9110, section 9.3.6),
//! SOCKS 4, 4a and 5 (RFC 1928, RFC 1929), and the PROXY protocol's header, versions 1 and 2
//! (HAProxy's specification). Also the header of datagrams through a SOCKS 5 proxy.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::host_name::host_name;
use super::http1;
use super::reader::Reader;

/// First bytes of the PROXY protocol's version 2 header.
const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
/// Longest version 1 header, in bytes, with its end.
const LONGEST_LINE: usize = 107;

/// The word that requests a tunnel in HTTP.
const CONNECT: &[u8] = b"CONNECT ";

/// First byte of the messages of SOCKS 4, SOCKS 5, and of its sub-negotiation with user name and
/// password.
const SOCKS4: u8 = 4;
const SOCKS5: u8 = 5;
const PASSWORD: u8 = 1;

/// The destination that a client requests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Destination {
    /// The host in lower case, or its address; `None` if it is neither.
    pub(crate) host: Option<String>,
    pub(crate) port: u16,
}

/// A client's message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ClientMessage {
    /// The PROXY protocol's header: the connection itself follows.
    Header,
    /// The request for a tunnel in HTTP.
    Connect(Destination),
    /// The request for a tunnel in SOCKS 4 or 4a.
    Socks4(Destination),
    /// The authentication methods that a client offers.
    Greeting,
    /// User name and password.
    Password,
    /// The request for a tunnel in SOCKS 5.
    Socks5(Destination),
}

/// The kind of a stream's first bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FirstBytes<T> {
    /// A message, and its length in bytes.
    Message(T, usize),
    /// The beginning of one.
    Part,
    /// None of these.
    Other,
}

/// Longest SOCKS 4 request to wait for, in bytes: user and host have up to 255 each.
const LONGEST_SOCKS4: usize = 8 + 256 + 256;

/// Returns true if a client's first bytes may be for a proxy, by themselves or with later ones.
pub(crate) fn may_be_for_proxy(bytes: &[u8]) -> bool {
    let begins = |word: &[u8]| word.starts_with(&bytes[..bytes.len().min(word.len())]);
    match bytes {
        [] => false,
        [b'C', ..] => may_be_connect(bytes),
        [b'P', ..] => begins(b"PROXY "),
        [b'\r' | b'\n', ..] => {
            let behind = http1::behind_empty_lines(bytes);
            begins(SIGNATURE) || behind.is_empty() || may_be_connect(behind)
        }
        [SOCKS5] | [SOCKS4] => true,
        // A greeting is all that a client sends before it is answered, unless it goes on with its
        // request.
        &[SOCKS5, methods, ref rest @ ..] => {
            let methods = usize::from(methods);
            let offered = &rest[..rest.len().min(methods)];
            let is_cut = offered.len() < methods;
            methods > 0
                && !offered.contains(&0xff)
                && (is_cut || offered.iter().any(|&method| method < 0x80))
                && rest
                    .get(methods)
                    .is_none_or(|&next| next == SOCKS5 || next == PASSWORD)
        }
        [SOCKS4, 1, ..] => match socks4(bytes) {
            FirstBytes::Message(..) => true,
            FirstBytes::Part => bytes.len() < LONGEST_SOCKS4,
            FirstBytes::Other => false,
        },
        _ => false,
    }
}

/// Returns true if bytes begin an HTTP request for a tunnel, by themselves or with later ones.
pub(crate) fn may_be_connect(bytes: &[u8]) -> bool {
    let bytes = http1::behind_empty_lines(bytes);
    let shared = bytes.len().min(CONNECT.len());
    shared > 0 && bytes[..shared] == CONNECT[..shared]
}

/// Returns true if bytes begin an HTTP request for a tunnel.
pub(crate) fn asks_for_tunnel(bytes: &[u8]) -> bool {
    http1::behind_empty_lines(bytes).starts_with(CONNECT)
}

/// Reads a client's next message.
pub(crate) fn request(bytes: &[u8]) -> FirstBytes<ClientMessage> {
    match bytes {
        [b'C', ..] => connect(bytes),
        [b'P', ..] => line(bytes),
        [b'\r' | b'\n', ..] => match binary(bytes) {
            FirstBytes::Other => behind_empty_lines(bytes, connect),
            found => found,
        },
        [SOCKS4, ..] => socks4(bytes),
        _ => FirstBytes::Other,
    }
}

/// Reads a message of HTTP with the empty lines before it.
fn behind_empty_lines<T>(bytes: &[u8], read: impl FnOnce(&[u8]) -> FirstBytes<T>) -> FirstBytes<T> {
    let behind = http1::behind_empty_lines(bytes);
    match read(behind) {
        _ if behind.is_empty() => FirstBytes::Part,
        FirstBytes::Message(message, length) => {
            FirstBytes::Message(message, bytes.len() - behind.len() + length)
        }
        other => other,
    }
}

/// Reads the first message of a SOCKS 5 client.
pub(crate) fn greeting(bytes: &[u8]) -> FirstBytes<ClientMessage> {
    match bytes {
        &[SOCKS5, methods, ref rest @ ..] if rest.len() >= usize::from(methods) => {
            FirstBytes::Message(ClientMessage::Greeting, 2 + usize::from(methods))
        }
        [SOCKS5, ..] => FirstBytes::Part,
        _ => FirstBytes::Other,
    }
}

/// Reads the messages of a SOCKS 5 client after its greeting.
pub(crate) fn socks5(bytes: &[u8]) -> FirstBytes<ClientMessage> {
    let mut reader = Reader::new(bytes);
    let message = match bytes.first() {
        Some(&PASSWORD) => password(&mut reader).map(|()| ClientMessage::Password),
        Some(&SOCKS5) if bytes.get(1).is_none_or(|&command| command == 1) => {
            let _ = reader.array::<3>();
            destination(&mut reader).map(ClientMessage::Socks5)
        }
        Some(_) => return FirstBytes::Other,
        None => None,
    };
    match message {
        Some(message) => FirstBytes::Message(message, bytes.len() - reader.remaining()),
        None if reader.is_cut() || bytes.is_empty() => FirstBytes::Part,
        None => FirstBytes::Other,
    }
}

/// Reads a proxy's HTTP answer: its status, and the announced length of its body.
pub(crate) fn connect_answer(bytes: &[u8]) -> FirstBytes<(u16, u64)> {
    behind_empty_lines(bytes, answer_head)
}

fn answer_head(bytes: &[u8]) -> FirstBytes<(u16, u64)> {
    let begins = bytes.len().min(7);
    if bytes[..begins] != b"HTTP/1."[..begins] {
        return FirstBytes::Other;
    }
    let Some(length) = http1::head_length(bytes) else {
        return FirstBytes::Part;
    };
    let status = bytes
        .get(9..12)
        .and_then(|digits| str::from_utf8(digits).ok())
        .and_then(|digits| digits.parse().ok());
    match status {
        Some(status) => FirstBytes::Message((status, announced(&bytes[..length])), length),
        None => FirstBytes::Other,
    }
}

/// Returns the announced length of the body, in bytes; 0 without one.
fn announced(head: &[u8]) -> u64 {
    const FIELD: &[u8] = b"content-length:";
    let lines = head.split(|&byte| byte == b'\n');
    let named = |line: &&[u8]| {
        line.get(..FIELD.len())
            .is_some_and(|name| name.eq_ignore_ascii_case(FIELD))
    };
    lines
        .filter(named)
        .find_map(|line| {
            str::from_utf8(&line[FIELD.len()..])
                .ok()?
                .trim()
                .parse()
                .ok()
        })
        .unwrap_or(0)
}

/// Reads a proxy's SOCKS 4 answer: true if it opens the tunnel.
pub(crate) fn socks4_answer(bytes: &[u8]) -> FirstBytes<bool> {
    match bytes {
        &[0, code, _, _, _, _, _, _, ..] => FirstBytes::Message(code == 90, 8),
        [] | [0, ..] => FirstBytes::Part,
        _ => FirstBytes::Other,
    }
}

/// Reads two bytes of a SOCKS 5 proxy: the chosen method, or the result of the password check.
pub(crate) fn socks5_choice(bytes: &[u8]) -> FirstBytes<u8> {
    match bytes {
        &[SOCKS5 | PASSWORD, choice, ..] => FirstBytes::Message(choice, 2),
        [] | [SOCKS5 | PASSWORD] => FirstBytes::Part,
        _ => FirstBytes::Other,
    }
}

/// Reads a proxy's last SOCKS 5 answer: true if it opens the tunnel.
pub(crate) fn socks5_answer(bytes: &[u8]) -> FirstBytes<bool> {
    let mut reader = Reader::new(bytes);
    let read = reader
        .array::<3>()
        .and_then(|[_, code, _]| destination(&mut reader).map(|_| code == 0));
    match read {
        _ if bytes.first().is_some_and(|&first| first != SOCKS5) => FirstBytes::Other,
        Some(opens) => FirstBytes::Message(opens, bytes.len() - reader.remaining()),
        None if reader.is_cut() => FirstBytes::Part,
        None => FirstBytes::Other,
    }
}

fn connect(bytes: &[u8]) -> FirstBytes<ClientMessage> {
    if !may_be_connect(bytes) {
        return FirstBytes::Other;
    }
    let Some(length) = http1::head_length(bytes) else {
        return FirstBytes::Part;
    };
    match connect_target(&bytes[..length]) {
        Some(target) => FirstBytes::Message(ClientMessage::Connect(target), length),
        None => FirstBytes::Other,
    }
}

/// Returns the length of the header before a datagram to or from a SOCKS 5 proxy (RFC 1928, section
/// 7); `None` for a fragment, and for all other datagrams.
#[inline]
pub(crate) const fn relay_header(bytes: &[u8]) -> Option<usize> {
    match *bytes {
        [0, 0, 0, 1, ..] => Some(4 + 4 + 2),
        [0, 0, 0, 3, length, ..] => Some(5 + length as usize + 2),
        [0, 0, 0, 4, ..] => Some(4 + 16 + 2),
        _ => None,
    }
}

/// Returns the destination in such a header.
pub(crate) fn relay_destination(bytes: &[u8]) -> Option<Destination> {
    destination(&mut Reader::new(bytes.get(3..)?))
}

/// Returns the destination in the first line of a request for a tunnel; `None` if that is not one, or
/// goes on.
pub(crate) fn connect_target(bytes: &[u8]) -> Option<Destination> {
    let bytes = http1::behind_empty_lines(bytes);
    let line = bytes.split(|&byte| byte == b'\n').next()?;
    let is_whole = line.len() < bytes.len();
    let behind = line.strip_prefix(CONNECT).filter(|_| is_whole)?;
    target(behind.split(|&byte| byte == b' ').next()?)
}

/// Reads host and port from `host:port` or `[address]:port`.
fn target(authority: &[u8]) -> Option<Destination> {
    let colon = authority.iter().rposition(|&byte| byte == b':')?;
    let port = str::from_utf8(&authority[colon + 1..]).ok()?.parse().ok()?;
    let host = &authority[..colon];
    // IPv6 addresses stand in brackets (RFC 3986, section 3.2.2).
    let within = host
        .strip_prefix(b"[")
        .and_then(|host| host.strip_suffix(b"]"));
    let host = match within {
        Some(within) => str::from_utf8(within)
            .ok()
            .and_then(|text| text.parse().ok())
            .map(|address: Ipv6Addr| address.to_string()),
        None => host_name(host),
    };
    Some(Destination { host, port })
}

fn line(bytes: &[u8]) -> FirstBytes<ClientMessage> {
    let word = b"PROXY ";
    let shared = bytes.len().min(word.len());
    if bytes[..shared] != word[..shared] {
        return FirstBytes::Other;
    }
    let looked_at = &bytes[..bytes.len().min(LONGEST_LINE)];
    match looked_at.windows(2).position(|end| end == b"\r\n") {
        Some(at) => FirstBytes::Message(ClientMessage::Header, at + 2),
        None if bytes.len() < LONGEST_LINE => FirstBytes::Part,
        None => FirstBytes::Other,
    }
}

fn binary(bytes: &[u8]) -> FirstBytes<ClientMessage> {
    let shared = bytes.len().min(SIGNATURE.len());
    if bytes[..shared] != SIGNATURE[..shared] {
        return FirstBytes::Other;
    }
    let Some(&[high, low]) = bytes.get(14..16).and_then(|length| length.first_chunk()) else {
        return FirstBytes::Part;
    };
    let length = 16 + usize::from(u16::from_be_bytes([high, low]));
    if bytes.len() < length {
        return FirstBytes::Part;
    }
    FirstBytes::Message(ClientMessage::Header, length)
}

fn socks4(bytes: &[u8]) -> FirstBytes<ClientMessage> {
    let mut reader = Reader::new(bytes);
    let Some([SOCKS4, 1, high, low, a, b, c, d]) = reader.array() else {
        return if reader.is_cut() {
            FirstBytes::Part
        } else {
            FirstBytes::Other
        };
    };
    let mut text = || {
        let rest = reader.rest();
        let end = rest.iter().position(|&byte| byte == 0)?;
        let _ = reader.take(end + 1);
        Some(&rest[..end])
    };
    if text().is_none() {
        return FirstBytes::Part;
    }
    // Not a real address: a name follows (SOCKS 4a).
    let host = if [a, b, c] == [0; 3] && d != 0 {
        let Some(name) = text() else {
            return FirstBytes::Part;
        };
        host_name(name)
    } else {
        Some(Ipv4Addr::new(a, b, c, d).to_string())
    };
    let target = Destination {
        host,
        port: u16::from_be_bytes([high, low]),
    };
    FirstBytes::Message(
        ClientMessage::Socks4(target),
        bytes.len() - reader.remaining(),
    )
}

fn password(reader: &mut Reader<'_>) -> Option<()> {
    let _ = reader.u8()?;
    for _ in 0..2 {
        let length = reader.u8()?;
        let _ = reader.take(usize::from(length))?;
    }
    Some(())
}

/// Reads address or name, and port, in the format of SOCKS 5 (RFC 1928, section 5).
fn destination(reader: &mut Reader<'_>) -> Option<Destination> {
    let host = match reader.u8()? {
        1 => Some(Ipv4Addr::from(reader.u32()?).to_string()),
        3 => {
            let length = reader.u8()?;
            host_name(reader.take(usize::from(length))?)
        }
        4 => Some(Ipv6Addr::from(reader.u128()?).to_string()),
        _ => return None,
    };
    let port = reader.u16()?;
    Some(Destination { host, port })
}
