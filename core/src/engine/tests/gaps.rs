//! Captures that lack data.

use super::*;

/// Places of server data behind the handshake.
fn response_packets(talk: &Talk) -> Vec<usize> {
    let first = segments(&run(Config::default(), &talk.packets).0)[0].request_frame as usize;
    (first..talk.packets.len())
        .filter(|&at| {
            talk.packets[at].source == talk.server && !talk.packets[at].payload.is_empty()
        })
        .collect()
}

/// The conversation without these packets.
fn without(talk: &Talk, dropped: &[usize]) -> Vec<TcpPacket> {
    let kept = talk
        .packets
        .iter()
        .enumerate()
        .filter(|(at, _)| !dropped.contains(at));
    kept.map(|(_, packet)| packet.clone()).collect()
}

/// Compares sizes; framing may be estimated.
fn assert_close(segments: &[Segment], expected: &[Sizes], context: &str) {
    let bytes: Vec<u64> = segments.iter().map(|segment| segment.bytes).collect();
    assert_eq!(
        bytes,
        expected.iter().map(|size| size.0).collect::<Vec<_>>(),
        "{context}"
    );
    for (segment, (_, plain)) in segments.iter().zip(expected) {
        let off = segment.app_bytes.abs_diff(*plain);
        assert!(
            off <= 5 + plain / 200,
            "{context}: {} of {plain} bytes of HTTP",
            segment.app_bytes
        );
        assert!(
            off == 0 || segment.estimated,
            "{context}: an estimate is called one"
        );
    }
}

