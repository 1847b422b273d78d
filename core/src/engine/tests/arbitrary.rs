//! Arbitrary packets.

use super::*;

/// Checks what must hold whatever was given.
fn assert_sound(engine: &Engine, downlink: u64) {
    let mut total = 0;
    let mut of_servers = vec![(0_u32, 0_u64); engine.server_count() as usize];
    for segment in segments(engine) {
        assert!(segment.app_bytes <= segment.bytes, "{segment:?}");
        assert!(segment.missing_bytes <= segment.bytes, "{segment:?}");
        assert_eq!(segment.first_frame.is_some(), segment.t_first.is_some());
        assert_eq!(segment.first_frame.is_some(), segment.last_frame.is_some());
        let of_server = &mut of_servers[segment.server as usize];
        of_server.0 += 1;
        of_server.1 += segment.bytes;
        total += segment.bytes - segment.missing_bytes;
    }
    assert!(total <= downlink, "{total} bytes of {downlink}");
    for (id, (count, bytes)) in of_servers.into_iter().enumerate() {
        let totals = engine.server_segments(id as u32);
        assert_eq!((totals.count, totals.bytes), (count, bytes), "server {id}");
    }
}

fn downlink<'a>(packets: impl IntoIterator<Item = &'a TcpPacket>, server_port: u16) -> u64 {
    packets
        .into_iter()
        .filter(|p| p.source.port() == server_port)
        .map(|p| p.payload.len() as u64)
        .sum()
}

/// Payloads that mean something, and some that do not.
fn payload() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        3 => Just(Vec::new()),
        2 => (1..3000_usize).prop_map(protected),
        1 => Just(testing::record(22, &testing::client_hello("a.nflxvideo.net"))),
        1 => Just(testing::record(22, &testing::server_hello(0x0304, 0x1301, "", [9; 32]))),
        1 => Just(testing::record(20, &[1])),
        1 => Just(REQUEST.to_vec()),
        1 => (0..2000_usize).prop_map(response),
        1 => Just(b"HTTP/1.1 100 Continue\r\n\r\n".to_vec()),
        1 => prop::collection::vec(any::<u8>(), 1..100),
        1 => (1..1400_usize).prop_map(|length| vec![0; length]),
    ]
}

/// Packets of one flow with numbers near each other, not near, or as a conversation has them.
fn flow() -> impl Strategy<Value = Vec<TcpPacket>> {
    let flags = prop_oneof![12 => Just(ACK), 1 => Just(SYN), 1 => Just(SYN | ACK), 1 => Just(FIN | ACK), 1 => Just(RST)];
    let jump = prop_oneof![8 => Just(0_u32), 2 => 0..3000_u32, 1 => (0..3000_u32).prop_map(u32::wrapping_neg), 1 => any::<u32>()];
    let packet = (any::<bool>(), flags, jump.clone(), jump, payload());
    (
        prop::sample::select(vec![443_u16, 80, 53, 9000]),
        prop::collection::vec(packet, 0..40),
    )
        .prop_map(|(port, packets)| {
            let mut talk = Talk::new(50_000, NETFLIX, port);
            for (from_client, flags, up, down, payload) in packets {
                talk.up = talk.up.wrapping_add(up);
                talk.down = talk.down.wrapping_add(down);
                talk.wait(MILLISECOND).packet(
                    from_client,
                    flags,
                    &payload[..payload.len().min(1448)],
                );
            }
            talk.packets
        })
}

