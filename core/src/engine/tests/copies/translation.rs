//! Both sides of an address translation.

use super::*;

/// Returns the packet as seen on the other side of an address translation that takes this many hops.
fn outside((time, link_type, data): &Given, hops: u8) -> Given {
    let mut data = data.clone();
    let client = [10, 0, 0, 2];
    let (address, port) = ([203, 0, 113, 9], 61_000_u16.to_be_bytes());
    if data[12..16] == client {
        data[12..16].copy_from_slice(&address);
        data[20..22].copy_from_slice(&port);
        data[8] -= hops;
    } else {
        data[16..20].copy_from_slice(&address);
        data[22..24].copy_from_slice(&port);
        data[8] += hops;
    }
    // Some translators renumber packets.
    data[4] ^= 0x80;
    (*time, *link_type, data)
}

/// Both sides of an address translation. `is_reversed` tells which packets pass outside first, of
/// those that the client sent or did not.
fn both_sides(inside: &[Given], hops: u8, is_reversed: impl Fn(bool) -> bool) -> Vec<Given> {
    let mut both = Vec::new();
    for packet in inside {
        let is_up = packet.2[12..16] == [10, 0, 0, 2];
        let mut pair = [packet.clone(), outside(packet, hops)];
        if is_reversed(is_up) {
            pair.reverse();
        }
        pair[1].0 += 10_000;
        both.extend(pair);
    }
    both
}

/// The packet with a time stamp of TCP (RFC 7323, section 3.2).
fn stamped((time, link_type, data): &Given) -> Given {
    let milliseconds = (time / MILLISECOND) as u32;
    let option = [
        &[1, 1, 8, 10][..],
        &milliseconds.to_be_bytes(),
        &[0, 0, 0, 1],
    ]
    .concat();
    let mut data = data.clone();
    let length = (data.len() + option.len()) as u16;
    data[2..4].copy_from_slice(&length.to_be_bytes());
    data[32] += (option.len() as u8 / 4) << 4;
    data.splice(40..40, option);
    (*time, *link_type, data)
}

#[test]
fn both_sides_of_an_address_translation_are_one() {
    for (talk, _) in [http(), tls13(), tls12()] {
        let plain = plain(&talk.packets);
        let stamped: Vec<_> = plain.iter().map(stamped).collect();
        for (inside, hops) in [(&plain, 1), (&stamped, 1), (&stamped, 0), (&plain, 0)] {
            let expected = rows(&analysis(Config::default(), inside));
            let both = both_sides(inside, hops, |is_up| !is_up);
            let engine = analysis(Config::default(), &both);
            assert_eq!(rows(&engine), expected, "{hops}");
            assert_eq!(engine.stats().duplicates, inside.len() as u64, "{hops}");
        }
    }
}

/// The packets of a connection with other sequence numbers: those of the SYN with SYN and ACK.
fn renumbered(packets: &[Given], (sequence, acknowledgement): (u32, u32)) -> Vec<Given> {
    let number = |data: &[u8], at: usize| u32::from_be_bytes(data[at..at + 4].try_into().unwrap());
    let opening = packets.iter().find(|packet| packet.2[33] & 0x12 == 0x12);
    let opening = opening.expect("a handshake").2.clone();
    let down = sequence.wrapping_sub(number(&opening, 24));
    let up = acknowledgement.wrapping_sub(number(&opening, 28));
    let renumber = |(time, link_type, data): &Given| {
        let mut data = data.clone();
        let is_up = data[12..16] == [10, 0, 0, 2];
        let own = number(&data, 24).wrapping_add(if is_up { up } else { down });
        let other = number(&data, 28).wrapping_add(if is_up { down } else { up });
        data[24..28].copy_from_slice(&own.to_be_bytes());
        data[28..32].copy_from_slice(&other.to_be_bytes());
        (*time, *link_type, data)
    };
    packets.iter().map(renumber).collect()
}

#[test]
fn small_sequence_numbers_without_time_stamps_show_no_translation() {
    let (talk, _) = tls13();
    for (numbers, is_one) in [
        ((1 << 16, 1 << 16), true),
        ((65_535, 1 << 16), false),
        ((1 << 16, 65_535), false),
    ] {
        let inside = renumbered(&plain(&talk.packets), numbers);
        let expected = rows(&analysis(Config::default(), &inside));
        let engine = analysis(Config::default(), &both_sides(&inside, 0, |is_up| !is_up));
        assert_eq!(rows(&engine) == expected, is_one, "{numbers:?}");
        assert_eq!(engine.stats().duplicates > 0, is_one, "{numbers:?}");
    }
}

#[test]
fn connections_that_are_alike_are_no_translation() {
    for (talk, _) in [http(), tls13()] {
        let plain = plain(&talk.packets);
        let one: Vec<_> = plain.iter().map(stamped).collect();
        let (expected, _) = rows(&analysis(Config::default(), &one));
        // Two clients at once, as generators make them: one of them is always first.
        for packets in [&one, &plain] {
            for is_second_first in [false, true] {
                let both = both_sides(packets, 0, |_| is_second_first);
                let engine = analysis(Config::default(), &both);
                let (found, _) = rows(&engine);
                assert_eq!(found.len(), 2 * expected.len());
                assert_eq!(engine.stats().duplicates, 0);
            }
        }
        // As late as no translator is.
        let window = Config::default().duplicate_window() as i64 * MILLISECOND;
        for (late, is_one) in [(window, true), (window + 1, false)] {
            let mut pairs = both_sides(&one, 0, |is_up| !is_up);
            for (pair, at) in pairs.chunks_mut(2).zip(0..) {
                // Slower than that, so that the order stays.
                pair[0].0 = 10 * window * at;
                pair[1].0 = pair[0].0 + late;
            }
            let engine = analysis(Config::default(), &pairs);
            assert_eq!(engine.stats().duplicates > 0, is_one, "{late}");
        }
    }
}
