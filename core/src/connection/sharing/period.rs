//! A busy period, and the parts into which its bytes are divided.

use smallvec::SmallVec;

use super::asks::{Asked, RequestSizes};
use super::beam;
use super::behind::Behind;
use super::headers::{HeaderSizes, LEAST_HEADER, MOST_HEADERS};
use super::request::{BOTH_TRACKS, IsOpen, MOST_REQUESTS, MediaTrack, PeriodRequest, overtaken};
use super::timeline::Arrivals;
use crate::bounded::size::spilled;
use crate::config::Config;
use crate::facts::segment::Kind;
use crate::packet::{Stamp, Time};

/// Shortest time between two requests that are not one event for a player, in nanoseconds.
const APART: i64 = 1_000_000;

/// A segment's share of a period.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Part {
    pub(crate) number: u32,
    /// The track that it is read as; `None` if nothing tells.
    pub(crate) track: Option<Kind>,
    /// Bytes, including those of the period before.
    pub(crate) size: u64,
    /// By how much that may be off.
    pub(crate) error: u64,
    /// The approximate first and last packet.
    pub(crate) first: Option<Stamp>,
    pub(crate) last: Option<Stamp>,
    /// The same with framing.
    pub(crate) wire: u64,
    /// Packets of this size.
    pub(crate) packets: u64,
}

/// The usual size of audio, and by how much single segments differ from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Usual {
    pub(super) size: u64,
    pub(super) spread: u64,
}

impl Usual {
    /// Returns true if a size agrees with it, as far as single segments differ.
    pub(super) fn agrees(self, size: u64, config: &Config) -> bool {
        self.size.abs_diff(size) * 1000 <= size * config.sharing_agreement()
    }
}

/// A busy period.
#[derive(Debug, Default)]
pub(super) struct Period {
    pub(super) requests: SmallVec<[PeriodRequest; 2]>,
    /// Bytes of the connection before it.
    pub(super) start: u64,
    /// Bytes with framing, and packets.
    pub(super) wire: u64,
    pub(super) packets: u64,
    /// Number of datagrams that they were captured in.
    pub(super) datagrams: usize,
    /// Bytes that are not data.
    pub(super) surplus: u64,
    pub(super) headers: HeaderSizes,
    /// True if responses came in records.
    pub(super) in_records: bool,
    /// How its first request follows a header.
    pub(super) behind: Behind,
    pub(super) timeline: Arrivals,
}

impl Period {
    /// Returns the bytes in it once this many of the connection had come.
    pub(super) const fn total(&self, received: u64) -> u64 {
        received
            .saturating_sub(self.start)
            .saturating_sub(self.surplus)
    }

    /// Returns the most bytes that a response can have had when this many of the connection had
    /// come, by its index. It is over once [`overtaken`] later requests have begun to be answered,
    /// more than the client keeps in flight.
    pub(super) fn most(&self, at: usize, in_flight: usize, received: u64) -> u64 {
        let over = self.requests.get(at + overtaken(in_flight));
        let end = over.map_or(received, |over| over.begun_at);
        self.requests
            .get(at)
            .map_or(0, |request| end - request.begun_at + request.before.0)
    }

    /// Returns the position among the data alone of a position on the connection: what is not data
    /// came between it, everywhere alike.
    pub(super) fn in_data(&self, position: u64) -> u64 {
        let whole = self.timeline.end().saturating_sub(self.start);
        let data = whole.saturating_sub(self.surplus);
        self.start + scaled(data, position.saturating_sub(self.start), whole)
    }

    /// Returns the position on the connection of a position among the data alone.
    pub(super) fn on_wire(&self, position: u64) -> u64 {
        let whole = self.timeline.end().saturating_sub(self.start);
        let data = whole.saturating_sub(self.surplus);
        self.start + scaled(whole, position.saturating_sub(self.start), data)
    }

    /// Divides it into equal parts for all responses that may have begun, except for those of
    /// headers, when this many bytes of the connection had come. `surplus` of its bytes are not
    /// data. `told`: the objects of its requests.
    pub(super) fn even(
        &self,
        in_flight: usize,
        received: u64,
        surplus: u64,
        told: &[Asked],
    ) -> Vec<Part> {
        let requests = &self.requests;
        let whole = received.saturating_sub(self.start);
        let data = |bytes: u64| scaled(whole - surplus.min(whole), bytes, whole);
        let mut parts = Vec::with_capacity(requests.len());
        let mut sizes: SmallVec<[u64; MOST_REQUESTS]> = SmallVec::from_elem(0, requests.len());
        let is_media = |at: usize| told.get(at).is_none_or(|&told| told == Asked::Media);
        let mut media = 0;
        for at in 0..requests.len() {
            let next = requests.get(at + 1).map_or(received, |c| c.begun_at);
            let bytes = next.saturating_sub(requests[at].begun_at);
            media += u64::from(is_media(at));
            let (sharers, all) = if media == 0 {
                (at as u64 + 1, true)
            } else {
                (media, false)
            };
            let sharing = sizes[..=at].iter_mut().enumerate();
            let sharing = sharing.filter(|&(at, _)| all || is_media(at));
            for ((_, size), part) in sharing.zip(0..) {
                *size += bytes * (part + 1) / sharers - bytes * part / sharers;
            }
        }
        (0..requests.len())
            .filter(|&at| !is_media(at))
            .for_each(|at| beam::give_header(&mut sizes, at));
        for (at, (request, &wire)) in requests.iter().zip(&sizes).enumerate() {
            let size = data(wire) + request.before.0;
            let most = self.most(at, in_flight, received);
            parts.push(Part {
                number: request.number,
                track: None,
                size,
                error: size.max(most.saturating_sub(size)),
                first: self.timeline.at(request.begun_at + 1),
                last: self.timeline.upto(received),
                wire: wire + request.before.1,
                packets: scaled(self.packets, wire, whole) + self.packets_of(request.before.1),
            });
        }
        parts
    }

