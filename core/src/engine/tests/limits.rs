//! Bounded memory, and answers that depend on packets alone.

use super::*;

fn tiny() -> Config {
    let mut config = Config::default();
    for (name, value) in [
        ("max_flows", "16"),
        ("max_connections", "8"),
        ("max_servers", "2"),
        ("max_segments", "16"),
        ("reorder_bytes", "2000"),
        ("reorder_pieces", "2"),
        ("max_evidence", "1"),
    ] {
        config.set(name, value).unwrap();
    }
    config
}

/// Many conversations at once: packets of all of them in turn.
fn crowd(count: u16) -> Vec<TcpPacket> {
    let mut talks: Vec<std::vec::IntoIter<TcpPacket>> = (0..count)
        .map(|number| {
            let server = format!("23.246.{}.{}", number % 3, 1 + number % 5);
            let server = if number % 4 == 3 {
                format!("198.51.100.{}", number % 200)
            } else {
                server
            };
            let mut talk = Talk::new(20_000 + number, &server, 80);
            talk.open();
            for round in 0..4 {
                talk.wait(i64::from(number) * MILLISECOND)
                    .say(REQUEST)
                    .hear(&response(usize::from(number) * 50 + round * 3000));
            }
            talk.packets.into_iter()
        })
        .collect();
    let mut packets = Vec::new();
    while talks.iter().any(|talk| !talk.as_slice().is_empty()) {
        packets.extend(talks.iter_mut().filter_map(Iterator::next));
    }
    packets
}

#[test]
fn tables_stay_within_their_limits() {
    let packets = crowd(60);
    let mut engine = Engine::new(tiny());
    let mut full = [0, 0];
    for (packet, frame) in packets.iter().zip(1..) {
        // Every seventh packet is not captured, so that there are holes.
        let said = (frame % 7 != 0).then(|| give(&mut engine, frame, packet.time, &packet.bytes()));
        let stats = engine.stats();
        if let Some(said) = said.flatten() {
            assert_eq!(said.full, stats.lost() > 0);
            full[usize::from(said.full)] += 1;
        }
        assert!(stats.flows <= 16 && engine.registry.servers().len() <= 2);
        assert!(engine.segment_numbers().len() <= 16);
        assert!(
            engine.connections.list.len() <= 8,
            "{} connections",
            engine.connections.list.len()
        );
    }
    let stats = engine.stats();
    assert!(
        stats.flows_evicted > 0 && stats.segments_evicted > 0 && stats.connections_evicted > 0,
        "{stats:?}"
    );
    assert!(stats.servers_dropped > 0, "{stats:?}");
    assert!(full[0] > 0 && full[1] > 0, "{full:?}");
    assert_eq!(
        stats.packets,
        (1..=packets.len()).filter(|frame| frame % 7 != 0).count() as u64
    );
    engine.finish();
}

#[test]
fn servers_counters_are_right_though_flows_make_room() {
    let packets = crowd(60);
    let (engine, _) = run(tiny(), &packets);
    assert_eq!(engine.stats().hosts_evicted, 0);
    for (_, server) in engine.servers() {
        let mut counters = Counters::default();
        for packet in &packets {
            let length = 40 + packet.payload.len() as u32;
            if packet.source.ip() == server.address {
                counters.count(Direction::In, length);
            } else if packet.destination.ip() == server.address {
                counters.count(Direction::Out, length);
            }
        }
        assert_eq!(server.counters, counters);
    }
}

/// All that an engine says.
fn all(
    config: &Config,
    packets: &[TcpPacket],
) -> (Vec<Option<Annotation>>, Vec<Segment>, String, Stats) {
    let (engine, said) = run(config.clone(), packets);
    let servers: Vec<&Server> = engine.servers().map(|(_, server)| server).collect();
    (
        said,
        segments(&engine),
        format!("{servers:?}"),
        engine.stats(),
    )
}

#[test]
fn the_secret_of_the_hash_tables_changes_no_answer() {
    let packets = crowd(60);
    for mut config in [Config::default(), tiny()] {
        let expected = all(&config, &packets);
        for seed in [0, 1, u64::MAX, 0x1234_5678_9abc_def0] {
            config.hash_seed = seed;
            assert!(all(&config, &packets) == expected, "seed {seed}");
        }
    }
}

#[test]
fn segments_of_parallel_connections_are_told_apart() {
    let packets = crowd(40);
    let (engine, _) = run(Config::default(), &packets);
    let segments = segments(&engine);
    assert_eq!(segments.len(), 4 * 30);
    for segment in &segments {
        let number = usize::from(segment.client_port - 20_000);
        let earlier = segments
            .iter()
            .filter(|s| s.flow == segment.flow && s.number < segment.number)
            .count();
        assert_eq!(
            segment.bytes,
            response(number * 50 + earlier * 3000).len() as u64
        );
        assert_eq!(segment.server_port, 80);
    }
    assert!(
        segments
            .windows(2)
            .all(|pair| pair[0].number + 1 == pair[1].number)
    );
}

