//! Audio and video of one client, told apart.

use super::cluster;
use super::cluster::Cluster;
use super::observed::{Observed, Verdict, undecided};
use crate::config::Config;
use crate::facts::segment::{Kind, KindReason};

/// Members from which a cluster may be larger than what is beside it: audio above the lowest steps of video.
const MEMBERS_LARGER: usize = 6;
/// Segments of a connection from which it is judged by itself.
const CONNECTION_MIN: usize = 8;
/// Members of a cluster, in percent, that overlap the one before on another connection where one address stands for
/// several viewers: the segments of a track come one after the other.
const CROWD_OVERLAPS: usize = 10;
/// Segments that were alone on their connection from which tracks are looked for among these only.
const UNSHARED_MIN: usize = 4;
/// Members from which a track may be audio without another beside it.
const MEMBERS_ALONE: usize = 4;
/// A cluster this many times narrower than another is the more constant one.
const NARROWER: u64 = 3;
/// Smallest slice of a session. Slices are so long that a track that recurs is expected twice in each.
const SLICE_MIN: usize = 4;
/// Members, in percent, that may overlap the one before: where one client address stands for several viewers. The
/// segments of a track come one after the other.
const OVERLAPS: usize = 20;
/// Segments in slices by which clusters are compared, and what share of the best one's coverage, in percent, is as good.
const COMPARED_SLICE: usize = 10;
const COMPARED_COVERAGE: u64 = 80;
/// What is beside a cluster is another track from this share of its bytes, in percent.
const BESIDE_BYTES: u64 = 25;
/// And is part of it while near it in size and at most this share of its number, in percent.
const STRAY_NUMBER: usize = 33;

/// Decides on all that is undecided.
pub(super) fn tell_apart(
    observed: &[Observed],
    verdicts: &mut [Verdict],
    config: &Config,
    steps: &mut u64,
) {
    let open = undecided(verdicts);
    let group = Group::new(observed, open, config, steps);
    let crowded = group.crowded();
    if crowded.is_empty() {
        group.decide(verdicts, config);
    } else {
        tell_viewers_apart(&group, &crowded, verdicts, config, steps);
    }
}

/// Decides by connection, and then by server, where one address stands for several viewers who fetch the same tracks at
/// once.
fn tell_viewers_apart(
    all: &Group<'_>,
    crowded: &[&Cluster],
    verdicts: &mut [Verdict],
    config: &Config,
    steps: &mut u64,
) {
    let observed = all.observed;
    let mut places = all.places.clone();
    // Stable: in order of request within a connection.
    places.sort_by_key(|&at| (observed[at].server, observed[at].flow));
    for places in places.chunk_by(|&a, &b| observed[a].server == observed[b].server) {
        let mut audio: Vec<Cluster> = Vec::new();
        let mut few = Vec::new();
        for places in places.chunk_by(|&a, &b| observed[a].flow == observed[b].flow) {
            if places.len() < CONNECTION_MIN {
                few.extend_from_slice(places);
                continue;
            }
            let group = Group::new(observed, places.to_vec(), config, steps);
            let found = group.decide(verdicts, config);
            // Steps of video may be as constant as audio: others fetch audio as well, or it is slow.
            let is_shared = |size: u64| crowded.iter().any(|cluster| cluster.holds(size));
            let is_audio = |cluster: &&Cluster| {
                is_shared(cluster.low)
                    || is_shared(cluster.high)
                    || bitrate(cluster, &group.segments)
                        .is_some_and(|rate| rate <= config.audio_bitrate() * 1000)
            };
            let shared = places.iter().filter(|&&at| is_shared(observed[at].size));
            let is_single = found.is_empty() && shared.count() * 2 >= places.len();
            if !is_single && !found.iter().any(|cluster| is_audio(&cluster)) {
                for &at in places {
                    verdicts[at] = (Kind::Video, KindReason::SingleTrack);
                }
            }
            audio.extend(found.iter().filter(is_audio).cloned());
        }
        few.sort_unstable();
        if audio.is_empty() {
            let group = Group::new(observed, few, config, steps);
            audio.extend(group.decide(verdicts, config));
            few = Vec::new();
        }
        // What one connection says of a server's audio holds for others of it.
        let unsure = |at: &usize| verdicts[*at] == (Kind::Video, KindReason::SingleTrack);
        few.extend(places.iter().copied().filter(unsure));
        for at in few {
            verdicts[at] = beside(&audio, &observed[at], config);
        }
    }
}

