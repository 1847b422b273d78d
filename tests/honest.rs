//! Captures that lack packets or bytes at random: no connection carries more than was sent, and
//! hardly any segment is larger than it was without saying that it is not sure.

use std::collections::HashMap;
use std::net::IpAddr;

use nflx_core::{Config, Engine, LinkType, Packet, Segment, Time};

use crate::plugin::{decompressed, recorded_captures};

struct Frame {
    time: Time,
    original_length: u32,
    data: Vec<u8>,
}

/// Numbers that look random, the same each time.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

fn frames(bytes: &[u8]) -> Vec<Frame> {
    let mut frames = Vec::new();
    let mut rest = &bytes[24..];
    while let Some((head, behind)) = rest.split_first_chunk::<16>() {
        let word =
            |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
        let (data, behind) = behind.split_at(word(8) as usize);
        frames.push(Frame {
            time: Time::new(word(0).into(), word(4) * 1000),
            original_length: word(12),
            data: data.to_vec(),
        });
        rest = behind;
    }
    frames
}

/// Segments of the frames that are left; with all evidence, as the command has it.
fn segments(config: &Config, frames: &[Frame], left: &[bool], cut: &[usize]) -> Vec<Segment> {
    let mut engine = Engine::new(config.clone());
    for pass in 0..2 {
        if pass == 1 {
            engine = engine.restart_with_evidence();
        }
        for (at, frame) in frames.iter().enumerate().filter(|(at, _)| left[*at]) {
            engine.packet(&Packet {
                frame: at as u64 + 1,
                time: frame.time,
                link_type: LinkType::ETHERNET,
                original_length: frame.original_length,
                data: &frame.data[..frame.data.len().min(cut[at])],
            });
        }
        engine.finish();
    }
    engine.segments().cloned().collect()
}

type Connection = (IpAddr, u16, u16);

fn connection(segment: &Segment) -> Connection {
    (segment.client, segment.client_port, segment.server_port)
}

fn is_marked(segment: &Segment) -> bool {
    segment.missing_bytes > 0
        || segment.estimated
        || segment.shared
        || segment.inferred
        || !segment.complete
}

#[test]
fn damage_makes_nothing_larger_than_what_was_sent() {
    let rounds = std::env::var("NFLX_ROUNDS")
        .ok()
        .and_then(|rounds| rounds.parse().ok())
        .unwrap_or(3);
    let (mut checked, mut lost, mut unmarked) = (0, 0, Vec::new());
    for path in recorded_captures() {
        let frames = frames(&decompressed(&path));
        let mut config = Config::default();
        // Servers stay known, whatever is lost: it is sizes that are looked at.
        config
            .set("prefixes", "10.9.1.0/24,2001:db8:9::/48")
            .expect("prefixes");
        let whole = segments(
            &config,
            &frames,
            &vec![true; frames.len()],
            &vec![usize::MAX; frames.len()],
        );
        let mut sent: HashMap<Connection, u64> = HashMap::new();
        for segment in &whole {
            *sent.entry(connection(segment)).or_default() += segment.bytes;
        }
        for round in 0..rounds {
            let mut random = Random(round * 7919 + 1);
            let rate = [20, 100, 400][round as usize % 3];
            let left: Vec<bool> = frames.iter().map(|_| random.below(rate) != 0).collect();
            let cut: Vec<usize> = frames
                .iter()
                .map(|_| {
                    if random.below(rate) == 0 {
                        random.below(1500) as usize
                    } else {
                        usize::MAX
                    }
                })
                .collect();
            lost += left.iter().filter(|left| !**left).count();
            for segment in segments(&config, &frames, &left, &cut) {
                let context = format!("{} round {round}: {segment:?}", path.display());
                let all = sent.get(&connection(&segment)).copied().unwrap_or_default();
                // What TLS and QUIC add before the first request counts for nobody; a connection
                // whose beginning is lost cannot tell it.
                if all > 0 {
                    assert!(
                        segment.bytes <= all + HANDSHAKE,
                        "{context}: {all} bytes were sent"
                    );
                }
                // Requests that one packet holds are not told apart by it: the largest response to
                // them is what counts.
                let before = whole
                    .iter()
                    .filter(|s| {
                        connection(s) == connection(&segment)
                            && s.request_frame == segment.request_frame
                    })
                    .max_by_key(|s| s.bytes);
                if let Some(before) = before {
                    checked += 1;
                    let is_sound =
                        segment.bytes <= before.bytes || is_marked(&segment) || is_marked(before);
                    if !is_sound {
                        unmarked.push(format!("{context}: {} bytes were sent", before.bytes));
                    }
                }
            }
        }
    }
    assert!(
        checked > 100 && lost > 1000,
        "{checked} segments, {lost} packets left out"
    );
    println!(
        "{} of {checked} segments are larger than what was sent and do not say that they are uncertain\n{}",
        unmarked.len(),
        unmarked.join("\n")
    );
    // What is left: a small answer and the next request are both lost, before anything else came
    // down.
    assert!(
        unmarked.len() * 10_000 <= checked,
        "{} of {checked}: {}",
        unmarked.len(),
        unmarked.join("\n")
    );
}

/// Bytes of a handshake, and of session tickets, that may be taken for a response where their
/// beginning was lost.
const HANDSHAKE: u64 = 8192;
