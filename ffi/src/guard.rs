//! The one way in: every export that can fail runs inside [`guard`] or [`guard_read`] or, without a
//! handle, [`guard_static`].

use core::cell::{Cell, RefCell};
use core::ffi::c_char;
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
    /// There is nothing to return. C does not see this as a failure, so it has no message.
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

/// The part that every handle has besides its content. Calls that only read also keep a message,
/// hence the cells; only one thread at a time uses a handle.
#[derive(Debug, Default)]
pub(crate) struct HandleState {
    poisoned: Cell<bool>,
    sentence: RefCell<CString>,
}

impl HandleState {
    /// Returns the message of the last failed call as a C string, empty if none failed. Valid until
    /// the next failing call.
    pub(crate) fn sentence(&self) -> *const c_char {
        self.sentence.borrow().as_ptr()
    }

    /// Turns the result of a guarded body into a status, and keeps the message of a failure.
    fn conclude(&self, result: Result<Result<(), Failure>, String>) -> nflx_status {
        match result {
            Ok(Ok(())) => NFLX_STATUS_OK,
            Ok(Err(failure)) => {
                if failure.status != NFLX_STATUS_NONE {
                    self.sentence.replace(c_string(&failure.sentence));
                }
                failure.status
            }
            Err(panic) => {
                self.poisoned.set(true);
                self.sentence.replace(c_string(&format!(
                    "nflx met a bug of its own and stopped this analysis: {panic}. Please report it with this sentence."
                )));
                NFLX_STATUS_PANIC
            }
        }
    }
}

/// An opaque type that C holds a pointer to.
pub(crate) trait Handle {
    fn state(&self) -> &HandleState;
}

/// Runs `body` on a handle that it may change. Checks that the handle is neither NULL nor poisoned,
/// lets no panic out, and keeps the message of a failure.
///
/// # Safety
/// `handle` is NULL, misaligned, or came from the `_new` function of its type, was not freed, and
/// no other thread uses it during the call.
pub(crate) unsafe fn guard<H: Handle>(
    handle: *mut H,
    body: impl FnOnce(&mut H) -> Result<(), Failure>,
) -> nflx_status {
    if let Some(refused) = refusal(handle) {
        return refused;
    }
    // SAFETY: not NULL, aligned; valid and unshared by the contract above.
    let handle = unsafe { &mut *handle };
    if handle.state().poisoned.get() {
        return NFLX_STATUS_POISONED;
    }
    let result = contain(|| body(handle));
    handle.state().conclude(result)
}

/// Runs `body` on a handle that it only reads; otherwise like [`guard`].
///
/// # Safety
/// As for [`guard`].
pub(crate) unsafe fn guard_read<H: Handle>(
    handle: *const H,
    body: impl FnOnce(&H) -> Result<(), Failure>,
) -> nflx_status {
    if let Some(refused) = refusal(handle) {
        return refused;
    }
    // SAFETY: not NULL, aligned; valid by the contract above.
    let handle = unsafe { &*handle };
    if handle.state().poisoned.get() {
        return NFLX_STATUS_POISONED;
    }
    handle.state().conclude(contain(|| body(handle)))
}

/// Returns the status of a call on a pointer that cannot be a handle.
fn refusal<H>(handle: *const H) -> Option<nflx_status> {
    if handle.is_null() {
        return Some(NFLX_STATUS_NULL);
    }
    (!handle.is_aligned()).then_some(NFLX_STATUS_MISALIGNED)
}

/// Runs `body` where there is no handle to keep a message.
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
    // There is nobody left to report a panic to.
    let _ = contain(move || drop(boxed));
}
