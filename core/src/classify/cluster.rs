//! Clusters of sizes that lie closer together than chance would explain.

use crate::config::Config;

/// Widths of a band to try, in thousandths of its lower end.
const WIDTHS: [u64; 6] = [5, 10, 20, 40, 80, 160];
/// Below this width, sizes count as equal.
const NARROWEST: u64 = WIDTHS[0];
/// Width, in thousandths, within which a server's sizes count as constant without comparison.
pub(super) const CONSTANT: u64 = 30;
/// How far a band's surroundings extend to each side, in thousandths.
const SURROUNDINGS: u64 = 250;
/// Smallest number of members of a cluster.
const MEMBERS_MIN: usize = 3;
/// Cost of examining a band, in steps: two searches for its surroundings.
const BAND_STEPS: u64 = 16;
/// Largest number of clusters: audio at several bitrates, and steps of video at constant bitrates.
const MOST: usize = 8;

/// Members of a list whose sizes lie in a narrow band.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cluster {
    /// Smallest size of its members.
    pub(super) low: u64,
    pub(super) high: u64,
    /// Distance from the smallest to the largest size of its core, in thousandths.
    pub(super) width: u64,
    /// Places of its members in the list, in order.
    pub(super) members: Vec<usize>,
}

impl Cluster {
    /// Returns true if a member may have this size.
    pub(super) const fn holds(&self, size: u64) -> bool {
        self.low <= size && size <= self.high
    }

    /// Returns true if a size that may be off by `error` may belong to a member.
    pub(super) const fn reaches(&self, size: u64, error: u64) -> bool {
        self.low <= size.saturating_add(error) && size.saturating_sub(error) <= self.high
    }

    /// Returns true if a size lies in its surroundings.
    pub(super) const fn is_near(&self, size: u64) -> bool {
        let (low, high) = around(self.low, self.high, SURROUNDINGS);
        low <= size && size <= high
    }
}

/// Finds clusters among sizes, the clearest first.
pub(super) fn find(sizes: &[u64], config: &Config, steps: &mut u64) -> Vec<Cluster> {
    let mut sorted: Vec<(u64, usize)> = sizes.iter().copied().zip(0..).collect();
    sorted.sort_unstable();
    let mut found = Vec::new();
    while found.len() < MOST
        && let Some((from, to)) = clearest(&sorted, config, steps)
    {
        let (low, high) = (sorted[from].0, sorted[to - 1].0);
        let width = width(low, high);
        // The densest part decides; thinner ends of the same sizes belong to the track too.
        let (low, high) = around(low, high, width / 2);
        let (from, to) = (
            sorted.partition_point(|s| s.0 < low),
            sorted.partition_point(|s| s.0 <= high),
        );
        let mut members: Vec<usize> = sorted.drain(from..to).map(|(_, at)| at).collect();
        members.sort_unstable();
        found.push(Cluster {
            low,
            high,
            width,
            members,
        });
    }
    found
}

/// Returns the likeliest of the bands that stand out from their surroundings.
fn clearest(sorted: &[(u64, usize)], config: &Config, steps: &mut u64) -> Option<(usize, usize)> {
    let mut best = None;
    let mut most = 0.0;
    for limit in WIDTHS
        .into_iter()
        .filter(|&width| width <= config.audio_spread())
    {
        let mut to = 0;
        *steps += sorted.len() as u64;
        for from in 0..sorted.len() {
            let low = sorted[from].0;
            let reached = to;
            let largest = low.saturating_mul(1000 + limit) / 1000;
            while sorted.get(to).is_some_and(|s| s.0 <= largest) {
                to += 1;
            }
            if to == reached || to - from < MEMBERS_MIN {
                // A part of the previous band, or too few members.
                continue;
            }
            let high = sorted[to - 1].0;
            let near = around(low, high, SURROUNDINGS);
            let all = sorted.partition_point(|s| s.0 <= near.1)
                - sorted.partition_point(|s| s.0 < near.0);
            let band = Band {
                members: to - from,
                all,
                width: width(low, high),
            };
            *steps += BAND_STEPS;
            // Video of one quality also gathers around a size, but stands out less from its
            // surroundings.
            if band.contrast() < config.audio_contrast() as f64 {
                continue;
            }
            let likelihood = band.likelihood();
            if likelihood <= most {
                continue;
            }
            *steps += band.members as u64;
            // A few sizes may agree by chance. Tested last, because this is the most expensive
            // test.
            if band.chance() * config.audio_odds() as f64 <= 1.0 {
                most = likelihood;
                best = Some((from, to));
            }
        }
    }
    best
}

/// Widens a band at both ends, by thousandths of these.
const fn around(low: u64, high: u64, by: u64) -> (u64, u64) {
    (
        low.saturating_mul(1000) / (1000 + by),
        high.saturating_mul(1000 + by) / 1000,
    )
}

/// Returns the width of a band in thousandths, rounded up.
fn width(low: u64, high: u64) -> u64 {
    ((high - low).saturating_mul(1000))
        .div_ceil(low.max(1))
        .max(NARROWEST)
}

/// A band and its surroundings.
struct Band {
    members: usize,
    /// Number of members including those in the surroundings.
    all: usize,
    width: u64,
}

impl Band {
    /// Returns how much denser it is than its surroundings, which count as at least one.
    fn contrast(&self) -> f64 {
        let around = (self.all - self.members + 1) as f64 / (2 * SURROUNDINGS) as f64;
        self.members as f64 / self.width as f64 / around
    }

    /// Returns how much likelier this many members are with the band than if all were spread
    /// evenly, as a logarithm (Kulldorff's scan statistic). It balances a full band against a
    /// narrow one.
    fn likelihood(&self) -> f64 {
        let (members, all) = (self.members as f64, self.all as f64);
        let outside = all - members;
        let rest = if outside > 0.0 {
            outside * (outside / all / (1.0 - self.reach())).ln()
        } else {
            0.0
        };
        members * (members / all / self.reach()).ln() + rest
    }

    /// Returns the band's share of itself and its surroundings.
    fn reach(&self) -> f64 {
        self.width as f64 / (self.width + 2 * SURROUNDINGS) as f64
    }

    /// Returns how often chance would put that many members into some band of this width (Naus's
    /// scan statistic, bounded from above): with each as the lowest member and the others within
    /// reach.
    fn chance(&self) -> f64 {
        let reach = self.reach();
        (1..self.members).fold(self.all as f64, |chance, k| {
            chance * (self.all - k) as f64 / k as f64 * reach
        })
    }
}
