//! UDP packets on their way to their QUIC connection, which may move from flow to flow.

use super::Engine;
use crate::bounded::clock_table::{NONE, Slot};
use crate::config::SegmentRule;
use crate::connection::context::{Context, Outcome};
use crate::connection::followed::{AnyConnection, Carrier};
use crate::connection::peers::Pair;
use crate::connection::quic::{Opening, is_answer, is_dtls, opens_connection};
use crate::facts::segment::Via;
use crate::facts::server::EvidenceKind;
use crate::flows::key::End;
use crate::packet::{Stamp, Time};
use crate::wire::decode::{Opaque, Udp};
use crate::wire::proxy;
use crate::wire::quic::{LONG_HEADER, MIN_CLIENT_DATAGRAM};

/// Time from a flow's start after which an Initial of its client opens another connection, in
/// nanoseconds. Before, it may repeat the first one (RFC 9002, section 6.2.2: three timeouts, from
/// 1 s on).
const NO_LONGER_FIRST: i64 = 7_000_000_000;

impl Engine {
    /// Starts a new flow when a client opens another QUIC connection from the same port.
    #[inline(always)]
    pub(super) fn renew_if_quic_reopened(
        &mut self,
        slot: Slot,
        udp: &Udp<'_>,
        sender: End,
        time: Time,
    ) {
        let connection = self.registry.flow(slot).connection;
        if connection != NONE {
            let udp = *udp;
            self.renew_if_quic_opens(slot, &udp, sender, time);
        } else if opens_connection(udp) {
            self.renew_if_given_up(slot, sender, time);
        }
    }

    /// Starts a new flow when the client of another service's connection, which is not followed,
    /// opens one more from the same port.
    #[inline(never)]
    fn renew_if_given_up(&mut self, slot: Slot, sender: End, time: Time) {
        let flow = self.registry.flow(slot);
        if flow.identified_or_given_up
            && flow.server.is_none()
            && flow.client == Some(sender)
            && time.since(flow.seen_from()) > NO_LONGER_FIRST
        {
            self.renew(slot, time);
        }
    }

    #[inline(never)]
    fn renew_if_quic_opens(&mut self, slot: Slot, udp: &Udp<'_>, sender: End, time: Time) {
        let udp = &behind_relay(udp).unwrap_or(*udp);
        let connection = self.registry.flow(slot).connection;
        if self.connections.list[connection as usize].flow == slot
            && let AnyConnection::Quic(session) =
                &self.connections.list[connection as usize].session
            && session.is_reopened_by(udp, sender)
        {
            self.renew(slot, time);
        }
    }

    /// Follows a UDP flow while it may be QUIC: Netflix flows, and any other until it is known not
    /// to be Netflix.
    #[inline(always)]
    pub(super) fn udp(&mut self, slot: Slot, udp: &Udp<'_>, sender: End, stamp: Stamp) -> Outcome {
        let flow = self.registry.flow(slot);
        let is_classic = self.config.segment_rule == SegmentRule::Server;
        if flow.identified_or_given_up && (flow.server.is_none() || is_classic) {
            // A connection may begin after other traffic on the same ports, unless that traffic was
            // a connection already examined.
            if flow.server.is_some() || flow.client.is_some() || !opens_connection(udp) {
                return Outcome::default();
            }
            self.registry.flow_mut(slot).identified_or_given_up = false;
        }
        let udp = *udp;
        self.follow_udp(slot, &udp, sender, stamp)
    }

    #[inline(never)]
    fn follow_udp(&mut self, slot: Slot, udp: &Udp<'_>, sender: End, stamp: Stamp) -> Outcome {
        if self.taps.quic.late != 0 {
            return self.quic_in_order(slot, udp, sender, stamp);
        }
        self.read_udp(slot, udp, sender, stamp)
    }

