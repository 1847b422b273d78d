//! Packet headers, and the packets coalesced in a datagram.

use std::ops::Range;

use super::version::{LongType, Version};
use crate::wire::reader::Reader;

/// Length of the authentication tag that ends a protected packet (RFC 9001, section 5.3).
pub const TAG_LEN: usize = 16;

/// Longest connection ID of the known versions (RFC 9000, section 17.2).
pub const MAX_CID_LEN: usize = 20;

/// Shortest destination connection ID of a client's first Initial (RFC 9000, section 7.2).
pub const MIN_INITIAL_DCID_LEN: usize = 8;

/// Smallest UDP payload in which a client may send an Initial (RFC 9000, section 14.1).
pub const MIN_CLIENT_DATAGRAM: usize = 1200;

/// Smallest `Length`: header protection samples 16 bytes that begin 4 bytes after the start of the
/// packet number (RFC 9001, section 5.4.2).
const MIN_PROTECTED_LEN: u64 = 20;

/// Header form bit: set in long headers (RFC 8999, section 5).
pub(crate) const LONG_HEADER: u8 = 0x80;

/// Fixed bit: set in every packet of a known version but Version Negotiation, unless greased (RFC
/// 9287).
pub(crate) const FIXED_BIT: u8 = 0x40;

/// Kind of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Long header: the first packets of either side.
    Initial,
    /// Long header: early data of the client.
    ZeroRtt,
    /// Long header: the rest of the TLS handshake.
    Handshake,
    /// Long header: the server asks for another Initial that carries its token.
    Retry,
    /// Version 0: the server lists the versions it speaks.
    VersionNegotiation,
    /// Short header: everything after the handshake (1-RTT).
    Short,
    /// Long header of a version this module does not know.
    UnknownVersion,
}

/// One QUIC packet inside a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuicPacket<'a> {
    /// Kind of packet.
    pub form: Form,
    /// Version number as on the wire; `None` for a short header.
    pub version: Option<u32>,
    /// Destination connection ID; empty in a short header of unknown connection ID length.
    pub dcid: &'a [u8],
    /// Source connection ID; empty in a short header.
    pub scid: &'a [u8],
    /// Length of the token of an Initial or Retry, otherwise 0.
    pub token_len: usize,
    /// The `Length` field: packet number and payload together; `None` if the header has none.
    pub length: Option<u64>,
    /// Number of bytes before the packet number, or before what takes its place (Retry token, list
    /// of versions).
    pub header_len: usize,
    /// Length on the wire, whether captured or not.
    pub packet_len: usize,
    /// Offset of the packet in the datagram.
    pub offset: usize,
    /// The captured bytes of the packet: fewer than `packet_len` if the snapshot length cut it.
    pub bytes: &'a [u8],
}

impl<'a> QuicPacket<'a> {
    /// Returns the range of packet number and payload in the datagram, whether captured or not.
    #[must_use]
    pub const fn payload_range(&self) -> Range<usize> {
        self.offset + self.header_len..self.offset + self.packet_len
    }

    /// Returns true if the snapshot length cut the packet.
    #[must_use]
    pub const fn is_cut(&self) -> bool {
        self.bytes.len() < self.packet_len
    }
}

/// Iterates over the packets coalesced in one UDP payload (RFC 9000, section 12.2).
///
/// `bytes` are the captured bytes of the UDP payload, `datagram_len` is its length on the wire.
/// `short_dcid_len` is the connection ID length of short headers in this direction, see
/// [`ConnectionIdLengths`](super::ConnectionIdLengths); without it, a short header's `header_len`
/// counts only the first byte, unless a long header before it shows the length.
///
/// Stops where a header is invalid or was cut; [`QuicPackets::unparsed_len`] is the length of the
/// rest.
#[must_use]
pub fn parse_datagram(
    bytes: &[u8],
    datagram_len: usize,
    short_dcid_len: Option<u8>,
) -> QuicPackets<'_> {
    let bytes = bytes.get(..datagram_len).unwrap_or(bytes);
    QuicPackets {
        bytes,
        datagram_len,
        offset: 0,
        short_dcid_len,
        dcid: None,
        ended: false,
    }
}

/// Iterator over the packets of a datagram, made by [`parse_datagram`].
#[derive(Clone, Debug)]
pub struct QuicPackets<'a> {
    bytes: &'a [u8],
    datagram_len: usize,
    offset: usize,
    short_dcid_len: Option<u8>,
    /// Destination of the first packet, which all others must share.
    dcid: Option<&'a [u8]>,
    ended: bool,
}

impl<'a> QuicPackets<'a> {
    /// Returns the number of the datagram's bytes, captured or not, after the packets returned so
    /// far.
    ///
    /// Once the iterator has ended, these are padding, garbage, or packets whose header was not
    /// captured.
    #[must_use]
    pub const fn unparsed_len(&self) -> usize {
        self.datagram_len.saturating_sub(self.offset)
    }

