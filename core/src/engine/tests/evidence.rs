//! When who is Netflix becomes known, and by what.

use super::*;

const VIDEO: &str = "ipv4-c001-zrh001-ix.1.oca.nflxvideo.net";
/// An address that no prefix knows.
const SERVER: &str = "198.51.100.7";
const HEAD_WITH_HOST: &[u8] = b"GET /range/0-1 HTTP/1.1\r\nHost: Occ-0-1.1.nflxso.net:80\r\n\r\n";

/// The message of an answer: one question, one address.
fn message(question: &str, address: [u8; 4]) -> Vec<u8> {
    let mut message = vec![0, 7, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0];
    for label in question.split('.') {
        message.push(label.len() as u8);
        message.extend_from_slice(label.as_bytes());
    }
    message.extend_from_slice(&[0, 0, 1, 0, 1, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4]);
    message.extend_from_slice(&address);
    message
}

/// A resolver's packet to the client.
fn datagram(source_port: u16, payload: &[u8]) -> Vec<u8> {
    testing::ip(
        address("192.0.2.53"),
        address(CLIENT),
        17,
        &testing::udp(source_port, 40_000, payload),
    )
}

/// An answer that says of a host only that another name is its true one, and no address.
fn alias(question: &str, target: &str) -> Vec<u8> {
    let mut message = message(question, [0; 4]);
    message.truncate(message.len() - 4 - 2 - 4 - 2 - 2);
    let mut name = Vec::new();
    for label in target.split('.') {
        name.push(label.len() as u8);
        name.extend_from_slice(label.as_bytes());
    }
    name.push(0);
    message.extend([0, 5, 0, 1, 0, 0, 0, 60, 0, name.len() as u8]);
    message.extend(name);
    datagram(53, &message)
}

#[test]
fn a_chain_of_names_may_be_in_several_messages() {
    const EDGE: &str = "edge.example.net";
    const NODE: &str = "node.example.net";
    let address = [198, 51, 100, 7];
    let known = |messages: &[Vec<u8>]| {
        let mut engine = Engine::new(Config::default());
        for (message, frame) in messages.iter().zip(1..) {
            give(&mut engine, frame, 1_000, message);
        }
        (engine.server_count() > 0).then(|| kinds(&engine))
    };
    let expected = Some(vec![("cname", VIDEO.to_owned())]);
    let two = [alias(VIDEO, EDGE), answer(EDGE, address)];
    assert_eq!(known(&two), expected);
    let three = [alias(VIDEO, EDGE), alias(EDGE, NODE), answer(NODE, address)];
    assert_eq!(known(&three), expected);
    assert_eq!(known(&two[1..]), None);
    assert_eq!(
        known(&[alias("www.example.org", EDGE), answer(EDGE, address)]),
        None
    );
}

pub(super) fn answer(question: &str, address: [u8; 4]) -> Vec<u8> {
    datagram(53, &message(question, address))
}

fn kinds(engine: &Engine) -> Vec<(&'static str, String)> {
    let server = engine.server(0).expect("a server");
    server
        .evidence
        .iter()
        .map(|e| (e.kind.as_str(), e.source.to_string()))
        .collect()
}

/// Gives all, with an answer for the server before packet `known`.
fn with_answer(
    engine: &mut Engine,
    packets: &[TcpPacket],
    known: usize,
) -> Vec<Option<Annotation>> {
    let mut said = Vec::new();
    for (at, packet) in packets.iter().enumerate() {
        if at == known {
            assert_eq!(
                give(engine, 1000, packet.time, &answer(VIDEO, [198, 51, 100, 7])),
                None
            );
        }
        said.push(give(engine, 1 + at as u64, packet.time, &packet.bytes()));
    }
    engine.finish();
    said
}

#[test]
fn an_answer_makes_the_packets_after_it_netflixs() {
    let mut talk = Talk::new(50_000, SERVER, 9000);
    talk.open()
        .say(&[1; 500])
        .hear(&[2; 3000])
        .say(&[1; 400])
        .hear(&[2; 2000]);
    for known in 0..talk.packets.len() {
        let mut engine = Engine::new(Config::default());
        let said = with_answer(&mut engine, &talk.packets, known);
        assert!(
            said[..known].iter().all(Option::is_none) && said[known..].iter().all(Option::is_some)
        );
        let last = said.last().unwrap().unwrap();
        assert_eq!(
            last.server_counters.in_pkts + last.server_counters.out_pkts,
            talk.packets.len() as u64
        );
        assert_eq!(last.flow_counters, last.server_counters);
        assert_eq!(engine.evidence_came_late(), known > 0);
    }
}

