//! Requests and responses that are hard to tell from what is around them.

use super::*;
use crate::testing::{client_hello, record, server_hello};

const NAME: &str = "ipv4-c001-zrh001-ix.1.oca.nflxvideo.net";
/// Bytes that TLS 1.3 and TLS 1.2 with GCM add to a record's plaintext.
const TLS13: usize = 17;
const GCM: usize = 24;

/// A ticket's record.
fn ticket() -> Vec<u8> {
    protected(244)
}

/// The sizes of the segments of a conversation.
fn sizes_of(talk: &Talk) -> Vec<Sizes> {
    sizes(&run(Config::default(), &talk.packets).0)
}

/// A response in records, and its sizes.
fn answer(plain: usize, overhead: usize) -> (Vec<u8>, Sizes) {
    let records = protected_body(plain, overhead);
    let size = (records.len() as u64, plain as u64);
    (records, size)
}

#[test]
fn a_request_that_was_not_captured_has_its_response_all_the_same() {
    for (name, talk, expected) in conversations() {
        let whole = segments(&run(Config::default(), &talk.packets).0);
        for request in &whole[1..] {
            let mut packets = talk.packets.clone();
            packets.remove(request.request_frame as usize - 1);
            let (engine, _) = run(Config::default(), &packets);
            let bytes: Vec<u64> = segments(&engine)
                .iter()
                .map(|segment| segment.bytes)
                .collect();
            let context = format!(
                "{name} without the request in packet {}",
                request.request_frame
            );
            assert_eq!(
                bytes,
                expected.iter().map(|size| size.0).collect::<Vec<_>>(),
                "{context}"
            );
        }
    }
}

#[test]
fn tickets_in_the_packet_that_begins_the_response_are_none_of_it() {
    let mut talk = Talk::new(50_010, NETFLIX, 443);
    talk.mss = 20_000;
    let (records, size) = answer(40_000, TLS13);
    talk.tls13(NAME)
        .say(&protected(640))
        .hear(&[ticket(), ticket(), records].concat());
    assert_eq!(sizes_of(&talk), [size]);
}

#[test]
fn a_second_client_hello_finishes_no_handshake() {
    let mut talk = Talk::new(50_011, NETFLIX, 443);
    let retry: [u8; 32] = [
        0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8,
        0x91, 0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8,
        0x33, 0x9c,
    ];
    let hello = record(22, &client_hello(NAME));
    talk.open().say(&hello).hear(
        &[
            record(22, &server_hello(0x0304, 0x1301, "", retry)),
            record(20, &[1]),
        ]
        .concat(),
    );
    talk.say(&[record(20, &[1]), hello].concat());
    let flight = [
        record(22, &server_hello(0x0304, 0x1301, "", [9; 32])),
        protected(30),
        protected(2500),
        protected(53),
    ];
    talk.hear(&flight.concat()).say(&protected(53));
    let (records, size) = answer(40_000, TLS13);
    talk.say(&protected(640))
        .hear(&[ticket(), ticket(), records].concat());
    assert_eq!(sizes_of(&talk), [size]);
}

#[test]
fn a_single_ticket_shows_by_how_later_responses_begin() {
    // Responses that begin with a head of their own, and such that do not.
    for heads in [true, false] {
        for has_ticket in [true, false] {
            let mut talk = Talk::new(50_012, NETFLIX, 443);
            talk.tls13(NAME);
            let expected = [30_000, 45_000].map(|body| {
                let (records, size) = answer(body, TLS13);
                let head = if heads {
                    protected(400 + TLS13)
                } else {
                    Vec::new()
                };
                let ticket = if has_ticket && body == 30_000 {
                    ticket()
                } else {
                    Vec::new()
                };
                talk.say(&protected(640))
                    .hear(&[ticket, head.clone(), records].concat());
                talk.wait(400 * MILLISECOND);
                (
                    size.0 + head.len() as u64,
                    size.1 + if heads { 400 } else { 0 },
                )
            });
            assert_eq!(
                sizes_of(&talk),
                expected,
                "head apart: {heads}, ticket: {has_ticket}"
            );
        }
    }
}

#[test]
fn two_small_responses_of_one_length_are_no_tickets() {
    let mut talk = Talk::new(50_013, NETFLIX, 443);
    talk.tls13(NAME);
    let (records, size) = answer(150, TLS13);
    for _ in 0..2 {
        talk.wait(400 * MILLISECOND)
            .say(&protected(640))
            .hear(&records);
    }
    assert_eq!(sizes_of(&talk), [size, size]);
}

