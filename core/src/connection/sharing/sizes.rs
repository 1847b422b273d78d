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
/// Number of sizes that must agree before they count as the audio's, and the same for sizes that
/// differ by no more than this, in thousandths.
const AGREEING: usize = 3;
const AGREEING_CLOSELY: usize = 2;
const CLOSELY: u64 = 1;
/// Audio of a higher bitrate is at most this many times as large as that of the lower one.
const MOST_GROWTH: u64 = 2;
/// Percentage of a size from which others are not the audio's either, if enough agree on that size
/// and it is not the audio's: video of a constant quality varies as much.
const LIKEWISE: u64 = 90;
/// Percentage by which a size that only one response showed may differ from that of audio, if that
/// is found behind a seek: the next bit rate of audio in use is 16 % larger or more (96 and 112
/// kbit/s).
const ALMOST: u64 = 10;
/// Number of titles whose audio's size is kept.
const TITLES: usize = 4;

/// A response that was alone.
#[derive(Clone, Copy, Debug)]
pub(super) struct LoneResponse {
    pub(super) asked: Time,
    /// Its size, or the largest of this type.
    pub(super) size: u32,
    /// Number of media requests on the connection before it.
    pub(super) place: u32,
}

/// The size that audio has from a time on.
#[derive(Clone, Copy, Debug)]
struct Since {
    time: Time,
    usual: Usual,
    ground: Ground,
}

/// Evidence for a size of audio.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ground {
    /// One response explains what came.
    One,
    /// A few agree closely.
    Few,
    /// Enough agree.
    Enough,
}

impl Since {
    /// A size that audio has at all times, perhaps.
    const fn always(usual: Usual) -> Self {
        Self {
            time: Time(i64::MIN),
            usual,
            ground: Ground::One,
        }
    }
}

/// Sizes of responses that were alone, and the sizes of audio found among them.
#[derive(Debug, Default)]
pub(super) struct AudioSizes {
    /// The latest of them, the latest last.
    alone: Vec<LoneResponse>,
    /// The sizes found, the latest last. All but the first begin with a title.
    found: SmallVec<[Since; 1]>,
    /// When a title may have begun last.
    title: Option<Time>,
    /// The latest size that a few agreed on closely although it is not the audio's; 0 if none.
    refuted: u32,
    /// Sizes from this on are not the audio's of the latest title, although enough agree on one;
    /// 0 if that is not known.
    too_large: u64,
}

impl AudioSizes {
    /// The most heap memory of one, in bytes.
    pub(super) const BOUND: usize =
        2 * SIZES * size_of::<LoneResponse>() + 2 * TITLES * size_of::<Since>();

    /// Returns its heap memory, in bytes.
    pub(super) fn heap(&self) -> usize {
        self.alone.capacity() * size_of::<LoneResponse>() + spilled(&self.found)
    }

    /// Returns the latest size found.
    pub(super) fn latest(&self) -> Option<Usual> {
        self.found.last().map(|since| since.usual)
    }

    /// Returns the evidence for the latest size.
    pub(super) fn ground(&self) -> Option<Ground> {
        self.found.last().map(|since| since.ground)
    }

    /// Returns the time from which the latest size is that of audio, or could be.
    pub(super) fn began(&self) -> Time {
        self.found.last().map_or(Time(i64::MIN), |since| since.time)
    }

    /// Replaces the latest size, which proved wrong, if that is known; by none if none fits.
    pub(super) fn replace(&mut self, by: Option<Usual>) {
        if let Some(wrong) = self.found.pop() {
            self.refuted = u32::try_from(wrong.usual.size).unwrap_or(u32::MAX);
            let smaller = by.is_some_and(|by| by.size < wrong.usual.size);
            if wrong.ground == Ground::Enough && smaller {
                self.too_large = wrong.usual.size * LIKEWISE / 100;
            }
            let ground = Ground::One;
            self.found.extend(by.map(|usual| Since {
                usual,
                ground,
                ..wrong
            }));
        } else {
            self.found.extend(by.map(Since::always));
        }
    }

