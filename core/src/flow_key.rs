//! What makes packets one flow, and addresses one host.

use core::hash::{Hash, Hasher};
use std::net::IpAddr;

use crate::decode::{Datagram, Transport};

/// Which end of a flow: the one with the lower address (and port) is 0, the other 1.
pub(crate) type End = u8;

/// Bits of [`FlowKey::v4`] where both ends have addresses of version 4.
const BOTH_V4: u8 = 0b11;

/// Both ends of a flow in an order that does not depend on who sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FlowKey {
    addresses: [u128; 2],
    ports: [u16; 2],
    protocol: u8,
    /// Bit per end: the address is IPv4.
    v4: u8,
    /// Whether the datagrams state ports: later fragments are not of the flow with ports 0.
    has_ports: bool,
}

/// Few words: it is computed for most packets. Equal keys have equal words; what an address of version 6 adds is left
/// out for version 4, which another word tells.
impl Hash for FlowKey {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        let [low, high] = self.addresses;
        let [low_port, high_port] = self.ports;
        let rest = u64::from(low_port) << 48
            | u64::from(high_port) << 32
            | u64::from(self.protocol) << 16
            | u64::from(self.v4) << 8
            | u64::from(self.has_ports);
        if self.v4 == BOTH_V4 {
            state.write_u64((low as u64) << 32 | high as u64);
        } else {
            state.write_u128(low);
            state.write_u128(high);
        }
        state.write_u64(rest);
    }
}

impl FlowKey {
    /// The key of a datagram's flow, and the end that sent it.
    #[must_use]
    pub(crate) fn of(datagram: &Datagram<'_>) -> (Self, End) {
        let (source_port, destination_port) = match &datagram.transport {
            Transport::Tcp(tcp) => (tcp.source_port, tcp.destination_port),
            Transport::Udp(udp) => (udp.source_port, udp.destination_port),
            Transport::LaterFragment | Transport::Other => (0, 0),
        };
        let source = (bits(datagram.source), source_port);
        let destination = (bits(datagram.destination), destination_port);
        let sender = End::from(source > destination);
        let (low, high) = if sender == 0 { (source, destination) } else { (destination, source) };
        let is_v4 = |sends: bool| if sends { datagram.source.is_ipv4() } else { datagram.destination.is_ipv4() };
        let v4 = u8::from(is_v4(sender == 0)) | u8::from(is_v4(sender == 1)) << 1;
        let has_ports = matches!(datagram.transport, Transport::Tcp(_) | Transport::Udp(_));
        let (addresses, ports) = ([low.0, high.0], [low.1, high.1]);
        let key = Self { addresses, ports, protocol: datagram.protocol, v4, has_ports };
        (key, sender)
    }

    /// The address of an end.
    #[must_use]
    pub(crate) fn address(&self, end: End) -> IpAddr {
        self.host(end).address()
    }

    /// The port of an end.
    #[must_use]
    pub(crate) const fn port(&self, end: End) -> u16 {
        self.ports[end as usize]
    }

    /// The key of an end's address.
    pub(crate) const fn host(&self, end: End) -> HostKey {
        HostKey { bits: self.addresses[end as usize], v4: self.v4 >> end & 1 != 0 }
    }
}

/// An address as tables hold it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct HostKey {
    bits: u128,
    v4: bool,
}

impl HostKey {
    pub(crate) fn new(address: IpAddr) -> Self {
        Self { bits: bits(address), v4: address.is_ipv4() }
    }

    pub(crate) fn address(self) -> IpAddr {
        if self.v4 { IpAddr::from((self.bits as u32).to_be_bytes()) } else { IpAddr::from(self.bits.to_be_bytes()) }
    }
}

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => u128::from(v4.to_bits()),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}
