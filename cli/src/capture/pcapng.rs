//! pcapng: sections of blocks.
//!
//! Read: several sections in either byte order, several interfaces, their time units and offsets;
//! enhanced, simple and obsolete packet blocks. Other blocks are skipped without holding them.
//! Block framing is checked as in Wireshark. Headers with options are left to `pcap-parser`; packet
//! blocks are parsed here, because that needs no allocation per packet and survives damaged
//! options.

mod block;
mod pieces;

use std::io::Read;
use std::ops::Range;

use block::{
    Found, HEAD, Head, Interface, MAX_INTERFACES, PACKET_HEAD, Pending, SIMPLE_HEAD,
    SMALLEST_BLOCK, SYSDIG_EVENTS, TAIL, check_section, check_tail, describe_interface,
};
use nflx_core::{LinkType, Packet, Time};
use pcap_parser::{CB_MAGIC, DCB_MAGIC, EPB_MAGIC, IDB_MAGIC, SHB_MAGIC, SJE_MAGIC, SPB_MAGIC};

use super::buffer::{Buffer, MAX_BLOCK, MAX_HEADER_BLOCK};
use super::damage::{Damage, Defect, Unreadable};
use super::order::Order;

/// Reads the packet blocks of a pcapng file.
pub(crate) struct PcapngReader<R> {
    buffer: Buffer<R>,
    order: Order,
    interfaces: Vec<Interface>,
    frame: u64,
    /// Time for simple packet blocks, which have none of their own.
    last_time: Time,
    /// Position in the buffer of the last block that was taken whole.
    taken: Range<usize>,
    /// The piece that [`Self::next_piece`] returns next.
    pending: Pending,
    damage: Option<Damage>,
    ended: bool,
}

impl<R: Read> PcapngReader<R> {
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

    pub(super) fn link_types(&self) -> Vec<LinkType> {
        let interfaces = self.interfaces.iter();
        interfaces.map(|interface| interface.link_type).collect()
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

    /// Returns true if the stream ends where a block could begin, without an error.
    fn at_end(&mut self) -> bool {
        !self.buffer.fill(1) && self.buffer.error().is_none()
    }

    /// Reads the next block. Returns its contents if it is a packet.
    fn block(&mut self) -> Result<Option<Found>, Defect> {
        let head = self.head()?;
        if head.is_needed() {
            self.whole_block(head)
        } else {
            self.other_block(head).map(|()| None)
        }
    }

    /// Reads the head of the next block.
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

    /// Reads a block with needed contents.
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

    /// Measures a block without keeping its contents.
    fn other_block(&mut self, head: Head) -> Result<(), Defect> {
        if !self.buffer.skip(head.length - TAIL as u64) {
            return Err(self.cut(Defect::CutBlock));
        }
        self.other_tail(head).map(|_| ())
    }

    /// Checks the end of a block that is only measured.
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

    /// Reads an enhanced packet block or its predecessor, which differ only in the first word.
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

    /// Reads a simple packet block: of the first interface, without time, cut at the interface's
    /// snapshot length.
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

    /// Returns why the stream did not provide what a block needs.
    fn cut(&self, otherwise: Defect) -> Defect {
        self.buffer.error().map_or(otherwise, |error| {
            Defect::Read(crate::messages::reason(error).into())
        })
    }
}

#[cfg(test)]
mod tests;
