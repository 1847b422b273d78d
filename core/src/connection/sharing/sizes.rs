//! The usual size of audio, by the responses that were alone on their connection.

use super::period::Usual;
use super::request::MediaTrack;
use crate::config::Config;

/// Number of latest responses among which a size must occur to still count as the audio's.
const RECENT: usize = 8;
/// Number of sizes that must agree before they count as the audio's.
const AGREEING: usize = 3;

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
