//! Records that are responses though they resemble something else, and the other way round.

mod certificates;

use super::*;
use crate::testing::{client_hello, record, server_hello};

const NAME: &str = "ipv4-c001-zrh001-ix.1.oca.nflxvideo.net";
/// Bytes that TLS 1.3 and TLS 1.2 with GCM add to a record's plaintext.
const TLS13: usize = 17;
const GCM: usize = 24;

/// Builds records with `plain` bytes of plaintext in all, at most `most` in each.
fn records(plain: usize, most: usize, overhead: usize) -> (Vec<u8>, Sizes) {
    let mut records = Vec::new();
    let mut left = plain;
    while left > 0 {
        let part = left.min(most);
        records.extend(protected(part + overhead));
        left -= part;
    }
    let size = (records.len() as u64, plain as u64);
    (records, size)
}

fn sizes_of(talk: &Talk) -> Vec<Sizes> {
    sizes(&run(Config::default(), &talk.packets).0)
}

/// Returns an engine's sizes for a conversation whose packets from `from` on were cut.
fn sizes_cut(talk: &Talk, from: usize, captured: usize) -> Vec<Sizes> {
    let mut engine = Engine::new(Config::default());
    for (at, packet) in talk.packets.iter().enumerate() {
        let bytes = packet.bytes();
        let captured = if at < from { bytes.len() } else { captured };
        give_cut(&mut engine, at as u64 + 1, packet.time, &bytes, captured);
    }
    engine.finish();
    sizes(&engine)
}

/// A handshake whose hello brings a request, and the answer to it.
fn early(flight: &[Vec<u8>], answer: &[u8]) -> Talk {
    let mut talk = Talk::new(50_030, NETFLIX, 443);
    let hello = record(22, &client_hello(NAME));
    talk.open()
        .say(&[hello, record(20, &[1]), protected(640)].concat());
    let hello = record(22, &server_hello(0x0304, 0x1301, "", [9; 32]));
    talk.hear(&[&hello, &record(20, &[1])[..], &flight.concat(), answer].concat());
    talk.say(&[protected(21), protected(53)].concat());
    talk
}

#[test]
fn an_answer_to_early_data_comes_before_the_handshake_is_finished() {
    let (first, first_size) = records(100_000, 16_384, TLS13);
    let (second, second_size) = records(50_000, 16_384, TLS13);
    // EncryptedExtensions and Finished in one record, and each in its own.
    for flight in [vec![protected(110)], vec![protected(60), protected(53)]] {
        // Tickets behind the client's Finished, or none.
        for tickets in [vec![], vec![protected(244), protected(244)]] {
            let mut talk = early(&flight, &first);
            if !tickets.is_empty() {
                talk.hear(&tickets.concat());
            }
            talk.say(&protected(640)).hear(&second);
            assert_eq!(sizes_of(&talk), [first_size, second_size]);
        }
    }
}

#[test]
fn a_single_ticket_is_none_of_the_answer_to_early_data() {
    let (first, first_size) = records(100_000, 16_384, TLS13);
    let (second, second_size) = records(50_000, 16_384, TLS13);
    let (flight, full) = ([protected(60), protected(53)], 5 + 16_384 + TLS13);
    let (ticket, seen) = (protected(322), &first[..2 * full]);
    let rest = &first[2 * full..];
    for (before, after) in [
        // Behind all of it; among its records; behind the last one, which is as small as tickets.
        (&first[..], ticket.clone()),
        (seen, [&rest[..full], &ticket, &rest[full..]].concat()),
        (seen, [rest, &ticket].concat()),
    ] {
        let mut talk = early(&flight, before);
        talk.hear(&after).say(&protected(640)).hear(&second);
        assert_eq!(sizes_of(&talk), [first_size, second_size]);
    }
    // No ticket: its small records are its own.
    for most in [1_400, 16_384] {
        let (first, first_size) = records(100_000, most, TLS13);
        let mut talk = early(&flight, &first[..2 * (5 + most + TLS13)]);
        talk.hear(&first[2 * (5 + most + TLS13)..]);
        talk.say(&protected(640)).hear(&second);
        assert_eq!(sizes_of(&talk), [first_size, second_size], "{most}");
    }
}

#[test]
fn a_ticket_is_no_answer_to_early_data_before_another_hello() {
    let (response, size) = records(100_000, 16_384, TLS13);
    let retry = crate::wire::tls::HELLO_RETRY_REQUEST;
    let mut talk = Talk::new(50_034, NETFLIX, 443);
    let hello = record(22, &client_hello(NAME));
    talk.open()
        .say(&[&hello[..], &record(20, &[1]), &protected(640)].concat());
    let asks = record(22, &server_hello(0x0304, 0x1301, "", retry));
    talk.hear(&[asks, record(20, &[1])].concat()).say(&hello);
    let chooses = record(22, &server_hello(0x0304, 0x1301, "", [9; 32]));
    talk.hear(&[chooses, protected(110)].concat());
    talk.say(&protected(53)).hear(&protected(322));
    talk.say(&protected(640)).hear(&response);
    assert_eq!(sizes_of(&talk), [size]);
}

