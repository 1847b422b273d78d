//! Tracks of a play, as its beginning tells them: a player asks for a header of each track before it asks for media.

use super::request::{ALIKE, Header, Request, Track, recurring};

/// How long before its first media a play's first headers come, and how long behind that they are asked for, in seconds.
const BEFORE: f64 = 1.0;
const BEHIND: f64 = 1.0;
/// Headers of the two tracks differ by so many bytes at least, those of one track's qualities by less.
pub(crate) const HEADER_DIFFERS: u64 = 24;
/// Of so many requests one is for sound at least, and so many sounds there are at least.
const OFTEN: usize = 4;

/// Puts all requests on the tracks that the headers of a play's beginning tell: pictures with sound in them have headers of
/// one track, and sound is what recurs where there are headers of two but nothing was known for sound.
pub(crate) fn tell(requests: &mut [Request], headers: &[Header]) {
    let Some(sizes) = first_sizes(requests, headers) else {
        return;
    };
    let (Some(least), Some(most)) = (sizes.iter().min(), sizes.iter().max()) else {
        return;
    };
    if most - least < HEADER_DIFFERS {
        requests.iter_mut().for_each(|r| r.track = Track::Video);
    } else if requests.iter().all(|r| r.track == Track::Video) {
        sound_recurs(requests);
    }
}

/// The sizes of the first headers; `None` where there is one that is not known.
fn first_sizes(requests: &[Request], headers: &[Header]) -> Option<Vec<u64>> {
    let first = requests.first().filter(|first| !first.shared)?.asked;
    let is_first = |header: &&Header| header.came > first - BEFORE && header.asked < first + BEHIND;
    headers.iter().filter(is_first).map(|h| h.bytes).collect()
}

/// Takes for sound what recurs.
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

/// The size that recurs among these often enough to be that of sound, which may not be known for it yet.
pub(crate) fn recurs(requests: &[Request]) -> Option<f64> {
    let (sound, times) = recurring(requests.iter().map(|request| request.bytes).collect())?;
    (times >= OFTEN && times * OFTEN >= requests.len()).then_some(sound)
}

#[cfg(test)]
mod tests;
