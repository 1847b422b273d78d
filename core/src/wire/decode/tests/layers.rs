//! Link layers and tunnels.

use super::*;

fn with(header: &[u8], payload: &[u8]) -> Vec<u8> {
    [header, payload].concat()
}

fn gre(flags: u16, protocol: u16, fields: &[u8], payload: &[u8]) -> Vec<u8> {
    v4(
        47,
        &[
            &flags.to_be_bytes(),
            &protocol.to_be_bytes(),
            fields,
            payload,
        ]
        .concat(),
    )
}

fn gtp(flags: u8, fields: &[u8], payload: &[u8]) -> Vec<u8> {
    let length = ((fields.len() + payload.len()) as u16).to_be_bytes();
    v4(
        17,
        &testing::udp(
            2152,
            2152,
            &[&[flags, 255], &length[..], &[0, 0, 0, 9], fields, payload].concat(),
        ),
    )
}

/// Every way to [`inner`]: what it is, link type, frame.
pub(super) fn frames() -> Vec<(&'static str, LinkType, Vec<u8>)> {
    let ip = inner();
    let pppoe = [
        &[0x11, 0, 0, 5],
        &(2 + ip.len() as u16).to_be_bytes()[..],
        &[0, 0x21],
        &ip,
    ]
    .concat();
    let mpls = with(&[0, 0, 0x10, 64, 0, 0, 0x21, 64], &ip);
    let pseudowire = with(&[0, 0, 0x21, 64, 0, 0, 0, 0], &ethernet(0x0800, &ip));
    let sll = |ether_type: u8| {
        with(
            &[0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, ether_type, 0],
            &ip,
        )
    };
    let mut sll2 = vec![8, 0];
    sll2.resize(20, 0);
    let vxlan = |ports: (u16, u16)| {
        v4(
            17,
            &testing::udp(
                ports.0,
                ports.1,
                &with(&[8, 0, 0, 0, 0, 0, 42, 0], &ethernet(0x0800, &ip)),
            ),
        )
    };
    let llc = with(&[0xaa, 0xaa, 3, 0, 0, 0, 8, 0], &ip);
    vec![
        ("Ethernet", LinkType::ETHERNET, ethernet(0x0800, &ip)),
        (
            "Ethernet with LLC and SNAP",
            LinkType::ETHERNET,
            ethernet(llc.len() as u16, &llc),
        ),
        (
            "VLAN",
            LinkType::ETHERNET,
            ethernet(0x8100, &with(&[0, 5, 8, 0], &ip)),
        ),
        (
            "QinQ",
            LinkType::ETHERNET,
            ethernet(0x88a8, &with(&[0, 5, 0x81, 0, 0, 6, 8, 0], &ip)),
        ),
        (
            "old QinQ",
            LinkType::ETHERNET,
            ethernet(0x9100, &with(&[0, 5, 0x81, 0, 0, 6, 8, 0], &ip)),
        ),
        ("MPLS", LinkType::ETHERNET, ethernet(0x8847, &mpls)),
        (
            "MPLS, upstream labels",
            LinkType::ETHERNET,
            ethernet(0x8848, &mpls),
        ),
        (
            "MPLS pseudowire",
            LinkType::ETHERNET,
            ethernet(0x8847, &pseudowire),
        ),
        ("PPPoE", LinkType::ETHERNET, ethernet(0x8864, &pppoe)),
        ("PPPoE link type", LinkType::PPP_ETHER, pppoe.clone()),
        ("PPP", LinkType::PPP, with(&[0, 0x21], &ip)),
        (
            "PPP with address and control",
            LinkType::PPP_HDLC,
            with(&[0xff, 3, 0, 0x21], &ip),
        ),
        (
            "PPP with a short protocol field",
            LinkType::PPP,
            with(&[0x21], &ip),
        ),
        ("PPP with MPLS", LinkType::PPP, with(&[0x02, 0x81], &mpls)),
        ("SLL", LinkType::LINUX_SLL, sll(8)),
        ("SLL2", LinkType::LINUX_SLL2, with(&sll2, &ip)),
        ("raw", LinkType::RAW, ip.clone()),
        ("raw 12", LinkType::DLT_RAW, ip.clone()),
        ("raw 14", LinkType::DLT_RAW_OPENBSD, ip.clone()),
        ("raw IPv4", LinkType::IPV4, ip.clone()),
        (
            "NULL, little endian",
            LinkType::NULL,
            with(&[2, 0, 0, 0], &ip),
        ),
        ("NULL, big endian", LinkType::NULL, with(&[0, 0, 0, 2], &ip)),
        ("LOOP", LinkType::LOOP, with(&[0, 0, 0, 2], &ip)),
        ("IPv4 in IPv4", LinkType::RAW, v4(4, &ip)),
        ("IPv4 in IPv6", LinkType::RAW, v6(4, &ip)),
        ("GRE", LinkType::RAW, gre(0, 0x0800, &[], &ip)),
        (
            "GRE with checksum, key, sequence",
            LinkType::RAW,
            gre(0xb000, 0x0800, &[1; 12], &ip),
        ),
        (
            "GRE with key",
            LinkType::RAW,
            gre(0x2000, 0x0800, &[1; 4], &ip),
        ),
        (
            "GRE bridging",
            LinkType::RAW,
            gre(0, 0x6558, &[], &ethernet(0x0800, &ip)),
        ),
        ("GRE with MPLS", LinkType::RAW, gre(0, 0x8847, &[], &mpls)),
        (
            "PPTP",
            LinkType::RAW,
            gre(0x3081, 0x880b, &[1; 12], &with(&[0xff, 3, 0, 0x21], &ip)),
        ),
        (
            "PPTP without acknowledgement",
            LinkType::RAW,
            gre(0x3001, 0x880b, &[1; 8], &with(&[0x21], &ip)),
        ),
        ("VXLAN", LinkType::RAW, vxlan((40_000, 4789))),
        ("GTP-U", LinkType::RAW, gtp(0x30, &[], &ip)),
        (
            "GTP-U with sequence number",
            LinkType::RAW,
            gtp(0x32, &[0, 1, 0, 0], &ip),
        ),
        (
            "GTP-U with an extension",
            LinkType::RAW,
            gtp(0x34, &[0, 0, 0, 0x85, 1, 0x10, 1, 0], &ip),
        ),
        (
            "GTP-U with two extensions",
            LinkType::RAW,
            gtp(
                0x34,
                &[0, 0, 0, 0x85, 1, 0x10, 1, 0xc0, 2, 0, 0, 0, 0, 0, 0, 0],
                &ip,
            ),
        ),
        (
            "GTP-U over MPLS over QinQ",
            LinkType::ETHERNET,
            ethernet(
                0x88a8,
                &[
                    &[0, 5, 0x81, 0, 0, 6, 0x88, 0x47, 0, 0, 0x21, 64],
                    &gtp(0x30, &[], &ip)[..],
                ]
                .concat(),
            ),
        ),
        ("authentication header", LinkType::RAW, {
            let ah = [
                4, 4, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9,
            ];
            v4(51, &with(&ah, &ip))
        }),
    ]
}

