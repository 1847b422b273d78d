//! The key that groups packets into flows, and addresses into hosts.

use core::hash::{Hash, Hasher};
use std::net::IpAddr;

use crate::wire::decode::{Datagram, IpPayload};

/// An end of a flow: the one with the lower address (and port) is 0, the other 1.
pub(crate) type End = u8;

/// Both ends of a flow in an order that does not depend on who sends.
#[derive(Clone, Copy, Debug, Eq)]
pub(crate) struct FlowKey {
    /// Ports (16 bits each, the lower end's first), protocol (8 bits from bit 16 on), flags for
    /// IPv4 addresses and for ports, and the scope (8 bits from bit 24 on, 6 from bit 10 on).
    /// Compared first, because it differs most often.
    rest: u64,
    /// Addresses by end, the lower half first.
    addresses: [[u64; 2]; 2],
}

/// Bits of [`FlowKey::rest`]: the address of this end is IPv4.
const V4: [u64; 2] = [1 << 8, 1 << 9];
/// The same: the datagrams state ports. Later fragments do not belong to the flow with ports 0.
const HAS_PORTS: u64 = 1;
const BOTH_V4: u64 = V4[0] | V4[1];

/// Compares words instead of arrays, which the compiler would compare by a call.
impl PartialEq for FlowKey {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        let ([[a, b], [c, d]], [[e, f], [g, h]]) = (self.addresses, other.addresses);
        self.rest == other.rest && (a ^ e) | (b ^ f) | (c ^ g) | (d ^ h) == 0
    }
}

/// Hashes few words, because it runs for most packets. Equal keys have equal words. The words that
/// only IPv6 addresses need are left out for IPv4, which another word tells apart.
impl Hash for FlowKey {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        let [low, high] = self.addresses;
        if self.rest & BOTH_V4 == BOTH_V4 {
            state.write_u64(low[0] << 32 | high[0]);
        } else {
            for word in low.into_iter().chain(high) {
                state.write_u64(word);
            }
        }
        state.write_u64(self.rest);
    }
}

impl FlowKey {
    /// Returns the key of a datagram's flow, and the end that sent it.
    #[inline]
    #[must_use]
    pub(crate) fn of(datagram: &Datagram<'_>) -> (Self, End) {
        let (source_port, destination_port, has_ports) = match &datagram.transport {
            IpPayload::Tcp(tcp) => (tcp.source_port, tcp.destination_port, HAS_PORTS),
            IpPayload::Udp(udp) => (udp.source_port, udp.destination_port, HAS_PORTS),
            IpPayload::UdpFragment {
                source_port,
                destination_port,
            } => (*source_port, *destination_port, HAS_PORTS),
            IpPayload::LaterFragment | IpPayload::Other => (0, 0, 0),
        };
        let protocol = u64::from(datagram.protocol) << 16 | has_ports;
        if let (IpAddr::V4(source), IpAddr::V4(destination)) =
            (datagram.source, datagram.destination)
        {
            let source = u64::from(source.to_bits()) << 16 | u64::from(source_port);
            let destination = u64::from(destination.to_bits()) << 16 | u64::from(destination_port);
            let (low, high) = (source.min(destination), source.max(destination));
            let rest = Self::pack(low as u16, high as u16) | protocol | BOTH_V4;
            return (
                Self {
                    rest,
                    addresses: [[low >> 16, 0], [high >> 16, 0]],
                },
                End::from(source > destination),
            );
        }
        let source = (
            bits(datagram.source),
            source_port,
            datagram.source.is_ipv4(),
        );
        let destination = (
            bits(datagram.destination),
            destination_port,
            datagram.destination.is_ipv4(),
        );
        let sender = End::from(source > destination);
        let (low, high) = if sender == 0 {
            (source, destination)
        } else {
            (destination, source)
        };
        let v4 = (V4[0] * u64::from(low.2)) | (V4[1] * u64::from(high.2));
        let rest = Self::pack(low.1, high.1) | protocol | v4;
        (
            Self {
                rest,
                addresses: [words(low.0), words(high.0)],
            },
            sender,
        )
    }

    /// Number of scopes that a key can hold.
    pub(crate) const MOST_SCOPES: u16 = (1 << 14) - 2;

    /// Returns the key within a numbered scope, below [`Self::MOST_SCOPES`] plus two; 0 is no
    /// scope.
    #[inline]
    #[must_use]
    pub(crate) const fn within(self, scope: u16) -> Self {
        let (low, high) = ((scope & 0xff) as u64, (scope >> 8) as u64);
        Self {
            rest: self.rest | low << 24 | high << 10,
            ..self
        }
    }

    /// Returns the key of both addresses alone.
    #[must_use]
    pub(crate) const fn hosts_only(self) -> Self {
        Self {
            rest: self.rest & BOTH_V4,
            ..self
        }
    }

    const fn pack(low_port: u16, high_port: u16) -> u64 {
        (low_port as u64) << 48 | (high_port as u64) << 32
    }

    /// Returns the address of an end.
    #[must_use]
    pub(crate) fn address(&self, end: End) -> IpAddr {
        self.host(end).address()
    }

    /// Returns the port of an end.
    #[must_use]
    pub(crate) const fn port(&self, end: End) -> u16 {
        (self.rest >> if end == 0 { 48 } else { 32 }) as u16
    }

    /// Returns true if its datagrams state ports.
    pub(crate) const fn has_ports(&self) -> bool {
        self.rest & HAS_PORTS != 0
    }

    /// Returns the IP protocol number.
    pub(crate) const fn protocol(&self) -> u8 {
        (self.rest >> 16) as u8
    }

    /// Returns the key of an end's address.
    pub(crate) const fn host(&self, end: End) -> HostKey {
        let [low, high] = self.addresses[end as usize & 1];
        HostKey {
            bits: (high as u128) << 64 | low as u128,
            v4: self.rest & V4[end as usize & 1] != 0,
        }
    }
}

/// An address in the form that tables hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct HostKey {
    bits: u128,
    v4: bool,
}

impl HostKey {
    pub(crate) fn new(address: IpAddr) -> Self {
        Self {
            bits: bits(address),
            v4: address.is_ipv4(),
        }
    }

    pub(crate) fn address(self) -> IpAddr {
        if self.v4 {
            IpAddr::from((self.bits as u32).to_be_bytes())
        } else {
            IpAddr::from(self.bits.to_be_bytes())
        }
    }
}

/// Splits bits into words, the lower half first.
const fn words(bits: u128) -> [u64; 2] {
    [bits as u64, (bits >> 64) as u64]
}

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => u128::from(v4.to_bits()),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}
