//! A window onto a byte stream: refilled in large reads, returned as slices, grown only as far as
//! requested.

use std::io::{self, Read};
use std::ops::Range;

/// Largest packet or pcapng block that is read whole. Wireshark refuses the same (`MAX_BLOCK_SIZE`
/// in its pcapng.c).
pub(crate) const MAX_BLOCK: usize = 16 * 1024 * 1024;

/// Largest pcapng section header or interface description. Their options are collected, which takes
/// many times the space.
pub(crate) const MAX_HEADER_BLOCK: usize = 1024 * 1024;

/// Initial capacity. Large enough that many packets share a system call, small enough to stay in
/// the processor's second-level cache, where the parser then finds the bytes.
const INITIAL_CAPACITY: usize = if cfg!(fuzzing) { 4096 } else { 256 * 1024 };

/// The unread part of a stream. Bytes are moved only when a refill needs space: at most one packet
/// per refill.
pub(super) struct Buffer<R> {
    source: R,
    bytes: Vec<u8>,
    start: usize,
    end: usize,
    /// Offset in the stream of `bytes[start]`.
    offset: u64,
    /// Why no more bytes come: the end of the stream, or an error.
    ended: Option<Option<io::Error>>,
}

impl<R: Read> Buffer<R> {
    pub(super) fn new(source: R) -> Self {
        Self {
            source,
            bytes: vec![0; INITIAL_CAPACITY],
            start: 0,
            end: 0,
            offset: 0,
            ended: None,
        }
    }

    /// Returns the offset in the stream of the first byte of [`Self::unread`].
    pub(super) const fn offset(&self) -> u64 {
        self.offset
    }

    /// Returns the error that ended the stream early, if any.
    pub(super) fn error(&self) -> Option<&io::Error> {
        self.ended.as_ref()?.as_ref()
    }

    /// Returns the available bytes without reading.
    pub(super) fn unread(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    /// Makes `wanted` bytes available. Returns false if that failed; [`Self::unread`] then holds
    /// everything that is left. The buffer grows to `wanted` if necessary: callers limit it first.
    pub(super) fn fill(&mut self, wanted: usize) -> bool {
        self.end - self.start >= wanted || self.refill(wanted)
    }

    #[cold]
    fn refill(&mut self, wanted: usize) -> bool {
        self.bytes.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        if wanted > self.bytes.len() {
            self.bytes.resize(wanted, 0);
        }
        while self.end < wanted && self.ended.is_none() {
            match self.source.read(&mut self.bytes[self.end..]) {
                Ok(0) => self.ended = Some(None),
                Ok(count) => self.end += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => self.ended = Some(Some(error)),
            }
        }
        self.end >= wanted
    }

    /// Consumes `count` bytes, which [`Self::fill`] has made available. [`Self::get`] returns them
    /// until the next call that reads.
    pub(super) fn take(&mut self, count: usize) -> Range<usize> {
        debug_assert!(count <= self.end - self.start);
        let from = self.start;
        self.start += count;
        self.offset += count as u64;
        from..self.start
    }

    /// Returns bytes taken by [`Self::take`], or a part of them.
    pub(super) fn get(&self, taken: Range<usize>) -> &[u8] {
        &self.bytes[taken]
    }

    /// Returns the last `count` bytes taken, until the next call that reads.
    pub(super) fn last(&self, count: usize) -> &[u8] {
        &self.bytes[self.start - count..self.start]
    }

    /// Skips `count` bytes without holding them all. Returns false if there were fewer.
    pub(super) fn skip(&mut self, count: u64) -> bool {
        let mut left = count;
        loop {
            let step = usize::try_from(left)
                .unwrap_or(usize::MAX)
                .min(self.end - self.start);
            self.take(step);
            left -= step as u64;
            if left == 0 {
                return true;
            }
            if !self.fill(1) {
                return false;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A source that gives a byte at a time, with interruptions.
    struct Dripping<'a>(&'a [u8], bool);

    impl Read for Dripping<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            self.1 = !self.1;
            if self.1 {
                return Err(io::ErrorKind::Interrupted.into());
            }
            let count = self.0.len().min(into.len()).min(1);
            into[..count].copy_from_slice(&self.0[..count]);
            self.0 = &self.0[count..];
            Ok(count)
        }
    }

    #[test]
    fn short_reads_and_interruptions_do_not_show() {
        let mut buffer = Buffer::new(Dripping(b"abcdefgh", false));
        assert!(buffer.fill(3));
        let taken = buffer.take(3);
        assert_eq!(buffer.get(taken), b"abc");
        assert_eq!(buffer.offset(), 3);
        assert!(buffer.skip(2));
        assert!(!buffer.fill(4));
        assert_eq!(buffer.unread(), b"fgh");
        assert!(!buffer.skip(4));
        assert_eq!(buffer.offset(), 8);
        assert!(buffer.error().is_none());
    }

    #[test]
    fn grows_to_what_is_asked_and_keeps_what_it_holds() {
        let stream: Vec<u8> = (0..2 * INITIAL_CAPACITY).map(|i| i as u8).collect();
        let mut buffer = Buffer::new(&stream[..]);
        assert!(buffer.fill(10));
        buffer.take(7);
        assert!(buffer.fill(INITIAL_CAPACITY + 1));
        let taken = buffer.take(INITIAL_CAPACITY + 1);
        assert_eq!(buffer.get(taken), &stream[7..][..INITIAL_CAPACITY + 1]);
    }
}
