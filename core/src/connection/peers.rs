//! Who speaks QUIC with whom, so that a connection is found again when its client moves to another address or port.

use std::net::IpAddr;

use crate::bounded::clock_table::{Slot, Table};
use crate::config::Config;
use crate::facts::annotation::ServerId;

/// A client and a server's port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Pair {
    pub(crate) client: IpAddr,
    pub(crate) server: ServerId,
    pub(crate) port: u16,
}

/// Pairs remembered: those that spoke last are the likeliest to move.
fn most(config: &Config) -> u64 {
    (config.max_connections() / 4).max(8)
}

/// By pair: where its latest connection is followed, and the flow that it had then.
#[derive(Debug)]
pub(crate) struct Peers {
    latest: Table<Pair, (Slot, Slot)>,
}

impl Peers {
    pub(crate) fn new(config: &Config) -> Self {
        let capacity = usize::try_from(most(config)).unwrap_or(usize::MAX);
        Self {
            latest: Table::new(capacity, config.hash_seed),
        }
    }

    /// The most memory that they hold, in bytes.
    pub(crate) fn bound(config: &Config) -> u64 {
        Table::<Pair, (Slot, Slot)>::bound(most(config))
    }

    /// Takes note of a connection.
    pub(crate) fn note(&mut self, pair: Pair, place: Slot, flow: Slot) {
        if let Some(slot) = self.latest.find(&pair) {
            self.latest[slot] = (place, flow);
            return;
        }
        if self.latest.is_full()
            && let Some(victim) = self.latest.victim(|_, _| true)
        {
            self.latest.remove(victim);
        }
        self.latest.insert(pair, (place, flow));
    }

    /// Returns where the latest connection of a pair was followed, and its flow then.
    pub(crate) fn latest(&mut self, pair: &Pair) -> Option<(Slot, Slot)> {
        self.latest.find(pair).map(|slot| self.latest[slot])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_connection_of_a_pair_is_found_and_others_make_room() {
        let mut config = Config::default();
        config.set("max_connections", "8").unwrap();
        let mut peers = Peers::new(&config);
        let pair = |port| Pair {
            client: "10.0.0.2".parse().unwrap(),
            server: 0,
            port,
        };
        peers.note(pair(1), 3, 4);
        peers.note(pair(1), 5, 6);
        assert_eq!(peers.latest(&pair(1)), Some((5, 6)));
        assert_eq!(peers.latest(&pair(2)), None);
        for port in 2..100 {
            peers.note(pair(port), 0, 0);
        }
        let held = (1..100).filter(|&port| peers.latest(&pair(port)).is_some());
        assert_eq!(held.count(), 8);
    }
}
