//! Where titles begin among the requests of a client.

use crate::facts::segment::HEADER_DIFFERS;
use crate::quality::headers::ONE_TURN;
use crate::quality::request::{Header, Request, Track, median_bytes};
use crate::quality::tracks::recurs;

/// Longest time between headers that are requested together, in seconds.
const TOGETHER: f64 = 1.0;
/// The same if media is requested in between: a player that opens a title or seeks may request a
/// track's media together with its header, while the other track's connection is opened (Shaka
/// Player). After more time, both tracks change their quality.
const TOGETHER_WITH_MEDIA: f64 = 0.3;
/// Longest time from the headers of a new title to its media, in seconds.
const HEADERS_BEFORE: f64 = 10.0;
/// Requests before and after a start among which to look for sound.
const LOOKED_AT: usize = 40;
/// Sound of another title differs in size by more than this share.
const OTHER_SOUND: f64 = 0.02;
/// The same if no response for sound came alone, so that its size is a guess by other responses.
const OTHER_GUESSED: f64 = 0.1;

/// A play among the requests of a client.
pub(super) struct Range {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) seeks: Vec<f64>,
    pub(super) begins: bool,
}

/// Finds where titles begin and where the viewer seeked: the player requests the headers of both
/// tracks again. After a gap of more than `reopened` seconds, that begins a title.
pub(super) fn divide(requests: &[Request], headers: &[Header], reopened: f64) -> Vec<Range> {
    let mut plays: Vec<Range> = Vec::new();
    let mut last = f64::NEG_INFINITY;
    let starts = starts(requests, headers);
    let mut starts = starts.iter().peekable();
    for at in 0..requests.len() {
        let asked = requests[at].asked;
        let mut start = None;
        while let Some(&&place) = starts.peek()
            && place.index <= at
        {
            start = Some(place);
            starts.next();
        }
        let gap = asked - last;
        last = requests[..=at]
            .iter()
            .rev()
            .take(8)
            .map(|r| r.came)
            .fold(last, f64::max);
        match (plays.last_mut(), start) {
            (None, _) => {
                let begins = headers
                    .iter()
                    .any(|h| h.asked <= asked && asked - h.asked < HEADERS_BEFORE);
                plays.push(Range {
                    from: at,
                    to: at + 1,
                    seeks: Vec::new(),
                    begins,
                });
            }
            (Some(play), None) => play.to = at + 1,
            (Some(play), Some(start)) => {
                let other = gap > reopened
                    || other_sound(&requests[play.from..at], &requests[at..])
                    || play.begins && other_headers(headers, requests[play.from].asked, start);
                if other {
                    plays.push(Range {
                        from: at,
                        to: at + 1,
                        seeks: Vec::new(),
                        begins: true,
                    });
                } else {
                    play.seeks.push(start.asked);
                    play.to = at + 1;
                }
            }
        }
    }
    plays
}

/// A place at which a player may have opened a title, or seeked in one.
#[derive(Clone, Copy, Debug)]
struct Start {
    /// When it requested the headers of both tracks.
    asked: f64,
    /// Index of the first request for media after them.
    index: usize,
    /// These headers.
    headers: [Header; 2],
}

/// Finds where the headers of both tracks are requested together.
fn starts(requests: &[Request], headers: &[Header]) -> Vec<Start> {
    let mut found: Vec<Start> = Vec::new();
    for pair in headers.windows(2) {
        let (a, b) = (pair[0], pair[1]);
        if !are_of_both_tracks(a, b) {
            continue;
        }
        let index = requests.partition_point(|r| r.asked < a.asked);
        let between = requests.get(index).is_some_and(|r| r.asked < b.asked);
        if between && b.asked - a.asked > TOGETHER_WITH_MEDIA {
            continue;
        }
        let is_known = |start: &Start| a.asked - start.asked < 2.0 * TOGETHER;
        if found.last().is_some_and(is_known) || index == requests.len() {
            continue;
        }
        let soon = requests[index..].iter().take(4);
        let soon: Vec<&Request> = soon.filter(|r| r.asked - b.came < 2.0 * TOGETHER).collect();
        if are_for_both_tracks(&soon) {
            found.push(Start {
                asked: a.asked,
                index,
                headers: [a, b],
            });
        }
    }
    found
}

