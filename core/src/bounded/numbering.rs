//! Numbers for the entries of a table whose places are reused.
//!
//! The first entry of a place has the place's own number, and each later entry there another, so
//! facts about an old entry are never mistaken for those of a new one.

/// Number of entries that a place may have one after the other. The last one stays, so that nobody
/// has to count through all numbers ever given.
const MOST_ENTRIES: u32 = 64;

/// Maps places to numbers and back.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Numbering {
    /// Number of bits for the place.
    bits: u32,
}

impl Numbering {
    /// Creates the numbering of this many places.
    pub(crate) fn of(places: u64) -> Self {
        let places = u32::try_from(places).unwrap_or(u32::MAX).max(2);
        Self {
            bits: u32::BITS - (places - 1).leading_zeros(),
        }
    }

    /// Returns the place that a number belongs to.
    #[inline(always)]
    pub(crate) const fn place(self, number: u32) -> usize {
        (number & ((1_u64 << self.bits) - 1) as u32) as usize
    }

    /// Returns the number of the entry that replaces this one; `None` if this one has to stay.
    pub(crate) fn next(self, number: u32) -> Option<u32> {
        let number = u64::from(number);
        if number >> self.bits >= u64::from(MOST_ENTRIES - 1) {
            return None;
        }
        u32::try_from(number + (1 << self.bits)).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_number_is_given_twice() {
        for places in [1, 2, 3, 8192, 8193, 1_000_000] {
            let numbering = Numbering::of(places);
            let last = places as u32 - 1;
            let mut seen = std::collections::HashSet::new();
            for first in 0..places.min(5) as u32 {
                let first = last - first;
                let numbers = std::iter::successors(Some(first), |&number| numbering.next(number));
                let numbers: Vec<u32> = numbers.collect();
                assert!(
                    numbers
                        .iter()
                        .all(|&number| numbering.place(number) == first as usize)
                );
                assert_eq!(numbers.len(), MOST_ENTRIES as usize, "{places}");
                assert!(numbers.into_iter().all(|number| seen.insert(number)));
            }
        }
    }

    #[test]
    fn numbers_end_before_they_begin_again() {
        let numbering = Numbering::of(1 << 31);
        let next = numbering.next(5);
        assert_eq!(next, Some(5 + (1 << 31)));
        assert_eq!(next.and_then(|number| numbering.next(number)), None);
    }
}
