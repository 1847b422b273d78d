//! All segments of a capture, the newest of them within a limit.

use std::collections::VecDeque;

use super::Segment;
use super::viewers::Viewers;
use crate::config::Config;
use crate::memory;

/// Segments by number, from 1 in order of request.
#[derive(Debug)]
pub(crate) struct SegmentTable {
    segments: VecDeque<Option<Segment>>,
    /// Number of the first one held.
    first: u32,
    capacity: usize,
    pub(crate) evicted: u64,
    /// Who asked for them; `None` while it is at work.
    pub(crate) viewers: Option<Box<Viewers>>,
}

impl SegmentTable {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            segments: VecDeque::new(),
            first: 1,
            capacity: usize::try_from(config.max_segments()).unwrap_or(usize::MAX),
            evicted: 0,
            viewers: Some(Box::new(Viewers::new(config))),
        }
    }

    /// The most memory that it holds, in bytes.
    pub(crate) fn bound(config: &Config) -> u64 {
        memory::list::<Option<Segment>>(config.max_segments())
    }

    /// The number that the next segment gets.
    pub(crate) fn next_number(&self) -> u32 {
        self.first + self.segments.len() as u32
    }

    /// Adds a segment, whose number must be [`Self::next_number`].
    pub(crate) fn push(&mut self, segment: Segment) {
        debug_assert_eq!(segment.number, self.next_number());
        if self.segments.len() >= self.capacity {
            self.segments.pop_front();
            self.first += 1;
            self.evicted += 1;
        }
        self.segments.push_back(Some(segment));
    }

    pub(crate) fn numbers(&self) -> core::ops::Range<u32> {
        self.first..self.next_number()
    }

    pub(crate) fn get(&self, number: u32) -> Option<&Segment> {
        self.segments.get(number.checked_sub(self.first)? as usize)?.as_ref()
    }

    pub(crate) fn get_mut(&mut self, number: u32) -> Option<&mut Segment> {
        self.segments.get_mut(number.checked_sub(self.first)? as usize)?.as_mut()
    }

    pub(crate) fn take(&mut self, number: u32) -> Option<Segment> {
        self.segments.get_mut(number.checked_sub(self.first)? as usize)?.take()
    }
}
