//! Connections that begin, pause and end.

use super::*;

/// Number, bytes and whether complete, of all segments.
fn brief(packets: &[TcpPacket]) -> Vec<(u32, u64, bool)> {
    let (engine, _) = run(Config::default(), packets);
    segments(&engine)
        .iter()
        .map(|segment| (segment.flow, segment.bytes, segment.complete))
        .collect()
}

/// One request and its answer, of a protocol without an end of its own.
fn exchange(talk: &mut Talk) -> &mut Talk {
    talk.say(&[0xee; 700]).hear(&[0xdd; 5000])
}

fn begun() -> Talk {
    let mut talk = Talk::new(50_000, NETFLIX, 9000);
    talk.open();
    exchange(&mut talk);
    talk
}

#[test]
fn a_segment_is_complete_once_the_connection_or_the_next_request_ends_it() {
    assert_eq!(brief(&begun().packets), [(0, 5000, false)]);
    let mut closed = begun();
    closed.close();
    assert_eq!(brief(&closed.packets), [(0, 5000, true)]);
    let mut next = begun();
    exchange(&mut next);
    assert_eq!(brief(&next.packets), [(0, 5000, true), (0, 5000, false)]);
    for from_client in [false, true] {
        let mut reset = begun();
        reset.packet(from_client, RST | ACK, &[]);
        assert_eq!(brief(&reset.packets), [(0, 5000, true)]);
    }
    // HTTP says itself when it is done.
    let mut http = Talk::new(50_000, NETFLIX, 80);
    let response = response(5000);
    http.open().say(REQUEST).hear(&response);
    assert_eq!(brief(&http.packets), [(0, response.len() as u64, true)]);
}

#[test]
fn both_ends_may_close_at_once() {
    let mut talk = begun();
    let before = talk.clone();
    talk.packet(true, FIN | ACK, &[]);
    let mut fin = before;
    fin.packet(false, FIN | ACK, &[]);
    talk.packets.push(fin.packets.pop().unwrap());
    talk.down = talk.down.wrapping_add(1);
    talk.packet(true, ACK, &[]);
    talk.packet(false, ACK, &[]);
    let (engine, _) = run(Config::default(), &talk.packets);
    let segment = &segments(&engine)[0];
    assert_eq!(
        (segment.bytes, segment.missing_bytes, segment.complete),
        (5000, 0, true)
    );
}

#[test]
fn data_with_fin_and_data_behind_the_clients_fin_count() {
    let mut talk = begun();
    talk.packet(true, FIN | ACK, &[0xee; 300]);
    talk.wait(RTT).packet(false, ACK, &[0xdd; 1000]);
    talk.packet(false, FIN | ACK, &[0xdd; 500]);
    talk.packet(true, ACK, &[]);
    assert_eq!(
        brief(&talk.packets).iter().map(|b| b.1).collect::<Vec<_>>(),
        [5000, 1500]
    );
}

#[test]
fn keep_alive_probes_are_neither_requests_nor_data() {
    for length in [0, 1] {
        let mut talk = begun();
        for from_client in [true, false] {
            for _ in 0..3 {
                talk.wait(1000 * MILLISECOND);
                talk.packet(from_client, ACK, &vec![0; length]);
                let own = if from_client {
                    &mut talk.up
                } else {
                    &mut talk.down
                };
                *own = own.wrapping_sub(length as u32);
                talk.packets.last_mut().unwrap().sequence = own.wrapping_sub(1);
                talk.packet(!from_client, ACK, &[]);
            }
        }
        exchange(&mut talk);
        let (engine, said) = run(Config::default(), &talk.packets);
        let segments = segments(&engine);
        assert_eq!(
            segments
                .iter()
                .map(|s| (s.bytes, s.missing_bytes))
                .collect::<Vec<_>>(),
            [(5000, 0), (5000, 0)]
        );
        assert_eq!(said.iter().flatten().filter(|said| said.request).count(), 2);
        assert_eq!(segments[0].retransmitted_bytes, 0);
    }
}