#[test]
fn a_second_pass_says_all_wherever_the_answer_came() {
    let conversation = |port, server: &str| {
        let mut talk = Talk::new(50_000, server, port);
        match port {
            443 => tls(
                {
                    talk.tls13("");
                    talk
                },
                17,
            ),
            80 => {
                let response = response(30_000);
                talk.open().say(REQUEST).hear(&response);
                (talk, vec![(response.len() as u64, response.len() as u64)])
            }
            _ => {
                talk.open().say(&[1; 500]).hear(&[2; 3000]);
                (talk, vec![(3000, 3000)])
            }
        }
    };
    for port in [443, 80, 9000] {
        let (talk, expected) = conversation(port, SERVER);
        for known in [
            0,
            1,
            3,
            4,
            5,
            talk.packets.len() / 2,
            talk.packets.len() - 1,
        ] {
            let mut engine = Engine::new(Config::default());
            with_answer(&mut engine, &talk.packets, known);
            let mut informed = engine.restart_with_evidence();
            let said = with_answer(&mut informed, &talk.packets, known);
            assert!(
                said.iter().all(Option::is_some),
                "port {port}, known at {known}"
            );
            assert_eq!(sizes(&informed), expected, "port {port}, known at {known}");
            assert_eq!(kinds(&informed), [("dns", VIDEO.to_owned())]);
            assert!(!informed.evidence_came_late());
            assert_eq!(informed.stats().packets, talk.packets.len() as u64 + 1);
        }
    }
}

/// Segments and servers, as a pass leaves them.
fn results(engine: &Engine) -> (Vec<Segment>, Vec<String>) {
    let servers = engine.servers().map(|(_, server)| format!("{server:?}"));
    (segments(engine), servers.collect())
}

/// A conversation whose server no prefix knows, by its protocol.
pub(super) fn conversation(which: usize, name: &str) -> Talk {
    let mut talk = Talk::new(50_000, SERVER, [443, 443, 80, 80, 9000][which]);
    match which {
        0 => talk.tls13(name),
        1 => talk.tls12(name),
        2 => talk
            .open()
            .say(HEAD_WITH_HOST)
            .hear(&response(5000))
            .say(REQUEST)
            .hear(&response(30_000)),
        3 => talk
            .open()
            .say(REQUEST)
            .hear(&response(30_000))
            .say(HEAD_WITH_HOST)
            .hear(&response(5000)),
        _ => talk.open().say(&[1; 500]).hear(&[2; 3000]),
    };
    if which < 2 { tls(talk, 17).0 } else { talk }
}

/// Checks that a second pass changes nothing where none is asked for; returns whether one is.
pub(super) fn check_second_pass(packets: &[TcpPacket], known: usize) -> bool {
    let mut engine = Engine::new(Config::default());
    with_answer(&mut engine, packets, known);
    let (missed, first) = (engine.segments_missed(), results(&engine));
    let mut informed = engine.restart_with_evidence();
    with_answer(&mut informed, packets, known);
    assert!(!informed.segments_missed());
    assert!(
        missed || results(&informed) == first,
        "known at {known}: {first:?} and {:?}",
        results(&informed)
    );
    missed
}

#[test]
fn a_second_pass_is_asked_for_only_where_segments_were_missed() {
    for which in 0..5 {
        for name in [VIDEO, "www.example.org"] {
            let talk = conversation(which, name);
            for known in 0..=talk.packets.len() {
                check_second_pass(&talk.packets, known);
            }
        }
    }
    // The engine follows the handshakes of any server, and their names come in time.
    let (named, unnamed) = (conversation(0, VIDEO), conversation(0, ""));
    for known in 0..4 {
        assert!(
            !check_second_pass(&named.packets, known)
                && !check_second_pass(&unnamed.packets, known)
        );
    }
    assert!(!check_second_pass(&named.packets, 10) && check_second_pass(&unnamed.packets, 10));
    assert!(
        check_second_pass(&named.packets[4..], 10),
        "a flow that was under way"
    );
}

/// Segments that settled keep their kinds: only a second pass can apply a name that comes later.
#[test]
fn a_name_that_other_segments_are_expected_by_is_late_once_they_settled() {
    const APPLIANCE: &str = "23.246.11.141";
    for (quiet, missed) in [(119, false), (130, true)] {
        let mut talk = Talk::new(50_000, APPLIANCE, 9000);
        talk.open().say(&[1; 500]).hear(&[2; 300_000]);
        let mut engine = Engine::new(Config::default());
        for (at, packet) in talk.packets.iter().enumerate() {
            give(&mut engine, 1 + at as u64, packet.time, &packet.bytes());
        }
        // Others are heard of meanwhile, so that the clock is believed.
        let last = talk.packets[talk.packets.len() - 1].time;
        let other = Talk::new(50_001, APPLIANCE, 9000).open().packets[0].bytes();
        for second in 1..=quiet {
            give(&mut engine, 1000, last + second * 1_000_000_000, &other);
        }
        let files = answer("occ-0-1.1.nflxso.net", [23, 246, 11, 141]);
        give(&mut engine, 2000, last + quiet * 1_000_000_000, &files);
        assert_eq!(engine.segments_missed(), missed, "after {quiet} s");
    }
}

