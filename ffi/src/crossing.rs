//! Rules for structs and pointers that cross: checked pointers in and out, `struct_size` first.

use core::mem::{self, MaybeUninit};

use crate::guard::Failure;
use crate::status::{NFLX_STATUS_MISALIGNED, NFLX_STATUS_NULL, NFLX_STATUS_STRUCT_SIZE};

/// A struct that crosses the ABI.
///
/// # Safety
/// `repr(C)`, its first field is `struct_size: u32`, and every bit pattern is a value of it.
pub(crate) unsafe trait Crossing: Copy {
    /// Name as C sees it.
    const NAME: &'static str;

    /// Size of the struct in version 1 of the ABI, in bytes. A smaller size was never valid; later
    /// fields come after it.
    const FIRST_SIZE: usize;
}

/// A place that C gave for a plain value. Nothing is written unless the call succeeds.
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
        // SAFETY: checked for NULL and alignment on construction, whose contract covers the rest.
        // `write` does not read or drop what was there.
        unsafe { self.0.write(value) }
    }
}

/// A place that C gave for a struct, of the size that its `struct_size` states. A program built
/// with an older header has a smaller struct, one built with a newer header a larger one.
pub(crate) struct StructOutput<T> {
    place: *mut T,
    /// Bytes to write: those that both sides know.
    room: usize,
}

impl<T: Crossing> StructOutput<T> {
    /// Checks a pointer to a struct and its `struct_size`.
    ///
    /// # Safety
    /// `pointer` is NULL, misaligned, or valid for reading its `struct_size` and, where that is not
    /// too small, for writing that many bytes until the call returns.
    #[inline]
    pub(crate) unsafe fn new(pointer: *mut T) -> Result<Self, Failure> {
        check(pointer, T::NAME)?;
        // SAFETY: checked above; `struct_size` is the first field (contract of `Crossing`). The
        // rest of the struct may be uninitialised, so no reference to it is made.
        let room = common_size::<T>(unsafe { pointer.cast::<u32>().read() })?;
        Ok(Self {
            place: pointer,
            room,
        })
    }

    /// Writes as much of the output as the caller's struct holds, and keeps the caller's
    /// `struct_size`.
    #[inline]
    pub(crate) fn write(self, value: T) {
        // SAFETY: `room` bytes are valid for writing (contract of `new`), no more than `value` has,
        // and more than `struct_size` takes. The two do not overlap: `value` is this call's own.
        unsafe {
            let from = (&raw const value).cast::<u8>().add(size_of::<u32>());
            let to = self.place.cast::<u8>().add(size_of::<u32>());
            from.copy_to_nonoverlapping(to, self.room - size_of::<u32>());
        }
    }
}

/// Copies a struct from C. Fields that an older header lacks are 0.
///
/// # Safety
/// `pointer` is NULL, misaligned, or valid for reading its `struct_size` and, where that is not too
/// small, that many bytes.
#[inline]
pub(crate) unsafe fn input<T: Crossing>(pointer: *const T) -> Result<T, Failure> {
    check(pointer, T::NAME)?;
    // SAFETY: as in `StructOutput::new`.
    let size = common_size::<T>(unsafe { pointer.cast::<u32>().read() })?;
    if size == size_of::<T>() {
        // SAFETY: the whole struct is there; every bit pattern is a value (contract of `Crossing`).
        return Ok(unsafe { pointer.read() });
    }
    let mut value = MaybeUninit::<T>::zeroed();
    // SAFETY: `size` bytes are there and fit; the others are 0, and every bit pattern is a value.
    unsafe {
        let to = value.as_mut_ptr().cast::<u8>();
        pointer.cast::<u8>().copy_to_nonoverlapping(to, size);
        Ok(value.assume_init())
    }
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

/// Returns how many bytes of a struct both sides know.
#[inline]
fn common_size<T: Crossing>(given: u32) -> Result<usize, Failure> {
    const { assert!(T::FIRST_SIZE <= size_of::<T>() && T::FIRST_SIZE > size_of::<u32>()) };
    let given = given as usize;
    if given >= T::FIRST_SIZE {
        return Ok(given.min(size_of::<T>()));
    }
    Err(is_too_small(T::NAME, given, T::FIRST_SIZE))
}

#[cold]
fn is_too_small(name: &'static str, given: usize, least: usize) -> Failure {
    Failure::new(
        NFLX_STATUS_STRUCT_SIZE,
        format!("struct_size of {name} is {given}, but the struct never had less than {least}."),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A struct that grew: its last field came with a later header.
    #[repr(C)]
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    struct Grown {
        struct_size: u32,
        old: u32,
        new: u64,
    }

    // SAFETY: repr(C), struct_size first, integers only.
    unsafe impl Crossing for Grown {
        const NAME: &'static str = "grown";
        const FIRST_SIZE: usize = 8;
    }

    const WRITTEN: Grown = Grown {
        struct_size: 16,
        old: 1,
        new: 2,
    };

    /// Writes [`WRITTEN`] to a caller whose struct has this size; `None` if that is refused.
    fn written(struct_size: u32) -> Option<Grown> {
        let mut place = Grown {
            struct_size,
            old: 7,
            new: 7,
        };
        // SAFETY: a place on the stack.
        let output = unsafe { StructOutput::new(&raw mut place) }.ok()?;
        output.write(WRITTEN);
        Some(place)
    }

    #[test]
    fn an_older_caller_gets_the_fields_that_it_knows() {
        let old = written(8).expect("version 1's size");
        assert_eq!((old.struct_size, old.old, old.new), (8, 1, 7));
    }

    #[test]
    fn a_newer_caller_gets_all_there_is_and_keeps_its_size() {
        for size in [16, 24, u32::MAX] {
            let new = written(size).expect("enough room");
            assert_eq!((new.struct_size, new.old, new.new), (size, 1, 2));
        }
    }

    #[test]
    fn half_a_field_is_as_much_as_was_asked_for() {
        let odd = written(12).expect("more than version 1's size");
        assert_eq!(
            (odd.old, odd.new.to_ne_bytes()[4..].to_vec()),
            (1, vec![0; 4])
        );
    }

    #[test]
    fn less_than_the_struct_ever_had_is_refused() {
        assert_eq!((written(0), written(7)), (None, None));
    }

    #[test]
    fn fields_that_an_older_caller_does_not_give_are_zero() {
        let given = Grown {
            struct_size: 8,
            ..WRITTEN
        };
        // SAFETY: a value on the stack.
        let read = unsafe { input(&raw const given) }.unwrap_or_else(|_| panic!("refused"));
        assert_eq!((read.old, read.new), (1, 0));
    }
}
