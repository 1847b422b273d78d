//! TCP packets on their way to their connection.

use super::Engine;
use crate::bounded::clock_table::{NONE, Slot};
use crate::config::{Config, SegmentRule};
use crate::connection::context::Outcome;
use crate::connection::followed::{AnyConnection, Carrier};
use crate::connection::tcp::application::speaks_as_client;
use crate::flows::copies::WATCHED;
use crate::flows::copies::merged::{WATCHED_MERGED, is_large};
use crate::flows::key::{End, FlowKey};
use crate::packet::Stamp;
use crate::wire::decode::stt::{self, Stt};
use crate::wire::decode::{Opaque, Tcp, TcpFlags};

/// The state of a connection after a packet.
struct After {
    /// Number of bytes dropped because there was no room to hold them back.
    dropped: u64,
    /// True if the connection may hold more memory than before.
    keeps: bool,
    /// True if something was retransmitted.
    repeats: bool,
    /// True if the contents were read and give no more evidence about the server.
    is_settled: bool,
    is_over: bool,
}

/// Largest amount of data with a SYN: what fits into an IP packet.
const MOST_WITH_SYN: u32 = 65_535;

impl Engine {
    /// Starts a new flow when this SYN opens another connection on its ports.
    pub(super) fn renew_if_reopened(
        &mut self,
        slot: Slot,
        tcp: &Tcp<'_>,
        sender: End,
        stamp: Stamp,
    ) {
        // The server's SYN acknowledges the client's, which may not have been captured.
        let is_answer = tcp.flags.has(TcpFlags::ACK);
        let opened_by = if is_answer {
            tcp.acknowledgement.wrapping_sub(1)
        } else {
            tcp.sequence
        };
        let flow = self.registry.flow(slot);
        let seen = flow.counters(sender);
        let is_first = seen.in_pkts == 0 && seen.out_pkts == 0;
        // The answer to a SYN with data acknowledges that data too (TCP Fast Open, RFC 7413).
        let is_repeated = flow.opened_by.is_some_and(|known| {
            let ahead = opened_by.wrapping_sub(known);
            ahead == 0 || is_answer && ahead <= MOST_WITH_SYN
        });
        if is_repeated && seen.in_pkts == 0 && (!is_answer || self.was_answered(slot)) {
            self.note_skew();
        }
        if !is_first && !is_repeated {
            if self.has_read_on(slot, opened_by) {
                self.stats.disordered += seen.in_pkts + seen.out_pkts;
            }
            self.release_flow(slot);
            self.renew(slot, stamp.time);
        }
        if is_first || !is_repeated {
            self.registry.flow_mut(slot).opened_by = Some(opened_by);
        }
        let opener = if is_answer { 1 - sender } else { sender };
        self.registry.opened(&self.config, slot, opener);
        let is_new = is_first || !is_repeated;
        self.note_path(slot, tcp, opener, is_new, stamp);
    }

    /// Returns true if later packets of the connection that this SYN opens were read as its flow's.
    #[cold]
    #[inline(never)]
    fn has_read_on(&self, slot: Slot, opened_by: u32) -> bool {
        let place = self.registry.flow(slot).connection;
        let followed = self.connections.list.get(place as usize);
        followed.is_some_and(|followed| match &followed.session {
            AnyConnection::Tcp(connection) => {
                followed.flow == slot && connection.continues(opened_by)
            }
            AnyConnection::Quic(_) => false,
        })
    }

    /// Returns true if some of the server's data was acknowledged.
    fn was_answered(&self, slot: Slot) -> bool {
        let place = self.registry.flow(slot).connection;
        let followed = self.connections.list.get(place as usize);
        followed.is_some_and(|followed| match &followed.session {
            AnyConnection::Tcp(connection) => followed.flow == slot && connection.is_answered(),
            AnyConnection::Quic(_) => false,
        })
    }

    /// Follows a TCP flow: Netflix flows, and any other until it is known not to be Netflix.
    #[inline(always)]
    pub(super) fn tcp(&mut self, slot: Slot, tcp: &Tcp<'_>, sender: End, stamp: Stamp) -> Outcome {
        let flow = self.registry.flow(slot);
        // Most packets of other services are of such flows.
        if flow.identified_or_given_up && flow.server.is_none() {
            return Outcome::default();
        }
        if !flow.has_paths
            && !self.puts_in_order()
            && let Some(outcome) = self.take_in_order(slot, tcp, sender, stamp)
        {
            return outcome;
        }
        // Rarely needed calls get a copy of the header, so that the fields of all other packets
        // stay in registers.
        let copy = *tcp;
        self.tcp_at_length(slot, &copy, sender, stamp)
    }