#[test]
fn a_capture_may_begin_with_a_keep_alive() {
    for from_client in [true, false] {
        let mut talk = Talk::new(50_001, NETFLIX, 80);
        for _ in 0..2 {
            let next = if from_client { talk.up } else { talk.down };
            talk.packet(from_client, ACK, &[0]);
            talk.packets.last_mut().unwrap().sequence = next.wrapping_sub(1);
            if from_client {
                talk.up = next;
            } else {
                talk.down = next;
            }
            talk.wait(RTT).packet(!from_client, ACK, &[]);
            talk.wait(5_000 * MILLISECOND);
        }
        talk.say(REQUEST).hear(&response(3_000));
        let size = response(3_000).len() as u64;
        let (engine, _) = run(Config::default(), &talk.packets);
        assert_eq!(sizes(&engine), [(size, size)], "{from_client}");
    }
}

#[test]
fn zero_window_probes_count_their_byte_once() {
    let mut talk = begun();
    talk.say(&[0xee; 700]);
    talk.wait(RTT).packet(false, ACK, &[0xdd; 1000]);
    // The client's window is full: the server tries the next byte until there is room.
    for _ in 0..3 {
        talk.wait(200 * MILLISECOND).packet(false, ACK, &[0xdd]);
        talk.down = talk.down.wrapping_sub(1);
        talk.packet(true, ACK, &[]);
    }
    talk.packet(false, ACK, &[0xdd; 1400]);
    talk.packet(true, ACK, &[]);
    let (engine, _) = run(Config::default(), &talk.packets);
    let segment = &segments(&engine)[1];
    assert_eq!(
        (
            segment.bytes,
            segment.retransmitted_bytes,
            segment.missing_bytes
        ),
        (2400, 3, 0)
    );
}

#[test]
fn a_connection_joined_midway_is_followed_from_its_next_request() {
    for (name, talk, expected) in conversations() {
        let requests: Vec<usize> = segments(&run(Config::default(), &talk.packets).0)
            .iter()
            .map(|s| s.request_frame as usize - 1)
            .collect();
        for from in [requests[1], requests[1] - 1, requests[1] - 2, requests[0]] {
            let (engine, _) = run(Config::default(), &talk.packets[from..]);
            let seen = if from == requests[0] {
                &expected[..]
            } else {
                &expected[1..]
            };
            let bytes = |sizes: &[Sizes]| sizes.iter().map(|size| size.0).collect::<Vec<_>>();
            assert_eq!(
                bytes(&sizes(&engine)),
                bytes(seen),
                "{name} from packet {}",
                from + 1
            );
            for (found, seen) in sizes(&engine).iter().zip(seen) {
                // Where no full record tells it, the overhead of the cipher that was agreed on is
                // not known.
                assert!(
                    found.1.abs_diff(seen.1) <= 7 * (1 + seen.1 / 16_384),
                    "{name} from packet {}",
                    from + 1
                );
            }
        }
    }
}

#[test]
fn ports_used_again_are_another_flow() {
    let first = begun();
    let mut second = begun();
    // Without an end to the first one, with other sequence numbers, and later.
    for packet in &mut second.packets {
        let (own, other) = if packet.source == second.client {
            (77, 99_999)
        } else {
            (99_999, 77)
        };
        packet.sequence = packet.sequence.wrapping_add(own);
        packet.acknowledgement = packet.acknowledgement.wrapping_add(other);
        packet.time += 5000 * MILLISECOND;
    }
    let packets = [&first.packets[..], &second.packets, &second.packets[..1]].concat();
    assert_eq!(brief(&packets), [(0, 5000, true), (1, 5000, false)]);
    let (engine, said) = run(Config::default(), &packets);
    assert_eq!(engine.server(0).unwrap().flows, 2);
    assert_eq!(
        said[first.packets.len()].unwrap().flow_counters.out_pkts,
        1,
        "counted from the start"
    );
    assert_eq!(
        said.last().unwrap().unwrap().flow,
        Some(1),
        "a repeated SYN opens nothing"
    );
    let server = said.last().unwrap().unwrap().server_counters;
    assert_eq!(server.in_pkts + server.out_pkts, packets.len() as u64);
}

