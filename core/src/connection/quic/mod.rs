//! A QUIC connection: who the server is, and its HTTP/3 segments.
//!
//! Encryption hides everything but sizes and times. Requests are distinguished from
//! acknowledgements by size ([`requests`]), responses are the bytes until the next request
//! ([`responses`]), and framing is computed from the specifications.
//!
//! # Limits
//!
//! * Retransmitted data is counted twice if the capture saw it twice, because packets do not show
//!   what they repeat.
//! * Requests that overlap on one connection share its bytes evenly: packets do not show their
//!   streams.
//! * A connection that moves (RFC 9000, section 9) is followed to another address if its connection
//!   ID stays, and to another port of the same address also if its start was seen.
//! * A request in the client's first flight, among its control streams, is believed only if a full
//!   datagram answers it, and no other request comes first.
//! * On a busy connection, a request that exceeds the acknowledgements by less than
//!   `quic_busy_jump` bytes cannot be distinguished from flow control.
//! * A request that was not captured is invisible: its response counts toward the previous request,
//!   whose segment is marked as estimated if the responses are apart in time (`quic_pause`).
//! * The close of a connection is invisible. The last response stays open.

mod hello;
mod migration;
mod opening;
mod path;
mod requests;
mod responses;

use std::net::IpAddr;

use self::hello::{Hello, HelloReader};
use self::opening::{MIN_DATAGRAM, is_stun, may_be_quic};
pub(crate) use self::opening::{Opening, is_answer, is_dtls, opens_connection};
use self::path::QuicPath;
use self::requests::{Belief, ClientPacket, PacketPosition, Requests, Uplink, within};
use self::responses::{Downlink, Responses};
use super::context::{Context, Outcome};
use crate::config::SegmentRule;
use crate::facts::segment::Transport;
use crate::facts::server::EvidenceKind;
use crate::flows::key::End;
use crate::packet::{Stamp, Time};
use crate::wire::decode::Udp;
use crate::wire::quic::{
    Form, LONG_HEADER, QuicPacket, TAG_LEN, looks_like_greased_initial, parse_datagram,
};

/// A reason why a server's packet may carry no response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Doubt {
    /// Larger than all before, it is a path MTU probe (RFC 9000, section 14.3). It is data if the
    /// next one is as large, because a probe is acknowledged before others of its size follow (RFC
    /// 8899, section 5.2).
    Probe,
    /// The first packet after the handshake confirms it, and issues tickets and connection IDs (RFC
    /// 9001, section 4.1.2). It is data if nothing follows it at once.
    Welcome,
}

/// A followed QUIC connection.
#[derive(Debug)]
pub(crate) struct QuicSession {
    /// The client's end of the flow.
    pub(crate) client: End,
    /// True if everything that can show the server's name was read.
    pub(crate) settled: bool,
    hello: HelloReader,
    path: QuicPath,
    requests: Requests,
    responses: Responses,
    /// A server's packet that counts or not depending on the next one.
    held: Option<(Downlink, Doubt)>,
    /// True if the server's first packet after the handshake came.
    welcomed: bool,
    /// True if the client offered HTTP/3, or its offer is not known.
    http3: bool,
    /// True if the connection is known not to be QUIC.
    opaque: bool,
    /// True if a segment was opened.
    has_asked: bool,
    /// True if the start was not seen and some of its packets lack the fixed bit.
    doubtful: bool,
    /// Time of the client's latest packet.
    heard: Time,
    /// The client's address at the start, if it has changed since.
    pub(crate) began_at: Option<IpAddr>,
    /// Number of times that its owner was told how to find it again when it moves.
    introductions: u8,
}

impl QuicSession {
    pub(crate) fn new(client: End) -> Self {
        Self {
            client,
            settled: false,
            hello: HelloReader::default(),
            path: QuicPath::default(),
            requests: Requests::default(),
            responses: Responses::default(),
            held: None,
            welcomed: false,
            http3: true,
            opaque: false,
            has_asked: false,
            doubtful: false,
            heard: Time(0),
            began_at: None,
            introductions: 0,
        }
    }

    /// Returns true if a segment's request was seen on it.
    pub(crate) const fn has_asked(&self) -> bool {
        self.has_asked
    }

    /// The most memory that one holds, in bytes.
    pub(crate) const BOUND: u64 = HelloReader::BOUND + Requests::BOUND + Responses::BOUND;

    /// Returns its heap memory, in bytes.
    pub(crate) fn heap(&self) -> usize {
        self.hello.heap() + self.requests.heap() + self.responses.heap()
    }

    /// Returns true if a datagram opens another connection on the same ports.
    pub(crate) fn is_reopened_by(&self, udp: &Udp<'_>, sender: End) -> bool {
        sender == self.client
            && looks_like_greased_initial(udp.payload, udp.payload_length as usize)
            && parse_datagram(udp.payload, udp.payload_length as usize, None)
                .next()
                .is_some_and(|packet| packet.form == Form::Initial && self.path.is_foreign(&packet))
    }

