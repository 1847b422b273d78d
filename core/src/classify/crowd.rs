//! Several viewers behind one address, as behind a household's router: their tracks are told from each other by connection.
//!
//! A connection is one viewer's. So the sizes of audio need not come back all through what the address fetches, only through
//! what came over the connections that carry them; and there may be as many of them as there are viewers.

use std::collections::BTreeMap;

use super::cluster::Cluster;
use super::observed::{Observed, Verdict, undecided};
use super::tracks::{
    Group, MEMBERS_ALONE, MEMBERS_LARGER, NARROWER, OVERLAPS, SLICE_MIN, beside, coverage,
};
use crate::config::Config;

/// Segments of a connection from which it carries audio only if these are some share of them.
const CONNECTION_MIN: usize = 8;
/// Members of a cluster, in percent, that overlap the one before on another connection where one address stands for
/// several viewers: the segments of a track come one after the other.
const CROWD_OVERLAPS: usize = 10;
/// Widest that sizes of another viewer's audio are, in thousandths: steps of video vary more.
const OTHERS_WIDTH: u64 = 40;
/// Least share, in percent, that a track has of what its connections carry.
const TRACK_SHARE: usize = 25;
/// Segments of nearly a track's size that are none of it, in percent of its own: last ones are shorter.
const STRAYS: usize = 75;
/// Share of distances, in percent, above which they are those of a full buffer.
const LONGEST: usize = 90;
/// The least share of segments that must remain for video, in percent of those that are audio: each viewer fetches both.
const VIDEO_LEFT: usize = 50;

/// Decides on all that is undecided.
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

/// A client's segments by connection.
struct Crowd<'a> {
    group: &'a Group<'a>,
    config: &'a Config,
    /// Segments that say something, in order, by connection.
    connections: BTreeMap<u32, Vec<usize>>,
}

impl<'a> Crowd<'a> {
    fn new(group: &'a Group<'a>, config: &'a Config) -> Self {
        let mut connections: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for (at, segment) in group.segments.iter().enumerate() {
            connections.entry(segment.flow).or_default().push(at);
        }
        Self {
            group,
            config,
            connections,
        }
    }

    fn flow(&self, member: usize) -> u32 {
        self.group.segments[member].flow
    }

    /// Members of a cluster by connection.
    fn by_connection(&self, cluster: &Cluster) -> BTreeMap<u32, Vec<usize>> {
        let mut members: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for &member in &cluster.members {
            members.entry(self.flow(member)).or_default().push(member);
        }
        members
    }

