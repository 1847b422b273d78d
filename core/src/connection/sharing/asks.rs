//! The sizes of requests, which distinguish headers of files from media.
//!
//! HTTP/2 indexes fields that recur (RFC 7541), so the requests of one player differ by path and
//! range only. Those for headers are shorter: they name no segment, or a range near the beginning
//! of a file.

use smallvec::SmallVec;

use super::request::{MOST_REQUESTS, PeriodRequest};

/// A request with fewer bytes than all for media by this many may be for a header even if none for
/// a header was seen.
const SHORTER: u16 = 2;
/// Number of responses with media that show which requests are shorter.
const SEEN: u32 = 3;

/// The object of a request, as far as its size shows it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Asked {
    /// Media, or nothing is known.
    #[default]
    Media,
    Header,
    /// A header, if nothing contradicts it.
    PerhapsHeader,
}

/// Sizes of requests whose responses were alone.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct RequestSizes {
    /// The smallest for media, and their number.
    media: Option<u16>,
    seen: u32,
    /// The largest for headers.
    headers: Option<u16>,
}

impl RequestSizes {
    /// Learns from a request for media.
    pub(super) fn media(&mut self, size: u16) {
        if size > 0 {
            self.media = Some(self.media.map_or(size, |least| least.min(size)));
            self.seen += 1;
        }
    }

    /// Learns from a request for a header. Returns true if others may be for headers then.
    pub(super) fn header(&mut self, size: u16) -> bool {
        let is_larger = size > 0 && self.headers.is_none_or(|most| most < size);
        if is_larger {
            self.headers = Some(size);
        }
        is_larger
    }

    /// Returns what the sizes of requests show.
    pub(super) fn tell(&self, requests: &[PeriodRequest]) -> SmallVec<[Asked; MOST_REQUESTS]> {
        let tell = |(at, request): (usize, &PeriodRequest)| match requests.get(at + 1) {
            _ if self.may_follow_reset(request) => Asked::PerhapsHeader,
            Some(next) if self.may_be_header(request, next) => Asked::PerhapsHeader,
            _ => self.of_size(request.size),
        };
        requests.iter().enumerate().map(tell).collect()
    }

    fn of_size(&self, size: u16) -> Asked {
        match (self.headers, self.media) {
            (Some(headers), Some(media)) if headers < media && size > 0 => {
                // Numbers in paths grow, so a header's request may be longer than those before.
                let is_nearer = u32::from(size) * 2 < u32::from(headers) + u32::from(media);
                if is_nearer {
                    Asked::Header
                } else {
                    Asked::Media
                }
            }
            _ => Asked::Media,
        }
    }

    /// Returns true if a request may be for a header, although none for a header was seen: it is
    /// shorter than those for media, and one for media follows in the same turn.
    fn may_be_header(&self, request: &PeriodRequest, next: &PeriodRequest) -> bool {
        self.is_shorter(request)
            && self.seen >= SEEN
            && next.size >= request.size + SHORTER
            && request.is_same_turn(next)
    }

    /// Returns true if a request may be for the header of another quality, although none for a
    /// header was seen: it is shorter than those for media, and the player gave up a response just
    /// before it.
    fn may_follow_reset(&self, request: &PeriodRequest) -> bool {
        request.resets && self.is_shorter(request)
    }

    /// Returns true if a request is shorter than those for media, and none for a header was seen.
    fn is_shorter(&self, request: &PeriodRequest) -> bool {
        let shorter = |media: u16| request.size > 0 && request.size + SHORTER <= media;
        self.headers.is_none() && self.media.is_some_and(shorter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet::Time;

    /// Requests of these sizes, one every so many milliseconds.
    fn requests(sizes: &[u16], apart: i64) -> Vec<PeriodRequest> {
        let request = |(number, &size): (u32, &u16)| PeriodRequest {
            number,
            asked: Time(i64::from(number) * apart * 1_000_000),
            asked_at: 0,
            begun_at: 0,
            before: (0, 0),
            size,
            is_repeated: false,
            resets: false,
        };
        (0..).zip(sizes).map(request).collect()
    }

    #[test]
    fn both_sides_of_what_is_no_longer_than_a_header_s() {
        let mut sizes = RequestSizes::default();
        sizes.header(40);
        let told = |sizes: &RequestSizes| sizes.tell(&requests(&[40, 41, 0], 100)).to_vec();
        assert_eq!(told(&sizes), [Asked::Media; 3]);
        sizes.media(42);
        assert_eq!(told(&sizes), [Asked::Header, Asked::Media, Asked::Media]);
        // Sizes that both have show nothing.
        sizes.header(42);
        assert_eq!(told(&sizes), [Asked::Media; 3]);
    }

    #[test]
    fn both_sides_of_what_is_nearer_to_a_header_s_request() {
        let mut sizes = RequestSizes::default();
        assert!(sizes.header(71) && !sizes.header(71) && !sizes.header(70));
        sizes.media(75);
        let told = sizes.tell(&requests(&[71, 72, 73, 75], 100)).to_vec();
        assert_eq!(told[..2], [Asked::Header; 2]);
        assert_eq!(told[2..], [Asked::Media; 2]);
    }

    #[test]
    fn both_sides_of_what_may_be_a_header_before_one_was_seen() {
        let perhaps = |seen: u32, pair: [u16; 2], apart: i64| {
            let mut sizes = RequestSizes::default();
            (0..seen).for_each(|_| sizes.media(57));
            sizes.tell(&requests(&pair, apart))[0] == Asked::PerhapsHeader
        };
        assert!(perhaps(SEEN, [55, 57], 10));
        assert!(!perhaps(SEEN - 1, [55, 57], 10));
        assert!(!perhaps(SEEN, [56, 58], 10));
        assert!(!perhaps(SEEN, [55, 56], 10));
        assert!(!perhaps(SEEN, [55, 57], 11));
    }

    #[test]
    fn both_sides_of_what_may_be_a_header_behind_a_reset() {
        let perhaps = |media: u16, size: u16, resets: bool| {
            let mut sizes = RequestSizes::default();
            sizes.media(media);
            let request = PeriodRequest {
                resets,
                ..requests(&[size], 1)[0]
            };
            sizes.tell(&[request])[0] == Asked::PerhapsHeader
        };
        assert!(perhaps(43, 41, true));
        assert!(!perhaps(42, 41, true));
        assert!(!perhaps(43, 41, false));
        assert!(!perhaps(43, 0, true));
    }
}
