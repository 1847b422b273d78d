//! A conversation that was captured on both sides of an address translation.

use super::*;

/// Gives each packet with the client's address and with another one, which keeps its hops. The second
/// of both comes later; `outside_first` tells which that is, of those that the client sent or did not.
fn both_sides(talk: &Talk, outside_first: impl Fn(bool) -> bool) -> Engine {
    let mut engine = Engine::new(Config::default());
    let mut frame = 0;
    for (from_client, time, packet) in &talk.sent {
        let side = |client: (&str, u16)| {
            let mut ends = [(address(client.0), client.1), (address(SERVER), 443)];
            if !from_client {
                ends.reverse();
            }
            ip(
                ends[0].0,
                ends[1].0,
                17,
                &udp(ends[0].1, ends[1].1, &packet[28..]),
            )
        };
        let mut sides = [side((CLIENT, 50_000)), side(("203.0.113.9", 61_000))];
        if outside_first(*from_client) {
            sides.reverse();
        }
        for (packet, late) in sides.iter().zip([0, MILLISECOND / 100]) {
            frame += 1;
            give_cut(&mut engine, frame, time + late, packet, usize::MAX);
        }
    }
    engine.finish();
    engine
}

#[test]
fn both_sides_of_a_translator_that_counts_no_hop_are_one() {
    let talk = conversation(NAME);
    let engine = both_sides(&talk, |from_client| !from_client);
    assert_eq!(sizes(&segments(&engine)), [60_000, 70_000]);
    assert_eq!(engine.stats().duplicates, talk.sent.len() as u64);
    let client = segments(&engine)[0].client;
    assert_eq!(client, address(CLIENT));
}

#[test]
fn conversations_that_are_alike_are_two() {
    // As generators make them: one of them is always first.
    for is_first in [false, true] {
        let engine = both_sides(&conversation(NAME), |_| is_first);
        assert_eq!(segments(&engine).len(), 4);
        assert_eq!(engine.stats().duplicates, 0);
    }
}
