//! Connections that begin, move, end or are none.

use super::*;
use crate::config::Config;
use crate::wire::quic::MIN_CLIENT_DATAGRAM;

#[test]
fn what_may_still_be_of_the_handshake_is_estimated() {
    let mut talk = Talk::new();
    talk.initial(V1, &FIRST_ID, &crypto_frame(0, &client_hello(NAME)));
    // The server's handshake was not captured.
    talk.wait(RTT).short(true, 260);
    talk.say(250);
    talk.wait(RTT).short(false, 240);
    talk.answer(0, 50_000);
    talk.say(250);
    talk.answer(1, 60_000);
    let found = talk.finish();
    // 240 bytes too many.
    assert_eq!((found.len(), found[0].estimated), (2, true));
    assert!(
        !found[1].estimated && found[1].app_bytes.abs_diff(60_000) < 200,
        "{found:?}"
    );
}

#[test]
fn a_retry_and_a_version_negotiation_change_the_keys() {
    let hello = client_hello(NAME);
    for is_cut in [false, true] {
        let mut talk = Talk::new();
        // An unknown version, what the server says to it, and another beginning.
        let mut unknown = vec![0xc0, 0x1a, 0x2a, 0x3a, 0x4a, 8, 1, 1, 1, 1, 1, 1, 1, 1, 0];
        unknown.resize(1200, 9);
        assert_eq!(talk.send(true, &unknown), None);
        talk.send(
            false,
            &[
                &[0x80, 0, 0, 0, 0, 0, 8, 1, 1, 1, 1, 1, 1, 1, 1],
                &V1.to_be_bytes()[..],
            ]
            .concat(),
        );
        talk.initial(V1, &FIRST_ID, &crypto_frame(9999, b"nothing yet"));
        if is_cut {
            talk.captured = 900;
        }
        talk.wait(RTT).retry();
        let named = talk.initial(V1, &RETRY_ID, &crypto_frame(0, &hello));
        assert!(named.is_some(), "cut: {is_cut}");
        talk.captured = usize::MAX;
        talk.handshake(V1).say(250);
        talk.answer(0, 60_000);
        assert_eq!(sizes(&talk.finish()), [60_000]);
    }
}

#[test]
fn a_connection_that_moved_goes_on() {
    let mut talk = Talk::new();
    talk.open().say(250);
    talk.answer(0, 60_000);
    talk.client_port = 50_001;
    for _ in 0..4 {
        // What was sent says how long the connection IDs are.
        talk.say(8);
        talk.short(false, 30);
    }
    assert!(talk.wait(RTT).say(250).unwrap().request);
    talk.answer(1, 70_000);
    talk.client_port = 50_000;
    talk.wait(RTT).say(250);
    talk.answer(2, 50_000);
    let found = talk.finish();
    assert_eq!(sizes(&found), [60_000, 70_000, 50_000]);
    assert_eq!(
        found
            .iter()
            .map(|s| (s.flow, s.estimated))
            .collect::<Vec<_>>(),
        [(0, false), (1, false), (0, false)]
    );
}

#[test]
fn a_response_goes_on_behind_a_port_that_changes() {
    for fixed_bit in [0x40, 0] {
        let mut talk = Talk::new();
        talk.open().say(250);
        talk.wait(RTT);
        for at in 0..60 {
            if at == 30 {
                // The client took another connection ID, and tries the path first.
                talk.client_port = 50_001;
                let mut probe = [&[fixed_bit], &b"other"[..]].concat();
                probe.resize(MIN_CLIENT_DATAGRAM, 7);
                assert!(!talk.send(true, &probe).unwrap().request);
                probe.truncate(33);
                assert!(!talk.send(true, &probe).unwrap().request);
            }
            talk.short(false, FULL);
        }
        let found = talk.finish();
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].bytes, found[0].client_port), (60 * 1252, 50_000));
    }
}

#[test]
fn a_response_goes_on_behind_an_address_that_changes() {
    for (id, is_followed) in [(&SERVER_ID[..], true), (b"other", false)] {
        let mut talk = Talk::new();
        talk.open().say(250);
        talk.wait(RTT);
        for at in 0..60 {
            if at == 30 {
                (talk.client, talk.client_port) = ("192.0.2.77", 1024);
                let acknowledgement = [&[0x5a], id, &[9; 28]].concat();
                assert!(!talk.send(true, &acknowledgement).unwrap().request);
            }
            talk.short(false, FULL);
        }
        // Back again, and asked for more.
        talk.client = CLIENT;
        talk.client_port = 50_000;
        talk.wait(2 * RTT).say(250);
        talk.answer(3, 70_000);
        let found = talk.finish();
        let all = if is_followed { 60 } else { 30 };
        assert_eq!(found[0].bytes, all * 1252, "{is_followed}");
        assert!(found.last().unwrap().app_bytes.abs_diff(70_000) < 600);
    }
}

