//! Requests whose responses overlapped.

use crate::facts::segment::Kind;
use crate::packet::{Time, from_milliseconds};

/// Largest number of responses per period that are separated. If there are more, those that
/// continue start another period.
pub(crate) const MOST_REQUESTS: usize = 24;

/// Number of requests for a header and the first media of both tracks.
pub(super) const BOTH_TRACKS: usize = 4;

/// Longest time between requests that a player sends in one turn, in milliseconds.
const ONE_TURN: u64 = 10;

/// Smallest number of responses that a client keeps in flight, as players do: one of each track.
const LEAST_IN_FLIGHT: usize = 2;
/// Number of requests beyond those in flight that may be answered before a response is over. A
/// client that keeps several in flight asks again when one is over, so a slow response is overtaken
/// by as many as are in flight, and hardly ever by more than two beyond.
const OVERTAKING: usize = 2;

/// Tests whether a segment may still change.
pub(super) type IsOpen<'a> = &'a dyn Fn(u32) -> bool;

/// A track of media.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MediaTrack {
    Audio,
    Video,
    /// No response that matters: a tiny one, or a packet mistaken for a request.
    None,
}

impl MediaTrack {
    /// Returns the kind of its segments.
    pub(super) const fn kind(self) -> Option<Kind> {
        match self {
            Self::Audio => Some(Kind::Audio),
            Self::Video => Some(Kind::Video),
            Self::None => None,
        }
    }
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
    /// Bytes of the request; 0 if not known, or if it holds fields that others only refer to.
    pub(crate) size: u16,
    /// True if it looks like the one before it, which its client may have sent again.
    pub(crate) is_repeated: bool,
    /// True if the client may have given up a response just before it.
    pub(crate) resets: bool,
}

impl PeriodRequest {
    /// Returns true if a player sent both in one turn.
    pub(super) fn is_same_turn(&self, later: &Self) -> bool {
        later.asked.since(self.asked) <= from_milliseconds(ONE_TURN)
    }
}

/// Returns how many places after a response the request stands that is sent at the latest when the
/// response is over, given how many the client keeps in flight.
pub(crate) fn overtaken(in_flight: usize) -> usize {
    in_flight.max(LEAST_IN_FLIGHT) + OVERTAKING + 1
}

/// Returns true if the client may have given up a response in the turn of this request.
pub(super) fn gave_up(at: usize, requests: &[PeriodRequest]) -> bool {
    let reset = |request: &PeriodRequest| request.resets && request.is_same_turn(&requests[at]);
    requests[..=at].iter().rev().take(BOTH_TRACKS).any(reset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_of_the_turn_in_which_a_client_gives_up_a_response() {
        let request = |asked: u64, resets: bool| PeriodRequest {
            number: 1,
            asked: Time(from_milliseconds(asked)),
            asked_at: 0,
            begun_at: 0,
            before: (0, 0),
            size: 0,
            is_repeated: false,
            resets,
        };
        let gave_up_by = |all: &[PeriodRequest]| gave_up(all.len() - 1, all);
        assert!(gave_up_by(&[request(0, true)]));
        assert!(!gave_up_by(&[request(0, false)]));
        assert!(gave_up_by(&[request(0, true), request(ONE_TURN, false)]));
        assert!(!gave_up_by(&[
            request(0, true),
            request(ONE_TURN + 1, false)
        ]));
    }
}
