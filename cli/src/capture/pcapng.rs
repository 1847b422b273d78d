//! pcapng: sections of blocks.
//!
//! Read: several sections in either byte order, several interfaces, their time units and offsets; enhanced, simple and
//! obsolete packet blocks. Other blocks are passed over without holding them. Block framing is checked as Wireshark
//! does it; headers with options are left to `pcap-parser`, packet blocks are taken apart here, because that needs no
//! allocation per packet and survives damaged options.

mod pieces;

use std::io::Read;
use std::ops::Range;

use nflx_core::{LinkType, Packet, Time};
use pcap_parser::{
    CB_MAGIC, DCB_MAGIC, EPB_MAGIC, IDB_MAGIC, InterfaceDescriptionBlock, OptionCode, SHB_MAGIC,
    SJE_MAGIC, SPB_MAGIC, parse_interfacedescriptionblock_be, parse_interfacedescriptionblock_le,
    parse_sectionheaderblock,
};
use pieces::Pending;

use super::buffer::Buffer;
use super::damage::{Damage, Defect, Unreadable};
use super::order::Order;
use super::time::Resolution;
use super::{MAX_BLOCK, MAX_HEADER_BLOCK};

/// Packet block of the first drafts (appendix A of the draft: obsolete).
const PB_MAGIC: u32 = 2;
/// Sysdig events, of which Wireshark makes frames too (`BLOCK_TYPE_SYSDIG_EVENT*` in its pcapng_module.h).
const SYSDIG_EVENTS: [u32; 3] = [0x204, 0x216, 0x221];

/// Interfaces of a section that are remembered. More than any computer has; packets of further ones count as packets of
/// interfaces without description.
const MAX_INTERFACES: usize = 65_536;

/// Type and two lengths.
const SMALLEST_BLOCK: usize = 12;
/// Type and length, before a block's body.
const HEAD: usize = 8;
/// Length, after a block's body.
const TAIL: usize = 4;
/// Before the packet in enhanced and obsolete packet blocks: interface, time, captured length, original length.
const PACKET_HEAD: usize = 20;
/// Before the packet in a simple packet block: original length.
const SIMPLE_HEAD: usize = 4;

/// What an interface description says about the packets of its interface.
struct Interface {
    link_type: LinkType,
    snapshot_length: u32,
    resolution: Resolution,
    offset: i64,
}

/// A packet, with its bytes still in the buffer.
struct Found {
    time: Time,
    link_type: LinkType,
    original_length: u32,
    data: Range<usize>,
}

/// The head of a block.
#[derive(Clone, Copy, Debug)]
struct Head {
    kind: u32,
    /// Length as the block states it.
    stated: u32,
    /// Length with the padding that some writers leave out.
    length: u64,
}

impl Head {
    const fn is_packet(self) -> bool {
        matches!(self.kind, EPB_MAGIC | PB_MAGIC | SPB_MAGIC)
    }

    /// Whether something of the block is needed.
    const fn is_needed(self) -> bool {
        self.is_packet() || matches!(self.kind, SHB_MAGIC | IDB_MAGIC)
    }
}

/// Reads the packet blocks of a pcapng file.
pub(crate) struct Reader<R> {
    buffer: Buffer<R>,
    order: Order,
    interfaces: Vec<Interface>,
    frame: u64,
    /// For simple packet blocks, which have none of their own.
    last_time: Time,
    /// Where the last block that was taken whole is in the buffer.
    taken: Range<usize>,
    /// What [`Self::next_piece`] gives next.
    pending: Pending,
    damage: Option<Damage>,
    ended: bool,
}

impl<R: Read> Reader<R> {
    pub(super) fn new(buffer: Buffer<R>) -> Result<Self, Unreadable> {
        let mut reader = Self {
            buffer,
            order: Order::Little,
            interfaces: Vec::new(),
            frame: 0,
            last_time: Time(0),
            taken: 0..0,
            pending: Pending::FirstSection,
            damage: None,
            ended: false,
        };
        match reader.block() {
            Ok(_) => Ok(reader),
            Err(Defect::Version(major, minor)) => Err(Unreadable::Version {
                format: "pcapng",
                major,
                minor,
            }),
            Err(Defect::Read(_)) => Err(reader
                .buffer
                .error()
                .map_or(Unreadable::HeaderCut, Unreadable::from_read_error)),
            Err(Defect::CutBlock) => Err(Unreadable::HeaderCut),
            Err(_) => Err(Unreadable::HeaderDamaged),
        }
    }

