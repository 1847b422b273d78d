//! Settings from keyword arguments.

use nflx_core::Config;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyList, PyTuple};

/// Changes a configuration by keyword arguments, named as in `nflx settings`.
pub(crate) fn changed(
    mut config: Config,
    settings: Option<&Bound<'_, PyDict>>,
) -> PyResult<Config> {
    for (name, value) in settings.into_iter().flatten() {
        let name: String = name.extract()?;
        let text = text(&value)?;
        config
            .set(&name, &text)
            .map_err(|error| PyValueError::new_err(error.to_string()))?;
    }
    Ok(config)
}

/// Returns a value as the configuration accepts it: lists are words separated by commas, booleans
/// lower case.
fn text(value: &Bound<'_, PyAny>) -> PyResult<String> {
    if value.is_instance_of::<PyList>() || value.is_instance_of::<PyTuple>() {
        let words: Vec<String> = value
            .try_iter()?
            .map(|word| text(&word?))
            .collect::<PyResult<_>>()?;
        return Ok(words.join(","));
    }
    let text = value.str()?.to_string();
    Ok(if value.is_instance_of::<PyBool>() {
        text.to_lowercase()
    } else {
        text
    })
}
