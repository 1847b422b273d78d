use proptest::prelude::*;

use super::*;
use crate::packet::Time;

mod disorder;
mod model;

const LIMITS: HoldLimits = HoldLimits {
    bytes: 1 << 20,
    pieces: 1024,
};
const START: u32 = u32::MAX - 100;

/// The stream's content: a byte tells where it stands.
fn content(from: u64, to: u64) -> Vec<u8> {
    (from..to)
        .map(|at| (at.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8)
        .collect()
}

fn stamp(frame: u64) -> Stamp {
    Stamp {
        frame,
        time: Time(frame as i64),
    }
}

/// The note of a packet, each part of it telling the frame.
fn note(frame: u64) -> Note {
    Note {
        stamp: stamp(frame),
        owner: frame as u32,
        peer: 1000 + frame,
    }
}

/// The bytes that a reader got.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Got {
    from: u64,
    to: u64,
    bytes: Vec<u8>,
    frame: u64,
    missing: bool,
    owner: Option<u32>,
}

impl Got {
    fn new(run: Run<'_>) -> Self {
        let from = run.offset.wrapping_sub(FIRST_OFFSET);
        assert_eq!(
            run.peer,
            if run.missing {
                u64::MAX
            } else {
                note(run.stamp.frame).peer
            }
        );
        let (bytes, frame) = (run.bytes.to_vec(), run.stamp.frame);
        Self {
            from,
            to: from.wrapping_add(run.length),
            bytes,
            frame,
            missing: run.missing,
            owner: run.owner,
        }
    }

    /// Read in order, all of it there.
    fn whole(from: u64, to: u64, frame: u64) -> Self {
        Self {
            from,
            to,
            bytes: content(from, to),
            frame,
            missing: false,
            owner: None,
        }
    }

    /// Read after it waited.
    fn held(from: u64, to: u64, frame: u64) -> Self {
        Self {
            owner: Some(frame as u32),
            ..Self::whole(from, to, frame)
        }
    }

    fn missing(from: u64, to: u64, frame: u64) -> Self {
        Self {
            from,
            to,
            bytes: Vec::new(),
            frame,
            missing: true,
            owner: None,
        }
    }
}

/// A stream that began with a SYN, and packets by where their bytes stand.
struct Under {
    stream: Stream,
    frame: u64,
    limits: HoldLimits,
    got: Vec<Got>,
}

impl Under {
    fn test() -> Self {
        let mut stream = Stream::default();
        stream.anchor(START);
        Self {
            stream,
            frame: 0,
            limits: LIMITS,
            got: Vec::new(),
        }
    }

    fn receive_cut(&mut self, from: u64, to: u64, captured: usize) -> (u64, u64, u64) {
        self.frame += 1;
        let bytes = content(from, to);
        let bytes = &bytes[..captured.min(bytes.len())];
        let (sequence, length) = (START.wrapping_add(from as u32), (to - from) as u32);
        let arrival = self
            .stream
            .receive(sequence, length, bytes, note(self.frame), self.limits);
        let got = &mut self.got;
        self.stream.read(arrival.offset, bytes, self.limits, |run| {
            got.push(Got::new(run))
        });
        let new = arrival.new.iter().map(|(start, end)| end - start).sum();
        (new, arrival.filled, arrival.retransmitted)
    }

    fn receive(&mut self, from: u64, to: u64) -> (u64, u64, u64) {
        self.receive_cut(from, to, usize::MAX)
    }

    fn acknowledge(&mut self, to: u64, patience: u8) {
        self.frame += 1;
        let got = &mut self.got;
        self.stream.acknowledge(
            START.wrapping_add(to as u32),
            stamp(self.frame),
            u64::MAX,
            patience,
            |run| got.push(Got::new(run)),
        );
    }

    fn settle(&mut self, now: bool) {
        let got = &mut self.got;
        self.stream
            .settle(now, self.limits, |run| got.push(Got::new(run)));
    }

    fn taken(&mut self) -> Vec<Got> {
        std::mem::take(&mut self.got)
    }
}

#[test]
fn bytes_in_order_are_read_as_they_come_across_the_wrap() {
    let mut under = Under::test();
    assert_eq!(under.receive(0, 90), (90, 0, 0));
    assert_eq!(under.receive(90, 300), (210, 0, 0));
    assert_eq!(under.receive(300, 300), (0, 0, 0));
    assert_eq!(
        under.taken(),
        [Got::whole(0, 90, 1), Got::whole(90, 300, 2)]
    );
    assert_eq!(under.stream.next(), FIRST_OFFSET + 300);
    assert_eq!(under.stream.offset_of(199), Some(FIRST_OFFSET + 300));
}

