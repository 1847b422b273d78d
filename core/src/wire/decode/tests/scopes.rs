//! Tags, and tunnels that have a number, the same number, or none.

use super::wrappings::{join, to_port};
use super::*;

/// Returns the scope of a whole frame.
fn scope(link_type: LinkType, data: &[u8]) -> Scope {
    let mut decoder = Decoder::default();
    let packet = Packet {
        frame: 1,
        time: Time(0),
        link_type,
        original_length: data.len() as u32,
        data,
    };
    decoder.decode(&packet).unwrap();
    decoder.layers().scope
}

/// Returns the scope's number for a packet between two ends, in RAW frames.
fn tunnel(ends: [&str; 2], protocol: u8, payload: &[u8]) -> u32 {
    let data = testing::ip(address(ends[0]), address(ends[1]), protocol, payload);
    scope(LinkType::RAW, &data).tunnel
}

const ONE: &str = "192.0.2.1";
const TWO: &str = "192.0.2.2";
const OTHER: &str = "192.0.2.3";

#[test]
fn tags_and_networks_make_the_scope() {
    let scope = |data: &[u8]| scope(LinkType::ETHERNET, data);
    let vlan = |id: u8| ethernet(0x8100, &join(&[&[0xe0, id, 8, 0], &inner()]));
    assert_eq!(scope(&vlan(9)).vlan, 9);
    let vxlan = |vni: u8| {
        let udp = to_port(4789, &[8, 0, 0, 0, 0, 0, vni, 0], &vlan(7));
        ethernet(0x8100, &join(&[&[0, 5, 8, 0], &udp]))
    };
    assert_eq!(scope(&vxlan(1)).vlan, 5 << 12 | 7);
    assert!(scope(&vxlan(1)).tunnel != scope(&vxlan(2)).tunnel);
    assert_eq!(scope(&vxlan(1)), scope(&vxlan(1)));
}

#[test]
fn sessions_and_the_vlan_of_a_mirrored_port_make_the_scope() {
    let session = |id: u8| {
        let length = inner().len() as u8 + 2;
        let header = [0x11, 0, 0, id, 0, length, 0, 0x21];
        scope(
            LinkType::ETHERNET,
            &ethernet(0x8864, &join(&[&header, &inner()])),
        )
    };
    assert_ne!(session(1), session(2));
    let mirrored = |ether_type: [u8; 2], version: u8, length: usize, vlan: u8| {
        let mut header = vec![version, vlan];
        header.resize(length, 0);
        let gre = [&[0x10, 0], &ether_type[..], &[0; 4]].concat();
        let frame = ethernet(0x0800, &inner());
        let data = testing::ip(
            address(ONE),
            address(TWO),
            47,
            &join(&[&gre, &header, &frame]),
        );
        scope(LinkType::RAW, &data).vlan
    };
    for vlan in [0, 9] {
        assert_eq!(mirrored([0x88, 0xbe], 0x10, 8, vlan), u32::from(vlan));
        assert_eq!(mirrored([0x22, 0xeb], 0x20, 12, vlan), u32::from(vlan));
    }
}

#[test]
fn tunnels_without_a_number_are_distinguished_by_their_ends() {
    let plain = [&[0, 0, 8, 0][..], &inner()].concat();
    for (protocol, payload) in [(4, inner()), (47, plain)] {
        let number = |ends| tunnel(ends, protocol, &payload);
        assert_eq!(number([ONE, TWO]), number([TWO, ONE]), "{protocol}");
        assert_ne!(number([ONE, TWO]), number([ONE, OTHER]), "{protocol}");
    }
    // A key is that of a virtual network, which may have many ends.
    let keyed = [&[0x20, 0, 8, 0, 0, 0, 0, 7][..], &inner()].concat();
    assert_eq!(
        tunnel([ONE, TWO], 47, &keyed),
        tunnel([ONE, OTHER], 47, &keyed)
    );
}

#[test]
fn numbers_of_mobile_networks_are_those_of_the_receiver() {
    let packet = [
        &[0x30, 255, 0, inner().len() as u8, 0, 0, 0, 7][..],
        &inner(),
    ]
    .concat();
    let number = |ends| tunnel(ends, 17, &testing::udp(2152, 2152, &packet));
    assert_eq!(number([ONE, TWO]), number([OTHER, TWO]));
    assert_ne!(number([ONE, TWO]), number([ONE, OTHER]));
}
