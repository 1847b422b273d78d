//! A window's bytes by server, kept until it is known which servers send video.

use std::net::IpAddr;

use smallvec::SmallVec;

use super::carriage::Carried;
use crate::wire::decode::IpPayload;

/// Totals exchanged between one server and the client in a window.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Share {
    /// The server; `None` for all servers already known to send video.
    pub(crate) server: Option<IpAddr>,
    /// Bytes: down, up.
    pub(crate) bytes: [u64; 2],
    pub(crate) carried: Carried,
}

/// The shares of a window, by server.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Shares {
    list: SmallVec<[Share; 2]>,
    /// Index of the share used last: packets come in trains.
    latest: usize,
    packets: u64,
}

impl Shares {
    /// Servers tracked separately per window. A Netflix client uses about five at once.
    pub(crate) const MOST: usize = 16;

    /// Counts a packet. Returns false if there was no room for another server.
    pub(crate) fn packet(
        &mut self,
        server: Option<IpAddr>,
        is_down: bool,
        length: u32,
        transport: &IpPayload<'_>,
    ) -> bool {
        self.packets += 1;
        let is_latest = self
            .list
            .get(self.latest)
            .is_some_and(|share| share.server == server);
        if !is_latest {
            let found = self.list.iter().position(|share| share.server == server);
            if found.is_none() && self.list.len() == Self::MOST {
                return false;
            }
            self.latest = found.unwrap_or_else(|| {
                self.list.push(Share {
                    server,
                    bytes: [0; 2],
                    carried: Carried::default(),
                });
                self.list.len() - 1
            });
        }
        let share = &mut self.list[self.latest];
        share.bytes[usize::from(!is_down)] += u64::from(length);
        share.carried.packet(transport, length, self.packets);
        true
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Share> {
        self.list.iter()
    }

    /// Returns the most memory of a list besides the struct itself.
    pub(crate) const fn bound() -> u64 {
        (Self::MOST * size_of::<Share>()) as u64
    }
}
