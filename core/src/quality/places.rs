//! Finds where within a segment the viewer went with each seek: a player that has refilled its
//! buffer holds as much as before.

use super::clock::MIDDLE;
use super::fit::Fit;
use super::plateaus::MOVED;
use super::play::Play;
use super::request::Track;
use super::timeline::levels;

/// Fewest waits with a full buffer that show its level, and the number to examine.
const TELLING: usize = 3;
const LOOKED_AT: usize = 5;
/// Least share of a segment behind a place. Players fetch one segment more before it if manifests
/// may be inaccurate (Shaka Player's `inaccurateManifestTolerance`).
const LEAST: f64 = MIDDLE - MOVED;
/// Rounds: with less media at first, the player begins later.
const LOOKS: usize = 3;

/// Returns the share of a segment behind each place that the viewer went to, by track; one half if
/// the player does not refill its buffer afterwards.
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

/// Returns the median of the first levels, if there are enough.
fn middle(levels: &[f64]) -> Option<f64> {
    let mut first = levels[..levels.len().min(LOOKED_AT)].to_vec();
    first.sort_by(f64::total_cmp);
    (first.len() >= TELLING).then(|| first[first.len() / 2])
}

#[cfg(test)]
mod tests;
