//! One title played by one viewer, and what the viewer saw of it.

use std::net::IpAddr;

use strum::{IntoStaticStr, VariantArray, VariantNames};

use super::clock::State;
use super::fit::Fit;
use super::places;
use super::play::Play;
use super::request::{Request, Rules, Track, is_interleaved, usual_bytes};
use super::timeline::{self, Timeline};
use crate::packet::Time;
use crate::words::words;

words!(Reason);

/// The reason why some facts about a session are missing or less certain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, IntoStaticStr, VariantArray, VariantNames)]
#[repr(u8)]
#[non_exhaustive]
#[strum(serialize_all = "snake_case")]
pub enum Reason {
    /// Nothing is missing.
    None = 0,
    /// The session has too few segments to determine how long they play.
    TooFew = 1,
    /// Several durations of its segments are about equally plausible.
    Undecided = 2,
    /// The session had begun before its first captured segment: levels of its buffer count from
    /// those that most players hold.
    JoinedMidway = 3,
    /// The session's responses overlapped on one connection, so each segment's track, video or
    /// audio, is inferred from turns.
    Interleaved = 4,
}

/// A session.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Session {
    /// Number in the capture, from 1, in order of start.
    pub number: u32,
    /// Address of the viewer.
    pub client: IpAddr,
    /// Time of the first request for media.
    pub t_start: Time,
    /// Time of the last byte of media.
    pub t_end: Time,
    /// Number of servers that sent media.
    pub servers: u32,
    /// Number of flows that carried media.
    pub flows: u32,
    /// Segments of video that arrived whole.
    pub video_segments: u32,
    /// Segments of audio that arrived whole.
    pub audio_segments: u32,
    /// Segments of both tracks that the player gave up, or that were incomplete at the end.
    pub dropped_segments: u32,
    /// Bytes of video segments that arrived whole.
    pub video_bytes: u64,
    /// Bytes of audio segments that arrived whole.
    pub audio_bytes: u64,
    /// Media seconds of a segment of video.
    pub video_media: Option<f64>,
    /// Media seconds of a segment of audio.
    pub audio_media: Option<f64>,
    /// Seconds from the first request for media to the first frame.
    pub startup: Option<f64>,
    /// Seconds during which the session played.
    pub played: Option<f64>,
    /// Beginning and end of each stall, in seconds since the start.
    pub stalls: Option<Vec<(f64, f64)>>,
    /// Number of pauses by the viewer.
    pub pauses: Option<u32>,
    /// Number of seeks by the viewer.
    pub seeks: Option<u32>,
    /// Average bits per second of video media.
    pub video_bitrate: Option<f64>,
    /// Average bits per second of audio media.
    pub audio_bitrate: Option<f64>,
    /// Number of changes to a better picture, and to a worse one.
    pub switches: [u32; 2],
    /// Certainty of the media seconds, from 0 to 1.
    pub confidence: f64,
    /// The reason why some facts are missing or less certain.
    pub reason: Reason,
    /// Media seconds by segment number.
    pub(crate) media: Vec<(u32, f64)>,
    /// Bit rates of video, each with its range of positions and its time of arrival.
    rates: Vec<Rate>,
    line: Timeline,
    present: [bool; 2],
}

#[derive(Clone, Copy, Debug)]
struct Rate {
    came: f64,
    from: f64,
    to: f64,
    bits: f64,
}

/// The player's state at a point in time.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Moment {
    /// The time.
    pub t: Time,
    /// The player's activity.
    pub state: State,
    /// Seconds of media ahead of the position, on the track that has fewer.
    pub buffer: Option<f64>,
    /// Seconds of video ahead of the position.
    pub video_buffer: Option<f64>,
    /// Seconds of audio ahead of the position.
    pub audio_buffer: Option<f64>,
    /// Bits per second of media in the latest video that arrived.
    pub fetched_bitrate: Option<f64>,
    /// Bits per second of media in the video on the screen.
    pub shown_bitrate: Option<f64>,
}

