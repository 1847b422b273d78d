//! Limits on a model file.
//!
//! Model files come from strangers. Each limit is far above what training produces, and low enough
//! that a hostile file costs little memory and time.

use super::ModelError;

/// Limits on a model file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Bytes of the file. A forest of 500 deep trees takes about 30 MB; a model takes at most about
    /// ten times the file in memory.
    pub(super) file_bytes: usize,
    /// Operators in the graph. Exporters write up to ten around a tree ensemble.
    pub(super) operators: usize,
    /// Nodes of all trees of an ensemble.
    pub(super) nodes: usize,
    /// Weights of all leaves of an ensemble.
    pub(super) weights: usize,
    /// Trees of an ensemble: boosting for five classes grows five per round.
    pub(super) trees: usize,
    /// Decisions from the root of a tree to its deepest leaf. onnxruntime has the same limit.
    pub(super) depth: usize,
    /// Decisions that one row can take in all trees: limits the time of a row to a few
    /// milliseconds.
    pub(super) decisions: usize,
    /// Inputs of a model, and values between its operators.
    pub(super) width: usize,
    /// Classes of a classifier, and values of a regressor.
    pub(super) classes: usize,
    /// Bytes of a name in the graph: an operator, a tensor, a class.
    pub(super) name_bytes: usize,
    /// Entries of the file's metadata.
    pub(super) metadata: usize,
    /// Bytes of one entry of the card. Check rows are the largest entry.
    pub(super) card_bytes: usize,
    /// Check rows of the card. Each is evaluated when the model is loaded.
    pub(super) check_rows: usize,
}

/// The limits in use.
pub(super) const LIMITS: Limits = Limits {
    file_bytes: 64 << 20,
    operators: 64,
    nodes: 4_000_000,
    weights: 16_000_000,
    trees: 20_000,
    depth: 1_000,
    decisions: 1_000_000,
    width: 1_024,
    classes: 256,
    name_bytes: 1_024,
    metadata: 256,
    card_bytes: 4 << 20,
    check_rows: 1_000,
};

/// Fails if there are more than `limit` of something.
pub(super) fn at_most(what: &'static str, found: usize, limit: usize) -> Result<(), ModelError> {
    if found <= limit {
        Ok(())
    } else {
        Err(ModelError::TooMany { what, limit })
    }
}
