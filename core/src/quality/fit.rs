//! The search for the hypothesis that explains a play best.

mod beyond;
mod closely;
mod counting;

use self::beyond::DISTINCT;
pub(crate) use self::closely::{Fit, improve};
use self::counting::{UNSURE, probably, unsure};
use super::clock::Guess;
use super::cost::cost;
use super::interpret::interpret;
use super::play::Play;
use super::request::{
    Header, Request, Rules, Track, correct_tracks, is_interleaved, median_bytes, one_at_a_time,
    take_turns,
};
use super::seconds::{ODD_RATE, candidates, is_usual, unusual_rate};

/// Hypotheses to examine closely, and the number if many requests are unsure.
const CLOSELY: usize = 24;
const CLOSELY_UNSURE: usize = 8;
/// Most of them with about the same seconds of video.
const ALIKE: usize = 5;
/// Most common lengths of video to examine closely.
const LENGTHS: usize = 12;
/// Hypotheses that a quick look improves.
const GLANCES: usize = 3;
/// Rounds of the search. Each uses the requests that the best hypothesis of the last one counts as
/// given up.
const LOOKS: usize = 2;
/// Shortest time between two seeks, in seconds.
pub(crate) const BEHIND_SEEK: f64 = 1.0;
/// Cost above the best from which a hypothesis is not pursued.
const HOPELESS: f64 = 40.0;
/// Cost above that of the best ratio from which another one is not examined closely. A close look
/// improved a play of 248 requests by up to 77.
const UNPROMISING: f64 = 150.0;
/// Seconds that differ by more than this share count as different.
pub(crate) const OTHER_SECONDS: f64 = 0.015;
/// Margin if there is no other hypothesis.
pub(crate) const CLEAR: f64 = 6.0;
/// Fewest segments of the leading track from which anything is inferred.
const ENOUGH: usize = 3;
/// Hypotheses with which to try a change of track.
const RIVALS: usize = 3;
/// Best hypotheses whose seconds are kept.
const OTHERS: usize = 12;
/// Most requests whose track is tried, and most that are moved to the other one.
const DOUBTFUL: usize = 12;
const CHANGED: usize = 4;
/// Cost by which another track must fit better.
const OTHER_TRACK: f64 = 3.0;
/// A picture that differs from the usual size of sound by less than this share could be sound.
/// Sound that differs this many times as much as usual could be a picture.
const LIKE_SOUND: f64 = 0.12;
const UNLIKE_SOUND: f64 = 5.0;

/// Largest deviation of both tracks' seconds from a ratio, as a share.
const SAME_RATIO: f64 = 0.03;
/// Ratios to try if responses overlap: segments of video per segment of audio.
const RATIOS: [f64; 13] = [
    1.0, 2.0, 4.0, 3.0, 0.5, 1.5, 8.0, 5.0, 6.0, 2.5, 3.75, 0.75, 1.25,
];

/// Finds the best hypothesis, and corrects requests that sizes put on the wrong track. `None` if
/// there is too little evidence.
pub(crate) fn find(
    requests: &mut [Request],
    headers: &[Header],
    seeks: &[f64],
    rules: Rules,
) -> Option<Fit> {
    if rules.one_track {
        return find_by_size(requests, headers, seeks, rules);
    }
    if !is_interleaved(requests) {
        correct_tracks(requests);
        return find_alone(requests, headers, seeks, rules);
    }
    let mut by_size = requests.to_vec();
    correct_tracks(&mut by_size);
    let fit_by_size = find_by_size(&mut by_size, headers, seeks, rules);
    // One track alone has less to explain, so its cost cannot be compared.
    let two = Track::BOTH
        .iter()
        .all(|&track| by_size.iter().any(|r| r.track == track));
    let mut best = fit_by_size.filter(|_| two).map(|fit| (fit, by_size));
    let mut one = requests.to_vec();
    correct_tracks(&mut one);
    if one_at_a_time(&mut one)
        && let Some(fit) = find_by_size(&mut one, headers, seeks, rules)
        && best.as_ref().is_none_or(|best| fit.cost < best.0.cost)
    {
        best = Some((fit, one));
    }
    for ratio in RATIOS {
        let mut turns = requests.to_vec();
        if !take_turns(&mut turns, ratio) {
            break;
        }
        interpret(&mut turns, headers, seeks, &rules);
        let play = Play::new(&turns, seeks, rules);
        let limit = best
            .as_ref()
            .map_or(f64::INFINITY, |best| best.0.cost + UNPROMISING);
        let Some((fit, _)) = fit(&play, Some(ratio), limit) else {
            continue;
        };
        if best.as_ref().is_none_or(|best| fit.cost < best.0.cost) {
            best = Some((fit, turns));
        }
    }
    let Some((fit, turns)) = best else {
        correct_tracks(requests);
        return find_by_size(requests, headers, seeks, rules);
    };
    requests.copy_from_slice(&turns);
    Some(fit)
}

