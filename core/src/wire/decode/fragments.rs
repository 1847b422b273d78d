//! IP fragments: the position of each in its segment's stream, and whole UDP datagrams.
//!
//! TCP fragments need no reassembly once the first one was seen, because their bytes have sequence
//! numbers. So lost or cut bytes stay a gap in the stream, as for a whole segment. Fragments that
//! come before the first wait for it. A UDP datagram is read when all its fragments have come,
//! except an encrypted QUIC datagram: its length and its connection ID are in the first fragment.

use std::net::IpAddr;

use super::datagram::{Datagram, IpPayload, Tcp, TcpFlags, Udp};
use super::layers::Fragment;
use crate::bounded::clock_table::{Slot, Table};
use crate::bounded::size;
use crate::packet::Time;
use crate::wire::quic::{FIXED_BIT, LONG_HEADER};

const TCP: u8 = 6;
const UDP: u8 = 17;
/// Header of UDP (RFC 768).
const UDP_HEADER: usize = 8;
/// Largest number of waiting fragments of one packet: the largest packet over links of 576 bytes
/// (RFC 791, section 3.2) has 120.
const MOST_FRAGMENTS: usize = 128;
/// Longest payload of a packet, in bytes: the IP length field has 16 bits.
const LONGEST: u32 = 65_535;

/// Limits of a table of fragments.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FragmentLimits {
    /// Number of packets whose fragments are awaited at once.
    pub(crate) packets: usize,
    /// Number of bytes of waiting fragments.
    pub(crate) bytes: usize,
    /// How far fragments of one packet may be apart in time, in nanoseconds.
    pub(crate) patience: i64,
}

/// Identifies the packet that fragments belong to (RFC 791, section 3.2; RFC 8200, section 4.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Key {
    source: IpAddr,
    destination: IpAddr,
    identification: u32,
    protocol: u8,
}

/// The first fragment's header.
#[derive(Clone, Copy, Debug)]
enum First {
    Tcp {
        ports: (u16, u16),
        /// Sequence number of the packet's first payload byte, less the header's length.
        base: u32,
        acknowledgement: u32,
        flags: TcpFlags,
        window: u16,
    },
    Udp {
        ports: (u16, u16),
        /// True if the datagram was returned with its first fragment.
        is_read: bool,
    },
}

/// Captured bytes of a fragment, which wait in [`Reassembly::bytes`].
#[derive(Clone, Copy, Debug)]
struct HeldFragment {
    fragment: Fragment,
    wire: u32,
    length: u32,
}

#[derive(Debug)]
struct Reassembly {
    begun: Time,
    first: Option<First>,
    /// Length of the packet's payload, once its last fragment was seen.
    end: Option<u32>,
    held: Vec<HeldFragment>,
    bytes: Vec<u8>,
    /// Bytes of the received fragments.
    received: u32,
    /// True if fragments overlap or contradict each other, so that the packet is given up (RFC
    /// 5722).
    spoilt: bool,
}

impl Reassembly {
    const fn new(begun: Time) -> Self {
        Self {
            begun,
            first: None,
            end: None,
            held: Vec::new(),
            bytes: Vec::new(),
            received: 0,
            spoilt: false,
        }
    }

    /// Returns true if fragments are still to come.
    fn is_awaited(&self) -> bool {
        self.first.is_none() || self.end.is_none_or(|end| self.received < end)
    }

    /// Returns true if all fragments are there, without overlap.
    fn is_whole(&self) -> bool {
        let held = self
            .held
            .iter()
            .map(|held| u64::from(held.wire))
            .sum::<u64>();
        self.first.is_some() && self.end.is_some_and(|end| held >= u64::from(end))
    }

    /// Returns true if the same fragment already waits: captured twice, or sent twice on its way
    /// (RFC 8200, section 4.5, allows ignoring it).
    fn holds(&self, fragment: Fragment, bytes: &[u8], wire: u32) -> bool {
        let mut at = 0;
        self.held.iter().any(|held| {
            let from = at;
            at += held.length as usize;
            held.fragment == fragment
                && held.wire == wire
                && self.bytes.get(from..at) == Some(bytes)
        })
    }

