//! Captures that were sorted by the times of a clock that had stepped back.

use super::*;

/// The packets after the first so many, of the directions for which that holds, at times so much
/// earlier; then in order of time.
fn sorted(packets: &[TcpPacket], from: usize, by: i64, moves: impl Fn(bool) -> bool) -> Engine {
    let mut packets = packets.to_vec();
    for packet in &mut packets[from..] {
        let is_up = packet.source.ip() == address(CLIENT);
        packet.time -= if moves(is_up) { by } else { 0 };
    }
    packets.sort_by_key(|packet| packet.time);
    run(Config::default(), &packets).0
}

#[test]
fn packets_before_the_beginning_of_their_connection_are_counted() {
    const HOUR: i64 = 3_600_000 * MILLISECOND;
    for (talk, expected) in [http(), tls13()] {
        let half = talk.packets.len() / 2;
        let whole = sorted(&talk.packets, half, 0, |_| true);
        assert_eq!((whole.stats().disordered, sizes(&whole)), (0, expected));
        // More than the time since the beginning.
        for by in [HOUR, 5_000 * MILLISECOND] {
            for direction in [None, Some(true), Some(false)] {
                let moves = |is_up: bool| direction.is_none_or(|moved| moved == is_up);
                let engine = sorted(&talk.packets, half, by, moves);
                let moved = talk.packets[half..].len() as u64;
                let counted = engine.stats().disordered;
                assert!((2..=moved).contains(&counted), "{direction:?} {counted}");
            }
        }
    }
}

#[test]
fn requests_after_what_acknowledges_them_are_counted() {
    for (talk, _) in [http(), tls13()] {
        let late = |packets: &mut Vec<TcpPacket>, by: i64| {
            for packet in packets.iter_mut() {
                let is_up = packet.source.ip() == address(CLIENT);
                packet.time += if is_up && !packet.payload.is_empty() {
                    by
                } else {
                    0
                };
            }
            packets.sort_by_key(|packet| packet.time);
        };
        let last = talk.packets.len() - 60;
        let mut packets = talk.packets.clone();
        let mut tail = packets.split_off(last);
        late(&mut tail, 100 * MILLISECOND);
        packets.extend(tail);
        let (engine, _) = run(Config::default(), &packets);
        assert!(engine.stats().disordered > 0);
    }
}

#[test]
fn another_connection_on_the_same_ports_is_in_order() {
    let (first, _) = tls13();
    let (mut second, _) = tls13();
    let later = first.now + 60_000 * MILLISECOND;
    for packet in &mut second.packets {
        packet.time += later;
        // A number of its own.
        let ahead = 1 << 30;
        let is_up = packet.source.ip() == address(CLIENT);
        let numbers = [&mut packet.sequence, &mut packet.acknowledgement];
        let [own, other] = numbers;
        let number = if is_up { own } else { other };
        *number = number.wrapping_add(ahead);
    }
    // Joined midway, and whole.
    let packets = [&first.packets[20..], &second.packets].concat();
    let (engine, _) = run(Config::default(), &packets);
    assert_eq!(engine.stats().disordered, 0);
}
