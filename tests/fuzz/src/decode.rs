//! Frames of any link type: what is found lies inside of the frame and is no longer than stated.

use nflx_core::fuzzing::decode::{Datagram, DecodeError, IpPayload, decode};
use nflx_core::{LinkType, Packet, Time};

use crate::Input;

/// Link types that are known; the rest of the range is not.
pub(crate) const LINK_TYPES: [u16; 45] = [
    1, 101, 113, 276, 0, 9, 12, 14, 50, 51, 108, 228, 229, 147, 65_535, 6, 10, 11, 100, 104, 105,
    107, 109, 117, 119, 123, 127, 149, 163, 166, 178, 192, 204, 205, 206, 226, 239, 258, 281, 282,
    284, 285, 2, 300, 400,
];

const ETHERNET_HEADER: usize = 14;

/// Decodes a frame, and the same frame cut.
pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let link_type = LINK_TYPES[input.below(LINK_TYPES.len())];
    let original_length = u32::from(input.u16());
    let cut = usize::from(input.u16());
    let data = input.rest();
    check(link_type, original_length, data);
    check(link_type, original_length, &data[..cut.min(data.len())]);
}

/// Returns true if an IPv4 packet carries TCP, or UDP between ports that no tunnel has.
fn is_no_tunnel(ip: &[u8]) -> bool {
    let is_low = |at: usize| ip.get(at).is_some_and(|high| *high < 4);
    matches!(ip, [0x45, _, _, _, _, _, _, _, _, protocol, ..] if *protocol == 6 || *protocol == 17 && is_low(20) && is_low(22))
}

fn check(link_type: u16, original_length: u32, data: &[u8]) {
    let packet = Packet {
        frame: 1,
        time: Time(0),
        link_type: LinkType(link_type),
        original_length,
        data,
    };
    let decoded = decode(&packet);
    // Common frames of Ethernet have a way of their own; as raw IP they take the long one.
    if link_type == 1
        && let Some((_, ip)) = data.split_at_checked(ETHERNET_HEADER)
        && data[12..ETHERNET_HEADER] == [8, 0]
        && ip.first().is_some_and(|first| first >> 4 == 4)
        && original_length as usize >= ETHERNET_HEADER
        // How deep tunnels are followed depends on the layers before them.
        && is_no_tunnel(ip)
    {
        let original_length = original_length - ETHERNET_HEADER as u32;
        let raw = Packet {
            link_type: LinkType::RAW,
            original_length,
            data: ip,
            ..packet
        };
        let bare = |decoded: Result<Datagram<'_>, DecodeError>| {
            let datagram = decoded.map(|datagram| Datagram {
                header_at: 0,
                ..datagram
            });
            format!("{datagram:?}")
        };
        assert_eq!(
            bare(decoded),
            bare(decode(&raw)),
            "without its Ethernet header"
        );
    }
    let Ok(datagram) = decoded else { return };
    assert!(data.len() >= datagram.header_at as usize);
    assert_eq!(datagram.source.is_ipv4(), datagram.destination.is_ipv4());
    let (length, payload) = match datagram.transport {
        IpPayload::Tcp(tcp) => (tcp.payload_length, tcp.payload),
        IpPayload::Udp(udp) => (udp.payload_length, udp.payload),
        _ => return,
    };
    assert!(payload.len() <= length as usize, "more payload than stated");
    assert!(
        length <= datagram.length,
        "payload {length} in a packet of {}",
        datagram.length
    );
    assert!(payload.is_empty() || data.as_ptr_range().contains(&payload.as_ptr()));
}
