//! Captures and rows for tests.

use super::row::Row;
use super::windows::{Features, WindowStats};
use crate::config::Config;
use crate::engine::Engine;
use crate::packet::{LinkType, Packet, Time};

/// Packets (time, bytes of an IP packet) in the order of a capture.
pub(super) type Given = Vec<(i64, Vec<u8>)>;

pub(super) fn config(settings: &[(&str, &str)]) -> Config {
    let mut config = Config::default();
    for (name, value) in settings {
        config.set(name, value).unwrap();
    }
    config
}

pub(super) fn packet<'a>(frame: u64, (time, data): &'a (i64, Vec<u8>)) -> Packet<'a> {
    Packet {
        frame,
        time: Time(*time),
        link_type: LinkType::RAW,
        original_length: data.len() as u32,
        data,
    }
}

/// Rows of packets that were counted in the first reading; `None` if something found no room.
pub(super) fn ahead(config: &Config, given: &Given) -> Option<(Vec<Row>, WindowStats)> {
    let mut engine = Engine::new(config.clone());
    let mut features = Features::ahead(config);
    for (given, frame) in given.iter().zip(1..) {
        let packet = packet(frame, given);
        let said = engine.packet(&packet);
        features.packet(&packet, said.as_ref());
        assert!(features.next_row().is_none(), "not before the outcome");
    }
    engine.finish();
    if engine.evidence_came_late() || !features.is_whole() {
        return None;
    }
    features.settle(&engine);
    features.finish();
    let rows = std::iter::from_fn(|| features.next_row()).collect();
    Some((rows, features.stats()))
}
