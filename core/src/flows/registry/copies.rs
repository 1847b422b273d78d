//! Copies of packets, and VLAN or tunnel tags, as flows count them.

use super::Registry;
use crate::bounded::clock_table::Slot;
use crate::flows::copies::WATCHED;
use crate::flows::key::End;
use crate::packet::Time;

impl Registry {
    /// Counts copies of a flow's packets.
    pub(crate) fn count_copies(&mut self, slot: Slot, count: u32) {
        let flow = &mut self.flows[slot];
        flow.copies = flow.copies.saturating_add(count);
        if let Some((id, _)) = flow.server {
            self.servers[self.numbering.place(id)].duplicates += u64::from(count);
        }
    }

    /// Returns true if a flow has had no more packets than are examined for copies.
    pub(crate) fn is_young(&self, slot: Slot) -> bool {
        let sent = &self.flows[slot].sent;
        sent[0].packets + sent[1].packets <= u64::from(WATCHED)
    }

    /// Returns true if `later` may be `flow` behind a translator: it began later, is young, and is
    /// ahead in what the server sent but not in what the client did. `ends` are the server's, that of
    /// `flow` first.
    pub(crate) fn is_behind(&self, later: Slot, flow: Slot, (end, later_end): (End, End)) -> bool {
        let numbers = (self.flows[flow].number, self.flows[later].number);
        let (Some(number), Some(later_number)) = numbers else {
            return false;
        };
        let sent = |slot: Slot, end: End| self.flows[slot].sent[usize::from(end)].packets;
        let asked = sent(later, 1 - later_end);
        number < later_number
            && self.is_young(later)
            && (1..=sent(flow, 1 - end)).contains(&asked)
            && sent(later, later_end) > sent(flow, end)
    }

    /// Records that the packet that opened a flow comes again, at a much earlier time than the flow
    /// had reached, or after more packets than are examined. The packets that follow are a part of
    /// the capture that is in it twice.
    pub(crate) fn note_replay(&mut self, slot: Slot, time: Time, window: i64) {
        let is_young = self.is_young(slot);
        let flow = &mut self.flows[slot];
        let reached = flow.t_last.since(time);
        flow.replayed |= reached > window || reached > 0 && !is_young;
    }

    /// Returns true if a packet is in a part of the capture that is in it twice. That part ends
    /// where the flow had been.
    pub(crate) fn is_replayed(&mut self, slot: Slot, time: Time) -> bool {
        let flow = &mut self.flows[slot];
        flow.replayed &= time <= flow.t_last;
        flow.replayed
    }

    /// Records the tags that a packet came with. Returns true if the tags of its direction
    /// alternate: if they change only once, the flow has moved, as in a handover.
    pub(crate) fn note_scope(&mut self, slot: Slot, sender: End, scope: u16) -> bool {
        const BY_TURNS: u8 = 3;
        let flow = &mut self.flows[slot];
        let last = std::mem::replace(&mut flow.scopes[usize::from(sender)], scope);
        if last == 0 || last == scope {
            return false;
        }
        flow.scope_changes = flow.scope_changes.saturating_add(1);
        flow.scope_changes >= BY_TURNS
    }

    /// Subtracts one packet from all counts, because it was a copy.
    pub(crate) fn uncount(&mut self, slot: Slot, sender: End, bytes: u32) {
        let flow = &mut self.flows[slot];
        let sent = &mut flow.sent[usize::from(sender)];
        sent.packets = sent.packets.saturating_sub(1);
        sent.bytes = sent.bytes.saturating_sub(bytes.into());
        if let Some((id, end)) = flow.server {
            let counters = &mut self.servers[self.numbering.place(id)].counters;
            let (packets, counted) = if sender == end {
                (&mut counters.in_pkts, &mut counters.in_bytes)
            } else {
                (&mut counters.out_pkts, &mut counters.out_bytes)
            };
            *packets = packets.saturating_sub(1);
            *counted = counted.saturating_sub(bytes.into());
        }
    }

    /// Subtracts a flow's packets from all counts, because they are copies of another flow's.
    /// Returns their number.
    pub(crate) fn withdraw(&mut self, slot: Slot) -> u32 {
        let flow = &mut self.flows[slot];
        let sent = std::mem::take(&mut flow.sent);
        let numbered = flow.number.take().is_some();
        if let Some((id, end)) = flow.server {
            let server = &mut self.servers[self.numbering.place(id)];
            server.flows = server.flows.saturating_sub(u32::from(numbered));
            let (down, up) = (&sent[usize::from(end)], &sent[usize::from(1 - end)]);
            server.counters.in_pkts = server.counters.in_pkts.saturating_sub(down.packets);
            server.counters.in_bytes = server.counters.in_bytes.saturating_sub(down.bytes);
            server.counters.out_pkts = server.counters.out_pkts.saturating_sub(up.packets);
            server.counters.out_bytes = server.counters.out_bytes.saturating_sub(up.bytes);
        }
        u32::try_from(sent[0].packets + sent[1].packets).unwrap_or(u32::MAX)
    }
}