    /// Returns the memory of the waiting fragments.
    const fn cost(&self) -> usize {
        self.bytes.len() + self.held.len() * size_of::<HeldFragment>()
    }

    fn overlaps(&self, fragment: Fragment, wire: u32) -> bool {
        let end = fragment.offset.saturating_add(wire);
        self.held.iter().any(|held| {
            let other = held.fragment.offset;
            fragment.offset < other.saturating_add(held.wire) && other < end
        })
    }
}

/// Fragments of packets that are not complete yet.
#[derive(Debug)]
pub(crate) struct Fragments {
    packets: Table<Key, Reassembly>,
    /// Bytes held by all of them.
    held: usize,
    limits: FragmentLimits,
    /// The packet that the last fragment completed or began, with the fragments that waited for it.
    ready: Option<Reassembly>,
    next: usize,
    at: usize,
    /// Number of packets that were evicted, or had no room for a fragment.
    pub(crate) dropped: u64,
}

impl Fragments {
    pub(crate) fn new(limits: FragmentLimits, seed: u64) -> Self {
        Self {
            packets: Table::new(limits.packets, seed),
            held: 0,
            limits,
            ready: None,
            next: 0,
            at: 0,
            dropped: 0,
        }
    }

    /// Returns the most memory that a table with these limits holds, in bytes.
    pub(crate) fn bound(limits: &FragmentLimits) -> u64 {
        let (packets, bytes) = (limits.packets as u64, limits.bytes as u64);
        // Lists grow to twice their contents, and the smallest has capacity for several; one
        // datagram is copied together.
        Table::<Key, Reassembly>::bound(packets)
            .saturating_add(packets.saturating_mul(256))
            .saturating_add(bytes.saturating_mul(2))
            .saturating_add(size::list::<u8>(65_536))
    }

