//! Hypotheses with seconds that no encoder is known to use.

use super::closely::{FAR, Fit, improve};
use crate::quality::clock::Guess;
use crate::quality::cost::cost;
use crate::quality::play::Play;
use crate::quality::request::Track;
use crate::quality::seconds::{any, beyond, prior};

/// Seconds that differ by less than this share explain a play alike.
pub(super) const DISTINCT: f64 = 0.004;
/// Hypotheses to examine closely.
const CLOSELY: usize = 8;
/// Segments of each track by which the tracks of a play can end apart.
const APART: f64 = 2.0;
/// Most that may be left per request for such seconds to count: if the viewer did what is not
/// recognised, some seconds fit by chance. In 31 plays, the right ones leave 0.02 to 0.64, and less
/// than 0.2 where there are more than a hundred requests.
const UNEXPLAINED: f64 = 0.3;
/// Steps by which seconds are improved, as shares.
const STEPS: [f64; 4] = [0.002, -0.002, 0.001, -0.001];

/// Examines the best hypotheses with seconds that no encoder is known to use closely, and sorts the
/// results. If tracks are inferred by turns, so many hypotheses would explain anything.
pub(super) fn look(play: &Play<'_>, fits: &mut Vec<Fit>) {
    let Some(best) = fits.first().filter(|_| !play.divided).cloned() else {
        return;
    };
    let mut tried: Vec<(f64, Guess)> = Vec::new();
    let mut bound = best.cost + FAR;
    for seconds in pairs(play, &best.counted) {
        let guess = Guess {
            seconds,
            renews: false,
            ..best.guess
        };
        let cost = cost(play, guess, &best.counted, bound).total;
        bound = bound.min(cost + FAR);
        if cost.is_finite() {
            tried.push((cost, guess));
        }
    }
    tried.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut chosen: Vec<Guess> = Vec::new();
    for (_, guess) in tried {
        let near = |other: &Guess| is_near(other, &guess);
        if chosen.len() < CLOSELY && !chosen.iter().any(near) {
            chosen.push(guess);
        }
    }
    for guess in chosen {
        let fit = improve(play, refined(play, guess, &best.counted));
        if explains(play, &fit) {
            fits.push(fit);
        }
    }
    fits.sort_by(|a, b| a.cost.total_cmp(&b.cost));
}

/// Returns true if little is left that a hypothesis does not explain.
fn explains(play: &Play<'_>, fit: &Fit) -> bool {
    let own = fit.cost - prior(&fit.guess, play.present, play.audio_bytes);
    own <= UNEXPLAINED * play.requests.len() as f64
}

fn is_near(one: &Guess, other: &Guess) -> bool {
    let off = |track: usize| (one.seconds[track] / other.seconds[track] - 1.0).abs();
    off(0).max(off(1)) < 2.0 * DISTINCT
}

/// Returns the seconds to try.
fn pairs(play: &Play<'_>, counted: &[bool]) -> Vec<[f64; 2]> {
    match play.present {
        [true, true] => {
            let count = |track: Track| {
                let whole = play.requests.iter().zip(counted);
                let whole = whole.filter(|&(request, counted)| request.track == track && *counted);
                whole.count().max(1) as f64
            };
            let [videos, audios] = Track::BOTH.map(count);
            let (middle, share) = (videos / audios, APART / videos + APART / audios);
            beyond((middle / (1.0 + share), middle * (1.0 + share)))
        }
        [true, false] => any(Track::Video).map(|seconds| [seconds; 2]).collect(),
        _ => any(Track::Audio).map(|seconds| [seconds; 2]).collect(),
    }
}