    /// Sizes of audio, of one or several viewers.
    fn audio(&self) -> Vec<&'a Cluster> {
        let clusters = self.group.clusters.iter();
        let mut recurring: Vec<&Cluster> =
            clusters.filter(|cluster| self.recurs(cluster)).collect();
        let narrowest = recurring.iter().map(|cluster| cluster.width).min();
        let narrow = narrowest.unwrap_or(0).saturating_mul(NARROWER);
        recurring.sort_by_key(|cluster| (cluster.width > narrow, cluster.low));
        let mut audio: Vec<&Cluster> = Vec::new();
        for cluster in recurring {
            if audio.is_empty() || self.is_of_another(cluster, &audio) {
                audio.push(cluster);
            }
        }
        let mut members: usize = audio.iter().map(|cluster| cluster.members.len()).sum();
        let all = self.group.segments.len();
        while audio.len() > 1 && (all - members) * 100 < members * VIDEO_LEFT {
            members -= audio.pop().map_or(0, |cluster| cluster.members.len());
        }
        audio
    }

    /// Returns true if a cluster comes back all through what its connections carry while it does.
    fn recurs(&self, cluster: &Cluster) -> bool {
        let own = self.by_connection(cluster);
        let mut around: Vec<usize> = Vec::new();
        for (flow, members) in &own {
            let overlaps = members.windows(2).filter(|pair| {
                self.group.segments[pair[0]].overlaps(&self.group.segments[pair[1]])
            });
            if overlaps.count() * 100 > members.len() * OVERLAPS {
                return false;
            }
            around.extend(&self.connections[flow]);
        }
        around.sort_unstable();
        let rank = |member: &usize| around.partition_point(|at| at < member);
        let (Some(first), Some(last)) = (cluster.members.first(), cluster.members.last()) else {
            return false;
        };
        let (first, members) = (rank(first), cluster.members.len());
        let span = rank(last) + 1 - first;
        let slice = (2 * span).div_ceil(members).max(SLICE_MIN);
        members as u64 * 100 >= span as u64 * self.config.audio_share()
            && coverage(
                cluster.members.iter().map(|member| rank(member) - first),
                span,
                slice,
            ) >= self.config.audio_coverage()
    }

    /// Returns true if a cluster is audio of another viewer than those that have these, or of one of them before or after.
    fn is_of_another(&self, cluster: &Cluster, audio: &[&Cluster]) -> bool {
        if audio.iter().any(|known| is_close(cluster, known)) {
            return true;
        }
        cluster.width <= OTHERS_WIDTH
            && cluster.members.len() >= MEMBERS_LARGER
            && self.is_slow(cluster)
            && self.is_a_track(cluster)
            && !self.is_beside(cluster, audio)
    }

    /// Returns true if the connections that carry a cluster carry enough of it, and little else of nearly its size: video
    /// that has the same size by chance is among much that nearly has.
    fn is_a_track(&self, cluster: &Cluster) -> bool {
        let (mut members, mut strays, mut few, mut few_in_all) = (0, 0, 0, 0);
        for (flow, of_flow) in self.by_connection(cluster) {
            let all = &self.connections[&flow];
            if all.len() < CONNECTION_MIN {
                (few, few_in_all) = (few + of_flow.len(), few_in_all + all.len());
            } else if of_flow.len() * 100 < all.len() * TRACK_SHARE {
                continue;
            } else {
                members += of_flow.len();
            }
            let near = all.iter().map(|&at| self.group.segments[at].size);
            let near = near.filter(|&size| cluster.is_near(size)).count();
            strays += near - of_flow.len().min(near);
        }
        if few * 100 >= few_in_all * TRACK_SHARE {
            members += few;
        }
        members * 2 >= cluster.members.len() && strays * 100 <= members * STRAYS
    }

    /// Returns true if most of a cluster came over connections that carried other audio meanwhile.
    fn is_beside(&self, cluster: &Cluster, audio: &[&Cluster]) -> bool {
        let known: Vec<_> = audio
            .iter()
            .map(|known| self.by_connection(known))
            .collect();
        let is_beside = |member: &&usize| {
            known.iter().any(|known| {
                let of_flow = known.get(&self.flow(**member));
                of_flow.is_some_and(|of_flow| {
                    of_flow.len() > 1 && (of_flow[0]..of_flow[of_flow.len() - 1]).contains(member)
                })
            })
        };
        cluster.members.iter().filter(is_beside).count() * 2 >= cluster.members.len()
    }

    /// Returns true if segments of a cluster follow each other as slowly as those of audio do once the buffer is full: on
    /// some connection, or all together where connections carry few.
    fn is_slow(&self, cluster: &Cluster) -> bool {
        let by_connection = self.by_connection(cluster);
        let long = by_connection
            .values()
            .filter(|members| members.len() >= MEMBERS_ALONE);
        let rate = |members: &Vec<usize>| self.bitrate(cluster.high, members);
        long.filter_map(rate)
            .min()
            .or_else(|| rate(&cluster.members))
            .is_some_and(|rate| rate <= u128::from(self.config.audio_bitrate()) * 1000)
    }

    /// Bits per second of media in segments of this size, by the longest distances of their requests.
    fn bitrate(&self, size: u64, members: &[usize]) -> Option<u128> {
        let start = |at: usize| self.group.segments[at].start;
        let mut gaps: Vec<i64> = members
            .windows(2)
            .map(|pair| start(pair[1]) - start(pair[0]))
            .collect();
        gaps.sort_unstable();
        let gap = *gaps.get(gaps.len() * LONGEST / 100)?;
        let gap = u128::try_from(gap).ok().filter(|&gap| gap > 0)?;
        Some(u128::from(size) * 8 * 1_000_000_000 / gap)
    }

    /// Returns true if all may be one viewer's.
    fn is_one(&self, audio: &[&Cluster]) -> bool {
        let segments = &self.group.segments;
        let is_crowded = |cluster: &&Cluster| {
            let pairs = cluster.members.windows(2);
            let apart = pairs.filter(|pair| {
                let (a, b) = (&segments[pair[0]], &segments[pair[1]]);
                a.overlaps(b) && a.flow != b.flow
            });
            cluster.members.len() >= MEMBERS_LARGER
                && apart.count() * 100 > cluster.members.len() * CROWD_OVERLAPS
        };
        let is_crowd = audio.iter().copied().any(|cluster| is_crowded(&cluster))
            || audio.iter().enumerate().any(|(at, one)| {
                audio[at + 1..]
                    .iter()
                    .any(|other| !is_close(one, other) && come_by_turns(one, other))
            });
        !is_crowd
    }

    /// Decides on all, where audio of viewers has these sizes.
    fn decide(&self, audio: &[&Cluster], verdicts: &mut [Verdict]) {
        let carried: Vec<_> = audio
            .iter()
            .map(|cluster| self.by_connection(cluster))
            .collect();
        for &at in &self.group.places {
            let segment = &self.group.observed[at];
            let all = self.connections.get(&segment.flow).map_or(0, Vec::len);
            // Of much video, some has the size of another viewer's audio by chance.
            let may_carry = |of_flow: &BTreeMap<u32, Vec<usize>>| {
                let members = of_flow.get(&segment.flow).map_or(0, Vec::len) as u64;
                all < CONNECTION_MIN || members * 100 >= all as u64 * self.config.audio_share()
            };
            let sizes = audio.iter().zip(&carried);
            let sizes = sizes.filter(|(_, of_flow)| may_carry(of_flow));
            verdicts[at] = beside(sizes.map(|(cluster, _)| *cluster), segment, self.config);
        }
    }
}

/// Returns true if segments of two sizes come while the other ones still do, and not after them as where audio changes its
/// bitrate.
fn come_by_turns(one: &Cluster, other: &Cluster) -> bool {
    let within = |a: &Cluster, b: &Cluster| {
        let (first, last) = (b.members[0], b.members[b.members.len() - 1]);
        let inside = a.members.iter().filter(|&&at| first < at && at < last);
        inside.count() * 2 >= a.members.len()
    };
    within(one, other) || within(other, one)
}

/// Returns true if sizes are as near to others as those of one track are to each other.
const fn is_close(one: &Cluster, other: &Cluster) -> bool {
    let (low, high) = (
        other.low.saturating_mul(1000 - OTHERS_WIDTH),
        other.high.saturating_mul(1000 + OTHERS_WIDTH),
    );
    low <= one.low.saturating_mul(1000) && one.high.saturating_mul(1000) <= high
}
