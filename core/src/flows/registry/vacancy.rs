//! Room for servers: which of them goes when another is named and the table is full.
//!
//! What was seen at work outlives what was only named: names are forged with one packet each. A server that never had a
//! packet goes first, the one named longest ago. Its identifier is given to the next: no packet, flow or segment has it.

use super::Registry;
use super::claim::Reach;
use crate::facts::annotation::ServerId;
use crate::facts::counters::Counters;
use crate::facts::server::Server;
use crate::flows::key::HostKey;
use crate::flows::site::Site;

impl Registry {
    /// Returns the identifier that the next server gets; `None` if all were seen at work and there is no room.
    pub(crate) fn vacancy(&self) -> Option<ServerId> {
        if self.servers.len() < self.max_servers {
            return Some(self.servers.len() as ServerId);
        }
        self.claimed.front().copied()
    }

    /// Takes servers that had a packet since they were named from the front of those that would make room.
    #[cold]
    pub(super) fn pass_over_working(&mut self) {
        while let Some(&id) = self.claimed.front()
            && is_at_work(&self.servers[id as usize])
        {
            self.claimed.pop_front();
        }
    }

    /// Makes room for another server; returns its identifier.
    pub(super) fn vacate(&mut self) -> Option<ServerId> {
        let id = self.vacancy()?;
        if let Some(server) = self.servers.get(id as usize) {
            let key = HostKey::new(server.address);
            self.claimed.pop_front();
            self.pass_over_working();
            self.servers_dropped += 1;
            if let Some(host) = self.hosts.find(&key) {
                self.hosts[host].server = None;
            }
        }
        Some(id)
    }

    /// Puts a server where there is room for it.
    pub(super) fn settle_in(&mut self, id: ServerId, server: Server, reach: Reach) {
        if server.counters == Counters::default() {
            self.claimed.push_back(id);
        }
        match self.servers.get_mut(id as usize) {
            Some(place) => {
                *place = server;
                self.sites[id as usize] = Site::Unknown;
                self.reaches[id as usize] = reach;
            }
            None => {
                self.servers.push(server);
                self.sites.push(Site::Unknown);
                self.reaches.push(reach);
            }
        }
    }
}

/// Returns true if a server has a packet, or a flow that is about to bring one.
fn is_at_work(server: &Server) -> bool {
    server.counters != Counters::default() || server.flows > 0
}