#[test]
fn names_in_the_flow_itself_identify_it_before_its_first_request() {
    let mut talk = Talk::new(50_000, SERVER, 443);
    talk.tls13(VIDEO);
    let (talk, expected) = tls(talk, 17);
    let (engine, said) = run(Config::default(), &talk.packets);
    assert_eq!(kinds(&engine), [("sni", VIDEO.to_owned())]);
    assert_eq!(sizes(&engine), expected);
    assert!(said[..3].iter().all(Option::is_none) && said[3..].iter().all(Option::is_some));

    for split in [None, Some(1), Some(2), Some(10), Some(30), Some(58)] {
        let mut talk = Talk::new(50_000, SERVER, 80);
        let response = response(5000);
        talk.open().say(HEAD_WITH_HOST).hear(&response);
        if let Some(at) = split {
            let parts = talk.packets[3].clone().split(at);
            talk.packets.splice(3..=3, parts);
        }
        let (engine, _) = run(Config::default(), &talk.packets);
        assert_eq!(
            kinds(&engine),
            [("http_host", "occ-0-1.1.nflxso.net".to_owned())]
        );
        assert_eq!(
            sizes(&engine),
            [(response.len() as u64, response.len() as u64)],
            "split at {split:?}"
        );
        assert_eq!(
            segments(&engine)[0].request_frame,
            4,
            "the packet that begins the request"
        );
    }
}

#[test]
fn names_are_found_however_their_packet_is_divided() {
    for (port, first) in [
        (443, testing::record(22, &testing::client_hello(VIDEO))),
        (80, HEAD_WITH_HOST.to_vec()),
        (8080, HEAD_WITH_HOST.to_vec()),
    ] {
        for at in 1..first.len() {
            let mut talk = Talk::new(50_000, SERVER, port);
            talk.open().say(&first);
            let parts = talk.packets[3].clone().split(at);
            talk.packets.splice(3..=3, parts);
            assert_eq!(
                run(Config::default(), &talk.packets).0.server_count(),
                1,
                "port {port}, divided at {at}"
            );
        }
    }
}

#[test]
fn names_of_others_identify_nobody() {
    let mut talk = Talk::new(50_000, SERVER, 443);
    talk.tls13("www.example.org");
    let (talk, _) = tls(talk, 17);
    let (engine, said) = run(Config::default(), &talk.packets);
    assert!(
        said.iter().all(Option::is_none)
            && engine.server_count() == 0
            && segments(&engine).is_empty()
    );
}

#[test]
fn answers_count_by_the_port_they_come_from() {
    let given = |data: &[u8]| {
        let mut engine = Engine::new(Config::default());
        give(&mut engine, 1, 0, data);
        engine.server_count()
    };
    let message = message(VIDEO, [198, 51, 100, 7]);
    assert_eq!(given(&datagram(53, &message)), 1);
    assert_eq!(given(&datagram(5353, &message)), 0);
    assert_eq!(
        given(&testing::ip(
            address(CLIENT),
            address("192.0.2.53"),
            17,
            &testing::udp(40_000, 53, &message)
        )),
        0
    );
}

#[test]
fn answers_over_tcp_count_but_not_for_the_classic_rule() {
    let message = message(VIDEO, [198, 51, 100, 7]);
    let framed = [&(message.len() as u16).to_be_bytes()[..], &message].concat();
    let mut talk = Talk::new(50_000, "192.0.2.53", 53);
    talk.mss = 20;
    talk.open()
        .say(&[0, 2, 9, 9])
        .hear(&[&framed[..], &framed].concat());
    for (evidence, servers) in [("dns", 1), ("dns_owner", 0)] {
        let mut config = Config::default();
        config.set("evidence", evidence).unwrap();
        assert_eq!(
            run(config, &talk.packets).0.server_count(),
            servers,
            "{evidence}"
        );
    }
    let mut config = Config::default();
    config.set("evidence", "dns_owner").unwrap();
    let mut engine = Engine::new(config);
    give(&mut engine, 1, 0, &datagram(53, &message));
    assert_eq!(kinds(&engine), [("dns_owner", VIDEO.to_owned())]);
    assert_eq!(
        engine.server(0).unwrap().strongest(),
        Some(EvidenceKind::DnsOwner)
    );
}
