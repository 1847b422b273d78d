//! EtherTypes and the tags before them.

use super::layer::{Inner, NextHeader, Rest, Walk};
use super::link::type_or_length;
use super::opaque::Opaque;
use super::{mpls, ppp};

const IPV4: u16 = 0x0800;
const IPV6: u16 = 0x86dd;
/// IEEE 802.1Q, customer and service tags, and the numbers that switches used for stacked tags
/// before IEEE 802.1ad.
const VLAN: u16 = 0x8100;
const VLAN_SERVICE: u16 = 0x88a8;
const VLAN_OLD: [u16; 3] = [0x9100, 0x9200, 0x9300];
const MPLS: u16 = 0x8847;
const MPLS_UPSTREAM: u16 = 0x8848;
const PPPOE_SESSION: u16 = 0x8864;
/// PPP in GRE (RFC 2637).
const PPP: u16 = 0x880b;
/// Transparent Ethernet bridging in GRE (RFC 1701) and Geneve (RFC 8926, section 3.4).
const BRIDGED: u16 = 0x6558;
/// Provider backbone bridging, IEEE 802.1ah: the I-TAG.
const BACKBONE: u16 = 0x88e7;
/// VN-Tag, the predecessor of IEEE 802.1BR in Cisco's switches.
const VN_TAG: u16 = 0x8926;
/// E-TAG of IEEE 802.1BR.
const E_TAG: u16 = 0x893f;
/// Cisco MetaData: security group tags in line.
const CISCO_METADATA: u16 = 0x8909;
/// Network service header (RFC 8300).
const NSH: u16 = 0x894f;
/// MACsec (IEEE 802.1AE, clause 9).
const MACSEC: u16 = 0x88e5;
/// EtherType that Linux gives to Marvell's switch tag.
const EDSA: u16 = 0xdada;
/// Web cache redirection in GRE.
const WCCP: u16 = 0x883e;
/// B.A.T.M.A.N. advanced, the mesh of the Linux kernel.
const BATMAN: u16 = 0x4305;
/// TRILL (RFC 6325), and Cisco's FabricPath, which came before it.
const TRILL: u16 = 0x22f3;
const FABRIC_PATH: u16 = 0x8903;
/// Rings without loss by redundancy (IEC 62439-3, HSR).
const REDUNDANT_RING: u16 = 0x892f;
/// Time stamps of Arista's tap aggregation.
const TIME_STAMP: u16 = 0xd28b;

/// Returns the header that an EtherType leads to.
#[inline]
pub(super) fn next<'a>(walk: &mut Walk<'_>, ether_type: u16, rest: Rest<'a>) -> Inner<'a> {
    match ether_type {
        IPV4 | IPV6 => Some((NextHeader::Ip, rest)),
        tag if is_vlan(tag) => vlan(walk, rest),
        MPLS | MPLS_UPSTREAM => mpls::labels(walk, rest),
        PPPOE_SESSION => {
            walk.scope().enter_tunnel(rest.u16(2)?.into());
            ppp::over_ethernet(rest)
        }
        PPP => Some((NextHeader::Ppp, rest)),
        BRIDGED => Some((NextHeader::Ethernet, rest)),
        BACKBONE => {
            walk.scope().enter_tunnel(rest.u32(0)? & 0x00ff_ffff);
            Some((NextHeader::Ethernet, rest.skip(4)?))
        }
        VN_TAG => behind_tag(rest, 4),
        E_TAG => behind_tag(rest, 6),
        // Version, length in words, then options.
        CISCO_METADATA => behind_tag(rest, 2 + 4 * usize::from(rest.u8(1)?)),
        EDSA => behind_tag(rest, 6),
        NSH => service_header(rest),
        MACSEC => macsec(walk, rest),
        BATMAN => mesh(rest),
        TRILL => routing_bridge(rest),
        // Tree and hops.
        FABRIC_PATH => Some((NextHeader::Ethernet, rest.skip(2)?)),
        // Path, size and sequence number.
        REDUNDANT_RING => behind_tag(rest, 4),
        TIME_STAMP => time_stamp(rest),
        WCCP => wccp(rest),
        _ => None,
    }
}

