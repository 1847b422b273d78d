//! The latest segments of each client, whose kinds are decided together.

use std::collections::VecDeque;
use std::net::IpAddr;

use super::observed::Observed;
use super::role;
use super::role::Tally;
use crate::bounded::clock_table::{Slot, Table};
use crate::bounded::numbering::Numbering;
use crate::bounded::{size, work};
use crate::classify;
use crate::config::Config;
use crate::facts::annotation::ServerId;
use crate::facts::segment::{Kind, Segment};
use crate::flows::registry::Registry;
use crate::flows::site::Site;
use crate::segments::steps::Steps;
use crate::segments::table::SegmentTable;

/// A client is judged again once one in this many of its segments is new.
const NEW_SHARE: usize = 6;

/// The most that judging may cost per requested segment, in steps. A client with sizes that cost
/// more is judged less often, but each of its segments at least once.
const STEPS_PER_SEGMENT: u64 = 1024;

/// Clients, and what their segments show about servers.
#[derive(Debug)]
pub(crate) struct Clients {
    pools: Table<IpAddr, Pool>,
    /// One past the largest slot in use.
    end: Slot,
    numbering: Numbering,
    /// Tallies by the server's place.
    tallies: Vec<Tally>,
    /// Number of the first segment that was not added yet.
    next: u32,
    /// True if some segments were decided for good, so that nothing can change them any more.
    pub(crate) verdicts_final: bool,
}

/// Numbers of a client's latest segments.
#[derive(Debug, Default)]
struct Pool {
    numbers: VecDeque<u32>,
    /// Number of these that came since the client was last judged.
    new: usize,
    /// Steps that judging took.
    steps: u64,
}

impl Pool {
    /// Returns true if something is new and judging is paid for.
    fn is_worth_judging(&self) -> bool {
        self.new > 0 && self.new as u64 * STEPS_PER_SEGMENT >= self.steps
    }

    /// Returns true if the client should be judged again.
    fn is_due(&self) -> bool {
        let is_paid = self.new as u64 * STEPS_PER_SEGMENT >= self.steps;
        is_paid && self.new * NEW_SHARE >= self.numbers.len() || self.new >= self.numbers.len()
    }
}

impl Clients {
    pub(crate) fn new(config: &Config) -> Self {
        let capacity = usize::try_from(config.max_viewers()).unwrap_or(usize::MAX);
        Self {
            pools: Table::new(capacity, config.hash_seed),
            end: 0,
            numbering: Numbering::of(config.max_servers()),
            tallies: Vec::new(),
            next: 1,
            verdicts_final: false,
        }
    }

    /// Returns the most memory that they hold, in bytes.
    pub(crate) fn bound(config: &Config) -> u64 {
        let pools = Table::<IpAddr, Pool>::bound(config.max_viewers());
        let numbers = config
            .max_viewers()
            .saturating_mul(size::list::<u32>(config.kind_window()));
        pools
            .saturating_add(numbers)
            .saturating_add(size::list::<Tally>(config.max_servers()))
    }

    /// Returns the segments that were opened since the last ones added.
    pub(crate) fn new_segments(&self, segments: &SegmentTable) -> core::ops::Range<u32> {
        self.next..segments.next_number()
    }

    /// Adds the segments that were opened since, and judges each one's client if enough is new.
    pub(crate) fn follow(
        &mut self,
        config: &Config,
        registry: &mut Registry,
        segments: &mut SegmentTable,
    ) {
        let window = usize::try_from(config.kind_window()).unwrap_or(usize::MAX);
        let opened = self.new_segments(segments);
        self.next = opened.end;
        for number in opened {
            let Some(segment) = segments.get(number) else {
                continue;
            };
            let client = segment.client;
            registry.keep(segment.server);
            let (slot, due) = self.take(client, number, window);
            if due {
                self.judge(slot, config, registry, segments);
            }
        }
    }

    /// Judges the client of a segment that is about to settle, if any of its segments is new.
    pub(crate) fn judge_before_settling(
        &mut self,
        number: u32,
        config: &Config,
        registry: &mut Registry,
        segments: &mut SegmentTable,
    ) {
        let slot = segments
            .get(number)
            .and_then(|segment| self.pools.find(&segment.client));
        if let Some(slot) = slot
            && self.pools[slot].is_worth_judging()
        {
            self.judge(slot, config, registry, segments);
        }
    }

    /// Judges everything at the end of the capture.
    pub(crate) fn finish(
        &mut self,
        config: &Config,
        registry: &mut Registry,
        segments: &mut SegmentTable,
    ) {
        for slot in 0..self.end {
            self.judge(slot, config, registry, segments);
        }
        let servers: Vec<ServerId> = registry.numbered_servers().map(|server| server.0).collect();
        for server in servers {
            self.assign(server, config, registry);
        }
    }

