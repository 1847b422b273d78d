//! Phases in which a player fills its buffer: it asks for the next video segment as soon as the
//! last has come. Once the buffer is full, the player waits about as long as a segment plays before
//! it asks for the next (Rao et al., "Network Characteristics of Video Streaming Traffic", CoNEXT
//! 2011: buffering phase and steady state).
//!
//! A link that is only just fast enough looks the same, because there too the next request follows
//! at once.

use std::collections::HashMap;
use std::net::IpAddr;

use crate::config::Config;
use crate::facts::segment::{Kind, Segment};
use crate::packet::{Time, from_milliseconds};

/// A phase in which a client's player filled its buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Phase {
    /// The client.
    pub client: IpAddr,
    /// Request of the first video segment.
    pub t_start: Time,
    /// Last byte of the last video segment to end.
    pub t_end: Time,
    /// Video segments.
    pub segments: u32,
    /// Sum of their `bytes`.
    pub bytes: u64,
}

impl Phase {
    fn of(segment: &Segment) -> Self {
        let end = segment.t_last.unwrap_or(segment.t_request);
        Self {
            client: segment.client,
            t_start: segment.t_request,
            t_end: end.max(segment.t_request),
            segments: 1,
            bytes: segment.bytes,
        }
    }

    fn add(&mut self, segment: &Segment) {
        let next = Self::of(segment);
        self.t_end = self.t_end.max(next.t_end);
        self.segments = self.segments.saturating_add(1);
        self.bytes = self.bytes.saturating_add(next.bytes);
    }
}

/// Returns the phases of all clients in order of their start. `segments` must be in order of
/// request, as they are numbered.
///
/// Consecutive video segments of a client belong together if each was requested at most `fill_idle`
/// after all earlier ones had come. A phase has at least `fill_segments` of them.
#[must_use]
pub fn filling<'a>(segments: impl IntoIterator<Item = &'a Segment>, config: &Config) -> Vec<Phase> {
    let idle = from_milliseconds(config.fill_idle());
    let is_phase = |phase: &Phase| u64::from(phase.segments) >= config.fill_segments();
    let mut open: HashMap<IpAddr, Phase> = HashMap::new();
    let mut phases = Vec::new();
    for segment in segments
        .into_iter()
        .filter(|segment| segment.kind == Kind::Video)
    {
        match open.get_mut(&segment.client) {
            Some(phase) if segment.t_request.since(phase.t_end) <= idle => phase.add(segment),
            _ => phases.extend(
                open.insert(segment.client, Phase::of(segment))
                    .filter(is_phase),
            ),
        }
    }
    phases.extend(open.into_values().filter(is_phase));
    phases.sort_by_key(|phase| (phase.t_start, phase.client));
    phases
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    const SECOND: i64 = 1_000_000_000;
    const CLIENT: [u8; 4] = [10, 0, 0, 2];

    #[test]
    fn throughput_is_of_responses_large_enough_to_tell() {
        let whole = Segment {
            bytes: 14_600,
            throughput_min: 14_600,
            ..segment([10, 0, 0, 2], Kind::Video, 0, 1_000)
        };
        assert!(whole.throughput().is_some_and(|rate| rate > 0.0));
        let small = Segment {
            bytes: 14_599,
            ..whole
        };
        assert_eq!(small.throughput(), None);
    }

    /// A segment of 1000 bytes, requested and complete at these milliseconds.
    fn segment(client: [u8; 4], kind: Kind, request: i64, last: i64) -> Segment {
        Segment {
            client: client.into(),
            kind,
            t_request: Time(request * 1_000_000),
            t_first: Some(Time(request * 1_000_000)),
            t_last: Some(Time(last * 1_000_000)),
            ..testing::segment()
        }
    }

    fn video(request: i64, last: i64) -> Segment {
        segment(CLIENT, Kind::Video, request, last)
    }

    #[test]
    fn a_buffer_is_filled_and_then_kept_full() {
        let mut segments: Vec<_> = (0..5).map(|i| video(i * 1000, i * 1000 + 990)).collect();
        segments.extend((2..8).map(|i| video(i * 4000, i * 4000 + 500)));
        let phases = filling(&segments, &Config::default());
        let phase = Phase {
            client: CLIENT.into(),
            t_start: Time(0),
            t_end: Time(4 * SECOND + 990_000_000),
            segments: 5,
            bytes: 5000,
        };
        assert_eq!(phases, [phase]);
    }

    #[test]
    fn both_sides_of_the_idle_time() {
        let mut config = Config::default();
        config.set("fill_idle", "200").unwrap();
        let with_gap = |gap: i64| {
            [
                video(0, 1000),
                video(1000 + gap, 3000),
                video(3000 + gap, 5000),
            ]
        };
        assert_eq!(filling(&with_gap(200), &config).len(), 1);
        assert_eq!(filling(&with_gap(201), &config).len(), 0);
    }

    #[test]
    fn both_sides_of_the_number_of_segments() {
        let mut config = Config::default();
        config.set("fill_segments", "4").unwrap();
        let segments: Vec<_> = (0..4).map(|i| video(i * 1000, i * 1000 + 999)).collect();
        assert_eq!(filling(&segments, &config).len(), 1);
        assert_eq!(filling(&segments[1..], &config).len(), 0);
    }

    #[test]
    fn clients_are_apart_and_only_video_counts() {
        let other = [10, 0, 0, 3];
        // Audio would fill the gaps of the first client, and the second client's requests lie in
        // them.
        let segments = [
            video(0, 500),
            segment(other, Kind::Video, 100, 900),
            segment(CLIENT, Kind::Audio, 600, 1900),
            segment(other, Kind::Video, 1000, 1900),
            video(2000, 2500),
            segment(other, Kind::Video, 2000, 2900),
            video(4000, 4500),
        ];
        let phases = filling(&segments, &Config::default());
        assert_eq!(phases.len(), 1);
        assert_eq!((phases[0].client, phases[0].segments), (other.into(), 3));
    }

    #[test]
    fn overlapping_requests_and_clocks_that_step_back() {
        let phases = filling(
            &[video(0, 3000), video(100, 200), video(3100, 2000)],
            &Config::default(),
        );
        assert_eq!(phases.len(), 1);
        assert_eq!(
            (phases[0].t_start, phases[0].t_end),
            (Time(0), Time(3_100_000_000))
        );
        let extreme = [
            video(i64::MIN / 1_000_000, 0),
            video(i64::MAX / 1_000_000, 0),
            video(0, 0),
        ];
        assert!(filling(&extreme, &Config::default()).len() <= 1);
    }
}
