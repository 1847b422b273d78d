//! Captures built byte by byte, for tests.

use nflx_core::{LinkType, Time};

use super::order::Order;
use super::{Damage, Reader, Unreadable};

/// A packet as tests write it.
pub(crate) struct TestPacket {
    pub(crate) frame: u64,
    pub(crate) time: i64,
    pub(crate) original_length: u32,
    pub(crate) data: Vec<u8>,
}

impl TestPacket {
    pub(crate) fn new(frame: u64, time: i64, data: Vec<u8>) -> Self {
        Self {
            frame,
            time,
            original_length: data.len() as u32,
            data,
        }
    }
}

/// Four packets: one empty, one cut by a snapshot length, one of odd length.
pub(crate) fn packets() -> Vec<TestPacket> {
    let time = 1_795_414_938_980_025_501;
    let mut packets = vec![
        TestPacket::new(1, time, vec![1; 60]),
        TestPacket::new(2, time + 1_000_000, vec![]),
        TestPacket::new(3, time + 999_999_999, vec![2; 33]),
        TestPacket::new(4, time - 5, vec![3; 2]),
    ];
    packets[2].original_length = 1514;
    packets
}

/// A packet as a reader gave it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct SeenPacket {
    pub(crate) frame: u64,
    pub(crate) time: Time,
    pub(crate) link_type: LinkType,
    pub(crate) original_length: u32,
    pub(crate) data: Vec<u8>,
}

/// All that a reader gave.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct WholeCapture {
    pub(crate) packets: Vec<SeenPacket>,
    pub(crate) damage: Option<Damage>,
}

pub(crate) fn read_all(bytes: &[u8]) -> Result<WholeCapture, Unreadable> {
    let mut reader = Reader::new(bytes)?;
    let mut packets = Vec::new();
    while let Some(packet) = reader.next() {
        packets.push(SeenPacket {
            frame: packet.frame,
            time: packet.time,
            link_type: packet.link_type,
            original_length: packet.original_length,
            data: packet.data.to_vec(),
        });
    }
    assert!(reader.next().is_none(), "a reader that has ended stays so");
    Ok(WholeCapture {
        packets,
        damage: reader.damage().cloned(),
    })
}

/// The variants of pcap.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PcapForm {
    pub(crate) order: Order,
    pub(crate) nanoseconds: bool,
    pub(crate) modified: bool,
}

impl Default for PcapForm {
    fn default() -> Self {
        Self {
            order: Order::Little,
            nanoseconds: false,
            modified: false,
        }
    }
}

impl PcapForm {
    pub(crate) const ALL: [Self; 6] = {
        const fn form(order: Order, nanoseconds: bool, modified: bool) -> PcapForm {
            PcapForm {
                order,
                nanoseconds,
                modified,
            }
        }
        [
            form(Order::Little, false, false),
            form(Order::Little, true, false),
            form(Order::Little, false, true),
            form(Order::Big, false, false),
            form(Order::Big, true, false),
            form(Order::Big, false, true),
        ]
    };

    const fn magic(self) -> u32 {
        match self {
            Self {
                nanoseconds: true, ..
            } => 0xa1b2_3c4d,
            Self { modified: true, .. } => 0xa1b2_cd34,
            _ => 0xa1b2_c3d4,
        }
    }
}

/// Numbers in one byte order.
pub(crate) struct Fields(pub(crate) Order, pub(crate) Vec<u8>);

impl Fields {
    pub(crate) fn u16(&mut self, value: u16) -> &mut Self {
        self.bytes(&match self.0 {
            Order::Little => value.to_le_bytes(),
            Order::Big => value.to_be_bytes(),
        })
    }

    pub(crate) fn u32(&mut self, value: u32) -> &mut Self {
        self.bytes(&match self.0 {
            Order::Little => value.to_le_bytes(),
            Order::Big => value.to_be_bytes(),
        })
    }

    pub(crate) fn u64(&mut self, value: u64) -> &mut Self {
        self.bytes(&match self.0 {
            Order::Little => value.to_le_bytes(),
            Order::Big => value.to_be_bytes(),
        })
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.1.extend_from_slice(bytes);
        self
    }

    /// A pcapng block around `body`, padded.
    pub(crate) fn block(&mut self, kind: u32, body: impl FnOnce(&mut Self)) -> &mut Self {
        let mut inner = Self(self.0, Vec::new());
        body(&mut inner);
        inner.1.resize(inner.1.len().next_multiple_of(4), 0);
        let length = inner.1.len() as u32 + 12;
        self.u32(kind).u32(length).bytes(&inner.1).u32(length)
    }

    pub(crate) fn section(&mut self) -> &mut Self {
        self.block(0x0a0d_0d0a, |body| {
            body.u32(0x1a2b_3c4d).u16(1).u16(0).u64(u64::MAX);
        })
    }

    /// Options: code and value.
    pub(crate) fn interface(
        &mut self,
        link_type: u16,
        snapshot_length: u32,
        options: &[(u16, &[u8])],
    ) -> &mut Self {
        self.block(1, |body| {
            body.u16(link_type).u16(0).u32(snapshot_length);
            for (code, value) in options {
                body.u16(*code).u16(value.len() as u16).bytes(value);
                let padded = body.1.len().next_multiple_of(4);
                body.1.resize(padded, 0);
            }
        })
    }

    pub(crate) fn enhanced(
        &mut self,
        interface: u32,
        units: u64,
        original_length: u32,
        data: &[u8],
    ) -> &mut Self {
        self.block(6, |body| {
            body.u32(interface)
                .u32((units >> 32) as u32)
                .u32(units as u32);
            body.u32(data.len() as u32).u32(original_length).bytes(data);
        })
    }
}

pub(crate) fn pcap(form: PcapForm, link_type: u32, packets: &[TestPacket]) -> Vec<u8> {
    let mut out = Fields(form.order, Vec::new());
    out.u32(form.magic())
        .u16(2)
        .u16(4)
        .u32(0)
        .u32(0)
        .u32(65_535)
        .u32(link_type);
    for packet in packets {
        let nanoseconds = packet.time % 1_000_000_000;
        let fraction = if form.nanoseconds {
            nanoseconds
        } else {
            nanoseconds / 1000
        };
        out.u32((packet.time / 1_000_000_000) as u32)
            .u32(fraction as u32);
        out.u32(packet.data.len() as u32)
            .u32(packet.original_length);
        if form.modified {
            out.u32(2).u16(0x800).bytes(&[0, 0]);
        }
        out.bytes(&packet.data);
    }
    out.1
}

pub(crate) fn small_pcap() -> Vec<u8> {
    pcap(PcapForm::default(), 1, &packets())
}

/// One section, nanoseconds, with a block of another program between packets.
pub(crate) fn small_pcapng() -> Vec<u8> {
    let mut out = Fields(Order::Little, Vec::new());
    out.section().interface(1, 0, &[(9, &[9])]);
    for packet in packets() {
        out.enhanced(0, packet.time as u64, packet.original_length, &packet.data);
        out.block(0x77, |body| {
            body.bytes(b"unknown");
        });
    }
    out.1
}
