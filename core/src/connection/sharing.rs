//! Separates responses that came at the same time on one connection.
//!
//! If streams are multiplexed under encryption, packets show how many bytes came, but not for which
//! response. A *busy period* is a stretch in which responses overlap. These facts help:
//!
//! * Its sum is exact.
//! * Servers share fairly: of two streams with data, each gets about half (RFC 9218 recommends this
//!   for responses that can be used as they arrive).
//! * A player keeps one video and one audio segment in flight, and asks for the next of a track
//!   when it has the last.
//! * Audio segments have nearly one size. Responses that were alone on the connection show which.
//!   Another title has audio of another size.
//! * Over HTTP/2, requests for headers are shorter than those for media.
//! * Media of video is requested at once when a header of another quality has come, and a response
//!   that the player gave up may have any size.
//! * The first media of a track is requested when its header has come, and the header of video is
//!   the longer one.
//!
//! So each request of a period is tried as audio and as video: audio gets its usual size, and video
//! the rest. A reading is better if it contradicts less of what was observed (a response that had
//! more than an audio segment before the next could begin is not audio) and of the rhythm of the
//! tracks.
//!
//! Some servers send one response after the other, as browsers' priorities request (RFC 9113,
//! section 5.3.1). Over TCP, a response also waits for the bytes of earlier ones that the socket
//! has already taken; they are about as many each time, so audio that is requested when the last one
//! should be complete is likely. All possible [`Manner`]s of a server are followed, and the one by which
//! requests come on time counts. If that changes, or if another size turns out to be the audio's,
//! earlier periods are read again.

mod asks;
mod backlog;
mod beam;
mod behind;
mod headers;
mod past;
mod period;
mod reader;
mod request;
mod rhythm;
mod sizes;
mod timeline;
mod trial;

use std::collections::VecDeque;

use smallvec::SmallVec;

use self::asks::RequestSizes;
pub(crate) use self::beam::Manner;
use self::behind::Behind;
use self::headers::{HeaderSizes, MOST_HEADERS};
use self::past::Past;
use self::period::Period;
pub(crate) use self::period::{Part, scaled};
use self::reader::{PeriodReader, at_once};
use self::request::{IsOpen, MediaTrack};
pub(crate) use self::request::{MOST_REQUESTS, PeriodRequest, overtaken};
use self::rhythm::Rhythm;
use self::sizes::{AudioSizes, Ground, LoneResponse, track_of};
use self::timeline::Arrivals;
use crate::bounded::size::spilled;
use crate::config::Config;
use crate::packet::{Stamp, Time};

/// Number of periods and responses kept, to be read again when more is known. In 109 recordings, 64
/// tells audio from video better than 32 in six and worse in two; 128 adds one.
const MOST_PAST: usize = 64;
/// Readings of what is kept that each datagram or record of responses allows, so that a connection
/// cannot cause much work with few bytes. In 109 recordings, 8 gives what no limit gives in all but
/// one; 6 tells two of them worse.
const AGAIN: usize = 8;
/// Largest number of parts returned at once.
pub(crate) const MOST_PARTS: usize = MOST_PAST * MOST_REQUESTS;
/// By how much better another manner must fit before it replaces the current one.
const BETTER: f64 = 2.0;
/// By how much another manner must fit better in one period before it counts for that period. A
/// server's socket takes more or fewer bytes at once as the path changes, and responses wait for
/// them. Of 42 recordings over HTTP/2, 3 makes none worse and three better; 2 makes two worse.
const ASIDE: f64 = 3.0;

/// The responses of one connection.
#[derive(Debug, Default)]
pub(crate) struct Sharing {
    /// Bytes of responses so far.
    received: u64,
    period: Period,
    audio: AudioSizes,
    asks: RequestSizes,
    /// How a header came last, and the time until which its media is requested.
    header: Option<(Behind, Time)>,
    /// Number of media requests in ended periods.
    places: u32,
    readers: SmallVec<[PeriodReader; 1]>,
    /// Index of the manner that counts.
    reader: usize,
    past: VecDeque<Past>,
    /// Number of readings that may still be spent on what is kept: each datagram allows some.
    unspent: usize,
    /// Memory of what is kept, in bytes.
    past_heap: usize,
    /// The largest number of responses that could begin at the same byte: as many as the client
    /// keeps in flight.
    in_flight: usize,
}

