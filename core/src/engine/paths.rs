//! Multipath TCP: a connection's further paths, the verdict that they inherit from the first, and
//! the way of their packets to it.

use super::Engine;
use crate::bounded::clock_table::Slot;
use crate::config::SegmentRule;
use crate::connection::context::Outcome;
use crate::flows::key::End;
use crate::flows::paths::{FlowId, Way};
use crate::flows::registry::{Claim, Extent};
use crate::packet::Stamp;
use crate::wire::decode::{Tcp, TcpFlags};
use crate::wire::multipath::{MultipathHandshake, Signal};

impl Engine {
    /// Reads what a SYN shows about the paths of its connection. `opener` is the end that opened
    /// this path, and `is_new` is true for its first packet.
    pub(super) fn note_path(
        &mut self,
        slot: Slot,
        tcp: &Tcp<'_>,
        opener: End,
        is_new: bool,
        stamp: Stamp,
    ) {
        let is_answer = tcp.flags.has(TcpFlags::ACK);
        let Some(handshake) = MultipathHandshake::of(tcp.options) else {
            return;
        };
        let flow = self.registry.flow(slot);
        let (Some(number), opened_by) = (flow.number, flow.opened_by) else {
            return;
        };
        match handshake {
            MultipathHandshake::First(Some(key)) if is_answer => {
                let client_syn = opened_by.unwrap_or_default();
                self.paths
                    .open(key, (slot, number), opener, [client_syn, tcp.sequence]);
                self.follow_paths(slot);
            }
            MultipathHandshake::Further(token) if is_new => {
                let token = token.filter(|_| !is_answer);
                let first = token
                    .and_then(|token| self.paths.join(token, (slot, number), opener, tcp.sequence));
                match first {
                    Some(first) => {
                        self.inherit_path(slot, 1 - opener, first, stamp);
                        self.follow_paths(slot);
                    }
                    None => self.count_apart(slot),
                }
            }
            MultipathHandshake::Further(_) if is_answer => {
                self.paths.answer((slot, number), tcp.sequence)
            }
            _ => {}
        }
    }

    /// Redirects a path's packets to the first path of their connection. The classic rule counts
    /// each path by itself.
    fn follow_paths(&mut self, slot: Slot) {
        self.registry.flow_mut(slot).has_paths = self.config.segment_rule == SegmentRule::Flow;
    }

    /// Counts a path whose handshake was not captured: its first packet states a position in the data
    /// of its connection.
    #[cold]
    pub(super) fn note_path_midway(&mut self, slot: Slot, tcp: &Tcp<'_>) {
        let flow = self.registry.flow(slot);
        let is_known = flow.opened_by.is_some() || flow.over;
        if !is_known && Signal::of(tcp.options).is_of_path() {
            self.count_apart(slot);
        }
    }

    /// Counts a path that is not joined with others, if it is Netflix.
    fn count_apart(&mut self, slot: Slot) {
        let is_netflix = self.registry.flow(slot).server.is_some();
        self.stats.further_paths += u64::from(is_netflix);
    }

    /// Gives a further path, with its server at `end`, the verdict of the connection's first path.
    /// Only the first path carries the hello that names the server.
    fn inherit_path(&mut self, slot: Slot, end: End, (first, number): FlowId, stamp: Stamp) {
        let first = self.registry.flow(first);
        if first.number != Some(number) {
            return;
        }
        if first.is_foreign {
            self.registry.disown(slot);
        } else if let (Some(kind), Some(name)) = (first.own, first.own_name.clone()) {
            let claim = Claim {
                kind,
                source: &name,
                frame: stamp.frame,
                extent: Extent::Flow,
            };
            self.registry.claim(&self.config, slot, end, claim);
            self.notice_changed_sites();
        }
    }

    /// Processes a packet of a path. The data of a further path continues where the first path's
    /// data stands.
    #[inline(never)]
    pub(super) fn tcp_of_paths(
        &mut self,
        slot: Slot,
        tcp: &Tcp<'_>,
        sender: End,
        stamp: Stamp,
    ) -> Outcome {
        let Some(number) = self.registry.flow(slot).number else {
            return Outcome::default();
        };
        let further_of = self.paths.first_of((slot, number));
        if tcp.flags.has(TcpFlags::SYN) {
            // A further path's handshake is not the connection's.
            return match further_of {
                Some(_) => Outcome::default(),
                None => self.tcp_of_connection(slot, tcp, sender, stamp),
            };
        }
        match self.paths.way((slot, number), sender, tcp) {
            Way::Plain => self.tcp_of_connection(slot, tcp, sender, stamp),
            Way::Nowhere => Outcome::default(),
            Way::Forgotten => {
                self.registry.flow_mut(slot).has_paths = false;
                self.count_apart(slot);
                self.tcp_of_connection(slot, tcp, sender, stamp)
            }
            Way::First(first, sender_there, told) => {
                if further_of.is_some() && self.registry.flow(slot).server.is_none() {
                    let server = self.registry.flow(first.0).server;
                    let end = server.map(|(_, end)| end ^ sender ^ sender_there);
                    if let Some(end) = end {
                        self.inherit_path(slot, end, first, stamp);
                    }
                }
                self.tcp_of_first(first, &told, sender_there, stamp)
            }
        }
    }

    /// Processes a packet in the numbers of its connection's first path, if that is still held.
    fn tcp_of_first(
        &mut self,
        (slot, number): FlowId,
        tcp: &Tcp<'_>,
        sender: End,
        stamp: Stamp,
    ) -> Outcome {
        let flow = self.registry.flow(slot);
        if flow.number != Some(number) || flow.identified_or_given_up && flow.server.is_none() {
            return Outcome::default();
        }
        // The first path is in use as long as any path is.
        let key = *self.registry.key(slot);
        self.registry.find(&key);
        self.tcp_of_connection(slot, tcp, sender, stamp)
    }
}
