//! Linear models: a weighted sum of the inputs for each value or class.
//!
//! Products are added with one rounding each, in the order of columns, and the intercept last, as
//! in onnxruntime's matrix product for batches on processors with fused multiply-add. (For a single
//! row onnxruntime uses another order, so its own results differ in the last bits.) Source of the
//! semantics: the operators LinearClassifier and LinearRegressor of the domain ai.onnx.ml, version
//! 1.

use super::scores::{largest, logistic, softmax};
use super::trees::Finish;

/// A linear model, ready to be evaluated.
#[derive(Debug)]
pub(super) struct Linear {
    /// For each value or class, one coefficient per column.
    pub(super) coefficients: Vec<f32>,
    /// One for each value or class.
    pub(super) intercepts: Vec<f32>,
    pub(super) is_classifier: bool,
    pub(super) finish: Finish,
}

impl Linear {
    /// Evaluates a row: writes values or probabilities to `scores`, and returns the number of the
    /// class.
    pub(super) fn evaluate(&self, row: &[f32], scores: &mut Vec<f32>) -> Option<usize> {
        scores.clear();
        let sums = self
            .coefficients
            .chunks_exact(row.len().max(1))
            .zip(&self.intercepts)
            .map(|(coefficients, intercept)| {
                let products = row.iter().zip(coefficients);
                products.fold(0.0_f32, |sum, (value, coefficient)| {
                    value.mul_add(*coefficient, sum)
                }) + intercept
            });
        scores.extend(sums);
        let class = if self.is_classifier {
            largest(scores.iter().copied())
        } else {
            None
        };
        match self.finish {
            Finish::None => {}
            Finish::Logistic => scores
                .iter_mut()
                .for_each(|score| *score = logistic(*score)),
            Finish::Softmax => softmax(scores),
        }
        class
    }
}
