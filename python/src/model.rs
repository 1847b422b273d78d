//! A model that is evaluated for windows while packets pass.

use std::collections::VecDeque;
use std::path::PathBuf;

use nflx_core::features::Live;
use nflx_core::quality::PlaybackColumns;
use nflx_core::quality::model::{Model, Scratch};
use nflx_core::{Annotation, Config, Engine};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::facts::Window;

/// Largest number of answers that wait to be taken.
const MOST_UNTAKEN: usize = 65_536;

/// A model and its answers.
pub(crate) struct Asked {
    model: Model,
    scratch: Scratch,
    live: Live,
    lag: u64,
    untaken: VecDeque<Window>,
    /// Number of answers that were not taken in time.
    pub(crate) lost: u64,
}

/// Reads a model from the bytes of an ONNX file, or from its path.
pub(crate) fn read(model: &Bound<'_, PyAny>) -> PyResult<Model> {
    if let Ok(bytes) = model.extract::<&[u8]>() {
        return Model::read(bytes)
            .map_err(|error| PyValueError::new_err(format!("The model {error}.")));
    }
    let path: PathBuf = model.extract()?;
    let bytes = std::fs::read(&path)?;
    Model::read(&bytes)
        .map_err(|error| PyValueError::new_err(format!("{}: The model {error}.", path.display())))
}

/// Returns the settings on a model's card, which apply unless an argument sets them.
pub(crate) fn settings(model: &Model) -> PyResult<Config> {
    let mut config = Config::default();
    if let Some(card) = model.card() {
        let window = ("feature_window".into(), card.window.to_string().into());
        for (name, value) in card.settings.iter().chain([&window]) {
            config
                .set(name, value)
                .map_err(|error| PyValueError::new_err(error.to_string()))?;
        }
    }
    Ok(config)
}

impl Asked {
    pub(crate) fn new(model: Model, config: &Config, lag: u64) -> PyResult<Self> {
        model
            .fits(config)
            .map_err(|error| PyValueError::new_err(format!("The model {error}.")))?;
        if config.session_by_title {
            return Err(PyValueError::new_err(
                "Titles are known at the end of a capture only: use nflx.quality.",
            ));
        }
        Ok(Self {
            model,
            scratch: Scratch::default(),
            live: Live::new(config, lag),
            lag,
            untaken: VecDeque::new(),
            lost: 0,
        })
    }

    /// Starts over, for the same packets.
    pub(crate) fn begin(&mut self, config: &Config) {
        self.live = Live::new(config, self.lag);
        self.untaken.clear();
    }

    pub(crate) fn packet(
        &mut self,
        packet: &nflx_core::Packet<'_>,
        said: Option<&Annotation>,
        engine: &Engine,
    ) {
        self.live.packet(packet, said, engine);
        self.ask(engine);
    }

    pub(crate) fn finish(&mut self, engine: &Engine) {
        self.live.finish(engine);
        self.ask(engine);
    }

    fn ask(&mut self, engine: &Engine) {
        while let Some(mut row) = self.live.next_row(engine) {
            PlaybackColumns::fill_live(&mut row, engine);
            let answer = self.model.answer(&row, row.is_complete, &mut self.scratch);
            if self.untaken.len() == MOST_UNTAKEN {
                self.untaken.pop_front();
                self.lost += 1;
            }
            self.untaken.push_back(Window::new(&row, &answer));
        }
    }

    pub(crate) fn take(&mut self) -> Vec<Window> {
        self.untaken.drain(..).collect()
    }
}
