//! Packets inside packets.

use super::{Layer, Rest, Udp};

/// IANA port of VXLAN (RFC 7348, section 8).
const PORT_VXLAN: u16 = 4789;
/// GTP user plane (3GPP TS 29.281, section 4.4.2).
const PORT_GTP_USER: u16 = 2152;

/// Whether the ports of a UDP datagram are a tunnel's.
pub(super) const fn may_be_tunnel(udp: &Udp<'_>) -> bool {
    udp.destination_port == PORT_VXLAN
        || udp.destination_port == PORT_GTP_USER
        || udp.source_port == PORT_GTP_USER
}

/// What a UDP datagram carries if it is a tunnel's; `wire` is its payload's length on the wire.
pub(super) fn in_udp<'a>(udp: &Udp<'a>, wire: usize) -> Option<(Layer, Rest<'a>)> {
    let rest = Rest {
        data: udp.payload,
        wire: wire.min(udp.payload_length as usize),
    };
    let to_or_from = |port| udp.destination_port == port || udp.source_port == port;
    if udp.destination_port == PORT_VXLAN {
        vxlan(rest)
    } else if to_or_from(PORT_GTP_USER) {
        gtp_user(rest)
    } else {
        None
    }
}

/// VXLAN header: flags with only the "VNI is valid" bit, reserved bytes zero, then an Ethernet frame.
fn vxlan(rest: Rest<'_>) -> Option<(Layer, Rest<'_>)> {
    let header: &[u8; 8] = rest.data.first_chunk()?;
    (header[0] == 0x08 && header[1..4] == [0, 0, 0] && header[7] == 0).then_some(())?;
    Some((Layer::Ethernet, rest.skip(8)?))
}

/// GTP-U header of a G-PDU, with its optional fields and extension headers (3GPP TS 29.281, section 5).
fn gtp_user(rest: Rest<'_>) -> Option<(Layer, Rest<'_>)> {
    const MESSAGE_G_PDU: u8 = 255;
    /// Extension headers in practice: one or two.
    const MAX_EXTENSIONS: usize = 8;
    let flags = rest.u8(0)?;
    // Version 1, protocol type GTP.
    (flags >> 4 == 0b0011 && rest.u8(1)? == MESSAGE_G_PDU).then_some(())?;
    let has_optional_fields = flags & 0b0000_0111 != 0;
    if !has_optional_fields {
        return Some((Layer::Ip, rest.skip(8)?));
    }
    let mut next_extension = if flags & 0b0000_0100 != 0 {
        rest.u8(11)?
    } else {
        0
    };
    let mut rest = rest.skip(12)?;
    for _ in 0..MAX_EXTENSIONS {
        if next_extension == 0 {
            return Some((Layer::Ip, rest));
        }
        let length = usize::from(rest.u8(0)?) * 4;
        if length == 0 {
            return None;
        }
        next_extension = rest.u8(length - 1)?;
        rest = rest.skip(length)?;
    }
    None
}

/// GRE version 0 with checksum, key and sequence number where flagged (RFC 2890), and version 1 as PPTP uses it
/// (RFC 2637).
pub(super) fn gre(rest: Rest<'_>) -> Option<(Layer, Rest<'_>)> {
    const CHECKSUM: u16 = 0x8000;
    const ROUTING: u16 = 0x4000;
    const KEY: u16 = 0x2000;
    const SEQUENCE: u16 = 0x1000;
    const ACKNOWLEDGEMENT: u16 = 0x0080;
    const VERSION: u16 = 0x0007;
    const PROTOCOL_PPP: u16 = 0x880b;
    let flags = rest.u16(0)?;
    let protocol = rest.u16(2)?;
    let field = |flag: u16| if flags & flag != 0 { 4 } else { 0 };
    match flags & VERSION {
        0 if flags & ROUTING == 0 => Some((
            Layer::EtherType(protocol),
            rest.skip(4 + field(CHECKSUM) + field(KEY) + field(SEQUENCE))?,
        )),
        1 if protocol == PROTOCOL_PPP => Some((
            Layer::Ppp,
            rest.skip(8 + field(SEQUENCE) + field(ACKNOWLEDGEMENT))?,
        )),
        _ => None,
    }
}
