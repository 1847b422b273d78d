//! A bounded hash table whose entries keep their slots, and which chooses the entry to evict.
//!
//! Eviction is the clock algorithm (Corbató, 1968): an entry used since the hand last passed gets
//! another round. It costs one bit per entry, no list to maintain per packet, and O(1) amortised.

use core::hash::{BuildHasher, Hash};

use foldhash::fast::FixedState;
use hashbrown::HashTable;

use super::{size, work};

/// Place of an entry in its table.
pub(crate) type Slot = u32;

/// No slot.
pub(crate) const NONE: Slot = Slot::MAX;

#[derive(Debug)]
struct Entry<K, V> {
    key: K,
    value: V,
    used: bool,
    occupied: bool,
}

/// A table of at most `capacity` entries, each at a slot that does not change during its life.
#[derive(Debug)]
pub(crate) struct Table<K, V> {
    index: HashTable<Slot>,
    entries: Vec<Entry<K, V>>,
    free: Vec<Slot>,
    hasher: FixedState,
    capacity: usize,
    hand: usize,
    /// The slot found last: packets come in trains.
    last: Slot,
}

impl<K: Hash + Eq + Copy, V> Table<K, V> {
    /// Creates an empty table. `seed` keeps captures from choosing keys that collide.
    #[must_use]
    pub(crate) fn new(capacity: usize, seed: u64) -> Self {
        Self {
            index: HashTable::new(),
            entries: Vec::new(),
            free: Vec::new(),
            hasher: FixedState::with_seed(seed),
            capacity: capacity.clamp(1, NONE as usize - 1),
            hand: 0,
            last: NONE,
        }
    }

    /// Returns the most memory that a table of this capacity holds, in bytes.
    #[must_use]
    pub(crate) fn bound(capacity: u64) -> u64 {
        // The index is at most 7/8 full, and has a control byte for each place.
        let places = size::list::<Slot>(capacity.saturating_mul(8) / 7 + 1);
        let control = places / size_of::<Slot>() as u64;
        let entries =
            size::list::<Entry<K, V>>(capacity).saturating_add(size::list::<Slot>(capacity));
        places.saturating_add(control).saturating_add(entries)
    }

    /// Returns the number of entries.
    #[must_use]
    pub(crate) fn len(&self) -> usize {
        self.index.len()
    }

    /// Returns true if an entry must be evicted before another is added.
    #[must_use]
    pub(crate) fn is_full(&self) -> bool {
        self.len() >= self.capacity
    }

    /// Finds an entry and marks it as used.
    #[inline]
    pub(crate) fn find(&mut self, key: &K) -> Option<Slot> {
        if let Some(entry) = self.entries.get_mut(self.last as usize)
            && entry.occupied
            && entry.key == *key
        {
            entry.used = true;
            return Some(self.last);
        }
        let slot = self.look_up(key)?;
        self.last = slot;
        Some(slot)
    }

    #[inline(never)]
    fn look_up(&mut self, key: &K) -> Option<Slot> {
        let hash = self.hasher.hash_one(key);
        let slot = *self
            .index
            .find(hash, |&slot| self.entries[slot as usize].key == *key)?;
        self.entries[slot as usize].used = true;
        Some(slot)
    }

    /// Adds an entry. The key must not be in the table, and the table must not be full (it would
    /// grow by one).
    pub(crate) fn insert(&mut self, key: K, value: V) -> Slot {
        let hash = self.hasher.hash_one(key);
        let entry = Entry {
            key,
            value,
            used: true,
            occupied: true,
        };
        let slot = if let Some(slot) = self.free.pop() {
            self.entries[slot as usize] = entry;
            slot
        } else {
            self.entries.push(entry);
            (self.entries.len() - 1) as Slot
        };
        let (entries, hasher) = (&self.entries, &self.hasher);
        self.index.insert_unique(hash, slot, |&slot| {
            hasher.hash_one(entries[slot as usize].key)
        });
        slot
    }

    /// Adds an entry, or gives the one with this key another value. If the table is full, evicts an
    /// entry that was not used lately.
    pub(crate) fn put(&mut self, key: K, value: V) {
        if let Some(slot) = self.find(&key) {
            self[slot] = value;
            return;
        }
        if self.is_full()
            && let Some(victim) = self.victim(|_, _| true)
        {
            self.remove(victim);
        }
        self.insert(key, value);
    }

    /// Returns the entry to evict: one that `evictable` allows and that was not used lately. `None`
    /// if none is allowed.
    pub(crate) fn victim(&mut self, evictable: impl Fn(Slot, &V) -> bool) -> Option<Slot> {
        // Two rounds: the first clears the used bits.
        for _ in 0..2 * self.entries.len() {
            work::count(1);
            self.hand = (self.hand + 1) % self.entries.len();
            let entry = &mut self.entries[self.hand];
            if !entry.occupied || !evictable(self.hand as Slot, &entry.value) {
                continue;
            }
            if !entry.used {
                return Some(self.hand as Slot);
            }
            entry.used = false;
        }
        None
    }

