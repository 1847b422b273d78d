//! Packets whose time differs from that of the previous packet: decides whether the clock stepped.

use super::clock::{Finding, Jump};
use super::{Engine, Taken};
use crate::bounded::clock_table::{NONE, Slot};
use crate::flows::copies::WATCHED;
use crate::flows::key::FlowKey;
use crate::packet::{Packet, Stamp, Time};
use crate::wire::decode::Scope;

/// No capture pauses for a year, in nanoseconds: a time of zero before it is none.
const NO_SILENCE: i64 = 365 * 86_400 * 1_000_000_000;

impl Engine {
    /// Judges a packet whose time is far from that of the previous one. Returns true if it has none:
    /// a time of zero.
    #[cold]
    pub(super) fn note_jump(&mut self, before: Time, packet: &Packet<'_>) -> bool {
        if packet.time == Time(0) && before > Time(0) {
            return true;
        }
        if before == Time(0) && packet.time.since(before) > NO_SILENCE {
            // A second reading knows when the capture began.
            self.clock.start = Some(packet.time);
            self.segments_missed = true;
        }
        self.judge_jump(before, packet);
        false
    }

    /// Processes a packet without a time, for which that of the previous packet stands.
    #[cold]
    pub(super) fn take_untimed(&mut self, before: Time, packet: &Packet<'_>) -> Option<Taken> {
        self.stats.packets += 1;
        self.stats.untimed += 1;
        self.latest_is_copy = false;
        self.clock.stay(before);
        // Any packet may go the way of rare ones, so that the other ways need no second copy.
        self.take_other(&Packet {
            time: before,
            ..*packet
        })
    }

    fn judge_jump(&mut self, before: Time, packet: &Packet<'_>) {
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
