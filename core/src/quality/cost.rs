//! The cost of a hypothesis: how well it explains a player's requests. The play is replayed with
//! it.
//!
//! A player with a full buffer requests the next segment once it has played as much as one segment
//! holds: at every request after a wait, the buffer is at the same level. With wrong seconds the
//! level drifts. Before the buffer is full the player does not wait, and it never waits with an
//! empty one. Sound and picture cover the same time.

mod steadiness;

use self::steadiness::{ABOVE_PICTURE, steadiness};
use super::clock::{Clock, Event, FOLLOWS, Guess, Idle, Knot, State};
use super::follow::Follow;
use super::pause::{ACTED, AT_ONCE, Level, is_pause, leapt, played_at, reached_before};
use super::plateaus::{FULL, MOST};
use super::play::{Play, USUAL_BUFFER};
use super::request::Track;
use super::seconds;

/// Nobody waits with less ahead, in seconds, and certainly not with nothing.
const NEEDED: f64 = 2.0;
const DRY: f64 = 3.0;
/// Costs of rare events: a picture fetched again, a stall, a second of one.
const REPEATED: f64 = 0.7;
const STALL: f64 = 0.25;
const STALLED_SECOND: f64 = 0.02;
/// Cost of a segment that reaches a player that has not begun although it has more than
/// [`ENOUGH_TO_BEGIN`] segments of the track: players with that much play, unless the other track
/// is late.
const NOT_BEGUN: f64 = 1.0;
const ENOUGH_TO_BEGIN: f64 = 2.1;
/// Seconds, beyond one segment, by which the tracks of a full buffer can be apart without cost.
const APART: f64 = 1.5;
/// The cost of holding e times as much as most players do.
const LARGE: f64 = 1.0;
/// Cost of an immediate request although the buffer is full.
const ABOVE: f64 = 1.5;
/// The most that all observations of one kind cost.
const MOST_OF_A_KIND: f64 = 20.0;
/// Most requests to examine.
const LOOKED_AT: usize = 1500;
/// A player whose sound follows the picture requests sound before it is a segment of pictures
/// behind, less these seconds. The cost if it does not, and the most in all: tracks whose seconds
/// are slightly off drift apart.
const SOUND_EARLY: f64 = 0.1;
const SOUND_LATE: f64 = 0.25;
const SOUND_LATE_MOST: f64 = 2.0;
/// Tracks that are further apart than this many of the longer segments, and this many seconds more,
/// cost at most this much per arrival.
const LEAD_SEGMENTS: f64 = 2.0;
const LEAD_SECONDS: f64 = 2.0;
const LEAD_MOST: f64 = 0.3;
/// Cost, per square second, if full levels of the two tracks differ by more than a segment and
/// this.
const BOTH_FULL: f64 = 0.3;
const BOTH_FULL_APART: f64 = 1.0;
/// Costs of a pause and of a leap within what the player holds, and waits at one level before a
/// pause can be recognised.
const PAUSED: f64 = 3.0;
const LEAPT: f64 = 6.0;
/// Cost of another speed.
const SPEED: f64 = 5.0;
const STEADY: f64 = 2.0;
/// A buffer that holds no more than this, in seconds, is empty.
const EMPTY: f64 = 0.01;

/// The cost of a hypothesis, and the levels of a full buffer that it finds.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cost {
    /// The lower, the better it fits.
    pub(crate) total: f64,
    /// The cost of sound that was requested late, which is no evidence for seconds.
    pub(crate) late: f64,
    /// By track.
    pub(crate) full: [Option<f64>; 2],
}

/// A hypothesis under replay.
struct Trial<'a> {
    play: &'a Play<'a>,
    clock: Clock,
    sound: Idle,
    /// Requests in flight, by track.
    pending: [i32; 2],
    /// True if a track's latest request was given up: then the player did not wait of its own
    /// accord.
    given_up: [bool; 2],
    levels: [Vec<Level>; 2],
    stalls: Stalls,
    cost: f64,
    lead: f64,
    apart: f64,
    seeks: u32,
    /// The most media ahead on a track.
    most: f64,
    /// Sum and number of the leading track's levels at its latest waits.
    steady: (f64, f64),
    /// It has waited with a full buffer.
    known: bool,
    /// The request that the player sent because the viewer had leapt, and not after a wait.
    leapt: Option<usize>,
    /// Time of the last event.
    last: f64,
    /// Time at which the last picture came that the player did not hold.
    picture_came: f64,
    late: f64,
    follow: Follow,
}

