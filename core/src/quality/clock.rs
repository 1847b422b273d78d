//! The clock of a player: media arrives and is played.

use strum::{IntoStaticStr, VariantArray, VariantNames};

use super::request::{Request, Track};
use crate::words::words;

words!(State);

/// How long after the last byte of what it lacked a player shows a picture: decoding, and the timers between.
const REACTION: f64 = 0.03;
/// Media ahead below which nothing can be played.
const DRY: f64 = 1e-6;
/// Sound ahead, in seconds, with which a browser goes on: twice as much with every time that the sound has run dry, up to
/// a most (Chromium, media/filters/audio_renderer_algorithm.cc: `kStartingCapacity`, `kMaxCapacity`).
const SOUND_NEEDED: f64 = 0.2;
const SOUND_NEEDED_MOST: f64 = 3.0;
/// Pictures ahead, in seconds, with which it goes on. Measured on recordings of Chromium, which decodes four ahead
/// (media/base/limits.h: `kMaxVideoFrames`).
const PICTURES_NEEDED: f64 = 0.12;
/// A picture that runs dry so shortly before the sound is not missed yet.
const TOGETHER: f64 = 0.1;
/// The first frame of sound only primes the decoder (AAC: 1024 samples).
const PRIMING: f64 = 1024.0 / 48_000.0;

/// Whoever goes elsewhere comes out in the middle of a segment, as far as is known: the share of it behind that place.
pub(crate) const MIDDLE: f64 = 0.5;

/// The states of a player.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, IntoStaticStr, VariantArray, VariantNames)]
#[strum(serialize_all = "snake_case")]
pub enum State {
    /// Waits for the first media.
    Starting,
    /// Plays.
    Playing,
    /// The picture stands, as media is missing.
    Stalled,
    /// The viewer stopped it.
    Paused,
    /// Waits for media of another place.
    Seeking,
    /// Over.
    Ended,
}

/// One hypothesis about a play.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Guess {
    /// Media seconds of a segment, by track.
    pub(crate) seconds: [f64; 2],
    /// Time for which it plays sound when the picture has run dry.
    pub(crate) run_on: f64,
    /// At a change to a better picture it fetches again what it holds of the worse one.
    pub(crate) renews: bool,
}

/// From here to the next one, the position advances evenly.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Knot {
    pub(crate) t: f64,
    pub(crate) state: State,
    /// Media played since the start, and what has arrived, by track.
    pub(crate) position: f64,
    pub(crate) ends: [f64; 2],
    /// The position moves.
    pub(crate) moves: bool,
}

/// The clock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    guess: Guess,
    present: [bool; 2],
    pub(crate) now: Knot,
    /// The time from which it plays again.
    ready: f64,
    /// The next media of a track begins before the position.
    amid: [bool; 2],
    /// The share of it that lies behind the position.
    behind: [f64; 2],
    /// Tracks that it waits for.
    lacks: [bool; 2],
    /// The number of times that the sound has run dry.
    dried: i32,
    /// Where the picture that comes next begins, while one that is held already is fetched again.
    again: Option<f64>,
}

impl Clock {
    pub(crate) fn new(guess: Guess, present: [bool; 2], t: f64) -> Self {
        let now = Knot {
            t,
            state: State::Starting,
            position: 0.0,
            ends: [0.0; 2],
            moves: false,
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
        }
    }

    /// A player that plays already, with so many seconds of each track ahead.
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

    /// Media ahead of the position on a track; below 0 where the picture has run dry before the sound.
    pub(crate) fn ahead(&self, track: Track) -> f64 {
        self.now.ends[track as usize] - self.now.position
    }

    /// Media seconds of a segment.
    pub(crate) fn seconds(&self, track: Track) -> f64 {
        self.guess.seconds[track as usize]
    }

    /// Media seconds of the longer segments.
    pub(crate) fn longest(&self) -> f64 {
        self.guess.seconds[0].max(self.guess.seconds[1])
    }

    /// Returns how far the position can go: without a picture a browser plays sound alone for a
    /// while, without sound nothing.
    fn limit(&self) -> f64 {
        let [video, audio] = self.now.ends;
        match self.present {
            [true, true] => audio.min(video + self.guess.run_on),
            [false, true] => audio,
            _ => video,
        }
    }

    /// Lets time pass. `each` gets a knot wherever the state changes.
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
                let until = self.now.t + (stop - self.now.position).max(0.0);
                if until >= to {
                    self.now.position += to - self.now.t;
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

    /// Nothing can be played any more: notes what is missing. A picture that ran dry with the sound is not missed yet where
    /// sound may go on alone.
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

    /// Returns true if a track that was missing has enough ahead to go on.
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

    /// Media arrived.
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

    /// The player asks for a better picture: one that renews what it holds fetches it again from the segment on that is
    /// played now.
    pub(crate) fn improve(&mut self) {
        let seconds = self.guess.seconds[0];
        let held = self.ahead(Track::Video);
        if self.guess.renews && held > DRY && seconds > 0.0 {
            self.again = Some(self.now.ends[0] - (held / seconds - DRY).ceil() * seconds);
        }
    }

    /// Pictures come that are held already.
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

    /// Sound is asked for after a while of silence: it cannot be further behind the picture than a segment of that, so
    /// some of the picture was there before, in another quality. Returns how many segments.
    pub(crate) fn settle(&mut self, each: &mut impl FnMut(&Knot)) -> u32 {
        let seconds = self.guess.seconds[0];
        let mut repeated = 0;
        while self.present == [true; 2]
            && seconds > 0.0
            && self.now.ends[0] - self.now.ends[1] > seconds + BEHIND
            && self.ahead(Track::Video) > seconds
        {
            self.now.ends[0] -= seconds;
            repeated += 1;
        }
        if repeated > 0 {
            each(&self.now);
        }
        repeated
    }

    /// Says how much of a segment, as a share, lies behind the place that the player goes to next.
    pub(crate) const fn goes_to(&mut self, behind: [f64; 2]) {
        self.behind = behind;
    }

    /// All that was held is of no use any more: the player went elsewhere.
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

    /// The viewer stops it, or lets it go on.
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

/// Since when the picture was ahead of the sound, and the sound idle.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Idle {
    sound: f64,
    lead: f64,
}

/// How long sound is idle at most where it is behind, and how far it is behind then, in seconds.
const SOUND_IDLE: f64 = 1.0;
const BEHIND: f64 = 1.0;

impl Idle {
    pub(crate) const fn new() -> Self {
        Self {
            sound: f64::INFINITY,
            lead: f64::INFINITY,
        }
    }

    /// Sound was asked for, or came.
    pub(crate) fn sound(&mut self, t: f64, pending: bool) {
        self.sound = if pending { f64::INFINITY } else { t };
    }

    /// The picture that arrives is one that was there already, in another quality: sound would have been asked for
    /// meanwhile if the picture were so far ahead of it.
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

    /// To be told after every arrival.
    pub(crate) fn arrived(&mut self, clock: &Clock) {
        if clock.now.ends[0] - clock.now.ends[1] <= BEHIND {
            self.lead = f64::INFINITY;
        } else if self.lead == f64::INFINITY {
            self.lead = clock.now.t;
        }
    }
}

/// Something that happens to a player, in order of time.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Event {
    /// Went elsewhere.
    Seek,
    /// A request was answered.
    Came(usize),
    /// Decided to ask.
    Decided(usize),
}

/// All events of a play.
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