    /// Processes a fragment. Returns its contents as a segment or datagram of its own, or
    /// [`IpPayload::LaterFragment`] if the first fragment of its packet was not seen. Then take
    /// bytes that waited for it, with [`Self::next_held`] and [`Self::whole_datagram`].
    ///
    /// `bytes` is the captured payload of the IP packet, and `wire` its length.
    pub(crate) fn take<'a>(
        &mut self,
        datagram: &Datagram<'a>,
        fragment: Fragment,
        (bytes, wire): (&'a [u8], u32),
        time: Time,
    ) -> IpPayload<'a> {
        self.ready = None;
        if !matches!(datagram.protocol, TCP | UDP) {
            return datagram.transport;
        }
        let key = Key {
            source: datagram.source,
            destination: datagram.destination,
            identification: fragment.identification,
            protocol: datagram.protocol,
        };
        let slot = self.packet(key, fragment, time);
        let packet = &mut self.packets[slot];
        packet.received = packet.received.saturating_add(wire);
        if !fragment.more {
            packet.end = Some(fragment.offset.saturating_add(wire));
        }
        if fragment.offset == 0 {
            packet.first = first(&datagram.transport, wire);
        }
        let carried = match packet.first {
            None => IpPayload::LaterFragment,
            Some(First::Tcp { .. }) if fragment.offset == 0 => without_end(datagram.transport),
            Some(first @ First::Tcp { .. }) => continued(first, fragment, bytes, wire),
            Some(First::Udp { is_read, .. }) if is_read && fragment.offset == 0 => {
                in_full_length(datagram.transport, bytes)
            }
            Some(First::Udp { ports, .. }) => IpPayload::UdpFragment {
                source_port: ports.0,
                destination_port: ports.1,
            },
        };
        let waits = match packet.first {
            None => true,
            Some(First::Tcp { .. }) => false,
            Some(First::Udp { .. }) => true,
        };
        if waits {
            self.hold(slot, fragment, bytes, wire);
        }
        self.make_ready(slot);
        carried
    }

    /// Returns the next piece of a TCP stream that waited for its packet's first fragment.
    pub(crate) fn next_held(&mut self) -> Option<Tcp<'_>> {
        let packet = self.ready.as_ref()?;
        let first @ First::Tcp { .. } = packet.first? else {
            return None;
        };
        let held = *packet.held.get(self.next)?;
        let bytes = packet.bytes.get(self.at..self.at + held.length as usize)?;
        self.next += 1;
        self.at += held.length as usize;
        match continued(first, held.fragment, bytes, held.wire) {
            IpPayload::Tcp(tcp) => Some(tcp),
            _ => None,
        }
    }

    /// Returns the UDP datagram that the last fragment completed, copied into `into`, and true if
    /// it was already returned with its first fragment.
    pub(crate) fn whole_datagram<'a>(&self, into: &'a mut Vec<u8>) -> Option<(Udp<'a>, bool)> {
        let packet = self.ready.as_ref().filter(|packet| packet.is_whole())?;
        let First::Udp { ports, is_read } = packet.first? else {
            return None;
        };
        let end = packet.end.filter(|&end| end <= LONGEST)? as usize;
        into.clear();
        into.resize(end, 0);
        let (mut at, mut captured) = (0, end);
        for held in &packet.held {
            let bytes = packet.bytes.get(at..at + held.length as usize)?;
            at += bytes.len();
            let offset = held.fragment.offset as usize;
            into.get_mut(offset..offset + bytes.len())?
                .copy_from_slice(bytes);
            // Bytes cut by the snapshot length leave no hole that could be mistaken for data.
            if held.length < held.wire {
                captured = captured.min(offset + bytes.len());
            }
        }
        let stated = u16::from_be_bytes([*into.get(4)?, *into.get(5)?]);
        let end = usize::from(stated).min(end);
        let payload = into.get(UDP_HEADER..end.min(captured))?;
        let udp = Udp {
            source_port: ports.0,
            destination_port: ports.1,
            payload_length: end.checked_sub(UDP_HEADER)? as u32,
            payload,
        };
        Some((udp, is_read))
    }

    /// Returns the packet of a fragment; a new one if the packet with the same identification is
    /// too old.
    fn packet(&mut self, key: Key, fragment: Fragment, time: Time) -> Slot {
        if let Some(slot) = self.packets.find(&key) {
            let packet = &self.packets[slot];
            let is_old = time.since(packet.begun).saturating_abs() > self.limits.patience;
            let begins_again = fragment.offset == 0 && packet.first.is_some();
            if is_old || begins_again {
                self.forget(slot);
                self.packets[slot] = Reassembly::new(time);
            }
            return slot;
        }
        if self.packets.is_full()
            && let Some(victim) = self.packets.victim(|_, _| true)
        {
            let packet = &self.packets[victim];
            let is_old = time.since(packet.begun).saturating_abs() > self.limits.patience;
            self.dropped += u64::from(packet.is_awaited() && !is_old);
            self.forget(victim);
            self.packets.remove(victim);
        }
        self.packets.insert(key, Reassembly::new(time))
    }

    fn forget(&mut self, slot: Slot) {
        self.held -= self.packets[slot].cost();
        self.packets[slot].held = Vec::new();
        self.packets[slot].bytes = Vec::new();
    }

    fn hold(&mut self, slot: Slot, fragment: Fragment, bytes: &[u8], wire: u32) {
        let packet = &mut self.packets[slot];
        if packet.holds(fragment, bytes, wire) {
            return;
        }
        packet.spoilt |= wire == 0 || packet.overlaps(fragment, wire);
        let cost = bytes.len() + size_of::<HeldFragment>();
        let fits = self.held + cost <= self.limits.bytes && packet.held.len() < MOST_FRAGMENTS;
        if packet.spoilt || !fits {
            self.dropped += u64::from(!packet.spoilt);
            packet.spoilt = true;
            self.forget(slot);
            return;
        }
        self.held += cost;
        packet.bytes.extend_from_slice(bytes);
        packet.held.push(HeldFragment {
            fragment,
            wire,
            length: bytes.len() as u32,
        });
    }

    /// Frees what the last fragment completed. The first fragment's header stays for fragments that
    /// come again.
    fn make_ready(&mut self, slot: Slot) {
        let packet = &mut self.packets[slot];
        let releases = match packet.first {
            Some(First::Tcp { .. }) => !packet.held.is_empty(),
            Some(First::Udp { .. }) => packet.is_whole() && !packet.spoilt,
            None => false,
        };
        (self.next, self.at) = (0, 0);
        if releases {
            self.held -= packet.cost();
            let (held, bytes) = (
                std::mem::take(&mut packet.held),
                std::mem::take(&mut packet.bytes),
            );
            self.ready = Some(Reassembly {
                held,
                bytes,
                ..*packet
            });
        }
    }
}

