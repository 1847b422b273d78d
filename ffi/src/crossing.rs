//! Rules for what crosses: checked pointers in, checked pointers out, `struct_size` first.

use core::mem;

use crate::guard::Failure;
use crate::status::{NFLX_STATUS_MISALIGNED, NFLX_STATUS_NULL, NFLX_STATUS_STRUCT_SIZE};

/// A struct that crosses.
///
/// # Safety
/// `repr(C)`, its first field is `struct_size: u32`, and every bit pattern is a value of it.
pub(crate) unsafe trait Crossing: Copy {
    /// Name as C sees it.
    const NAME: &'static str;
}

/// A place that C gave for an output. Nothing is written before the call succeeded.
pub(crate) struct Output<T>(*mut T);

impl<T> Output<T> {
    /// Checks a pointer to a plain value, which needs no size.
    ///
    /// # Safety
    /// `pointer` is NULL, misaligned or valid for writing a `T` until the call returns.
    pub(crate) unsafe fn plain(pointer: *mut T, name: &'static str) -> Result<Self, Failure> {
        check(pointer, name)?;
        Ok(Self(pointer))
    }

    /// Writes the output.
    pub(crate) fn write(self, value: T) {
        // SAFETY: checked for NULL and alignment on construction, whose contract covers the rest. `write` does not
        // read or drop what was there.
        unsafe { self.0.write(value) }
    }
}

impl<T: Crossing> Output<T> {
    /// Checks a pointer to a struct and its `struct_size`.
    ///
    /// # Safety
    /// `pointer` is NULL, misaligned, or valid for reading its `struct_size` and, where that is right, for writing a
    /// `T` until the call returns.
    #[inline]
    pub(crate) unsafe fn sized(pointer: *mut T) -> Result<Self, Failure> {
        check(pointer, T::NAME)?;
        // SAFETY: checked above; `struct_size` is the first field (contract of `Crossing`). The rest of the struct may
        // be uninitialised, so no reference to it is made.
        check_size::<T>(unsafe { pointer.cast::<u32>().read() })?;
        Ok(Self(pointer))
    }
}

/// Copies a struct that C gave.
///
/// # Safety
/// `pointer` is NULL, misaligned, or valid for reading its `struct_size` and, where that is right, a `T`.
#[inline]
pub(crate) unsafe fn input<T: Crossing>(pointer: *const T) -> Result<T, Failure> {
    check(pointer, T::NAME)?;
    // SAFETY: as in `Output::sized`.
    check_size::<T>(unsafe { pointer.cast::<u32>().read() })?;
    // SAFETY: the size is right, so all of it is there; every bit pattern is a value (contract of `Crossing`).
    Ok(unsafe { pointer.read() })
}

#[inline]
fn check<T>(pointer: *const T, name: &'static str) -> Result<(), Failure> {
    if pointer.is_null() {
        return Err(is_null(name));
    }
    if !pointer.is_aligned() {
        return Err(is_misaligned(name, mem::align_of::<T>()));
    }
    Ok(())
}

#[cold]
fn is_null(name: &'static str) -> Failure {
    Failure::new(NFLX_STATUS_NULL, format!("The pointer to {name} is NULL."))
}

#[cold]
fn is_misaligned(name: &'static str, alignment: usize) -> Failure {
    Failure::new(
        NFLX_STATUS_MISALIGNED,
        format!("The pointer to {name} is not aligned to {alignment} bytes."),
    )
}

#[inline]
fn check_size<T: Crossing>(given: u32) -> Result<(), Failure> {
    if given as usize == mem::size_of::<T>() {
        return Ok(());
    }
    Err(is_of_another_size(T::NAME, given, mem::size_of::<T>()))
}

#[cold]
fn is_of_another_size(name: &'static str, given: u32, size: usize) -> Failure {
    Failure::new(
        NFLX_STATUS_STRUCT_SIZE,
        format!("struct_size of {name} is {given}, but this version of the library has {size}."),
    )
}
