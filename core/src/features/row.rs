//! One window of one session in numbers.

use std::net::IpAddr;

use smallvec::SmallVec;

use super::played::Played;
use crate::facts::segment::Transport;
use crate::packet::{Time, seconds};

/// Statistics of a quantity over packets; `None` without values. Skewness and kurtosis are also
/// `None` if all values are equal.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Shape {
    pub(crate) mean: Option<f64>,
    pub(crate) median: Option<f64>,
    pub(crate) minimum: Option<f64>,
    pub(crate) maximum: Option<f64>,
    pub(crate) deviation: Option<f64>,
    pub(crate) skewness: Option<f64>,
    pub(crate) kurtosis: Option<f64>,
}

/// Statistics of a quantity over segments; `None` without values.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Statistics {
    pub(crate) mean: Option<f64>,
    pub(crate) deviation: Option<f64>,
    pub(crate) minimum: Option<f64>,
    pub(crate) maximum: Option<f64>,
    /// In the order of [`Statistics::PERCENTILES`].
    pub(crate) percentiles: [Option<f64>; 4],
}

impl Statistics {
    pub(crate) const PERCENTILES: [f64; 4] = [50.0, 75.0, 85.0, 90.0];
}

/// Packets with each TCP control bit set.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Flags {
    pub(crate) ack: u64,
    pub(crate) fin: u64,
    pub(crate) psh: u64,
    pub(crate) rst: u64,
    pub(crate) syn: u64,
    pub(crate) urg: u64,
}

/// Counters of one direction's packets.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Counts {
    pub(crate) packets: u64,
    pub(crate) bytes: u64,
    /// Bytes of these packets from or to servers that send video.
    pub(crate) video_bytes: u64,
    /// Payload bytes, each counted once.
    pub(crate) new_bytes: u64,
    pub(crate) flags: Flags,
    /// Packets with payload, by how often some byte of it had been sent before: never, once, twice,
    /// more often.
    pub(crate) repeated: [u64; 4],
    pub(crate) out_of_order_packets: u64,
    pub(crate) out_of_order_bytes: u64,
}

/// Totals of one direction.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct DirectionTotals {
    pub(crate) counts: Counts,
    pub(crate) bytes_per_packet: Shape,
    pub(crate) inter_arrival: Shape,
    pub(crate) in_flight: Shape,
    pub(crate) repetitions: Shape,
    pub(crate) receive_window: Shape,
}

/// Counters of the window.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct WindowCounters {
    pub(crate) down: DirectionTotals,
    pub(crate) up: DirectionTotals,
    pub(crate) flows: u64,
    pub(crate) round_trip: Shape,
    pub(crate) requests: u64,
    pub(crate) completions: u64,
    pub(crate) request_gaps: Statistics,
    pub(crate) completion_gaps: Statistics,
}

/// The latest segment that completed.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Latest {
    pub(crate) requested: Time,
    pub(crate) completed: Time,
    pub(crate) bytes: u64,
    /// Size difference from the previous one.
    pub(crate) growth: Option<i64>,
    /// Nanoseconds since the previous one.
    pub(crate) gap: Option<i64>,
}

/// State of the session's segments at the end of the window.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct SegmentsSoFar {
    /// Requests before the window.
    pub(crate) requests_before: u64,
    pub(crate) completions_before: u64,
    pub(crate) bytes: u64,
    pub(crate) latest: Option<Latest>,
    pub(crate) sizes: Statistics,
    pub(crate) request_gaps: Statistics,
    pub(crate) completion_gaps: Statistics,
    /// Sizes of the last ten.
    pub(crate) last_sizes: Statistics,
    pub(crate) averages: SmallVec<[f64; 10]>,
}

/// One window of one session. [`super::COLUMNS`] defines its values and reads them.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Number of the session in the capture, from 1 in order of its first packet.
    pub session: u32,
    /// The client.
    pub client: IpAddr,
    /// Number of the window in the session, from 0.
    pub window: u32,
    /// Start of the session: the time of its first packet.
    pub session_start: Time,
    /// Start of the window, inclusive.
    pub start: Time,
    /// End of the window, exclusive.
    pub end: Time,
    /// True if the session's first packet between the client and a video server began a connection,
    /// so that the session was captured from its start. `None` before such a packet.
    pub from_start: Option<bool>,
    /// True if a packet later than the window's end was seen when it closed. Otherwise the capture
    /// may end before the window does.
    pub is_complete: bool,
    /// Transport with the most bytes between the client and video servers in the session so far.
    pub transport: Option<Transport>,
    /// True if statistics without values are 0.
    pub(crate) zero_if_empty: bool,
    pub(crate) counted: WindowCounters,
    /// Bytes of the client's non-Netflix traffic: down, up.
    pub(crate) foreign: [u64; 2],
    pub(crate) known: SegmentsSoFar,
    /// The player's doings, if they are asked for and known.
    pub(crate) played: Option<Box<Played>>,
}

impl Row {
    /// Returns a row without any packet, of a session's first window.
    #[cfg(test)]
    pub(crate) fn empty(client: IpAddr, start: Time, end: Time) -> Self {
        Self {
            session: 1,
            client,
            window: 0,
            session_start: start,
            start,
            end,
            from_start: Some(true),
            is_complete: true,
            transport: Some(Transport::Tcp),
            zero_if_empty: false,
            counted: WindowCounters::default(),
            foreign: [0; 2],
            known: SegmentsSoFar::default(),
            played: None,
        }
    }

    /// Returns the number of segments that completed in the session by the end of the window.
    #[must_use]
    pub fn completions(&self) -> u64 {
        self.known.completions_before + self.counted.completions
    }

    /// Converts bytes in the window to kbit/s.
    pub(crate) fn rate(&self, bytes: u64) -> f64 {
        bytes as f64 * 8e6 / self.end.since(self.start) as f64
    }

    /// Returns the seconds since the session began.
    pub(crate) fn since_start(&self, time: Time) -> f64 {
        seconds(time.since(self.session_start))
    }
}
