//! One direction of a TCP connection against a naive model: every byte of a packet is new, seen
//! again or filled in; a reader gets all bytes once, in order, and the right ones.

use std::sync::LazyLock;

use nflx_core::Time;
use nflx_core::fuzzing::Stamp;
use nflx_core::fuzzing::stream::{HoldLimits, Note, Run, Stream};

use crate::Input;

/// Bytes of the stream that the model knows.
const SIZE: usize = 1 << 15;

/// The largest room given for bytes behind holes. A buffer that grows takes three times of it for a
/// moment, which stays below what a parser may take. Packets of `wild` are longer than the input
/// that asks for them.
const MOST_KEPT: usize = 1 << 15;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Byte {
    Unseen,
    Seen,
    /// Read as missing.
    Missing,
}

struct Model {
    bytes: Vec<Byte>,
    /// Offset that the stream gave to the byte 0.
    base: u64,
    /// Up to where bytes were read.
    next: u64,
    /// No packet was cut and none found no room.
    whole: bool,
    packets: u64,
    /// Behind the last byte seen.
    end: usize,
}

impl Model {
    fn read(&mut self, run: &Run<'_>) {
        assert_eq!(run.offset, self.next, "runs follow each other");
        assert!(run.length > 0 && run.bytes.len() as u64 <= run.length);
        let (from, to) = (
            (run.offset - self.base) as usize,
            (run.offset + run.length - self.base) as usize,
        );
        self.next += run.length;
        let bytes = &mut self.bytes[from..to];
        let expected = if run.missing {
            Byte::Unseen
        } else {
            Byte::Seen
        };
        assert!(
            bytes.iter().all(|byte| *byte == expected),
            "bytes {from} to {to}: {expected:?}"
        );
        if run.missing {
            bytes.fill(Byte::Missing);
        }
        assert!(
            run.bytes == &CONTENTS[from..][..run.bytes.len()],
            "bytes from {from}"
        );
        if self.whole && !run.missing {
            assert_eq!(run.bytes.len() as u64, run.length);
        }
    }
}

/// A byte tells where it stands.
static CONTENTS: LazyLock<Vec<u8>> = LazyLock::new(|| {
    (0..SIZE as u64)
        .map(|at| (at.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8)
        .collect()
});

/// Sends packets and acknowledgements down a stream.
pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let mode = input.u8();
    let limits = HoldLimits {
        bytes: [0, 100, 5000, MOST_KEPT][input.below(4)],
        pieces: [1, 2, 5, 1024][input.below(4)],
    };
    if mode & 1 == 0 {
        modelled(&mut input, mode & 2 == 0, limits)
    } else {
        wild(&mut input, limits)
    }
}

fn stamp(frame: u64) -> Stamp {
    Stamp {
        frame,
        time: Time(frame as i64),
    }
}

/// Packets of one connection that lie within each other's reach.
fn modelled(input: &mut Input<'_>, anchored: bool, limits: HoldLimits) {
    let first = input.u32();
    let mut stream = Stream::default();
    if anchored {
        stream.anchor(first)
    } else {
        stream.start(first)
    }
    let base = stream.next();
    let mut model = Model {
        bytes: vec![Byte::Unseen; SIZE],
        base,
        next: base,
        whole: true,
        packets: 0,
        end: 0,
    };
    let mut frame = 0;
    while !input.is_empty() && frame < 100 {
        frame += 1;
        let operation = input.u8();
        let at = match operation >> 6 {
            0 => (model.next - base) as usize,
            1 => (model.next - base) as usize + usize::from(input.u8()) * 16,
            2 => ((model.next - base) as usize).saturating_sub(input.below(256) * 16),
            _ => usize::from(input.u16()) % SIZE,
        };
        let at = at.min(SIZE - 1);
        match operation & 7 {
            0..=3 => {
                let length = (usize::from(input.u16()) % 600).min(SIZE - 1 - at);
                let captured = if operation & 8 == 0 {
                    length
                } else {
                    usize::from(input.u8()).min(length)
                };
                if length > 0 {
                    packet(
                        &mut stream,
                        &mut model,
                        first,
                        frame,
                        (at, length),
                        &CONTENTS[at..at + captured],
                        limits,
                    );
                }
            }
            4 | 5 => {
                let patience = operation >> 3 & 3;
                stream.acknowledge(
                    first.wrapping_add(at as u32),
                    stamp(frame),
                    u64::MAX,
                    patience,
                    |run| model.read(&run),
                );
            }
            6 => stream.settle(operation & 8 != 0, limits, |run| model.read(&run)),
            // Behind all that was sent, or a receiver would have to take it back.
            _ => {
                let end = model.end;
                stream.finish(first.wrapping_add(end.max((model.next - base) as usize) as u32));
            }
        }
        assert_eq!(stream.next(), model.next);
    }
    stream.settle(true, limits, |run| model.read(&run));
}

