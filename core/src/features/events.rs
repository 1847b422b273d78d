//! Events of segments by packet, and the servers that send video: what windows need to know from
//! the whole capture.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;

use crate::bounded::size;
use crate::config::Config;
use crate::engine::Engine;
use crate::facts::segment::Segment;
use crate::packet::{Time, from_seconds};

/// An event of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Happening {
    /// The request.
    Request,
    /// The last byte arrived.
    Completion { requested: Time, bytes: u64 },
}

/// An event with its place and time.
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
    /// Returns the next event before a frame.
    pub(crate) fn before(&mut self, frame: u64) -> Option<SegmentEvent> {
        let event = *self
            .list
            .get(self.next)
            .filter(|event| event.frame < frame)?;
        self.next += 1;
        Some(event)
    }
}

/// Facts about a whole capture that its windows need.
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

    /// Returns the most memory that it holds: a request and a completion per segment, and as much
    /// again while they are sorted.
    pub(crate) fn bound(config: &Config) -> u64 {
        size::list::<SegmentEvent>(config.max_segments().saturating_mul(2))
            .saturating_mul(2)
            .saturating_add(size::list::<[IpAddr; 2]>(config.max_servers()).saturating_mul(2))
    }

    /// Returns the events of a client.
    pub(crate) fn events(&mut self, client: &IpAddr) -> Option<&mut Queue> {
        self.events.get_mut(client)
    }

    /// Drops the events that nobody took, and returns their number.
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

/// Returns the request of a segment, and its completion if it has one. A segment that is still open
/// at `end` counts as complete if nothing of it came for `quiet` nanoseconds; otherwise its size
/// may be partial.
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

/// Returns the silence after which a response is complete, in nanoseconds.
pub(crate) fn quiet(config: &Config) -> i64 {
    from_seconds(config.segment_quiet())
}

/// Returns the events of the segments whose kinds count, by client.
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
    // A stable sort keeps events of one packet in the order of their segments.
    for queue in all.values_mut() {
        queue.list.sort_by_key(|event| event.frame);
    }
    all
}
