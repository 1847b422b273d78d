//! Places of a table ordered by weight, so that one of the heaviest is found in constant time.
//!
//! Each place is in the list of its rank, the power of two below its weight. So the place that is
//! evicted weighs at least half as much as any other of its standing. Within a rank, the place that
//! reached it first goes first.

use super::clock_table::{NONE, Slot};
use super::size;

/// Ranks added to a place that has shown no work: it is evicted before a working place up to 64
/// times as heavy.
const IDLE_RANKS: usize = 6;
/// Rank of places that nobody uses; they go before all others.
const FREE_RANK: usize = usize::BITS as usize + IDLE_RANKS;
const RANKS: usize = FREE_RANK + 1;

/// The worth of keeping a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Nobody uses it.
    Free,
    /// Used, but without the work that it is kept for.
    Idle,
    /// Used, with the work that it is kept for.
    Working,
}

#[derive(Clone, Copy, Debug)]
struct Weighed {
    weight: usize,
    standing: Standing,
    /// `None` while the place weighs nothing.
    rank: Option<u8>,
    /// The neighbours in the list of this rank: the one that came after, and the one that came
    /// before.
    newer: Slot,
    older: Slot,
}

#[derive(Clone, Copy, Debug)]
struct List {
    newest: Slot,
    oldest: Slot,
}

/// Weights by place, and their total.
#[derive(Debug)]
pub(crate) struct ByWeight {
    entries: Vec<Weighed>,
    lists: [List; RANKS],
    /// One bit per rank that is set if its list holds a place.
    occupied: u128,
    total: usize,
}

impl ByWeight {
    pub(crate) const fn new() -> Self {
        const { assert!(RANKS <= u128::BITS as usize) };
        let empty = List {
            newest: NONE,
            oldest: NONE,
        };
        Self {
            entries: Vec::new(),
            lists: [empty; RANKS],
            occupied: 0,
            total: 0,
        }
    }

    /// Returns the most memory that it takes for this many places, in bytes.
    pub(crate) fn bound(places: u64) -> u64 {
        size::list::<Weighed>(places)
    }

    /// Adds a place at the end, without weight.
    pub(crate) fn push(&mut self) {
        self.entries.push(Weighed {
            weight: 0,
            standing: Standing::Free,
            rank: None,
            newer: NONE,
            older: NONE,
        });
    }

    /// Returns the sum of all weights.
    pub(crate) const fn total(&self) -> usize {
        self.total
    }

    /// Updates the weight and standing of a place.
    #[inline]
    pub(crate) fn set(&mut self, place: Slot, weight: usize, standing: Standing) {
        let entry = &self.entries[place as usize];
        // Most packets change nothing.
        if entry.weight != weight || weight > 0 && entry.standing != standing {
            self.change(place, weight, standing);
        }
    }

    fn change(&mut self, place: Slot, weight: usize, standing: Standing) {
        let entry = &mut self.entries[place as usize];
        self.total = self.total - entry.weight + weight;
        (entry.weight, entry.standing) = (weight, standing);
        let rank = rank(weight, standing);
        if entry.rank != rank {
            self.unlink(place);
            self.entries[place as usize].rank = rank;
            self.link(place);
        }
    }

    /// Returns a place of the highest rank in use, the oldest of that rank, but never `spared`.
    pub(crate) fn heaviest(&self, spared: Slot) -> Option<Slot> {
        let mut ranks = self.occupied;
        while ranks != 0 {
            let rank = ranks.ilog2();
            let oldest = self.lists[rank as usize].oldest;
            let place = if oldest == spared {
                self.entries[oldest as usize].newer
            } else {
                oldest
            };
            if place != NONE {
                return Some(place);
            }
            ranks &= !(1 << rank);
        }
        None
    }

    fn link(&mut self, place: Slot) {
        let Some(rank) = self.entries[place as usize].rank else {
            return;
        };
        let list = &mut self.lists[usize::from(rank)];
        let older = std::mem::replace(&mut list.newest, place);
        if older == NONE {
            list.oldest = place;
            self.occupied |= 1 << rank;
        } else {
            self.entries[older as usize].newer = place;
        }
        let entry = &mut self.entries[place as usize];
        (entry.newer, entry.older) = (NONE, older);
    }

    fn unlink(&mut self, place: Slot) {
        let Weighed {
            rank, newer, older, ..
        } = self.entries[place as usize];
        let Some(rank) = rank else {
            return;
        };
        let list = &mut self.lists[usize::from(rank)];
        if newer == NONE {
            list.newest = older;
        } else {
            self.entries[newer as usize].older = older;
        }
        if older == NONE {
            list.oldest = newer;
        } else {
            self.entries[older as usize].newer = newer;
        }
        if list.oldest == NONE {
            self.occupied &= !(1 << rank);
        }
    }
}

fn rank(weight: usize, standing: Standing) -> Option<u8> {
    let doublings = weight.checked_ilog2()? as usize;
    Some(match standing {
        Standing::Free => FREE_RANK,
        Standing::Idle => doublings + IDLE_RANKS,
        Standing::Working => doublings,
    } as u8)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn with(weights: &[(usize, Standing)]) -> ByWeight {
        let mut places = ByWeight::new();
        for (&(weight, standing), place) in weights.iter().zip(0..) {
            places.push();
            places.set(place, weight, standing);
        }
        places
    }

    #[test]
    fn equal_weights_go_in_the_order_in_which_they_came() {
        let mut places = with(&[(4000, Standing::Idle); 5]);
        let mut order = Vec::new();
        while let Some(place) = places.heaviest(1) {
            order.push(place);
            places.set(place, 0, Standing::Free);
        }
        assert_eq!(order, [0, 2, 3, 4]);
        assert_eq!(places.total(), 4000, "the one that is spared is left");
        assert_eq!(places.heaviest(NONE), Some(1));
    }

    #[test]
    fn free_places_go_first_and_working_ones_last() {
        let most = 1 << IDLE_RANKS;
        let places = |working| {
            with(&[
                (100, Standing::Idle),
                (working, Standing::Working),
                (1, Standing::Free),
            ])
        };
        assert_eq!(places(1 << 30).heaviest(NONE), Some(2));
        assert_eq!(places(64 * most - 1).heaviest(2), Some(0));
        assert_eq!(
            places(128 * most).heaviest(2),
            Some(1),
            "it holds far too much"
        );
    }

    proptest! {
        #[test]
        fn the_place_found_weighs_at_least_half_of_the_heaviest(
            steps in prop::collection::vec((0..20_u32, 0..5000_usize, 0..3_u8), 0..300),
            spared in 0..25_u32,
        ) {
            let mut places = with(&[(0, Standing::Free); 20]);
            let mut model = [(0, Standing::Free); 20];
            for (place, weight, standing) in steps {
                let standing = [Standing::Free, Standing::Idle, Standing::Working][usize::from(standing)];
                places.set(place, weight, standing);
                model[place as usize] = (weight, standing);
                prop_assert_eq!(places.total(), model.iter().map(|place| place.0).sum::<usize>());
                let ranks = model.iter().zip(0..).filter(|(_, place)| *place != spared);
                let highest = ranks.filter_map(|(&(weight, standing), _)| rank(weight, standing)).max();
                let found = places.heaviest(spared);
                prop_assert!(found != Some(spared));
                let found = found.map(|place| model[place as usize]);
                prop_assert_eq!(found.and_then(|(weight, standing)| rank(weight, standing)), highest);
            }
        }
    }
}
