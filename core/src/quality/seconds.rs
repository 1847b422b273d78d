//! Media seconds per segment that encoders and packagers use, and how common they are.

use super::clock::Guess;
use super::request::Track;

/// Audio bit rates in use, in kbit/s (Apple's and DASH-IF's authoring guidelines, Netflix's audio
/// ladder).
const RATES: [f64; 15] = [
    32.0, 48.0, 64.0, 80.0, 96.0, 112.0, 128.0, 160.0, 192.0, 224.0, 256.0, 320.0, 384.0, 448.0,
    640.0,
];
/// Overhead of containers and HTTP on an audio segment: some bytes, and some kbit/s.
const ADDED_BYTES: f64 = 500.0;
const ADDED_RATE: f64 = 1.5;
/// Rates among them that few services use, and their cost.
const RARE: [f64; 5] = [80.0, 112.0, 160.0, 224.0, 320.0];
const RARE_RATE: f64 = 0.5;
/// Greatest deviation of a whole track's rate from its nominal one, as a share.
const RATE_SCATTER: f64 = 0.015;
/// Cost of audio at a rate that nobody uses.
pub(crate) const ODD_RATE: f64 = 3.0;
/// Cost if neither track's segments fit into the other's a whole number of times: packagers cut
/// sound where they cut pictures.
const ODD_RATIO: f64 = 2.5;
/// Cost of a player that fetches again what it holds of a worse picture (dash.js does so:
/// `fastSwitchEnabled`).
const RENEWS: f64 = 1.0;
/// Cost of a player that stops its sound at once when the picture runs dry.
const NO_RUN_ON: f64 = 0.5;
/// Costs of segments whose seconds are multiples of 2 s, of 1 s, of a usual group of pictures, of
/// 0.2 s or another group, and of none of these: the fewer encoders use them, the higher.
const UNUSUAL: [f64; 5] = [0.0, 0.4, 1.0, 3.0, 4.5];
/// Longest segments to try, by track, and the shortest, in seconds.
const LONGEST: [f64; 2] = [13.0, 20.1];
const SHORTEST: f64 = 0.9;
/// Seconds of groups of pictures that are no tenths: 24 pictures at 25 a second, and 50 pictures at
/// 30 a second.
const GROUPS: [f64; 2] = [0.96, 5.0 / 3.0];

/// Returns the seconds to try, in order.
pub(crate) fn candidates(track: Track) -> Vec<f64> {
    let mut all = Vec::new();
    let mut steps = |step: f64| {
        let times = (LONGEST[track as usize] / step) as u32;
        let multiples = (1..=times).map(|n| f64::from(n) * step);
        all.extend(multiples.filter(|&seconds| seconds >= SHORTEST));
    };
    // 25 and 50 pictures a second allow tenths.
    [0.2, 0.5].into_iter().for_each(&mut steps);
    GROUPS.into_iter().for_each(&mut steps);
    if track == Track::Video {
        // 23.976 and 29.97 pictures a second stretch whole seconds.
        steps(1.001);
    }
    if track == Track::Audio {
        all = all.into_iter().flat_map(in_frames).collect();
    }
    all.sort_by(f64::total_cmp);
    all.dedup_by(|a, b| (*a - *b).abs() < 1e-4 * *b);
    all
}

/// Returns the whole number of AAC frames (1024 samples at 48 kHz) nearest to these seconds, in
/// seconds; both if two are equally near, because packagers round to either side.
fn in_frames(seconds: f64) -> [f64; 2] {
    const FRAME: f64 = 1024.0 / 48_000.0;
    const NEAR: f64 = 0.05;
    let frames = seconds / FRAME;
    [
        (frames - NEAR).round() * FRAME,
        (frames + NEAR).round() * FRAME,
    ]
}

fn is_multiple(seconds: f64, of: f64) -> bool {
    let times = seconds / of;
    times > 0.9 && (times - times.round()).abs() * of < 0.006 * seconds
}

/// Returns the cost of a segment's seconds: the fewer encoders use them, the higher.
fn unusual(seconds: f64) -> f64 {
    if is_multiple(seconds, 2.0) {
        UNUSUAL[0]
    } else if is_multiple(seconds, 1.0) {
        UNUSUAL[1]
    } else if [0.5, 1.6, 1.92]
        .into_iter()
        .any(|of| is_multiple(seconds, of))
    {
        UNUSUAL[2]
    } else if is_multiple(seconds, 0.2) || GROUPS.into_iter().any(|of| is_multiple(seconds, of)) {
        UNUSUAL[3]
    } else {
        UNUSUAL[4]
    }
}

/// Returns true if most encoders use such seconds: whole ones, or those of 23.976 pictures a
/// second.
pub(crate) fn is_usual(seconds: f64) -> bool {
    unusual(seconds) < 1.0
}

/// Returns the cost of the bit rate that audio segments of this size would have.
pub(crate) fn unusual_rate(bytes: f64, seconds: f64) -> f64 {
    let rate = (bytes - ADDED_BYTES).max(1.0) * 8.0 / seconds / 1000.0 - ADDED_RATE;
    let costs = RATES.iter().map(|nominal| {
        let off = (rate.max(0.1) / nominal).ln() / RATE_SCATTER;
        let rare = if RARE.contains(nominal) {
            RARE_RATE
        } else {
            0.0
        };
        off * off + rare
    });
    costs.fold(ODD_RATE, f64::min)
}

/// Returns the cost of a hypothesis before any request is considered. `audio_bytes`: the usual size
/// of an audio segment.
pub(crate) fn prior(guess: &Guess, present: [bool; 2], audio_bytes: Option<f64>) -> f64 {
    let tracks = Track::BOTH
        .into_iter()
        .filter(|&track| present[track as usize]);
    let mut cost: f64 = tracks
        .map(|track| unusual(guess.seconds[track as usize]))
        .sum();
    if present == [true; 2] {
        let [video, audio] = guess.seconds;
        let ratio = (audio / video).max(video / audio);
        if (ratio - ratio.round()).abs() > 0.02 * ratio {
            cost += ODD_RATIO;
        }
    }
    if let (Some(bytes), true) = (audio_bytes, present[1]) {
        cost += unusual_rate(bytes, guess.seconds[1]);
    }
    cost + if guess.run_on == 0.0 { NO_RUN_ON } else { 0.0 }
        + if guess.renews { RENEWS } else { 0.0 }
}

#[cfg(test)]
mod tests;
