//! Separates audio and video of one viewer.

use super::cluster;
use super::cluster::Cluster;
use super::observed::{Observed, Verdict};
use crate::config::Config;
use crate::facts::segment::{Kind, KindReason};

/// Number of members from which a cluster may be larger than the rest: audio above the lowest steps
/// of video.
pub(super) const MEMBERS_LARGER: usize = 6;
/// Number of segments that were alone on their connection from which only these are searched for
/// tracks.
const UNSHARED_MIN: usize = 4;
/// Number of members from which a track may be audio without another one beside it.
pub(super) const MEMBERS_ALONE: usize = 4;
/// A cluster this many times narrower than another is the more constant one.
pub(super) const NARROWER: u64 = 3;
/// Smallest slice of a session. Slices are so long that a recurring track is expected twice in
/// each.
pub(super) const SLICE_MIN: usize = 4;
/// Percentage of members that may overlap the previous one, for client addresses of several
/// viewers. The segments of one track come one after the other.
pub(super) const OVERLAPS: usize = 20;
/// Number of segments in the slices by which clusters are compared, and the percentage of the best
/// one's coverage that is just as good.
const COMPARED_SLICE: usize = 10;
const COMPARED_COVERAGE: u64 = 80;
/// Percentage of a cluster's bytes from which the segments beside it are another track.
const BESIDE_BYTES: u64 = 25;
/// Segments near a cluster in size are part of it, up to this percentage of its number.
const STRAY_NUMBER: usize = 33;

/// Returns the verdict for a segment, given these sizes of audio.
pub(super) fn beside<'a>(
    mut audio: impl Iterator<Item = &'a Cluster>,
    segment: &Observed,
    config: &Config,
) -> Verdict {
    // A divided size may be anything. But the division gives audio its usual size, which agrees
    // with the sizes of audio that was alone.
    let reach = if segment.is_vague() {
        segment.size.saturating_mul(config.sharing_agreement()) / 1000
    } else {
        segment.error
    };
    if audio.any(|cluster| cluster.reaches(segment.size, reach)) {
        (Kind::Audio, KindReason::SizeCluster)
    } else {
        (Kind::Video, KindReason::BesideAudio)
    }
}

/// Segments that are judged together.
pub(super) struct Group<'a> {
    pub(super) observed: &'a [Observed],
    pub(super) places: Vec<usize>,
    /// The segments with reliable sizes, and these sizes.
    pub(super) segments: Vec<Observed>,
    sizes: Vec<u64>,
    pub(super) clusters: Vec<Cluster>,
}

impl<'a> Group<'a> {
    pub(super) fn new(
        observed: &'a [Observed],
        places: Vec<usize>,
        config: &Config,
        steps: &mut u64,
    ) -> Self {
        let all = || places.iter().map(|&at| observed[at]);
        // A size from an even division is unreliable, and left out if others are reliable. What was
        // taken for audio got audio's size, however far that may be off.
        let says_something =
            |segment: &Observed| !segment.shared || !segment.is_vague() || segment.as_audio;
        let mut segments: Vec<Observed> = all().filter(says_something).collect();
        if segments.len() < UNSHARED_MIN {
            segments = all().collect();
        }
        let sizes: Vec<u64> = segments.iter().map(|segment| segment.size).collect();
        let clusters = cluster::find(&sizes, config, steps);
        Self {
            observed,
            places,
            segments,
            sizes,
            clusters,
        }
    }

    /// Decides all segments as those of one viewer.
    pub(super) fn decide(&self, verdicts: &mut [Verdict], config: &Config) {
        let every_size: Vec<u64> = self
            .places
            .iter()
            .map(|&at| self.observed[at].size)
            .collect();
        match audio(
            &self.segments,
            &self.sizes,
            &every_size,
            &self.clusters,
            config,
        ) {
            Tracks::One(kind) => {
                for &at in &self.places {
                    verdicts[at] = (kind, KindReason::SingleTrack);
                }
            }
            Tracks::Two(audio) => {
                for &at in &self.places {
                    verdicts[at] = beside(audio.iter().copied(), &self.observed[at], config);
                }
            }
        }
    }
}

/// The tracks that a client fetches.
enum Tracks<'a> {
    One(Kind),
    /// Two tracks; audio has these sizes, one after the other.
    Two(Vec<&'a Cluster>),
}

fn audio<'a>(
    segments: &[Observed],
    sizes: &[u64],
    every_size: &[u64],
    clusters: &'a [Cluster],
    config: &Config,
) -> Tracks<'a> {
    let mut recurring: Vec<&Cluster> = clusters
        .iter()
        .filter(|cluster| recurs(cluster, segments, config))
        .collect();
    let Some(first) = most_like_audio(&recurring, sizes) else {
        return Tracks::One(Kind::Video);
    };
    // Without a second track to compare with, only the bitrate tells audio from video of constant
    // size.
    if is_alone(first, every_size) {
        let is_slow =
            bitrate(first, segments).is_some_and(|rate| rate <= config.audio_bitrate() * 1000);
        return Tracks::One(if is_slow { Kind::Audio } else { Kind::Video });
    }
    // Audio that changed its bitrate: as constant, and before or after the other.
    recurring.sort_by_key(|cluster| (core::cmp::Reverse(cluster.members.len()), cluster.low));
    let mut audio = vec![first];
    for cluster in recurring {
        let apart = |other: &&Cluster| {
            let (from, to) = (
                cluster.members[0],
                cluster.members[cluster.members.len() - 1],
            );
            !other
                .members
                .iter()
                .any(|member| (from..=to).contains(member))
        };
        // If nothing came between its segments, it is a step of video that was fetched alone, not
        // audio beside video.
        let video_beside = span(cluster) > cluster.members.len();
        if video_beside
            && cluster.width <= first.width.saturating_mul(NARROWER)
            && audio.iter().all(apart)
        {
            audio.push(cluster);
        }
    }
    Tracks::Two(audio)
}

