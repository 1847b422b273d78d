//! Packets given to an engine in tests, and what it holds after them.

use std::collections::HashMap;

use super::Engine;
use crate::config::Config;
use crate::facts::annotation::{Annotation, ServerId};
use crate::facts::segment::Segment;
use crate::packet::{LinkType, Packet, Time};
use crate::testing::TcpPacket;

/// Passes a raw IP packet to an engine.
pub(crate) fn give(engine: &mut Engine, frame: u64, time: i64, data: &[u8]) -> Option<Annotation> {
    give_cut(engine, frame, time, data, data.len())
}

/// The same with only the first `captured` bytes captured.
pub(crate) fn give_cut(
    engine: &mut Engine,
    frame: u64,
    time: i64,
    data: &[u8],
    captured: usize,
) -> Option<Annotation> {
    engine.packet(&Packet {
        frame,
        time: Time(time),
        link_type: LinkType::RAW,
        original_length: data.len() as u32,
        data: &data[..captured.min(data.len())],
    })
}

/// Runs an engine with these packets. Returns it and its annotation of each.
pub(crate) fn run(config: Config, packets: &[TcpPacket]) -> (Engine, Vec<Option<Annotation>>) {
    let mut engine = Engine::new(config);
    let said = packets
        .iter()
        .zip(1..)
        .map(|(packet, frame)| give(&mut engine, frame, packet.time, &packet.bytes()))
        .collect();
    engine.finish();
    (engine, said)
}

/// Returns all segments that an engine holds, and checks that each knows its neighbours of the same
/// server.
pub(crate) fn segments(engine: &Engine) -> Vec<Segment> {
    let segments: Vec<Segment> = engine.segments().cloned().collect();
    let mut newest: HashMap<ServerId, &Segment> = HashMap::new();
    for segment in &segments {
        match newest.insert(segment.server, segment) {
            Some(before) => {
                assert_eq!(
                    (before.next, segment.previous),
                    (Some(segment.number), Some(before.number))
                );
            }
            // The previous one was evicted, or there was none.
            None => assert!(
                segment
                    .previous
                    .is_none_or(|number| engine.segment(number).is_none())
            ),
        }
    }
    assert!(newest.values().all(|segment| segment.next.is_none()));
    segments
}
