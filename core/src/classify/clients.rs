//! The latest segments of each client, whose kinds are told from each other.

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
use crate::facts::segment::Segment;
use crate::flows::registry::Registry;
use crate::flows::site::Site;
use crate::segments::steps::Steps;
use crate::segments::table::SegmentTable;

/// A client is judged anew once this share of what is known of it is new.
const NEW_SHARE: usize = 6;

/// The most that judging may cost for each segment asked for, in steps. A client whose sizes make it dearer is judged
/// less often, but each segment at least once.
const STEPS_PER_SEGMENT: u64 = 1024;

/// Clients, and what their segments say about servers.
#[derive(Debug)]
pub(crate) struct Clients {
    pools: Table<IpAddr, Pool>,
    /// One past the largest slot in use.
    end: Slot,
    numbering: Numbering,
    /// By the server's place.
    tallies: Vec<Tally>,
    /// Number of the first segment that was not taken yet.
    next: u32,
    /// Some segments were decided for good: nothing can change them any more.
    pub(crate) verdicts_final: bool,
}

/// Numbers of a client's latest segments.
#[derive(Debug, Default)]
struct Pool {
    numbers: VecDeque<u32>,
    /// Of these, how many came since it was judged.
    new: usize,
    /// Steps that this took.
    steps: u64,
}

impl Pool {
    /// Returns true if something is new and judging is paid for.
    fn is_worth_judging(&self) -> bool {
        self.new > 0 && self.new as u64 * STEPS_PER_SEGMENT >= self.steps
    }

    /// Returns true if it should be judged again.
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

    /// The most memory that they hold, in bytes.
    pub(crate) fn bound(config: &Config) -> u64 {
        let pools = Table::<IpAddr, Pool>::bound(config.max_viewers());
        let numbers = config
            .max_viewers()
            .saturating_mul(size::list::<u32>(config.kind_window()));
        pools
            .saturating_add(numbers)
            .saturating_add(size::list::<Tally>(config.max_servers()))
    }

    /// The segments that were opened since those that were taken.
    pub(crate) fn new_segments(&self, segments: &SegmentTable) -> core::ops::Range<u32> {
        self.next..segments.next_number()
    }

    /// Takes the segments that were opened since, and judges each one's client if enough is new.
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

    /// Judges the client of a segment that is to settle, if anything of it is new.
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

    /// Judges everything, as the capture ended.
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

    /// Takes a segment that a client just asked for; `true` if its client should be judged.
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

    /// Gives a server the role that its tally speaks for.
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

/// When a segment's last byte came, in line with other segments' times.
fn end(segment: &Segment, steps: &Steps) -> Option<i64> {
    let shift = steps.shift(segment.last_frame?);
    Some(segment.t_last?.0.saturating_add(shift))
}

/// Returns what is to be judged of a client's segments, in order of time.
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
        })
        .collect();
    // Nearly all stand in order already, of which a stable sort makes use.
    observed.sort_by_key(|s| s.start);
    // Of requests at the same time none comes first: what is said of them does not depend on their numbers.
    for at_once in observed.chunk_by_mut(|a, b| a.start == b.start) {
        at_once.sort_by_key(|s| (s.end, s.size, s.server, s.number));
    }
    observed
}

/// Returns the servers of segments, in order, with what their names let expect.
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
