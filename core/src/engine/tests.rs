use proptest::prelude::*;

use super::*;
use crate::engine::testing::{give, give_cut, run, segments};
use crate::facts::counters::Counters;
use crate::facts::server::EvidenceKind;
use crate::packet::{LinkType, Time};
use crate::testing;
use crate::testing::{
    ACK, CLIENT, FIN, MILLISECOND, NETFLIX, RST, RTT, SYN, Talk, TcpPacket, address, protected,
    protected_body,
};

mod arbitrary;
mod bindings;
mod classic;
mod clock;
mod copies;
mod disorder;
mod doubt;
mod endings;
mod evidence;
mod faults;
mod gaps;
mod limits;
mod oracles;
mod paths;
mod proxies;
mod records;
mod requests;
mod settling;
mod taps;
mod viewers;
mod wrappings;

const REQUEST: &[u8] =
    b"GET /range/0-65535?o=AQ HTTP/1.1\r\nHost: 23.246.11.141\r\nUser-Agent: player\r\n\r\n";

fn response(length: usize) -> Vec<u8> {
    let head = format!("HTTP/1.1 206 Partial Content\r\nContent-Length: {length}\r\n\r\n");
    [head.as_bytes(), &vec![b'x'; length]].concat()
}

/// Bodies of the responses in every conversation below.
const BODIES: [usize; 4] = [60_000, 300, 16_384, 25_000];
/// Bytes of a response's head.
const HEAD: usize = 544;

/// A segment as expected: bytes and bytes of HTTP.
type Sizes = (u64, u64);

/// A conversation in clear HTTP.
fn http() -> (Talk, Vec<Sizes>) {
    let mut talk = Talk::new(50_001, NETFLIX, 80);
    talk.open();
    let sizes = BODIES.map(|body| {
        let response = response(body);
        talk.wait(400 * MILLISECOND).say(REQUEST).hear(&response);
        (response.len() as u64, response.len() as u64)
    });
    (talk, sizes.to_vec())
}

/// The same under TLS with so much overhead to each record.
fn tls(mut talk: Talk, overhead: usize) -> (Talk, Vec<Sizes>) {
    let sizes = BODIES.map(|body| {
        let records = protected_body(HEAD + body, overhead);
        talk.wait(400 * MILLISECOND)
            .say(&protected(640 + overhead))
            .hear(&records);
        (records.len() as u64, (HEAD + body) as u64)
    });
    (talk, sizes.to_vec())
}

fn tls13() -> (Talk, Vec<Sizes>) {
    let mut talk = Talk::new(50_002, NETFLIX, 443);
    talk.tls13("ipv4-c001-zrh001-ix.1.oca.nflxvideo.net");
    tls(talk, 17)
}

fn tls12() -> (Talk, Vec<Sizes>) {
    let mut talk = Talk::new(50_003, NETFLIX, 443);
    talk.tls12("ipv4-c001-zrh001-ix.1.oca.nflxvideo.net");
    tls(talk, 24)
}

/// A protocol that nobody knows, on a port of no protocol.
fn opaque() -> (Talk, Vec<Sizes>) {
    let mut talk = Talk::new(50_004, NETFLIX, 9000);
    talk.open();
    let sizes = BODIES.map(|body| {
        talk.wait(400 * MILLISECOND)
            .say(&[0xee; 700])
            .hear(&vec![0xdd; body]);
        (body as u64, body as u64)
    });
    (talk, sizes.to_vec())
}

fn conversations() -> [(&'static str, Talk, Vec<Sizes>); 4] {
    [
        ("HTTP", http()),
        ("TLS 1.3", tls13()),
        ("TLS 1.2", tls12()),
        ("opaque", opaque()),
    ]
    .map(|(name, (talk, sizes))| (name, talk, sizes))
}

fn sizes(engine: &Engine) -> Vec<Sizes> {
    segments(engine)
        .iter()
        .map(|segment| (segment.bytes, segment.app_bytes))
        .collect()
}

fn classic() -> Config {
    let mut config = Config::default();
    config.set("segment_rule", "server").unwrap();
    config
}

#[test]
fn every_protocol_is_segmented_to_the_byte() {
    for (name, talk, expected) in conversations() {
        let (engine, said) = run(Config::default(), &talk.packets);
        assert_eq!(sizes(&engine), expected, "{name}");
        let requests: Vec<usize> = said
            .iter()
            .enumerate()
            .filter(|(_, said)| said.is_some_and(|s| s.request))
            .map(|(at, _)| at + 1)
            .collect();
        for (segment, request) in segments(&engine).iter().zip(&requests) {
            assert_eq!(segment.request_frame, *request as u64, "{name}");
            assert_eq!(
                (segment.retransmitted_bytes, segment.missing_bytes),
                (0, 0),
                "{name}"
            );
            assert!(
                !segment.estimated && !segment.shared && !segment.inferred,
                "{name}"
            );
            let first = segment.first_frame.unwrap();
            assert_eq!(first, segment.request_frame + 1, "{name}");
            assert_eq!(segment.ttfb(), Some(RTT + MILLISECOND / 10), "{name}");
            assert_eq!(segment.last_frame, Some(first + segment.pkts - 1), "{name}");
            assert_eq!(
                segment.duration(),
                Some(RTT + segment.pkts as i64 * MILLISECOND / 10),
                "{name}"
            );
        }
        assert_eq!(requests.len(), expected.len(), "{name}");
        let server = engine.server(0).unwrap();
        assert_eq!(
            (engine.server_segments(0).count as usize, server.address),
            (expected.len(), address(NETFLIX))
        );
        assert_eq!(
            engine.server_segments(0).bytes,
            expected.iter().map(|size| size.0).sum::<u64>()
        );
    }
}

#[test]
fn annotations_count_up_to_their_packet() {
    for (name, talk, expected) in conversations() {
        let (_, said) = run(Config::default(), &talk.packets);
        let mut counters = Counters::default();
        let mut so_far = 0;
        for (packet, said) in talk.packets.iter().zip(said) {
            let said = said.unwrap();
            let direction = if packet.source == talk.server {
                Direction::In
            } else {
                Direction::Out
            };
            counters.count(direction, 40 + packet.payload.len() as u32);
            assert_eq!(
                (said.server_counters, said.flow_counters),
                (counters, counters),
                "{name}"
            );
            assert_eq!(
                (said.direction, said.flow, said.truncated),
                (direction, Some(0), false),
                "{name}"
            );
            if said.request {
                so_far = 0;
            }
            if let (Direction::In, Some(number)) = (direction, said.segment) {
                so_far += packet.payload.len() as u64;
                assert_eq!(said.bytes_so_far, so_far, "{name}");
                assert!(so_far <= expected[number as usize - 1].0, "{name}");
            }
        }
        assert_eq!(so_far, expected.last().unwrap().0, "{name}");
    }
}
