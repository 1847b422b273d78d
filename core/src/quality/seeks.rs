//! Where a viewer went elsewhere in a title of one track, whose player asks for one header then.

use super::fit::{self, Fit};
use super::request::{Header, Request, Rules, Track};

/// Places that are tried, at most.
const TRIED: usize = 8;
/// By how much less a play must cost with such a place.
const GONE: f64 = 3.0;

/// Finds what fits best, with the times at which the viewer went elsewhere. `sure` are known by the headers of both tracks.
/// Where there is one track, a player that asks for the header of the quality it has got may have gone elsewhere, or
/// come back to that quality: what the requests behind it look like decides.
pub(crate) fn find(
    requests: &mut [Request],
    headers: &[Header],
    sure: &[f64],
    rules: Rules,
) -> (Option<Fit>, Vec<f64>) {
    let mut seeks = sure.to_vec();
    let mut best = fit::find(requests, headers, &seeks, rules);
    if requests.iter().any(|r| r.track == Track::Audio) {
        return (best, seeks);
    }
    for at in again(requests, headers).into_iter().take(TRIED) {
        let Some(before) = &best else { break };
        let mut with = seeks.clone();
        with.push(at);
        with.sort_by(f64::total_cmp);
        let mut other = requests.to_vec();
        let found = fit::find(&mut other, headers, &with, rules);
        if let Some(fit) = found.filter(|fit| fit.cost + GONE < before.cost) {
            requests.copy_from_slice(&other);
            (best, seeks) = (Some(fit), with);
        }
    }
    (best, seeks)
}

/// When a header came again that was the latest one.
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
