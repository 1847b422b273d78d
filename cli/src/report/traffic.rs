//! Bytes over time, in slices of equal length.

use std::collections::HashSet;
use std::net::IpAddr;

use nflx_core::{Annotation, Counters, Engine, Time};

use crate::rows::ranked;

/// Most slices: some three pixels each on the widest drawing.
const MAX_SLICES: i64 = 300;
const SECOND: i64 = 1_000_000_000;
/// Lengths of slices up to an hour, in milliseconds: what people like to read.
const LENGTHS: [i64; 17] = [
    10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000, 120_000, 300_000,
    600_000, 1_800_000, 3_600_000,
];

/// Traffic in one slice of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Slice {
    /// Bytes from servers that send video.
    pub(super) media_in: u64,
    /// Bytes from other Netflix servers.
    pub(super) other_in: u64,
    /// Bytes to all of them.
    pub(super) out: u64,
}

impl Slice {
    /// Bytes from all of them.
    pub(super) const fn total_in(&self) -> u64 {
        self.media_in + self.other_in
    }

    const fn add(&mut self, other: &Self) {
        self.media_in += other.media_in;
        self.other_in += other.other_in;
        self.out += other.out;
    }
}

/// All IP packets of Netflix servers over time.
pub(super) struct Traffic {
    /// Beginning of the first slice.
    pub(super) from: Time,
    /// Length of a slice in nanoseconds.
    pub(super) length: i64,
    /// From the first packet of a server to the last of any.
    pub(super) slices: Vec<Slice>,
    media: HashSet<IpAddr>,
    /// Counters of each server at its last packet.
    before: Vec<Counters>,
}

impl Traffic {
    /// Empty slices from the first to the last packet of the servers that a studied capture has;
    /// `None` if it has none.
    pub(super) fn of(engine: &Engine) -> Option<Self> {
        let servers = ranked(engine);
        let from = servers.iter().map(|server| server.t_first).min()?;
        let to = servers.iter().map(|server| server.t_last).max()?;
        let span = to.since(from).max(0);
        let length = slice_length(span);
        let media = servers
            .iter()
            .filter(|server| server.role.sends_video())
            .map(|server| server.address);
        Some(Self {
            from,
            length,
            slices: vec![Slice::default(); (span / length) as usize + 1],
            media: media.collect(),
            before: Vec::new(),
        })
    }

    /// Returns the end of the last slice.
    pub(super) const fn to(&self) -> Time {
        Time(
            self.from
                .0
                .saturating_add(self.length.saturating_mul(self.slices.len() as i64)),
        )
    }

    /// Adds a packet. Its length is what the counters of its server have grown by.
    pub(super) fn add(&mut self, annotation: &Annotation, time: Time, engine: &Engine) {
        let id = annotation.server as usize;
        if self.before.len() <= id {
            self.before.resize(id + 1, Counters::default());
        }
        let (now, before) = (
            annotation.server_counters,
            std::mem::replace(&mut self.before[id], annotation.server_counters),
        );
        let came_in = now.in_bytes.saturating_sub(before.in_bytes);
        let is_media = engine
            .server(annotation.server)
            .is_some_and(|server| self.media.contains(&server.address));
        let at = time.since(self.from).max(0) / self.length;
        let last = self.slices.len() - 1;
        self.slices[(at as usize).min(last)].add(&Slice {
            media_in: if is_media { came_in } else { 0 },
            other_in: if is_media { 0 } else { came_in },
            out: now.out_bytes.saturating_sub(before.out_bytes),
        });
    }

    /// The highest throughput of a slice in bits per second, all servers together.
    pub(super) fn peak(&self) -> f64 {
        let most = self
            .slices
            .iter()
            .map(Slice::total_in)
            .max()
            .unwrap_or_default();
        self.rate(most)
    }

    /// Bytes of one slice as bits per second.
    pub(super) fn rate(&self, bytes: u64) -> f64 {
        bytes as f64 * 8.0 * SECOND as f64 / self.length as f64
    }

    /// Returns the same in longer slices, at most `most` of them.
    pub(super) fn coarser(&self, most: usize) -> Self {
        let factor = self.slices.len().div_ceil(most).max(1);
        let sum = |slices: &[Slice]| {
            let mut sum = Slice::default();
            slices.iter().for_each(|slice| sum.add(slice));
            sum
        };
        Self {
            from: self.from,
            length: self.length.saturating_mul(factor as i64),
            slices: self.slices.chunks(factor).map(sum).collect(),
            media: HashSet::new(),
            before: Vec::new(),
        }
    }
}

/// Returns the shortest handy length such that [`MAX_SLICES`] slices cover `span` nanoseconds.
fn slice_length(span: i64) -> i64 {
    let handy = LENGTHS.iter().map(|milliseconds| milliseconds * 1_000_000);
    let longer = std::iter::successors(Some(2 * 3_600 * SECOND), |length| length.checked_mul(2));
    handy
        .chain(longer)
        .find(|length| span / length < MAX_SLICES)
        .unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_are_few_and_handy() {
        for (span, length) in [
            (0, 10_000_000),
            (3 * SECOND - 1, 10_000_000),
            (3 * SECOND, 20_000_000),
            (3_600 * SECOND, 30 * SECOND),
        ] {
            assert_eq!(slice_length(span), length);
        }
        for span in [
            0,
            1,
            SECOND,
            86_400 * SECOND,
            86_400 * 365 * SECOND,
            i64::MAX,
        ] {
            assert!(span / slice_length(span) < MAX_SLICES);
        }
    }

    #[test]
    fn coarser_slices_hold_the_same() {
        let slices: Vec<_> = (0..7)
            .map(|i| Slice {
                media_in: i,
                other_in: 10 * i,
                out: 1,
            })
            .collect();
        let fine = Traffic {
            from: Time(5),
            length: 10,
            slices,
            media: HashSet::new(),
            before: Vec::new(),
        };
        assert_eq!(fine.to(), Time(75));
        let coarse = fine.coarser(3);
        assert_eq!((coarse.length, coarse.slices.len()), (30, 3));
        assert_eq!(
            coarse.slices[0],
            Slice {
                media_in: 3,
                other_in: 30,
                out: 3
            }
        );
        assert_eq!(
            coarse.slices[2],
            Slice {
                media_in: 6,
                other_in: 60,
                out: 1
            }
        );
        assert_eq!(fine.coarser(100).slices, fine.slices);
    }
}