    /// Ends the connection: a new one has the same ports, or this one is evicted.
    pub(crate) fn close(&mut self, ctx: &mut Context<'_>, complete: bool) {
        self.responses.close(complete, &self.path, ctx);
    }

    /// Processes a datagram.
    pub(crate) fn packet(
        &mut self,
        udp: &Udp<'_>,
        sender: End,
        stamp: Stamp,
        ctx: &mut Context<'_>,
    ) -> Outcome {
        let from_client = sender == self.client;
        if self.opaque || udp.payload_length == 0 {
            return Outcome::default();
        }
        if udp.payload_length < MIN_DATAGRAM || is_stun(udp.payload) {
            return Outcome::default();
        }
        if from_client {
            self.heard = stamp.time;
        }
        match udp.payload.first() {
            Some(first) if first & LONG_HEADER != 0 => self.long(udp, from_client, stamp, ctx),
            _ if !self.path.saw_handshake() && self.is_doubtful(udp, from_client) => {
                Outcome::default()
            }
            first => {
                if from_client && !self.settled {
                    // The handshake is over; missing parts of the hello will not come.
                    self.hello.give_up();
                    self.settled = true;
                }
                let behind = if first.is_some() {
                    &udp.payload[1..]
                } else {
                    &[]
                };
                self.path.take_short(behind, from_client, stamp.time);
                self.short(
                    udp.payload_length,
                    udp.payload_length,
                    from_client,
                    PacketPosition::Alone,
                    stamp,
                    ctx,
                )
            }
        }
    }

    /// Returns true if a datagram of a connection without a seen start may belong to any protocol.
    /// An endpoint may clear the fixed bit only if its peer offered that in the handshake (RFC
    /// 9287); in that case the bytes that the client's packets share show that they are QUIC.
    fn is_doubtful(&mut self, udp: &Udp<'_>, from_client: bool) -> bool {
        self.doubtful |= !may_be_quic(udp);
        if !self.doubtful {
            return false;
        }
        match self.path.shares_id() {
            Some(true) => false,
            Some(false) => {
                self.opaque = true;
                self.settled = true;
                true
            }
            None => {
                let behind = udp.payload.get(1..).unwrap_or_default();
                self.path.compare(behind, from_client);
                true
            }
        }
    }

    /// Processes a datagram that begins with a long header.
    fn long(
        &mut self,
        udp: &Udp<'_>,
        from_client: bool,
        stamp: Stamp,
        ctx: &mut Context<'_>,
    ) -> Outcome {
        let mut outcome = Outcome::default();
        let mut has_initial = false;
        let mut packets = parse_datagram(udp.payload, udp.payload_length as usize, None);
        for packet in packets.by_ref() {
            match packet.form {
                Form::Initial | Form::Handshake | Form::ZeroRtt => {
                    let late = self.path.take_long(&packet, from_client, stamp.time);
                    if let Some(late) = late {
                        ctx.learn_skew(late);
                    }
                    self.path.grow(from_client, udp.payload_length);
                    if packet.form == Form::Initial && from_client {
                        has_initial = true;
                        outcome.truncated |= packet.is_cut() && !self.hello.is_done();
                        if let Some(hello) = self.hello.take(&packet) {
                            self.learn(&hello, stamp, ctx);
                        }
                    } else if packet.form == Form::ZeroRtt && from_client {
                        let early =
                            self.early(&packet, udp.payload_length, has_initial, stamp, ctx);
                        outcome = Outcome {
                            truncated: outcome.truncated,
                            ..early
                        };
                    }
                }
                Form::Retry if !from_client => {
                    self.path.take_long(&packet, false, stamp.time);
                    self.hello.begin_again();
                }
                Form::VersionNegotiation if !from_client => {
                    self.path.negotiate();
                    self.hello.begin_again();
                }
                Form::Short => {
                    self.path.take_short(&[], from_client, stamp.time);
                    let size = packet.packet_len as u32;
                    let place = if has_initial {
                        PacketPosition::CoalescedPadded
                    } else {
                        PacketPosition::Coalesced
                    };
                    let short =
                        self.short(size, udp.payload_length, from_client, place, stamp, ctx);
                    outcome = Outcome {
                        truncated: outcome.truncated,
                        ..short
                    };
                }
                _ => {}
            }
        }
        let hidden = packets.unparsed_len() as u32;
        if udp.payload.len() < udp.payload_length as usize && hidden > 0 {
            if from_client && !has_initial {
                // A client's Handshake packet is followed by its first 1-RTT packet.
                let place = PacketPosition::Coalesced;
                outcome = self.short(hidden, udp.payload_length, true, place, stamp, ctx);
            }
            outcome.truncated = true;
        }
        outcome
    }

    /// Reads what a client sends before the handshake is over (RFC 9001, section 4.6), in a
    /// datagram of `size` bytes. The datagram is padded if it is `behind_initial` (RFC 9000,
    /// section 14.1).
    fn early(
        &mut self,
        packet: &QuicPacket<'_>,
        size: u32,
        behind_initial: bool,
        stamp: Stamp,
        ctx: &mut Context<'_>,
    ) -> Outcome {
        let sealed = packet.payload_range().len() as u64;
        let overhead = ctx.config.quic_packet_number() + TAG_LEN as u64;
        let place = if behind_initial {
            PacketPosition::EarlyPadded
        } else {
            PacketPosition::Early
        };
        let uplink = Uplink {
            stamp,
            size,
            content: sealed.saturating_sub(overhead) as u32,
            received: self.responses.received(),
            place,
        };
        self.uplink(uplink, ctx)
    }

