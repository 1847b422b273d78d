//! Bytes that the snapshot length or a gap hides.

use super::*;

#[test]
fn hidden_bytes_in_a_body_do_no_harm() {
    let stream = [sized(5000), sized(7000), sized(10)].concat();
    let expected = whole(Side::Server, &stream, &[]);
    assert_eq!(expected.len(), 9);
    // The first body and the beginning of the second head in one packet, cut where the body begins.
    let first_head = head_length(&stream).unwrap();
    for end in first_head..first_head + 5000 {
        let packets = [
            (&stream[..first_head], end as u64),
            (&stream[end..], (stream.len() - end) as u64),
        ];
        assert_eq!(
            read(&mut MessageReader::new(Side::Server), &mut 0, &packets, &[]),
            expected,
            "{end} bytes, cut"
        );
    }
    let packets = [
        (&stream[..first_head], first_head as u64),
        (&[], 4000),
        (&[], 1000),
        (
            &stream[first_head + 5000..],
            (stream.len() - first_head - 5000) as u64,
        ),
    ];
    assert_eq!(
        read(&mut MessageReader::new(Side::Server), &mut 0, &packets, &[]),
        expected,
        "whole packets"
    );
}

#[test]
fn hidden_bytes_in_a_chunk_do_no_harm() {
    let stream = [chunked(), sized(3)].concat();
    let expected = whole(Side::Server, &stream, &[]);
    let data = stream
        .iter()
        .position(|&b| b == b'a')
        .map(|at| stream[at..].iter().position(|&b| b == b'b'));
    assert!(data.is_some());
    let letters = stream
        .windows(26)
        .position(|w| w == b"abcdefghijklmnopqrstuvwxyz")
        .unwrap();
    let packets = [
        (&stream[..letters], letters as u64),
        (&[], 26),
        (
            &stream[letters + 26..],
            (stream.len() - letters - 26) as u64,
        ),
    ];
    assert_eq!(
        read(&mut MessageReader::new(Side::Server), &mut 0, &packets, &[]),
        expected
    );
    // One byte more hidden: where the next chunk begins is not known.
    let mut reader = MessageReader::new(Side::Server);
    let packets = [
        (&stream[..letters], letters as u64),
        (&[], 27),
        (&stream[letters + 27..], 1),
    ];
    read(&mut reader, &mut 0, &packets, &[]);
    assert!(reader.is_lost());
}

#[test]
fn hidden_bytes_in_a_head_lose_the_framing_until_a_packet_begins_with_a_message() {
    for at in 1..40 {
        let (first, second) = (sized(100), sized(200));
        let mut reader = MessageReader::new(Side::Server);
        let mut offset = 0;
        let events = read(
            &mut reader,
            &mut offset,
            &[(&first[..at], at as u64), (&[], (first.len() - at) as u64)],
            &[],
        );
        assert_eq!(events, [HttpEvent::Start(0)], "{at}");
        assert!(reader.is_lost() && !reader.at_boundary());
        let events = read(&mut reader, &mut offset, &[(b"some body bytes", 15)], &[]);
        assert_eq!(events, [], "{at}");
        let start = offset;
        let events = read(
            &mut reader,
            &mut offset,
            &[(&second, second.len() as u64)],
            &[],
        );
        assert_eq!(
            events,
            [HttpEvent::Start(start), head(206), HttpEvent::End(offset)],
            "{at}"
        );
        assert!(reader.at_boundary() && !reader.is_lost());
    }
}

#[test]
fn a_head_that_a_snapshot_cuts_is_begun_but_not_read() {
    let mut reader = MessageReader::new(Side::Client);
    let events = read(&mut reader, &mut 0, &[(&GET[..30], GET.len() as u64)], &[]);
    assert_eq!(
        (events.as_slice(), reader.is_lost()),
        (&[HttpEvent::Start(0)][..], true)
    );
    let events = read(
        &mut reader,
        &mut 100,
        &[(&GET[..30], GET.len() as u64)],
        &[],
    );
    assert_eq!(
        events,
        [HttpEvent::Start(100)],
        "each request's packet begins one"
    );
}

#[test]
fn a_reader_that_joins_late_waits_for_a_message() {
    let mut reader = MessageReader::lost(Side::Server);
    let mut offset = 0;
    assert_eq!(
        read(
            &mut reader,
            &mut offset,
            &[(b"..HTTP/1.1 200 OK\r\n\r\n", 22), (&[], 1000)],
            &[]
        ),
        []
    );
    let message = sized(5);
    let events = read(
        &mut reader,
        &mut offset,
        &[(&message, message.len() as u64)],
        &[],
    );
    assert_eq!(
        events,
        [
            HttpEvent::Start(1022),
            head(206),
            HttpEvent::End(1022 + message.len() as u64)
        ]
    );
}

#[test]
fn what_is_not_http_loses_the_framing_and_restart_brings_it_back() {
    let mut reader = MessageReader::new(Side::Server);
    let mut offset = 0;
    assert_eq!(
        read(
            &mut reader,
            &mut offset,
            &[(b"\x17\x03\x03\x40\x11 something", 15)],
            &[]
        ),
        []
    );
    assert!(reader.is_lost());
    reader.restart();
    assert!(reader.at_boundary());
    let events = read(
        &mut reader,
        &mut offset,
        &[(b"HTTP", 4), (b"/1.1 204 N\r\n\r\n", 14)],
        &[],
    );
    assert_eq!(
        events,
        [HttpEvent::Start(15), head(204), HttpEvent::End(33)]
    );
}

#[test]
fn a_head_without_end_is_given_up() {
    let mut reader = MessageReader::new(Side::Client);
    let mut offset = 0;
    let line = [b'a'; 1000];
    read(
        &mut reader,
        &mut offset,
        &[(b"GET / HTTP/1.1\r\nX: ", 19)],
        &[],
    );
    for _ in 0..100 {
        read(&mut reader, &mut offset, &[(&line, 1000)], &[]);
        assert!(reader.head.len() <= MAX_HEAD);
    }
    assert!(reader.is_lost());
}

#[test]
fn more_fields_than_servers_accept_lose_the_framing() {
    let message = |count: usize| {
        response(
            "200 OK",
            &format!("{}Content-Length: 2\r\n", "A: b\r\n".repeat(count)),
            b"ab",
        )
    };
    let fits = message(MAX_FIELDS - 1);
    assert_eq!(whole(Side::Server, &fits, &[]).len(), 3);
    let exceeds = message(MAX_FIELDS);
    assert_eq!(whole(Side::Server, &exceeds, &[]), [HttpEvent::Start(0)]);
}
