//! Memory stays within what an engine says of itself, whatever packets ask for: counted by the
//! allocator.

use allocation_counter::measure;
use nflx_bench::Frame;
use nflx_bench::hostile::Load;
use nflx_core::{Config, Engine};

/// Packets between which memory is compared with the bound.
const BATCH: usize = 25;

/// Limits so small that every table is full many times over.
fn small() -> Config {
    let mut config = Config::default();
    for (name, value) in [
        ("max_flows", 400),
        ("max_connections", 200),
        ("connection_bytes", 1 << 20),
        ("reorder_bytes", 1 << 16),
        ("reorder_pieces", 64),
        ("max_servers", 50),
        ("max_segments", 1000),
        ("max_viewers", 40),
        ("kind_window", 16),
    ] {
        config
            .set(name, &value.to_string())
            .expect("within what is allowed");
    }
    config
}

/// An engine whose memory is counted.
struct Counted {
    engine: Engine,
    bound: i64,
    in_use: i64,
    most: i64,
    given: u64,
}

impl Counted {
    fn new(config: Config) -> Self {
        let bound = i64::try_from(Engine::memory_bound(&config)).expect("small");
        let mut engine = None;
        let made = measure(|| engine = Some(Engine::new(config)));
        Self {
            engine: engine.expect("it was made"),
            bound,
            in_use: made.bytes_current,
            most: made.bytes_current,
            given: 0,
        }
    }

    fn give(&mut self, frames: &[Frame], what: &str) {
        for batch in frames.chunks(BATCH) {
            let taken = measure(|| {
                for frame in batch {
                    self.given += 1;
                    self.engine.packet(&frame.packet(self.given));
                }
            });
            self.hold(taken.bytes_current, what);
        }
    }

    fn finish(&mut self, what: &str) {
        let taken = measure(|| self.engine.finish());
        self.hold(taken.bytes_current, what);
    }

    fn hold(&mut self, taken: i64, what: &str) {
        self.in_use += taken;
        self.most = self.most.max(self.in_use);
        assert!(
            self.in_use <= self.bound,
            "{what}: {} bytes in use of {} after {} packets: {:?}",
            self.in_use,
            self.bound,
            self.given,
            self.engine.stats()
        );
    }
}

#[test]
fn every_kind_of_state_stays_within_the_bound_in_every_shape() {
    for load in Load::all() {
        let what = format!("{load:?}");
        let mut counted = Counted::new(small());
        let frames: Vec<Frame> = load.frames().take(4000).collect();
        counted.give(&frames, &what);
        counted.finish(&what);
        assert!(
            counted.engine.stats().lost() > 0,
            "{what}: nothing was short of room"
        );
    }
}

/// All of them at once, in trains of different lengths, and then each of them again after the
/// others.
#[test]
fn loads_that_take_turns_stay_within_the_bound() {
    let mut counted = Counted::new(small());
    let mut loads: Vec<_> = Load::all().map(Load::frames).collect();
    for turn in 0..400_usize {
        let at = turn * 7 % loads.len();
        let frames: Vec<Frame> = loads[at].by_ref().take(1 + turn * 13 % 120).collect();
        counted.give(&frames, &format!("turn {turn}"));
        if turn % 100 == 99 {
            counted.finish("at the end of the capture");
        }
    }
    // What a bound is worth: a large part of it is used.
    assert!(
        counted.most * 4 > counted.bound,
        "{} of {}",
        counted.most,
        counted.bound
    );
}

/// The bounds that documents promise for the defaults, with equal shares.
#[test]
fn equal_shares_stay_within_the_default_limits() {
    for load in Load::all().step_by(4).take(5) {
        let mut counted = Counted::new(Config::default());
        let limit = counted.engine.config().connection_bytes() as i64;
        let mut most = 0;
        for (at, frame) in load.frames().take(30_000).enumerate() {
            let frame = [frame];
            counted.give(&frame, &format!("{load:?} at {at}"));
            most = most.max(counted.in_use);
        }
        // Tables of flows, addresses and connections take less than as much again.
        assert!(most < 2 * limit, "{load:?}: {most} bytes");
    }
}
