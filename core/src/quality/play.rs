//! A play as it was observed.

use super::clock::{Clock, Event, Guess, events};
use super::request::{Request, Rules, Track, is_interleaved, median_bytes};

/// Seconds that most players hold ahead.
pub(super) const USUAL_BUFFER: f64 = 20.0;

/// The observations that hypotheses must explain.
#[derive(Debug)]
pub(crate) struct Play<'a> {
    pub(crate) requests: &'a [Request],
    /// True for each track that the play has.
    pub(crate) present: [bool; 2],
    pub(crate) events: Vec<(f64, Event)>,
    pub(crate) audio_bytes: Option<f64>,
    pub(crate) rules: Rules,
    /// True if bytes were divided among responses, so that tracks are inferred by turns.
    pub(crate) divided: bool,
}

impl<'a> Play<'a> {
    pub(crate) fn new(requests: &'a [Request], seeks: &[f64], rules: Rules) -> Self {
        let has = |track| requests.iter().any(|request| request.track == track);
        Self {
            requests,
            present: Track::BOTH.map(has),
            events: events(requests, seeks),
            audio_bytes: median_bytes(requests, Track::Audio),
            rules,
            divided: is_interleaved(requests),
        }
    }

    /// Returns the track that leads: the picture, if there is one.
    pub(crate) fn leading(&self) -> Track {
        if self.present[0] {
            Track::Video
        } else {
            Track::Audio
        }
    }

    pub(crate) fn start(&self) -> f64 {
        self.events.first().map_or(0.0, |event| event.0)
    }

    /// Returns a player's clock at the start. A player that had begun before holds as much as most
    /// do, because its real level is unknown.
    pub(crate) fn clock(&self, guess: Guess) -> Clock {
        let clock = Clock::new(guess, self.present, self.start());
        if self.rules.joined {
            clock.holding(USUAL_BUFFER)
        } else {
            clock
        }
    }
}