/// Returns the cost of the best hypothesis at a quick look, with seconds that most encoders use, and
/// with these.
pub(crate) fn glance(
    requests: &mut [Request],
    headers: &[Header],
    seeks: &[f64],
    rules: Rules,
    known: Option<[f64; 2]>,
) -> f64 {
    correct_tracks(requests);
    interpret(requests, headers, seeks, &rules);
    let play = Play::new(requests, seeks, rules);
    let [videos, audios] = Track::BOTH.map(|track| {
        let all = candidates(track).into_iter();
        let known = known.map(|known| known[track as usize]);
        let known = known.filter(|&seconds| !is_usual(seconds));
        let usual = all.filter(|&seconds| is_usual(seconds));
        usual.chain(known).collect::<Vec<_>>()
    });
    let mut counted = probably(requests);
    let mut best = f64::INFINITY;
    for _ in 0..LOOKS {
        let tried = try_these(&play, &counted, videos.clone(), audios.clone(), None);
        for guess in different(&tried, GLANCES, ALIKE) {
            let fit = improve(&play, guess);
            if fit.cost < best {
                (best, counted) = (fit.cost, fit.counted);
            }
        }
    }
    best
}

/// Finds the best hypothesis if responses come alone. Sound that stops while pictures continue is
/// not sound: these are pictures with sound in them, and some are of equal size by chance.
fn find_alone(
    requests: &mut [Request],
    headers: &[Header],
    seeks: &[f64],
    rules: Rules,
) -> Option<Fit> {
    if !sound_stops(requests) {
        return find_by_size(requests, headers, seeks, rules);
    }
    let mut one = requests.to_vec();
    one.iter_mut().for_each(|r| r.track = Track::Video);
    let alone = find_by_size(&mut one, headers, seeks, rules);
    let both = find_by_size(requests, headers, seeks, rules);
    match (alone, both) {
        (Some(alone), Some(both)) if both.cost < alone.cost => Some(both),
        (Some(alone), _) => {
            requests.copy_from_slice(&one);
            Some(alone)
        }
        (None, both) => both,
    }
}

/// Returns true if more than half of the requests come after the last one for sound.
fn sound_stops(requests: &[Request]) -> bool {
    let last = requests.iter().rposition(|r| r.track == Track::Audio);
    last.is_some_and(|last| requests.len() - last > requests.len() / 2)
}

/// Finds the best hypothesis if sizes show the tracks.
fn find_by_size(
    requests: &mut [Request],
    headers: &[Header],
    seeks: &[f64],
    rules: Rules,
) -> Option<Fit> {
    interpret(requests, headers, seeks, &rules);
    let (mut best, mut rivals) = fit(&Play::new(requests, seeks, rules), None, f64::INFINITY)?;
    for _ in 0..CHANGED {
        let mut change: Option<(usize, f64)> = None;
        for at in doubtful(requests) {
            let mut other = requests.to_vec();
            other[at].track = other[at].track.other();
            interpret(&mut other, headers, seeks, &rules);
            let play = Play::new(&other, seeks, rules);
            let costs = rivals.iter().map(|&guess| improve(&play, guess).cost);
            let cost = costs.fold(f64::INFINITY, f64::min) + OTHER_TRACK;
            if cost < change.map_or(best.cost, |change| change.1) {
                change = Some((at, cost));
            }
        }
        let Some((at, _)) = change else {
            break;
        };
        requests[at].track = requests[at].track.other();
        interpret(requests, headers, seeks, &rules);
        (best, rivals) = fit(&Play::new(requests, seeks, rules), None, f64::INFINITY)?;
    }
    Some(best)
}

