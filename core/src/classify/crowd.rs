//! Several viewers behind one address, as behind a household's router. Their tracks are separated
//! by connection.
//!
//! A connection belongs to one viewer. So the sizes of audio need not recur throughout everything
//! that the address fetches, only on the connections that carry them; and there may be as many of
//! these sizes as there are viewers.

use super::by_connection::{ByConnection, ConnectionNumbers};
use super::cluster::Cluster;
use super::observed::{Observed, Verdict, undecided};
use super::tracks::{
    Group, MEMBERS_ALONE, MEMBERS_LARGER, NARROWER, OVERLAPS, SLICE_MIN, beside, coverage,
};
use crate::config::Config;

/// Number of segments from which a connection carries audio only if audio is a minimum share of
/// them.
const CONNECTION_MIN: usize = 8;
/// Percentage of a cluster's members that overlap the previous one on another connection, from
/// which one address counts as several viewers. The segments of one track come one after the other.
const CROWD_OVERLAPS: usize = 10;
/// Largest spread of sizes of another viewer's audio, in thousandths: steps of video vary more.
const OTHERS_WIDTH: u64 = 40;
/// Smallest share, in percent, of a track in what its connections carry.
const TRACK_SHARE: usize = 25;
/// Number of segments of nearly a track's size that do not belong to it, in percent of its own:
/// last segments are shorter.
const STRAYS: usize = 75;
/// Percentile of intervals that counts as the interval of a full buffer.
const LONGEST: usize = 90;
/// Smallest number of segments that must remain for video, in percent of the audio segments: each
/// viewer fetches both.
const VIDEO_LEFT: usize = 50;

/// Decides all undecided segments.
pub(super) fn tell_apart(
    observed: &[Observed],
    verdicts: &mut [Verdict],
    config: &Config,
    steps: &mut u64,
) {
    let open = undecided(verdicts);
    let group = Group::new(observed, open, config, steps);
    let crowd = Crowd::new(&group, config);
    *steps += (group.clusters.len() * group.segments.len()) as u64;
    let audio = crowd.audio();
    if !crowd.is_one(&audio) {
        crowd.decide(&audio, verdicts);
    } else {
        group.decide(verdicts, config);
    }
}

/// Segments of nearly the same size, by connection.
struct SizeGroup<'a> {
    cluster: &'a Cluster,
    members: ByConnection,
}

/// A client's segments by connection.
struct Crowd<'a> {
    group: &'a Group<'a>,
    config: &'a Config,
    connections: ConnectionNumbers,
    /// Segments with reliable sizes.
    all: ByConnection,
    tracks: Vec<SizeGroup<'a>>,
}

