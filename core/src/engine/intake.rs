//! Packets on their way to their flow: encapsulated packets, fragments, copies.

use super::memory_bound::fragment_limits;
use super::{Engine, Taken};
use crate::bounded::clock_table::{NONE, Slot};
use crate::connection::context::Outcome;
use crate::connection::quic::opens_connection;
use crate::flows::copies::{Identity, Relation, Suspect, Suspected};
use crate::flows::key::{End, FlowKey};
use crate::packet::{Packet, Stamp, Time};
use crate::wire::decode::fragments::Fragments;
use crate::wire::decode::{Datagram, DecodeError, Fragment, IpPayload, Layers, Scope, TcpFlags};
use crate::wire::link_ends::link_ends;

impl Engine {
    /// Processes a frame that does not hold a plain packet: one with a tag, or anything else.
    #[inline(never)]
    pub(super) fn take_other(&mut self, packet: &Packet<'_>) -> Option<Taken> {
        match self.decoder.tagged(packet) {
            Some((datagram, scope)) => self.take_scoped(packet, &datagram, scope),
            None => self.take_wrapped(packet),
        }
    }

    /// Processes a frame of any kind: tags and tunnels, a fragment, several packets, or none.
    fn take_wrapped(&mut self, packet: &Packet<'_>) -> Option<Taken> {
        let mut decoded = self.decoder.decode_any(packet);
        let mut taken = None;
        loop {
            let layers = *self.decoder.layers();
            if let Some(opaque) = layers.opaque {
                self.unfollowed.count(opaque, packet.frame);
            }
            match decoded {
                // If an aggregated frame holds several packets, the last Netflix packet stands for
                // the frame.
                Ok(datagram) => taken = self.take_layered(packet, &datagram, &layers).or(taken),
                Err(error) if layers.behind.is_none() && taken.is_none() => {
                    self.count_unreadable(error);
                }
                Err(_) => {}
            }
            let Some(behind) = layers.behind else {
                return taken;
            };
            decoded = self.decoder.decode_behind(packet, behind);
        }
    }

    fn count_unreadable(&mut self, error: DecodeError) {
        self.stats.not_ip += 1;
        if let DecodeError::UnknownLinkType(link_type) = error {
            self.stats.unknown_link_type += 1;
            self.unfollowed.count_link_type(link_type);
        }
    }

    fn take_layered(
        &mut self,
        packet: &Packet<'_>,
        datagram: &Datagram<'_>,
        layers: &Layers,
    ) -> Option<Taken> {
        let Some(fragment) = layers.fragment else {
            return self.take_scoped(packet, datagram, layers.scope);
        };
        let scope = self
            .scopes
            .enter(&self.config, layers.scope, FlowKey::of(datagram));
        self.take_fragment(packet, datagram, scope, fragment, layers.payload)
    }

    /// Processes a packet that came within tags or tunnels.
    fn take_scoped(
        &mut self,
        packet: &Packet<'_>,
        datagram: &Datagram<'_>,
        scope: Scope,
    ) -> Option<Taken> {
        let number = self
            .scopes
            .enter(&self.config, scope, FlowKey::of(datagram));
        let taken = self.take_datagram(packet, datagram, number)?;
        if scope != Scope::default() && !taken.duplicate {
            let mixed = self
                .registry
                .note_scope(taken.flow, taken.sender, scope.digest());
            self.stats.scopes_mixed += u64::from(mixed);
        }
        Some(taken)
    }

