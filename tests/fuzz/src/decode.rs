//! Frames of any link type: what is found lies inside of the frame and is no longer than stated.

use nflx_core::decode::{Transport, decode};
use nflx_core::{LinkType, Packet, Time};

use crate::Input;

/// Link types that are known; the rest of the range is not.
pub(crate) const LINK_TYPES: [u16; 15] = [1, 101, 113, 276, 0, 9, 12, 14, 50, 51, 108, 228, 229, 147, 65_535];

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

fn check(link_type: u16, original_length: u32, data: &[u8]) {
    let packet = Packet { frame: 1, time: Time(0), link_type: LinkType(link_type), original_length, data };
    let Ok(datagram) = decode(&packet) else { return };
    assert_eq!(datagram.source.is_ipv4(), datagram.destination.is_ipv4());
    let (length, payload) = match datagram.transport {
        Transport::Tcp(tcp) => (tcp.payload_length, tcp.payload),
        Transport::Udp(udp) => (udp.payload_length, udp.payload),
        _ => return,
    };
    assert!(payload.len() <= length as usize, "more payload than stated");
    assert!(length <= datagram.length, "payload {length} in a packet of {}", datagram.length);
    assert!(payload.is_empty() || data.as_ptr_range().contains(&payload.as_ptr()));
}