#[test]
fn a_certificate_is_no_answer_to_early_data_that_was_refused() {
    let (response, size) = records(100_000, 16_384, TLS13);
    let flight = [
        protected(30),
        protected(2500),
        protected(281),
        protected(53),
    ];
    let mut talk = early(&flight, &[]);
    talk.say(&protected(640)).hear(&response);
    assert_eq!(sizes_of(&talk), [size]);
}

#[test]
fn small_records_of_one_length_are_a_response_if_tickets_would_be_fewer() {
    for most in [1_400, 4_079] {
        let mut talk = Talk::new(50_031, NETFLIX, 443);
        let (first, first_size) = records(100_000, most, TLS13);
        let (second, second_size) = records(60_000, most, TLS13);
        talk.tls13(NAME).say(&protected(640)).hear(&first);
        talk.say(&protected(640)).hear(&second);
        assert_eq!(sizes_of(&talk), [first_size, second_size], "{most}");
    }
    // As few as tickets are: the next response tells.
    for count in 2..=4 {
        let mut talk = Talk::new(50_031, NETFLIX, 443);
        let (first, first_size) = records(count * 4_000 + 500, 4_000, TLS13);
        let (second, second_size) = records(60_000, 4_000, TLS13);
        talk.tls13(NAME).say(&protected(640)).hear(&first);
        talk.say(&protected(640)).hear(&second);
        assert_eq!(sizes_of(&talk), [first_size, second_size], "{count}");
    }
}

#[test]
fn up_to_four_tickets_are_none_of_the_response() {
    for count in 0..=4 {
        let mut talk = Talk::new(50_032, NETFLIX, 443);
        let (response, size) = records(100_000, 16_384, TLS13);
        let tickets = vec![protected(244); count].concat();
        talk.tls13(NAME).say(&protected(640));
        talk.hear(&[tickets, response].concat());
        talk.say(&protected(640))
            .hear(&records(70_000, 16_384, TLS13).0);
        assert_eq!(sizes_of(&talk)[0].1, size.1, "{count}");
    }
}

#[test]
fn two_tickets_of_different_lengths_are_within_the_error_of_the_response() {
    let (response, size) = records(100_000, 16_384, TLS13);
    for behind in [protected(250), protected(266)] {
        let tickets = [&protected(250)[..], &behind].concat();
        let mut talk = Talk::new(50_042, NETFLIX, 443);
        talk.tls13(NAME).say(&protected(640));
        talk.hear(&[&tickets, &response[..]].concat());
        talk.say(&protected(640)).hear(&response);
        let (engine, _) = run(Config::default(), &talk.packets);
        let found = segments(&engine);
        let off = found[0].app_bytes.abs_diff(size.1);
        assert!(off <= found[0].size_error, "{off} {}", found[0].size_error);
        assert_eq!((found[1].app_bytes, found[1].size_error), (size.1, 0));
    }
}

#[test]
fn record_lengths_are_learnt_where_headers_are_cut() {
    let mut talk = Talk::new(50_033, NETFLIX, 443);
    talk.tls13(NAME);
    let begin = talk.packets.len();
    let expected = [900_000, 50_000, 700_000].map(|plain| {
        let (response, size) = records(plain, 4_079, TLS13);
        talk.say(&protected(640)).hear(&response);
        size
    });
    let found = sizes_cut(&talk, begin, 160);
    assert_eq!(found.len(), 3);
    for (found, expected) in found.iter().zip(expected) {
        assert_eq!(found.0, expected.0);
        // One record's framing at most.
        assert!(found.1.abs_diff(expected.1) <= 22, "{found:?} {expected:?}");
    }
}

