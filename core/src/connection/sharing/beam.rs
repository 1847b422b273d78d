//! The likeliest readings of a period: which request belongs to which track, and which response got
//! which bytes.

mod corrections;

use smallvec::SmallVec;

pub(super) use self::corrections::give_header;
use super::asks::Asked;
use super::backlog;
use super::request::{MOST_REQUESTS, MediaTrack, PeriodRequest, gave_up};
use super::rhythm::Rhythm;
use crate::bounded::work;

/// Largest number of readings followed at once, and the smallest. Each datagram of a response
/// allows a few. A response that matters has tens of datagrams; with fewer, many readings would
/// take more work than they are worth.
const WIDTH: usize = 48;
const LEAST_WIDTH: usize = 3;
/// Steps that each further reading takes.
const STEPS: usize = 8;
/// Readings per datagram.
const READINGS: usize = 4;
/// The cost of a request that is not one: its response would be tiny.
const NONE: f64 = 3.5;
/// The same for a request that looks like a repeated one.
const REPEATED: f64 = 1.5;
/// The cost per audio segment's worth of bytes that fit no response.
const MISFIT: f64 = 4.0;
/// The cost of a request for video while the last video is in progress and has only a little.
const HASTY: f64 = 2.0;
/// Fraction of audio's size below which video that is followed by another is as unlikely as a tiny
/// response.
const HARDLY: u64 = 4;
/// The cost of audio that has more than its size although no video came with it, and the fraction
/// of its size from which that shows.
const WRONG: f64 = 3.0;
const CLEARLY: u64 = 8;
/// The credit of a server that sends one response after the other if audio is requested just when
/// it is then complete.
const FITS: f64 = 1.5;
/// Percentage of audio's size at which it may be complete and still fit. The position of a request
/// is known in bytes with framing, 0.3 to 1 % more than audio's own, and comes up to 10 ms late
/// (h2o and Apache, measured: 63,712 to 65,160 bytes between requests, 65,104 usual; 1.05 loses a
/// tenth of what 1.1 gains, 1.2 gains nothing more).
const FITS_UPTO: u64 = 110;
/// The cost per audio segment's worth of bytes for which no further video is requested although the
/// last is then complete.
const IDLE: f64 = 1.0;
/// By how much worse a reading may be and still count toward the error of sizes.
const NEARLY: f64 = 3.0;

/// The cost of another track than the one that a header before it shows.
const UNEXPECTED: f64 = 1.5;

/// How a server sends responses that were requested together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Manner {
    /// From each in turn.
    #[default]
    InTurns,
    /// The same, after the bytes of earlier responses that the socket had taken.
    Late,
    /// One after the other.
    InOrder,
}

/// One way to read a period.
#[derive(Debug, Default)]
pub(super) struct Reading {
    pub(super) tracks: SmallVec<[MediaTrack; MOST_REQUESTS]>,
    /// Bytes of each response, by index.
    pub(super) sizes: SmallVec<[u64; MOST_REQUESTS]>,
    /// Bytes of the connection at which each response had its last.
    pub(super) ends: SmallVec<[u64; MOST_REQUESTS]>,
    /// Bytes of audio that came about when one video ended and the next began, and may belong to
    /// the other.
    pub(super) doubtful: SmallVec<[u64; MOST_REQUESTS]>,
    pub(super) cost: f64,
    rhythm: Rhythm,
    manner: Manner,
    /// The latest request.
    latest: Option<usize>,
    /// The latest video, and true if it may still be in progress.
    video: Option<(usize, bool)>,
    /// Audio in progress.
    audio: SmallVec<[usize; 2]>,
    /// The latest audio.
    latest_audio: Option<usize>,
    /// Position at which video was over because audio after it was, while no other video had been
    /// requested.
    idle_since: Option<u64>,
    /// The latest request for video and its position, while audio was to follow.
    followed: Option<(usize, u64)>,
    /// Bytes that came between the latest two requests for audio, besides the audio, if video was in
    /// progress.
    pub(super) behind: Option<u64>,
}

/// An event in a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum PeriodEvent {
    /// A request is sent.
    Asked(usize),
    /// The response may begin.
    Begun(usize),
}

/// The period to be read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Puzzle<'a> {
    pub(super) requests: &'a [PeriodRequest],
    /// Their objects, as far as their sizes show them.
    pub(super) told: &'a [Asked],
    /// Their tracks, as far as a header before them shows them.
    pub(super) expected: &'a [MediaTrack],
    /// Bytes of the connection at its end.
    pub(super) end: u64,
    /// The size of audio.
    pub(super) usual: u64,
    pub(super) manner: Manner,
    /// Number of readings that are followed.
    pub(super) width: usize,
    /// Number of bytes after which a late response gets its turn.
    pub(super) lead: u64,
    /// Bytes of video that usually come between a request for audio and its last byte.
    pub(super) backlog: u64,
}