/// The input for a session: requests in order, with times in seconds since `start`, and what explains
/// them.
pub(crate) struct Parts<'a> {
    pub(crate) client: IpAddr,
    pub(crate) start: Time,
    pub(crate) requests: &'a [Request],
    pub(crate) found: Option<&'a Fit>,
    pub(crate) seeks: &'a [f64],
}

/// Least margin of cost, as log odds, at which seconds are decided.
const DECIDED: f64 = 0.25;
/// Cost per wait at which confidence drops to half, and waits to add, because few may agree by
/// chance.
const MISFIT: f64 = 0.5;
const FEW_WAITS: f64 = 10.0;
/// Rates that differ by less than this factor are the same quality.
const SAME_RATE: f64 = 1.1;

fn shifted(start: Time, seconds: f64) -> Time {
    Time(start.0.saturating_add((seconds * 1e9) as i64))
}

impl Session {
    pub(crate) fn new(parts: &Parts<'_>, rules: Rules) -> Option<Self> {
        let first = parts.requests.first()?.asked;
        let end = parts.requests.iter().map(|r| r.came).fold(first, f64::max);
        let play = Play::new(parts.requests, parts.seeks, rules);
        let mut session = Self::counted(parts, end);
        session.present = play.present;
        match parts.found {
            None => session.reason = Reason::TooFew,
            Some(fit) => session.explain(&play, fit, parts.seeks.len(), end),
        }
        if rules.joined {
            session.startup = None;
            session.reason = Reason::JoinedMidway;
        }
        Some(session)
    }

    fn counted(parts: &Parts<'_>, end: f64) -> Self {
        let (requests, fit) = (parts.requests, parts.found);
        let whole = |at: usize| fit.map_or(requests[at].dropped < 0.5, |fit| fit.counted[at]);
        let of = |track| {
            let mine =
                (0..requests.len()).filter(move |&at| requests[at].track == track && whole(at));
            let (count, bytes) = mine.fold((0, 0_u64), |(n, b), at| {
                (n + 1, b.saturating_add(requests[at].bytes))
            });
            (count, bytes)
        };
        let different = |key: fn(&Request) -> u32| {
            let mut keys: Vec<u32> = requests.iter().map(key).collect();
            keys.sort_unstable();
            keys.dedup();
            u32::try_from(keys.len()).unwrap_or(u32::MAX)
        };
        let (video_segments, mut video_bytes) = of(Track::Video);
        let (audio_segments, mut audio_bytes) = of(Track::Audio);
        if is_interleaved(requests)
            && let Some(sound) = usual_bytes(requests, Track::Audio)
        {
            // The bytes of overlapping responses are right only in sum: assume sound as large as
            // where it came alone.
            let all = video_bytes.saturating_add(audio_bytes);
            audio_bytes = ((sound * f64::from(audio_segments)) as u64).min(all);
            video_bytes = all - audio_bytes;
        }
        let total = u32::try_from(requests.len()).unwrap_or(u32::MAX);
        Self {
            number: 0,
            client: parts.client,
            t_start: shifted(parts.start, requests[0].asked),
            t_end: shifted(parts.start, end),
            servers: different(|r| r.server),
            flows: different(|r| r.flow),
            video_segments,
            audio_segments,
            dropped_segments: total - video_segments - audio_segments,
            video_bytes,
            audio_bytes,
            video_media: None,
            audio_media: None,
            startup: None,
            played: None,
            stalls: None,
            pauses: None,
            seeks: None,
            video_bitrate: None,
            audio_bitrate: None,
            switches: [0; 2],
            confidence: 0.0,
            reason: Reason::None,
            media: Vec::new(),
            rates: Vec::new(),
            line: Timeline::default(),
            present: [false; 2],
        }
    }

