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
fn paths_that_were_captured_midway_are_counted() {
    // A position in the data, an acknowledgement of it, and neither.
    let mapping = [30, 14, 0x20, 4, 0, 0, 0, 9, 0, 0, 0, 1, 0, 1, 0, 0];
    let acknowledgement = [30, 8, 0x20, 1, 0, 0, 0, 9];
    let priority = [30, 3, 0x50, 1];
    for (server, options, expected) in [
        (NETFLIX, &acknowledgement[..], 1),
        (NETFLIX, &mapping, 1),
        (NETFLIX, &priority, 0),
        (NETFLIX, &[], 0),
        (OTHER, &acknowledgement, 0),
    ] {
        let mut talk = Talk::new(50_000, server, 443);
        talk.say(&protected(640)).hear(&protected_body(9_000, 17));
        let mut engine = Engine::new(Config::default());
        for packet in &talk.packets {
            let frame = engine.stats().packets + 1;
            give(
                &mut engine,
                frame,
                packet.time,
                &with_options(packet, options),
            );
        }
        assert_eq!(
            engine.stats().further_paths,
            expected,
            "{server} {options:?}"
        );
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
        // What is put together is not counted.
        assert_eq!(engine.stats().further_paths, 0, "{name}");
        // Another connection of that address does not belong to it.
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

/// The client's key, the end of whose SHA-256 numbers its data; the server's data is numbered by
/// [`KEY`].
const CLIENT_KEY: [u8; 8] = [0xff; 8];
/// The numbers of both ends' SYN: the last bytes of their keys' SHA-256.
const DATA_SYN: [u32; 2] = [0xbbac_f0ca, 0xe0e8_3dfc];
/// Numbers of both ends' SYN on the further path.
const FURTHER_SYN: [u32; 2] = [u32::MAX - 9000, 77];

/// A packet of a divided conversation: whether it came by the further path, its time and its bytes.
type Divided = (bool, i64, Vec<u8>);

/// Positions of a path's two directions.
#[derive(Clone, Copy)]
struct Stand {
    client: std::net::SocketAddr,
    server: std::net::SocketAddr,
    /// The SYN's numbers, and bytes sent since.
    syn: [u32; 2],
    sent: [u32; 2],
}

impl Stand {
    /// A packet of this path by the client (0) or the server (1).
    fn packet(&self, by: usize, flags: u8, payload: &[u8], time: i64, options: &[u8]) -> Vec<u8> {
        let ends = [self.client, self.server];
        let at = |by: usize| self.syn[by].wrapping_add(self.sent[by]);
        let next = u32::from(flags & SYN == 0);
        let packet = TcpPacket {
            source: ends[by],
            destination: ends[1 - by],
            sequence: at(by).wrapping_add(next),
            acknowledgement: at(1 - by).wrapping_add(1),
            flags,
            payload: payload.to_vec(),
            time,
        };
        with_options(&packet, options)
    }
}

/// Divides a conversation's data among its own path and a further one, which opens behind packet 3:
/// `by_further` says of each packet whether it comes by that.
fn divide(talk: &Talk, by_further: impl Fn(usize) -> bool) -> Vec<Divided> {
    let syn = [talk.packets[0].sequence, talk.packets[1].sequence];
    let further_client = std::net::SocketAddr::new(talk.client.ip(), 50_999);
    let mut paths = [
        Stand {
            client: talk.client,
            server: talk.server,
            syn,
            sent: [0; 2],
        },
        Stand {
            client: further_client,
            server: std::net::SocketAddr::new(address(OTHER), talk.server.port()),
            syn: FURTHER_SYN,
            sent: [0; 2],
        },
    ];
    let both_keys = [&[30, 20, 0x01, 0x81][..], &CLIENT_KEY, &KEY].concat();
    let handshake = [vec![30, 4, 0x01, 0x81], answer(), both_keys];
    let mut divided = Vec::new();
    for (at, packet) in talk.packets.iter().enumerate() {
        let by = usize::from(packet.source == talk.server);
        if at < 3 {
            let bytes = paths[0].packet(by, packet.flags, &[], packet.time, &handshake[at]);
            divided.push((false, packet.time, bytes));
            continue;
        }
        if at == 3 {
            for (by, flags, options) in [
                (0, SYN, join(TOKEN)),
                (
                    1,
                    SYN | ACK,
                    vec![30, 16, 0x10, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12],
                ),
                (0, ACK, [&[30, 24, 0x10, 0][..], &[9; 20]].concat()),
            ] {
                divided.push((
                    true,
                    packet.time,
                    paths[1].packet(by, flags, &[], packet.time, &options),
                ));
            }
        }
        let further = by_further(at);
        let path = &mut paths[usize::from(further)];
        let data = |by: usize, number: u32| {
            number
                .wrapping_sub(syn[by])
                .wrapping_add(DATA_SYN[by])
                .to_be_bytes()
        };
        let ends = packet.flags & FIN != 0;
        let length = packet.payload.len() as u16;
        let on_path = if length > 0 { path.sent[by] + 1 } else { 0 };
        let option = if length > 0 || ends {
            let flags = 0x05 | u8::from(ends) << 4;
            [
                &[30, 18, 0x20, flags][..],
                &data(1 - by, packet.acknowledgement),
                &data(by, packet.sequence),
                &on_path.to_be_bytes(),
                &(length + u16::from(ends)).to_be_bytes(),
                &[1, 1],
            ]
            .concat()
        } else {
            [&[30, 8, 0x20, 1][..], &data(1 - by, packet.acknowledgement)].concat()
        };
        let bytes = path.packet(by, ACK, &packet.payload, packet.time, &option);
        path.sent[by] += u32::from(length);
        divided.push((further, packet.time, bytes));
    }
    divided
}

fn run_divided<'a>(packets: impl IntoIterator<Item = &'a Divided>) -> Engine {
    let mut engine = Engine::new(Config::default());
    for ((_, time, bytes), frame) in packets.into_iter().zip(1..) {
        give(&mut engine, frame, *time, bytes);
    }
    engine.finish();
    engine
}

/// All that a row says but for frames.
fn rows(engine: &Engine) -> Vec<String> {
    let row = |segment: Segment| {
        let times = (segment.t_request, segment.t_first, segment.t_last);
        let sizes = (
            segment.bytes,
            segment.app_bytes,
            segment.size_error,
            segment.pkts,
        );
        let doubt = (
            segment.missing_bytes,
            segment.retransmitted_bytes,
            segment.complete,
        );
        format!("{times:?} {sizes:?} {doubt:?} {:?}", segment.kind)
    };
    segments(engine).into_iter().map(row).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_conversation_is_the_same_by_several_paths(pattern: u64, run_length in 1..40_usize) {
        for (name, mut talk, _) in conversations() {
            talk.close();
            let plain = rows(&run(Config::default(), &talk.packets).0);
            let divided = divide(&talk, |at| pattern >> (at / run_length % 64) & 1 == 1);
            let engine = run_divided(&divided);
            prop_assert_eq!(rows(&engine), plain, "{}", name);
            prop_assert_eq!(engine.stats().further_paths, 0);
        }
    }
}

#[test]
fn what_came_by_a_path_that_was_not_captured_is_missing() {
    for (name, talk, expected) in conversations() {
        // The third response's second half.
        let (whole, _) = run(Config::default(), &talk.packets);
        let third = &segments(&whole)[2];
        let (from, to) = (
            third.request_frame as usize + 5,
            third.last_frame.unwrap() as usize,
        );
        let divided = divide(&talk, |at| {
            (from..to).contains(&at) && talk.packets[at].source == talk.server
        });
        let is_data = |bytes: &[u8]| bytes[40] == 30 && bytes[42] >> 4 == 2;
        let gone: usize = divided
            .iter()
            .filter(|(further, _, bytes)| *further && is_data(bytes))
            .map(|(_, _, bytes)| bytes.len() - 60)
            .sum();
        assert!(gone > 5000, "{name}");
        // Whether or not the further path's handshake was captured.
        for handshakes in [0, 3] {
            let mut left = handshakes;
            let engine = run_divided(divided.iter().filter(|(further, ..)| {
                let is_left = !further || left > 0;
                left -= u64::from(*further && left > 0);
                is_left
            }));
            let segments = segments(&engine);
            let missing: Vec<u64> = segments
                .iter()
                .map(|segment| segment.missing_bytes)
                .collect();
            assert_eq!(missing, [0, 0, gone as u64, 0], "{name}");
            let bytes: Vec<u64> = segments.iter().map(|segment| segment.bytes).collect();
            assert_eq!(
                bytes,
                expected.iter().map(|size| size.0).collect::<Vec<_>>(),
                "{name}"
            );
        }
    }
}