#[test]
fn a_small_record_after_a_pause_may_be_none_of_the_response() {
    let (response, size) = records(100_000, 16_384, TLS13);
    // A ticket, two of them, a KeyUpdate or the last chunk; and how long after the response.
    for (late, bytes) in [
        (protected(250), 233),
        (vec![protected(250); 2].concat(), 466),
        (protected(22), 5),
    ] {
        for (pause, doubt) in [(150, 0), (170, bytes), (30_000, bytes)] {
            let mut talk = Talk::new(50_040, NETFLIX, 443);
            talk.tls13(NAME).say(&protected(640)).hear(&response);
            let mut on = talk.clone();
            talk.wait(pause * MILLISECOND + RTT).hear(&late);
            talk.say(&protected(640)).hear(&response);
            let (engine, _) = run(Config::default(), &talk.packets);
            let found = segments(&engine);
            assert_eq!(found[0].app_bytes, size.1 + bytes, "{pause}");
            assert_eq!(found[0].size_error, doubt, "{pause}");
            assert_eq!((found[1].app_bytes, found[1].size_error), (size.1, 0));
            // Where the response goes on, it was a part of it, unless it is a KeyUpdate.
            on.wait(pause * MILLISECOND).hear(&late).wait(RTT);
            on.hear(&response).say(&protected(640)).hear(&response);
            let (engine, _) = run(Config::default(), &on.packets);
            let found = segments(&engine);
            assert_eq!(found[0].app_bytes, 2 * size.1 + bytes);
            let doubt = if bytes == 5 { 5 } else { 0 };
            assert_eq!(found[0].size_error, doubt);
        }
    }
    // TLS 1.2 shows what a handshake message is.
    let mut talk = Talk::new(50_041, NETFLIX, 443);
    talk.tls12(NAME)
        .say(&protected(640))
        .hear(&records(90_000, 16_384, GCM).0);
    talk.wait(1_000 * MILLISECOND).hear(&protected(29));
    let (engine, _) = run(Config::default(), &talk.packets);
    let found = &segments(&engine)[0];
    assert_eq!((found.app_bytes, found.size_error), (90_005, 0));
}

/// An encrypted handshake message of this many bytes.
fn handshake(length: usize) -> Vec<u8> {
    record(22, &vec![0xa5; length])
}

#[test]
fn a_handshake_in_the_midst_of_tls12_asks_for_nothing() {
    for captured in [160, usize::MAX] {
        let mut talk = Talk::new(50_034, NETFLIX, 443);
        talk.tls12(NAME);
        let begin = talk.packets.len();
        let (first, first_size) = records(80_000, 16_384, GCM);
        talk.say(&protected(640));
        // The server asks for a certificate (RFC 5246, section 7.4.1.1).
        talk.hear(&handshake(28)).say(&handshake(260));
        talk.hear(&[handshake(110), handshake(3_200)].concat());
        talk.say(&[handshake(2_500), record(20, &[1]), handshake(40)].concat());
        talk.hear(&[record(20, &[1]), handshake(40)].concat());
        talk.hear(&first);
        let (second, second_size) = records(90_000, 16_384, GCM);
        talk.say(&protected(640)).hear(&second);
        assert_eq!(
            sizes_cut(&talk, begin, captured),
            [first_size, second_size],
            "{captured}"
        );
    }
}

#[test]
fn a_last_flight_of_tls12_that_is_hidden_is_none_of_the_response() {
    for (flight, is_flight) in [(306, true), (600, true), (601, false)] {
        let mut talk = Talk::new(50_036, NETFLIX, 443);
        talk.open().say(&record(22, &client_hello(NAME)));
        let begin = talk.packets.len();
        let hello = record(22, &server_hello(0x0303, 0xc02f, "", [9; 32]));
        talk.hear(&[hello, handshake(2_800), handshake(4)].concat());
        let finished = [handshake(66), record(20, &[1]), handshake(40)].concat();
        // The request does not wait for the server's Finished, whose packet shows no header.
        talk.say(&finished).say(&protected(640));
        talk.hear(&vec![0x5a; flight]);
        let (response, (bytes, plain)) = records(80_000, 16_384, GCM);
        talk.hear(&response);
        // What may be more than a flight counts as a record.
        let more = if is_flight { 0 } else { flight as u64 };
        let plain_more = more.saturating_sub((5 + GCM) as u64);
        let found = sizes_cut(&talk, begin, 160);
        assert_eq!(found, [(bytes + more, plain + plain_more)], "{flight}");
    }
}

/// A conversation whose client sends its first bytes with its SYN.
fn fast_open(port: u16, first: &[u8]) -> Talk {
    let mut talk = Talk::new(50_035, NETFLIX, port);
    talk.packet(true, SYN, first);
    talk.wait(RTT).packet(false, SYN | ACK, &[]);
    talk.packet(true, ACK, &[]);
    talk
}

