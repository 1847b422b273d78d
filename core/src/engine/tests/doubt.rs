//! Captures that lack packets never make a segment larger than what was sent without saying that it
//! is not sure.

use super::*;

const NAME: &str = "ipv4-c001-zrh001-ix.1.oca.nflxvideo.net";

/// Segments of the conversation without these packets, which keep their numbers; packets in `cut`
/// have no payload left.
fn damaged(talk: &Talk, dropped: &[usize], cut: &[usize]) -> Vec<Segment> {
    let mut engine = Engine::new(Config::default());
    for (packet, at) in talk
        .packets
        .iter()
        .zip(0..)
        .filter(|(_, at)| !dropped.contains(at))
    {
        let bytes = packet.bytes();
        let captured = if cut.contains(&at) {
            bytes.len() - packet.payload.len()
        } else {
            bytes.len()
        };
        give_cut(&mut engine, at as u64 + 1, packet.time, &bytes, captured);
    }
    engine.finish();
    segments(&engine)
}

fn is_marked(segment: &Segment) -> bool {
    segment.missing_bytes > 0
        || segment.estimated
        || segment.shared
        || segment.inferred
        || !segment.complete
}

/// Compares segments by the packet of their request; the largest response to a packet's requests is
/// what counts.
fn assert_honest(talk: &Talk, whole: &[Segment], dropped: &[usize], cut: &[usize], context: &str) {
    for segment in damaged(talk, dropped, cut) {
        let same = whole
            .iter()
            .filter(|before| before.request_frame == segment.request_frame);
        let most = same.map(|before| before.bytes).max().unwrap_or(u64::MAX);
        assert!(
            segment.bytes <= most || is_marked(&segment),
            "{context} without {dropped:?}, cut {cut:?}: {most} bytes were sent: {segment:?}"
        );
    }
}

/// Conversations of some dozen packets.
fn short_conversations() -> Vec<(&'static str, Talk)> {
    let post = |length: usize| {
        let head = format!(
            "POST /log HTTP/1.1\r\nHost: 23.246.11.141\r\nContent-Length: {length}\r\n\r\n"
        );
        [head.as_bytes(), &vec![b'y'; length]].concat()
    };
    let mut http = Talk::new(50_001, NETFLIX, 80);
    http.open()
        .say(REQUEST)
        .hear(&response(3000))
        .say(&post(3000))
        .hear(&response(40));
    http.say(&post(900))
        .hear(&response(40))
        .say(REQUEST)
        .hear(&response(5000))
        .say(REQUEST)
        .hear(&response(200));
    http.close();
    let mut pipelined = Talk::new(50_002, NETFLIX, 80);
    let answers = [response(2500), response(1200), response(4000)].concat();
    pipelined.open().say(&REQUEST.repeat(3)).hear(&answers);
    for body in [200, 3000, 200] {
        pipelined.wait(RTT).say(REQUEST).hear(&response(body));
    }
    pipelined.close();
    let tls = |mut talk: Talk, overhead: usize| {
        for plain in [1300, 4000, 200, 5000] {
            talk.say(&protected(430 + overhead))
                .hear(&protected_body(plain, overhead));
        }
        talk.close();
        talk
    };
    let mut tls13 = Talk::new(50_003, NETFLIX, 443);
    tls13.tls13(NAME);
    let mut with_tickets = Talk::new(50_004, NETFLIX, 443);
    with_tickets.tls13(NAME).hear(&protected(244).repeat(2));
    let mut tls12 = Talk::new(50_005, NETFLIX, 443);
    tls12.tls12(NAME);
    vec![
        ("HTTP", http),
        ("pipelined HTTP", pipelined),
        ("TLS 1.3", tls(tls13, 17)),
        ("TLS 1.3 with tickets", tls(with_tickets, 17)),
        ("TLS 1.2", tls(tls12, 24)),
    ]
}

