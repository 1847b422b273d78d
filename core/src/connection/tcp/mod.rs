//! A TCP connection: its two streams in sequence space.

pub(crate) mod application;
mod certificate;
mod dns;
mod early;
mod hello;
mod http1;
mod http2;
pub(crate) mod ledger;
mod pipelining;
mod proxy;
pub mod stream;
mod tickets;
mod tls;

use self::application::{Application, Position};
use self::ledger::Credit;
use self::stream::{HoldLimits, Note, Stream};
use super::context::{Context, Outcome};
use crate::config::Config;
use crate::flows::key::End;
use crate::packet::Stamp;
use crate::segments::table::SegmentTable;
use crate::wire::decode::{Tcp, TcpFlags};

/// Most bytes with which a server says farewell to a client that closes an unused connection:
/// GOAWAY of HTTP/2 (RFC 9113, section 6.8: 17 bytes and a reason) and an alert of TLS (RFC 8446,
/// section 6.1: 24 bytes, 53 with padding).
const FAREWELL: u64 = 256;

/// Most bytes of a client before later ones of the same connection, which a SYN precedes. A number
/// that has nothing to do with them is in this range once in 4,096 times.
const MOST_BEFORE: u32 = 1 << 20;

/// A followed TCP connection.
#[derive(Debug)]
pub(crate) struct Connection {
    /// The client's end of the flow.
    pub(crate) client: End,
    up: Stream,
    down: Stream,
    talk: Application,
    /// Time at which the client's SYN, or else the server's, was seen, until the other side's
    /// answer was.
    syn: Option<Stamp>,
    /// True if the connection was reset or finished by both sides, without data since.
    over: bool,
    /// The low bits of the server's offset at which the client closed the connection; 0 before.
    left_at: u32,
    /// Number of captured bytes that were dropped for lack of room.
    pub(crate) dropped: u64,
    /// True if bytes were retransmitted since this was last read.
    pub(crate) repeated: bool,
}

impl Connection {
    /// Creates a connection without packets, to this server port.
    pub(crate) fn new(client: End, port: u16) -> Self {
        Self {
            client,
            up: Stream::default(),
            down: Stream::default(),
            talk: Application::new(port),
            syn: None,
            over: false,
            left_at: 0,
            dropped: 0,
            repeated: false,
        }
    }

    /// Resets it for another flow, keeping the memory of its streams.
    pub(crate) fn reset(&mut self, client: End, port: u16) {
        self.client = client;
        self.up.reset();
        self.down.reset();
        self.talk = Application::new(port);
        self.syn = None;
        self.over = false;
        self.left_at = 0;
        self.dropped = 0;
        self.repeated = false;
    }

    /// Returns the most memory that one holds within the configured limits, in bytes.
    pub(crate) fn bound(config: &Config) -> u64 {
        let stream = Stream::bound(config.reorder_bytes(), config.reorder_pieces());
        (2 * stream).saturating_add(Application::BOUND)
    }

    /// Returns its heap memory, in bytes.
    pub(crate) fn heap(&self) -> usize {
        self.up.heap() + self.down.heap() + self.talk.heap()
    }

    /// Returns true if a segment's request was seen on it.
    pub(crate) const fn has_asked(&self) -> bool {
        self.talk.ledger.has_begun()
    }

    /// Returns true if the client acknowledged something.
    pub(crate) const fn is_answered(&self) -> bool {
        self.down.started()
    }

    /// Returns true if a client's SYN with this number opened the connection whose later packets were
    /// read, but not its beginning.
    pub(crate) const fn continues(&self, opened_by: u32) -> bool {
        self.up.continues(opened_by.wrapping_add(1), MOST_BEFORE)
    }

    /// Returns true if bytes wait after a hole in either direction.
    pub(crate) fn holds_back(&self) -> bool {
        self.up.holds_back() || self.down.holds_back()
    }

    /// Returns true if everything that can show the server's name was read.
    pub(crate) const fn is_settled(&self) -> bool {
        self.talk.settled
    }

