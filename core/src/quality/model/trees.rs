//! Evaluation of an ensemble of decision trees.
//!
//! Sums run in the order of trees and in the precision of the thresholds, as in onnxruntime with
//! one thread or one row at a time, so results are equal bit for bit. Source of the semantics: the
//! operators TreeEnsembleClassifier and TreeEnsembleRegressor of the domain ai.onnx.ml, versions 1
//! and 3.

mod build;

pub(super) use build::{Leaves, Nodes, Purpose, build};

use super::scores::{largest, logistic, softmax};

/// Precision of thresholds and sums.
pub(super) trait Precision:
    Copy + PartialOrd + Default + std::ops::AddAssign + std::fmt::Debug
{
    fn of(value: f64) -> Self;
    /// One half: a probability above it is that of the likelier class.
    const HALF: Self;
    fn single(self) -> f32;
    fn divided_by(self, count: usize) -> Self;
    fn is_missing(self) -> bool;
}

impl Precision for f32 {
    const HALF: Self = 0.5;

    fn of(value: f64) -> Self {
        value as Self
    }

    fn single(self) -> f32 {
        self
    }

    fn divided_by(self, count: usize) -> Self {
        self / count as Self
    }

    fn is_missing(self) -> bool {
        self.is_nan()
    }
}

impl Precision for f64 {
    const HALF: Self = 0.5;

    fn of(value: f64) -> Self {
        value
    }

    fn single(self) -> f32 {
        self as f32
    }

    fn divided_by(self, count: usize) -> Self {
        self / count as Self
    }

    fn is_missing(self) -> bool {
        self.is_nan()
    }
}

/// The comparison of a value with a node's threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Test {
    AtMost,
    Less,
    AtLeast,
    More,
    Equal,
    NotEqual,
}

impl Test {
    #[inline(always)]
    fn holds<T: Precision>(self, value: T, threshold: T) -> bool {
        match self {
            Self::AtMost => value <= threshold,
            Self::Less => value < threshold,
            Self::AtLeast => value >= threshold,
            Self::More => value > threshold,
            Self::Equal => value == threshold,
            Self::NotEqual => value != threshold,
        }
    }
}

/// A node. If the test fails, the next node in the list follows: half of all decisions stay in the
/// cache line.
#[derive(Clone, Copy, Debug)]
struct Node<T> {
    threshold: T,
    /// For a decision, the node that follows if the test holds; for a leaf, its first weight.
    target: u32,
    /// For a decision, the column to test; for a leaf, the number of its weights.
    column: u16,
    test: Test,
    what: What,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Decision,
    /// A decision whose test also holds for a missing value.
    OrMissing,
    Leaf,
}

/// The aggregate of the leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Aggregate {
    Sum,
    Average,
}

/// The last step from sums to outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Finish {
    None,
    Logistic,
    Softmax,
}

/// The task of the ensemble.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Task {
    /// One or more values.
    Values(Aggregate),
    /// One of two classes, by one sum. True if no weight is negative: the sum is then a
    /// probability.
    Two(bool),
    /// One of three or more classes, by one sum each.
    Many,
}

/// An ensemble, ready to evaluate rows. Every index in it is in bounds, because `build` checks
/// them.
#[derive(Debug)]
pub(super) struct Trees<T> {
    nodes: Vec<Node<T>>,
    roots: Vec<u32>,
    /// Sum that each weight is added to, and the weight.
    weights: Vec<(u32, T)>,
    /// Base values, added to the sums last.
    base: Vec<T>,
    /// Sums: one for each value or class, one for two classes.
    pub(super) sums: usize,
    task: Task,
    finish: Finish,
}

/// Memory for the sums of one row.
#[derive(Debug, Default)]
pub(super) struct Sums<T> {
    sums: Vec<T>,
    /// Sums that a leaf was added to. A class that no leaf named is never chosen, whatever the
    /// other sums are.
    touched: Vec<bool>,
}

