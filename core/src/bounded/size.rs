//! The memory that lists can grow to.

use core::mem::size_of;

/// Returns the memory of a growing list of at most `count` items: lists grow to the next power of
/// two.
pub(crate) fn list<T>(count: u64) -> u64 {
    count
        .max(4)
        .checked_next_power_of_two()
        .unwrap_or(u64::MAX)
        .saturating_mul(size_of::<T>() as u64)
}

/// Returns the heap memory of a list that outgrew its inline place, in bytes.
pub(crate) fn spilled<A: smallvec::Array>(list: &smallvec::SmallVec<A>) -> usize {
    if list.spilled() {
        list.capacity() * size_of::<A::Item>()
    } else {
        0
    }
}