impl<'a> Crowd<'a> {
    fn new(group: &'a Group<'a>, config: &'a Config) -> Self {
        let connections = ConnectionNumbers::new(&group.segments);
        let track = |cluster: &'a Cluster| SizeGroup {
            cluster,
            members: connections.divide(cluster.members.iter().copied()),
        };
        Self {
            group,
            config,
            all: connections.divide(0..group.segments.len()),
            tracks: group.clusters.iter().map(track).collect(),
            connections,
        }
    }

    /// Returns the sizes of audio, of one or several viewers.
    fn audio(&self) -> Vec<&SizeGroup<'a>> {
        let mut recurring: Vec<&SizeGroup> =
            self.tracks.iter().filter(|t| self.recurs(t)).collect();
        let narrowest = recurring.iter().map(|track| track.cluster.width).min();
        let narrow = narrowest.unwrap_or(0).saturating_mul(NARROWER);
        // Encoders keep audio's rate, so its sizes lie closest together. Among the equally narrow,
        // video's are larger.
        recurring.sort_by_key(|track| (track.cluster.width > narrow, track.cluster.low));
        let mut audio: Vec<&SizeGroup> = Vec::new();
        for track in recurring {
            // The first belongs to some viewer. Any other must show that it is not the same
            // viewer's video.
            if audio.is_empty() || self.is_of_another(track, &audio) {
                audio.push(track);
            }
        }
        let number = |track: &SizeGroup| track.cluster.members.len();
        let mut members: usize = audio.iter().map(|track| number(track)).sum();
        let all = self.group.segments.len();
        // If too little remains for video, the last one that was taken for audio was video.
        while audio.len() > 1 && (all - members) * 100 < members * VIDEO_LEFT {
            members -= audio.pop().map_or(0, number);
        }
        audio
    }

    /// Returns true if a track recurs throughout its time on the connections that carry it.
    fn recurs(&self, track: &SizeGroup<'_>) -> bool {
        let overlaps =
            |pair: &&[usize]| self.group.segments[pair[0]].overlaps(&self.group.segments[pair[1]]);
        let come_in_turn = track.members.iter().all(|(_, members)| {
            members.windows(2).filter(overlaps).count() * 100 <= members.len() * OVERLAPS
        });
        // A player asks for a track's next segment when it has the previous one.
        if !come_in_turn {
            return false;
        }
        // Only between its first and last segment: a viewer who came later shows nothing about the
        // time before.
        let ranks = self.ranks(track);
        let (Some(first), Some(last)) = (ranks.first(), ranks.last()) else {
            return false;
        };
        let (span, members) = (last + 1 - first, ranks.len());
        let slice = (2 * span).div_ceil(members).max(SLICE_MIN);
        members as u64 * 100 >= span as u64 * self.config.audio_share()
            && coverage(ranks.iter().map(|rank| rank - first), span, slice)
                >= self.config.audio_coverage()
    }

    /// Returns the positions of a track's segments among everything that came over its connections.
    fn ranks(&self, track: &SizeGroup<'_>) -> Vec<usize> {
        let (mut next, mut before) = (0, 0);
        let rank = |&member: &usize| {
            let carries = |&at: &usize| !track.members.on(self.connections.of(at)).is_empty();
            before += (next..member).filter(carries).count();
            next = member;
            before
        };
        track.cluster.members.iter().map(rank).collect()
    }

    /// Returns true if a track is the audio of another viewer than those with the given tracks, or
    /// of one of them at another time.
    fn is_of_another(&self, track: &SizeGroup<'_>, audio: &[&SizeGroup<'_>]) -> bool {
        let cluster = track.cluster;
        if audio.iter().any(|known| is_close(cluster, known.cluster)) {
            return true;
        }
        cluster.width <= OTHERS_WIDTH
            && cluster.members.len() >= MEMBERS_LARGER
            && self.is_slow(track)
            && self.is_a_track(track)
            && !self.is_beside(track, audio)
    }

    /// Returns true if the connections that carry a track carry enough of it, and little else of
    /// nearly its size: video that has the same size by chance is among much that nearly has.
    fn is_a_track(&self, track: &SizeGroup<'_>) -> bool {
        let cluster = track.cluster;
        let (mut members, mut strays, mut few, mut few_in_all) = (0, 0, 0, 0);
        for (connection, own) in track.members.iter() {
            let all = self.all.on(connection);
            // Clients that open a connection for every few segments: the share on one connection
            // shows nothing, the share on all does.
            if all.len() < CONNECTION_MIN {
                (few, few_in_all) = (few + own.len(), few_in_all + all.len());
            // A connection of another viewer, on which some segment has this size by chance.
            } else if own.len() * 100 < all.len() * TRACK_SHARE {
                continue;
            } else {
                members += own.len();
            }
            let near = all.iter().map(|&at| self.group.segments[at].size);
            let near = near.filter(|&size| cluster.is_near(size)).count();
            strays += near - own.len().min(near);
        }
        if few * 100 >= few_in_all * TRACK_SHARE {
            members += few;
        }
        members * 2 >= cluster.members.len() && strays * 100 <= members * STRAYS
    }

    /// Returns true if most of a track came over connections that carried other audio at the time.
    fn is_beside(&self, track: &SizeGroup<'_>, audio: &[&SizeGroup<'_>]) -> bool {
        let is_beside = |member: &&usize| {
            let connection = self.connections.of(**member);
            audio.iter().any(|known| {
                let known = known.members.on(connection);
                known.len() > 1 && (known[0]..known[known.len() - 1]).contains(member)
            })
        };
        let members = &track.cluster.members;
        members.iter().filter(is_beside).count() * 2 >= members.len()
    }

    /// Returns true if the segments of a track follow each other as slowly as audio does once the
    /// buffer is full: on some connection, or on all together if connections carry few.
    fn is_slow(&self, track: &SizeGroup<'_>) -> bool {
        let cluster = track.cluster;
        let rate = |members: &[usize]| self.bitrate(cluster.high, members);
        let long = track.members.iter().map(|(_, members)| members);
        let long = long.filter(|members| members.len() >= MEMBERS_ALONE);
        // The slowest connection counts: on the others, the buffer may still have been filling.
        long.filter_map(rate)
            .min()
            .or_else(|| rate(&cluster.members))
            .is_some_and(|rate| rate <= u128::from(self.config.audio_bitrate()) * 1000)
    }

    /// Returns the bits per second of media in segments of this size, by the longest intervals
    /// between their requests.
    fn bitrate(&self, size: u64, members: &[usize]) -> Option<u128> {
        let start = |at: usize| self.group.segments[at].start;
        let mut gaps: Vec<i64> = members
            .windows(2)
            .map(|pair| start(pair[1]) - start(pair[0]))
            .collect();
        gaps.sort_unstable();
        // Not the longest of all, which may be a pause of the viewer.
        let gap = *gaps.get(gaps.len() * LONGEST / 100)?;
        let gap = u128::try_from(gap).ok().filter(|&gap| gap > 0)?;
        Some(u128::from(size) * 8 * 1_000_000_000 / gap)
    }

    /// Returns true if all may belong to one viewer.
    fn is_one(&self, audio: &[&SizeGroup<'_>]) -> bool {
        let segments = &self.group.segments;
        let is_crowded = |cluster: &Cluster| {
            let pairs = cluster.members.windows(2);
            let apart = pairs.filter(|pair| {
                let (a, b) = (&segments[pair[0]], &segments[pair[1]]);
                // On one connection they may overlap because a player asks for the next one early.
                a.overlaps(b) && a.flow != b.flow
            });
            cluster.members.len() >= MEMBERS_LARGER
                && apart.count() * 100 > cluster.members.len() * CROWD_OVERLAPS
        };
        let clusters: Vec<&Cluster> = audio.iter().map(|track| track.cluster).collect();
        let is_crowd = clusters.iter().copied().any(is_crowded)
            || clusters.iter().enumerate().any(|(at, one)| {
                clusters[at + 1..]
                    .iter()
                    .any(|other| !is_close(one, other) && come_by_turns(one, other))
            });
        !is_crowd
    }

    /// Decides all segments, given these sizes of the viewers' audio.
    fn decide(&self, audio: &[&SizeGroup<'_>], verdicts: &mut [Verdict]) {
        for &at in &self.group.places {
            let segment = &self.group.observed[at];
            let connection = self.connections.find(segment.flow);
            let all = connection.map_or(0, |connection| self.all.on(connection).len());
            // In much video, some segments have the size of another viewer's audio by chance.
            let may_carry = |track: &&&SizeGroup<'_>| {
                let own = connection.map_or(0, |connection| track.members.on(connection).len());
                all < CONNECTION_MIN || own as u64 * 100 >= all as u64 * self.config.audio_share()
            };
            let sizes = audio.iter().filter(may_carry).map(|track| track.cluster);
            verdicts[at] = beside(sizes, segment, self.config);
        }
    }
}

/// Returns true if segments of two sizes alternate, rather than one size following the other as
/// when audio changes its bitrate.
fn come_by_turns(one: &Cluster, other: &Cluster) -> bool {
    let within = |a: &Cluster, b: &Cluster| {
        let (first, last) = (b.members[0], b.members[b.members.len() - 1]);
        let inside = a.members.iter().filter(|&&at| first < at && at < last);
        inside.count() * 2 >= a.members.len()
    };
    within(one, other) || within(other, one)
}

/// Returns true if two sizes are as close as those within one track.
const fn is_close(one: &Cluster, other: &Cluster) -> bool {
    let (low, high) = (
        other.low.saturating_mul(1000 - OTHERS_WIDTH),
        other.high.saturating_mul(1000 + OTHERS_WIDTH),
    );
    low <= one.low.saturating_mul(1000) && one.high.saturating_mul(1000) <= high
}
