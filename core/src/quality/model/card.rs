//! The card of a model, in the metadata of its file: what its author states about it.
//!
//! Each entry of the card is one entry of the file's metadata, so viewers of ONNX files show it.
//! Lists and objects are JSON.
//!
//! | key | value |
//! |---|---|
//! | `nflx.card` | version of this table: 1 |
//! | `nflx.name`, `nflx.version` | name and version, for people |
//! | `nflx.columns` | list of names: the feature columns that form a row, in this order |
//! | `nflx.definitions` | version of the features' definitions: [`crate::features::DEFINITIONS`] |
//! | `nflx.window` | seconds that a window lasts |
//! | `nflx.settings` | object: settings that shape the features, with the values used in training; optional |
//! | `nflx.missing` | the input for a missing value: `nan`, or a number |
//! | `nflx.target` | the predicted quantity: `resolution`, `startup_delay`, or another word |
//! | `nflx.unit` | unit of the value; can be empty |
//! | `nflx.classes` | list of labels in the order of the outputs; empty for a model that returns a value |
//! | `nflx.answers` | object: when the model answers, see [`Answers`]; optional |
//! | `nflx.ranges` | list of `[minimum, maximum, share without a value]` seen in training, one per column |
//! | `nflx.check` | list of at least 16 rows: `{"row": […], "label": …, "scores": […]}` or `{"row": […], "value": …}`; `null` is a missing value, which at least one row has if training had some |
//! | `nflx.calibration` | list of `[score, probability]`, both ascending; optional |
//! | `nflx.trained_on`, `nflx.score` | for people: the training data, and the accuracy by whole sessions |

mod entries;

use std::fmt;

use serde_json::Value;

use self::entries::Entries;
use super::ModelError;
use super::error::quoted;
use super::limits::{Limits, at_most};
use crate::config::Config;
use crate::facts::segment::Transport;
use crate::features::{self, Column, DEFINITIONS, Layer, Source, Type};

/// Version of the card that this library reads.
const VERSION: &str = "1";
/// Fewest check rows. Some must have missing values if training had some.
const CHECK_ROWS: usize = 16;

/// A model's purpose, and when it answers.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Card {
    /// Name of the model.
    pub name: Box<str>,
    /// Version of the model.
    pub version: Box<str>,
    /// Length of its windows in seconds.
    pub window: u64,
    /// Settings that shape its features, with the values used in training.
    pub settings: Vec<(Box<str>, Box<str>)>,
    /// The target of the model.
    pub target: Target,
    /// Unit of its value; empty if it has none.
    pub unit: Box<str>,
    /// The conditions under which it answers.
    pub answers: Answers,
    /// The training data, for people.
    pub trained_on: Box<str>,
    /// The quality on sessions that it was not trained on, for people.
    pub score: Box<str>,
    pub(super) missing: f64,
    /// Labels, in the order of the outputs.
    pub(super) classes: Vec<Box<str>>,
    pub(super) ranges: Vec<TrainedRange>,
    pub(super) checks: Vec<Check>,
    /// Scores of the most likely class, each with the share of cases in which that class was right.
    pub(super) calibration: Vec<(f64, f64)>,
}

/// The target that a model predicts for a window.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Target {
    /// Lines of the picture.
    Resolution,
    /// Seconds from the first request to the first picture.
    StartupDelay,
    /// Something else, in the author's word.
    Other(Box<str>),
}

impl Target {
    /// The word on the card.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Resolution => "resolution",
            Self::StartupDelay => "startup_delay",
            Self::Other(word) => word,
        }
    }
}

/// The conditions under which a model answers. Otherwise it returns a reason.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Answers {
    /// `transport`: the transport that most of the session's packets must use; any if there is
    /// none.
    pub transport: Option<Transport>,
    /// `from_start`: only sessions whose first connection to a video server was captured from its
    /// beginning. Always required for [`Target::StartupDelay`].
    pub from_start: bool,
    /// `segments`: number of segments that must have completed in the session.
    pub segments: u64,
    /// `margin`: how far an input may lie outside its range, as a share of the range's width.
    pub margin: f64,
}

