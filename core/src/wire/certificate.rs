//! Names in an X.509 certificate (RFC 5280), which servers send unencrypted up to TLS 1.2.
//!
//! Reads DER (ITU-T X.690) element by element, as far as the bytes go. Verifies nothing: a capture
//! shows what a server claims, and a client that continued has checked it.

use smallvec::SmallVec;

use super::host_name::host_name;
use super::reader::Reader;

/// Largest number of names read from one certificate. Those of content networks have some hundred.
const MAX_NAMES: usize = 512;

/// DER tags.
mod tag {
    pub(super) const OBJECT_IDENTIFIER: u8 = 0x06;
    pub(super) const OCTET_STRING: u8 = 0x04;
    pub(super) const SEQUENCE: u8 = 0x30;
    pub(super) const SET: u8 = 0x31;
    /// Version of a certificate: `[0]`.
    pub(super) const VERSION: u8 = 0xa0;
    /// Extensions of a certificate: `[3]`.
    pub(super) const EXTENSIONS: u8 = 0xa3;
    /// `dNSName` of a `GeneralName`: `[2]` (RFC 5280, section 4.2.1.6).
    pub(super) const DNS_NAME: u8 = 0x82;
}

/// `id-at-commonName`, 2.5.4.3.
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
/// `id-ce-subjectAltName`, 2.5.29.17.
const SUBJECT_ALT_NAME: &[u8] = &[0x55, 0x1d, 0x11];

/// Returns the names that a certificate is for: the alternative names, then the subject's common
/// name. Lower case; for a wildcard, the domain after it.
#[must_use]
pub fn names(certificate: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    let _ = read(&mut Reader::new(certificate), &mut found);
    found
}

/// Reads as far as the bytes go.
fn read(bytes: &mut Reader<'_>, found: &mut Vec<String>) -> Option<()> {
    let mut signed = expect(&mut expect(bytes, tag::SEQUENCE)?, tag::SEQUENCE)?;
    let (mut kind, _) = element(&mut signed)?;
    if kind == tag::VERSION {
        // The serial number, preceded by the version since X.509 version 2.
        (kind, _) = element(&mut signed)?;
    }
    let _serial_number = kind;
    let _algorithm = element(&mut signed)?;
    let _issuer = element(&mut signed)?;
    let _validity = element(&mut signed)?;
    let subject = expect(&mut signed, tag::SEQUENCE)?;
    let _public_key = element(&mut signed);
    while let Some((kind, mut body)) = element(&mut signed) {
        if kind == tag::EXTENSIONS {
            let _ = alternative_names(&mut body, found);
        }
    }
    let _ = common_names(subject, found);
    Some(())
}

fn alternative_names(extensions: &mut Reader<'_>, found: &mut Vec<String>) -> Option<()> {
    let mut list = expect(extensions, tag::SEQUENCE)?;
    loop {
        let mut extension = expect(&mut list, tag::SEQUENCE)?;
        if expect(&mut extension, tag::OBJECT_IDENTIFIER)?.rest() != SUBJECT_ALT_NAME {
            continue;
        }
        let mut body = element(&mut extension)?;
        if body.0 != tag::OCTET_STRING {
            // Flag for a critical extension.
            body = element(&mut extension)?;
        }
        let mut names = expect(&mut body.1, tag::SEQUENCE)?;
        while let Some((kind, name)) = element(&mut names) {
            if kind == tag::DNS_NAME {
                keep(name.rest(), found);
            }
        }
        return Some(());
    }
}

fn common_names(mut subject: Reader<'_>, found: &mut Vec<String>) -> Option<()> {
    loop {
        let mut set = expect(&mut subject, tag::SET)?;
        let mut pair = expect(&mut set, tag::SEQUENCE)?;
        if expect(&mut pair, tag::OBJECT_IDENTIFIER)?.rest() == COMMON_NAME {
            keep(element(&mut pair)?.1.rest(), found);
        }
    }
}

