//! The arrival of bytes over time.

use crate::packet::{Stamp, Time};

/// Number of points kept; beyond it, every other one is dropped.
const POINTS: usize = 32;

/// Bytes over time, in a bounded number of points.
#[derive(Debug, Default)]
pub(super) struct Arrivals {
    points: Vec<(u64, Stamp)>,
    /// Packets per point, and the number of packets since the last point.
    stride: u32,
    since: u32,
    last: Option<(u64, Stamp)>,
}

impl Arrivals {
    /// The most memory behind one, in bytes.
    pub(super) const BOUND: usize = POINTS * size_of::<(u64, Stamp)>();

    pub(super) fn heap(&self) -> usize {
        self.points.capacity() * size_of::<(u64, Stamp)>()
    }

    pub(super) fn clear(&mut self) {
        self.points.clear();
        (self.stride, self.since, self.last) = (1, 0, None);
    }

    /// Records that this many bytes had come with this packet.
    pub(super) fn push(&mut self, bytes: u64, stamp: Stamp) {
        self.last = Some((bytes, stamp));
        self.since += 1;
        if self.since < self.stride {
            return;
        }
        self.since = 0;
        if self.points.len() == POINTS {
            let mut at = 0;
            self.points.retain(|_| {
                at += 1;
                at % 2 == 0
            });
            self.stride *= 2;
        }
        self.points.push((bytes, stamp));
    }

    /// Returns the bytes at the last packet.
    pub(super) fn end(&self) -> u64 {
        self.last.map_or(0, |last| last.0)
    }

    /// Returns the time of the last packet.
    pub(super) fn end_time(&self) -> Option<Time> {
        self.last.map(|last| last.1.time)
    }

    /// Returns the bytes that had come by this time, or shortly before.
    pub(super) fn before(&self, time: Time) -> u64 {
        let behind = self.points.partition_point(|point| point.1.time <= time);
        behind.checked_sub(1).map_or(0, |at| self.points[at].0)
    }

    /// Returns a packet at or shortly before the one with which this many bytes had come.
    pub(super) fn upto(&self, bytes: u64) -> Option<Stamp> {
        if let Some(last) = self.last.filter(|last| last.0 <= bytes) {
            return Some(last.1);
        }
        let behind = self.points.partition_point(|point| point.0 <= bytes);
        let point = self.points.get(behind.saturating_sub(1)).copied();
        point.or(self.last).map(|point| point.1)
    }

    /// Returns a packet at or shortly after the one with which this many bytes had come.
    pub(super) fn at(&self, bytes: u64) -> Option<Stamp> {
        let at = self.points.partition_point(|point| point.0 < bytes);
        let point = self.points.get(at).copied().or(self.last)?;
        Some(point.1)
    }
}