    /// Applies the facts in a ClientHello.
    fn learn(&mut self, hello: &Hello, stamp: Stamp, ctx: &mut Context<'_>) {
        self.settled = true;
        self.http3 = hello.http3.unwrap_or(true);
        if let Some(name) = &hello.name {
            ctx.learn_name(EvidenceKind::QuicSni, name, hello.encrypted, stamp.frame);
        }
    }

    /// Processes a packet with a short header that takes `size` bytes of a datagram of `datagram`
    /// bytes.
    fn short(
        &mut self,
        size: u32,
        datagram: u32,
        from_client: bool,
        place: PacketPosition,
        stamp: Stamp,
        ctx: &mut Context<'_>,
    ) -> Outcome {
        let (overhead, learnt) = self.path.overhead(from_client, ctx.config);
        if from_client {
            let content = size.saturating_sub(overhead);
            return self.uplink(
                Uplink {
                    stamp,
                    size: datagram,
                    content,
                    received: self.responses.received(),
                    place,
                },
                ctx,
            );
        }
        let largest = self.path.largest[1];
        // No path MTU grows by such steps: these are datagrams on their way to a network card that
        // sends them one by one.
        let packets = if size >= 2 * largest {
            size.div_ceil(largest)
        } else {
            1
        };
        let content = size.saturating_sub(packets * overhead);
        let full = u64::from(size) * 100 >= u64::from(largest) * ctx.config.quic_full();
        let estimated = !learnt || !self.http3;
        self.downlink(
            Downlink {
                stamp,
                size,
                packets,
                content,
                full,
                estimated,
                was_held: false,
            },
            ctx,
        )
    }

    fn uplink(&mut self, packet: Uplink, ctx: &mut Context<'_>) -> Outcome {
        // The classic rule knows TCP only. Without a request, there is no response to look for.
        if ctx.config.segment_rule != SegmentRule::Flow {
            return Outcome::default();
        }
        match self.requests.take(packet, &mut self.path, ctx.config) {
            ClientPacket::Control => Outcome::default(),
            ClientPacket::More(segment) => Outcome {
                segment,
                ..Outcome::default()
            },
            ClientPacket::Repeats(segment) => {
                if let Some(number) = segment {
                    ctx.segments.withdraw(number);
                }
                Outcome::default()
            }
            ClientPacket::Requests { count, instead_of } => {
                if let Some(number) = instead_of {
                    ctx.segments.withdraw(number);
                }
                let asked = self.requests.asked();
                let earlier = asked.len().saturating_sub(count);
                let mut first = None;
                for asked in asked[earlier..]
                    .iter_mut()
                    .filter(|asked| asked.belief == Belief::Sure)
                {
                    asked.number = ctx.open(packet.stamp, Transport::Quic);
                    first = first.or(asked.number);
                }
                self.has_asked |= first.is_some();
                Outcome {
                    request: first.is_some(),
                    segment: first,
                    truncated: false,
                }
            }
        }
    }

    fn downlink(&mut self, packet: Downlink, ctx: &mut Context<'_>) -> Outcome {
        if let Some((held, doubt)) = self.held.take() {
            let at_once = within(
                packet.stamp.time,
                held.stamp.time,
                self.path.round_trip(ctx.config) / 2,
            );
            let counts = match doubt {
                Doubt::Probe => at_once && packet.size >= held.size,
                Doubt::Welcome => !at_once,
            };
            match doubt {
                Doubt::Probe if counts => self.path.grow(false, held.size),
                Doubt::Probe => self.path.probe(held.size),
                Doubt::Welcome => {}
            }
            if counts {
                self.responses
                    .take(&held, &mut self.requests, &mut self.path, ctx);
            }
        }
        if let Some(doubt) = self.doubt(&packet, ctx) {
            let held = Downlink {
                was_held: true,
                ..packet
            };
            self.held = Some((held, doubt));
            return Outcome::default();
        }
        let segment = self
            .responses
            .take(&packet, &mut self.requests, &mut self.path, ctx);
        self.has_asked |= segment.is_some();
        Outcome {
            segment,
            ..Outcome::default()
        }
    }

    fn doubt(&mut self, packet: &Downlink, ctx: &Context<'_>) -> Option<Doubt> {
        if packet.packets == 1 && packet.size > self.path.largest[1] {
            return Some(Doubt::Probe);
        }
        let is_welcome = !self.welcomed
            && self.path.reaction.is_some()
            && u64::from(packet.content) > ctx.config.quic_ack_content();
        self.welcomed |= is_welcome;
        (is_welcome && !packet.full).then_some(Doubt::Welcome)
    }
}

#[cfg(test)]
mod tests;
