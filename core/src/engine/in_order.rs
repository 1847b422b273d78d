//! TCP packets of two taps whose clocks differ, put into the order in which the ends sent and
//! received them.

use super::Engine;
use super::taps::{HandshakeTimes, Queues, Waiting};
use crate::bounded::clock_table::Slot;
use crate::connection::context::Outcome;
use crate::flows::key::End;
use crate::packet::{Stamp, Time};
use crate::wire::decode::{Tcp, TcpFlags};

impl Engine {
    /// Records that a handshake's answer came before the packet that it answers.
    pub(super) fn note_skew(&mut self) {
        self.stats.answers_first += u64::from(!self.taps.known);
        if self.taps.patience > 0 && !self.taps.differ {
            self.segments_missed = true;
            self.put_in_order();
        }
    }

    /// Makes packets wait for the data that they acknowledge from now on.
    pub(super) fn put_in_order(&mut self) {
        self.taps.differ = true;
        self.connections.leave_room(self.taps.most_held);
    }

    /// Processes a packet of a capture whose taps' clocks differ, in the order in which the ends
    /// sent and received.
    #[cold]
    pub(super) fn tcp_in_order(
        &mut self,
        slot: Slot,
        tcp: &Tcp<'_>,
        sender: End,
        stamp: Stamp,
    ) -> Outcome {
        self.release_overdue(stamp.time);
        let number = self.registry.flow(slot).number;
        let mut queues = match self.taps.take(slot, number) {
            Some(queues) => queues,
            None if tcp.flags.has(TcpFlags::SYN)
                && self.taps.flows.len() < self.taps.most_flows =>
            {
                Queues {
                    number,
                    sent: [None; 2],
                    waiting: Default::default(),
                    handshake: HandshakeTimes::default(),
                }
            }
            // The start of the flow has passed already.
            None => return self.follow_tcp(slot, tcp, sender, stamp),
        };
        let own = usize::from(sender);
        let outcome = if queues.waiting[own].is_empty() && queues.is_ripe(tcp, sender) {
            let stamp = queues.note(tcp, sender, stamp);
            self.follow_tcp(slot, tcp, sender, stamp)
        } else {
            let waiting = Waiting::new(tcp, stamp);
            self.taps.held += waiting.weight();
            queues.waiting[own].push_back(waiting);
            Outcome::default()
        };
        self.release(slot, &mut queues, Some(stamp.time));
        let flow = self.registry.flow(slot);
        if flow.number == number && !(flow.identified_or_given_up && flow.server.is_none()) {
            self.taps.flows.insert(slot, queues);
        } else {
            self.release(slot, &mut queues, None);
        }
        outcome
    }

    /// Releases packets that waited long enough in the next flow in turn, which may have fallen
    /// silent.
    fn release_overdue(&mut self, now: Time) {
        let Some(slot) = self.taps.next_overdue(now) else {
            return;
        };
        let number = self.registry.flow(slot).number;
        if let Some(mut queues) = self.taps.take(slot, number) {
            self.release(slot, &mut queues, Some(now));
            self.taps.flows.insert(slot, queues);
        }
    }

    /// Processes packets that waited long enough, in order; all of them if no time is given.
    fn release(&mut self, slot: Slot, queues: &mut Queues, now: Option<Time>) {
        loop {
            let next = [0, 1].into_iter().find(|&end: &End| {
                let first = queues.waiting[usize::from(end)].front();
                first.is_some_and(|first| queues.is_ripe(&first.tcp(), end))
            });
            let overdue = || {
                let oldest = |end: &End| Some(queues.waiting[usize::from(*end)].front()?.stamp);
                let end = [0, 1].into_iter().filter(|end| oldest(end).is_some());
                let end = end.min_by_key(|end| oldest(end).map(|stamp| stamp.frame))?;
                let waits = now.zip(oldest(&end));
                let is_over =
                    waits.is_none_or(|(now, oldest)| now.since(oldest.time) > self.taps.patience);
                (is_over || self.taps.held > self.taps.most_held).then_some(end)
            };
            let Some(end) = next.or_else(overdue) else {
                return;
            };
            let Some(waiting) = queues.waiting[usize::from(end)].pop_front() else {
                return;
            };
            self.taps.held -= waiting.weight();
            let tcp = waiting.tcp();
            let stamp = queues.note(&tcp, end, waiting.stamp);
            if next.is_none() && tcp.flags.has(TcpFlags::ACK) {
                // The data that it acknowledges was not captured.
                queues.sent[usize::from(1 - end)] = Some(tcp.acknowledgement);
            }
            self.follow_tcp(slot, &tcp, end, stamp);
        }
    }

    /// Processes all waiting packets of a flow that ends or is replaced.
    pub(super) fn release_flow(&mut self, slot: Slot) {
        let number = self.registry.flow(slot).number;
        if let Some(mut queues) = self.taps.take(slot, number) {
            self.release(slot, &mut queues, None);
        }
    }

    /// Processes all waiting packets at the end of the capture.
    pub(super) fn release_all(&mut self) {
        self.release_quic(None);
        while let Some((&slot, _)) = self.taps.flows.first_key_value() {
            self.release_flow(slot);
        }
    }
}
