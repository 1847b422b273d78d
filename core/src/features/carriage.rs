//! The beginning of a session's connections to video servers, and their transport.

use crate::facts::segment::Transport;
use crate::wire::decode::{self, TcpFlags};

/// Observations of the packets to and from one server in a window.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Carried {
    /// Position in the window of the first of these packets, and whether it began a connection;
    /// `None` before it.
    first: Option<(u64, bool)>,
    /// Bytes over TCP and over UDP.
    bytes: [u64; 2],
}

impl Carried {
    /// Counts a packet of `length` bytes, the `ordinal`-th of its window.
    pub(crate) fn packet(&mut self, transport: &decode::IpPayload<'_>, length: u32, ordinal: u64) {
        let (place, begins) = match transport {
            decode::IpPayload::Tcp(tcp) => (0, tcp.flags.has(TcpFlags::SYN)),
            // RFC 9000, section 17.2: a connection begins with long headers.
            decode::IpPayload::Udp(udp) => {
                (1, udp.payload.first().is_some_and(|byte| byte & 0x80 != 0))
            }
            decode::IpPayload::UdpFragment { .. }
            | decode::IpPayload::LaterFragment
            | decode::IpPayload::Other => return,
        };
        self.bytes[place] += u64::from(length);
        self.first.get_or_insert((ordinal, begins));
    }

    /// Adds the observations of a later window.
    pub(crate) fn add(&mut self, later: &Self, window: u32) {
        for (own, more) in self.bytes.iter_mut().zip(later.bytes) {
            *own += more;
        }
        // Ordinals count within one window.
        let first = later.first.map(|(ordinal, begins)| {
            let within = ordinal.min(u64::from(u32::MAX));
            (u64::from(window) << u32::BITS | within, begins)
        });
        self.first = self.first.or(first);
    }
}

/// Observations of the packets to and from video servers so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Carriage {
    /// True if the first of these packets began a connection; `None` before it.
    pub(crate) from_start: Option<bool>,
    /// Bytes over TCP and over UDP.
    bytes: [u64; 2],
}

impl Carriage {
    /// Counts the packets of the next window.
    pub(crate) fn window<'a>(&mut self, servers: impl Iterator<Item = &'a Carried>) {
        let mut first: Option<(u64, bool)> = None;
        for carried in servers {
            for (own, more) in self.bytes.iter_mut().zip(carried.bytes) {
                *own += more;
            }
            first = match (first, carried.first) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            };
        }
        self.from_start = self.from_start.or(first.map(|first| first.1));
    }

    /// Returns the transport with the most bytes; `None` if there were none.
    pub(crate) fn transport(&self) -> Option<Transport> {
        let [tcp, udp] = self.bytes;
        match tcp.max(udp) {
            0 => None,
            most if most == tcp => Some(Transport::Tcp),
            _ => Some(Transport::Quic),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::decode::{Tcp, Udp};

    fn tcp(flags: TcpFlags) -> decode::IpPayload<'static> {
        decode::IpPayload::Tcp(Tcp {
            source_port: 443,
            destination_port: 50_000,
            sequence: 1,
            acknowledgement: 1,
            flags,
            window: 1_000,
            options: &[],
            payload_length: 0,
            payload: &[],
            header_truncated: false,
        })
    }

    fn udp(payload: &[u8]) -> decode::IpPayload<'_> {
        decode::IpPayload::Udp(Udp {
            source_port: 443,
            destination_port: 50_000,
            payload_length: 1_200,
            payload,
        })
    }

    /// Returns the observations after these packets of 100 bytes each.
    fn after(packets: &[decode::IpPayload<'_>]) -> (Option<bool>, Option<Transport>) {
        // Every second packet is in another window.
        let mut carriage = Carriage::default();
        for window in packets.chunks(2) {
            let mut carried = Carried::default();
            for (packet, ordinal) in window.iter().zip(1..) {
                carried.packet(packet, 100, ordinal);
            }
            carriage.window([&carried].into_iter());
        }
        (carriage.from_start, carriage.transport())
    }

    #[test]
    fn the_first_packet_tells_whether_the_beginning_was_captured() {
        let (syn, data) = (tcp(TcpFlags::SYN), tcp(TcpFlags::ACK));
        assert_eq!(after(&[]), (None, None));
        assert_eq!(after(&[syn, data]), (Some(true), Some(Transport::Tcp)));
        // A connection that begins later does not change the first observation.
        assert_eq!(after(&[data, syn]), (Some(false), Some(Transport::Tcp)));
        assert_eq!(
            after(&[udp(&[0xc3, 0])]),
            (Some(true), Some(Transport::Quic))
        );
        assert_eq!(
            after(&[udp(&[0x43, 0])]),
            (Some(false), Some(Transport::Quic))
        );
        assert_eq!(after(&[decode::IpPayload::LaterFragment]), (None, None));
    }

    #[test]
    fn the_transport_is_that_of_most_bytes() {
        let (data, datagram) = (tcp(TcpFlags::ACK), udp(&[0x43, 0]));
        assert_eq!(after(&[data, datagram, datagram]).1, Some(Transport::Quic));
        assert_eq!(after(&[data, data, datagram]).1, Some(Transport::Tcp));
    }
}
