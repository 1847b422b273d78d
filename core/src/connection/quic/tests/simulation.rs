//! Simulated players over HTTP/3 on servers with different stream scheduling. Checks that stated
//! sizes and errors hold as often as promised.

use super::{DOWN_OVERHEAD, FULL, Talk};
use crate::facts::segment::Segment;
use crate::testing::{MILLISECOND, RTT, Score};

/// Media segments of each track.
const SEGMENTS: usize = 24;
/// Seconds that a segment plays, and the number of segments that a player holds.
const DURATION: i64 = 2_000 * MILLISECOND;
const BUFFER: i64 = 8;

/// The order in which a server sends from its streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scheduler {
    /// From each in turn, this many packets.
    Turns(usize),
    /// The oldest first.
    InOrder,
}

/// Properties of a server and a link.
#[derive(Clone, Copy, Debug)]
struct Setting {
    scheduler: Scheduler,
    /// True if the last packet of a stream is filled.
    pads: bool,
    /// Packets per thousand that are seen twice.
    again: u64,
    /// Nanoseconds between packets.
    gap: i64,
}

/// A random number generator (xorshift64*), so that every run is the same.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }

    fn within(&mut self, low: u64, high: u64) -> u64 {
        low + self.next() % (high - low)
    }
}

/// A stream in service.
struct Stream {
    video: bool,
    arrives: i64,
    ordinal: usize,
    size: usize,
    sent: usize,
}

/// A packet that passes the capture point.
enum Passing {
    Request,
    Data(usize),
    Acknowledgement,
}

/// Plays a session. Returns the segments found, and the requested sizes and tracks in order.
fn play(setting: Setting, seed: u64) -> (Vec<Segment>, Vec<(u64, bool)>) {
    let mut numbers = Numbers(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let mut passing: Vec<(i64, Passing)> = Vec::new();
    let mut asked: Vec<(i64, u64, bool)> = Vec::new();
    let mut streams: Vec<Stream> = Vec::new();
    let mut count = [0; 2];
    let mut ask = |at: i64,
                   video: bool,
                   numbers: &mut Numbers,
                   passing: &mut Vec<(i64, Passing)>,
                   streams: &mut Vec<Stream>| {
        let size = if video {
            numbers.within(250_000, 700_000)
        } else {
            numbers.within(49_000, 49_400)
        };
        passing.push((at, Passing::Request));
        asked.push((at, size, video));
        streams.push(Stream {
            video,
            arrives: at + RTT / 2,
            ordinal: asked.len() - 1,
            size: size as usize + 8,
            sent: 0,
        });
    };
    ask(0, true, &mut numbers, &mut passing, &mut streams);
    ask(
        2 * MILLISECOND,
        false,
        &mut numbers,
        &mut passing,
        &mut streams,
    );
    let (mut now, mut turn, mut in_turn) = (0, 0, 0);
    while let Some(first) = streams.iter().map(|stream| stream.arrives).min() {
        now = now.max(first);
        let ready: Vec<usize> = (0..streams.len())
            .filter(|&at| streams[at].arrives <= now)
            .collect();
        let at = match setting.scheduler {
            Scheduler::InOrder => ready[0],
            Scheduler::Turns(length) => {
                if in_turn >= length {
                    (turn, in_turn) = (turn + 1, 0);
                }
                in_turn += 1;
                ready[turn % ready.len()]
            }
        };
        let stream = &mut streams[at];
        let varint = |value: usize| 1 + usize::from(value > 63) + 2 * usize::from(value > 16_383);
        let header = 3
            + varint(stream.ordinal * 4)
            + if stream.sent > 0 {
                varint(stream.sent)
            } else {
                0
            };
        let data = (stream.size - stream.sent).min(FULL - DOWN_OVERHEAD - header);
        stream.sent += data;
        let is_last = stream.sent == stream.size;
        let datagram = if is_last && setting.pads {
            FULL
        } else {
            DOWN_OVERHEAD + header + data
        };
        let arrives = now + RTT / 2;
        passing.push((arrives, Passing::Data(datagram)));
        passing.push((arrives + MILLISECOND / 20, Passing::Acknowledgement));
        if numbers.within(0, 1000) < setting.again {
            passing.push((arrives + RTT, Passing::Data(datagram)));
        }
        now += setting.gap;
        if is_last {
            let video = streams.remove(at).video;
            (turn, in_turn) = (turn + 1, 0);
            let count = &mut count[usize::from(video)];
            *count += 1;
            if *count < SEGMENTS {
                let phase = if video { 0 } else { DURATION / 2 };
                let due = (*count as i64 - BUFFER) * DURATION + phase;
                // Time for decoding and the page.
                let think = numbers.within(3, 30) as i64 * MILLISECOND;
                let at = (arrives + think).max(due + think);
                ask(at, video, &mut numbers, &mut passing, &mut streams);
            }
        }
    }
    passing.sort_by_key(|packet| packet.0);
    let mut talk = Talk::new();
    talk.open();
    let start = talk.now + RTT;
    for (time, what) in passing {
        talk.now = start + time - MILLISECOND / 10;
        match what {
            Passing::Request => talk.say(250),
            Passing::Data(datagram) => talk.short(false, datagram),
            Passing::Acknowledgement => talk.say(8),
        };
    }
    asked.sort_by_key(|asked| asked.0);
    let truth = asked.iter().map(|asked| (asked.1, asked.2)).collect();
    (talk.finish(), truth)
}

fn score(setting: Setting) -> Score {
    let mut score = Score::default();
    for seed in 1..=12 {
        let (found, truth) = play(setting, seed);
        assert_eq!(found.len(), truth.len(), "{setting:?} {seed}");
        let sum: u64 = truth.iter().map(|truth| truth.0).sum();
        let found_sum: u64 = found.iter().map(|segment| segment.app_bytes).sum();
        // If a stream waits for all of another, its start may be mistaken for the end of the other.
        let part = if setting.scheduler == Scheduler::InOrder {
            25
        } else {
            50
        };
        assert!(
            found_sum.abs_diff(sum) * part < sum,
            "{setting:?} {seed}: {found_sum} of {sum}"
        );
        for (segment, &(size, video)) in found.iter().zip(&truth) {
            score.add(segment, size, video);
        }
    }
    score
}

#[test]
fn no_way_of_serving_gives_a_size_outside_its_bound_more_often_than_stated() {
    let schedulers = [
        Scheduler::Turns(1),
        Scheduler::Turns(10),
        Scheduler::InOrder,
    ];
    for scheduler in schedulers {
        for (pads, again) in [(false, 0), (true, 0), (false, 10)] {
            for gap in [MILLISECOND, 2 * MILLISECOND] {
                let setting = Setting {
                    scheduler,
                    pads,
                    again,
                    gap,
                };
                let score = score(setting);
                // Players whose servers share fairly are mostly separated correctly.
                let (near, kinds) = match scheduler {
                    Scheduler::InOrder => (0, 0),
                    Scheduler::Turns(_) if pads || again > 0 => (0, 75),
                    Scheduler::Turns(_) => (70, 75),
                };
                assert!(score.reaches(95, near, kinds), "{setting:?} {score:?}");
            }
        }
    }
}