/// Returns the number of segments from a cluster's first to its last.
fn span(cluster: &Cluster) -> usize {
    cluster.members[cluster.members.len() - 1] - cluster.members[0] + 1
}

/// Returns true if a cluster recurs throughout its own part of the session, one segment after the
/// other.
fn recurs(cluster: &Cluster, segments: &[Observed], config: &Config) -> bool {
    let (members, span) = (cluster.members.len(), span(cluster));
    // A recurring track is expected twice in each slice, so an empty one counts against it.
    let slice = (2 * span).div_ceil(members).max(SLICE_MIN);
    // A player asks for the next segment of a track when it has the last one.
    let pairs = cluster.members.windows(2);
    let overlaps = pairs
        .filter(|pair| segments[pair[0]].overlaps(&segments[pair[1]]))
        .count();
    overlaps * 100 <= members * OVERLAPS
        && members as u64 * 100 >= span as u64 * config.audio_share()
        && coverage(
            cluster
                .members
                .iter()
                .map(|member| member - cluster.members[0]),
            span,
            slice,
        ) >= config.audio_coverage()
}

/// Returns the percentage of slices of a stretch of `span` segments that hold a member; members are
/// given by their position in it.
pub(super) fn coverage(members: impl Iterator<Item = usize>, span: usize, slice: usize) -> u64 {
    let slices = (span / slice).max(1);
    let mut held = 0;
    let mut last = None;
    for member in members {
        let at = (member / slice).min(slices - 1);
        held += u64::from(last != Some(at));
        last = Some(at);
    }
    held * 100 / slices as u64
}

/// Returns the cluster that is most likely audio: one that recurs throughout the session, and the
/// most constant or the smallest of those.
fn most_like_audio<'a>(recurring: &[&'a Cluster], sizes: &[u64]) -> Option<&'a Cluster> {
    // Audio is smaller than all but the lowest steps of video. A few segments of video may share a
    // size by chance, but not many.
    let larger_by_chance = |cluster: &Cluster| {
        let mut rest = rest(cluster, sizes);
        rest.sort_unstable();
        cluster.members.len() < MEMBERS_LARGER
            && rest
                .get(rest.len() / 2)
                .is_some_and(|&median| median < cluster.low)
    };
    let eligible = || {
        recurring
            .iter()
            .copied()
            .filter(|cluster| !larger_by_chance(cluster))
    };
    let reach =
        |cluster: &Cluster| coverage(cluster.members.iter().copied(), sizes.len(), COMPARED_SLICE);
    let most = eligible().map(reach).max()?;
    let through = || eligible().filter(|cluster| reach(cluster) * 100 >= most * COMPARED_COVERAGE);
    let narrowest = through().map(|cluster| cluster.width).min()?;
    // Audio is encoded at a constant bit rate (measured: 195 kB at 96 kbit/s, nearly always the
    // same), video at one that follows the picture. Of two equally constant tracks, the smaller one
    // is audio.
    through()
        .filter(|cluster| cluster.width < narrowest.saturating_mul(NARROWER))
        .min_by_key(|cluster| cluster.low)
}

/// Returns the sizes of all segments outside a cluster.
fn rest(cluster: &Cluster, sizes: &[u64]) -> Vec<u64> {
    sizes
        .iter()
        .copied()
        .filter(|&size| !cluster.holds(size))
        .collect()
}

/// Returns true if there is no other track beside it.
fn is_alone(cluster: &Cluster, sizes: &[u64]) -> bool {
    let rest = rest(cluster, sizes);
    let members: u64 = sizes.iter().filter(|&&size| cluster.holds(size)).sum();
    let bytes: u64 = rest.iter().sum();
    // A track's last segment, or one cut short, is near it in size and is no track of its own.
    let near = rest.iter().filter(|&&size| cluster.is_near(size)).count();
    let strays = near * 2 >= rest.len() && rest.len() * 100 <= cluster.members.len() * STRAY_NUMBER;
    bytes.saturating_mul(100) < members.saturating_mul(BESIDE_BYTES) || strays
}

/// Returns the bits per second of media, by the usual interval of requests after the burst at the
/// start.
fn bitrate(cluster: &Cluster, segments: &[Observed]) -> Option<u64> {
    let members = cluster.members.iter();
    let starts: Vec<i64> = members.map(|&at| segments[at].start).collect();
    if starts.len() < MEMBERS_ALONE {
        return None;
    }
    // While the buffer fills, requests follow each other as fast as the network allows; later, at
    // the speed of playback.
    let mut gaps: Vec<i64> = starts
        .windows(2)
        .skip((starts.len() - 1) / 2)
        .map(|pair| pair[1] - pair[0])
        .collect();
    gaps.sort_unstable();
    let gap = u64::try_from(gaps[gaps.len() / 2])
        .ok()
        .filter(|&gap| gap > 0)?;
    Some(
        (u128::from(cluster.high) * 8 * 1_000_000_000 / u128::from(gap))
            .try_into()
            .unwrap_or(u64::MAX),
    )
}
