//! Who is Netflix, and who said so.

use crate::packet::Stamp;
use std::net::IpAddr;
use std::str::FromStr;

use hickory_proto::op::{Message, OpCode, Query};
use hickory_proto::rr::rdata::{A, AAAA};
use hickory_proto::rr::{Name, RData, Record};

use super::*;
use crate::wire::dns;

const VIDEO: &str = "ipv4-c001-zrh001-ix.1.oca.nflxvideo.net";

/// An answer of one address record.
fn answer(question: &str, owner: &str, address: &str) -> dns::Response {
    let address: IpAddr = address.parse().unwrap();
    let name = |text: &str| Name::from_str(&format!("{text}.")).unwrap();
    let data = match address {
        IpAddr::V4(address) => RData::A(A(address)),
        IpAddr::V6(address) => RData::AAAA(AAAA(address)),
    };
    let mut message = Message::response(7, OpCode::Query);
    message.add_query(Query::query(name(question), data.record_type()));
    message.add_answer(Record::from_rdata(name(owner), 60, data));
    dns::Response::parse(&message.to_vec().unwrap()).unwrap()
}

/// Passes a DNS answer from a resolver whose address is not in it.
fn learn_dns(
    registry: &mut Registry,
    config: &Config,
    response: &dns::Response,
    over_udp: bool,
    frame: u64,
) {
    let resolver = Resolver {
        address: [192, 0, 2, 253].into(),
        over_udp,
    };
    let stamp = Stamp {
        frame,
        time: Time(0),
    };
    registry.learn_dns(config, response, resolver, stamp);
}

fn sources(server: &Server) -> Vec<(&'static str, &str, u64)> {
    server
        .evidence
        .iter()
        .map(|e| (e.kind.as_str(), &*e.source, e.frame))
        .collect()
}

#[test]
fn evidence_stands_strongest_first_and_each_piece_once() {
    let config = Config::default();
    let mut registry = Registry::new(&config);
    let pieces = [
        (EvidenceKind::Cname, "b.netflix.com", 1),
        (EvidenceKind::Dns, "a.netflix.com", 2),
        (EvidenceKind::Sni, "first.netflix.com", 3),
        (EvidenceKind::Sni, "second.netflix.com", 4),
        (EvidenceKind::Sni, "first.netflix.com", 5),
        (EvidenceKind::HttpHost, "c.netflix.com", 6),
    ];
    for (kind, source, frame) in pieces {
        assert_eq!(
            registry.identify(&config, address("23.246.0.9"), kind, source, frame),
            Some(0)
        );
    }
    let server = &registry.servers()[0];
    let expected = [
        ("sni", "first.netflix.com", 3),
        ("sni", "second.netflix.com", 4),
        ("http_host", "c.netflix.com", 6),
        ("dns", "a.netflix.com", 2),
        ("cname", "b.netflix.com", 1),
        ("prefix", "23.246.0.0/18", 0),
    ];
    assert_eq!(sources(server), expected);
    assert_eq!(
        (server.name(), server.strongest()),
        (Some("first.netflix.com"), Some(EvidenceKind::Sni))
    );
}

#[test]
fn another_pass_knows_all_that_was_kept() {
    let mut config = Config::default();
    config.set("max_evidence", "2").unwrap();
    config.set("evidence", "dns,dns_owner,cname,sni").unwrap();
    let mut registry = Registry::new(&config);
    for (kind, name) in [
        (EvidenceKind::DnsOwner, "a"),
        (EvidenceKind::DnsOwner, "b"),
        (EvidenceKind::Dns, "c"),
        (EvidenceKind::Sni, "d"),
    ] {
        registry.identify(&config, host(1), kind, name, 7);
    }
    let before = registry.servers()[0].evidence.clone();
    assert_eq!(before.len(), 4);
    let registry = registry.informed(&config).informed(&config);
    assert_eq!(registry.servers()[0].evidence, before);
}

#[test]
fn evidence_is_bounded_but_no_kind_is_crowded_out() {
    let mut config = Config::default();
    config.set("max_evidence", "3").unwrap();
    let mut registry = Registry::new(&config);
    for number in 0..100 {
        registry.identify(
            &config,
            host(1),
            EvidenceKind::Dns,
            &format!("n{number}.netflix.com"),
            number,
        );
    }
    registry.identify(&config, host(1), EvidenceKind::Sni, VIDEO, 100);
    let names: Vec<&str> = registry.servers()[0]
        .evidence
        .iter()
        .map(|e| &*e.source)
        .collect();
    assert_eq!(
        names,
        [VIDEO, "n0.netflix.com", "n1.netflix.com", "n2.netflix.com"]
    );
}

#[test]
fn kinds_that_do_not_count_identify_nobody() {
    let mut config = Config::default();
    config.set("evidence", "sni").unwrap();
    let mut registry = Registry::new(&config);
    enter(
        &mut registry,
        &config,
        &datagram(Kind::Tcp, (host(0), 1), (address("23.246.0.9"), 443), 40),
        Time(0),
    );
    assert_eq!(
        registry.identify(&config, host(1), EvidenceKind::Dns, VIDEO, 1),
        None
    );
    assert_eq!(
        registry.identify(&config, host(1), EvidenceKind::DnsOwner, VIDEO, 1),
        None
    );
    assert!(registry.servers().is_empty());
    assert_eq!(
        registry.identify(&config, host(1), EvidenceKind::Sni, VIDEO, 1),
        Some(0)
    );
}