/// Values of a column seen in training.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct TrainedRange {
    pub(super) minimum: f64,
    pub(super) maximum: f64,
    /// Some rows had no value.
    pub(super) may_miss: bool,
}

/// A row with the output that the author's software gave for it.
#[derive(Clone, Debug)]
pub(super) struct Check {
    /// `None` where a column has no value.
    pub(super) row: Vec<Option<f64>>,
    pub(super) label: Option<Box<str>>,
    /// Probabilities, or the one value.
    pub(super) outputs: Vec<f64>,
}

impl Card {
    /// Reads the card and the columns from a file's metadata; `None` if there is no card.
    pub(super) fn read(
        metadata: &[(&str, &str)],
        limits: &Limits,
    ) -> Result<Option<(Self, Columns)>, ModelError> {
        let entries = Entries {
            entries: metadata,
            limits,
        };
        match entries.optional("nflx.card")? {
            None => return Ok(None),
            Some(VERSION) => {}
            Some(other) => {
                let reason = format!("is {}, and version {VERSION} is read", quoted(other));
                return Err(ModelError::card("nflx.card", reason));
            }
        }
        definitions(entries.text("nflx.definitions")?)?;
        let names = entries.list("nflx.columns")?;
        let names = names.iter().map(|name| {
            name.as_str()
                .ok_or_else(|| not("nflx.columns", "a list of names"))
        });
        let columns = columns(&names.collect::<Result<Vec<_>, _>>()?)?;
        let target = target(entries.text("nflx.target")?);
        let card = Self {
            name: entries.text("nflx.name")?.into(),
            version: entries.text("nflx.version")?.into(),
            window: number(entries.text("nflx.window")?)
                .ok_or_else(|| not("nflx.window", "a number of seconds"))?,
            settings: settings(&entries)?,
            unit: entries.shown("nflx.unit")?,
            answers: Answers::read(&entries, &target)?,
            target,
            trained_on: entries.shown("nflx.trained_on")?,
            score: entries.shown("nflx.score")?,
            missing: missing(entries.text("nflx.missing")?)?,
            classes: classes(&entries.list("nflx.classes")?)?,
            ranges: ranges(&entries.list("nflx.ranges")?, columns.len())?,
            checks: checks(&entries.list("nflx.check")?, columns.len(), limits)?,
            calibration: calibration(&entries)?,
        };
        card.covers_missing()?;
        Ok(Some((card, columns)))
    }

    /// Fails if values were missing in training and no check row lacks one: nothing would show that
    /// the exporter lost the model's treatment of missing values.
    fn covers_missing(&self) -> Result<(), ModelError> {
        let lacks = |check: &Check| check.row.iter().any(Option::is_none);
        if self.ranges.iter().all(|range| !range.may_miss) || self.checks.iter().any(lacks) {
            return Ok(());
        }
        let reason =
            "has no row with a missing value, though nflx.ranges says that training had some";
        Err(ModelError::card("nflx.check", reason))
    }

    /// Returns the number of check rows. A loaded model reproduces all of them.
    #[must_use]
    pub fn check_rows(&self) -> usize {
        self.checks.len()
    }

    /// Fails if features calculated with these settings are not those that the model was trained
    /// on.
    pub(super) fn fits(&self, config: &Config) -> Result<(), ModelError> {
        let window = self.window.to_string().into();
        let window = [("feature_window".into(), window)];
        for (name, trained) in window.iter().chain(&self.settings) {
            let Some(here) = config.get(name) else {
                return Err(ModelError::card(
                    "nflx.settings",
                    format!("names the unknown setting {}", quoted(name)),
                ));
            };
            if here != **trained {
                let trained = quoted(trained).into();
                return Err(ModelError::Setting {
                    name: name.clone(),
                    trained,
                    here: here.into(),
                });
            }
        }
        Ok(())
    }
}

pub(super) type Columns = Vec<&'static Column>;