    /// Sets everything that follows from the best hypothesis.
    fn explain(&mut self, play: &Play<'_>, fit: &Fit, seeks: usize, end: f64) {
        let margin = Track::BOTH
            .into_iter()
            .filter(|&track| play.present[track as usize])
            .map(|track| fit.margin[track as usize])
            .fold(f64::INFINITY, f64::min);
        let waits = play
            .requests
            .iter()
            .filter(|request| request.waited)
            .count();
        let misfit = fit.cost / (waits as f64 + FEW_WAITS) / MISFIT;
        let sure = (1.0 - (-margin.max(0.0)).exp() / 2.0) / (1.0 + misfit * misfit);
        self.confidence = (sure * 1000.0).round() / 1000.0;
        if is_interleaved(play.requests) {
            self.reason = Reason::Interleaved;
        }
        if margin < DECIDED {
            self.reason = Reason::Undecided;
            return;
        }
        let seconds = |track: Track| {
            play.present[track as usize].then_some(fit.guess.seconds[track as usize])
        };
        (self.video_media, self.audio_media) = (seconds(Track::Video), seconds(Track::Audio));
        let rate = |bytes: u64, count: u32, media: Option<f64>| {
            media
                .filter(|_| count > 0)
                .map(|media| bytes as f64 * 8.0 / (media * f64::from(count)))
        };
        self.video_bitrate = rate(self.video_bytes, self.video_segments, self.video_media);
        self.audio_bitrate = rate(self.audio_bytes, self.audio_segments, self.audio_media);
        self.media = play
            .requests
            .iter()
            .map(|r| (r.number, fit.guess.seconds[r.track as usize]))
            .collect();
        let places = places::find(play, fit, seeks);
        let line = timeline::run(play, fit, &places, end);
        let first = play.requests[0].asked;
        self.startup = line.first_frame.map(|t| t - first);
        self.played = Some(line.played);
        self.stalls = Some(
            line.stalls
                .iter()
                .map(|s| (s.0 - first, s.1 - first))
                .collect(),
        );
        self.pauses = Some(line.pauses);
        self.seeks = Some(line.seeks);
        self.rates = line
            .places
            .iter()
            .filter(|place| play.requests[place.0].track == Track::Video)
            .map(|&(at, from, to)| Rate {
                came: play.requests[at].came - first,
                from,
                to,
                bits: play.requests[at].bytes as f64 * 8.0 / (to - from),
            })
            .collect();
        self.count_switches(play);
        self.line = line;
        for knot in &mut self.line.knots {
            knot.t -= first;
        }
    }

    /// Counts changes of quality: a player requests another quality's header before its media.
    fn count_switches(&mut self, play: &Play<'_>) {
        let video: Vec<&Request> = play
            .requests
            .iter()
            .filter(|r| r.track == Track::Video)
            .collect();
        let mean = |part: &[&Request]| {
            part.iter().map(|r| r.bytes as f64).sum::<f64>() / part.len().max(1) as f64
        };
        for at in 1..video.len() {
            if video[at].decided >= video[at].asked {
                continue;
            }
            let (before, after) = (
                mean(&video[at.saturating_sub(3)..at]),
                mean(&video[at..video.len().min(at + 3)]),
            );
            if after > before * SAME_RATE {
                self.switches[0] += 1;
            } else if before > after * SAME_RATE {
                self.switches[1] += 1;
            }
        }
    }