    /// Follows a TCP flow with a packet that [`Self::take_in_order`] left, which is not asked again.
    #[inline(never)]
    fn tcp_at_length(&mut self, slot: Slot, tcp: &Tcp<'_>, sender: End, stamp: Stamp) -> Outcome {
        if self.registry.flow(slot).has_paths {
            return self.tcp_of_paths(slot, tcp, sender, stamp);
        }
        if self.puts_in_order() {
            return self.tcp_in_order(slot, tcp, sender, stamp);
        }
        self.follow_at_length(slot, tcp, sender, stamp)
    }

    /// Follows a TCP connection, whichever path a packet took.
    pub(super) fn tcp_of_connection(
        &mut self,
        slot: Slot,
        tcp: &Tcp<'_>,
        sender: End,
        stamp: Stamp,
    ) -> Outcome {
        if self.puts_in_order() {
            return self.tcp_in_order(slot, tcp, sender, stamp);
        }
        self.follow_tcp(slot, tcp, sender, stamp)
    }

    /// Returns true if packets wait for the data that they acknowledge.
    #[inline]
    fn puts_in_order(&self) -> bool {
        self.taps.differ && self.config.segment_rule == SegmentRule::Flow
    }

    /// Follows a TCP connection whose packets come in order.
    pub(super) fn follow_tcp(
        &mut self,
        slot: Slot,
        tcp: &Tcp<'_>,
        sender: End,
        stamp: Stamp,
    ) -> Outcome {
        match self.take_in_order(slot, tcp, sender, stamp) {
            Some(outcome) => outcome,
            None => self.follow_at_length(slot, tcp, sender, stamp),
        }
    }

    /// Processes a packet that brings nothing new about its connection, as most do. Returns `None`,
    /// without processing anything, if the packet may bring more.
    #[inline(always)]
    fn take_in_order(
        &mut self,
        slot: Slot,
        tcp: &Tcp<'_>,
        sender: End,
        stamp: Stamp,
    ) -> Option<Outcome> {
        if self.config.segment_rule == SegmentRule::Server || !self.config.takes_short_ways() {
            return None;
        }
        let flow = self.registry.flow(slot);
        let followed = self.connections.list.get_mut(flow.connection as usize)?;
        let AnyConnection::Tcp(connection) = &mut followed.session else {
            return None;
        };
        // If the Netflix end is the one that looked like the client, following starts over.
        let is_reversed = flow.server.is_some_and(|(_, end)| end == connection.client);
        if followed.flow != slot || is_reversed {
            return None;
        }
        followed.used = true;
        connection.take_in_order(tcp, sender, stamp, &mut self.segments)
    }

    /// Follows a TCP connection packet by packet, in full.
    #[inline(never)]
    fn follow_at_length(
        &mut self,
        slot: Slot,
        tcp: &Tcp<'_>,
        sender: End,
        stamp: Stamp,
    ) -> Outcome {
        let flow = self.registry.flow(slot);
        if self.config.segment_rule == SegmentRule::Server
            && flow.identified_or_given_up
            && let Some((_, end)) = flow.server
        {
            return self.classic_packet(slot, tcp, 1 - end, sender, stamp);
        }
        let mut place = self.place(slot);
        if place == NONE {
            let Some(opened) = self.begin_to_follow(slot, tcp, sender) else {
                if tcp.destination_port == stt::PORT {
                    self.note_stt(slot, tcp, stamp);
                }
                return Outcome::default();
            };
            place = opened;
        }
        let followed = &mut self.connections.list[place as usize];
        followed.used = true;
        let AnyConnection::Tcp(connection) = &mut followed.session else {
            return Outcome::default();
        };
        let client = connection.client;
        let Some((outcome, after)) = self.read_tcp(slot, place, client, tcp, sender, stamp) else {
            return Outcome::default();
        };
        if after.repeats {
            let sent = (slot, sender);
            self.suspect(sent, stamp.time, tcp.payload_length, outcome.segment);
            if is_large(tcp) {
                let flow = self.registry.flow_mut(slot);
                flow.watch = flow.watch.max(WATCHED_MERGED);
            }
        }
        match self.act_on(slot, place, client, &after) {
            Some(end) => self.classic_packet(slot, tcp, 1 - end, sender, stamp),
            None => outcome,
        }
    }

    /// Opens the place in which a flow is followed from this packet on. Returns `None` if the
    /// packet does not show which end is the client, or if the connection is over and the packet
    /// carries nothing.
    fn begin_to_follow(&mut self, slot: Slot, tcp: &Tcp<'_>, sender: End) -> Option<Slot> {
        // An end that speaks like a client opened the connection, even if its address is known as a
        // server's.
        let server = self.registry.flow(slot).server;
        if server.is_some_and(|(_, end)| end == sender) && speaks_as_client(tcp.payload) {
            self.registry.opened(&self.config, slot, sender);
        }
        let server = self.registry.flow(slot).server.map(|(_, end)| end);
        let key = self.registry.key(slot);
        let Some(client) = client_end(&self.config, key, tcp, sender, server) else {
            // Data that is not a beginning and does not show who sends it settles the matter; a
            // bare acknowledgement does not, nor does the byte of a keep-alive.
            let flow = self.registry.flow_mut(slot);
            flow.identified_or_given_up = tcp.payload_length > 1;
            flow.passed_over = true;
            return None;
        };
        if self.registry.flow(slot).over && tcp.payload_length == 0 {
            return None;
        }
        if !tcp.flags.has(TcpFlags::SYN) {
            self.note_path_midway(slot, tcp);
        }
        let carrier = Carrier::Tcp(self.registry.key(slot).port(1 - client));
        Some(self.open_connection(slot, client, carrier))
    }

