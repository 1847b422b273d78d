//! Connections through proxies: what is in a tunnel counts, and by its own names.

mod empty_lines;
mod hosts;

use self::hosts::absolute;
use super::*;
use crate::facts::segment::Via;

const VIDEO: &str = "ipv4-c001-zrh001-ix.1.oca.nflxvideo.net";
const OTHER: &str = "www.example.org";
const PROXY: &str = "192.0.2.100";

/// Messages of a client and a proxy in turns, the client first.
type Turns = Vec<(Vec<u8>, Vec<u8>)>;

fn connect(name: &str) -> Turns {
    let request = format!("CONNECT {name}:443 HTTP/1.1\r\nHost: {name}:443\r\n\r\n");
    let answer = b"HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n";
    vec![(request.into_bytes(), answer.to_vec())]
}

/// A proxy that wants credentials first (RFC 9110, section 15.5.8).
fn authenticated(name: &str) -> Turns {
    let denied =
        "HTTP/1.1 407 Denied\r\nContent-Length: 4000\r\n\r\n".to_owned() + &"x".repeat(4000);
    let mut turns = vec![(connect(name)[0].0.clone(), denied.into_bytes())];
    turns.extend(connect(name));
    turns
}

fn socks5(name: &str) -> Turns {
    let mut request = vec![5, 1, 0, 3, name.len() as u8];
    request.extend([name.as_bytes(), &[1, 187]].concat());
    vec![
        (vec![5, 2, 0, 2], vec![5, 0]),
        (request, vec![5, 0, 0, 1, 0, 0, 0, 0, 0, 0]),
    ]
}

fn socks5_with_password(name: &str) -> Turns {
    let mut turns = socks5(name);
    turns[0].1 = vec![5, 2];
    let password = [&[1, 4], &b"user"[..], &[3], b"abc"].concat();
    turns.insert(1, (password, vec![1, 0]));
    turns
}

fn socks4(name: &str, address: [u8; 4]) -> Turns {
    let head = [&[4, 1, 1, 187], &address[..], b"user\0"].concat();
    let is_name = address[..3] == [0; 3];
    let name = [name.as_bytes(), &[0]].concat();
    let request = if is_name { [head, name].concat() } else { head };
    vec![(request, vec![0, 90, 0, 0, 0, 0, 0, 0])]
}

/// Every dialogue that opens a tunnel to a name, and what rows call it.
fn dialogues(name: &str) -> [(Turns, Via); 6] {
    [
        (connect(name), Via::Connect),
        (authenticated(name), Via::Connect),
        (socks5(name), Via::Socks),
        (socks5_with_password(name), Via::Socks),
        (socks4(name, [0, 0, 0, 1]), Via::Socks),
        (socks4(name, [198, 51, 100, 7]), Via::Socks),
    ]
}

/// A connection with at most this many bytes per packet while it speaks with the proxy.
fn through(turns: &Turns, port: u16, mss: usize) -> Talk {
    let mut talk = Talk::new(port, PROXY, 3128);
    talk.open();
    for (said, heard) in turns {
        talk.mss = mss;
        talk.say(said).hear(heard);
        talk.mss = 1448;
    }
    talk
}

fn tunnel(turns: &Turns, port: u16, mss: usize, name: &str) -> (Talk, Vec<Sizes>) {
    let mut talk = through(turns, port, mss);
    talk.shake_hands(name);
    tls(talk, 17)
}

#[test]
fn a_tunnel_is_a_connection_of_its_own() {
    for (at, (turns, via)) in dialogues(VIDEO).iter().enumerate() {
        for mss in [1448, 64, 9, 1] {
            let (talk, expected) = tunnel(turns, 50_000, mss, VIDEO);
            let (engine, _) = run(Config::default(), &talk.packets);
            assert_eq!(sizes(&engine), expected, "dialogue {at}, {mss} bytes");
            for segment in segments(&engine) {
                assert_eq!(segment.via, Some(*via), "dialogue {at}");
                assert!(!segment.estimated && segment.own_evidence.is_some());
            }
        }
    }
}

/// The head of a request for a tunnel with so many bytes of credentials, as tickets of Kerberos are.
fn with_ticket(name: &str, length: usize) -> Turns {
    let mut turns = connect(name);
    let request = String::from_utf8(turns[0].0.clone()).unwrap();
    let ticket = "A".repeat(length);
    let field = format!("Proxy-Authorization: Negotiate {ticket}\r\n\r\n");
    turns[0].0 = [&request[..request.len() - 2], &field]
        .concat()
        .into_bytes();
    turns
}

