//! Traffic as links carry it, from a seed: the same bytes each time.
//!
//! Many connections take turns in trains of a few packets. Each opens with a handshake, asks, and
//! gets responses in full segments that are acknowledged by twos; sizes are drawn evenly over their
//! logarithm, as those of files are. A given share of packets is Netflix's: an answer of DNS, then
//! TLS with its name and responses of segments' sizes. The rest is TLS under other names, and UDP
//! of 60 to 1,200 bytes that is not QUIC.
//!
//! Connections may also be short, as those of applications and pages are: one exchange each, so
//! that handshakes and names outweigh data.

mod connection;
mod frame;
pub mod hostile;
mod random;

use connection::Connection;
pub use frame::{Frame, Pcap};
pub use random::Random;

/// Netflix's connections, and others', at once.
const AT_ONCE: [usize; 2] = [40, 400];
/// Packets in a train, at most.
const TRAIN: u64 = 12;
/// Nanoseconds between packets: 1 Gbit/s of full ones.
const SPACING: i64 = 12_000;
/// 2026-01-01T00:00:00Z.
const START: i64 = 1_767_225_600_000_000_000;

/// The amount of traffic on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// Up to twelve exchanges.
    Long,
    /// One of some kilobytes.
    Short,
}

/// An endless capture.
#[derive(Debug)]
pub struct Traffic {
    random: Random,
    /// Percent of packets that are Netflix's.
    share: u64,
    length: Length,
    pools: [Vec<Connection>; 2],
    /// Connections made so far.
    made: u32,
    /// Whose turn it is, for how many packets.
    turn: (usize, usize, u64),
    now: i64,
}

impl Traffic {
    /// Generates traffic in long connections with `share` percent of Netflix packets.
    #[must_use]
    pub fn new(share: u32, seed: u64) -> Self {
        Self::of(share, Length::Long, seed)
    }

    /// Generates traffic with `share` percent of Netflix packets.
    #[must_use]
    pub fn of(share: u32, length: Length, seed: u64) -> Self {
        Self {
            random: Random(seed),
            share: share.min(100).into(),
            length,
            pools: [Vec::new(), Vec::new()],
            made: 0,
            turn: (0, 0, 0),
            now: START,
        }
    }

    /// The next packet.
    pub fn packet(&mut self) -> Frame {
        self.now += SPACING;
        if self.turn.2 == 0 {
            let pool = usize::from(self.random.below(100) >= self.share);
            let at = self.random.below(AT_ONCE[pool] as u64) as usize;
            self.turn = (pool, at, 1 + self.random.below(TRAIN));
        }
        let (pool, at, left) = self.turn;
        self.turn.2 = left - 1;
        let at = at.min(self.pools[pool].len());
        if at == self.pools[pool].len() {
            let connection = self.connection(pool == 0);
            self.pools[pool].push(connection);
        }
        loop {
            if let Some(frame) = self.pools[pool][at].packet(&mut self.random, self.now) {
                return frame;
            }
            self.pools[pool][at] = self.connection(pool == 0);
        }
    }

    fn connection(&mut self, netflix: bool) -> Connection {
        self.made += 1;
        Connection::new(netflix, self.length, self.made, &mut self.random)
    }
}

impl Iterator for Traffic {
    type Item = Frame;

    fn next(&mut self) -> Option<Frame> {
        Some(self.packet())
    }
}

#[cfg(test)]
mod tests {
    use nflx_core::{Config, Engine};

    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_bytes() {
        let bytes = |seed| {
            Traffic::new(10, seed)
                .take(3000)
                .flat_map(|frame| frame.bytes)
                .collect::<Vec<u8>>()
        };
        assert!(bytes(1) == bytes(1) && bytes(1) != bytes(2));
    }

    #[test]
    fn short_connections_are_many() {
        let flows = |length| {
            let mut engine = Engine::new(Config::default());
            for (frame, number) in Traffic::of(100, length, 1).take(20_000).zip(1..) {
                engine.packet(&frame.packet(number));
            }
            engine.stats().flows
        };
        let [long, short] = [Length::Long, Length::Short].map(flows);
        // Two flows each: one is DNS.
        assert!(
            (20..40).contains(&(2 * 20_000 / short)) && short > 5 * long,
            "{short}, {long}"
        );
    }

    #[test]
    fn netflix_has_the_share_asked_for() {
        for share in [0, 10, 100] {
            let mut engine = Engine::new(Config::default());
            let frames = Traffic::new(share, 1).take(20_000);
            let said = frames
                .zip(1..)
                .filter(|(frame, number)| engine.packet(&frame.packet(*number)).is_some())
                .count();
            let expected = 200 * share as usize;
            // Questions and answers of DNS are not sent to Netflix, and trains are some packets
            // long.
            assert!(said.abs_diff(expected) <= 400, "{said} of {expected}");
            assert_eq!(share == 0, engine.segment_numbers().is_empty());
        }
    }
}