#[test]
fn full_records_have_no_doubtful_padding() {
    let mut talk = Talk::new(50_014, NETFLIX, 443);
    talk.open().say(&record(22, &client_hello(NAME)));
    // TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA.
    talk.hear(
        &[
            record(22, &server_hello(0x0303, 0xc009, "", [9; 32])),
            record(22, &[14, 0, 0, 0]),
        ]
        .concat(),
    );
    talk.say(&[record(22, &[4; 70]), record(20, &[1]), record(22, &[3; 64])].concat());
    talk.hear(&[record(20, &[1]), record(22, &[3; 64])].concat());
    // IV, MAC of 20 bytes, and 12 bytes of padding.
    let full = protected(16 + 16_384 + 20 + 12);
    talk.say(&protected(700))
        .hear(&[full.clone(), full.clone(), full].concat());
    assert_eq!(sizes_of(&talk)[0].1, 3 * 16_384);
}

/// HTTP/2 over TLS 1.2.
fn http2(port: u16) -> Talk {
    let mut talk = Talk::new(port, NETFLIX, 443);
    talk.open().say(&record(22, &client_hello(NAME)));
    talk.hear(
        &[
            record(22, &server_hello(0x0303, 0xc02f, "h2", [9; 32])),
            record(22, &[14, 0, 0, 0]),
        ]
        .concat(),
    );
    talk.say(&[record(22, &[4; 66]), record(20, &[1]), record(22, &[3; 40])].concat());
    talk.hear(&[record(20, &[1]), record(22, &[3; 40])].concat());
    talk
}

#[test]
fn a_body_in_http2_is_no_request_and_a_small_answer_is_over_in_silence() {
    let mut talk = http2(50_015);
    talk.say(&protected(300 + GCM));
    talk.say(&[protected(16_384 + GCM), protected(700 + GCM)].concat());
    let small = protected(94 + GCM);
    talk.hear(&small).wait(400 * MILLISECOND);
    talk.say(&protected(60 + GCM)).say(&protected(61 + GCM));
    let (first, _) = answer(50_000, GCM);
    let (second, _) = answer(20_000, GCM);
    talk.hear(&[first.clone(), second.clone()].concat());
    let bytes: Vec<u64> = sizes_of(&talk).iter().map(|size| size.0).collect();
    assert_eq!(
        bytes,
        [small.len() as u64, first.len() as u64, second.len() as u64]
    );
}

/// Returns which of so many responses count as given up beside which such a record of the client
/// came, another request this long behind it, and data, which the server sent before it had that
/// request or after.
fn given_up_of(open: usize, plain: usize, wait: i64, sent_before: bool) -> Vec<bool> {
    let mut talk = http2(50_021);
    let (records, _) = answer(60_000, GCM);
    for _ in 0..open {
        talk.say(&protected(300 + GCM));
    }
    talk.hear(&records[..20_000]);
    talk.say(&protected(plain + GCM)).wait(wait);
    let request = protected(61 + GCM);
    talk.say(&request);
    talk.packet(false, ACK, &records[20_000..21_000]);
    if sent_before && let Some(packet) = talk.packets.last_mut() {
        packet.acknowledgement = packet.acknowledgement.wrapping_sub(request.len() as u32);
    }
    let (engine, _) = run(Config::default(), &talk.packets);
    let found = segments(&engine);
    found.iter().map(|s| s.given_up_after.is_some()).collect()
}

fn given_up(plain: usize, wait: i64, sent_before: bool) -> Vec<bool> {
    given_up_of(1, plain, wait, sent_before)
}

#[test]
fn of_the_responses_in_progress_the_latest_two_may_be_given_up() {
    let turn = 9 * MILLISECOND;
    assert_eq!(given_up_of(2, 13, turn, true), [true, true, false]);
    assert_eq!(given_up_of(3, 13, turn, true), [false, true, true, false]);
}

#[test]
fn a_reset_in_http2_gives_up_what_goes_on() {
    let turn = 9 * MILLISECOND;
    assert_eq!(given_up(13, turn, true), [true, false]);
    assert_eq!(given_up(13, turn + 2 * MILLISECOND, true), [false; 2]);
    assert_eq!(given_up(13, turn, false), [false; 2], "it was over");
    assert_eq!(given_up(17, turn, true), [false; 2], "a ping");
}

#[test]
fn a_reset_in_http2_is_certain_when_the_server_has_been_silent() {
    let given_up = |silence: i64| {
        let mut talk = http2(50_022);
        let (records, _) = answer(60_000, GCM);
        talk.say(&protected(300 + GCM)).hear(&records[..20_000]);
        talk.wait(silence).say(&protected(13 + GCM));
        talk.say(&protected(61 + GCM));
        let (engine, _) = run(Config::default(), &talk.packets);
        segments(&engine)[0].given_up_after.is_some()
    };
    assert!(given_up(1_000 * MILLISECOND));
    assert!(!given_up(990 * MILLISECOND));
}

