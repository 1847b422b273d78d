//! QUIC over two taps whose clocks differ.
//!
//! No number shows what a packet of QUIC answers, but a handshake bounds the difference of the
//! clocks: the server answered after it was asked, and the client reacted after the answer. In the
//! middle of the range, every request comes before its answer and after the answer before it,
//! wherever the taps are, because both are a round trip apart. So the packets of the tap whose
//! clock is behind wait for as long as it is.

use super::Engine;
use super::taps::{KEPT, WaitingDatagram};
use crate::bounded::clock_table::Slot;
use crate::connection::context::Outcome;
use crate::connection::quic::is_answer;
use crate::flows::key::End;
use crate::packet::{Stamp, Time};
use crate::wire::decode::Udp;
use crate::wire::proxy::relay_header;
use crate::wire::quic::LONG_HEADER;

impl Engine {
    /// Records that a QUIC handshake's answer came before the packet that it answers, or the
    /// reaction before the answer.
    pub(super) fn note_quic_skew(&mut self, late: i64) {
        self.note_skew();
        let patience = self.taps.patience;
        if self.taps.quic.late == 0 && patience > 0 {
            self.taps.quic.late = late.clamp(-patience, patience);
        }
    }

    /// Processes a datagram of a capture whose taps' clocks differ, in the order in which the ends
    /// sent and received.
    #[cold]
    pub(super) fn quic_in_order(
        &mut self,
        slot: Slot,
        udp: &Udp<'_>,
        sender: End,
        stamp: Stamp,
    ) -> Outcome {
        self.release_quic(Some(stamp.time));
        let flow = self.registry.flow(slot);
        let is_server = match flow.server {
            Some((_, end)) => end == sender,
            None => is_answer(self.registry.key(slot), sender),
        };
        if is_server != (self.taps.quic.late > 0) {
            let stamp = self.by_servers_clock(stamp, is_server);
            return self.read_udp(slot, udp, sender, stamp);
        }
        let is_long = udp
            .payload
            .first()
            .is_some_and(|&first| first & LONG_HEADER != 0);
        let is_whole = is_long || relay_header(udp.payload).is_some();
        let kept = if is_whole { udp.payload.len() } else { KEPT };
        let waiting = WaitingDatagram {
            slot,
            number: flow.number,
            sender,
            stamp: self.by_servers_clock(stamp, is_server),
            ports: (udp.source_port, udp.destination_port),
            payload_length: udp.payload_length,
            payload: udp.payload[..udp.payload.len().min(kept)].into(),
        };
        self.taps.held += waiting.weight();
        self.taps.quic.waiting.push_back(waiting);
        Outcome::default()
    }

    /// Converts a packet's time to the clock of the server's tap.
    fn by_servers_clock(&self, stamp: Stamp, is_server: bool) -> Stamp {
        let late = if is_server { 0 } else { self.taps.quic.late };
        Stamp {
            time: Time(stamp.time.0.saturating_sub(late)),
            ..stamp
        }
    }

    /// Processes datagrams that waited long enough at this time of the other tap; all of them if no
    /// time is given.
    pub(super) fn release_quic(&mut self, now: Option<Time>) {
        let late = self.taps.quic.late;
        // The servers' times are those that count.
        let now = now.map(|now| Time(now.0.saturating_sub(late.max(0))));
        while let Some(first) = self.taps.quic.waiting.front() {
            let waits = now.is_some_and(|now| first.stamp.time > now);
            if waits && self.taps.held <= self.taps.most_held {
                return;
            }
            let Some(waiting) = self.taps.quic.waiting.pop_front() else {
                return;
            };
            self.taps.held -= waiting.weight();
            let udp = Udp {
                source_port: waiting.ports.0,
                destination_port: waiting.ports.1,
                payload_length: waiting.payload_length,
                payload: &waiting.payload,
            };
            let flow = self.registry.flow(waiting.slot);
            let is_followed = flow.server.is_some() || !flow.identified_or_given_up;
            if flow.number == waiting.number && is_followed {
                self.read_udp(waiting.slot, &udp, waiting.sender, waiting.stamp);
            }
        }
    }
}
