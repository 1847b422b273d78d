use super::*;
use crate::config::Config;
use crate::engine::Engine;
use crate::facts::annotation::Annotation;
use crate::facts::counters::Direction;
use crate::facts::segment::Segment;
use crate::testing::{
    CLIENT, MILLISECOND, RTT, address, client_hello, give_cut, ip, segments, udp,
};
use crate::wire::quic::tests::{crypto_frame, long_header};
use crate::wire::quic::{InitialKeys, TAG_LEN};

const NAME: &str = "ipv4-c001-zrh001-ix.1.oca.nflxvideo.net";
const SERVER: &str = "198.51.100.7";
const V1: u32 = 1;
const V2: u32 = 0x6b33_43cf;
const FIRST_ID: [u8; 8] = *b"original";
const SERVER_ID: [u8; 5] = *b"srvid";
const CLIENT_ID: [u8; 8] = *b"clientid";
/// What the server fills its datagrams to.
pub(super) const FULL: usize = 1252;
/// First byte, connection ID, packet number and tag of the server's packets.
pub(super) const DOWN_OVERHEAD: usize = 1 + CLIENT_ID.len() + 2 + TAG_LEN;

/// A conversation in QUIC, and the engine that hears it.
pub(super) struct Talk {
    engine: Engine,
    client_port: u16,
    server_port: u16,
    captured: usize,
    frame: u64,
    pub(super) now: i64,
    noise: u8,
}

impl Talk {
    pub(super) fn new() -> Self {
        Self::with(Config::default())
    }

    fn with(config: Config) -> Self {
        Self {
            engine: Engine::new(config),
            client_port: 50_000,
            server_port: 443,
            captured: usize::MAX,
            frame: 0,
            now: 1_000_000 * MILLISECOND,
            noise: 0,
        }
    }

    /// One that has the server's address by configuration.
    fn informed() -> Self {
        let mut config = Config::default();
        config.set("prefixes", SERVER).unwrap();
        Self::with(config)
    }

    fn send(&mut self, from_client: bool, payload: &[u8]) -> Option<Annotation> {
        let (client, server) = (
            (address(CLIENT), self.client_port),
            (address(SERVER), self.server_port),
        );
        let (source, destination) = if from_client {
            (client, server)
        } else {
            (server, client)
        };
        let packet = ip(
            source.0,
            destination.0,
            17,
            &udp(source.1, destination.1, payload),
        );
        self.frame += 1;
        self.now += MILLISECOND / 10;
        give_cut(
            &mut self.engine,
            self.frame,
            self.now,
            &packet,
            self.captured,
        )
    }

    fn wait(&mut self, nanoseconds: i64) -> &mut Self {
        self.now += nanoseconds;
        self
    }

    /// A 1-RTT packet in a datagram of `size` bytes.
    pub(super) fn short(&mut self, from_client: bool, size: usize) -> Option<Annotation> {
        let datagram = self.short_bytes(from_client, size);
        self.send(from_client, &datagram)
    }

    fn short_bytes(&mut self, from_client: bool, size: usize) -> Vec<u8> {
        self.noise = self.noise.wrapping_add(37);
        let id: &[u8] = if from_client { &SERVER_ID } else { &CLIENT_ID };
        let mut datagram = [&[0x40 | self.noise >> 3], id].concat();
        // No packet of QUIC is like another.
        datagram.extend(self.frame.to_le_bytes());
        datagram.resize(size, self.noise);
        datagram
    }

    /// The client sends so many bytes of frames.
    pub(super) fn say(&mut self, content: usize) -> Option<Annotation> {
        self.short(true, 1 + SERVER_ID.len() + 2 + TAG_LEN + content)
    }

    fn initial(&mut self, version: u32, to: &[u8], frames: &[u8]) -> Option<Annotation> {
        let mut frames = frames.to_vec();
        let header = |length| long_header(version, Form::Initial, to, &CLIENT_ID, &[], length);
        frames.resize(FULL - header(frames.len()).len() - TAG_LEN, 0);
        let mut keys = InitialKeys::client(version, to).unwrap();
        let header = header(frames.len());
        self.send(true, &keys.seal(&header, 4, &frames))
    }

