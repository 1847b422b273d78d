//! The state of a flow and of an address.

use std::sync::Arc;

use crate::bounded::clock_table::{NONE, Slot};
use crate::facts::annotation::ServerId;
use crate::facts::counters::Counters;
use crate::facts::server::EvidenceKind;
use crate::flows::copies::WATCHED;
use crate::flows::key::End;
use crate::packet::Time;

/// Counters of one end's packets.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sent {
    pub(super) packets: u64,
    pub(super) bytes: u64,
}

/// The state of a flow.
#[derive(Debug)]
pub(crate) struct Flow {
    /// Number in order of appearance; `None` for traffic without ports.
    pub(crate) number: Option<u32>,
    /// The Netflix end, if one is.
    pub(crate) server: Option<(ServerId, End)>,
    /// The place where its contents are followed.
    pub(crate) connection: Slot,
    /// The contents were looked at and say nothing about who it is.
    pub(crate) identified_or_given_up: bool,
    /// Sequence number of the SYN that opened it.
    pub(crate) opened_by: Option<u32>,
    /// The end that it was last followed as the client's.
    pub(crate) client: Option<End>,
    /// Something that would belong to segments passed before it was known to be Netflix's.
    pub(crate) passed_over: bool,
    /// The connection is over, and not followed any more.
    pub(crate) over: bool,
    /// It is a path of a Multipath TCP connection, whose data may come by several.
    pub(crate) has_paths: bool,
    /// Packets that are still looked at for copies, and one more.
    pub(crate) watch: u8,
    /// True while packets are given a second time.
    pub(super) replayed: bool,
    /// Copies of its packets.
    pub(super) copies: u32,
    /// Per end: the scope of its last packet that had tags, as few bits; and how often these changed.
    pub(super) scopes: [u16; 2],
    pub(super) scope_changes: u8,
    /// The end that opened it, if that was seen.
    pub(crate) opener: Option<End>,
    /// The evidence of its own by which it is Netflix's.
    pub(crate) own: Option<EvidenceKind>,
    /// The name that it gave, one of its server's.
    pub(crate) own_name: Option<Arc<str>>,
    /// The user's own ranges say that its server is Netflix's.
    pub(crate) is_firm: bool,
    /// True if its own evidence names another service.
    pub(crate) is_foreign: bool,
    pub(super) sent: [Sent; 2],
    pub(super) t_first: Time,
    pub(super) t_last: Time,
    pub(super) hosts: [Slot; 2],
    /// Per end: neighbours in the list of the host's flows.
    pub(super) previous: [Slot; 2],
    pub(super) next: [Slot; 2],
}

impl Flow {
    /// A flow of which nothing was seen yet.
    pub(super) fn new(hosts: [Slot; 2], time: Time) -> Self {
        Self {
            number: None,
            server: None,
            connection: NONE,
            identified_or_given_up: false,
            opened_by: None,
            client: None,
            passed_over: false,
            over: false,
            has_paths: false,
            watch: WATCHED + 1,
            replayed: false,
            copies: 0,
            scopes: [0; 2],
            scope_changes: 0,
            opener: None,
            own: None,
            own_name: None,
            is_firm: false,
            is_foreign: false,
            sent: Default::default(),
            t_first: time,
            t_last: time,
            hosts,
            previous: [NONE; 2],
            next: [NONE; 2],
        }
    }

    /// Returns true if all that passed of it was followed as if `server` had been known to be
    /// Netflix's from the start.
    pub(super) const fn is_whole(&self, server: End) -> bool {
        match self.client {
            Some(client) => {
                !self.passed_over && (self.connection != NONE || self.over) && client != server
            }
            // Only TCP and UDP are followed.
            None => self.number.is_none(),
        }
    }

    /// The latest time of its packets.
    pub(crate) const fn seen_until(&self) -> Time {
        self.t_last
    }

    /// Counters seen from the client, with `server` as the Netflix end.
    #[must_use]
    pub(crate) const fn counters(&self, server: End) -> Counters {
        let (down, up) = (&self.sent[server as usize], &self.sent[1 - server as usize]);
        Counters {
            in_pkts: down.packets,
            out_pkts: up.packets,
            in_bytes: down.bytes,
            out_bytes: up.bytes,
        }
    }
}

/// The state of an address.
#[derive(Debug)]
pub(super) struct Host {
    pub(super) server: Option<ServerId>,
    pub(super) first_flow: Slot,
    /// Counted by flows that are no longer held: sent by this address, sent to it.
    pub(super) past: [Sent; 2],
    pub(super) past_flows: u32,
    /// First and last packet of those.
    pub(super) t_first: Time,
    pub(super) t_last: Time,
    /// Would be a server, had there been room.
    pub(super) refused: bool,
    /// The device opens connections.
    pub(super) is_client: bool,
}

impl Host {
    /// An address of which nothing is known yet.
    pub(super) fn new() -> Self {
        Self {
            server: None,
            first_flow: NONE,
            past: Default::default(),
            past_flows: 0,
            t_first: Time(i64::MAX),
            t_last: Time(i64::MIN),
            refused: false,
            is_client: false,
        }
    }
}
