//! STT: Ethernet frames in what looks like TCP, so that network cards cut them and join them
//! (draft-davie-stt, section 3). Such frames are named, and not followed.

use super::datagram::Tcp;

/// Port that segments go to (IANA).
pub(crate) const PORT: u16 = 7471;

/// Offset of the frame's EtherType behind a header of 18 bytes.
const KIND_AT: usize = 18 + 12;

/// What a packet of TCP is to STT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stt {
    /// Another protocol.
    No,
    /// Possibly a later part of a frame.
    Part,
    /// A frame, or the first part of one.
    Frame,
}

impl Stt {
    /// Reads a segment that belongs to no connection. The halves of its sequence number are the
    /// frame's length and the segment's place in it.
    pub(crate) fn of(tcp: &Tcp<'_>) -> Self {
        if tcp.destination_port != PORT || !tcp.options.is_empty() || tcp.payload_length == 0 {
            return Self::No;
        }
        // Version 0; the frame holds IP or has a tag.
        let kind = tcp.payload.get(KIND_AT..KIND_AT + 2);
        let kinds = [[0x08, 0], [0x86, 0xdd], [0x81, 0], [0x88, 0xa8]];
        if tcp.payload.first() == Some(&0) && kind.is_some_and(|it| kinds.iter().any(|a| a == it)) {
            return Self::Frame;
        }
        let (length, offset) = (tcp.sequence >> 16, tcp.sequence & 0xffff);
        let end = offset.checked_add(tcp.payload_length);
        if offset > 0 && end.is_some_and(|end| end <= length) {
            Self::Part
        } else {
            Self::No
        }
    }
}
