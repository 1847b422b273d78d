//! Datagrams that begin a connection, and those that are not QUIC.

use crate::flows::key::{End, FlowKey};
use crate::wire::decode::Udp;
use crate::wire::quic::{
    FIXED_BIT, Form, LONG_HEADER, MIN_CLIENT_DATAGRAM, looks_like_greased_initial,
    looks_like_initial, parse_datagram,
};

/// Port that indicates QUIC if the handshake was not seen (RFC 9114, section 3.1.2: HTTP/3 usually
/// uses the port of HTTPS).
const PORT_HTTPS: u16 = 443;
/// Magic cookie of STUN (RFC 8489, section 5).
const STUN_COOKIE: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];
/// Size of the smallest datagram that may be QUIC (RFC 9000, section 10.3).
pub(super) const MIN_DATAGRAM: u32 = 21;

/// The decision whether to follow a UDP flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opening {
    /// Possibly QUIC; this end is the client.
    Client(End),
    /// Another version of QUIC, which may still change to a known one (RFC 9000, section 6).
    NotYet,
    /// Not QUIC.
    No,
}

impl Opening {
    /// Judges a datagram of a flow that is not followed. `server` is the flow's Netflix end.
    pub(crate) fn of(key: &FlowKey, udp: &Udp<'_>, sender: End, server: Option<End>) -> Self {
        let length = udp.payload_length as usize;
        let Some(server) = server else {
            return Self::of_any(key, udp, sender);
        };
        let first = udp.payload.first().copied().unwrap_or(FIXED_BIT);
        let is_quic = if first & LONG_HEADER == 0 {
            key.port(server) == PORT_HTTPS && may_be_quic(udp)
        } else {
            let form = parse_datagram(udp.payload, length, None)
                .next()
                .map(|packet| packet.form);
            match form {
                // It answers an Initial that may come later, by a clock that is behind.
                Some(Form::VersionNegotiation) => sender == server,
                Some(Form::UnknownVersion) => false,
                Some(Form::Initial) => looks_like_greased_initial(udp.payload, length),
                Some(_) => true,
                None => key.port(server) == PORT_HTTPS && may_be_quic(udp),
            }
        };
        if is_quic {
            Self::Client(1 - server)
        } else {
            // Other protocols may share the port with QUIC (RFC 9443), and may keep a path open
            // before QUIC begins.
            Self::NotYet
        }
    }

    /// The same for a flow without a known Netflix end.
    fn of_any(key: &FlowKey, udp: &Udp<'_>, sender: End) -> Self {
        let length = udp.payload_length as usize;
        if opens_connection(udp) {
            let is_answer = is_answer(key, sender);
            return Self::Client(if is_answer { 1 - sender } else { sender });
        }
        let form = parse_datagram(udp.payload, length, None)
            .next()
            .map(|packet| packet.form);
        match form {
            // The Initial may come after it.
            Some(Form::ZeroRtt) => Self::Client(sender),
            // So it may after a server's, by a clock that is ahead.
            Some(Form::Retry | Form::VersionNegotiation) if is_answer(key, sender) => {
                Self::Client(1 - sender)
            }
            Some(Form::UnknownVersion) if length >= MIN_CLIENT_DATAGRAM => Self::NotYet,
            Some(Form::VersionNegotiation) => Self::NotYet,
            _ => Self::No,
        }
    }
}

/// Returns true if a datagram begins a connection, whatever its flow carried before.
#[inline]
pub(crate) fn opens_connection(udp: &Udp<'_>) -> bool {
    looks_like_initial(udp.payload, udp.payload_length as usize)
}

/// Returns true if a flow's first Initial is the server's answer, which looks like the client's. It
/// comes first if the clock of the client's tap is ahead.
pub(crate) fn is_answer(key: &FlowKey, sender: End) -> bool {
    key.port(sender) == PORT_HTTPS && key.port(1 - sender) != PORT_HTTPS
}

/// Returns true if a datagram is a STUN message, which may share a port with QUIC (RFC 9443; RFC
/// 8489, section 5).
pub(super) fn is_stun(payload: &[u8]) -> bool {
    payload.first().is_some_and(|&first| first < 4) && payload.get(4..8) == Some(&STUN_COOKIE)
}

/// Returns true if a datagram begins with a record of DTLS 1.0 or 1.2 (RFC 6347, section 4.1). No port
/// is its own.
pub(crate) fn is_dtls(payload: &[u8]) -> bool {
    matches!(payload, [20..=25, 0xfe, 0xfd | 0xff, ..])
}

/// Returns true if the first byte and length of a datagram are possible for QUIC (RFC 9000, section
/// 17).
pub(super) fn may_be_quic(udp: &Udp<'_>) -> bool {
    udp.payload_length >= MIN_DATAGRAM
        && udp
            .payload
            .first()
            .is_none_or(|first| first & FIXED_BIT != 0)
}
