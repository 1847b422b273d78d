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
/// 0.2 s or another group, and of none of these: the fewer encoders use them, the higher. In 31 plays
/// of seconds that encoders use, any other ones explain the requests better by at most 3; in a
/// simulation of a player whose sound follows a clock of its own, by 9.
const UNUSUAL: [f64; 5] = [0.0, 0.4, 1.0, 3.0, 13.0];
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

/// Share by which 23.976 and 29.97 pictures a second stretch seconds, and a little.
const STRETCHED: f64 = 0.0012;
/// Step between seconds that no encoder is known to use, as a share of them: half of it is a drift of
/// 0.3 s in two minutes, which is less than a player's timers scatter.
const STEP: f64 = 0.005;
/// Segments of one track per segment of the other, if packagers cut both at the same places.
const TIMES: [f64; 6] = [1.0, 2.0, 3.0, 4.0, 6.0, 8.0];

/// Returns seconds of pictures that no encoder is known to use, each with seconds of sound that was
/// cut at the same places, or to usual seconds of its own. `ratio`: the range of seconds of sound
/// per second of a picture's segment.
pub(crate) fn beyond(ratio: (f64, f64)) -> Vec<[f64; 2]> {
    let own = candidates(Track::Audio).into_iter();
    let own: Vec<f64> = own.filter(|&seconds| is_common(seconds)).collect();
    let within = |audio: f64, video: f64| (ratio.0..=ratio.1).contains(&(audio / video));
    let mut all = Vec::new();
    for video in any(Track::Video) {
        let cut = TIMES
            .into_iter()
            .flat_map(|times| [video * times, video / times]);
        let mut audios: Vec<f64> = cut
            .map(|seconds| in_frames(seconds)[0])
            .chain(own.iter().copied())
            .filter(|&audio| within(audio, video))
            .collect();
        audios.sort_by(f64::total_cmp);
        audios.dedup();
        all.extend(audios.into_iter().map(|audio| [video, audio]));
    }
    all
}

/// Returns seconds that no encoder is known to use, in order.
pub(crate) fn any(track: Track) -> impl Iterator<Item = f64> {
    let longest = LONGEST[track as usize];
    let steps = ((longest / SHORTEST).ln() / STEP.ln_1p()) as i32;
    let all = (0..=steps).map(|n| SHORTEST * (1.0 + STEP).powi(n));
    all.filter(|&seconds| !is_common(seconds))
}

fn is_common(seconds: f64) -> bool {
    unusual(seconds) < UNUSUAL[3]
}

/// Seconds of an AAC frame: 1024 samples at 48 kHz.
const FRAME: f64 = 1024.0 / 48_000.0;
/// Frames by which two numbers of them can differ from the middle and still be equally near.
const NEAR: f64 = 0.05;

/// Returns the whole number of AAC frames nearest to these seconds, in
/// seconds; both if two are equally near, because packagers round to either side.
fn in_frames(seconds: f64) -> [f64; 2] {
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

/// Returns true if seconds are a multiple of these, to whole frames of sound.
fn is_about(seconds: f64, of: f64) -> bool {
    let nominal = (seconds / of).round() * of;
    (seconds - nominal).abs() <= (FRAME * (0.5 + NEAR)).max(STRETCHED * seconds)
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
    } else if [0.2]
        .into_iter()
        .chain(GROUPS)
        .any(|of| is_about(seconds, of))
    {
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

/// Returns true if sound was cut at the same places as pictures, to whole frames.
fn are_cut_alike(video: f64, audio: f64) -> bool {
    let times = (audio / video).max(video / audio).round();
    let nominal = if audio < video {
        video / times
    } else {
        video * times
    };
    (audio - nominal).abs() <= FRAME * (0.5 + NEAR)
}

/// Returns the cost of a hypothesis before any request is considered. `audio_bytes`: the usual size
/// of an audio segment.
pub(crate) fn prior(guess: &Guess, present: [bool; 2], audio_bytes: Option<f64>) -> f64 {
    let own = Track::BOTH.map(|track| {
        let seconds = guess.seconds[track as usize];
        if present[track as usize] {
            unusual(seconds)
        } else {
            0.0
        }
    });
    let mut cost = own[0] + own[1];
    // What both were cut to costs once.
    if present == [true; 2] {
        let [video, audio] = guess.seconds;
        let ratio = (audio / video).max(video / audio);
        if (ratio - ratio.round()).abs() > 0.02 * ratio {
            cost += ODD_RATIO;
        } else if own.contains(&UNUSUAL[4]) && are_cut_alike(video, audio) {
            cost = own[0].max(own[1]);
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