    /// The server's handshake, and the client's end of it with its control streams.
    fn handshake(&mut self, version: u32) -> &mut Self {
        self.handshake_with(version, 260)
    }

    /// The same with so large a packet of control streams.
    fn handshake_with(&mut self, version: u32, control: usize) -> &mut Self {
        let part = |from_client: bool, length: usize| {
            let (to, from): (&[u8], &[u8]) = if from_client {
                (&SERVER_ID, &CLIENT_ID)
            } else {
                (&CLIENT_ID, &SERVER_ID)
            };
            let mut packet = long_header(version, Form::Handshake, to, from, &[], length);
            packet.resize(packet.len() + length + TAG_LEN, 0xee);
            packet
        };
        self.wait(RTT);
        let answer = part(false, FULL - part(false, 1000).len() + 1000);
        assert_eq!(answer.len(), FULL);
        self.send(false, &answer);
        let control = self.short_bytes(true, control);
        self.send(true, &[part(true, 52), control].concat());
        self.wait(RTT).short(false, 240);
        self.wait(5 * RTT)
    }

    /// A whole beginning.
    pub(super) fn open(&mut self) -> &mut Self {
        self.initial(V1, &FIRST_ID, &crypto_frame(0, &client_hello(NAME)));
        self.handshake(V1)
    }

    /// The server sends what the stream with that ordinal has, and the client acknowledges every other packet. Returns
    /// the bytes of UDP.
    fn answer(&mut self, ordinal: u64, app_bytes: usize) -> usize {
        self.wait(RTT);
        let (mut left, mut offset, mut sent) = (app_bytes + 8, 0, 0);
        while left > 0 {
            let varint =
                |value: usize| 1 + usize::from(value > 63) + 2 * usize::from(value > 16_383);
            let header =
                3 + varint(ordinal as usize * 4) + if offset > 0 { varint(offset) } else { 0 };
            let data = left.min(FULL - DOWN_OVERHEAD - header);
            self.short(false, DOWN_OVERHEAD + header + data);
            sent += DOWN_OVERHEAD + header + data;
            if offset % 2 == 0 {
                self.say(8);
            }
            offset += data;
            left -= data;
        }
        sent
    }

    pub(super) fn finish(&mut self) -> Vec<Segment> {
        self.engine.finish();
        segments(&self.engine)
    }
}

fn sizes(segments: &[Segment]) -> Vec<u64> {
    segments.iter().map(|segment| segment.app_bytes).collect()
}

#[test]
fn a_request_with_a_tiny_answer_has_no_share_in_the_next_response() {
    let mut talk = Talk::new();
    talk.open();
    talk.say(150);
    talk.wait(RTT).short(false, DOWN_OVERHEAD + 20);
    talk.wait(10 * RTT).say(150);
    let sent = talk.answer(1, 50_000);
    let found = segments(&talk.engine);
    assert_eq!(
        found
            .iter()
            .map(|segment| segment.bytes)
            .collect::<Vec<_>>(),
        [0, sent as u64]
    );
    assert!(found.iter().all(|segment| !segment.shared));
}

#[test]
fn requests_and_their_responses_come_out_to_the_byte() {
    for (version, names) in [(V1, &[0usize, 40][..]), (V2, &[0])] {
        let mut talk = Talk::new();
        let hello = client_hello(NAME);
        // In pieces, over several Initials, the later one first.
        for (i, &from) in names.iter().enumerate().rev() {
            let to = names.get(i + 1).copied().unwrap_or(hello.len());
            talk.initial(version, &FIRST_ID, &crypto_frame(from, &hello[from..to]));
        }
        talk.handshake(version);
        let request = talk.say(250).unwrap();
        assert!(
            request.request && request.segment == Some(1) && request.direction == Direction::Out
        );
        let t_request = talk.now;
        let bytes = talk.answer(0, 500_000);
        assert!(talk.wait(RTT / 20).say(300).unwrap().request);
        talk.answer(1, 70);
        assert_eq!(talk.say(180).unwrap().segment, Some(3));
        talk.answer(2, 123_456);
        let server = talk.engine.server(0).unwrap();
        assert_eq!(
            (server.name(), server.strongest()),
            (Some(NAME), Some(EvidenceKind::QuicSni))
        );
        assert_eq!(talk.engine.server_segments(0).count, 3);
        let found = talk.finish();
        assert_eq!(sizes(&found), [500_000, 70, 123_456]);
        assert_eq!(
            found.iter().map(|s| s.complete).collect::<Vec<_>>(),
            [true, true, false]
        );
        let first = &found[0];
        assert_eq!(
            (first.bytes, first.transport, first.client_port),
            (bytes as u64, Transport::Quic, 50_000)
        );
        assert_eq!(
            (first.t_request.0, first.ttfb()),
            (t_request, Some(RTT + MILLISECOND / 10))
        );
        assert!(found.iter().all(|s| !s.estimated && !s.shared));
    }
}

