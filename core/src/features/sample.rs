//! Values kept for medians and percentiles: all of them while they fit, then a uniform sample.

/// Values that a sample may always keep, however many others hold. A median of 64 is off by a few
/// percent of rank.
const LEAST: usize = 64;

/// Capacity that an emptied sample keeps for its next window.
const KEPT_CAPACITY: usize = 256;

/// Capacity shared by samples.
#[derive(Debug)]
pub(crate) struct SampleRoom {
    held: usize,
    limit: usize,
    /// Number of values that were dropped or replaced another.
    pub(crate) sampled: u64,
}

impl SampleRoom {
    pub(crate) const fn new(limit: usize) -> Self {
        Self {
            held: 0,
            limit,
            sampled: 0,
        }
    }

    /// Returns the most memory of `samples` samples that share room for `limit` values.
    pub(crate) const fn bound(limit: u64, samples: u64) -> u64 {
        let own = if LEAST > KEPT_CAPACITY {
            LEAST
        } else {
            KEPT_CAPACITY
        } as u64;
        // A list that grows doubles its capacity.
        limit
            .saturating_mul(2)
            .saturating_add(samples.saturating_mul(own))
            .saturating_mul(size_of::<f64>() as u64)
    }
}

/// Returns the index among `kept` for the `seen`-th value, such that each value is kept with the
/// same probability (reservoir sampling: Vitter, algorithm R, 1985). Deterministic (SplitMix64), so
/// that a capture always gives the same rows.
fn place(seen: u64, kept: usize) -> Option<usize> {
    let mut z = seen.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    let place = usize::try_from((z ^ (z >> 31)) % seen).unwrap_or(usize::MAX);
    (place < kept).then_some(place)
}

/// Values of a window, unordered.
#[derive(Debug, Default)]
pub(crate) struct Sample {
    values: Vec<f64>,
    seen: u64,
}

impl Sample {
    pub(crate) fn add(&mut self, value: f64, pool: &mut SampleRoom) {
        self.seen += 1;
        if pool.held < pool.limit || self.values.len() < LEAST {
            self.values.push(value);
            pool.held += 1;
            return;
        }
        pool.sampled += 1;
        if let Some(place) = place(self.seen, self.values.len()) {
            self.values[place] = value;
        }
    }

    /// Returns the middle value, or the mean of the two in the middle.
    pub(crate) fn median(&mut self) -> Option<f64> {
        let middle = self.values.len() / 2;
        let is_odd = self.values.len() % 2 == 1;
        if self.values.is_empty() {
            return None;
        }
        let (below, &mut upper, _) = self.values.select_nth_unstable_by(middle, f64::total_cmp);
        let lower = if is_odd {
            upper
        } else {
            below.iter().copied().fold(f64::NEG_INFINITY, f64::max)
        };
        Some(f64::midpoint(lower, upper))
    }

    /// Removes all values.
    pub(crate) fn clear(&mut self, pool: &mut SampleRoom) {
        pool.held -= self.values.len();
        self.values.clear();
        self.values.shrink_to(KEPT_CAPACITY);
        self.seen = 0;
    }
}

/// Values in order of size, from which percentiles can be read at any time.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ranked {
    values: Vec<f64>,
    seen: u64,
    /// Number of values that were dropped or replaced another.
    pub(crate) sampled: u64,
}

impl Ranked {
    /// Adds a value. Beyond `limit`, it replaces another or is dropped.
    pub(crate) fn add(&mut self, value: f64, limit: usize) {
        self.seen += 1;
        if self.values.len() >= limit {
            self.sampled += 1;
            let Some(place) = place(self.seen, self.values.len()) else {
                return;
            };
            self.values.remove(place);
        }
        let at = self.values.partition_point(|&other| other < value);
        self.values.insert(at, value);
    }

    /// Returns the value below which a share of the values lies, interpolated linearly between its
    /// two neighbours (type 7 of Hyndman and Fan, 1996; NumPy's default).
    pub(crate) fn percentile(&self, percent: f64) -> Option<f64> {
        let rank = (self.values.len().checked_sub(1)?) as f64 * percent / 100.0;
        let below = rank.floor();
        let lower = *self.values.get(below as usize)?;
        let upper = self
            .values
            .get(below as usize + 1)
            .copied()
            .unwrap_or(lower);
        Some((upper - lower).mul_add(rank - below, lower))
    }

    pub(crate) fn clear(&mut self) {
        self.values.clear();
        self.seen = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(values: impl IntoIterator<Item = u32>, pool: &mut SampleRoom) -> Sample {
        let mut sample = Sample::default();
        values
            .into_iter()
            .for_each(|value| sample.add(f64::from(value), pool));
        sample
    }

    #[test]
    fn medians() {
        let mut pool = SampleRoom::new(100);
        assert_eq!(sample([], &mut pool).median(), None);
        assert_eq!(sample([7], &mut pool).median(), Some(7.0));
        assert_eq!(sample([9, 1], &mut pool).median(), Some(5.0));
        assert_eq!(sample([5, 9, 1], &mut pool).median(), Some(5.0));
        assert_eq!(sample([4, 9, 1, 2], &mut pool).median(), Some(3.0));
    }

    #[test]
    fn percentiles_lie_between_neighbours() {
        let mut ranked = Ranked::default();
        assert_eq!(ranked.percentile(50.0), None);
        for value in [30.0, 10.0, 20.0, 40.0] {
            ranked.add(value, 100);
        }
        assert_eq!(ranked.percentile(0.0), Some(10.0));
        assert_eq!(ranked.percentile(50.0), Some(25.0));
        assert_eq!(ranked.percentile(90.0), Some(37.0));
        assert_eq!(ranked.percentile(100.0), Some(40.0));
    }

    #[test]
    fn the_pool_is_shared_and_given_back() {
        let mut pool = SampleRoom::new(1_000);
        let mut full = sample(0..1_000, &mut pool);
        assert_eq!((pool.held, pool.sampled), (1_000, 0), "all that fit");
        full.add(1_000.0, &mut pool);
        assert_eq!((pool.held, pool.sampled), (1_000, 1), "one more does not");
        let mut late = sample(0..100, &mut pool);
        assert_eq!(
            (late.values.len(), pool.sampled),
            (LEAST, 1 + 100 - LEAST as u64)
        );
        full.clear(&mut pool);
        late.clear(&mut pool);
        assert_eq!(pool.held, 0);
    }

    #[test]
    fn what_is_sampled_is_uniform() {
        let mut pool = SampleRoom::new(1_000);
        let median = sample(0..100_000, &mut pool).median().expect("values");
        assert!((45_000.0..55_000.0).contains(&median), "{median}");
        let mut ranked = Ranked::default();
        (0..100_000).for_each(|value| ranked.add(f64::from(value), 1_000));
        let high = ranked.percentile(90.0).expect("values");
        assert!((87_000.0..93_000.0).contains(&high), "{high}");
        assert_eq!((ranked.values.len(), ranked.sampled), (1_000, 99_000));
        assert!(ranked.values.is_sorted());
    }
}