fn keep(name: &[u8], found: &mut Vec<String>) {
    let name = name.strip_prefix(b"*.").unwrap_or(name);
    if found.len() < MAX_NAMES
        && let Some(name) = host_name(name)
        // People and companies have common names too.
        && name.contains('.')
    {
        found.push(name);
    }
}

/// Reads an element: its tag and its body, or the available part of it.
fn element<'a>(bytes: &mut Reader<'a>) -> Option<(u8, Reader<'a>)> {
    let kind = bytes.u8()?;
    let length = match bytes.u8()? {
        short @ 0..=0x7f => usize::from(short),
        // No handshake message holds an element whose length takes more than three bytes.
        long @ 0x81..=0x83 => {
            let digits: SmallVec<[u8; 3]> = bytes.take(usize::from(long & 0x7f))?.into();
            digits
                .iter()
                .fold(0, |length, &digit| length << 8 | usize::from(digit))
        }
        _ => return None,
    };
    Some((kind, bytes.part(length)))
}

/// Reads an element that must have this tag.
fn expect<'a>(bytes: &mut Reader<'a>, kind: u8) -> Option<Reader<'a>> {
    element(bytes).and_then(|(found, body)| (found == kind).then_some(body))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn der(kind: u8, parts: &[&[u8]]) -> Vec<u8> {
        let body = parts.concat();
        let length = body.len() as u16;
        let mut element = vec![kind];
        if length < 0x80 {
            element.push(length as u8);
        } else {
            element.extend([0x82, (length >> 8) as u8, length as u8]);
        }
        [element, body].concat()
    }

    /// Builds a version 3 certificate without its signature.
    fn certificate(common: &str, alternative: &[&str]) -> Vec<u8> {
        let name = der(
            tag::SEQUENCE,
            &[&der(
                tag::SET,
                &[&der(
                    tag::SEQUENCE,
                    &[
                        &der(tag::OBJECT_IDENTIFIER, &[COMMON_NAME]),
                        &der(0x0c, &[common.as_bytes()]),
                    ],
                )],
            )],
        );
        let list: Vec<u8> = alternative
            .iter()
            .flat_map(|name| der(tag::DNS_NAME, &[name.as_bytes()]))
            .collect();
        let other = der(
            tag::SEQUENCE,
            &[
                &der(tag::OBJECT_IDENTIFIER, &[&[0x55, 0x1d, 0x0f]]),
                &der(tag::OCTET_STRING, &[&[3, 2, 5, 160]]),
            ],
        );
        let san = der(
            tag::SEQUENCE,
            &[
                &der(tag::OBJECT_IDENTIFIER, &[SUBJECT_ALT_NAME]),
                &[1, 1, 0xff],
                &der(tag::OCTET_STRING, &[&der(tag::SEQUENCE, &[&list])]),
            ],
        );
        let empty = der(tag::SEQUENCE, &[]);
        let signed = der(
            tag::SEQUENCE,
            &[
                &der(tag::VERSION, &[&[2, 1, 2]]),
                &[2, 1, 7],
                &empty,
                &empty,
                &empty,
                &name,
                &empty,
                &der(tag::EXTENSIONS, &[&der(tag::SEQUENCE, &[&other, &san])]),
            ],
        );
        der(tag::SEQUENCE, &[&signed])
    }

    #[test]
    fn subject_and_alternative_names_are_read() {
        let bytes = certificate(
            "Example Operations",
            &["*.1.OCA.nflxvideo.net", "www.example.org"],
        );
        assert_eq!(names(&bytes), ["1.oca.nflxvideo.net", "www.example.org"]);
        assert_eq!(
            names(&certificate("*.oca.nflxvideo.net", &[])),
            ["oca.nflxvideo.net"]
        );
        for cut in 0..bytes.len() {
            assert!(names(&bytes[..cut]).len() <= 2);
        }
    }

    proptest! {
        #[test]
        fn no_bytes_are_trouble(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = names(&bytes);
        }
    }
}
