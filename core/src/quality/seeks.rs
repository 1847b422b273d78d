//! Seeks of players that do not ask for the headers of both tracks again.

use std::collections::HashMap;

use super::fit::{self, Fit};
use super::interpret::interpret;
use super::request::{Header, Request, Rules, Track};

/// Most places to try.
const TRIED: usize = 8;
/// Amount by which a play must cost less with such a place.
const GONE: f64 = 6.0;
/// The same for a place that only requests show, and no header. In 45 recordings of players that
/// went nowhere so, six such places would explain 6.1 to 9.2 more.
const FOUND: f64 = 10.0;
/// Time within which a player requests both tracks, in seconds: it opens a connection for one of
/// them.
const ONE_GO: f64 = 1.0;
/// Longest time from a seek to the request, in seconds: what was requested before is of no more
/// use.
const AT_ONCE: f64 = 0.06;
/// Number of pictures in a row whose sizes must recur exactly to be the same pictures.
const AGAIN: usize = 2;
/// Number of pictures that a player requests at once when it starts over.
const ANEW: usize = 2;

/// Finds the best hypothesis, and the times of seeks. Headers of both tracks show those in `sure`,
/// unless the play is explained far better without. A player of one track that requests the header
/// of its current quality may have seeked, or returned to that quality. A player of two tracks that
/// has the headers gives up what is in flight, and requests both tracks at once. The requests after
/// such a place decide.
pub(crate) fn find(
    requests: &mut [Request],
    headers: &[Header],
    sure: &[f64],
    rules: Rules,
) -> (Option<Fit>, Vec<f64>) {
    let mut search = Search {
        requests,
        headers,
        rules,
        done: Vec::new(),
    };
    let sure = &search.believed(sure)[..];
    let mut seeks = sure.to_vec();
    let fetched = fetched_again(requests, headers, sure, rules);
    for again in &fetched {
        if !is_known(&seeks, again.at) {
            seeks.push(again.at);
        }
    }
    seeks.sort_by(f64::total_cmp);
    let two = requests.iter().any(|r| r.track == Track::Audio);
    let places = if two {
        anew(requests, headers, sure, rules)
    } else {
        again(requests, headers)
    };
    // With unusual seconds, each seek that is none would seem to explain something.
    let known = (!places.is_empty() || seeks.len() > sure.len())
        .then(|| search.seconds(&seeks))
        .flatten();
    let look = |seeks: &[f64]| {
        let mut copy = requests.to_vec();
        fit::glance(&mut copy, headers, seeks, rules, known)
    };
    let mut least = if places.is_empty() {
        f64::INFINITY
    } else {
        look(&seeks)
    };
    for at in places.into_iter().take(TRIED) {
        if is_known(&seeks, at) {
            continue;
        }
        let mut with = seeks.clone();
        with.push(at);
        with.sort_by(f64::total_cmp);
        let cost = look(&with);
        if is_found(cost, least) {
            (least, seeks) = (cost + FOUND, with);
        }
    }
    let found: Vec<f64> = seeks
        .iter()
        .copied()
        .filter(|&at| !is_known(sure, at) && !fetched.iter().any(|again| again.at == at))
        .collect();
    let seeks = without_needless(seeks, &found, look);
    let unknown = fetched.iter().filter(|again| !is_known(sure, again.at));
    let seeks = without_explained(seeks, unknown, look);
    let (fit, found) = search.fit(&seeks);
    requests.copy_from_slice(&found);
    (fit, seeks)
}

/// Searches for the best hypothesis with given seeks, each only once: a search takes long where
/// responses overlap.
struct Search<'a> {
    requests: &'a [Request],
    headers: &'a [Header],
    rules: Rules,
    done: Vec<(Vec<f64>, Option<Fit>, Vec<Request>)>,
}