    pub(super) fn next(&mut self) -> Option<Packet<'_>> {
        let found = loop {
            if self.ended || self.at_end() {
                return None;
            }
            let offset = self.buffer.offset();
            let after_frame = self.frame;
            match self.block() {
                Ok(Some(found)) => break found,
                Ok(None) => {}
                Err(what) => self.damaged(offset, after_frame, what),
            }
        };
        self.last_time = found.time;
        Some(Packet {
            frame: self.frame,
            time: found.time,
            link_type: found.link_type,
            original_length: found.original_length,
            data: self.buffer.get(found.data),
        })
    }

    pub(super) const fn frames(&self) -> u64 {
        self.frame
    }

    pub(super) fn interfaces(&self) -> Vec<(LinkType, u32)> {
        let interfaces = self.interfaces.iter();
        interfaces
            .map(|interface| (interface.link_type, interface.snapshot_length))
            .collect()
    }

    pub(super) const fn damage(&self) -> Option<&Damage> {
        self.damage.as_ref()
    }

    fn damaged(&mut self, offset: u64, after_frame: u64, what: Defect) {
        self.ended = !what.is_local();
        self.damage.get_or_insert(Damage {
            offset,
            after_frame,
            what,
        });
    }

    /// Whether the stream ends where a block could begin, and without an error.
    fn at_end(&mut self) -> bool {
        !self.buffer.fill(1) && self.buffer.error().is_none()
    }

    /// Takes the next block; what it holds if it is a packet.
    fn block(&mut self) -> Result<Option<Found>, Defect> {
        let head = self.head()?;
        if head.is_needed() {
            self.whole_block(head)
        } else {
            self.other_block(head).map(|()| None)
        }
    }

    /// Looks at the head of the next block.
    fn head(&mut self) -> Result<Head, Defect> {
        if !self.buffer.fill(SMALLEST_BLOCK) {
            return Err(self.cut(Defect::CutBlock));
        }
        let head = self.buffer.unread();
        // The same in both byte orders.
        let section = Order::Little.u32(head, 0) == SHB_MAGIC;
        if section {
            self.order = match head[8..12] {
                [0x4d, 0x3c, 0x2b, 0x1a] => Order::Little,
                [0x1a, 0x2b, 0x3c, 0x4d] => Order::Big,
                _ => return Err(Defect::ByteOrder),
            };
        }
        let kind = self.order.u32(head, 0);
        let stated = self.order.u32(head, 4);
        if (stated as usize) < SMALLEST_BLOCK {
            return Err(Defect::BlockLength(stated));
        }
        Ok(Head {
            kind,
            stated,
            length: u64::from(stated).next_multiple_of(4),
        })
    }

    /// A block of which something is needed.
    fn whole_block(&mut self, head: Head) -> Result<Option<Found>, Defect> {
        let is_packet = head.is_packet();
        let limit = if is_packet {
            MAX_BLOCK
        } else {
            MAX_HEADER_BLOCK
        };
        let Some(length) = usize::try_from(head.length)
            .ok()
            .filter(|&length| length <= limit)
        else {
            return Err(Defect::BlockLength(head.stated));
        };
        if !self.buffer.fill(length) {
            return Err(self.cut(if is_packet {
                Defect::CutPacket
            } else {
                Defect::CutBlock
            }));
        }
        let taken = self.buffer.take(length);
        self.taken = taken.clone();
        let block = self.buffer.get(taken.clone());
        check_tail(head.stated, self.order.u32(block, length - TAIL))?;
        self.frame += u64::from(is_packet);
        let body = taken.start + HEAD..taken.end - TAIL;
        match head.kind {
            SHB_MAGIC => {
                self.interfaces.clear();
                check_section(block).map(|()| None)
            }
            IDB_MAGIC => {
                let interface = describe_interface(block, self.order)?;
                if self.interfaces.len() < MAX_INTERFACES {
                    self.interfaces.push(interface);
                }
                Ok(None)
            }
            SPB_MAGIC => self.simple_packet(body).map(Some),
            _ => self.packet(head.kind, body).map(Some),
        }
    }

    /// A block of which only the length matters.
    fn other_block(&mut self, head: Head) -> Result<(), Defect> {
        if !self.buffer.skip(head.length - TAIL as u64) {
            return Err(self.cut(Defect::CutBlock));
        }
        self.other_tail(head).map(|_| ())
    }

    /// The end of a block of which only the length matters.
    fn other_tail(&mut self, head: Head) -> Result<Range<usize>, Defect> {
        if !self.buffer.fill(TAIL) {
            return Err(self.cut(Defect::CutBlock));
        }
        let tail = self.buffer.take(TAIL);
        check_tail(
            head.stated,
            self.order.u32(self.buffer.get(tail.clone()), 0),
        )?;
        let listed = matches!(head.kind, SJE_MAGIC | CB_MAGIC | DCB_MAGIC)
            || SYSDIG_EVENTS.contains(&head.kind);
        self.frame += u64::from(listed);
        Ok(tail)
    }

    /// An enhanced packet block or its predecessor, which differ in the first word only.
    fn packet(&self, kind: u32, body: Range<usize>) -> Result<Found, Defect> {
        let bytes = self.buffer.get(body.clone());
        if bytes.len() < PACKET_HEAD {
            return Err(Defect::Block);
        }
        let word = |at| self.order.u32(bytes, at);
        let interface = if kind == EPB_MAGIC {
            word(0)
        } else {
            self.order.u16(bytes, 0).into()
        };
        let interface = self.interface(interface)?;
        let units = u64::from(word(4)) << 32 | u64::from(word(8));
        let (captured, original) = (word(12), word(16));
        if captured as usize > bytes.len() - PACKET_HEAD {
            return Err(Defect::Block);
        }
        let start = body.start + PACKET_HEAD;
        Ok(Found {
            time: interface.resolution.time(units, interface.offset),
            link_type: interface.link_type,
            original_length: original.max(captured),
            data: start..start + captured as usize,
        })
    }

    /// A simple packet block: of the first interface, without time, cut at the interface's snapshot length.
    fn simple_packet(&self, body: Range<usize>) -> Result<Found, Defect> {
        let bytes = self.buffer.get(body.clone());
        if bytes.len() < SIMPLE_HEAD {
            return Err(Defect::Block);
        }
        let original = self.order.u32(bytes, 0);
        let interface = self.interface(0)?;
        let limit = if interface.snapshot_length == 0 {
            u32::MAX
        } else {
            interface.snapshot_length
        };
        let captured = original.min(limit) as usize;
        if captured > bytes.len() - SIMPLE_HEAD {
            return Err(Defect::Block);
        }
        let start = body.start + SIMPLE_HEAD;
        Ok(Found {
            time: self.last_time,
            link_type: interface.link_type,
            original_length: original,
            data: start..start + captured,
        })
    }

    fn interface(&self, number: u32) -> Result<&Interface, Defect> {
        self.interfaces
            .get(number as usize)
            .ok_or(Defect::Interface(number))
    }

    /// Why the stream did not give what a block needs.
    fn cut(&self, otherwise: Defect) -> Defect {
        self.buffer.error().map_or(otherwise, |error| {
            Defect::Read(crate::messages::reason(error).into())
        })
    }
}