#[test]
fn every_way_leads_to_the_same_packet() {
    for (name, link_type, data) in frames() {
        let datagram = whole(link_type, &data).unwrap_or_else(|error| panic!("{name}: {error:?}"));
        assert_inner(&datagram, name);
    }
}

#[test]
fn ipv6_is_found_by_every_number_it_goes_by() {
    let udp = v6(17, &testing::udp(443, 50_000, b"quic"));
    let frames = [
        (LinkType::ETHERNET, ethernet(0x86dd, &udp)),
        (LinkType::PPP, with(&[0, 0x57], &udp)),
        (LinkType::IPV6, udp.clone()),
        (LinkType::NULL, with(&[10, 0, 0, 0], &udp)),
        (LinkType::NULL, with(&[24, 0, 0, 0], &udp)),
        (LinkType::NULL, with(&[0, 0, 0, 28], &udp)),
        (LinkType::LOOP, with(&[0, 0, 0, 30], &udp)),
        (LinkType::RAW, v4(41, &udp)),
        (LinkType::RAW, v6(41, &udp)),
        (LinkType::RAW, gre(0, 0x86dd, &[], &udp)),
        (LinkType::RAW, gtp(0x30, &[], &udp)),
    ];
    for (link_type, data) in frames {
        let datagram = whole(link_type, &data).unwrap();
        assert_eq!(datagram.source, address("2001:db8::1"));
        assert_eq!(datagram.length, 40 + 8 + 4);
        assert_eq!(as_udp(&datagram).payload, b"quic");
    }
}