#[test]
fn a_reset_with_text_is_no_response() {
    let mut talk = begun();
    talk.say(&[0xee; 700]);
    talk.packet(false, RST | ACK, b"go away");
    assert_eq!(brief(&talk.packets), [(0, 5000, true), (0, 0, true)]);
}

#[test]
fn a_refused_connection_has_no_segments() {
    let mut talk = Talk::new(50_000, NETFLIX, 443);
    talk.packet(true, SYN, &[]);
    talk.packet(false, RST | ACK, &[]);
    assert_eq!(brief(&talk.packets), []);
    let (engine, said) = run(Config::default(), &talk.packets);
    assert!(said.iter().all(Option::is_some) && engine.server(0).unwrap().flows == 1);
}

/// Tells of each segment whether it is aborted, where the last response is cut and this ends the
/// connection.
fn aborted_by(conversation: &Talk, cut: usize, from_client: bool, flags: u8) -> Vec<bool> {
    let mut talk = conversation.clone();
    for _ in 0..cut {
        // With the acknowledgements behind it, so that the client never had it.
        while let Some(packet) = talk.packets.pop() {
            talk.down = talk.down.wrapping_sub(packet.payload.len() as u32);
            if !packet.payload.is_empty() {
                break;
            }
        }
    }
    talk.packet(from_client, flags | ACK, &[]);
    let (engine, _) = run(Config::default(), &talk.packets);
    segments(&engine).iter().map(|s| s.aborted).collect()
}

#[test]
fn a_response_is_aborted_where_the_client_closes_in_the_middle_of_it() {
    for (name, talk, _) in conversations() {
        // What is no HTTP and no TLS has no end to tell.
        let is_told = name != "opaque";
        for flags in [RST, FIN] {
            let cut = aborted_by(&talk, 1, true, flags);
            assert_eq!(cut, [false, false, false, is_told], "{name}");
            let whole = aborted_by(&talk, 0, true, flags);
            assert_eq!(whole, [false; 4], "{name}: all of it came");
            let served = aborted_by(&talk, 1, false, flags);
            assert_eq!(served, [false; 4], "{name}: the server closed");
        }
    }
}

#[test]
fn a_response_that_ends_with_the_connection_is_not_aborted() {
    let mut talk = Talk::new(50_000, NETFLIX, 80);
    let response = [&b"HTTP/1.1 200 OK\r\n\r\n"[..], &[b'x'; 9000]].concat();
    talk.open().say(REQUEST).hear(&response);
    assert_eq!(aborted_by(&talk, 0, true, RST), [false]);
}

/// Returns true if the response is aborted that goes on for this many bytes after the client closed
/// the connection, and whose bytes the client then resets.
fn left(first: u8, bytes: usize, then: u8) -> bool {
    let mut talk = begun();
    talk.packet(true, first, &[]);
    talk.wait(RTT).packet(false, ACK, &vec![0xdd; bytes]);
    talk.packet(true, then, &[]);
    let (engine, _) = run(Config::default(), &talk.packets);
    segments(&engine)[0].aborted
}

#[test]
fn what_a_client_resets_after_it_left_was_not_wanted() {
    for first in [FIN | ACK, RST] {
        // Not more than a server's farewell.
        assert!(!left(first, 256, RST));
        assert!(left(first, 257, RST));
    }
    // It closed one direction only, and takes what comes.
    assert!(!left(FIN | ACK, 1000, ACK));
}
