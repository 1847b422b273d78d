//! The configuration handle.

use core::ffi::{CStr, c_char};
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use nflx_core::Config;
use nflx_core::config::ConfigError;
use nflx_core::quality::model::{Model, ModelError};

use crate::crossing::Output;
use crate::guard::{Failure, Handle, HandleState, free, guard, guard_static};
use crate::status::{NFLX_STATUS_BAD_VALUE, NFLX_STATUS_NULL, nflx_status, text};

/// Settings for engines. Made by `nflx_config_new`, freed by `nflx_config_free`.
#[derive(Default)]
pub struct nflx_config {
    pub(crate) config: Config,
    model: Option<Arc<Model>>,
    /// Names of settings that the host set; a model's card does not override these.
    set: BTreeSet<Box<str>>,
    state: HandleState,
}

impl Handle for nflx_config {
    fn state(&self) -> &HandleState {
        &self.state
    }
}

impl fmt::Debug for nflx_config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("nflx_config").finish_non_exhaustive()
    }
}

/// Creates a configuration with every setting at its default.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nflx_config_new(out: *mut *mut nflx_config) -> nflx_status {
    guard_static(|| {
        // SAFETY: the header's contract for outputs.
        let out = unsafe { Output::plain(out, "the new handle") }?;
        let config = Box::<nflx_config>::default();
        out.write(Box::into_raw(config));
        Ok(())
    })
}

/// Frees a configuration. Engines made from it keep their own copy. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nflx_config_free(config: *mut nflx_config) {
    // SAFETY: the header's contract for handles.
    unsafe { free(config) }
}

/// Returns the message of the last failed call on this configuration; empty if none failed. Valid
/// until the next call with this handle. Never NULL: without a handle it is the message of
/// `NFLX_STATUS_NULL`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nflx_config_error(config: *const nflx_config) -> *const c_char {
    // SAFETY: the header's contract for handles.
    match unsafe { config.as_ref() } {
        Some(config) => config.state.sentence(),
        None => text(NFLX_STATUS_NULL).as_ptr(),
    }
}

/// Sets one setting from its text form: words separated by commas for lists, one of its words for a
/// choice, decimal for numbers. `name` and `value` are UTF-8, ended by NUL. `NFLX_STATUS_BAD_VALUE`
/// for an unknown setting or a value that does not fit: the configuration is then unchanged, and
/// `nflx_config_error` names the setting, the value and what would fit.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nflx_config_set(
    config: *mut nflx_config,
    name: *const c_char,
    value: *const c_char,
) -> nflx_status {
    let body = |config: &mut nflx_config| {
        // SAFETY: the header's contract for strings.
        let name = unsafe { string(name, "name of the setting") }?;
        // SAFETY: the header's contract for strings.
        let value = unsafe { string(value, "value of the setting") }?;
        config.config.set(name, value).map_err(refused)?;
        config.set.insert(name.into());
        Ok(())
    };
    // SAFETY: the header's contract for handles.
    unsafe { guard(config, body) }
}

fn refused(error: ConfigError) -> Failure {
    Failure::new(NFLX_STATUS_BAD_VALUE, error.to_string())
}

/// Sets the model that engines use for each window, in place of an earlier one. `bytes` are the
/// `length` bytes of an ONNX file with a card, which the host has read; they are copied. `columns`
/// is NULL or, for a model without a card, the feature columns that it takes, in order, separated
/// by commas. Settings on the card apply unless they were set before. `NFLX_STATUS_BAD_VALUE` if
/// the bytes are no such model or it does not fit the settings: the configuration is then
/// unchanged, and `nflx_config_error` returns one sentence that begins with "The model". Evaluates
/// the card's check rows, which takes some milliseconds.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nflx_config_set_model(
    config: *mut nflx_config,
    bytes: *const u8,
    length: u64,
    columns: *const c_char,
) -> nflx_status {
    let body = |config: &mut nflx_config| {
        if bytes.is_null() {
            return Err(Failure::new(
                NFLX_STATUS_NULL,
                "The pointer to the model's bytes is NULL.",
            ));
        }
        let length = isize::try_from(length).map_err(|_| {
            Failure::new(
                NFLX_STATUS_BAD_VALUE,
                format!("The model cannot have {length} bytes."),
            )
        })?;
        // SAFETY: not NULL; `length` bytes are valid for reading by the header's contract.
        let bytes = unsafe { core::slice::from_raw_parts(bytes, length.unsigned_abs()) };
        let model = if columns.is_null() {
            Model::read(bytes)
        } else {
            // SAFETY: the header's contract for strings.
            let columns = unsafe { string(columns, "list of columns") }?;
            let names: Vec<_> = columns.split(',').map(str::trim).collect();
            Model::read_with_columns(bytes, &names)
        };
        let model = model.map_err(|error| unfit(&error))?;
        config.config = config.with_settings_of(&model)?;
        config.model = Some(Arc::new(model));
        Ok(())
    };
    // SAFETY: the header's contract for handles.
    unsafe { guard(config, body) }
}

fn unfit(error: &ModelError) -> Failure {
    Failure::new(NFLX_STATUS_BAD_VALUE, format!("The model {error}."))
}

impl nflx_config {
    /// Returns the settings, with those that a model was trained with wherever the host set no
    /// other value.
    fn with_settings_of(&self, model: &Model) -> Result<Config, Failure> {
        let mut config = self.config.clone();
        if let Some(card) = model.card() {
            let window = ("feature_window".into(), card.window.to_string().into());
            for (name, value) in card.settings.iter().chain([&window]) {
                if config.get(name).is_some() && !self.set.contains(name) {
                    config.set(name, value).map_err(refused)?;
                }
            }
        }
        check(model, &config)?;
        Ok(config)
    }

    /// Returns the model, if there is one that fits the settings.
    pub(crate) fn fitting_model(&self) -> Result<Option<Arc<Model>>, Failure> {
        if let Some(model) = &self.model {
            check(model, &self.config)?;
        }
        Ok(self.model.clone())
    }
}

/// Fails if features made with these settings differ from those that a model was trained on.
fn check(model: &Model, config: &Config) -> Result<(), Failure> {
    model.fits(config).map_err(|error| unfit(&error))?;
    if config.session_by_title {
        return Err(Failure::new(
            NFLX_STATUS_BAD_VALUE,
            "The model is for sessions by title, which are known at the end of a capture only; use the command nflx.",
        ));
    }
    Ok(())
}

/// Reads a string from C.
///
/// # Safety
/// `pointer` is NULL or points to bytes that end in NUL and do not change while the result is used.
unsafe fn string<'a>(pointer: *const c_char, what: &'static str) -> Result<&'a str, Failure> {
    if pointer.is_null() {
        return Err(Failure::new(
            NFLX_STATUS_NULL,
            format!("The {what} is NULL."),
        ));
    }
    // SAFETY: not NULL, the rest by the contract above.
    unsafe { CStr::from_ptr(pointer) }
        .to_str()
        .map_err(|_| Failure::new(NFLX_STATUS_BAD_VALUE, format!("The {what} is not UTF-8.")))
}
