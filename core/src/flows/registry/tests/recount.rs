//! Counters against a recount of all packets.

use super::*;
use crate::facts::server::Role;

#[derive(Clone, Copy, Debug)]
struct Seen {
    kind: Kind,
    source: (u8, u16),
    destination: (u8, u16),
    length: u32,
    time: i64,
}

impl Seen {
    fn datagram(&self) -> Datagram<'static> {
        let socket = |(number, port): (u8, u16)| (host(number), port);
        datagram(
            self.kind,
            socket(self.source),
            socket(self.destination),
            self.length,
        )
    }
}

#[derive(Clone, Debug)]
enum Step {
    Packet(Seen),
    Evidence(u8),
    Renew,
}

/// Packets among addresses up to `hosts`, with evidence between them. With `apart`, evidence is for
/// the lower half of them, which do not talk to each other.
fn steps(hosts: u8, apart: bool, count: usize) -> impl Strategy<Value = Vec<Step>> {
    let kind = prop_oneof![
        6 => Just(Kind::Tcp),
        2 => Just(Kind::Udp),
        1 => Just(Kind::LaterFragment),
        1 => Just(Kind::Other),
    ];
    let packet = (
        kind,
        0..hosts,
        0..hosts,
        0..3_u16,
        0..3_u16,
        20..2000_u32,
        -50..50_i64,
    )
        .prop_map(
            move |(kind, source, other, source_port, destination_port, length, time)| {
                // Both ends have the same version.
                let destination = if (source % 3 == 2) == (other % 3 == 2) {
                    other
                } else {
                    source
                };
                let both_low = source.max(destination) < hosts / 2 && source != destination;
                let destination = if apart && both_low {
                    destination + hosts / 2
                } else {
                    destination
                };
                let ports = if kind <= Kind::Udp {
                    (source_port, destination_port)
                } else {
                    (0, 0)
                };
                Step::Packet(Seen {
                    kind,
                    source: (source, ports.0),
                    destination: (destination, ports.1),
                    length,
                    time,
                })
            },
        );
    let step = prop_oneof![20 => packet, 1 => (0..hosts / (1 + u8::from(apart))).prop_map(Step::Evidence), 1 => Just(Step::Renew)];
    prop::collection::vec(step, 0..count)
}

/// Counts afresh what a server's counters should be: all packets with its address, except those
/// between two servers, which are the first one's.
fn recount(packets: &[Seen], servers: &[IpAddr], id: usize) -> Server {
    let mut counters = Counters::default();
    let (mut t_first, mut t_last) = (i64::MAX, i64::MIN);
    let mut flows = HashSet::new();
    for packet in packets {
        let id_of = |number| {
            servers
                .iter()
                .position(|server| *server == host(number))
                .unwrap_or(usize::MAX)
        };
        let (source, destination) = (id_of(packet.source.0), id_of(packet.destination.0));
        if source.min(destination) != id {
            continue;
        }
        // An address that talks to itself: the lower port is the server's.
        let from_server = if source == destination {
            packet.source.1 <= packet.destination.1
        } else {
            source == id
        };
        counters.count(
            if from_server {
                Direction::In
            } else {
                Direction::Out
            },
            packet.length,
        );
        (t_first, t_last) = (t_first.min(packet.time), t_last.max(packet.time));
        if packet.kind <= Kind::Udp {
            flows.insert((
                packet.kind,
                packet.source.min(packet.destination),
                packet.source.max(packet.destination),
            ));
        }
    }
    Server {
        address: servers[id],
        evidence: Vec::new(),
        role: Role::Unknown,
        role_reason: crate::RoleReason::None,
        flows: flows.len() as u32,
        counters,
        duplicates: 0,
        t_first: Time(t_first),
        t_last: Time(t_last),
    }
}

struct Comparison {
    registry: Registry,
    packets: Vec<Seen>,
    renewed: bool,
}

