//! A live capture that goes on and on: recorded conversations over and over, with fresh addresses and ports each time,
//! among floods of short flows and of small requests. Its clock runs as the recordings' do, so that hours pass in minutes, and
//! settled segments are taken as a host takes them that lives on them.

use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use nflx_core::{Config, Engine, LinkType, Packet, Time};

use crate::kinds::Kind;
use crate::packets::LINK_TYPE;

/// Recorded conversations: every protocol.
const CAPTURES: [&str; 6] = ["h2", "h3", "http-plain", "tls12", "tls13-snap96", "loss"];

/// The most memory that the whole process may have with default settings, in bytes.
const PROMISED: usize = 256 << 20;

/// How much memory may still grow in the second half of a run, in parts of all: allocators keep books of their own.
const TOLERATED: usize = 32;

const ETHERNET_HEADER: usize = 14;
/// Rounds after which servers have the addresses of before.
const SERVER_ROUNDS: u32 = 128;
/// Lowest port that a system picks by itself.
const FIRST_EPHEMERAL: u16 = 1024;

struct Recorded {
    time: i64,
    original_length: u32,
    data: Vec<u8>,
}

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
    let mut traffic = Traffic {
        recorded: &recorded,
        round: 0,
        at: 0,
        made: Vec::new(),
    };
    for frame in 1..=count {
        traffic.next(&mut engine, frame);
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
        "{:.1} hours of traffic, {} segments settled",
        traffic.hours(),
        taken.segments
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

/// What a host took.
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

/// What comes next.
struct Traffic<'a> {
    recorded: &'a [Recorded],
    /// How often the recorded conversations were given before.
    round: u32,
    at: usize,
    made: Vec<u8>,
}

impl Traffic<'_> {
    /// Nanoseconds from one round to the next.
    fn span(&self) -> i64 {
        self.recorded.last().map_or(0, |last| last.time + 1_000_000)
    }

    /// Hours that passed by the traffic's clock.
    fn hours(&self) -> f64 {
        f64::from(self.round) * self.span() as f64 / 3.6e12
    }

    /// Every second packet is a recorded one, every fourth opens another flow, every fourth is of a small exchange.
    fn next(&mut self, engine: &mut Engine, frame: u64) {
        let (link_type, original_length) = match frame % 4 {
            1 | 3 => {
                let packet = &self.recorded[self.at];
                self.made.clone_from(&packet.data);
                freshen(&mut self.made, self.round);
                self.at += 1;
                if self.at == self.recorded.len() {
                    (self.at, self.round) = (0, self.round + 1);
                }
                (LinkType::ETHERNET, packet.original_length)
            }
            0 => (
                LinkType(LINK_TYPE),
                Kind::Flows.packet(frame / 4 * 3 + 1, &mut self.made),
            ),
            _ => (
                LinkType(LINK_TYPE),
                Kind::Requests.packet(frame / 4, &mut self.made),
            ),
        };
        let time = Time(self.recorded[self.at].time + i64::from(self.round) * self.span());
        engine.packet(&Packet {
            frame,
            time,
            link_type,
            original_length,
            data: &self.made,
        });
    }
}

/// Gives a packet other addresses and, at the client, another port, the same for all packets of a round. Servers come back
/// after some rounds, clients do not.
fn freshen(data: &mut [u8], round: u32) {
    let Some(ip) = data
        .get_mut(ETHERNET_HEADER..)
        .filter(|ip| ip.len() >= 28 && ip[0] == 0x45)
    else {
        return;
    };
    for (address, port) in [(12, 20), (16, 22)] {
        let number = u16::from_be_bytes([ip[port], ip[port + 1]]);
        let is_client = number >= FIRST_EPHEMERAL;
        let change = if is_client {
            round
        } else {
            round % SERVER_ROUNDS
        };
        let changed = u32::from_be_bytes([
            ip[address],
            ip[address + 1],
            ip[address + 2],
            ip[address + 3],
        ]) ^ (change << 8 & 0x00ff_ff00);
        ip[address..address + 4].copy_from_slice(&changed.to_be_bytes());
        if is_client {
            let number =
                FIRST_EPHEMERAL + number.wrapping_add(round as u16) % (u16::MAX - FIRST_EPHEMERAL);
            ip[port..port + 2].copy_from_slice(&number.to_be_bytes());
        }
    }
}

fn recorded() -> Result<Vec<Recorded>, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("captures");
    let mut all: Vec<Recorded> = Vec::new();
    for name in CAPTURES {
        let path: PathBuf = folder.join(format!("{name}.pcap.gz"));
        let mut bytes = Vec::new();
        let file =
            std::fs::File::open(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        GzDecoder::new(file)
            .read_to_end(&mut bytes)
            .map_err(|error| format!("{}: {error}", path.display()))?;
        let after = all.last().map_or(0, |last| last.time + 1_000_000);
        let mut first = None;
        let mut rest = &bytes[24..];
        while let Some((head, behind)) = rest.split_first_chunk::<16>() {
            let word = |at: usize| {
                u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]])
            };
            let time = i64::from(word(0)) * 1_000_000_000 + i64::from(word(4)) * 1000;
            let (data, behind) = behind.split_at(word(8) as usize);
            let time = after + time - *first.get_or_insert(time);
            all.push(Recorded {
                time,
                original_length: word(12),
                data: data.to_vec(),
            });
            rest = behind;
        }
    }
    Ok(all)
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
