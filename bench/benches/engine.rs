//! The engine on generated traffic, per packet, in steady state: half of the packets warm it up and
//! are not timed.

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use nflx_bench::{Frame, Traffic};
use nflx_core::{Config, Engine};

const PACKETS: usize = 40_000;

/// The name, Netflix's share of the traffic, and the packets that are timed.
type Case = (&'static str, u32, fn(&Frame) -> bool);

fn is_tcp(frame: &Frame) -> bool {
    frame.bytes[23] == 6
}

fn has_tcp_payload(frame: &Frame) -> bool {
    is_tcp(frame) && frame.bytes.len() > 66
}

/// Times the packets that `counts` in the second half of these, in runs of them.
fn timed(frames: &[Frame], counts: fn(&Frame) -> bool) -> (Duration, u64) {
    let mut engine = Engine::new(Config::default());
    let mut number = 0;
    let mut give = |run: &[Frame]| {
        for frame in run {
            number += 1;
            black_box(engine.packet(&black_box(frame).packet(number)));
        }
    };
    let (first, second) = frames.split_at(frames.len() / 2);
    give(first);
    let (mut time, mut packets) = (Duration::ZERO, 0);
    for run in second.chunk_by(|a, b| counts(a) == counts(b)) {
        let start = Instant::now();
        give(run);
        if counts(&run[0]) {
            time += start.elapsed();
            packets += run.len() as u64;
        }
    }
    (time, packets)
}

fn engine(c: &mut Criterion) {
    let mut group = c.benchmark_group("engine");
    group.throughput(Throughput::Elements(1)).sample_size(20);
    // Of what is timed: with all packets that are not, it takes some times as long.
    group
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_secs(1));
    let cases: [Case; 5] = [
        ("tcp of others", 0, is_tcp),
        ("data of netflix", 100, has_tcp_payload),
        ("all, 0 % netflix", 0, |_| true),
        ("all, 10 % netflix", 10, |_| true),
        ("all, 100 % netflix", 100, |_| true),
    ];
    for (name, share, counts) in cases {
        let frames: Vec<Frame> = Traffic::new(share, 1).take(PACKETS).collect();
        // As if each iteration were one packet.
        group.bench_function(name, |bencher| {
            bencher.iter_custom(|iterations| {
                let (mut time, mut packets) = (Duration::ZERO, 0);
                while packets < iterations {
                    let (more, count) = timed(&frames, counts);
                    (time, packets) = (time + more, packets + count);
                }
                time.mul_f64(iterations as f64 / packets as f64)
            });
        });
    }
    group.finish();
}

criterion_group!(benches, engine);
criterion_main!(benches);