/// Takes all steps and compares after each.
fn follow(config: &Config, steps: &[Step], apart: bool) -> Comparison {
    let mut registry = Registry::new(config);
    let mut packets = Vec::new();
    let mut latest = None;
    let mut renewed = false;
    for step in steps {
        match step {
            Step::Packet(seen) => {
                latest = Some(enter(
                    &mut registry,
                    config,
                    &seen.datagram(),
                    Time(seen.time),
                ));
                packets.push(*seen);
            }
            Step::Evidence(number) => {
                registry.identify(config, host(*number), EvidenceKind::Dns, "netflix.com", 1);
            }
            Step::Renew => {
                if let Some(slot) = latest.filter(|&slot| registry.flow(slot).number.is_some()) {
                    let time = registry.flow(slot).t_last;
                    registry.renew(config, slot, time);
                    renewed = true;
                }
            }
        }
        assert!(registry.flow_count() as u64 <= config.max_flows());
        assert!(registry.servers().len() as u64 <= config.max_servers());
        assert!(registry.hosts.len() as u64 <= config.max_flows() * 5 / 2 + config.max_servers());
        let netflix = (0..registry.flows.len() as Slot)
            .filter(|&slot| registry.flows[slot].server.is_some())
            .count();
        if registry.flows_evicted == 0 {
            assert_eq!(registry.netflix_flows, netflix);
        }
        let addresses: Vec<IpAddr> = registry
            .servers()
            .iter()
            .map(|server| server.address)
            .collect();
        assert_eq!(
            addresses.iter().collect::<HashSet<_>>().len(),
            addresses.len(),
            "each address once"
        );
        for (id, server) in registry.servers().iter().enumerate() {
            let expected = recount(&packets, &addresses, id);
            if registry.servers_dropped > 0 {
                // Traffic between two servers is of the one that was there first.
                let all = recount(&packets, &[server.address], 0).counters;
                let counted = server.counters;
                assert!(
                    counted.in_pkts <= all.in_pkts && counted.out_pkts <= all.out_pkts,
                    "never too much: {counted:?} of {all:?}"
                );
            } else if registry.hosts_evicted == 0 && (apart || !renewed) {
                assert_eq!(
                    server.counters,
                    expected.counters,
                    "server {id} after {} packets",
                    packets.len()
                );
                if server.counters != Counters::default() {
                    assert_eq!(
                        (server.t_first, server.t_last),
                        (expected.t_first, expected.t_last)
                    );
                }
            } else if apart {
                let (counted, all) = (server.counters, expected.counters);
                assert!(
                    counted.in_pkts <= all.in_pkts && counted.out_pkts <= all.out_pkts,
                    "never too much"
                );
                assert!(
                    counted.in_bytes <= all.in_bytes && counted.out_bytes <= all.out_bytes,
                    "never too much"
                );
            }
            if !renewed && registry.flows_evicted == 0 && registry.servers_dropped == 0 {
                assert_eq!(server.flows, expected.flows, "flows of server {id}");
            }
        }
    }
    Comparison {
        registry,
        packets,
        renewed,
    }
}

proptest! {
    #[test]
    fn counters_equal_a_recount_whenever_evidence_comes(apart: bool, seed in (steps(6, false, 120), steps(6, true, 120))) {
        let steps = if apart { seed.1 } else { seed.0 };
        let end = follow(&Config::default(), &steps, apart);
        prop_assert_eq!((end.registry.flows_evicted, end.registry.hosts_evicted), (0, 0));
        let keys: HashSet<FlowKey> = end.packets.iter().map(|packet| FlowKey::of(&packet.datagram()).0).collect();
        prop_assert_eq!(end.registry.flow_count(), keys.len());
        let sent: u64 = (0..keys.len() as Slot).map(|slot| end.registry.flow(slot).counters(0)).map(|c| c.in_pkts + c.out_pkts).sum();
        prop_assert!(end.renewed || sent == end.packets.len() as u64);
    }

    #[test]
    fn counters_equal_a_recount_though_flows_make_room(steps in steps(12, true, 250)) {
        let end = follow(&tiny("16"), &steps, true);
        prop_assert_eq!(end.registry.hosts_evicted, 0, "all addresses fit");
    }

    #[test]
    fn counters_never_exceed_a_recount_where_addresses_make_room(steps in steps(90, true, 400)) {
        follow(&tiny("2"), &steps, true);
    }
}