/// Returns requests that could be of the other track: pictures as large as sound, and sound of
/// unusual size.
fn doubtful(requests: &[Request]) -> Vec<usize> {
    let Some(usual) = median_bytes(requests, Track::Audio) else {
        return Vec::new();
    };
    let off = |request: &Request| (request.bytes as f64 / usual - 1.0).abs();
    let sound = requests
        .iter()
        .filter(|request| request.track == Track::Audio);
    let mut spreads: Vec<f64> = sound.map(off).collect();
    let middle = spreads.len() / 2;
    let spread = spreads
        .select_nth_unstable_by(middle, f64::total_cmp)
        .1
        .max(2e-4);
    let mut found: Vec<(f64, usize)> = Vec::new();
    for (at, request) in requests.iter().enumerate() {
        let off = off(request);
        match request.track {
            Track::Audio if off > UNLIKE_SOUND * spread => {
                found.push((off / spread / UNLIKE_SOUND, at))
            }
            Track::Video if off < LIKE_SOUND => found.push((LIKE_SOUND / off.max(1e-4), at)),
            _ => {}
        }
    }
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    found.truncate(DOUBTFUL);
    found.into_iter().map(|found| found.1).collect()
}

/// Finds the best hypothesis, and the best few with seconds of their own. `limit`: the cost at a
/// rough look from which nothing is examined closely.
fn fit(play: &Play<'_>, ratio: Option<f64>, limit: f64) -> Option<(Fit, Vec<Guess>)> {
    let leading = play.leading();
    let enough = play
        .requests
        .iter()
        .filter(|request| request.track == leading)
        .count()
        >= ENOUGH;
    if !enough {
        return None;
    }
    let tried = try_all(play, &probably(play.requests), ratio);
    if tried.first().is_none_or(|best| best.0 > limit) {
        return None;
    }
    // A close look tries each unsure request, so with many of them only few hypotheses get one.
    let closely = if unsure(play).count() > UNSURE / 4 {
        CLOSELY_UNSURE
    } else {
        CLOSELY
    };
    let mut fits: Vec<Fit> = Vec::new();
    look_closely(play, &tried, closely, &mut fits);
    beyond::look(play, &mut fits);
    let mut best = fits.first()?.clone();
    // Others may fit better with the requests that this one counts as given up.
    let again = try_all(play, &best.counted, ratio);
    look_closely(play, &again, closely / 2, &mut fits);
    best = fits.first()?.clone();
    for track in Track::BOTH {
        let own = best.guess.seconds[track as usize];
        let is_other =
            |guess: &Guess| (guess.seconds[track as usize] / own - 1.0).abs() > OTHER_SECONDS;
        let close = fits
            .iter()
            .find(|fit| is_other(&fit.guess))
            .map(|fit| best.lead_over(fit));
        let rough = tried
            .iter()
            .find(|tried| is_other(&tried.1))
            .map(|other| other.0 - tried[0].0);
        best.margin[track as usize] = close.or(rough).map_or(CLEAR, |margin| margin.min(1e3));
    }
    best.others = distinct(&fits);
    let mut rivals: Vec<Guess> = Vec::new();
    for fit in &fits {
        let differs = |other: &Guess| {
            let off = |track: usize| (other.seconds[track] / fit.guess.seconds[track] - 1.0).abs();
            off(0).max(off(1)) > OTHER_SECONDS
        };
        if rivals.len() < RIVALS && rivals.iter().all(differs) {
            rivals.push(fit.guess);
        }
    }
    Some((best, rivals))
}

