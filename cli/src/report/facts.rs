//! Facts on the page, from what the engine found.

use std::collections::HashMap;
use std::net::IpAddr;

use nflx_core::buffering::{self, Phase};
use nflx_core::summary::RankedServer;
use nflx_core::{Engine, Kind, Role, Segment, Time};

use crate::rows::ranked;

/// Kinds in the order in which the page names them.
pub(super) const KINDS: [Kind; 3] = [Kind::Video, Kind::Audio, Kind::Other];

/// The facts of one capture.
pub(super) struct Facts<'a> {
    pub(super) engine: &'a Engine,
    /// Those that send video first, then by bytes.
    pub(super) servers: Vec<RankedServer<'a>>,
    /// In order of request.
    pub(super) segments: Vec<&'a Segment>,
    /// Phases in which the buffer is filled.
    pub(super) phases: Vec<Phase>,
    /// From each request to the next of its client and kind.
    pub(super) gaps: Vec<Gap>,
    ranks: HashMap<IpAddr, usize>,
}

/// The time from one request to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Gap {
    /// When the later request was sent.
    pub(super) at: Time,
    /// Kind of both segments.
    pub(super) kind: Kind,
    /// In nanoseconds; 0 where the capture's clock stepped back.
    pub(super) length: i64,
}

/// Number and sum of some segments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sum {
    pub(super) count: u64,
    pub(super) bytes: u64,
    pub(super) retransmitted: u64,
    pub(super) missing: u64,
}

impl Sum {
    /// The sum of `segments`.
    pub(super) fn of<'a>(segments: impl IntoIterator<Item = &'a Segment>) -> Self {
        segments
            .into_iter()
            .fold(Self::default(), |sum, segment| Self {
                count: sum.count + 1,
                bytes: sum.bytes.saturating_add(segment.bytes),
                retransmitted: sum
                    .retransmitted
                    .saturating_add(segment.retransmitted_bytes),
                missing: sum.missing.saturating_add(segment.missing_bytes),
            })
    }

    /// Returns true if anything was lost on the way or not captured.
    pub(super) const fn has_loss(&self) -> bool {
        self.retransmitted > 0 || self.missing > 0
    }
}

impl<'a> Facts<'a> {
    pub(super) fn of(engine: &'a Engine) -> Self {
        let servers = ranked(engine);
        let segments: Vec<_> = engine.segments().collect();
        Self {
            engine,
            ranks: servers
                .iter()
                .enumerate()
                .map(|(rank, server)| (server.address, rank))
                .collect(),
            phases: buffering::filling(segments.iter().copied(), engine.config()),
            gaps: gaps(&segments),
            servers,
            segments,
        }
    }

    /// Servers that send video.
    pub(super) fn video_servers(&self) -> impl Iterator<Item = RankedServer<'a>> {
        self.servers
            .iter()
            .copied()
            .filter(|server| server.role.sends_video())
    }

    /// Place of a segment's server among [`Self::servers`].
    pub(super) fn rank(&self, segment: &Segment) -> Option<usize> {
        self.ranks
            .get(&self.engine.server(segment.server)?.address)
            .copied()
    }

    /// Segments of one kind.
    pub(super) fn of_kind(&self, kind: Kind) -> impl Iterator<Item = &'a Segment> {
        self.segments
            .iter()
            .copied()
            .filter(move |segment| segment.kind == kind)
    }

    /// Length of all gaps of one kind, the shortest first.
    pub(super) fn sorted_gaps(&self, kind: Kind) -> Vec<i64> {
        let mut lengths: Vec<_> = self
            .gaps
            .iter()
            .filter(|gap| gap.kind == kind)
            .map(|gap| gap.length)
            .collect();
        lengths.sort_unstable();
        lengths
    }

    /// Time in which at least one client fills its buffer, in nanoseconds.
    pub(super) fn filling_time(&self) -> i64 {
        let (mut total, mut covered) = (0i64, i64::MIN);
        for phase in &self.phases {
            let from = phase.t_start.0.max(covered);
            total = total.saturating_add(phase.t_end.0.saturating_sub(from).max(0));
            covered = covered.max(phase.t_end.0);
        }
        total
    }
}

/// The value below or at which a share of sorted values lies (nearest rank); `None` if there are
/// none.
pub(super) fn quantile(sorted: &[i64], share: f64) -> Option<i64> {
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.max(1) - 1).copied()
}

/// Returns the common name of a role.
pub(super) const fn role_title(role: Role) -> &'static str {
    match role {
        Role::Video => "video",
        Role::AudioVideo => "audio and video",
        Role::Audio => "audio",
        Role::Control => "control",
        Role::Static => "files",
        Role::Unknown => "unknown",
    }
}

fn gaps(segments: &[&Segment]) -> Vec<Gap> {
    let mut before: HashMap<(IpAddr, Kind), Time> = HashMap::new();
    let gap = |segment: &&Segment| {
        let at = segment.t_request;
        let before = before.insert((segment.client, segment.kind), at)?;
        Some(Gap {
            at,
            kind: segment.kind,
            length: at.since(before).max(0),
        })
    };
    segments.iter().filter_map(gap).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_values_that_occur() {
        assert_eq!(quantile(&[], 0.5), None);
        assert_eq!(quantile(&[7], 0.5), Some(7));
        let values: Vec<_> = (1..=10).collect();
        assert_eq!(
            [0.0, 0.1, 0.5, 0.9, 1.0].map(|share| quantile(&values, share)),
            [1, 1, 5, 9, 10].map(Some)
        );
    }
}
