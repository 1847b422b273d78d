//! How steady the levels of the buffer are at requests after a wait.

use crate::quality::clock::Guess;
use crate::quality::pause::Level;
use crate::quality::plateaus::Plateaus;
use crate::quality::request::Track;

/// Scatter of levels at requests after a wait, in seconds: players have timers of half a second.
pub(super) const SCATTER: f64 = 0.35;
/// The cost of a request for sound that follows the picture's instead of its own level.
const BESIDE: f64 = 0.05;
/// Sound beside the picture: seconds by which it can be nearer to the picture than one segment
/// behind, or above it.
const BEHIND_PICTURE: f64 = 0.7;
pub(super) const ABOVE_PICTURE: f64 = 0.5;
/// Cost of a player whose sound can be a segment ahead of the picture (Shaka Player does so:
/// `StreamingEngine`).
pub(super) const LEADS: f64 = 1.0;
/// The same if tracks are inferred by turns, which nothing else confirms.
pub(super) const LEADS_DIVIDED: f64 = 8.0;
/// Growth of the scatter of sound's levels with each second of the picture's segment that it
/// follows.
const SCATTER_BESIDE: f64 = 0.1;

/// Returns the cost of levels at waits that differ, and the plateaus on which they agree.
pub(super) fn steadiness(
    seen: &[Level],
    track: Track,
    guess: Guess,
    beside: bool,
    divided: bool,
) -> (f64, Plateaus) {
    let scatter = match track {
        Track::Video => SCATTER,
        Track::Audio => SCATTER + SCATTER_BESIDE * guess.seconds[0],
    };
    // If tracks are inferred by turns, neither level is exact.
    let own = if divided { scatter } else { SCATTER };
    let mut plateaus = Plateaus::new(!beside);
    // Players fetch sound up to the picture's end, or up to a segment beyond.
    let leads = [0.0, guess.seconds[0].max(guess.seconds[1])];
    let mut totals = [0.0, if divided { LEADS_DIVIDED } else { LEADS }];
    for level in seen.iter().filter(|level| level.waited) {
        let cost = plateaus.see(level.own, level.seeks, scatter);
        let follows = track == Track::Audio && beside && plateaus.begun;
        for (total, lead) in totals.iter_mut().zip(leads) {
            let beside = BESIDE + beside_picture(level, guess, lead, [own, scatter]);
            *total += if follows { cost.min(beside) } else { cost };
        }
        plateaus.begun = true;
    }
    plateaus.leave();
    (totals[0].min(totals[1]), plateaus)
}

/// Returns the cost of a level of sound with a player that fetches sound when it is behind the
/// picture, up to `lead` seconds beyond it, or when less than a segment is left. `scatters`: of its
/// own level, and beside the picture's.
pub(super) fn beside_picture(level: &Level, guess: Guess, lead: f64, scatters: [f64; 2]) -> f64 {
    let [picture, sound] = guess.seconds;
    let [own, beside] = scatters;
    let limit = |of_picture: f64| {
        if sound > of_picture {
            (sound, own)
        } else {
            (of_picture, beside)
        }
    };
    let (least, below) = limit(level.other - picture);
    let (most, above) = limit(level.other + lead);
    let off = ((least - BEHIND_PICTURE - level.own) / below)
        .max((level.own - most - ABOVE_PICTURE) / above)
        .max(0.0);
    0.5 * off * off
}