/// Returns the seconds of the best hypotheses, the best first, without those that are almost the
/// same.
fn distinct(fits: &[Fit]) -> Vec<[f64; 2]> {
    let mut all: Vec<[f64; 2]> = Vec::new();
    for [video, audio] in fits.iter().map(|fit| fit.guess.seconds) {
        let is_known = |other: &[f64; 2]| {
            (other[0] / video - 1.0).abs() < DISTINCT && (other[1] / audio - 1.0).abs() < DISTINCT
        };
        if all.len() < OTHERS && !all.iter().any(is_known) {
            all.push([video, audio]);
        }
    }
    all
}

/// Examines the best of the hypotheses closely, always including seconds that most encoders use,
/// and sorts the results.
fn look_closely(play: &Play<'_>, tried: &[(f64, Guess)], most: usize, fits: &mut Vec<Fit>) {
    let usual = |tried: &&(f64, Guess)| {
        let used = Track::BOTH
            .into_iter()
            .filter(|&track| play.present[track as usize]);
        used.map(|track| tried.1.seconds[track as usize])
            .all(is_usual)
    };
    let usual: Vec<(f64, Guess)> = tried.iter().filter(usual).copied().collect();
    let chosen = different(tried, most, ALIKE)
        .into_iter()
        .chain(different(&usual, most / 2, ALIKE))
        .chain(different(&usual, LENGTHS, 1));
    for guess in chosen {
        let known = |fit: &Fit| fit.guess.seconds == guess.seconds;
        if !fits.iter().any(known) {
            fits.push(improve(play, guess));
        }
    }
    fits.sort_by(|a, b| a.cost.total_cmp(&b.cost));
}

/// Returns the best hypotheses, but only a few with about the same seconds of video, so that others
/// are examined too.
fn different(tried: &[(f64, Guess)], most: usize, alike: usize) -> Vec<Guess> {
    let mut chosen: Vec<Guess> = Vec::with_capacity(most);
    for &(_, guess) in tried {
        let about =
            |other: &&Guess| (other.seconds[0] / guess.seconds[0] - 1.0).abs() <= OTHER_SECONDS;
        if chosen.iter().filter(about).count() < alike {
            chosen.push(guess);
        }
        if chosen.len() == most {
            break;
        }
    }
    chosen
}

/// Returns the costs of all hypotheses worth a look, best first.
fn try_all(play: &Play<'_>, counted: &[bool], ratio: Option<f64>) -> Vec<(f64, Guess)> {
    let [videos, audios] = Track::BOTH.map(candidates);
    try_these(play, counted, videos, audios, ratio)
}

/// The same with these seconds.
fn try_these(
    play: &Play<'_>,
    counted: &[bool],
    mut videos: Vec<f64>,
    mut audios: Vec<f64>,
    ratio: Option<f64>,
) -> Vec<(f64, Guess)> {
    if !play.present[0] {
        videos.truncate(1);
    }
    if !play.present[1] {
        audios.truncate(1);
    }
    if let Some(bytes) = play.audio_bytes {
        // Rates that nobody uses are tried with seconds that most use, unless there is no other.
        let odd = |seconds: f64| unusual_rate(bytes, seconds) >= ODD_RATE;
        if audios.iter().any(|&seconds| !odd(seconds)) {
            audios.retain(|&seconds| !odd(seconds) || is_usual(seconds));
        }
    }
    let mut tried: Vec<(f64, Guess)> = Vec::with_capacity(videos.len() * audios.len());
    let mut best = f64::INFINITY;
    // A good one first makes the others short.
    videos.sort_by_key(|&seconds| !is_usual(seconds));
    audios.sort_by_key(|&seconds| !is_usual(seconds));
    for &video in &videos {
        for &audio in &audios {
            if ratio.is_some_and(|ratio| (audio / video / ratio - 1.0).abs() > SAME_RATIO) {
                continue;
            }
            let guess = Guess {
                seconds: [video, audio],
                run_on: play.rules.run_on,
                renews: false,
            };
            let cost = cost(play, guess, counted, best + HOPELESS).total;
            best = best.min(cost);
            tried.push((cost, guess));
        }
    }
    tried.sort_by(|a, b| a.0.total_cmp(&b.0));
    tried
}

#[cfg(test)]
mod tests;
