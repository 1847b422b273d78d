//! How a server sends a response: how fast, and in which parts.

use super::super::requests::within;
use crate::packet::{Time, from_milliseconds};

/// Number of paces within which packets of a response follow each other. This and the next three were
/// chosen with two recordings of a link that falls to a packet every 33 ms.
const PACES: i64 = 2;
/// Longest time between packets that counts as a pace, in milliseconds (116 kbit/s of full packets),
/// and by how much one may exceed [`PACES`] and still count: a single silence is no pace.
const SLOWEST: i64 = 100;
const STEP: i64 = 8;
/// Number of packets over which the pace is smoothed.
const SMOOTHED: i64 = 4;
/// Number of packets within responses that are not full from which a server has such, and one in how
/// many packets. In players' recordings, one in 9 to 17 was not with Caddy, one in 47 to 126 with
/// nginx and one in 91 with quic-go; with Envoy one in 243 or fewer, with quinn one in 1,940 or fewer.
const BREAKS: u16 = 2;
const OFTEN: u64 = 200;

/// Statistics of the packets within single responses.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pace {
    /// Smoothed time between them, in milliseconds.
    apart: u16,
    /// Number of them that were not full.
    breaks: u16,
}

impl Pace {
    /// Learns from a packet that came after `last`, a packet of the same response, which was full or
    /// not.
    pub(super) fn go_on(&mut self, now: Time, (last, full): (Time, bool), flows_on: bool) {
        if flows_on && !full {
            self.breaks = self.breaks.saturating_add(1);
        }
        let most = PACES * i64::from(self.apart) + STEP;
        let gap = (now.since(last) / from_milliseconds(1)).clamp(0, most.min(SLOWEST));
        self.apart = ((i64::from(self.apart) * (SMOOTHED - 1) + gap) / SMOOTHED) as u16;
    }

    /// Returns true if a packet comes as soon after another as packets of a response do: within this
    /// time, or at their pace.
    pub(super) fn flows_on(self, now: Time, last: Time, time: i64) -> bool {
        let pace = PACES * i64::from(self.apart) * from_milliseconds(1);
        within(now, last, time.max(pace))
    }

    /// Returns true if packets within responses are often not full, given the number of packets.
    pub(super) fn breaks_often(self, packets: u64) -> bool {
        self.breaks >= BREAKS && u64::from(self.breaks) * OFTEN >= packets
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A pace after packets this many milliseconds apart.
    fn learnt(gaps: &[i64]) -> Pace {
        let mut pace = Pace::default();
        let mut now = 0;
        for gap in gaps {
            let last = Time(now);
            now += gap * from_milliseconds(1);
            pace.go_on(Time(now), (last, true), true);
        }
        pace
    }

    fn flows_on(pace: Pace, gap: i64) -> bool {
        let half = 15 * from_milliseconds(1);
        pace.flows_on(Time(gap * from_milliseconds(1)), Time(0), half)
    }

    #[test]
    fn both_sides_of_the_pace_of_a_slow_link() {
        assert!(flows_on(learnt(&[]), 14) && !flows_on(learnt(&[]), 15));
        let slow = learnt(&[33; 40]);
        let apart = i64::from(slow.apart);
        assert!((30..=33).contains(&apart));
        assert!(flows_on(slow, PACES * apart - 1) && !flows_on(slow, PACES * apart));
        // Slower than any link that carries media.
        let paced = |apart: i64| learnt(&[apart; 100]).apart;
        assert!(paced(SLOWEST - 20) < paced(SLOWEST));
        assert_eq!(paced(SLOWEST), paced(SLOWEST + 400));
    }

    #[test]
    fn both_sides_of_a_single_silence() {
        let paced = |last: i64| learnt(&[1, 1, 1, 1, 1, 1, last]).apart;
        assert!(paced(STEP - 1) < paced(STEP));
        assert_eq!(paced(STEP), paced(900));
        assert!(!flows_on(learnt(&[1, 1, 1, 1, 900]), 16));
    }

    #[test]
    fn both_sides_of_servers_whose_packets_are_often_not_full() {
        let broken = |count: u16| {
            let mut pace = Pace::default();
            for at in 0..i64::from(count) {
                pace.go_on(Time(at), (Time(at), false), true);
            }
            pace
        };
        assert!(broken(BREAKS).breaks_often(10) && !broken(BREAKS - 1).breaks_often(10));
        assert!(broken(3).breaks_often(3 * OFTEN) && !broken(3).breaks_often(3 * OFTEN + 1));
        // A packet that is not full and then a silence is no such thing.
        let mut ended = Pace::default();
        (0..9).for_each(|at| ended.go_on(Time(at), (Time(at), false), false));
        assert!(!ended.breaks_often(10));
    }
}
