//! From sums to outputs: probabilities, and the most likely class.
//!
//! Everything is in single precision, step by step as in onnxruntime, so results are equal bit for
//! bit.

/// Turns sums into probabilities: e to the power of each, divided by their sum. The largest power
/// is 0, so nothing overflows.
pub(super) fn softmax(values: &mut [f32]) {
    let largest =
        values.iter().copied().fold(
            f32::MIN,
            |largest, value| if value > largest { value } else { largest },
        );
    let mut sum = 0.0;
    for value in &mut *values {
        *value = (*value - largest).exp();
        sum += *value;
    }
    for value in values {
        *value /= sum;
    }
}

/// Returns the probability of a sum of log-odds. The power is never positive, so nothing overflows.
pub(super) fn logistic(value: f32) -> f32 {
    let probability = 1.0 / (1.0 + (-value.abs()).exp());
    if value < 0.0 {
        1.0 - probability
    } else {
        probability
    }
}

/// Returns the index of the largest value, the first of equal ones. NaN is neither larger nor
/// smaller than anything.
pub(super) fn largest<T: Copy + PartialOrd>(values: impl IntoIterator<Item = T>) -> Option<usize> {
    let mut best = None;
    for (place, value) in values.into_iter().enumerate() {
        if best.is_none_or(|(_, most)| value > most) {
            best = Some((place, value));
        }
    }
    best.map(|(place, _)| place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_add_up_and_never_overflow() {
        let mut values = [1000.0, 1000.0, -1000.0];
        softmax(&mut values);
        assert_eq!(values, [0.5, 0.5, 0.0]);
        assert_eq!(
            (logistic(0.0), logistic(-1000.0), logistic(1000.0)),
            (0.5, 0.0, 1.0)
        );
        assert!((logistic(1.0) + logistic(-1.0) - 1.0).abs() < 1e-7);
    }

    #[test]
    fn the_first_of_the_largest_wins() {
        assert_eq!(largest([1.0, 3.0, 3.0]), Some(1));
        assert_eq!(largest([f32::NAN, 3.0]), Some(0));
        assert_eq!(largest(<[f32; 0]>::default()), None);
    }
}
