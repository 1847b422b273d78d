//! One row per setting.

use nflx_core::config::Setting;

use super::{Column, Rows, Type, Unit, Value, column, shown};

/// The type of row.
pub(crate) struct Settings;

/// A setting, its value with the options given, and its value without.
pub(crate) struct SettingRow<'a> {
    pub(crate) setting: &'a Setting,
    pub(crate) value: &'a str,
    pub(crate) default: &'a str,
}

impl Rows for Settings {
    type Row<'a> = SettingRow<'a>;

    const NAME: &'static str = "settings";

    const COLUMNS: &'static [Column<Self>] = &[
        shown(
            "name",
            Type::Text,
            "",
            "Name for --set",
            "name",
            Unit::Whole,
            |row| Value::Text(row.setting.name),
        ),
        shown(
            "value",
            Type::Text,
            "",
            "Value with the options given",
            "value",
            Unit::Whole,
            |row| Value::Text(row.value),
        ),
        column(
            "default",
            Type::Text,
            "",
            "Value without any option",
            |row| Value::Text(row.default),
        ),
        shown(
            "unit",
            Type::Text,
            "",
            "What the value counts or measures",
            "unit",
            Unit::Whole,
            |row| Value::Text(row.setting.unit),
        ),
        shown(
            "help",
            Type::Text,
            "",
            "What it decides",
            "help",
            Unit::Whole,
            |row| Value::Text(row.setting.help),
        ),
        column(
            "source",
            Type::Text,
            "",
            "Where the default comes from",
            |row| Value::Text(row.setting.source),
        ),
    ];
}
