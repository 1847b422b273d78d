//! The player's doings in a window, as inferred from the segments so far.

/// Values of the columns that [`crate::Config::feature_playback`] adds; `None` if they are not
/// known. Bit rates are bits per second of media.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Played {
    pub(crate) video_media: Option<f64>,
    pub(crate) audio_media: Option<f64>,
    pub(crate) audio_bitrate: Option<f64>,
    pub(crate) fetched: Fetched,
    pub(crate) shown: Shown,
    pub(crate) buffer: Option<f64>,
    pub(crate) buffer_mean: Option<f64>,
    pub(crate) video_buffer_mean: Option<f64>,
    pub(crate) stalled: Option<f64>,
}

/// Bit rates of the video that arrived by the end of the window.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Fetched {
    pub(crate) last: Option<f64>,
    /// Mean of the last three, and of the last ten.
    pub(crate) last_three: Option<f64>,
    pub(crate) last_ten: Option<f64>,
    /// Median of the last ten.
    pub(crate) last_ten_median: Option<f64>,
    /// Mean of those that arrived in the window.
    pub(crate) in_window: Option<f64>,
    /// Mean of all, and the percentiles of all that [`PERCENTILES`] names.
    pub(crate) mean: Option<f64>,
    pub(crate) percentiles: [Option<f64>; 3],
}

/// Percentiles of the bit rates of a title.
pub(crate) const PERCENTILES: [f64; 3] = [10.0, 50.0, 90.0];

/// Bit rates of the video on the screen.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Shown {
    pub(crate) last: Option<f64>,
    pub(crate) mean: Option<f64>,
    /// Mean over this window and the two before it.
    pub(crate) three_windows: Option<f64>,
}

/// Returns the mean; `None` without values.
pub(crate) fn mean(values: &[f64]) -> Option<f64> {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    mean.is_finite().then_some(mean)
}

/// Returns a percentile of sorted values, interpolated linearly between its neighbours; `None`
/// without values.
pub(crate) fn percentile(sorted: &[f64], percent: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let place = percent / 100.0 * last as f64;
    let below = place as usize;
    let (low, high) = (sorted[below], sorted[(below + 1).min(last)]);
    let value = (high - low).mul_add(place - below as f64, low);
    value.is_finite().then_some(value)
}

impl Fetched {
    /// Summarises video in order of arrival: its time of arrival, and its bit rate. `from`: start
    /// of the window.
    pub(crate) fn new(video: &[(f64, f64)], from: f64) -> Self {
        const LAST: usize = 10;
        let rates: Vec<f64> = video.iter().map(|video| video.1).collect();
        let newest = |number: usize| &rates[rates.len().saturating_sub(number)..];
        let in_window = &rates[video.partition_point(|video| video.0 < from)..];
        let sorted = |rates: &[f64]| {
            let mut sorted = rates.to_vec();
            sorted.sort_by(f64::total_cmp);
            sorted
        };
        let all = sorted(&rates);
        Self {
            last: mean(newest(1)),
            last_three: mean(newest(3)),
            last_ten: mean(newest(LAST)),
            last_ten_median: percentile(&sorted(newest(LAST)), 50.0),
            in_window: mean(in_window),
            mean: mean(&rates),
            percentiles: PERCENTILES.map(|percent| percentile(&all, percent)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_those_of_the_window_the_last_ones_and_all() {
        let video: Vec<_> = (0..12)
            .map(|at| (f64::from(at), f64::from(at * 10)))
            .collect();
        let fetched = Fetched::new(&video, 8.0);
        assert_eq!(fetched.last, Some(110.0));
        assert_eq!(fetched.last_three, Some(100.0));
        assert_eq!(
            (fetched.last_ten, fetched.last_ten_median),
            (Some(65.0), Some(65.0))
        );
        // What arrives as the window begins is in it.
        assert_eq!(fetched.in_window, Some(95.0));
        assert_eq!(fetched.mean, Some(55.0));
        assert_eq!(fetched.percentiles, [Some(11.0), Some(55.0), Some(99.0)]);
    }

    #[test]
    fn without_video_there_is_no_rate() {
        assert_eq!(Fetched::new(&[], 0.0), Fetched::default());
        let before = Fetched::new(&[(1.0, 5.0)], 2.0);
        assert_eq!((before.last, before.in_window), (Some(5.0), None));
        assert_eq!(before.percentiles, [Some(5.0); 3]);
        assert_eq!(Fetched::new(&[(1.0, f64::INFINITY)], 0.0).mean, None);
    }
}
