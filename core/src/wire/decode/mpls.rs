//! MPLS: labels and their payload.

use super::internet;
use super::layer::{Candidates, Inner, NextHeader, Rest, Walk};

const BOTTOM_OF_STACK: u8 = 0x01;

/// Reads labels up to the bottom of the stack (RFC 3032). The last one identifies a virtual network
/// if there are any (RFC 4364, section 5), unless it differs from flow to flow to spread them (RFC
/// 6790, section 3).
pub(super) fn labels<'a>(walk: &mut Walk<'_>, mut rest: Rest<'a>) -> Inner<'a> {
    const ENTROPY_INDICATOR: u32 = 7;
    let (mut network, mut is_entropy) = (0, false);
    loop {
        let bottom = rest.u8(2)? & BOTTOM_OF_STACK != 0;
        let label = rest.u32(0)? >> 12;
        if label != ENTROPY_INDICATOR && !is_entropy {
            network = label;
        }
        is_entropy = label == ENTROPY_INDICATOR;
        rest = rest.skip(4)?;
        if bottom {
            walk.scope().enter_tunnel(network);
            return Some((NextHeader::MplsPayload, rest));
        }
    }
}

/// Returns candidates for the payload, which labels do not name. IP is recognised by its first
/// nibble (RFC 4928, section 2). An Ethernet pseudowire either has a control word that begins with
/// a nibble of 0 (RFC 4448, section 4.6), or none, and then may begin with any.
pub(super) fn payload(rest: Rest<'_>) -> Candidates<'_> {
    let ip = Some((NextHeader::Ip, rest));
    let bare = Some((NextHeader::CheckedEthernet, rest));
    match rest.u8(0).map(|first| first >> 4) {
        // Link-layer addresses may begin with 4 or 6 too.
        Some(4 | 6) if internet::fits(rest) => [ip, None, None, None],
        Some(4 | 6) => [bare, ip, None, None],
        Some(0) => {
            let controlled = rest.skip(4);
            let checked = controlled.map(|rest| (NextHeader::CheckedEthernet, rest));
            let unchecked = controlled.map(|rest| (NextHeader::Ethernet, rest));
            [checked, bare, unchecked, None]
        }
        _ => [bare, None, None, None],
    }
}