    /// Processes a fragment, and the packet that it completes.
    #[cold]
    fn take_fragment(
        &mut self,
        packet: &Packet<'_>,
        datagram: &Datagram<'_>,
        scope: u16,
        fragment: Fragment,
        (at, wire): (u32, u32),
    ) -> Option<Taken> {
        let mut fragments = self.fragments.take().unwrap_or_else(|| {
            Box::new(Fragments::new(
                fragment_limits(&self.config),
                self.config.hash_seed,
            ))
        });
        let bytes = packet.data.get(at as usize..).unwrap_or_default();
        let bytes = &bytes[..bytes.len().min(wire as usize)];
        let transport = fragments.take(datagram, fragment, (bytes, wire), packet.time);
        let piece = Datagram {
            transport,
            ..*datagram
        };
        let mut taken = self.take_datagram(packet, &piece, scope);
        let stamp = Stamp {
            frame: packet.frame,
            time: packet.time,
        };
        if let Some(taken) = &taken {
            while let Some(tcp) = fragments.next_held() {
                self.tcp(taken.flow, &tcp, taken.sender, stamp);
            }
        }
        let mut whole = Vec::new();
        if let Some((udp, is_read)) = fragments.whole_datagram(&mut whole) {
            self.learn(&udp, datagram.source, stamp);
            if let Some(taken) = taken.as_mut().filter(|taken| !taken.duplicate && !is_read) {
                self.renew_if_quic_reopened(taken.flow, &udp, taken.sender, stamp.time);
                taken.outcome = self.udp(taken.flow, &udp, taken.sender, stamp);
            }
        }
        self.stats.fragments_dropped = fragments.dropped;
        self.fragments = Some(fragments);
        taken
    }

    /// Looks for the packet that this one copies, and counts the copy separately. Returns the flow
    /// and sender that the packet belongs to, which differ from its own if it was seen on the other
    /// side of an address translation, and true for a copy.
    #[inline(never)]
    pub(super) fn look_for_copy(
        &mut self,
        packet: &Packet<'_>,
        header_at: u32,
        transport: IpPayload<'_>,
        (mut flow, mut sender): (Slot, End),
    ) -> (Slot, End, bool) {
        self.prove_step(flow, packet.time);
        // The first packets of every flow come through here.
        self.note_devices(packet, header_at, flow, sender);
        if self.copies.window == 0 {
            self.registry.flow_mut(flow).watch = 0;
            return (flow, sender, false);
        }
        let header = packet.data.get(header_at as usize..);
        let identity = header.and_then(|header| Identity::of(header, &transport));
        let Some(identity) = identity else {
            return (flow, sender, false);
        };
        let watched = self.registry.flow_mut(flow);
        // A QUIC datagram that comes again is always a copy.
        if !identity.is_unique() || watched.server.is_none() {
            watched.watch = watched.watch.saturating_sub(1).max(1);
        }
        let key = *self.registry.key(flow);
        let translated = self.translations.of(&key);
        if let Some((inside, flips)) = translated {
            flow = self.enter(inside, true, packet.time);
            sender ^= End::from(flips);
        }
        let sent = (flow, sender);
        let is_translated = translated.is_some();
        if identity.opens()
            && !is_translated
            && let Some(suspect) = self.copies.opened_elsewhere(&identity, flow, packet.time)
        {
            self.note_bridge(sent, suspect);
        }
        let is_first = self.copies.quiet != 0;
        let copied = match self
            .copies
            .look(&identity, sent, is_translated, packet.time)
        {
            Relation::New
                if self
                    .copies
                    .is_merged(sent, (&transport, &identity), packet.time) =>
            {
                self.find_copy(flow, is_first, packet.time);
                true
            }
            Relation::New => self.registry.is_replayed(flow, packet.time),
            Relation::Copy => {
                self.find_copy(flow, is_first, packet.time);
                true
            }
            Relation::Translated(suspect) => {
                let other = *self.registry.key(suspect.flow);
                let ends = (suspect.sender, sender);
                let is_one = !is_translated
                    && self.registry.is_young(flow)
                    && self.translations.add(key, other, ends);
                if is_one {
                    self.copies.found();
                    self.withdraw(flow);
                    flow = suspect.flow;
                    sender = suspect.sender;
                }
                is_one
            }
        };
        if copied {
            self.latest_is_copy = true;
            let opens = match &transport {
                IpPayload::Tcp(tcp) => tcp.flags.has(TcpFlags::SYN),
                IpPayload::Udp(udp) => identity.is_unique() && opens_connection(udp),
                _ => false,
            };
            if opens {
                self.registry
                    .note_replay(flow, packet.time, self.copies.window);
            }
            self.count_copies(flow, 1);
        }
        (flow, sender, copied)
    }