    /// Returns the number of readings of it to follow at once.
    pub(super) fn width(&self) -> usize {
        beam::width(self.requests.len(), self.datagrams)
    }

    /// Returns true if all its segments may still change.
    pub(super) fn is_open(&self, is_open: IsOpen<'_>) -> bool {
        self.requests.iter().all(|request| is_open(request.number))
    }

    /// Returns the time of its first request, if a title may begin with it: a player that opens a
    /// title, or seeks in it, requests the headers of both tracks in one turn. It requests media
    /// when these few bytes have come, or in the same turn.
    pub(super) fn begins_title(&self, received: u64, config: &Config) -> Option<Time> {
        let (first, second) = (self.requests.first()?, self.requests.get(1)?);
        let turn = |request: &PeriodRequest| first.is_same_turn(request);
        let had = self
            .requests
            .get(2)
            .map_or(received, |third| third.asked_at);
        let are_small = (1..config.media_min()).contains(&had.saturating_sub(self.start));
        let begins =
            turn(second) && are_small || self.requests.get(BOTH_TRACKS - 1).is_some_and(turn);
        begins.then_some(first.asked)
    }

    /// Returns the time of the first request and the track whose header came first, if the period
    /// begins with the headers of both tracks.
    pub(super) fn header_order(
        &self,
        received: u64,
        config: &Config,
    ) -> Option<(Time, MediaTrack)> {
        let are_headers = self.requests.len() == 2 && self.total(received) < config.media_min();
        let order = self
            .headers
            .first(self.in_records)
            .filter(|_| are_headers || self.opens())?;
        Some((self.requests.first()?.asked, order))
    }

    /// Returns true if it begins with the headers of both tracks, and media was requested when one
    /// of them had come.
    pub(super) fn opens(&self) -> bool {
        let [first, second, third, ..] = self.requests[..] else {
            return false;
        };
        let had = third.asked_at.saturating_sub(self.start);
        first.is_same_turn(&second) && (u64::from(LEAST_HEADER)..=MOST_HEADERS).contains(&had)
    }

    /// Returns what the sizes of its requests show of their objects, and their places.
    pub(super) fn told(&self, asks: &RequestSizes) -> SmallVec<[Asked; MOST_REQUESTS]> {
        let mut told = asks.tell(&self.requests);
        if self.opens() {
            told[..2].fill(Asked::Header);
        }
        told
    }

    /// Returns the index of its first request for media, if the order in which it and the next one
    /// were sent shows the order of tracks and that of their responses does not.
    pub(super) fn tells_order(&self) -> Option<usize> {
        let at = if self.opens() { 2 } else { 0 };
        let (one, other) = (self.requests.get(at)?, self.requests.get(at + 1)?);
        let is_apart = other.asked.since(one.asked) >= APART;
        (is_apart && !self.begins_with_pair()).then_some(at)
    }

    /// Returns true if the period begins with two requests of one turn that look alike: their
    /// responses could begin at the same byte. The order of requests in one packet shows nothing.
    pub(super) fn begins_with_pair(&self) -> bool {
        let (Some(one), Some(other)) = (self.requests.first(), self.requests.get(1)) else {
            return false;
        };
        !self.opens()
            && one.is_same_turn(other)
            && one.asked != other.asked
            && one.begun_at == other.begun_at
    }

    /// Returns the number of packets for this many bytes with framing, if they are as large as
    /// those in it.
    pub(super) fn packets_of(&self, wire: u64) -> u64 {
        scaled(self.packets, wire, self.wire)
    }

    pub(super) fn heap(&self) -> usize {
        spilled(&self.requests) + self.timeline.heap()
    }
}

/// Scales a whole by the ratio of a part to a sum.
pub(crate) fn scaled(whole: u64, part: u64, sum: u64) -> u64 {
    (u128::from(whole) * u128::from(part) / u128::from(sum.max(1))) as u64
}
