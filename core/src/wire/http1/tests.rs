use proptest::prelude::*;

use super::*;

mod arbitrary;
mod hidden;

const GET: &[u8] =
    b"GET /range/0-65535?o=AQ HTTP/1.1\r\nHost: 23.246.11.141\r\nAccept: */*\r\n\r\n";

/// Offset at which streams begin.
const ORIGIN: u64 = 1 << 40;

/// Reads packets, each with its captured bytes and how many there were; offsets of events count
/// from 0.
fn read(
    reader: &mut MessageReader,
    at: &mut u64,
    packets: &[(&[u8], u64)],
    bodiless: &[bool],
) -> Vec<HttpEvent> {
    let mut events = Vec::new();
    let mut bodiless = bodiless.iter().copied();
    for &(bytes, length) in packets {
        reader.read(
            ORIGIN + *at,
            bytes,
            length,
            || bodiless.next().unwrap_or(false),
            |event| {
                events.push(match event {
                    // Their parts depend on packets.
                    HttpEvent::EmptyLines(..) => return,
                    HttpEvent::Start(offset) => HttpEvent::Start(offset - ORIGIN),
                    HttpEvent::End(offset) => HttpEvent::End(offset - ORIGIN),
                    other => other,
                });
            },
        );
        *at += length;
    }
    events
}

fn whole(side: Side, stream: &[u8], bodiless: &[bool]) -> Vec<HttpEvent> {
    read(
        &mut MessageReader::new(side),
        &mut 0,
        &[(stream, stream.len() as u64)],
        bodiless,
    )
}

fn head(status: u16) -> HttpEvent {
    HttpEvent::Head(Head {
        status,
        bodiless: false,
    })
}

fn response(status: &str, fields: &str, body: &[u8]) -> Vec<u8> {
    [
        format!("HTTP/1.1 {status}\r\n{fields}\r\n").as_bytes(),
        body,
    ]
    .concat()
}

fn sized(length: usize) -> Vec<u8> {
    response(
        "206 Partial Content",
        &format!("Content-Length: {length}\r\n"),
        &vec![b'\n'; length],
    )
}

/// A chunked response with extensions, trailers, and lines in its data that look like chunk sizes.
fn chunked() -> Vec<u8> {
    let body = b"4;name=\"v\"\r\n0\r\n\r\r\n1A ; x\r\nabcdefghijklmnopqrstuvwxyz\r\n000\r\nExpires: 0\r\nX: y\r\n\r\n";
    response("200 OK", "Transfer-Encoding: gzip, Chunked\r\n", body)
}

/// A server's side with every kind of ending, and which of its responses answer HEAD.
fn exchange() -> (Vec<u8>, Vec<bool>, Vec<HttpEvent>) {
    let parts = [
        (sized(100), false),
        (response("100 Continue", "", b""), false),
        (response("200 OK", "Content-Length: 5000\r\n", b""), true),
        (response("204 No Content", "", b""), false),
        (
            response("304 Not Modified", "Content-Length: 77\r\n", b""),
            false,
        ),
        (chunked(), false),
        (response("200 OK", "Content-Length: 0\r\n", b""), false),
        ([b"\r\n", &sized(3)[..]].concat(), false),
        (
            response(
                "200 OK",
                "Date: today\r\n",
                b"until the end HTTP/1.1 200 OK\r\n\r\n",
            ),
            false,
        ),
    ];
    let (mut stream, mut bodiless, mut events) = (Vec::new(), Vec::new(), Vec::new());
    for (at, (part, answers_head)) in parts.iter().enumerate() {
        let blank = part.iter().take_while(|b| b.is_ascii_whitespace()).count();
        events.push(HttpEvent::Start((stream.len() + blank) as u64));
        stream.extend_from_slice(part);
        let status = str::from_utf8(&part[blank + 9..blank + 12])
            .unwrap()
            .parse()
            .unwrap();
        if status == 100 {
            events.push(HttpEvent::Interim);
            continue;
        }
        bodiless.push(*answers_head);
        events.push(HttpEvent::Head(Head {
            status,
            bodiless: *answers_head,
        }));
        if at + 1 < parts.len() {
            events.push(HttpEvent::End(stream.len() as u64));
        }
    }
    (stream, bodiless, events)
}

fn requests() -> (Vec<u8>, Vec<HttpEvent>) {
    let put = b"PUT /a HTTP/1.1\r\nContent-Length: 10\r\n\r\nGET / HTTP";
    let post = b"POST /b HTTP/1.1\nTransfer-Encoding: chunked\n\n3\nabc\n0\n\n";
    let mut stream = Vec::new();
    let mut events = Vec::new();
    let lines = b"HEAD / HTTP/1.1\r\n\r\n";
    for (part, bodiless) in [
        (GET, false),
        (&put[..], false),
        (&post[..], false),
        (&lines[..], true),
        (GET, false),
    ] {
        events.push(HttpEvent::Start(stream.len() as u64));
        stream.extend_from_slice(part);
        events.extend([
            HttpEvent::Head(Head {
                status: 0,
                bodiless,
            }),
            HttpEvent::End(stream.len() as u64),
        ]);
    }
    (stream, events)
}

#[test]
fn responses_end_as_their_heads_say() {
    let (stream, bodiless, events) = exchange();
    assert_eq!(whole(Side::Server, &stream, &bodiless), events);
}

#[test]
fn pipelined_requests_are_told_apart() {
    let (stream, events) = requests();
    assert_eq!(whole(Side::Client, &stream, &[]), events);
}

