//! The contents of an IP packet and its transport header.

use std::net::IpAddr;

pub(super) const IP_PROTOCOL_TCP: u8 = 6;
pub(super) const IP_PROTOCOL_UDP: u8 = 17;
pub(super) const IP_PROTOCOL_ESP: u8 = 50;

/// The innermost IP packet of a frame.
#[derive(Clone, Copy, Debug)]
pub struct Datagram<'a> {
    /// Source address.
    pub source: IpAddr,
    /// Destination address.
    pub destination: IpAddr,
    /// IP protocol number of the payload.
    pub protocol: u8,
    /// Length of the IP packet in bytes, as its header states it; the frame's length if the header
    /// states 0.
    pub length: u32,
    /// The payload of the IP packet.
    pub transport: IpPayload<'a>,
    /// Offset of its IP header in the frame.
    pub header_at: u32,
}

/// The payload of an IP packet.
#[derive(Clone, Copy, Debug)]
pub enum IpPayload<'a> {
    /// TCP.
    Tcp(Tcp<'a>),
    /// UDP.
    Udp(Udp<'a>),
    /// A fragment of a UDP datagram with ports known from its first fragment. Its contents are read
    /// once the datagram is whole.
    UdpFragment {
        /// Source port.
        source_port: u16,
        /// Destination port.
        destination_port: u16,
    },
    /// A fragment other than the first, without a transport header.
    LaterFragment,
    /// Another protocol, or a transport header that is damaged or cut.
    Other,
}

/// A TCP segment (RFC 9293).
#[derive(Clone, Copy, Debug)]
pub struct Tcp<'a> {
    /// Source port.
    pub source_port: u16,
    /// Destination port.
    pub destination_port: u16,
    /// Sequence number of the first payload byte (of SYN, where set).
    pub sequence: u32,
    /// Acknowledgement number; meaningful with [`TcpFlags::ACK`].
    pub acknowledgement: u32,
    /// Control bits.
    pub flags: TcpFlags,
    /// Window field, not scaled.
    pub window: u16,
    /// The captured part of the options, padding included.
    pub options: &'a [u8],
    /// Payload length in bytes, from the headers.
    pub payload_length: u32,
    /// The captured part of the payload.
    pub payload: &'a [u8],
    /// True if a part of the TCP header itself was not captured.
    pub header_truncated: bool,
}

/// TCP control bits (RFC 9293, section 3.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TcpFlags(pub u8);

impl TcpFlags {
    /// No more data from the sender.
    pub const FIN: Self = Self(0x01);
    /// Synchronise sequence numbers.
    pub const SYN: Self = Self(0x02);
    /// Reset the connection.
    pub const RST: Self = Self(0x04);
    /// Hand the data to the receiver's application at once.
    pub const PSH: Self = Self(0x08);
    /// The acknowledgement number is valid.
    pub const ACK: Self = Self(0x10);
    /// The urgent pointer is valid.
    pub const URG: Self = Self(0x20);

    /// Returns true if any of `other`'s bits is set.
    #[must_use]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// A UDP datagram (RFC 768).
#[derive(Clone, Copy, Debug)]
pub struct Udp<'a> {
    /// Source port.
    pub source_port: u16,
    /// Destination port.
    pub destination_port: u16,
    /// Payload length in bytes, from the headers.
    pub payload_length: u32,
    /// The captured part of the payload.
    pub payload: &'a [u8],
}