#[test]
fn prefixes_identify_at_the_first_packet_and_the_users_own_come_first() {
    let mut config = Config::default();
    config
        .set("prefixes", "192.0.2.0/28,23.246.0.0/24,2001:db8::/32")
        .unwrap();
    let mut registry = Registry::new(&config);
    for (server, evidence) in [
        ("192.0.2.15", &[("config", "192.0.2.0/28", 0)][..]),
        (
            "23.246.0.9",
            &[
                ("config", "23.246.0.0/24", 0),
                ("prefix", "23.246.0.0/18", 0),
            ],
        ),
        ("23.246.1.9", &[("prefix", "23.246.0.0/18", 0)]),
    ] {
        let client = (address("10.0.0.1"), 1000);
        enter(
            &mut registry,
            &config,
            &datagram(Kind::Tcp, client, (address(server), 443), 40),
            Time(9),
        );
        let found = registry.servers().last().unwrap();
        assert_eq!(
            (found.address, sources(found)),
            (address(server), evidence.to_vec())
        );
        assert_eq!((found.counters.out_pkts, found.counters.in_pkts), (1, 0));
        assert_eq!(found.name(), None, "a prefix is no name");
    }
    enter(
        &mut registry,
        &config,
        &datagram(Kind::Tcp, (host(100), 1), (host(16), 1), 40),
        Time(9),
    );
    assert_eq!(registry.servers().len(), 3);
    assert!(!registry.evidence_came_late);
}

#[test]
fn names_along_a_chain_count_and_addresses_that_filters_give_do_not() {
    let config = Config::default();
    let mut registry = Registry::new(&config);
    for filtered in ["0.0.0.0", "127.0.0.1", "::", "::1", "224.0.0.251"] {
        learn_dns(
            &mut registry,
            &config,
            &answer(VIDEO, VIDEO, filtered),
            true,
            1,
        );
    }
    learn_dns(
        &mut registry,
        &config,
        &answer("example.org", "edge.example.org", "192.0.2.9"),
        true,
        1,
    );
    assert!(registry.servers().is_empty());
    learn_dns(
        &mut registry,
        &config,
        &answer("www.netflix.com", "edge.example.org", "192.0.2.1"),
        true,
        2,
    );
    learn_dns(
        &mut registry,
        &config,
        &answer("www.example.org", VIDEO, "192.0.2.2"),
        true,
        3,
    );
    let found: Vec<_> = registry.servers().iter().map(sources).collect();
    assert_eq!(
        found,
        [[("dns", "www.netflix.com", 2)], [("cname", VIDEO, 3)]]
    );
}

#[test]
fn the_classic_rule_looks_at_owners_in_answers_over_udp_only() {
    let mut config = Config::default();
    config.set("evidence", "dns_owner").unwrap();
    let mut registry = Registry::new(&config);
    let answer = |question, owner| answer(question, owner, "192.0.2.1");
    learn_dns(&mut registry, &config, &answer(VIDEO, VIDEO), false, 1);
    learn_dns(
        &mut registry,
        &config,
        &answer("www.netflix.com", "e3067.dscg.akamaiedge.net"),
        true,
        2,
    );
    learn_dns(
        &mut registry,
        &config,
        &answer("art-0.nflximg.net", "art-0.nflximg.net"),
        true,
        3,
    );
    assert!(registry.servers().is_empty());
    learn_dns(
        &mut registry,
        &config,
        &answer("www.example.org", VIDEO),
        true,
        4,
    );
    assert_eq!(sources(&registry.servers()[0]), [("dns_owner", VIDEO, 4)]);
}

#[test]
fn an_informed_registry_knows_the_servers_and_nothing_else() {
    let config = Config::default();
    let mut registry = Registry::new(&config);
    for number in [4, 1, 3] {
        enter(
            &mut registry,
            &config,
            &datagram(Kind::Tcp, (host(0), 9), (host(number), 1), 40),
            Time(1),
        );
        registry.identify(
            &config,
            host(number),
            EvidenceKind::Dns,
            "b.netflix.com",
            10,
        );
        registry.identify(
            &config,
            host(number),
            EvidenceKind::Dns,
            "a.netflix.com",
            11,
        );
        registry.identify(&config, host(number), EvidenceKind::Sni, VIDEO, 12);
    }
    enter(
        &mut registry,
        &config,
        &datagram(Kind::Tcp, (host(0), 9), (address("23.246.0.9"), 1), 40),
        Time(1),
    );
    assert!(registry.evidence_came_late);
    let before: Vec<_> = registry.servers().to_vec();
    let informed = registry.informed(&config);
    assert_eq!(informed.servers().len(), 4);
    for (known, server) in before.iter().zip(informed.servers()) {
        assert_eq!(
            (server.address, &server.evidence),
            (known.address, &known.evidence)
        );
        assert_eq!((server.counters, server.flows), (Counters::default(), 0));
    }
    assert!(!informed.evidence_came_late && informed.flow_count() == 0);
}

