//! Requests whose responses came in at once.

use crate::packet::Time;

/// Responses of one period that are told apart; with more, those that go on begin another period.
pub(crate) const MOST_REQUESTS: usize = 24;

/// A track of media.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MediaTrack {
    Audio,
    Video,
    /// No response that matters: a tiny one, or what was taken for a request and was none.
    None,
}

/// A request whose response came in during a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PeriodRequest {
    /// The segment.
    pub(crate) number: u32,
    /// The time when it was asked for.
    pub(crate) asked: Time,
    /// Bytes of the connection that had come when it was asked for, and when its response could begin.
    pub(crate) asked_at: u64,
    pub(crate) begun_at: u64,
    /// Bytes that it had in the period before, and those with framing.
    pub(crate) before: (u64, u64),
    /// True if it looks like the one before it, which its client may have sent again.
    pub(crate) is_repeated: bool,
}