fn is_vlan(ether_type: u16) -> bool {
    matches!(ether_type, VLAN | VLAN_SERVICE) || VLAN_OLD.contains(&ether_type)
}

fn vlan<'a>(walk: &mut Walk<'_>, rest: Rest<'a>) -> Inner<'a> {
    walk.scope().enter_vlan(rest.u16(0)?);
    type_or_length(rest.u16(2)?, rest.skip(4)?)
}

/// Skips a tag of `length` bytes, and returns the header of the EtherType after it.
fn behind_tag(rest: Rest<'_>, length: usize) -> Inner<'_> {
    type_or_length(rest.u16(length)?, rest.skip(length + 2)?)
}

/// Base header, service path and context (RFC 8300, section 2.2): length in words, next protocol.
pub(super) fn service_header(rest: Rest<'_>) -> Inner<'_> {
    let length = usize::from(rest.u16(0)? & 0x3f) * 4;
    if rest.u8(0)? >> 6 != 0 || length < 8 {
        return None;
    }
    let behind = rest.skip(length)?;
    match rest.u8(3)? {
        1 | 2 => Some((NextHeader::Ip, behind)),
        3 => Some((NextHeader::Ethernet, behind)),
        4 => Some((NextHeader::EtherType(NSH), behind)),
        5 => Some((NextHeader::EtherType(MPLS), behind)),
        _ => None,
    }
}

/// Reads the security tag. Returns the frame after it if the tag states that it was neither
/// encrypted nor changed.
fn macsec<'a>(walk: &mut Walk<'_>, rest: Rest<'a>) -> Inner<'a> {
    const HAS_CHANNEL: u8 = 0x20;
    const ENCRYPTED: u8 = 0x08;
    const CHANGED: u8 = 0x04;
    let control = rest.u8(0)?;
    if control & (ENCRYPTED | CHANGED) != 0 {
        return walk.stop(Opaque::MacSec);
    }
    behind_tag(rest, if control & HAS_CHANNEL != 0 { 14 } else { 6 })
}

/// Reads a packet of the mesh that carries an Ethernet frame, by type: unicast, unicast with both
/// addresses, broadcast (compatibility version 15, `batadv_packet.h` of Linux).
fn mesh(rest: Rest<'_>) -> Inner<'_> {
    let length = match *rest.data.first_chunk()? {
        [0x40, 15] => 10,
        [0x42, 15] => 18,
        [0x01, 15] => 14,
        _ => return None,
    };
    Some((NextHeader::Ethernet, rest.skip(length)?))
}

/// Reads the header between routing bridges: version 0, options of a stated length in words, hops,
/// and the names of both bridges (RFC 6325, section 3.1).
fn routing_bridge(rest: Rest<'_>) -> Inner<'_> {
    const OPTIONS: u16 = 0x07c0;
    let first = rest.u16(0)?;
    let options = 4 * usize::from((first & OPTIONS) >> 6);
    (first >> 14 == 0).then_some((NextHeader::Ethernet, rest.skip(6 + options)?))
}

/// Skips a time of 64 or 48 bits, as the low byte of the version says, after its type.
fn time_stamp(rest: Rest<'_>) -> Inner<'_> {
    let length = match (rest.u16(0)?, rest.u8(3)?) {
        (1, 0x10) => 8,
        (1, 0x20) => 6,
        _ => return None,
    };
    behind_tag(rest, 4 + length)
}

/// Reads a packet that a router redirected. Version 2 puts four bytes before it that do not look
/// like IP (draft-wilson-wrec-wccp-v2, section 3.13).
fn wccp(rest: Rest<'_>) -> Inner<'_> {
    match rest.u8(0)? >> 4 {
        4 => Some((NextHeader::Ip, rest)),
        _ => Some((NextHeader::Ip, rest.skip(4)?)),
    }
}
