//! Requests, and datagrams of clients that are none.

use super::*;

#[test]
fn acknowledgements_probes_and_flow_control_are_no_requests() {
    let mut talk = Talk::new();
    talk.open().say(250);
    talk.wait(RTT);
    let mut expected = 0;
    for round in 0..400 {
        talk.short(false, FULL);
        expected += FULL;
        // Gaps come, and stay for a while.
        talk.say(8 + (round % 50) * 2 + 20 * usize::from(round % 90 == 0));
        if round % 100 == 50 {
            let size = 1300 + round;
            assert!(
                !talk.short(true, size).unwrap().request,
                "a probe of the path"
            );
            talk.wait(RTT);
            assert!(
                !talk.short(true, size).unwrap().request,
                "the same, which was lost"
            );
            talk.short(false, size);
        }
        talk.wait(if round % 10 == 0 { RTT } else { 0 });
    }
    let found = talk.finish();
    assert_eq!((found.len(), found[0].bytes), (1, expected as u64));
}

#[test]
fn a_first_larger_datagram_is_data_if_others_follow_at_once() {
    let mut talk = Talk::new();
    talk.open().say(250);
    talk.wait(RTT);
    for _ in 0..10 {
        talk.short(false, 1400);
    }
    talk.wait(2 * RTT).short(false, 1450);
    talk.wait(RTT).short(false, 1400);
    assert_eq!(talk.finish()[0].bytes, 11 * 1400);
}

#[test]
fn a_request_of_several_datagrams_or_sent_again_is_one() {
    let mut talk = Talk::new();
    talk.open();
    assert!(talk.short(true, FULL).unwrap().request);
    assert_eq!(
        talk.short(true, FULL).map(|a| (a.request, a.segment)),
        Some((false, Some(1)))
    );
    assert_eq!(
        talk.say(30).map(|a| (a.request, a.segment)),
        Some((false, Some(1)))
    );
    talk.answer(0, 40_000);
    assert!(talk.say(200).unwrap().request);
    talk.wait(3 * RTT);
    assert_eq!(
        talk.say(203).map(|a| (a.request, a.segment)),
        Some((false, Some(2)))
    );
    talk.answer(1, 50_000);
    assert_eq!(sizes(&talk.finish()), [40_000, 50_000]);
}

#[test]
fn a_small_request_is_believed_after_silence_only() {
    let mut talk = Talk::new();
    talk.open().say(250);
    talk.wait(RTT);
    for _ in 0..50 {
        talk.short(false, FULL);
    }
    assert_eq!(talk.say(42).unwrap().segment, None);
    for _ in 0..50 {
        talk.short(false, FULL);
    }
    talk.short(false, 600);
    talk.wait(10 * RTT).say(90);
    let asked = talk.frame;
    talk.answer(1, 20_000);
    let found = talk.finish();
    assert_eq!(found.len(), 2);
    assert_eq!(
        (found[1].request_frame, found[1].app_bytes),
        (asked, 20_000)
    );
}

/// A connection that is resumed: the server's whole handshake fits a datagram, and the client
/// answers it in one that is padded, because an Initial is in it, with its request or without.
fn resumed() -> Talk {
    let mut talk = Talk::new();
    talk.initial(V1, &FIRST_ID, &crypto_frame(0, &client_hello(NAME)));
    talk.wait(RTT).answer_initial();
    let part = |form, length: usize| {
        let mut packet = long_header(V1, form, &SERVER_ID, &CLIENT_ID, &[], length);
        packet.resize(packet.len() + length + TAG_LEN, 0xee);
        packet
    };
    let handshake = [part(Form::Initial, 20), part(Form::Handshake, 52)].concat();
    let padded = talk.short_bytes(true, FULL - handshake.len());
    talk.send(true, &[handshake, padded].concat());
    talk
}

/// Answers a request that is in this frame, and another one, and checks what is found. The size of
/// the first response may be off by fewer bytes than `error`.
fn assert_first_and_next(mut talk: Talk, asked: u64, error: u64) {
    talk.answer(0, 60_000);
    assert!(talk.wait(RTT).say(260).unwrap().request);
    talk.answer(1, 70_000);
    let found = talk.finish();
    assert_eq!(found.len(), 2);
    assert_eq!(found[0].request_frame, asked);
    assert!(found[0].app_bytes.abs_diff(60_000) < error, "{found:?}");
    assert_eq!(found[1].app_bytes, 70_000);
}

#[test]
fn the_request_of_a_resumed_connection_may_be_in_a_padded_datagram() {
    let talk = resumed();
    let asked = talk.frame;
    assert_first_and_next(talk, asked, 300);
    // Or in the next one.
    for wait in [0, RTT, 20 * RTT] {
        let mut talk = resumed();
        if wait > 0 {
            talk.wait(RTT).short(false, 240);
        }
        assert!(talk.wait(wait).say(260).unwrap().request, "{wait}");
        let asked = talk.frame;
        talk.answer(0, 60_000);
        let found = talk.finish();
        assert_eq!((found.len(), found[0].request_frame), (1, asked), "{wait}");
    }
}

#[test]
fn a_request_in_early_data_is_one() {
    let mut talk = Talk::new();
    talk.initial(V1, &FIRST_ID, &crypto_frame(0, &client_hello(NAME)));
    let header = long_header(V1, Form::ZeroRtt, &FIRST_ID, &CLIENT_ID, &[], 300);
    let early = [header, vec![9; 300 + TAG_LEN]].concat();
    assert!(talk.send(true, &early).unwrap().request);
    let asked = talk.frame;
    talk.handshake_with(V1, 138);
    assert_first_and_next(talk, asked, 600);
}

