//! Responses that came in at once on one connection, told apart.
//!
//! Where streams are multiplexed under encryption, packets show how many bytes came, and not to whom. A *busy period* is
//! a stretch in which responses overlap. What is known of one:
//!
//! * Its sum is exact.
//! * Servers share fairly: of two streams that have data, each gets about half (RFC 9218 recommends so for responses that
//!   can be used as they come).
//! * A player keeps one video and one audio segment in flight, and asks for the next of a track when it has the last.
//! * Audio segments have nearly one size. Responses that were alone on the connection show which.
//!
//! So each request of a period is tried as audio and as video: audio gets its usual size, and video what is left. A
//! reading is the better the less it contradicts what came (a response that had more than an audio segment before the
//! next could begin is no audio) and the rhythm of the tracks.

mod beam;
mod claim;
mod rhythm;
mod timeline;

use smallvec::SmallVec;

use self::beam::Reading;
use self::claim::Track;
pub(crate) use self::claim::{Claim, MOST_CLAIMS};
use self::rhythm::Rhythm;
use self::timeline::Timeline;
use crate::bounded::size::spilled;
use crate::config::Config;
use crate::packet::{Stamp, Time};

/// Latest sizes of responses that were alone.
const SIZES: usize = 16;
/// Of these, how many of the latest a size must be among to be the audio's still.
const RECENT: usize = 8;
/// Sizes that must agree before they are called audio's.
const AGREEING: usize = 3;
/// Periods that wait until the size of audio is known.
const MOST_WAITING: usize = 32;

/// The share that a segment got of a period.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Part {
    pub(crate) number: u32,
    /// Bytes, with those of the period before.
    pub(crate) size: u64,
    /// By how much that may be off.
    pub(crate) error: u64,
    /// Its last packet.
    pub(crate) last: Option<Stamp>,
    /// The same with framing.
    pub(crate) wire: u64,
    /// Packets of this size.
    pub(crate) packets: u64,
}

/// The usual size of audio, and by how much single segments differ from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Usual {
    size: u64,
    spread: u64,
}

/// A busy period.
#[derive(Debug, Default)]
struct Period {
    claims: SmallVec<[Claim; 2]>,
    /// Bytes of the connection before it.
    start: u64,
    /// Bytes with framing, packets, and the datagrams that they were captured in.
    wire: u64,
    packets: u64,
    datagrams: usize,
    /// Bytes that are no data.
    surplus: u64,
    timeline: Timeline,
}

impl Period {
    /// Bytes in it, when so many of the connection had come.
    const fn total(&self, received: u64) -> u64 {
        received
            .saturating_sub(self.start)
            .saturating_sub(self.surplus)
    }

    fn heap(&self) -> usize {
        spilled(&self.claims) + self.timeline.heap()
    }
}

/// A period that was divided, or waits for it, in order of time.
#[derive(Debug)]
enum Past {
    Alone(Time, u64),
    Shared(Period),
}

/// The responses of one connection.
#[derive(Debug, Default)]
pub(crate) struct Sharing {
    /// Bytes of responses so far.
    received: u64,
    period: Period,
    /// Sizes of the latest responses that were alone, the latest last.
    alone: Vec<u64>,
    usual: Option<Usual>,
    rhythm: Rhythm,
    /// Until the size of audio is known.
    past: Vec<Past>,
}

impl Sharing {
    /// The most memory that one takes where so many responses come in at once, in bytes; what telling them apart takes
    /// for a moment is in it. Lists grow to twice of what is in them.
    pub(crate) const fn bound(claims: usize) -> u64 {
        let period = size_of::<Past>() + 2 * MOST_CLAIMS * size_of::<Claim>() + Timeline::BOUND;
        let parts = MOST_CLAIMS * (MOST_WAITING + 1) * size_of::<Part>();
        let lists = (2 * MOST_WAITING + 1) * period + 2 * SIZES * size_of::<u64>() + 2 * parts;
        let current = 2 * claims * size_of::<Claim>() + Timeline::BOUND;
        (size_of::<Self>() + current + lists + beam::BOUND) as u64
    }

    /// Memory behind it, in bytes.
    pub(crate) fn heap(&self) -> usize {
        let past = self.past.iter().map(|past| match past {
            Past::Alone(..) => 0,
            Past::Shared(period) => period.heap(),
        });
        self.period.heap()
            + past.sum::<usize>()
            + self.past.capacity() * size_of::<Past>()
            + self.alone.capacity() * size_of::<u64>()
    }

    /// Bytes of responses so far.
    pub(crate) const fn received(&self) -> u64 {
        self.received
    }

    /// Responses of the period.
    pub(crate) fn count(&self) -> usize {
        self.period.claims.len()
    }

    /// The same, in order of request.
    pub(crate) fn claims(&self) -> &[Claim] {
        &self.period.claims
    }

    /// A response may begin from here on.
    pub(crate) fn begin(&mut self, claim: Claim) {
        let period = &mut self.period;
        if period.claims.is_empty() {
            (period.start, period.wire, period.packets) = (self.received, 0, 0);
            period.datagrams = 0;
            period.timeline.clear();
        }
        period.claims.push(Claim {
            asked_at: claim.asked_at.clamp(period.start, self.received),
            begun_at: self.received,
            ..claim
        });
    }

    /// Takes bytes of the responses that are coming in, with framing so many, in so many packets.
    pub(crate) fn take(&mut self, bytes: u64, wire: u64, packets: u64, stamp: Stamp) {
        self.received += bytes;
        self.period.wire += wire;
        self.period.packets += packets;
        self.period.datagrams += 1;
        self.period.timeline.push(self.received, stamp);
    }

