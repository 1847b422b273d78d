//! The flows whose contents are followed.

use crate::flow_key::End;
use crate::segment::connection::Connection;
use crate::segment::context::Context;
use crate::segment::quic_session::QuicSession;
use crate::table::{NONE, Slot};

/// A TCP or a QUIC connection.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "places are reused by either kind; a box would be made for each flow")]
pub(crate) enum Session {
    Tcp(Connection),
    Quic(QuicSession),
}

impl Session {
    /// The client's end of the flow.
    pub(crate) const fn client(&self) -> End {
        match self {
            Self::Tcp(connection) => connection.client,
            Self::Quic(session) => session.client,
        }
    }

    /// Ends it: a new connection has the same ports, or it makes room.
    pub(crate) fn close(&mut self, ctx: &mut Context<'_>, complete: bool) {
        match self {
            Self::Tcp(connection) => connection.close(ctx, complete),
            Self::Quic(session) => session.close(ctx, complete),
        }
    }
}

/// Which kind of [`Session`] to follow a flow by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Carrier {
    /// TCP, to this port of the server.
    Tcp(u16),
    Quic,
}

/// Netflix's connections passed over in search of another's; behind so many, nearly all there are must be Netflix's.
const MOST_SPARED: usize = 64;

/// Connections that are followed, in places that do not move.
#[derive(Debug)]
pub(crate) struct Connections {
    pub(crate) list: Vec<Followed>,
    free: Vec<Slot>,
    capacity: usize,
    hand: usize,
}

#[derive(Debug)]
pub(crate) struct Followed {
    /// The flow; `NONE` while the place is free.
    pub(crate) flow: Slot,
    pub(crate) used: bool,
    pub(crate) session: Session,
}

impl Connections {
    pub(crate) fn new(capacity: u64) -> Self {
        let capacity = usize::try_from(capacity).unwrap_or(usize::MAX);
        Self { list: Vec::new(), free: Vec::new(), capacity, hand: 0 }
    }

    pub(crate) fn take(&mut self, flow: Slot, client: End, carrier: Carrier) -> Slot {
        if let Some(place) = self.free.pop() {
            let followed = &mut self.list[place as usize];
            followed.flow = flow;
            followed.used = true;
            match (&mut followed.session, carrier) {
                (Session::Tcp(connection), Carrier::Tcp(port)) => connection.reset(client, port),
                (session, _) => *session = new_session(client, carrier),
            }
            return place;
        }
        self.list.push(Followed { flow, used: true, session: new_session(client, carrier) });
        (self.list.len() - 1) as Slot
    }

    pub(crate) fn release(&mut self, place: Slot) {
        self.list[place as usize].flow = NONE;
        self.free.push(place);
    }

    /// Lets go of a connection whose flow made room.
    pub(crate) fn evict(&mut self, place: Slot) {
        self.release(place);
    }

    /// The place that must be given up before another connection can be followed: not used lately, and not Netflix's
    /// as long as there are others.
    pub(crate) fn victim(&mut self, is_netflix: impl Fn(Slot) -> bool) -> Option<Slot> {
        if !self.free.is_empty() || self.list.len() < self.capacity {
            return None;
        }
        let mut spared = 0;
        for _ in 0..2 * self.list.len() {
            self.hand = (self.hand + 1) % self.list.len();
            let followed = &mut self.list[self.hand];
            if spared < MOST_SPARED && is_netflix(followed.flow) {
                spared += 1;
            } else if !std::mem::take(&mut followed.used) {
                return Some(self.hand as Slot);
            }
        }
        Some(self.hand as Slot)
    }
}

fn new_session(client: End, carrier: Carrier) -> Session {
    match carrier {
        Carrier::Tcp(port) => Session::Tcp(Connection::new(client, port)),
        Carrier::Quic => Session::Quic(QuicSession::new(client)),
    }
}