#[test]
fn a_port_used_again_is_another_connection_though_only_the_server_was_captured() {
    let mut packets = Vec::new();
    for number in 0..3 {
        let mut talk = Talk::new(50_016, NETFLIX, 80);
        talk.now += 5_000 * MILLISECOND * number;
        talk.up = talk.up.wrapping_add(0x1234_5678 * number as u32);
        talk.down = talk.down.wrapping_add(0x2345_6789 * number as u32);
        talk.open().say(REQUEST).hear(&response(20_000));
        packets.extend(
            talk.packets
                .iter()
                .filter(|packet| packet.source == talk.server)
                .cloned(),
        );
    }
    let (engine, _) = run(Config::default(), &packets);
    let size = response(20_000).len() as u64;
    let found = segments(&engine);
    assert_eq!(
        found
            .iter()
            .map(|segment| segment.bytes)
            .collect::<Vec<_>>(),
        [size; 3]
    );
    assert_eq!(
        found.iter().map(|segment| segment.flow).collect::<Vec<_>>(),
        [0, 1, 2]
    );
}

#[test]
fn a_long_request_read_late_is_one() {
    let mut talk = Talk::new(50_017, NETFLIX, 443);
    talk.tls13(NAME);
    let (records, size) = answer(40_000, TLS13);
    talk.say(&protected(640))
        .hear(&records)
        .wait(400 * MILLISECOND);
    let body = [
        protected(640),
        protected(9_000 + TLS13),
        protected(9_000 + TLS13),
    ]
    .concat();
    let begin = talk.packets.len();
    talk.say(&body).hear(&records).wait(400 * MILLISECOND);
    talk.say(&protected(640)).hear(&records);
    for lost in begin..begin + body.len().div_ceil(talk.mss) {
        let mut packets = talk.packets.clone();
        packets.remove(lost);
        let bytes: Vec<u64> = sizes(&run(Config::default(), &packets).0)
            .iter()
            .map(|size| size.0)
            .collect();
        assert_eq!(bytes, [size.0; 3], "without packet {}", lost + 1);
    }
}

#[test]
fn an_interim_response_is_none_of_the_response() {
    let mut talk = Talk::new(50_018, NETFLIX, 443);
    talk.tls13(NAME);
    let (records, size) = answer(40_000, TLS13);
    let interim = protected(25 + TLS13);
    talk.say(&protected(640))
        .hear(&interim)
        .say(&protected(3_000))
        .hear(&records);
    assert_eq!(sizes_of(&talk), [(size.0 + interim.len() as u64, size.1)]);

    let mut talk = Talk::new(50_019, NETFLIX, 80);
    let interim = b"HTTP/1.1 100 Continue\r\n\r\n";
    let response = response(40_000);
    talk.open().say(b"POST /log HTTP/1.1\r\nHost: 23.246.11.141\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
    talk.hear(interim).say(b"abc").hear(&response);
    let length = response.len() as u64;
    assert_eq!(sizes_of(&talk), [(length + interim.len() as u64, length)]);
}

#[test]
fn responses_in_http2_one_by_one_are_apart_though_their_records_are_hidden() {
    let mut talk = http2(50_020);
    let expected = [30_000, 1, 45_000, 25_000].map(|plain| {
        let records = [protected(100 + GCM), protected_body(plain, GCM)].concat();
        talk.say(&protected(300 + GCM)).hear(&records);
        records.len() as u64
    });
    let mut engine = Engine::new(Config::default());
    for (packet, frame) in talk.packets.iter().zip(1..) {
        // The handshake whole, and 160 bytes of what follows.
        let captured = if frame < 12 { usize::MAX } else { 160 };
        give_cut(&mut engine, frame, packet.time, &packet.bytes(), captured);
    }
    engine.finish();
    assert_eq!(
        sizes(&engine).iter().map(|size| size.0).collect::<Vec<_>>(),
        expected
    );
}

#[test]
fn frames_of_http2_are_cut_into_records_that_are_shorter() {
    let mut talk = http2(50_021);
    let short = protected(1_300 + GCM);
    // nghttpx begins so: each of its records fits a packet, and a frame of 16 kB is in thirteen of
    // them.
    talk.say(&protected(300 + GCM)).hear(&short);
    talk.hear(&short.repeat(50));
    let mut engine = Engine::new(Config::default());
    for (packet, frame) in talk.packets.iter().zip(1..) {
        let captured = if frame < 12 { usize::MAX } else { 160 };
        give_cut(&mut engine, frame, packet.time, &packet.bytes(), captured);
    }
    engine.finish();
    let data = 51 * 1_300 - Config::default().http2_head();
    let body = data - data.div_ceil(16_384 + 9) * 9;
    let found = sizes(&engine)[0].1;
    assert!(found.abs_diff(body) < 50, "{found} of {body}");
}