impl Sharing {
    /// Returns the most memory that one takes if this many responses are in progress, in bytes,
    /// including the temporary memory for separating them. Lists grow to twice their contents.
    pub(crate) const fn bound(requests: usize) -> u64 {
        let in_period = 2 * MOST_REQUESTS * size_of::<PeriodRequest>() + Arrivals::BOUND;
        let past = 2 * MOST_PAST * size_of::<Past>() + (MOST_PAST + 1) * in_period;
        let parts = MOST_PARTS * size_of::<Part>();
        let lists = past + AudioSizes::BOUND + 2 * parts;
        let current = 2 * requests * size_of::<PeriodRequest>() + Arrivals::BOUND;
        (size_of::<Self>() + current + lists + beam::BOUND) as u64
    }

    /// Creates the state for a server with one of these manners, the likeliest first.
    pub(crate) fn new(manners: &[Manner]) -> Self {
        let reader = |&manner: &Manner| PeriodReader {
            manner,
            ..PeriodReader::default()
        };
        Self {
            readers: manners.iter().map(reader).collect(),
            ..Self::default()
        }
    }

    /// Returns its heap memory, in bytes.
    pub(crate) fn heap(&self) -> usize {
        self.period.heap()
            + self.past_heap
            + self.past.capacity() * size_of::<Past>()
            + self.audio.heap()
            + spilled(&self.readers)
    }

    /// Returns the bytes of responses so far.
    pub(crate) const fn received(&self) -> u64 {
        self.received
    }

    /// Returns the number of responses in the period.
    pub(crate) fn count(&self) -> usize {
        self.period.requests.len()
    }

    /// Returns the requests of the period, in order.
    pub(crate) fn requests(&self) -> &[PeriodRequest] {
        &self.period.requests
    }

    /// Adds a response that may begin from here on.
    pub(crate) fn begin(&mut self, request: PeriodRequest) {
        let period = &mut self.period;
        if period.requests.is_empty() {
            (period.start, period.wire, period.packets) = (self.received, 0, 0);
            period.datagrams = 0;
            period.headers = HeaderSizes::default();
            let header = self
                .header
                .take()
                .filter(|header| request.asked <= header.1);
            period.behind = header.map_or(Behind::Nothing, |header| header.0);
            period.timeline.clear();
        }
        period.requests.push(PeriodRequest {
            asked_at: request.asked_at.clamp(period.start, self.received),
            begun_at: self.received,
            ..request
        });
        let requests = &period.requests;
        let before = requests.partition_point(|request| request.begun_at < self.received);
        self.in_flight = self.in_flight.max(requests.len() - before);
    }

    /// Counts bytes of the responses in progress, the bytes with framing, and packets.
    pub(crate) fn take(&mut self, bytes: u64, wire: u64, packets: u64, stamp: Stamp) {
        self.received += bytes;
        self.period.wire += wire;
        self.period.packets += packets;
        self.period.datagrams += 1;
        self.period.timeline.push(self.received, stamp);
    }

    /// Notes what came together for the responses in progress: a record or a datagram.
    pub(crate) fn note_size(&mut self, bytes: u64, is_record: bool) {
        if self.in_period() <= MOST_HEADERS {
            self.period.headers.note(bytes, is_record);
            self.period.in_records = is_record;
        }
    }

    /// Returns the most bytes that a response of the period can have had so far, by its index. It
    /// is over once [`overtaken`] later requests have begun to be answered, more than the client
    /// keeps in flight.
    pub(crate) fn most(&self, at: usize) -> u64 {
        self.period.most(at, self.in_flight, self.received)
    }

    /// Returns all bytes that came in the period.
    pub(crate) const fn in_period(&self) -> u64 {
        self.received.saturating_sub(self.period.start)
    }

    /// Forgets the kept periods: a part of one continues in the next period, so they must not
    /// change any more.
    pub(crate) fn forget_past(&mut self) {
        self.past.clear();
        self.past_heap = 0;
    }

    /// Forgets the period, because more is known about it than could be inferred from it.
    pub(crate) fn drop_period(&mut self, config: &Config) {
        self.note_title(config);
        self.period.requests.clear();
    }

    /// Divides the period into equal parts for all responses that may have begun. `surplus` of its
    /// bytes are not data.
    pub(crate) fn even(&self, surplus: u64) -> Vec<Part> {
        let told = self.period.told(&self.asks);
        self.period
            .even(self.in_flight, self.received, surplus, &told)
    }