#[test]
fn what_only_resembles_a_tunnel_stays_what_it_is() {
    let ip = inner();
    let to = |port, payload: &[u8]| v4(17, &testing::udp(40_000, port, payload));
    let from = |port, payload: &[u8]| v4(17, &testing::udp(port, 40_000, payload));
    let vxlan = with(&[8, 0, 0, 0, 0, 0, 42, 0], &ethernet(0x0800, &ip));
    let cases = [
        ("wrong VXLAN flags", to(4789, &with(&[1], &vxlan[1..]))),
        ("VXLAN's port as source", from(4789, &vxlan)),
        (
            "VXLAN without IP",
            to(4789, &with(&vxlan[..8], &ethernet(0x0806, &[0; 28]))),
        ),
        ("GTP-U echo", to(2152, &[0x30, 1, 0, 0, 0, 0, 0, 0])),
        (
            "GTP version 2",
            to(2152, &with(&[0x48, 255, 0, 0, 0, 0, 0, 0], &ip)),
        ),
        (
            "GTP-U extension of no length",
            to(
                2152,
                &with(
                    &[0x34, 255, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x85, 0, 0, 0, 0],
                    &ip,
                ),
            ),
        ),
    ];
    for (name, data) in cases {
        let datagram = whole(LinkType::RAW, &data).unwrap();
        assert_eq!(datagram.source, address("192.0.2.1"), "{name}");
        let length = data.len() as u32 - 28;
        assert_eq!(as_udp(&datagram).payload_length, length, "{name}");
    }
    for (name, data) in [
        ("source routing", gre(0x4000, 0x0800, &[0; 4], &ip)),
        ("version 2", gre(2, 0x0800, &[], &ip)),
    ] {
        let datagram = whole(LinkType::RAW, &data).unwrap();
        assert_eq!(
            (datagram.source, datagram.protocol),
            (address("192.0.2.1"), 47),
            "{name}"
        );
        assert!(matches!(datagram.transport, IpPayload::Other), "{name}");
    }
}

#[test]
fn nesting_is_followed_sixteen_headers_deep_and_no_further() {
    let nested = |depth: usize| (0..depth).fold(inner(), |packet, _| v4(4, &packet));
    assert_inner(
        &whole(LinkType::RAW, &nested(15)).unwrap(),
        "as deep as allowed",
    );
    for depth in [16, 17, 100, 1000] {
        let data = nested(depth);
        let datagram = whole(LinkType::RAW, &data).unwrap();
        assert_eq!(
            (datagram.source, datagram.protocol),
            (address("192.0.2.1"), 4),
            "{depth} deep"
        );
        assert!(
            matches!(datagram.transport, IpPayload::Other),
            "{depth} deep"
        );
    }
    let tags = [&[0, 5, 0x81, 0].repeat(5000)[..], &[0, 5, 8, 0], &inner()].concat();
    assert_eq!(
        whole(LinkType::ETHERNET, &ethernet(0x8100, &tags)).unwrap_err(),
        DecodeError::NotIp
    );
    let labels = [&[0, 0, 0x10, 64].repeat(5000)[..], &[0, 0, 0x11, 64]].concat();
    assert_eq!(
        whole(LinkType::ETHERNET, &ethernet(0x8847, &labels)).unwrap_err(),
        DecodeError::NotIp
    );
}

#[test]
fn frames_of_other_kinds_are_not_ip() {
    let ip = inner();
    let cases = [
        (LinkType::ETHERNET, ethernet(0x0100, &ip)),
        (
            LinkType::ETHERNET,
            ethernet(0x8863, &with(&[0x11, 9, 0, 0, 0, 4], &ip)),
        ),
        (
            LinkType::ETHERNET,
            ethernet(0x8864, &with(&[0x11, 7, 0, 0, 0, 4, 0, 0x21], &ip)),
        ),
        (LinkType::PPP, with(&[0xc0, 0x21], &ip)),
        (LinkType::NULL, with(&[2, 0, 0, 2], &ip)),
        (LinkType::NULL, with(&[7, 0, 0, 0], &ip)),
        (LinkType::RAW, with(&[0x50], &ip[1..])),
        (
            LinkType::ETHERNET,
            ethernet(0x8847, &with(&[0, 0, 0x11, 64, 0x50], &ip)),
        ),
    ];
    for (at, (link_type, data)) in cases.iter().enumerate() {
        assert_eq!(
            whole(*link_type, data).unwrap_err(),
            DecodeError::NotIp,
            "case {at}"
        );
    }
}
