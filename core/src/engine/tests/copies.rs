//! Copies of packets, fragments, and the same addresses in several networks.

mod merged;
mod translation;

use super::*;
use crate::facts::server::Server;

/// A packet as it is given: when, what with, its bytes.
type Given = (i64, LinkType, Vec<u8>);

/// Every packet of a conversation as raw IP.
fn plain(packets: &[TcpPacket]) -> Vec<Given> {
    let raw = |packet: &TcpPacket| (packet.time, LinkType::RAW, packet.bytes());
    packets.iter().map(raw).collect()
}

fn analysis(config: Config, packets: &[Given]) -> Engine {
    read_by(Engine::new(config), packets)
}

fn read_by(mut engine: Engine, packets: &[Given]) -> Engine {
    for ((time, link_type, data), frame) in packets.iter().zip(1..) {
        engine.packet(&crate::Packet {
            frame,
            time: Time(*time),
            link_type: *link_type,
            original_length: data.len() as u32,
            data,
        });
    }
    engine.finish();
    engine
}

/// The contents of rows, but for numbers of frames and times.
fn rows(engine: &Engine) -> (Vec<String>, Vec<String>) {
    let server =
        |server: &Server| format!("{} {} {:?}", server.address, server.flows, server.counters);
    let servers = engine.servers().map(|(_, server)| server);
    let segment = |s: &crate::Segment| {
        format!(
            "{:?} {} {} {} {} {:?} {}",
            s.flow,
            s.bytes,
            s.app_bytes,
            s.missing_bytes,
            s.retransmitted_bytes,
            s.kind,
            s.complete
        )
    };
    (
        segments(engine).iter().map(segment).collect(),
        servers.map(server).collect(),
    )
}

/// Every packet and, so long after, what becomes of it on its way.
fn twice(packets: &[Given], later: i64, copy: impl Fn(&Given) -> Given) -> Vec<Given> {
    let mut all: Vec<Given> = packets.to_vec();
    all.extend(packets.iter().map(|packet| {
        let (time, link_type, data) = copy(packet);
        (time + later, link_type, data)
    }));
    all.sort_by_key(|packet| packet.0);
    all
}

fn tagged((time, _, data): &Given) -> Given {
    let tagged = testing::ethernet(0x8100, &[&[0, 9, 8, 0], &data[..]].concat());
    (*time, LinkType::ETHERNET, tagged)
}

/// Behind a router: a hop less.
fn forwarded((time, link_type, data): &Given) -> Given {
    let mut data = data.clone();
    data[8] -= 1;
    (*time, *link_type, data)
}

#[test]
fn copies_are_counted_apart_and_change_nothing() {
    for (talk, _) in [http(), tls13(), tls12(), opaque()] {
        let packets = plain(&talk.packets);
        let expected = rows(&analysis(Config::default(), &packets));
        assert!(expected.0.len() >= BODIES.len());
        for later in [0, 10_000, 3 * MILLISECOND, RTT / 2] {
            for copy in [Clone::clone, tagged, forwarded] {
                let engine = analysis(Config::default(), &twice(&packets, later, copy));
                assert_eq!(rows(&engine), expected, "{later} ns later");
                assert_eq!(engine.stats().duplicates, packets.len() as u64);
                assert_eq!(engine.server(0).unwrap().duplicates, packets.len() as u64);
            }
        }
    }
}

/// Gives packets, and once more if the first reading missed some.
fn full_analysis(config: Config, packets: &[Given]) -> (Engine, bool) {
    let engine = analysis(config, packets);
    if !engine.segments_missed() {
        return (engine, false);
    }
    (read_by(engine.restart_with_evidence(), packets), true)
}

/// A packet without identification; the conversations have no time stamps.
fn unmarked((time, link_type, data): &Given) -> Given {
    let mut data = data.clone();
    data[4..6].fill(0);
    (*time, *link_type, data)
}

#[test]
fn copies_that_come_after_a_response_began_are_found_in_a_second_reading() {
    for (talk, _) in [http(), tls13(), tls12()] {
        let marked = plain(&talk.packets);
        let expected = rows(&analysis(Config::default(), &marked));
        let unmarked: Vec<_> = marked.iter().map(unmarked).collect();
        // Between requests, and amid the responses to them.
        for later in [30, 200, 240].map(|later| later * MILLISECOND) {
            for packets in [&marked, &unmarked] {
                let late = twice(packets, later, Clone::clone);
                let (engine, _) = full_analysis(Config::default(), &late);
                assert_eq!(rows(&engine), expected, "{later}");
                assert_eq!(engine.stats().duplicates, packets.len() as u64);
            }
        }
    }
    let mut talk = Talk::new(50_002, NETFLIX, 443);
    talk.tls13("ipv4-c001-zrh001-ix.1.oca.nflxvideo.net");
    talk.say(&protected(640))
        .hear(&protected_body(600_000, 17))
        .say(&protected(640))
        .hear(&protected_body(60_000, 17));
    let packets = plain(&talk.packets);
    let expected = rows(&analysis(Config::default(), &packets));
    let late = twice(&packets, 200 * MILLISECOND, Clone::clone);
    let (engine, again) = full_analysis(Config::default(), &late);
    assert!(again);
    assert_eq!(rows(&engine), expected);
    assert_eq!(engine.stats().duplicates, packets.len() as u64);
}

