//! The samples of RFC 9001, appendix A, and RFC 9369, appendix A.

use super::*;
use crate::wire::client_hello::ClientHello;

/// The CRYPTO frame of the client's Initial, in both versions (appendix A.2).
const CLIENT_CRYPTO: &str = "
    060040f1010000ed0303ebf8fa56f12939b9584a3896472ec40bb863cfd3e868
    04fe3a47f06a2b69484c00000413011302010000c000000010000e00000b6578
    616d706c652e636f6dff01000100000a00080006001d00170018001000070005
    04616c706e000500050100000000003300260024001d00209370b2c9caa47fba
    baf4559fedba753de171fa71f50f1ce15d43e994ec74d748002b000302030400
    0d0010000e0403050306030203080408050806002d00020101001c0002400100
    3900320408ffffffffffffffff05048000ffff07048000ffff08011001048000
    75300901100f088394c8f03e51570806048000ffff";

/// The payload of the server's Initial, in both versions (appendix A.3): an ACK and a CRYPTO frame.
const SERVER_PAYLOAD: &str = "
    02000000000600405a020000560303eefce7f7b37ba1d1632e96677825ddf739
    88cfc79825df566dc5430b9a045a1200130100002e00330024001d00209d3c94
    0d89690b84d08a60993c144eca684d1081287c834d5311bcf32bb9da1a002b00
    020304";

struct Sample {
    version: u32,
    client_header: &'static str,
    /// Both ends of the client's protected packet. The tag at its end covers everything between
    /// them.
    client_begin: &'static str,
    client_end: &'static str,
    server_header: &'static str,
    server_packet: &'static str,
    retry: &'static str,
}

const SAMPLES: [Sample; 2] = [
    Sample {
        version: V1,
        client_header: "c300000001088394c8f03e5157080000449e00000002",
        client_begin: "
            c000000001088394c8f03e5157080000449e7b9aec34d1b1c98dd7689fb8ec11
            d242b123dc9bd8bab936b47d92ec356c0bab7df5976d27cd449f63300099f399",
        client_end: "
            7e78bfe706ca4cf5e9c5453e9f7cfd2b8b4c8d169a44e55c88d4a9a7f9474241
            e221af44860018ab0856972e194cd934",
        server_header: "c1000000010008f067a5502a4262b50040750001",
        server_packet: "
            cf000000010008f067a5502a4262b5004075c0d95a482cd0991cd25b0aac406a
            5816b6394100f37a1c69797554780bb38cc5a99f5ede4cf73c3ec2493a1839b3
            dbcba3f6ea46c5b7684df3548e7ddeb9c3bf9c73cc3f3bded74b562bfb19fb84
            022f8ef4cdd93795d77d06edbb7aaf2f58891850abbdca3d20398c276456cbc4
            2158407dd074ee",
        retry: "ff000000010008f067a5502a4262b5746f6b656e04a265ba2eff4d829058fb3f0f2496ba",
    },
    Sample {
        version: V2,
        client_header: "d36b3343cf088394c8f03e5157080000449e00000002",
        client_begin: "
            d76b3343cf088394c8f03e5157080000449ea0c95e82ffe67b6abcdb4298b485
            dd04de806071bf03dceebfa162e75d6c96058bdbfb127cdfcbf903388e99ad04",
        client_end: "
            9a37ddec600545473cfb5a05e08d0b209973b2172b4d21fb69745a262ccde96b
            a18b2faa745b6fe189cf772a9f84cbfc",
        server_header: "d16b3343cf0008f067a5502a4262b50040750001",
        server_packet: "
            dc6b3343cf0008f067a5502a4262b5004075d92faaf16f05d8a4398c47089698
            baeea26b91eb761d9b89237bbf87263017915358230035f7fd3945d88965cf17
            f9af6e16886c61bfc703106fbaf3cb4cfa52382dd16a393e42757507698075b2
            c984c707f0a0812d8cd5a6881eaf21ceda98f4bd23f6fe1a3e2c43edd9ce7ca8
            4bed8521e2e140",
        retry: "cf6b3343cf0008f067a5502a4262b5746f6b656ec8646ce8bfe33952d955543665dcc7b6",
    },
];

