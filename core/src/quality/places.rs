//! Where in a segment the viewer went: a player that has filled its buffer again holds as much as it held before.

use super::clock::MIDDLE;
use super::cost::Play;
use super::fit::Fit;
use super::plateaus::MOVED;
use super::request::Track;
use super::timeline::levels;

/// Waits with a full buffer that tell its level, and those that are looked at.
const TELLING: usize = 3;
const LOOKED_AT: usize = 5;
/// The least share of a segment that lies behind a place: players fetch the segment before it where manifests may be
/// inaccurate (Shaka Player's `inaccurateManifestTolerance`).
const LEAST: f64 = -1.0;
/// How often it is looked: less media at first makes the player begin later.
const LOOKS: usize = 3;

/// Returns the share of a segment that lies behind each place that the viewer went to, by track; half of one where the
/// player does not fill its buffer afterwards.
pub(crate) fn find(play: &Play<'_>, fit: &Fit, seeks: usize) -> Vec<[f64; 2]> {
    let mut places = vec![[MIDDLE; 2]; seeks];
    for _ in 0..LOOKS {
        let levels = levels(play, fit, &places);
        for (place, levels) in places.iter_mut().zip(levels) {
            for track in Track::BOTH {
                let at = track as usize;
                let seconds = fit.guess.seconds[at];
                if let (Some(full), Some(level)) = (fit.full[at], middle(&levels[at]))
                    && (full - level).abs() <= MOVED * seconds
                {
                    place[at] = (place[at] + (full - level) / seconds).clamp(LEAST, 1.0);
                }
            }
        }
    }
    places
}

/// The middle of the first levels, where there are enough.
fn middle(levels: &[f64]) -> Option<f64> {
    let mut first = levels[..levels.len().min(LOOKED_AT)].to_vec();
    first.sort_by(f64::total_cmp);
    (first.len() >= TELLING).then(|| first[first.len() / 2])
}

#[cfg(test)]
mod tests;