#[test]
fn bytes_behind_a_hole_wait_and_keep_their_packet() {
    let mut under = Under::test();
    assert_eq!(under.receive(200, 300), (100, 0, 0));
    assert_eq!(under.receive(100, 150), (50, 0, 0));
    assert_eq!(under.taken(), []);
    assert_eq!(under.receive(0, 100), (100, 0, 0));
    assert_eq!(
        under.taken(),
        [Got::whole(0, 100, 3), Got::held(100, 150, 2)]
    );
    assert_eq!(under.receive(150, 200), (50, 0, 0));
    assert_eq!(
        under.taken(),
        [Got::whole(150, 200, 4), Got::held(200, 300, 1)]
    );
    assert!(under.stream.pieces.is_empty() && under.stream.buffer.is_empty());
}

#[test]
fn what_was_seen_before_is_retransmitted_and_read_once() {
    let mut under = Under::test();
    under.receive(0, 100);
    assert_eq!(under.receive(0, 100), (0, 0, 100));
    assert_eq!(under.receive(50, 120), (20, 0, 50));
    under.receive(150, 200);
    assert_eq!(under.receive(150, 200), (0, 0, 50), "also while it waits");
    assert_eq!(under.receive(110, 260), (90, 0, 60), "around what waits");
    let read: Vec<(u64, u64)> = under.taken().iter().map(|got| (got.from, got.to)).collect();
    assert_eq!(
        read,
        [(0, 100), (100, 120), (120, 150), (150, 200), (200, 260)]
    );
}

#[test]
fn acknowledged_bytes_that_never_come_are_missing_after_patience() {
    let mut under = Under::test();
    under.receive(0, 100);
    under.receive(200, 300);
    under.acknowledge(300, 3);
    assert!(under.stream.has_pending());
    under.settle(false);
    under.settle(false);
    assert_eq!(under.taken(), [Got::whole(0, 100, 1)]);
    under.settle(false);
    assert_eq!(
        under.taken(),
        [Got::missing(100, 200, 3), Got::held(200, 300, 2)]
    );
    assert!(!under.stream.has_pending());
    assert_eq!(under.receive(120, 180), (0, 60, 0), "late, not new");
    assert_eq!(under.receive(90, 210), (0, 40, 80));
    assert_eq!(under.taken(), []);
}

#[test]
fn patience_ends_at_once_where_asked_and_is_not_needed_when_all_came() {
    let mut under = Under::test();
    under.receive(0, 100);
    under.acknowledge(250, 6);
    under.settle(true);
    assert_eq!(under.taken()[1..], [Got::missing(100, 250, 2)]);
    under.acknowledge(400, 2);
    under.receive(250, 400);
    assert!(!under.stream.has_pending());
    under.settle(true);
    assert_eq!(under.taken(), [Got::whole(250, 400, 4)]);
}

#[test]
fn all_that_was_acknowledged_when_patience_ends_is_given_up() {
    let mut under = Under::test();
    under.receive(0, 100);
    under.acknowledge(200, 2);
    under.settle(false);
    under.receive(300, 400);
    under.acknowledge(500, 2);
    under.settle(false);
    let got = under.taken();
    assert_eq!(
        got[1..],
        [
            Got::missing(100, 300, 2),
            Got::held(300, 400, 3),
            Got::missing(400, 500, 2)
        ]
    );
}

#[test]
fn a_direction_never_captured_is_missing_as_it_is_acknowledged() {
    let mut under = Under::test();
    under.acknowledge(1000, 6);
    under.acknowledge(1000, 6);
    under.acknowledge(900, 6);
    under.acknowledge(5000, 6);
    assert_eq!(
        under.taken(),
        [Got::missing(0, 1000, 1), Got::missing(1000, 5000, 4)]
    );
}

#[test]
fn too_many_pieces_behind_a_hole_give_it_up() {
    let mut under = Under::test();
    under.limits.pieces = 3;
    for from in [10, 30, 50] {
        under.receive(from, from + 10);
    }
    assert_eq!(under.taken(), []);
    under.receive(70, 80);
    assert_eq!(
        under.taken(),
        [Got::missing(0, 10, 1), Got::held(10, 20, 1)]
    );
    assert_eq!(
        under.receive(0, 10),
        (0, 10, 0),
        "filled when it comes after all"
    );
    assert_eq!(under.taken(), []);
}

#[test]
fn bytes_without_room_are_read_as_hidden() {
    let mut under = Under::test();
    under.limits.bytes = 100;
    under.receive(10, 70);
    under.receive(70, 140);
    under.receive(140, 180);
    under.receive(0, 10);
    let hidden = Got {
        bytes: Vec::new(),
        ..Got::held(70, 140, 2)
    };
    assert_eq!(
        under.taken(),
        [
            Got::whole(0, 10, 4),
            Got::held(10, 70, 1),
            hidden,
            Got::held(140, 180, 3)
        ]
    );
}

