//! The devices that a frame goes between, as its link layer states them.

use crate::packet::{LinkType, Packet};

/// A device's address on its link (IEEE 802, EUI-48).
pub(crate) type LinkAddress = [u8; 6];

/// Positions of IP in Ethernet: after the EtherType, or after one or two VLAN tags. Deeper, it is
/// in a tunnel, whose ends are other devices.
const ETHERNET: [usize; 3] = [14, 18, 22];
/// Longest part of an 802.11 frame before IP: four addresses, QoS and HT control, LLC and SNAP.
const MOST_WIRELESS: usize = 30 + 2 + 4 + 8;

/// Returns the sender's and the receiver's address, if the frame of an IP packet that begins at
/// `header_at` states them.
pub(crate) fn link_ends(packet: &Packet<'_>, header_at: u32) -> [Option<LinkAddress>; 2] {
    let header_at = header_at as usize;
    let Some(head) = packet.data.get(..header_at) else {
        return [None; 2];
    };
    match packet.link_type {
        LinkType::ETHERNET if ETHERNET.contains(&header_at) => [at(head, 6), at(head, 0)],
        // The length of the address precedes it.
        LinkType::LINUX_SLL if header_at == 16 && head[4..6] == [0, 6] => [at(head, 6), None],
        LinkType::LINUX_SLL2 if header_at == 20 && head[11] == 6 => [at(head, 12), None],
        LinkType::IEEE802_11 => wireless(head),
        LinkType::IEEE802_11_RADIOTAP => {
            let length = head.get(2..4).and_then(|length| length.first_chunk());
            let length = length.map_or(0, |length| u16::from_le_bytes(*length));
            wireless(head.get(usize::from(length)..).unwrap_or_default())
        }
        _ => [None; 2],
    }
}

/// Reads addresses by direction (IEEE 802.11, section 9.3.2.1): to the access point, or from it.
fn wireless(head: &[u8]) -> [Option<LinkAddress>; 2] {
    match head {
        [_, flags, ..] if head.len() <= MOST_WIRELESS => match flags & 3 {
            1 => [at(head, 10), at(head, 16)],
            2 => [at(head, 16), at(head, 4)],
            _ => [None; 2],
        },
        _ => [None; 2],
    }
}

/// Returns an address that belongs to a single device.
fn at(head: &[u8], place: usize) -> Option<LinkAddress> {
    let address: LinkAddress = *head.get(place..)?.first_chunk()?;
    let is_group = address[0] & 1 != 0;
    (!is_group && address != [0; 6]).then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet::Time;

    const A: LinkAddress = [2, 0, 0, 0, 0, 0xa];
    const B: LinkAddress = [2, 0, 0, 0, 0, 0xb];

    fn ends(link_type: LinkType, head: &[u8]) -> [Option<LinkAddress>; 2] {
        let data = [head, &[0x45; 20]].concat();
        let packet = Packet {
            frame: 1,
            time: Time(0),
            link_type,
            original_length: data.len() as u32,
            data: &data,
        };
        link_ends(&packet, head.len() as u32)
    }

    #[test]
    fn ethernet_says_both_with_tags_and_without() {
        for behind in [&[8, 0][..], &[0x81, 0, 0, 5, 8, 0]] {
            let head = [&B[..], &A, behind].concat();
            assert_eq!(ends(LinkType::ETHERNET, &head), [Some(A), Some(B)]);
        }
        let tunnel = [&B[..], &A, &[8, 0], &[0x45; 24]].concat();
        assert_eq!(ends(LinkType::ETHERNET, &tunnel), [None; 2]);
    }

    #[test]
    fn groups_and_nobody_are_no_devices() {
        let head = [&[0xff; 6][..], &[0; 6], &[8, 0]].concat();
        assert_eq!(ends(LinkType::ETHERNET, &head), [None; 2]);
    }

    #[test]
    fn cooked_captures_say_the_sender() {
        let head = [&[0, 4, 0, 1, 0, 6][..], &A, &[0, 0, 8, 0]].concat();
        assert_eq!(ends(LinkType::LINUX_SLL, &head), [Some(A), None]);
        let without = [&[0, 4, 0, 1, 0, 0][..], &A, &[0, 0, 8, 0]].concat();
        assert_eq!(ends(LinkType::LINUX_SLL, &without), [None; 2]);
        let head = [&[8, 0, 0, 0, 0, 0, 0, 1, 0, 1, 4, 6][..], &A, &[0, 0]].concat();
        assert_eq!(ends(LinkType::LINUX_SLL2, &head), [Some(A), None]);
    }

    #[test]
    fn wireless_frames_say_both_by_direction() {
        let third = [2, 0, 0, 0, 0, 0xc];
        let frame = |flags: u8| {
            let head = [&[8, flags, 0, 0][..], &A, &third, &B, &[0, 0]].concat();
            [&head, &[0xaa, 0xaa, 3, 0, 0, 0, 8, 0][..]].concat()
        };
        let radio = [&[0, 0, 8, 0, 0, 0, 0, 0][..], &frame(2)].concat();
        assert_eq!(
            ends(LinkType::IEEE802_11_RADIOTAP, &radio),
            [Some(B), Some(A)]
        );
        assert_eq!(
            ends(LinkType::IEEE802_11, &frame(1)),
            [Some(third), Some(B)]
        );
        assert_eq!(ends(LinkType::IEEE802_11, &frame(3)), [None; 2]);
        assert_eq!(ends(LinkType::IEEE802_11, &[8]), [None; 2]);
    }
}
