//! Sessions of arbitrary segments: whatever their kinds, sizes and times, playback is in order of
//! time, no buffer is below zero, and every segment of media belongs to one session at most.

use std::collections::HashSet;

use nflx_core::quality::{Session, Sessions};
use nflx_core::{BeyondStep, Config, Kind, KindReason, Segment, Time, Transport};

use crate::Input;

/// Segments of a run: hypotheses are tried with all of them.
const SEGMENTS: u32 = 120;

/// Gives segments to sessions.
pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let mut config = Config::default();
    let limit = ["64", "4096"][input.below(2)];
    config
        .set("playback_segments", limit)
        .expect("a value in bounds");
    let segments = segments(&mut input);
    let (sessions, _) = Sessions::of(&segments, &config);
    let mut seen = HashSet::new();
    for (session, number) in sessions.iter().zip(1..) {
        assert_eq!(session.number, number);
        check(session);
        for (segment, seconds) in session.media_seconds() {
            assert!(seen.insert(segment), "one session each");
            assert!(seconds > 0.0 && seconds.is_finite());
        }
    }
}

fn segments(input: &mut Input<'_>) -> Vec<Segment> {
    let mut now: i64 = 0;
    let mut all = Vec::new();
    while !input.is_empty() && all.len() < SEGMENTS as usize {
        let number = all.len() as u32 + 1;
        let choice = input.u8();
        let unit = [1, 1_000, 100_000, i64::MAX / 512][usize::from(choice & 3)];
        now = now.saturating_add(
            i64::from(input.u8())
                .saturating_mul(unit)
                .saturating_mul(1_000),
        );
        let took = (i64::from(input.u16()) - 1_000) * 100_000;
        let time = Time(now);
        let last = (choice & 4 != 0).then_some(Time(now.saturating_add(took)));
        let kinds = [Kind::Video, Kind::Audio, Kind::Other, Kind::Pending];
        let bytes = match choice >> 5 {
            0 => 0,
            1 => u64::MAX,
            2 => 49_000,
            _ => u64::from(input.u16()) * 20,
        };
        let flags = input.u8();
        all.push(Segment {
            aborted: false,
            given_up_after: None,
            number,
            index: number,
            previous: None,
            next: None,
            server: u32::from(flags & 1),
            flow: u32::from(flags >> 1 & 3),
            client: [10, 0, 0, flags >> 3 & 1].into(),
            client_port: 50_000,
            server_port: 443,
            transport: Transport::Tcp,
            kind: kinds[usize::from(choice >> 3 & 3)],
            kind_reason: KindReason::BesideAudio,
            request_frame: u64::from(number),
            first_frame: None,
            last_frame: None,
            t_request: time,
            t_first: Some(time),
            t_last: last,
            pkts: 1,
            bytes,
            app_bytes: bytes,
            retransmitted_bytes: 0,
            missing_bytes: 0,
            size_error: 0,
            complete: flags & 16 == 0,
            estimated: false,
            shared: flags & 32 != 0,
            divided_as: None,
            inferred: false,
            own_evidence: None,
            own_name: None,
            via: None,
            settled: true,
            throughput_min: 0,
            beyond_step: BeyondStep::Nothing,
        });
    }
    all
}

fn check(session: &Session) {
    assert!((0.0..=1.0).contains(&session.confidence));
    assert!(session.t_start <= session.t_end);
    assert!(session.startup.is_none_or(|seconds| seconds >= 0.0));
    let mut last = 0.0;
    for &(from, to) in session.stalls.iter().flatten() {
        assert!(last <= from && from <= to, "stalls in order");
        last = to;
    }
    // A step that long captures bear as well.
    let step = (session.duration() / 500.0).max(0.5);
    let mut before = session.t_start;
    for moment in session.moments(step) {
        assert!(before <= moment.t, "moments in order");
        before = moment.t;
        for buffer in [moment.buffer, moment.video_buffer, moment.audio_buffer] {
            assert!(buffer.is_none_or(|seconds| seconds >= 0.0 && seconds.is_finite()));
        }
    }
}
