//! The status of every call.

use core::ffi::{CStr, c_char};

/// The status of a call: one of the `NFLX_STATUS_` constants. Numbers are never reused.
pub type nflx_status = i32;

/// Done; outputs are written.
pub const NFLX_STATUS_OK: nflx_status = 0;
/// Done, and there is nothing to return: the packet is not a Netflix packet, or nothing with this
/// number is held. Not a failure: no message, no output.
pub const NFLX_STATUS_NONE: nflx_status = 1;
/// A pointer that must not be NULL is NULL.
pub const NFLX_STATUS_NULL: nflx_status = 2;
/// A pointer is not aligned for its type.
pub const NFLX_STATUS_MISALIGNED: nflx_status = 3;
/// `struct_size` is smaller than the struct ever was; it was probably not set.
pub const NFLX_STATUS_STRUCT_SIZE: nflx_status = 4;
/// A value is outside the range that the function accepts.
pub const NFLX_STATUS_BAD_VALUE: nflx_status = 5;
/// The handle was created without what this call needs.
pub const NFLX_STATUS_NOT_KEPT: nflx_status = 6;
/// The library has a bug that this call hit. The handle is poisoned from now on.
pub const NFLX_STATUS_PANIC: nflx_status = 7;
/// An earlier call on this handle returned `NFLX_STATUS_PANIC`: its content can no longer be
/// trusted. Free it.
pub const NFLX_STATUS_POISONED: nflx_status = 8;

/// Returns a sentence for a status. A static string; never NULL, even for numbers that are no
/// status.
#[unsafe(no_mangle)]
pub extern "C" fn nflx_status_text(status: nflx_status) -> *const c_char {
    text(status).as_ptr()
}

pub(crate) const fn text(status: nflx_status) -> &'static CStr {
    match status {
        NFLX_STATUS_OK => c"Done.",
        NFLX_STATUS_NONE => c"There is nothing to return.",
        NFLX_STATUS_NULL => c"A pointer that must not be NULL is NULL.",
        NFLX_STATUS_MISALIGNED => c"A pointer is not aligned for its type.",
        NFLX_STATUS_STRUCT_SIZE => c"A struct_size is smaller than its struct ever was.",
        NFLX_STATUS_BAD_VALUE => c"A value is outside the range that the function accepts.",
        NFLX_STATUS_NOT_KEPT => c"The handle was created without what this call needs.",
        NFLX_STATUS_PANIC => c"The library met a bug of its own; the handle is poisoned.",
        NFLX_STATUS_POISONED => {
            c"The handle is poisoned by an earlier bug of the library; free it."
        }
        _ => c"This is no status of this version of the library.",
    }
}