#[test]
fn a_server_that_is_first_to_use_a_changed_address_is_followed_from_the_clients_next_packet_on() {
    let mut talk = Talk::new();
    talk.open().say(250);
    talk.wait(RTT);
    for at in 0..60 {
        if at == 30 {
            talk.client = "192.0.2.77";
        }
        if at == 34 {
            talk.send(true, &[&[0x5a], &SERVER_ID[..], &[9; 28]].concat());
        }
        talk.short(false, FULL);
    }
    let found = talk.finish();
    assert_eq!((found.len(), found[0].bytes), (1, 56 * 1252));
}

#[test]
fn an_id_that_changed_on_the_way_is_found_too() {
    let mut talk = Talk::new();
    talk.open().say(250);
    talk.answer(0, 60_000);
    // A request that bears another ID of the same length.
    let request = [&[0x41], &b"newid"[..], &[3; 265]].concat();
    assert!(talk.wait(RTT).send(true, &request).unwrap().request);
    talk.wait(RTT);
    for at in 0..60 {
        if at == 30 {
            talk.client = "192.0.2.77";
            talk.send(true, &[&[0x5a], &b"newid"[..], &[9; 28]].concat());
        }
        talk.short(false, FULL);
    }
    let found = talk.finish();
    assert_eq!((found.len(), found[1].bytes), (2, 60 * 1252));
}

#[test]
fn two_connections_that_were_taken_for_one_come_apart() {
    let mut talk = Talk::new();
    talk.open();
    for round in 0..40 {
        talk.client_port = 50_000 + round % 2;
        talk.wait(RTT).say(8);
    }
    for port in [50_000, 50_001] {
        talk.client_port = port;
        talk.wait(RTT).say(250);
        talk.answer(0, 60_000);
    }
    let found = talk.finish();
    let ports: Vec<_> = found.iter().map(|s| s.client_port).collect();
    assert_eq!(ports, [50_000, 50_001]);
    assert!(found.iter().all(|s| s.app_bytes.abs_diff(60_000) < 600));
}

#[test]
fn a_connection_begins_behind_anything_else() {
    let stun = [&[0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42][..], &[5; 12]].concat();
    let negotiation = [&[0xc0, 0, 0, 0, 0, 0, 0][..], &[0, 0, 0, 1]].concat();
    let early = long_header(V1, Form::ZeroRtt, &FIRST_ID, &CLIENT_ID, &[], 300);
    let early = [early, vec![9; 300 + TAG_LEN]].concat();
    let before: [(bool, &[u8]); 6] = [
        (true, &stun),
        (true, &[0xff]),
        (false, &negotiation),
        (true, &[0x45; 60]),
        (false, &[0x45; 400]),
        (true, &early),
    ];
    for informed in [false, true] {
        for (from_client, datagram) in before {
            let mut talk = if informed {
                Talk::informed()
            } else {
                Talk::new()
            };
            talk.send(from_client, datagram);
            talk.wait(20 * RTT).open().say(250);
            talk.answer(0, 60_000);
            let found = talk.finish();
            let found = found.iter().max_by_key(|found| found.app_bytes).unwrap();
            assert!(
                found.app_bytes.abs_diff(60_000) < 300,
                "{informed} {datagram:02x?} {found:?}"
            );
        }
    }
}

#[test]
fn a_connection_without_a_beginning_is_estimated() {
    let mut talk = Talk::informed();
    talk.captured = 29;
    talk.say(8);
    talk.say(250);
    talk.answer(20, 70_000);
    talk.say(250);
    talk.answer(21, 90_000);
    let found = talk.finish();
    assert_eq!(found.len(), 2);
    for (segment, truth) in found.iter().zip([70_000, 90_000]) {
        assert!(
            segment.estimated && segment.app_bytes.abs_diff(truth) * 200 < truth,
            "{segment:?}"
        );
    }
}

#[test]
fn cut_packets_say_as_much_as_whole_ones() {
    for captured in [usize::MAX, 96, 60] {
        let mut talk = Talk::informed();
        talk.captured = captured;
        talk.open().say(250);
        // Smaller than a datagram.
        talk.answer(0, 900);
        talk.say(250);
        talk.answer(1, 70_000);
        assert_eq!(sizes(&talk.finish()), [900, 70_000], "captured: {captured}");
    }
}