/// Names are forged with a packet each; what had packets stays.
#[test]
fn servers_without_a_packet_make_room_for_others() {
    let mut config = Config::default();
    config.set("max_servers", "3").unwrap();
    let mut registry = Registry::new(&config);
    let name = |registry: &mut Registry, number: u8| {
        let kind = EvidenceKind::Dns;
        registry.identify(
            &config,
            host(number),
            kind,
            &format!("n{number}.netflix.com"),
            u64::from(number),
        )
    };
    let packet = |registry: &mut Registry, number: u8| {
        let datagram = datagram(Kind::Tcp, (host(200), 1), (host(number), 1), 40);
        enter(registry, &config, &datagram, Time(1));
    };
    let addresses = |registry: &Registry| {
        registry
            .servers()
            .iter()
            .map(|server| server.address)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        [1, 2, 3].map(|number| name(&mut registry, number)),
        [Some(0), Some(1), Some(2)]
    );
    packet(&mut registry, 1);
    // Those named longest ago go first, but for the one that was seen at work.
    assert_eq!(
        [4, 5].map(|number| name(&mut registry, number)),
        [Some(1), Some(2)]
    );
    assert_eq!(addresses(&registry), [host(1), host(4), host(5)]);
    assert_eq!(
        sources(&registry.servers()[1]),
        [("dns", "n4.netflix.com", 4)]
    );
    assert_eq!(registry.servers_dropped, 2);
    // An evicted one is named again, and has packets at last.
    assert_eq!(name(&mut registry, 2), Some(1));
    packet(&mut registry, 2);
    packet(&mut registry, 5);
    assert_eq!(addresses(&registry), [host(1), host(2), host(5)]);
    assert_eq!(
        registry.servers()[1].counters.in_pkts + registry.servers()[1].counters.out_pkts,
        1
    );
    (0..3).for_each(|id| registry.keep(id));
    assert_eq!(name(&mut registry, 6), None, "all have segments");
    assert_eq!(name(&mut registry, 6), None);
    assert_eq!(
        (registry.servers_dropped, registry.servers().len()),
        (4, 3),
        "counted once"
    );
}

/// Two ends with their ports.
type Ends = ((IpAddr, u16), (IpAddr, u16));

#[test]
fn a_device_with_a_keyword_in_its_name_is_no_server() {
    let config = Config::default();
    let (device, other) = (host(1), host(9));
    let group = address("224.0.0.251");
    let resolver = |registry: &mut Registry| {
        let response = answer("netflix-tv.lan", "netflix-tv.lan", "192.0.2.1");
        learn_dns(registry, &config, &response, true, 1);
    };
    // What it opens, what goes to a group, and what it does beside what it opened.
    let of_device: [(Kind, &[Ends]); 4] = [
        (Kind::Udp, &[((device, 50_000), (other, 443))]),
        (Kind::Udp, &[((device, 5353), (group, 5353))]),
        (
            Kind::Tcp,
            &[
                ((other, 443), (device, 50_000)),
                ((other, 8801), (device, 50_001)),
            ],
        ),
        (
            Kind::Udp,
            &[
                ((device, 50_000), (other, 53)),
                ((device, 45_000), (other, 3478)),
            ],
        ),
    ];
    for (kind, flows) in of_device {
        let mut registry = Registry::new(&config);
        resolver(&mut registry);
        for &(source, destination) in flows {
            let slot = enter(
                &mut registry,
                &config,
                &datagram(kind, source, destination, 40),
                Time(2),
            );
            assert_eq!(
                registry.flow(slot).server,
                None,
                "{source:?} {destination:?}"
            );
        }
        let mut late = Registry::new(&config);
        for &(source, destination) in flows {
            enter(
                &mut late,
                &config,
                &datagram(kind, source, destination, 40),
                Time(2),
            );
        }
        resolver(&mut late);
        assert!(
            late.servers().iter().all(|server| server.flows == 0),
            "{flows:?}"
        );
    }
    // A server under such a name, whatever its port.
    for port in [443, 8443] {
        let mut registry = Registry::new(&config);
        resolver(&mut registry);
        let packet = datagram(Kind::Tcp, (host(0), 50_000), (device, port), 40);
        let slot = enter(&mut registry, &config, &packet, Time(2));
        assert!(registry.flow(slot).server.is_some(), "{port}");
    }
}

#[test]
fn addresses_of_a_link_name_nobody() {
    let config = Config::default();
    let mut registry = Registry::new(&config);
    for of_link in [
        "fe80::1",
        "169.254.3.4",
        "::ffff:127.0.0.1",
        "::ffff:0.0.0.0",
    ] {
        learn_dns(
            &mut registry,
            &config,
            &answer(VIDEO, VIDEO, of_link),
            true,
            1,
        );
    }
    assert!(registry.servers().is_empty());
}