#[test]
fn copies_without_marks_are_as_late_as_that_of_the_syn() {
    for (talk, _) in [http(), tls13(), tls12()] {
        let packets: Vec<_> = plain(&talk.packets).iter().map(unmarked).collect();
        let expected = rows(&analysis(Config::default(), &packets));
        let engine = analysis(
            Config::default(),
            &twice(&packets, 3 * MILLISECOND, Clone::clone),
        );
        assert_eq!(rows(&engine), expected);
        assert_eq!(engine.stats().duplicates, packets.len() as u64);
    }
}

#[test]
fn what_the_caller_knows_to_come_twice_is_found_at_once() {
    let (talk, _) = tls13();
    let packets = plain(&talk.packets);
    let expected = rows(&analysis(Config::default(), &packets));
    let middle = packets.len() / 2;
    let mut engine = Engine::new(Config::default());
    let mut frames = 1..;
    for (at, (time, link_type, data)) in packets.iter().enumerate() {
        let mut give = |engine: &mut Engine| {
            engine.packet(&crate::Packet {
                frame: frames.next().unwrap_or(0),
                time: Time(*time),
                link_type: *link_type,
                original_length: data.len() as u32,
                data,
            });
        };
        if at == middle {
            engine.expect_copies();
        }
        give(&mut engine);
        if at >= middle {
            give(&mut engine);
        }
    }
    engine.finish();
    assert_eq!(rows(&engine), expected);
    assert_eq!(engine.stats().duplicates, (packets.len() - middle) as u64);
}

#[test]
fn files_behind_each_other_are_read_once() {
    let (talk, _) = tls13();
    // All of it, and what lasts less than copies are looked for.
    for count in [talk.packets.len(), 56] {
        let packets = plain(&talk.packets[..count]);
        let expected = rows(&analysis(Config::default(), &packets));
        let engine = analysis(Config::default(), &[&packets[..], &packets].concat());
        assert_eq!(rows(&engine), expected, "{count}");
        assert_eq!(engine.stats().duplicates, packets.len() as u64, "{count}");
    }
}

#[test]
fn what_is_sent_again_is_no_copy() {
    let (talk, _) = tls13();
    // The same bytes in a packet of its own, a round trip later.
    let mut packets = talk.packets.clone();
    let again: Vec<_> = talk
        .packets
        .iter()
        .filter(|p| p.payload.len() > 1000)
        .collect();
    packets.extend(again.iter().map(|packet| TcpPacket {
        time: packet.time + RTT,
        ..(*packet).clone()
    }));
    packets.sort_by_key(|packet| packet.time);
    let marked = plain(&packets);
    let mut unmarked = marked.clone();
    unmarked
        .iter_mut()
        .for_each(|packet| packet.2[4..6].fill(0));
    for packets in [marked, unmarked] {
        let engine = analysis(Config::default(), &packets);
        assert_eq!(engine.stats().duplicates, 0);
        let repeated: u64 = segments(&engine)
            .iter()
            .map(|s| s.retransmitted_bytes)
            .sum();
        assert!(repeated > 50_000, "{repeated}");
    }
}

#[test]
fn nothing_is_a_copy_where_that_is_asked_for() {
    let (talk, _) = tls13();
    let packets = plain(&talk.packets);
    let mut config = Config::default();
    config.set("duplicate_window", "0").unwrap();
    let engine = analysis(config, &twice(&packets, 0, Clone::clone));
    assert_eq!(engine.stats().duplicates, 0);
    assert_eq!(engine.server(0).unwrap().counters.in_pkts % 2, 0);
}

/// Splits a packet into fragments with this many bytes of payload.
fn in_fragments((time, link_type, data): &Given, size: usize) -> Vec<Given> {
    let (header, payload) = data.split_at(20);
    let count = payload.len().div_ceil(size);
    let parts = payload.chunks(size).zip(0..).map(|(part, at)| {
        let more = u16::from(at + 1 < count) << 13;
        let mut fragment = [header, part].concat();
        fragment[2..4].copy_from_slice(&(20 + part.len() as u16).to_be_bytes());
        fragment[6..8].copy_from_slice(&(more | (at * size / 8) as u16).to_be_bytes());
        (*time, *link_type, fragment)
    });
    parts.collect()
}

#[test]
fn bytes_in_later_fragments_are_not_missing() {
    for (talk, _) in [http(), tls13()] {
        let packets = plain(&talk.packets);
        let (expected, _) = rows(&analysis(Config::default(), &packets));
        for size in [1200, 488] {
            for is_reversed in [false, true] {
                let fragments = packets.iter().flat_map(|packet| {
                    let mut fragments = in_fragments(packet, size);
                    if is_reversed {
                        fragments.reverse();
                    }
                    fragments
                });
                let engine = analysis(Config::default(), &fragments.collect::<Vec<_>>());
                assert_eq!(rows(&engine).0, expected, "{size} {is_reversed}");
            }
        }
    }
}