fn packet(
    stream: &mut Stream,
    model: &mut Model,
    first: u32,
    frame: u64,
    (at, length): (usize, usize),
    bytes: &[u8],
    limits: HoldLimits,
) {
    let note = Note {
        stamp: stamp(frame),
        owner: frame as u32,
        peer: frame,
    };
    let arrival = stream.receive(
        first.wrapping_add(at as u32),
        length as u32,
        bytes,
        note,
        limits,
    );
    model.packets += 1;
    if model.packets == 1 && stream.next() > model.next {
        // Not from its beginning: what no acknowledgement told of passed before the capture.
        model.next = stream.next();
    }
    model.whole &= bytes.len() == length && arrival.dropped == 0;
    assert_eq!(arrival.offset, model.base + at as u64);
    let new: u64 = arrival.new.iter().map(|(start, end)| end - start).sum();
    assert_eq!(new + arrival.filled + arrival.retransmitted, length as u64);
    let packet = &mut model.bytes[at..at + length];
    let ahead = usize::try_from(model.next.saturating_sub(arrival.offset))
        .unwrap_or(0)
        .min(length);
    let unseen = packet[ahead..]
        .iter()
        .filter(|byte| **byte == Byte::Unseen)
        .count() as u64;
    let missing = packet.iter().filter(|byte| **byte == Byte::Missing).count() as u64;
    assert_eq!(new, unseen);
    assert!(
        arrival.filled <= missing,
        "{} filled of {missing}",
        arrival.filled
    );
    for &(start, end) in &arrival.new {
        assert!(start < end && start >= model.next);
        let range = (start - model.base) as usize - at..(end - model.base) as usize - at;
        assert!(packet[range].iter().all(|byte| *byte == Byte::Unseen));
    }
    packet.fill(Byte::Seen);
    model.end = model.end.max(at + length);
    stream.read(arrival.offset, bytes, limits, |run| model.read(&run));
}

/// Any sequence numbers: other connections, wraps, nonsense.
fn wild(input: &mut Input<'_>, limits: HoldLimits) {
    let mut stream = Stream::default();
    let mut sequence = 0_u32;
    let bytes = [0x5a; 3000];
    let mut frame = 0;
    while !input.is_empty() && frame < 100 {
        frame += 1;
        let operation = input.u8();
        sequence = match operation >> 6 {
            0 => sequence,
            1 => sequence.wrapping_add(u32::from(input.u16())),
            2 => sequence.wrapping_sub(u32::from(input.u16())),
            _ => input.u32(),
        };
        let mut read = 0;
        match operation & 7 {
            0..=2 => {
                let length = u32::from(input.u16());
                let captured = &bytes[..(length as usize).min(bytes.len())];
                let note = Note {
                    stamp: stamp(frame),
                    owner: 0,
                    peer: 0,
                };
                let arrival = stream.receive(sequence, length, captured, note, limits);
                let new: u64 = arrival.new.iter().map(|(start, end)| end - start).sum();
                assert_eq!(
                    new + arrival.filled + arrival.retransmitted,
                    u64::from(length)
                );
                let before = stream.next();
                stream.read(arrival.offset, captured, limits, |run| read += run.length);
                assert_eq!(before + read, stream.next());
                sequence = sequence.wrapping_add(length);
            }
            3 | 4 => stream.acknowledge(
                sequence,
                stamp(frame),
                u64::MAX,
                operation >> 3 & 3,
                |run| read += run.length,
            ),
            5 => stream.settle(operation & 8 != 0, limits, |run| read += run.length),
            6 => stream.finish(sequence),
            _ if operation & 8 == 0 => stream.anchor(sequence),
            _ => stream.reset(),
        }
    }
}
