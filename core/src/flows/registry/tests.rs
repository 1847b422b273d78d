use std::collections::HashSet;
use std::net::IpAddr;

use proptest::prelude::*;

use super::*;
use crate::testing::address;
use crate::wire::decode::{Datagram, IpPayload, Tcp, TcpFlags, Udp};

mod evidence;
mod recount;

/// A datagram without payload between two sockets; ports are not used where there are none.
fn datagram(
    kind: Kind,
    source: (IpAddr, u16),
    destination: (IpAddr, u16),
    length: u32,
) -> Datagram<'static> {
    let (source_port, destination_port) = (source.1, destination.1);
    let (protocol, transport) = match kind {
        Kind::Tcp => {
            let flags = TcpFlags::ACK;
            let (sequence, acknowledgement, window, payload_length) = (0, 0, 0, 0);
            let (options, payload, header_truncated) = (&[][..], &[][..], false);
            let tcp = Tcp {
                source_port,
                destination_port,
                sequence,
                acknowledgement,
                flags,
                window,
                options,
                payload_length,
                payload,
                header_truncated,
            };
            (6, IpPayload::Tcp(tcp))
        }
        Kind::Udp => (
            17,
            IpPayload::Udp(Udp {
                source_port,
                destination_port,
                payload_length: 0,
                payload: &[],
            }),
        ),
        Kind::LaterFragment => (17, IpPayload::LaterFragment),
        Kind::Other => (1, IpPayload::Other),
    };
    Datagram {
        source: source.0,
        destination: destination.0,
        protocol,
        length,
        transport,
        header_at: 0,
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Kind {
    Tcp,
    Udp,
    LaterFragment,
    Other,
}

/// Enters and counts a datagram as the engine does.
fn enter(registry: &mut Registry, config: &Config, datagram: &Datagram<'_>, time: Time) -> Slot {
    let (key, sender) = FlowKey::of(datagram);
    let numbered = matches!(datagram.transport, IpPayload::Tcp(_) | IpPayload::Udp(_));
    let slot = registry.enter(config, key, numbered, time, |_, _| ());
    registry.count(slot, sender, datagram.length, time);
    slot
}

fn tiny(max_servers: &str) -> Config {
    let mut config = Config::default();
    config.set("max_flows", "16").unwrap();
    config.set("max_servers", max_servers).unwrap();
    config
}

/// Addresses that no prefix knows: both versions.
fn host(number: u8) -> IpAddr {
    if number % 3 == 2 {
        IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, u16::from(number)])
    } else {
        [192, 0, 2, number].into()
    }
}

#[test]
fn both_directions_of_a_flow_have_one_key() {
    for (source, destination) in [
        ("192.0.2.1", "192.0.2.2"),
        ("2001:db8::1", "2001:db8::2"),
        ("::1", "::"),
    ] {
        let (source, destination) = ((address(source), 443), (address(destination), 1000));
        let (there, from) = FlowKey::of(&datagram(Kind::Tcp, source, destination, 40));
        let (back, to) = FlowKey::of(&datagram(Kind::Tcp, destination, source, 40));
        assert_eq!((there, from), (back, 1 - to));
        assert_eq!((there.address(from), there.port(from)), source);
        assert_eq!((there.address(to), there.port(to)), destination);
    }
    let one = (address("192.0.2.1"), 5);
    let tcp = FlowKey::of(&datagram(Kind::Tcp, one, (one.0, 6), 40)).0;
    assert_ne!(
        tcp,
        FlowKey::of(&datagram(Kind::Udp, one, (one.0, 6), 40)).0
    );
    assert_ne!(
        tcp,
        FlowKey::of(&datagram(Kind::Tcp, one, (one.0, 7), 40)).0
    );
    // The same bits, another version.
    let mapped = (address("::c000:201"), 5);
    assert_ne!(
        tcp,
        FlowKey::of(&datagram(Kind::Tcp, mapped, (mapped.0, 6), 40)).0
    );
}

#[test]
fn flows_are_numbered_in_order_of_appearance_and_a_renewed_one_anew() {
    let config = Config::default();
    let mut registry = Registry::new(&config);
    let client = (address("192.0.2.1"), 1000);
    let mut open = |kind, port| {
        let slot = enter(
            &mut registry,
            &config,
            &datagram(kind, client, (address("23.246.0.1"), port), 40),
            Time(0),
        );
        (slot, registry.flow(slot).number)
    };
    let (first, number) = open(Kind::Tcp, 443);
    assert_eq!(number, Some(0));
    assert_eq!(open(Kind::Udp, 443).1, Some(1));
    assert_eq!(open(Kind::LaterFragment, 0).1, None);
    assert_eq!(open(Kind::Other, 0).1, None);
    assert_eq!(open(Kind::Tcp, 444).1, Some(2));
    assert_eq!(open(Kind::Tcp, 443).1, Some(0));
    registry.renew(&config, first, Time(0));
    assert_eq!(registry.flow(first).number, Some(3));
    assert_eq!(registry.flow(first).counters(0), Counters::default());
    let server = &registry.servers()[0];
    assert_eq!((server.flows, server.counters.out_pkts), (4, 6));
}