/// Improves seconds of pictures, and with them those of sound cut at the same places.
fn refined(play: &Play<'_>, guess: Guess, counted: &[bool]) -> Guess {
    let mut best = (cost(play, guess, counted, f64::INFINITY).total, guess);
    for step in STEPS {
        let [video, audio] = best.1.seconds;
        for seconds in [
            [video * (1.0 + step), audio],
            [video, audio].map(|s| s * (1.0 + step)),
        ] {
            let other = Guess { seconds, ..guess };
            let cost = cost(play, other, counted, best.0).total;
            if cost < best.0 {
                best = (cost, other);
            }
        }
    }
    best.1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quality::fit::counting::probably;
    use crate::quality::request::Request;
    use crate::quality::tests::{RULES, request};

    /// A full buffer, a picture every 3.123 s, and as many sounds as these with it.
    fn steady(pictures: u32, sounds: u32) -> Vec<Request> {
        let every = |n: u32| if n < 5 { 0.0 } else { 3.123 * f64::from(n - 4) };
        let picture = |n: u32| Request {
            waited: n >= 5,
            ..request(n, every(n))
        };
        let sound = |n: u32| Request {
            track: Track::Audio,
            bytes: 40_000,
            ..request(100 + n, every(n) + 0.06)
        };
        (0..pictures)
            .map(picture)
            .chain((0..sounds).map(sound))
            .collect()
    }

    fn tried(pictures: u32, sounds: u32) -> Vec<f64> {
        let requests = steady(pictures, sounds);
        let play = Play::new(&requests, &[], RULES);
        let pairs = pairs(&play, &probably(&requests));
        pairs.iter().map(|pair| pair[1] / pair[0]).collect()
    }

    #[test]
    fn tracks_end_at_most_two_segments_apart() {
        let range = |all: Vec<f64>| {
            let least = all.iter().copied().fold(f64::INFINITY, f64::min);
            (least, all.into_iter().fold(0.0, f64::max))
        };
        // Forty pictures and twenty sounds: two of either are 15 % together.
        let (least, most) = range(tried(40, 20));
        assert!((2.0 / 1.15..2.0 / 1.14).contains(&least), "{least}");
        assert!((2.0 * 1.14..2.0 * 1.15).contains(&most), "{most}");
    }

    #[test]
    fn seconds_are_improved_until_nothing_drifts() {
        let requests = steady(60, 0);
        let play = Play::new(&requests, &[], RULES);
        let counted = probably(&requests);
        let guess = |seconds: f64| Guess {
            seconds: [seconds; 2],
            run_on: 3.0,
            renews: false,
        };
        for (from, off) in [(3.123 * 1.0029, 1e-3), (3.123 * 0.9971, 1e-3)] {
            let found = refined(&play, guess(from), &counted).seconds[0];
            assert!((found / 3.123 - 1.0).abs() < off, "{from}: {found}");
        }
        assert!(is_near(&guess(4.0), &guess(4.031)) && !is_near(&guess(4.0), &guess(4.033)));
    }

    #[test]
    fn both_sides_of_what_may_be_left_unexplained() {
        let requests = steady(60, 0);
        let play = Play::new(&requests, &[], RULES);
        let guess = Guess {
            seconds: [3.123; 2],
            run_on: 3.0,
            renews: false,
        };
        let usual = prior(&guess, play.present, play.audio_bytes);
        let explains = |left: f64| {
            let cost = usual + left * 60.0;
            explains(
                &play,
                &Fit {
                    cost,
                    ..improve(&play, guess)
                },
            )
        };
        assert!(explains(UNEXPLAINED - 0.001) && !explains(UNEXPLAINED + 0.001));
    }

    #[test]
    fn nothing_is_tried_if_tracks_are_inferred() {
        let found = |shared: bool| {
            let mut requests = steady(60, 0);
            requests
                .iter_mut()
                .for_each(|request| request.shared = shared);
            let play = Play::new(&requests, &[], RULES);
            let guess = Guess {
                seconds: [3.0; 2],
                run_on: 3.0,
                renews: false,
            };
            let mut fits = vec![improve(&play, guess)];
            look(&play, &mut fits);
            fits.len()
        };
        assert_eq!(found(true), 1);
        assert!(found(false) > 1);
    }
}
