//! `nflx features`, `nflx quality` and `nflx model`: windows, and a model's answers for them.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nflx_core::features::{self, Row};
use nflx_core::quality::PlaybackColumns;
use nflx_core::quality::model::{Model, ModelError, Scratch};
use nflx_core::{Config, Features as Windows, Time};

use super::run::either;
use super::write::write_to;
use super::{Report, sessions};
use crate::analysis::{Failure, Study};
use crate::args::{Analysis, FeaturesRun, ModelCheck, ModelFile, QualityRun, Run};
use crate::escape;
use crate::messages::{Status, reason, say};
use crate::output::Writer;
use crate::rows::{
    FeatureRow, Features, ModelEntries, ModelEntry, ModelledFeatures, ModelledPlayedFeatures,
    PlayedFeatures, Quality, Rows, Said,
};

/// Lists windows with their features, and with a model's answers if one is named.
pub(crate) fn features(features: FeaturesRun) -> Status {
    match of_features(features) {
        Ok(run) => match shape(&run) {
            Shape::Plain => either::<Features>(&run),
            Shape::Played => either::<PlayedFeatures>(&run),
            Shape::Modelled => either::<ModelledFeatures>(&run),
            Shape::ModelledPlayed => either::<ModelledPlayedFeatures>(&run),
        },
        Err(sentence) => fail(&sentence),
    }
}

/// The columns of a run over windows, besides those that every run has.
pub(crate) enum Shape {
    Plain,
    /// With the player's doings.
    Played,
    /// A model's answer.
    Modelled,
    /// Both.
    ModelledPlayed,
}

/// Returns the columns of a run over windows.
pub(crate) fn shape(run: &Run) -> Shape {
    let config = run.analysis.config();
    let plays = config.is_ok_and(|config| config.feature_playback);
    match (plays, run.model.is_some()) {
        (false, false) => Shape::Plain,
        (true, false) => Shape::Played,
        (false, true) => Shape::Modelled,
        (true, true) => Shape::ModelledPlayed,
    }
}

/// Lists windows with a model's answers.
pub(crate) fn quality(quality: QualityRun) -> Status {
    match of_quality(quality) {
        Ok(run) => either::<Quality>(&run),
        Err(sentence) => fail(&sentence),
    }
}

/// Returns a run over windows with its model, if one is named, or a sentence about options that do
/// not fit together.
pub(crate) fn of_features(features: FeaturesRun) -> Result<Run, String> {
    let (features, file) = features.into_parts();
    match file {
        None => fitting(features),
        Some(file) => {
            let model = load(&file)?;
            with_model(features, &file, model)
        }
    }
}

/// The same with a required model. Settings that were not named come from its card.
pub(crate) fn of_quality(quality: QualityRun) -> Result<Run, String> {
    let (mut quality, file) = quality.into_parts();
    let model = load(&file)?;
    quality.analysis.set_first(of_card(&model));
    with_model(quality, &file, model)
}

/// Returns the run, if the settings allow rows as requested.
fn fitting(run: Run) -> Result<Run, String> {
    let waits = !run.live && run.rotate.is_none() && run.as_known.is_none();
    match run.analysis.config() {
        Ok(config) if config.session_by_title && !waits => Err(
            "titles are known at the end of a capture; leave --live and --as-known out, or set session_by to idle"
                .to_owned(),
        ),
        Ok(_) => Ok(run),
        Err(error) => Err(error.to_string()),
    }
}

fn with_model(mut run: Run, file: &ModelFile, model: Model) -> Result<Run, String> {
    let config = run.analysis.config().map_err(|error| error.to_string())?;
    model
        .fits(&config)
        .map_err(|error| sentence(&file.model, &error))?;
    run.model = Some(Arc::new(model));
    fitting(run)
}

/// Returns the settings of a run with an optional model, and the model, or else a sentence.
/// Settings that were not named come from the model's card.
pub(crate) fn settings(
    analysis: &Analysis,
    model: Option<&PathBuf>,
) -> Result<(Config, Option<Arc<Model>>), String> {
    let Some(path) = model else {
        return Ok((analysis.config().map_err(|error| error.to_string())?, None));
    };
    let file = ModelFile {
        model: path.clone(),
        columns: None,
    };
    let model = load(&file)?;
    let mut config = Config::default();
    for (name, value) in of_card(&model) {
        config
            .set(&name, &value)
            .map_err(|error| error.to_string())?;
    }
    let config = analysis
        .config_from(config)
        .map_err(|error| error.to_string())?;
    model
        .fits(&config)
        .map_err(|error| sentence(path, &error))?;
    Ok((config, Some(Arc::new(model))))
}

