//! Entries of a model file's metadata.

use serde_json::Value;

use crate::quality::model::error::ModelError;
use crate::quality::model::limits::{Limits, at_most};

/// Entries of a file's metadata.
pub(super) struct Entries<'a> {
    pub(super) entries: &'a [(&'a str, &'a str)],
    pub(super) limits: &'a Limits,
}

impl<'a> Entries<'a> {
    pub(super) fn optional(&self, key: &str) -> Result<Option<&'a str>, ModelError> {
        let mut found = self
            .entries
            .iter()
            .filter(|(name, _)| *name == key)
            .map(|(_, value)| *value);
        let first = found.next();
        if found.next().is_some() {
            return Err(ModelError::card(key, "is there twice"));
        }
        at_most(
            "bytes in an entry of its card",
            first.map_or(0, str::len),
            self.limits.card_bytes,
        )?;
        Ok(first)
    }

    pub(super) fn text(&self, key: &str) -> Result<&'a str, ModelError> {
        self.optional(key)?
            .ok_or_else(|| ModelError::card(key, "is missing"))
    }

    pub(super) fn shown(&self, key: &str) -> Result<Box<str>, ModelError> {
        Ok(self.optional(key)?.unwrap_or_default().into())
    }

    pub(super) fn json(&self, key: &str) -> Result<Value, ModelError> {
        serde_json::from_str(self.text(key)?).map_err(|_| ModelError::card(key, "is not JSON"))
    }

    pub(super) fn list(&self, key: &str) -> Result<Vec<Value>, ModelError> {
        match self.json(key)? {
            Value::Array(list) => Ok(list),
            _ => Err(ModelError::card(key, "is not a list")),
        }
    }
}
