//! TCP packets on their way to their connection.

use super::Engine;
use crate::bounded::clock_table::{NONE, Slot};
use crate::config::{Config, SegmentRule};
use crate::connection::context::Outcome;
use crate::connection::followed::{AnyConnection, Carrier};
use crate::connection::tcp::application::speaks_as_client;
use crate::flows::copies::WATCHED;
use crate::flows::key::{End, FlowKey};
use crate::packet::{Stamp, Time};
use crate::wire::decode::{Tcp, TcpFlags};

/// The most data that comes with a SYN: what fits an IP packet.
const MOST_WITH_SYN: u32 = 65_535;

impl Engine {
    /// Makes a flow a new one when this SYN opens another connection under its ports.
    pub(super) fn renew_if_reopened(&mut self, slot: Slot, tcp: &Tcp<'_>, sender: End, time: Time) {
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
        // Data that came with the client's SYN is acknowledged with it (TCP Fast Open, RFC 7413).
        let is_repeated = flow.opened_by.is_some_and(|known| {
            let ahead = opened_by.wrapping_sub(known);
            ahead == 0 || is_answer && ahead <= MOST_WITH_SYN
        });
        if !is_first && !is_repeated {
            self.renew(slot, time);
        }
        if is_first || !is_repeated {
            self.registry.flow_mut(slot).opened_by = Some(opened_by);
        }
        let opener = if is_answer { 1 - sender } else { sender };
        self.registry.opened(&self.config, slot, opener);
    }

    /// Follows a TCP flow: Netflix's, and any other until it is known not to be.
    #[inline(always)]
    pub(super) fn tcp(&mut self, slot: Slot, tcp: &Tcp<'_>, sender: End, stamp: Stamp) -> Outcome {
        let flow = self.registry.flow(slot);
        // Most packets of others are of such flows.
        if flow.identified_or_given_up && flow.server.is_none() {
            return Outcome::default();
        }
        let tcp = *tcp;
        self.follow_tcp(slot, &tcp, sender, stamp)
    }

    #[inline(never)]
    fn follow_tcp(&mut self, slot: Slot, tcp: &Tcp<'_>, sender: End, stamp: Stamp) -> Outcome {
        let flow = self.registry.flow(slot);
        let server = flow.server;
        let is_classic = self.config.segment_rule == SegmentRule::Server;
        if is_classic
            && flow.identified_or_given_up
            && let Some((_, end)) = server
        {
            return self.classic_packet(slot, tcp, 1 - end, sender, stamp);
        }
        let takes_short_ways = self.config.takes_short_ways() && !is_classic;
        let mut place = self.place(slot);
        if place == NONE {
            if server.is_some_and(|(_, end)| end == sender) && speaks_as_client(tcp.payload) {
                self.registry.opened(&self.config, slot, sender);
            }
            let server = self.registry.flow(slot).server;
            let key = self.registry.key(slot);
            let Some(client) =
                client_end(&self.config, key, tcp, sender, server.map(|(_, end)| end))
            else {
                // Data that is neither a beginning nor says who sends it settles the matter; a bare acknowledgement not.
                let flow = self.registry.flow_mut(slot);
                flow.identified_or_given_up = tcp.payload_length > 0;
                flow.passed_over = true;
                return Outcome::default();
            };
            if self.registry.flow(slot).over && tcp.payload_length == 0 {
                return Outcome::default();
            }
            place = self.open_connection(
                slot,
                client,
                Carrier::Tcp(self.registry.key(slot).port(1 - client)),
            );
        }
        let followed = &mut self.connections.list[place as usize];
        followed.used = true;
        let AnyConnection::Tcp(connection) = &mut followed.session else {
            return Outcome::default();
        };
        // Of a packet that says nothing new about its connection, there is nothing more to do.
        if takes_short_ways
            && let Some(outcome) = connection.take_in_order(tcp, sender, stamp, &mut self.segments)
        {
            return outcome;
        }
        let client = connection.client;
        let report = self.call(slot, client, |connections, _, ctx| {
            let AnyConnection::Tcp(connection) = &mut connections.list[place as usize].session
            else {
                return None;
            };
            // Without payload too: an acknowledgement hands what was held back to readers, who may keep more of it.
            let keeps = tcp.payload_length > 0 || connection.holds_back();
            let outcome = connection.packet(tcp, sender, stamp, ctx);
            let dropped = std::mem::take(&mut connection.dropped);
            Some((
                outcome,
                dropped,
                keeps,
                std::mem::take(&mut connection.repeated),
                connection.is_settled(),
                connection.is_over(),
            ))
        });
        let Some((mut outcome, dropped, keeps, repeats, settled, is_over)) = report else {
            return Outcome::default();
        };
        self.stats.reorder_dropped += dropped;
        if keeps {
            self.relieve(place);
        }
        let flow = self.registry.flow_mut(slot);
        if repeats {
            flow.watch = flow.watch.max(WATCHED);
        }
        match flow.server {
            None if settled => {
                flow.identified_or_given_up = true;
                flow.connection = NONE;
                self.connections.release(place);
            }
            Some((_, end)) if end == client => {
                // What looked like the client is the Netflix end after all: followed anew from here.
                flow.connection = NONE;
                self.connections.release(place);
            }
            Some((_, end)) if is_classic => {
                flow.identified_or_given_up |= settled;
                if settled {
                    flow.connection = NONE;
                    self.connections.release(place);
                }
                outcome = self.classic_packet(slot, tcp, 1 - end, sender, stamp);
            }
            _ if is_over => self.end(place),
            _ => {}
        }
        outcome
    }

    /// Takes note that a connection is over, and lets go of one that has been for long.
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

/// Returns which end of a TCP flow is the client: the one that is not Netflix, else the one that
/// opens it, else the one that speaks as a client does. `None` where nothing tells.
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