#[test]
fn a_request_for_a_tunnel_may_be_as_long_as_its_credentials() {
    for length in [100, 8_000, 8_192, 20_000, 60_000] {
        for mss in [1448, 1447, 100] {
            let (talk, expected) = tunnel(&with_ticket(VIDEO, length), 50_000, mss, VIDEO);
            let (engine, _) = run(Config::default(), &talk.packets);
            assert_eq!(sizes(&engine), expected, "{length} bytes, {mss}");
            let found = segments(&engine);
            assert!(found.iter().all(|it| it.via == Some(Via::Connect)));
        }
    }
}

#[test]
fn tunnels_of_others_and_the_proxys_address_are_nobodys() {
    for (at, (turns, _)) in dialogues(VIDEO).iter().enumerate() {
        let (netflix, expected) = tunnel(turns, 50_000, 1448, VIDEO);
        let (other, _) = tunnel(&dialogues(OTHER)[at].0, 50_001, 1448, OTHER);
        // Without a name inside, and the proxy's own pages.
        let (unnamed, _) = tunnel(&dialogues(OTHER)[at].0, 50_002, 1448, "");
        let mut plain = Talk::new(50_003, PROXY, 3128);
        plain.open().say(&[9; 500]).hear(&[8; 3000]);
        // The name inside is the truth, whatever the proxy was told.
        let (fronted, _) = tunnel(turns, 50_004, 1448, OTHER);
        let foreign = [&other, &unnamed, &plain, &fronted].map(|talk| &talk.packets[..]);
        let packets = [&netflix.packets, &foreign.concat()[..]].concat();
        let (engine, _) = run(Config::default(), &packets);
        assert_eq!(sizes(&engine), expected, "dialogue {at}");
        let (engine, said) = run(Config::default(), &foreign.concat());
        assert!(segments(&engine).is_empty(), "dialogue {at}");
        assert!(said.last().unwrap().is_none(), "dialogue {at}");
    }
}

#[test]
fn a_tunnel_without_a_name_inside_goes_by_what_the_proxy_was_asked_for() {
    for (turns, _) in &dialogues(VIDEO)[..5] {
        let (talk, expected) = tunnel(turns, 50_000, 1448, "");
        let (engine, _) = run(Config::default(), &talk.packets);
        assert_eq!(sizes(&engine), expected);
        let evidence = &engine.server(0).unwrap().evidence;
        assert_eq!(
            (evidence[0].kind, &*evidence[0].source),
            (EvidenceKind::Tunnel, VIDEO)
        );
    }
}

