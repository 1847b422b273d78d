//! Connection migration (RFC 9000, section 9): finds a connection again when its client moves.

use super::QuicSession;
use super::opening::MIN_DATAGRAM;
use super::requests::within;
use crate::config::Config;
use crate::flows::key::End;
use crate::packet::{Stamp, Time, from_seconds};
use crate::wire::decode::Udp;
use crate::wire::quic::{ConnectionId, LONG_HEADER, MIN_CLIENT_DATAGRAM};

/// Packets of a handshake by which the server has chosen its connection ID, if that is captured. A
/// ClientHello with post-quantum keys takes two, each sent again twice.
const INTRODUCTIONS: u8 = 8;

impl QuicSession {
    /// Returns true if a client's datagram from another address or port belongs to this connection
    /// (RFC 9000, section 9). It must carry the connection's ID, or a new ID, which a client must
    /// use when it moves deliberately (section 9.5); in that case the connection must be known from
    /// its start and recently active. Datagrams that only validate the path do not count yet.
    pub(crate) fn is_continued_by(&self, udp: &Udp<'_>, stamp: Stamp, config: &Config) -> bool {
        let Some((first, behind)) = udp.payload.split_first() else {
            return false;
        };
        let idle = from_seconds(config.quic_idle());
        first & LONG_HEADER == 0
            && udp.payload_length >= MIN_DATAGRAM
            && within(stamp.time, self.heard, idle)
            && (self.path.is_addressed(behind)
                || self.path.saw_handshake()
                    && self.path.reaction.is_some()
                    && udp.payload_length < MIN_CLIENT_DATAGRAM as u32)
    }

    /// Moves the connection to another flow, in which the client is at this end.
    pub(crate) fn moves(&mut self, client: End, udp: &Udp<'_>) {
        self.client = client;
        self.path.moves(udp.payload.get(1..).unwrap_or_default());
    }

    /// Returns true if its owner knows how to find it again when it moves.
    pub(crate) const fn is_introduced(&self) -> bool {
        self.introductions >= INTRODUCTIONS
    }

    /// Returns the ID that the client sends its packets to, as far as it is known. Until the server
    /// has chosen one, the owner asks again, but not forever, because the server's packets may not
    /// be captured.
    pub(crate) fn introduce(&mut self) -> Option<ConnectionId> {
        let id = self.path.server_id();
        self.introductions = if id.is_some() || !self.path.saw_handshake() {
            INTRODUCTIONS
        } else {
            self.introductions + 1
        };
        id
    }

    /// Stores the ID in a client's datagram. Returns true if it differs from the previous one.
    pub(crate) fn renew_id(&mut self, udp: &Udp<'_>) -> bool {
        match udp.payload.split_first() {
            Some((first, behind)) if first & LONG_HEADER == 0 => self.path.renew_id(behind),
            _ => false,
        }
    }

    /// Returns true if no packet of its client came.
    pub(crate) fn is_unheard(&self) -> bool {
        self.heard == Time(0) && !self.path.saw_handshake()
    }

    /// Returns true if its client was active just before, so that late packets on its old path
    /// belong to it.
    pub(crate) fn is_busy(&self, stamp: Stamp, config: &Config) -> bool {
        within(stamp.time, self.heard, self.path.round_trip(config) / 2)
    }
}
