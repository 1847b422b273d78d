//! One row per entry of a model's card.

use super::{Column, Rows, Type, Unit, Value, shown};

/// The type of row.
pub(crate) struct ModelEntries;

/// An entry and its value.
pub(crate) struct ModelEntry<'a> {
    pub(crate) name: &'static str,
    pub(crate) value: &'a str,
}

impl Rows for ModelEntries {
    type Row<'a> = ModelEntry<'a>;

    const NAME: &'static str = "model";

    const COLUMNS: &'static [Column<Self>] = &[
        shown(
            "entry",
            Type::Text,
            "",
            "Property of the model",
            "entry",
            Unit::Whole,
            |row| Value::Word(row.name),
        ),
        shown(
            "value",
            Type::Text,
            "",
            "Value on the model's card or in its file",
            "value",
            Unit::Whole,
            |row| Value::Text(row.value),
        ),
    ];
}
