//! Responses and their sizes.

use super::*;

#[test]
fn a_request_with_a_tiny_answer_has_no_share_in_the_next_response() {
    let mut talk = Talk::new();
    talk.open();
    talk.say(150);
    talk.wait(RTT).short(false, DOWN_OVERHEAD + 20);
    talk.wait(10 * RTT).say(150);
    let sent = talk.answer(1, 50_000);
    let found = segments(&talk.engine);
    assert_eq!(
        found
            .iter()
            .map(|segment| segment.bytes)
            .collect::<Vec<_>>(),
        [0, sent as u64]
    );
    assert!(found.iter().all(|segment| !segment.shared));
}

#[test]
fn requests_and_their_responses_come_out_to_the_byte() {
    for (version, names) in [(V1, &[0usize, 40][..]), (V2, &[0])] {
        let mut talk = Talk::new();
        let hello = client_hello(NAME);
        // In pieces, over several Initials, the later one first.
        for (i, &from) in names.iter().enumerate().rev() {
            let to = names.get(i + 1).copied().unwrap_or(hello.len());
            talk.initial(version, &FIRST_ID, &crypto_frame(from, &hello[from..to]));
        }
        talk.handshake(version);
        let request = talk.say(250).unwrap();
        assert!(
            request.request && request.segment == Some(1) && request.direction == Direction::Out
        );
        let t_request = talk.now;
        let bytes = talk.answer(0, 500_000);
        assert!(talk.wait(RTT / 20).say(300).unwrap().request);
        talk.answer(1, 70);
        assert_eq!(talk.say(180).unwrap().segment, Some(3));
        talk.answer(2, 123_456);
        let server = talk.engine.server(0).unwrap();
        assert_eq!(
            (server.name(), server.strongest()),
            (Some(NAME), Some(EvidenceKind::QuicSni))
        );
        assert_eq!(talk.engine.server_segments(0).count, 3);
        let found = talk.finish();
        assert_eq!(sizes(&found), [500_000, 70, 123_456]);
        assert_eq!(
            found.iter().map(|s| s.complete).collect::<Vec<_>>(),
            [true, true, false]
        );
        let first = &found[0];
        assert_eq!(
            (first.bytes, first.transport, first.client_port),
            (bytes as u64, Transport::Quic, 50_000)
        );
        assert_eq!(
            (first.t_request.0, first.ttfb()),
            (t_request, Some(RTT + MILLISECOND / 10))
        );
        assert!(found.iter().all(|s| !s.estimated && !s.shared));
    }
}

#[test]
fn requests_at_once_share_what_comes() {
    let mut talk = Talk::new();
    talk.open().say(250);
    talk.say(300);
    assert!(talk.say(280).unwrap().request);
    let bytes = talk.answer(0, 300_000);
    talk.say(250);
    talk.answer(3, 10_000);
    let found = talk.finish();
    assert_eq!(
        found.iter().map(|s| s.shared).collect::<Vec<_>>(),
        [true, true, true, false]
    );
    assert_eq!(
        found[..3].iter().map(|s| s.bytes).sum::<u64>(),
        bytes as u64
    );
    assert!(
        found[..3]
            .iter()
            .all(|s| s.complete && s.app_bytes.abs_diff(100_000) < 500),
        "{:?}",
        sizes(&found)
    );
}

#[test]
fn a_request_during_a_response_shares_what_follows_its_round_trip() {
    let mut talk = Talk::new();
    talk.open().say(250);
    talk.wait(RTT);
    for _ in 0..100 {
        talk.short(false, FULL);
    }
    assert!(talk.say(250).unwrap().request);
    // Under way when the request was sent.
    for _ in 0..10 {
        talk.short(false, FULL);
    }
    for _ in 0..100 {
        talk.wait(MILLISECOND / 2).short(false, FULL);
    }
    let found = talk.finish();
    assert!(found.len() == 2 && found.iter().all(|s| s.shared && !s.complete));
    assert_eq!(
        found.iter().map(|s| s.bytes).sum::<u64>(),
        210 * FULL as u64
    );
    assert!(
        (130..180).contains(&(found[0].bytes / FULL as u64)),
        "{}",
        found[0].bytes / FULL as u64
    );
}

#[test]
fn late_packets_of_a_response_stay_with_it() {
    let mut talk = Talk::new();
    talk.open().say(250);
    talk.wait(RTT);
    for _ in 0..20 {
        talk.short(false, FULL);
    }
    talk.short(false, 500);
    talk.say(250);
    for _ in 0..3 {
        talk.short(false, FULL);
    }
    talk.answer(1, 30_000);
    let found = talk.finish();
    assert_eq!(
        (found[0].bytes, found[1].app_bytes),
        (23 * FULL as u64 + 500, 30_000)
    );
    assert!(found.iter().all(|s| !s.shared));
}