#[test]
fn where_packets_divide_a_stream_makes_no_difference() {
    let (stream, bodiless, events) = exchange();
    let (up, up_events) = requests();
    for (side, stream, bodiless, events) in [
        (Side::Server, &stream, &bodiless[..], &events),
        (Side::Client, &up, &[], &up_events),
    ] {
        for at in 0..=stream.len() {
            let (first, second) = stream.split_at(at);
            let packets = [(first, at as u64), (second, second.len() as u64)];
            assert_eq!(
                &read(&mut MessageReader::new(side), &mut 0, &packets, bodiless),
                events,
                "{side:?} at {at}"
            );
        }
        let bytes: Vec<_> = stream.chunks(1).map(|byte| (byte, 1)).collect();
        assert_eq!(
            &read(&mut MessageReader::new(side), &mut 0, &bytes, bodiless),
            events,
            "{side:?} byte by byte"
        );
    }
}

#[test]
fn switching_protocols_hides_what_follows() {
    let stream = [
        response("101 Switching Protocols", "Upgrade: h2c\r\n", b""),
        sized(4),
    ]
    .concat();
    let events = whole(Side::Server, &stream, &[]);
    assert_eq!(events, [HttpEvent::Start(0), head(101)]);
}

#[test]
fn a_length_that_makes_no_sense_loses_the_framing() {
    for fields in [
        "Content-Length: many\r\n",
        "Content-Length: -5\r\n",
        "Content-Length: +5\r\n",
        "Content-Length: 99999999999999999999999\r\n",
        "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Content-Length:\r\n",
    ] {
        let mut reader = MessageReader::new(Side::Server);
        let stream = response("200 OK", fields, b"12345");
        let events = read(&mut reader, &mut 0, &[(&stream, stream.len() as u64)], &[]);
        assert_eq!(
            (events.as_slice(), reader.is_lost()),
            (&[HttpEvent::Start(0)][..], true),
            "{fields}"
        );
    }
    let repeated = response(
        "200 OK",
        "Content-Length: 5\r\ncontent-length: 5\r\n",
        b"12345",
    );
    assert_eq!(
        whole(Side::Server, &repeated, &[]).last(),
        Some(&HttpEvent::End(repeated.len() as u64))
    );
    let both = response(
        "200 OK",
        "Content-Length: 999\r\nTransfer-Encoding: chunked\r\n",
        b"0\r\n\r\n",
    );
    assert_eq!(
        whole(Side::Server, &both, &[]).last(),
        Some(&HttpEvent::End(both.len() as u64)),
        "chunks win"
    );
}

#[test]
fn chunk_sizes_that_make_no_sense_lose_the_framing() {
    for body in [
        "x\r\n",
        "\r\n",
        ";a\r\n",
        "-1\r\n",
        "fffffffffffffffff\r\n",
        "3\r\nabcd\r\n",
        "3\r\nabc0\r\n\r\n",
    ] {
        let mut reader = MessageReader::new(Side::Server);
        let stream = response("200 OK", "Transfer-Encoding: chunked\r\n", body.as_bytes());
        let events = read(&mut reader, &mut 0, &[(&stream, stream.len() as u64)], &[]);
        assert_eq!(
            (events.as_slice(), reader.is_lost()),
            (&[HttpEvent::Start(0), head(200)][..], true),
            "{body:?}"
        );
    }
    let mut reader = MessageReader::new(Side::Server);
    let line = format!("1;{}", "x".repeat(10_000));
    let stream = response("200 OK", "Transfer-Encoding: chunked\r\n", line.as_bytes());
    read(&mut reader, &mut 0, &[(&stream, stream.len() as u64)], &[]);
    assert!(reader.is_lost(), "a line without end");
}

#[test]
fn hosts_are_read_from_whole_and_cut_heads() {
    let host =
        |value: &str| host_of(format!("GET / HTTP/1.1\r\nX: y\r\nhOsT:{value}\r\n").as_bytes());
    for (value, expected) in [
        (" 23.246.11.141", Some("23.246.11.141")),
        ("Occ-0-1.1.NFLXso.net:80 ", Some("occ-0-1.1.nflxso.net")),
        (" [2a00:86c0::1]:8080", None),
        (" www.netflix.com.", Some("www.netflix.com")),
        (" =cmd|'a'!a0netflix", None),
        (" <script>netflix", None),
        ("", None),
        (" :80", None),
        (" a netflix.com", None),
        (" netflix\u{9b}1m", None),
    ] {
        assert_eq!(host(value).as_deref(), expected, "{value:?}");
    }
    for (labels, is_name) in [(126, true), (127, false)] {
        assert_eq!(
            host(&format!("{}n", "n.".repeat(labels))).is_some(),
            is_name
        );
    }
    assert_eq!(host_of(GET).as_deref(), Some("23.246.11.141"));
    let needed = GET.len() - b"Accept: */*\r\n\r\n".len();
    for length in 0..GET.len() {
        let found = host_of(&GET[..length]);
        assert_eq!(
            found.is_some(),
            length >= needed,
            "never a part of a name: {found:?} at {length}"
        );
    }
}

#[test]
fn first_bytes_tell_http_from_other_things() {
    for method in ["GET /", "GET", "HEAD ", "POST /x", "DEL"] {
        assert!(looks_like_request(method.as_bytes()), "{method}");
    }
    for other in [
        "",
        "G",
        "GE",
        "GETX /",
        "get /",
        "HTTP/1.1 200",
        "\x16\x03\x01",
    ] {
        assert!(!looks_like_request(other.as_bytes()), "{other}");
    }
    assert!(looks_like_response(b"HTTP/1.0 200 OK") && !looks_like_response(b"HTTP/2 200"));
    assert_eq!(head_length(GET), Some(GET.len()));
    assert_eq!(head_length(&GET[..GET.len() - 1]), None);
}
