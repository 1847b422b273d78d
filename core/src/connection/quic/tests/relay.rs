//! QUIC through the datagrams of a SOCKS 5 proxy (RFC 1928, section 7).

use super::*;
use crate::facts::segment::Via;

/// The header's end: kind of address, address or name, port.
const ADDRESS: &[u8] = &[1, 198, 51, 100, 99, 1, 187];

fn named(name: &str) -> Vec<u8> {
    [&[3, name.len() as u8], name.as_bytes(), &[1, 187]].concat()
}

/// Gives a conversation of which each datagram has a header, one with `asked` those of the client.
fn relayed(talk: &Talk, asked: &[u8], port: u16) -> Engine {
    let mut engine = Engine::new(Config::default());
    for (frame, (from_client, time, packet)) in (1..).zip(&talk.sent) {
        let header = if *from_client { asked } else { ADDRESS };
        let payload = [&[0, 0, 0], header, &packet[28..]].concat();
        let mut ends = [(address(CLIENT), 50_000), (address(SERVER), port)];
        if !from_client {
            ends.reverse();
        }
        let packet = ip(
            ends[0].0,
            ends[1].0,
            17,
            &udp(ends[0].1, ends[1].1, &payload),
        );
        give_cut(&mut engine, frame, *time, &packet, usize::MAX);
    }
    engine.finish();
    engine
}

#[test]
fn what_a_proxy_relays_is_read_and_the_proxy_is_no_server_of_netflix() {
    let six = [&[4][..], &[0x20; 16], &[1, 187]].concat();
    for asked in [ADDRESS, &named(NAME), &six] {
        for port in [1080, 443] {
            let engine = relayed(&conversation(NAME), asked, port);
            let found = segments(&engine);
            assert_eq!(sizes(&found), [60_000, 70_000], "{port}");
            assert!(found.iter().all(|segment| segment.via == Some(Via::Socks)));
            assert!(found.iter().all(|segment| segment.own_evidence.is_some()));
        }
    }
}

#[test]
fn what_is_relayed_for_others_is_nobodys() {
    let engine = relayed(&conversation("www.example.org"), ADDRESS, 1080);
    assert!(segments(&engine).is_empty());
}