/// Returns what a segment is where audio has these sizes.
fn beside(audio: &[Cluster], segment: &Observed, config: &Config) -> Verdict {
    // A share may be anything; but what divided the period gives the audio its usual size, which agrees
    // with the sizes of audio that was alone.
    let reach = if segment.is_vague() {
        segment.size.saturating_mul(config.sharing_agreement()) / 1000
    } else {
        segment.error
    };
    let is_audio = audio
        .iter()
        .any(|cluster| cluster.reaches(segment.size, reach));
    if is_audio {
        (Kind::Audio, KindReason::SizeCluster)
    } else {
        (Kind::Video, KindReason::BesideAudio)
    }
}

/// Segments that are judged together.
struct Group<'a> {
    observed: &'a [Observed],
    places: Vec<usize>,
    /// Those whose sizes say something, and their sizes.
    segments: Vec<Observed>,
    sizes: Vec<u64>,
    clusters: Vec<Cluster>,
}

impl<'a> Group<'a> {
    fn new(observed: &'a [Observed], places: Vec<usize>, config: &Config, steps: &mut u64) -> Self {
        let all = || places.iter().map(|&at| observed[at]);
        // What was divided among requests without knowing more says nothing, where others do.
        let says_something = |segment: &Observed| !segment.shared || !segment.is_vague();
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

    /// Sizes that several viewers fetch at the same time, each over a connection of its own.
    fn crowded(&self) -> Vec<&Cluster> {
        let is_crowded = |cluster: &&Cluster| {
            let pairs = cluster.members.windows(2);
            let apart = pairs.filter(|pair| {
                let (a, b) = (&self.segments[pair[0]], &self.segments[pair[1]]);
                a.overlaps(b) && a.flow != b.flow
            });
            cluster.members.len() >= MEMBERS_LARGER
                && apart.count() * 100 > cluster.members.len() * CROWD_OVERLAPS
        };
        self.clusters.iter().filter(is_crowded).collect()
    }

    /// Decides on all; hands out what sizes audio has beside video.
    fn decide(&self, verdicts: &mut [Verdict], config: &Config) -> Vec<Cluster> {
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
                Vec::new()
            }
            Tracks::Two(audio) => {
                let audio: Vec<Cluster> = audio.into_iter().cloned().collect();
                for &at in &self.places {
                    verdicts[at] = beside(&audio, &self.observed[at], config);
                }
                audio
            }
        }
    }
}

/// Tracks that a client fetches.
enum Tracks<'a> {
    One(Kind),
    /// Two; audio has these sizes, one after the other.
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

/// Segments from a cluster's first to its last.
fn span(cluster: &Cluster) -> usize {
    cluster.members[cluster.members.len() - 1] - cluster.members[0] + 1
}

/// Returns true if a cluster comes back all through its own part of the session, one segment after
/// the other.
fn recurs(cluster: &Cluster, segments: &[Observed], config: &Config) -> bool {
    let (members, span) = (cluster.members.len(), span(cluster));
    let slice = (2 * span).div_ceil(members).max(SLICE_MIN);
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

/// Share of slices of a stretch of `span` segments, in percent, that hold a member; members by their place in it.
fn coverage(members: impl Iterator<Item = usize>, span: usize, slice: usize) -> u64 {
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

/// The cluster that is most likely audio: all through the session, and the most constant, or smaller, of those.
fn most_like_audio<'a>(recurring: &[&'a Cluster], sizes: &[u64]) -> Option<&'a Cluster> {
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
    through()
        .filter(|cluster| cluster.width < narrowest.saturating_mul(NARROWER))
        .min_by_key(|cluster| cluster.low)
}

/// Sizes of all that is not in a cluster.
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
    let near = rest.iter().filter(|&&size| cluster.is_near(size)).count();
    let strays = near * 2 >= rest.len() && rest.len() * 100 <= cluster.members.len() * STRAY_NUMBER;
    bytes.saturating_mul(100) < members.saturating_mul(BESIDE_BYTES) || strays
}

/// Bits per second of media, by the usual distance of requests behind the burst at the start.
fn bitrate(cluster: &Cluster, segments: &[Observed]) -> Option<u64> {
    let starts: Vec<i64> = cluster
        .members
        .iter()
        .map(|&at| segments[at].start)
        .collect();
    if starts.len() < MEMBERS_ALONE {
        return None;
    }
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