/// Returns the parts of a first fragment's header that later fragments need.
fn first(transport: &IpPayload<'_>, wire: u32) -> Option<First> {
    match transport {
        IpPayload::Tcp(tcp) => {
            let header = wire.saturating_sub(tcp.payload_length);
            let opens = u32::from(tcp.flags.has(TcpFlags::SYN));
            Some(First::Tcp {
                ports: (tcp.source_port, tcp.destination_port),
                base: tcp.sequence.wrapping_add(opens).wrapping_sub(header),
                acknowledgement: tcp.acknowledgement,
                flags: tcp.flags,
                window: tcp.window,
            })
        }
        IpPayload::Udp(udp) => Some(First::Udp {
            ports: (udp.source_port, udp.destination_port),
            is_read: udp.payload.first().is_some_and(is_secret),
        }),
        IpPayload::UdpFragment { .. } | IpPayload::LaterFragment | IpPayload::Other => None,
    }
}

/// Returns true for the first byte of a QUIC short header, after which nothing can be read. Other
/// protocols have such bytes too, and lose nothing: their datagrams are returned again when they
/// are whole.
const fn is_secret(first: &u8) -> bool {
    *first & (LONG_HEADER | FIXED_BIT) == FIXED_BIT
}

/// Returns a first UDP fragment as its whole datagram, although the capture holds only this part.
fn in_full_length<'a>(transport: IpPayload<'a>, bytes: &[u8]) -> IpPayload<'a> {
    let stated = bytes.get(4..6).map_or(0, |length| {
        u32::from(u16::from_be_bytes([length[0], length[1]])).saturating_sub(UDP_HEADER as u32)
    });
    match transport {
        IpPayload::Udp(udp) => IpPayload::Udp(Udp {
            payload_length: udp.payload_length.max(stated),
            ..udp
        }),
        other => other,
    }
}

/// Returns a first TCP fragment without FIN: the end of the stream comes after the packet's last
/// byte, which is in another fragment.
const fn without_end(transport: IpPayload<'_>) -> IpPayload<'_> {
    match transport {
        IpPayload::Tcp(tcp) => IpPayload::Tcp(Tcp {
            flags: TcpFlags(tcp.flags.0 & !TcpFlags::FIN.0),
            ..tcp
        }),
        other => other,
    }
}

/// Returns a later TCP fragment as a segment.
fn continued<'a>(first: First, fragment: Fragment, bytes: &'a [u8], wire: u32) -> IpPayload<'a> {
    let First::Tcp {
        ports,
        base,
        acknowledgement,
        flags,
        window,
    } = first
    else {
        return IpPayload::LaterFragment;
    };
    let mut kept = TcpFlags::ACK.0 | TcpFlags::PSH.0;
    if !fragment.more {
        kept |= TcpFlags::FIN.0;
    }
    IpPayload::Tcp(Tcp {
        source_port: ports.0,
        destination_port: ports.1,
        sequence: base.wrapping_add(fragment.offset),
        acknowledgement,
        flags: TcpFlags(flags.0 & kept),
        window,
        options: &[],
        payload_length: wire,
        payload: &bytes[..bytes.len().min(wire as usize)],
        header_truncated: false,
    })
}

#[cfg(test)]
#[path = "tests/fragments.rs"]
mod tests;
