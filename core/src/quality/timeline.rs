//! A play from its first request to its end: the player's state at any time, according to the best
//! hypothesis.

use super::clock::{Clock, Event, Idle, Knot, State};
use super::fit::Fit;
use super::pause::{ACTED, LEAP, is_pause, leapt, played_at};
use super::plateaus::FULL;
use super::play::Play;
use super::request::Track;

/// Stalls with less in between are one, in seconds.
const JOINED: f64 = 1.0;
/// Shorter stalls are ignored, in seconds: of nine recorded sessions over HTTP/1.1, the buffer was
/// off by up to 0.8 at 95 % of the times, so a shorter one may be none.
const SHORTEST: f64 = 0.5;

/// The course of a play.
#[derive(Clone, Debug, Default)]
pub(crate) struct Timeline {
    pub(crate) knots: Vec<Knot>,
    pub(crate) first_frame: Option<f64>,
    /// Beginning and end of each.
    pub(crate) stalls: Vec<(f64, f64)>,
    pub(crate) pauses: u32,
    pub(crate) seeks: u32,
    /// Seconds in which the position advanced.
    pub(crate) played: f64,
    /// By request that counts: where its media begins and ends, on the scale of positions.
    pub(crate) places: Vec<(usize, f64, f64)>,
}

impl Timeline {
    /// Returns the state at a time.
    pub(crate) fn at(&self, t: f64) -> Option<Knot> {
        let after = self.knots.partition_point(|knot| knot.t <= t);
        let mut knot = *self.knots.get(after.checked_sub(1)?)?;
        if knot.moves {
            knot.position += (t - knot.t) * knot.speed;
        }
        knot.t = t;
        Some(knot)
    }
}

/// Replays the best hypothesis, and corrects it where requests show that the viewer acted.
/// `places`: for each seek, the share of a segment behind its place, by track.
pub(crate) fn run(play: &Play<'_>, fit: &Fit, places: &[[f64; 2]], end: f64) -> Timeline {
    let mut pauses: Vec<Pause> = Vec::new();
    let mut looks_behind = f64::NEG_INFINITY;
    loop {
        let mut replay = Replay::new(play, fit, places);
        replay.pauses = &pauses;
        if pauses.len() < PAUSES {
            replay.looks_behind = looks_behind;
        }
        let full = fit.full[replay.leading as usize];
        for &(t, event) in &play.events {
            if t > end || replay.found.is_some() {
                break;
            }
            replay.pass(t);
            if let (Event::Decided(at), Some(full)) = (event, full) {
                replay.correct(t, at, full);
                replay.speed(t, at);
            }
            replay.happen(t, event);
            replay.last = t;
        }
        let Some(pause) = replay.found else {
            return replay.finish(end);
        };
        // If it did not help to place one there, another does not either.
        if let Some(last) = pauses.pop_if(|last| pause.from < last.to) {
            looks_behind = last.shown.max(pause.shown);
        } else {
            pauses.push(pause);
        }
    }
}

/// Returns the levels of both tracks at the waits after each seek, without corrections for what
/// else the viewer does.
pub(crate) fn levels(play: &Play<'_>, fit: &Fit, places: &[[f64; 2]]) -> Vec<[Vec<f64>; 2]> {
    let mut replay = Replay::new(play, fit, places);
    let mut levels = vec![[Vec::new(), Vec::new()]; places.len()];
    let mut seeks = 0;
    for &(t, event) in &play.events {
        if matches!(event, Event::Seek) {
            seeks += 1;
        }
        replay.happen(t, event);
        if let Event::Decided(at) = event
            && play.requests[at].waited
            && replay.clock.now.state == State::Playing
            && let Some(levels) = levels.get_mut(usize::wrapping_sub(seeks, 1))
        {
            let track = play.requests[at].track;
            levels[track as usize].push(replay.clock.ahead(track));
        }
    }
    levels
}

/// Most pauses to place before the request that shows them.
const PAUSES: usize = 8;

/// A pause while the buffer filled: its beginning, its end, and the time of the request that shows
/// it.
#[derive(Clone, Copy, Debug)]
struct Pause {
    from: f64,
    to: f64,
    shown: f64,
}

/// A replay in progress.
struct Replay<'a> {
    play: &'a Play<'a>,
    fit: &'a Fit,
    /// The track whose buffer shows when the player waits.
    leading: Track,
    line: Timeline,
    knots: Vec<Knot>,
    clock: Clock,
    /// Time of the previous event.
    last: f64,
    /// Requests in flight, by track.
    busy: [i32; 2],
    sound: Idle,
    /// Number of requests in a row that the player sent with a full buffer.
    waits: u32,
    /// There were enough of these to know a full buffer.
    known: bool,
    /// For each seek, the share of a segment behind its place, by track.
    places: std::slice::Iter<'a, [f64; 2]>,
    /// Pauses that earlier replays found, in order, and the number of these that have begun.
    pauses: &'a [Pause],
    begun: usize,
    /// Time behind which it looks for another one.
    looks_behind: f64,
    /// The one that it found.
    found: Option<Pause>,
    /// The time when the level of the buffer was last known.
    sure: f64,
}