#[test]
fn a_request_in_a_syn_is_of_the_same_flow_and_is_answered() {
    let mut talk = fast_open(80, REQUEST);
    let expected = [20_000, 300, 70_000].map(|body| {
        let response = response(body);
        talk.hear(&response).say(REQUEST);
        response.len() as u64
    });
    let (engine, _) = run(Config::default(), &talk.packets);
    let found = segments(&engine);
    let sizes: Vec<u64> = found.iter().map(|segment| segment.app_bytes).collect();
    assert_eq!(sizes[..3], expected);
    assert!(found.iter().all(|segment| segment.flow == 0));
    // Another connection from the same ports is another flow.
    let mut again = fast_open(80, REQUEST);
    again.packets.iter_mut().for_each(|packet| {
        packet.time += 1_000 * MILLISECOND;
    });
    for packet in &mut again.packets {
        let from_client = packet.source == again.client;
        let (up, down) = (70_000, 90_000);
        let (own, other) = if from_client { (up, down) } else { (down, up) };
        packet.sequence = packet.sequence.wrapping_add(own);
        packet.acknowledgement = packet.acknowledgement.wrapping_add(other);
    }
    let both = [talk.packets, again.packets].concat();
    let (engine, _) = run(Config::default(), &both);
    let flows: Vec<u32> = segments(&engine).iter().map(|s| s.flow).collect();
    assert_eq!(flows.last(), Some(&1));
}

/// By how much the sizes of a conversation's segments may be off.
fn errors(packets: &[TcpPacket], captured: usize) -> Vec<u64> {
    let mut engine = Engine::new(Config::default());
    for (packet, frame) in packets.iter().zip(1..) {
        give_cut(&mut engine, frame, packet.time, &packet.bytes(), captured);
    }
    engine.finish();
    let found = segments(&engine);
    found.iter().map(|segment| segment.size_error).collect()
}

#[test]
fn sizes_are_exact_where_records_show_and_off_by_little_where_they_do_not() {
    for (name, talk, expected) in conversations() {
        let whole = errors(&talk.packets, usize::MAX);
        assert!(whole.iter().all(|&error| error == 0), "{name} {whole:?}");
        assert_eq!(whole.len(), expected.len(), "{name}");
    }
    let (talk, expected) = tls13();
    let cut = errors(&talk.packets, 160);
    assert!(cut.iter().any(|&error| error > 0), "{cut:?}");
    for (error, (bytes, _)) in cut.iter().zip(expected) {
        assert!(*error < 1000 + bytes / 20, "{error} of {bytes}");
    }
}

#[test]
fn times_that_clocks_contradict_are_absent_and_steps_are_counted() {
    for (back, steps) in [(1_000, 0), (1_001, 1), (3_600_000, 1)] {
        let mut talk = Talk::new(50_036, NETFLIX, 80);
        talk.open().say(REQUEST);
        talk.wait(-back * MILLISECOND - RTT);
        let last = talk.packets.last().map_or(0, |packet| packet.time);
        talk.hear(&response(20_000));
        let first = talk.packets.iter_mut().find(|packet| packet.time < last);
        first.expect("an answer").time = last - back * MILLISECOND;
        let (engine, _) = run(Config::default(), &talk.packets);
        assert_eq!(engine.stats().clock_steps, steps, "{back}");
        let found = &segments(&engine)[0];
        assert_eq!(found.bytes, response(20_000).len() as u64);
        assert_eq!((found.ttfb(), found.duration()), (None, None));
    }
}

/// A ClientHello that offers HTTP/2.
fn hello_with_http2() -> Vec<u8> {
    let mut hello = client_hello(NAME);
    let alpn = [&[0, 16, 0, 5, 0, 3, 2], &b"h2"[..]].concat();
    // The length of the extensions stands behind version, random, session, cipher suites and
    // compression.
    for (at, width) in [(1, 3), (45, 2)] {
        let length = hello[at..at + width]
            .iter()
            .fold(0, |length, &byte| length << 8 | usize::from(byte));
        let longer = (length + alpn.len()).to_be_bytes();
        hello[at..at + width].copy_from_slice(&longer[longer.len() - width..]);
    }
    hello.extend(alpn);
    hello
}

#[test]
fn requests_at_once_behind_a_hidden_preface_are_known_by_the_servers() {
    let mut talk = Talk::new(50_037, NETFLIX, 443);
    talk.open().say(&record(22, &hello_with_http2()));
    let hello = record(22, &server_hello(0x0304, 0x1301, "", [9; 32]));
    talk.hear(&[hello, record(20, &[1]), protected(2900)].concat());
    talk.say(&[record(20, &[1]), protected(53)].concat());
    let settings = protected(9 + 18 + TLS13);
    // The first holds the client's preface as well, and is larger for that.
    talk.say(&protected(302 + TLS13));
    talk.say(&protected(200 + TLS13))
        .say(&protected(198 + TLS13));
    let (answers, size) = records(200_000, 16_384, TLS13);
    talk.hear(&settings).hear(&answers);
    let (engine, _) = run(Config::default(), &talk.packets);
    let found = segments(&engine);
    assert_eq!(found.len(), 3);
    let sum: u64 = found.iter().map(|segment| segment.bytes).sum();
    assert_eq!(sum, size.0);
    // Any of them may have got all.
    for segment in &found {
        assert!(segment.shared);
        assert!(segment.size_error >= sum - segment.bytes);
    }
}