fn check_tail(first: u32, second: u32) -> Result<(), Defect> {
    let padded = |length: u32| u64::from(length).next_multiple_of(4);
    if padded(first) == padded(second) {
        Ok(())
    } else {
        Err(Defect::TwoLengths(first, second))
    }
}

fn check_section(block: &[u8]) -> Result<(), Defect> {
    match parse_sectionheaderblock(block) {
        // Version 1.2 was written by some; Wireshark reads it as 1.0.
        Ok((_, section)) if section.major_version == 1 => Ok(()),
        Ok((_, section)) => Err(Defect::Version(
            section.major_version,
            section.minor_version,
        )),
        Err(_) => Err(Defect::BlockLength(block.len() as u32)),
    }
}

fn describe_interface(block: &[u8], order: Order) -> Result<Interface, Defect> {
    let parsed = match order {
        Order::Little => parse_interfacedescriptionblock_le(block),
        Order::Big => parse_interfacedescriptionblock_be(block),
    };
    let Ok((_, description)) = parsed else {
        return Err(Defect::Block);
    };
    let (resolution, offset) = time_options(&description, order);
    Ok(Interface {
        // From two bytes, so that the cast loses nothing.
        link_type: LinkType(description.linktype.0 as u16),
        snapshot_length: description.snaplen,
        resolution,
        offset,
    })
}

