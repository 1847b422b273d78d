//! Places of followed connections: which flow has which place, and which connection is evicted.

use super::Engine;
use crate::bounded::clock_table::{NONE, Slot};
use crate::connection::followed::Carrier;
use crate::flows::key::End;
use crate::packet::Time;

impl Engine {
    pub(super) fn renew(&mut self, slot: Slot, time: Time) {
        let connection = self.registry.flow(slot).connection;
        if connection != NONE && self.connections.list[connection as usize].flow == slot {
            self.close(slot, connection, true);
        }
        self.registry.renew(&self.config, slot, time);
    }

    /// Stops following a flow.
    pub(super) fn close(&mut self, slot: Slot, connection: Slot, complete: bool) {
        let client = self.connections.list[connection as usize].session.client();
        self.call(slot, client, |connections, _, ctx| {
            connections.list[connection as usize]
                .session
                .close(ctx, complete);
        });
        self.stop_following(slot, connection);
    }

    pub(super) fn stop_following(&mut self, slot: Slot, connection: Slot) {
        self.connections.release(connection);
        let flow = self.registry.flow_mut(slot);
        flow.connection = NONE;
        flow.passed_over = true;
    }

    /// Returns the place where a flow is followed, if it is. Starts over from here if the server
    /// turns out to be the end that looked like the client.
    #[inline]
    pub(super) fn place(&mut self, slot: Slot) -> Slot {
        let flow = self.registry.flow(slot);
        let (place, server) = (flow.connection, flow.server);
        if place != NONE && !self.connections.belongs(place, slot) {
            self.registry.flow_mut(slot).connection = NONE;
            return NONE;
        }
        if place != NONE
            && self.connections.list[place as usize].flow == slot
            && server.is_some_and(|(_, end)| {
                end == self.connections.list[place as usize].session.client()
            })
        {
            self.stop_following(slot, place);
            return NONE;
        }
        place
    }

    pub(super) fn open_connection(&mut self, slot: Slot, client: End, carrier: Carrier) -> Slot {
        if let Some(victim) = self
            .connections
            .victim(|flow| self.registry.flow(flow).server.is_some())
        {
            let owner = self.connections.list[victim as usize].flow;
            self.close(owner, victim, false);
            self.stats.connections_evicted += 1;
        }
        let place = self.connections.take(slot, client, carrier);
        self.place_at(slot, place, client);
        place
    }

    /// Records the place where a flow is followed.
    pub(super) fn place_at(&mut self, slot: Slot, place: Slot, client: End) {
        let flow = self.registry.flow_mut(slot);
        flow.connection = place;
        flow.client = Some(client);
        flow.over = false;
    }

    /// Evicts connections that hold much, if all together hold too much, after a packet of the one
    /// at `place`.
    pub(super) fn relieve(&mut self, place: Slot) {
        if self.connections.weigh(place) {
            self.make_room(place);
        }
    }

    /// Evicts connections that hold much, except `place`, until all together are within the limit.
    pub(super) fn make_room(&mut self, place: Slot) {
        while let Some(victim) = self.connections.heavy(place) {
            let owner = self.connections.list[victim as usize].flow;
            self.close(owner, victim, false);
            self.stats.connections_evicted += 1;
        }
    }
}