    /// Returns the two smallest of the sizes that were alone, as far as they differ, each as if it
    /// were the audio's.
    pub(super) fn smallest(&self, config: &Config) -> [Option<Usual>; 2] {
        let least = |than: u64| {
            let sizes = self.alone.iter().map(|alone| u64::from(alone.size));
            let size = sizes.filter(|&size| size > than).min()?;
            let spread = size * config.sharing_agreement() / 1000;
            Some(Usual { size, spread })
        };
        let first = least(0);
        [first, first.and_then(|one| least(one.size + one.spread))]
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
        self.too_large = 0;
    }

    /// Learns from a response that was alone.
    pub(super) fn learn(&mut self, response: LoneResponse, config: &Config) {
        if self.alone.len() == SIZES {
            self.alone.remove(0);
        }
        self.alone.push(response);
        if self.learn_title(config) {
            return;
        }
        let sizes = self.since(self.found.last().map_or(Time(i64::MIN), |knew| knew.time));
        let Some((found, ground)) = usual(&sizes, config) else {
            return;
        };
        let is_sure = ground == Ground::Enough;
        if self.is_too_large(found) || !is_sure && found.agrees(self.refuted.into(), config) {
            return;
        }
        match self.found.last_mut() {
            Some(knew)
                if knew.ground == Ground::Enough
                    && (!is_sure || is_step(found, knew.usual, &sizes)) => {}
            Some(knew) => (knew.usual, knew.ground) = (found, ground),
            None => self.found.push(Since {
                ground,
                ..Since::always(found)
            }),
        }
    }

    /// Returns true if such a size has proved not to be the audio's, however many agree on it.
    const fn is_too_large(&self, usual: Usual) -> bool {
        self.too_large > 0 && usual.size >= self.too_large
    }

    /// Learns the audio's size of a title that began after the last response of the size known so
    /// far. Returns true if there is one.
    fn learn_title(&mut self, config: &Config) -> bool {
        let (Some(&knew), Some(title)) = (self.found.last(), self.title) else {
            return false;
        };
        let sizes = self.since(title);
        let is_known =
            |alone: &LoneResponse| track_of(alone.size.into(), knew.usual) == MediaTrack::Audio;
        if knew.time >= title || sizes.iter().any(is_known) {
            return false;
        }
        let Some((usual, ground)) = usual(&sizes, config) else {
            return false;
        };
        let off = usual.size.abs_diff(knew.usual.size) * 100;
        if self.is_too_large(usual) {
            return false;
        }
        if knew.ground == Ground::One && off <= knew.usual.size * ALMOST {
            return false;
        }
        if self.found.len() == TITLES {
            self.found.remove(0);
        }
        self.found.push(Since {
            time: title,
            usual,
            ground,
        });
        true
    }

    /// Returns the latest responses that were alone, requested from this time on.
    fn since(&self, time: Time) -> SmallVec<[LoneResponse; SIZES]> {
        let since = self.alone.iter().filter(|alone| alone.asked >= time);
        since.copied().collect()
    }
}

