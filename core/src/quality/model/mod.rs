//! Models that others trained, evaluated where the packets are.
//!
//! A [`Model`] is read from the bytes of an ONNX file: a forest, boosted trees or a linear model,
//! as exported by skl2onnx (for scikit-learn) and onnxmltools (for XGBoost and LightGBM), including
//! the operators that they add around it. Its [`Card`] in the file's metadata names the columns of
//! [`features`](crate::features) that it takes, and the conditions under which it answers. A file
//! that uses anything unsupported is refused, and the error names it. Loading evaluates the card's
//! check rows, so a file that lost a part of the model during export is refused as well.
//!
//! For trees, and for linear models up to the transformation of their sums, results equal those of
//! onnxruntime bit for bit. After linear models onnxruntime approximates the logistic function, and
//! softmax of five classes and more; here they are calculated.
//!
//! # Example
//!
//! ```
//! use nflx_core::quality::model::{Model, ModelError};
//!
//! let error = Model::read(b"GIF89a").unwrap_err();
//! assert!(matches!(error, ModelError::Malformed(_)));
//! ```

mod answer;
mod card;
mod error;
mod limits;
mod linear;
mod onnx;
mod operators;
mod program;
mod protobuf;
mod scores;
mod step;
mod trees;

pub use answer::{Answer, Refusal};
pub use card::{Answers, Card, Target};
pub use error::ModelError;

use crate::config::Config;
use crate::features::{Column, Layer, Row};
use answer::{calibrated, number, outside, refusal};
use card::{Check, columns};
use error::quoted;
use limits::LIMITS;
use onnx::File;
use program::{Place, Program};
use scores::largest;

/// A model, ready to evaluate rows.
#[derive(Debug)]
pub struct Model {
    program: Program,
    columns: Vec<&'static Column>,
    /// Empty for a model that returns a value.
    classes: Vec<ClassLabel>,
    /// Input for a missing value.
    missing: f64,
    card: Option<Card>,
}

/// A label, and its number if it is one.
type ClassLabel = (Box<str>, Option<f64>);

/// Memory for intermediate results between a row and its answer. One serves any number of models,
/// one at a time; after the first row nothing is allocated.
#[derive(Debug, Default)]
pub struct Scratch(Place);

/// The raw outputs of a model for a row of numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Outputs<'m> {
    /// Number of the class, for a classifier.
    pub class: Option<usize>,
    /// Label of the class.
    pub label: Option<&'m str>,
    /// Probabilities of a classifier, in the order of its classes; values of a regressor.
    pub scores: &'m [f64],
}

impl Model {
    /// Reads a model with a card.
    ///
    /// # Errors
    ///
    /// Fails if the file is damaged, is not such a model or has no card; if the card names a column
    /// that does not exist or another version of the features' definitions; or if the model's
    /// outputs for the check rows differ from those on the card.
    pub fn read(bytes: &[u8]) -> Result<Self, ModelError> {
        let file = File::read(bytes, &LIMITS)?;
        let (card, columns) = Card::read(&file.metadata, &LIMITS)?.ok_or(ModelError::NoCard)?;
        let program = Program::compile(&file, columns.len())?;
        let classes = labels(&program, Some(&card.classes))?;
        let model = Self {
            program,
            columns,
            classes,
            missing: card.missing,
            card: Some(card),
        };
        model.check()?;
        Ok(model)
    }

    /// Reads a model without a card, which takes the named columns in their order. It answers for
    /// every whole window, because nothing says where it should not; a missing value is NaN.
    ///
    /// # Errors
    ///
    /// Fails as [`Model::read`] does, and if the file has a card.
    pub fn read_with_columns(bytes: &[u8], names: &[&str]) -> Result<Self, ModelError> {
        let file = File::read(bytes, &LIMITS)?;
        if Card::read(&file.metadata, &LIMITS)?.is_some() {
            return Err(ModelError::ColumnsTwice);
        }
        let columns = columns(names)?;
        let program = Program::compile(&file, columns.len())?;
        let classes = labels(&program, None)?;
        Ok(Self {
            program,
            columns,
            classes,
            missing: f64::NAN,
            card: None,
        })
    }

    /// Fails if features calculated with these settings are not those that the model was trained
    /// on.
    ///
    /// # Errors
    ///
    /// The error names the setting and both values.
    pub fn fits(&self, config: &Config) -> Result<(), ModelError> {
        if let Some(card) = &self.card {
            card.fits(config)?;
        }
        // Without the setting, these columns would have no value in any row.
        let asks = |column: &&&Column| column.layer == Layer::Playback;
        match self.columns.iter().find(asks) {
            Some(column) if !config.feature_playback => Err(ModelError::Playback(column.name)),
            _ => Ok(()),
        }
    }

    /// Returns the card, if the file has one.
    #[must_use]
    pub fn card(&self) -> Option<&Card> {
        self.card.as_ref()
    }

    /// Returns the columns that form a row, in their order.
    #[must_use]
    pub fn columns(&self) -> &[&'static Column] {
        &self.columns
    }

    /// Returns the labels of a classifier in the order of its outputs; none for a model that
    /// returns a value.
    pub fn labels(&self) -> impl ExactSizeIterator<Item = &str> {
        self.classes.iter().map(|(label, _)| &**label)
    }

