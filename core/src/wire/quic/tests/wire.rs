//! Datagrams made up here: coalesced, cut, foreign and broken ones.

use super::*;

const SERVER_CID: [u8; 8] = *b"serverid";
const CLIENT_CID: [u8; 4] = *b"clnt";

fn client_initial(version: u32, payload: &[u8]) -> (InitialKeys, Vec<u8>) {
    let mut keys = InitialKeys::client(version, &DCID).unwrap();
    let header = long_header(
        version,
        Form::Initial,
        &DCID,
        &CLIENT_CID,
        b"token",
        payload.len(),
    );
    let packet = keys.seal(&header, 4, payload);
    (keys, packet)
}

fn handshake(dcid: &[u8]) -> Vec<u8> {
    [
        long_header(V1, Form::Handshake, dcid, &SERVER_CID, &[], 100),
        vec![0xee; 100 + TAG_LEN],
    ]
    .concat()
}

fn short(dcid: &[u8], len: usize) -> Vec<u8> {
    [&[0x41][..], dcid, &vec![0xdd; len]].concat()
}

#[test]
fn coalesced_packets_are_told_apart() {
    let initial = client_initial(V1, &[1; 300]).1;
    let (handshake, short) = (handshake(&DCID), short(&DCID, 50));
    let datagram = [&initial[..], &handshake, &short].concat();
    let packets: Vec<_> = parse_datagram(&datagram, datagram.len(), None).collect();

    assert_eq!(
        packets.iter().map(|p| p.form).collect::<Vec<_>>(),
        [Form::Initial, Form::Handshake, Form::Short]
    );
    assert_eq!(
        packets.iter().map(|p| p.bytes).collect::<Vec<_>>(),
        [&initial[..], &handshake, &short]
    );
    assert_eq!(packets[0].token_len, 5);
    assert_eq!(
        packets[1].payload_range(),
        initial.len() + packets[1].header_len..initial.len() + handshake.len()
    );
    assert_eq!(
        &datagram[packets[1].payload_range()],
        &packets[1].bytes[packets[1].header_len..]
    );
    assert_eq!(
        (packets[2].dcid, packets[2].header_len),
        (&DCID[..], 9),
        "the length known from the first"
    );
}

#[test]
fn bytes_behind_the_packets_are_counted_not_parsed() {
    let initial = client_initial(V1, &[1; 300]).1;
    for junk in [
        vec![0; 70],
        handshake(&SERVER_CID),
        short(b"otherone", 50),
        vec![0xc0, 0, 0],
    ] {
        let datagram = [&initial[..], &junk].concat();
        let mut packets = parse_datagram(&datagram, datagram.len(), None);
        assert_eq!(packets.by_ref().count(), 1);
        assert_eq!(packets.unparsed_len(), junk.len());
    }
    // Zeros behind an empty destination are no short header either.
    let padded = [handshake(&[]), vec![0; 50]].concat();
    assert_eq!(parse_datagram(&padded, padded.len(), Some(0)).count(), 1);
}

#[test]
fn cut_packets_keep_their_true_length() {
    let datagram = [client_initial(V1, &[1; 300]).1, handshake(&DCID)].concat();
    let mut packets = parse_datagram(&datagram[..100], datagram.len(), None);
    let packet = packets.next().unwrap();
    assert!(packet.is_cut());
    assert_eq!(
        (packet.bytes.len(), packet.packet_len),
        (100, packet.header_len + 4 + 300 + TAG_LEN)
    );
    assert_eq!(
        packets.next(),
        None,
        "the header of the second was not captured"
    );
    assert_eq!(packets.unparsed_len(), handshake(&DCID).len());

    let packet = parse_datagram(&[0x41; 30], 1252, Some(8)).next().unwrap();
    assert_eq!(
        (packet.form, packet.packet_len, packet.payload_range()),
        (Form::Short, 1252, 9..1252)
    );
    // Bytes behind the UDP payload, as the padding of a short Ethernet frame, are no part of it.
    let packet = parse_datagram(&[0x41; 46], 30, Some(8)).next().unwrap();
    assert_eq!(packet.bytes.len(), 30);
}

#[test]
fn a_cut_initial_is_decrypted_as_far_as_it_goes() {
    for version in [V1, V2, DRAFT_29] {
        let frames = crypto_frame(0, &(0..=250).collect::<Vec<u8>>());
        let (mut keys, datagram) = client_initial(version, &frames);
        let header_len = datagram.len() - TAG_LEN - frames.len();
        let mut payload = Vec::new();
        for captured in 0..=datagram.len() {
            let Some(packet) = parse_datagram(&datagram[..captured], datagram.len(), None).next()
            else {
                assert!(captured < header_len);
                continue;
            };
            match keys.decrypt(&packet, &mut payload) {
                Ok(opened) => {
                    assert_eq!(opened.authenticated, captured == datagram.len());
                    assert!(frames.starts_with(&payload));
                    assert_eq!(payload.len(), frames.len().min(captured - header_len));
                }
                Err(error) => {
                    assert_eq!(error, InitialError::Truncated);
                    assert!(
                        captured < header_len + 16,
                        "a sample was there at {captured}"
                    );
                    assert!(payload.is_empty());
                }
            }
        }
    }
}