    /// Removes an entry. Its value stays readable at the slot until the slot is used again.
    pub(crate) fn remove(&mut self, slot: Slot) {
        let entry = &mut self.entries[slot as usize];
        if !entry.occupied {
            return;
        }
        entry.occupied = false;
        let hash = self.hasher.hash_one(entry.key);
        if let Ok(found) = self.index.find_entry(hash, |&other| other == slot) {
            found.remove();
        }
        self.free.push(slot);
    }

    /// Returns the slots of all entries.
    pub(crate) fn slots(&self) -> impl Iterator<Item = Slot> {
        let entries = self.entries.iter().zip(0..);
        entries
            .filter(|(entry, _)| entry.occupied)
            .map(|(_, slot)| slot)
    }

    /// Returns the key at a slot.
    #[must_use]
    pub(crate) fn key(&self, slot: Slot) -> &K {
        &self.entries[slot as usize].key
    }

    /// Returns the entry at a slot.
    #[must_use]
    pub(crate) fn entry(&self, slot: Slot) -> (&K, &V) {
        let entry = &self.entries[slot as usize];
        (&entry.key, &entry.value)
    }
}

impl<K, V> core::ops::Index<Slot> for Table<K, V> {
    type Output = V;

    fn index(&self, slot: Slot) -> &V {
        &self.entries[slot as usize].value
    }
}

impl<K, V> core::ops::IndexMut<Slot> for Table<K, V> {
    fn index_mut(&mut self, slot: Slot) -> &mut V {
        &mut self.entries[slot as usize].value
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn entries_keep_their_slots_and_come_back() {
        let mut table = Table::new(100, 7);
        let slots: Vec<Slot> = (0..100u32).map(|key| table.insert(key, key * 2)).collect();
        assert!(table.is_full());
        table.remove(slots[50]);
        assert_eq!((table.find(&50), table.len()), (None, 99));
        assert_eq!(table.insert(500, 1000), slots[50]);
        for (key, slot) in (0..100u32).zip(&slots).filter(|(key, _)| *key != 50) {
            assert_eq!(table.find(&key), Some(*slot));
            assert_eq!(table[*slot], key * 2);
        }
    }

    #[test]
    fn removing_twice_gives_a_slot_back_once() {
        let mut table = Table::new(4, 7);
        let slot = table.insert(1, 'a');
        table.remove(slot);
        table.remove(slot);
        assert_eq!(table[slot], 'a', "readable until the slot is used again");
        assert_ne!(table.insert(2, 'b'), table.insert(3, 'c'));
        assert_eq!(table.len(), 2);
    }

    #[test]
    fn the_victim_is_not_used_lately_and_allowed() {
        let mut table = Table::new(8, 7);
        for key in 0..8u32 {
            table.insert(key, key);
        }
        assert!(
            table.victim(|_, _| true).is_some(),
            "used bits do not protect for ever"
        );
        let used = table.find(&5).unwrap();
        let mut victims = HashSet::new();
        for _ in 0..6 {
            let victim = table.victim(|_, value| *value != 3).unwrap();
            assert!(victim != used && table[victim] != 3);
            victims.insert(victim);
            table.remove(victim);
        }
        assert_eq!(victims.len(), 6, "each once");
        assert_eq!(
            table.victim(|_, value| *value != 3),
            Some(used),
            "the one used lately goes last"
        );
        assert!(table.victim(|_, _| false).is_none());
        assert!(
            Table::<u32, u32>::new(8, 7).victim(|_, _| true).is_none(),
            "nothing to give"
        );
    }

    /// An operation on a table.
    #[derive(Clone, Debug)]
    enum Step {
        Use(u8),
        Remove(u8),
    }

    proptest! {
        #[test]
        fn a_table_is_a_bounded_map_with_places(
            steps in prop::collection::vec(
                prop_oneof![4 => any::<u8>().prop_map(Step::Use), 1 => any::<u8>().prop_map(Step::Remove)],
                0..400,
            ),
            capacity in 1..40_usize,
            seed: u64,
        ) {
            let mut table = Table::new(capacity, seed);
            let mut model: HashMap<u8, (Slot, usize)> = HashMap::new();
            for (at, step) in steps.into_iter().enumerate() {
                match step {
                    Step::Use(key) => match table.find(&key) {
                        Some(slot) => prop_assert_eq!(model.get(&key), Some(&(slot, table[slot]))),
                        None => {
                            prop_assert!(!model.contains_key(&key));
                            if table.is_full() {
                                let victim = table.victim(|slot, &value| slot as usize <= value).unwrap();
                                let gone = *table.key(victim);
                                prop_assert_eq!(model.remove(&gone), Some((victim, table[victim])));
                                table.remove(victim);
                            }
                            model.insert(key, (table.insert(key, at + capacity), at + capacity));
                        }
                    },
                    Step::Remove(key) => {
                        let slot = table.find(&key);
                        prop_assert_eq!(slot, model.remove(&key).map(|(slot, _)| slot));
                        if let Some(slot) = slot {
                            table.remove(slot);
                        }
                    }
                }
                prop_assert_eq!(table.len(), model.len());
                prop_assert!(table.len() <= capacity && table.entries.len() <= capacity);
                let places: HashSet<Slot> = model.values().map(|(slot, _)| *slot).collect();
                prop_assert_eq!(places.len(), model.len(), "no place twice");
            }
        }
    }
}
