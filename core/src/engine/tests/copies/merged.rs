//! One interface has segments that another one has merged, or has not divided yet.

use super::*;

/// The marks of packets that show when they were sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Marks {
    TimeStamp,
    Identification,
    Nothing,
}

const MARKS: [Marks; 3] = [Marks::TimeStamp, Marks::Identification, Marks::Nothing];

impl Marks {
    /// Most segments that are merged: without marks, of less than a millisecond.
    const fn most(self) -> usize {
        if matches!(self, Self::TimeStamp) {
            28
        } else {
            9
        }
    }

    /// How much later than the first of its segments a merged one is captured, in nanoseconds.
    const fn later(self) -> i64 {
        match self {
            Self::TimeStamp => 2_750_000,
            Self::Identification => 5 * MILLISECOND,
            Self::Nothing => 850_000,
        }
    }
}

/// A packet, with a time stamp of TCP if there is one.
fn given(packet: &TcpPacket, stamp: Option<i64>) -> Given {
    const HEADERS: usize = 40;
    let mut data = packet.bytes();
    if let Some(stamp) = stamp {
        let value = ((stamp / MILLISECOND) as u32).to_be_bytes();
        let option = [&[1, 1, 8, 10], &value[..], &[0; 4]].concat();
        data.splice(HEADERS..HEADERS, option);
        data[32] = 0x80;
        let length = (data.len() as u16).to_be_bytes();
        data[2..4].copy_from_slice(&length);
    }
    (packet.time, LinkType::RAW, data)
}

/// The segments of a conversation, and the same merged: with what has the same time stamp.
fn segments_and_merged(packets: &[TcpPacket], marks: Marks) -> (Vec<Given>, Vec<Given>) {
    let follows = |a: &TcpPacket, b: &TcpPacket| {
        let end = a.sequence.wrapping_add(a.payload.len() as u32);
        a.source == b.source
            && end == b.sequence
            && a.payload.len() == 1448
            && !b.payload.is_empty()
    };
    let parts: Vec<_> = packets
        .chunk_by(follows)
        .flat_map(|run| run.chunks(marks.most()))
        .collect();
    let stamp = |part: &[TcpPacket]| (marks == Marks::TimeStamp).then_some(part[0].time);
    let singles = |part: &&[TcpPacket]| -> Vec<Given> {
        part.iter()
            .map(|packet| given(packet, stamp(part)))
            .collect()
    };
    let singles: Vec<Vec<Given>> = parts.iter().map(singles).collect();
    let whole = |(part, singles): (&&[TcpPacket], &Vec<Given>)| {
        if let [single] = &singles[..] {
            return single.clone();
        }
        let payloads = part.iter().map(|packet| &packet.payload[..]);
        let whole = TcpPacket {
            payload: payloads.collect::<Vec<_>>().concat(),
            ..part[0].clone()
        };
        let mut whole = given(&whole, stamp(part));
        whole.2[4..6].copy_from_slice(&singles[0].2[4..6]);
        whole
    };
    let mut merged: Vec<Given> = parts.iter().zip(&singles).map(whole).collect();
    let mut single = singles.concat();
    if marks == Marks::Nothing {
        single = single.iter().map(unmarked).collect();
        merged = merged.iter().map(unmarked).collect();
    }
    (single, merged)
}

/// Merges what two interfaces saw: the second one's packets after all that are in them, or right
/// before.
fn both(first: &[Given], second: &[Given], later: i64) -> Vec<Given> {
    let mut all = first.to_vec();
    all.extend(second.iter().cloned().map(|mut packet| {
        packet.0 += later;
        packet
    }));
    all.sort_by_key(|packet| packet.0);
    all
}

