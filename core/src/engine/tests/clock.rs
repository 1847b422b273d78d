//! Clocks that step within responses: sizes stay, and no duration contradicts the clock.

use super::*;

const HOUR: i64 = 3_600_000 * MILLISECOND;

/// The packets `from..to` at times so much later.
fn moved(packets: &[TcpPacket], range: core::ops::Range<usize>, by: i64) -> Vec<TcpPacket> {
    let mut packets = packets.to_vec();
    packets[range]
        .iter_mut()
        .for_each(|packet| packet.time += by);
    packets
}

#[test]
fn whatever_the_clock_does_within_a_response_sizes_stay_and_no_duration_is_absurd() {
    let (talk, expected) = tls13();
    let plain = run(Config::default(), &talk.packets).0;
    let count = talk.packets.len();
    for by in [HOUR, -HOUR, 30_000 * MILLISECOND] {
        // A clock that is behind from the first packet on is right for all that shows.
        for from in 1..count {
            for length in [1, 7, 40] {
                // To the end it would be a silence.
                let range = from..(from + length).min(count - 1);
                if range.is_empty() {
                    continue;
                }
                let packets = moved(&talk.packets, range.clone(), by);
                let (engine, _) = run(Config::default(), &packets);
                assert_eq!(sizes(&engine), expected, "{by} {range:?}");
                for (found, right) in segments(&engine).iter().zip(segments(&plain)) {
                    let what = format!("{by} {range:?} {found:?}");
                    assert!(
                        found.ttfb().is_none_or(|t| Some(t) == right.ttfb()),
                        "{what}"
                    );
                    assert!(
                        found.duration().is_none_or(|t| Some(t) == right.duration()),
                        "{what}"
                    );
                    let rate = found.throughput();
                    assert!(
                        rate.is_none_or(|rate| Some(rate) == right.throughput()),
                        "{what}"
                    );
                    assert_eq!(found.kind, right.kind, "{what}");
                }
            }
        }
    }
}

#[test]
fn a_direction_with_a_clock_of_its_own_gives_no_absurd_duration() {
    let (talk, expected) = tls13();
    // The client acknowledges each packet, so the clock steps more often than is remembered.
    let mut plain = Vec::new();
    for packet in talk.packets {
        let is_data = packet.source.port() == 443 && !packet.payload.is_empty();
        let acknowledges = TcpPacket {
            source: packet.destination,
            destination: packet.source,
            sequence: packet.acknowledgement,
            acknowledgement: packet.sequence.wrapping_add(packet.payload.len() as u32),
            flags: testing::ACK,
            payload: Vec::new(),
            time: packet.time + 1000,
        };
        plain.push(packet);
        plain.extend(is_data.then_some(acknowledges));
    }
    let right = segments(&run(Config::default(), &plain).0);
    for (server, by) in [(true, HOUR), (true, -HOUR), (false, HOUR), (false, -HOUR)] {
        for from in (1..plain.len()).step_by(7) {
            let mut packets = plain.clone();
            packets[from..]
                .iter_mut()
                .filter(|packet| (packet.source.port() == 443) == server)
                .for_each(|packet| packet.time += by);
            let (engine, _) = run(Config::default(), &packets);
            assert_eq!(sizes(&engine), expected, "{server} {by} {from}");
            for (found, right) in segments(&engine).iter().zip(&right) {
                let what = format!("{server} {by} {from} {found:?}");
                assert!(found.ttfb().is_none_or(|t| t < HOUR / 2), "{what}");
                assert!(found.duration().is_none_or(|t| t < HOUR / 2), "{what}");
                assert_eq!(found.app_bytes, right.app_bytes, "{what}");
            }
        }
    }
}

#[test]
fn times_that_contradict_the_order_are_known_without_a_step() {
    let (talk, expected) = tls13();
    let half_a_second = |is_late: fn(&TcpPacket) -> bool| {
        let mut packets = talk.packets.clone();
        packets
            .iter_mut()
            .filter(|packet| is_late(packet))
            .for_each(|packet| packet.time -= 500 * MILLISECOND);
        let (engine, _) = run(Config::default(), &packets);
        assert_eq!(sizes(&engine), expected);
        assert_eq!(engine.stats().clock_steps, 0);
        let found = segments(&engine);
        found.iter().filter(|found| found.is_contradicted()).count()
    };
    assert_eq!(
        half_a_second(|packet| packet.source.port() == 443),
        expected.len()
    );
    assert_eq!(half_a_second(|packet| packet.source.port() != 443), 0);
}

#[test]
fn responses_on_one_side_of_a_step_keep_their_durations() {
    let (talk, _) = tls13();
    let plain = run(Config::default(), &talk.packets).0;
    let rows = segments(&plain);
    let at = rows[2].first_frame.unwrap() as usize + 2;
    let last = rows[2].last_frame.unwrap() as usize;
    for packets in [
        moved(&talk.packets, at..last, HOUR),
        moved(&talk.packets, at..talk.packets.len(), -HOUR),
    ] {
        let (engine, _) = run(Config::default(), &packets);
        let durations = |engine: &Engine| {
            segments(engine)
                .iter()
                .map(Segment::duration)
                .collect::<Vec<_>>()
        };
        let mut right = durations(&plain);
        right[2] = None;
        assert_eq!(durations(&engine), right);
        assert_eq!(engine.stats().clock_steps, 1);
        assert!(segments(&engine)[2].ttfb().is_some());
    }
}

