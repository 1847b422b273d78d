//! The client's certificate, behind which its requests come.

use super::*;

/// A conversation whose server asks for the client's certificate, up to its own Finished.
fn asked_for_certificate() -> Talk {
    let mut talk = Talk::new(50_038, NETFLIX, 443);
    talk.open().say(&record(22, &client_hello(NAME)));
    let hello = record(22, &server_hello(0x0304, 0x1301, "", [9; 32]));
    talk.hear(&[hello, record(20, &[1]), protected(3100)].concat());
    talk.say(&record(20, &[1]));
    talk
}

#[test]
fn a_clients_certificate_is_no_request_in_whichever_records_it_is() {
    let (first, first_size) = records(100_000, 16_384, TLS13);
    let (second, second_size) = records(50_000, 16_384, TLS13);
    let flights: [&[usize]; 7] = [
        // All messages in one record; one that is too small for a certificate, which is empty.
        &[1_700],
        &[61],
        // As many as do not fit into one.
        &[16_401, 900],
        // Each message in a record of its own, the certificate in two of them.
        &[25, 53],
        &[1_300, 281, 53],
        &[16_401, 900, 281, 53],
        // A request is as long as a signature.
        &[2_500],
    ];
    for (flight, request) in flights.into_iter().zip([640, 640, 640, 640, 640, 640, 281]) {
        // With the request behind the flight; after the tickets that answer it; without tickets.
        for (tickets, is_late) in [(2, false), (2, true), (0, false), (0, true)] {
            let mut talk = asked_for_certificate();
            let flight: Vec<u8> = flight
                .iter()
                .flat_map(|&length| protected(length))
                .collect();
            let tickets = vec![protected(1_250); tickets].concat();
            if is_late {
                talk.say(&flight);
                if !tickets.is_empty() {
                    talk.hear(&tickets);
                }
                talk.wait(RTT).say(&protected(request)).hear(&first);
            } else {
                talk.say(&[flight, protected(request)].concat());
                talk.hear(&[tickets, first.clone()].concat());
            }
            talk.say(&protected(request)).hear(&second);
            talk.say(&protected(request)).hear(&second);
            assert_eq!(
                sizes_of(&talk),
                [first_size, second_size, second_size],
                "{is_late}"
            );
        }
    }
}

#[test]
fn a_hidden_signature_is_no_request() {
    for (signature, captured) in [(93, 256), (281, 256), (537, 256), (281, 1_000)] {
        let mut talk = asked_for_certificate();
        let begin = talk.packets.len();
        talk.say(&[protected(1_300), protected(signature), protected(53)].concat());
        talk.hear(&[protected(1_250), protected(1_250)].concat());
        let expected = [100_000, 50_000].map(|plain| {
            let (response, size) = records(plain, 16_384, TLS13);
            talk.wait(RTT).say(&protected(640)).hear(&response);
            size.0
        });
        let found: Vec<u64> = sizes_cut(&talk, begin, captured)
            .iter()
            .map(|found| found.0)
            .collect();
        assert_eq!(found, expected, "{signature} {captured}");
    }
}

#[test]
fn requests_at_once_behind_a_packed_certificate_are_known_by_their_responses() {
    for count in 1..=5 {
        let mut talk = asked_for_certificate();
        let requests = vec![protected(640); count].concat();
        talk.say(&[protected(1_700), requests].concat());
        let (response, size) = records(40_000, 16_384, TLS13);
        talk.hear(&vec![response.clone(); count].concat());
        talk.say(&protected(640)).hear(&response);
        let found = sizes_of(&talk);
        assert_eq!(found.len(), count + 1);
        let all: u64 = found.iter().map(|found| found.0).sum();
        assert_eq!(all, size.0 * (count as u64 + 1));
    }
}

#[test]
fn http2_begins_behind_a_packed_certificate_as_behind_a_finished() {
    let found = [53, 1_700].map(|flight| {
        let mut talk = Talk::new(50_039, NETFLIX, 443);
        talk.open().say(&record(22, &hello_with_http2()));
        let hello = record(22, &server_hello(0x0304, 0x1301, "", [9; 32]));
        talk.hear(&[hello, record(20, &[1]), protected(3100)].concat());
        // The client's preface with its settings, and a window.
        let preface = [protected(24 + 27 + TLS13), protected(13 + TLS13)].concat();
        talk.say(&[record(20, &[1]), protected(flight), preface, protected(220)].concat());
        let settings = [protected(9 + 18 + TLS13), protected(9 + TLS13)].concat();
        let (first, _) = records(100_000, 16_384, TLS13);
        talk.hear(&[settings, first].concat());
        talk.say(&[protected(9 + TLS13), protected(120)].concat());
        talk.hear(&records(50_000, 16_384, TLS13).0);
        sizes_of(&talk)
    });
    assert_eq!(found[0].len(), 2);
    assert_eq!(found[0], found[1]);
}
