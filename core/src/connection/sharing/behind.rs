//! The tracks of requests that follow a request for a header.
//!
//! A player that changes the quality of video requests the header of that quality, and its media as
//! soon as the header has come. Players change the quality of audio far less often. If audio was in
//! progress when the header was requested, the header comes right behind it: a server takes all of
//! a short file at once, so what it is asked for later waits for that. The player then requests the
//! next audio and the media of the header together, in this order.

use smallvec::SmallVec;

use super::asks::Asked;
use super::request::{MOST_REQUESTS, MediaTrack, PeriodRequest};
use crate::packet::Time;

/// Longest time between the requests of both tracks if a header came right behind audio, in
/// nanoseconds: 5 to 80 ms in recordings of dash.js with nginx, 200 ms and more if not.
const TOGETHER: i64 = 100_000_000;

/// How the first request of a period follows one header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Behind {
    #[default]
    Nothing,
    /// At once when a header had come that was alone.
    Alone,
    /// At once when everything had come, of which a header was requested last.
    Shared,
}

/// Returns true if the last of these requests is for a header, and for one only: a player that
/// opens a title or seeks requests two in one turn.
pub(super) fn ends_with_header(requests: &[PeriodRequest], told: &[Asked]) -> bool {
    let last = requests.len().saturating_sub(1);
    is_header(told, last) && !is_second(requests, told, last)
}

/// Returns the time of the first of two requests for headers in one turn, if there are such: a title
/// begins, or a seek, although a response was still in progress.
pub(super) fn both_headers(requests: &[PeriodRequest], told: &[Asked]) -> Option<Time> {
    let is_pair = |&at: &usize| {
        is_header(told, at - 1)
            && is_header(told, at)
            && requests[at - 1].is_same_turn(&requests[at])
    };
    let second = (1..requests.len()).rev().find(is_pair)?;
    Some(requests[second - 1].asked)
}

/// Returns the track of each request, as far as a header before it shows it.
pub(super) fn expected(
    requests: &[PeriodRequest],
    told: &[Asked],
    behind: Behind,
) -> SmallVec<[MediaTrack; MOST_REQUESTS]> {
    let mut expected = SmallVec::from_elem(MediaTrack::None, requests.len());
    for at in (0..requests.len()).filter(|&at| !is_header(told, at)) {
        let follows = at > 0 && ends_with_header(&requests[..at], told);
        let behind_audio = follows || at == 0 && behind == Behind::Shared;
        let is_together = requests.get(at + 1).is_some_and(|next| {
            !is_header(told, at + 1) && next.asked.since(requests[at].asked) <= TOGETHER
        });
        if behind_audio && is_together {
            expected[at] = MediaTrack::Audio;
            expected[at + 1] = MediaTrack::Video;
        } else if at == 0 && behind != Behind::Nothing {
            expected[at] = MediaTrack::Video;
        }
    }
    expected
}

fn is_header(told: &[Asked], at: usize) -> bool {
    told.get(at) == Some(&Asked::Header)
}

/// Returns true if the request before this one is for a header, too, and of the same turn. The size
/// of the first request on a connection shows nothing: it holds the fields that later ones refer to
/// (RFC 7541). A player begins with the headers of both tracks, so it is for one.
fn is_second(requests: &[PeriodRequest], told: &[Asked], at: usize) -> bool {
    let is_other = |other: usize| is_header(told, other) || requests[other].size == 0;
    at > 0 && is_other(at - 1) && requests[at - 1].is_same_turn(&requests[at])
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILLISECOND: i64 = 1_000_000;
    const H: Asked = Asked::Header;
    const M: Asked = Asked::Media;
    const AUDIO: MediaTrack = MediaTrack::Audio;
    const VIDEO: MediaTrack = MediaTrack::Video;
    const NONE: MediaTrack = MediaTrack::None;

    /// Requests at these times, in nanoseconds.
    fn requests(times: &[i64]) -> Vec<PeriodRequest> {
        let request = |&asked: &i64| PeriodRequest {
            number: 1,
            asked: Time(asked),
            asked_at: 0,
            begun_at: 0,
            before: (0, 0),
            size: 40,
            is_repeated: false,
            resets: false,
        };
        times.iter().map(request).collect()
    }

    fn tracks(told: &[Asked], times: &[i64], behind: Behind) -> Vec<MediaTrack> {
        expected(&requests(times), told, behind).to_vec()
    }

    #[test]
    fn both_sides_of_requests_together_behind_a_header() {
        let after = |apart: i64| {
            tracks(
                &[H, M, M],
                &[0, TOGETHER, TOGETHER + apart],
                Behind::Nothing,
            )
        };
        assert_eq!(after(TOGETHER), [NONE, AUDIO, VIDEO]);
        assert_eq!(after(TOGETHER + 1), [NONE; 3]);
        // Nothing follows a header there.
        let times = [0, TOGETHER, TOGETHER + 1];
        assert_eq!(tracks(&[M, M, M], &times, Behind::Nothing), [NONE; 3]);
        assert_eq!(tracks(&[H, M, H], &times, Behind::Nothing), [NONE; 3]);
    }

    #[test]
    fn the_first_request_behind_a_header_is_for_video() {
        let first = |behind: Behind| tracks(&[M, M], &[0, TOGETHER + 1], behind);
        assert_eq!(first(Behind::Nothing), [NONE; 2]);
        assert_eq!(first(Behind::Alone), [VIDEO, NONE]);
        assert_eq!(first(Behind::Shared), [VIDEO, NONE]);
        // Audio was in progress beside the header.
        let together = |behind: Behind| tracks(&[M, M], &[0, TOGETHER], behind);
        assert_eq!(together(Behind::Alone), [VIDEO, NONE]);
        assert_eq!(together(Behind::Shared), [AUDIO, VIDEO]);
    }

    #[test]
    fn both_sides_of_two_headers_in_one_turn() {
        for (turn, begins) in [(10, true), (11, false)] {
            let times = [0, 50, 50 + turn, 200].map(|at| at * MILLISECOND);
            let all = requests(&times);
            let begun = both_headers(&all, &[M, H, H, M]);
            assert_eq!(begun.is_some(), begins, "{turn}");
            assert!(begun.is_none_or(|begun| begun == all[1].asked));
        }
        let all = requests(&[0, 1, 2]);
        assert_eq!(both_headers(&all, &[H, M, H]), None);
        assert_eq!(both_headers(&all[..1], &[H]), None);
    }

    #[test]
    fn the_headers_of_both_tracks_show_nothing() {
        for (turn, ends) in [(10, false), (11, true)] {
            let times = [0, turn * MILLISECOND, 20 * MILLISECOND, 30 * MILLISECOND];
            let all = requests(&times);
            assert_eq!(ends_with_header(&all[..2], &[H, H]), ends, "{turn}");
            let said = tracks(&[H, H, M, M], &times, Behind::Nothing);
            let first = if ends { AUDIO } else { NONE };
            assert_eq!(said[2], first, "{turn}");
        }
        // The size of the first request is not known.
        for (turn, size, ends) in [(10, 0, false), (11, 0, true), (10, 40, true)] {
            let mut all = requests(&[0, turn * MILLISECOND]);
            all[0].size = size;
            assert_eq!(ends_with_header(&all, &[M, H]), ends, "{turn} {size}");
        }
        let all = requests(&[0]);
        assert!(ends_with_header(&all, &[H]) && !ends_with_header(&all, &[M]));
        assert!(!ends_with_header(&[], &[]));
    }
}