impl Search<'_> {
    /// Returns the best hypothesis, and the requests as it interprets them.
    fn fit(&mut self, seeks: &[f64]) -> (Option<Fit>, Vec<Request>) {
        if let Some((_, fit, requests)) = self.done.iter().find(|done| done.0 == seeks) {
            return (fit.clone(), requests.clone());
        }
        let mut requests = self.requests.to_vec();
        let fit = fit::find(&mut requests, self.headers, seeks, self.rules);
        let done = (seeks.to_vec(), fit.clone(), requests.clone());
        self.done.push(done);
        (fit, requests)
    }

    fn seconds(&mut self, seeks: &[f64]) -> Option<[f64; 2]> {
        self.fit(seeks).0.map(|fit| fit.guess.seconds)
    }

    /// Removes seeks without which the play costs far less: a player that changes the quality of
    /// both tracks requests both headers, too.
    fn believed(&mut self, seeks: &[f64]) -> Vec<f64> {
        let mut look = |seeks: &[f64]| {
            let known = self.seconds(seeks);
            let mut copy = self.requests.to_vec();
            fit::glance(&mut copy, self.headers, seeks, self.rules, known)
        };
        let mut left = seeks.to_vec();
        let mut cost = if seeks.is_empty() { 0.0 } else { look(seeks) };
        for place in seeks.iter().take(TRIED) {
            let others: Vec<f64> = left.iter().copied().filter(|at| at != place).collect();
            let without = look(&others);
            if without + GONE < cost {
                (left, cost) = (others, without);
            }
        }
        left
    }
}

/// Returns true if a play costs so much less with a place that no header shows.
fn is_found(cost: f64, least: f64) -> bool {
    cost + FOUND < least
}

/// Removes seeks that were `found` if the play costs hardly more without them, because another was
/// found.
fn without_needless(mut seeks: Vec<f64>, found: &[f64], look: impl Fn(&[f64]) -> f64) -> Vec<f64> {
    if found.len() < 2 {
        return seeks;
    }
    for place in found {
        let others: Vec<f64> = seeks.iter().copied().filter(|at| at != place).collect();
        if look(&others) < look(&seeks) + GONE {
            seeks = others;
        }
    }
    seeks
}

/// Removes seeks to media that was fetched again, if the play costs less without them: after an
/// earlier seek back, a player reaches such media without another seek.
fn without_explained<'a>(
    mut seeks: Vec<f64>,
    fetched: impl Iterator<Item = &'a Again>,
    look: impl Fn(&[f64]) -> f64,
) -> Vec<f64> {
    for again in fetched {
        let others = seeks.iter().copied().filter(|&at| at != again.at);
        let others: Vec<f64> = others.collect();
        let explains = |&at: &f64| again.since < at && at < again.at;
        if others.len() < seeks.len() && others.iter().any(explains) && look(&others) < look(&seeks)
        {
            seeks = others;
        }
    }
    seeks
}

/// Returns true if there is a seek at about this time.
fn is_known(seeks: &[f64], at: f64) -> bool {
    seeks
        .iter()
        .any(|seek| (seek - at).abs() < fit::BEHIND_SEEK)
}

/// Media that was fetched again.
#[derive(Clone, Copy, Debug)]
struct Again {
    /// When the player began to fetch it again.
    at: f64,
    /// When it had been fetched before.
    since: f64,
}

/// Returns when media was fetched again: several pictures in a row have exactly the sizes of
/// earlier ones. That happens only after a seek back.
fn fetched_again(
    requests: &[Request],
    headers: &[Header],
    sure: &[f64],
    rules: Rules,
) -> Vec<Again> {
    let mut seen = requests.to_vec();
    interpret(&mut seen, headers, sure, &rules);
    let known = |request: &Request| request.track == Track::Video && !request.shared;
    let pictures: Vec<usize> = (0..seen.len()).filter(|&at| known(&seen[at])).collect();
    let mut before: HashMap<[u64; AGAIN], usize> = HashMap::new();
    let mut found: Vec<Again> = Vec::new();
    let mut last: Option<(usize, f64)> = None;
    for (number, run) in pictures.windows(AGAIN).enumerate() {
        let mut sizes = [0; AGAIN];
        for (size, &at) in sizes.iter_mut().zip(run) {
            *size = seen[at].bytes;
        }
        let same = sizes.iter().all(|&size| size == sizes[0]);
        let Some(&first) = before.get(&sizes) else {
            before.insert(sizes, number);
            continue;
        };
        let place = begins(&seen, &pictures, number);
        // After a seek back the player continues from there; fetching what comes before that is
        // another seek back.
        let (was, since) = match last {
            Some((was, now)) if first < was => (None, now),
            Some((was, _)) => (Some(was), seen[pictures[first]].asked),
            None => (None, seen[pictures[first]].asked),
        };
        let explained = |seek: &f64| since < *seek && *seek < place + fit::BEHIND_SEEK;
        if !same && was.is_none() && !sure.iter().any(explained) {
            found.push(Again { at: place, since });
        }
        last = Some((first, seen[pictures[number]].asked));
    }
    found
}

