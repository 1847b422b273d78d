//! The course of segments, packet by packet, and which servers send video: what a studied capture tells of its windows.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;

use crate::bounded::size;
use crate::config::Config;
use crate::engine::Engine;
use crate::facts::segment::Segment;
use crate::packet::{Time, from_seconds};

/// Something that happens to a segment at a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Happening {
    /// The request.
    Request,
    /// The last byte comes.
    Completion { requested: Time, bytes: u64 },
}

/// A happening, where and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SegmentEvent {
    pub(crate) frame: u64,
    pub(crate) time: Time,
    pub(crate) happening: Happening,
}

impl SegmentEvent {
    pub(crate) const fn is_completion(&self) -> bool {
        matches!(self.happening, Happening::Completion { .. })
    }
}

/// Events of a client, in the order of packets.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    list: Vec<SegmentEvent>,
    next: usize,
}

impl Queue {
    /// The next event before a frame.
    pub(crate) fn before(&mut self, frame: u64) -> Option<SegmentEvent> {
        let event = *self
            .list
            .get(self.next)
            .filter(|event| event.frame < frame)?;
        self.next += 1;
        Some(event)
    }
}

/// Facts of a whole capture about its windows.
#[derive(Debug)]
pub(crate) struct CaptureFacts {
    events: HashMap<IpAddr, Queue>,
    video_servers: HashSet<IpAddr>,
}

impl CaptureFacts {
    pub(crate) fn of(outcome: &Engine) -> Self {
        let servers = outcome.servers().map(|(_, server)| server);
        let of_video = servers.filter(|server| server.role.sends_video());
        Self {
            events: events(outcome),
            video_servers: of_video.map(|server| server.address).collect(),
        }
    }

    /// The most memory that it holds: a request and a completion of each segment, and as much again while they are sorted.
    pub(crate) fn bound(config: &Config) -> u64 {
        size::list::<SegmentEvent>(config.max_segments().saturating_mul(2))
            .saturating_mul(2)
            .saturating_add(size::list::<[IpAddr; 2]>(config.max_servers()).saturating_mul(2))
    }

    /// Events of a client.
    pub(crate) fn events(&mut self, client: &IpAddr) -> Option<&mut Queue> {
        self.events.get_mut(client)
    }

    /// Events that nobody took, which are forgotten.
    pub(crate) fn rest(&mut self) -> u64 {
        let left = |queue: &Queue| (queue.list.len() - queue.next) as u64;
        let rest = self.events.values().map(left).sum();
        self.events.clear();
        rest
    }

    pub(crate) fn sends_video(&self, server: &IpAddr) -> bool {
        self.video_servers.contains(server)
    }
}

/// Returns the request of a segment, and its completion if it has one. A segment that is still open at `end` counts as complete
/// if nothing of it came for `quiet` nanoseconds; its size might be a part only else.
pub(crate) fn happenings(
    segment: &Segment,
    end: Time,
    quiet: i64,
) -> (SegmentEvent, Option<SegmentEvent>) {
    let requested = segment.t_request;
    let request = SegmentEvent {
        frame: segment.request_frame,
        time: requested,
        happening: Happening::Request,
    };
    let completion = segment.last_frame.zip(segment.t_last);
    let completion = completion
        .filter(|(_, time)| segment.bytes > 0 && (segment.complete || end.since(*time) >= quiet))
        .map(|(frame, time)| SegmentEvent {
            frame,
            time,
            happening: Happening::Completion {
                requested,
                bytes: segment.bytes,
            },
        });
    (request, completion)
}

/// Silence after which a response is complete, in nanoseconds.
pub(crate) fn quiet(config: &Config) -> i64 {
    from_seconds(config.segment_quiet())
}

/// Events of the segments of the kinds that count, by client.
fn events(outcome: &Engine) -> HashMap<IpAddr, Queue> {
    let config = outcome.config();
    let end = outcome
        .servers()
        .map(|(_, server)| server.t_last)
        .max()
        .unwrap_or_default();
    let quiet = quiet(config);
    let mut all: HashMap<IpAddr, Queue> = HashMap::new();
    for segment in outcome.segments() {
        if !config.feature_kinds.contains(&segment.kind) {
            continue;
        }
        let list = &mut all.entry(segment.client).or_default().list;
        let (request, completion) = happenings(segment, end, quiet);
        list.push(request);
        list.extend(completion);
    }
    // Stable: what happens at one packet stays in the order of the segments.
    for queue in all.values_mut() {
        queue.list.sort_by_key(|event| event.frame);
    }
    all
}