#[test]
fn the_last_segments_stay() {
    let mut talk = Talk::new(50_000, NETFLIX, 80);
    talk.open();
    for round in 0..40 {
        talk.say(REQUEST).hear(&response(1000 + round));
    }
    let (engine, _) = run(tiny(), &talk.packets);
    assert_eq!(engine.segment_numbers(), 25..41);
    assert_eq!(engine.stats().segments_evicted, 24);
    assert!(engine.segment(24).is_none() && engine.segment(41).is_none());
    assert_eq!(
        segments(&engine).last().unwrap().bytes,
        response(1039).len() as u64
    );
    assert_eq!(engine.server_segments(0).count, 40);
}

/// A conversation that holds back most of a response: its first packet is late for ever.
fn hoarder(number: u16) -> Vec<TcpPacket> {
    let mut talk = Talk::new(20_000 + number, NETFLIX, 80);
    talk.open().say(REQUEST);
    let begun = talk.packets.len();
    talk.wait(RTT);
    for part in response(60_000).chunks(1448) {
        talk.packet(false, ACK, part);
    }
    talk.packets.remove(begun);
    talk.packets
}

#[test]
fn what_all_connections_hold_back_is_bounded() {
    let mut config = Config::default();
    config.set("connection_bytes", "1048576").unwrap();
    let mut engine = Engine::new(config);
    // One that is in order, beside the others.
    let mut calm = Talk::new(50_000, NETFLIX, 80);
    calm.open();
    let mut frame = 0;
    for round in 0..100_u16 {
        calm.packets
            .retain(|packet| packet.payload.is_empty() && round == 0);
        calm.say(REQUEST).hear(&response(5000));
        for packet in hoarder(round).iter().chain(&calm.packets) {
            frame += 1;
            give(&mut engine, frame, packet.time, &packet.bytes());
            let held = engine.connections.weight();
            assert!(held <= 1_048_576 + 200_000, "{held} bytes at frame {frame}");
        }
    }
    // Each held 60 kB, all but some twenty had to go, and the calm one stayed.
    assert!(
        (60..=90).contains(&engine.stats().connections_evicted),
        "{:?}",
        engine.stats()
    );
    engine.finish();
    let calm: Vec<Segment> = segments(&engine)
        .into_iter()
        .filter(|segment| segment.client_port == 50_000)
        .collect();
    assert_eq!(calm.len(), 100);
    assert!(
        calm.iter()
            .all(|segment| segment.bytes == response(5000).len() as u64 && segment.complete)
    );
    assert!(
        segments(&engine)
            .iter()
            .all(|segment| segment.bytes <= response(60_000).len() as u64)
    );
}

#[test]
fn memory_comes_back_when_holes_are_filled() {
    let mut engine = Engine::new(Config::default());
    let mut talk = Talk::new(50_000, NETFLIX, 80);
    talk.open().say(REQUEST);
    let late = talk.packets.len();
    talk.hear(&response(500_000));
    let packet = talk.packets.remove(late);
    talk.packets.insert(late + 300, packet);
    let mut most = 0;
    for (packet, frame) in talk.packets.iter().zip(1..) {
        give(&mut engine, frame, packet.time, &packet.bytes());
        most = most.max(engine.connections.weight());
    }
    assert!(most > 400_000, "{most}");
    assert!(
        engine.connections.weight() < 8000,
        "{}",
        engine.connections.weight()
    );
}

#[test]
fn what_says_nothing_is_not_kept_behind_a_hole() {
    let mut engine = Engine::new(Config::default());
    let mut talk = Talk::new(50_000, NETFLIX, 80);
    talk.open().say(REQUEST);
    let late = talk.packets.len() + 1;
    let whole = response(500_000);
    talk.hear(&whole);
    let packet = talk.packets.remove(late);
    talk.packets.insert(late + 300, packet);
    for (packet, frame) in talk.packets.iter().zip(1..) {
        give(&mut engine, frame, packet.time, &packet.bytes());
        // A list of three hundred pieces, and no bytes.
        assert!(
            engine.connections.weight() < 50_000,
            "{}",
            engine.connections.weight()
        );
    }
    let segment = &segments(&engine)[0];
    assert_eq!(
        (segment.bytes, segment.missing_bytes, segment.complete),
        (whole.len() as u64, 0, true)
    );
}

