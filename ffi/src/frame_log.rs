//! Annotations by frame, for hosts that show frames repeatedly without asking the engine again.

use core::array;
use std::collections::BTreeMap;

use nflx_core::{Annotation, Counters, Direction};

use crate::annotation::NFLX_NO_FLOW;

/// Records allocated at once: few enough that a small capture costs little. Nothing is ever copied
/// to grow.
const CHUNK: usize = 1024;

const OUT: u8 = 1;
const REQUEST: u8 = 1 << 1;
const TRUNCATED: u8 = 1 << 2;
const MISSING: u8 = 1 << 3;
const FULL: u8 = 1 << 4;
/// The numbers do not fit a record: the whole annotation is in `FrameLog::wide`.
const WIDE: u8 = 1 << 5;
/// A later packet with the same number is not a Netflix packet.
const FORGOTTEN: u8 = 1 << 6;
const DUPLICATE: u8 = 1 << 7;

/// Annotations by frame number: 64 bytes for each Netflix packet, nothing for others. Returns
/// exactly what was put in.
///
/// Hosts give frames in order, with exceptions: `tshark -2 -R` gives the frame after a rejected one
/// the rejected one's number, so a number given again replaces the earlier entry. A number smaller
/// than the last one that was never given is kept too, at a higher cost.
#[derive(Debug, Default)]
pub struct FrameLog {
    chunks: Vec<Vec<Record>>,
    /// By frame number: annotations that do not fit a record or came out of order.
    wide: BTreeMap<u64, Annotation>,
}

/// A packed annotation. Numbers are limited to more than captures reach: 2^40 frames, 2^48 bytes,
/// 2^32 packets per counter. An annotation that exceeds this is kept wide.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
struct Record {
    server: u32,
    /// [`NFLX_NO_FLOW`] for none.
    flow: u32,
    /// 0 for none.
    segment: u32,
    /// The lowest 32 bits.
    frame: u32,
    server_pkts: [u32; 2],
    flow_pkts: [u32; 2],
    /// 48 bits each for bytes of the server, in and out, and of the flow. Above them, 16 bits each
    /// of the bytes so far; in the last one, also 8 bits of the frame number and the flags.
    bytes: [u64; 4],
}

/// Bits of a number of bytes.
const BYTES_BITS: u32 = 48;
/// Position of the flags in the last of `Record::bytes`.
const FLAGS_AT: u32 = 56;

const _: () = assert!(size_of::<Record>() == 64);

impl FrameLog {
    /// Creates an empty log.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Keeps the annotation of a frame, replacing that of an earlier frame with this number.
    #[inline]
    pub fn insert(&mut self, frame: u64, annotation: &Annotation) {
        // Usually it is the next frame, so no search through chunks that have left the processor's
        // caches is needed.
        let is_next = self.last_frame().is_some_and(|last| frame > last);
        match Record::pack(frame, annotation) {
            Some(record) if is_next && self.wide.is_empty() => self.push(record),
            packed => {
                let place = if is_next {
                    Err(self.len())
                } else {
                    self.search(frame)
                };
                self.insert_at(place, frame, annotation, packed);
            }
        }
    }

    #[cold]
    fn insert_at(
        &mut self,
        place: Result<usize, usize>,
        frame: u64,
        annotation: &Annotation,
        packed: Option<Record>,
    ) {
        match (place, packed) {
            (Ok(index), Some(record)) => {
                self.wide.remove(&frame);
                *self.record_mut(index) = record;
            }
            (Ok(index), None) => {
                self.record_mut(index).set_flags(WIDE);
                self.wide.insert(frame, *annotation);
            }
            (Err(index), Some(record))
                if index == self.len() && !self.wide.contains_key(&frame) =>
            {
                self.push(record)
            }
            (Err(_), _) => {
                self.wide.insert(frame, *annotation);
            }
        }
    }