#[test]
fn wrong_keys_are_noticed() {
    let (_, datagram) = client_initial(V1, &[1; 300]);
    let mut payload = vec![7];
    let mut keys = InitialKeys::client(V1, &SERVER_CID).unwrap();
    assert_eq!(
        keys.decrypt(&single(&datagram), &mut payload),
        Err(InitialError::Authentication)
    );
    assert!(payload.is_empty());
    let mut keys = InitialKeys::server(V1, &DCID).unwrap();
    assert_eq!(
        keys.decrypt(&single(&datagram), &mut payload),
        Err(InitialError::Authentication)
    );
    assert_eq!(
        InitialKeys::client(0x1234_5678, &DCID).err(),
        Some(InitialError::UnknownVersion)
    );
}

#[test]
fn other_versions_keep_to_the_invariants() {
    let long_cid = [9; 200];
    let header = |version: u32| {
        [
            &[0x80][..],
            &version.to_be_bytes(),
            &[200],
            &long_cid,
            &[1, 7],
            &[5; 40],
        ]
        .concat()
    };
    for (version, form) in [
        (0, Form::VersionNegotiation),
        (0x5130_3530, Form::UnknownVersion),
    ] {
        let datagram = header(version);
        let packet = single(&datagram);
        assert_eq!((packet.form, packet.version), (form, Some(version)));
        assert_eq!((packet.dcid, packet.scid), (&long_cid[..], &[7][..]));
        assert_eq!(packet.bytes[packet.header_len..], [5; 40]);
    }
    assert_eq!(
        parse_datagram(&header(V1), 250, None).next(),
        None,
        "a known version allows 20 bytes"
    );
}

#[test]
fn types_of_long_headers() {
    for version in [V1, V2, DRAFT_29] {
        for form in [Form::Initial, Form::ZeroRtt, Form::Handshake] {
            let header = long_header(version, form, &DCID, &[], &[], 100);
            let datagram = [&header[..], &[0; 100 + TAG_LEN]].concat();
            assert_eq!(single(&datagram).form, form);
        }
        let retry = [
            &[first_byte(version, Form::Retry)][..],
            &version.to_be_bytes(),
            &[0; 2 + TAG_LEN],
        ]
        .concat();
        assert_eq!(
            (single(&retry).form, single(&retry).token_len),
            (Form::Retry, 0)
        );
        assert_eq!(
            parse_datagram(&retry, retry.len() - 1, None).next(),
            None,
            "no room for a tag"
        );
    }
}

#[test]
fn connection_id_lengths_follow_the_long_headers() {
    let mut lengths = ConnectionIdLengths::default();
    let initial = client_initial(V1, &[1; 300]).1;
    lengths.learn(Endpoint::Client, &single(&initial));
    assert_eq!(lengths.short_dcid_len(Endpoint::Server), Some(4));
    assert_eq!(lengths.short_dcid_len(Endpoint::Client), None);
    lengths.learn(Endpoint::Server, &single(&handshake(&CLIENT_CID)));
    let learnt = lengths;
    lengths.learn(Endpoint::Server, &single(&short(&CLIENT_CID, 30)));
    let negotiation = [&[0x80][..], &[0; 4], &[0, 8], &DCID, &V2.to_be_bytes()].concat();
    lengths.learn(Endpoint::Server, &single(&negotiation));
    assert_eq!(lengths, learnt, "these name no source of the sender's");
    assert_eq!(lengths.short_dcid_len(Endpoint::Client), Some(8));
}

#[test]
fn only_a_clients_first_datagram_looks_like_one() {
    let full = |dcid: &[u8]| {
        let header = long_header(V1, Form::Initial, dcid, &[], &[], 1170);
        [&header[..], &[0; 1170 + TAG_LEN]].concat()
    };
    let datagram = full(&DCID);
    let len = datagram.len();
    assert!(looks_like_initial(&datagram, len));
    assert!(looks_like_initial(&datagram[..60], len), "cut");
    assert!(!looks_like_initial(&datagram[..60], 60), "too small");
    assert!(
        !looks_like_initial(&datagram, len - 1),
        "length beyond the datagram"
    );
    assert!(
        !looks_like_initial(&full(&[1; 7]), 1500),
        "destination too short"
    );
    assert!(
        !looks_like_initial(&full(&[1; 21]), 1500),
        "destination too long"
    );
    let mut greased = datagram.clone();
    greased[0] &= !0x40;
    assert!(!looks_like_initial(&greased, len), "fixed bit");
    assert!(single(&greased).form == Form::Initial, "tolerated later on");
    assert!(!looks_like_initial(&[], 1200));
    assert!(
        !looks_like_initial(&[0x16, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0], 1200),
        "DTLS"
    );
}