#[test]
fn acknowledgements_probes_and_flow_control_are_no_requests() {
    let mut talk = Talk::new();
    talk.open().say(250);
    talk.wait(RTT);
    let mut expected = 0;
    for round in 0..400 {
        talk.short(false, FULL);
        expected += FULL;
        // Gaps come, and stay for a while.
        talk.say(8 + (round % 50) * 2 + 20 * usize::from(round % 90 == 0));
        if round % 100 == 50 {
            let size = 1300 + round;
            assert!(
                !talk.short(true, size).unwrap().request,
                "a probe of the path"
            );
            talk.wait(RTT);
            assert!(
                !talk.short(true, size).unwrap().request,
                "the same, which was lost"
            );
            talk.short(false, size);
        }
        talk.wait(if round % 10 == 0 { RTT } else { 0 });
    }
    let found = talk.finish();
    assert_eq!((found.len(), found[0].bytes), (1, expected as u64));
}

#[test]
fn a_first_larger_datagram_is_data_if_others_follow_at_once() {
    let mut talk = Talk::new();
    talk.open().say(250);
    talk.wait(RTT);
    for _ in 0..10 {
        talk.short(false, 1400);
    }
    talk.wait(2 * RTT).short(false, 1450);
    talk.wait(RTT).short(false, 1400);
    assert_eq!(talk.finish()[0].bytes, 11 * 1400);
}

#[test]
fn a_request_of_several_datagrams_or_sent_again_is_one() {
    let mut talk = Talk::new();
    talk.open();
    assert!(talk.short(true, FULL).unwrap().request);
    assert_eq!(
        talk.short(true, FULL).map(|a| (a.request, a.segment)),
        Some((false, Some(1)))
    );
    assert_eq!(
        talk.say(30).map(|a| (a.request, a.segment)),
        Some((false, Some(1)))
    );
    talk.answer(0, 40_000);
    assert!(talk.say(200).unwrap().request);
    talk.wait(3 * RTT);
    assert_eq!(
        talk.say(203).map(|a| (a.request, a.segment)),
        Some((false, Some(2)))
    );
    talk.answer(1, 50_000);
    assert_eq!(sizes(&talk.finish()), [40_000, 50_000]);
}

#[test]
fn a_small_request_is_believed_after_silence_only() {
    let mut talk = Talk::new();
    talk.open().say(250);
    talk.wait(RTT);
    for _ in 0..50 {
        talk.short(false, FULL);
    }
    assert_eq!(talk.say(42).unwrap().segment, None);
    for _ in 0..50 {
        talk.short(false, FULL);
    }
    talk.short(false, 600);
    talk.wait(10 * RTT).say(90);
    let asked = talk.frame;
    talk.answer(1, 20_000);
    let found = talk.finish();
    assert_eq!(found.len(), 2);
    assert_eq!(
        (found[1].request_frame, found[1].app_bytes),
        (asked, 20_000)
    );
}

#[test]
fn requests_at_once_share_what_comes() {
    let mut talk = Talk::new();
    talk.open().say(250);
    talk.say(300);
    assert!(talk.say(280).unwrap().request);
    let bytes = talk.answer(0, 300_000);
    talk.say(250);
    talk.answer(3, 10_000);
    let found = talk.finish();
    assert_eq!(
        found.iter().map(|s| s.shared).collect::<Vec<_>>(),
        [true, true, true, false]
    );
    assert_eq!(
        found[..3].iter().map(|s| s.bytes).sum::<u64>(),
        bytes as u64
    );
    assert!(
        found[..3]
            .iter()
            .all(|s| s.complete && s.app_bytes.abs_diff(100_000) < 500),
        "{:?}",
        sizes(&found)
    );
}