impl<'a> Replay<'a> {
    fn new(play: &'a Play<'a>, fit: &'a Fit, places: &'a [[f64; 2]]) -> Self {
        let start = play.start();
        let clock = play.clock(fit.guess);
        Self {
            play,
            fit,
            leading: play.leading(),
            line: Timeline {
                seeks: u32::try_from(places.len()).unwrap_or(u32::MAX),
                ..Timeline::default()
            },
            knots: vec![clock.now],
            clock,
            last: start,
            busy: [0; 2],
            sound: Idle::new(),
            waits: 0,
            known: false,
            places: places.iter(),
            pauses: &[],
            begun: 0,
            looks_behind: f64::INFINITY,
            found: None,
            sure: start,
        }
    }

    /// Lets time pass up to the next event, with the pauses in between.
    fn pass(&mut self, t: f64) {
        let mut each = |knot: &Knot| self.knots.push(*knot);
        if self.clock.now.state == State::Paused
            && let Some(pause) = self.begun.checked_sub(1).map(|at| self.pauses[at])
            && pause.to <= t
        {
            self.clock.advance(pause.to, &mut each);
            self.clock.pause(false, &mut each);
        }
        while let Some(pause) = self.pauses.get(self.begun)
            && pause.from <= t
        {
            self.begun += 1;
            self.clock.advance(pause.from, &mut each);
            if self.clock.now.state != State::Playing {
                continue;
            }
            self.line.pauses += 1;
            self.clock.pause(true, &mut each);
            if pause.to <= t {
                self.clock.advance(pause.to, &mut each);
                self.clock.pause(false, &mut each);
            }
        }
    }

    /// Returns where a pause of this length was while the buffer filled. The viewer ended it when
    /// the buffer was full, and the player requests once it has played a segment or a part of one.
    fn place(&self, t: f64, length: f64, seconds: f64) -> Pause {
        let from = (t - seconds / 2.0 - length).max(self.sure);
        Pause {
            from,
            to: (from + length).min(t),
            shown: t,
        }
    }

    /// Compares the buffer at a request with the full one. After a wait, a player requests as soon
    /// as its buffer is no longer full. If much less is ahead, the viewer had paused it, so media
    /// was played later than the hypothesis says. If much more is ahead, the viewer skipped
    /// forward.
    fn correct(&mut self, t: f64, at: usize, full: f64) {
        let leading = self.leading;
        let mut ahead = self.clock;
        ahead.advance(t, &mut |_| {});
        if ahead.now.state != State::Playing && ahead.now.state != State::Stalled {
            return;
        }
        let off = ahead.ahead(leading) - full;
        let request = self.play.requests[at];
        let idle = request.waited && self.busy == [0; 2];
        let seconds = self.fit.guess.seconds[leading as usize];
        let requests = self.play.requests;
        // Enough waits in a row have confirmed the level of a full buffer, so a request above it is
        // evidence of a leap.
        if request.track == leading
            && f64::from(self.waits) >= FULL
            && !self.play.divided
            && ahead.now.state == State::Playing
            && let Some(by) = leapt(requests, &self.fit.counted, at, [off + full, off], seconds)
        {
            self.skip(t, by);
            self.line.seeks += 1;
            return;
        }
        if request.track == leading && request.waited {
            self.waits = if off.abs() < ACTED { self.waits + 1 } else { 0 };
            if off.abs() < ACTED {
                self.sure = t;
            }
        }
        if idle
            && off < -ACTED
            && t - self.last > -off
            && is_pause(requests, leading, at, off, seconds)
        {
            self.pause(t, off, full);
        } else if idle
            && request.track == leading
            && off < -ACTED
            && stays(self.play, &self.fit.counted, at, seconds)
        {
            // The player was paused while its buffer filled.
            if t > self.looks_behind {
                self.found = Some(self.place(t, -off, seconds));
                return;
            }
            self.skip(t, off);
            self.line.pauses += 1;
        } else if request.track == leading && request.waited && off > ACTED {
            self.skip(t, off);
            self.line.seeks += u32::from(off > LEAP);
        }
    }

