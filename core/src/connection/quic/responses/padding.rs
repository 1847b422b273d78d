//! Padding, which a capture cannot distinguish from data: estimates whether a server fills its
//! packets, and by how much.

use crate::config::Config;

/// Bytes of a response's packets that may not be its data: frames of the first and last packet and,
/// in two of a hundred packets each, an acknowledgement, a packet number of another length, and a
/// share of padded or retransmitted packets.
const FRAMES_BESIDE: u64 = 64;
const FRAMES_PER_PACKET: u64 = 32;
/// Number of responses that end before a server is judged, and how many in a hundred of them end
/// with a full packet if the server fills every last one: one in twelve does by chance, more if a
/// retransmission comes last.
const ENDS: u32 = 3;
const FULL_ENDS: u32 = 50;
/// Latest sizes of responses whose ends were counted. Responses of one size end in packets of one
/// size and are a single observation of chance, so they count once (Caddy, measured: audio of
/// 16,600 bytes ends in 96 to 99 % of a packet).
const COUNTED: usize = 4;
/// Bytes that a server writes at once (nginx: `NGX_QUIC_STREAM_BUFSIZE`).
const BUFFER: u64 = 65_536;
/// Percentage of buffers that are written as a whole (measured with one version of nginx only).
const WHOLE_BUFFERS: u64 = 75;
/// One in this many packets is filled by a server that pads, because it writes 64 kB at a time.
const PADDED: u64 = 44;
/// Counts how a server's bursts and responses end.
#[derive(Debug, Default)]
pub(super) struct Padding {
    /// Number of datagram trains in the period.
    bursts: u64,
    /// Number of packets in the period.
    period_packets: u64,
    /// Number of periods that ended without loss, and how many of them ended with a full packet.
    ends: u32,
    full_ends: u32,
    /// Sizes of the latest of these.
    counted: [u64; COUNTED],
}

impl Padding {
    /// Starts to count a period's packets.
    pub(super) const fn begin_period(&mut self) {
        (self.bursts, self.period_packets) = (0, 0);
    }

    /// Counts a datagram of the server with this many packets: more than one are a train.
    pub(super) fn take(&mut self, packets: u32) {
        self.bursts += u64::from(packets > 1);
        self.period_packets += u64::from(packets);
    }

    /// Counts the end of responses of this size, unless others of about this size were counted
    /// lately.
    pub(super) fn note_end(&mut self, size: u64, ends_full: bool, config: &Config) {
        let agrees = |known: &u64| known.abs_diff(size) * 1000 <= size * config.sharing_agreement();
        if self.counted.iter().any(agrees) {
            return;
        }
        self.counted.rotate_left(1);
        self.counted[COUNTED - 1] = size;
        self.ends += 1;
        self.full_ends += u32::from(ends_full);
    }

    /// Returns true if the server fills the last packet of what it sends at once.
    pub(super) const fn pads(&self) -> bool {
        self.ends >= ENDS && self.full_ends * 100 >= self.ends * FULL_ENDS
    }

    /// Returns the probable padding in the `received` bytes of a period: half of a filled last
    /// packet, the average of what it lacks by chance.
    pub(super) fn surplus(&self, received: u64, ends_full: bool, largest: u32) -> u64 {
        let last = if ends_full && self.pads() {
            u64::from(largest) / 2
        } else {
            0
        };
        last + self.surplus_of_trains(received)
    }

    /// Returns the padding of a server that hands trains of datagrams to the network card. It fills
    /// the packet after each buffer that it writes at once, whatever remained of the buffer.
    fn surplus_of_trains(&self, received: u64) -> u64 {
        let Some(data) = received
            .checked_div(self.period_packets)
            .filter(|&data| data > 0)
        else {
            return 0;
        };
        if self.bursts == 0 {
            return 0;
        }
        let packets = BUFFER.div_ceil(data);
        let padding = packets * data - BUFFER;
        self.period_packets / packets * padding * WHOLE_BUFFERS / 100
    }

    /// Returns the most that may be padding at the ends of bursts: servers that hand datagrams to
    /// the network card in trains fill the last one of each.
    pub(super) fn most(&self, ends_full: bool, largest: u32) -> u64 {
        let inside = if self.pads() {
            self.period_packets / PADDED
        } else {
            0
        };
        (self.bursts + inside + 2 * u64::from(ends_full)) * u64::from(largest)
    }
}

/// Returns the possible error of a response that was alone: frames next to its data, packet numbers
/// of another length.
pub(super) fn slack(packets: u64, padding: u64) -> u64 {
    FRAMES_BESIDE + packets * FRAMES_PER_PACKET + padding
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns true if a server counts as padding after responses of these sizes and ends.
    fn pads(ends: &[(u64, bool)]) -> bool {
        let mut padding = Padding::default();
        for &(size, full) in ends {
            padding.note_end(size, full, &Config::default());
        }
        padding.pads()
    }

    #[test]
    fn both_sides_of_what_says_that_a_server_pads() {
        let [a, b, c, d] = [100_000, 200_000, 300_000, 400_000];
        assert!(!pads(&[(a, true), (b, true)]));
        assert!(pads(&[(a, true), (b, true), (c, true)]));
        assert!(pads(&[(a, true), (b, true), (c, false), (d, false)]));
        assert!(!pads(&[(a, true), (b, false), (c, false)]));
    }

    #[test]
    fn responses_of_one_size_count_once() {
        // Two percent apart, and less.
        assert!(pads(&[(100_000, true), (102_050, true), (104_150, true)]));
        assert!(!pads(&[(100_000, true), (102_000, true), (104_150, true)]));
        assert!(!pads(&[(16_600, true); 9]));
        // After four others they count again.
        let with = |others: u64| {
            let mut padding = Padding::default();
            padding.note_end(16_600, true, &Config::default());
            for at in 1..=others {
                padding.note_end(at * 1_000_000, false, &Config::default());
            }
            padding.note_end(16_600, true, &Config::default());
            padding.full_ends
        };
        assert_eq!((with(3), with(4)), (1, 2));
    }
}