    /// Returns true if only repeated packets are still to come.
    pub(crate) const fn is_over(&self) -> bool {
        self.over
    }

    /// Processes a packet that brings nothing new about the connection, as most do: an
    /// acknowledgement of seen bytes, or the next bytes of a response. Returns `None`, without
    /// processing anything, if the packet may bring more. [`Self::packet`] processes any packet,
    /// with the same result for these.
    #[inline]
    pub(crate) fn take_in_order(
        &mut self,
        tcp: &Tcp<'_>,
        sender: End,
        stamp: Stamp,
        segments: &mut SegmentTable,
    ) -> Option<Outcome> {
        let from_client = sender == self.client;
        if tcp.flags.0 & (TcpFlags::SYN.0 | TcpFlags::FIN.0 | TcpFlags::RST.0) != 0
            || !tcp.flags.has(TcpFlags::ACK)
            || self.up.has_pending()
            || self.down.has_pending()
            || !from_client && self.syn.is_some()
        {
            return None;
        }
        let (own, other) = if from_client {
            (&self.up, &mut self.down)
        } else {
            (&self.down, &mut self.up)
        };
        // If it does bring more, the acknowledgement is processed again, which changes nothing.
        if !own.started() || !other.acknowledge_seen(tcp.acknowledgement) {
            return None;
        }
        if tcp.payload_length == 0 {
            return Some(Outcome::default());
        }
        if from_client || !self.down.is_plain_at(tcp.sequence) {
            return None;
        }
        let segment =
            self.talk
                .take_in_order(self.down.next(), tcp.payload_length, stamp, segments)?;
        self.down.take_in_order(tcp.payload_length);
        self.over = false;
        Some(Outcome {
            request: false,
            segment: Some(segment),
            truncated: tcp.header_truncated,
        })
    }

    /// Processes a packet.
    pub(crate) fn packet(
        &mut self,
        tcp: &Tcp<'_>,
        sender: End,
        stamp: Stamp,
        ctx: &mut Context<'_>,
    ) -> Outcome {
        let limits = limits(ctx);
        let from_client = sender == self.client;
        let mut sequence = tcp.sequence;
        if tcp.flags.has(TcpFlags::SYN) {
            sequence = sequence.wrapping_add(1);
            self.open(from_client, sequence, stamp);
        }
        if tcp.flags.has(TcpFlags::ACK) {
            if !from_client && !tcp.flags.has(TcpFlags::SYN) && self.syn.is_some() {
                self.measure(stamp);
            }
            self.acknowledge(from_client, tcp.acknowledgement, stamp, ctx);
        }
        self.settle(false, ctx, limits);
        let mut outcome = Outcome::default();
        // A reset may carry text for people (RFC 9293, section 3.5.3), which is not data.
        let has_data = tcp.payload_length > 0
            && !tcp.flags.has(TcpFlags::RST)
            && !self.is_keep_alive(tcp, from_client);
        if has_data {
            outcome = if from_client {
                self.client_data(tcp, sequence, stamp, ctx, limits)
            } else {
                self.server_data(tcp, sequence, stamp, ctx, limits)
            };
        } else {
            let stream = if from_client {
                &mut self.up
            } else {
                &mut self.down
            };
            stream.start(sequence.wrapping_add(tcp.payload_length));
        }
        self.over &= !has_data;
        if tcp.flags.has(TcpFlags::FIN) {
            let stream = if from_client {
                &mut self.up
            } else {
                &mut self.down
            };
            stream.finish(sequence.wrapping_add(tcp.payload_length));
        }
        if tcp.flags.has(TcpFlags::RST) || tcp.flags.has(TcpFlags::FIN) {
            self.settle(tcp.flags.has(TcpFlags::RST), ctx, limits);
            if from_client {
                self.talk.give_up(ctx);
                self.leave(tcp.flags.has(TcpFlags::RST), ctx);
            }
            self.talk.close(ctx);
            self.talk.ledger.close(ctx);
        }
        self.over |= tcp.flags.has(TcpFlags::RST) || self.up.is_over() && self.down.is_over();
        outcome
    }

