//! A live capture that goes on and on through an engine, whose settled segments are taken as a host
//! takes them that lives on them.

use nflx_core::{Config, Engine};

use crate::traffic::{Traffic, recorded};

/// The most memory that the whole process may have with default settings, in bytes.
const PROMISED: usize = 256 << 20;

/// Largest growth of memory in the second half of a run, as a fraction: allocators need memory for
/// themselves.
const TOLERATED: usize = 32;

pub(crate) fn run(count: u64, settings: &[&str]) -> Result<(), String> {
    let mut config = Config::default();
    config.hash_seed = 7;
    for setting in settings {
        let (name, value) = setting
            .split_once('=')
            .ok_or_else(|| format!("'{setting}' is not NAME=VALUE"))?;
        config.set(name, value).map_err(|error| error.to_string())?;
    }
    let recorded = recorded()?;
    let bound = Engine::memory_bound(&config);
    let mut engine = Engine::new(config);
    engine.watch_settled();
    let mut taken = Taken::default();
    let step = (count / 10).max(1);
    let empty = resident();
    println!(
        "{:>12} {:>10} {:>10} {:>9} {:>9} {:>9} {:>12}",
        "packets", "memory", "packets/s", "flows", "servers", "segments", "evictions"
    );
    let (mut half, mut last, mut started) = (0, 0, processor_seconds());
    let mut traffic = Traffic::new(&recorded);
    for frame in 1..=count {
        engine.packet(&traffic.next(frame));
        taken.take(&mut engine);
        if frame % step != 0 {
            continue;
        }
        last = resident();
        if frame <= count / 2 {
            half = last;
        }
        let now = processor_seconds();
        let speed = step as f64 / (now - started).max(0.01);
        started = now;
        let stats = engine.stats();
        let evictions = stats.flows_evicted
            + stats.hosts_evicted
            + stats.connections_evicted
            + stats.segments_evicted;
        println!(
            "{frame:>12} {:>7} MB {speed:>10.0} {:>9} {:>9} {:>9} {evictions:>12}",
            last >> 20,
            stats.flows,
            engine.server_count(),
            engine.segment_numbers().len()
        );
    }
    engine.finish();
    taken.take(&mut engine);
    taken.check(&engine)?;
    println!(
        "{:.1} hours of traffic, {} segments of {} bytes settled",
        traffic.hours(),
        taken.segments,
        taken.bytes
    );
    let used = last.saturating_sub(empty);
    println!("stated bound {} MB, used {} MB", bound >> 20, used >> 20);
    if used as u64 > bound {
        return Err(format!(
            "{used} bytes of memory are used, more than the stated {bound}"
        ));
    }
    if settings.is_empty() && last.max(half) >= PROMISED {
        return Err(format!(
            "{last} bytes of memory, more than the {PROMISED} that are promised"
        ));
    }
    if last > half + half / TOLERATED {
        return Err(format!(
            "memory still grows: {half} bytes after half of the packets, {last} after all"
        ));
    }
    Ok(())
}

/// Everything that a host received.
#[derive(Default)]
struct Taken {
    segments: u64,
    bytes: u64,
    /// Servers whose role changed.
    roles: u64,
}

impl Taken {
    fn take(&mut self, engine: &mut Engine) {
        while let Some(segment) = engine.next_settled() {
            self.segments += 1;
            self.bytes += segment.bytes;
        }
        while engine.next_changed_server().is_some() {
            self.roles += 1;
        }
    }

    /// Every segment came once, with all its bytes, or is counted as lost.
    fn check(&self, engine: &Engine) -> Result<(), String> {
        let totals = (0..engine.server_count()).map(|id| engine.server_segments(id));
        let (segments, bytes) = totals.fold((0, 0), |(segments, bytes), of_server| {
            (
                segments + u64::from(of_server.count),
                bytes + of_server.bytes,
            )
        });
        let lost = engine.stats().settled_lost;
        if lost != 0 || (self.segments, self.bytes) != (segments, bytes) || self.roles == 0 {
            return Err(format!(
                "{} segments of {} bytes settled, {lost} were lost, {segments} of {bytes} were opened; {} roles",
                self.segments, self.bytes, self.roles
            ));
        }
        Ok(())
    }
}

/// Processor time that this process took, in seconds; 0 where the system does not tell.
fn processor_seconds() -> f64 {
    // Ticks have been a hundredth of a second wherever Linux runs.
    const TICKS: f64 = 100.0;
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let behind_name = text.rsplit(')').next().unwrap_or_default();
    behind_name
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|ticks| ticks.parse::<f64>().ok())
        .sum::<f64>()
        / TICKS
}

/// Memory of this process that is in use, in bytes; 0 where the system does not tell.
fn resident() -> usize {
    const PAGE: usize = 4096;
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    text.split(' ')
        .nth(1)
        .and_then(|pages| pages.parse::<usize>().ok())
        .unwrap_or(0)
        * PAGE
}