/// A conversation with these addresses and ports, and the same in two VLANs at once.
#[test]
fn the_same_addresses_in_two_networks_are_two_flows_where_that_is_asked_for() {
    let (first, _) = tls13();
    let mut second = Talk::new(50_002, NETFLIX, 443);
    (second.up, second.down) = (77, 99);
    let (second, _) = tls(
        {
            second.tls13("ipv4-c001-zrh001-ix.1.oca.nflxvideo.net");
            second
        },
        17,
    );
    let within = |vlan: u8, talk: &Talk| {
        let packets = plain(&talk.packets)
            .into_iter()
            .map(move |(time, _, data)| {
                let data = testing::ethernet(0x8100, &[&[0, vlan, 8, 0], &data[..]].concat());
                (time, LinkType::ETHERNET, data)
            });
        packets.collect::<Vec<_>>()
    };
    let mut packets = [within(1, &first), within(2, &second)].concat();
    packets.sort_by_key(|packet| packet.0);
    let mut config = Config::default();
    let mixed = analysis(config.clone(), &packets);
    assert!(mixed.stats().scopes_mixed > 0);
    config.set("flow_key", "vlan").unwrap();
    let engine = analysis(config, &packets);
    let sizes = |engine: &Engine| {
        let mut sizes: Vec<_> = segments(engine).iter().map(|s| s.app_bytes).collect();
        sizes.sort_unstable();
        sizes
    };
    let alone = analysis(Config::default(), &plain(&first.packets));
    let mut expected = [sizes(&alone), sizes(&alone)].concat();
    expected.sort_unstable();
    assert_eq!(sizes(&engine), expected);
    assert_eq!(
        (engine.stats().scopes_mixed, engine.server(0).unwrap().flows),
        (0, 2)
    );
}

#[test]
fn a_tag_in_one_direction_only_leaves_one_flow() {
    let (talk, _) = tls13();
    let packets = plain(&talk.packets);
    let expected = rows(&analysis(Config::default(), &packets));
    let mut one_way = packets;
    for packet in &mut one_way {
        if packet.2[12..16] == [10, 0, 0, 2] {
            *packet = tagged(packet);
        }
    }
    let engine = analysis(Config::default(), &one_way);
    assert_eq!(rows(&engine), expected);
    assert_eq!(engine.stats().scopes_mixed, 0);
}

#[test]
fn two_directions_of_a_tunnel_have_numbers_of_their_own() {
    let (talk, _) = tls13();
    let packets: Vec<Given> = plain(&talk.packets)
        .into_iter()
        .map(|(time, _, data)| {
            let is_up = data[12..16] == [10, 0, 0, 2];
            let header = [0x30, 255, 0, data.len() as u8, 0, 0, 0, 1 + u8::from(is_up)];
            let udp = testing::udp(2152, 2152, &[&header, &data[..]].concat());
            let mut ends = ["192.0.2.1", "192.0.2.2"].map(address);
            if is_up {
                ends.reverse();
            }
            (time, LinkType::RAW, testing::ip(ends[0], ends[1], 17, &udp))
        })
        .collect();
    let mut config = Config::default();
    config.set("flow_key", "tunnel").unwrap();
    let expected = rows(&analysis(Config::default(), &plain(&talk.packets)));
    assert_eq!(rows(&analysis(config, &packets)), expected);
}

#[test]
fn packets_that_cannot_be_followed_are_counted_by_name() {
    let (esp, arp) = (
        testing::ip(address(NETFLIX), address(CLIENT), 50, &[9; 60]),
        testing::ethernet(0x0806, &[0; 28]),
    );
    let packets = [
        (0, LinkType::RAW, esp.clone()),
        (1, LinkType::RAW, esp),
        (2, LinkType::ETHERNET, arp),
        (3, LinkType(189), vec![0; 40]),
    ];
    let engine = analysis(Config::default(), &packets);
    let unfollowed = engine.unfollowed();
    assert_eq!(
        unfollowed.headers(),
        [(crate::wire::decode::Opaque::Esp, 2)]
    );
    assert_eq!(unfollowed.link_types(), [(LinkType(189), 1)]);
    assert_eq!(
        (engine.stats().not_ip, engine.stats().unknown_link_type),
        (2, 1)
    );
}

#[test]
fn copies_that_begin_midway_leave_nothing_behind() {
    for (talk, _) in [http(), tls13(), tls12()] {
        let packets = plain(&talk.packets);
        let expected = rows(&analysis(Config::default(), &packets));
        // From somewhere in the first response on.
        let from = packets.len() / 3;
        let mut all = packets[..from].to_vec();
        all.extend(
            packets[from..]
                .iter()
                .flat_map(|packet| [packet.clone(), packet.clone()]),
        );
        let engine = analysis(Config::default(), &all);
        assert_eq!(rows(&engine), expected);
        assert!(engine.stats().duplicates >= (packets.len() - from) as u64 - 12);
    }
}
