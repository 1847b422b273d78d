//! Traffic that goes on and on: recorded conversations over and over, with fresh addresses and
//! ports each time, among floods of short flows and of small requests. Its clock runs as the
//! recordings' do, so that hours pass in minutes.

use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use nflx_core::{LinkType, Packet, Time};

use crate::kinds::Kind;
use crate::packets::LINK_TYPE;

/// Recorded conversations: every protocol.
const CAPTURES: [&str; 6] = ["h2", "h3", "http-plain", "tls12", "tls13-snap96", "loss"];

const ETHERNET_HEADER: usize = 14;
/// Rounds after which servers have the addresses of before.
const SERVER_ROUNDS: u32 = 128;
/// Lowest port that a system picks by itself.
const FIRST_EPHEMERAL: u16 = 1024;

/// A packet of a recording.
pub(crate) struct Recorded {
    time: i64,
    original_length: u32,
    data: Vec<u8>,
}

/// Traffic that goes on and on: recorded conversations, each round under other ports and addresses.
pub(crate) struct Traffic<'a> {
    recorded: &'a [Recorded],
    /// Number of times that the recorded conversations were repeated.
    round: u32,
    at: usize,
    made: Vec<u8>,
}

impl<'a> Traffic<'a> {
    pub(crate) fn new(recorded: &'a [Recorded]) -> Self {
        Self {
            recorded,
            round: 0,
            at: 0,
            made: Vec::new(),
        }
    }

    /// Nanoseconds from one round to the next.
    fn span(&self) -> i64 {
        self.recorded.last().map_or(0, |last| last.time + 1_000_000)
    }

    /// Hours that passed by the traffic's clock.
    pub(crate) fn hours(&self) -> f64 {
        f64::from(self.round) * self.span() as f64 / 3.6e12
    }

    /// Every second packet is a recorded one, every fourth opens another flow, every fourth is of a
    /// small exchange.
    pub(crate) fn next(&mut self, frame: u64) -> Packet<'_> {
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
        Packet {
            frame,
            time,
            link_type,
            original_length,
            data: &self.made,
        }
    }
}

/// Gives a packet other addresses and, at the client, another port, the same for all packets of a
/// round. Servers come back after some rounds, clients do not.
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

/// The recordings, one behind the other.
pub(crate) fn recorded() -> Result<Vec<Recorded>, String> {
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