    /// Most that a response of the period can have had so far, by its place among them.
    pub(crate) fn most(&self, at: usize) -> u64 {
        self.period
            .claims
            .get(at)
            .map_or(0, |claim| self.received - claim.begun_at + claim.before.0)
    }

    /// Ends the period; hands out what can be told of it, and of others before it.
    /// `surplus` bytes of it are taken for padding.
    pub(crate) fn end(&mut self, surplus: u64, config: &Config) -> Vec<Part> {
        let mut period = std::mem::take(&mut self.period);
        period.surplus = surplus;
        let total = period.total(self.received);
        match period.claims.len() {
            0 => Vec::new(),
            1 => {
                let size = total + period.claims[0].before.0;
                let asked = period.claims[0].asked;
                // Its list is used again.
                self.period.timeline = period.timeline;
                self.alone(asked, size, config)
            }
            // Too many to be told apart: all keep their equal parts.
            count if count > MOST_CLAIMS => Vec::new(),
            _ if self.usual.is_none() => {
                self.wait(Past::Shared(period));
                Vec::new()
            }
            _ => self.divide(&period, total),
        }
    }

    fn wait(&mut self, past: Past) {
        if self.past.len() >= MOST_WAITING {
            self.past.remove(0);
        }
        self.past.push(past);
    }

    /// Learns from a response that was alone.
    fn alone(&mut self, asked: Time, size: u64, config: &Config) -> Vec<Part> {
        if size < config.media_min() {
            return Vec::new();
        }
        if self.alone.len() == SIZES {
            self.alone.remove(0);
        }
        self.alone.push(size);
        let knew = self.usual.is_some();
        self.usual = usual(&self.alone, config).or(self.usual);
        let Some(usual) = self.usual else {
            self.wait(Past::Alone(asked, size));
            return Vec::new();
        };
        let mut parts = Vec::new();
        if !knew {
            for past in std::mem::take(&mut self.past) {
                match past {
                    Past::Alone(asked, size) => self.rhythm.note(track_of(size, usual), asked),
                    Past::Shared(period) => {
                        let total = period.total(period.timeline.end());
                        parts.extend(self.divide(&period, total));
                    }
                }
            }
        }
        self.rhythm.note(track_of(size, usual), asked);
        parts
    }

    fn divide(&mut self, period: &Period, total: u64) -> Vec<Part> {
        let Some(usual) = self.usual else {
            return Vec::new();
        };
        let readings = beam::read(
            &period.claims,
            period.start + total,
            usual.size,
            &self.rhythm,
            beam::width(period.claims.len(), period.datagrams),
        );
        let Some(best) = readings.first() else {
            return Vec::new();
        };
        for (claim, &track) in period.claims.iter().zip(&best.tracks) {
            self.rhythm.note(track, claim.asked);
        }
        let audio = best.tracks.iter().filter(|&&t| t == Track::Audio).count() as u64;
        // So that parts add up.
        let mut so_far = 0;
        let portion = |whole: u64, so_far: u64, part: u64| {
            let upto =
                |bytes: u64| u128::from(whole) * u128::from(bytes) / u128::from(total.max(1));
            (upto(so_far + part) - upto(so_far)) as u64
        };
        let part = |at: usize| {
            let (size, claim) = (best.sizes[at], &period.claims[at]);
            let part = Part {
                number: claim.number,
                size: size + claim.before.0,
                error: error(&readings, at, usual, audio),
                last: period.timeline.at(best.ends[at]),
                wire: portion(period.wire, so_far, size) + claim.before.1,
                packets: portion(period.packets, so_far, size),
            };
            so_far += size;
            part
        };
        (0..period.claims.len()).map(part).collect()
    }
}

/// By how much the size at this place may be off: what readings that are nearly as good say, and what single audio
/// segments differ by.
fn error(readings: &[Reading], at: usize, usual: Usual, audio: u64) -> u64 {
    let best = &readings[0];
    let others = readings
        .iter()
        .map(|r| r.sizes[at].abs_diff(best.sizes[at]));
    let spread = match best.tracks[at] {
        Track::Audio => usual.spread,
        Track::Video => usual.spread * audio.max(1) + best.doubtful[at],
        Track::None => 0,
    };
    others.max().unwrap_or(0) + spread
}

fn track_of(size: u64, usual: Usual) -> Track {
    if size.abs_diff(usual.size) <= usual.spread + usual.size / 50 {
        Track::Audio
    } else {
        Track::Video
    }
}

/// The smallest size that lately recurs, if one does.
fn usual(alone: &[u64], config: &Config) -> Option<Usual> {
    let mut sorted: Vec<(u64, usize)> = alone.iter().copied().zip(0..).collect();
    sorted.sort_unstable();
    let reach = |size: u64| size + size * config.sharing_agreement() / 1000;
    let recent = alone.len().saturating_sub(RECENT);
    (0..sorted.len()).find_map(|from| {
        let limit = reach(sorted[from].0);
        let to = sorted.partition_point(|s| s.0 <= limit);
        let group = &sorted[from..to];
        let agrees = group.len() >= AGREEING && group.iter().any(|s| s.1 >= recent);
        agrees.then(|| Usual {
            size: group[group.len() / 2].0,
            spread: group[group.len() - 1].0 - group[0].0,
        })
    })
}

#[cfg(test)]
mod tests;