    /// Records that the frame with this number is not a Netflix packet.
    pub fn forget(&mut self, frame: u64) {
        if !self.wide.is_empty() {
            self.wide.remove(&frame);
        }
        // Usually there is nothing to forget, and the last number shows it.
        if self.last_frame().is_some_and(|last| frame <= last)
            && let Ok(index) = self.search(frame)
        {
            self.record_mut(index).set_flags(FORGOTTEN);
        }
    }

    /// Returns the annotation of the last frame with this number.
    #[must_use]
    pub fn get(&self, frame: u64) -> Option<Annotation> {
        match self.search(frame) {
            Ok(index) => {
                let record = self.record(index);
                if record.flags() & WIDE != 0 {
                    return self.wide.get(&frame).copied();
                }
                (record.flags() & FORGOTTEN == 0).then(|| record.unpack())
            }
            Err(_) => self.wide.get(&frame).copied(),
        }
    }

    /// Returns the memory that the annotations take, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let records: usize = self
            .chunks
            .iter()
            .map(|c| c.capacity() * size_of::<Record>())
            .sum();
        records
            + self.chunks.capacity() * size_of::<Vec<Record>>()
            + self.wide.len() * (size_of::<u64>() + size_of::<Annotation>())
    }

    fn len(&self) -> usize {
        self.chunks
            .last()
            .map_or(0, |last| (self.chunks.len() - 1) * CHUNK + last.len())
    }

    fn push(&mut self, record: Record) {
        match self.chunks.last_mut() {
            Some(last) if last.len() < CHUNK => last.push(record),
            _ => {
                let mut chunk = Vec::with_capacity(CHUNK);
                chunk.push(record);
                self.chunks.push(chunk);
            }
        }
    }

    fn last_frame(&self) -> Option<u64> {
        self.chunks
            .last()
            .and_then(|chunk| chunk.last())
            .map(Record::frame)
    }

    /// Returns the index of this frame's record, or where it would be inserted.
    fn search(&self, frame: u64) -> Result<usize, usize> {
        // Chunks are never empty. Only the last one that begins at or before the frame can hold it.
        let after = self
            .chunks
            .partition_point(|chunk| chunk[0].frame() <= frame);
        let Some(index) = after.checked_sub(1) else {
            return Err(0);
        };
        match self.chunks[index].binary_search_by_key(&frame, Record::frame) {
            Ok(within) => Ok(index * CHUNK + within),
            Err(within) => Err(index * CHUNK + within),
        }
    }

    fn record(&self, index: usize) -> &Record {
        &self.chunks[index / CHUNK][index % CHUNK]
    }

    fn record_mut(&mut self, index: usize) -> &mut Record {
        &mut self.chunks[index / CHUNK][index % CHUNK]
    }
}

impl Record {
    /// Packs an annotation; `None` if a number does not fit.
    #[inline]
    fn pack(frame: u64, a: &Annotation) -> Option<Self> {
        let (server, flow) = (&a.server_counters, &a.flow_counters);
        let pkts = [server.in_pkts, server.out_pkts, flow.in_pkts, flow.out_pkts];
        let bytes = [
            server.in_bytes,
            server.out_bytes,
            flow.in_bytes,
            flow.out_bytes,
        ];
        let fits = pkts.iter().fold(0, |all, pkts| all | pkts) >> u32::BITS == 0
            && bytes.iter().fold(a.bytes_so_far, |all, bytes| all | bytes) >> BYTES_BITS == 0
            && frame >> 40 == 0
            && a.flow != Some(NFLX_NO_FLOW)
            && a.segment != Some(0);
        let flags = (u8::from(a.direction == Direction::Out) * OUT)
            | (u8::from(a.request) * REQUEST)
            | (u8::from(a.truncated) * TRUNCATED)
            | (u8::from(a.missing) * MISSING)
            | (u8::from(a.duplicate) * DUPLICATE)
            | (u8::from(a.full) * FULL);
        let so_far = a.bytes_so_far;
        let above = [
            so_far & 0xffff,
            so_far >> 16 & 0xffff,
            so_far >> 32,
            frame >> u32::BITS | u64::from(flags) << 8,
        ];
        fits.then(|| Self {
            server: a.server,
            flow: a.flow.unwrap_or(NFLX_NO_FLOW),
            segment: a.segment.unwrap_or(0),
            frame: frame as u32,
            server_pkts: [pkts[0] as u32, pkts[1] as u32],
            flow_pkts: [pkts[2] as u32, pkts[3] as u32],
            bytes: array::from_fn(|i| bytes[i] | above[i] << BYTES_BITS),
        })
    }