    fn parse(&self) -> Option<QuicPacket<'a>> {
        let bytes = self.bytes.get(self.offset..)?;
        let &first_byte = bytes.first()?;
        let packet = if first_byte & LONG_HEADER == 0 {
            self.parse_short(bytes)?
        } else {
            self.parse_long(bytes, first_byte)?
        };
        // Zero bytes or garbage after a packet differ from another packet in the destination, which
        // must be the same (RFC 9000, section 12.2) or, if that is empty, in the fixed bit.
        let Some(dcid) = self.dcid else {
            return Some(packet);
        };
        let trusted = !dcid.is_empty() || first_byte & FIXED_BIT != 0;
        (trusted && packet.dcid == dcid).then_some(packet)
    }

    fn parse_short(&self, bytes: &'a [u8]) -> Option<QuicPacket<'a>> {
        let dcid_len = self
            .dcid
            .map(<[u8]>::len)
            .or(self.short_dcid_len.map(usize::from));
        let header_len = 1 + dcid_len.unwrap_or(0);
        Some(QuicPacket {
            form: Form::Short,
            version: None,
            dcid: bytes.get(1..header_len)?,
            scid: &[],
            token_len: 0,
            length: None,
            header_len,
            packet_len: self.unparsed_len(),
            offset: self.offset,
            bytes,
        })
    }

    fn parse_long(&self, bytes: &'a [u8], first_byte: u8) -> Option<QuicPacket<'a>> {
        let mut reader = Reader::new(bytes.get(1..)?);
        let number = reader.u32()?;
        let version = Version::from_wire(number);
        let max_cid_len = if version.is_some() {
            MAX_CID_LEN
        } else {
            usize::from(u8::MAX)
        };
        let mut connection_id = || {
            let len = usize::from(reader.u8()?);
            if len <= max_cid_len {
                reader.take(len)
            } else {
                None
            }
        };
        let (dcid, scid) = (connection_id()?, connection_id()?);
        // Packets without a `Length` reach to the end of the datagram.
        let whole = QuicPacket {
            form: Form::UnknownVersion,
            version: Some(number),
            dcid,
            scid,
            token_len: 0,
            length: None,
            header_len: bytes.len() - reader.remaining(),
            packet_len: self.unparsed_len(),
            offset: self.offset,
            bytes,
        };
        let Some(version) = version else {
            let form = if number == 0 {
                Form::VersionNegotiation
            } else {
                Form::UnknownVersion
            };
            return Some(QuicPacket { form, ..whole });
        };
        let form = match version.long_type(first_byte) {
            LongType::Initial => Form::Initial,
            LongType::ZeroRtt => Form::ZeroRtt,
            LongType::Handshake => Form::Handshake,
            LongType::Retry => {
                let token_len = whole.packet_len.checked_sub(whole.header_len + TAG_LEN)?;
                return Some(QuicPacket {
                    form: Form::Retry,
                    token_len,
                    ..whole
                });
            }
        };
        with_length(form, whole, &mut reader)
    }
}

/// Completes a packet whose header states its length: `whole` as far as `reader` has read it.
fn with_length<'a>(
    form: Form,
    whole: QuicPacket<'a>,
    reader: &mut Reader<'a>,
) -> Option<QuicPacket<'a>> {
    let token_len = if form == Form::Initial {
        reader.varint_len()?
    } else {
        0
    };
    reader.take(token_len)?;
    let length = reader.varint()?;
    let header_len = whole.bytes.len() - reader.remaining();
    let packet_len = header_len.checked_add(usize::try_from(length).ok()?)?;
    if length < MIN_PROTECTED_LEN || packet_len > whole.packet_len {
        return None;
    }
    Some(QuicPacket {
        form,
        token_len,
        length: Some(length),
        header_len,
        packet_len,
        bytes: whole.bytes.get(..packet_len).unwrap_or(whole.bytes),
        ..whole
    })
}

impl<'a> Iterator for QuicPackets<'a> {
    type Item = QuicPacket<'a>;

    fn next(&mut self) -> Option<QuicPacket<'a>> {
        if self.ended {
            return None;
        }
        let Some(packet) = self.parse() else {
            self.ended = true;
            return None;
        };
        self.offset += packet.packet_len;
        self.dcid = self.dcid.or(Some(packet.dcid));
        Some(packet)
    }
}

impl std::iter::FusedIterator for QuicPackets<'_> {}

/// Returns true if a UDP flow's first datagram begins a QUIC connection of a known version.
///
/// Heuristic, and meant to err towards "no", because any UDP payload may look like QUIC. It checks
/// what RFC 9000 demands of a client's first Initial: fixed bit, known version, connection IDs of
/// valid lengths, a `Length` that fits, and a datagram of at least [`MIN_CLIENT_DATAGRAM`] bytes.
/// An Initial that [decrypts](super::InitialKeys::decrypt) authenticated is proof.
#[must_use]
pub fn looks_like_initial(bytes: &[u8], datagram_len: usize) -> bool {
    bytes.first().is_some_and(|first| first & FIXED_BIT != 0)
        && looks_like_greased_initial(bytes, datagram_len)
}

/// The same for a client that has spoken with this server before, and may have cleared the fixed
/// bit since (RFC 9287, section 3.1).
#[must_use]
pub fn looks_like_greased_initial(bytes: &[u8], datagram_len: usize) -> bool {
    datagram_len >= MIN_CLIENT_DATAGRAM
        && bytes.first().is_some_and(|first| first & LONG_HEADER != 0)
        && parse_datagram(bytes, datagram_len, None)
            .next()
            .is_some_and(|packet| {
                packet.form == Form::Initial && packet.dcid.len() >= MIN_INITIAL_DCID_LEN
            })
}
