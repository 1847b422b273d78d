//! Copies of packets: a mirror of both directions, two VLANs, both sides of a router or of address
//! translation.
//!
//! A sender that retransmits bytes makes a new packet of them: with another IP identification (RFC
//! 6864, section 4.2, for all packets that may be fragmented; common stacks for all), a later TCP
//! timestamp, or at least a round trip later. A copy has the same values and comes within moments.
//! QUIC never sends the same datagram twice (RFC 9000, section 12.3), so any second one is a copy.
//!
//! A packet with neither of the two marks may be a retransmission if it comes as late. What a first
//! copy of a SYN shows is how late copies come: no end sends one again so soon.
//!
//! Until a first copy is found, only packets at the start of a flow and after a retransmission are
//! examined; from then on, all are. A second reading examines all from the start.

mod identity;
pub(crate) mod merged;

pub(crate) use self::identity::Identity;
use self::merged::Merged;
use super::key::End;
use crate::bounded::clock_table::Slot;
use crate::config::{ClientKey, Config};
use crate::packet::Time;
use crate::wire::decode::IpPayload;

/// Number of packets examined at the start of a flow, and after a retransmission: a handshake, a
/// request and the first packets of its answer. Copies that begin with the flow show within these.
pub(crate) const WATCHED: u8 = 12;

/// A SYN without marks that comes again within this many nanoseconds is a copy: Windows allows no
/// shorter first timeout than 300 ms (InitialRto), and others wait for 1 s (RFC 6298, section 2).
const NO_SYN_AGAIN: i64 = 250 * MILLISECOND;
/// Copies without marks are as late as that of the SYN, but for one in this many parts.
const LATENESS_PARTS: i64 = 4;

/// Packets with the same hash that are compared at most, the latest first. With as many packets as
/// hashes, one in 10^5 is behind eight others.
const COMPARED: usize = 8;

/// Nanoseconds in a microsecond and a millisecond.
const MICROSECOND: i64 = 1_000;
const MILLISECOND: i64 = 1_000_000;

/// A packet seen lately.
#[derive(Clone, Copy, Debug)]
struct Seen {
    carried: u64,
    time: Time,
    flow: Slot,
    /// Number of the packet before with the same hash.
    before: u32,
    identification: u16,
    hops: u8,
    sender: End,
    /// True if it was seen with the other address of an address translation.
    translated: bool,
}

/// A packet that may be a copy of one in another flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Suspect {
    /// The other flow, and the end that sent the packet there.
    pub(crate) flow: Slot,
    pub(crate) sender: End,
}

/// A packet whose bytes had come before.
#[derive(Debug)]
pub(crate) struct Suspected {
    pub(crate) flow: Slot,
    pub(crate) number: Option<u32>,
    pub(crate) sender: End,
    pub(crate) time: Time,
    /// Bytes of IP, and of its payload.
    pub(crate) lengths: (u32, u32),
    pub(crate) segment: Option<u32>,
}

/// The relation of a packet to earlier ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Relation {
    New,
    Copy,
    /// Possibly the same packet with other addresses.
    Translated(Suspect),
}

/// Packets seen lately.
#[derive(Debug)]
pub(crate) struct Copies {
    /// The latest packets, each at the place of its number. They begin empty, so that a capture
    /// without packets to examine pays for none.
    seen: Vec<Seen>,
    /// Number of the latest packet with a hash of the properties that copies share; 0 if there is
    /// none. Empty until the first packet.
    latest: Vec<u32>,
    /// Number of the latest packet, from 1.
    count: u32,
    /// Most packets, a power of two.
    capacity: usize,
    pub(crate) window: i64,
    unmarked_window: i64,
    /// Nanoseconds by which copies without marks come late; 0 if that was not seen.
    late: i64,
    merged: Merged,
    /// True if copies may have passed before the first one was found.
    pub(crate) missed: bool,
    /// Flows whose count of watched packets is above this are examined: 1, or 0 once a copy was
    /// found. The largest number if copies are not to be found.
    pub(crate) quiet: u8,
}

impl Copies {
    pub(crate) fn new(config: &Config) -> Self {
        let clamped = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let window = clamped(config.duplicate_window()).saturating_mul(MILLISECOND);
        Self {
            seen: Vec::new(),
            latest: Vec::new(),
            count: 0,
            capacity: Self::capacity(config),
            window,
            unmarked_window: clamped(config.duplicate_unmarked()).saturating_mul(MICROSECOND),
            late: 0,
            merged: Merged::default(),
            missed: false,
            quiet: if window == 0 && config.client_key == ClientKey::Address {
                u8::MAX
            } else {
                1
            },
        }
    }

    fn capacity(config: &Config) -> usize {
        usize::try_from(config.duplicate_packets())
            .unwrap_or(usize::MAX)
            .next_power_of_two()
    }

    /// Returns the most memory that they hold, in bytes.
    pub(crate) fn bound(config: &Config) -> u64 {
        let each = size_of::<Seen>() + size_of::<u32>();
        (Self::capacity(config) as u64)
            .saturating_mul(each as u64)
            .saturating_add(Merged::BOUND)
    }