/// Returns the time when a player started over, by one of its first pictures: it gave up the
/// picture before, or had waited.
fn begins(seen: &[Request], pictures: &[usize], number: usize) -> f64 {
    let mut number = number;
    for _ in 0..AGAIN {
        let before = number.checked_sub(1).map(|before| &seen[pictures[before]]);
        if seen[pictures[number]].waited || before.is_none_or(|before| before.dropped >= 0.5) {
            break;
        }
        number -= 1;
    }
    let first = seen[pictures[number]].decided;
    let from = number
        .checked_sub(1)
        .map_or(0, |before| pictures[before] + 1);
    let beside = seen[from..pictures[number]].iter();
    let asked = beside.map(|other| other.decided);
    asked
        .filter(|&asked| first - asked < ONE_GO)
        .fold(first, f64::min)
        - AT_ONCE
}

/// Returns when a header came again that was the latest one.
fn again(requests: &[Request], headers: &[Header]) -> Vec<f64> {
    let (Some(first), Some(last)) = (requests.first(), requests.last()) else {
        return Vec::new();
    };
    headers
        .windows(2)
        .filter(|pair| pair[0].bytes.is_some() && pair[0].bytes == pair[1].bytes)
        .map(|pair| pair[1].asked)
        .filter(|&asked| first.asked < asked && asked < last.asked)
        .collect()
}

/// Returns the times at which a player of two tracks may have started over, most likely first: a
/// response was given up, or the player requests both tracks without a wait after it had waited
/// with sound.
fn anew(requests: &[Request], headers: &[Header], sure: &[f64], rules: Rules) -> Vec<f64> {
    let mut seen = requests.to_vec();
    interpret(&mut seen, headers, sure, &rules);
    let mut found: Vec<(usize, f64)> = Vec::new();
    for at in 1..seen.len() {
        let this = &seen[at];
        let Some(before) = seen[..at].iter().rposition(|r| r.track == this.track) else {
            continue;
        };
        let cut = seen[before].dropped >= 0.5;
        // Sound can wait for the picture.
        let rushes = asks_at_once(&seen[at..], Track::Video, ANEW)
            && (cut || asks_at_once(&seen[at..], Track::Audio, 1));
        let had_waited = this.track == Track::Audio && seen[before].waited;
        if !rushes || !(cut || had_waited) || !both_follow(&seen[at..]) {
            continue;
        }
        let weight = usize::from(cut);
        // The other track may have come first.
        let between = seen[before + 1..at].iter().map(|other| other.decided);
        let first = between.fold(this.decided, f64::min);
        found.push((weight, this.decided - AT_ONCE));
        if cut && first < this.decided {
            found.push((weight, first - AT_ONCE));
        }
    }
    found.retain(|place| place.1 > seen[0].asked);
    found.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.total_cmp(&b.1)));
    found.into_iter().map(|place| place.1).collect()
}

/// Returns true if both tracks are requested within [`ONE_GO`].
fn both_follow(requests: &[Request]) -> bool {
    let soon = |request: &&Request| request.decided - requests[0].decided < ONE_GO;
    let tracks = requests.iter().take(6).take_while(soon).map(|r| r.track);
    Track::BOTH
        .into_iter()
        .all(|track| tracks.clone().any(|other| other == track))
}

/// Returns true if this many requests of a track come without a wait after its next one.
fn asks_at_once(requests: &[Request], track: Track, times: usize) -> bool {
    let mine = requests.iter().filter(|r| r.track == track);
    let next: Vec<&Request> = mine.skip(1).take(times).collect();
    next.len() == times && next.iter().all(|request| !request.waited)
}

#[cfg(test)]
mod tests;