#[test]
fn another_connection_from_the_same_port_is_another_flow() {
    let mut talk = Talk::new();
    talk.open().say(250);
    talk.answer(0, 60_000);
    talk.initial(V1, b"newhello", &crypto_frame(0, &client_hello(NAME)));
    talk.handshake(V1).say(250);
    talk.answer(0, 70_000);
    let found = talk.finish();
    assert_eq!(sizes(&found), [60_000, 70_000]);
    assert_eq!(
        found
            .iter()
            .map(|s| (s.flow, s.complete))
            .collect::<Vec<_>>(),
        [(0, true), (1, false)]
    );
    assert_eq!(talk.engine.server(0).unwrap().flows, 2);
}

#[test]
fn a_connection_is_found_behind_one_of_another_service() {
    // Earlier, its Initial may repeat the first one.
    for (seconds, number) in [(6, 0), (8, 1)] {
        let mut talk = Talk::new();
        let hello = client_hello("www.example.org");
        talk.initial(V1, b"elsewhere", &crypto_frame(0, &hello));
        talk.handshake(V1).say(250);
        talk.answer(0, 60_000);
        talk.wait(seconds * 1000 * MILLISECOND).open().say(250);
        talk.answer(0, 70_000);
        assert_eq!(sizes(&talk.finish()), vec![70_000; number], "{seconds} s");
    }
}

#[test]
fn an_answer_that_comes_before_its_question_is_no_question() {
    for mut talk in [Talk::new(), Talk::informed()] {
        talk.answer_initial();
        talk.open().say(250);
        talk.answer(0, 60_000);
        assert_eq!(sizes(&talk.finish()), [60_000]);
    }
}

#[test]
fn a_connection_without_a_beginning_is_found_again_by_the_id_that_its_packets_share() {
    let mut talk = Talk::informed();
    for _ in 0..5 {
        talk.say(8);
        talk.short(false, FULL);
    }
    talk.wait(5 * RTT).say(250);
    talk.wait(RTT);
    for at in 0..60 {
        if at == 30 {
            talk.client_port = 50_001;
            talk.say(8);
        }
        talk.short(false, FULL);
    }
    let found = talk.finish();
    assert_eq!((found.len(), found[0].bytes), (1, 60 * 1252));
}

#[test]
fn other_udp_of_a_server_is_counted_only() {
    let mut talk = Talk::informed();
    talk.server_port = 5000;
    for _ in 0..20 {
        assert!(talk.say(300).is_some());
        talk.short(false, FULL);
    }
    talk.server_port = 443;
    talk.say(30);
    for from_client in [true, false] {
        // Records of DTLS.
        talk.send(from_client, &[0x17; 400]);
    }
    assert!(talk.say(300).is_some_and(|a| !a.request));
    talk.short(false, FULL);
    assert_eq!(
        (
            talk.engine.server(0).unwrap().counters.out_pkts,
            talk.finish().len()
        ),
        (23, 0)
    );
}

#[test]
fn a_foreign_connection_is_let_go() {
    let mut talk = Talk::new();
    assert_eq!(
        talk.initial(
            V1,
            &FIRST_ID,
            &crypto_frame(0, &client_hello("www.example.org"))
        ),
        None
    );
    talk.handshake(V1).say(250);
    talk.answer(0, 60_000);
    assert_eq!((talk.engine.server_count(), talk.finish().len()), (0, 0));
}

#[test]
fn the_classic_rule_knows_the_name_and_no_segments() {
    let mut config = Config::default();
    config.set("segment_rule", "server").unwrap();
    let mut talk = Talk::with(config);
    talk.open().say(250);
    talk.answer(0, 60_000);
    assert_eq!((talk.engine.server_count(), talk.finish().len()), (1, 0));
}

#[test]
fn steps_of_the_clock_lose_nothing() {
    let mut talk = Talk::new();
    talk.open().say(250);
    let first = talk.answer(0, 60_000);
    talk.now -= 3_600_000 * MILLISECOND;
    talk.say(250);
    let second = talk.answer(1, 70_000);
    let found = talk.finish();
    assert_eq!(found.len(), 2);
    assert_eq!(
        found.iter().map(|s| s.bytes).sum::<u64>(),
        (first + second) as u64
    );
}

#[test]
fn more_connections_than_may_be_followed_make_room() {
    let mut config = Config::default();
    config.set("max_connections", "8").unwrap();
    let mut talk = Talk::with(config);
    for port in 0..40 {
        talk.client_port = 50_000 + port;
        talk.open().say(250);
        talk.answer(0, 20_000);
    }
    assert_eq!(talk.engine.stats().connections_evicted, 32);
    let found = talk.finish();
    assert_eq!(sizes(&found), [20_000; 40]);
    assert!(found.iter().all(|s| !s.complete));
}