#[test]
fn a_proxy_asked_for_an_address_of_netflix_leads_there() {
    let asked = |[a, b, c, d]: [u8; 4]| {
        let socks5 = vec![5, 1, 0, 1, a, b, c, d, 1, 187];
        let opened = vec![5, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        let connect = format!("CONNECT {a}.{b}.{c}.{d}:443 HTTP/1.1\r\n\r\n");
        [
            vec![(vec![5, 1, 0], vec![5, 0]), (socks5, opened)],
            socks4("", [a, b, c, d]),
            vec![(connect.into_bytes(), b"HTTP/1.1 200 OK\r\n\r\n".to_vec())],
        ]
    };
    let mut ranged = Config::default();
    ranged.set("prefixes", "198.51.100.0/24").unwrap();
    // One is in Netflix's ranges, the other one in the user's or in none.
    for (address, config, is_known) in [
        ([23, 246, 11, 141], Config::default(), true),
        ([198, 51, 100, 7], ranged, true),
        ([198, 51, 100, 7], Config::default(), false),
    ] {
        for turns in asked(address) {
            let (talk, expected) = tunnel(&turns, 50_000, 1448, "");
            let (engine, _) = run(config.clone(), &talk.packets);
            let expected = if is_known { expected } else { Vec::new() };
            assert_eq!(sizes(&engine), expected);
            // The name inside is the truth.
            let (fronted, _) = tunnel(&turns, 50_000, 1448, OTHER);
            let (engine, _) = run(config.clone(), &fronted.packets);
            assert!(segments(&engine).is_empty());
        }
    }
}

#[test]
fn a_tunnel_may_follow_other_requests_to_the_proxy() {
    for before in [OTHER, VIDEO] {
        for mss in [1448, 40] {
            let mut talk = Talk::new(50_000, PROXY, 3128);
            talk.open();
            talk.say(&absolute(before)).hear(&response(9000));
            let (request, answer) = connect(VIDEO).remove(0);
            talk.mss = mss;
            talk.say(&request).hear(&answer);
            talk.mss = 1448;
            talk.shake_hands(VIDEO);
            let (talk, expected) = tls(talk, 17);
            let (engine, _) = run(Config::default(), &talk.packets);
            let found = segments(&engine);
            let through = |via| found.iter().filter(move |row| row.via == Some(via));
            let sizes = |via| through(via).map(|row| row.app_bytes).collect::<Vec<_>>();
            let within: Vec<_> = expected.iter().map(|size| size.1).collect();
            assert_eq!(sizes(Via::Connect), within, "{before} {mss}");
            let asked = [response(9000).len() as u64];
            let asked = if before == VIDEO { &asked[..] } else { &[] };
            assert_eq!(sizes(Via::HttpProxy), asked, "{before} {mss}");
        }
    }
}

#[test]
fn a_refused_tunnel_is_none() {
    let mut turns = connect(VIDEO);
    turns[0].1 = b"HTTP/1.1 503 No\r\nContent-Length: 9000\r\n\r\n".to_vec();
    turns[0].1.extend([b'x'; 9000]);
    let talk = through(&turns, 50_000, 1448);
    let (engine, _) = run(Config::default(), &talk.packets);
    assert!(segments(&engine).is_empty() && engine.server_count() == 0);
}

#[test]
fn a_header_of_the_proxy_protocol_is_not_the_clients() {
    let binary = [
        &b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c"[..],
        &[192, 0, 2, 1, 198, 51, 100, 7, 4, 5, 1, 187],
    ]
    .concat();
    for header in [
        b"PROXY TCP4 192.0.2.1 198.51.100.7 56324 443\r\n".to_vec(),
        binary,
    ] {
        for mss in [1448, 7, 1] {
            let mut talk = Talk::new(50_000, "198.51.100.7", 443);
            talk.mss = mss;
            talk.open().say(&header);
            talk.mss = 1448;
            talk.shake_hands(VIDEO);
            let (talk, expected) = tls(talk, 17);
            let (engine, _) = run(Config::default(), &talk.packets);
            assert_eq!(sizes(&engine), expected, "{mss}");
            assert!(
                segments(&engine)
                    .iter()
                    .all(|segment| segment.via.is_none())
            );
        }
    }
}

/// A row, but for its times: bytes, bytes of HTTP, the proxy, whether they are estimated, and the
/// evidence.
type Said = (u64, u64, Option<Via>, bool, Option<EvidenceKind>);

/// Returns the rows of a connection.
fn said(talk: &Talk) -> Vec<Said> {
    let (engine, _) = run(Config::default(), &talk.packets);
    let row = |s: &Segment| (s.bytes, s.app_bytes, s.via, s.estimated, s.own_evidence);
    segments(&engine).iter().map(row).collect()
}

/// A connection in which each turn is cut in two there, as far as it is as long.
fn cut_at(turns: &Turns, at: usize) -> Talk {
    let mut talk = Talk::new(50_000, PROXY, 3128);
    talk.open();
    for (said, heard) in turns {
        let (first, second) = said.split_at(at.min(said.len()));
        talk.say(first).say(second);
        let (first, second) = heard.split_at(at.min(heard.len()));
        talk.hear(first).hear(second);
    }
    talk.shake_hands(VIDEO);
    tls(talk, 17).0
}

#[test]
fn wherever_a_talk_with_a_proxy_is_cut_the_rows_are_the_same() {
    let header = vec![(
        b"PROXY TCP6 2001:db8::1 2001:db8::2 56324 443\r\n".to_vec(),
        vec![],
    )];
    let dialogues = dialogues(VIDEO).map(|(turns, _)| turns);
    for (number, turns) in dialogues.iter().chain([&header]).enumerate() {
        let whole = said(&cut_at(turns, 0));
        assert_eq!(whole.len(), BODIES.len(), "dialogue {number}");
        let longest = turns.iter().flat_map(|(up, down)| [up.len(), down.len()]);
        for at in 1..longest.max().unwrap_or(0).min(400) {
            assert_eq!(said(&cut_at(turns, at)), whole, "dialogue {number}, {at}");
        }
    }
}

#[test]
fn a_connection_that_only_begins_as_if_it_were_to_a_proxy_keeps_its_first_bytes() {
    let request =
        b"POST /range/0-65535?o=AQ HTTP/1.1\r\nHost: 23.246.11.141\r\nContent-Length: 0\r\n\r\n";
    for at in 0..request.len() {
        let mut talk = Talk::new(50_000, NETFLIX, 80);
        talk.open().say(&request[..at]).say(&request[at..]);
        talk.hear(&response(20_000));
        let (engine, _) = run(Config::default(), &talk.packets);
        let rows = segments(&engine);
        let size = response(20_000).len() as u64;
        assert_eq!((rows.len(), rows[0].app_bytes), (1, size), "{at}");
        assert_eq!(
            (rows[0].estimated, rows[0].request_frame),
            (false, 4),
            "{at}"
        );
    }
}

/// A client that does not wait: what it says in all turns, and its hello, in one go or cut at one
/// place.
fn at_once(turns: &Turns, at: usize) -> Talk {
    let mut hello = Talk::new(1, PROXY, 1);
    hello.shake_hands(VIDEO);
    let is_up = |packet: &&TcpPacket| packet.source == hello.client && !packet.payload.is_empty();
    let first = hello
        .packets
        .iter()
        .find(is_up)
        .expect("a hello")
        .payload
        .clone();
    let spoken = turns.iter().flat_map(|turn| turn.0.clone());
    let spoken: Vec<u8> = spoken.chain(first.iter().copied()).collect();
    let mut talk = Talk::new(50_000, PROXY, 3128);
    talk.open();
    talk.mss = 20_000;
    let (before, behind) = spoken.split_at(at.min(spoken.len()));
    talk.say(before).say(behind);
    let heard: Vec<u8> = turns.iter().flat_map(|turn| turn.1.clone()).collect();
    talk.hear(&heard);
    talk.mss = 1448;
    // The rest of the handshake.
    let mut rest = Talk::new(50_000, PROXY, 3128);
    rest.shake_hands(VIDEO);
    for packet in &rest.packets {
        let is_up = packet.source == rest.client;
        if is_up && packet.payload == first || packet.payload.is_empty() {
            continue;
        }
        if is_up {
            talk.say(&packet.payload);
        } else {
            talk.hear(&packet.payload);
        }
    }
    tls(talk, 17).0
}

#[test]
fn clients_that_do_not_wait_for_the_proxy_are_understood() {
    let nested = [connect("proxy.example"), connect(VIDEO)].concat();
    for (number, turns) in [connect(VIDEO), authenticated(VIDEO), nested, socks5(VIDEO)]
        .iter()
        .enumerate()
    {
        let whole = said(&cut_at(&connect(VIDEO), 0));
        let length: usize = turns.iter().map(|turn| turn.0.len()).sum();
        for at in 0..length + 5 {
            let found = said(&at_once(turns, at));
            let sizes = |rows: &[Said]| rows.iter().map(|row| (row.0, row.1)).collect::<Vec<_>>();
            assert_eq!(sizes(&found), sizes(&whole), "dialogue {number}, {at}");
            assert!(
                found.iter().all(|row| row.2.is_some()),
                "dialogue {number}, {at}"
            );
        }
    }
}

#[test]
fn a_proxy_behind_a_proxy_is_passed_too() {
    for turns in [
        [connect("proxy.example"), connect(VIDEO)].concat(),
        [socks5("proxy.example"), connect(VIDEO)].concat(),
        [connect("proxy.example"), socks5(VIDEO)].concat(),
    ] {
        let (talk, expected) = tunnel(&turns, 50_000, 1448, VIDEO);
        let (engine, _) = run(Config::default(), &talk.packets);
        assert_eq!(sizes(&engine), expected);
    }
}

proptest! {
    #[test]
    fn whatever_is_said_to_a_proxy_harms_nothing(
        which in 0..6_usize,
        at in 0..60_usize,
        noise in prop::collection::vec(any::<u8>(), 0..40),
        mss in 1..80_usize,
    ) {
        let mut turns = dialogues(VIDEO)[which].0.clone();
        for (said, heard) in &mut turns {
            let (up, down) = (at.min(said.len()), at.min(heard.len()));
            said.splice(up.., noise.iter().copied());
            heard.splice(down.., noise.iter().copied());
        }
        let (talk, _) = tunnel(&turns, 50_000, mss, VIDEO);
        let (engine, _) = run(Config::default(), &talk.packets);
        let sent: usize = talk.packets.iter().map(|packet| packet.payload.len()).sum();
        let counted: u64 = segments(&engine).iter().map(|segment| segment.bytes).sum();
        prop_assert!(counted <= sent as u64);
    }
}
