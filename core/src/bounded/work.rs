//! Work counted in steps, for tests that compare it with the bytes read; seconds would depend on
//! the machine.
//!
//! A step takes some nanoseconds: a label read, a piece skipped, two numbers compared. Only loops
//! whose length a capture chooses are counted. Builds that are not for tests count nothing.

#[cfg(any(test, fuzzing))]
std::thread_local! {
    static STEPS: core::cell::Cell<u64> = const { core::cell::Cell::new(0) };
}

/// Counts steps.
#[inline(always)]
pub(crate) fn count(steps: usize) {
    #[cfg(any(test, fuzzing))]
    STEPS.set(STEPS.get().saturating_add(steps as u64));
    #[cfg(not(any(test, fuzzing)))]
    let _ = steps;
}

/// Returns the number of steps that this thread has done.
#[cfg(any(test, fuzzing))]
#[allow(unreachable_pub)]
#[must_use]
pub fn done() -> u64 {
    STEPS.get()
}
