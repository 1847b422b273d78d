//! Encapsulations of equipment, and link types of capturing systems.

mod link_layers;
mod stacked;

use std::net::IpAddr;

use super::*;

/// A part of a frame after another.
pub(super) fn join(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

/// The Ethernet frame inside of most tunnels.
fn bridged() -> Vec<u8> {
    ethernet(0x0800, &sound_inner())
}

/// [`inner`] with its header's checksum, for wrappings that say so little that this is looked at.
fn sound_inner() -> Vec<u8> {
    with_checksum(inner())
}

fn with_checksum(mut packet: Vec<u8>) -> Vec<u8> {
    packet[10..12].fill(0);
    let sum: u32 = packet[..20]
        .chunks(2)
        .map(|word| u32::from(word[0]) << 8 | u32::from(word[1]))
        .sum();
    let folded = (sum & 0xffff) + (sum >> 16);
    packet[10..12].copy_from_slice(&(!(folded as u16)).to_be_bytes());
    packet
}

fn gre(fields: &[u8], payload: &[u8]) -> Vec<u8> {
    v4(47, &join(&[fields, payload]))
}

pub(super) fn to_port(port: u16, header: &[u8], payload: &[u8]) -> Vec<u8> {
    v4(17, &testing::udp(50_000, port, &join(&[header, payload])))
}

/// A data frame of IEEE 802.11 with LLC: frame control, and what it adds to the header.
fn wireless(control: [u8; 2], more: &[u8], body: &[u8]) -> Vec<u8> {
    let llc = [0xaa, 0xaa, 3, 0, 0, 0, 8, 0];
    join(&[&control, &[0; 22], more, &llc, body])
}

/// Every wrapping behind which nothing follows: name, link type, frame.
pub(super) fn frames() -> Vec<(&'static str, LinkType, Vec<u8>)> {
    let mut all = tags();
    all.extend(tunnels());
    all.extend(link_layers::all());
    all
}

/// PPPoE of an access line within a pseudowire, in two tags if these are `tagged`.
fn subscriber(ip: &[u8], tagged: bool) -> Vec<u8> {
    let length = (ip.len() as u16 + 2).to_be_bytes();
    let session = join(&[&[0x11, 0, 0, 9], &length, &[0, 0x21], ip]);
    let (label, frame) = if tagged {
        let tags = [0, 5, 0x81, 0, 0, 6, 0x88, 0x64];
        let frame = ethernet(0x88a8, &join(&[&tags, &session]));
        (vec![0, 1, 1, 64, 0, 0, 0, 0], frame)
    } else {
        (vec![0, 1, 1, 64], ethernet(0x8864, &session))
    };
    ethernet(0x8847, &join(&[&label, &frame]))
}

fn tags() -> Vec<(&'static str, LinkType, Vec<u8>)> {
    let (ip, frame) = (sound_inner(), bridged());
    let tagged =
        |ether_type: u16, tag: &[u8], payload: &[u8]| ethernet(ether_type, &join(&[tag, payload]));
    let behind_addresses = &frame[12..];
    let vlan = |ether_type| tagged(ether_type, &[0, 9, 0x81, 0, 0, 9, 8, 0], &ip);
    [
        ("QinQ 9200", vlan(0x9200)),
        ("QinQ 9300", vlan(0x9300)),
        ("backbone", tagged(0x88e7, &[0, 0, 0, 1], &frame)),
        (
            "backbone in a service tag",
            tagged(0x88a8, &[0, 5, 0x88, 0xe7, 0, 0, 0, 1], &frame),
        ),
        ("VN-Tag", tagged(0x8926, &[0, 0, 0, 1], behind_addresses)),
        (
            "E-TAG",
            tagged(0x893f, &[0, 0, 0, 1, 0, 0], behind_addresses),
        ),
        (
            "Cisco MetaData",
            tagged(0x8909, &[1, 1, 0, 1, 0, 5], behind_addresses),
        ),
        (
            "EDSA",
            tagged(0xdada, &[0, 0, 0xc0, 0, 0, 1], behind_addresses),
        ),
        (
            "service header, Ethernet",
            tagged(0x894f, &[0x0f, 0xc2, 2, 3, 0, 0, 1, 255], &frame),
        ),
        (
            "service header, IP",
            tagged(0x894f, &[0x0f, 0xc3, 2, 1, 0, 0, 1, 255, 1, 2, 3, 4], &ip),
        ),
        (
            "pseudowire without control word",
            tagged(0x8847, &[0, 1, 1, 64], &frame),
        ),
        (
            "pseudowire without control word, address like IP's version",
            tagged(0x8847, &[0, 1, 1, 64], &join(&[&[0x44], &frame[1..]])),
        ),
        ("subscribers' PPPoE in a pseudowire", subscriber(&ip, false)),
        (
            "subscribers' PPPoE in tags in a pseudowire with control word",
            subscriber(&ip, true),
        ),
        (
            "labels in a pseudowire",
            tagged(
                0x8847,
                &[0, 1, 1, 64],
                &tagged(0x8847, &[0, 2, 0, 64, 0, 3, 1, 64], &ip),
            ),
        ),
        (
            "mesh, unicast",
            tagged(0x4305, &[0x40, 15, 50, 0, 2, 0, 0, 0, 0, 1], &frame),
        ),
        (
            "mesh, broadcast",
            tagged(0x4305, &join(&[&[1, 15, 50, 0], &[0; 10]]), &frame),
        ),
        ("TRILL", tagged(0x22f3, &[0x00, 0x05, 0, 1, 0, 2], &frame)),
        (
            "TRILL with options",
            tagged(0x22f3, &[0x00, 0x45, 0, 1, 0, 2, 9, 9, 9, 9], &frame),
        ),
        ("FabricPath", tagged(0x8903, &[0x04, 0x40], &frame)),
        (
            "redundant ring",
            tagged(0x892f, &[0, 50, 0, 1], behind_addresses),
        ),
        (
            "time of 64 bits",
            tagged(
                0xd28b,
                &join(&[&[0, 1, 1, 0x10], &[7; 8]]),
                behind_addresses,
            ),
        ),
        (
            "time of 48 bits",
            tagged(
                0xd28b,
                &join(&[&[0, 1, 0, 0x20], &[7; 6]]),
                behind_addresses,
            ),
        ),
    ]
    .map(|(name, data)| (name, LinkType::ETHERNET, data))
    .into()
}

fn tunnels() -> Vec<(&'static str, LinkType, Vec<u8>)> {
    let (ip, frame) = (sound_inner(), bridged());
    let ppp = join(&[&[0xff, 3, 0, 0x21], &ip]);
    let geneve_options = [2, 0, 8, 0, 0, 0, 9, 0, 1, 8, 1, 1, 0, 0, 0, 0];
    [
        ("ERSPAN I", gre(&[0, 0, 0x88, 0xbe], &frame)),
        (
            "ERSPAN II",
            gre(
                &[0x10, 0, 0x88, 0xbe, 0, 0, 0, 1, 0x10, 1, 0, 1, 0, 0, 0, 1],
                &frame,
            ),
        ),
        (
            "ERSPAN III",
            gre(
                &join(&[&[0x10, 0, 0x22, 0xeb, 0, 0, 0, 1, 0x20], &[0; 11]]),
                &frame,
            ),
        ),
        (
            "ERSPAN III with subheader",
            gre(
                &join(&[
                    &[0x10, 0, 0x22, 0xeb, 0, 0, 0, 1, 0x20],
                    &[0; 10],
                    &[1],
                    &[0; 8],
                ]),
                &frame,
            ),
        ),
        (
            "EoIP",
            gre(&[0x20, 1, 0x64, 0, 0, frame.len() as u8, 1, 0], &frame),
        ),
        ("WCCP", gre(&[0, 0, 0x88, 0x3e, 0, 0, 0, 0], &ip)),
        ("WCCP version 1", gre(&[0, 0, 0x88, 0x3e], &ip)),
        ("Ethernet in IP", v4(97, &join(&[&[0x30, 0], &frame]))),
        ("Ethernet behind segment routing", v6(143, &frame)),
        ("MPLS in IP", v4(137, &join(&[&[0, 1, 1, 64], &ip]))),
        ("L2TPv3", v4(115, &join(&[&[0, 0, 0, 7], &frame]))),
        (
            "L2TPv3 with cookie",
            v4(115, &join(&[&[0, 0, 0, 7], &[9; 8], &frame])),
        ),
        (
            "L2TPv3 in UDP",
            to_port(1701, &[0, 3, 0, 0, 0, 0, 0, 7], &frame),
        ),
        ("L2TPv2", to_port(1701, &[0, 2, 0, 5, 0, 6], &ppp)),
        (
            "L2TPv2 with length, sequence and offset",
            to_port(
                1701,
                &[0x4a, 2, 0, 99, 0, 5, 0, 6, 0, 1, 0, 2, 0, 2, 0, 0],
                &ppp,
            ),
        ),
        (
            "VXLAN on Linux's port",
            to_port(8472, &[8, 0, 0, 0, 0, 0, 9, 0], &frame),
        ),
        (
            "VXLAN with group policy",
            to_port(4789, &[0x88, 0, 0, 100, 0, 0, 9, 0], &frame),
        ),
        (
            "VXLAN with a reserved bit",
            to_port(4789, &[8, 0, 0, 0, 0, 0, 9, 1], &frame),
        ),
        (
            "VXLAN-GPE, Ethernet",
            to_port(4790, &[0x0c, 0, 0, 3, 0, 0, 9, 0], &frame),
        ),
        (
            "VXLAN-GPE, IP",
            to_port(4790, &[0x0c, 0, 0, 1, 0, 0, 9, 0], &ip),
        ),
        (
            "VXLAN-GPE, unnamed",
            to_port(4790, &[8, 0, 0, 0, 0, 0, 9, 0], &frame),
        ),
        (
            "Geneve",
            to_port(6081, &[0, 0, 0x65, 0x58, 0, 0, 9, 0], &frame),
        ),
        (
            "Geneve with options, IP",
            to_port(6081, &geneve_options, &ip),
        ),
        (
            "TZSP",
            to_port(37_008, &[1, 0, 0, 1, 0, 10, 1, 60, 1], &frame),
        ),
        (
            "TZSP answered",
            v4(
                17,
                &testing::udp(37_008, 9, &join(&[&[1, 1, 0, 1, 1], &frame])),
            ),
        ),
        (
            "CAPWAP",
            to_port(5247, &[0, 0x10, 2, 0, 0, 0, 0, 0], &frame),
        ),
        (
            "CAPWAP, native",
            to_port(
                5247,
                &[0, 0x10, 3, 0, 0, 0, 0, 0],
                &wireless([8, 2], &[], &ip),
            ),
        ),
        (
            "CAPWAP, native, frame control swapped",
            to_port(
                5247,
                &[0, 0x10, 3, 0, 0, 0, 0, 0],
                &wireless([2, 8], &[], &ip),
            ),
        ),
        ("Teredo", to_port(3544, &[], &ip)),
        (
            "Teredo with authentication and origin",
            to_port(
                3544,
                &join(&[&[0, 1, 0, 0], &[7; 9], &[0, 0], &[7; 6]]),
                &ip,
            ),
        ),
        ("GRE in UDP", to_port(4754, &[0, 0, 8, 0], &ip)),
        ("MPLS in UDP", to_port(6635, &[0, 1, 1, 64], &ip)),
        ("GUE", to_port(6080, &[0, 4, 0, 0], &ip)),
        (
            "GUE, version 1",
            to_port(6080, &[], &with_checksum(join(&[&[0x45], &ip[1..]]))),
        ),
        ("LISP", to_port(4341, &[0; 8], &ip)),
    ]
    .map(|(name, data)| (name, LinkType::RAW, data))
    .into_iter()
    // Version 1 of GUE has 01 in the first two bits: so begins version 4 too.
    .collect()
}

fn esp(payload: &[u8], next: u8, check_value: usize) -> Vec<u8> {
    let padding: Vec<u8> = (1..=(4 - (payload.len() + 2) % 4) as u8 % 4).collect();
    join(&[
        &[0, 0, 1, 0, 0, 0, 0, 1],
        payload,
        &padding,
        &[padding.len() as u8, next],
        &vec![0x5a; check_value],
    ])
}

/// Wrappings with something behind the packet.
pub(super) fn with_trailers() -> Vec<(&'static str, LinkType, Vec<u8>)> {
    let (ip, frame) = (sound_inner(), bridged());
    let macsec = |tag: &[u8]| join(&[&frame[..12], &[0x88, 0xe5], tag, &frame[12..], &[0x5a; 16]]);
    vec![
        ("MACsec", LinkType(1), macsec(&[0, 0, 0, 0, 0, 1])),
        (
            "MACsec with channel",
            LinkType(1),
            macsec(&[0x20, 0, 0, 0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8]),
        ),
        ("ESP", LinkType(101), v4(50, &esp(&ip, 4, 12))),
        ("ESP, SHA-2", LinkType(101), v4(50, &esp(&ip, 4, 16))),
        (
            "ESP in UDP",
            LinkType(101),
            to_port(4500, &[], &esp(&ip, 4, 12)),
        ),
        (
            "802.11 with check sequence",
            LinkType(127),
            join(&[
                &[0, 0, 9, 0, 2, 0, 0, 0, 0x10],
                &wireless([8, 2], &[], &ip),
                &[1, 2, 3, 4],
            ]),
        ),
    ]
}

#[test]
fn every_wrapping_leads_to_the_same_packet() {
    for (name, link_type, data) in frames().into_iter().chain(with_trailers()) {
        let datagram = whole(link_type, &data).unwrap_or_else(|error| panic!("{name}: {error:?}"));
        assert_inner(&datagram, name);
    }
}

#[test]
fn esp_in_transport_mode_is_followed_where_the_checksum_is_right() {
    let ends = ["10.1.2.3", "23.246.0.9"].map(address);
    let mut datagram = testing::udp(40_000, 443, b"four");
    // The sum of pseudo header and datagram, which is 0 where the checksum is.
    let [IpAddr::V4(from), IpAddr::V4(to)] = ends else {
        unreachable!()
    };
    let pseudo = join(&[
        &from.octets(),
        &to.octets(),
        &[0, 17, 0, datagram.len() as u8],
        &datagram,
    ]);
    let sum: u32 = pseudo
        .chunks(2)
        .map(|word| u32::from(word[0]) << 8 | u32::from(word[1]))
        .sum();
    let folded = !((sum & 0xffff) + (sum >> 16)) as u16;
    datagram[6..8].copy_from_slice(&folded.to_be_bytes());
    let packet = testing::ip(ends[0], ends[1], 50, &esp(&datagram, 17, 12));
    let found = whole(LinkType::RAW, &packet).unwrap();
    assert_eq!((found.protocol, as_udp(&found).payload), (17, &b"four"[..]));
    datagram[6] ^= 1;
    let packet = testing::ip(ends[0], ends[1], 50, &esp(&datagram, 17, 12));
    let found = whole(LinkType::RAW, &packet).unwrap();
    assert_eq!(found.protocol, 50);
}

#[test]
fn whole_packets_on_one_of_several_links_are_read() {
    for header in [&[0xc0, 0, 0, 7][..], &[0xc0, 7]] {
        for protocol in [&[0x00, 0x21][..], &[0x21]] {
            let packet = join(&[&[0xff, 0x03, 0x00, 0x3d], header, protocol, &sound_inner()]);
            let found = whole(LinkType::PPP, &packet).unwrap();
            assert_eq!(
                found.source,
                whole(LinkType::RAW, &sound_inner()).unwrap().source
            );
        }
    }
}

#[test]
fn encrypted_packets_are_named() {
    let cipher = [0x9e; 128];
    let protected = wireless([8, 0x42], &[1, 2, 3, 0x20, 5, 6, 7, 8, 0x77], &cipher);
    let mut hidden = protected.clone();
    hidden[32..].fill(0x9e);
    let cases = [
        (Opaque::Esp, LinkType::RAW, v4(50, &cipher)),
        (Opaque::IpComp, LinkType::RAW, v4(108, &cipher)),
        (Opaque::EspInUdp, LinkType::RAW, to_port(4500, &[], &cipher)),
        (
            Opaque::WireGuard,
            LinkType::RAW,
            to_port(51_820, &[4, 0, 0, 0], &cipher[..124]),
        ),
        (
            Opaque::OpenVpn,
            LinkType::RAW,
            to_port(1194, &[0x48], &cipher),
        ),
        (
            Opaque::MacSec,
            LinkType::ETHERNET,
            ethernet(0x88e5, &join(&[&[0x0c], &cipher])),
        ),
        (Opaque::EncryptedWireless, LinkType(105), hidden),
        (
            Opaque::CapwapDtls,
            LinkType::RAW,
            to_port(5247, &[1, 0, 0, 0], &cipher),
        ),
        (
            Opaque::PppTransformed,
            LinkType::PPP,
            join(&[&[0x00, 0xfd], &cipher]),
        ),
        // The first of two fragments.
        (
            Opaque::Multilink,
            LinkType::PPP,
            join(&[&[0x00, 0x3d, 0x80, 0, 0, 1, 0, 0x21], &cipher]),
        ),
    ];
    // The flows of DTLS, which has no port of its own, and of STT show it.
    assert_eq!(cases.len() + 2, Opaque::ALL.len());
    for (opaque, link_type, data) in cases {
        let mut decoder = Decoder::default();
        let _ = decoder.decode(&Packet {
            frame: 1,
            time: Time(0),
            link_type,
            original_length: data.len() as u32,
            data: &data,
        });
        assert_eq!(decoder.layers().opaque, Some(opaque));
    }
}

#[test]
fn ordinary_datagrams_on_these_ports_stay_what_they_are() {
    let quic = join(&[&[0x45], &[0x9d; 200]]);
    for port in [
        4789, 8472, 4790, 6081, 2152, 1701, 37_008, 5247, 3544, 4754, 6635, 6080, 4341,
    ] {
        for payload in [&quic[..], &[0; 200], &[0xff; 200], &inner()] {
            // A packet without its checksum is none where nothing else says so; these say so.
            if payload == inner() && matches!(port, 6635) {
                continue;
            }
            let data = v4(17, &testing::udp(port, 443, payload));
            let datagram = whole(LinkType::RAW, &data).unwrap();
            assert_eq!(
                as_udp(&datagram).payload.len(),
                payload.len(),
                "from {port}"
            );
            let data = to_port(port, &[], payload);
            let datagram = whole(LinkType::RAW, &data).unwrap();
            assert_eq!(as_udp(&datagram).payload.len(), payload.len(), "to {port}");
        }
    }
}

#[test]
fn every_packet_of_an_aggregated_frame_is_found() {
    let llc = [0xaa, 0xaa, 3, 0, 0, 0, 8, 0];
    let subframe = |ip: &[u8]| {
        let length = (8 + ip.len() as u16).to_be_bytes();
        let mut subframe = join(&[&[2; 12], &length, &llc, ip]);
        subframe.resize(subframe.len().next_multiple_of(4), 0);
        subframe
    };
    let packets = [b"first".as_slice(), b"the second", b"3"]
        .map(|payload| v4(17, &testing::udp(1, 2, payload)));
    let subframes = packets.each_ref().map(|ip| subframe(ip)).concat();
    let data = join(&[&[0x88, 2], &[0; 22], &[0x80, 0], &subframes]);
    let packet = Packet {
        frame: 1,
        time: Time(0),
        link_type: LinkType(105),
        original_length: data.len() as u32,
        data: &data,
    };
    let mut decoder = Decoder::default();
    let mut found = vec![as_udp(&decoder.decode(&packet).unwrap()).payload];
    while let Some(behind) = decoder.layers().behind {
        found.push(as_udp(&decoder.decode_behind(&packet, behind).unwrap()).payload);
    }
    assert_eq!(found, [b"first".as_slice(), b"the second", b"3"]);
}

#[test]
fn a_port_that_is_set_carries_vxlan() {
    let data = to_port(9999, &[8, 0, 0, 0, 0, 0, 9, 0], &bridged());
    let packet = Packet {
        frame: 1,
        time: Time(0),
        link_type: LinkType::RAW,
        original_length: data.len() as u32,
        data: &data,
    };
    assert_inner(&Decoder::new(&[9999]).decode(&packet).unwrap(), "set");
    assert!(matches!(
        decode(&packet).unwrap().transport,
        IpPayload::Udp(_)
    ));
}
