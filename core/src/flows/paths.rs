//! Connections with further paths (Multipath TCP, RFC 8684), found by the token that a further path
//! shows, and the position of each path's bytes in the connection's data.
//!
//! Data sequence numbers are expressed in the numbers of the first path: as long as that path is
//! alone, the two differ only by a constant, so nothing changes for a connection that gets another
//! path. Bytes sent over a path that was not captured leave a hole in these numbers, and are
//! missing.

use sha2::{Digest, Sha256};

use super::key::End;
use crate::bounded::clock_table::{Slot, Table};
use crate::config::Config;
use crate::wire::decode::{Tcp, TcpFlags};
use crate::wire::multipath::{Mapping, Signal};

/// A flow and its number, which no later flow at its place has.
pub(crate) type FlowId = (Slot, u32);

/// One in this many connections is remembered: few use Multipath TCP, and they add further paths
/// when they begin.
const SHARE: u64 = 64;

/// Paths remembered per connection: the first one, and one per further network. Connections with
/// more use the room of others.
const PATHS: u64 = 2;

/// Returns the number of connections to remember.
fn most(config: &Config) -> u64 {
    (config.max_connections() / SHARE).max(8)
}

/// A connection, found by its token.
#[derive(Clone, Copy, Debug)]
struct Shared {
    first: FlowId,
    opener: End,
    /// True if a further path of it was seen.
    is_divided: bool,
    /// By direction, from the opener and to it: the SYN's number on the first path.
    syn: [u32; 2],
    /// By direction: the difference from a data sequence number to the first path's number.
    shift: [Option<u32>; 2],
}

/// A path, found by its flow.
#[derive(Clone, Copy, Debug)]
struct Path {
    number: u32,
    token: u32,
    opener: End,
    /// By direction: the SYN's number on this path.
    syn: [Option<u32>; 2],
    /// By direction: the position of arriving bytes, in numbers of this path and of the first one.
    placed: [Option<Placed>; 2],
}

/// The position of a path's bytes from one number on.
#[derive(Clone, Copy, Debug)]
struct Placed {
    from: u32,
    to: u32,
    length: u32,
}

/// The route of a packet on one of several paths.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Way<'a> {
    /// On its own path, as it is.
    Plain,
    /// To the first path, converted to its numbers.
    First(FlowId, End, Tcp<'a>),
    /// Nowhere: the position of its bytes is unknown.
    Nowhere,
    /// Nowhere: the state of the path was evicted.
    Forgotten,
}

/// Connections by token, and their paths.
#[derive(Debug)]
pub(crate) struct Paths {
    by_token: Table<u32, Shared>,
    by_flow: Table<Slot, Path>,
}

impl Paths {
    pub(crate) fn new(config: &Config) -> Self {
        let capacity = |most: u64| usize::try_from(most).unwrap_or(usize::MAX);
        Self {
            by_token: Table::new(capacity(most(config)), config.hash_seed),
            by_flow: Table::new(capacity(PATHS * most(config)), config.hash_seed),
        }
    }

    /// Returns the most memory that they hold, in bytes.
    pub(crate) fn bound(config: &Config) -> u64 {
        Table::<u32, Shared>::bound(most(config))
            .saturating_add(Table::<Slot, Path>::bound(PATHS * most(config)))
    }

    /// Records the key that a server gave when it answered a connection's first SYN, and the
    /// numbers of both SYNs.
    pub(crate) fn open(&mut self, key: [u8; 8], first: FlowId, opener: End, syn: [u32; 2]) {
        let token = token(key);
        if self.find(token).is_some_and(|known| known.first == first) {
            return;
        }
        let shared = Shared {
            first,
            opener,
            is_divided: false,
            syn,
            shift: [None, Some(syn[1].wrapping_sub(start(key)))],
        };
        self.by_token.put(token, shared);
        self.add(token, first, opener, syn.map(Some));
    }

    /// Records that a SYN opened a further path of a connection. Returns the connection's first
    /// path if that is known.
    pub(crate) fn join(
        &mut self,
        token: u32,
        flow: FlowId,
        opener: End,
        syn: u32,
    ) -> Option<FlowId> {
        let slot = self.by_token.find(&token)?;
        let shared = &mut self.by_token[slot];
        if shared.first == flow {
            return None;
        }
        shared.is_divided = true;
        let first = shared.first;
        self.add(token, flow, opener, [Some(syn), None]);
        Some(first)
    }

    /// Records the number of the SYN that answers a further path's SYN.
    pub(crate) fn answer(&mut self, (slot, number): FlowId, syn: u32) {
        if let Some(at) = self.by_flow.find(&slot)
            && self.by_flow[at].number == number
        {
            self.by_flow[at].syn[1] = Some(syn);
        }
    }

    fn add(&mut self, token: u32, (slot, number): FlowId, opener: End, syn: [Option<u32>; 2]) {
        let path = Path {
            number,
            token,
            opener,
            syn,
            placed: [None; 2],
        };
        self.by_flow.put(slot, path);
    }

    fn find(&mut self, token: u32) -> Option<&mut Shared> {
        self.by_token
            .find(&token)
            .map(|slot| &mut self.by_token[slot])
    }

    /// Returns the first path of the connection that has this flow as a further path.
    pub(crate) fn first_of(&mut self, flow: FlowId) -> Option<FlowId> {
        let at = self.by_flow.find(&flow.0)?;
        let path = &self.by_flow[at];
        let (number, token) = (path.number, path.token);
        let shared = self.find(token).filter(|_| number == flow.1)?;
        (shared.first != flow).then_some(shared.first)
    }

