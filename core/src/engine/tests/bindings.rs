//! Hosts that services are bound to by HTTPS records, whose addresses come in other messages.

use std::str::FromStr;

use hickory_proto::op::{Message, OpCode, Query};
use hickory_proto::rr::rdata::{A, HTTPS, SVCB};
use hickory_proto::rr::{Name, RData, Record, RecordType};

use super::*;

const SERVICE: &str = "www.netflix.com";
const EDGE: &str = "edge.example.net";
const ADDRESS: &str = "198.51.100.7";
const SECOND: i64 = 1000 * MILLISECOND;

/// Messages, each with how long before the connection it came.
type Messages = Vec<(i64, Vec<u8>)>;

fn name(text: &str) -> Name {
    Name::from_str(&format!("{text}.")).unwrap()
}

/// An answer of a name server on its way to the client.
fn answer(asked: &str, kind: RecordType, data: RData) -> Vec<u8> {
    let mut message = Message::response(7, OpCode::Query);
    message.add_query(Query::query(name(asked), kind));
    message.add_answers([Record::from_rdata(name(asked), 60, data)]);
    let udp = testing::udp(53, 40_000, &message.to_vec().unwrap());
    let ends = [address("10.0.0.1"), address("10.0.0.2")];
    testing::ip(ends[0], ends[1], 17, &udp)
}

fn binding(service: &str) -> Vec<u8> {
    let target = SVCB::new(1, name(EDGE), vec![]);
    answer(service, RecordType::HTTPS, RData::HTTPS(HTTPS(target)))
}

fn located() -> Vec<u8> {
    let data = RData::A(A([198, 51, 100, 7].into()));
    answer(EDGE, RecordType::A, data)
}

/// Reads messages at times before the first packet, and a connection.
fn read(messages: &Messages, talk: &Talk) -> Engine {
    let mut engine = Engine::new(Config::default());
    let start = talk.packets[0].time;
    for ((before, message), frame) in messages.iter().zip(1..) {
        give(&mut engine, frame, start - before, message);
    }
    for (packet, frame) in talk.packets.iter().zip(10..) {
        give(&mut engine, frame, packet.time, &packet.bytes());
    }
    engine.finish();
    engine
}

/// How long before the connection a service is bound, and whether that still counts: the least that
/// `dns_keep` keeps a name, which the time to live does not exceed.
fn cases() -> [(Messages, bool); 4] {
    let keep = i64::try_from(Config::default().dns_keep()).unwrap() * SECOND;
    [
        (vec![(keep - SECOND, binding(SERVICE))], true),
        (vec![(keep + SECOND, binding(SERVICE))], false),
        (vec![(SECOND, binding("www.example.org"))], false),
        (vec![], false),
    ]
}

/// Checks that the responses count where they should, and which evidence decided.
fn check(engine: &Engine, counts: bool, expected: &[(u64, u64)], kind: EvidenceKind) {
    assert_eq!(sizes(engine), if counts { expected } else { &[] });
    if counts {
        let evidence = &engine.server(0).unwrap().evidence[0];
        assert_eq!((evidence.kind, &*evidence.source), (kind, SERVICE));
    }
}

#[test]
fn a_tunnel_to_a_host_that_a_service_is_bound_to_is_the_services() {
    let mut talk = Talk::new(50_000, "192.0.2.100", 3128);
    let request = format!("CONNECT {EDGE}:443 HTTP/1.1\r\n\r\n");
    talk.open().say(request.as_bytes());
    talk.hear(b"HTTP/1.1 200 OK\r\n\r\n").shake_hands("");
    let (talk, expected) = tls(talk, 17);
    for (messages, counts) in cases() {
        let engine = read(&messages, &talk);
        check(&engine, counts, &expected, EvidenceKind::Tunnel);
    }
}

#[test]
fn the_address_of_a_host_that_a_service_is_bound_to_is_the_services() {
    let mut talk = Talk::new(50_000, ADDRESS, 443);
    talk.open().shake_hands("");
    let (talk, expected) = tls(talk, 17);
    for (mut messages, counts) in cases() {
        // Asked for as the connection begins.
        messages.push((0, located()));
        let engine = read(&messages, &talk);
        check(&engine, counts, &expected, EvidenceKind::HttpsRecord);
    }
}