    /// Returns the player's state this many seconds after the start; `None` if it is not known.
    #[must_use]
    pub fn moment(&self, seconds: f64) -> Option<Moment> {
        let knot = self.line.at(seconds)?;
        let ahead =
            |track: usize| self.present[track].then(|| (knot.ends[track] - knot.position).max(0.0));
        let (video, audio) = (ahead(0), ahead(1));
        let buffer = match (video, audio) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        let fetched = self.rates.partition_point(|rate| rate.came <= seconds);
        let shown = self
            .rates
            .iter()
            .find(|rate| rate.from <= knot.position && knot.position < rate.to);
        Some(Moment {
            t: shifted(self.t_start, seconds),
            state: knot.state,
            buffer,
            video_buffer: video,
            audio_buffer: audio,
            fetched_bitrate: fetched.checked_sub(1).map(|at| self.rates[at].bits),
            shown_bitrate: shown
                .map(|rate| rate.bits)
                .filter(|_| !matches!(knot.state, State::Starting | State::Seeking)),
        })
    }

    /// Returns the video that arrived before some seconds after the start, in order of arrival:
    /// seconds from the start to its arrival, and its bits per second.
    pub(crate) fn arrived(&self, before: f64) -> Vec<(f64, f64)> {
        let end = self.rates.partition_point(|rate| rate.came < before);
        let rates = self.rates[..end].iter();
        rates.map(|rate| (rate.came, rate.bits)).collect()
    }

    /// Returns the number of segments that were requested.
    #[must_use]
    pub const fn segments(&self) -> u32 {
        self.video_segments + self.audio_segments + self.dropped_segments
    }

    /// Returns when the picture stood still although the viewer wanted it to play: beginning and
    /// end of each stall.
    #[must_use]
    pub fn stalls_at(&self) -> Option<Vec<(Time, Time)>> {
        let at =
            |&(from, to): &(f64, f64)| (shifted(self.t_start, from), shifted(self.t_start, to));
        Some(self.stalls.as_ref()?.iter().map(at).collect())
    }

    /// Returns the video that arrived: where its media begins and ends, in seconds of media since
    /// the start of the session, and its bits per second. Empty if the media seconds are not known.
    pub fn pictures(&self) -> impl Iterator<Item = (f64, f64, f64)> + '_ {
        self.rates
            .iter()
            .map(|rate| (rate.from, rate.to, rate.bits))
    }

    /// Returns the position at which each stall began, in seconds of media since the start of the
    /// session, and its length in seconds.
    #[must_use]
    pub fn stalls_by_position(&self) -> Vec<(f64, f64)> {
        let position = |at: f64| self.line.at(at).map_or(0.0, |knot| knot.position);
        let stalls = self.stalls.as_deref().unwrap_or_default();
        stalls
            .iter()
            .map(|&(from, to)| (position(from), to - from))
            .collect()
    }

    /// Returns the seconds of media ahead of the position at the end.
    #[must_use]
    pub fn buffer_at_end(&self) -> Option<f64> {
        self.moment(self.duration())?.buffer
    }

    /// Returns the seconds of all stalls.
    #[must_use]
    pub fn stalled(&self) -> Option<f64> {
        let spans = self.stalls.as_ref()?.iter();
        let spans = spans.map(|stall| stall.1 - stall.0);
        // An empty sum is -0, which hosts would print.
        Some(spans.fold(0.0, |sum, span| sum + span))
    }

    /// Returns the player's state at every step, and at the end. Empty if the media seconds are not
    /// known.
    pub fn moments(&self, step: f64) -> impl Iterator<Item = Moment> + '_ {
        let last = self.duration();
        let steps = if step > 0.0 {
            (last / step).ceil() as u64
        } else {
            0
        };
        (0..steps)
            .map(move |n| n as f64 * step)
            .filter_map(|seconds| self.moment(seconds))
            .chain(self.moment(last).map(|moment| Moment {
                state: State::Ended,
                ..moment
            }))
    }

    /// Returns the seconds from the first request to the last byte.
    #[must_use]
    pub fn duration(&self) -> f64 {
        self.t_end.since(self.t_start) as f64 / 1e9
    }

    /// Returns the media seconds of the session's segments, by number.
    pub fn media_seconds(&self) -> impl Iterator<Item = (u32, f64)> + '_ {
        self.media.iter().copied()
    }
}

#[cfg(test)]
mod tests;
