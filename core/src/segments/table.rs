//! All segments of a capture, the newest of them within a limit.

use std::collections::VecDeque;

use crate::bounded::size;
use crate::classify::clients::Viewers;
use crate::config::Config;
use crate::facts::annotation::ServerId;
use crate::facts::segment::Segment;

/// Segments by number, from 1 in order of request.
#[derive(Debug)]
pub(crate) struct SegmentTable {
    segments: VecDeque<Option<Segment>>,
    /// Number of the first one held.
    first: u32,
    capacity: usize,
    /// By server: the number of its newest segment, 0 for none.
    newest: Vec<u32>,
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
            newest: Vec::new(),
            evicted: 0,
            viewers: Some(Box::new(Viewers::new(config))),
        }
    }

    /// The most memory that it holds, in bytes.
    pub(crate) fn bound(config: &Config) -> u64 {
        size::list::<Option<Segment>>(config.max_segments())
    }

    /// The number that the next segment gets.
    pub(crate) fn next_number(&self) -> u32 {
        self.first + self.segments.len() as u32
    }

    /// Adds a segment, whose number must be [`Self::next_number`], behind the server's newest.
    pub(crate) fn push(&mut self, mut segment: Segment) {
        debug_assert_eq!(segment.number, self.next_number());
        let newest = self.newest_of(segment.server);
        segment.previous = (*newest != 0).then_some(*newest);
        *newest = segment.number;
        if let Some(previous) = segment.previous.and_then(|number| self.get_mut(number)) {
            previous.next = Some(segment.number);
        }
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
        self.segments
            .get(number.checked_sub(self.first)? as usize)?
            .as_ref()
    }

    pub(crate) fn get_mut(&mut self, number: u32) -> Option<&mut Segment> {
        self.segments
            .get_mut(number.checked_sub(self.first)? as usize)?
            .as_mut()
    }

    /// Takes a segment out; the server's others close the gap.
    pub(crate) fn take(&mut self, number: u32) -> Option<Segment> {
        let segment = self
            .segments
            .get_mut(number.checked_sub(self.first)? as usize)?
            .take()?;
        if let Some(previous) = segment.previous.and_then(|number| self.get_mut(number)) {
            previous.next = segment.next;
        }
        match segment.next.and_then(|number| self.get_mut(number)) {
            Some(next) => next.previous = segment.previous,
            None => *self.newest_of(segment.server) = segment.previous.unwrap_or(0),
        }
        Some(segment)
    }

    fn newest_of(&mut self, server: ServerId) -> &mut u32 {
        let index = server as usize;
        if index >= self.newest.len() {
            self.newest.resize(index + 1, 0);
        }
        &mut self.newest[index]
    }
}
