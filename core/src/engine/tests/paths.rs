//! Connections with several paths (Multipath TCP).

use super::*;

const KEY: [u8; 8] = [0; 8];
/// The beginning of the key's SHA-256.
const TOKEN: [u8; 4] = [0xaf, 0x55, 0x70, 0xf5];
const OTHER: &str = "203.0.113.9";

fn join(token: [u8; 4]) -> Vec<u8> {
    [&[30, 12, 0x10, 1][..], &token, &[5, 6, 7, 8]].concat()
}

fn answer() -> Vec<u8> {
    [&[30, 12, 0x01, 0x81][..], &KEY].concat()
}

/// A packet with options of TCP.
fn with_options(packet: &TcpPacket, options: &[u8]) -> Vec<u8> {
    let mut bytes = packet.bytes();
    bytes[20 + 12] = ((20 + options.len()) as u8 / 4) << 4;
    let behind = bytes.split_off(40);
    bytes.extend(options);
    bytes.extend(behind);
    let length = bytes.len() as u16;
    bytes[2..4].copy_from_slice(&length.to_be_bytes());
    bytes
}

/// Gives a conversation whose client's and server's SYN have these options.
fn give_all(engine: &mut Engine, talk: &Talk, options: [&[u8]; 2]) {
    for packet in &talk.packets {
        let frame = engine.stats().packets + 1;
        let options = match packet.flags & SYN != 0 {
            true => options[usize::from(packet.source == talk.server)],
            false => &[],
        };
        give(engine, frame, packet.time, &with_options(packet, options));
    }
}

fn first_path(name: &str) -> Talk {
    let mut talk = Talk::new(50_000, NETFLIX, 443);
    talk.tls13(name);
    talk
}

#[test]
fn further_paths_of_a_connection_are_counted_once() {
    for (server, expected) in [(NETFLIX, 1), (OTHER, 0)] {
        let mut talk = Talk::new(50_000, server, 443);
        talk.open();
        let mut engine = Engine::new(Config::default());
        for _ in 0..2 {
            give_all(&mut engine, &talk, [&join(TOKEN), &[]]);
        }
        assert_eq!(engine.stats().further_paths, expected, "{server}");
    }
}

#[test]
fn a_further_path_is_whose_its_connection_is() {
    let netflix = "ipv4-c001-zrh001-ix.1.oca.nflxvideo.net";
    for (name, token, expected) in [
        (netflix, TOKEN, 1),
        (netflix, [1; 4], 0),
        ("www.bank.example", TOKEN, 0),
    ] {
        let mut engine = Engine::new(Config::default());
        give_all(&mut engine, &first_path(name), [&[], &answer()]);
        let mut further = Talk::new(50_001, OTHER, 443);
        further.open().hear(&[0xdd; 5000]);
        give_all(&mut engine, &further, [&join(token), &[]]);
        let (server, named): (Vec<_>, Vec<_>) = engine
            .servers()
            .filter(|(_, server)| server.address == address(OTHER))
            .map(|(_, server)| (server.counters.in_bytes > 5000, server.name()))
            .unzip();
        assert_eq!(server, vec![true; expected], "{name} {token:?}");
        assert_eq!(named, vec![Some(netflix); expected]);
        assert_eq!(engine.stats().further_paths, expected as u64);
        // Another connection of that address is none of it.
        let mut apart = Talk::new(50_002, OTHER, 443);
        apart.open().hear(&[0xdd; 5000]);
        let before = engine
            .servers()
            .map(|(_, server)| server.flows)
            .sum::<u32>();
        give_all(&mut engine, &apart, [&[], &[]]);
        let after = engine
            .servers()
            .map(|(_, server)| server.flows)
            .sum::<u32>();
        assert_eq!(before, after, "{name}");
    }
}

#[test]
fn a_path_to_netflixs_address_of_another_services_connection_is_not_netflixs() {
    let mut engine = Engine::new(Config::default());
    give_all(
        &mut engine,
        &first_path("www.bank.example"),
        [&[], &answer()],
    );
    let mut further = Talk::new(50_001, NETFLIX, 443);
    further.open().hear(&[0xdd; 5000]);
    give_all(&mut engine, &further, [&join(TOKEN), &[]]);
    let counted = engine.servers().map(|(_, server)| server.counters.in_bytes);
    assert_eq!(counted.sum::<u64>(), 0);
}
