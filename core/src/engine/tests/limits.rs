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
            let server = if number % 4 == 3 { format!("198.51.100.{}", number % 200) } else { server };
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
    for (packet, frame) in packets.iter().zip(1..) {
        // Every seventh packet is not captured, so that there are holes.
        if frame % 7 != 0 {
            give(&mut engine, frame, packet.time, &packet.bytes());
        }
        let stats = engine.stats();
        assert!(stats.flows <= 16 && engine.server_count() <= 2);
        assert!(engine.segment_numbers().len() <= 16);
        assert!(engine.connections.list.len() <= 8, "{} connections", engine.connections.list.len());
    }
    let stats = engine.stats();
    assert!(stats.flows_evicted > 0 && stats.segments_evicted > 0 && stats.connections_evicted > 0, "{stats:?}");
    assert!(stats.servers_dropped > 0, "{stats:?}");
    assert_eq!(stats.packets, (1..=packets.len()).filter(|frame| frame % 7 != 0).count() as u64);
    engine.finish();
}

#[test]
fn servers_counters_are_right_though_flows_make_room() {
    let packets = crowd(60);
    let (engine, _) = run(tiny(), &packets);
    assert_eq!(engine.stats().hosts_evicted, 0);
    for id in 0..engine.server_count() {
        let server = engine.server(id).unwrap();
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
fn all(config: &Config, packets: &[TcpPacket]) -> (Vec<Option<Annotation>>, Vec<Segment>, String, Stats) {
    let (engine, said) = run(config.clone(), packets);
    let servers: Vec<&Server> = (0..engine.server_count()).filter_map(|id| engine.server(id)).collect();
    (said, segments(&engine), format!("{servers:?}"), engine.stats())
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
        let earlier = segments.iter().filter(|s| s.flow == segment.flow && s.number < segment.number).count();
        assert_eq!(segment.bytes, response(number * 50 + earlier * 3000).len() as u64);
        assert_eq!(segment.server_port, 80);
    }
    assert!(segments.windows(2).all(|pair| pair[0].number + 1 == pair[1].number));
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
    assert_eq!(segments(&engine).last().unwrap().bytes, response(1039).len() as u64);
    assert_eq!(engine.server(0).unwrap().segments, 40);
}