    /// Records the addresses of devices, if `client_key` needs them.
    fn note_devices(&mut self, packet: &Packet<'_>, header_at: u32, flow: Slot, sender: End) {
        let Some(viewers) = &mut self.viewers else {
            return;
        };
        let key = self.registry.key(flow);
        for (device, end) in link_ends(packet, header_at)
            .into_iter()
            .zip([sender, 1 - sender])
        {
            if let Some(device) = device {
                viewers.note(device, key.address(end));
            }
        }
    }

    /// Remembers a packet that brought nothing new, in case it turns out to be the first copy.
    pub(super) fn suspect(
        &mut self,
        (flow, sender): (Slot, End),
        time: Time,
        payload: u32,
        segment: Option<u32>,
    ) {
        if self.copies.quiet == 1 {
            self.suspect = Some(Suspected {
                flow,
                number: self.registry.flow(flow).number,
                sender,
                time,
                lengths: (self.length, payload),
                segment,
            });
        }
    }

    /// Records a copy, perhaps the first.
    fn find_copy(&mut self, flow: Slot, is_first: bool, time: Time) {
        // Others passed before the first, which a second reading examines.
        let are_missed = is_first && self.copies.missed;
        self.segments_missed |= are_missed && !self.registry.is_young(flow);
        self.acquit(flow, time);
    }

    /// Takes back that a packet was a retransmission: it was the first copy, and other copies of
    /// its flow follow.
    fn acquit(&mut self, flow: Slot, time: Time) {
        let number = self.registry.flow(flow).number;
        let is_of_flow = |suspect: &Suspected| {
            (suspect.flow, suspect.number) == (flow, number)
                && time.since(suspect.time) <= self.copies.window
        };
        let Some(suspect) = self.suspect.take().filter(is_of_flow) else {
            return;
        };
        let (length, payload) = suspect.lengths;
        self.registry.uncount(flow, suspect.sender, length);
        if let Some(segment) = suspect.segment {
            self.segments.resize(segment, |segment| {
                let repeated = segment.retransmitted_bytes;
                segment.retransmitted_bytes = repeated.saturating_sub(payload.into());
            });
        }
        self.count_copies(flow, 1);
    }

    fn count_copies(&mut self, flow: Slot, count: u32) {
        self.stats.duplicates += u64::from(count);
        self.registry.count_copies(flow, count);
    }

    /// Joins the flow of a packet, which `sender` sent, with a flow that had the same packet, if that
    /// is the same connection behind a translator that counts no hop. The order shows it: what the
    /// client sends passes on its side first, and what the server sends passes on the other side
    /// first. So connections that are alike, as generated ones are, are not joined.
    #[cold]
    #[inline(never)]
    fn note_bridge(&mut self, (flow, sender): (Slot, End), suspect: Suspect) {
        let ends = (sender, suspect.sender);
        if !self.registry.is_behind(suspect.flow, flow, ends) {
            return;
        }
        let (inside, outside) = (*self.registry.key(flow), *self.registry.key(suspect.flow));
        let is_servers = inside.address(sender) == outside.address(suspect.sender)
            && inside.port(sender) == outside.port(suspect.sender);
        if is_servers && self.translations.add(outside, inside, ends) {
            self.copies.found();
            self.withdraw(suspect.flow);
        }
    }

    /// Takes back that a flow was one of its own: its packets belong to another flow, seen with
    /// another address.
    fn withdraw(&mut self, slot: Slot) {
        let connection = self.registry.flow(slot).connection;
        if connection != NONE {
            self.stop_following(slot, connection);
        }
        let packets = self.registry.withdraw(slot);
        self.count_copies(slot, packets);
    }

    /// Builds the result for a copy.
    pub(super) fn copied(flow: Slot, sender: End) -> Taken {
        Taken {
            flow,
            sender,
            outcome: Outcome::default(),
            duplicate: true,
        }
    }
}