#[test]
fn a_full_segment_and_a_short_one_were_merged_if_no_packet_holds_both() {
    for (marks, rest, is_found) in [
        (Marks::TimeStamp, 1, true),
        (Marks::Nothing, 13, true),
        // A path whose packets are as large may carry these at once.
        (Marks::Nothing, 12, false),
    ] {
        let mut talk = Talk::new(50_001, NETFLIX, 443);
        talk.tls13("ipv4-c001-zrh001-ix.1.oca.nflxvideo.net");
        talk.say(&protected(640)).hear(&protected(1443 + rest));
        let (single, merged) = segments_and_merged(&talk.packets, marks);
        assert!(merged.len() < single.len());
        let expected = rows(&analysis(Config::default(), &single));
        let packets = both(&single, &merged, marks.later());
        let (engine, _) = full_analysis(Config::default(), &packets);
        let is_each = engine.stats().duplicates == merged.len() as u64;
        assert_eq!(rows(&engine) == expected, is_found, "{marks:?} {rest}");
        assert_eq!(is_each, is_found, "{marks:?} {rest}");
    }
}

#[test]
fn merged_segments_are_copies_of_single_ones_and_the_other_way_round() {
    for marks in MARKS {
        for (talk, _) in [http(), tls13()] {
            let (single, merged) = segments_and_merged(&talk.packets, marks);
            assert!(merged.len() < single.len());
            for (first, second, later) in [
                (&single, &merged, marks.later()),
                (&merged, &single, 20_000),
            ] {
                let expected = rows(&analysis(Config::default(), first));
                let (engine, _) = full_analysis(Config::default(), &both(first, second, later));
                assert_eq!(rows(&engine), expected, "{marks:?}");
                assert_eq!(engine.stats().duplicates, second.len() as u64);
            }
        }
    }
}

#[test]
fn copies_of_another_size_that_begin_amid_a_response_are_found_in_a_second_reading() {
    let mut talk = Talk::new(50_002, NETFLIX, 443);
    talk.tls13("ipv4-c001-zrh001-ix.1.oca.nflxvideo.net");
    talk.say(&protected(640)).hear(&protected_body(600_000, 17));
    for marks in MARKS {
        let (single, merged) = segments_and_merged(&talk.packets, marks);
        for (first, second, later) in [
            (&single, &merged, marks.later()),
            (&merged, &single, 20_000),
        ] {
            let expected = rows(&analysis(Config::default(), first));
            let from = second.len() / 2;
            let packets = both(first, &second[from..], later);
            let (engine, again) = full_analysis(Config::default(), &packets);
            assert!(again);
            assert_eq!(rows(&engine), expected, "{marks:?}");
            assert_eq!(engine.stats().duplicates, (second.len() - from) as u64);
        }
    }
}

#[test]
fn what_is_sent_again_is_no_copy_though_its_size_differs() {
    for marks in MARKS {
        let (talk, _) = tls13();
        let (_, merged) = segments_and_merged(&talk.packets, marks);
        let large = merged.iter().max_by_key(|packet| packet.2.len()).unwrap();
        let at = merged.iter().position(|packet| packet == large).unwrap();
        // One of its segments, a round trip later and a later stamp with it.
        let again = TcpPacket {
            time: large.0 + 2 * MILLISECOND,
            ..talk.packets[0].clone()
        };
        let whole = talk
            .packets
            .iter()
            .find(|packet| packet.time == large.0 && packet.payload.len() == 1448);
        let again = TcpPacket {
            time: again.time,
            ..whole.unwrap().clone()
        };
        let again = given(&again, (marks == Marks::TimeStamp).then_some(again.time));
        let mut packets = merged.clone();
        packets.insert(at + 1, again);
        packets.sort_by_key(|packet| packet.0);
        let (engine, _) = full_analysis(Config::default(), &packets);
        let found = segments(&engine);
        let sent_again: u64 = found.iter().map(|it| it.retransmitted_bytes).sum();
        assert_eq!(
            (sent_again, engine.stats().duplicates),
            (1448, 0),
            "{marks:?}"
        );
    }
}
