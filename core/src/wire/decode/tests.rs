use proptest::prelude::*;

use super::*;
use crate::packet::Time;
use crate::testing;
use crate::testing::{address, ethernet};

mod cuts;
mod layers;
mod lengths;
mod scopes;
mod wrappings;

/// The link types that are known, and some that are not.
fn link_types() -> impl Iterator<Item = LinkType> {
    (0..300).map(LinkType)
}

/// Decodes a whole frame.
fn whole(link_type: LinkType, data: &[u8]) -> Result<Datagram<'_>, DecodeError> {
    cut(link_type, data, data.len())
}

/// Decodes a frame with only its first `captured` bytes.
fn cut(link_type: LinkType, data: &[u8], captured: usize) -> Result<Datagram<'_>, DecodeError> {
    let original_length = data.len() as u32;
    decode(&Packet {
        frame: 1,
        time: Time(0),
        link_type,
        original_length,
        data: &data[..captured],
    })
}

fn as_tcp<'a>(datagram: &Datagram<'a>) -> Tcp<'a> {
    match datagram.transport {
        IpPayload::Tcp(tcp) => tcp,
        other => panic!("not TCP: {other:?}"),
    }
}

fn as_udp<'a>(datagram: &Datagram<'a>) -> Udp<'a> {
    match datagram.transport {
        IpPayload::Udp(udp) => udp,
        other => panic!("not UDP: {other:?}"),
    }
}

fn v4(protocol: u8, payload: &[u8]) -> Vec<u8> {
    testing::ip(
        address("192.0.2.1"),
        address("192.0.2.2"),
        protocol,
        payload,
    )
}

fn v6(protocol: u8, payload: &[u8]) -> Vec<u8> {
    testing::ip(
        address("2001:db8::1"),
        address("2001:db8::2"),
        protocol,
        payload,
    )
}

/// Frames of every kind that is followed.
fn every_frame() -> Vec<(&'static str, LinkType, Vec<u8>)> {
    [
        layers::frames(),
        wrappings::frames(),
        wrappings::with_trailers(),
    ]
    .concat()
}

/// A TCP segment to look for: its fields are all different.
fn segment() -> Vec<u8> {
    testing::tcp(
        (51_000, 443),
        0x0102_0304,
        0x0506_0708,
        testing::ACK,
        b"payload of TCP",
    )
}

/// The IPv4 packet to look for inside everything.
fn inner() -> Vec<u8> {
    testing::ip(address("10.1.2.3"), address("23.246.0.9"), 6, &segment())
}

/// Returns true if a datagram is [`inner`].
fn assert_inner(datagram: &Datagram<'_>, context: &str) {
    assert_eq!(datagram.source, address("10.1.2.3"), "{context}");
    assert_eq!(datagram.destination, address("23.246.0.9"), "{context}");
    assert_eq!((datagram.protocol, datagram.length), (6, 54), "{context}");
    let tcp = as_tcp(datagram);
    assert_eq!(
        (tcp.source_port, tcp.destination_port),
        (51_000, 443),
        "{context}"
    );
    assert_eq!(
        (tcp.sequence, tcp.acknowledgement),
        (0x0102_0304, 0x0506_0708),
        "{context}"
    );
    assert_eq!(
        (tcp.flags, tcp.window),
        (TcpFlags::ACK, 0xffff),
        "{context}"
    );
    assert_eq!(
        (tcp.payload, tcp.payload_length),
        (&b"payload of TCP"[..], 14),
        "{context}"
    );
    assert!(!tcp.header_truncated, "{context}");
}

fn assert_sane(datagram: &Datagram<'_>) {
    let (payload, length) = match datagram.transport {
        IpPayload::Tcp(tcp) => (tcp.payload.len(), tcp.payload_length),
        IpPayload::Udp(udp) => (udp.payload.len(), udp.payload_length),
        IpPayload::UdpFragment { .. } | IpPayload::LaterFragment | IpPayload::Other => return,
    };
    assert!(payload <= length as usize, "captured {payload} of {length}");
    assert!(
        length <= datagram.length,
        "payload {length} in a packet of {}",
        datagram.length
    );
}

proptest! {
    #[test]
    fn arbitrary_bytes_are_no_danger(
        data in prop::collection::vec(any::<u8>(), 0..200),
        original_length: u32,
    ) {
        for link_type in link_types() {
            let packet = Packet { frame: 1, time: Time(0), link_type, original_length, data: &data };
            if let Ok(datagram) = decode(&packet) {
                assert_sane(&datagram);
            }
        }
    }

    #[test]
    fn damaged_frames_are_no_danger(
        which in 0..1000_usize,
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let all = every_frame();
        let (name, link_type, mut data) = all[which % all.len()].clone();
        for (at, byte) in damage {
            let at = at.index(data.len());
            data[at] = byte;
        }
        if let Ok(datagram) = whole(link_type, &data) {
            assert_sane(&datagram);
            prop_assert!(datagram.length > 0 || name.contains("IPv4"), "{}", name);
        }
    }
}

#[test]
fn unknown_link_types_are_named() {
    let error = whole(LinkType(189), &inner()).unwrap_err();
    assert_eq!(error, DecodeError::UnknownLinkType(LinkType(189)));
    assert_eq!(
        whole(LinkType::ETHERNET, &ethernet(0x0806, &[0; 28])).unwrap_err(),
        DecodeError::NotIp
    );
    assert_eq!(whole(LinkType::RAW, &[]).unwrap_err(), DecodeError::NotIp);
}

/// A fragment of something whose next header is cut: nothing is read behind the frame.
#[test]
fn an_ipv6_fragment_ends_in_another_extension_header() {
    for next in [0, 43, 44, 51, 60] {
        for (offset, later) in [(0_u8, false), (8, true)] {
            let mut data = vec![0x60, 0, 0, 0, 0, 8, 44, 64];
            data.extend_from_slice(&[0x20; 32]);
            data.extend_from_slice(&[next, 0, 0, offset | 1, 0, 0, 0, 7]);
            let datagram = whole(LinkType::RAW, &data).unwrap();
            assert_eq!(
                matches!(datagram.transport, IpPayload::LaterFragment),
                later,
                "{next} {offset}"
            );
        }
    }
}