#[test]
fn a_request_during_a_response_shares_what_follows_its_round_trip() {
    let mut talk = Talk::new();
    talk.open().say(250);
    talk.wait(RTT);
    for _ in 0..100 {
        talk.short(false, FULL);
    }
    assert!(talk.say(250).unwrap().request);
    // Under way when the request was sent.
    for _ in 0..10 {
        talk.short(false, FULL);
    }
    for _ in 0..100 {
        talk.wait(MILLISECOND / 2).short(false, FULL);
    }
    let found = talk.finish();
    assert!(found.len() == 2 && found.iter().all(|s| s.shared && !s.complete));
    assert_eq!(
        found.iter().map(|s| s.bytes).sum::<u64>(),
        210 * FULL as u64
    );
    assert!(
        (130..180).contains(&(found[0].bytes / FULL as u64)),
        "{}",
        found[0].bytes / FULL as u64
    );
}

#[test]
fn late_packets_of_a_response_stay_with_it() {
    let mut talk = Talk::new();
    talk.open().say(250);
    talk.wait(RTT);
    for _ in 0..20 {
        talk.short(false, FULL);
    }
    talk.short(false, 500);
    talk.say(250);
    for _ in 0..3 {
        talk.short(false, FULL);
    }
    talk.answer(1, 30_000);
    let found = talk.finish();
    assert_eq!(
        (found[0].bytes, found[1].app_bytes),
        (23 * FULL as u64 + 500, 30_000)
    );
    assert!(found.iter().all(|s| !s.shared));
}

#[test]
fn a_response_that_pauses_as_long_as_another_request_would_take_is_estimated() {
    // Size of the packet before the pause, the pause, the setting in percent of the round trip.
    for (before, pause, setting, estimated) in [
        (FULL, RTT * 8 / 10, "90", false),
        (FULL, RTT * 19 / 20, "90", true),
        (FULL, RTT * 19 / 20, "100", false),
        (FULL, RTT * 11 / 10, "100", true),
        // A response ends with a packet that is not full.
        (FULL / 2, RTT * 4 / 10, "90", false),
        (FULL / 2, RTT * 6 / 10, "90", true),
    ] {
        let mut config = Config::default();
        config.set("quic_pause", setting).unwrap();
        let mut talk = Talk::with(config);
        talk.open().say(250);
        talk.wait(RTT);
        for _ in 0..10 {
            talk.short(false, FULL);
        }
        talk.short(false, before);
        talk.say(8);
        talk.wait(pause);
        for _ in 0..10 {
            talk.short(false, FULL);
        }
        let found = talk.finish();
        assert_eq!(
            (found.len(), found[0].bytes),
            (1, (20 * FULL + before) as u64)
        );
        assert_eq!(
            found[0].estimated, estimated,
            "{before} bytes, {pause} ns, {setting} %"
        );
    }
}

#[test]
fn what_may_still_be_of_the_handshake_is_estimated() {
    let mut talk = Talk::new();
    talk.initial(V1, &FIRST_ID, &crypto_frame(0, &client_hello(NAME)));
    // The server's handshake was not captured.
    talk.wait(RTT).short(true, 260);
    talk.say(250);
    talk.wait(RTT).short(false, 240);
    talk.answer(0, 50_000);
    talk.say(250);
    talk.answer(1, 60_000);
    let found = talk.finish();
    // 240 bytes too many.
    assert_eq!((found.len(), found[0].estimated), (2, true));
    assert!(
        !found[1].estimated && found[1].app_bytes.abs_diff(60_000) < 200,
        "{found:?}"
    );
}

