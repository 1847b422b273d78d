//! Determines the tracks of a play by its beginning: a player requests a header of each track
//! before media.

use super::request::{ALIKE, Header, Request, Track, recurring};
use crate::facts::segment::HEADER_DIFFERS;

/// Longest time from a play's first headers to its first media, and longest time from that to
/// another of these headers, in seconds.
const BEFORE: f64 = 1.0;
const BEHIND: f64 = 1.0;
/// Least number of sounds. Also, at least one in this many requests is for sound.
const OFTEN: usize = 4;

/// Puts all requests on the tracks that the first headers show. Pictures with sound in them have
/// headers of one track; returns true for these. If there are headers of two tracks but no
/// recognised sound, the recurring size is sound.
pub(crate) fn tell(requests: &mut [Request], headers: &[Header]) -> bool {
    let Some(sizes) = first_sizes(requests, headers) else {
        return false;
    };
    let (Some(least), Some(most)) = (sizes.iter().min(), sizes.iter().max()) else {
        return false;
    };
    let is_one = most - least < HEADER_DIFFERS;
    if is_one {
        requests.iter_mut().for_each(|r| r.track = Track::Video);
    } else if requests.iter().all(|r| r.track == Track::Video) {
        sound_recurs(requests);
    }
    is_one
}

/// Returns the sizes of the first headers; `None` if one is not known.
fn first_sizes(requests: &[Request], headers: &[Header]) -> Option<Vec<u64>> {
    let first = requests.first().filter(|first| !first.shared)?.asked;
    let is_first = |header: &&Header| header.came > first - BEFORE && header.asked < first + BEHIND;
    headers.iter().filter(is_first).map(|h| h.bytes).collect()
}

/// Moves the requests of the recurring size to sound.
fn sound_recurs(requests: &mut [Request]) {
    let Some(sound) = recurs(requests) else {
        return;
    };
    for request in requests {
        if (request.bytes as f64 / sound - 1.0).abs() < ALIKE {
            request.track = Track::Audio;
        }
    }
}

/// Returns the size that recurs often enough to be that of sound, which may not be recognised yet.
pub(crate) fn recurs(requests: &[Request]) -> Option<f64> {
    let (sound, times) = recurring(requests.iter().map(|request| request.bytes).collect())?;
    (times >= OFTEN && times * OFTEN >= requests.len()).then_some(sound)
}

#[cfg(test)]
mod tests;