    /// Passes a datagram to its connection, which may go through a proxy.
    pub(super) fn read_udp(
        &mut self,
        slot: Slot,
        udp: &Udp<'_>,
        sender: End,
        stamp: Stamp,
    ) -> Outcome {
        let relayed = behind_relay(udp);
        let header = relayed.map(|_| udp.payload);
        let udp = &relayed.unwrap_or(*udp);
        let server = self.registry.flow(slot).server;
        let is_classic = self.config.segment_rule == SegmentRule::Server;
        let Some(place) = self.udp_place(slot, udp, sender, stamp) else {
            return Outcome::default();
        };
        let followed = &mut self.connections.list[place as usize];
        followed.used = true;
        let current = followed.flow;
        let AnyConnection::Quic(session) = &followed.session else {
            return Outcome::default();
        };
        let (client, introduce) = (session.client, !session.is_introduced());
        // Packets may arrive late on the flow that the connection came from, where the ends may
        // have other numbers.
        let is_late = current != slot;
        let sender = match server {
            Some((_, end)) if is_late && sender == end => 1 - client,
            Some(_) if is_late => client,
            _ => sender,
        };
        let (outcome, settled) =
            self.call(
                current,
                client,
                |connections, _, ctx| match &mut connections.list[place as usize].session {
                    AnyConnection::Quic(session) => {
                        if let Some(header) = header {
                            let asks = sender == client && !session.settled;
                            enter_relay(header, asks, stamp, ctx);
                        }
                        (session.packet(udp, sender, stamp, ctx), session.settled)
                    }
                    AnyConnection::Tcp(_) => (Outcome::default(), true),
                },
            );
        self.relieve(place);
        if is_late {
            return outcome;
        }
        let flow = self.registry.flow_mut(slot);
        let is_followed = match flow.server {
            None => !settled,
            Some((_, end)) => end != client && !(is_classic && settled),
        };
        if !is_followed {
            flow.identified_or_given_up |= settled;
            self.stop_following(slot, place);
        } else if introduce && flow.server.is_some()
            || outcome.request && self.has_new_id(place, udp)
        {
            self.introduce(slot, place);
        }
        outcome
    }

    /// Returns the place of the connection that a datagram belongs to: one that moved here, moved
    /// back, or begins.
    fn udp_place(&mut self, slot: Slot, udp: &Udp<'_>, sender: End, stamp: Stamp) -> Option<Slot> {
        let place = self.place(slot);
        if place != NONE && !self.is_moved_here(slot, place, udp, sender) {
            let is_former = self.connections.list[place as usize].former == slot;
            return Some(if is_former {
                self.return_to(slot, place, udp, sender, stamp)
            } else {
                place
            });
        }
        if place != NONE {
            self.stop_following(slot, place);
            self.registry.flow_mut(slot).client = None;
        }
        let server = self.registry.flow(slot).server;
        if server.is_some_and(|(_, end)| end == sender)
            && opens_connection(udp)
            && !is_answer(self.registry.key(slot), sender)
        {
            self.registry.opened(&self.config, slot, sender);
        }
        self.quic_place(slot, udp, sender, stamp)
    }

    /// Returns true if the client of a connection has begun to use another ID, as far as its
    /// requests show.
    fn has_new_id(&mut self, place: Slot, udp: &Udp<'_>) -> bool {
        match &mut self.connections.list[place as usize].session {
            AnyConnection::Quic(session) => session.renew_id(udp),
            AnyConnection::Tcp(_) => false,
        }
    }

    /// Returns the place for a QUIC connection whose flow is not followed yet: a new one, or that
    /// of a connection that moved.
    fn quic_place(&mut self, slot: Slot, udp: &Udp<'_>, sender: End, stamp: Stamp) -> Option<Slot> {
        let server = self.registry.flow(slot).server.map(|(_, end)| end);
        if let Some(end) = server
            && let Some((place, former)) = self.moving(slot, end, udp)
        {
            let AnyConnection::Quic(session) = &mut self.connections.list[place as usize].session
            else {
                return None;
            };
            if sender != end && session.is_continued_by(udp, stamp, &self.config) {
                let before = self.registry.key(former).address(session.client);
                if before != self.registry.key(slot).address(1 - end) {
                    session.began_at = session.began_at.or(Some(before));
                }
                session.moves(1 - end, udp);
                self.connections.moves(place, slot);
                self.place_at(slot, place, 1 - end);
                self.introduce(slot, place);
                return Some(place);
            }
            // It may be about to move here, because the path is validated first (RFC 9000, section
            // 9.1).
            let tries = self.registry.flow(former).server.is_some()
                && udp.payload_length as usize >= MIN_CLIENT_DATAGRAM
                && !opens_connection(udp);
            if tries {
                return None;
            }
        }
        match Opening::of(self.registry.key(slot), udp, sender, server) {
            Opening::Client(client) => Some(self.open_connection(slot, client, Carrier::Quic)),
            opening @ (Opening::NotYet | Opening::No) => {
                let is_dtls = opening == Opening::No && is_dtls(udp.payload);
                if is_dtls {
                    self.unfollowed.count(Opaque::Dtls, stamp.frame);
                }
                let flow = self.registry.flow_mut(slot);
                // All records of DTLS are counted, so such a flow is never given up.
                flow.identified_or_given_up |= opening == Opening::No && !is_dtls;
                flow.passed_over = true;
                None
            }
        }
    }

