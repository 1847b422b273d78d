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
    /// The Netflix end, if there is one.
    pub(crate) server: Option<(ServerId, End)>,
    /// The place where its contents are followed.
    pub(crate) connection: Slot,
    /// True if the contents were read and do not show who it is.
    pub(crate) identified_or_given_up: bool,
    /// Sequence number of the SYN that opened it.
    pub(crate) opened_by: Option<u32>,
    /// The end that was last followed as the client's.
    pub(crate) client: Option<End>,
    /// True if something that belongs to segments passed before the flow was known to be Netflix.
    pub(crate) passed_over: bool,
    /// True if the connection is over and no longer followed.
    pub(crate) over: bool,
    /// True if it is a path of a Multipath TCP connection, whose data may come over several.
    pub(crate) has_paths: bool,
    /// Number of packets still to be examined for copies, plus one.
    pub(crate) watch: u8,
    /// True while its packets come a second time.
    pub(super) replayed: bool,
    /// Number of copies of its packets.
    pub(super) copies: u32,
    /// Per end: the scope of its last tagged packet in a few bits, and the number of changes.
    pub(super) scopes: [u16; 2],
    pub(super) scope_changes: u8,
    /// The end that opened it, if that was seen.
    pub(crate) opener: Option<End>,
    /// Its own evidence, if that identifies it as Netflix.
    pub(crate) own: Option<EvidenceKind>,
    /// The name in that evidence, one of its server's names.
    pub(crate) own_name: Option<Arc<str>>,
    /// True if the user's own ranges include its server.
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
    /// Creates a flow without packets.
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

    /// Returns true if all its packets so far were followed as if `server` had been known to be
    /// Netflix from the start.
    pub(super) const fn is_whole(&self, server: End) -> bool {
        match self.client {
            Some(client) => {
                !self.passed_over && (self.connection != NONE || self.over) && client != server
            }
            // Only TCP and UDP are followed.
            None => self.number.is_none(),
        }
    }

    /// Returns the time of its first packet.
    pub(crate) const fn seen_from(&self) -> Time {
        self.t_first
    }

    /// Returns the latest time of its packets.
    pub(crate) const fn seen_until(&self) -> Time {
        self.t_last
    }

    /// Returns the counters as seen from the client, with `server` as the Netflix end.
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
    /// Counts of flows that are no longer held: sent by this address, sent to it.
    pub(super) past: [Sent; 2],
    pub(super) past_flows: u32,
    /// First and last packet of these flows.
    pub(super) t_first: Time,
    pub(super) t_last: Time,
    /// True if the address would be a server had there been room.
    pub(super) refused: bool,
    /// True if the device opens connections.
    pub(super) is_client: bool,
    /// True if a clear connection to it began with another service and was given up, which would
    /// have been watched had the address been known to be Netflix's.
    pub(super) has_unwatched: bool,
}

impl Host {
    /// Creates an address without any evidence.
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
            has_unwatched: false,
        }
    }
}