impl<T: Precision> Trees<T> {
    /// Evaluates a row: writes values or probabilities to `scores`, and returns the number of the
    /// class.
    pub(super) fn evaluate(
        &self,
        row: &[T],
        place: &mut Sums<T>,
        scores: &mut Vec<f32>,
    ) -> Option<usize> {
        place.sums.clear();
        place.sums.resize(self.sums, T::default());
        scores.clear();
        if self.sums == 1 {
            // Each leaf has one weight, for the only sum.
            let mut sum = T::default();
            for &root in &self.roots {
                sum += self.weights[self.leaf(root, row).0].1;
            }
            place.sums[0] = sum;
        } else {
            place.touched.clear();
            place.touched.resize(self.sums, false);
            for &root in &self.roots {
                let (first, count) = self.leaf(root, row);
                for &(sum, weight) in &self.weights[first..first + count] {
                    place.sums[sum as usize] += weight;
                    place.touched[sum as usize] = true;
                }
            }
        }
        match self.task {
            Task::Values(aggregate) => self.values(aggregate, place, scores),
            Task::Two(is_probability) => Some(self.two(is_probability, place.sums[0], scores)),
            Task::Many => self.many(place, scores),
        }
    }

    /// Returns the first weight and the number of weights of the leaf that a row reaches.
    #[inline(always)]
    fn leaf(&self, root: u32, row: &[T]) -> (usize, usize) {
        let mut at = root as usize;
        loop {
            let node = &self.nodes[at];
            if node.what == What::Leaf {
                return (node.target as usize, usize::from(node.column));
            }
            let value = row[usize::from(node.column)];
            let holds = node.test.holds(value, node.threshold)
                || (node.what == What::OrMissing && value.is_missing());
            at = if holds { node.target as usize } else { at + 1 };
        }
    }

    fn values(
        &self,
        aggregate: Aggregate,
        place: &mut Sums<T>,
        scores: &mut Vec<f32>,
    ) -> Option<usize> {
        for (number, sum) in place.sums.iter_mut().enumerate() {
            if aggregate == Aggregate::Average {
                *sum = sum.divided_by(self.roots.len());
            }
            // With several values, only a base for each counts; with one, a missing base is 0.
            *sum += self.base.get(number).copied().unwrap_or_default();
        }
        scores.extend(place.sums.iter().map(|sum| sum.single()));
        self.finish(scores);
        None
    }

    fn two(&self, is_probability: bool, mut sum: T, scores: &mut Vec<f32>) -> usize {
        if let Some(base) = self.base.first() {
            sum += *base;
        }
        let single = sum.single();
        if is_probability {
            scores.extend([1.0 - single, single]);
            return usize::from(sum > T::HALF);
        }
        match self.finish {
            Finish::Logistic => scores.extend([logistic(-single), logistic(single)]),
            Finish::None | Finish::Softmax => scores.extend([-single, single]),
        }
        usize::from(sum > T::default())
    }

    fn many(&self, place: &mut Sums<T>, scores: &mut Vec<f32>) -> Option<usize> {
        for ((sum, touched), base) in place
            .sums
            .iter_mut()
            .zip(&mut place.touched)
            .zip(&self.base)
        {
            *sum = if *touched {
                let mut sum = *sum;
                sum += *base;
                sum
            } else {
                *base
            };
            *touched = true;
        }
        let touched = || {
            place
                .sums
                .iter()
                .zip(&place.touched)
                .enumerate()
                .filter(|(_, (_, touched))| **touched)
        };
        let class =
            largest(touched().map(|(_, (sum, _))| *sum)).and_then(|place| touched().nth(place));
        let class = class.map(|(class, _)| class);
        scores.extend(place.sums.iter().map(|sum| sum.single()));
        self.finish(scores);
        class
    }

    fn finish(&self, scores: &mut [f32]) {
        match self.finish {
            Finish::None => {}
            Finish::Logistic => scores
                .iter_mut()
                .for_each(|score| *score = logistic(*score)),
            Finish::Softmax => softmax(scores),
        }
    }
}