/// Stalls so far.
#[derive(Clone, Copy, Debug, Default)]
struct Stalls {
    count: f64,
    seconds: f64,
    since: Option<f64>,
}

impl Stalls {
    fn see(&mut self, knot: &Knot) {
        if knot.state == State::Stalled {
            self.since.get_or_insert(knot.t);
        } else if let Some(from) = self.since.take() {
            self.count += 1.0;
            self.seconds += knot.t - from;
        }
    }

    fn cost(&self) -> f64 {
        STALL * self.count + STALLED_SECOND * self.seconds
    }
}

/// Replays a hypothesis and returns its cost. `counted` holds, by request, whether it arrived
/// whole. Stops once the cost exceeds `bound`.
pub(crate) fn cost(play: &Play<'_>, guess: Guess, counted: &[bool], bound: f64) -> Cost {
    let mut trial = Trial::new(play, guess);
    for &(t, event) in play.events.iter().take(2 * LOOKED_AT) {
        if let Event::Decided(at) = event {
            trial.leaps(at, t, counted);
            trial.paused(at, t);
            trial.speed(at, t, counted);
        }
        trial.last = t;
        trial.clock.advance(t, &mut |knot| trial.stalls.see(knot));
        match event {
            Event::Seek => {
                trial.seeks += 1;
                trial.steady = (0.0, 0.0);
                trial.follow.seek(&trial.clock);
                trial.clock.flush(&mut |knot| trial.stalls.see(knot));
            }
            Event::Came(at) => trial.came(at, counted[at]),
            Event::Decided(at) => trial.decided(at),
        }
        if trial.cost + trial.stalls.cost() > bound {
            return Cost {
                total: f64::INFINITY,
                late: f64::INFINITY,
                full: [None; 2],
            };
        }
    }
    trial.finish(guess)
}

impl<'a> Trial<'a> {
    fn new(play: &'a Play<'_>, guess: Guess) -> Self {
        let clock = play.clock(guess);
        Self {
            play,
            clock,
            sound: Idle::new(),
            pending: [0; 2],
            given_up: [false; 2],
            levels: [Vec::new(), Vec::new()],
            stalls: Stalls::default(),
            cost: seconds::prior(&guess, play.present, play.audio_bytes),
            lead: 0.0,
            apart: 0.0,
            seeks: 0,
            most: 0.0,
            steady: (0.0, 0.0),
            known: false,
            leapt: None,
            last: play.start(),
            picture_came: f64::NEG_INFINITY,
            late: 0.0,
            follow: Follow::new(&clock, play.rules.joined),
        }
    }

    fn came(&mut self, at: usize, counts: bool) {
        let track = self.play.requests[at].track;
        self.pending[track as usize] -= 1;
        self.given_up[track as usize] = !counts;
        if counts {
            if self.sound.repeats(&self.clock, track) {
                self.cost += REPEATED;
            } else {
                if track == Track::Audio {
                    self.follow.sound(&self.clock);
                }
                let before = self.clock.now.ends[0];
                self.clock.add(track, &mut |knot| self.stalls.see(knot));
                if self.clock.now.ends[0] > before {
                    self.picture_came = self.clock.now.t;
                }
            }
            self.sound.arrived(&self.clock);
            self.cost += not_begun(&self.clock, track);
        }
        if track == Track::Audio {
            self.sound.sound(self.clock.now.t, self.pending[1] > 0);
        }
        if self.play.present == [true; 2] && self.clock.now.state == State::Playing {
            let longest = self.clock.longest();
            let lead = (self.clock.now.ends[0] - self.clock.now.ends[1]).abs();
            self.lead +=
                ((lead - LEAD_SEGMENTS * longest - LEAD_SECONDS) / longest).clamp(0.0, LEAD_MOST);
        }
    }