    /// Adds a segment that a client just requested. Returns true if the client should be judged.
    fn take(&mut self, client: IpAddr, number: u32, window: usize) -> (Slot, bool) {
        let verdicts_final = &mut self.verdicts_final;
        let slot = self.pools.find(&client).unwrap_or_else(|| {
            if self.pools.is_full()
                && let Some(victim) = self.pools.victim(|_, _| true)
            {
                self.pools.remove(victim);
                self.pools[victim] = Pool::default();
                *verdicts_final = true;
            }
            self.pools.insert(client, Pool::default())
        });
        self.end = self.end.max(slot + 1);
        let pool = &mut self.pools[slot];
        if pool.numbers.len() >= window {
            pool.numbers.pop_front();
            *verdicts_final = true;
        }
        pool.numbers.push_back(number);
        pool.new += 1;
        (slot, pool.is_due())
    }

    /// Judges a client's segments.
    fn judge(
        &mut self,
        slot: Slot,
        config: &Config,
        registry: &mut Registry,
        segments: &mut SegmentTable,
    ) {
        self.pools[slot].new = 0;
        let observed = observed(&self.pools[slot].numbers, segments);
        let sites = sites(&observed, registry);
        let site = |server: ServerId| {
            sites
                .binary_search_by_key(&server, |site| site.0)
                .map_or(Site::Unknown, |at| sites[at].1)
        };
        let judged = classify::judge(&observed, site, config);
        self.pools[slot].steps = judged.steps;
        work::count(judged.steps as usize);
        for (seen, (kind, reason)) in observed.iter().zip(judged.verdicts) {
            let Some(segment) = segments.get_mut(seen.number) else {
                continue;
            };
            let tally = self.tally(seen.server);
            tally.remove(segment.kind, segment.kind_reason);
            tally.add(kind, reason);
            tally.above_probe |= seen.size > config.probe_max();
            (segment.kind, segment.kind_reason) = (kind, reason);
        }
        for (server, _) in sites {
            self.assign(server, config, registry);
        }
    }

    fn tally(&mut self, server: ServerId) -> &mut Tally {
        let at = self.numbering.place(server);
        if self.tallies.len() <= at {
            self.tallies.resize(at + 1, Tally::default());
        }
        &mut self.tallies[at]
    }

    /// Gives a server the role that its tally indicates.
    fn assign(&mut self, id: ServerId, config: &Config, registry: &mut Registry) {
        let tally = *self.tally(id);
        let site = registry.site(id);
        let server = registry.server_mut(id);
        let before = server.role;
        (server.role, server.role_reason) = role::decide(site, &tally, &server.counters, config);
        if server.role != before {
            registry.roles_changed.note(id);
        }
    }
}

/// Returns the time of a segment's last byte, on the common clock of all segments.
fn end(segment: &Segment, steps: &Steps) -> Option<i64> {
    let shift = steps.shift(segment.last_frame?);
    Some(segment.t_last?.0.saturating_add(shift))
}

/// Returns the segments of a client to judge, in order of time.
fn observed(numbers: &VecDeque<u32>, segments: &SegmentTable) -> Vec<Observed> {
    let steps = &segments.steps;
    let mut observed: Vec<Observed> = numbers
        .iter()
        .filter_map(|&number| segments.get(number))
        .filter(|segment| segment.bytes > 0)
        .map(|segment| (segment, steps.shift(segment.request_frame)))
        .map(|(segment, shift)| (segment, segment.t_request.0.saturating_add(shift)))
        .map(|(segment, start)| Observed {
            number: segment.number,
            server: segment.server,
            flow: segment.flow,
            start,
            end: end(segment, steps).unwrap_or(start),
            size: segment.app_bytes,
            error: segment.size_error,
            shared: segment.shared,
            as_audio: segment.divided_as == Some(Kind::Audio),
        })
        .collect();
    // Nearly all are in order already, which a stable sort makes use of.
    observed.sort_by_key(|s| s.start);
    // Requests at the same time get an order that does not depend on their numbers, so neither does
    // the result.
    for at_once in observed.chunk_by_mut(|a, b| a.start == b.start) {
        at_once.sort_by_key(|s| (s.end, s.size, s.server, s.number));
    }
    observed
}

/// Returns the servers of segments, in order, with the expectations from their names.
fn sites(observed: &[Observed], registry: &Registry) -> Vec<(ServerId, Site)> {
    let mut sites: Vec<(ServerId, Site)> = Vec::new();
    for segment in observed {
        if let Err(at) = sites.binary_search_by_key(&segment.server, |site| site.0) {
            sites.insert(at, (segment.server, registry.site(segment.server)));
        }
    }
    sites
}

#[cfg(test)]
mod tests;
