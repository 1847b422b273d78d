//! The periods of a connection as one manner of a server explains them.

use smallvec::SmallVec;

use super::asks::Asked;
use super::backlog::Backlog;
use super::beam::{self, Manner, Puzzle, Reading};
use super::behind::{self, Behind};
use super::period::{Part, Period, Usual, scaled};
use super::request::{MediaTrack, PeriodRequest};
use super::rhythm::Rhythm;
use crate::config::Config;
use crate::packet::{Time, from_milliseconds};

/// Reads periods under the assumption of one manner.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct PeriodReader {
    pub(super) manner: Manner,
    pub(super) rhythm: Rhythm,
    /// The track whose header came first, if no media was requested since.
    pub(super) first: Option<MediaTrack>,
    /// True if it weighs a size that may be the audio's: how audio ends is evidence then, too.
    pub(super) is_trial: bool,
    /// Evidence against it.
    pub(super) cost: f64,
    pub(super) backlog: Backlog,
}

impl PeriodReader {
    /// Reads a response that was alone.
    pub(super) fn alone(&mut self, track: MediaTrack, asked: Time, end: Time, config: &Config) {
        self.cost += self.rhythm.cost(track, asked);
        self.rhythm.note(track, asked);
        self.first = None;
        self.rhythm.over(track, at_once(end, config));
    }

    /// Divides a period, which follows a header like this. Returns the evidence against the best
    /// reading, and its parts.
    pub(super) fn divide(
        &mut self,
        period: &Period,
        behind: Behind,
        usual: Usual,
        told: &[Asked],
        config: &Config,
    ) -> (f64, Vec<Part>) {
        let total = period.total(period.timeline.end());
        let mut expected = behind::expected(&period.requests, told, behind);
        let first = self.first.take();
        if let (Some(first), Some(at)) = (first, period.tells_order()) {
            expected[at] = first;
        }
        let in_data = |request: &PeriodRequest| PeriodRequest {
            asked_at: period.in_data(request.asked_at),
            begun_at: period.in_data(request.begun_at),
            ..*request
        };
        let requests: SmallVec<[PeriodRequest; 2]> = period.requests.iter().map(in_data).collect();
        let puzzle = Puzzle {
            requests: &requests,
            told,
            expected: &expected,
            end: period.start + total,
            usual: usual.size,
            manner: self.manner,
            width: period.width(),
            lead: config.sharing_lead(),
            backlog: self.backlog.usual(config.sharing_lead()),
        };
        let mut readings = beam::read(&puzzle, &self.rhythm);
        let Some(best) = readings.first_mut() else {
            return (0.0, Vec::new());
        };
        if let Some(first) = first.filter(|_| period.begins_with_pair()) {
            best.put_first(first);
        }
        let best = &best.with_headers(told);
        self.cost += best.cost;
        if let Some(behind) = best.behind {
            self.backlog.note(behind);
        }
        for (request, &track) in period.requests.iter().zip(&best.tracks) {
            self.rhythm.note(track, request.asked);
        }
        if let Some(over) = period.timeline.end_time() {
            let lately = period.in_data(period.timeline.before(before(over, config)));
            let last = best.last_track(&puzzle, lately);
            // Of 349 recorded periods that ended with video, 346 were followed by video. Behind
            // audio, either comes: it may wait until video has as much in the buffer.
            if let Some(last) = last.filter(|&last| self.is_trial || last == MediaTrack::Video) {
                self.rhythm.over(last, at_once(over, config));
            }
        }
        let audio = best
            .tracks
            .iter()
            .filter(|&&t| t == MediaTrack::Audio)
            .count() as u64;
        // Computed from running sums, so that parts add up.
        let mut so_far = 0;
        let portion = |whole: u64, so_far: u64, part: u64| {
            scaled(whole, so_far + part, total) - scaled(whole, so_far, total)
        };
        let part = |at: usize| {
            let (size, request) = (best.sizes[at], &period.requests[at]);
            let part = Part {
                number: request.number,
                track: best.tracks[at].kind(),
                size: size + request.before.0,
                error: error(&readings, at, usual, audio),
                first: period.timeline.at(request.begun_at + 1),
                last: period.timeline.upto(period.on_wire(best.ends[at])),
                wire: portion(period.wire, so_far, size) + request.before.1,
                packets: portion(period.packets, so_far, size)
                    + period.packets_of(request.before.1),
            };
            so_far += size;
            part
        };
        (best.cost, (0..period.requests.len()).map(part).collect())
    }
}

/// Returns the time until which a client asks at once if it then has everything.
pub(super) fn at_once(over: Time, config: &Config) -> Time {
    Time(
        over.0
            .saturating_add(from_milliseconds(config.sharing_at_once())),
    )
}

/// Returns the time from which arriving bytes may be followed by a request at once after this.
fn before(over: Time, config: &Config) -> Time {
    let at_once = from_milliseconds(config.sharing_at_once());
    Time(over.0.saturating_sub(at_once))
}

/// Returns the possible error of the size at this index: the differences to readings that are
/// nearly as good, and between single audio segments.
fn error(readings: &[Reading], at: usize, usual: Usual, audio: u64) -> u64 {
    let best = &readings[0];
    let others = readings
        .iter()
        .map(|r| r.sizes[at].abs_diff(best.sizes[at]));
    let spread = match best.tracks[at] {
        MediaTrack::Audio => usual.spread,
        MediaTrack::Video => usual.spread * audio.max(1) + best.doubtful[at],
        MediaTrack::None => 0,
    };
    others.max().unwrap_or(0) + spread
}
