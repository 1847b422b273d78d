//! The TLS `ClientHello`, read as far as the bytes go.
//!
//! Takes the handshake message itself, without TLS records or QUIC frames around it, so it serves
//! both. The message may end anywhere: at the snapshot length, or because later segments have not
//! come yet.
//!
//! # Specifications
//!
//! RFC 8446, section 4.1.2 (TLS 1.3; the layout of older versions is the same), RFC 6066, section 3
//! (server name), RFC 7301 (ALPN).
//!
//! # Limits
//!
//! With Encrypted Client Hello the name is the public one of the outer hello, not the server's.

use std::iter::FusedIterator;

use super::host_name::is_host_name;
use super::reader::Reader;

/// Handshake message type (RFC 8446, section 4).
const CLIENT_HELLO: u8 = 1;

/// Extension types (IANA, TLS `ExtensionType` values).
mod extension {
    pub(super) const SERVER_NAME: u16 = 0;
    pub(super) const ALPN: u16 = 16;
    /// RFC 9849, section 5.
    pub(super) const ENCRYPTED_CLIENT_HELLO: u16 = 0xfe0d;
}

/// Name type of a DNS name (RFC 6066, section 3).
const HOST_NAME: u8 = 0;

/// The understood facts of a ClientHello.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct ClientHello<'a> {
    /// Server name indication, if it is a valid host name ([`is_host_name`]), case as sent. Never a
    /// part of a name.
    pub server_name: Option<&'a str>,
    /// Application protocols offered; if the list itself is cut, those before the cut.
    pub alpn: Alpn<'a>,
    /// The version field, frozen at 0x0303 since TLS 1.3; `None` if the message was cut before it.
    pub legacy_version: Option<u16>,
    /// True if it carries an encrypted hello, or something that looks like one, so that the name
    /// may be only a cover.
    pub encrypted: bool,
    /// True if the message ends before its stated length, so that fields may be missing.
    pub truncated: bool,
}

impl<'a> ClientHello<'a> {
    /// Reads a handshake message or the beginning of one. `None` if it cannot be a `ClientHello`.
    ///
    /// Ignores bytes after the message.
    #[must_use]
    pub fn parse(message: &'a [u8]) -> Option<Self> {
        let mut message = Reader::new(message);
        if message.u8()? != CLIENT_HELLO {
            return None;
        }
        let mut hello = Self::default();
        let Some(body_len) = message.u24() else {
            return Some(Self {
                truncated: true,
                ..hello
            });
        };
        let mut body = message.part(body_len);
        // Stops at the first missing field; the cursor remembers.
        let _ = hello.read(&mut body);
        hello.truncated = body.is_cut();
        // The major version of SSL 3.0 has stayed ever since.
        hello
            .legacy_version
            .is_none_or(|version| version >> 8 == 3)
            .then_some(hello)
    }

    fn read(&mut self, body: &mut Reader<'a>) -> Option<()> {
        const RANDOM_LEN: usize = 32;
        self.legacy_version = Some(body.u16()?);
        body.take(RANDOM_LEN)?;
        let session_id_len = body.u8()?;
        body.take(session_id_len.into())?;
        let cipher_suites_len = body.u16()?;
        body.take(cipher_suites_len.into())?;
        let compression_len = body.u8()?;
        body.take(compression_len.into())?;
        if body.is_empty() && !body.is_cut() {
            return Some(()); // without extensions, allowed before TLS 1.3
        }
        let extensions_len = body.u16()?;
        let mut extensions = body.part(extensions_len.into());
        let done = self.read_extensions(&mut extensions);
        body.note_cut(&extensions);
        done
    }

    fn read_extensions(&mut self, extensions: &mut Reader<'a>) -> Option<()> {
        while !extensions.is_empty() {
            let kind = extensions.u16()?;
            let len = extensions.u16()?;
            let mut data = extensions.part(len.into());
            // A damaged extension does not hide later ones.
            let _ = self.read_extension(kind, &mut data);
            extensions.note_cut(&data);
        }
        Some(())
    }

    fn read_extension(&mut self, kind: u16, data: &mut Reader<'a>) -> Option<()> {
        match kind {
            extension::SERVER_NAME => {
                let list_len = data.u16()?;
                let mut list = data.part(list_len.into());
                self.server_name = host_name(&mut list);
                data.note_cut(&list);
            }
            extension::ALPN => {
                let list_len = data.u16()?;
                self.alpn = Alpn {
                    rest: data.part(list_len.into()).rest(),
                };
            }
            extension::ENCRYPTED_CLIENT_HELLO => self.encrypted = true,
            _ => {}
        }
        Some(())
    }
}

/// Returns the first DNS name of a server name list.
fn host_name<'a>(list: &mut Reader<'a>) -> Option<&'a str> {
    while !list.is_empty() {
        let kind = list.u8()?;
        let len = list.u16()?;
        let name = list.take(len.into())?;
        if kind == HOST_NAME {
            return std::str::from_utf8(name)
                .ok()
                .filter(|name| is_host_name(name.as_bytes()));
        }
    }
    None
}

/// Protocols that a client offers by ALPN, in its order of preference: an iterator over their
/// names.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Alpn<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Alpn<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let (&len, rest) = self.rest.split_first()?;
        let (name, rest) = rest.split_at_checked(len.into()).unwrap_or_default();
        self.rest = rest;
        (!name.is_empty()).then_some(name)
    }
}

impl FusedIterator for Alpn<'_> {}

#[cfg(test)]
mod tests;
