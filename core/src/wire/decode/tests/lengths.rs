//! Lengths that headers state, fragments and extension headers.

use super::*;

fn set_u16(mut packet: Vec<u8>, at: usize, value: u16) -> Vec<u8> {
    packet[at..at + 2].copy_from_slice(&value.to_be_bytes());
    packet
}

#[test]
fn lengths_come_from_headers_and_padding_is_none_of_the_payload() {
    let padded = ethernet(0x0800, &[&inner()[..], &[0x77; 30]].concat());
    assert_inner(&whole(LinkType::ETHERNET, &padded).unwrap(), "trailer");
    let empty = v4(6, &testing::tcp((1, 2), 3, 4, testing::ACK, &[]));
    let padded = ethernet(0x0800, &[&empty[..], &[0; 6]].concat());
    let tcp = as_tcp(&whole(LinkType::ETHERNET, &padded).unwrap());
    assert_eq!((tcp.payload_length, tcp.payload.len()), (0, 0));
    let six = [&v6(17, &testing::udp(1, 2, b"four"))[..], &[0; 20]].concat();
    let datagram = whole(LinkType::RAW, &six).unwrap();
    assert_eq!(
        (datagram.length, as_udp(&datagram).payload),
        (52, &b"four"[..])
    );
}

#[test]
fn a_length_of_zero_stands_for_what_was_captured() {
    let offloaded = set_u16(inner(), 2, 0);
    assert_inner(&whole(LinkType::RAW, &offloaded).unwrap(), "raw");
    assert_inner(
        &whole(LinkType::ETHERNET, &ethernet(0x0800, &offloaded)).unwrap(),
        "less the link header",
    );
    let cut_short = cut(LinkType::RAW, &offloaded, 44).unwrap();
    assert_eq!(
        (cut_short.length, as_tcp(&cut_short).payload_length),
        (54, 14)
    );
    assert_eq!(as_tcp(&cut_short).payload, b"payl");
    let six = set_u16(v6(6, &segment()), 4, 0);
    let datagram = whole(LinkType::RAW, &six).unwrap();
    assert_eq!(
        (datagram.length, as_tcp(&datagram).payload),
        (74, &b"payload of TCP"[..])
    );
    // Large sends: longer than a 16-bit length can say.
    let big = set_u16(
        testing::ip(
            address("10.0.0.1"),
            address("10.0.0.2"),
            6,
            &[&segment()[..], &[1; 60_000]].concat(),
        ),
        2,
        0,
    );
    let packet = Packet {
        frame: 1,
        time: Time(0),
        link_type: LinkType::RAW,
        original_length: 100_054,
        data: &big[..300],
    };
    let datagram = decode(&packet).unwrap();
    assert_eq!(
        (datagram.length, as_tcp(&datagram).payload_length),
        (100_054, 100_014)
    );
}

#[test]
fn an_ipv6_packet_that_ends_with_its_header_is_forty_bytes_whatever_pads_it() {
    let none = [&v6(59, &[])[..], &[0; 6]].concat();
    let datagram = whole(LinkType::RAW, &none).unwrap();
    assert_eq!((datagram.length, datagram.protocol), (40, 59));
}

#[test]
fn udp_says_its_length_and_ip_has_the_last_word() {
    let datagram =
        |stated: u16| set_u16(v4(17, &testing::udp(53, 1024, b"0123456789")), 24, stated);
    for (stated, expected) in [(18, 10), (12, 4), (8, 0), (0, 10), (7, 10), (1000, 10)] {
        let data = datagram(stated);
        let decoded = whole(LinkType::RAW, &data).unwrap();
        let udp = as_udp(&decoded);
        assert_eq!(
            (udp.payload_length, udp.payload.len()),
            (expected, expected as usize),
            "stated {stated}"
        );
    }
}

#[test]
fn damaged_lengths_leave_the_addresses() {
    for stated in [1, 19, 20, 30, 39] {
        let data = set_u16(inner(), 2, stated);
        let datagram = whole(LinkType::RAW, &data).unwrap();
        assert_eq!(
            (datagram.source, datagram.length),
            (address("10.1.2.3"), u32::from(stated))
        );
        assert!(matches!(datagram.transport, IpPayload::Other), "{stated}");
    }
    for offset in [0x00, 0x40, 0xf0] {
        let mut data = inner();
        data[32] = offset;
        assert!(
            matches!(
                whole(LinkType::RAW, &data).unwrap().transport,
                IpPayload::Other
            ),
            "data offset {offset:#x}"
        );
    }
    // Says more than there is: what is missing was cut.
    let data = set_u16(inner(), 2, 1000);
    let datagram = whole(LinkType::RAW, &data).unwrap();
    assert_eq!(
        (datagram.length, as_tcp(&datagram).payload_length),
        (1000, 960)
    );
    assert_eq!(as_tcp(&datagram).payload, b"payload of TCP");
}

