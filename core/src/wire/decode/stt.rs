//! STT: Ethernet frames in what looks like TCP, so that network cards cut them and join them
//! (draft-davie-stt, section 3).

use super::datagram::Tcp;
use super::internet;
use super::layer::{Inner, NextHeader, Rest, Walk};
use super::opaque::Opaque;

/// Port that segments go to (IANA).
pub(super) const PORT: u16 = 7471;

/// Version, flags, offset of the inner transport, segment size, tag, context, padding.
const HEADER: usize = 18;
/// Addresses and EtherType of the frame.
const ETHERNET_HEADER: usize = 14;

/// Reads a segment: the halves of its sequence number are the frame's length and the segment's
/// place in it. Ends that do not cut frames write anything there.
pub(super) fn next<'a>(walk: &mut Walk<'_>, tcp: &Tcp<'a>) -> Inner<'a> {
    const VERSION: u8 = 0;
    if tcp.destination_port != PORT || !tcp.options.is_empty() {
        return None;
    }
    let (length, offset) = (tcp.sequence >> 16, tcp.sequence & 0xffff);
    let is_piece = tcp.payload_length > 0 && offset.checked_add(tcp.payload_length)? <= length;
    if is_piece && offset > 0 {
        return walk.stop(Opaque::Stt);
    }
    let rest = Rest {
        data: tcp.payload,
        wire: tcp.payload_length as usize,
    };
    let frame = rest.skip(HEADER)?;
    let is_frame = rest.u8(0)? == VERSION && (is_piece || holds_ip(frame));
    is_frame.then_some(())?;
    walk.scope().enter_tunnel(rest.u32(12)?);
    Some((NextHeader::Ethernet, frame))
}

fn holds_ip(frame: Rest<'_>) -> bool {
    let is_ip = matches!(frame.u16(ETHERNET_HEADER - 2), Some(0x0800 | 0x86dd));
    is_ip && frame.skip(ETHERNET_HEADER).is_some_and(internet::is_sound)
}
