//! Flows that were captured on both sides of an address translation: the same packets with two
//! addresses.

use super::key::{End, FlowKey};
use crate::bounded::clock_table::Table;
use crate::config::Config;

/// Translated flows remembered at once; a home router has some thousands.
const MOST: u64 = 4096;

/// Flows that consist of another flow's packets with a translated address.
#[derive(Debug)]
pub(crate) struct Translations {
    /// The flow that is counted, and whether its ends are in the other order.
    flows: Table<FlowKey, (FlowKey, bool)>,
}

impl Translations {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            flows: Table::new(MOST as usize, config.hash_seed),
        }
    }

    /// Returns the most memory that they hold, in bytes.
    pub(crate) fn bound() -> u64 {
        Table::<FlowKey, (FlowKey, bool)>::bound(MOST)
    }

    /// Returns the flow that a translated one stands for, and true if its ends are in the other
    /// order.
    pub(crate) fn of(&mut self, key: &FlowKey) -> Option<(FlowKey, bool)> {
        if self.flows.len() == 0 {
            return None;
        }
        let slot = self.flows.find(key)?;
        Some(self.flows[slot])
    }

    /// Records that `translated` is `inside` with another address at one end, if that is possible:
    /// the other end must be the same. `senders` are the ends that sent the same packet in either
    /// flow, the inside one first.
    pub(crate) fn add(
        &mut self,
        translated: FlowKey,
        inside: FlowKey,
        (inside_sender, sender): (End, End),
    ) -> bool {
        let same = |inside_end: End, end: End| {
            inside.address(inside_end) == translated.address(end)
                && inside.port(inside_end) == translated.port(end)
        };
        // A flow whose address stays and whose port alone changes is another connection.
        let moved =
            |inside_end: End, end: End| inside.address(inside_end) != translated.address(end);
        let is_one = same(inside_sender, sender) && moved(1 - inside_sender, 1 - sender)
            || same(1 - inside_sender, 1 - sender) && moved(inside_sender, sender);
        if !is_one {
            return false;
        }
        if self.flows.is_full()
            && let Some(victim) = self.flows.victim(|_, _| true)
        {
            self.flows.remove(victim);
        }
        if self.flows.find(&translated).is_none() {
            self.flows
                .insert(translated, (inside, inside_sender != sender));
        }
        true
    }
}