#[test]
fn ipv4_options_and_tcp_options_are_no_payload() {
    let mut segment = segment();
    segment[12] = 0x80;
    segment.splice(20..20, [1; 12]);
    let mut data = testing::ip(
        address("10.1.2.3"),
        address("23.246.0.9"),
        6,
        &[&[1; 8], &segment[..]].concat(),
    );
    data[0] = 0x47;
    let datagram = whole(LinkType::RAW, &data).unwrap();
    assert_eq!(datagram.length, 74);
    assert_eq!(as_tcp(&datagram).payload, b"payload of TCP");
    let cut_in_options = cut(LinkType::RAW, &data, 28 + 25).unwrap();
    assert!(as_tcp(&cut_in_options).header_truncated);
    assert_eq!(
        (
            as_tcp(&cut_in_options).payload_length,
            as_tcp(&cut_in_options).payload.len()
        ),
        (14, 0)
    );
    let cut_in_ip_options = cut(LinkType::RAW, &data, 25).unwrap();
    assert_eq!(
        (cut_in_ip_options.length, cut_in_ip_options.source),
        (74, address("10.1.2.3"))
    );
    assert!(matches!(cut_in_ip_options.transport, IpPayload::Other));
}

#[test]
fn fragments_of_ipv4_have_ports_only_in_the_first() {
    let datagram = testing::udp(443, 5000, &[7; 32]);
    let first = set_u16(v4(17, &datagram[..24]), 6, 0x2000);
    let decoded = whole(LinkType::RAW, &first).unwrap();
    let udp = as_udp(&decoded);
    assert_eq!(
        (udp.source_port, udp.payload_length),
        (443, 16),
        "only what this fragment carries"
    );
    for offset in [0x2003, 0x0003, 0x1fff] {
        let later = set_u16(v4(17, &datagram[24..]), 6, offset);
        let decoded = whole(LinkType::RAW, &later).unwrap();
        assert!(
            matches!(decoded.transport, IpPayload::LaterFragment),
            "{offset:#x}"
        );
        assert_eq!((decoded.protocol, decoded.length), (17, 36));
        let options_cut = [&[0x46], &later[1..20]].concat();
        assert!(matches!(
            cut(LinkType::RAW, &options_cut, 20).unwrap().transport,
            IpPayload::LaterFragment
        ));
    }
}

#[test]
fn ipv6_extension_headers_are_walked_through() {
    let options = |next: u8| [next, 0, 1, 4, 0, 0, 0, 0];
    let routing = |next: u8| {
        [
            next, 2, 0, 1, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
        ]
    };
    let authentication = |next: u8| [next, 2, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 5, 5, 5, 5];
    let segment = segment();
    let chain = [
        &options(43)[..],
        &routing(51),
        &authentication(60),
        &options(6),
        &segment,
    ]
    .concat();
    let packet = v6(0, &chain);
    let datagram = whole(LinkType::RAW, &packet).unwrap();
    assert_eq!(
        (datagram.protocol, datagram.length),
        (6, 40 + chain.len() as u32)
    );
    assert_eq!(as_tcp(&datagram).payload, b"payload of TCP");
    assert_eq!(as_tcp(&datagram).payload_length, 14);
    for captured in 40..40 + 8 + 24 + 16 + 8 {
        let datagram = cut(LinkType::RAW, &packet, captured).unwrap();
        assert_eq!(datagram.length, 40 + chain.len() as u32);
        assert!(
            matches!(datagram.transport, IpPayload::Other),
            "{captured} captured"
        );
    }
}

#[test]
fn fragments_of_ipv6_have_ports_only_in_the_first() {
    let fragment = |offset: u16, more: u16, data: &[u8]| {
        let field = (offset << 3 | more).to_be_bytes();
        v6(
            44,
            &[&[17, 0, field[0], field[1], 0, 0, 0, 1], data].concat(),
        )
    };
    let datagram = testing::udp(443, 5000, &[7; 32]);
    let first = fragment(0, 1, &datagram[..24]);
    let decoded = whole(LinkType::RAW, &first).unwrap();
    assert_eq!(
        (
            as_udp(&decoded).source_port,
            as_udp(&decoded).payload_length
        ),
        (443, 16)
    );
    let atomic = fragment(0, 0, &datagram);
    assert_eq!(
        as_udp(&whole(LinkType::RAW, &atomic).unwrap()).payload_length,
        32
    );
    for more in [0, 1] {
        let later = fragment(3, more, &datagram[24..]);
        let decoded = whole(LinkType::RAW, &later).unwrap();
        assert!(matches!(decoded.transport, IpPayload::LaterFragment));
        assert_eq!((decoded.protocol, decoded.length), (17, 64));
    }
}

#[test]
fn a_first_fragment_of_a_tunnel_packet_is_unwrapped() {
    let packet = set_u16(v4(4, &inner()), 6, 0x2000);
    assert_inner(&whole(LinkType::RAW, &packet).unwrap(), "first fragment");
    let packet = set_u16(v4(4, &inner()), 6, 0x2001);
    let datagram = whole(LinkType::RAW, &packet).unwrap();
    assert!(
        matches!(datagram.transport, IpPayload::LaterFragment),
        "a later one is not"
    );
}