#[test]
fn a_retry_and_a_version_negotiation_change_the_keys() {
    const RETRY_ID: [u8; 6] = *b"retry!";
    let hello = client_hello(NAME);
    for is_cut in [false, true] {
        let mut talk = Talk::new();
        // An unknown version, what the server says to it, and another beginning.
        let mut unknown = vec![0xc0, 0x1a, 0x2a, 0x3a, 0x4a, 8, 1, 1, 1, 1, 1, 1, 1, 1, 0];
        unknown.resize(1200, 9);
        assert_eq!(talk.send(true, &unknown), None);
        talk.send(
            false,
            &[
                &[0x80, 0, 0, 0, 0, 0, 8, 1, 1, 1, 1, 1, 1, 1, 1],
                &V1.to_be_bytes()[..],
            ]
            .concat(),
        );
        talk.initial(V1, &FIRST_ID, &crypto_frame(9999, b"nothing yet"));
        if is_cut {
            talk.captured = 900;
        }
        let id = |id: &[u8]| [&[id.len() as u8], id].concat();
        let retry = [
            &[0xf0, 0, 0, 0, 1],
            &id(&CLIENT_ID)[..],
            &id(&RETRY_ID),
            b"token",
            &[7; TAG_LEN],
        ]
        .concat();
        talk.wait(RTT).send(false, &retry);
        let named = talk.initial(V1, &RETRY_ID, &crypto_frame(0, &hello));
        assert!(named.is_some(), "cut: {is_cut}");
        talk.captured = usize::MAX;
        talk.handshake(V1).say(250);
        talk.answer(0, 60_000);
        assert_eq!(sizes(&talk.finish()), [60_000]);
    }
}

#[test]
fn a_connection_that_moved_goes_on() {
    let mut talk = Talk::new();
    talk.open().say(250);
    talk.answer(0, 60_000);
    talk.client_port = 50_001;
    for _ in 0..4 {
        // What was sent says how long the connection IDs are.
        talk.say(8);
        talk.short(false, 30);
    }
    assert!(talk.wait(RTT).say(250).unwrap().request);
    talk.answer(1, 70_000);
    talk.client_port = 50_000;
    talk.wait(RTT).say(250);
    talk.answer(2, 50_000);
    let found = talk.finish();
    assert_eq!(sizes(&found), [60_000, 70_000, 50_000]);
    assert_eq!(
        found
            .iter()
            .map(|s| (s.flow, s.estimated))
            .collect::<Vec<_>>(),
        [(0, false), (1, false), (0, false)]
    );
}

#[test]
fn a_response_goes_on_behind_a_port_that_changes() {
    for fixed_bit in [0x40, 0] {
        let mut talk = Talk::new();
        talk.open().say(250);
        talk.wait(RTT);
        for at in 0..60 {
            if at == 30 {
                // The client took another connection ID, and tries the path first.
                talk.client_port = 50_001;
                let mut probe = [&[fixed_bit], &b"other"[..]].concat();
                probe.resize(MIN_CLIENT_DATAGRAM, 7);
                assert!(!talk.send(true, &probe).unwrap().request);
                probe.truncate(33);
                assert!(!talk.send(true, &probe).unwrap().request);
            }
            talk.short(false, FULL);
        }
        let found = talk.finish();
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].bytes, found[0].client_port), (60 * 1252, 50_000));
    }
}

#[test]
fn two_connections_that_were_taken_for_one_come_apart() {
    let mut talk = Talk::new();
    talk.open();
    for round in 0..40 {
        talk.client_port = 50_000 + round % 2;
        talk.wait(RTT).say(8);
    }
    for port in [50_000, 50_001] {
        talk.client_port = port;
        talk.wait(RTT).say(250);
        talk.answer(0, 60_000);
    }
    let found = talk.finish();
    let ports: Vec<_> = found.iter().map(|s| s.client_port).collect();
    assert_eq!(ports, [50_000, 50_001]);
    assert!(found.iter().all(|s| s.app_bytes.abs_diff(60_000) < 600));
}

#[test]
fn a_connection_begins_behind_anything_else() {
    let stun = [&[0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42][..], &[5; 12]].concat();
    let negotiation = [&[0xc0, 0, 0, 0, 0, 0, 0][..], &[0, 0, 0, 1]].concat();
    let early = long_header(V1, Form::ZeroRtt, &FIRST_ID, &CLIENT_ID, &[], 300);
    let early = [early, vec![9; 300 + TAG_LEN]].concat();
    let before: [(bool, &[u8]); 6] = [
        (true, &stun),
        (true, &[0xff]),
        (false, &negotiation),
        (true, &[0x45; 60]),
        (false, &[0x45; 400]),
        (true, &early),
    ];
    for informed in [false, true] {
        for (from_client, datagram) in before {
            let mut talk = if informed {
                Talk::informed()
            } else {
                Talk::new()
            };
            talk.send(from_client, datagram);
            talk.wait(20 * RTT).open().say(250);
            talk.answer(0, 60_000);
            let found = talk.finish();
            let found = found.iter().max_by_key(|found| found.app_bytes).unwrap();
            assert!(
                found.app_bytes.abs_diff(60_000) < 300,
                "{informed} {datagram:02x?} {found:?}"
            );
        }
    }
}

