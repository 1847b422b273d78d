//! Corrects the tracks that sizes alone gave to requests.

use std::ops::Range;

use super::{ALIKE, RECURS, Request, Track, median_bytes};

/// Longest time between the requests that a player sends for both tracks in one go, in seconds.
const ONE_GO: f64 = 0.1;

/// Sound that differs by up to this share from its usual size can still be sound, if its place
/// suggests so.
const LIKE_AUDIO: f64 = 0.12;

/// A server that sends this many times as much of one track as of the other serves mostly that
/// track. With one server for both, sound and pictures are equally many, or up to four to one (16 s
/// of sound beside 4 s of pictures).
const MOSTLY: u32 = 5;

/// Corrects requests that sizes alone put on the wrong track.
pub(crate) fn correct_tracks(requests: &mut [Request]) {
    let Some(usual) = median_bytes(requests, Track::Audio) else {
        return;
    };
    let like_audio = |bytes: u64| (bytes as f64 / usual - 1.0).abs() < LIKE_AUDIO;
    // If each track has its own servers, they show the track.
    let mut servers: Vec<(u32, [u32; 2])> = Vec::new();
    for request in requests.iter() {
        let at = servers
            .iter()
            .position(|(server, _)| *server == request.server);
        let at = at.unwrap_or_else(|| {
            servers.push((request.server, [0; 2]));
            servers.len() - 1
        });
        servers[at].1[request.track as usize] += 1;
    }
    let owner = |server: u32| {
        let (_, [video, audio]) = servers.iter().find(|(s, _)| *s == server)?;
        if *video >= 9 * audio {
            Some(Track::Video)
        } else if *audio >= 9 * video {
            Some(Track::Audio)
        } else {
            None
        }
    };
    let split = Track::BOTH
        .iter()
        .all(|&track| servers.iter().any(|(s, _)| owner(*s) == Some(track)))
        && servers.iter().all(|(s, _)| owner(*s).is_some());
    if split {
        for request in requests.iter_mut() {
            request.track = owner(request.server).unwrap_or(request.track);
        }
        return;
    }
    odd_on_its_server(requests, &servers);
    exchanged(requests, like_audio);
    odd_sounds(requests, like_audio);
    pictures_as_sound(requests, like_audio);
    sound_as_pictures(requests, usual);
    pictures_at_once(requests);
}

/// Moves requests to the track of their server. A player has one request per track in flight: of
/// two at once, one from a server that mostly serves the other track is of that track.
fn odd_on_its_server(requests: &mut [Request], servers: &[(u32, [u32; 2])]) {
    let mostly = |server: u32| {
        let (_, counts) = servers.iter().find(|(s, _)| *s == server)?;
        let brings = |track: &Track| {
            counts[*track as usize] >= MOSTLY * counts[track.other() as usize].max(1)
        };
        Track::BOTH.into_iter().find(brings)
    };
    for at in 0..requests.len() {
        let this = requests[at];
        let Some(track) = mostly(this.server).filter(|&track| track != this.track) else {
            continue;
        };
        let rival = |other: &Request| {
            other.track == this.track
                && mostly(other.server) == Some(this.track)
                && overlap(&this, other)
        };
        if near(requests, at).iter().any(rival) && !beside(requests, at, track) {
            requests[at].track = track;
        }
    }
}

/// Returns true if two requests are in flight at once, by more than the timers of a player.
fn overlap(one: &Request, other: &Request) -> bool {
    const TIMERS: f64 = 0.1;
    one.number != other.number && other.asked < one.came - TIMERS && one.asked < other.came - TIMERS
}

/// Requests on each side of one that are near it.
const NEAR: usize = 3;

/// Indices of the requests near one, in order.
fn near_range(requests: &[Request], at: usize) -> Range<usize> {
    at.saturating_sub(NEAR)..requests.len().min(at + NEAR + 1)
}

/// Requests near one, in order.
fn near(requests: &[Request], at: usize) -> &[Request] {
    &requests[near_range(requests, at)]
}

/// Returns true if something of a track is in flight beside a request.
fn beside(requests: &[Request], at: usize, track: Track) -> bool {
    let this = &requests[at];
    near(requests, at)
        .iter()
        .any(|other| other.track == track && overlap(this, other))
}

/// Moves sound to pictures. Sound has one size for each quality, and a quality stays for a while:
/// what was requested alone, in a size that neither the sound before nor the next one has, is a
/// picture.
fn odd_sounds(requests: &mut [Request], like_audio: impl Fn(u64) -> bool) {
    for at in 0..requests.len() {
        let this = requests[at];
        if this.track == Track::Audio
            && !this.shared
            && !like_audio(this.bytes)
            && !continues(requests, at)
            && !beside(requests, at, Track::Video)
        {
            requests[at].track = Track::Video;
        }
    }
}

