//! Pairs of a client and a server that speak QUIC, so that a connection is found again when its
//! client moves to another address or port: by the ID in its packets (RFC 9000, section 5.2), or as
//! the latest connection of the same client.

use std::net::IpAddr;

use crate::bounded::clock_table::{Slot, Table};
use crate::config::Config;
use crate::facts::annotation::ServerId;
use crate::wire::quic::{ConnectionId, MAX_CID_LEN};

/// A client and a server's port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Pair {
    pub(crate) client: IpAddr,
    pub(crate) server: ServerId,
    pub(crate) port: u16,
}

/// The destination of a client's packets: a connection ID at a server's port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Addressed {
    server: ServerId,
    port: u16,
    id: ConnectionId,
}

/// Shortest connection ID that identifies a client at another address, in bytes: two connections
/// share one by chance in 1 of 2^32 cases.
const SHORTEST_ID: usize = 4;

/// Returns the number of pairs to remember: those that spoke last are the likeliest to move.
fn most(config: &Config) -> u64 {
    (config.max_connections() / 4).max(8)
}

/// Places of latest connections, and their flows at that time, by pair.
#[derive(Debug)]
pub(crate) struct Peers {
    latest: Table<Pair, (Slot, Slot)>,
    /// The same by connection ID.
    by_id: Table<Addressed, (Slot, Slot)>,
    /// Lengths of known IDs, one bit each, because short headers do not state the length.
    lengths: u32,
}

impl Peers {
    pub(crate) fn new(config: &Config) -> Self {
        let capacity = usize::try_from(most(config)).unwrap_or(usize::MAX);
        Self {
            latest: Table::new(capacity, config.hash_seed),
            by_id: Table::new(capacity, config.hash_seed),
            lengths: 0,
        }
    }

    /// Returns the most memory that they hold, in bytes.
    pub(crate) fn bound(config: &Config) -> u64 {
        let most = most(config);
        Table::<Pair, (Slot, Slot)>::bound(most)
            .saturating_add(Table::<Addressed, (Slot, Slot)>::bound(most))
    }

    /// Records a connection whose client sends its packets to `id`.
    pub(crate) fn note(&mut self, pair: Pair, id: Option<ConnectionId>, place: Slot, flow: Slot) {
        self.latest.put(pair, (place, flow));
        if let Some(id) = id.filter(|id| id.as_bytes().len() >= SHORTEST_ID) {
            self.lengths |= 1 << id.as_bytes().len();
            let (server, port) = (pair.server, pair.port);
            self.by_id
                .put(Addressed { server, port, id }, (place, flow));
        }
    }

    /// Returns the place of the connection whose ID follows the first byte of a client's packet,
    /// for any client, and its flow at that time.
    pub(crate) fn addressed(&mut self, pair: &Pair, behind: &[u8]) -> Option<(Slot, Slot)> {
        (SHORTEST_ID..=MAX_CID_LEN)
            .filter(|&length| self.lengths & 1 << length != 0)
            .filter_map(|length| behind.get(..length))
            .find_map(|id| {
                let slot = self.by_id.find(&Addressed {
                    server: pair.server,
                    port: pair.port,
                    id: ConnectionId::new(id),
                })?;
                Some(self.by_id[slot])
            })
    }

    /// Returns the place of a pair's latest connection, and its flow at that time.
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
        peers.note(pair(1), None, 3, 4);
        peers.note(pair(1), None, 5, 6);
        assert_eq!(peers.latest(&pair(1)), Some((5, 6)));
        assert_eq!(peers.latest(&pair(2)), None);
        for port in 2..100 {
            peers.note(pair(port), None, 0, 0);
        }
        let held = (1..100).filter(|&port| peers.latest(&pair(port)).is_some());
        assert_eq!(held.count(), 8);
    }

    #[test]
    fn a_connection_is_found_by_its_id_if_that_is_long_enough() {
        let mut peers = Peers::new(&Config::default());
        let pair = |client: &str, server| Pair {
            client: client.parse().unwrap(),
            server,
            port: 443,
        };
        let known = pair("10.0.0.2", 0);
        for (place, id) in [&b"abc"[..], b"abcd", b"another id"].iter().enumerate() {
            peers.note(known, Some(ConnectionId::new(id)), place as Slot, 7);
        }
        let moved = pair("10.0.0.9", 0);
        assert_eq!(peers.addressed(&moved, b"abcd and more"), Some((1, 7)));
        assert_eq!(peers.addressed(&moved, b"another id"), Some((2, 7)));
        for unknown in [&b"abc"[..], b"abc and more", b"another", b""] {
            assert_eq!(peers.addressed(&moved, unknown), None);
        }
        assert_eq!(peers.addressed(&pair("10.0.0.9", 1), b"abcd"), None);
    }
}
