//! Players that fetch sound as far as the picture goes, and not by a clock of its own.
//!
//! A request for sound shows that hardly more sound than pictures had come. Sound that waits for a
//! picture shows that it reached as far as the pictures before. Only the numbers of segments
//! matter, so this decides between near seconds that a clock cannot tell apart.

use super::clock::{Clock, FOLLOWS};
use super::request::Track;

/// Seconds beyond the picture's end up to which players fetch sound: none (hls.js,
/// `AudioStreamController`), or one (dash.js, `ScheduleController.getBufferTarget`).
const BEYOND: [f64; 2] = [0.0, 1.0];
/// Players fetch sound however little of the picture they hold if less than a segment is left, and
/// so much more, in seconds.
const ANYWAY: f64 = 0.5;
/// Error of both ends, in seconds.
const SLACK: f64 = 0.15;
/// Segments of sound are a whole number of frames, or those that end next to multiples of some
/// seconds: then their mean is a multiple of this, in seconds.
const TENTH: f64 = 0.1;
/// Cost of a request that no such player sends, and seconds beyond the error at which it is full.
const AGAINST: f64 = 1.5;
const AGAINST_FULLY: f64 = 0.5;
/// Cost of a player whose sound has a clock of its own (Shaka Player), and of each of its requests:
/// about half of them look like that.
const OWN_CLOCK: f64 = 2.0;
const OWN_CLOCK_EACH: f64 = 0.3;
/// The most that all of it costs.
const MOST: f64 = 6.0;
/// After a seek it is unknown where within a segment each track continues: distance of the
/// differences to try, in seconds, and the error that this adds.
const STEP: f64 = 0.5;
const STEP_ERROR: f64 = 0.25;

/// The evidence for such a player.
#[derive(Clone, Debug)]
pub(super) struct Follow {
    /// By seconds beyond the picture's end: the cost since the start, or the latest seek.
    costs: Vec<(f64, f64)>,
    /// The cost before it.
    before: f64,
    /// Number of observations.
    seen: f64,
    error: f64,
    /// Segments of sound that came since then, and the time of the latest.
    sounds: u32,
    sound_came: f64,
}

impl Follow {
    /// `joined`: the player had begun before.
    pub(super) fn new(clock: &Clock, joined: bool) -> Self {
        let mut follow = Self {
            costs: BEYOND.map(|beyond| (beyond, 0.0)).to_vec(),
            before: 0.0,
            seen: 0.0,
            error: SLACK,
            sounds: 0,
            sound_came: f64::NEG_INFINITY,
        };
        if joined {
            follow.seek(clock);
        }
        follow
    }

    /// Handles a seek.
    pub(super) fn seek(&mut self, clock: &Clock) {
        let most = (clock.seconds(Track::Video) + clock.seconds(Track::Audio)) / 2.0;
        let steps = ((2.0 * most + BEYOND[1]) / STEP).ceil() as u32;
        let beyond = (0..=steps).map(|step| f64::from(step).mul_add(STEP, -most));
        *self = Self {
            costs: beyond.map(|beyond| (beyond, 0.0)).collect(),
            before: self.least(),
            seen: self.seen,
            error: SLACK + STEP_ERROR,
            sounds: 0,
            sound_came: f64::NEG_INFINITY,
        };
    }

    /// Notes sound that arrives.
    pub(super) fn sound(&mut self, clock: &Clock) {
        self.sound_came = clock.now.t;
        self.sounds += 1;
    }

    /// Notes a request for sound while none is in flight.
    pub(super) fn asks(&mut self, clock: &Clock, waited: bool) {
        let (t, [picture, sound]) = (clock.now.t, clock.now.ends);
        let against = |off: f64| AGAINST * ((off - self.error) / AGAINST_FULLY).clamp(0.0, 1.0);
        let seconds = clock.seconds(Track::Audio);
        let mean = (seconds / TENTH).round() * TENTH;
        let other = sound + f64::from(self.sounds) * (mean - seconds);
        let needs = clock.ahead(Track::Audio) > seconds + ANYWAY;
        let follows = waited && t - self.sound_came >= FOLLOWS;
        let before = clock.pictures_before();
        self.seen += f64::from(u8::from(needs) + u8::from(follows));
        for (beyond, cost) in &mut self.costs {
            if needs {
                *cost += against(sound.min(other) - picture - *beyond);
            }
            if follows {
                *cost += against(before + *beyond - sound.max(other));
            }
        }
    }

    /// Returns the cost of what was seen for a player whose sound follows the picture.
    fn least(&self) -> f64 {
        let costs = self.costs.iter().map(|cost| cost.1);
        self.before + costs.fold(f64::INFINITY, f64::min)
    }

    /// Returns the cost of what was seen.
    pub(super) fn cost(&self) -> f64 {
        let own_clock = OWN_CLOCK + OWN_CLOCK_EACH * self.seen;
        self.least().min(own_clock).min(MOST)
    }
}

#[cfg(test)]
mod tests;