    /// Compares a packet with earlier ones, and remembers it. `sender` sent it on `flow`;
    /// `translated` is true if it was seen there with another address.
    pub(crate) fn look(
        &mut self,
        identity: &Identity,
        (flow, sender): (Slot, End),
        translated: bool,
        time: Time,
    ) -> Relation {
        if self.latest.is_empty() {
            self.latest = vec![0; self.capacity];
            self.seen.reserve_exact(self.capacity);
        }
        let hash = identity.carried as usize & (self.capacity - 1);
        let before = self.latest[hash];
        let mut number = before;
        for _ in 0..COMPARED {
            // Older ones have left their place to others, and none has the number 0.
            if self.count.wrapping_sub(number) as usize >= self.seen.len() {
                break;
            }
            let entry = &self.seen[self.place(number)];
            number = entry.before;
            if identity.carried != entry.carried {
                continue;
            }
            let apart = time.since(entry.time).saturating_abs();
            match self.relation(identity, (flow, sender, translated), entry, apart) {
                Relation::New => {}
                Relation::Copy => {
                    self.learn(identity, apart);
                    return Relation::Copy;
                }
                translated @ Relation::Translated(_) => return translated,
            }
        }
        let packet = Seen {
            carried: identity.carried,
            time,
            flow,
            before,
            identification: identity.identification,
            hops: identity.hops,
            sender,
            translated,
        };
        self.remember(packet, hash);
        Relation::New
    }

    /// Returns the flow that had the packet which opens this one: on the other side of a router that
    /// counts no hop, the same numbers, which are random, and the same time stamp, or the same
    /// handshake of QUIC.
    #[cold]
    #[inline(never)]
    pub(crate) fn opened_elsewhere(
        &self,
        identity: &Identity,
        flow: Slot,
        time: Time,
    ) -> Option<Suspect> {
        let latest = self
            .latest
            .get(identity.carried as usize & (self.capacity - 1));
        let mut number = latest.copied().unwrap_or_default();
        for _ in 0..COMPARED {
            if self.count.wrapping_sub(number) as usize >= self.seen.len() {
                break;
            }
            let entry = &self.seen[self.place(number)];
            number = entry.before;
            let is_same = (entry.carried, entry.hops) == (identity.carried, identity.hops);
            if is_same && entry.flow != flow && time.since(entry.time) <= self.window {
                let (flow, sender) = (entry.flow, entry.sender);
                return Some(Suspect { flow, sender });
            }
        }
        None
    }

    /// Returns true if the bytes of a packet that `sender` sent on `flow` came before in packets of
    /// another size, merged or divided in between.
    pub(crate) fn is_merged(
        &mut self,
        sent: (Slot, End),
        (transport, identity): (&IpPayload<'_>, &Identity),
        time: Time,
    ) -> bool {
        let IpPayload::Tcp(tcp) = transport else {
            return false;
        };
        let windows = (self.window, self.unmarked_window.min(self.window));
        let packet = (tcp, identity.stamp, identity.identification);
        let is_copy = self.merged.look(sent, packet, time, windows);
        if is_copy {
            self.missed |= self.quiet != 0;
            self.found();
        }
        is_copy
    }

    fn remember(&mut self, packet: Seen, hash: usize) {
        self.count = self.count.wrapping_add(1);
        self.latest[hash] = self.count;
        if self.seen.len() < self.capacity {
            self.seen.push(packet);
        } else {
            let place = self.place(self.count);
            self.seen[place] = packet;
        }
    }

    const fn place(&self, number: u32) -> usize {
        number.wrapping_sub(1) as usize & (self.capacity - 1)
    }

    /// Records a copy that came this many nanoseconds after the packet.
    fn learn(&mut self, identity: &Identity, apart: i64) {
        if identity.is_syn && !identity.is_marked() {
            self.late = apart;
        }
        self.missed |= self.quiet != 0 && apart > self.unmarked_window;
        self.found();
    }

    /// Expects copies from the first packet on, as an earlier reading found them.
    pub(crate) fn expect(&mut self, earlier: &Self) {
        if earlier.missed {
            (self.quiet, self.late) = (0, earlier.late);
        }
    }

    /// Returns the relation of a packet to one that carries the same, so many nanoseconds apart.
    fn relation(
        &self,
        identity: &Identity,
        (flow, sender, translated): (Slot, End, bool),
        entry: &Seen,
        apart: i64,
    ) -> Relation {
        if (entry.flow, entry.sender) == (flow, sender) {
            let is_copy = if self.quiet != 0 && !identity.proves() {
                false
            } else if entry.translated == translated {
                self.is_copy(identity, entry, apart)
            } else {
                apart <= self.window
            };
            return if is_copy {
                Relation::Copy
            } else {
                Relation::New
            };
        }
        if apart <= self.window && identity.is_forwarded(entry) {
            Relation::Translated(Suspect {
                flow: entry.flow,
                sender: entry.sender,
            })
        } else {
            Relation::New
        }
    }

    /// Returns true if the second of two packets of one flow that agree in everything they carry is
    /// a copy of the first.
    fn is_copy(&self, one: &Identity, other: &Seen, apart: i64) -> bool {
        if one.unique {
            return true;
        }
        if one.identification != other.identification || apart > self.window {
            return false;
        }
        one.is_marked() || apart <= self.unmarked_window || self.is_as_late(one, apart)
    }

    /// Returns true if a packet without marks comes too soon to be sent again, or as late as copies
    /// do.
    fn is_as_late(&self, identity: &Identity, apart: i64) -> bool {
        if identity.is_syn {
            return apart <= NO_SYN_AGAIN;
        }
        let tolerance = self.late / LATENESS_PARTS + self.unmarked_window;
        self.late > self.unmarked_window && (apart - self.late).abs() <= tolerance
    }

    /// Has all packets examined from now on, because there are copies.
    pub(crate) const fn found(&mut self) {
        // Unless they are not to be found.
        if self.quiet == 1 {
            self.quiet = 0;
        }
    }
}

impl Identity {
    /// Returns true if the packet may be the other one after a router: with fewer hops left, and
    /// with contents that no other has.
    const fn is_forwarded(&self, other: &Seen) -> bool {
        self.has_contents && self.hops < other.hops
    }
}

#[cfg(test)]
mod tests;
