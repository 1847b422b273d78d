//! Packets and bytes per direction.

use strum::{IntoStaticStr, VariantArray, VariantNames};

use crate::words::words;

words!(Direction);

/// Direction as seen from the client: in = from Netflix to the client, out = the other way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, IntoStaticStr, VariantArray, VariantNames)]
#[repr(u8)]
#[strum(serialize_all = "snake_case")]
pub enum Direction {
    /// From the Netflix server to the client (downlink).
    In = 1,
    /// From the client to the Netflix server (uplink).
    Out = 2,
}

/// IP packets and bytes in both directions. Bytes are the length that the IP header states (IPv4:
/// total length; IPv6: 40 + payload length). If the header states 0 (segmentation offload), they
/// are the frame's length less the link header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Packets from Netflix to the client.
    pub in_pkts: u64,
    /// Packets from the client to Netflix.
    pub out_pkts: u64,
    /// Bytes from Netflix to the client.
    pub in_bytes: u64,
    /// Bytes from the client to Netflix.
    pub out_bytes: u64,
}

impl Counters {
    /// Counts one packet of `bytes` bytes.
    pub const fn count(&mut self, direction: Direction, bytes: u32) {
        match direction {
            Direction::In => {
                self.in_pkts += 1;
                self.in_bytes += bytes as u64;
            }
            Direction::Out => {
                self.out_pkts += 1;
                self.out_bytes += bytes as u64;
            }
        }
    }

    /// Subtracts a count that was added before.
    pub(crate) const fn remove(&mut self, other: &Self) {
        self.in_pkts = self.in_pkts.saturating_sub(other.in_pkts);
        self.out_pkts = self.out_pkts.saturating_sub(other.out_pkts);
        self.in_bytes = self.in_bytes.saturating_sub(other.in_bytes);
        self.out_bytes = self.out_bytes.saturating_sub(other.out_bytes);
    }

    /// Adds another count. Associative and commutative, so parts of a capture can be counted
    /// separately.
    pub const fn add(&mut self, other: &Self) {
        self.in_pkts += other.in_pkts;
        self.out_pkts += other.out_pkts;
        self.in_bytes += other.in_bytes;
        self.out_bytes += other.out_bytes;
    }
}
