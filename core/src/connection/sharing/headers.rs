//! The order of the two headers that a player requests in one turn.
//!
//! A player that opens a title, or seeks in it, requests the headers (initialization segments) of
//! both tracks together, and the first media of a track once it has that track's header. The header
//! of video is the longer one: a sample entry of video has 50 bytes more than one of audio (ISO/IEC
//! 14496-12, section 12), and its codec is described at greater length. So the order of the headers
//! shows the order of the first requests for media, which otherwise look alike.

use super::request::MediaTrack;
use crate::facts::segment::HEADER_DIFFERS;

/// Fewest bytes of a header with the head of its response (initialization segments have 700 to 900
/// bytes: ffmpeg, Shaka Packager, measured).
const LEAST_HEADER: u16 = 600;
/// Fewest bytes of a response's head in a record of its own; with fewer, it is a control frame.
const LEAST_HEAD: u16 = 100;
/// Most bytes by which the headers of both tracks differ; if by more, one is something else.
const MOST_DIFFERENCE: u16 = 250;

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
        let size = bytes.saturating_add(std::mem::take(&mut self.head));
        let [first, second] = self.sizes;
        if second == 0 || first >= second && size > second {
            self.sizes = if first == 0 { [size, 0] } else { [first, size] };
        } else if size > first {
            self.sizes = [second, size];
        }
    }

    /// Returns the track whose header came first, if the sizes show it.
    pub(super) fn first(self) -> Option<MediaTrack> {
        let [first, second] = self.sizes;
        let differs = (HEADER_DIFFERS as u16..=MOST_DIFFERENCE).contains(&first.abs_diff(second));
        (second > 0 && differs).then_some(if first > second {
            MediaTrack::Video
        } else {
            MediaTrack::Audio
        })
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
        headers.first()
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
        assert_eq!(first(&[head, 862, 920], true), Some(MediaTrack::Video));
        assert_eq!(first(&[head - 1, 862, 920], true), Some(MediaTrack::Audio));
        for (difference, tells) in [
            (HEADER_DIFFERS as u16 - 1, false),
            (HEADER_DIFFERS as u16, true),
            (MOST_DIFFERENCE, true),
            (MOST_DIFFERENCE + 1, false),
        ] {
            let sizes = [900, 900 + u64::from(difference)];
            assert_eq!(first(&sizes, false).is_some(), tells, "{difference}");
        }
    }
}
