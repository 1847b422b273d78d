//! Corrections of a reading, by what its bytes do not show.

use super::Reading;
use crate::connection::sharing::asks::Asked;
use crate::connection::sharing::request::MediaTrack;

/// Bytes of a header (initialisation segments have 700 to 900: ffmpeg, Shaka Packager, measured).
const HEADER: u64 = 800;

/// Gives a response without bytes those of a header, which come from the largest one.
pub(in crate::connection::sharing) fn give_header(sizes: &mut [u64], at: usize) {
    let largest = (0..sizes.len()).max_by_key(|&at| sizes[at]).unwrap_or(at);
    if sizes[at] == 0 && sizes[largest] > 2 * HEADER {
        sizes[largest] -= HEADER;
        sizes[at] = HEADER;
    }
}

impl Reading {
    /// Returns the reading with the bytes of headers, which come from the largest response.
    pub(in crate::connection::sharing) fn with_headers(&self, told: &[Asked]) -> Self {
        let mut reading = self.clone();
        for (at, told) in told.iter().enumerate() {
            if *told != Asked::Media && reading.tracks[at] == MediaTrack::None {
                give_header(&mut reading.sizes, at);
            }
        }
        reading
    }

    /// Exchanges the first two requests, which look alike, if the second one is read as for the
    /// track that was requested first.
    pub(in crate::connection::sharing) fn put_first(&mut self, first: MediaTrack) {
        let is_media = self.tracks[0] != MediaTrack::None;
        if is_media && self.tracks[0] != first && self.tracks[1] == first {
            self.tracks.swap(0, 1);
            self.sizes.swap(0, 1);
            self.ends.swap(0, 1);
            self.doubtful.swap(0, 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_of_a_response_that_may_hold_a_header_too() {
        for (size, header) in [(2 * HEADER, 0), (2 * HEADER + 1, HEADER)] {
            let reading = Reading {
                sizes: [size, 0].into_iter().collect(),
                tracks: [MediaTrack::Video, MediaTrack::None].into_iter().collect(),
                ..Reading::default()
            };
            let with_headers = reading.with_headers(&[Asked::Media, Asked::Header]);
            assert_eq!(with_headers.sizes[..], [size - header, header]);
        }
    }
}
