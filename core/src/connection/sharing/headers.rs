//! The order of the two headers that a player requests in one turn.
//!
//! A player that opens a title, or seeks in it, requests the headers (initialization segments) of
//! both tracks together, and the first media of a track once it has that track's header. The header
//! of video is the longer one: a sample entry of video has 50 bytes more than one of audio (ISO/IEC
//! 14496-12, section 12), and its codec is described at greater length. So the order of the headers
//! shows the order of the first requests for media, which otherwise look alike. Of 77 recorded
//! titles, 72 request media first for the track whose header was complete first.

use super::request::MediaTrack;
use crate::facts::segment::HEADER_DIFFERS;

/// Fewest bytes of a header with the head of its response (initialization segments have 700 to 900
/// bytes: ffmpeg, Shaka Packager, measured).
pub(super) const LEAST_HEADER: u16 = 600;
/// Fewest bytes of a response's head in a record of its own; with fewer, it is a control frame.
const LEAST_HEAD: u16 = 100;
/// Most bytes of the headers of both tracks with the heads of their responses.
pub(super) const MOST_HEADERS: u64 = 4_000;
/// Most bytes by which the headers of both tracks differ; if by more, one is something else.
const MOST_DIFFERENCE: u16 = 250;

/// The same over HTTP/2, where the first response has a longer head (113 to 290 bytes: Apache, h2o,
/// HAProxy, Caddy, measured).
const MOST_WITH_HEAD: u16 = 500;
/// Bytes that a sample entry of video has more than one of audio (ISO/IEC 14496-12, section 12). If
/// the first header is longer by fewer, its head made the difference.
const SAMPLE_ENTRY: i32 = 50;

/// Sizes of the two largest responses so far, in order.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct HeaderSizes {
    sizes: [u16; 2],
    /// Bytes of a response's head whose body is still to come.
    head: u16,
}

impl HeaderSizes {
    /// Adds what came together: a record or a datagram. The head of a response may be in a record
    /// of its own.
    pub(super) fn note(&mut self, bytes: u64, is_record: bool) {
        let bytes = u16::try_from(bytes).unwrap_or(u16::MAX);
        if bytes < LEAST_HEADER {
            if is_record && bytes >= LEAST_HEAD {
                self.head = bytes;
            }
            return;
        }
        if u64::from(bytes) > MOST_HEADERS / 2 {
            return;
        }
        let size = bytes.saturating_add(std::mem::take(&mut self.head));
        let [first, second] = self.sizes;
        if second == 0 || first >= second && size > second {
            self.sizes = if first == 0 { [size, 0] } else { [first, size] };
        } else if size > first {
            self.sizes = [second, size];
        }
    }

    /// Returns the track whose header came first, if the sizes show it. `are_records`: they came in
    /// records, so that the first one may have a longer head: over HTTP/2, it holds the fields that
    /// later ones only refer to (RFC 7541).
    pub(super) fn first(self, are_records: bool) -> Option<MediaTrack> {
        let [first, second] = self.sizes;
        let surplus = i32::from(first) - i32::from(second);
        let (least, most) = if are_records {
            (SAMPLE_ENTRY, MOST_WITH_HEAD)
        } else {
            (0, MOST_DIFFERENCE)
        };
        let differs = (HEADER_DIFFERS as u32..=u32::from(most)).contains(&surplus.unsigned_abs());
        let track = if surplus < least {
            MediaTrack::Audio
        } else {
            MediaTrack::Video
        };
        (second > 0 && differs).then_some(track)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(sizes: &[u64], are_records: bool) -> Option<MediaTrack> {
        let mut headers = HeaderSizes::default();
        sizes
            .iter()
            .for_each(|&size| headers.note(size, are_records));
        headers.first(are_records)
    }

    #[test]
    fn the_longer_header_is_the_one_of_video() {
        let (video, audio) = (Some(MediaTrack::Video), Some(MediaTrack::Audio));
        assert_eq!(first(&[1_094, 1_029], false), video);
        assert_eq!(first(&[870, 934], false), audio);
        assert_eq!(first(&[1_000], false), None);
        // Smaller things may come before, in between and behind.
        assert_eq!(first(&[665, 1_094, 1_029], false), video);
        assert_eq!(first(&[1_029, 665, 1_094], false), audio);
        assert_eq!(first(&[1_094, 1_029, 665], false), video);
    }

    #[test]
    fn a_head_in_a_record_of_its_own_belongs_to_its_response() {
        let (video, audio) = (Some(MediaTrack::Video), Some(MediaTrack::Audio));
        assert_eq!(first(&[234, 862, 998], true), video);
        assert_eq!(first(&[998, 234, 862], true), audio);
        assert_eq!(first(&[234, 862, 998], false), audio);
    }

    #[test]
    fn both_sides_of_what_a_header_is() {
        let least = u64::from(LEAST_HEADER);
        assert!(first(&[least, least + 60], false).is_some());
        assert!(first(&[least - 1, least + 59], false).is_none());
        let head = u64::from(LEAST_HEAD);
        assert_eq!(first(&[head, 862, 900], true), Some(MediaTrack::Video));
        assert_eq!(first(&[head - 1, 862, 900], true), Some(MediaTrack::Audio));
        for (difference, tells) in [
            (HEADER_DIFFERS as u16 - 1, false),
            (HEADER_DIFFERS as u16, true),
            (MOST_DIFFERENCE, true),
            (MOST_DIFFERENCE + 1, false),
        ] {
            let sizes = [900, 900 + u64::from(difference)];
            assert_eq!(first(&sizes, false).is_some(), tells, "{difference}");
        }
        // Media may come right behind a header.
        let most = MOST_HEADERS / 2;
        assert!(first(&[most - 60, most], true).is_some());
        assert!(first(&[most - 60, most + 1], true).is_none());
    }

    #[test]
    fn both_sides_of_what_the_head_of_the_first_response_adds() {
        let most = u64::from(MOST_WITH_HEAD);
        for (surplus, track) in [
            (SAMPLE_ENTRY as u64 - 1, Some(MediaTrack::Audio)),
            (SAMPLE_ENTRY as u64, Some(MediaTrack::Video)),
            (most, Some(MediaTrack::Video)),
            (most + 1, None),
        ] {
            assert_eq!(first(&[800 + surplus, 800], true), track, "{surplus}");
        }
        // Over HTTP/3, the head is as long as any.
        let video = Some(MediaTrack::Video);
        assert_eq!(first(&[799 + SAMPLE_ENTRY as u64, 800], false), video);
    }
}