    /// Returns the route of a packet without SYN, and records what the packet shows about the
    /// position of later data.
    pub(crate) fn way<'a>(&mut self, flow: FlowId, sender: End, tcp: &Tcp<'a>) -> Way<'a> {
        let Some(at) = self.by_flow.find(&flow.0) else {
            return Way::Forgotten;
        };
        let path = &mut self.by_flow[at];
        let Some(known) = self.by_token.find(&path.token) else {
            return Way::Forgotten;
        };
        if path.number != flow.1 {
            return Way::Forgotten;
        }
        let shared = &mut self.by_token[known];
        let signal = Signal::of(tcp.options);
        let direction = usize::from(sender != path.opener);
        if let Some(key) = signal
            .key
            .filter(|_| direction == 0 && shared.first == flow)
        {
            shared.shift[0] = Some(shared.syn[0].wrapping_sub(start(key)));
        }
        if let Some(mapping) = signal.mapping {
            path.place(direction, mapping, shared.shift[direction]);
        }
        let is_alone = shared.first == flow && !shared.is_divided;
        // If a middlebox removes the options, the connection continues without them (RFC 8684,
        // section 3.7).
        if is_alone && signal.mapping.is_none() && signal.acknowledged.is_none() {
            return Way::Plain;
        }
        let Some(tcp) = shared.told(path, direction, tcp, &signal, shared.first == flow) else {
            return Way::Nowhere;
        };
        let sender = if direction == 0 {
            shared.opener
        } else {
            1 - shared.opener
        };
        Way::First(shared.first, sender, tcp)
    }
}

impl Path {
    /// Records the position of bytes that come in a direction.
    fn place(&mut self, direction: usize, mapping: Mapping, shift: Option<u32>) {
        if let (Some(syn), Some(shift)) = (self.syn[direction], shift) {
            self.placed[direction] = Some(Placed {
                from: syn.wrapping_add(mapping.on_path),
                to: mapping.data.wrapping_add(shift),
                length: mapping.length,
            });
        }
    }

    /// Converts a number of this path to the first path's.
    fn number_on_first(&self, direction: usize, sequence: u32, is_first: bool) -> Option<u32> {
        let Some(placed) = self.placed[direction] else {
            // A client's first data comes with its key instead (RFC 8684, section 3.1).
            return is_first.then_some(sequence);
        };
        let ahead = sequence.wrapping_sub(placed.from);
        (ahead < placed.length).then(|| placed.to.wrapping_add(ahead))
    }
}

impl Shared {
    /// Converts a path's packet to numbers of the first path. `None` if the position of its bytes
    /// is unknown.
    fn told<'a>(
        &self,
        path: &Path,
        direction: usize,
        tcp: &Tcp<'a>,
        signal: &Signal,
        is_first: bool,
    ) -> Option<Tcp<'a>> {
        let mut told = *tcp;
        // The end of a path is not the end of the connection. A reset is, if there is no other
        // path.
        let mut flags = tcp.flags.0 & !(TcpFlags::FIN.0 | TcpFlags::RST.0 | TcpFlags::ACK.0);
        let end = signal.end.zip(self.shift[direction]);
        let end = end.map(|(end, shift)| end.wrapping_add(shift));
        told.sequence = if tcp.payload_length > 0 {
            path.number_on_first(direction, tcp.sequence, is_first)?
        } else {
            end.unwrap_or(self.syn[direction].wrapping_add(1))
        };
        if end == Some(told.sequence.wrapping_add(tcp.payload_length)) {
            flags |= TcpFlags::FIN.0;
        }
        if signal.resets || !self.is_divided && tcp.flags.has(TcpFlags::RST) {
            flags |= TcpFlags::RST.0;
        }
        if let Some((acknowledged, shift)) = signal.acknowledged.zip(self.shift[1 - direction]) {
            told.acknowledgement = acknowledged.wrapping_add(shift);
            flags |= TcpFlags::ACK.0;
        }
        told.flags = TcpFlags(flags);
        Some(told)
    }
}

/// Returns the token of a key: the first 32 bits of its hash (RFC 8684, section 3.2).
fn token(key: [u8; 8]) -> u32 {
    let hash = Sha256::digest(key);
    u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]])
}

/// Returns the data sequence number of the SYN of the end with this key: the last bits of its hash
/// (section 3.1).
fn start(key: [u8; 8]) -> u32 {
    let hash = Sha256::digest(key);
    u32::from_be_bytes([hash[28], hash[29], hash[30], hash[31]])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_and_first_number_are_both_ends_of_the_keys_hash() {
        // FIPS 180-4 of eight zero bytes.
        assert_eq!(token([0; 8]), 0xaf55_70f5);
        assert_eq!(start([0; 8]), 0xe0e8_3dfc);
        let mut paths = Paths::new(&Config::default());
        paths.open([0; 8], (3, 4), 0, [1, 2]);
        assert_eq!(paths.join(0xaf55_70f4, (7, 8), 0, 5), None);
        assert_eq!(paths.first_of((7, 8)), None);
        assert_eq!(paths.join(0xaf55_70f5, (7, 8), 0, 5), Some((3, 4)));
        assert_eq!(paths.first_of((7, 8)), Some((3, 4)));
        assert_eq!(paths.first_of((7, 9)), None, "another flow at that place");
        assert_eq!(paths.first_of((3, 4)), None);
    }

    #[test]
    fn the_oldest_make_room() {
        let mut config = Config::default();
        config.set("max_connections", "8").unwrap();
        let mut paths = Paths::new(&config);
        let key = |number: u32| u64::from(number).to_be_bytes();
        for number in 0..100 {
            paths.open(key(number), (number, number), 0, [0; 2]);
        }
        let held = (0..100).filter(|&number| paths.find(token(key(number))).is_some());
        assert_eq!(held.count(), 8);
        let held = (0..100).filter(|number| paths.by_flow.find(number).is_some());
        assert_eq!(held.count(), 16);
    }
}