    /// Returns true if a packet's only byte is a keep-alive's.
    fn is_keep_alive(&self, tcp: &Tcp<'_>, from_client: bool) -> bool {
        let stream = if from_client { &self.up } else { &self.down };
        tcp.payload_length == 1
            && tcp.flags.0 & (TcpFlags::SYN.0 | TcpFlags::FIN.0) == 0
            && stream.is_keep_alive(tcp.sequence)
    }

    /// Ends the connection: a new one has the same ports, or this one is evicted.
    pub(crate) fn close(&mut self, ctx: &mut Context<'_>, complete: bool) {
        self.settle(true, ctx, limits(ctx));
        self.talk.close(ctx);
        if complete {
            self.talk.ledger.close(ctx);
        }
    }

    /// Notes that the client closes the connection. If it resets bytes that come afterwards, it no
    /// longer wanted the response to which these belong, even if all of that came.
    fn leave(&mut self, resets: bool, ctx: &mut Context<'_>) {
        let came = self.down.next();
        if self.left_at == 0 {
            self.left_at = came as u32;
        }
        let since = u64::from((came as u32).wrapping_sub(self.left_at));
        if resets && since > FAREWELL {
            self.talk.ledger.abort_at(ctx, came - since.min(came));
        }
    }

    fn open(&mut self, from_client: bool, sequence: u32, stamp: Stamp) {
        self.talk.from_start = true;
        if from_client {
            self.up.anchor(sequence);
            self.syn = Some(stamp);
        } else {
            self.down.anchor(sequence);
            self.measure(stamp);
            if self.talk.round_trip.is_none() {
                self.syn = Some(stamp);
            }
        }
    }

    fn measure(&mut self, stamp: Stamp) {
        if let Some(syn) = self.syn.take() {
            self.talk.round_trip = Some(stamp.time.since(syn.time)).filter(|&rtt| rtt > 0);
        }
    }

    /// Processes an acknowledgement. Bytes that the other side sent and the capture lacks are
    /// reported as missing.
    fn acknowledge(&mut self, from_client: bool, number: u32, stamp: Stamp, ctx: &mut Context<'_>) {
        let patience = u8::try_from(ctx.config.gap_patience()).unwrap_or(u8::MAX);
        let talk = &mut self.talk;
        if from_client {
            self.down
                .acknowledge(number, stamp, u64::MAX, patience, |run| {
                    talk.server(&run, ctx)
                });
        } else {
            let down = Position::of(&self.down);
            self.up
                .acknowledge(number, stamp, down.response_at, patience, |run| {
                    talk.client(run, down, ctx)
                });
        }
    }

    /// Gives up on bytes that were acknowledged and did not come.
    fn settle(&mut self, now: bool, ctx: &mut Context<'_>, limits: HoldLimits) {
        let talk = &mut self.talk;
        if self.up.has_pending() {
            let down = Position::of(&self.down);
            self.up
                .settle(now, limits, |run| talk.client(run, down, ctx));
        }
        if self.down.has_pending() {
            self.down.settle(now, limits, |run| talk.server(&run, ctx));
        }
    }

    fn client_data(
        &mut self,
        tcp: &Tcp<'_>,
        sequence: u32,
        stamp: Stamp,
        ctx: &mut Context<'_>,
        limits: HoldLimits,
    ) -> Outcome {
        let note = Note {
            stamp,
            owner: 0,
            peer: self.down.acknowledged(),
        };
        let arrival = self
            .up
            .receive(sequence, tcp.payload_length, tcp.payload, note, limits);
        self.dropped += arrival.dropped;
        self.repeated |= arrival.retransmitted > 0;
        if arrival.filled > 0 {
            // It was acknowledged before, and more came since.
            ctx.learn_disorder();
        }
        let talk = &mut self.talk;
        if !arrival.new.is_empty() && self.down.has_pending() {
            // A client that asks for more has received everything before.
            self.down.settle(true, limits, |run| talk.server(&run, ctx));
        }
        let down = Position::of(&self.down);
        self.up.read(arrival.offset, tcp.payload, limits, |run| {
            talk.client(run, down, ctx)
        });
        Outcome {
            request: self.talk.request_frame == stamp.frame,
            segment: self.talk.ledger.requester(arrival.offset),
            truncated: self.is_truncated(tcp, true),
        }
    }

