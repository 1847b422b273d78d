//! The clock of a player: media arrives, and the player plays it.

use strum::{IntoStaticStr, VariantArray, VariantNames};

use super::request::{Request, Track};
use crate::words::words;

words!(State);

/// Time from the last byte that a player lacked to the picture: decoding, and the timers between.
const REACTION: f64 = 0.03;
/// Media ahead, in seconds, up to which nothing can be played.
const DRY: f64 = 1e-6;
/// Sound ahead, in seconds, with which a browser resumes: twice as much with every time that the
/// sound has run dry, up to a limit (Chromium, media/filters/audio_renderer_algorithm.cc:
/// `kStartingCapacity`, `kMaxCapacity`).
const SOUND_NEEDED: f64 = 0.2;
const SOUND_NEEDED_MOST: f64 = 3.0;
/// Pictures ahead, in seconds, with which it resumes. Measured on recordings of Chromium, which
/// decodes four ahead (media/base/limits.h: `kMaxVideoFrames`).
const PICTURES_NEEDED: f64 = 0.12;
/// A picture that runs dry this shortly before the sound is not missing yet.
const TOGETHER: f64 = 0.1;
/// The first frame of sound only primes the decoder (AAC: 1024 samples).
const PRIMING: f64 = 1024.0 / 48_000.0;

/// Longest time from a picture's arrival to a request for sound that follows it, in seconds
/// (dash.js looks every half second).
pub(crate) const FOLLOWS: f64 = 0.6;
/// Pictures that came lately to remember.
const LATELY: usize = 8;

/// After a seek the player resumes in the middle of a segment, unless more is known: the share of
/// the segment behind that place.
pub(crate) const MIDDLE: f64 = 0.5;

/// The states of a player.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, IntoStaticStr, VariantArray, VariantNames)]
#[strum(serialize_all = "snake_case")]
pub enum State {
    /// Waits for the first media.
    Starting,
    /// Plays.
    Playing,
    /// Stands still, because media is missing.
    Stalled,
    /// The viewer paused it.
    Paused,
    /// Waits for media at the place of a seek.
    Seeking,
    /// Has ended.
    Ended,
}

/// One hypothesis about a play.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Guess {
    /// Media seconds of a segment, by track.
    pub(crate) seconds: [f64; 2],
    /// Time for which the player plays sound after the picture has run dry.
    pub(crate) run_on: f64,
    /// True if a player that changes to a better picture fetches again what it holds of the worse
    /// one.
    pub(crate) renews: bool,
}

/// A point in time. The position advances evenly from one to the next.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Knot {
    pub(crate) t: f64,
    pub(crate) state: State,
    /// Media played since the start, and media that arrived, by track.
    pub(crate) position: f64,
    pub(crate) ends: [f64; 2],
    /// True if the position advances.
    pub(crate) moves: bool,
    /// Seconds of media that are played in a second.
    pub(crate) speed: f64,
}

/// The clock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    guess: Guess,
    present: [bool; 2],
    pub(crate) now: Knot,
    /// The time from which the player plays again.
    ready: f64,
    /// True if the next media of a track begins before the position.
    amid: [bool; 2],
    /// The share of that media behind the position.
    behind: [f64; 2],
    /// Tracks that the player waits for.
    lacks: [bool; 2],
    /// Number of times that the sound has run dry.
    dried: i32,
    /// Where the next picture begins, while the player fetches again a picture that it holds.
    again: Option<f64>,
    /// Arrivals of the latest pictures, with the end of the pictures before each; the oldest is
    /// overwritten.
    lately: [(f64, f64); LATELY],
    next: usize,
}

impl Clock {
    pub(crate) fn new(guess: Guess, present: [bool; 2], t: f64) -> Self {
        let now = Knot {
            t,
            state: State::Starting,
            position: 0.0,
            ends: [0.0; 2],
            moves: false,
            speed: 1.0,
        };
        Self {
            guess,
            present,
            now,
            ready: f64::INFINITY,
            amid: [false; 2],
            behind: [MIDDLE; 2],
            lacks: present,
            dried: 0,
            again: None,
            lately: [(f64::NEG_INFINITY, 0.0); LATELY],
            next: 0,
        }
    }

    /// Returns the clock of a player that plays already, with this many seconds of each track
    /// ahead.
    pub(crate) fn holding(self, seconds: f64) -> Self {
        let now = Knot {
            state: State::Playing,
            ends: [seconds; 2],
            moves: true,
            ..self.now
        };
        let lacks = [false; 2];
        Self { now, lacks, ..self }
    }

    /// Returns the media ahead of the position on a track; below 0 if the picture has run dry
    /// before the sound.
    pub(crate) fn ahead(&self, track: Track) -> f64 {
        self.now.ends[track as usize] - self.now.position
    }

    /// Returns the media seconds of a segment.
    pub(crate) fn seconds(&self, track: Track) -> f64 {
        self.guess.seconds[track as usize]
    }