    fn unpack(&self) -> Annotation {
        let flags = self.flags();
        let bytes = self.bytes.map(|word| word & ((1 << BYTES_BITS) - 1));
        let above = self.bytes.map(|word| word >> BYTES_BITS);
        let counters = |pkts: [u32; 2], bytes: &[u64]| Counters {
            in_pkts: pkts[0].into(),
            out_pkts: pkts[1].into(),
            in_bytes: bytes[0],
            out_bytes: bytes[1],
        };
        Annotation {
            server: self.server,
            flow: Some(self.flow).filter(|flow| *flow != NFLX_NO_FLOW),
            direction: if flags & OUT != 0 {
                Direction::Out
            } else {
                Direction::In
            },
            request: flags & REQUEST != 0,
            truncated: flags & TRUNCATED != 0,
            segment: Some(self.segment).filter(|segment| *segment != 0),
            bytes_so_far: above[0] | above[1] << 16 | above[2] << 32,
            missing: flags & MISSING != 0,
            duplicate: flags & DUPLICATE != 0,
            full: flags & FULL != 0,
            server_counters: counters(self.server_pkts, &bytes[..2]),
            flow_counters: counters(self.flow_pkts, &bytes[2..]),
        }
    }

    #[inline]
    fn frame(&self) -> u64 {
        u64::from(self.frame) | (self.bytes[3] >> BYTES_BITS & 0xff) << u32::BITS
    }

    fn flags(&self) -> u8 {
        (self.bytes[3] >> FLAGS_AT) as u8
    }

    fn set_flags(&mut self, flags: u8) {
        self.bytes[3] = self.bytes[3] & ((1 << FLAGS_AT) - 1) | u64::from(flags) << FLAGS_AT;
    }
}

#[cfg(test)]
mod tests {
    use nflx_core::{Annotation, Counters, Direction};

    use super::{CHUNK, FrameLog};

    fn annotation(seed: u64) -> Annotation {
        Annotation {
            server: seed as u32,
            flow: (!seed.is_multiple_of(3)).then_some(seed as u32 / 2),
            direction: if seed.is_multiple_of(2) {
                Direction::In
            } else {
                Direction::Out
            },
            request: seed.is_multiple_of(5),
            truncated: seed.is_multiple_of(7),
            segment: (!seed.is_multiple_of(4)).then_some(seed as u32 + 1),
            bytes_so_far: seed * 1460,
            missing: seed.is_multiple_of(3),
            duplicate: seed.is_multiple_of(13),
            full: seed.is_multiple_of(11),
            server_counters: counters(seed),
            flow_counters: counters(seed / 2),
        }
    }

    fn counters(seed: u64) -> Counters {
        Counters {
            in_pkts: seed,
            out_pkts: seed / 2,
            in_bytes: seed * 1500,
            out_bytes: seed * 40,
        }
    }

    #[test]
    fn gives_back_what_was_put_in() {
        let mut log = FrameLog::new();
        for frame in 1..5000_u64 {
            if frame.is_multiple_of(3) {
                log.insert(frame, &annotation(frame));
            } else {
                log.forget(frame);
            }
        }
        for frame in 0..6000_u64 {
            let expected =
                (frame.is_multiple_of(3) && (1..5000).contains(&frame)).then(|| annotation(frame));
            assert_eq!(log.get(frame), expected, "frame {frame}");
        }
    }