#[test]
fn several_requests_in_a_datagram_are_as_many_as_usual_ones_fit() {
    let mut talk = Talk::new();
    talk.open().say(260);
    talk.answer(0, 60_000);
    for (content, count) in [(531, 2), (790, 3), (430, 1)] {
        let before = segments(&talk.engine).len();
        assert!(talk.wait(2 * RTT).say(content).unwrap().request);
        talk.answer(1, 100_000);
        assert_eq!(segments(&talk.engine).len() - before, count, "{content}");
    }
}

#[test]
fn a_first_datagram_that_may_hold_several_requests_says_so() {
    // Content of the datagram, of the next request, and whether the first may be several.
    for (first, next, doubted) in [
        (425, 250, true),
        (424, 250, false),
        (750, 250, true),
        // The next one shows that requests are as long.
        (500, 295, false),
        (500, 294, true),
        // The client asked for nothing else.
        (500, 0, true),
        (300, 0, false),
    ] {
        for at_once in [false, true] {
            let mut talk = Talk::new();
            talk.initial(V1, &FIRST_ID, &crypto_frame(0, &client_hello(NAME)));
            let overhead = 1 + SERVER_ID.len() + 2 + TAG_LEN;
            if at_once {
                talk.first_flight(V1, overhead + first);
            } else {
                talk.handshake_with(V1, overhead + 100).say(first);
            }
            talk.answer(0, 60_000);
            talk.deliver(1, 50_000);
            if next > 0 {
                talk.wait(5 * RTT).say(next);
                talk.answer(2, 70_000);
            }
            let found = talk.finish();
            assert_eq!(found.len(), 1 + usize::from(next > 0), "{first} {next}");
            let found: Vec<_> = found
                .iter()
                .map(|it| (it.estimated, it.size_error >= it.app_bytes))
                .collect();
            assert_eq!(found[0], (doubted, doubted), "{first} {next} {at_once}");
            assert!(found.iter().skip(1).all(|it| *it == (false, false)));
        }
    }
}

#[test]
fn requests_in_datagrams_of_their_own_right_after_the_handshake_are_all_seen() {
    let flights: [&[usize]; 5] = [
        &[100, 230],
        &[100, 230, 230],
        &[100, 260, 240, 250],
        &[60, 60, 230, 230],
        &[330, 230, 230],
    ];
    for (flight, count) in flights.into_iter().zip([1, 2, 3, 2, 3]) {
        let mut talk = Talk::new();
        talk.initial(V1, &FIRST_ID, &crypto_frame(0, &client_hello(NAME)));
        talk.first_flight(V1, 1 + SERVER_ID.len() + 2 + TAG_LEN + flight[0]);
        for &content in &flight[1..] {
            talk.say(content);
        }
        talk.wait(RTT).short(false, 240);
        for ordinal in 0..count {
            talk.deliver(ordinal, 60_000);
        }
        let found = talk.finish();
        assert_eq!(found.len() as u64, count, "{flight:?}");
        for segment in found {
            assert!(segment.app_bytes.abs_diff(60_000) <= segment.size_error);
        }
    }
}

#[test]
fn a_first_request_with_a_long_path_is_one() {
    for content in [430, 620, 900] {
        let mut talk = Talk::new();
        talk.open().say(content);
        talk.answer(0, 60_000);
        talk.wait(2 * RTT).say(content);
        talk.answer(1, 70_000);
        assert_eq!(sizes(&talk.finish()), [60_000, 70_000], "{content}");
    }
    // In the first flight, too, unless it fills its datagram.
    for content in [430, 625, 1000] {
        let mut talk = Talk::new();
        talk.initial(V1, &FIRST_ID, &crypto_frame(0, &client_hello(NAME)));
        talk.handshake_with(V1, 1 + SERVER_ID.len() + 2 + TAG_LEN + content);
        talk.answer(0, 60_000);
        assert_eq!(sizes(&talk.finish()).len(), 1, "{content}");
    }
}

#[test]
fn what_some_clients_send_just_before_a_request_is_none() {
    let mut talk = Talk::new();
    talk.open().say(200);
    talk.answer(0, 60_000);
    talk.wait(RTT).say(49);
    assert!(talk.say(190).unwrap().request);
    talk.answer(1, 70_000);
    assert_eq!(sizes(&talk.finish()), [60_000, 70_000]);
}

#[test]
fn a_request_with_a_ping_next_to_it_repeats_an_earlier_one() {
    for (content, apart, count) in [
        (3, 0, 1),
        // That may be an acknowledgement.
        (4, 0, 2),
        (3, MILLISECOND * 9 / 10 - 1, 1),
        (3, MILLISECOND * 9 / 10, 2),
    ] {
        let mut talk = Talk::new();
        talk.open().say(200);
        talk.wait(RTT);
        let mut expected = 0;
        for round in 0..60 {
            talk.short(false, FULL);
            expected += FULL as u64;
            talk.say(8);
            if round == 30 {
                talk.say(202);
                talk.wait(apart).say(content);
                talk.wait(RTT);
            }
        }
        let found = talk.finish();
        assert_eq!(found.len(), count, "{content} {apart}");
        assert_eq!(found.iter().map(|s| s.bytes).sum::<u64>(), expected);
    }
}
