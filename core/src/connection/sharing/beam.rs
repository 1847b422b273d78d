//! The likeliest readings of a period: which request is of which track, and who got what.

use smallvec::SmallVec;

use super::claim::{Claim, MOST_CLAIMS, Track};
use super::rhythm::Rhythm;
use crate::bounded::work;

/// Readings that are followed at once, at most and at least: some for each datagram of a response. A response that
/// matters has tens of datagrams; where it has fewer, following many readings takes more work than they are worth.
const WIDTH: usize = 48;
const LEAST_WIDTH: usize = 3;
/// What one more reading takes, in steps.
const STEPS: usize = 8;
/// Readings for each datagram.
const READINGS: usize = 4;
/// Cost of a request that is none: its response would be tiny.
const NONE: f64 = 3.5;
/// The same for one that looks like a repeated one.
const REPEATED: f64 = 1.5;
/// Cost of each audio segment's worth of bytes that fit nobody.
const MISFIT: f64 = 4.0;
/// Cost of a request for video while the last is coming in, and has but little.
const HASTY: f64 = 2.0;
/// By how much worse readings still count for how far sizes may be off.
const NEARLY: f64 = 3.0;

/// One way to read a period.
#[derive(Clone, Debug, Default)]
pub(super) struct Reading {
    pub(super) tracks: SmallVec<[Track; MOST_CLAIMS]>,
    /// Bytes of each, by place.
    pub(super) sizes: SmallVec<[u64; MOST_CLAIMS]>,
    /// Bytes of the connection at which each had its last.
    pub(super) ends: SmallVec<[u64; MOST_CLAIMS]>,
    /// Bytes of audio that came about when one video ended and the next began, and may be the other's.
    pub(super) doubtful: SmallVec<[u64; MOST_CLAIMS]>,
    rhythm: Rhythm,
    cost: f64,
    /// The latest request.
    latest: Option<usize>,
    /// The latest video, and whether it may still be coming in.
    video: Option<(usize, bool)>,
    /// Audio that is coming in.
    audio: SmallVec<[usize; 2]>,
}

/// An event in a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// A request is sent.
    Asked(usize),
    /// Its response may begin.
    Begun(usize),
}

/// Readings of a period that are followed at once, by its responses and the datagrams in which they came.
pub(super) fn width(claims: usize, datagrams: usize) -> usize {
    (READINGS * datagrams / claims.max(1)).clamp(LEAST_WIDTH, WIDTH)
}

/// The most memory that reading a period takes, in bytes: a list of readings, and the next.
pub(super) const BOUND: usize = 4 * WIDTH * size_of::<Reading>();

/// The likeliest readings of a period that ends at this many bytes of the connection, the best first, and others that
/// are nearly as good. `usual` is the size of audio; `width` readings are followed.
pub(super) fn read(
    claims: &[Claim],
    end: u64,
    usual: u64,
    rhythm: &Rhythm,
    width: usize,
) -> Vec<Reading> {
    let mut events: SmallVec<[(u64, Event); 2 * MOST_CLAIMS]> = SmallVec::new();
    for (at, claim) in claims.iter().enumerate() {
        events.push((claim.asked_at, Event::Asked(at)));
        events.push((claim.begun_at.max(claim.asked_at), Event::Begun(at)));
    }
    // What was asked for together begins together; in order within.
    events.sort_by_key(|event| event.0);
    let mut readings = vec![Reading {
        tracks: SmallVec::from_elem(Track::None, claims.len()),
        sizes: SmallVec::from_elem(0, claims.len()),
        ends: SmallVec::from_elem(0, claims.len()),
        doubtful: SmallVec::from_elem(0, claims.len()),
        rhythm: *rhythm,
        ..Reading::default()
    }];
    let mut so_far = events.first().map_or(end, |event| event.0);
    for &(at, event) in &events {
        for reading in &mut readings {
            reading.share(so_far, at, usual);
        }
        so_far = at;
        match event {
            Event::Begun(claim) => readings.iter_mut().for_each(|r| r.begin(claim)),
            Event::Asked(claim) => {
                let mut next = Vec::with_capacity(3 * readings.len());
                work::count(STEPS * 3 * readings.len());
                for reading in readings {
                    for track in [Track::Audio, Track::Video, Track::None] {
                        let mut reading = reading.clone();
                        reading.ask(claim, &claims[claim], track, usual);
                        next.push(reading);
                    }
                }
                next.sort_by(|a, b| a.cost.total_cmp(&b.cost));
                next.truncate(width);
                readings = next;
            }
        }
    }
    for reading in &mut readings {
        reading.finish(so_far, end, usual);
    }
    readings.sort_by(|a, b| a.cost.total_cmp(&b.cost));
    let limit = readings.first().map_or(0.0, |best| best.cost + NEARLY);
    readings.retain(|reading| reading.cost <= limit);
    readings
}

