//! The classic rule against its description, followed to the letter.

use std::collections::HashMap;

use super::*;

#[derive(Clone, Debug)]
struct Seen {
    client: u16,
    second_server: bool,
    from_client: bool,
    flags: u8,
    sequence: u32,
    length: usize,
}

fn packets() -> impl Strategy<Value = Vec<Seen>> {
    let flags = prop_oneof![8 => Just(ACK), 1 => Just(SYN), 1 => Just(SYN | ACK), 1 => Just(FIN | ACK), 1 => Just(RST)];
    // No more than a packet holds: of larger ones, parts may be copies.
    let length = prop_oneof![2 => Just(0_usize), 5 => 1..=1460_usize];
    let sequence = prop_oneof![0..5000_u32, any::<u32>()];
    let packet = (
        1000..1003_u16,
        any::<bool>(),
        any::<bool>(),
        flags,
        sequence,
        length,
    )
        .prop_map(
            |(client, second_server, from_client, flags, sequence, length)| Seen {
                client,
                second_server,
                from_client,
                flags,
                sequence,
                length,
            },
        );
    prop::collection::vec(packet, 0..80)
}

/// Server, request, bytes, packets, first and last frame, whether complete.
type PacketFields = (bool, u64, u64, u64, Option<u64>, Option<u64>, bool);

/// Any uplink packet with payload starts a segment; downlink payload adds to it; one without is
/// dropped.
fn naive(packets: &[Seen]) -> Vec<PacketFields> {
    let mut rows: Vec<PacketFields> = Vec::new();
    let mut open: HashMap<bool, usize> = HashMap::new();
    for (seen, frame) in packets.iter().zip(1..) {
        if seen.length == 0 {
            continue;
        }
        let current = open.get(&seen.second_server).copied();
        if seen.from_client {
            let row = (seen.second_server, frame, 0, 0, None, None, false);
            match current {
                Some(at) if rows[at].2 == 0 => rows[at] = row,
                _ => {
                    if let Some(at) = current {
                        rows[at].6 = true;
                    }
                    open.insert(seen.second_server, rows.len());
                    rows.push(row);
                }
            }
        } else if let Some(at) = current {
            let row = &mut rows[at];
            row.2 += seen.length as u64;
            row.3 += 1;
            row.4 = row.4.or(Some(frame));
            row.5 = Some(frame);
        }
    }
    rows.retain(|row| row.2 > 0);
    rows
}

fn frames(packets: &[Seen]) -> Vec<TcpPacket> {
    packets
        .iter()
        .zip(0..)
        .map(|(seen, time)| {
            let server = if seen.second_server {
                "23.246.0.2"
            } else {
                NETFLIX
            };
            let (client, server) = (
                (address(CLIENT), seen.client).into(),
                (address(server), 443).into(),
            );
            let (source, destination) = if seen.from_client {
                (client, server)
            } else {
                (server, client)
            };
            let payload = vec![0x17; seen.length];
            let (sequence, flags) = (seen.sequence, seen.flags);
            TcpPacket {
                source,
                destination,
                sequence,
                acknowledgement: 0,
                flags,
                payload,
                time,
            }
        })
        .collect()
}

fn rows(engine: &Engine) -> Vec<PacketFields> {
    segments(engine)
        .iter()
        .map(|s| {
            let second = engine.server(s.server).unwrap().address != address(NETFLIX);
            (
                second,
                s.request_frame,
                s.bytes,
                s.pkts,
                s.first_frame,
                s.last_frame,
                s.complete,
            )
        })
        .collect()
}

proptest! {
    #[test]
    fn the_classic_rule_does_what_it_says(packets in packets()) {
        let (engine, said) = run(classic(), &frames(&packets));
        prop_assert_eq!(rows(&engine), naive(&packets));
        for (seen, said) in packets.iter().zip(said) {
            prop_assert_eq!(said.unwrap().request, seen.from_client && seen.length > 0);
        }
        for id in 0..engine.server_count() {
            let totals = engine.server_segments(id);
            let own: Vec<Segment> = segments(&engine).into_iter().filter(|segment| segment.server == id).collect();
            prop_assert_eq!(totals.count as usize, own.len());
            prop_assert_eq!(totals.bytes, own.iter().map(|segment| segment.bytes).sum::<u64>());
        }
    }
}

#[test]
fn connections_to_one_server_are_mixed_and_repeats_count_again() {
    let seen = |client, from_client, length| Seen {
        client,
        second_server: false,
        from_client,
        flags: ACK,
        sequence: 1,
        length,
    };
    let packets = [
        seen(1000, true, 100),
        seen(1000, false, 1400),
        seen(1001, true, 100),
        seen(1000, false, 1400),
        seen(1001, false, 300),
        seen(1001, false, 300),
    ];
    let (engine, _) = run(classic(), &frames(&packets));
    assert_eq!(
        segments(&engine)
            .iter()
            .map(|s| s.bytes)
            .collect::<Vec<_>>(),
        [1400, 2000]
    );
    assert!(
        segments(&engine)
            .iter()
            .all(|s| s.app_bytes == s.bytes && s.retransmitted_bytes == 0)
    );
}

#[test]
fn header_lengths_count_and_not_what_was_captured() {
    let mut talk = Talk::new(50_000, NETFLIX, 443);
    talk.open().say(&[1; 1000]).hear(&[2; 10_000]);
    let mut engine = Engine::new(classic());
    for (packet, frame) in talk.packets.iter().zip(1..) {
        give_cut(&mut engine, frame, packet.time, &packet.bytes(), 60);
    }
    engine.finish();
    assert_eq!(
        segments(&engine)
            .iter()
            .map(|s| s.bytes)
            .collect::<Vec<_>>(),
        [10_000]
    );
}

#[test]
fn a_server_that_opens_connections_itself_is_followed_from_the_packet_after_its_name() {
    for config in [Config::default(), classic()] {
        let mut engine = Engine::new(config);
        let mut talk = Talk::new(50_000, "198.51.100.7", 9000);
        // The address that will be Netflix's sends the SYN.
        talk.packet(false, SYN, &[]);
        talk.packet(true, SYN | ACK, &[]);
        talk.packet(false, ACK, &[]);
        for (packet, frame) in talk.packets.iter().zip(1..) {
            assert_eq!(give(&mut engine, frame, packet.time, &packet.bytes()), None);
        }
        give(
            &mut engine,
            4,
            talk.now,
            &evidence::answer("www.netflix.com", [198, 51, 100, 7]),
        );
        let before = talk.packets.len();
        talk.say(&[1; 500]).hear(&[2; 3000]);
        for (packet, frame) in talk.packets[before..].iter().zip(5..) {
            give(&mut engine, frame, packet.time, &packet.bytes());
        }
        engine.finish();
        let found: Vec<(u64, u64)> = segments(&engine)
            .iter()
            .map(|s| (s.request_frame, s.bytes))
            .collect();
        assert_eq!(found, [(5, 3000)]);
    }
}