#[test]
fn any_two_packets_lost_or_cut_make_nothing_larger_unmarked() {
    for (name, talk) in short_conversations() {
        let whole = damaged(&talk, &[], &[]);
        assert!(
            whole.iter().all(|segment| !is_marked(segment)),
            "{name}: {whole:?}"
        );
        for first in 0..talk.packets.len() {
            for second in first..talk.packets.len() {
                assert_honest(&talk, &whole, &[first, second], &[], name);
                assert_honest(&talk, &whole, &[first], &[second], name);
                assert_honest(&talk, &whole, &[second], &[first], name);
            }
        }
    }
}

#[test]
fn what_was_never_captured_of_small_records_stays_missing_whatever_they_are_taken_for() {
    // Few enough for tickets, until the next response begins like them or like what followed.
    let small = |count: usize| protected(1_017).repeat(count);
    for (count, next) in [(1, 0), (1, 1), (2, 1), (3, 1), (4, 1), (6, 1)] {
        let mut talk = Talk::new(50_006, NETFLIX, 443);
        talk.mss = 400;
        talk.tls13(NAME).say(&protected(430));
        let begins = talk.packets.len();
        talk.hear(&[small(count), protected(5_000)].concat());
        let ends = talk.packets.len();
        talk.say(&protected(430))
            .hear(&[small(next), protected(5_000)].concat())
            .close();
        for first in begins..ends {
            for second in first..ends {
                let lost = &[first, second];
                let captured: usize = talk
                    .packets
                    .iter()
                    .zip(0..)
                    .filter(|(packet, at)| packet.source == talk.server && !lost.contains(at))
                    .skip_while(|&(_, at)| at < begins)
                    .map(|(packet, _)| packet.payload.len())
                    .sum();
                let counted: u64 = damaged(&talk, lost, &[])
                    .iter()
                    .map(|segment| segment.bytes - segment.missing_bytes)
                    .sum();
                assert!(
                    counted <= captured as u64,
                    "{count} small records, then {next}, without {lost:?}: {counted} of {captured}"
                );
            }
        }
    }
}

#[test]
fn what_was_never_captured_of_a_ticket_is_not_missing_from_the_response() {
    let mut talk = Talk::new(50_007, NETFLIX, 443);
    talk.mss = 400;
    talk.tls13(NAME).say(&protected(430));
    let begins = talk.packets.len();
    talk.hear(&[protected(1_017), protected(17_000)].concat());
    // Responses begin with full records, so the small one before the first was a ticket.
    talk.say(&protected(430)).hear(&protected(17_000)).close();
    let whole = damaged(&talk, &[], &[]);
    for (lost, missing) in [(begins + 1, 0), (begins + 3, 400)] {
        let found = damaged(&talk, &[lost], &[]);
        assert_eq!(
            (found[0].bytes, found[0].missing_bytes),
            (whole[0].bytes, missing)
        );
    }
}

#[test]
fn the_size_of_a_response_covers_a_key_update_in_it() {
    let update = || protected(5 + 17);
    let full = || protected_body(16_384, 17);
    for (between, errors) in [
        (vec![full(), update(), full()], 5),
        // It ends with such a record, as responses of chunks do.
        (vec![full(), full(), update()], 0),
        // Servers that write so themselves do so more than once.
        (vec![full(), update(), update(), full()], 0),
        (
            vec![full(), update(), full(), update(), full(), update()],
            0,
        ),
        (vec![full(), protected(6 + 17), full()], 0),
        (vec![full(), protected(4 + 17), full()], 0),
    ] {
        let mut talk = Talk::new(50_008, NETFLIX, 443);
        talk.tls13(NAME);
        for _ in 0..2 {
            let records = [full(), between.concat()].concat();
            talk.wait(400 * MILLISECOND)
                .say(&protected(640))
                .hear(&records);
        }
        talk.close();
        let found = damaged(&talk, &[], &[]);
        let found: Vec<_> = found.iter().map(|it| it.size_error).collect();
        assert_eq!(found, [errors; 2], "{:?}", between.len());
    }
}