    /// Returns true if a client's first packet in a flow shows that the server's earlier packets
    /// there belonged to another flow's connection, which moved here.
    fn is_moved_here(&mut self, slot: Slot, place: Slot, udp: &Udp<'_>, sender: End) -> bool {
        match &self.connections.list[place as usize].session {
            AnyConnection::Quic(session) if session.client == sender && session.is_unheard() => {
                let found = self.addressed(slot, 1 - sender, udp);
                found.is_some_and(|(at, _)| at != place)
            }
            _ => false,
        }
    }

    /// Returns the place and the flow of the connection whose ID a client's datagram carries.
    fn addressed(&mut self, slot: Slot, end: End, udp: &Udp<'_>) -> Option<(Slot, Slot)> {
        let pair = self.pair(slot, end)?;
        match udp.payload.split_first() {
            Some((first, behind)) if first & LONG_HEADER == 0 => {
                self.peers.addressed(&pair, behind)
            }
            _ => None,
        }
    }

    /// Returns the connection that may continue in a flow that was not followed so far, and its
    /// current flow.
    fn moving(&mut self, slot: Slot, end: End, udp: &Udp<'_>) -> Option<(Slot, Slot)> {
        if self.registry.flow(slot).client.is_some() {
            return None;
        }
        let by_id = self.addressed(slot, end, udp);
        let pair = self.pair(slot, end)?;
        let (place, former) = by_id.or_else(|| self.peers.latest(&pair))?;
        let followed = self.connections.list.get(place as usize)?;
        let is_quic = matches!(followed.session, AnyConnection::Quic(_));
        (followed.flow == former && former != slot && is_quic).then_some((place, former))
    }

    /// Returns the two addresses of a flow whose server is at this end.
    fn pair(&self, slot: Slot, end: End) -> Option<Pair> {
        let (server, _) = self.registry.flow(slot).server?;
        let key = self.registry.key(slot);
        Some(Pair {
            client: key.address(1 - end),
            server,
            port: key.port(end),
        })
    }

    /// Records a QUIC connection of a Netflix server, so that it is found again when it moves.
    fn introduce(&mut self, slot: Slot, place: Slot) {
        let Some((_, end)) = self.registry.flow(slot).server else {
            return;
        };
        let pair = self.pair(slot, end);
        if let AnyConnection::Quic(session) = &mut self.connections.list[place as usize].session {
            let id = session.introduce();
            if let Some(pair) = pair {
                self.peers.note(pair, id, place, slot);
            }
        }
    }

    /// Processes a packet on the flow that a connection came from: it is late, or the connection
    /// moved back. Returns where it belongs. Two connections that were taken for one are separated.
    fn return_to(
        &mut self,
        slot: Slot,
        place: Slot,
        udp: &Udp<'_>,
        sender: End,
        stamp: Stamp,
    ) -> Slot {
        let Some((_, end)) = self.registry.flow(slot).server else {
            return place;
        };
        let AnyConnection::Quic(session) = &mut self.connections.list[place as usize].session
        else {
            return place;
        };
        if sender == end || session.is_busy(stamp, &self.config) {
            return place;
        }
        if self.connections.moves(place, slot) {
            if let AnyConnection::Quic(session) = &mut self.connections.list[place as usize].session
            {
                session.moves(1 - end, udp);
            }
            self.introduce(slot, place);
            return place;
        }
        self.open_connection(slot, 1 - end, Carrier::Quic)
    }
}

/// Returns the datagram behind the header that a SOCKS 5 proxy reads or writes, if there is one. A
/// packet of QUIC begins with a bit that is set, unless both ends agreed to leave that to chance (RFC
/// 9287); then three bytes of zero may occur, but hardly do.
#[inline]
fn behind_relay<'a>(udp: &Udp<'a>) -> Option<Udp<'a>> {
    let length = proxy::relay_header(udp.payload)?;
    Some(Udp {
        payload_length: udp.payload_length.saturating_sub(length as u32),
        payload: udp.payload.get(length..).unwrap_or_default(),
        ..*udp
    })
}

/// Records that a datagram goes through a proxy, and where to, if a client `asks` for it.
#[cold]
fn enter_relay(header: &[u8], asks: bool, stamp: Stamp, ctx: &mut Context<'_>) {
    ctx.via = Some(Via::Socks);
    let target = proxy::relay_destination(header).filter(|_| asks);
    match target
        .and_then(|target| target.host)
        .map(|host| (host.parse(), host))
    {
        Some((Ok(address), _)) => ctx.learn_destination(address, stamp),
        Some((Err(_), name)) => {
            ctx.learn_name(EvidenceKind::Tunnel, &name, true, stamp.frame);
            ctx.learn_host(&name, stamp);
        }
        None => {}
    }
}
