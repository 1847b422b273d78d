//! Flows that hide what they carry.

use super::*;
use crate::wire::decode::Opaque;

/// Packets with their times.
type Frames = Vec<(i64, Vec<u8>)>;

fn read(frames: &Frames) -> Engine {
    let mut engine = Engine::new(Config::default());
    for ((time, data), frame) in frames.iter().zip(1..) {
        engine.packet(&Packet {
            frame,
            time: Time(*time),
            link_type: LinkType::ETHERNET,
            original_length: data.len() as u32,
            data,
        });
    }
    engine.finish();
    engine
}

#[test]
fn records_of_a_flow_that_begins_with_dtls_are_counted() {
    let datagram = |time: i64, payload: &[u8]| {
        let [source, destination] = ["10.0.0.2", "192.0.2.7"].map(testing::address);
        let udp = testing::udp(40_000, 4433, payload);
        let ip = testing::ip(source, destination, 17, &udp);
        (time * MILLISECOND, testing::ethernet(0x0800, &ip))
    };
    let record = [&[23, 0xfe, 0xfd][..], &[0x9e; 60]].concat();
    let records = |from: i64| (from..from + 40).map(|time| datagram(time, &record));
    let engine = read(&records(0).collect());
    assert_eq!(engine.unfollowed().headers(), [(Opaque::Dtls, 40)]);
    // Media with keys that DTLS agreed on is none, and neither is what begins otherwise.
    for (other, expected) in [(40, 40), (-1, 0)] {
        let mut frames: Frames = records(0).chain([datagram(other, &[0x80; 60])]).collect();
        frames.sort_by_key(|frame| frame.0);
        frames.extend(records(50));
        let counted = read(&frames).unfollowed().headers();
        assert_eq!(counted.iter().map(|it| it.1).sum::<u64>(), expected);
    }
}

#[test]
fn frames_in_stt_are_counted() {
    let segment = |port: u16, sequence: u32, payload: &[u8]| {
        let [source, destination] = ["10.0.0.2", "192.0.2.7"].map(testing::address);
        let tcp = testing::tcp((50_000, port), sequence, 1, testing::ACK, payload);
        let ip = testing::ip(source, destination, 6, &tcp);
        testing::ethernet(0x0800, &ip)
    };
    let frame = |kind: u16, version: u8| {
        let inner = testing::ethernet(kind, &[0x45; 60]);
        [&[version][..], &[0; 17], &inner].concat()
    };
    let whole = frame(0x0800, 0);
    let length = (whole.len() as u32 + 1000) << 16;
    let part = segment(7471, length | whole.len() as u32, &[0x9e; 1000]);
    // Each is a packet of its own, and no copy.
    let first = || segment(7471, length, &whole);
    for (packets, expected) in [
        (vec![first(), part.clone(), first()], 2),
        (vec![part, first()], 1),
        (vec![segment(7472, length, &whole)], 0),
        (vec![segment(7471, length, &frame(0x0800, 1))], 0),
        (vec![segment(7471, length, &frame(0x1234, 0))], 0),
        // What is longer than its frame is another protocol, and so is what follows.
        (
            vec![segment(7471, length | 2000, &[0x9e; 1000]), first()],
            0,
        ),
    ] {
        let frames: Frames = (0..).zip(packets).collect();
        let counted = read(&frames).unfollowed().headers();
        assert_eq!(counted.iter().map(|it| it.1).sum::<u64>(), expected);
        assert!(counted.iter().all(|it| it.0 == Opaque::Stt));
    }
}
