//! Captures of two taps whose clocks differ: an answer comes before the packet that it answers.
//!
//! TCP's numbers show what the sender of a packet had received. Once a handshake shows that its
//! answer came first, packets that acknowledge unseen data wait for it, each for `tap_skew` at
//! most. A second reading makes up for packets that passed before.
//!
//! A handshake also bounds the difference of the clocks, because neither end answered before it was
//! asked. The client's times are corrected to the middle of the possible range, so they are off by
//! at most half a round trip.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;

use crate::bounded::clock_table::Slot;
use crate::config::Config;
use crate::flows::key::End;
use crate::packet::{Stamp, Time, from_milliseconds};
use crate::wire::decode::{Tcp, TcpFlags};

/// Memory of a waiting packet besides its payload, in bytes; lists grow to twice their contents.
const WEIGHT: usize = 2 * size_of::<Waiting>();

/// One in this many connections may have packets that wait, among those that have begun since and
/// not ended.
const FLOWS_SHARE: u64 = 4;

/// A packet that came before the data that it acknowledges.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) stamp: Stamp,
    ports: (u16, u16),
    numbers: (u32, u32),
    flags: TcpFlags,
    window: u16,
    payload_length: u32,
    payload: Box<[u8]>,
    header_truncated: bool,
}

impl Waiting {
    pub(super) fn new(tcp: &Tcp<'_>, stamp: Stamp) -> Self {
        Self {
            stamp,
            ports: (tcp.source_port, tcp.destination_port),
            numbers: (tcp.sequence, tcp.acknowledgement),
            flags: tcp.flags,
            window: tcp.window,
            payload_length: tcp.payload_length,
            payload: tcp.payload.into(),
            header_truncated: tcp.header_truncated,
        }
    }

    pub(super) fn tcp(&self) -> Tcp<'_> {
        Tcp {
            source_port: self.ports.0,
            destination_port: self.ports.1,
            sequence: self.numbers.0,
            acknowledgement: self.numbers.1,
            flags: self.flags,
            window: self.window,
            options: &[],
            payload_length: self.payload_length,
            payload: &self.payload,
            header_truncated: self.header_truncated,
        }
    }

    pub(super) fn weight(&self) -> usize {
        WEIGHT + self.payload.len()
    }
}

/// The waiting packets of a flow.
#[derive(Debug)]
pub(super) struct Queues {
    /// Number of the flow that had this place in the table.
    pub(super) number: Option<u32>,
    /// Per end: the sequence number after everything that it sent.
    pub(super) sent: [Option<u32>; 2],
    pub(super) waiting: [VecDeque<Waiting>; 2],
    pub(super) handshake: HandshakeTimes,
}

/// Bytes kept of a waiting packet with a short header: no more of it is read than its first byte
/// and connection ID.
pub(super) const KEPT: usize = 32;

/// Memory of a waiting packet besides its payload, in bytes; lists grow to twice their contents.
const DATAGRAM_WEIGHT: usize = 2 * size_of::<WaitingDatagram>();

/// A datagram of the tap whose clock is behind.
#[derive(Debug)]
pub(super) struct WaitingDatagram {
    pub(super) slot: Slot,
    pub(super) number: Option<u32>,
    pub(super) sender: End,
    pub(super) stamp: Stamp,
    pub(super) ports: (u16, u16),
    pub(super) payload_length: u32,
    pub(super) payload: Box<[u8]>,
}

impl WaitingDatagram {
    pub(super) fn weight(&self) -> usize {
        DATAGRAM_WEIGHT + self.payload.len()
    }
}

/// Datagrams that wait, in order of time.
#[derive(Debug, Default)]
pub(super) struct QuicQueue {
    /// Nanoseconds by which the clients' times are later than the servers'; 0 if not known.
    pub(super) late: i64,
    pub(super) waiting: VecDeque<WaitingDatagram>,
}

/// Times of a handshake, each by the clock of its tap.
#[derive(Debug, Default)]
pub(super) struct HandshakeTimes {
    /// The client's end, and the time at which it asked.
    asked: Option<(End, Time)>,
    answered: Option<Time>,
    /// Nanoseconds by which the client's times are late.
    late: Option<i64>,
}

impl HandshakeTimes {
    fn note(&mut self, tcp: &Tcp<'_>, sender: End, time: Time) {
        let is_answer = tcp.flags.has(TcpFlags::ACK);
        match (self.asked, self.answered) {
            (None, _) if tcp.flags.has(TcpFlags::SYN) && !is_answer => {
                self.asked = Some((sender, time));
            }
            (Some((client, _)), None) if tcp.flags.has(TcpFlags::SYN) && sender != client => {
                self.answered = Some(time);
            }
            (Some((client, asked)), Some(answered)) if sender == client && self.late.is_none() => {
                // The server answered after the question, and the client after the answer.
                let (least, most) = (asked.since(answered), time.since(answered));
                self.late = Some(least / 2 + most / 2).filter(|_| least <= most);
            }
            _ => {}
        }
    }