/// Finds columns by their names. Columns that only identify a row, such as the session's number,
/// are not for models.
pub(super) fn columns(names: &[&str]) -> Result<Columns, ModelError> {
    let is_number = |column: &&Column| {
        matches!(
            column.kind,
            Type::Integer | Type::Float | Type::OptionalFloat
        ) && (column.layer != Layer::Key || column.source != Source::Own)
    };
    let find = |name: &&str| {
        features::column(name)
            .filter(is_number)
            .ok_or_else(|| ModelError::Column(quoted(name).into()))
    };
    let columns = names.iter().map(find).collect::<Result<Columns, _>>()?;
    let mut names = names.to_vec();
    names.sort_unstable();
    match names.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(ModelError::card(
            "nflx.columns",
            format!("names {} twice", pair[0]),
        )),
        None => Ok(columns),
    }
}

fn not(key: &str, what: &str) -> ModelError {
    ModelError::card(key, format!("is not {what}"))
}

fn number<T: std::str::FromStr>(text: &str) -> Option<T> {
    text.trim().parse().ok()
}

fn definitions(trained: &str) -> Result<(), ModelError> {
    if number(trained) == Some(DEFINITIONS) {
        return Ok(());
    }
    Err(ModelError::Definitions {
        trained: quoted(trained).into(),
        here: DEFINITIONS,
    })
}

fn target(word: &str) -> Target {
    match word {
        "resolution" => Target::Resolution,
        "startup_delay" => Target::StartupDelay,
        other => Target::Other(quoted(other).into()),
    }
}

fn missing(text: &str) -> Result<f64, ModelError> {
    let value = if text == "nan" {
        Some(f64::NAN)
    } else {
        number(text).filter(|value: &f64| value.is_finite())
    };
    value.ok_or_else(|| not("nflx.missing", "nan or a number"))
}

/// Returns the text of a label or of a setting's value. Numbers are copied as written.
fn word(value: &Value) -> Option<Box<str>> {
    match value {
        Value::String(text) => Some(quoted(text).into()),
        Value::Number(number) => Some(number.to_string().into()),
        _ => None,
    }
}

/// Names and values.
type SettingValues = Vec<(Box<str>, Box<str>)>;

fn settings(entries: &Entries<'_>) -> Result<SettingValues, ModelError> {
    if entries.optional("nflx.settings")?.is_none() {
        return Ok(Vec::new());
    }
    let wrong = || not("nflx.settings", "an object of texts and numbers");
    let json = entries.json("nflx.settings")?;
    let object = json.as_object().ok_or_else(wrong)?;
    object
        .iter()
        .map(|(name, value)| Ok((name.as_str().into(), word(value).ok_or_else(wrong)?)))
        .collect()
}

fn classes(list: &[Value]) -> Result<Vec<Box<str>>, ModelError> {
    list.iter()
        .map(|class| word(class).ok_or_else(|| not("nflx.classes", "a list of texts or numbers")))
        .collect()
}

impl fmt::Display for Answers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("complete windows")?;
        if let Some(transport) = self.transport {
            write!(f, ", {} only", transport.as_str())?;
        }
        if self.from_start {
            f.write_str(", sessions captured from their start")?;
        }
        if self.segments > 0 {
            write!(f, ", from {} segments on", self.segments)?;
        }
        write!(
            f,
            ", inputs up to {} % outside their ranges",
            self.margin * 100.0
        )
    }
}

impl Answers {
    fn read(entries: &Entries<'_>, target: &Target) -> Result<Self, ModelError> {
        const KEY: &str = "nflx.answers";
        let mut answers = Self {
            from_start: *target == Target::StartupDelay,
            ..Self::default()
        };
        if entries.optional(KEY)?.is_none() {
            return Ok(answers);
        }
        let json = entries.json(KEY)?;
        for (name, value) in json.as_object().ok_or_else(|| not(KEY, "an object"))? {
            let wrong = || ModelError::card(KEY, format!("has no such value of {}", quoted(name)));
            match name.as_str() {
                "transport" => {
                    answers.transport = Some(match value.as_str() {
                        Some("tcp") => Transport::Tcp,
                        Some("quic") => Transport::Quic,
                        _ => return Err(wrong()),
                    });
                }
                "from_start" => answers.from_start |= value.as_bool().ok_or_else(wrong)?,
                "segments" => answers.segments = value.as_u64().ok_or_else(wrong)?,
                "margin" => {
                    answers.margin = value
                        .as_f64()
                        .filter(|margin| (0.0..=10.0).contains(margin))
                        .ok_or_else(wrong)?;
                }
                other => {
                    return Err(ModelError::card(
                        KEY,
                        format!("names the unknown condition {}", quoted(other)),
                    ));
                }
            }
        }
        Ok(answers)
    }
}