impl Reading {
    /// A request is sent, of this track.
    fn ask(&mut self, at: usize, claim: &Claim, track: Track, usual: u64) {
        self.tracks[at] = track;
        self.latest = Some(at);
        self.cost += self.rhythm.cost(track, claim.asked);
        self.rhythm.note(track, claim.asked);
        match track {
            Track::None if claim.is_repeated => self.cost += REPEATED,
            Track::None => self.cost += NONE,
            Track::Video => {
                if let Some((last, open)) = &mut self.video {
                    let hasty = *open && self.sizes[*last] < usual / 2;
                    self.cost += if hasty { HASTY } else { 0.0 };
                    // Players ask for the next when they have the last.
                    *open = false;
                    let had =
                        |&at: &usize| self.sizes[at].min(usual.saturating_sub(self.sizes[at]));
                    let doubtful = self.audio.iter().map(had).sum::<u64>() / 2;
                    self.doubtful[*last] += doubtful;
                    self.doubtful[at] += doubtful;
                }
            }
            Track::Audio => {
                // The last one is complete then.
                let left: u64 = self
                    .audio
                    .iter()
                    .map(|&at| usual.saturating_sub(self.sizes[at]))
                    .sum();
                self.misfit(left, usual);
            }
        }
    }

    fn begin(&mut self, at: usize) {
        match self.tracks[at] {
            Track::None => {}
            Track::Audio => self.audio.push(at),
            Track::Video => self.video = Some((at, true)),
        }
    }

    /// Divides what came between two events.
    fn share(&mut self, from: u64, to: u64, usual: u64) {
        let (mut from, mut bytes) = (from, to.saturating_sub(from));
        while bytes > 0 {
            let sizes = &self.sizes;
            self.audio.retain(|at| sizes[*at] < usual);
            let sharers = self.sharers();
            let least = self
                .audio
                .iter()
                .map(|&at| usual.saturating_sub(self.sizes[at]))
                .min();
            if sharers == 0 {
                return self.leave(bytes, to, usual);
            }
            let each = bytes.div_ceil(sharers).min(least.unwrap_or(u64::MAX));
            let video = self.video.filter(|video| video.1).map(|video| video.0);
            for at in self.audio.iter().copied().chain(video) {
                let part = each.min(bytes);
                self.sizes[at] += part;
                bytes -= part;
                from += part;
                self.ends[at] = from;
            }
        }
    }

    fn sharers(&self) -> u64 {
        self.audio.len() as u64 + u64::from(self.video.is_some_and(|video| video.1))
    }

    /// Nobody is left to get these: the last video, which was supposed to have ended, or audio longer than usual.
    fn leave(&mut self, bytes: u64, to: u64, usual: u64) {
        let last = self
            .video
            .map(|video| video.0)
            .or_else(|| self.tracks.iter().rposition(|&t| t == Track::Audio))
            .or(self.latest);
        if let Some(at) = last {
            self.sizes[at] += bytes;
            self.ends[at] = to;
        }
        self.misfit(bytes, usual);
    }

    /// Divides what came last: audio gets all of its usual size, since the sum is known and when video ended is not.
    fn finish(&mut self, from: u64, to: u64, usual: u64) {
        let mut bytes = to.saturating_sub(from);
        for at in std::mem::take(&mut self.audio) {
            let part = bytes.min(usual.saturating_sub(self.sizes[at]));
            self.sizes[at] += part;
            self.ends[at] = to - (bytes - part).min(to);
            bytes -= part;
            self.misfit(usual.saturating_sub(self.sizes[at]), usual);
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

    /// So many bytes fit nobody.
    fn misfit(&mut self, bytes: u64, usual: u64) {
        // A fiftieth is how much single audio segments differ.
        let beyond = bytes.saturating_sub(usual / 50);
        self.cost += MISFIT * beyond as f64 / usual.max(1) as f64;
    }
}
