//! What becomes of segments, packet by packet.

use std::net::IpAddr;

use crate::bounded::size;
use crate::config::Config;
use crate::engine::Engine;
use crate::packet::Time;

/// Something that happens to a segment at a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Happening {
    /// The request.
    Request,
    /// Its last byte comes.
    Completion { requested: Time, bytes: u64 },
}

/// A happening, where and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) frame: u64,
    pub(crate) time: Time,
    pub(crate) client: IpAddr,
    pub(crate) happening: Happening,
}

/// Events of the segments that a studied capture holds, in the order of its packets.
#[derive(Debug)]
pub(crate) struct Events {
    list: Vec<Event>,
    next: usize,
}

impl Events {
    /// Of the segments of the kinds that count. One that is still open at the end of the capture counts as complete if
    /// nothing of it came for some time; its size might be a part only else.
    pub(crate) fn of(outcome: &Engine) -> Self {
        let config = outcome.config();
        let end = outcome
            .servers()
            .map(|(_, server)| server.t_last)
            .max()
            .unwrap_or_default();
        let quiet = i64::try_from(config.segment_quiet())
            .unwrap_or(i64::MAX)
            .saturating_mul(1_000_000_000);
        let mut list = Vec::new();
        for segment in outcome.segments() {
            if !config.feature_kinds.contains(&segment.kind) {
                continue;
            }
            let (client, requested) = (segment.client, segment.t_request);
            let happening = Happening::Request;
            list.push(Event {
                frame: segment.request_frame,
                time: requested,
                client,
                happening,
            });
            let Some((frame, time)) = segment.last_frame.zip(segment.t_last) else {
                continue;
            };
            if segment.bytes > 0 && (segment.complete || end.since(time) >= quiet) {
                let happening = Happening::Completion {
                    requested,
                    bytes: segment.bytes,
                };
                list.push(Event {
                    frame,
                    time,
                    client,
                    happening,
                });
            }
        }
        // Stable: what happens at one packet stays in the order of the segments.
        list.sort_by_key(|event| event.frame);
        Self { list, next: 0 }
    }

    /// The most memory that it holds: a request and a completion of each segment, and as much again while they are sorted.
    pub(crate) fn bound(config: &Config) -> u64 {
        size::list::<Event>(config.max_segments().saturating_mul(2)).saturating_mul(2)
    }

    /// The next event up to a frame.
    pub(crate) fn up_to(&mut self, frame: u64) -> Option<Event> {
        let event = *self
            .list
            .get(self.next)
            .filter(|event| event.frame <= frame)?;
        self.next += 1;
        Some(event)
    }
}