/// Time unit and offset. Read from the options themselves: the fields that `pcap-parser` fills from them take the
/// offset as little-endian in any section, and do not stop at the end of the options.
fn time_options(description: &InterfaceDescriptionBlock<'_>, order: Order) -> (Resolution, i64) {
    let mut resolution = Resolution::DEFAULT;
    let mut offset = 0;
    for option in description
        .options
        .iter()
        .take_while(|option| option.code != OptionCode::EndOfOpt)
    {
        match (option.code, option.value.as_ref()) {
            (OptionCode::IfTsresol, [byte, ..]) => resolution = Resolution::from_option(*byte),
            (OptionCode::IfTsoffset, value) => {
                offset = value.first_chunk().map_or(0, |bytes| order.i64(*bytes));
            }
            _ => {}
        }
    }
    (resolution, offset)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{self, Seen, Writer, read_all};
    use super::*;

    fn little() -> Writer {
        Writer(Order::Little, Vec::new())
    }

    #[test]
    fn cut_anywhere_gives_every_whole_packet() {
        let bytes = testing::small_pcapng();
        let packets = testing::packets();
        // Ends of blocks, and how many packets there are by then.
        let mut ends = vec![(28, 0), (28 + 28, 0)];
        for packet in &packets {
            let (end, frames) = ends[ends.len() - 1];
            let end = end + 32 + packet.data.len().next_multiple_of(4);
            ends.extend([(end, frames + 1), (end + 20, frames + 1)]);
        }
        assert_eq!(ends[ends.len() - 1], (bytes.len(), packets.len()));
        for length in 1..=bytes.len() {
            let seen = read_all(&bytes[..length]);
            if length < 28 {
                assert!(seen.is_err(), "cut at {length}");
                continue;
            }
            let Seen {
                packets: seen,
                damage,
            } = seen.expect("a capture");
            let &(end, whole) = ends
                .iter()
                .rfind(|(end, _)| *end <= length)
                .expect("after the section header");
            assert_eq!(seen.len(), whole, "cut at {length}");
            for (seen, packet) in seen.iter().zip(&packets) {
                assert_eq!((seen.time.0, &seen.data), (packet.time, &packet.data));
                assert_eq!(seen.original_length, packet.original_length);
            }
            assert_eq!(damage.is_some(), end != length, "cut at {length}");
            if let Some(damage) = damage {
                assert_eq!(
                    (damage.offset, damage.after_frame),
                    (end as u64, whole as u64),
                    "cut at {length}"
                );
                assert!(matches!(damage.what, Defect::CutPacket | Defect::CutBlock));
            }
        }
    }

    #[test]
    fn sections_may_differ_in_byte_order_and_interfaces() {
        let mut bytes = Vec::new();
        for order in [Order::Big, Order::Little, Order::Big] {
            let offset = match order {
                Order::Little => 3i64.to_le_bytes(),
                Order::Big => 3i64.to_be_bytes(),
            };
            let mut out = Writer(order, Vec::new());
            out.section()
                .interface(1, 0, &[(2, b"first"), (14, &offset)])
                .interface(101, 0, &[(9, &[0x80 | 10]), (0, &[]), (9, &[3])])
                .enhanced(1, 1536, 4, b"abcd")
                .enhanced(0, 1_000_001, 9, b"efg");
            bytes.extend(out.1);
        }
        let Seen { packets, damage } = read_all(&bytes).expect("a capture");
        assert_eq!(damage, None);
        assert_eq!(packets.len(), 6);
        for pair in packets.chunks(2) {
            assert_eq!(
                (pair[0].link_type, pair[0].time.0),
                (LinkType::RAW, 1_500_000_000)
            );
            assert_eq!(
                (pair[1].link_type, pair[1].time.0),
                (LinkType::ETHERNET, 4_000_001_000)
            );
            assert_eq!(
                (&pair[1].data[..], pair[1].original_length),
                (&b"efg"[..], 9)
            );
        }
        assert_eq!(packets[5].frame, 6);
    }

    #[test]
    fn simple_packets_take_length_from_the_interface_and_time_from_before() {
        let mut out = little();
        out.section().interface(1, 6, &[]);
        let simple = |out: &mut Writer, original: u32, data: &[u8]| {
            let data = data.to_vec();
            out.block(3, |body| {
                body.u32(original).bytes(&data);
            });
        };
        simple(&mut out, 3, b"abc");
        out.enhanced(0, 5, 2, b"xy");
        simple(&mut out, 1500, b"abcdef");
        simple(&mut out, 6, b"abc");
        let Seen { packets, damage } = read_all(&out.1).expect("a capture");
        assert_eq!(
            (packets[0].time, &packets[0].data[..]),
            (Time(0), &b"abc"[..])
        );
        assert_eq!(
            (packets[2].time, &packets[2].data[..]),
            (Time(5000), &b"abcdef"[..])
        );
        assert_eq!(packets[2].original_length, 1500);
        assert_eq!(packets.len(), 3, "the last one claims more than it holds");
        assert_eq!(damage.expect("damage").what, Defect::Block);
    }

    #[test]
    fn obsolete_packets() {
        let mut out = little();
        out.section()
            .interface(1, 0, &[])
            .interface(113, 0, &[])
            .block(2, |body| {
                body.u16(1)
                    .u16(77)
                    .u32(0)
                    .u32(8)
                    .u32(3)
                    .u32(60)
                    .bytes(b"abc");
            });
        let seen = read_all(&out.1).expect("a capture");
        let packet = &seen.packets[0];
        assert_eq!(
            (packet.link_type, packet.time.0, packet.original_length),
            (LinkType::LINUX_SLL, 8000, 60)
        );
        assert_eq!(packet.data, b"abc");
    }

    #[test]
    fn frames_count_as_wireshark_counts_them() {
        let mut out = little();
        out.section().interface(1, 0, &[]);
        for kind in [4, 5, 10, 0x77, 9, 0xbad, 0x4000_0bad, 0x204] {
            out.block(kind, |body| {
                body.bytes(&[0; 40]);
            });
        }
        out.enhanced(0, 0, 1, b"a");
        assert_eq!(read_all(&out.1).expect("a capture").packets[0].frame, 5);
    }

    #[test]
    fn a_packet_of_an_unknown_interface_is_lost_alone() {
        let mut out = little();
        out.section()
            .interface(1, 0, &[])
            .enhanced(0, 0, 1, b"a")
            .enhanced(7, 0, 1, b"b")
            .enhanced(0, 0, 1, b"c");
        let Seen { packets, damage } = read_all(&out.1).expect("a capture");
        assert_eq!(
            packets
                .iter()
                .map(|packet| packet.frame)
                .collect::<Vec<_>>(),
            [1, 3]
        );
        let damage = damage.expect("damage");
        assert_eq!(
            (damage.after_frame, &damage.what),
            (1, &Defect::Interface(7))
        );
        assert!(damage.sentence("byte").ends_with("the rest was used"));
    }

    #[test]
    fn lengths_that_cannot_be() {
        for (length, tail, expected) in [
            (8, 8, Defect::BlockLength(8)),
            (0xffff_fff0, 0, Defect::BlockLength(0xffff_fff0)),
            (40, 44, Defect::TwoLengths(40, 44)),
        ] {
            let mut out = little();
            out.section().interface(1, 0, &[]).enhanced(0, 0, 1, b"a");
            out.u32(6)
                .u32(length)
                .bytes(&[0; 28])
                .u32(tail)
                .enhanced(0, 0, 1, b"b");
            let Seen { packets, damage } = read_all(&out.1).expect("a capture");
            assert_eq!(packets.len(), 1);
            assert_eq!(damage.expect("damage").what, expected);
        }
    }

    #[test]
    fn a_length_without_its_padding() {
        let mut out = little();
        out.section().interface(1, 0, &[]);
        out.u32(6)
            .u32(34)
            .u32(0)
            .u32(0)
            .u32(1)
            .u32(2)
            .u32(2)
            .bytes(b"ab\0\0")
            .u32(34);
        out.enhanced(0, 0, 1, b"b");
        let seen = read_all(&out.1).expect("a capture");
        assert_eq!((seen.packets.len(), seen.damage), (2, None));
    }

    #[test]
    fn a_large_unknown_block_is_passed_over() {
        let mut out = little();
        out.section().interface(1, 0, &[]).block(0x77, |body| {
            body.bytes(&vec![1; MAX_BLOCK + 4]);
        });
        out.enhanced(0, 0, 1, b"a");
        let seen = read_all(&out.1).expect("a capture");
        assert_eq!((seen.packets.len(), seen.damage), (1, None));
    }

    #[test]
    fn versions() {
        let mut out = little();
        out.section();
        out.1[12] = 2;
        assert!(matches!(
            read_all(&out.1),
            Err(Unreadable::Version { major: 2, .. })
        ));
    }
}
