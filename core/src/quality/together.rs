//! Plays of one title by one viewer, who opened it again: its segments have the same seconds in all of
//! them.

use std::collections::HashSet;
use std::ops::Range;

use super::clock::Guess;
use super::fit::{CLEAR, Fit, OTHER_SECONDS, improve};
use super::play::Play;
use super::request::{Request, Rules, Track};
use super::seconds::prior;

/// Number of pictures in a row whose sizes are exactly the same in two plays of one title.
const SAME: usize = 2;
/// Most plays that are explained together.
const MOST: usize = 4;

/// A play among the requests of a client, and what explains it.
pub(crate) struct Draft {
    pub(crate) range: Range<usize>,
    pub(crate) rules: Rules,
    pub(crate) seeks: Vec<f64>,
    pub(crate) found: Option<Fit>,
}

/// Finds plays of one title, and gives them the seconds that explain all of them best.
pub(crate) fn agree(requests: &[Request], drafts: &mut [Draft]) {
    let mut known: Vec<HashSet<[u64; SAME]>> = Vec::new();
    for draft in drafts.iter() {
        known.push(pictures(&requests[draft.range.clone()]));
    }
    let mut free: Vec<usize> = (0..drafts.len()).collect();
    while let Some(&first) = free.first() {
        let same = |&at: &usize| at == first || !known[first].is_disjoint(&known[at]);
        let group: Vec<usize> = free.iter().copied().filter(same).take(MOST).collect();
        free.retain(|at| !group.contains(at));
        if group.len() > 1 {
            explain(requests, drafts, &group);
        }
    }
}

/// Returns the sizes of successive pictures that came alone.
fn pictures(requests: &[Request]) -> HashSet<[u64; SAME]> {
    let known = |request: &&Request| request.track == Track::Video && !request.shared;
    let sizes: Vec<u64> = requests.iter().filter(known).map(|r| r.bytes).collect();
    let rows = sizes.windows(SAME).filter(|row| row[0] != row[1]);
    rows.filter_map(|row| row.try_into().ok()).collect()
}

/// Explains these plays by the same seconds.
fn explain(requests: &[Request], drafts: &mut [Draft], group: &[usize]) {
    let fits: Vec<&Fit> = group
        .iter()
        .filter_map(|&at| drafts[at].found.as_ref())
        .collect();
    let Some(first) = fits.first() else {
        return;
    };
    let seconds = first.guess.seconds;
    if fits.len() == group.len() && fits.iter().all(|fit| fit.guess.seconds == seconds) {
        return;
    }
    let mut tried: Vec<[f64; 2]> = Vec::new();
    for other in fits.iter().flat_map(|fit| &fit.others) {
        if !tried.contains(other) {
            tried.push(*other);
        }
    }
    let plays: Vec<Play<'_>> = group
        .iter()
        .map(|&at| {
            let draft = &drafts[at];
            Play::new(&requests[draft.range.clone()], &draft.seeks, draft.rules)
        })
        .collect();
    let mut all: Vec<(f64, Vec<Fit>)> = tried
        .iter()
        .map(|&seconds| try_all(&plays, seconds))
        .collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    let Some((cost, best)) = all.first().cloned() else {
        return;
    };
    let margin = Track::BOTH.map(|track| {
        let of = |fits: &[Fit]| {
            fits.first()
                .map_or(0.0, |fit| fit.guess.seconds[track as usize])
        };
        let own = of(&best);
        let other = all
            .iter()
            .find(|other| (of(&other.1) / own - 1.0).abs() > OTHER_SECONDS);
        other.map_or(CLEAR, |other| other.0 - cost)
    });
    for (&at, fit) in group.iter().zip(best) {
        drafts[at].found = Some(Fit {
            margin,
            others: Vec::new(),
            ..fit
        });
    }
}

/// Returns the cost of these seconds in all plays, which encoders use equally often in all, and what
/// then explains each.
fn try_all(plays: &[Play<'_>], seconds: [f64; 2]) -> (f64, Vec<Fit>) {
    let mut cost = 0.0;
    let mut fits = Vec::with_capacity(plays.len());
    for play in plays {
        let guess = Guess {
            seconds,
            run_on: play.rules.run_on,
            renews: false,
        };
        let fit = improve(play, guess);
        let usual = prior(&guess, play.present, play.audio_bytes);
        cost += fit.cost - if fits.is_empty() { 0.0 } else { usual };
        fits.push(fit);
    }
    (cost, fits)
}

#[cfg(test)]
mod tests;
