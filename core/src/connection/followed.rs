//! The flows whose contents are followed.

use std::collections::VecDeque;
use std::net::IpAddr;

use super::context::Context;
use super::quic::QuicSession;
use super::tcp::Connection;
use crate::bounded::by_weight::{ByWeight, Standing};
use crate::bounded::clock_table::{NONE, Slot};
use crate::bounded::{size, work};
use crate::config::Config;
use crate::flows::key::End;

/// A TCP or a QUIC connection.
#[derive(Debug)]
#[allow(
    clippy::large_enum_variant,
    reason = "places are reused by either kind; a box would be made for each flow"
)]
pub(crate) enum AnyConnection {
    Tcp(Connection),
    Quic(QuicSession),
}

impl AnyConnection {
    /// Returns the client's end of the flow.
    pub(crate) const fn client(&self) -> End {
        match self {
            Self::Tcp(connection) => connection.client,
            Self::Quic(session) => session.client,
        }
    }

    /// Returns the client's address at the start, if it has changed since.
    pub(crate) const fn began_at(&self) -> Option<IpAddr> {
        match self {
            Self::Tcp(_) => None,
            Self::Quic(session) => session.began_at,
        }
    }

    /// Returns the heap memory of the connection, in bytes.
    fn heap(&self) -> usize {
        match self {
            Self::Tcp(connection) => connection.heap(),
            Self::Quic(session) => session.heap(),
        }
    }

    /// Returns true if a segment's request was seen on the connection.
    const fn has_asked(&self) -> bool {
        match self {
            Self::Tcp(connection) => connection.has_asked(),
            Self::Quic(session) => session.has_asked(),
        }
    }

    /// Ends the connection: a new one has the same ports, or this one is evicted.
    pub(crate) fn close(&mut self, ctx: &mut Context<'_>, complete: bool) {
        match self {
            Self::Tcp(connection) => connection.close(ctx, complete),
            Self::Quic(session) => session.close(ctx, complete),
        }
    }
}

/// The kind of [`AnyConnection`] with which to follow a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Carrier {
    /// TCP, to this server port.
    Tcp(u16),
    Quic,
}

/// Netflix connections skipped in search of another service's. After this many, nearly all must be
/// Netflix.
const MOST_SPARED: usize = 64;

/// Most times that a connection may return to the port it came from. Two connections taken for one
/// alternate with every packet.
const MOST_RETURNS: u8 = 8;

/// One in this many places is for connections that are over, because their packets may come late or
/// again. TCP itself waits for such packets for some minutes (TIME-WAIT, RFC 9293, section 3.6.1).
/// If there are more, the oldest are dropped.
const OVER_SHARE: usize = 8;

/// Memory that a free place may keep for its next connection, in bytes.
const MOST_KEPT: usize = 4096;

/// Followed connections, in places that do not move.
#[derive(Debug)]
pub(crate) struct Connections {
    pub(crate) list: Vec<Followed>,
    free: Vec<Slot>,
    /// Places of connections that are over, and their flows, the latest last.
    over: VecDeque<(Slot, Slot)>,
    capacity: usize,
    hand: usize,
    /// Memory of each place when it was last weighed, in bytes.
    weights: ByWeight,
    most_weight: usize,
}

#[derive(Debug)]
pub(crate) struct Followed {
    /// The flow; `NONE` while the place is free.
    pub(crate) flow: Slot,
    /// The flow that the connection moved here from, from another address or port; `NONE` if it did
    /// not move.
    pub(crate) former: Slot,
    /// Number of times that the connection moved back there.
    returns: u8,
    pub(crate) used: bool,
    /// True if the place is in [`Connections::over`].
    listed: bool,
    pub(crate) session: AnyConnection,
}