/// One connection after the other, each ended by both sides, by a reset, or by both sides with a
/// hole in it.
#[test]
fn connections_that_are_over_take_no_room() {
    let mut config = Config::default();
    config.set("max_connections", "16").unwrap();
    let mut engine = Engine::new(config);
    let mut frame = 0;
    let mut give_all = |engine: &mut Engine, packets: &[TcpPacket]| {
        for packet in packets {
            frame += 1;
            give(engine, frame, packet.time, &packet.bytes());
        }
    };
    let mut last: Vec<Vec<TcpPacket>> = Vec::new();
    for number in 0..60_u16 {
        let mut talk = Talk::new(20_000 + number, NETFLIX, 9000);
        talk.open().say(&[0xee; 700]).hear(&[0xdd; 10_000]);
        if number % 3 == 0 {
            talk.packet(true, RST | ACK, &[]);
        } else {
            talk.close();
        }
        let hole = talk
            .packets
            .iter()
            .rposition(|packet| !packet.payload.is_empty())
            .unwrap();
        let mut packets = talk.packets;
        if number % 3 == 1 {
            packets.remove(hole);
        }
        give_all(&mut engine, &packets);
        last.push(packets);
    }
    // Those that are kept, and the one that is followed.
    assert!(
        engine.connections.list.len() <= 3,
        "{}",
        engine.connections.list.len()
    );
    assert_eq!(engine.stats().connections_evicted, 0);
    let before = segments(&engine);
    assert_eq!(before.len(), 60);
    assert!(
        before
            .iter()
            .all(|segment| segment.bytes == 10_000 && segment.complete)
    );

    // The last packet comes again: of one that was let go of it says nothing, and data of one that
    // was kept is known.
    let again = last[0].last().unwrap().clone();
    give_all(&mut engine, &[again]);
    assert!(engine.connections.list.len() <= 3);
    let data = last[59]
        .iter()
        .rfind(|packet| packet.payload.len() > 1000)
        .unwrap()
        .clone();
    give_all(&mut engine, std::slice::from_ref(&data));
    let after = segments(&engine);
    assert_eq!(after[..59], before[..59]);
    assert_eq!(after[59].retransmitted_bytes, data.payload.len() as u64);
    assert_eq!(after[59].bytes, 10_000);
}

#[test]
fn a_connection_that_goes_on_behind_a_reset_stays() {
    let mut opaque = Talk::new(50_000, NETFLIX, 9000);
    opaque.open().say(&[0xee; 700]).hear(&[0xdd; 20_000]);
    let mut http = Talk::new(50_000, NETFLIX, 80);
    let whole = response(20_000 - 70);
    http.open().say(REQUEST).hear(&whole);
    for (talk, length) in [(opaque, 20_000), (http, whole.len() as u64)] {
        let mut config = Config::default();
        config.set("max_connections", "16").unwrap();
        let mut engine = Engine::new(config);
        let mut packets = talk.packets;
        // In the middle of the response, a reset that its receiver did not take to be one of the
        // connection's.
        let (reset, pause) = (packets.len() - 8, packets.len() - 3);
        let mut bogus = packets[3].clone();
        (bogus.flags, bogus.payload) = (RST, Vec::new());
        packets.insert(reset, bogus);
        let mut frame = 0;
        let mut give_all = |engine: &mut Engine, packets: &[TcpPacket]| {
            for packet in packets {
                frame += 1;
                give(engine, frame, packet.time, &packet.bytes());
            }
        };
        give_all(&mut engine, &packets[..pause]);
        for number in 0..20_u16 {
            let mut other = Talk::new(20_000 + number, NETFLIX, 9000);
            other.open().close();
            give_all(&mut engine, &other.packets);
        }
        give_all(&mut engine, &packets[pause..]);
        let sizes: Vec<u64> = segments(&engine)
            .iter()
            .map(|segment| segment.bytes)
            .collect();
        assert_eq!(sizes, [length]);
    }
}

/// Floods of other traffic through small tables leave Netflix's flows and what is followed of them
/// alone.
#[test]
fn netflix_stays_and_the_latest_stay() {
    let mut config = tiny();
    config.set("max_servers", "16").unwrap();
    config.set("max_flows", "64").unwrap();
    let mut engine = Engine::new(config);
    let mut talk = Talk::new(50_000, NETFLIX, 80);
    talk.open().say(REQUEST).hear(&response(200_000));
    let mut frame = 0;
    for (at, packet) in talk.packets.iter().enumerate() {
        frame += 1;
        let said = give(&mut engine, frame, packet.time, &packet.bytes()).expect("Netflix's");
        assert_eq!(said.flow, Some(0), "the same flow throughout");
        for number in 0..50_u16 {
            let client = ([10, 1, (at % 250) as u8, number as u8], 9).into();
            let mut flood = Talk {
                client,
                ..Talk::new(9, "192.0.2.9", 443)
            };
            flood.open();
            for packet in &flood.packets {
                frame += 1;
                assert!(give(&mut engine, frame, packet.time, &packet.bytes()).is_none());
            }
        }
    }
    engine.finish();
    let segments = segments(&engine);
    assert_eq!(segments.len(), 1);
    assert_eq!(
        (segments[0].bytes, segments[0].missing_bytes),
        (response(200_000).len() as u64, 0)
    );
    assert!(!segments[0].estimated);
    assert!(engine.stats().flows_evicted > 1000 && engine.stats().connections_evicted > 1000);
}