/// Returns the number of readings of a period to follow at once, by its responses and their
/// datagrams.
pub(super) fn width(requests: usize, datagrams: usize) -> usize {
    (READINGS * datagrams / requests.max(1)).clamp(LEAST_WIDTH, WIDTH)
}

/// The most memory that reading a period takes, in bytes: a list of readings, and the next list.
pub(super) const BOUND: usize = 4 * WIDTH * size_of::<Reading>();

/// Returns the likeliest readings of a period, the best first, and others that are nearly as good.
pub(super) fn read(puzzle: &Puzzle<'_>, rhythm: &Rhythm) -> Vec<Reading> {
    let Puzzle { requests, end, .. } = *puzzle;
    let mut events: SmallVec<[(u64, PeriodEvent); 2 * MOST_REQUESTS]> = SmallVec::new();
    for (at, request) in requests.iter().enumerate() {
        events.push((request.asked_at, PeriodEvent::Asked(at)));
        events.push((
            request.begun_at.max(request.asked_at),
            PeriodEvent::Begun(at),
        ));
    }
    // Responses requested together begin together; within, they are in order.
    events.sort_by_key(|event| event.0);
    let mut readings = vec![Reading {
        tracks: SmallVec::from_elem(MediaTrack::None, requests.len()),
        sizes: SmallVec::from_elem(0, requests.len()),
        ends: SmallVec::from_elem(0, requests.len()),
        doubtful: SmallVec::from_elem(0, requests.len()),
        rhythm: *rhythm,
        manner: puzzle.manner,
        ..Reading::default()
    }];
    let mut next = Vec::with_capacity(3 * puzzle.width);
    let mut so_far = events.first().map_or(end, |event| event.0);
    for &(at, event) in &events {
        for reading in &mut readings {
            reading.share(so_far, at, puzzle);
        }
        so_far = at;
        match event {
            PeriodEvent::Begun(request) => readings.iter_mut().for_each(|r| r.begin(request)),
            PeriodEvent::Asked(request) => {
                work::count(STEPS * 3 * readings.len());
                next.clear();
                for reading in &readings {
                    for track in [MediaTrack::Audio, MediaTrack::Video, MediaTrack::None] {
                        next.push(reading.clone());
                        if let Some(reading) = next.last_mut() {
                            reading.ask(request, track, puzzle);
                        }
                    }
                }
                // Readings are large, so their places are sorted.
                let mut order: SmallVec<[usize; 3 * WIDTH]> = (0..next.len()).collect();
                order.sort_by(|&a, &b| next[a].cost.total_cmp(&next[b].cost));
                readings.clear();
                let best = order.iter().take(puzzle.width);
                readings.extend(best.map(|&at| next[at].clone()));
            }
        }
    }
    for reading in &mut readings {
        reading.finish(so_far, puzzle);
    }
    readings.sort_by(|a, b| a.cost.total_cmp(&b.cost));
    let limit = readings.first().map_or(0.0, |best| best.cost + NEARLY);
    readings.retain(|reading| reading.cost <= limit);
    readings
}

/// Copies lists as a whole: `SmallVec` clones item by item.
impl Clone for Reading {
    fn clone(&self) -> Self {
        Self {
            tracks: SmallVec::from_slice(&self.tracks),
            sizes: SmallVec::from_slice(&self.sizes),
            ends: SmallVec::from_slice(&self.ends),
            doubtful: SmallVec::from_slice(&self.doubtful),
            audio: SmallVec::from_slice(&self.audio),
            ..*self
        }
    }
}

impl Reading {
    /// Handles a request for this track.
    fn ask(&mut self, at: usize, track: MediaTrack, puzzle: &Puzzle<'_>) {
        let request = &puzzle.requests[at];
        self.tracks[at] = track;
        self.latest = Some(at);
        self.cost += self.rhythm.cost(track, request.asked);
        self.rhythm.note(track, request.asked);
        let told = puzzle.told.get(at).copied().unwrap_or_default();
        let expected = puzzle.expected.get(at).copied().unwrap_or(track);
        if ![track, MediaTrack::None].contains(&expected) && track != MediaTrack::None {
            self.cost += UNEXPECTED;
        }
        self.cost += match (track, told) {
            (MediaTrack::None, Asked::Media) if request.is_repeated => REPEATED,
            (MediaTrack::None, Asked::Media) => NONE,
            // If it is perhaps for a header, either reading is as good.
            (MediaTrack::None, Asked::Header) | (_, Asked::Media | Asked::PerhapsHeader) => 0.0,
            (_, Asked::Header) => NONE,
        };
        match track {
            MediaTrack::None => {}
            MediaTrack::Video => self.ask_video(at, puzzle),
            MediaTrack::Audio => {
                self.ask_audio_again(at, puzzle);
                // The last one is then complete.
                let left = match self.manner {
                    Manner::InTurns => self.audio.iter().map(|&at| self.lacks(at, puzzle)).sum(),
                    Manner::Late | Manner::InOrder => self.complete(request.asked_at, puzzle),
                };
                self.misfit(left, puzzle.usual);
                if self.fits(request.asked_at, puzzle.usual) {
                    self.cost -= FITS;
                }
                (self.latest_audio, self.followed) = (Some(at), None);
            }
        }
    }