impl Connections {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            list: Vec::new(),
            free: Vec::new(),
            over: VecDeque::new(),
            capacity: usize::try_from(config.max_connections()).unwrap_or(usize::MAX),
            hand: 0,
            weights: ByWeight::new(),
            most_weight: usize::try_from(config.connection_bytes()).unwrap_or(usize::MAX),
        }
    }

    /// Returns the most memory that they hold, in bytes. One connection may exceed the common limit
    /// until others are evicted.
    pub(crate) fn bound(config: &Config) -> u64 {
        let places = config.max_connections();
        let over = size::list::<(Slot, Slot)>(places / OVER_SHARE as u64 + 1);
        let lists = size::list::<Followed>(places)
            + ByWeight::bound(places)
            + size::list::<Slot>(places)
            + over;
        lists
            .saturating_add(config.connection_bytes())
            .saturating_add(Connection::bound(config).max(QuicSession::BOUND))
    }

    pub(crate) fn take(&mut self, flow: Slot, client: End, carrier: Carrier) -> Slot {
        if let Some(place) = self.free.pop() {
            let followed = &mut self.list[place as usize];
            followed.flow = flow;
            (followed.former, followed.returns) = (NONE, 0);
            followed.used = true;
            followed.listed = false;
            match (&mut followed.session, carrier) {
                // The capacity of its lists is reused, so a new connection allocates nothing.
                (AnyConnection::Tcp(connection), Carrier::Tcp(port)) => {
                    connection.reset(client, port)
                }
                (session, _) => *session = new_session(client, carrier),
            }
            self.weigh(place);
            return place;
        }
        self.list.push(Followed {
            flow,
            former: NONE,
            returns: 0,
            used: true,
            listed: false,
            session: new_session(client, carrier),
        });
        self.weights.push();
        (self.list.len() - 1) as Slot
    }

    pub(crate) fn release(&mut self, place: Slot) {
        let followed = &mut self.list[place as usize];
        (followed.flow, followed.former) = (NONE, NONE);
        // Little is kept for the next connection, so that free places do not hold memory that
        // others need.
        if followed.session.heap() > MOST_KEPT {
            followed.session = new_session(0, Carrier::Quic);
        }
        self.free.push(place);
        self.weigh(place);
    }

    /// Marks a connection as over. Returns the place of another that ended long ago and can be
    /// freed.
    pub(crate) fn end(&mut self, place: Slot) -> Option<Slot> {
        let followed = &mut self.list[place as usize];
        if !std::mem::replace(&mut followed.listed, true) {
            self.over.push_back((place, followed.flow));
        }
        // The place stays for a while, because retransmissions at the end of a connection belong to
        // its segment.
        if self.over.len() <= self.capacity / OVER_SHARE {
            return None;
        }
        let (place, flow) = self.over.pop_front()?;
        let followed = &mut self.list[place as usize];
        // The ports were used again, or the connection was evicted: the entry is outdated.
        if followed.flow != flow || !followed.listed {
            return None;
        }
        followed.listed =
            matches!(&followed.session, AnyConnection::Tcp(connection) if connection.is_over());
        followed.listed.then_some(place)
    }

    /// Returns the memory of all connections, in bytes.
    #[cfg(test)]
    pub(crate) const fn weight(&self) -> usize {
        self.weights.total()
    }

    /// Leaves this much of the connections' memory to others, for good.
    pub(crate) const fn leave_room(&mut self, bytes: usize) {
        self.most_weight = self.most_weight.saturating_sub(bytes);
    }

    /// Updates the memory of a connection. Returns true if all together hold too much.
    pub(crate) fn weigh(&mut self, place: Slot) -> bool {
        let followed = &self.list[place as usize];
        let standing = match &followed.session {
            // A connection that did work outlives one that was only opened, however much both hold:
            // handshakes alone are cheap to forge.
            _ if followed.flow == NONE => Standing::Free,
            session if session.has_asked() => Standing::Working,
            _ => Standing::Idle,
        };
        self.weights.set(place, followed.session.heap(), standing);
        self.weights.total() > self.most_weight
    }

    /// Returns the place to free next while all together hold too much: one of those that hold
    /// most, but not `spared`. `None` once enough is free. Memory kept in free places goes first.
    ///
    /// Each call frees one connection or empties one free place, so those that filled them pay for
    /// the work.
    pub(crate) fn heavy(&mut self, spared: Slot) -> Option<Slot> {
        while self.weights.total() > self.most_weight {
            work::count(1);
            let place = self.weights.heaviest(spared)?;
            let followed = &mut self.list[place as usize];
            // The caller closes it first, so that its segments end as incomplete and not silently.
            if followed.flow != NONE {
                return Some(place);
            }
            followed.session = new_session(0, Carrier::Quic);
            self.weigh(place);
        }
        None
    }

    /// Drops a connection whose flow was evicted. If the connection had only come from that flow,
    /// it stays.
    pub(crate) fn evict(&mut self, flow: Slot, place: Slot) {
        let followed = &mut self.list[place as usize];
        if followed.flow == flow {
            self.release(place);
        } else if followed.former == flow {
            followed.former = NONE;
        }
    }

    /// Returns true if a flow is followed at this place, or was until its connection moved.
    pub(crate) fn belongs(&self, place: Slot, flow: Slot) -> bool {
        let followed = &self.list[place as usize];
        followed.flow == flow || followed.former == flow
    }

    /// Records that a connection continues in another flow. Returns false if it has moved to and
    /// fro too often to be one connection.
    pub(crate) fn moves(&mut self, place: Slot, flow: Slot) -> bool {
        let followed = &mut self.list[place as usize];
        if followed.former == flow {
            // A client that roams comes back now and then; two clients taken for one alternate.
            followed.returns += 1;
            if followed.returns > MOST_RETURNS {
                followed.former = NONE;
                return false;
            }
        }
        followed.former = std::mem::replace(&mut followed.flow, flow);
        true
    }

    /// Returns the place to free before another connection can be followed: one not used lately,
    /// and not Netflix as long as there are others. Of Netflix connections, one without a request
    /// goes before those with one.
    pub(crate) fn victim(&mut self, is_netflix: impl Fn(Slot) -> bool) -> Option<Slot> {
        if !self.free.is_empty() || self.list.len() < self.capacity {
            return None;
        }
        let mut spared = 0;
        let mut without_request = None;
        // Goes around twice: the first round clears the marks of recent use.
        for _ in 0..2 * self.list.len() {
            work::count(1);
            self.hand = (self.hand + 1) % self.list.len();
            let followed = &mut self.list[self.hand];
            let is_last = spared >= MOST_SPARED;
            // Nearly all are Netflix: searching on would cost each new flow a round through all of
            // them.
            if is_last && without_request.is_some() {
                return without_request;
            }
            if !is_last && is_netflix(followed.flow) {
                spared += 1;
                if !followed.session.has_asked() && !std::mem::take(&mut followed.used) {
                    without_request.get_or_insert(self.hand as Slot);
                }
            } else if !std::mem::take(&mut followed.used) {
                return Some(self.hand as Slot);
            }
        }
        Some(self.hand as Slot)
    }
}

fn new_session(client: End, carrier: Carrier) -> AnyConnection {
    match carrier {
        Carrier::Tcp(port) => AnyConnection::Tcp(Connection::new(client, port)),
        Carrier::Quic => AnyConnection::Quic(QuicSession::new(client)),
    }
}
