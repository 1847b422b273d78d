//! `nflx settings` and `nflx columns`: what can be set, and what feature columns mean.

use nflx_core::Config;
use nflx_core::features::{COLUMNS, PLAYBACK};

use super::write::write_to;
use crate::args;
use crate::messages::{Status, mistake};
use crate::output::Writer;
use crate::rows::{Columns, SettingRow, Settings};

pub(crate) fn show_settings(settings: &args::SettingsRun) -> Status {
    let config = match settings.analysis.config() {
        Ok(config) => config,
        Err(error) => return mistake(&error),
    };
    write_to(&settings.output, |sink, format| {
        let mut writer = Writer::<Settings>::new(format, sink, false)?;
        let defaults = Config::default();
        for setting in Config::SETTINGS {
            let value = config.get(setting.name).unwrap_or_default();
            let default = defaults.get(setting.name).unwrap_or_default();
            writer.row(&SettingRow {
                setting,
                value: &value,
                default: &default,
            })?;
        }
        writer.finish()?;
        Ok((Status::Done, true))
    })
}

pub(crate) fn show_columns(settings: &args::SettingsRun) -> Status {
    let config = match settings.analysis.config() {
        Ok(config) => config,
        Err(error) => return mistake(&error),
    };
    write_to(&settings.output, |sink, format| {
        let mut writer = Writer::<Columns>::new(format, sink, false)?;
        let played = if config.feature_playback {
            PLAYBACK
        } else {
            &[]
        };
        for column in COLUMNS.iter().chain(played) {
            writer.row(&column)?;
        }
        writer.finish()?;
        Ok((Status::Done, true))
    })
}