#[test]
fn a_request_in_early_data_is_one() {
    let mut talk = Talk::new();
    talk.initial(V1, &FIRST_ID, &crypto_frame(0, &client_hello(NAME)));
    let header = long_header(V1, Form::ZeroRtt, &FIRST_ID, &CLIENT_ID, &[], 300);
    let early = [header, vec![9; 300 + TAG_LEN]].concat();
    assert!(talk.send(true, &early).unwrap().request);
    let asked = talk.frame;
    talk.handshake_with(V1, 138);
    talk.answer(0, 60_000);
    assert!(talk.wait(RTT).say(260).unwrap().request);
    talk.answer(1, 70_000);
    let found = talk.finish();
    assert_eq!(found.len(), 2);
    assert_eq!(found[0].request_frame, asked);
    assert!(found[0].app_bytes.abs_diff(60_000) < 600, "{found:?}");
    assert_eq!(found[1].app_bytes, 70_000);
}

#[test]
fn several_requests_in_a_datagram_are_as_many_as_usual_ones_fit() {
    let mut talk = Talk::new();
    talk.open().say(260);
    talk.answer(0, 60_000);
    for (content, count) in [(531, 2), (790, 3), (430, 1)] {
        let before = segments(&talk.engine).len();
        assert!(talk.wait(2 * RTT).say(content).unwrap().request);
        talk.answer(1, 100_000);
        assert_eq!(segments(&talk.engine).len() - before, count, "{content}");
    }
}

#[test]
fn what_some_clients_send_just_before_a_request_is_none() {
    let mut talk = Talk::new();
    talk.open().say(200);
    talk.answer(0, 60_000);
    talk.wait(RTT).say(49);
    assert!(talk.say(190).unwrap().request);
    talk.answer(1, 70_000);
    assert_eq!(sizes(&talk.finish()), [60_000, 70_000]);
}

#[test]
fn a_connection_without_a_beginning_is_estimated() {
    let mut talk = Talk::informed();
    talk.captured = 29;
    talk.say(8);
    talk.say(250);
    talk.answer(20, 70_000);
    talk.say(250);
    talk.answer(21, 90_000);
    let found = talk.finish();
    assert_eq!(found.len(), 2);
    for (segment, truth) in found.iter().zip([70_000, 90_000]) {
        assert!(
            segment.estimated && segment.app_bytes.abs_diff(truth) * 200 < truth,
            "{segment:?}"
        );
    }
}

#[test]
fn cut_packets_say_as_much_as_whole_ones() {
    for captured in [usize::MAX, 96, 60] {
        let mut talk = Talk::informed();
        talk.captured = captured;
        talk.open().say(250);
        // Smaller than a datagram.
        talk.answer(0, 900);
        talk.say(250);
        talk.answer(1, 70_000);
        assert_eq!(sizes(&talk.finish()), [900, 70_000], "captured: {captured}");
    }
}

#[test]
fn another_connection_from_the_same_port_is_another_flow() {
    let mut talk = Talk::new();
    talk.open().say(250);
    talk.answer(0, 60_000);
    talk.initial(V1, b"newhello", &crypto_frame(0, &client_hello(NAME)));
    talk.handshake(V1).say(250);
    talk.answer(0, 70_000);
    let found = talk.finish();
    assert_eq!(sizes(&found), [60_000, 70_000]);
    assert_eq!(
        found
            .iter()
            .map(|s| (s.flow, s.complete))
            .collect::<Vec<_>>(),
        [(0, true), (1, false)]
    );
    assert_eq!(talk.engine.server(0).unwrap().flows, 2);
}