#[test]
fn a_response_that_pauses_as_long_as_another_request_would_take_is_estimated() {
    // Size of the packet before the pause, the pause, the setting in percent of the round trip.
    for (before, pause, setting, estimated) in [
        (FULL, RTT * 8 / 10, "90", false),
        (FULL, RTT * 19 / 20, "90", true),
        (FULL, RTT * 19 / 20, "100", false),
        (FULL, RTT * 11 / 10, "100", true),
        // A response ends with a packet that is not full.
        (FULL / 2, RTT * 4 / 10, "90", false),
        (FULL / 2, RTT * 6 / 10, "90", true),
    ] {
        let mut config = Config::default();
        config.set("quic_pause", setting).unwrap();
        let mut talk = Talk::with(config);
        talk.open().say(250);
        talk.wait(RTT);
        for _ in 0..10 {
            talk.short(false, FULL);
        }
        talk.short(false, before);
        talk.say(8);
        talk.wait(pause);
        for _ in 0..10 {
            talk.short(false, FULL);
        }
        let found = talk.finish();
        assert_eq!(
            (found.len(), found[0].bytes),
            (1, (20 * FULL + before) as u64)
        );
        assert_eq!(
            found[0].estimated, estimated,
            "{before} bytes, {pause} ns, {setting} %"
        );
    }
}

/// A probe of the path, larger than what the server sends data in.
const PROBE: usize = 1472;

#[test]
fn a_response_goes_on_behind_a_full_packet_though_the_path_was_probed() {
    for probe in [false, true] {
        let mut talk = Talk::new();
        talk.open().say(150);
        talk.wait(RTT);
        for _ in 0..5 {
            talk.short(false, FULL);
        }
        if probe {
            talk.short(false, PROBE);
        }
        for _ in 0..5 {
            talk.short(false, FULL);
        }
        // The server waits for acknowledgements, and the client asks for more.
        talk.wait(RTT / 4).say(150);
        talk.wait(RTT / 2);
        for _ in 0..20 {
            talk.short(false, FULL);
        }
        let found = talk.finish();
        let shared: Vec<_> = found.iter().map(|segment| segment.shared).collect();
        assert_eq!(shared, [true, true], "probed: {probe}");
    }
}

#[test]
fn larger_packets_are_data_once_there_are_more_than_a_server_probes_with() {
    for (rounds, counted) in [(4, 0), (5, 1), (6, 2)] {
        let mut talk = Talk::new();
        talk.open().say(150);
        talk.wait(RTT);
        for _ in 0..rounds {
            talk.short(false, FULL);
            talk.short(false, PROBE);
            talk.short(false, FULL);
        }
        let found = talk.finish();
        assert_eq!(
            found[0].bytes,
            (2 * rounds * FULL + counted * PROBE) as u64,
            "{rounds} rounds"
        );
    }
}

#[test]
fn what_comes_after_a_silence_is_the_answer_however_slow_the_handshake_was() {
    // The first answer to the hello was lost. The silence before the second request is longer than
    // the handshake's round trip of 21, or shorter.
    for (silence, is_answer) in [(23, true), (20, false)] {
        let mut talk = Talk::new();
        talk.initial(V1, &FIRST_ID, &crypto_frame(0, &client_hello(NAME)));
        talk.wait(20 * RTT).handshake(V1).say(250);
        talk.answer(0, 60_000);
        talk.wait(silence * RTT).say(250);
        talk.answer(1, 70_000);
        let found = sizes(&talk.finish());
        assert_eq!(found == [60_000, 70_000], is_answer, "{silence}: {found:?}");
    }
}

#[test]
fn a_packet_that_is_not_full_ends_no_response_of_a_server_that_sends_many_of_them() {
    // Such packets before the second request, and whether more came behind it.
    for (breaks, goes_on, shared) in [(3, true, true), (1, true, false), (3, false, false)] {
        let mut talk = Talk::new();
        talk.open().say(250);
        talk.wait(RTT);
        for at in 0..60 {
            let is_break = at % 20 == 10 && at / 20 < breaks;
            let size = if is_break { FULL / 2 } else { FULL };
            talk.wait(MILLISECOND / 2).short(false, size);
        }
        if !goes_on {
            talk.wait(MILLISECOND / 2).short(false, FULL / 2);
        }
        talk.say(250);
        // Under way when the request was sent.
        for at in 0..if goes_on { 10 } else { 0 } {
            let size = if at == 9 { FULL / 2 } else { FULL };
            talk.wait(RTT / 25).short(false, size);
        }
        talk.wait(if goes_on { RTT * 9 / 20 } else { RTT });
        for _ in 0..60 {
            talk.wait(MILLISECOND / 2).short(false, FULL);
        }
        let found = talk.finish();
        assert_eq!(found.len(), 2);
        let is_shared = found.iter().all(|segment| segment.shared);
        assert_eq!(is_shared, shared, "{breaks} {goes_on}: {:?}", sizes(&found));
    }
}

#[test]
fn at_the_pace_of_a_slow_link_a_response_goes_on_beside_the_next() {
    // Times between packets: the pace, and around the second request.
    for (pace, pause, shared) in [(30, 30, true), (1, 30, false)] {
        let mut talk = Talk::new();
        talk.open().say(250);
        talk.wait(RTT);
        for _ in 0..40 {
            talk.wait(pace * MILLISECOND).short(false, FULL);
        }
        talk.wait(RTT / 10).say(250);
        talk.wait(pause * MILLISECOND - RTT / 10);
        for _ in 0..40 {
            talk.short(false, FULL);
            talk.wait(pace * MILLISECOND);
        }
        let found = talk.finish();
        let is_shared = found.iter().all(|segment| segment.shared);
        assert_eq!(is_shared, shared, "{pace} ms: {:?}", sizes(&found));
    }
}
