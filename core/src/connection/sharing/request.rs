//! Requests whose responses overlapped.

use crate::packet::Time;

/// Largest number of responses per period that are separated. If there are more, those that
/// continue start another period.
pub(crate) const MOST_REQUESTS: usize = 24;

/// A track of media.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MediaTrack {
    Audio,
    Video,
    /// No response that matters: a tiny one, or a packet mistaken for a request.
    None,
}

/// A request whose response came during a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PeriodRequest {
    /// The segment.
    pub(crate) number: u32,
    /// The time of the request.
    pub(crate) asked: Time,
    /// Bytes of the connection that had come at the time of the request, and when its response
    /// could begin.
    pub(crate) asked_at: u64,
    pub(crate) begun_at: u64,
    /// Bytes that it had in the period before, without and with framing.
    pub(crate) before: (u64, u64),
    /// True if it looks like the one before it, which its client may have sent again.
    pub(crate) is_repeated: bool,
}