#[test]
fn other_udp_of_a_server_is_counted_only() {
    let mut talk = Talk::informed();
    talk.server_port = 5000;
    for _ in 0..20 {
        assert!(talk.say(300).is_some());
        talk.short(false, FULL);
    }
    talk.server_port = 443;
    talk.say(30);
    for from_client in [true, false] {
        // Records of DTLS.
        talk.send(from_client, &[0x17; 400]);
    }
    assert!(talk.say(300).is_some_and(|a| !a.request));
    talk.short(false, FULL);
    assert_eq!(
        (
            talk.engine.server(0).unwrap().counters.out_pkts,
            talk.finish().len()
        ),
        (23, 0)
    );
}

#[test]
fn a_foreign_connection_is_let_go() {
    let mut talk = Talk::new();
    assert_eq!(
        talk.initial(
            V1,
            &FIRST_ID,
            &crypto_frame(0, &client_hello("www.example.org"))
        ),
        None
    );
    talk.handshake(V1).say(250);
    talk.answer(0, 60_000);
    assert_eq!((talk.engine.server_count(), talk.finish().len()), (0, 0));
}

#[test]
fn the_classic_rule_knows_the_name_and_no_segments() {
    let mut config = Config::default();
    config.set("segment_rule", "server").unwrap();
    let mut talk = Talk::with(config);
    talk.open().say(250);
    talk.answer(0, 60_000);
    assert_eq!((talk.engine.server_count(), talk.finish().len()), (1, 0));
}

#[test]
fn steps_of_the_clock_lose_nothing() {
    let mut talk = Talk::new();
    talk.open().say(250);
    let first = talk.answer(0, 60_000);
    talk.now -= 3_600_000 * MILLISECOND;
    talk.say(250);
    let second = talk.answer(1, 70_000);
    let found = talk.finish();
    assert_eq!(found.len(), 2);
    assert_eq!(
        found.iter().map(|s| s.bytes).sum::<u64>(),
        (first + second) as u64
    );
}

#[test]
fn more_connections_than_may_be_followed_make_room() {
    let mut config = Config::default();
    config.set("max_connections", "8").unwrap();
    let mut talk = Talk::with(config);
    for port in 0..40 {
        talk.client_port = 50_000 + port;
        talk.open().say(250);
        talk.answer(0, 20_000);
    }
    assert_eq!(talk.engine.stats().connections_evicted, 32);
    let found = talk.finish();
    assert_eq!(sizes(&found), [20_000; 40]);
    assert!(found.iter().all(|s| !s.complete));
}

mod anything {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    /// What may be in a datagram: noise of a length, or a packet out of an own conversation.
    fn datagram() -> impl Strategy<Value = (bool, u8, Vec<u8>)> {
        let noise = vec(any::<u8>(), 0..1500);
        let short = (any::<u8>(), 0..9000usize).prop_map(|(first, size)| vec![first | 0x40; size]);
        let long = (any::<u8>(), vec(0..24u8, 0..60), 0..1400usize).prop_map(
            |(first, mut bytes, size)| {
                bytes.resize(bytes.len().max(size), first);
                [&[first | 0xc0, 0, 0, 0, 1], &bytes[..]].concat()
            },
        );
        (any::<bool>(), any::<u8>(), prop_oneof![noise, short, long])
    }

    proptest! {
        #[test]
        fn is_survived_and_adds_up(opened: bool, captured in 28..2000usize, datagrams in vec(datagram(), 0..200)) {
            let mut talk = Talk::informed();
            if opened {
                talk.open();
            }
            talk.captured = captured;
            let mut total = 0;
            for (from_client, pause, datagram) in datagrams {
                total += if from_client { 0 } else { datagram.len() as u64 };
                talk.wait(i64::from(pause) * MILLISECOND - 40 * MILLISECOND).send(from_client, &datagram);
            }
            let found = talk.finish();
            let bytes: u64 = found.iter().map(|s| s.bytes).sum();
            prop_assert!(bytes <= total, "{bytes} of {total}");
            prop_assert!(found.iter().all(|s| s.app_bytes <= s.bytes && s.server == 0));
            if talk.engine.server_count() > 0 {
                let totals = talk.engine.server_segments(0);
                prop_assert_eq!(totals.bytes, bytes);
                prop_assert_eq!(totals.count as usize, found.len());
            }
        }
    }
}