    /// Notes a leap forward within what the player holds, if it requests although its buffer was
    /// full. If tracks are inferred, a level above a full one is rather evidence that one of them
    /// is wrong.
    fn leaps(&mut self, at: usize, t: f64, counted: &[bool]) {
        let track = self.play.leading();
        let (sum, number) = self.steady;
        let this = &self.play.requests[at];
        let unknown = self.play.divided || self.given_up[track as usize];
        if this.track != track || number < FULL || unknown {
            return;
        }
        let mut ahead = self.clock;
        ahead.advance(t, &mut |_| {});
        let (level, seconds) = (ahead.ahead(track), ahead.seconds(track));
        if ahead.now.state == State::Playing
            && let Some(by) = leapt(
                self.play.requests,
                counted,
                at,
                [level, level - sum / number],
                seconds,
            )
        {
            self.clock.skip(by, &mut |knot| self.stalls.see(knot));
            self.cost += LEAPT;
            self.seeks += 1;
            self.leapt = Some(at);
        }
    }

    /// Notes a pause, if a request comes later than a full buffer explains and nothing was in
    /// flight.
    fn paused(&mut self, at: usize, t: f64) {
        let request = &self.play.requests[at];
        let leading = self.play.leading();
        if !request.waited || self.leapt == Some(at) || self.given_up[request.track as usize] {
            return;
        }
        let mut ahead = self.clock;
        ahead.advance(t, &mut |_| {});
        if !matches!(ahead.now.state, State::Playing | State::Stalled) {
            return;
        }
        let (sum, number) = self.steady;
        let (level, full) = (ahead.ahead(leading), sum / number.max(1.0));
        let off = level - full;
        let idle = self.pending.iter().all(|&pending| pending <= 0) && t - self.last > -off;
        if number >= STEADY
            && idle
            && off < -ACTED
            && is_pause(
                self.play.requests,
                leading,
                at,
                off,
                self.clock.seconds(leading),
            )
        {
            self.clock.skip(off, &mut |knot| self.stalls.see(knot));
            self.cost += PAUSED;
        } else if request.track == leading {
            self.steady = if number == 0.0 || off.abs() > ACTED {
                (level, 1.0)
            } else {
                (sum + level, number + 1.0)
            };
        }
    }

    /// Notes that the viewer plays at another speed, once the player has been seen to wait with a
    /// full buffer.
    fn speed(&mut self, at: usize, t: f64, counted: &[bool]) {
        self.known |= self.steady.1 >= FULL;
        let track = self.play.leading();
        if !self.known || self.leapt == Some(at) || self.clock.now.state != State::Playing {
            return;
        }
        let seconds = self.clock.seconds(track);
        if let Some(speed) = played_at(self.play.requests, counted, track, at, seconds)
            && speed != self.clock.now.speed
        {
            let mut each = |knot: &Knot| self.stalls.see(knot);
            self.clock.advance(t, &mut each);
            self.clock.play_at(speed, &mut each);
            self.cost += if speed == 1.0 { 0.0 } else { SPEED };
        }
    }

    fn decided(&mut self, at: usize) {
        let request = &self.play.requests[at];
        let track = request.track;
        let waited = request.waited && self.leapt != Some(at) && !self.given_up[track as usize];
        if track == Track::Audio && waited {
            let divided = self.play.divided;
            let repeated = self
                .clock
                .settle(divided, &mut |knot| self.stalls.see(knot));
            self.cost += REPEATED * f64::from(repeated);
        }
        let own = self.clock.ahead(track);
        let state = self.clock.now.state;
        // Nobody waits with an empty buffer on a free link, except that sound waits for the
        // picture.
        if waited && self.pending[track as usize] <= 0 && state != State::Starting {
            let beside = track == Track::Audio && self.play.present[0];
            let other = self.clock.ahead(track.other()).max(0.0);
            let needed = if beside { NEEDED.min(other) } else { NEEDED };
            self.cost += (needed - own).clamp(0.0, NEEDED);
            if state == State::Stalled && own <= EMPTY && !(beside && other <= EMPTY) {
                self.cost += DRY;
            }
        }
        self.most = self.most.max(own);
        if waited && self.play.present == [true; 2] {
            self.apart += self.apart_at(track);
            self.late += self.late_at(track);
        }
        let idle = self.pending[1] <= 0 && !self.given_up[1] && self.leapt != Some(at);
        let told = self.play.present[0] && !self.play.divided;
        if track == Track::Audio && idle && told {
            self.follow.asks(&self.clock, waited);
        }
        self.pending[track as usize] += 1;
        if request.better {
            self.clock.improve();
        }
        if track == Track::Audio {
            self.sound.sound(self.clock.now.t, true);
        }
        if !matches!(state, State::Starting | State::Seeking) {
            let other = self.clock.ahead(track.other());
            let seeks = self.seeks;
            self.levels[track as usize].push(Level {
                own,
                other,
                waited,
                seeks,
            });
        }
    }