#[test]
fn a_flow_between_two_servers_is_the_first_ones_even_after_it_made_room() {
    let config = tiny("16");
    let mut registry = Registry::new(&config);
    let packet = |source: u8, destination: u8, port| {
        datagram(Kind::Tcp, (host(source), port), (host(destination), 1), 100)
    };
    registry.identify(&config, host(0), EvidenceKind::Dns, "netflix.com", 1);
    enter(&mut registry, &config, &packet(0, 1, 9), Time(0));
    for port in 0..40 {
        enter(&mut registry, &config, &packet(3, 4, 100 + port), Time(0));
        enter(&mut registry, &config, &packet(0, 3, 100 + port), Time(0));
    }
    registry.identify(&config, host(1), EvidenceKind::Dns, "netflix.com", 2);
    assert!(registry.flows_evicted > 16);
    assert_eq!(registry.servers()[0].counters.in_pkts, 41);
    assert_eq!(registry.servers()[1].counters, Counters::default());
}

#[test]
fn an_address_does_not_make_room_for_the_other_end_of_its_own_flow() {
    let config = tiny("1");
    let number = |n: u32| IpAddr::from((0xc000_0000 + n).to_be_bytes());
    for old in 0..40 {
        let mut registry = Registry::new(&config);
        let mut talk = |source, destination, port| {
            let flow = datagram(
                Kind::Tcp,
                (number(source), port),
                (number(destination), 1),
                100,
            );
            let slot = enter(&mut registry, &config, &flow, Time(0));
            let [low, high] = registry.flow(slot).hosts;
            assert_ne!(low, high, "{source} and {destination} are two addresses");
            registry.hosts.is_full().then_some(registry.hosts_evicted)
        };
        // Fills the table of 41 addresses, most without a flow by now; then one of them meets
        // another.
        talk(40, 39, 1);
        for low in (0..40).step_by(2) {
            assert_eq!(talk(low, low + 1, 1).is_some(), low == 38);
        }
        assert_eq!(talk(old, 1000, 2), Some(1));
    }
}

#[test]
fn an_address_that_talks_to_itself_is_counted_once() {
    let config = Config::default();
    for late in [false, true] {
        let mut registry = Registry::new(&config);
        if !late {
            registry.identify(&config, host(1), EvidenceKind::Dns, "netflix.com", 1);
        }
        enter(
            &mut registry,
            &config,
            &datagram(Kind::Tcp, (host(1), 5), (host(1), 6), 100),
            Time(0),
        );
        enter(
            &mut registry,
            &config,
            &datagram(Kind::Tcp, (host(1), 6), (host(1), 5), 40),
            Time(0),
        );
        enter(
            &mut registry,
            &config,
            &datagram(Kind::Udp, (host(1), 7), (host(1), 7), 30),
            Time(0),
        );
        if late {
            registry.identify(&config, host(1), EvidenceKind::Dns, "netflix.com", 1);
        }
        let server = &registry.servers()[0];
        let expected = Counters {
            in_pkts: 2,
            in_bytes: 130,
            out_pkts: 1,
            out_bytes: 40,
        };
        assert_eq!((server.counters, server.flows), (expected, 2));
        assert_eq!(registry.evidence_came_late, late);
    }
}

#[test]
fn addresses_without_room_are_counted_once_each() {
    let config = tiny("2");
    let mut registry = Registry::new(&config);
    for number in 0..2 {
        let name = ("netflix.com", EvidenceKind::Dns);
        let id = registry.identify(&config, host(number), name.1, name.0, 1);
        // Seen at work, so that they stay.
        let datagram = datagram(Kind::Tcp, (host(9), 1), (host(number), 1), 40);
        enter(&mut registry, &config, &datagram, Time(0));
        registry.keep(id.unwrap());
    }
    for round in 0..3 {
        for number in 0..5 {
            let id = registry.identify(
                &config,
                host(number),
                EvidenceKind::Dns,
                "netflix.com",
                round,
            );
            assert_eq!(id, (number < 2).then_some(u32::from(number)));
        }
    }
    assert_eq!((registry.servers().len(), registry.servers_dropped), (2, 3));
}