    /// Returns the media seconds of the longer segments.
    pub(crate) fn longest(&self) -> f64 {
        self.guess.seconds[0].max(self.guess.seconds[1])
    }

    /// Returns how far the position can go. Without a picture, a browser plays sound alone for a
    /// while; without sound, it plays nothing.
    fn limit(&self) -> f64 {
        let [video, audio] = self.now.ends;
        match self.present {
            [true, true] => audio.min(video + self.guess.run_on),
            [false, true] => audio,
            _ => video,
        }
    }

    /// Lets time pass. Passes `each` a knot at every change of state.
    pub(crate) fn advance(&mut self, to: f64, each: &mut impl FnMut(&Knot)) {
        while self.now.t < to {
            if self.now.moves {
                let picture = if self.present[0] {
                    self.now.ends[0]
                } else {
                    f64::INFINITY
                };
                let shows = self.now.state == State::Playing;
                let stop = if shows {
                    picture.min(self.limit())
                } else {
                    self.limit()
                };
                let until = self.now.t + (stop - self.now.position).max(0.0) / self.now.speed;
                if until >= to {
                    self.now.position += (to - self.now.t) * self.now.speed;
                    self.now.t = to;
                    return;
                }
                self.now.t = until;
                self.now.position = self.now.position.max(stop);
                self.now.state = State::Stalled;
                self.now.moves = self.limit() > self.now.position + DRY;
                if !self.now.moves {
                    self.run_dry();
                }
            } else if self.ready <= to {
                self.now.t = self.ready.max(self.now.t);
                self.ready = f64::INFINITY;
                self.now.moves = true;
                self.now.state = if !self.present[0] || self.ahead(Track::Video) > DRY {
                    State::Playing
                } else {
                    State::Stalled
                };
            } else {
                self.now.t = to;
                return;
            }
            each(&self.now);
        }
    }

    /// Handles a buffer with nothing left to play: records what is missing. A picture that ran dry
    /// together with the sound is not missing yet if sound can continue alone.
    fn run_dry(&mut self) {
        let silent = !self.present[1] || self.ahead(Track::Audio) <= DRY;
        let alone = self.guess.run_on > 0.0 && self.present == [true; 2];
        let picture = self.ahead(Track::Video);
        self.dried += i32::from(silent);
        self.lacks = [
            self.present[0] && picture <= DRY && !(alone && silent && picture > -TOGETHER),
            self.present[1] && silent,
        ];
    }

    /// Returns true if a missing track has enough ahead to resume.
    fn has_enough(&self, track: Track) -> bool {
        let ahead = self.ahead(track);
        let sounds = track == Track::Audio || !self.present[1];
        let needed = if self.guess.run_on == 0.0 || self.dried == 0 {
            DRY
        } else if sounds {
            (SOUND_NEEDED * f64::powi(2.0, self.dried.min(16))).min(SOUND_NEEDED_MOST)
        } else {
            PICTURES_NEEDED
        };
        ahead > needed
    }

    /// Adds a segment that arrived.
    pub(crate) fn add(&mut self, track: Track, each: &mut impl FnMut(&Knot)) {
        let mut seconds = self.guess.seconds[track as usize];
        if track == Track::Audio && self.now.state == State::Starting && self.now.ends[1] == 0.0 {
            seconds -= PRIMING;
        }
        let amid = std::mem::take(&mut self.amid[track as usize]);
        let comes = if amid {
            seconds * self.behind[track as usize]
        } else {
            seconds
        };
        let end = self.now.ends[track as usize];
        if track == Track::Video {
            self.lately[self.next] = (self.now.t, end);
            self.next = (self.next + 1) % LATELY;
        }
        if track == Track::Video
            && let Some(begins) = self.again
        {
            let reached = begins + comes;
            self.again = Some(reached).filter(|reached| *reached < end - DRY);
            self.now.ends[0] = reached.max(end);
        } else {
            self.now.ends[track as usize] = end + comes;
        }
        self.check(each);
    }

    /// Handles a request for a better picture. A player that renews fetches again what it holds,
    /// from the current segment on.
    pub(crate) fn improve(&mut self) {
        let seconds = self.guess.seconds[0];
        let held = self.ahead(Track::Video);
        if self.guess.renews && held > DRY && seconds > 0.0 {
            self.again = Some(self.now.ends[0] - (held / seconds - DRY).ceil() * seconds);
        }
    }

    /// Returns true if the pictures that arrive are held already.
    pub(crate) const fn renewing(&self) -> bool {
        self.again.is_some()
    }

    fn check(&mut self, each: &mut impl FnMut(&Knot)) {
        for track in Track::BOTH {
            self.lacks[track as usize] &= !self.has_enough(track);
        }
        if !self.now.moves && self.lacks == [false; 2] && self.now.state != State::Paused {
            self.ready = self.ready.min(self.now.t + REACTION);
        } else if self.now.moves
            && self.now.state == State::Stalled
            && self.ahead(Track::Video) > DRY
        {
            self.now.state = State::Playing;
        }
        each(&self.now);
    }