    /// Returns the cost if, at a wait, the other track is further ahead: both are full of the same
    /// media, except for the last segment.
    fn apart_at(&self, track: Track) -> f64 {
        if matches!(self.clock.now.state, State::Starting | State::Seeking) {
            return 0.0;
        }
        let lead = self.clock.ahead(track.other()) - self.clock.ahead(track);
        let longest = self.clock.seconds(track.other());
        ((lead - longest - APART) / APART).clamp(0.0, 1.0)
    }

    /// Returns the cost of sound that the player could have requested when the picture before the
    /// latest came: players request it as soon as it is behind the picture, or earlier.
    fn late_at(&self, track: Track) -> f64 {
        let follows = self.clock.now.t - self.picture_came < FOLLOWS;
        if track != Track::Audio || !follows || self.clock.now.state != State::Playing {
            return 0.0;
        }
        let behind = self.clock.ahead(Track::Video) - self.clock.ahead(Track::Audio);
        let late = behind - self.clock.seconds(Track::Video) + SOUND_EARLY;
        SOUND_LATE * (late / SOUND_EARLY).clamp(0.0, 1.0)
    }

    fn finish(self, guess: Guess) -> Cost {
        let mut total = self.cost
            + self.lead.min(MOST_OF_A_KIND)
            + self.apart.min(MOST_OF_A_KIND)
            + self.stalls.cost()
            + self.follow.cost()
            + LARGE * (self.most / USUAL_BUFFER).max(1.0).ln();
        let (mut full, mut highest) = ([None; 2], [None; 2]);
        for track in Track::BOTH {
            let levels = &self.levels[track as usize];
            let beside = self.play.present[track.other() as usize];
            let (cost, plateaus) = steadiness(levels, track, guess, beside, self.play.divided);
            total += cost;
            let level = plateaus.highest();
            let reached = level.and_then(|level| reached_before(levels, level));
            if reached.is_some() && track == self.play.leading() {
                total += PAUSED;
            }
            let most = reached.map(|reached| reached.0);
            // With less than a segment of sound ahead, a player requests sound however little of the
            // picture it holds, so such a level is not that of a full buffer.
            let least = guess.seconds[1] + ABOVE_PICTURE;
            let is_full = |level: &f64| track == Track::Video || !beside || *level > least;
            let level = most.or(level).filter(is_full);
            highest[track as usize] = level;
            full[track as usize] = most.or(plateaus.first(guess.seconds[track as usize]));
            // Nobody requests at once above a full buffer. A level that was reached before a pause
            // is the lowest that a full one can have: after a seek it says nothing.
            let same = |seen: &&Level| reached.is_none_or(|reached| reached.1 == seen.seeks);
            let above = |level: f64| -> f64 {
                let at_once = levels.iter().filter(|seen| !seen.waited).filter(same);
                at_once
                    .map(|seen| ABOVE * (seen.own - level - AT_ONCE).clamp(0.0, 1.0))
                    .sum()
            };
            total += level.map_or(0.0, above).min(MOST_OF_A_KIND);
        }
        if let [Some(picture), Some(sound)] = highest {
            // Both tracks are full at the same time.
            let off = (picture - BOTH_FULL_APART - sound)
                .max(sound - picture - guess.seconds[0] - BOTH_FULL_APART);
            total += (BOTH_FULL * off.max(0.0).powi(2)).min(MOST);
        }
        let late = self.late.min(SOUND_LATE_MOST);
        Cost { total, late, full }
    }
}

/// Returns the cost of a segment that came although the player has not begun to play, or not after
/// a seek.
fn not_begun(clock: &Clock, track: Track) -> f64 {
    let waits = matches!(clock.now.state, State::Starting | State::Seeking);
    if waits && clock.ahead(track) > ENOUGH_TO_BEGIN * clock.seconds(track) {
        NOT_BEGUN
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests;