    /// Divides all kept periods into equal parts, because nothing is known any more.
    fn all_even(&self, is_open: IsOpen<'_>) -> Vec<Part> {
        let mut parts = Vec::new();
        for past in &self.past {
            if let Past::Shared(period) = past
                && period.is_open(is_open)
            {
                let end = period.timeline.end();
                let told = period.told(&self.asks);
                parts.extend(period.even(self.in_flight, end, period.surplus, &told));
            }
        }
        parts
    }

    /// Ends the period. Returns the parts inferred for it, and for earlier periods. `surplus` of
    /// its bytes count as padding. Periods with a segment that is no longer open stay as they are,
    /// because their parts would not add up.
    pub(crate) fn end(&mut self, surplus: u64, config: &Config, is_open: IsOpen<'_>) -> Vec<Part> {
        self.note_title(config);
        let mut period = std::mem::take(&mut self.period);
        period.surplus = surplus;
        self.unspent = self.unspent.saturating_add(AGAIN * period.datagrams);
        let (knew, ground) = (self.audio.latest(), self.audio.ground());
        match period.requests.len() {
            0 => return Vec::new(),
            1 => {
                let size = period.total(self.received) + period.requests[0].before.0;
                let asked = period.requests[0].asked;
                let end = period.timeline.end_time().unwrap_or(asked);
                // The period's list is reused.
                self.period.timeline = period.timeline;
                if size < config.media_min() {
                    let is_news = self.asks.header(period.requests[0].size);
                    // A player that begins or seeks requests the headers of both tracks.
                    let changes_quality = self.places > 0 && period.behind == Behind::Nothing;
                    self.header = changes_quality.then(|| (Behind::Alone, at_once(end, config)));
                    if is_news && self.audio.latest().is_some() {
                        return self.read_again(config, is_open).unwrap_or_default();
                    }
                    return Vec::new();
                }
                self.asks.media(period.requests[0].size);
                let place = self.places;
                self.places = self.places.saturating_add(1);
                let response = LoneResponse {
                    asked,
                    size: u32::try_from(size).unwrap_or(u32::MAX),
                    place,
                };
                self.audio.learn(response, config);
                self.keep(Past::Alone(asked, end, size));
                if self.weigh(response.size, knew.zip(ground), config) {
                    return self.all_even(is_open);
                }
            }
            // Too many to be separated: all keep their equal parts.
            count if count > MOST_REQUESTS => return Vec::new(),
            // Headers or the like, which tell nothing of the rhythm of media.
            _ if period.total(self.received) < config.media_min() => return Vec::new(),
            count => {
                let told = period.told(&self.asks);
                if behind::ends_with_header(&period.requests, &told) {
                    let end = period.timeline.end_time();
                    self.header = end.map(|end| (Behind::Shared, at_once(end, config)));
                }
                self.places = self.places.saturating_add(count as u32);
                self.keep(Past::Shared(period));
            }
        }
        let Some(usual) = self.audio.latest() else {
            return Vec::new();
        };
        let is_same = knew.is_some_and(|knew| usual.agrees(knew.size, config));
        let is_confirmed = ground == Some(Ground::One) && self.audio.ground() != ground;
        if is_confirmed {
            // What the single response showed of the manner was a guess too.
            self.reader = 0;
        }
        let latest = self.past.len() - 1;
        if !is_same || is_confirmed {
            let parts = self.read_again(config, is_open);
            return parts.unwrap_or_else(|| self.read(latest, config, is_open));
        }
        let parts = self.read(latest, config, is_open);
        if self.best() == self.reader {
            return parts;
        }
        self.read_again(config, is_open).unwrap_or(parts)
    }

    /// Notes where a title may begin.
    fn note_title(&mut self, config: &Config) {
        let period = &self.period;
        if period.requests.len() > 1 && self.in_period() < config.media_min() {
            for request in &period.requests {
                self.asks.header(request.size);
            }
        } else if period.opens() {
            for request in &period.requests[..2] {
                self.asks.header(request.size);
            }
        }
        let amid = || behind::both_headers(&period.requests, &period.told(&self.asks));
        if let Some(begun) = period.begins_title(self.received, config).or_else(amid) {
            self.audio.begins(begun);
        }
        if let Some((asked, first)) = period.header_order(self.received, config) {
            self.keep(Past::Headers(asked, first));
            self.expect(first);
        }
    }

    /// Records, in all manners, the track whose header came first.
    fn expect(&mut self, first: MediaTrack) {
        for reader in &mut self.readers {
            reader.first = Some(first);
        }
    }