    /// Handles a request for audio after another: players ask for the next when they have the last.
    fn ask_audio_again(&mut self, at: usize, puzzle: &Puzzle<'_>) {
        let (Some(last), Some((_, true)), Manner::Late) =
            (self.latest_audio, self.video, self.manner)
        else {
            return;
        };
        if self.tracks[..last].contains(&MediaTrack::Video) {
            let since = puzzle.requests[last].asked_at;
            let came = puzzle.requests[at].asked_at.saturating_sub(since);
            let behind = came.saturating_sub(puzzle.usual);
            self.cost += backlog::cost(behind, puzzle.backlog);
            self.behind = Some(behind);
        }
    }

    /// Handles a request for video: players ask for the next when they have the last.
    fn ask_video(&mut self, at: usize, puzzle: &Puzzle<'_>) {
        let (asked_at, usual) = (puzzle.requests[at].asked_at, puzzle.usual);
        if let Some((last, open)) = self.video {
            let open = open && !gave_up(at, puzzle.requests);
            if open && self.sizes[last] < usual / HARDLY {
                self.cost += NONE;
            } else if open && self.sizes[last] < usual / 2 {
                self.cost += HASTY;
            }
            self.video = Some((last, false));
            let doubtful = self.audio.iter().map(|&audio| {
                let had = self.sizes[audio];
                match self.manner {
                    Manner::InTurns => had.min(usual.saturating_sub(had)) / 2,
                    Manner::Late | Manner::InOrder => {
                        let most =
                            usual.min(asked_at.saturating_sub(puzzle.requests[audio].begun_at));
                        had.max(most.saturating_sub(had)).min(most) / 2
                    }
                }
            });
            let doubtful = doubtful.sum::<u64>();
            self.doubtful[last] += doubtful;
            self.doubtful[at] += doubtful;
        }
        if let Some(since) = self.idle_since.take() {
            let idle = asked_at.saturating_sub(since);
            self.cost += IDLE * idle as f64 / usual.max(1) as f64;
        }
        self.followed = (!self.audio.is_empty()).then_some((at, asked_at));
    }

    /// Returns true if audio after the last video is complete about here, if one came after the
    /// other.
    fn fits(&self, asked_at: u64, usual: u64) -> bool {
        self.manner == Manner::InOrder
            && self.followed.is_some_and(|(video, at)| {
                let was_before = self.latest_audio.is_some_and(|audio| audio < video);
                was_before && asked_at <= at + usual * FITS_UPTO / 100
            })
    }

    /// Returns the bytes that audio lacks of its usual size.
    fn lacks(&self, at: usize, puzzle: &Puzzle<'_>) -> u64 {
        puzzle.usual.saturating_sub(self.sizes[at])
    }

    /// Completes audio with bytes that were assumed to be the end of video since it began. Returns
    /// what it still lacks.
    fn complete(&mut self, upto: u64, puzzle: &Puzzle<'_>) -> u64 {
        let begun = |at: usize| puzzle.requests[at].begun_at;
        let mut lacking = 0;
        for at in std::mem::take(&mut self.audio) {
            let left = self.lacks(at, puzzle);
            let before = self.tracks[..at]
                .iter()
                .rposition(|&t| t == MediaTrack::Video);
            let Some(video) = before.or(self.video.map(|video| video.0)) else {
                lacking += left;
                continue;
            };
            let since = upto.saturating_sub(begun(at).max(begun(video)));
            let taken = left.min(self.sizes[video]).min(since);
            self.sizes[video] -= taken;
            self.sizes[at] += taken;
            self.ends[at] = self.ends[at].max(self.ends[video]);
            self.ends[video] = self.ends[video].saturating_sub(taken);
            lacking += left - taken;
            if self.manner == Manner::InOrder
                && taken > 0
                && upto < puzzle.end
                && self.video == Some((video, true))
            {
                self.video = Some((video, false));
                self.idle_since = Some(upto - taken);
            }
        }
        lacking
    }

    fn begin(&mut self, at: usize) {
        match self.tracks[at] {
            MediaTrack::None => {}
            MediaTrack::Audio => self.audio.push(at),
            MediaTrack::Video => self.video = Some((at, true)),
        }
    }

