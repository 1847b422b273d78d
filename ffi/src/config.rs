//! The configuration handle.

use core::ffi::{CStr, c_char};
use std::fmt;

use nflx_core::Config;
use nflx_core::config::ConfigError;

use crate::crossing::Output;
use crate::guard::{Failure, Handle, HandleState, free, guard, guard_static};
use crate::status::{NFLX_STATUS_BAD_VALUE, NFLX_STATUS_NULL, nflx_status, text};

/// Settings for engines. Made by `nflx_config_new`, freed by `nflx_config_free`.
#[derive(Default)]
pub struct nflx_config {
    pub(crate) config: Config,
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

/// Makes a configuration with every setting at its default.
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

/// Frees a configuration; engines made from it have a copy of their own. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nflx_config_free(config: *mut nflx_config) {
    // SAFETY: the header's contract for handles.
    unsafe { free(config) }
}

/// The sentence of the last call on this configuration that failed; empty if none did. Valid until the next call with
/// this handle. Never NULL: without a handle it is the sentence of `NFLX_STATUS_NULL`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nflx_config_error(config: *const nflx_config) -> *const c_char {
    // SAFETY: the header's contract for handles.
    match unsafe { config.as_ref() } {
        Some(config) => config.state.sentence(),
        None => text(NFLX_STATUS_NULL).as_ptr(),
    }
}

/// Sets one setting from its text form: lists are words separated by commas, choices one of their words, numbers
/// decimal. `name` and `value` are UTF-8, ended by NUL. `NFLX_STATUS_BAD_VALUE` for a name that is no setting and for a
/// value that does not fit; the configuration is unchanged then, and `nflx_config_error` names the setting, the value
/// and what would fit.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nflx_config_set(
    config: *mut nflx_config,
    name: *const c_char,
    value: *const c_char,
) -> nflx_status {
    let body = |config: &mut nflx_config| {
        // SAFETY: the header's contract for strings.
        let name = unsafe { string(name, "name") }?;
        // SAFETY: the header's contract for strings.
        let value = unsafe { string(value, "value") }?;
        config
            .config
            .set(name, value)
            .map_err(|e: ConfigError| Failure::new(NFLX_STATUS_BAD_VALUE, e.to_string()))
    };
    // SAFETY: the header's contract for handles.
    unsafe { guard(config, body) }
}

/// Reads a string that C gave.
///
/// # Safety
/// `pointer` is NULL or points to bytes that end in NUL and do not change while the result is used.
unsafe fn string<'a>(pointer: *const c_char, what: &'static str) -> Result<&'a str, Failure> {
    if pointer.is_null() {
        return Err(Failure::new(
            NFLX_STATUS_NULL,
            format!("The {what} of the setting is NULL."),
        ));
    }
    // SAFETY: not NULL, the rest by the contract above.
    unsafe { CStr::from_ptr(pointer) }.to_str().map_err(|_| {
        Failure::new(
            NFLX_STATUS_BAD_VALUE,
            format!("The {what} of the setting is not UTF-8."),
        )
    })
}
