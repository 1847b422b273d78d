//! A bounded hash table whose entries keep their place, and the choice of which entry makes room.
//!
//! Eviction is the clock algorithm (Corbató, 1968): an entry used since the hand last passed gets another round. It
//! costs one bit per entry, no list to maintain per packet, and O(1) amortised.

use core::hash::{BuildHasher, Hash};

use foldhash::fast::FixedState;
use hashbrown::HashTable;

/// Place of an entry in its table.
pub type Slot = u32;

/// No entry.
pub const NONE: Slot = Slot::MAX;

#[derive(Debug)]
struct Entry<K, V> {
    key: K,
    value: V,
    used: bool,
    occupied: bool,
}

/// At most `capacity` entries, each at a slot that does not change while it lives.
#[derive(Debug)]
pub struct Table<K, V> {
    index: HashTable<Slot>,
    entries: Vec<Entry<K, V>>,
    free: Vec<Slot>,
    hasher: FixedState,
    capacity: usize,
    hand: usize,
}

impl<K: Hash + Eq + Copy, V> Table<K, V> {
    /// An empty table; `seed` keeps captures from choosing keys that collide.
    #[must_use]
    pub fn new(capacity: usize, seed: u64) -> Self {
        Self {
            index: HashTable::new(),
            entries: Vec::new(),
            free: Vec::new(),
            hasher: FixedState::with_seed(seed),
            capacity: capacity.clamp(1, NONE as usize - 1),
            hand: 0,
        }
    }

    /// Entries held.
    #[must_use]
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Whether another entry needs room made first.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.len() >= self.capacity
    }

    /// Finds an entry and notes that it was used.
    pub fn find(&mut self, key: &K) -> Option<Slot> {
        let hash = self.hasher.hash_one(key);
        let slot = *self.index.find(hash, |&slot| self.entries[slot as usize].key == *key)?;
        self.entries[slot as usize].used = true;
        Some(slot)
    }

    /// Adds an entry; the key must not be there, and the table not full (it would grow by one).
    pub fn insert(&mut self, key: K, value: V) -> Slot {
        let hash = self.hasher.hash_one(&key);
        let entry = Entry { key, value, used: true, occupied: true };
        let slot = if let Some(slot) = self.free.pop() {
            self.entries[slot as usize] = entry;
            slot
        } else {
            self.entries.push(entry);
            (self.entries.len() - 1) as Slot
        };
        let (entries, hasher) = (&self.entries, &self.hasher);
        self.index.insert_unique(hash, slot, |&slot| hasher.hash_one(entries[slot as usize].key));
        slot
    }

    /// The entry that should make room: one that `evictable` allows, not used lately. `None` if none is allowed.
    pub fn victim(&mut self, evictable: impl Fn(&V) -> bool) -> Option<Slot> {
        // Two rounds: the first takes the used bits away.
        for _ in 0..2 * self.entries.len() {
            self.hand = (self.hand + 1) % self.entries.len();
            let entry = &mut self.entries[self.hand];
            if !entry.occupied || !evictable(&entry.value) {
                continue;
            }
            if !entry.used {
                return Some(self.hand as Slot);
            }
            entry.used = false;
        }
        None
    }

    /// Takes an entry out; its value stays readable at the slot until that is used again.
    pub fn remove(&mut self, slot: Slot) {
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

    /// The key at a slot.
    #[must_use]
    pub fn key(&self, slot: Slot) -> &K {
        &self.entries[slot as usize].key
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
    fn the_victim_is_not_used_lately_and_allowed() {
        let mut table = Table::new(8, 7);
        for key in 0..8u32 {
            table.insert(key, key);
        }
        let first = table.victim(|_| true).unwrap();
        assert!(table.find(&5).is_some());
        for _ in 0..6 {
            let victim = table.victim(|value| *value != 3 && *value != 5).unwrap();
            assert!(table[victim] != 3 && table[victim] != 5);
        }
        assert!(table.victim(|_| false).is_none());
        let _ = first;
    }
}
