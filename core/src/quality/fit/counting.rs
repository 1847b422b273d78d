//! The choice of which requests were given up, for one hypothesis.

use crate::quality::clock::Guess;
use crate::quality::cost::{Cost, cost};
use crate::quality::play::Play;
use crate::quality::request::Request;

/// Most requests to try as given up, and how likely that must be.
pub(super) const UNSURE: usize = 160;
const POSSIBLE: f64 = 0.01;
/// Most requests that can stand for another, and most others to try for each; and how likely it
/// must be that each of these was given up.
const SWAPS: usize = 12;
const LIKELY: f64 = 0.2;

/// Returns true for each request that arrived whole, judged by itself.
pub(super) fn probably(requests: &[Request]) -> Vec<bool> {
    requests
        .iter()
        .map(|request| request.dropped < 0.5)
        .collect()
}

/// Returns requests that the player may have given up.
pub(super) fn unsure<'a>(play: &'a Play<'_>) -> impl Iterator<Item = usize> + 'a {
    (0..play.requests.len())
        .filter(|&at| play.requests[at].dropped > POSSIBLE)
        .take(UNSURE)
}

/// A choice of the requests that were given up, and its cost.
pub(super) struct Counting<'a> {
    play: &'a Play<'a>,
    guess: Guess,
    pub(super) counted: Vec<bool>,
    pub(super) best: Cost,
    /// The cost of that choice by itself.
    pub(super) odds: f64,
}

impl<'a> Counting<'a> {
    pub(super) fn new(play: &'a Play<'a>, guess: Guess) -> Self {
        let counted = probably(play.requests);
        let odds = unsure(play)
            .map(|at| odds(&play.requests[at], counted[at]))
            .sum();
        let best = cost(play, guess, &counted, f64::INFINITY);
        Self {
            play,
            guess,
            counted,
            best,
            odds,
        }
    }

    pub(super) fn total(&self) -> f64 {
        self.best.total + self.odds
    }

    /// Takes these requests for the other kind, if that costs less.
    pub(super) fn try_other(&mut self, these: &[usize]) -> bool {
        let change: f64 = these
            .iter()
            .map(|&at| {
                let request = &self.play.requests[at];
                odds(request, !self.counted[at]) - odds(request, self.counted[at])
            })
            .sum();
        these.iter().for_each(|&at| self.counted[at] ^= true);
        let bound = self.total() - self.odds - change;
        let other = cost(self.play, self.guess, &self.counted, bound);
        let better = other.total + self.odds + change < self.total() - 1e-9;
        if better {
            (self.best, self.odds) = (other, self.odds + change);
        } else {
            these.iter().for_each(|&at| self.counted[at] ^= true);
        }
        better
    }

    /// Tries to exchange each request that is not taken for what it looks like with another: it may
    /// stand for that one.
    pub(super) fn swap(&mut self) {
        for at in self.unlikely() {
            let requests = &self.play.requests;
            let likely = unsure(self.play).filter(|&other| requests[other].dropped >= LIKELY);
            let others: Vec<usize> = likely.filter(|&other| other != at).take(SWAPS).collect();
            for other in others {
                if self.try_other(&[at, other]) {
                    break;
                }
            }
        }
    }

    /// Returns the requests that are not taken for what they look like.
    pub(super) fn unlikely(&self) -> Vec<usize> {
        let looks = |at: &usize| (self.play.requests[*at].dropped < 0.5) == self.counted[*at];
        unsure(self.play)
            .filter(|at| !looks(at))
            .take(SWAPS)
            .collect()
    }
}

/// Returns the cost of taking a request for whole, or for given up.
pub(super) fn odds(request: &Request, whole: bool) -> f64 {
    if whole {
        -(1.0 - request.dropped).ln()
    } else {
        -request.dropped.ln()
    }
}