    /// Returns the manner that fits best.
    fn best(&self) -> usize {
        let cost = |at: usize| self.readers.get(at).map_or(f64::MAX, |reader| reader.cost);
        let least = (0..self.readers.len())
            .min_by(|&a, &b| cost(a).total_cmp(&cost(b)))
            .unwrap_or(0);
        if cost(least) + BETTER < cost(self.reader) {
            least
        } else {
            self.reader
        }
    }

    fn keep(&mut self, past: Past) {
        if self.past.len() >= MOST_PAST
            && let Some(oldest) = self.past.pop_front()
        {
            self.past_heap -= oldest.heap();
        }
        self.past_heap += past.heap();
        self.past.push_back(past);
    }

    /// Spends readings on everything that is kept. Returns false if there are not enough: each
    /// datagram allows only so many, however often what was inferred changes.
    fn spend(&mut self) -> bool {
        let readings = self.past.iter().map(Past::readings).sum::<usize>() * self.readers.len();
        let left = self.unspent.checked_sub(readings);
        self.unspent = left.unwrap_or(self.unspent);
        left.is_some()
    }

    /// Reads everything that is kept from the beginning, if that may be spent.
    fn read_again(&mut self, config: &Config, is_open: IsOpen<'_>) -> Option<Vec<Part>> {
        if !self.spend() {
            return None;
        }
        let mut parts = self.read_all(config, is_open);
        let best = self.best();
        // Once more if another manner turns out to fit better.
        if best != self.reader && self.spend() {
            self.reader = best;
            parts = self.read_all(config, is_open);
        }
        Some(parts)
    }

    /// Reads everything that is kept from the beginning.
    fn read_all(&mut self, config: &Config, is_open: IsOpen<'_>) -> Vec<Part> {
        for reader in &mut self.readers {
            (reader.rhythm, reader.first, reader.cost) = (Rhythm::default(), None, 0.0);
        }
        let all = 0..self.past.len();
        all.flat_map(|at| self.read(at, config, is_open)).collect()
    }

    /// Returns how the kept period at this index follows a header. That requests before it were for
    /// one may have become known since it began.
    fn behind(&self, at: usize, period: &Period, config: &Config) -> Behind {
        let before = at.checked_sub(1).and_then(|at| self.past.get(at));
        let (Behind::Nothing, Some(Past::Shared(before))) = (period.behind, before) else {
            return period.behind;
        };
        let told = before.told(&self.asks);
        let follows = before.timeline.end_time().is_some_and(|end| {
            let asked = period.requests.first().map(|first| first.asked);
            asked.is_some_and(|asked| (end..=at_once(end, config)).contains(&asked))
        });
        if follows && behind::ends_with_header(&before.requests, &told) {
            Behind::Shared
        } else {
            Behind::Nothing
        }
    }

    /// Reads one kept entry in all manners. Returns the parts by the manner that counts.
    fn read(&mut self, at: usize, config: &Config, is_open: IsOpen<'_>) -> Vec<Part> {
        let Some(past) = self.past.get(at) else {
            return Vec::new();
        };
        let Some(usual) = self.audio.at(past.asked()) else {
            return Vec::new();
        };
        let period = match past {
            &Past::Headers(_, first) => {
                self.expect(first);
                return Vec::new();
            }
            &Past::Alone(asked, end, size) => {
                let track = track_of(size, usual);
                let readers = self.readers.iter_mut();
                readers.for_each(|reader| reader.alone(track, asked, end, config));
                return Vec::new();
            }
            Past::Shared(period) => period,
        };
        let told = period.told(&self.asks);
        let behind = self.behind(at, period, config);
        let divide =
            |reader: &mut PeriodReader| reader.divide(period, behind, usual, &told, config);
        let mut found: SmallVec<[(f64, Vec<Part>); 2]> =
            self.readers.iter_mut().map(divide).collect();
        if !period.is_open(is_open) {
            return Vec::new();
        }
        for (_, (cost, _)) in found.iter_mut().enumerate().filter(|f| f.0 != self.reader) {
            *cost += ASIDE;
        }
        let chosen = (0..found.len()).min_by(|&a, &b| found[a].0.total_cmp(&found[b].0));
        let mut parts = std::mem::take(&mut found[chosen.unwrap_or(self.reader)].1);
        // Another manner may be right for this one period, however badly it fits the earlier ones.
        for (_, other) in &found {
            for (part, other) in parts.iter_mut().zip(other) {
                part.error = part.error.max(part.size.abs_diff(other.size));
            }
        }
        parts
    }
}

#[cfg(test)]
mod tests;