/// Returns true if requests are for media of both tracks. If tracks are unknown, two requests in
/// flight at once are.
fn are_for_both_tracks(requests: &[&Request]) -> bool {
    let known = |track| requests.iter().any(|r| r.track == track);
    let divided = requests.iter().filter(|r| r.shared).count() >= 2;
    let at_once = requests.windows(2).any(|pair| pair[1].asked < pair[0].came);
    divided || at_once || Track::BOTH.into_iter().all(known)
}

/// Returns true if two successive headers are those of the picture and of the sound.
fn are_of_both_tracks(a: Header, b: Header) -> bool {
    let behind = b.asked - a.asked;
    match (a.bytes, b.bytes) {
        (Some(a), Some(b)) => behind < TOGETHER && a.abs_diff(b) >= HEADER_DIFFERS,
        // If responses overlap, sizes do not distinguish headers of two tracks from those of one. A
        // player requests both tracks' headers in one turn, and those of two changes of quality in
        // two.
        _ => behind < ONE_TURN,
    }
}

/// Returns true if the headers' sizes differ from all that the play since `from` requested: after a
/// seek within a title, a player requests the headers of the qualities that it plays.
fn other_headers(headers: &[Header], from: f64, start: Start) -> bool {
    let since = headers.partition_point(|header| header.asked < from - HEADERS_BEFORE);
    let until = headers.partition_point(|header| header.asked < start.asked);
    let seen = &headers[since..until];
    if seen.len() < 2 || seen.iter().any(|header| header.bytes.is_none()) {
        return false;
    }
    let is_other = |new: &Header| {
        let differs = |old: &Header| sizes_differ(old, new);
        new.bytes.is_some() && seen.iter().all(differs)
    };
    start.headers.iter().any(is_other)
}

/// Returns true if two headers certainly differ in size. What cannot be told from a response on one
/// connection, such as tickets among its first bytes, is the same for others on it, so that only
/// the difference of their errors can hide one.
fn sizes_differ(one: &Header, other: &Header) -> bool {
    let [Some(a), Some(b)] = [one.bytes, other.bytes] else {
        return false;
    };
    a.abs_diff(b) > one.error.abs_diff(other.error)
}

/// Returns the usual size of sound whose responses overlapped no other.
fn sound_alone(requests: &[Request]) -> Option<f64> {
    let alone: Vec<Request> = requests.iter().filter(|r| !r.shared).copied().collect();
    median_bytes(&alone, Track::Audio)
}

/// Returns true if sound has another size, and is thus from another title. If responses overlap,
/// sound is recognised by its recurring size.
fn other_sound(before: &[Request], after: &[Request]) -> bool {
    let after = &after[..after.len().min(LOOKED_AT)];
    let before = &before[before.len().saturating_sub(LOOKED_AT)..];
    // If bytes were divided, the sound of either title may have been taken for that of the other.
    if let [Some(sound), Some(other)] = [before, after].map(sound_alone) {
        return (sound / other - 1.0).abs() > OTHER_SOUND;
    }
    let Some(sound) = median_bytes(before, Track::Audio).or_else(|| recurs(before)) else {
        return false;
    };
    if let Some(other) = median_bytes(after, Track::Audio) {
        return (sound / other - 1.0).abs() > OTHER_GUESSED;
    }
    let differs = |bytes: f64| (sound / bytes - 1.0).abs() > OTHER_SOUND;
    recurs(after).is_some_and(differs) && after.iter().all(|request| differs(request.bytes as f64))
}

#[cfg(test)]
mod tests;
