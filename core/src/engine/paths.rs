//! Multipath TCP: what a further path inherits from the first one of its connection.

use super::Engine;
use crate::bounded::clock_table::Slot;
use crate::flows::key::End;
use crate::flows::registry::{Claim, Extent};
use crate::packet::Stamp;
use crate::wire::decode::{Tcp, TcpFlags};
use crate::wire::multipath::Handshake;

impl Engine {
    /// Reads what a packet with SYN says of its connection's paths. `opener` is the end that opened this one, and `is_new`
    /// true for its first packet.
    pub(super) fn note_path(
        &mut self,
        slot: Slot,
        tcp: &Tcp<'_>,
        opener: End,
        is_new: bool,
        stamp: Stamp,
    ) {
        let is_answer = tcp.flags.has(TcpFlags::ACK);
        match Handshake::of(tcp.options) {
            Some(Handshake::First(Some(key))) if is_answer => {
                if let Some(number) = self.registry.flow(slot).number {
                    self.paths.note(key, (slot, number));
                }
            }
            Some(Handshake::Further(token)) if is_new => {
                if let Some(token) = token.filter(|_| !is_answer) {
                    self.inherit_path(slot, 1 - opener, token, stamp);
                }
                let is_netflix = self.registry.flow(slot).server.is_some();
                self.stats.further_paths += u64::from(is_netflix);
            }
            _ => {}
        }
    }

    /// Gives a further path with its server at `end` the verdict that its connection's first path has by its own name: the
    /// hello, which names the server, is on that one only.
    fn inherit_path(&mut self, slot: Slot, end: End, token: u32, stamp: Stamp) {
        let Some((first, number)) = self.paths.first(token) else {
            return;
        };
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
}
