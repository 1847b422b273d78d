//! Reasons to refuse a model.

use thiserror::Error;

/// The reason why a model was not loaded. Each message is one sentence that follows the name of the
/// file and a colon.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ModelError {
    /// The bytes are not an ONNX file, or a damaged one.
    #[error(
        "is not an ONNX model ({0}); export it again, for example with skl2onnx or onnxmltools"
    )]
    Malformed(&'static str),
    /// The file exceeds a limit.
    #[error("has more than {limit} {what}, which is the limit; train a smaller model")]
    TooMany {
        /// The kind of thing that is too numerous.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
    /// The model uses something that the evaluator does not support.
    #[error("uses {0}, which is not supported; forests, boosted trees and linear models are")]
    Unsupported(Box<str>),
    /// An operator contradicts itself or its inputs.
    #[error("{operator} is wrong: {reason}; export the model again")]
    Operator {
        /// The operator's type.
        operator: Box<str>,
        /// The defect.
        reason: Box<str>,
    },
    /// The file has no card, and the caller named no columns.
    #[error(
        "has no card with its columns and its conditions for answers; write nflx.card into the file's metadata when \
         training, or name the columns"
    )]
    NoCard,
    /// The caller named columns for a model that names them itself.
    #[error("has a card, which names its columns already; leave them out")]
    ColumnsTwice,
    /// The card lacks an entry, or one cannot be understood.
    #[error("its card is wrong: {key} {reason}; write it again when training")]
    Card {
        /// Name of the entry.
        key: Box<str>,
        /// The defect, as the rest of a sentence.
        reason: Box<str>,
    },
    /// The model requires a column that does not exist.
    #[error(
        "wants the column {0}, which is not a numeric column of features; take the name from the list of columns"
    )]
    Column(Box<str>),
    /// The model takes a different number of columns than the caller named.
    #[error(
        "takes {takes} columns, and {named} are named; name each once, in the order of the model's input"
    )]
    Width {
        /// Columns of the model's input.
        takes: i64,
        /// Columns that the caller named.
        named: usize,
    },
    /// The model was trained on another version of the features' definitions.
    #[error(
        "was trained on version {trained} of the features' definitions, and this is version {here}; train it again on \
         features of this version"
    )]
    Definitions {
        /// Version that the card names.
        trained: Box<str>,
        /// Version of this library.
        here: u32,
    },
    /// The model takes a column that rows have only if playback is inferred.
    #[error("takes the column {0}, which rows have only with feature_playback = on; set it")]
    Playback(&'static str),
    /// The model was trained with another value of a setting.
    #[error("was trained with {name} = {trained}, and {here} is set; set {name} to {trained}")]
    Setting {
        /// The setting.
        name: Box<str>,
        /// Value that the card names.
        trained: Box<str>,
        /// Value in the configuration.
        here: Box<str>,
    },
    /// The model's output for a check row differs from the one on its card.
    #[error(
        "does not give the output that its card promises for check row {row} ({difference}); the exporter lost a part \
         of the model, such as directions for missing values: export it another way"
    )]
    Check {
        /// Number of the row, from 1.
        row: usize,
        /// The difference.
        difference: Box<str>,
    },
}

impl ModelError {
    pub(super) fn operator(operator: &str, reason: impl Into<Box<str>>) -> Self {
        Self::Operator {
            operator: quoted(operator).into(),
            reason: reason.into(),
        }
    }

    pub(super) fn card(key: &str, reason: impl Into<Box<str>>) -> Self {
        Self::Card {
            key: key.into(),
            reason: reason.into(),
        }
    }

    pub(super) fn unsupported(what: impl Into<Box<str>>) -> Self {
        Self::Unsupported(what.into())
    }
}

/// Returns a text from a model file in a form that is safe to show: short, and without control
/// characters.
pub(super) fn quoted(text: &str) -> String {
    const LONGEST: usize = 80;
    let mut shown: String = text
        .chars()
        .take(LONGEST)
        .flat_map(char::escape_debug)
        .collect();
    if text.chars().nth(LONGEST).is_some() {
        shown.push('…');
    }
    shown
}
