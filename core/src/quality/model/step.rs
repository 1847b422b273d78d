//! Operators that turn a row of numbers into another one, value by value.

use super::scores::{logistic, softmax};

/// An operator on every value of a row.
#[derive(Debug)]
pub(super) enum Step {
    /// Replaces a missing value, or the number that stands for it: by one value per column, or one
    /// for all.
    Impute { instead_of: f64, values: Vec<f64> },
    /// Subtracts an offset and multiplies by a factor: one per column, or one for all. Results are
    /// in single precision.
    Scale {
        offsets: Vec<f64>,
        factors: Vec<f64>,
    },
    /// Calculates with constants: one per column, or one for all.
    Calculate {
        with: Arithmetic,
        constants: Vec<f64>,
        constant_first: bool,
    },
    /// Rounds to single precision.
    Single,
    /// Divides by the sum of the row.
    Normalize,
    /// Turns each value into a probability.
    Logistic,
    /// Turns the row into probabilities that add up to 1.
    Softmax,
}

/// An operation of two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
}

impl Arithmetic {
    /// Returns the result in double precision. For operands of single precision, rounding it to
    /// single precision gives the exactly rounded result: 53 bits are enough that rounding twice
    /// does not matter (Figueroa, "When is double rounding innocuous?", SIGNUM Newsletter 30(3),
    /// 1995).
    fn of(self, left: f64, right: f64) -> f64 {
        match self {
            Self::Add => left + right,
            Self::Subtract => left - right,
            Self::Multiply => left * right,
            Self::Divide => left / right,
        }
    }
}

impl Step {
    /// Applies the operator to a row, which is of double precision if `is_double`.
    pub(super) fn apply(&self, row: &mut [f64], is_double: bool) {
        let round = |value: f64| if is_double { value } else { single(value) };
        match self {
            Self::Impute { instead_of, values } => {
                for (place, value) in row.iter_mut().enumerate() {
                    if *value == *instead_of || (value.is_nan() && instead_of.is_nan()) {
                        *value = at(values, place);
                    }
                }
            }
            Self::Scale { offsets, factors } => {
                for (place, value) in row.iter_mut().enumerate() {
                    *value = single(round(*value - at(offsets, place)) * at(factors, place));
                }
            }
            Self::Calculate {
                with,
                constants,
                constant_first,
            } => {
                for (place, value) in row.iter_mut().enumerate() {
                    let constant = at(constants, place);
                    let (left, right) = if *constant_first {
                        (constant, *value)
                    } else {
                        (*value, constant)
                    };
                    *value = round(with.of(left, right));
                }
            }
            Self::Single => row.iter_mut().for_each(|value| *value = single(*value)),
            Self::Normalize => normalize(row),
            Self::Logistic => row
                .iter_mut()
                .for_each(|value| *value = f64::from(logistic(*value as f32))),
            Self::Softmax => {
                let mut values: Vec<_> = row.iter().map(|value| *value as f32).collect();
                softmax(&mut values);
                row.iter_mut()
                    .zip(values)
                    .for_each(|(value, probability)| *value = f64::from(probability));
            }
        }
    }
}

/// Rounds to single precision.
fn single(value: f64) -> f64 {
    f64::from(value as f32)
}

/// Returns the number at an index, or the only one.
fn at(numbers: &[f64], place: usize) -> f64 {
    numbers
        .get(place)
        .or_else(|| numbers.first())
        .copied()
        .unwrap_or_default()
}

/// Divides by the sum of absolute values; leaves a row of zeros unchanged.
fn normalize(row: &mut [f64]) {
    let sum = row
        .iter()
        .fold(0.0_f32, |sum, value| sum + value.abs() as f32);
    if sum != 0.0 {
        row.iter_mut()
            .for_each(|value| *value = f64::from(*value as f32 / sum));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied(step: &Step, mut row: Vec<f64>, is_double: bool) -> Vec<f64> {
        step.apply(&mut row, is_double);
        row
    }

    #[test]
    fn missing_values_are_replaced() {
        let each = Step::Impute {
            instead_of: f64::NAN,
            values: vec![1.0, 2.0],
        };
        assert_eq!(applied(&each, vec![f64::NAN, f64::NAN], false), [1.0, 2.0]);
        let all = Step::Impute {
            instead_of: 0.0,
            values: vec![-1.0],
        };
        let row = applied(&all, vec![0.0, 5.0, f64::NAN], false);
        assert!(row[..2] == [-1.0, 5.0] && row[2].is_nan());
    }

    #[test]
    fn numbers_are_rounded_where_single_precision_rounds() {
        let third = Step::Calculate {
            with: Arithmetic::Divide,
            constants: vec![3.0],
            constant_first: false,
        };
        assert_eq!(applied(&third, vec![1.0], true), [1.0 / 3.0]);
        assert_eq!(
            applied(&third, vec![1.0], false),
            [f64::from(1.0_f32 / 3.0)]
        );
        let from = Step::Calculate {
            with: Arithmetic::Subtract,
            constants: vec![3.0, 4.0],
            constant_first: true,
        };
        assert_eq!(applied(&from, vec![1.0, 1.0], false), [2.0, 3.0]);
        let scale = Step::Scale {
            offsets: vec![0.1_f32.into()],
            factors: vec![0.3_f32.into()],
        };
        assert_eq!(
            applied(&scale, vec![0.7_f32.into()], false),
            [f64::from((0.7_f32 - 0.1) * 0.3)]
        );
    }

    #[test]
    fn a_row_of_zeros_stays_as_it_is() {
        assert_eq!(applied(&Step::Normalize, vec![0.0, 0.0], false), [0.0, 0.0]);
        assert_eq!(
            applied(&Step::Normalize, vec![1.0, 3.0], false),
            [0.25, 0.75]
        );
    }
}
