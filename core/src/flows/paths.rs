//! Connections that may get further paths (Multipath TCP, RFC 8684), by the token that a further path shows.

use sha2::{Digest, Sha256};

use crate::bounded::clock_table::{Slot, Table};
use crate::config::Config;

/// The first path of a connection: its flow, and that flow's number, which no later one has.
type First = (Slot, u32);

/// This share of all connections is remembered: few are Multipath TCP's, and they get further paths when they begin.
const SHARE: u64 = 64;

/// Connections remembered.
fn most(config: &Config) -> u64 {
    (config.max_connections() / SHARE).max(8)
}

/// First paths by token.
#[derive(Debug)]
pub(crate) struct Paths {
    by_token: Table<u32, First>,
}

impl Paths {
    pub(crate) fn new(config: &Config) -> Self {
        let capacity = usize::try_from(most(config)).unwrap_or(usize::MAX);
        Self {
            by_token: Table::new(capacity, config.hash_seed),
        }
    }

    /// The most memory that they hold, in bytes.
    pub(crate) fn bound(config: &Config) -> u64 {
        Table::<u32, First>::bound(most(config))
    }

    /// Notes the key that a server gave in the handshake of a connection.
    pub(crate) fn note(&mut self, key: [u8; 8], first: First) {
        self.by_token.put(token(key), first);
    }

    /// Returns the first path of the connection whose token a further path shows.
    pub(crate) fn first(&mut self, token: u32) -> Option<First> {
        self.by_token.find(&token).map(|slot| self.by_token[slot])
    }
}

/// The token of a key: the first 32 bits of its hash (RFC 8684, section 3.2).
fn token(key: [u8; 8]) -> u32 {
    let hash = Sha256::digest(key);
    u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_the_beginning_of_the_keys_hash() {
        // FIPS 180-4 of eight zero bytes.
        assert_eq!(token([0; 8]), 0xaf55_70f5);
        let mut paths = Paths::new(&Config::default());
        paths.note([0; 8], (3, 4));
        assert_eq!(paths.first(0xaf55_70f5), Some((3, 4)));
        assert_eq!(paths.first(0xaf55_70f4), None);
    }

    #[test]
    fn the_oldest_make_room() {
        let mut config = Config::default();
        config.set("max_connections", "8").unwrap();
        let mut paths = Paths::new(&config);
        let key = |number: u32| u64::from(number).to_be_bytes();
        for number in 0..100 {
            paths.note(key(number), (number, number));
        }
        let held = (0..100).filter(|&number| paths.first(token(key(number))).is_some());
        assert_eq!(held.count(), 8);
    }
}
