use proptest::prelude::*;

use super::*;
use crate::testing::{protected, protected_body, record, server_hello};

const ORIGIN: u64 = 1 << 40;

/// Reads packets; record events with offsets from 0, and bytes inside and outside of records.
fn read(
    reader: &mut RecordReader,
    at: &mut u64,
    packets: &[(&[u8], u64)],
) -> (Vec<(u64, u32, bool)>, u64, u64) {
    let (mut records, mut framed, mut unframed) = (Vec::new(), 0, 0);
    for &(bytes, length) in packets {
        let before = framed + unframed;
        reader.read(ORIGIN + *at, bytes, length, |event| match event {
            TlsEvent::Record {
                offset,
                header,
                guessed,
            } => records.push((offset - ORIGIN, header.length, guessed)),
            TlsEvent::Bytes(n) => framed += n,
            TlsEvent::Unframed(n) => unframed += n,
        });
        *at += length;
        assert_eq!(
            framed + unframed - before,
            length,
            "each byte is reported once"
        );
    }
    (records, framed, unframed)
}

fn lengths(stream: &[u8]) -> Vec<(u64, u32, bool)> {
    let (mut records, mut at) = (Vec::new(), 0);
    while at < stream.len() {
        let length = u32::from(u16::from_be_bytes([stream[at + 3], stream[at + 4]]));
        records.push((at as u64, length, false));
        at += 5 + length as usize;
    }
    records
}

fn stream() -> Vec<u8> {
    [
        record(22, &[1; 300]),
        record(20, &[1]),
        protected(53),
        protected_body(40_000, 17),
        record(21, &[1, 0]),
    ]
    .concat()
}

#[test]
fn headers_are_told_from_other_bytes() {
    let parse = |bytes: [u8; 5]| RecordHeader::parse(bytes).map(|h| (h.content_type, h.length));
    assert_eq!(
        parse([20, 3, 3, 0, 1]),
        Some((ContentType::ChangeCipherSpec, 1))
    );
    assert_eq!(parse([21, 3, 1, 0, 2]), Some((ContentType::Alert, 2)));
    assert_eq!(parse([22, 3, 1, 2, 0]), Some((ContentType::Handshake, 512)));
    assert_eq!(
        parse([23, 3, 3, 0x48, 0]),
        Some((ContentType::ApplicationData, MAX_CIPHERTEXT))
    );
    for bad in [
        [19, 3, 3, 0, 1],
        [24, 3, 3, 0, 1],
        [23, 2, 3, 0, 1],
        [23, 3, 0, 0, 1],
        [23, 3, 5, 0, 1],
        [23, 3, 3, 0x48, 1],
        [23, 3, 3, 0, 0],
    ] {
        assert_eq!(parse(bad), None, "{bad:?}");
    }
}

#[test]
fn where_packets_divide_a_stream_makes_no_difference() {
    let stream = stream();
    let expected = lengths(&stream);
    assert_eq!(expected.len(), 7);
    for at in 0..=stream.len() {
        let (first, second) = stream.split_at(at);
        let packets = [(first, at as u64), (second, second.len() as u64)];
        let mut reader = RecordReader::default();
        let (records, framed, unframed) = read(&mut reader, &mut 0, &packets);
        assert_eq!(
            (&records, framed, unframed),
            (&expected, stream.len() as u64, 0),
            "at {at}"
        );
        assert!(reader.is_exact() && reader.at_boundary());
    }
    let bytes: Vec<_> = stream.chunks(1).map(|byte| (byte, 1)).collect();
    assert_eq!(
        read(&mut RecordReader::default(), &mut 0, &bytes).0,
        expected,
        "byte by byte"
    );
}