    /// Answers for a window. `is_complete` is false if the capture ends inside of it.
    pub fn answer<'m>(&'m self, row: &Row, is_complete: bool, scratch: &mut Scratch) -> Answer<'m> {
        let mut answer = Answer::default();
        let card = self.card.as_ref();
        let outside =
            card.and_then(|card| outside(&self.columns, &card.ranges, card.answers.margin, row));
        answer.out_of_range = outside.is_some();
        answer.reason = if is_complete {
            card.and_then(|card| refusal(&card.answers, row))
                .or(outside)
        } else {
            Some(Refusal::WindowIncomplete)
        };
        if answer.reason.is_some() {
            return answer;
        }
        let missing = self.missing;
        let values = self
            .columns
            .iter()
            .map(|column| number(column, row).unwrap_or(missing));
        let (class, scores) = self.outputs(values, scratch);
        if scores.iter().any(|score| !score.is_finite()) {
            answer.reason = Some(Refusal::NotFinite);
            return answer;
        }
        match class.and_then(|class| self.classes.get(class).zip(scores.get(class))) {
            Some(((label, value), score)) => {
                let points = card.map_or(&[][..], |card| &card.calibration);
                answer.label = Some(label);
                answer.value = *value;
                answer.confidence = Some(calibrated(points, *score).clamp(0.0, 1.0));
            }
            None => answer.value = scores.first().copied(),
        }
        answer
    }

    /// Evaluates a row of numbers as it is, in the order of [`Model::columns`]. A missing value is
    /// NaN here, even if the model takes another number for it. Numbers left out at the end are
    /// missing values; surplus ones are ignored.
    pub fn evaluate<'m>(&'m self, row: &[f64], scratch: &'m mut Scratch) -> Outputs<'m> {
        let given = |value: &f64| if value.is_nan() { self.missing } else { *value };
        let width = self.program.width;
        let missing = std::iter::repeat(f64::NAN);
        let row = row
            .iter()
            .map(given)
            .chain(missing.map(|value| given(&value)))
            .take(width);
        let (class, scores) = self.outputs(row, scratch);
        let label = class
            .and_then(|class| self.classes.get(class))
            .map(|(label, _)| &**label);
        Outputs {
            class,
            label,
            scores,
        }
    }

    fn outputs<'s>(
        &self,
        row: impl Iterator<Item = f64>,
        scratch: &'s mut Scratch,
    ) -> (Option<usize>, &'s [f64]) {
        let (class, scores) = self.program.evaluate(row, &mut scratch.0);
        // Trees that return a value for each class leave the choice to their caller.
        let is_choice = self.program.classes.is_none() && !self.classes.is_empty();
        (
            if is_choice {
                largest(scores.iter().copied())
            } else {
                class
            },
            scores,
        )
    }

    /// Evaluates the check rows of the card.
    fn check(&self) -> Result<(), ModelError> {
        let mut scratch = Scratch::default();
        let checks = self.card.iter().flat_map(|card| &card.checks);
        for (number, check) in (1..).zip(checks) {
            let row: Vec<_> = check
                .row
                .iter()
                .map(|value| value.unwrap_or(f64::NAN))
                .collect();
            if let Some(difference) = difference(check, &self.evaluate(&row, &mut scratch)) {
                return Err(ModelError::Check {
                    row: number,
                    difference: difference.into(),
                });
            }
        }
        Ok(())
    }
}

/// Greatest difference between an output and the one on the card, as a share of 1, or of the output
/// itself if it is larger: the card's author may have calculated in double precision what the file
/// holds in single precision.
const TOLERANCE: f64 = 1e-4;

/// Describes how the outputs differ from those on the card.
fn difference(check: &Check, outputs: &Outputs<'_>) -> Option<String> {
    let is_near =
        |wanted: f64, found: f64| (wanted - found).abs() <= TOLERANCE * wanted.abs().max(1.0);
    if check.outputs.len() != outputs.scores.len() {
        return Some(format!(
            "{} outputs and not {}",
            outputs.scores.len(),
            check.outputs.len()
        ));
    }
    let mut pairs = check.outputs.iter().zip(outputs.scores);
    if let Some((wanted, found)) = pairs.find(|(wanted, found)| !is_near(**wanted, **found)) {
        return Some(format!("{found} and not {wanted}"));
    }
    if check.label.as_deref() == outputs.label {
        return None;
    }
    // Software differs on the order of equally likely classes.
    let most = outputs.scores.iter().copied().fold(f64::MIN, f64::max);
    let is_tie = outputs
        .scores
        .iter()
        .filter(|score| is_near(most, **score))
        .count()
        > 1;
    let shown = |label: Option<&str>| {
        label.map_or("no label".to_owned(), |label| {
            format!("label {}", quoted(label))
        })
    };
    (!is_tie || check.label.is_none()).then(|| {
        format!(
            "{} and not {}",
            shown(outputs.label),
            shown(check.label.as_deref())
        )
    })
}

/// Returns labels with their numbers, if they are numbers: the labels of the card, which belong to
/// the model's outputs, or else the model's.
fn labels(program: &Program, card: Option<&[Box<str>]>) -> Result<Vec<ClassLabel>, ModelError> {
    let own = program.classes.as_deref().unwrap_or_default();
    let classes = match card {
        Some([]) if own.is_empty() && program.outputs == 1 => &[][..],
        Some(classes) if classes.len() == program.outputs && classes.len() > 1 => classes,
        Some(classes) => {
            let reason = format!(
                "names {} classes for {} outputs",
                classes.len(),
                program.outputs
            );
            return Err(ModelError::card("nflx.classes", reason));
        }
        None if own.is_empty() && program.outputs > 1 => {
            return Err(ModelError::unsupported(
                "several values without a card that says what they are",
            ));
        }
        None => own,
    };
    Ok(classes
        .iter()
        .map(|label| (label.clone(), label.parse().ok()))
        .collect())
}

#[cfg(test)]
mod tests;
