//! A close look at one hypothesis: which requests were given up, and what kind of player it was.

use super::counting::{Counting, unsure};
use crate::quality::clock::Guess;
use crate::quality::cost::cost;
use crate::quality::play::Play;

/// Cost above that of a player that renews nothing from which one that renews is not examined
/// closely.
pub(super) const FAR: f64 = 10.0;

/// The result of the search.
#[derive(Clone, Debug)]
pub(crate) struct Fit {
    pub(crate) guess: Guess,
    /// True for each request that arrived whole.
    pub(crate) counted: Vec<bool>,
    /// Level of a full buffer, by track.
    pub(crate) full: [Option<f64>; 2],
    pub(crate) cost: f64,
    /// The part of the cost that distinguishes players rather than seconds.
    pub(crate) late: f64,
    /// By track: the additional cost of the best hypothesis with other seconds.
    pub(crate) margin: [f64; 2],
    /// The seconds of the best hypotheses, the best first.
    pub(crate) others: Vec<[f64; 2]>,
}

impl Fit {
    /// Returns by how much it fits better than another one with other seconds. Sound that follows
    /// the picture only with these seconds is evidence for them; sound that follows a clock of its
    /// own is no evidence.
    pub(super) fn lead_over(&self, other: &Self) -> f64 {
        other.cost - self.cost + (other.late - self.late).max(0.0)
    }
}

/// Tries which requests were given up, with a player whose sound continues alone and with one whose
/// sound does not, and with one that renews the picture that it holds when it changes to a better
/// one.
pub(crate) fn improve(play: &Play<'_>, guess: Guess) -> Fit {
    let better = |one: Fit, other: Fit| if other.cost < one.cost { other } else { one };
    let [one, other] =
        [play.rules.run_on, 0.0].map(|run_on| improve_counted(play, Guess { run_on, ..guess }));
    let best = better(one, other);
    if !play.requests.iter().any(|request| request.better) {
        return best;
    }
    let renews = Guess {
        renews: true,
        ..best.guess
    };
    let rough = cost(play, renews, &best.counted, best.cost + FAR).total;
    if is_far(rough, &best) {
        return best;
    }
    let renews = improve_counted(play, renews);
    // Sound is evidence for the kind of player too, but not for seconds.
    if renews.cost + renews.late < best.cost + best.late {
        renews
    } else {
        best
    }
}

/// Returns true if a hypothesis is so much worse than the best that it does not matter which
/// requests were given up.
pub(super) fn is_far(cost: f64, best: &Fit) -> bool {
    cost > best.cost + FAR
}

/// Tries which requests were given up.
fn improve_counted(play: &Play<'_>, guess: Guess) -> Fit {
    let mut counting = Counting::new(play, guess);
    for _ in 0..2 {
        let mut any = false;
        for at in unsure(play) {
            any |= counting.try_other(&[at]);
        }
        if !any {
            break;
        }
    }
    counting.swap();
    let total = counting.total();
    Fit {
        guess,
        full: counting.best.full,
        late: counting.best.late,
        counted: counting.counted,
        cost: total,
        margin: [0.0; 2],
        others: Vec::new(),
    }
}
