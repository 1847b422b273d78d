//! QUIC for a passive observer: bytes to values.
//!
//! Reads only parts that need no secrets of the endpoints: packet headers, the Initial packets
//! (their keys derive from an unencrypted connection ID) and the TLS `ClientHello` they carry.
//! Everything after that is ciphertext; [`parse_datagram`] returns its exact sizes.
//!
//! The way of a datagram: [`looks_like_initial`] for a new UDP flow, then [`parse_datagram`] for
//! every datagram. Long headers teach [`ConnectionIdLengths`], without which a short header cannot
//! be measured. The client's Initial packets go through [`InitialKeys::client`], [`crypto_frames`]
//! and [`CryptoStream`]; [`ClientHello::parse`](crate::wire::client_hello::ClientHello::parse)
//! reads its [`prefix`](CryptoStream::prefix).
//!
//! # Specifications
//!
//! * RFC 8999: the properties of all versions (header form, version, connection IDs).
//! * RFC 9000, RFC 9001: version 1, `0x00000001`.
//! * RFC 9369: version 2, `0x6b3343cf` (other packet type bits, salt and key labels).
//! * draft-ietf-quic-transport-29 to -32: `0xff00001d` to `0xff000020` (other salt).
//! * RFC 9287: greasing of the fixed bit, tolerated once a flow is known to be QUIC.
//!
//! # Limits
//!
//! * Google's Q0xx versions and other versions are reported as [`Form::UnknownVersion`], never
//!   decrypted.
//! * Initial packet numbers are taken as sent, that is as below 2^(8·length); true for any real
//!   handshake.
//! * A packet cut by the snapshot length is decrypted as far as it goes, without proof that the
//!   keys were right (`Opened::authenticated`).
//! * After a Retry the Initial keys change (RFC 9001, section 5.2): derive them from the
//!   destination connection ID of the client's *next* Initial.
//! * A connection ID issued later (`NEW_CONNECTION_ID`) is taken to have the length of the first
//!   one; all known stacks keep to it, since they must parse their own short headers.
//! * Memory: a [`CryptoStream`] holds at most its limit plus an eighth; nothing else allocates,
//!   except that [`InitialKeys::decrypt`] grows the caller's buffer to at most one datagram.

mod connection_id;
mod crypto_stream;
mod frames;
mod header;
mod initial;
#[cfg(test)]
pub(crate) mod tests;
mod version;

pub use connection_id::{ConnectionId, ConnectionIdLengths, Endpoint};
pub use crypto_stream::{CryptoStream, DEFAULT_CRYPTO_LIMIT};
pub use frames::crypto_frames;
pub(crate) use header::{FIXED_BIT, LONG_HEADER};
pub use header::{
    Form, MAX_CID_LEN, MIN_CLIENT_DATAGRAM, QuicPacket, TAG_LEN, looks_like_greased_initial,
    looks_like_initial, parse_datagram,
};
pub use initial::InitialKeys;
#[cfg(test)]
pub(crate) use initial::{InitialError, Opened};
