//! Adds to rows of features what the player did: the columns of
//! [`Config::feature_playback`](crate::Config::feature_playback).
//!
//! Media seconds are inferred from all requests of a title, so a row gets them from the segments
//! that are known when it is made: of the whole capture, or up to that moment.

use std::collections::HashMap;
use std::net::IpAddr;

use super::clock::State;
use super::session::Session;
use super::sessions::Sessions;
use crate::engine::Engine;
use crate::facts::segment::Segment;
use crate::features::{Fetched, Played, Row, Shown, mean};
use crate::packet::{Time, seconds};

/// Number of moments of a window at which the player's state is read.
const MOMENTS: u32 = 10;

/// The titles of a whole capture, for rows that are made at its end.
#[derive(Debug, Default)]
pub struct PlaybackColumns {
    titles: HashMap<IpAddr, Vec<Session>>,
}

impl PlaybackColumns {
    /// Infers what players did in a whole capture, after [`Engine::finish`]. Does nothing if
    /// [`Config::feature_playback`](crate::Config::feature_playback) is off.
    #[must_use]
    pub fn settled(engine: &Engine) -> Self {
        if !engine.config().feature_playback {
            return Self::default();
        }
        Self::of(Sessions::of(engine.segments(), engine.config()).0)
    }

    /// Takes sessions in order of start.
    pub(crate) fn of(sessions: Vec<Session>) -> Self {
        let mut titles: HashMap<IpAddr, Vec<Session>> = HashMap::new();
        for session in sessions {
            titles.entry(session.client).or_default().push(session);
        }
        Self { titles }
    }

    /// Fills the columns of a row from the whole capture.
    pub fn fill(&self, row: &mut Row) {
        let titles = self.titles.get(&row.client);
        row.played = titles.and_then(|titles| played(titles, row)).map(Box::new);
    }

    /// Fills the columns of a row of [`crate::features::Live`] with what the segments up to now
    /// show. Call it before the next packet.
    pub fn fill_live(row: &mut Row, engine: &Engine) {
        let config = engine.config();
        if !config.feature_playback {
            return;
        }
        let most = usize::try_from(config.feature_playback_segments()).unwrap_or(usize::MAX);
        let titles = Sessions::of(newest(engine.segments(), row, most), config).0;
        row.played = played(&titles, row).map(Box::new);
    }
}

/// Returns the newest segments of a row's session, at most this many, in order of request.
pub(crate) fn newest<'a>(
    segments: impl DoubleEndedIterator<Item = &'a Segment>,
    row: &Row,
    most: usize,
) -> Vec<&'a Segment> {
    let of_session = segments
        .rev()
        .take_while(|segment| segment.t_request >= row.session_start);
    let of_client = of_session.filter(|segment| segment.client == row.client);
    let mut newest: Vec<_> = of_client.take(most).collect();
    newest.reverse();
    newest
}

/// Returns what the player did in a row's window, from the titles of its client in order of start.
fn played(titles: &[Session], row: &Row) -> Option<Played> {
    let begun = titles.partition_point(|title| title.t_start < row.end);
    let title = titles[..begun].last()?;
    // A title that ended before the row's own session tells nothing about it.
    (title.t_end >= row.session_start).then(|| during(title, row.start, row.end))
}

/// Returns what the player did in a window of a title.
fn during(title: &Session, start: Time, end: Time) -> Played {
    let [from, to] = [start, end].map(|time| seconds(time.since(title.t_start)));
    let window = to - from;
    let at = |back: u32| title.moment(to - window * f64::from(back) / f64::from(MOMENTS));
    let moments: Vec<_> = (0..MOMENTS).filter_map(at).collect();
    let each = |value: fn(&super::Moment) -> Option<f64>| -> Vec<f64> {
        moments.iter().filter_map(value).collect()
    };
    let shown: Vec<f64> = (0..3 * MOMENTS)
        .filter_map(|back| at(back)?.shown_bitrate)
        .collect();
    let stalled = each(|moment| Some(f64::from(u8::from(moment.state == State::Stalled))));
    let last = moments.first();
    Played {
        video_media: title.video_media,
        audio_media: title.audio_media,
        audio_bitrate: title.audio_bitrate,
        fetched: Fetched::new(&title.arrived(to), from),
        shown: Shown {
            last: last.and_then(|moment| moment.shown_bitrate),
            mean: mean(&each(|moment| moment.shown_bitrate)),
            three_windows: mean(&shown),
        },
        buffer: last.and_then(|moment| moment.buffer),
        buffer_mean: mean(&each(|moment| moment.buffer)),
        video_buffer_mean: mean(&each(|moment| moment.video_buffer)),
        stalled: mean(&stalled),
    }
}
