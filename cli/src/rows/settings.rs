//! One row per setting.

use nflx_core::config::Setting;

use super::{Column, Rows, Unit, Value, column, shown};

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

    const COLUMNS: &'static [Column<Self>] = &[
        shown("name", "name", Unit::Whole, |row| Value::Text(row.setting.name)),
        shown("value", "value", Unit::Whole, |row| Value::Text(row.value)),
        column("default", |row| Value::Text(row.default)),
        shown("unit", "unit", Unit::Whole, |row| Value::Text(row.setting.unit)),
        shown("help", "help", Unit::Whole, |row| Value::Text(row.setting.help)),
        column("source", |row| Value::Text(row.setting.source)),
    ];
}