#[test]
fn room_is_found_again_where_bytes_were_read() {
    let mut under = Under::test();
    under.limits.bytes = 100;
    under.receive(10, 50);
    under.receive(60, 100);
    under.receive(0, 10);
    under.receive(110, 160);
    assert_eq!(under.receive(100, 110), (10, 0, 0));
    under.receive(50, 60);
    let got = under.taken();
    assert!(
        got.iter().all(|run| run.bytes == content(run.from, run.to)),
        "{got:?}"
    );
    assert_eq!(got.last().unwrap().to, 160);
}

#[test]
fn a_cut_packet_gives_its_length_and_what_was_captured() {
    let mut under = Under::test();
    under.receive_cut(100, 200, 30);
    under.receive_cut(0, 100, 20);
    let expected = [
        Got {
            bytes: content(0, 20),
            ..Got::whole(0, 100, 2)
        },
        Got {
            bytes: content(100, 130),
            ..Got::held(100, 200, 1)
        },
    ];
    assert_eq!(under.taken(), expected);
}

#[test]
fn numbers_too_far_off_are_another_connection() {
    let mut under = Under::test();
    under.receive(0, 100);
    under.acknowledge(1 << 31, 1);
    under.settle(true);
    assert!(
        !under.stream.has_pending(),
        "an acknowledgement from elsewhere is ignored"
    );
    under.taken();
    let far = 100 + MAX_JUMP + 1;
    assert_eq!(
        under.stream.offset_of(START.wrapping_add((far - 1) as u32)),
        Some(FIRST_OFFSET + far - 1)
    );
    assert_eq!(under.stream.offset_of(START.wrapping_add(far as u32)), None);
    assert_eq!(under.receive(far, far + 10), (10, 0, 0));
    let restart = 100 + 2 * MAX_JUMP;
    let got = Got {
        bytes: content(far, far + 10),
        ..Got::whole(restart, restart + 10, 3)
    };
    assert_eq!(
        under.taken(),
        [got],
        "restarted, at offsets that nothing before has"
    );
    assert!(!under.stream.anchored);
}

#[test]
fn a_stream_longer_than_sequence_numbers_goes_on() {
    let mut under = Under::test();
    let step = 1 << 29;
    for round in 0..40_u64 {
        assert_eq!(under.receive_cut(round * step, round * step, 0), (0, 0, 0));
        let sequence = START.wrapping_add((round * step) as u32);
        let arrival = under
            .stream
            .receive(sequence, step as u32, &[], note(round), LIMITS);
        assert_eq!(arrival.offset, FIRST_OFFSET + round * step);
        under.stream.read(arrival.offset, &[], LIMITS, |run| {
            assert_eq!(run.length, step)
        });
    }
    assert_eq!(under.stream.next(), FIRST_OFFSET + 40 * step);
}

#[test]
fn a_stream_joined_late_begins_at_its_first_data() {
    let mut stream = Stream::default();
    assert!(!stream.started() && stream.offset_of(5).is_none());
    stream.acknowledge(1000, stamp(1), u64::MAX, 6, |run| {
        panic!("nothing is known to be missing: {run:?}")
    });
    let arrival = stream.receive(5000, 10, &[1; 10], note(2), LIMITS);
    assert_eq!(
        arrival.new.as_slice(),
        [(FIRST_OFFSET + 4000, FIRST_OFFSET + 4010)]
    );
    let mut runs = 0;
    stream.read(arrival.offset, &[1; 10], LIMITS, |run| {
        runs += 1;
        assert!(!run.missing && run.length == 10);
    });
    assert!(runs == 1 && !stream.anchored);
    stream.reset();
    assert!(!stream.started() && stream.packets == 0 && !stream.advanced());
}

#[test]
fn a_fin_is_no_missing_byte_whether_it_was_captured_or_not() {
    for captured in [false, true] {
        let mut under = Under::test();
        under.receive(0, 100);
        if captured {
            under.stream.finish(START.wrapping_add(100));
        }
        under.acknowledge(101, 1);
        under.settle(true);
        assert_eq!(
            under.taken(),
            [Got::whole(0, 100, 1)],
            "FIN captured: {captured}"
        );
        assert_eq!(under.stream.acknowledged(), FIRST_OFFSET + 100);
    }
    let mut under = Under::test();
    under.receive(0, 100);
    under.stream.finish(START.wrapping_add(300));
    under.acknowledge(301, 1);
    under.settle(true);
    assert_eq!(under.taken()[1..], [Got::missing(100, 300, 2)]);
}

#[test]
fn what_was_taken_for_a_fin_is_forgotten_when_data_follows() {
    let mut under = Under::test();
    under.receive(0, 100);
    // An acknowledgement that the capture holds before the one byte it acknowledges.
    under.acknowledge(101, 6);
    under.receive(100, 101);
    under.receive(101, 200);
    under.acknowledge(300, 1);
    under.settle(true);
    assert_eq!(under.taken()[3..], [Got::missing(200, 300, 5)]);
    assert_eq!(under.stream.acknowledged(), FIRST_OFFSET + 300);
}