    fn server_data(
        &mut self,
        tcp: &Tcp<'_>,
        sequence: u32,
        stamp: Stamp,
        ctx: &mut Context<'_>,
        limits: HoldLimits,
    ) -> Outcome {
        let (payload, note) = self.prepare_down(tcp, sequence, stamp, ctx);
        let arrival = self
            .down
            .receive(sequence, tcp.payload_length, payload, note, limits);
        self.dropped += arrival.dropped;
        self.repeated |= arrival.retransmitted > 0;
        let talk = &mut self.talk;
        let mut segment = None;
        // Bytes that wait after a hole count toward the owner noted with them, and are corrected
        // when they are read.
        let in_order = self.down.next();
        for &range in arrival.new.iter().filter(|range| range.0 != in_order) {
            let credited = talk.ledger.credit_whole(ctx, note.owner, range, stamp);
            segment = credited.or(segment);
        }
        // Control bytes of this packet only; those of held-back packets are corrected when they are
        // read.
        let mut control = 0;
        self.down.read(arrival.offset, payload, limits, |run| {
            if run.owner.is_none() && !run.missing {
                control += talk.read_down(&run, ctx);
            } else {
                talk.server(&run, ctx);
            }
        });
        for &(start, end) in arrival.new.iter().filter(|range| range.0 == in_order) {
            let skipped = control.min(end - start);
            control -= skipped;
            let range = (start + skipped, end);
            segment = talk
                .ledger
                .credit(ctx, range, stamp, Credit::New)
                .or(segment);
        }
        for (length, credit) in [
            (arrival.filled, Credit::Filled),
            (arrival.retransmitted, Credit::Retransmitted),
        ] {
            if length > 0 {
                let range = (arrival.offset, arrival.offset + length);
                segment = talk.ledger.credit(ctx, range, stamp, credit).or(segment);
            }
        }
        talk.take_back(ctx);
        Outcome {
            request: false,
            segment,
            truncated: self.is_truncated(tcp, false),
        }
    }

    /// Returns the part of a server's payload that is worth keeping after a hole, and its note for
    /// the readers.
    fn prepare_down<'a>(
        &self,
        tcp: &Tcp<'a>,
        sequence: u32,
        stamp: Stamp,
        ctx: &Context<'_>,
    ) -> (&'a [u8], Note) {
        let offset = self.down.offset_of(sequence);
        let owner = offset
            .and_then(|offset| self.talk.ledger.owner(offset))
            .map_or(0, |owner| owner.number);
        // Payload that waits after a hole is kept only if there is something in it to read.
        let next = self.down.next();
        let is_mute = offset.is_some_and(|offset| {
            offset > next && offset - next + u64::from(tcp.payload_length) <= self.talk.mute_down()
        });
        let payload = if is_mute && ctx.config.takes_short_ways() {
            &[]
        } else {
            tcp.payload
        };
        // A server cannot answer a request that it has not acknowledged.
        let acknowledged = tcp
            .flags
            .has(TcpFlags::ACK)
            .then(|| self.up.offset_of(tcp.acknowledgement))
            .flatten();
        let note = Note {
            stamp,
            owner,
            peer: acknowledged.unwrap_or(u64::MAX),
        };
        (payload, note)
    }

    fn is_truncated(&self, tcp: &Tcp<'_>, from_client: bool) -> bool {
        let cut = (tcp.payload.len() as u64) < u64::from(tcp.payload_length);
        tcp.header_truncated || cut && !self.talk.is_exact(from_client)
    }
}

fn limits(ctx: &Context<'_>) -> HoldLimits {
    HoldLimits {
        bytes: usize::try_from(ctx.config.reorder_bytes()).unwrap_or(usize::MAX),
        pieces: usize::try_from(ctx.config.reorder_pieces()).unwrap_or(usize::MAX),
    }
}