#[test]
fn any_packet_that_was_acknowledged_counts_though_it_was_not_captured() {
    for (name, talk, expected) in conversations() {
        for at in response_packets(&talk) {
            let (engine, _) = run(Config::default(), &without(&talk, &[at]));
            let segments = segments(&engine);
            let context = format!("{name} without packet {}", at + 1);
            assert_close(&segments, &expected, &context);
            let missing: u64 = segments.iter().map(|segment| segment.missing_bytes).sum();
            assert_eq!(missing, talk.packets[at].payload.len() as u64, "{context}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn bytes_are_what_was_captured_and_what_is_missing(
        which in 0..4_usize,
        dropped in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
    ) {
        let (name, talk, expected) = conversations().into_iter().nth(which).unwrap();
        let data = response_packets(&talk);
        let mut dropped: Vec<usize> = dropped.iter().map(|at| data[at.index(data.len())]).collect();
        dropped.sort_unstable();
        dropped.dedup();
        let (engine, _) = run(Config::default(), &without(&talk, &dropped));
        let segments = segments(&engine);
        let bytes: Vec<u64> = segments.iter().map(|segment| segment.bytes).collect();
        prop_assert_eq!(bytes, expected.iter().map(|size| size.0).collect::<Vec<_>>(), "{} without {:?}", name, dropped);
        let missing: u64 = segments.iter().map(|segment| segment.missing_bytes).sum();
        prop_assert_eq!(missing, dropped.iter().map(|&at| talk.packets[at].payload.len() as u64).sum::<u64>());
    }

    #[test]
    fn a_snapshot_length_changes_no_bytes(which in 0..4_usize, snapshot in 60..1600_usize) {
        let (name, talk, expected) = conversations().into_iter().nth(which).unwrap();
        let mut engine = Engine::new(Config::default());
        for (packet, frame) in talk.packets.iter().zip(1..) {
            give_cut(&mut engine, frame, packet.time, &packet.bytes(), snapshot);
        }
        engine.finish();
        let bytes: Vec<u64> = segments(&engine).iter().map(|segment| segment.bytes).collect();
        prop_assert_eq!(bytes, expected.iter().map(|size| size.0).collect::<Vec<_>>(), "{} cut to {}", name, snapshot);
    }
}

#[test]
fn headers_alone_tell_every_byte() {
    for (name, talk, expected) in conversations() {
        let mut engine = Engine::new(Config::default());
        for (packet, frame) in talk.packets.iter().zip(1..) {
            give_cut(&mut engine, frame, packet.time, &packet.bytes(), 40);
        }
        engine.finish();
        let segments = segments(&engine);
        assert_close(&segments, &expected, name);
    }
}

#[test]
fn without_the_servers_half_acknowledgements_tell_the_bytes() {
    for (name, mut talk, expected) in conversations() {
        let (client, server) = (talk.client, talk.server);
        talk.packets.retain(|packet| packet.source == client);
        let (engine, _) = run(Config::default(), &talk.packets);
        let segments = segments(&engine);
        let bytes: Vec<Sizes> = segments
            .iter()
            .map(|segment| (segment.bytes, segment.missing_bytes))
            .collect();
        assert_eq!(
            bytes,
            expected
                .iter()
                .map(|size| (size.0, size.0))
                .collect::<Vec<_>>(),
            "{name}"
        );
        assert!(
            segments
                .iter()
                .all(|segment| segment.inferred && segment.server_port == server.port()),
            "{name}"
        );
    }
}

#[test]
fn late_data_fills_what_was_counted_as_missing() {
    let (talk, expected) = http();
    let late = response_packets(&talk)[3];
    let mut packets = without(&talk, &[late]);
    let mut copy = talk.packets[late].clone();
    copy.time = talk.now;
    packets.push(copy.clone());
    let (engine, said) = run(Config::default(), &packets);
    assert_eq!(sizes(&engine), expected);
    let first = &segments(&engine)[0];
    assert_eq!((first.missing_bytes, first.retransmitted_bytes), (0, 0));
    assert_eq!(said.last().unwrap().unwrap().segment, Some(1));
    packets.push(copy.clone());
    let first = segments(&run(Config::default(), &packets).0)[0].clone();
    assert_eq!(
        (first.missing_bytes, first.retransmitted_bytes),
        (0, copy.payload.len() as u64)
    );
}

#[test]
fn an_answer_to_a_request_that_nothing_shows_makes_the_segment_that_it_counts_on_uncertain() {
    let mut talk = Talk::new(50_000, NETFLIX, 80);
    talk.open()
        .say(REQUEST)
        .hear(&response(5000))
        .hear(&response(7000))
        .say(REQUEST)
        .hear(&response(9000));
    let (engine, _) = run(Config::default(), &talk.packets);
    let marks: Vec<(u64, bool)> = segments(&engine)
        .iter()
        .map(|s| (s.bytes, s.estimated))
        .collect();
    let bytes = |size: usize| response(size).len() as u64;
    assert_eq!(
        marks,
        [(bytes(5000) + bytes(7000), true), (bytes(9000), false)]
    );
}

#[test]
fn packets_say_from_where_it_shows_that_bytes_are_missing() {
    let mut talk = Talk::new(20_000, "23.246.3.4", 80);
    talk.open().say(REQUEST);
    // The client acknowledges each part.
    for part in response(200_000).chunks(10_000) {
        talk.hear(part);
    }
    let data = response_packets(&talk);
    assert!(
        run(Config::default(), &talk.packets)
            .1
            .iter()
            .flatten()
            .all(|said| !said.missing)
    );

    let dropped = data[data.len() / 4];
    let (engine, said) = run(Config::default(), &without(&talk, &[dropped]));
    let segment = &segments(&engine)[0];
    assert_eq!(
        segment.missing_bytes,
        talk.packets[dropped].payload.len() as u64
    );
    let marked: Vec<_> = (0..said.len())
        .filter(|&at| said[at].is_some_and(|said| said.missing))
        .collect();
    assert!(marked[0] >= dropped, "frame {}", marked[0] + 1);
    assert_eq!(
        marked.last(),
        Some(&(segment.last_frame.unwrap() as usize - 1))
    );
    assert!(
        marked
            .iter()
            .all(|&at| said[at].unwrap().segment == Some(segment.number))
    );
}
