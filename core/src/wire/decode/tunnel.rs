//! Packets in IP, by protocol number.

use super::layer::{Candidates, Inner, NextHeader, Rest, Walk};
use super::mpls;
use super::opaque::Opaque;

pub(super) const IPV4: u8 = 4;
pub(super) const IPV6: u8 = 41;
pub(super) const GRE: u8 = 47;
/// Ethernet in IP (RFC 3378).
const ETHER_IP: u8 = 97;
/// IP payload compression (RFC 3173).
const IP_COMP: u8 = 108;
/// Layer 2 tunnelling protocol, version 3 (RFC 3931).
pub(super) const L2TP: u8 = 115;
/// MPLS in IP (RFC 4023).
const MPLS: u8 = 137;
/// Ethernet after a segment routing header (RFC 8986, section 4.9).
const ETHERNET: u8 = 143;

/// Returns the header that an IP protocol number leads to.
pub(super) fn next<'a>(walk: &mut Walk<'_>, protocol: u8, rest: Rest<'a>) -> Inner<'a> {
    match protocol {
        IPV4 | IPV6 => Some((NextHeader::Ip, rest)),
        GRE => gre(walk, rest),
        ETHER_IP => (rest.u8(0)? >> 4 == 3).then_some((NextHeader::Ethernet, rest.skip(2)?)),
        IP_COMP => walk.stop(Opaque::IpComp),
        // Session 0 is the control connection.
        L2TP => (rest.u32(0)? != 0).then_some((NextHeader::L2tpSession, rest.skip(4)?)),
        MPLS => mpls::labels(walk, rest),
        ETHERNET => Some((NextHeader::Ethernet, rest)),
        _ => None,
    }
}

/// Returns candidates for the payload of an L2TP version 3 session. Only its ends know the length
/// of the cookie (0, 4 or 8 bytes) and whether a sublayer of 4 bytes follows (RFC 3931, sections
/// 4.1 and 4.6).
pub(super) fn l2tp_session(rest: Rest<'_>) -> Candidates<'_> {
    [0, 4, 8, 12].map(|length| {
        rest.skip(length)
            .map(|rest| (NextHeader::CheckedEthernet, rest))
    })
}

/// ERSPAN I and II, and III.
const ERSPAN: u16 = 0x88be;
const ERSPAN_3: u16 = 0x22eb;
/// Number that MikroTik's Ethernet over IP uses in GRE version 1.
const ETHERNET_OVER_IP: u16 = 0x6400;
const PPP: u16 = 0x880b;

/// Reads GRE version 0 with checksum, key and sequence number if flagged (RFC 2890), and version 1
/// as used by PPTP (RFC 2637) and MikroTik.
pub(super) fn gre<'a>(walk: &mut Walk<'_>, rest: Rest<'a>) -> Inner<'a> {
    const CHECKSUM: u16 = 0x8000;
    const ROUTING: u16 = 0x4000;
    const KEY: u16 = 0x2000;
    const SEQUENCE: u16 = 0x1000;
    const ACKNOWLEDGEMENT: u16 = 0x0080;
    const VERSION: u16 = 0x0007;
    let flags = rest.u16(0)?;
    let protocol = rest.u16(2)?;
    let field = |flag: u16| if flags & flag != 0 { 4 } else { 0 };
    match (flags & VERSION, protocol) {
        (0, _) if flags & ROUTING != 0 => None,
        (0, _) => {
            let key = 4 + field(CHECKSUM);
            if flags & KEY != 0 {
                walk.scope().enter_tunnel(rest.u32(key)?);
            }
            let behind = rest.skip(key + field(KEY) + field(SEQUENCE))?;
            match protocol {
                // ERSPAN I has no header of its own, and no sequence number
                // (draft-foschiano-erspan, section 4.1).
                ERSPAN if flags & SEQUENCE == 0 => Some((NextHeader::Ethernet, behind)),
                ERSPAN => {
                    enter_mirrored(walk, behind)?;
                    Some((NextHeader::Ethernet, behind.skip(8)?))
                }
                ERSPAN_3 => {
                    enter_mirrored(walk, behind)?;
                    erspan_3(behind)
                }
                other => Some((NextHeader::EtherType(other), behind)),
            }
        }
        (1, PPP) => Some((
            NextHeader::Ppp,
            rest.skip(8 + field(SEQUENCE) + field(ACKNOWLEDGEMENT))?,
        )),
        // Length, then the tunnel's number, little-endian.
        (1, ETHERNET_OVER_IP) => {
            walk.scope().enter_tunnel(rest.u16_le(6)?.into());
            Some((NextHeader::Ethernet, rest.skip(8)?))
        }
        _ => None,
    }
}

/// Records the VLAN of a frame that a switch mirrors: the header holds it, because an untagged port
/// has no tag for it (draft-foschiano-erspan, section 4.2). 0 is none.
fn enter_mirrored(walk: &mut Walk<'_>, rest: Rest<'_>) -> Option<()> {
    let vlan = rest.u16(0)? & 0x0fff;
    if vlan != 0 {
        walk.scope().enter_vlan(vlan);
    }
    Some(())
}

/// Reads ERSPAN III (draft-foschiano-erspan, section 4.3): 12 bytes, 8 more if the last bit is set;
/// type of frame.
fn erspan_3(rest: Rest<'_>) -> Inner<'_> {
    const HAS_SUBHEADER: u16 = 0x0001;
    let last = rest.u16(10)?;
    let behind = rest.skip(if last & HAS_SUBHEADER != 0 { 20 } else { 12 })?;
    match last >> 10 & 0x1f {
        0 => Some((NextHeader::Ethernet, behind)),
        2 => Some((NextHeader::Ip, behind)),
        _ => None,
    }
}
