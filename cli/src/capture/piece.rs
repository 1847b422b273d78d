//! A capture file in pieces, for rewriting it.

use std::ops::Range;

use nflx_core::{LinkType, Packet};

use super::order::Order;

/// Facts in a pcap header about all its packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    /// Byte order of the file.
    pub(crate) order: Order,
    /// True if times are in nanoseconds instead of microseconds.
    pub(crate) nanoseconds: bool,
    /// Longest packet, as stated.
    pub(crate) snapshot_length: u32,
    /// Link type of all packets.
    pub(crate) link_type: LinkType,
    /// Length of the frame check sequence at the end of each packet, in bytes, if stated.
    pub(crate) fcs_length: Option<u8>,
}

/// A part of a capture file. The pieces of a pcapng file, one after the other, have exactly the
/// bytes of the file, however damaged it is.
#[derive(Debug)]
pub(crate) enum Piece<'a> {
    /// The header of a pcap file.
    Header(Header),
    /// A packet of a pcap file.
    Record(Packet<'a>),
    /// The section header of a pcapng file.
    Section(Block<'a>),
    /// A packet of a pcapng file with its block.
    Packet(Packet<'a>, Block<'a>),
    /// Any other bytes of a pcapng file: blocks without packets, in parts if they are large, and
    /// damaged bytes.
    Other(&'a [u8]),
}

/// A sound pcapng block.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Block<'a> {
    /// The whole block.
    pub(crate) bytes: &'a [u8],
    /// Byte order of its section.
    pub(crate) order: Order,
    /// Offset of its options, if blocks of its type have any.
    pub(crate) options: Option<usize>,
}

impl Block<'_> {
    /// After a block's options: its length.
    pub(crate) const TAIL: usize = 4;

    /// Returns the range of the options.
    pub(crate) fn options(&self) -> Option<Range<usize>> {
        let end = self.bytes.len().checked_sub(Self::TAIL)?;
        self.options
            .filter(|&start| start <= end)
            .map(|start| start..end)
    }
}
