//! Blocks of a pcapng file, one at a time.

use std::ops::Range;

use nflx_core::{LinkType, Time};
use pcap_parser::{
    EPB_MAGIC, IDB_MAGIC, InterfaceDescriptionBlock, OptionCode, SHB_MAGIC, SPB_MAGIC,
    parse_interfacedescriptionblock_be, parse_interfacedescriptionblock_le,
    parse_sectionheaderblock,
};

use crate::capture::damage::Defect;
use crate::capture::order::Order;
use crate::capture::time::Resolution;

/// Packet block of the first drafts (appendix A of the draft: obsolete).
pub(super) const PB_MAGIC: u32 = 2;
/// Sysdig events, which Wireshark counts as frames too (`BLOCK_TYPE_SYSDIG_EVENT*` in its
/// pcapng_module.h).
pub(super) const SYSDIG_EVENTS: [u32; 3] = [0x204, 0x216, 0x221];

/// Number of a section's interfaces that are remembered, more than any computer has; packets of
/// further ones count as packets of interfaces without description.
pub(super) const MAX_INTERFACES: usize = 65_536;

/// Type and two lengths.
pub(super) const SMALLEST_BLOCK: usize = 12;
/// Type and length, before a block's body.
pub(super) const HEAD: usize = 8;
/// Length, after a block's body.
pub(super) const TAIL: usize = 4;
/// Before the packet in enhanced and obsolete packet blocks: interface, time, captured length,
/// original length.
pub(super) const PACKET_HEAD: usize = 20;
/// Before the packet in a simple packet block: original length.
pub(super) const SIMPLE_HEAD: usize = 4;

/// The parts of an interface description that concern its packets.
pub(super) struct Interface {
    pub(super) link_type: LinkType,
    pub(super) snapshot_length: u32,
    pub(super) resolution: Resolution,
    pub(super) offset: i64,
}

/// A packet, with its bytes still in the buffer.
pub(super) struct Found {
    pub(super) time: Time,
    pub(super) link_type: LinkType,
    pub(super) original_length: u32,
    pub(super) data: Range<usize>,
}

/// The head of a block.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head {
    pub(super) kind: u32,
    /// Length as the block states it.
    pub(super) stated: u32,
    /// Length including padding that some writers omit.
    pub(super) length: u64,
}

impl Head {
    pub(super) const fn is_packet(self) -> bool {
        matches!(self.kind, EPB_MAGIC | PB_MAGIC | SPB_MAGIC)
    }

    /// Returns true if contents of the block are needed.
    pub(super) const fn is_needed(self) -> bool {
        self.is_packet() || matches!(self.kind, SHB_MAGIC | IDB_MAGIC)
    }
}

/// The bytes before the next block.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Pending {
    #[default]
    Nothing,
    /// The section header, read while recognising the file.
    FirstSection,
    /// The rest of a block whose contents do not matter.
    Body {
        head: Head,
        /// Offset of the block in the stream.
        offset: u64,
        /// Bytes before its last word.
        left: u64,
    },
}

pub(super) fn check_tail(first: u32, second: u32) -> Result<(), Defect> {
    let padded = |length: u32| u64::from(length).next_multiple_of(4);
    if padded(first) == padded(second) {
        Ok(())
    } else {
        Err(Defect::TwoLengths(first, second))
    }
}

pub(super) fn check_section(block: &[u8]) -> Result<(), Defect> {
    match parse_sectionheaderblock(block) {
        // Some programs wrote version 1.2; Wireshark reads it as 1.0.
        Ok((_, section)) if section.major_version == 1 => Ok(()),
        Ok((_, section)) => Err(Defect::Version(
            section.major_version,
            section.minor_version,
        )),
        Err(_) => Err(Defect::BlockLength(block.len() as u32)),
    }
}

pub(super) fn describe_interface(block: &[u8], order: Order) -> Result<Interface, Defect> {
    let parsed = match order {
        Order::Little => parse_interfacedescriptionblock_le(block),
        Order::Big => parse_interfacedescriptionblock_be(block),
    };
    let Ok((_, description)) = parsed else {
        return Err(Defect::Block);
    };
    let (resolution, offset) = time_options(&description, order);
    Ok(Interface {
        // From two bytes, so the cast loses nothing.
        link_type: LinkType(description.linktype.0 as u16),
        snapshot_length: description.snaplen,
        resolution,
        offset,
    })
}

/// Returns time unit and offset, read from the options themselves: the fields that `pcap-parser`
/// fills from them take the offset as little-endian in any section, and do not stop at the end of
/// the options.
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