#[test]
fn servers_without_segments_make_room_and_keep_what_they_counted() {
    let config = tiny("2");
    let mut registry = Registry::new(&config);
    let name = |registry: &mut Registry, number| {
        let kind = EvidenceKind::Dns;
        registry.identify(&config, host(number), kind, "netflix.com", 1)
    };
    let packet = |registry: &mut Registry, number, port| {
        let datagram = datagram(Kind::Tcp, (host(9), port), (host(number), 1), 40);
        enter(registry, &config, &datagram, Time(0))
    };
    assert_eq!(
        (name(&mut registry, 0), name(&mut registry, 1)),
        (Some(0), Some(1))
    );
    let kept = packet(&mut registry, 0, 1);
    let taken = [1, 2].map(|port| packet(&mut registry, 1, port));
    registry.keep(0);
    // Another in its place has another number, as packets were said to be of this one.
    let next = name(&mut registry, 2);
    assert!(next.is_some_and(|id| id > 1), "{next:?}");
    assert!(registry.server(1).is_none());
    assert_eq!(registry.server(next.unwrap()).unwrap().address, host(2));
    assert_eq!(registry.server_end(), next.unwrap() + 1);
    assert_eq!(registry.flow(kept).server.map(|server| server.0), Some(0));
    assert!(
        taken
            .iter()
            .all(|&slot| registry.flow(slot).server.is_none())
    );
    // Named again, it has all that it had.
    packet(&mut registry, 1, 1);
    let again = name(&mut registry, 1).unwrap();
    assert_eq!(registry.server(again).unwrap().counters.out_pkts, 3);
    assert_eq!(registry.server(again).unwrap().flows, 2);
    assert_eq!((registry.servers().len(), registry.servers_dropped), (2, 2));
    registry.keep(again);
    assert_eq!(name(&mut registry, 3), None);
    assert_eq!(registry.servers_dropped, 3);
}

#[test]
fn netflix_flows_stay_while_others_make_room() {
    let config = tiny("16");
    let mut registry = Registry::new(&config);
    registry.identify(&config, host(0), EvidenceKind::Dns, "netflix.com", 1);
    let packet = |source: u8, port| datagram(Kind::Tcp, (host(source), port), (host(1), 1), 100);
    let kept: Vec<Slot> = (0..8)
        .map(|port| enter(&mut registry, &config, &packet(0, port), Time(0)))
        .collect();
    for port in 0..200 {
        enter(&mut registry, &config, &packet(3, port), Time(0));
    }
    for (port, slot) in kept.iter().enumerate() {
        assert_eq!(
            enter(&mut registry, &config, &packet(0, port as u16), Time(0)),
            *slot
        );
        assert_eq!(
            registry.flow(*slot).counters(0).in_pkts + registry.flow(*slot).counters(0).out_pkts,
            2
        );
    }
    // They evict each other once there is little else.
    for port in 0..200 {
        enter(&mut registry, &config, &packet(0, 1000 + port), Time(0));
    }
    assert_eq!(registry.servers()[0].counters.in_pkts, 216);
}

#[test]
fn flows_that_made_room_or_were_renewed_count_for_a_server_known_later() {
    let config = tiny("16");
    let mut registry = Registry::new(&config);
    for port in 0..30 {
        let slot = enter(
            &mut registry,
            &config,
            &datagram(Kind::Tcp, (host(0), port), (host(1), 1), 100),
            Time(0),
        );
        if port == 29 {
            registry.renew(&config, slot, Time(0));
        }
    }
    registry.identify(&config, host(0), EvidenceKind::Dns, "netflix.com", 1);
    let server = &registry.servers()[0];
    assert_eq!(
        (
            registry.flows_evicted,
            server.flows,
            server.counters.in_pkts
        ),
        (14, 31, 30)
    );
}
