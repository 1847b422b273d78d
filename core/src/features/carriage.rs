//! How a session's connections to video servers began, and which transport they use.

use crate::facts::segment::Transport;
use crate::wire::decode::{self, TcpFlags};

/// What the packets to and from video servers showed so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Carriage {
    /// True if the first of them began a connection; `None` before it.
    pub(crate) from_start: Option<bool>,
    /// Bytes of TCP and of UDP.
    bytes: [u64; 2],
}

impl Carriage {
    /// Counts a packet of `length` bytes.
    pub(crate) fn packet(&mut self, transport: &decode::Transport<'_>, length: u32) {
        let (place, begins) = match transport {
            decode::Transport::Tcp(tcp) => (0, tcp.flags.has(TcpFlags::SYN)),
            // RFC 9000, section 17.2: a connection begins with long headers.
            decode::Transport::Udp(udp) => {
                (1, udp.payload.first().is_some_and(|byte| byte & 0x80 != 0))
            }
            decode::Transport::LaterFragment | decode::Transport::Other => return,
        };
        self.bytes[place] += u64::from(length);
        self.from_start.get_or_insert(begins);
    }

    /// Returns the transport of most bytes; `None` if there were none.
    pub(crate) fn transport(&self) -> Option<Transport> {
        let [tcp, udp] = self.bytes;
        match tcp.max(udp) {
            0 => None,
            most if most == tcp => Some(Transport::Tcp),
            _ => Some(Transport::Quic),
        }
    }
}