fn ranges(list: &[Value], columns: usize) -> Result<Vec<TrainedRange>, ModelError> {
    let wrong = || {
        not(
            "nflx.ranges",
            "a list of [minimum, maximum, share without a value], one for each column",
        )
    };
    if list.len() != columns {
        return Err(wrong());
    }
    let range = |value: &Value| {
        let [minimum, maximum, missing] = value.as_array()?.as_slice() else {
            return None;
        };
        let may_miss = missing.as_f64()? > 0.0;
        // A column that never had a value has no range: every value is outside.
        let bound = |value: &Value| {
            if value.is_null() {
                Some(f64::NAN)
            } else {
                value.as_f64()
            }
        };
        Some(TrainedRange {
            minimum: bound(minimum)?,
            maximum: bound(maximum)?,
            may_miss,
        })
    };
    list.iter()
        .map(|value| range(value).ok_or_else(wrong))
        .collect()
}

fn checks(list: &[Value], columns: usize, limits: &Limits) -> Result<Vec<Check>, ModelError> {
    if list.len() < CHECK_ROWS {
        return Err(ModelError::card(
            "nflx.check",
            format!("has fewer than {CHECK_ROWS} rows"),
        ));
    }
    at_most("check rows", list.len(), limits.check_rows)?;
    let check = |value: &Value| {
        let cell = |value: &Value| {
            if value.is_null() {
                Some(None)
            } else {
                value.as_f64().map(Some)
            }
        };
        let row: Vec<_> = value
            .get("row")?
            .as_array()?
            .iter()
            .map(cell)
            .collect::<Option<_>>()?;
        let outputs = match (value.get("scores"), value.get("value")) {
            (Some(scores), None) => scores
                .as_array()?
                .iter()
                .map(Value::as_f64)
                .collect::<Option<_>>()?,
            (None, Some(value)) => vec![value.as_f64()?],
            _ => return None,
        };
        let label = match value.get("label") {
            Some(label) => Some(word(label)?),
            None => None,
        };
        (row.len() == columns).then_some(Check {
            row,
            label,
            outputs,
        })
    };
    let wrong = |number: usize| {
        let reason = format!(
            "has something wrong in row {number}: row of as many numbers or null as columns, and scores or value"
        );
        ModelError::card("nflx.check", reason)
    };
    list.iter()
        .zip(1..)
        .map(|(value, number)| check(value).ok_or_else(|| wrong(number)))
        .collect()
}

fn calibration(entries: &Entries<'_>) -> Result<Vec<(f64, f64)>, ModelError> {
    const KEY: &str = "nflx.calibration";
    if entries.optional(KEY)?.is_none() {
        return Ok(Vec::new());
    }
    let point = |value: &Value| match value.as_array()?.as_slice() {
        [score, probability] => Some((score.as_f64()?, probability.as_f64()?)),
        _ => None,
    };
    let points: Option<Vec<_>> = entries.list(KEY)?.iter().map(point).collect();
    let ascends = |points: &Vec<(f64, f64)>| {
        points
            .windows(2)
            .all(|pair| pair[0].0 < pair[1].0 && pair[0].1 <= pair[1].1)
    };
    let in_bounds = |points: &Vec<(f64, f64)>| {
        points
            .iter()
            .all(|(_, probability)| (0.0..=1.0).contains(probability))
    };
    points.filter(ascends).filter(in_bounds).ok_or_else(|| {
        not(
            KEY,
            "a list of [score, probability] that ascends, with probabilities from 0 to 1",
        )
    })
}