    /// Pauses for as long as media is missing, in the middle of the time without requests, because
    /// nothing shows when.
    fn pause(&mut self, t: f64, off: f64, full: f64) {
        let reached = self.last + (self.clock.ahead(self.leading) - full).max(0.0);
        let from = ((self.last + reached) / 2.0).min(t + off);
        let mut each = |knot: &Knot| self.knots.push(*knot);
        self.clock.advance(from, &mut each);
        self.clock.pause(true, &mut each);
        self.clock.advance(from - off, &mut each);
        self.clock.pause(false, &mut each);
        self.line.pauses += 1;
    }

    /// Notes that the viewer plays at another speed, where the requests with a full buffer tell.
    fn speed(&mut self, t: f64, at: usize) {
        let leading = self.leading;
        self.known |= f64::from(self.waits) >= FULL;
        let seconds = self.fit.guess.seconds[leading as usize];
        let requests = self.play.requests;
        if self.known
            && let Some(speed) = played_at(requests, &self.fit.counted, leading, at, seconds)
            && speed != self.clock.now.speed
        {
            let mut each = |knot: &Knot| self.knots.push(*knot);
            self.clock.advance(t, &mut each);
            self.clock.play_at(speed, &mut each);
        }
    }

    /// Moves the position so that the buffer is full.
    fn skip(&mut self, t: f64, off: f64) {
        let mut each = |knot: &Knot| self.knots.push(*knot);
        self.clock.advance(t, &mut each);
        self.clock.skip(off, &mut each);
    }

    /// Advances to an event, and handles it.
    fn happen(&mut self, t: f64, event: Event) {
        let mut each = |knot: &Knot| self.knots.push(*knot);
        self.clock.advance(t, &mut each);
        match event {
            Event::Seek => {
                if let Some(&place) = self.places.next() {
                    self.clock.goes_to(place);
                }
                self.sure = t;
                self.clock.flush(&mut each);
            }
            Event::Came(at) => {
                let track = self.play.requests[at].track;
                self.busy[track as usize] -= 1;
                if track == Track::Audio {
                    self.sound.sound(t, self.busy[1] > 0);
                }
                if self.fit.counted[at] && !self.sound.repeats(&self.clock, track) {
                    let from = self.clock.now.ends[track as usize];
                    self.clock.add(track, &mut each);
                    let to = self.clock.now.ends[track as usize];
                    self.line.places.push((at, from, to));
                    self.sound.arrived(&self.clock);
                }
            }
            Event::Decided(at) => {
                let track = self.play.requests[at].track;
                self.busy[track as usize] += 1;
                if self.play.requests[at].better {
                    self.clock.improve();
                }
                if track == Track::Audio {
                    if self.play.requests[at].waited && self.busy[1] == 1 {
                        self.clock.settle(self.play.divided, &mut each);
                    }
                    self.sound.sound(t, true);
                }
            }
        }
    }

    fn finish(mut self, end: f64) -> Timeline {
        let mut each = |knot: &Knot| self.knots.push(*knot);
        self.clock.advance(end, &mut each);
        self.knots.push(self.clock.now);
        self.line.knots = self.knots;
        summarise(&mut self.line);
        self.line
    }
}

/// Returns true if the player continues as with a full buffer: the next requests come as fast as it
/// plays their media. Requests in place of given-up ones do not count.
fn stays(play: &Play<'_>, counted: &[bool], at: usize, seconds: f64) -> bool {
    const LIKE: f64 = 0.25;
    let this = play.requests[at];
    let mine =
        (at + 1..play.requests.len()).filter(|&next| play.requests[next].track == this.track);
    let mut again = !counted[at];
    let mut next = mine.filter(|&next| {
        let instead = std::mem::replace(&mut again, !counted[next]);
        !instead || play.requests[next].waited
    });
    let mut last = this.decided;
    (0..2).all(|_| {
        next.next().is_some_and(|next| {
            let request = &play.requests[next];
            let gap = request.decided - std::mem::replace(&mut last, request.decided);
            request.waited && (gap / seconds - 1.0).abs() < LIKE
        })
    })
}

/// Sums up stalls, start and time played from the knots.
fn summarise(line: &mut Timeline) {
    let mut stall: Option<f64> = None;
    for pair in line.knots.windows(2) {
        let (now, next) = (pair[0], pair[1]);
        if now.state == State::Playing && now.moves {
            line.first_frame = line.first_frame.or(Some(now.t));
        }
        if now.moves {
            line.played += next.t - now.t;
        }
        if now.state == State::Stalled && next.t > now.t {
            let from = *stall.get_or_insert(now.t);
            match line.stalls.last_mut() {
                Some(before) if from - before.1 <= JOINED => before.1 = next.t,
                _ => line.stalls.push((from, next.t)),
            }
        } else if next.t > now.t {
            stall = None;
        }
    }
    line.stalls.retain(|s| s.1 - s.0 >= SHORTEST);
}

#[cfg(test)]
mod tests;