/// The client's frames, padded as in the appendices.
fn client_payload() -> Vec<u8> {
    let mut payload = unhex(CLIENT_CRYPTO);
    payload.resize(1162, 0);
    payload
}

#[test]
fn client_initial_is_sealed_and_opened() {
    for sample in &SAMPLES {
        let mut keys = InitialKeys::client(sample.version, &DCID).unwrap();
        let datagram = keys.seal(&unhex(sample.client_header), 4, &client_payload());
        assert_eq!(datagram.len(), 1200);
        assert!(datagram.starts_with(&unhex(sample.client_begin)));
        assert!(datagram.ends_with(&unhex(sample.client_end)));
        assert!(looks_like_initial(&datagram, datagram.len()));

        let packet = single(&datagram);
        assert_eq!(
            (packet.form, packet.version),
            (Form::Initial, Some(sample.version))
        );
        assert_eq!(
            (packet.dcid, packet.scid, packet.token_len),
            (&DCID[..], &[][..], 0)
        );
        assert_eq!(
            (packet.header_len, packet.length, packet.packet_len),
            (18, Some(1182), 1200)
        );
        let mut payload = Vec::new();
        let opened = keys.decrypt(&packet, &mut payload);
        assert_eq!(
            opened,
            Ok(Opened {
                packet_number: 2,
                authenticated: true
            })
        );
        assert_eq!(payload, client_payload());
    }
}

#[test]
fn client_hello_names_the_server() {
    let payload = client_payload();
    let mut stream = CryptoStream::new();
    for frame in crypto_frames(&payload) {
        stream.insert(frame.offset, frame.data);
    }
    let hello = ClientHello::parse(stream.prefix()).unwrap();
    assert_eq!(hello.server_name, Some("example.com"));
    assert!(hello.alpn.clone().eq([b"alpn"]));
    assert!(!hello.truncated);
}

#[test]
fn server_initial_is_opened() {
    for sample in &SAMPLES {
        let mut keys = InitialKeys::server(sample.version, &DCID).unwrap();
        let datagram = unhex(sample.server_packet);
        assert_eq!(
            keys.seal(&unhex(sample.server_header), 2, &unhex(SERVER_PAYLOAD)),
            datagram
        );

        let packet = single(&datagram);
        assert_eq!(packet.scid, unhex("f067a5502a4262b5"));
        let mut payload = Vec::new();
        let opened = keys.decrypt(&packet, &mut payload);
        assert_eq!(
            opened,
            Ok(Opened {
                packet_number: 1,
                authenticated: true
            })
        );
        assert_eq!(payload, unhex(SERVER_PAYLOAD));

        let mut lengths = ConnectionIdLengths::default();
        lengths.learn(Endpoint::Server, &packet);
        assert_eq!(lengths.short_dcid_len(Endpoint::Client), Some(8));
        assert_eq!(lengths.short_dcid_len(Endpoint::Server), None);
    }
}

#[test]
fn retry_is_read() {
    for sample in &SAMPLES {
        let datagram = unhex(sample.retry);
        let packet = single(&datagram);
        assert_eq!(
            (packet.form, packet.version),
            (Form::Retry, Some(sample.version))
        );
        assert_eq!(
            (packet.dcid, packet.scid),
            (&[][..], &unhex("f067a5502a4262b5")[..])
        );
        assert_eq!((packet.token_len, packet.length), (b"token".len(), None));
        assert!(packet.bytes[packet.header_len..].starts_with(b"token"));
        let mut payload = Vec::new();
        let mut keys = InitialKeys::server(sample.version, &DCID).unwrap();
        assert_eq!(
            keys.decrypt(&packet, &mut payload),
            Err(InitialError::NotInitial)
        );
        assert!(!looks_like_initial(&datagram, 1200));
    }
}
