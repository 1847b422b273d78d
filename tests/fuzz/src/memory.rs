//! Counts the memory in use, so that a target can hold code to its bound.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    static IN_USE: Cell<usize> = const { Cell::new(0) };
    static MOST: Cell<usize> = const { Cell::new(0) };
}

/// The system's allocator, with a count of each thread's bytes.
pub(crate) struct Counting;

/// Bytes that this thread has allocated and not freed. What one thread allocates and another frees
/// is counted wrong; targets have one.
pub(crate) fn in_use() -> usize {
    IN_USE.get()
}

/// The most bytes that were in use at once while something ran, beyond those before.
pub(crate) fn most_in_use(run: impl FnOnce()) -> usize {
    let before = in_use();
    MOST.set(before);
    run();
    MOST.get().saturating_sub(before)
}

fn count(more: usize, less: usize) {
    // Not while a thread ends.
    let _ = IN_USE.try_with(|bytes| {
        let now = bytes.get().wrapping_add(more).wrapping_sub(less);
        bytes.set(now);
        // What was freed by another thread makes a count wrap.
        if now > MOST.get() && now < usize::MAX / 2 {
            MOST.set(now);
        }
    });
}

// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size(), 0);
        // SAFETY: the caller's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size(), 0);
        // SAFETY: the caller's.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(0, layout.size());
        // SAFETY: the caller's.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size, layout.size());
        // SAFETY: the caller's.
        unsafe { System.realloc(pointer, layout, size) }
    }
}