    /// Returns the end of the pictures that sound requested now can have followed, without those
    /// that came since the player looked before.
    pub(crate) fn pictures_before(&self) -> f64 {
        let t = self.now.t;
        let lately = self.lately.iter().filter(|came| t - came.0 < FOLLOWS);
        lately.map(|came| came.1).fold(self.now.ends[0], f64::min)
    }

    /// Handles a request for sound after a while of silence. Sound cannot be further behind the
    /// pictures before than one segment of pictures, so some of these had been there before, in
    /// another quality. Returns how many segments. `divided`: bytes were divided among responses,
    /// so it is not known which pictures came before.
    pub(crate) fn settle(&mut self, divided: bool, each: &mut impl FnMut(&Knot)) -> u32 {
        let seconds = self.guess.seconds[0];
        let mut repeated = 0;
        let before = |clock: &Self| {
            if divided {
                clock.now.ends[0]
            } else {
                clock.pictures_before()
            }
        };
        while self.present == [true; 2]
            && seconds > 0.0
            && before(self) - self.now.ends[1] > seconds + BEHIND
            && self.ahead(Track::Video) > seconds
        {
            self.now.ends[0] -= seconds;
            for came in &mut self.lately {
                came.1 -= seconds;
            }
            repeated += 1;
        }
        if repeated > 0 {
            each(&self.now);
        }
        repeated
    }

    /// Sets the share of a segment behind the place that the player goes to next.
    pub(crate) const fn goes_to(&mut self, behind: [f64; 2]) {
        self.behind = behind;
    }

    /// Handles a seek: everything that the player holds is of no more use.
    pub(crate) fn flush(&mut self, each: &mut impl FnMut(&Knot)) {
        self.now.ends = [self.now.position; 2];
        self.now.moves = false;
        self.now.state = State::Seeking;
        self.amid = [true; 2];
        self.again = None;
        self.lacks = self.present;
        self.ready = f64::INFINITY;
        each(&self.now);
    }

    pub(crate) fn skip(&mut self, seconds: f64, each: &mut impl FnMut(&Knot)) {
        self.now.position += seconds;
        each(&self.now);
    }

    /// Handles another speed of the viewer.
    pub(crate) fn play_at(&mut self, speed: f64, each: &mut impl FnMut(&Knot)) {
        self.now.speed = speed;
        each(&self.now);
    }

    /// Handles the viewer's pause, or its end.
    pub(crate) fn pause(&mut self, paused: bool, each: &mut impl FnMut(&Knot)) {
        self.now.moves = !paused;
        self.now.state = if paused {
            State::Paused
        } else {
            State::Playing
        };
        each(&self.now);
    }
}

/// The times since which the picture is ahead of the sound, and the sound idle.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Idle {
    sound: f64,
    lead: f64,
}

/// Longest time for which sound that is behind stays idle, and how far it is behind then, in
/// seconds.
const SOUND_IDLE: f64 = 1.0;
const BEHIND: f64 = 1.0;

impl Idle {
    pub(crate) const fn new() -> Self {
        Self {
            sound: f64::INFINITY,
            lead: f64::INFINITY,
        }
    }

    /// Notes that sound was requested, or arrived.
    pub(crate) fn sound(&mut self, t: f64, pending: bool) {
        self.sound = if pending { f64::INFINITY } else { t };
    }

    /// Returns true if the picture that arrives was there already, in another quality: otherwise
    /// the player would have requested sound, because the picture is far ahead of it.
    pub(crate) fn repeats(&self, clock: &Clock, track: Track) -> bool {
        let t = clock.now.t;
        let ahead = clock.now.ends[0] - clock.now.ends[1] > BEHIND;
        track == Track::Video
            && clock.present == [true; 2]
            && !clock.renewing()
            && !matches!(clock.now.state, State::Starting | State::Seeking)
            && ahead
            && t - self.sound > SOUND_IDLE
            && t - self.lead > SOUND_IDLE
    }

    /// Notes an arrival. Call it after each.
    pub(crate) fn arrived(&mut self, clock: &Clock) {
        if clock.now.ends[0] - clock.now.ends[1] <= BEHIND {
            self.lead = f64::INFINITY;
        } else if self.lead == f64::INFINITY {
            self.lead = clock.now.t;
        }
    }
}

/// An event of a player.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Event {
    /// The viewer seeked.
    Seek,
    /// A request was answered.
    Came(usize),
    /// The player decided to request.
    Decided(usize),
}

/// Returns all events of a play, in order of time.
pub(crate) fn events(requests: &[Request], seeks: &[f64]) -> Vec<(f64, Event)> {
    let mut events: Vec<(f64, Event)> = Vec::with_capacity(requests.len() * 2 + seeks.len());
    events.extend(seeks.iter().map(|&t| (t, Event::Seek)));
    for (at, request) in requests.iter().enumerate() {
        events.push((request.came, Event::Came(at)));
        events.push((request.decided, Event::Decided(at)));
    }
    events.sort_by(|a, b| a.0.total_cmp(&b.0));
    events
}

#[cfg(test)]
mod tests;
