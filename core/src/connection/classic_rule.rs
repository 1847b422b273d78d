//! The classic rule, as it is taught: per server address, any uplink TCP packet with payload starts
//! a segment, every downlink TCP payload byte of that address is added to it, and a segment without
//! downlink payload is dropped.

use super::context::{Context, Outcome};
use crate::bounded::numbering::Numbering;
use crate::bounded::size;
use crate::config::Config;
use crate::facts::segment::{Segment, Transport};
use crate::packet::Stamp;
use crate::segments::table::SegmentTable;
use crate::wire::decode::Tcp;

/// The open segment of each server, by server id.
#[derive(Debug, Default)]
pub(crate) struct Classic {
    open: Vec<Option<u32>>,
}

impl Classic {
    /// Returns the most memory that it holds, in bytes.
    pub(crate) fn bound(config: &Config) -> u64 {
        size::list::<Option<u32>>(config.max_servers())
    }

    /// Processes a packet of a server's TCP flow.
    pub(crate) fn packet(
        &mut self,
        tcp: &Tcp<'_>,
        from_client: bool,
        stamp: Stamp,
        ctx: &mut Context<'_>,
    ) -> Outcome {
        let Some(server) = ctx.server() else {
            return Outcome::default();
        };
        let length = u64::from(tcp.payload_length);
        if length == 0 {
            return Outcome {
                truncated: tcp.header_truncated,
                ..Outcome::default()
            };
        }
        // If several servers had the same place one after the other, only the last may have a
        // segment.
        let server = Numbering::of(ctx.config.max_servers()).place(server);
        if self.open.len() <= server {
            self.open.resize(server + 1, None);
        }
        if from_client {
            self.request(server, stamp, ctx);
        } else if let Some(number) = self.open[server] {
            ctx.resize(number, |segment| receive(segment, length, stamp));
        }
        Outcome {
            request: from_client,
            segment: self.open[server],
            truncated: tcp.header_truncated,
        }
    }

    fn request(&mut self, server: usize, stamp: Stamp, ctx: &mut Context<'_>) {
        if let Some(number) = self.open[server] {
            let (client, client_port, server_port) = (
                ctx.key.address(ctx.client),
                ctx.key.port(ctx.client),
                ctx.key.port(1 - ctx.client),
            );
            let Some(segment) = ctx.segments.get_mut(number) else {
                self.open[server] = ctx.open(stamp, Transport::Tcp);
                return;
            };
            if segment.bytes == 0 {
                // The earlier request got no answer and is dropped: this one takes its place and
                // its number.
                (segment.flow, segment.client, segment.client_port) =
                    (ctx.number.unwrap_or_default(), client, client_port);
                (
                    segment.server_port,
                    segment.request_frame,
                    segment.t_request,
                ) = (server_port, stamp.frame, stamp.time);
                return;
            }
            segment.complete = true;
        }
        self.open[server] = ctx.open(stamp, Transport::Tcp);
    }

    /// Drops the segments that got no answer before the capture ended.
    pub(crate) fn finish(&mut self, segments: &mut SegmentTable) {
        for open in &mut self.open {
            if let Some(number) = *open
                && segments
                    .get(number)
                    .is_some_and(|segment| segment.bytes == 0)
            {
                segments.withdraw(number);
                *open = None;
            }
        }
    }
}

fn receive(segment: &mut Segment, length: u64, stamp: Stamp) {
    segment.bytes += length;
    segment.app_bytes = segment.bytes;
    segment.pkts += 1;
    if segment.first_frame.is_none() {
        (segment.first_frame, segment.t_first) = (Some(stamp.frame), Some(stamp.time));
    }
    (segment.last_frame, segment.t_last) = (Some(stamp.frame), Some(stamp.time));
}
