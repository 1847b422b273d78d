//! The head of a response whose first record also holds data.
//!
//! The HEADERS frame (RFC 9113, section 6.2) is encrypted together with the data after it. Two
//! facts reveal its size. A server that sends the first DATA frame in the same record makes that
//! record longer than the frame by the head. A server that makes its first records fit packets,
//! which is done for HTTP/2, also refers to earlier fields in later heads (RFC 7541, section
//! 2.3.2), which are then small.

use std::ops::RangeInclusive;

use crate::config::Config;

/// Frame header (RFC 9113, section 4.1). An empty DATA frame consists of nothing else.
pub(crate) const FRAME_HEADER: u32 = 9;
/// Lengths of records that fit a packet: from 1,186 bytes (Go) to 1,455, the most that fits an
/// Ethernet segment.
const FIT_A_PACKET: RangeInclusive<u32> = 1_186..=1_455;

/// Lengths of a connection's records, as far as they reveal heads.
#[derive(Debug, Default)]
pub(crate) struct Heads {
    /// Length of the latest record that fits a packet, or 0.
    latest: u32,
    /// True if two of these agree.
    fit_packets: bool,
}

impl Heads {
    /// Learns from the length of a visible record.
    pub(crate) fn learn(&mut self, length: u32) {
        if FIT_A_PACKET.contains(&length) {
            self.fit_packets |= self.latest == length;
            self.latest = length;
        }
    }

    /// Returns how many bytes of a response's first record, with this much plaintext, are its head.
    pub(crate) fn size(&self, plaintext: u32, config: &Config) -> u64 {
        let plaintext = u64::from(plaintext);
        let largest = config.http2_headers_max();
        if plaintext <= largest {
            return plaintext;
        }
        let header = u64::from(FRAME_HEADER);
        let beside_frame = plaintext.checked_sub(config.http2_frame() + header);
        match beside_frame.filter(|&head| head > header && head <= largest) {
            Some(head) => head,
            None if self.fit_packets => config.http2_head_indexed(),
            None => config.http2_head(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_beside_a_frame_is_the_head() {
        let config = Config::default();
        let heads = Heads::default();
        let frame = config.http2_frame() as u32 + FRAME_HEADER;
        let most = config.http2_headers_max() as u32;
        assert_eq!(
            heads.size(frame + FRAME_HEADER, &config),
            config.http2_head()
        );
        assert_eq!(heads.size(frame + FRAME_HEADER + 1, &config), 10);
        assert_eq!(heads.size(frame + most, &config), u64::from(most));
        assert_eq!(heads.size(frame + most + 1, &config), config.http2_head());
        // A separate record is all head.
        assert_eq!(heads.size(most, &config), u64::from(most));
        assert_eq!(heads.size(most + 1, &config), config.http2_head());
    }

    #[test]
    fn records_that_fit_packets_tell_of_small_heads() {
        let config = Config::default();
        let head_after = |lengths: [u32; 3]| {
            let mut heads = Heads::default();
            for length in lengths {
                heads.learn(length);
            }
            heads.size(16_384, &config)
        };
        let (usual, indexed) = (config.http2_head(), config.http2_head_indexed());
        assert_eq!(head_after([1_185, 16_401, 1_185]), usual);
        assert_eq!(head_after([1_186, 16_401, 1_186]), indexed);
        assert_eq!(head_after([1_455, 1_455, 16_401]), indexed);
        assert_eq!(head_after([1_456, 1_456, 16_401]), usual);
        // One may be a response's last.
        assert_eq!(head_after([1_300, 1_301, 16_401]), usual);
    }
}
