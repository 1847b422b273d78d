use proptest::prelude::*;

use super::*;

const NAME: &str = "ipv4-c001-lax001-ix.1.oca.nflxvideo.net";

fn vector8(bytes: &[u8]) -> Vec<u8> {
    [&[u8::try_from(bytes.len()).unwrap()], bytes].concat()
}

fn vector16(bytes: &[u8]) -> Vec<u8> {
    [&u16::try_from(bytes.len()).unwrap().to_be_bytes(), bytes].concat()
}

fn extension(kind: u16, data: &[u8]) -> Vec<u8> {
    [&kind.to_be_bytes()[..], &vector16(data)].concat()
}

fn message(body: &[u8]) -> Vec<u8> {
    let len = u32::try_from(body.len()).unwrap().to_be_bytes();
    [&[CLIENT_HELLO, len[1], len[2], len[3]], body].concat()
}

fn hello(extensions: &[Vec<u8>]) -> Vec<u8> {
    let mut body = vec![0x03, 0x03];
    body.extend([0xaa; 32]);
    body.extend(vector8(&[0xbb; 32]));
    body.extend(vector16(&[0x13, 0x01, 0x13, 0x02]));
    body.extend(vector8(&[0]));
    body.extend(vector16(&extensions.concat()));
    message(&body)
}

fn server_name(name: &[u8]) -> Vec<u8> {
    extension(0, &vector16(&[&[HOST_NAME][..], &vector16(name)].concat()))
}

fn full_hello() -> Vec<u8> {
    let protocols = [vector8(b"h2"), vector8(b"http/1.1")].concat();
    hello(&[
        extension(0x0a0a, &[]),
        server_name(NAME.as_bytes()),
        extension(16, &vector16(&protocols)),
        extension(43, &vector8(&[0xfa, 0xfa, 0x03, 0x04, 0x03, 0x03])),
        extension(21, &[0; 40]),
    ])
}

#[test]
fn reads_a_whole_hello_and_ignores_what_follows() {
    let mut bytes = full_hello();
    bytes.extend([0x0b, 0, 0, 9]);
    let hello = ClientHello::parse(&bytes).unwrap();
    assert_eq!(hello.server_name, Some(NAME));
    assert!(hello.alpn.clone().eq([&b"h2"[..], b"http/1.1"]));
    assert_eq!(hello.legacy_version, Some(0x0303));
    assert!(!hello.truncated);
}

#[test]
fn a_hello_without_extensions_is_whole() {
    let body = [&[0x03, 0x03][..], &[0; 32], &[0], &[0, 2, 0, 5], &[1, 0]].concat();
    let bytes = message(&body);
    let hello = ClientHello::parse(&bytes).unwrap();
    assert_eq!((hello.server_name, hello.truncated), (None, false));
}

#[test]
fn every_beginning_of_a_hello_tells_what_it_holds() {
    let bytes = full_hello();
    let name_end = bytes
        .windows(NAME.len())
        .position(|w| w == NAME.as_bytes())
        .unwrap()
        + NAME.len();
    for len in 1..bytes.len() {
        let hello = ClientHello::parse(&bytes[..len]).unwrap();
        assert!(hello.truncated, "at {len} bytes");
        assert_eq!(
            hello.server_name,
            (len >= name_end).then_some(NAME),
            "at {len} bytes"
        );
    }
    assert_eq!(ClientHello::parse(&[]), None);
}

#[test]
fn other_messages_are_none() {
    assert_eq!(ClientHello::parse(&[2, 0, 0, 1, 0]), None, "a ServerHello");
    assert_eq!(
        ClientHello::parse(&[1, 0, 0, 9, 0x12, 0x34]),
        None,
        "no version of TLS"
    );
}

#[test]
fn names_that_are_none_are_not_returned() {
    let overlong = [b'a'; 64];
    for name in [
        &b""[..],
        b"a b",
        b"caf\xc3\xa9.example",
        b"\xff",
        b"=1+netflix",
        &overlong,
    ] {
        let bytes = hello(&[server_name(name)]);
        let hello = ClientHello::parse(&bytes).unwrap();
        assert_eq!((hello.server_name, hello.truncated), (None, false));
    }
}

#[test]
fn a_damaged_extension_does_not_hide_the_next() {
    let bytes = hello(&[extension(16, &[0xff]), server_name(b"example.org")]);
    let hello = ClientHello::parse(&bytes).unwrap();
    assert_eq!(
        (hello.server_name, hello.truncated),
        (Some("example.org"), true)
    );
}

proptest! {
    #[test]
    fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        for start in [&[][..], &[1], &[1, 0, 0, 200, 3, 3]] {
            let bytes = [start, &bytes].concat();
            if let Some(hello) = ClientHello::parse(&bytes) {
                let _ = hello.alpn.count();
            }
        }
    }

    #[test]
    fn never_panics_on_a_damaged_hello(
        at: prop::sample::Index, byte: u8, cut: prop::sample::Index,
    ) {
        let mut bytes = full_hello();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        bytes.truncate(cut.index(bytes.len() + 1));
        if let Some(hello) = ClientHello::parse(&bytes) {
            let _ = hello.alpn.count();
        }
    }
}