/// Returns true if the sound before or the next one has about the same size.
fn continues(requests: &[Request], at: usize) -> bool {
    let is_sound = |other: &&Request| other.track == Track::Audio && !other.shared;
    let before = requests[..at].iter().rev().find(is_sound);
    let next = requests[at + 1..].iter().find(is_sound);
    let alike = |other: &Request| is_alike(other, requests[at].bytes);
    before.is_some_and(alike) || next.is_some_and(alike)
}

/// Returns true if a request is about this large.
fn is_alike(request: &Request, bytes: u64) -> bool {
    (request.bytes as f64 / bytes as f64 - 1.0).abs() < ALIKE
}

/// Returns true if enough sounds are about this large.
fn is_recurring_sound(requests: &[Request], bytes: u64) -> bool {
    let alike = |other: &&Request| other.track == Track::Audio && is_alike(other, bytes);
    requests.iter().filter(alike).count() >= RECURS
}

/// Exchanges the tracks of two requests at once, of which a picture has the size of sound, and
/// sound a size that hardly any other sound has.
fn exchanged(requests: &mut [Request], like_audio: impl Fn(u64) -> bool) {
    for at in 0..requests.len() {
        let this = requests[at];
        if this.track != Track::Audio || this.shared || like_audio(this.bytes) {
            continue;
        }
        let picture = near_range(requests, at).find(|&near| {
            let other = &requests[near];
            other.track == Track::Video
                && !other.shared
                && like_audio(other.bytes)
                && overlap(&this, other)
        });
        if let Some(picture) = picture
            && !is_recurring_sound(requests, this.bytes)
        {
            requests[picture].track = Track::Audio;
            requests[at].track = Track::Video;
        }
    }
}

/// Moves pictures to sound. A player has one request per track in flight: of two pictures at once,
/// one of the size of sound is sound.
fn pictures_as_sound(requests: &mut [Request], like_audio: impl Fn(u64) -> bool) {
    for at in 0..requests.len() {
        let this = requests[at];
        if this.track == Track::Video
            && like_audio(this.bytes)
            && beside(requests, at, Track::Video)
            && !beside(requests, at, Track::Audio)
        {
            requests[at].track = Track::Audio;
        }
    }
}

/// Moves pictures to sound. A player requests one picture at a time: of two requested in one go,
/// the smaller is sound, in a quality that was not recognised as sound.
fn pictures_at_once(requests: &mut [Request]) {
    for at in 1..requests.len() {
        let pair = [at - 1, at];
        let [one, other] = pair.map(|at| requests[at]);
        let alone = |&at: &usize| {
            let this = requests[at];
            this.track == Track::Video && !this.shared && !beside(requests, at, Track::Audio)
        };
        if other.asked - one.asked < ONE_GO && overlap(&one, &other) && pair.iter().all(alone) {
            let sound = if one.bytes < other.bytes { at - 1 } else { at };
            requests[sound].track = Track::Audio;
        }
    }
}

/// Moves sound to pictures. Of two sounds at once, the one on a flow that carried pictures before
/// and after it is a picture of the size of sound. If flows do not show that, it is the one that
/// differs more from the usual size.
fn sound_as_pictures(requests: &mut [Request], usual: f64) {
    let is_sound = |request: &Request| request.track == Track::Audio && !request.shared;
    for at in 0..requests.len() {
        let this = requests[at];
        if !is_sound(&this) || beside(requests, at, Track::Video) {
            continue;
        }
        let rival = near(requests, at)
            .iter()
            .find(|other| is_sound(other) && overlap(&this, other));
        let Some(rival) = rival else { continue };
        let pictures = |flow: u32| pictures_beside(requests, at, flow);
        let off = |request: &Request| (request.bytes as f64 / usual - 1.0).abs();
        let is_picture = match (pictures(this.flow), pictures(rival.flow)) {
            (own, other) if own != other => own > other,
            _ => off(&this) > off(rival),
        };
        if is_picture {
            requests[at].track = Track::Video;
        }
    }
}

/// Counts the requests next to one on a flow, before and after it, that were for pictures.
fn pictures_beside(requests: &[Request], at: usize, flow: u32) -> usize {
    const FAR: usize = 12;
    let picture = |other: Option<&Request>| other.is_some_and(|r| r.track == Track::Video);
    let on_flow = |other: &&Request| other.flow == flow;
    let before = requests[..at].iter().rev().take(FAR).find(on_flow);
    let after = requests[at + 1..].iter().take(FAR).find(on_flow);
    usize::from(picture(before)) + usize::from(picture(after))
}