#[test]
fn hidden_bytes_in_a_record_do_no_harm() {
    let stream = [protected(3000), protected(2000), protected(10)].concat();
    let expected = lengths(&stream);
    for seen in 5..100 {
        let packets = [
            (&stream[..seen], 3000),
            (&stream[3000..], (stream.len() - 3000) as u64),
        ];
        let mut reader = RecordReader::default();
        assert_eq!(read(&mut reader, &mut 0, &packets).0, expected);
        assert!(reader.is_exact());
    }
}

#[test]
fn a_hidden_header_is_taken_for_another_full_record() {
    let stream = protected_body(16_384 * 3 + 100, 17);
    let expected = lengths(&stream);
    let full = 16_384 + 17 + 5;
    // Everything but the first and the last packet is cut to nothing.
    for known in 0..5 {
        let first = full + known;
        let packets = [
            (&stream[..first], first as u64),
            (&[], (2 * full - known) as u64),
            (&stream[3 * full..], 122),
        ];
        let mut reader = RecordReader::default();
        let (records, framed, unframed) = read(&mut reader, &mut 0, &packets);
        let guessed: Vec<bool> = records.iter().map(|r| r.2).collect();
        assert_eq!(guessed, [false, true, true, false]);
        assert_eq!(
            records
                .iter()
                .map(|r| (r.0, r.1, false))
                .collect::<Vec<_>>(),
            expected
        );
        assert_eq!((framed, unframed), (stream.len() as u64, 0));
        assert_eq!(reader.full_record(), 16_384 + 17);
    }
}

#[test]
fn without_a_full_record_before_it_a_hidden_header_loses_the_framing() {
    let stream = [protected(300), protected(700), protected(90)].concat();
    let mut reader = RecordReader::default();
    let mut at = 0;
    let (records, _, unframed) = read(&mut reader, &mut at, &[(&stream[..305], 305), (&[], 705)]);
    assert_eq!((records.len(), unframed), (1, 705));
    assert!(!reader.is_exact() && !reader.at_boundary());
    let (records, _, unframed) = read(&mut reader, &mut at, &[(&stream[1010..], 95)]);
    assert_eq!(
        (records, unframed),
        (vec![(1010, 90, false)], 0),
        "a packet that begins with a record"
    );
    assert!(reader.is_exact());
}

#[test]
fn hidden_records_are_like_two_that_showed_though_they_are_not_full() {
    for (length, expected) in [(1_023, false), (1_024, true), (8_024, true)] {
        let one = protected(length);
        let stream = [&one[..], &one[..], &one[..], &one[..]].concat();
        let whole = one.len();
        let mut reader = RecordReader::default();
        let packets = [
            (&stream[..2 * whole], 2 * whole as u64),
            (&[], 2 * whole as u64),
        ];
        let (records, framed, unframed) = read(&mut reader, &mut 0, &packets);
        let guessed: Vec<bool> = records.iter().map(|r| r.2).collect();
        let lost = if expected { 0 } else { 2 * whole as u64 };
        assert_eq!(unframed, lost, "{length}");
        assert_eq!(framed + unframed, stream.len() as u64);
        assert_eq!(guessed == [false, false, true, true], expected, "{length}");
    }
}

#[test]
fn a_header_where_one_was_supposed_confirms_it() {
    let one = protected(8_024);
    let whole = one.len();
    let mut reader = RecordReader::default();
    let mut at = 0;
    let seen = [&one[..], &one[..]].concat();
    read(&mut reader, &mut at, &[(&seen, 2 * whole as u64)]);
    read(&mut reader, &mut at, &[(&[], whole as u64 - 10)]);
    assert!(!reader.is_exact());
    let cut = [&[0xa5; 10], &one[..40]].concat();
    let (records, ..) = read(&mut reader, &mut at, &[(&cut, 1000)]);
    assert_eq!(records, [(3 * whole as u64, 8_024, false)]);
    assert!(reader.is_exact());
}

