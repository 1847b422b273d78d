//! IP addresses and counters: parts of other structs.

use core::net::IpAddr;

use nflx_core::Counters;

/// An IP address. Part of other structs, never alone.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct nflx_address {
    /// 4 or 6.
    pub family: u32,
    /// The bytes in network byte order; an IPv4 address fills the first four, the rest is 0.
    pub bytes: [u8; 16],
}

impl From<IpAddr> for nflx_address {
    fn from(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(v4) => {
                let mut bytes = [0; 16];
                bytes[..4].copy_from_slice(&v4.octets());
                Self { family: 4, bytes }
            }
            IpAddr::V6(v6) => Self {
                family: 6,
                bytes: v6.octets(),
            },
        }
    }
}

/// IP packets and bytes in both directions. Bytes are the length that the IP header states (IPv4:
/// total length; IPv6: 40 + payload length). If the header states 0 (segmentation offload), they
/// are the frame's length less the link header. Part of other structs, never alone.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct nflx_counters {
    /// Packets from Netflix to the client.
    pub in_pkts: u64,
    /// Packets from the client to Netflix.
    pub out_pkts: u64,
    /// Bytes from Netflix to the client.
    pub in_bytes: u64,
    /// Bytes from the client to Netflix.
    pub out_bytes: u64,
}

impl From<Counters> for nflx_counters {
    fn from(c: Counters) -> Self {
        Self {
            in_pkts: c.in_pkts,
            out_pkts: c.out_pkts,
            in_bytes: c.in_bytes,
            out_bytes: c.out_bytes,
        }
    }
}

const _: () = {
    assert!(size_of::<nflx_address>() == 20 && align_of::<nflx_address>() == 4);
    assert!(size_of::<nflx_counters>() == 32 && align_of::<nflx_counters>() == 8);
};
