//! The usual size of audio, by the responses that were alone on their connection.

use smallvec::SmallVec;

use super::period::Usual;
use super::request::MediaTrack;
use crate::bounded::size::spilled;
use crate::config::Config;
use crate::packet::Time;

/// Latest sizes of responses that were alone.
const SIZES: usize = 16;
/// Number of latest responses among which a size must occur to still count as the audio's.
const RECENT: usize = 8;
/// Number of sizes that must agree before they count as the audio's.
const AGREEING: usize = 3;
/// Audio of a higher bitrate is at most this many times as large as that of the lower one.
const MOST_GROWTH: u64 = 2;
/// Number of titles whose audio's size is kept.
const TITLES: usize = 4;

/// The size that audio has from a time on.
#[derive(Clone, Copy, Debug)]
struct Since {
    time: Time,
    usual: Usual,
}

/// Sizes of responses that were alone, and the sizes of audio found among them.
#[derive(Debug, Default)]
pub(super) struct AudioSizes {
    /// Sizes of the latest of them and the times of their requests, the latest last.
    alone: Vec<(u64, Time)>,
    /// The sizes found, the latest last. All but the first begin with a title.
    found: SmallVec<[Since; 1]>,
    /// When a title may have begun last.
    title: Option<Time>,
}

impl AudioSizes {
    /// The most heap memory of one, in bytes.
    pub(super) const BOUND: usize =
        2 * SIZES * size_of::<(u64, Time)>() + 2 * TITLES * size_of::<Since>();

    /// Returns its heap memory, in bytes.
    pub(super) fn heap(&self) -> usize {
        self.alone.capacity() * size_of::<(u64, Time)>() + spilled(&self.found)
    }

    /// Returns the latest size found.
    pub(super) fn latest(&self) -> Option<Usual> {
        self.found.last().map(|since| since.usual)
    }

    /// Returns the size of audio that is requested at this time.
    pub(super) fn at(&self, time: Time) -> Option<Usual> {
        let since = self.found.iter().rev().find(|since| since.time <= time);
        since.or(self.found.first()).map(|since| since.usual)
    }

    /// Records that several small responses were requested together at this time: a player that
    /// opens a title or seeks requests the headers of both tracks.
    pub(super) const fn begins(&mut self, time: Time) {
        self.title = Some(time);
    }

    /// Learns from the size of a response that was alone.
    pub(super) fn learn(&mut self, size: u64, asked: Time, config: &Config) {
        if self.alone.len() == SIZES {
            self.alone.remove(0);
        }
        self.alone.push((size, asked));
        if self.learn_title(config) {
            return;
        }
        let sizes = self.since(self.found.last().map_or(Time(i64::MIN), |knew| knew.time));
        let Some(found) = usual(&sizes, config) else {
            return;
        };
        match self.found.last_mut() {
            Some(knew) if is_step(found, knew.usual, &sizes) => {}
            Some(knew) => knew.usual = found,
            None => self.found.push(Since {
                time: Time(i64::MIN),
                usual: found,
            }),
        }
    }

    /// Learns the audio's size of a title that began after the last response of the size known so
    /// far. Returns true if there is one.
    fn learn_title(&mut self, config: &Config) -> bool {
        let (Some(&knew), Some(title)) = (self.found.last(), self.title) else {
            return false;
        };
        let sizes = self.since(title);
        let is_known = |&size: &u64| track_of(size, knew.usual) == MediaTrack::Audio;
        if knew.time >= title || sizes.iter().any(is_known) {
            return false;
        }
        let Some(usual) = usual(&sizes, config) else {
            return false;
        };
        if self.found.len() == TITLES {
            self.found.remove(0);
        }
        self.found.push(Since { time: title, usual });
        true
    }

    /// Returns the sizes of the latest responses that were alone, requested from this time on.
    fn since(&self, time: Time) -> SmallVec<[u64; SIZES]> {
        let since = self.alone.iter().filter(|alone| alone.1 >= time);
        since.map(|alone| alone.0).collect()
    }
}

/// Returns true if a larger size is a step of video, which may be as constant as audio: audio does
/// not grow by much while it still arrives.
fn is_step(found: Usual, knew: Usual, sizes: &[u64]) -> bool {
    let is_audio = |&size: &u64| track_of(size, knew) == MediaTrack::Audio;
    found.size > MOST_GROWTH * knew.size && sizes.iter().any(is_audio)
}

/// Returns the track of a response that was alone.
pub(super) fn track_of(size: u64, usual: Usual) -> MediaTrack {
    if size.abs_diff(usual.size) <= usual.spread + usual.size / 50 {
        MediaTrack::Audio
    } else {
        MediaTrack::Video
    }
}

/// Returns the smallest size that has recurred lately, if any.
pub(super) fn usual(alone: &[u64], config: &Config) -> Option<Usual> {
    let mut sorted: Vec<(u64, usize)> = alone.iter().copied().zip(0..).collect();
    sorted.sort_unstable();
    let reach = |size: u64| size + size * config.sharing_agreement() / 1000;
    let recent = alone.len().saturating_sub(RECENT);
    (0..sorted.len()).find_map(|from| {
        let limit = reach(sorted[from].0);
        let to = sorted.partition_point(|s| s.0 <= limit);
        let group = &sorted[from..to];
        let agrees = group.len() >= AGREEING && group.iter().any(|s| s.1 >= recent);
        agrees.then(|| Usual {
            size: group[group.len() / 2].0,
            spread: group[group.len() - 1].0 - group[0].0,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_audio_of_four_titles_is_kept() {
        let config = Config::default();
        let mut sizes = AudioSizes::default();
        let size = |title: i64| 100_000 + 20_000 * title as u64;
        let title = |title: i64| Time(1000 * title);
        for number in 0..5 {
            sizes.begins(title(number));
            for request in 1..=AGREEING as i64 {
                sizes.learn(size(number), Time(title(number).0 + request), &config);
            }
            let first = (number + 1 - TITLES as i64).max(0);
            for known in 0..=number {
                let usual = sizes.at(Time(title(known).0 + 1)).map(|usual| usual.size);
                assert_eq!(usual, Some(size(known.max(first))), "{known} of {number}");
            }
        }
    }
}