#[test]
fn a_wrong_guess_is_put_right_by_a_packet_that_begins_with_a_record() {
    let stream = [protected_body(16_384, 17), protected(500), protected(800)].concat();
    let full = 16_384 + 17 + 5;
    let mut reader = RecordReader::default();
    let mut at = 0;
    let (records, ..) = read(
        &mut reader,
        &mut at,
        &[(&stream[..full], full as u64), (&[], 505)],
    );
    assert_eq!(records.last(), Some(&(full as u64, 16_401, true)));
    assert!(!reader.is_exact());
    let (records, ..) = read(&mut reader, &mut at, &[(&stream[full + 505..], 805)]);
    assert_eq!(records, [(full as u64 + 505, 800, false)]);
    assert!(reader.is_exact() && reader.at_boundary());
}

#[test]
fn bytes_that_resemble_a_header_must_be_followed_by_another() {
    let mut lost = RecordReader::lost();
    let chance = [&protected(20)[..], &[0xa5; 60]].concat();
    assert_eq!(read(&mut lost, &mut 0, &[(&chance, 85)]), (vec![], 0, 85));
    let two = [protected(20), protected(3000)].concat();
    let (records, ..) = read(&mut lost, &mut 85, &[(&two[..1000], 1000)]);
    assert_eq!(records, [(85, 20, false), (110, 3000, false)]);
    // The second header is cut, or would stand in the next packet.
    for (seen, length) in [(10, 1000), (25, 1000), (25, 25), (10, 20)] {
        let mut lost = RecordReader::lost();
        assert_eq!(
            read(&mut lost, &mut 0, &[(&two[..seen], length)]).0[0],
            (0, 20, false),
            "{seen} of {length}"
        );
    }
}

#[test]
fn restart_begins_a_record_at_the_next_byte() {
    let mut reader = RecordReader::default();
    let mut at = 0;
    read(&mut reader, &mut at, &[(&protected(5000)[..100], 100)]);
    assert!(!reader.at_boundary());
    reader.restart();
    assert!(reader.at_boundary());
    assert_eq!(
        read(&mut reader, &mut at, &[(&protected(60), 65)]).0,
        [(100, 60, false)]
    );
}

#[test]
fn a_server_hello_tells_version_cipher_and_protocol() {
    let parse = |version, cipher, alpn: &str| {
        ServerHello::parse(&server_hello(version, cipher, alpn, [9; 32]))
    };
    let hello = ServerHello {
        version: 0x0304,
        cipher: 0x1302,
        http2: false,
        resumes: false,
        retry: false,
    };
    assert_eq!(parse(0x0304, 0x1302, ""), Some(hello));
    let hello = ServerHello {
        version: 0x0303,
        cipher: 0xc02f,
        http2: true,
        resumes: false,
        retry: false,
    };
    assert_eq!(parse(0x0303, 0xc02f, "h2"), Some(hello));
    assert_eq!(
        parse(0x0303, 0xc02f, "http/1.1"),
        Some(ServerHello {
            http2: false,
            ..hello
        })
    );
    let retry = ServerHello::parse(&server_hello(0x0304, 0x1301, "", HELLO_RETRY_REQUEST)).unwrap();
    assert!(retry.retry && retry.version == 0x0304);
    let mut client = server_hello(0x0304, 0x1301, "", [9; 32]);
    client[0] = 1;
    assert_eq!(ServerHello::parse(&client), None);
}

#[test]
fn of_a_cut_server_hello_nothing_false_is_said() {
    let message = server_hello(0x0304, 0x1302, "", [9; 32]);
    let whole = ServerHello::parse(&message).unwrap();
    for length in 0..message.len() {
        if let Some(hello) = ServerHello::parse(&message[..length]) {
            assert_eq!(hello, whole, "{length} bytes");
        }
    }
}

