//! VLANs and virtual networks that separate flows if the same addresses occur in several at once.

use super::key::{End, FlowKey};
use crate::bounded::clock_table::Table;
use crate::config::{Config, FlowScope};
use crate::wire::decode::Scope;

/// Number of scopes with a number of their own; all others share 0. Limited by the room in a flow's
/// key.
const MOST: u64 = FlowKey::MOST_SCOPES as u64;
/// Number of scopes whose other direction is awaited.
const MOST_ALONE: usize = 64;

/// A scope that was entered in one direction only. The two directions of a tunnel may have
/// different numbers (3GPP TS 29.281, section 5.1).
#[derive(Clone, Copy, Debug)]
struct Alone {
    number: u16,
    /// Inner addresses, and the end that sends in it.
    ends: FlowKey,
    sender: End,
}

/// Numbers of scopes.
#[derive(Debug)]
pub(crate) struct Scopes {
    numbers: Table<Scope, u16>,
    alone: Vec<Alone>,
    next: u16,
    next_alone: usize,
}

impl Scopes {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            numbers: Table::new(MOST as usize, config.hash_seed),
            alone: Vec::new(),
            next: 1,
            next_alone: 0,
        }
    }

    /// Returns the most memory that they hold, in bytes.
    pub(crate) fn bound() -> u64 {
        Table::<Scope, u16>::bound(MOST) + (2 * MOST_ALONE * size_of::<Alone>()) as u64
    }

    /// Returns the number of the scope that a packet came in; 0 if scopes do not count.
    #[inline]
    pub(crate) fn enter(
        &mut self,
        config: &Config,
        scope: Scope,
        (key, sender): (FlowKey, End),
    ) -> u16 {
        if config.flow_key == FlowScope::Addresses || scope == Scope::default() {
            return 0;
        }
        self.number(config.flow_key, scope, key.hosts_only(), sender)
    }

    fn number(&mut self, kind: FlowScope, scope: Scope, ends: FlowKey, sender: End) -> u16 {
        let scope = match kind {
            FlowScope::Tunnel => scope,
            _ => Scope { tunnel: 0, ..scope },
        };
        if let Some(slot) = self.numbers.find(&scope) {
            let number = self.numbers[slot];
            // Both directions have the same number here, so there is no other one to wait for.
            self.alone.retain(|alone| {
                alone.number != number || alone.sender == sender || alone.ends != ends
            });
            return number;
        }
        if self.numbers.is_full() {
            return 0;
        }
        let other = self
            .alone
            .iter()
            .position(|alone| alone.ends == ends && alone.sender != sender);
        let number = match other {
            Some(at) if kind == FlowScope::Tunnel => self.alone.remove(at).number,
            _ => {
                let number = self.next;
                self.next += 1;
                self.await_other(Alone {
                    number,
                    ends,
                    sender,
                });
                number
            }
        };
        self.numbers.insert(scope, number);
        number
    }

    fn await_other(&mut self, alone: Alone) {
        if self.alone.len() < MOST_ALONE {
            self.alone.push(alone);
        } else {
            self.alone[self.next_alone % MOST_ALONE] = alone;
            self.next_alone += 1;
        }
    }
}
