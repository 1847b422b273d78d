//! Bytes still to be read, and the state of reading one frame.

use super::layers::{Layers, Scope};
use super::opaque::Opaque;
use crate::packet::LinkType;

/// Bytes still to be read: the captured ones, and their number on the wire.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rest<'a> {
    pub(super) data: &'a [u8],
    pub(super) wire: usize,
}

impl<'a> Rest<'a> {
    /// Skips the first `n` bytes; `None` if they were not captured.
    pub(super) fn skip(self, n: usize) -> Option<Self> {
        Some(Self {
            data: self.data.get(n..)?,
            wire: self.wire.saturating_sub(n),
        })
    }

    /// Drops everything after the first `n` bytes.
    pub(super) fn first(self, n: usize) -> Self {
        Self {
            data: &self.data[..n.min(self.data.len())],
            wire: self.wire.min(n),
        }
    }

    /// Returns true if the snapshot length cut none of it.
    pub(super) const fn is_whole(self) -> bool {
        self.data.len() >= self.wire
    }

    pub(super) fn u8(self, at: usize) -> Option<u8> {
        self.data.get(at).copied()
    }

    pub(super) fn u16(self, at: usize) -> Option<u16> {
        let bytes = self.data.get(at..)?.first_chunk()?;
        Some(u16::from_be_bytes(*bytes))
    }

    pub(super) fn u32(self, at: usize) -> Option<u32> {
        let bytes = self.data.get(at..)?.first_chunk()?;
        Some(u32::from_be_bytes(*bytes))
    }

    pub(super) fn u16_le(self, at: usize) -> Option<u16> {
        self.u16(at).map(u16::swap_bytes)
    }

    pub(super) fn u32_le(self, at: usize) -> Option<u32> {
        self.u32(at).map(u32::swap_bytes)
    }
}

/// A header that may come next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NextHeader {
    /// Version 4 or 6, by its first nibble.
    Ip,
    EtherType(u16),
    Ethernet,
    /// Ethernet that nothing announces: it must lead to an IP packet whose length fits, behind
    /// whichever headers.
    CheckedEthernet,
    Ppp,
    /// The payload below a stack of MPLS labels.
    MplsPayload,
    /// IEEE 802.2, with SNAP or an NLPID.
    Llc,
    /// IEEE 802.11.
    Wireless {
        /// True if the header is padded to a multiple of four bytes.
        padded: bool,
    },
    /// IEEE 802.11 with the two bytes of frame control in the wrong order.
    WirelessSwapped,
    /// IEEE 802.11 in either order.
    WirelessEither,
    /// A subframe of an IEEE 802.11 A-MSDU.
    Subframe,
    /// A link type inside another one's header.
    Link(LinkType),
    /// The payload of L2TP version 3, after its session ID.
    L2tpSession,
}

/// The next header and its position; `None` if nothing known follows.
pub(super) type Inner<'a> = Option<(NextHeader, Rest<'a>)>;

/// Headers that may come next if the bytes before do not tell, tried in order.
pub(super) type Candidates<'a> = [Inner<'a>; 4];

/// The state of reading one frame.
#[derive(Debug)]
pub(super) struct Walk<'w> {
    /// The frame from its first byte.
    pub(super) frame: &'w [u8],
    /// Number of headers that may still be removed.
    pub(super) left: u32,
    pub(super) layers: Layers,
    /// True if nothing announced the headers since the last IP header: an IP packet whose length fits
    /// must follow.
    pub(super) is_doubtful: bool,
    /// The link type, if it is unknown.
    pub(super) unknown: Option<LinkType>,
    /// UDP ports that carry VXLAN in addition to the registered ones.
    pub(super) vxlan_ports: &'w [u16],
}

impl Walk<'_> {
    /// Returns the offset of the first of these bytes in the frame.
    pub(super) fn offset(&self, rest: Rest<'_>) -> u32 {
        let offset = rest
            .data
            .as_ptr()
            .addr()
            .saturating_sub(self.frame.as_ptr().addr());
        u32::try_from(offset).unwrap_or(u32::MAX)
    }

    /// Records the known header at which reading ends.
    pub(super) fn stop<'a>(&mut self, opaque: Opaque) -> Inner<'a> {
        self.layers.opaque = Some(opaque);
        None
    }

    pub(super) fn scope(&mut self) -> &mut Scope {
        &mut self.layers.scope
    }
}
