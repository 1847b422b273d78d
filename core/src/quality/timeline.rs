//! A play from its first request to its end: what the player did at any time, as the best hypothesis has it.

use super::clock::{Clock, Event, Idle, Knot, State};
use super::cost::Play;
use super::fit::Fit;
use super::pause::{ACTED, is_pause};
use super::request::Track;

/// Stalls with less in between are one, and shorter ones are none, in seconds.
const JOINED: f64 = 1.0;
const SHORTEST: f64 = 0.25;
/// Positions that change by more at once are a seek.
const LEAP: f64 = 5.0;

/// The event.
#[derive(Clone, Debug, Default)]
pub(crate) struct Timeline {
    pub(crate) knots: Vec<Knot>,
    pub(crate) first_frame: Option<f64>,
    /// From and to.
    pub(crate) stalls: Vec<(f64, f64)>,
    pub(crate) pauses: u32,
    pub(crate) seeks: u32,
    /// Seconds in which the position moved.
    pub(crate) played: f64,
    /// By request that counts: where its media begins and ends, on the scale of positions.
    pub(crate) places: Vec<(usize, f64, f64)>,
}

impl Timeline {
    /// The knot that a time falls behind.
    pub(crate) fn at(&self, t: f64) -> Option<Knot> {
        let after = self.knots.partition_point(|knot| knot.t <= t);
        let mut knot = *self.knots.get(after.checked_sub(1)?)?;
        if knot.moves {
            knot.position += t - knot.t;
        }
        knot.t = t;
        Some(knot)
    }
}

/// Plays the best hypothesis, and corrects it where requests show that the viewer acted.
pub(crate) fn run(play: &Play<'_>, fit: &Fit, seeks: &[f64], end: f64) -> Timeline {
    let mut line = Timeline {
        seeks: u32::try_from(seeks.len()).unwrap_or(u32::MAX),
        ..Timeline::default()
    };
    let start = play.start();
    let mut clock = Clock::new(fit.guess, play.present, start);
    let mut knots = vec![clock.now];
    let leading = play.leading();
    let full = fit.full[leading as usize];
    let mut last = start;
    let mut busy = [0_i32; 2];
    let mut sound = Idle::new();
    for &(t, event) in &play.events {
        if t > end {
            break;
        }
        if let (Event::Decided(at), Some(full)) = (event, full) {
            let request = play.requests[at];
            let mut ahead = clock;
            ahead.advance(t, &mut |_| {});
            let off = ahead.ahead(leading) - full;
            let idle = request.waited && busy == [0; 2];
            let steady = idle && request.track == leading;
            let playing = ahead.now.state == State::Playing || ahead.now.state == State::Stalled;
            if idle
                && playing
                && off < -ACTED
                && t - last > -off
                && is_pause(
                    play.requests,
                    leading,
                    at,
                    off,
                    fit.guess.seconds[leading as usize],
                )
            {
                let reached = last + (clock.ahead(leading) - full).max(0.0);
                let from = ((last + reached) / 2.0).min(t + off);
                let mut each = |knot: &Knot| knots.push(*knot);
                clock.advance(from, &mut each);
                clock.pause(true, &mut each);
                clock.advance(from - off, &mut each);
                clock.pause(false, &mut each);
                line.pauses += 1;
            } else if steady
                && playing
                && off < -ACTED
                && stays(play, at, fit.guess.seconds[leading as usize])
            {
                // It was paused while the buffer filled: when, nothing tells.
                let mut each = |knot: &Knot| knots.push(*knot);
                clock.advance(t, &mut each);
                clock.skip(off, &mut each);
                line.pauses += 1;
            } else if request.track == leading && request.waited && playing && off > ACTED {
                let mut each = |knot: &Knot| knots.push(*knot);
                clock.advance(t, &mut each);
                clock.skip(off, &mut each);
                line.seeks += u32::from(off > LEAP);
            }
        }
        let mut each = |knot: &Knot| knots.push(*knot);
        clock.advance(t, &mut each);
        match event {
            Event::Seek => clock.flush(&mut each),
            Event::Came(at) => {
                let track = play.requests[at].track;
                busy[track as usize] -= 1;
                if track == Track::Audio {
                    sound.sound(t, busy[1] > 0);
                }
                if fit.counted[at] && !sound.repeats(&clock, track) {
                    let from = clock.now.ends[track as usize];
                    clock.add(track, &mut each);
                    line.places.push((at, from, clock.now.ends[track as usize]));
                    sound.arrived(&clock);
                }
            }
            Event::Decided(at) => {
                let track = play.requests[at].track;
                busy[track as usize] += 1;
                if track == Track::Audio {
                    if play.requests[at].waited && busy[1] == 1 {
                        clock.settle(&mut each);
                    }
                    sound.sound(t, true);
                }
            }
        }
        last = t;
    }
    clock.advance(end, &mut |knot| knots.push(*knot));
    knots.push(clock.now);
    line.knots = knots;
    summarise(&mut line);
    line
}

/// The player goes on as with a full buffer: the next requests come as fast as the media of each is played.
fn stays(play: &Play<'_>, at: usize, seconds: f64) -> bool {
    const LIKE: f64 = 0.25;
    let this = play.requests[at];
    let mine = play.requests[at + 1..].iter();
    let next: Vec<_> = mine.filter(|r| r.track == this.track).take(2).collect();
    let times = [this.decided]
        .into_iter()
        .chain(next.iter().map(|r| r.decided));
    let times: Vec<f64> = times.collect();
    next.len() == 2
        && next.iter().all(|r| r.waited)
        && times
            .windows(2)
            .all(|pair| ((pair[1] - pair[0]) / seconds - 1.0).abs() < LIKE)
}

/// Takes stalls, start and time played from the knots.
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