/// Returns the settings on a model's card, as far as they are known.
fn of_card(model: &Model) -> Vec<(String, String)> {
    let known = Config::default();
    let settings = model.card().map(|card| {
        let window = ("feature_window".to_owned(), card.window.to_string());
        let settings = card
            .settings
            .iter()
            .filter(|(name, _)| known.get(name).is_some());
        let settings = settings.map(|(name, value)| (name.to_string(), value.to_string()));
        settings.chain([window]).collect()
    });
    settings.unwrap_or_default()
}

fn fail(sentence: &str) -> Status {
    say(sentence);
    Status::Failed
}

/// Files from this size on are never models.
const LARGEST: u64 = 1 << 28;

/// Loads a model; the error is a sentence.
fn load(file: &ModelFile) -> Result<Model, String> {
    let mut bytes = Vec::new();
    let read = File::open(&file.model)
        .and_then(|file| file.take(LARGEST).read_to_end(&mut bytes))
        .map_err(|error| {
            let why = match error.kind() {
                ErrorKind::IsADirectory => "is a directory; name the model's file in it".to_owned(),
                _ => reason(&error),
            };
            format!("{}: {why}", escape::path(&file.model))
        });
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

/// Implements reports of windows.
macro_rules! reports {
    ($($rows:ident)*) => {
        $(impl Report for $rows {
            const COUNTS: bool = true;

            fn write(
                study: Study,
                watched: bool,
                writer: &mut Writer<'_, Self>,
            ) -> Result<Study, Failure> {
                windows(study, watched, writer)
            }
        })*
    };
}

reports! { Features PlayedFeatures ModelledFeatures ModelledPlayedFeatures Quality }

/// Writes every window as a host has it that does not wait for the end: reads from the beginning
/// again, without the results of the first reading.
fn as_known(
    lag: u64,
    study: Study,
    watched: bool,
    mut write: impl FnMut(&Row) -> io::Result<()>,
) -> Result<Study, Failure> {
    let mut windows = features::Live::new(study.engine.config(), lag);
    let mut study = study.afresh(!watched, |packet, annotation, engine| {
        windows.packet(packet, annotation.as_ref(), engine);
        while let Some(mut row) = windows.next_row(engine) {
            PlaybackColumns::fill_live(&mut row, engine);
            write(&row)?;
        }
        Ok(())
    })?;
    windows.finish(&study.engine);
    while let Some(mut row) = windows.next_row(&study.engine) {
        PlaybackColumns::fill_live(&mut row, &study.engine);
        write(&row)?;
    }
    study.windows = windows.stats();
    Ok(study)
}

/// Writes every window.
fn windows<T>(study: Study, watched: bool, writer: &mut Writer<'_, T>) -> Result<Study, Failure>
where
    T: for<'a> Rows<Row<'a> = FeatureRow<'a>>,
{
    let frames = Arc::clone(&study.frames);
    each_window(study, watched, |start, row, said| {
        writer.row(&FeatureRow {
            capture: frames.at(row.start),
            start,
            row,
            said,
        })
    })
}

/// Passes every window with the answer of the study's model, if there is one, and the capture's
/// start to a function. Uses the windows counted during the first pass, or counts them in another
/// one, because a segment's kind becomes known only later.
pub(crate) fn each_window(
    mut study: Study,
    watched: bool,
    mut show: impl FnMut(Time, &Row, &Said<'_>) -> io::Result<()>,
) -> Result<Study, Failure> {
    let (start, model) = (study.start, study.model.clone());
    let mut scratch = Scratch::default();
    let mut write = |row: &Row| {
        let answer = model
            .as_deref()
            .map(|model| model.answer(row, row.is_complete, &mut scratch));
        show(start, row, &answer.map(Said::from).unwrap_or_default())
    };
    if let Some(lag) = study.as_known {
        return as_known(lag, study, watched, write);
    }
    let playback = PlaybackColumns::settled(&study.engine);
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
            // Foreign traffic counts too, but each packet once.
            if annotation.is_some() || !engine.latest_is_copy() {
                windows.packet(packet, annotation.as_ref());
            }
            drain(&mut windows, &playback, &mut write)
        })?;
        windows
    };
    windows.finish();
    drain(&mut windows, &playback, write)?;
    study.windows = windows.stats();
    Ok(study)
}

fn drain(
    windows: &mut Windows,
    playback: &PlaybackColumns,
    mut write: impl FnMut(&Row) -> io::Result<()>,
) -> io::Result<()> {
    while let Some(mut row) = windows.next_row() {
        playback.fill(&mut row);
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

/// Facts about a model.
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
