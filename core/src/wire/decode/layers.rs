//! Facts about the headers around an IP packet.

use super::opaque::Opaque;

/// The part of a packet that a fragment holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fragment {
    /// Identification, equal in all fragments of a packet.
    pub identification: u32,
    /// Position of the fragment's first byte in the packet's payload.
    pub offset: u32,
    /// True if another fragment follows.
    pub more: bool,
}

/// Facts about the headers of the last decoded frame, if it was not a plain one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Layers {
    /// Tags and tunnels around the innermost packet.
    pub scope: Scope,
    /// The fragment, if the innermost packet is one.
    pub fragment: Option<Fragment>,
    /// Offset of the innermost packet's payload in the frame, and its length on the wire.
    pub payload: (u32, u32),
    /// The known header at which reading ended.
    pub opaque: Option<Opaque>,
    /// Position of the next packet in the same frame: see [`super::Decoder::decode_behind`].
    pub behind: Option<u32>,
}

/// Tags and tunnel numbers on the way to the innermost IP packet. Equal for packets of one
/// direction of a flow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Scope {
    /// The innermost two VLAN identifiers, 12 bits each, and a service identifier (I-SID) hashed
    /// in.
    pub vlan: u32,
    /// Virtual networks of tunnels (VNI, GRE key, session) hashed into one number, the innermost
    /// last; 0 outside tunnels.
    pub tunnel: u32,
}

impl Scope {
    /// Returns the scope of a VLAN tag.
    pub(crate) const fn of_tag(tag: u16) -> Self {
        // 0xfff: the identifier without priority bits (IEEE 802.1Q, clause 9.6).
        Self {
            vlan: (tag & 0xfff) as u32,
            tunnel: 0,
        }
    }

    /// Returns a hash of a few bits, never 0.
    pub(crate) const fn digest(&self) -> u16 {
        let mixed = (self.vlan ^ self.tunnel.rotate_left(7)).wrapping_mul(0x9e37_79b1);
        (mixed >> 16) as u16 | 1
    }

    pub(super) const fn enter_vlan(&mut self, tag: u16) {
        self.vlan = (self.vlan << 12 | Self::of_tag(tag).vlan) & 0x00ff_ffff;
    }

    pub(super) const fn enter_tunnel(&mut self, network: u32) {
        // An odd multiplier, so that the order of networks matters (FNV-1a's prime).
        self.tunnel = (self.tunnel ^ network.wrapping_add(1)).wrapping_mul(0x0100_0193);
    }
}
