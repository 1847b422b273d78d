//! Frames cut by the snapshot length.

use super::*;

/// Addresses of the tunnels that frames use.
fn is_outer(datagram: &Datagram<'_>) -> bool {
    datagram.source == address("192.0.2.1") || datagram.source == address("2001:db8::1")
}

#[test]
fn what_a_cut_leaves_agrees_with_the_whole_frame() {
    for (name, link_type, data) in layers::frames().into_iter().chain(wrappings::frames()) {
        let (mut inner_at, mut ports_at) = (0, 0);
        for captured in 0..=data.len() {
            let Ok(datagram) = cut(link_type, &data, captured) else {
                assert_eq!(
                    inner_at, 0,
                    "{name}: found with fewer bytes than {captured}"
                );
                continue;
            };
            if is_outer(&datagram) {
                assert_eq!(
                    inner_at, 0,
                    "{name}: the inner packet was found with fewer bytes than {captured}"
                );
                assert!(
                    !matches!(datagram.transport, IpPayload::Tcp(_)),
                    "{name} at {captured}"
                );
                continue;
            }
            inner_at += usize::from(inner_at == 0) * captured;
            assert_eq!(
                (datagram.source, datagram.destination),
                (address("10.1.2.3"), address("23.246.0.9"))
            );
            assert_eq!(
                (datagram.length, datagram.protocol),
                (54, 6),
                "{name} at {captured}"
            );
            let IpPayload::Tcp(tcp) = datagram.transport else {
                assert_eq!(ports_at, 0, "{name} at {captured}");
                continue;
            };
            ports_at += usize::from(ports_at == 0) * captured;
            assert_eq!(
                (tcp.source_port, tcp.sequence, tcp.payload_length),
                (51_000, 0x0102_0304, 14)
            );
            assert_eq!(
                tcp.payload.len(),
                captured.saturating_sub(data.len() - 14),
                "{name} at {captured}"
            );
            assert!(
                b"payload of TCP".starts_with(tcp.payload),
                "{name} at {captured}"
            );
        }
        assert_eq!(
            inner_at,
            data.len() - 54 + 20,
            "{name}: addresses are known once the IP header is there"
        );
        assert_eq!(
            ports_at,
            data.len() - 14,
            "{name}: ports are known once the TCP header is there"
        );
    }
}

#[test]
fn lengths_of_a_cut_udp_datagram_stay() {
    let data = v6(17, &testing::udp(443, 5000, &[7; 100]));
    for captured in 48..=data.len() {
        let datagram = cut(LinkType::RAW, &data, captured).unwrap();
        let udp = as_udp(&datagram);
        assert_eq!(
            (udp.payload_length, udp.payload.len()),
            (100, captured - 48)
        );
    }
    for captured in 40..48 {
        assert!(matches!(
            cut(LinkType::RAW, &data, captured).unwrap().transport,
            IpPayload::Other
        ));
    }
}

#[test]
fn a_wire_length_below_the_captured_one_is_not_believed() {
    let data = inner();
    let packet = Packet {
        frame: 1,
        time: Time(0),
        link_type: LinkType::RAW,
        original_length: 3,
        data: &data,
    };
    assert_inner(&decode(&packet).unwrap(), "original length 3");
}
