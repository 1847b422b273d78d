//! Requests that a client may have sent without waiting for the response before (RFC 9112, section
//! 9.3.2).
//!
//! When encrypted, a pipelined request looks like the body of the previous one. It is recognised by
//! its size, because requests for parts of the same title differ only by a few digits, and believed
//! when a second response follows the first.

use smallvec::SmallVec;

use crate::bounded::size::spilled;
use crate::packet::Stamp;
use crate::wire::tls::MAX_PLAINTEXT;

/// A record after a request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Follower {
    pub(crate) stamp: Stamp,
    /// Offset of its beginning in the client's stream.
    pub(crate) offset: u64,
    /// True if it is about as long as the request.
    is_similar: bool,
}

/// The requests after the one that is being answered.
#[derive(Debug, Default)]
pub(crate) struct Pipeline {
    /// Record length of the request that is being answered.
    length: u32,
    followers: SmallVec<[Follower; 4]>,
    /// Records of the response so far.
    records: u32,
    /// True if the last of them was not full, and more than a head.
    ended: bool,
}

impl Pipeline {
    /// Number of followers remembered.
    const MAX_FOLLOWERS: usize = 32;
    /// How much two requests of one client may differ in length, in bytes: two byte offsets and a
    /// query's digits.
    const SIMILAR: u32 = 32;
    /// Shorter records are not taken for requests with paths of similar length.
    const SHORTEST: u32 = 128;
    /// Larger records hold more than a response's head: heads of media servers have 200 to 600
    /// bytes.
    const LARGEST_HEAD: u32 = 1024;

    /// Returns its heap memory, in bytes.
    pub(crate) fn heap(&self) -> usize {
        spilled(&self.followers)
    }

    /// Records the first record of a request that nothing precedes.
    pub(crate) fn begin(&mut self, length: u32) {
        self.length = length;
        self.followers.clear();
        self.records = 0;
        self.ended = false;
    }

    /// Records a record that came after it, before any response.
    pub(crate) fn follow(&mut self, stamp: Stamp, offset: u64, length: u32) {
        let is_similar = length >= Self::SHORTEST && length.abs_diff(self.length) <= Self::SIMILAR;
        if self.followers.len() < Self::MAX_FOLLOWERS {
            self.followers.push(Follower {
                stamp,
                offset,
                is_similar,
            });
        }
    }

    /// Removes and returns the records after the request. All of them are requests if the
    /// connection turns out to multiplex.
    pub(crate) fn take_followers(&mut self) -> impl Iterator<Item = Follower> {
        std::mem::take(&mut self.followers).into_iter()
    }

    /// Processes a record of the response. Returns the request that it answers if that is not the
    /// current one.
    pub(crate) fn record(&mut self, plaintext: u32, peer: u64) -> Option<(Stamp, u64)> {
        let next = self
            .followers
            .iter()
            .position(|follower| follower.is_similar)
            .filter(|&at| self.ended && peer > self.followers[at].offset);
        let next = next.map(|at| {
            self.records = 0;
            let follower = self.followers.remove(at);
            (follower.stamp, follower.offset)
        });
        self.records += 1;
        self.ended =
            plaintext < MAX_PLAINTEXT && (self.records > 1 || plaintext > Self::LARGEST_HEAD);
        next
    }
}