proptest! {
    #[test]
    fn arbitrary_frames_are_no_danger(
        frames in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..120), any::<u32>(), any::<i64>()), 0..20),
        link_type in prop_oneof![Just(1_u16), Just(101), Just(113), 0..300_u16],
    ) {
        let mut engine = Engine::new(Config::default());
        for ((data, original_length, time), frame) in frames.iter().zip(1..) {
            let (link_type, time) = (LinkType(link_type), Time(*time));
            engine.packet(&Packet { frame, time, link_type, original_length: *original_length, data });
        }
        engine.finish();
        prop_assert_eq!(engine.stats().packets, frames.len() as u64);
    }

    #[test]
    fn arbitrary_flows_are_counted_soundly(packets in flow(), finish_at in any::<prop::sample::Index>(), is_classic: bool) {
        let mut engine = Engine::new(if is_classic { classic() } else { Config::default() });
        let finish_at = finish_at.index(packets.len() + 1);
        for (at, packet) in packets.iter().enumerate() {
            if at == finish_at {
                // A live capture that is looked at and goes on.
                engine.finish();
            }
            let said = give(&mut engine, 1 + at as u64, packet.time, &packet.bytes()).unwrap();
            prop_assert_eq!(said.server_counters.in_pkts + said.server_counters.out_pkts, 1 + at as u64);
            if let Some(number) = said.segment {
                prop_assert_eq!(said.bytes_so_far, engine.segment(number).unwrap().bytes);
            }
        }
        engine.finish();
        let port = packets.iter().map(|p| p.source.port().min(p.destination.port())).min().unwrap_or(0);
        assert_sound(&engine, downlink(&packets, port));
    }

    #[test]
    fn damaged_conversations_are_no_danger(
        which in 0..4_usize,
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<u8>()), 1..20),
        snapshot in prop_oneof![Just(usize::MAX), 30..200_usize],
    ) {
        let (_, talk, _) = conversations().into_iter().nth(which).unwrap();
        let mut frames: Vec<Vec<u8>> = talk.packets.iter().map(TcpPacket::bytes).collect();
        for (frame, at, byte) in damage {
            let frame = frame.index(frames.len());
            // Headers and the first bytes behind them: where damage matters.
            let length = frames[frame].len().min(100);
            frames[frame][at.index(length)] = byte;
        }
        let mut engine = Engine::new(Config::default());
        for ((data, packet), frame) in frames.iter().zip(&talk.packets).zip(1..) {
            give_cut(&mut engine, frame, packet.time, data, snapshot);
        }
        engine.finish();
        for segment in segments(&engine) {
            prop_assert!(segment.app_bytes <= segment.bytes && segment.missing_bytes <= segment.bytes);
        }
    }

    #[test]
    fn the_short_way_says_what_the_long_one_does(
        arbitrary in flow(),
        which in 0..8_usize,
        moves in prop::collection::vec((any::<prop::sample::Index>(), 0..4_u8, 0..40_usize), 0..12),
        snapshot in prop_oneof![3 => Just(usize::MAX), 1 => 54..200_usize],
    ) {
        let mut packets = match conversations().into_iter().nth(which) {
            Some((_, talk, _)) => talk.packets,
            None => arbitrary,
        };
        // Lost, repeated, late, and early packets.
        for (at, how, by) in moves {
            if packets.is_empty() {
                break;
            }
            let at = at.index(packets.len());
            let packet = packets[at].clone();
            match how {
                0 => drop(packets.remove(at)),
                1 => packets.insert((at + by).min(packets.len()), packet),
                2 => {
                    packets.remove(at);
                    packets.insert((at + by).min(packets.len()), packet);
                }
                _ => {
                    packets.remove(at);
                    packets.insert(at.saturating_sub(by), packet);
                }
            }
        }
        let mut thorough = Config::default();
        thorough.thorough = true;
        let mut engines = [Engine::new(Config::default()), Engine::new(thorough)];
        for (packet, frame) in packets.iter().zip(1..) {
            let said = engines.each_mut().map(|engine| give_cut(engine, frame, packet.time, &packet.bytes(), snapshot));
            prop_assert_eq!(said[0], said[1], "frame {}", frame);
        }
        engines.iter_mut().for_each(Engine::finish);
        prop_assert_eq!(segments(&engines[0]), segments(&engines[1]));
        prop_assert_eq!(engines[0].stats(), engines[1].stats());
    }

    #[test]
    fn the_same_packets_give_the_same_answers(packets in flow(), seed: u64) {
        let said = |hash_seed| {
            let mut config = Config::default();
            config.hash_seed = hash_seed;
            let (engine, said) = run(config, &packets);
            (said, segments(&engine), engine.stats())
        };
        prop_assert!(said(0) == said(seed));
    }
}

#[test]
fn what_is_not_ip_is_counted_as_such() {
    let mut engine = Engine::new(Config::default());
    let arp = testing::ethernet(0x0806, &[0; 28]);
    let packet = Packet {
        frame: 1,
        time: Time(0),
        link_type: LinkType::ETHERNET,
        original_length: 42,
        data: &arp,
    };
    assert_eq!(engine.packet(&packet), None);
    assert_eq!(
        engine.packet(&Packet {
            link_type: LinkType(147),
            ..packet
        }),
        None
    );
    let stats = engine.stats();
    assert_eq!(
        (
            stats.packets,
            stats.not_ip,
            stats.unknown_link_type,
            stats.flows
        ),
        (2, 2, 1, 0)
    );
}

#[test]
fn fragments_and_other_protocols_of_a_server_are_counted() {
    let mut engine = Engine::new(Config::default());
    let (server, client) = (address(NETFLIX), address(CLIENT));
    let ping = testing::ip(server, client, 1, &[0; 64]);
    assert_eq!(
        give(&mut engine, 1, 0, &ping),
        None,
        "fields are for TCP and UDP"
    );
    let mut later = testing::ip(server, client, 17, &[0; 100]);
    later[6..8].copy_from_slice(&[0, 9]);
    let said = give(&mut engine, 2, 0, &later).unwrap();
    assert_eq!((said.flow, said.direction), (None, Direction::In));
    assert_eq!(
        (said.server_counters.in_pkts, said.server_counters.in_bytes),
        (2, 84 + 120)
    );
    assert_eq!(
        (said.flow_counters.in_pkts, said.flow_counters.in_bytes),
        (1, 120)
    );
}