/// A response in two halves, between which another connection's packets come with a clock an hour
/// ahead, for so long.
fn with_a_leap_between(lasting: i64) -> (Vec<TcpPacket>, u64) {
    let (talk, expected) = tls13();
    let frame = segments(&run(Config::default(), &talk.packets).0)[0]
        .first_frame
        .unwrap() as usize;
    let (before, behind) = talk.packets.split_at(frame + 10);
    let mut other = Talk::new(50_099, "192.0.2.200", 443);
    other.now = before.last().unwrap().time + MILLISECOND;
    let start = other.now;
    other.open();
    for _ in 0..200 {
        other.wait(lasting / 200).say(&[9; 40]);
    }
    let end = start + lasting;
    other.packets.retain(|packet| packet.time <= end);
    let mut ahead = moved(&other.packets, 0..other.packets.len(), HOUR);
    let mut last = ahead.last().unwrap().clone();
    last.time = end + HOUR;
    ahead.push(last);
    let late = behind.iter().cloned().map(|packet| TcpPacket {
        time: packet.time + lasting,
        ..packet
    });
    (
        before.iter().cloned().chain(ahead).chain(late).collect(),
        expected[0].0,
    )
}

#[test]
fn a_leap_ends_nothing_until_the_clock_has_gone_on_for_so_long() {
    for (doubt, lasting, is_whole) in [
        (10, 9_900, true),
        (10, 10_100, false),
        (20, 10_100, true),
        (0, 1_000, false),
    ] {
        let (packets, bytes) = with_a_leap_between(lasting * MILLISECOND);
        let mut config = Config::default();
        config.set("clock_doubt", &doubt.to_string()).unwrap();
        let (engine, _) = run(config, &packets);
        let found = segments(&engine)[0].bytes;
        assert_eq!(
            found == bytes,
            is_whole,
            "{doubt} s, {lasting} ms: {found} of {bytes}"
        );
    }
}

#[test]
fn a_step_counts_from_so_much_on() {
    for (step, counts) in [("999", true), ("1000", false)] {
        let (talk, _) = tls13();
        let mut config = Config::default();
        config.set("clock_step", step).unwrap();
        let at = talk.packets.len() - 5;
        let mut packets = talk.packets;
        let by = packets[at - 1].time - packets[at].time - 1_000 * MILLISECOND;
        let end = packets.len();
        packets = moved(&packets, at..end, by);
        let (engine, _) = run(config, &packets);
        assert_eq!(engine.stats().clock_steps, u64::from(counts), "{step} ms");
        let last = segments(&engine).pop().unwrap();
        assert_eq!(last.beyond_step.last(), counts, "{step} ms");
    }
}

#[test]
fn a_response_that_goes_on_behind_a_silence_in_which_it_settles_has_no_duration() {
    for (silence, is_known) in [(119, true), (121, false)] {
        let (mut talk, _) = tls13();
        let at = talk.packets.len() - 5;
        let end = talk.packets.len();
        talk.packets = moved(&talk.packets, at..end, silence * 1_000 * MILLISECOND);
        let (engine, _) = run(Config::default(), &talk.packets);
        let last = segments(&engine).pop().unwrap();
        assert_eq!(last.duration().is_some(), is_known, "{silence} s");
        assert_eq!(last.throughput().is_some(), is_known, "{silence} s");
    }
}

#[test]
fn packets_without_a_time_have_that_of_the_packet_before() {
    for (talk, expected) in [http(), tls13(), tls12()] {
        let whole = segments(&run(Config::default(), &talk.packets).0);
        let mut packets = talk.packets;
        let untimed = packets.iter_mut().skip(7).step_by(10);
        let untimed = untimed.map(|packet| packet.time = 0).count();
        let (engine, _) = run(Config::default(), &packets);
        assert_eq!(sizes(&engine), expected);
        let stats = engine.stats();
        assert_eq!((stats.untimed, stats.clock_steps), (untimed as u64, 0));
        for (segment, whole) in segments(&engine).iter().zip(&whole) {
            let off = segment.t_request.since(whole.t_request);
            assert!((-500 * MILLISECOND..=0).contains(&off), "{off}");
            assert!(segment.t_last >= segment.t_first && segment.t_first.is_some());
        }
    }
}

#[test]
fn a_capture_that_begins_without_a_time_is_read_again() {
    let (mut talk, expected) = tls13();
    let start = talk.packets[2].time;
    talk.packets[..2]
        .iter_mut()
        .for_each(|packet| packet.time = 0);
    // Later than any time that is none.
    let late = 50 * 365 * 24 * HOUR;
    talk.packets[2..]
        .iter_mut()
        .for_each(|packet| packet.time += late);
    let (engine, _) = run(Config::default(), &talk.packets);
    assert!(engine.segments_missed());
    let mut engine = engine.restart_with_evidence();
    for (packet, frame) in talk.packets.iter().zip(1..) {
        give(&mut engine, frame, packet.time, &packet.bytes());
    }
    engine.finish();
    assert_eq!((sizes(&engine), engine.stats().untimed), (expected, 2));
    let first = engine.server(0).unwrap().t_first;
    assert_eq!(first, Time(start + late));
}

#[test]
fn a_capture_that_begins_at_zero_has_times() {
    let (mut talk, expected) = tls13();
    let start = talk.packets[0].time;
    talk.packets
        .iter_mut()
        .for_each(|packet| packet.time -= start);
    let (engine, _) = run(Config::default(), &talk.packets);
    assert_eq!((sizes(&engine), engine.stats().untimed), (expected, 0));
}
