//! The one way in: every export that can fail runs inside of [`guard`] or, without a handle, [`guard_static`].

use std::borrow::Cow;
use std::ffi::CString;

use crate::panic::contain;
use crate::status::{
    NFLX_STATUS_MISALIGNED, NFLX_STATUS_NONE, NFLX_STATUS_NULL, NFLX_STATUS_OK, NFLX_STATUS_PANIC,
    NFLX_STATUS_POISONED, nflx_status,
};
use crate::text::c_string;

/// Why a call did not end in `NFLX_STATUS_OK`.
pub(crate) struct Failure {
    status: nflx_status,
    sentence: Cow<'static, str>,
}

impl Failure {
    /// There is nothing to give; not a failure to C, so without a sentence.
    pub(crate) const NONE: Self = Self {
        status: NFLX_STATUS_NONE,
        sentence: Cow::Borrowed(""),
    };

    pub(crate) fn new(status: nflx_status, sentence: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status,
            sentence: sentence.into(),
        }
    }
}

/// What every handle carries besides its content.
#[derive(Debug, Default)]
pub(crate) struct HandleState {
    poisoned: bool,
    sentence: CString,
}

impl HandleState {
    /// The sentence of the last failing call; empty where none failed.
    pub(crate) fn sentence(&self) -> &CString {
        &self.sentence
    }
}

/// An opaque type that C holds a pointer to.
pub(crate) trait Handle {
    fn state(&mut self) -> &mut HandleState;
}

/// Runs `body` on a handle: not NULL, not poisoned, no panic gets out, the sentence of a failure is kept.
///
/// # Safety
/// `handle` is NULL, misaligned, or came from the `_new` function of its type, was not freed, and no other thread uses
/// it during the call.
pub(crate) unsafe fn guard<H: Handle>(
    handle: *mut H,
    body: impl FnOnce(&mut H) -> Result<(), Failure>,
) -> nflx_status {
    if handle.is_null() {
        return NFLX_STATUS_NULL;
    }
    if !handle.is_aligned() {
        return NFLX_STATUS_MISALIGNED;
    }
    // SAFETY: not NULL, aligned; valid and unshared by the contract above.
    let handle = unsafe { &mut *handle };
    if handle.state().poisoned {
        return NFLX_STATUS_POISONED;
    }
    match contain(|| body(handle)) {
        Ok(Ok(())) => NFLX_STATUS_OK,
        Ok(Err(failure)) => {
            if failure.status != NFLX_STATUS_NONE {
                handle.state().sentence = c_string(&failure.sentence);
            }
            failure.status
        }
        Err(panic) => {
            let state = handle.state();
            state.poisoned = true;
            state.sentence = c_string(&format!(
                "nflx met a bug of its own and stopped this analysis: {panic}. Please report it with this sentence."
            ));
            NFLX_STATUS_PANIC
        }
    }
}

/// Runs `body` where there is no handle to keep a sentence.
pub(crate) fn guard_static(body: impl FnOnce() -> Result<(), Failure>) -> nflx_status {
    match contain(body) {
        Ok(Ok(())) => NFLX_STATUS_OK,
        Ok(Err(failure)) => failure.status,
        Err(_) => NFLX_STATUS_PANIC,
    }
}

/// Drops a handle that came from `Box::into_raw`; NULL is fine.
///
/// # Safety
/// `handle` is NULL or came from `Box::into_raw` and was not freed.
pub(crate) unsafe fn free<H>(handle: *mut H) {
    if handle.is_null() || !handle.is_aligned() {
        return;
    }
    // SAFETY: by the contract above.
    let boxed = unsafe { Box::from_raw(handle) };
    // Nobody is left who could be told of a panic here.
    let _ = contain(move || drop(boxed));
}