    /// Divides the bytes between two events.
    fn share(&mut self, from: u64, to: u64, puzzle: &Puzzle<'_>) {
        let (mut from, mut bytes) = (from, to.saturating_sub(from));
        while bytes > 0 {
            let (sizes, usual) = (&self.sizes, puzzle.usual);
            self.audio.retain(|at| sizes[*at] < usual);
            let (sharers, until) = self.sharers(from, puzzle);
            if sharers.is_empty() {
                return self.leave(bytes, to, usual);
            }
            let least = sharers
                .iter()
                .filter(|&&at| self.tracks[at] == MediaTrack::Audio)
                .map(|&at| self.lacks(at, puzzle))
                .min();
            let now = bytes.min(until.saturating_sub(from).max(1));
            let each = now
                .div_ceil(sharers.len() as u64)
                .min(least.unwrap_or(u64::MAX));
            for at in sharers {
                let part = each.min(bytes);
                self.sizes[at] += part;
                bytes -= part;
                from += part;
                self.ends[at] = from;
            }
        }
    }

    /// Returns the responses that get bytes from here on, and the position up to which no other has
    /// its turn.
    fn sharers(&self, from: u64, puzzle: &Puzzle<'_>) -> (SmallVec<[usize; 4]>, u64) {
        let video = self.video.filter(|video| video.1).map(|video| video.0);
        let open = || self.audio.iter().copied().chain(video);
        let first = open().min();
        let lead = match self.manner {
            Manner::InTurns => 0,
            Manner::Late => puzzle.lead,
            Manner::InOrder => u64::MAX,
        };
        let turn = |at: usize| {
            let request = &puzzle.requests[at];
            let begun = request.begun_at.max(request.asked_at);
            begun.saturating_add(lead)
        };
        let sharers = open()
            .filter(|&at| Some(at) == first || turn(at) <= from)
            .collect();
        let until = open()
            .map(turn)
            .filter(|&turn| turn > from)
            .min()
            .unwrap_or(u64::MAX);
        (sharers, until)
    }

    /// Assigns bytes that no response is left to get: to the last video, which was assumed to have
    /// ended, or to audio longer than usual.
    fn leave(&mut self, bytes: u64, to: u64, usual: u64) {
        if self.video.is_none() && bytes > usual / CLEARLY {
            self.cost += WRONG;
        }
        let last = self
            .video
            .map(|video| video.0)
            .or_else(|| self.tracks.iter().rposition(|&t| t == MediaTrack::Audio))
            .or(self.latest);
        if let Some(at) = last {
            self.sizes[at] += bytes;
            self.ends[at] = to;
        }
        self.misfit(bytes, usual);
    }

    /// Divides the last bytes: audio gets all of its usual size, because the sum is known and the
    /// end of video is not.
    fn finish(&mut self, from: u64, puzzle: &Puzzle<'_>) {
        let (to, usual) = (puzzle.end, puzzle.usual);
        if self.manner == Manner::InOrder {
            self.share(from, to, puzzle);
            let lacking = self.complete(to, puzzle);
            return self.misfit(lacking, usual);
        }
        let mut bytes = to.saturating_sub(from);
        for at in std::mem::take(&mut self.audio) {
            let part = bytes.min(self.lacks(at, puzzle));
            self.sizes[at] += part;
            self.ends[at] = to - (bytes - part).min(to);
            bytes -= part;
            self.misfit(self.lacks(at, puzzle), usual);
        }
        match self.video {
            Some((at, true)) => {
                self.sizes[at] += bytes;
                self.ends[at] = to;
            }
            _ if bytes > 0 => self.leave(bytes, to, usual),
            _ => {}
        }
    }

    /// Adds the cost of bytes that fit no response.
    fn misfit(&mut self, bytes: u64, usual: u64) {
        // Single audio segments differ by about a fiftieth.
        let beyond = bytes.saturating_sub(usual / 50);
        self.cost += MISFIT * beyond as f64 / usual.max(1) as f64;
    }

    /// Returns the track that came last, unless the other one ended at about the same time: after
    /// this many bytes of the connection, or less than half an audio segment before the end.
    pub(super) fn last_track(&self, puzzle: &Puzzle<'_>, lately: u64) -> Option<MediaTrack> {
        // A response far smaller than audio is not media.
        let is_media = |&at: &usize| self.sizes[at] >= puzzle.usual / 2;
        let is_late = |&at: &usize| {
            let is_behind = self.ends[at] + puzzle.usual / 2 >= puzzle.end;
            is_behind || self.manner == Manner::InOrder && self.ends[at] >= lately
        };
        let late = |track: MediaTrack| {
            let mut places = (0..self.tracks.len()).filter(is_media).filter(is_late);
            places.any(|at| self.tracks[at] == track)
        };
        match (late(MediaTrack::Audio), late(MediaTrack::Video)) {
            (true, false) => Some(MediaTrack::Audio),
            (false, true) => Some(MediaTrack::Video),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
