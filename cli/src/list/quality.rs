//! `nflx features`, `nflx quality` and `nflx model`: windows, and what a model says of them.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use nflx_core::features::Row;
use nflx_core::quality::model::{Model, ModelError, Scratch};
use nflx_core::{Config, Features as Windows};

use super::run::run;
use super::write::write_to;
use super::{Report, sessions};
use crate::analysis::{Failure, Study};
use crate::args::{FeaturesRun, ModelCheck, ModelFile, QualityRun, Run};
use crate::escape;
use crate::messages::{Status, mistake, reason, say};
use crate::output::Writer;
use crate::rows::{
    FeatureRow, Features, ModelEntries, ModelEntry, ModelledFeatures, Quality, Rows, Said,
};

/// Lists windows with their features, and with what a model says of them where one is named.
pub(crate) fn features(features: FeaturesRun) -> Status {
    let (features, file) = features.into_parts();
    let Some(file) = file else {
        return run::<Features>(&features);
    };
    match load(&file) {
        Ok(model) => with_model::<ModelledFeatures>(features, &file, model),
        Err(sentence) => fail(&sentence),
    }
}

/// Lists windows with what a model says of them. Settings that nobody named are those of its card.
pub(crate) fn quality(quality: QualityRun) -> Status {
    let (mut quality, file) = quality.into_parts();
    let model = match load(&file) {
        Ok(model) => model,
        Err(sentence) => return fail(&sentence),
    };
    if let Some(card) = model.card() {
        let known = Config::default();
        let settings = card
            .settings
            .iter()
            .filter(|(name, _)| known.get(name).is_some());
        let settings = settings.map(|(name, value)| (name.to_string(), value.to_string()));
        let window = ("feature_window".to_owned(), card.window.to_string());
        quality.analysis.set_first(settings.chain([window]));
    }
    with_model::<Quality>(quality, &file, model)
}

fn with_model<T: Report>(mut arguments: Run, file: &ModelFile, model: Model) -> Status {
    let config = match arguments.analysis.config() {
        Ok(config) => config,
        Err(error) => return mistake(&error),
    };
    match model.fits(&config) {
        Ok(()) => {
            arguments.model = Some(Arc::new(model));
            run::<T>(&arguments)
        }
        Err(error) => fail(&sentence(&file.model, &error)),
    }
}

fn fail(sentence: &str) -> Status {
    say(sentence);
    Status::Failed
}

/// Files from here on are no models, whatever is in them.
const LARGEST: u64 = 1 << 28;

/// Loads a model; the error is a sentence.
fn load(file: &ModelFile) -> Result<Model, String> {
    let mut bytes = Vec::new();
    let read = File::open(&file.model)
        .and_then(|file| file.take(LARGEST).read_to_end(&mut bytes))
        .map_err(|error| format!("{}: {}", escape::path(&file.model), reason(&error)));
    read?;
    let model = match &file.columns {
        None => Model::read(&bytes),
        Some(list) => {
            let names: Vec<_> = list.split(',').map(str::trim).collect();
            Model::read_with_columns(&bytes, &names)
        }
    };
    model.map_err(|error| sentence(&file.model, &error))
}

fn sentence(file: &Path, error: &ModelError) -> String {
    let option = match error {
        ModelError::NoCard => " with --columns",
        ModelError::ColumnsTwice => " (--columns)",
        ModelError::Column(_) => " that 'nflx columns' prints",
        _ => "",
    };
    format!("{}: {error}{option}", escape::path(file))
}

impl Report for Features {
    const COUNTS: bool = true;

    fn write(study: Study, watched: bool, writer: &mut Writer<'_, Self>) -> Result<Study, Failure> {
        windows(study, watched, writer)
    }
}

impl Report for ModelledFeatures {
    const COUNTS: bool = true;

    fn write(study: Study, watched: bool, writer: &mut Writer<'_, Self>) -> Result<Study, Failure> {
        windows(study, watched, writer)
    }
}

impl Report for Quality {
    const COUNTS: bool = true;

    fn write(study: Study, watched: bool, writer: &mut Writer<'_, Self>) -> Result<Study, Failure> {
        windows(study, watched, writer)
    }
}

/// Writes every window: those that were counted beside the first pass, or those of another one, as what a segment was
/// shows only behind it.
fn windows<T>(mut study: Study, watched: bool, writer: &mut Writer<'_, T>) -> Result<Study, Failure>
where
    T: for<'a> Rows<Row<'a> = FeatureRow<'a>>,
{
    let (start, model) = (study.start, study.model.clone());
    let frames = Arc::clone(&study.frames);
    let mut scratch = Scratch::default();
    let mut write = |row: &Row| {
        let answer = model
            .as_deref()
            .map(|model| model.answer(row, row.is_complete, &mut scratch));
        let said = &answer.map(Said::from).unwrap_or_default();
        writer.row(&FeatureRow {
            capture: frames.at(row.start),
            start,
            row,
            said,
        })
    };
    let mut windows = if let Some(mut windows) = study.counted.take() {
        windows.settle(&study.engine);
        windows
    } else {
        let mut windows = Windows::new(&study.engine);
        if study.engine.config().session_by_title {
            let titles = sessions(&study);
            windows = windows.with_titles(titles.iter().map(|title| (title.client, title.t_start)));
        }
        study = study.again(!watched, |packet, annotation, engine| {
            // What others sent counts as well, but once.
            if annotation.is_some() || !engine.latest_is_copy() {
                windows.packet(packet, annotation.as_ref());
            }
            drain(&mut windows, &mut write)
        })?;
        windows
    };
    windows.finish();
    drain(&mut windows, write)?;
    study.windows = windows.stats();
    Ok(study)
}

fn drain(windows: &mut Windows, mut write: impl FnMut(&Row) -> io::Result<()>) -> io::Result<()> {
    while let Some(row) = windows.next_row() {
        write(&row)?;
    }
    Ok(())
}

/// Loads a model and shows its card.
pub(crate) fn check(check: &ModelCheck) -> Status {
    let model = match load(&check.model) {
        Ok(model) => model,
        Err(sentence) => return fail(&sentence),
    };
    write_to(&check.output, |sink, format| {
        let mut writer = Writer::<ModelEntries>::new(format, sink, false)?;
        for (name, value) in entries(&model) {
            writer.row(&ModelEntry {
                name,
                value: &value,
            })?;
        }
        writer.finish()?;
        Ok((Status::Done, true))
    })
}

/// What is said of a model.
fn entries(model: &Model) -> Vec<(&'static str, String)> {
    let columns: Vec<_> = model.columns().iter().map(|column| column.name).collect();
    let labels: Vec<_> = model.labels().collect();
    let mut entries = Vec::new();
    if let Some(card) = model.card() {
        let settings: Vec<_> = card
            .settings
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        entries.extend([
            ("name", card.name.to_string()),
            ("version", card.version.to_string()),
            ("target", card.target.as_str().to_owned()),
            ("unit", card.unit.to_string()),
            ("window", format!("{} s", card.window)),
            ("settings", settings.join(", ")),
            ("answers", card.answers.to_string()),
            (
                "check rows",
                format!("{}, all reproduced", card.check_rows()),
            ),
            ("trained on", card.trained_on.to_string()),
            ("score", card.score.to_string()),
        ]);
    }
    entries.push(("classes", labels.join(", ")));
    entries.push(("columns", columns.join(", ")));
    entries
}