    /// Converts a packet's time to the clock of the server's tap.
    fn stamp(&self, sender: End, stamp: Stamp) -> Stamp {
        let late = match self.asked {
            Some((client, _)) if client == sender => self.late.unwrap_or(0),
            _ => 0,
        };
        Stamp {
            time: Time(stamp.time.0.saturating_sub(late)),
            ..stamp
        }
    }
}

/// Flows whose packets may wait, from their start on.
#[derive(Debug)]
pub(super) struct Taps {
    /// True if the clocks of two taps differ.
    pub(super) differ: bool,
    /// True if that was known from the first packet on.
    pub(super) known: bool,
    pub(super) flows: BTreeMap<Slot, Queues>,
    /// Packets of QUIC that wait.
    pub(super) quic: QuicQueue,
    /// The flow examined last for packets that waited long enough while the flow was silent.
    hand: Option<Slot>,
    /// Memory of all waiting packets, in bytes.
    pub(super) held: usize,
    pub(super) most_held: usize,
    pub(super) most_flows: usize,
    pub(super) patience: i64,
}

impl Taps {
    pub(super) fn new(config: &Config) -> Self {
        let size = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        Self {
            differ: false,
            known: false,
            flows: BTreeMap::new(),
            quic: QuicQueue::default(),
            hand: None,
            held: 0,
            most_held: size(config.tap_bytes().min(config.connection_bytes() / 2)),
            most_flows: size(config.max_connections() / FLOWS_SHARE),
            patience: from_milliseconds(config.tap_skew()),
        }
    }

    /// Returns the most memory that they hold, in bytes. Waiting packets take their share from the
    /// memory of connections.
    pub(super) fn bound(config: &Config) -> u64 {
        let flow = size_of::<(Slot, Queues)>() as u64;
        (config.max_connections() / FLOWS_SHARE).saturating_mul(2 * flow)
    }

    /// Returns the next flow in turn, if its longest waiting packet has waited long enough.
    pub(super) fn next_overdue(&mut self, now: Time) -> Option<Slot> {
        let behind = self.hand.map_or(Bound::Unbounded, Bound::Excluded);
        let mut next = self.flows.range((behind, Bound::Unbounded));
        let (&slot, queues) = next.next().or_else(|| self.flows.first_key_value())?;
        self.hand = Some(slot);
        let firsts = queues.waiting.iter().filter_map(VecDeque::front);
        let oldest = firsts.map(|first| first.stamp.time).min()?;
        (now.since(oldest) > self.patience).then_some(slot)
    }

    pub(super) fn take(&mut self, slot: Slot, number: Option<u32>) -> Option<Queues> {
        let queues = self.flows.remove(&slot)?;
        if queues.number == number {
            return Some(queues);
        }
        // The packets of a flow that was evicted.
        let weights = queues.waiting.iter().flatten().map(Waiting::weight);
        self.held -= weights.sum::<usize>();
        None
    }
}

impl Queues {
    /// Returns true if all data that a packet acknowledges was seen.
    pub(super) fn is_ripe(&self, tcp: &Tcp<'_>, sender: End) -> bool {
        if !tcp.flags.has(TcpFlags::ACK) || tcp.flags.has(TcpFlags::RST) {
            return true;
        }
        let behind = self.sent[usize::from(1 - sender)];
        // Serial number arithmetic (RFC 9293, section 3.4).
        behind.is_some_and(|behind| tcp.acknowledgement.wrapping_sub(behind) as i32 <= 0)
    }

    /// Records a packet whose turn it is, and returns its stamp by the server's clock.
    pub(super) fn note(&mut self, tcp: &Tcp<'_>, sender: End, stamp: Stamp) -> Stamp {
        self.handshake.note(tcp, sender, stamp.time);
        let numbered = [TcpFlags::SYN, TcpFlags::FIN].map(|flag| u32::from(tcp.flags.has(flag)));
        let length = tcp.payload_length.wrapping_add(numbered[0] + numbered[1]);
        let behind = tcp.sequence.wrapping_add(length);
        let sent = &mut self.sent[usize::from(sender)];
        if sent.is_none_or(|sent| behind.wrapping_sub(sent) as i32 > 0) {
            *sent = Some(behind);
        }
        self.handshake.stamp(sender, stamp)
    }
}
