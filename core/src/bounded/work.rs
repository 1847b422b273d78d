//! Work counted in steps, for tests that hold it against the bytes read: seconds depend on the machine.
//!
//! A step is some nanoseconds: a label read, a piece passed over, two numbers compared. Only loops count whose length a
//! capture chooses. Builds that are not for tests count nothing.

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

/// The steps that this thread has done.
#[cfg(any(test, fuzzing))]
#[allow(unreachable_pub)]
#[must_use]
pub fn done() -> u64 {
    STEPS.get()
}
