//! Earlier responses of a connection, which may be read again.

use super::period::Period;
use super::request::MediaTrack;
use crate::packet::Time;

/// An earlier event.
#[derive(Debug)]
pub(super) enum Past {
    /// A response that was alone: the time of its request, the time of its end, its size.
    Alone(Time, Time, u64),
    /// Two headers: the time of their requests, and the track whose header came first.
    Headers(Time, MediaTrack),
    Shared(Period),
}

impl Past {
    /// Returns the time of the first request.
    pub(super) fn asked(&self) -> Time {
        match self {
            Self::Alone(asked, ..) | Self::Headers(asked, _) => *asked,
            Self::Shared(period) => period.requests.first().map_or(Time(0), |first| first.asked),
        }
    }

    /// Returns the number of its requests for media.
    pub(super) fn requests(&self) -> u32 {
        match self {
            Self::Headers(..) => 0,
            Self::Alone(..) => 1,
            Self::Shared(period) => period.requests.len() as u32,
        }
    }

    /// Returns the number of readings that it takes to read it once.
    pub(super) fn readings(&self) -> usize {
        match self {
            Self::Alone(..) | Self::Headers(..) => 1,
            Self::Shared(period) => period.requests.len() * period.width(),
        }
    }

    pub(super) fn heap(&self) -> usize {
        match self {
            Self::Alone(..) | Self::Headers(..) => 0,
            Self::Shared(period) => period.heap(),
        }
    }
}