    #[test]
    fn a_million_packets_take_64_bytes_each() {
        let mut log = FrameLog::new();
        for frame in 0..1_000_000 {
            log.insert(frame, &annotation(frame));
        }
        assert!(
            log.bytes() <= 1_000_000 * 64 + CHUNK * 64 + 64 * 1024,
            "{}",
            log.bytes()
        );
        assert_eq!(FrameLog::new().bytes(), 0);
    }

    #[test]
    fn numbers_given_again_replace() {
        let mut log = FrameLog::new();
        log.insert(1, &annotation(1));
        log.insert(2, &annotation(10));
        log.insert(2, &annotation(11));
        assert_eq!(log.get(2), Some(annotation(11)));
        log.forget(2);
        assert_eq!(log.get(2), None);
        log.insert(2, &annotation(12));
        log.insert(3, &annotation(13));
        assert_eq!(log.get(1), Some(annotation(1)));
        assert_eq!(log.get(2), Some(annotation(12)));
        assert_eq!(log.get(3), Some(annotation(13)));
    }

    #[test]
    fn numbers_out_of_order_are_kept() {
        let mut log = FrameLog::new();
        for frame in [5, 9, 7, 2, 8, 2] {
            log.insert(frame, &annotation(frame * 3));
        }
        for frame in 0..12 {
            let expected = [2, 5, 7, 8, 9]
                .contains(&frame)
                .then(|| annotation(frame * 3));
            assert_eq!(log.get(frame), expected, "frame {frame}");
        }
        log.forget(7);
        assert_eq!(log.get(7), None);
    }

    #[test]
    fn numbers_beyond_a_record_are_kept() {
        let mut log = FrameLog::new();
        let huge = [
            Annotation {
                bytes_so_far: u64::MAX,
                ..annotation(1)
            },
            Annotation {
                server_counters: Counters {
                    in_pkts: 1 << 32,
                    ..counters(1)
                },
                ..annotation(1)
            },
            Annotation {
                flow_counters: Counters {
                    out_bytes: 1 << 48,
                    ..counters(1)
                },
                ..annotation(1)
            },
            Annotation {
                segment: Some(0),
                ..annotation(1)
            },
            Annotation {
                flow: Some(u32::MAX),
                ..annotation(1)
            },
            Annotation {
                server: u32::MAX,
                bytes_so_far: (1 << 48) - 1,
                ..annotation(1)
            },
        ];
        for (frame, a) in huge.iter().enumerate() {
            log.insert(frame as u64, a);
        }
        log.insert(u64::MAX, &annotation(3));
        log.insert(u64::MAX - 1, &annotation(4));
        for (frame, a) in huge.iter().enumerate() {
            assert_eq!(log.get(frame as u64), Some(*a));
        }
        assert_eq!(log.get(u64::MAX), Some(annotation(3)));
        assert_eq!(log.get(u64::MAX - 1), Some(annotation(4)));
        // Small again, then removed.
        log.insert(0, &annotation(5));
        assert_eq!(log.get(0), Some(annotation(5)));
        log.insert(0, &huge[0]);
        log.forget(0);
        assert_eq!(log.get(0), None);
    }

    /// Compares the log with a plain map, in all orders that a small generator finds.
    #[test]
    fn agrees_with_a_map() {
        let mut log = FrameLog::new();
        let mut map = std::collections::BTreeMap::new();
        let mut state = 1_u64;
        for step in 0..20_000_u64 {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let random = state >> 33;
            let frame = if random.is_multiple_of(10) {
                random % 3000
            } else {
                step / 4
            };
            if random.is_multiple_of(3) {
                log.forget(frame);
                map.remove(&frame);
            } else {
                let mut a = annotation(step);
                if random.is_multiple_of(11) {
                    a.bytes_so_far = u64::MAX - step;
                }
                log.insert(frame, &a);
                map.insert(frame, a);
            }
        }
        for frame in 0..6000_u64 {
            assert_eq!(log.get(frame), map.get(&frame).copied(), "frame {frame}");
        }
    }
}
