//! The rhythm in which a player asks for the segments of each track.

use super::request::MediaTrack;
use crate::packet::Time;

/// Number of latest intervals kept per track.
const DISTANCES: usize = 5;
/// Number of intervals from which a track has a rhythm.
const ENOUGH: usize = 2;
/// Largest cost of a request that is not due.
const MOST: f64 = 3.0;
/// The cost of a second request of one track in a row if no rhythm is known.
const REPEATED: f64 = 1.0;

/// The cost of a request that is sent at once when a period is over, but is not for the track that
/// came last.
const OTHER: f64 = 1.5;

/// The rhythm of one track.
#[derive(Clone, Copy, Debug, Default)]
struct TrackRhythm {
    last: Option<Time>,
    distances: [i64; DISTANCES],
    count: usize,
}

impl TrackRhythm {
    fn note(&mut self, time: Time) {
        if let Some(last) = self.last {
            self.distances[self.count % DISTANCES] = time.since(last).max(0);
            self.count += 1;
        }
        self.last = Some(time);
    }

    /// Returns the usual interval, in nanoseconds.
    fn distance(&self) -> Option<i64> {
        let count = self.count.min(DISTANCES);
        if count < ENOUGH {
            return None;
        }
        let mut sorted = self.distances;
        sorted[..count].sort_unstable();
        Some(sorted[count / 2]).filter(|&distance| distance > 0)
    }
}

/// The rhythm of both tracks.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Rhythm {
    audio: TrackRhythm,
    video: TrackRhythm,
    latest: Option<MediaTrack>,
    /// The track with which the latest period ended, and the time by which its next segment is
    /// requested, if at once.
    over: Option<(MediaTrack, Time)>,
}

impl Rhythm {
    /// Records a request.
    pub(super) fn note(&mut self, track: MediaTrack, time: Time) {
        match track {
            MediaTrack::Audio => self.audio.note(time),
            MediaTrack::Video => self.video.note(time),
            MediaTrack::None => return,
        }
        self.latest = Some(track);
        self.over = None;
    }

    /// Records the track that a period ended with, and the time by which its next segment is
    /// requested, if at once.
    pub(super) const fn over(&mut self, track: MediaTrack, until: Time) {
        self.over = Some((track, until));
    }

    /// Returns the cost of assigning a request to this track.
    pub(super) fn cost(&self, track: MediaTrack, time: Time) -> f64 {
        let requests = match track {
            MediaTrack::Audio => &self.audio,
            MediaTrack::Video => &self.video,
            MediaTrack::None => return 0.0,
        };
        let repeated = if self.latest == Some(track) {
            REPEATED
        } else {
            0.0
        };
        let other = match self.over {
            Some((last, until)) if last != track && time <= until => OTHER,
            _ => 0.0,
        };
        match (requests.last, requests.distance()) {
            (Some(last), Some(distance)) => {
                let passed = time.since(last).max(1) as f64;
                // A request before it is due is unlikely, the more so the earlier; a late one may
                // have many reasons.
                let due = (passed / distance as f64).ln();
                let cost = if due < 0.0 { -due } else { due / 2.0 };
                cost.min(MOST) + repeated / 2.0 + other
            }
            _ => repeated + other,
        }
    }
}