proptest! {
    #[test]
    fn records_of_any_size_are_followed(
        sizes in prop::collection::vec(1..4000_usize, 1..12),
        cuts in prop::collection::vec(1..1500_usize, 1..8),
    ) {
        let stream: Vec<u8> = sizes.iter().flat_map(|&size| protected(size)).collect();
        let mut packets = Vec::new();
        let mut rest = &stream[..];
        for cut in cuts.into_iter().cycle() {
            let (packet, after) = rest.split_at(cut.min(rest.len()));
            packets.push((packet, packet.len() as u64));
            rest = after;
            if rest.is_empty() {
                break;
            }
        }
        let (records, framed, unframed) = read(&mut RecordReader::default(), &mut 0, &packets);
        prop_assert_eq!(records, lengths(&stream));
        prop_assert_eq!((framed, unframed), (stream.len() as u64, 0));
    }

    #[test]
    fn arbitrary_streams_are_read_to_their_end(
        packets in prop::collection::vec(
            (prop::collection::vec(prop_oneof![Just(23_u8), Just(3), Just(0), Just(0x40), any::<u8>()], 0..60), 0..40_000_u64),
            0..12,
        ),
        joins_late: bool,
    ) {
        let mut reader = if joins_late { RecordReader::lost() } else { RecordReader::default() };
        let packets: Vec<_> = packets.iter().map(|(bytes, hidden)| (&bytes[..], bytes.len() as u64 + hidden)).collect();
        let (records, ..) = read(&mut reader, &mut 0, &packets);
        prop_assert!(records.windows(2).all(|pair| pair[0].0 < pair[1].0), "records in order: {:?}", records);
    }

    #[test]
    fn arbitrary_hellos_are_no_danger(mut bytes in prop::collection::vec(any::<u8>(), 0..120), at in any::<prop::sample::Index>(), byte: u8) {
        let _ = ServerHello::parse(&bytes);
        if let Some(first) = bytes.first_mut() {
            *first = 2;
        }
        let _ = ServerHello::parse(&bytes);
        let mut hello = server_hello(0x0304, 0x1302, "h2", [9; 32]);
        let at = at.index(hello.len());
        hello[at] = byte;
        let _ = ServerHello::parse(&hello);
    }
}

/// Reads records that show, and leaves out what lies between them.
fn in_a_row(reader: &mut RecordReader, groups: &[&[u32]]) {
    for group in groups {
        reader.restart();
        let stream: Vec<u8> = group.iter().flat_map(|&l| protected(l as usize)).collect();
        read(reader, &mut 0, &[(&stream, stream.len() as u64)]);
    }
}

#[test]
fn where_frames_divide_records_two_in_a_row_show_how_long_hidden_ones_are() {
    let full = MAX_PLAINTEXT + 17;
    for (groups, repeating, other) in [
        // Apart they are alike by chance, or because responses begin so.
        (&[&[full][..], &[4_122], &[4_122], &[4_122]][..], full, 0),
        (&[&[full], &[1_317, 1_317]], 1_317, full),
        (&[&[full], &[1_317, 1_317], &[full]], full, 1_317),
        (&[&[1_317, 1_317]], 1_317, 0),
        (&[&[full], &[1_023, 1_023]], full, 0),
        (&[&[full], &[1_024, 1_024]], 1_024, full),
        (&[&[full], &[1_317, 900, 1_317]], full, 0),
    ] {
        let mut reader = RecordReader::default();
        reader.suppose_in_a_row();
        in_a_row(&mut reader, groups);
        let found = (reader.repeating_record(), reader.other_record());
        assert_eq!(found, (repeating, other), "{groups:?}");
    }
}

#[test]
fn shorter_records_are_forgotten_behind_enough_full_ones() {
    for (count, other) in [(7, 1_317), (8, 0)] {
        let mut reader = RecordReader::default();
        reader.suppose_in_a_row();
        in_a_row(&mut reader, &[&[1_317, 1_317]]);
        in_a_row(&mut reader, &vec![&[MAX_PLAINTEXT + 17][..]; count]);
        assert_eq!(reader.other_record(), other, "{count}");
    }
}