/// Returns true if a larger size is a step of video, which may be as constant as audio: audio does
/// not grow by much while it still arrives.
fn is_step(found: Usual, knew: Usual, sizes: &[LoneResponse]) -> bool {
    let is_audio = |alone: &LoneResponse| track_of(alone.size.into(), knew) == MediaTrack::Audio;
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

/// Returns the smallest size that has recurred lately, if any, and what shows it. A few that agree
/// closely count if no size recurs often.
pub(super) fn usual(alone: &[LoneResponse], config: &Config) -> Option<(Usual, Ground)> {
    let mut sorted: Vec<(u64, usize)> = alone
        .iter()
        .map(|alone| alone.size.into())
        .zip(0..)
        .collect();
    sorted.sort_unstable();
    let often = recurs(alone, &sorted, AGREEING, config.sharing_agreement());
    let closely = || recurs(alone, &sorted, AGREEING_CLOSELY, CLOSELY);
    let sure = often.map(|usual| (usual, Ground::Enough));
    sure.or_else(|| closely().map(|usual| (usual, Ground::Few)))
}

/// Returns the smallest size that has recurred so often, within thousandths of it.
fn recurs(
    alone: &[LoneResponse],
    sorted: &[(u64, usize)],
    times: usize,
    thousandths: u64,
) -> Option<Usual> {
    let reach = |size: u64| size + size * thousandths / 1000;
    let recent = alone.len().saturating_sub(RECENT);
    let mut from = 0;
    while from < sorted.len() {
        let limit = reach(sorted[from].0);
        let to = sorted.partition_point(|s| s.0 <= limit);
        let group = &sorted[from..to];
        let agrees = group.len() >= times && group.iter().any(|s| s.1 >= recent);
        if agrees && !is_in_a_row(alone, group) {
            return Some(Usual {
                size: group[group.len() / 2].0,
                spread: group[group.len() - 1].0 - group[0].0,
            });
        }
        // A part of what came in a row does not show more.
        from = if agrees { to } else { from + 1 };
    }
    None
}

/// Returns true if most of these responses were requested one after the other, with none in
/// between: a step of video that is as constant as audio, while the audio of that time had come.
fn is_in_a_row(alone: &[LoneResponse], group: &[(u64, usize)]) -> bool {
    let mut places: SmallVec<[u32; SIZES]> = group.iter().map(|s| alone[s.1].place).collect();
    places.sort_unstable();
    let next = places.windows(2).filter(|pair| pair[1] == pair[0] + 1);
    2 * next.count() > places.len().saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Learns from responses of these sizes that were alone, from this time on, each with another
    /// between it and the next.
    fn learn(sizes: &mut AudioSizes, from: i64, all: &[u32]) {
        for (&size, at) in all.iter().zip(1..) {
            let response = LoneResponse {
                asked: Time(from + at),
                size,
                place: 2 * (from + at) as u32,
            };
            sizes.learn(response, &Config::default());
        }
    }

    #[test]
    fn what_was_refuted_though_enough_agreed_is_not_learnt_again() {
        for (next, learnt) in [(89_000, true), (90_500, false), (140_000, false)] {
            let mut sizes = AudioSizes::default();
            learn(&mut sizes, 0, &[100_000; 3]);
            sizes.replace(Some(Usual {
                size: 40_000,
                spread: 800,
            }));
            learn(&mut sizes, 10, &[next; 3]);
            let size = if learnt { next } else { 40_000 };
            let latest = |sizes: &AudioSizes| sizes.latest().map(|usual| usual.size);
            assert_eq!(latest(&sizes), Some(size.into()), "{next}");
            // Another title may have such audio.
            sizes.begins(Time(20));
            learn(&mut sizes, 20, &[next; 3]);
            assert_eq!(latest(&sizes), Some(next.into()), "{next}");
        }
    }

    #[test]
    fn a_guess_and_almost_the_same_behind_a_seek_are_one_title() {
        for (size, titles) in [(44_000, 1), (36_000, 1), (44_100, 2), (35_900, 2)] {
            let mut sizes = AudioSizes::default();
            sizes.replace(Some(Usual {
                size: 40_000,
                spread: 800,
            }));
            sizes.begins(Time(10));
            learn(&mut sizes, 10, &[size; 3]);
            assert_eq!(sizes.found.len(), titles, "{size}");
            assert_eq!(sizes.latest().map(|usual| usual.size), Some(size.into()));
        }
    }

    #[test]
    fn the_audio_of_four_titles_is_kept() {
        let config = Config::default();
        let mut sizes = AudioSizes::default();
        let size = |title: i64| 100_000 + 20_000 * title as u64;
        let title = |title: i64| Time(1000 * title);
        for number in 0..5 {
            sizes.begins(title(number));
            for request in 1..=AGREEING as i64 {
                let response = LoneResponse {
                    asked: Time(title(number).0 + request),
                    size: size(number) as u32,
                    place: 2 * request as u32,
                };
                sizes.learn(response, &config);
            }
            let first = (number + 1 - TITLES as i64).max(0);
            for known in 0..=number {
                let usual = sizes.at(Time(title(known).0 + 1)).map(|usual| usual.size);
                assert_eq!(usual, Some(size(known.max(first))), "{known} of {number}");
            }
        }
    }
}
