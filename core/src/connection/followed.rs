//! The flows whose contents are followed.

use std::collections::VecDeque;

use super::context::Context;
use super::quic::QuicSession;
use super::tcp::Connection;
use super::tcp::stream::Stream;
use crate::bounded::clock_table::{NONE, Slot};
use crate::bounded::size;
use crate::config::Config;
use crate::flows::key::End;

/// A TCP or a QUIC connection.
#[derive(Debug)]
#[allow(
    clippy::large_enum_variant,
    reason = "places are reused by either kind; a box would be made for each flow"
)]
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

    /// Memory behind it, in bytes.
    fn heap(&self) -> usize {
        match self {
            Self::Tcp(connection) => connection.heap(),
            Self::Quic(session) => session.heap(),
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

/// What a connection holds beside its streams, in bytes: two hellos, two heads of HTTP, a message of DNS and one more
/// packet, each in a list that may be twice as large.
const MOST_TALK: u64 = 1024 * 1024;

/// This share of all places is for connections that are over: packets of theirs may come late or again. TCP itself waits
/// for such for some minutes (TIME-WAIT, RFC 9293, section 3.6.1); with more, the oldest are let go of.
const OVER_SHARE: usize = 8;

/// What a free place may keep allocated for the next connection, in bytes.
const MOST_KEPT: usize = 4096;

/// Connections that are followed, in places that do not move.
#[derive(Debug)]
pub(crate) struct Connections {
    pub(crate) list: Vec<Followed>,
    free: Vec<Slot>,
    /// Places of connections that are over, and their flows, the latest last.
    over: VecDeque<(Slot, Slot)>,
    capacity: usize,
    hand: usize,
    /// By place: memory behind it when it was last weighed, in bytes.
    weights: Vec<usize>,
    /// The sum of these.
    weight: usize,
    most_weight: usize,
    heavy_hand: usize,
}

#[derive(Debug)]
pub(crate) struct Followed {
    /// The flow; `NONE` while the place is free.
    pub(crate) flow: Slot,
    pub(crate) used: bool,
    /// It stands in [`Connections::over`].
    listed: bool,
    pub(crate) session: Session,
}

impl Connections {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            list: Vec::new(),
            free: Vec::new(),
            over: VecDeque::new(),
            capacity: usize::try_from(config.max_connections()).unwrap_or(usize::MAX),
            hand: 0,
            weights: Vec::new(),
            weight: 0,
            most_weight: usize::try_from(config.connection_bytes()).unwrap_or(usize::MAX),
            heavy_hand: 0,
        }
    }

    /// The most memory that they hold, in bytes. Beyond what all may hold together, that of one may come, until others
    /// have made room for it.
    pub(crate) fn bound(config: &Config) -> u64 {
        let places = config.max_connections();
        let over = size::list::<(Slot, Slot)>(places / OVER_SHARE as u64 + 1);
        let lists = size::list::<Followed>(places)
            + size::list::<usize>(places)
            + size::list::<Slot>(places)
            + over;
        let stream = Stream::bound(config.reorder_bytes(), config.reorder_pieces());
        lists
            .saturating_add(config.connection_bytes())
            .saturating_add(2 * stream + MOST_TALK)
    }

    pub(crate) fn take(&mut self, flow: Slot, client: End, carrier: Carrier) -> Slot {
        if let Some(place) = self.free.pop() {
            let followed = &mut self.list[place as usize];
            followed.flow = flow;
            followed.used = true;
            followed.listed = false;
            match (&mut followed.session, carrier) {
                (Session::Tcp(connection), Carrier::Tcp(port)) => connection.reset(client, port),
                (session, _) => *session = new_session(client, carrier),
            }
            return place;
        }
        self.list.push(Followed {
            flow,
            used: true,
            listed: false,
            session: new_session(client, carrier),
        });
        self.weights.push(0);
        (self.list.len() - 1) as Slot
    }

    pub(crate) fn release(&mut self, place: Slot) {
        let followed = &mut self.list[place as usize];
        followed.flow = NONE;
        if followed.session.heap() > MOST_KEPT {
            followed.session = new_session(0, Carrier::Quic);
        }
        self.free.push(place);
        self.weigh(place);
    }

    /// Takes note that a connection is over; returns another that was for long, whose place can be given up.
    pub(crate) fn end(&mut self, place: Slot) -> Option<Slot> {
        let followed = &mut self.list[place as usize];
        if !std::mem::replace(&mut followed.listed, true) {
            self.over.push_back((place, followed.flow));
        }
        if self.over.len() <= self.capacity / OVER_SHARE {
            return None;
        }
        let (place, flow) = self.over.pop_front()?;
        let followed = &mut self.list[place as usize];
        if followed.flow != flow || !followed.listed {
            return None;
        }
        followed.listed =
            matches!(&followed.session, Session::Tcp(connection) if connection.is_over());
        followed.listed.then_some(place)
    }

    /// Memory behind all, in bytes.
    #[cfg(test)]
    pub(crate) const fn weight(&self) -> usize {
        self.weight
    }

    /// Takes note of the memory behind a connection; `true` if that of all is too much.
    pub(crate) fn weigh(&mut self, place: Slot) -> bool {
        let weight = &mut self.weights[place as usize];
        self.weight -= *weight;
        *weight = self.list[place as usize].session.heap();
        self.weight += *weight;
        self.weight > self.most_weight
    }

    /// The place that must be given up while the memory behind all is too much: one that holds more than its share, if
    /// possible not used lately, and not `spared`.
    pub(crate) fn heavy(&mut self, spared: Slot) -> Option<Slot> {
        if self.weight <= self.most_weight {
            return None;
        }
        let share = self.weight / self.list.len();
        for _ in 0..2 * self.list.len() {
            self.heavy_hand = (self.heavy_hand + 1) % self.list.len();
            let followed = &mut self.list[self.heavy_hand];
            if self.weights[self.heavy_hand] > share
                && followed.flow != NONE
                && self.heavy_hand != spared as usize
                && !std::mem::take(&mut followed.used)
            {
                return Some(self.heavy_hand as Slot);
            }
        }
        None
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
