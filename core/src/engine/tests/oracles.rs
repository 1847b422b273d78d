//! Changes that must make no difference, and work that is paid by bytes.

use std::net::IpAddr;

use super::*;
use crate::bounded::work;

/// The most that may be spent on a packet, whatever is in it, and on each of its captured bytes, in
/// steps.
const STEPS_PER_PACKET: u64 = 4096;
const STEPS_PER_BYTE: u64 = 64;

/// A packet as it was captured.
type Frame = (u64, i64, Vec<u8>);

/// Conversations at different times, one after the other: each packet with the number that it has
/// in all of them.
fn frames() -> Vec<Vec<Frame>> {
    let mut number = 0;
    conversations()
        .into_iter()
        .map(|(_, talk, _)| {
            let packets = talk.packets.iter();
            packets
                .map(|packet| {
                    number += 1;
                    (number, packet.time, packet.bytes())
                })
                .collect()
        })
        .collect()
}

/// Rows of segments, and servers' counters, without what depends on the order of flows.
fn rows<'a>(frames: impl IntoIterator<Item = &'a Frame>) -> (Vec<Segment>, Vec<Counters>) {
    let mut engine = Engine::new(Config::default());
    for (number, time, bytes) in frames {
        give(&mut engine, *number, *time, bytes);
    }
    engine.finish();
    let mut rows = segments(&engine);
    rows.sort_by_key(|row| (row.client, row.client_port, row.request_frame));
    for row in &mut rows {
        (row.number, row.index, row.flow) = (0, 0, 0);
        (row.previous, row.next) = (None, None);
    }
    let servers = engine.servers().map(|(_, server)| server);
    (rows, servers.map(|server| server.counters).collect())
}

/// A packet unrelated to any Netflix packet.
fn unrelated() -> impl Strategy<Value = Vec<u8>> {
    let ends = (any::<u16>(), any::<u16>(), 1024..u16::MAX);
    (
        ends,
        0..5_u8,
        any::<u32>(),
        prop::collection::vec(any::<u8>(), 0..200),
    )
        .prop_map(|((client, server, port), kind, sequence, bytes)| {
            let of = |net: [u8; 2], host: u16| {
                IpAddr::from([net[0], net[1], (host >> 8) as u8, host as u8])
            };
            let (client, server) = (of([172, 16], client), of([198, 18], server));
            let tcp =
                |from, to, flags, data: &[u8]| testing::tcp((from, to), sequence, 1, flags, data);
            match kind {
                0 => testing::ip(client, server, 6, &tcp(port, 443, SYN, &[])),
                1 => testing::ip(server, client, 6, &tcp(443, port, ACK, &bytes)),
                2 => testing::ip(
                    client,
                    server,
                    17,
                    &testing::udp(
                        port,
                        443,
                        &[&[0xc3, 0, 0, 0, 1, 8], &bytes[..], &[0; 1200]].concat(),
                    ),
                ),
                3 => testing::ip(server, client, 17, &testing::udp(53, port, &bytes)),
                _ => testing::ip(
                    client,
                    server,
                    6,
                    &tcp(
                        port,
                        80,
                        ACK,
                        b"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n",
                    ),
                ),
            }
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn an_unrelated_packet_behind_every_packet_changes_no_row(noise in prop::collection::vec(unrelated(), 50)) {
        let frames = frames().concat();
        let mut mixed = Vec::new();
        for (frame, bytes) in frames.iter().zip(noise.iter().cycle()) {
            mixed.push(frame.clone());
            mixed.push((frame.0, frame.1, bytes.clone()));
        }
        prop_assert_eq!(rows(&mixed), rows(&frames));
    }

    #[test]
    fn flows_permuted_against_each_other_change_no_row(order in prop::collection::vec(0..4_usize, 100..2000)) {
        let flows = frames();
        let mut waiting: Vec<_> = flows.iter().map(|flow| flow.iter()).collect();
        let mut mixed: Vec<&Frame> = order.into_iter().filter_map(|at| waiting[at].next()).collect();
        mixed.extend(waiting.into_iter().flatten());
        prop_assert_eq!(rows(mixed), rows(flows.iter().flatten()));
    }

    #[test]
    fn work_is_paid_by_bytes(
        packets in prop::collection::vec((unrelated(), any::<bool>(), 0..40_u32, 0..3000_u16), 1..200),
        which in 0..4_usize,
    ) {
        let (_, talk, _) = conversations().into_iter().nth(which).unwrap();
        let mut engine = Engine::new(Config::default());
        let (before, mut paid) = (work::done(), 0);
        let mut give = |frame: u64, bytes: &[u8]| {
            give(&mut engine, frame, frame as i64 * 1000, bytes);
            paid += STEPS_PER_PACKET + STEPS_PER_BYTE * bytes.len() as u64;
            let steps = work::done() - before;
            assert!(steps <= paid, "{steps} steps after {frame} packets, {paid} paid");
        };
        let mut frame = 0;
        for (packet, (noise, repeats, hole, length)) in talk.packets.iter().cycle().zip(&packets) {
            let mut packet = packet.clone();
            packet.sequence = packet.sequence.wrapping_add(hole * 700);
            packet.payload.truncate(usize::from(*length));
            for bytes in [packet.bytes(), noise.clone()] {
                frame += 1;
                give(frame, &bytes);
                if *repeats {
                    give(frame, &bytes);
                }
            }
        }
    }
}

/// As many flows hold the same as there is room for: a packet on one of them costs what it costs
/// with few.
#[test]
fn a_packet_takes_the_same_work_whatever_others_hold() {
    let steps = [10_u16, 100, 1000].map(|flows| {
        let mut config = Config::default();
        config.set("connection_bytes", "1048576").unwrap();
        config.set("max_connections", "4000").unwrap();
        let mut engine = Engine::new(config);
        let share = 1_100_000 / usize::from(flows);
        let mut last = None;
        for number in 0..flows {
            let mut talk = Talk::new(20_000 + number, NETFLIX, 9000);
            talk.open().say(&[0xee; 700]);
            talk.down = talk.down.wrapping_add(5000);
            for part in vec![7; share].chunks(1400) {
                talk.packet(false, ACK, part);
            }
            for packet in &talk.packets {
                give(&mut engine, 1, packet.time, &packet.bytes());
            }
            last = talk.packets.pop();
        }
        assert!(engine.stats().connections_evicted > 0, "{flows}");
        let repeated = last.unwrap();
        let before = work::done();
        for _ in 0..100 {
            give(&mut engine, 2, repeated.time, &repeated.bytes());
        }
        (work::done() - before) / 100
    });
    assert!(steps.iter().all(|&each| each <= 4), "{steps:?}");
}
