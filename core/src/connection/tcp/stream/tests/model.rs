//! Arbitrary packets against a map of single bytes.

use std::collections::BTreeMap;

use super::*;

/// Offsets in the model stay below this.
const SPACE: u64 = 400;

#[derive(Clone, Copy, Debug)]
enum Step {
    Data {
        from: u64,
        length: u64,
        captured: usize,
    },
    Acknowledge {
        to: u64,
        patience: u8,
    },
    Settle {
        now: bool,
    },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let captured = prop_oneof![4 => Just(usize::MAX), 1 => 0..40_usize];
    let data =
        (0..SPACE - 60, 0..60_u64, captured).prop_map(|(from, length, captured)| Step::Data {
            from,
            length,
            captured,
        });
    let acknowledge =
        (0..SPACE, 1..4_u8).prop_map(|(to, patience)| Step::Acknowledge { to, patience });
    let settle = any::<bool>().prop_map(|now| Step::Settle { now });
    prop::collection::vec(prop_oneof![6 => data, 1 => acknowledge, 1 => settle], 0..60)
}

/// The state of a byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Known {
    Seen,
    /// Handed to the reader as missing, not seen since.
    GivenUp,
}

/// Takes all steps and compares after each.
fn follow(base: u32, limits: HoldLimits, steps: &[Step]) {
    let mut stream = Stream::default();
    stream.anchor(base);
    let mut bytes: BTreeMap<u64, Known> = BTreeMap::new();
    let (mut read_to, mut acknowledged, mut dropped, mut holes) = (0, 0, 0, 0);
    let (mut cut, mut end) = (false, None);
    for (step, frame) in steps.iter().zip(1..) {
        let mut got: Vec<Got> = Vec::new();
        let sequence = |at: u64| base.wrapping_add(at as u32);
        match *step {
            Step::Data {
                from,
                length,
                captured,
            } => {
                let data = content(from, from + length);
                let data = &data[..captured.min(data.len())];
                cut |= (data.len() as u64) < length;
                let arrival =
                    stream.receive(sequence(from), length as u32, data, note(frame), limits);
                assert_eq!(arrival.offset, FIRST_OFFSET + from);
                dropped += arrival.dropped;
                let range = from..from + length;
                let unseen: Vec<u64> = range.clone().filter(|at| !bytes.contains_key(at)).collect();
                let given_up = range
                    .clone()
                    .filter(|at| bytes.get(at) == Some(&Known::GivenUp))
                    .count() as u64;
                let new: Vec<u64> = arrival
                    .new
                    .iter()
                    .flat_map(|&(start, end)| start - FIRST_OFFSET..end - FIRST_OFFSET)
                    .collect();
                assert_eq!(new, unseen, "new is what was never seen");
                assert_eq!(
                    new.len() as u64 + arrival.filled + arrival.retransmitted,
                    length,
                    "all accounted for"
                );
                assert!(arrival.filled <= given_up);
                end = end.filter(|&end| end >= from + length);
                holes += u32::from(arrival.filled > 0);
                if holes < RECENT_HOLES as u32 {
                    assert_eq!(
                        arrival.filled, given_up,
                        "late data fills what was given up"
                    );
                }
                bytes.extend(range.map(|at| (at, Known::Seen)));
                stream.read(arrival.offset, data, limits, |run| got.push(Got::new(run)));
            }
            Step::Acknowledge { to, patience } => {
                if end.is_none() && to == read_to + 1 && bytes.range(read_to..).next().is_none() {
                    // One byte that nobody saw is taken for a FIN.
                    end = Some(read_to);
                }
                acknowledged = acknowledged.max(to.min(end.unwrap_or(u64::MAX)));
                stream.acknowledge(sequence(to), stamp(frame), u64::MAX, patience, |run| {
                    got.push(Got::new(run))
                });
            }
            Step::Settle { now } => stream.settle(now, limits, |run| got.push(Got::new(run))),
        }
        for run in &got {
            assert_eq!(run.from, read_to, "in order, each byte once");
            assert!(run.to > run.from, "runs are not empty");
            read_to = run.to;
            for at in run.from..run.to {
                let known = bytes.get(&at);
                if run.missing {
                    assert_eq!(known, None, "byte {at} was seen");
                    bytes.insert(at, Known::GivenUp);
                } else {
                    assert_eq!(known, Some(&Known::Seen), "byte {at} was never seen");
                }
            }
            holes += u32::from(run.missing);
            let truth = content(run.from, run.to);
            assert!(
                truth.starts_with(&run.bytes),
                "content at {}..{}",
                run.from,
                run.to
            );
            if !run.missing && !cut && dropped == 0 {
                assert_eq!(run.bytes, truth, "nothing lost");
            }
            assert!(
                !run.missing || run.to <= acknowledged || limits.pieces < 60,
                "given up without acknowledgement"
            );
        }
        assert_eq!(stream.next(), FIRST_OFFSET + read_to);
        assert_eq!(stream.acknowledged(), FIRST_OFFSET + acknowledged);
        assert!(
            stream.pieces.len() <= limits.pieces,
            "{} pieces",
            stream.pieces.len()
        );
        assert!(
            stream.buffer.len() <= limits.bytes,
            "{} bytes kept",
            stream.buffer.len()
        );
        assert!(stream.holes.len() <= RECENT_HOLES);
        assert_ne!(
            bytes.get(&read_to),
            Some(&Known::Seen),
            "what can be read is read"
        );
        if matches!(step, Step::Settle { now: true }) && !stream.has_pending() && stream.packets > 0
        {
            // Whatever was acknowledged is read or given up; only an acknowledgement that came
            // before any data is not waited for.
            assert!(
                read_to >= acknowledged,
                "read to {read_to}, acknowledged to {acknowledged}"
            );
        }
    }
}

proptest! {
    #[test]
    fn streams_agree_with_a_map_of_bytes(base in prop_oneof![any::<u32>(), u32::MAX - 300..=u32::MAX], steps in steps()) {
        follow(base, LIMITS, &steps);
    }

    #[test]
    fn streams_agree_with_a_map_of_bytes_within_tight_limits(
        base: u32,
        bytes in 0..100_usize,
        pieces in 1..5_usize,
        steps in steps(),
    ) {
        follow(base, HoldLimits { bytes, pieces }, &steps);
    }

    #[test]
    fn arbitrary_numbers_are_no_danger(
        steps in prop::collection::vec((any::<u32>(), 0..70_000_u32, any::<u32>(), 0..4_u8), 0..60),
        anchored: bool,
    ) {
        let mut stream = Stream::default();
        if anchored {
            stream.anchor(7);
        }
        for (step, frame) in steps.into_iter().zip(1..) {
            let (sequence, length, acknowledgement, patience) = step;
            let arrival = stream.receive(sequence, length, &[], note(frame), LIMITS);
            let new: u64 = arrival.new.iter().map(|(start, end)| end - start).sum();
            prop_assert_eq!(new + arrival.filled + arrival.retransmitted, u64::from(length));
            let mut next = None;
            let mut check = |run: Run<'_>| {
                assert!(next.is_none_or(|next| next == run.offset), "runs join");
                next = Some(run.offset + run.length);
            };
            stream.read(arrival.offset, &[], LIMITS, &mut check);
            stream.acknowledge(acknowledgement, stamp(frame), u64::MAX, patience, &mut check);
            stream.settle(patience == 0, LIMITS, &mut check);
            prop_assert!(next.is_none_or(|next| next == stream.next()));
        }
    }
}