    /// Counts a packet that begins a frame of STT. Its flow is never given up, so that all are
    /// counted.
    #[cold]
    #[inline(never)]
    fn note_stt(&mut self, slot: Slot, tcp: &Tcp<'_>, stamp: Stamp) {
        let stt = Stt::of(tcp);
        if stt == Stt::Frame {
            self.unfollowed.count(Opaque::Stt, stamp.frame);
        }
        if stt != Stt::No {
            self.registry.flow_mut(slot).identified_or_given_up = false;
        }
    }

    /// Lets the connection in a place read a packet. Returns its outcome, and the state after the
    /// packet.
    fn read_tcp(
        &mut self,
        slot: Slot,
        place: Slot,
        client: End,
        tcp: &Tcp<'_>,
        sender: End,
        stamp: Stamp,
    ) -> Option<(Outcome, After)> {
        self.call(slot, client, |connections, _, ctx| {
            let AnyConnection::Tcp(connection) = &mut connections.list[place as usize].session
            else {
                return None;
            };
            // Also without payload: an acknowledgement releases held-back bytes to readers, which
            // may keep more of them.
            let keeps = tcp.payload_length > 0 || connection.holds_back();
            let outcome = connection.packet(tcp, sender, stamp, ctx);
            let after = After {
                dropped: std::mem::take(&mut connection.dropped),
                keeps,
                repeats: std::mem::take(&mut connection.repeated),
                is_settled: connection.is_settled(),
                is_over: connection.is_over(),
            };
            Some((outcome, after))
        })
    }

    /// Acts on the state of a connection after a packet. Returns the Netflix end if the packet is
    /// to be counted by the classic rule.
    fn act_on(&mut self, slot: Slot, place: Slot, client: End, after: &After) -> Option<End> {
        self.stats.reorder_dropped += after.dropped;
        if after.keeps {
            self.relieve(place);
        }
        let flow = self.registry.flow_mut(slot);
        if after.repeats {
            flow.watch = flow.watch.max(WATCHED);
        }
        let is_classic = self.config.segment_rule == SegmentRule::Server;
        let (is_done, classic_end) = match flow.server {
            None => (after.is_settled, None),
            // The end that looked like the client is the Netflix end: following starts over from
            // here.
            Some((_, end)) if end == client => {
                flow.connection = NONE;
                self.connections.release(place);
                return None;
            }
            Some((_, end)) if is_classic => (after.is_settled, Some(end)),
            Some(_) => (false, None),
        };
        if is_done {
            flow.identified_or_given_up = true;
            flow.connection = NONE;
            self.connections.release(place);
        } else if after.is_over && classic_end.is_none() {
            self.end(place);
        }
        classic_end
    }

    /// Marks a connection as over, and drops one that ended long ago.
    fn end(&mut self, place: Slot) {
        let Some(place) = self.connections.end(place) else {
            return;
        };
        let slot = self.connections.list[place as usize].flow;
        let passed_over = self.registry.flow(slot).passed_over;
        self.close(slot, place, false);
        let flow = self.registry.flow_mut(slot);
        (flow.over, flow.passed_over) = (true, passed_over);
    }

    fn classic_packet(
        &mut self,
        slot: Slot,
        tcp: &Tcp<'_>,
        client: End,
        sender: End,
        stamp: Stamp,
    ) -> Outcome {
        self.call(slot, client, |_, classic, ctx| {
            classic.packet(tcp, sender == client, stamp, ctx)
        })
    }
}

/// Returns which end of a TCP flow is the client: the one that is not Netflix, or else the one that
/// opens it, or else the one that speaks like a client. `None` if nothing tells.
fn client_end(
    config: &Config,
    key: &FlowKey,
    tcp: &Tcp<'_>,
    sender: End,
    server: Option<End>,
) -> Option<End> {
    if let Some(end) = server {
        return Some(1 - end);
    }
    if tcp.flags.has(TcpFlags::SYN) {
        return Some(if tcp.flags.has(TcpFlags::ACK) {
            1 - sender
        } else {
            sender
        });
    }
    if config.dns_ports.contains(&key.port(sender)) {
        return Some(1 - sender);
    }
    speaks_as_client(tcp.payload).then_some(sender)
}
