//! Packets whose time differs from that of the previous packet: decides whether the clock stepped.

use super::Engine;
use super::clock::{Finding, Jump};
use crate::bounded::clock_table::{NONE, Slot};
use crate::flows::copies::WATCHED;
use crate::flows::key::FlowKey;
use crate::packet::{Packet, Stamp, Time};
use crate::wire::decode::Scope;

impl Engine {
    /// Judges a packet whose time is far from that of the previous one.
    #[cold]
    pub(super) fn note_jump(&mut self, before: Time, packet: &Packet<'_>) {
        let flow = self.flow_of(packet);
        let own = flow.map(|flow| self.registry.flow(flow).seen_until());
        let jump = Jump {
            before,
            at: Stamp {
                frame: packet.frame,
                time: packet.time,
            },
            flow: flow.unwrap_or(NONE),
        };
        let finding = if packet.time > before {
            self.clock.leaps(jump, own)
        } else {
            self.stats.clock_steps += 1;
            self.clock.steps_back(jump, own)
        };
        // With two taps, TCP's numbers bring the clocks together instead.
        match finding {
            Finding::Step(step) if !self.taps.differ => self.segments.steps.note(step),
            Finding::Gap(frame) => self.segments.steps.note_gap(frame),
            Finding::End(frame) if !self.taps.differ => self.segments.steps.end(frame),
            Finding::Perhaps(flow) => {
                // Its next packet decides.
                let flow = self.registry.flow_mut(flow);
                flow.watch = flow.watch.max(WATCHED);
            }
            _ => {}
        }
    }

    /// Judges the next packet of a flow that may show that the clock stepped.
    #[inline]
    pub(super) fn prove_step(&mut self, flow: Slot, now: Time) {
        if self.clock.suspects() {
            let own = self.registry.flow(flow).seen_until();
            if let Some(step) = self.clock.prove(flow, now, own)
                && !self.taps.differ
            {
                self.segments.steps.note(step);
            }
        }
    }

    /// Returns the flow of a packet, if it is known.
    fn flow_of(&mut self, packet: &Packet<'_>) -> Option<Slot> {
        let tagged = match self.decoder.plain(packet) {
            Some(datagram) => Some((datagram, Scope::default())),
            None => self.decoder.tagged(packet),
        };
        let (datagram, scope) = match tagged {
            Some(decoded) => decoded,
            None => {
                let datagram = self.decoder.decode_any(packet).ok()?;
                (datagram, self.decoder.layers().scope)
            }
        };
        let sent = FlowKey::of(&datagram);
        let number = self.scopes.enter(&self.config, scope, sent);
        self.registry.find(&sent.0.within(number))
    }
}
