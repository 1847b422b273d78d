//! Running mean, spread and shape of values, without keeping the values.

/// Sums of powers of the differences from the mean, updated per value. Exact up to rounding, and
/// stable where the mean is large compared to the spread (Pébay, Sandia report SAND2008-6212,
/// 2008).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Moments {
    count: u64,
    mean: f64,
    second: f64,
    third: f64,
    fourth: f64,
    minimum: f64,
    maximum: f64,
}

impl Moments {
    /// Adds a value.
    pub(crate) fn add(&mut self, value: f64) {
        if self.count == 0 {
            (self.minimum, self.maximum) = (value, value);
        }
        self.minimum = self.minimum.min(value);
        self.maximum = self.maximum.max(value);
        let before = self.count as f64;
        self.count += 1;
        let n = self.count as f64;
        let delta = value - self.mean;
        let step = delta / n;
        let term = delta * step * before;
        self.mean += step;
        self.fourth += term * step * step * (n * n - 3.0 * n + 3.0)
            + 6.0 * step * step * self.second
            - 4.0 * step * self.third;
        self.third += term * step * (n - 2.0) - 3.0 * step * self.second;
        self.second += term;
    }

    fn of<T>(&self, value: T) -> Option<T> {
        (self.count > 0).then_some(value)
    }

    pub(crate) fn mean(&self) -> Option<f64> {
        self.of(self.mean)
    }

    pub(crate) fn minimum(&self) -> Option<f64> {
        self.of(self.minimum)
    }

    pub(crate) fn maximum(&self) -> Option<f64> {
        self.of(self.maximum)
    }

    /// Returns the standard deviation of the values themselves (divided by their number), not an
    /// estimate for a population.
    pub(crate) fn deviation(&self) -> Option<f64> {
        self.of((self.second / self.count as f64).sqrt())
    }

    /// Returns the third standardised moment; `None` if all values are equal.
    pub(crate) fn skewness(&self) -> Option<f64> {
        (self.second > 0.0).then(|| (self.count as f64).sqrt() * self.third / self.second.powf(1.5))
    }

    /// Returns the fourth standardised moment less 3, so that a normal distribution has 0; `None`
    /// if all values are equal.
    pub(crate) fn kurtosis(&self) -> Option<f64> {
        (self.second > 0.0)
            .then(|| self.count as f64 * self.fourth / (self.second * self.second) - 3.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moments(values: &[f64]) -> Moments {
        let mut moments = Moments::default();
        values.iter().for_each(|&value| moments.add(value));
        moments
    }

    /// By hand: mean 5, squares 9+1+1+1+0+0+4+16 = 32, cubes -27-1-1-1+8+64 = 42, fourth powers
    /// 81+3+16+256 = 356.
    #[test]
    fn a_small_example() {
        let moments = moments(&[2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0]);
        assert_eq!(moments.mean(), Some(5.0));
        assert!((moments.deviation().expect("spread") - 2.0).abs() < 1e-12);
        assert_eq!(
            (moments.minimum(), moments.maximum()),
            (Some(2.0), Some(9.0))
        );
        assert!((moments.skewness().expect("spread") - 42.0 / 8.0 / 8.0).abs() < 1e-12);
        assert!((moments.kurtosis().expect("spread") - (356.0 / 8.0 / 16.0 - 3.0)).abs() < 1e-12);
    }

    #[test]
    fn nothing_and_equal_values() {
        let none = Moments::default();
        assert_eq!(
            (
                none.mean(),
                none.deviation(),
                none.skewness(),
                none.minimum()
            ),
            (None, None, None, None)
        );
        let equal = moments(&[0.1; 7]);
        assert_eq!((equal.mean(), equal.deviation()), (Some(0.1), Some(0.0)));
        assert_eq!((equal.skewness(), equal.kurtosis()), (None, None));
    }

    #[test]
    fn a_large_mean_does_not_drown_the_spread() {
        let (small, large) = (
            moments(&[4.0, 7.0, 13.0, 16.0]),
            moments(&[1e9 + 4.0, 1e9 + 7.0, 1e9 + 13.0, 1e9 + 16.0]),
        );
        assert!((small.deviation().unwrap() - large.deviation().unwrap()).abs() < 1e-6);
        assert!((small.kurtosis().unwrap() - large.kurtosis().unwrap()).abs() < 1e-6);
    }
}
