//! What a connection may use of the engine while it takes a packet.

use crate::bounded::clock_table::Slot;
use crate::classify::clients;
use crate::config::Config;
use crate::facts::annotation::ServerId;
use crate::facts::segment::{Kind, KindReason, Segment, Transport};
use crate::flows::key::End;
use crate::flows::registry::Registry;
use crate::packet::Stamp;
use crate::segments::table::SegmentTable;

/// What a connection says about one of its packets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// A request begins in it.
    pub(crate) request: bool,
    /// The segment whose bytes it carries.
    pub(crate) segment: Option<u32>,
    /// Framing in it was cut.
    pub(crate) truncated: bool,
}

/// What a connection may use of the engine while it takes a packet.
pub(crate) struct Context<'a> {
    pub(crate) config: &'a Config,
    pub(crate) registry: &'a mut Registry,
    pub(crate) segments: &'a mut SegmentTable,
    pub(crate) flow: Slot,
    /// The flow's client end.
    pub(crate) client: End,
}

impl Context<'_> {
    /// The server, once it is known to be Netflix's.
    pub(crate) fn server(&self) -> Option<ServerId> {
        self.registry.flow(self.flow).server.map(|(id, _)| id)
    }

    /// Notes that something passed which would be a segment's, were the server known to be Netflix's.
    pub(crate) fn pass_over(&mut self) {
        self.registry.flow_mut(self.flow).passed_over = true;
    }

    /// Opens a segment; `None` while the server is not known to be Netflix's.
    pub(crate) fn open(&mut self, stamp: Stamp, transport: Transport) -> Option<u32> {
        let Some(server) = self.server() else {
            self.pass_over();
            return None;
        };
        let number = self.segments.next_number();
        let row = self.registry.server_mut(server);
        row.segments += 1;
        let index = row.segments;
        let key = self.registry.key(self.flow);
        self.segments.push(Segment {
            number,
            index,
            previous: None,
            next: None,
            server,
            flow: self.registry.flow(self.flow).number.unwrap_or_default(),
            client: key.address(self.client),
            client_port: key.port(self.client),
            server_port: key.port(1 - self.client),
            transport,
            kind: Kind::Other,
            kind_reason: KindReason::Pending,
            request_frame: stamp.frame,
            first_frame: None,
            last_frame: None,
            t_request: stamp.time,
            t_first: None,
            t_last: None,
            pkts: 0,
            bytes: 0,
            app_bytes: 0,
            retransmitted_bytes: 0,
            missing_bytes: 0,
            size_error: 0,
            complete: false,
            estimated: false,
            shared: false,
            inferred: false,
        });
        clients::opened(number, self.config, self.registry, self.segments);
        Some(number)
    }

    /// Takes a segment without bytes out of the table; its number stays unused.
    pub(crate) fn withdraw(&mut self, number: u32) {
        let Some(segment) = self.segments.take(number) else {
            return;
        };
        let row = self.registry.server_mut(segment.server);
        row.segments = row.segments.saturating_sub(1);
    }

    /// Changes a segment's size, and its server's sum with it.
    pub(crate) fn resize(&mut self, number: u32, change: impl FnOnce(&mut Segment)) {
        let Some(segment) = self.segments.get_mut(number) else {
            return;
        };
        let before = segment.bytes;
        change(segment);
        let (after, server) = (segment.bytes, segment.server);
        let row = self.registry.server_mut(server);
        row.segment_bytes = (row.segment_bytes + after).saturating_sub(before);
    }
}
