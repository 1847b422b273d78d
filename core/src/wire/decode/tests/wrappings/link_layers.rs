//! Frames of link types that capturing systems write.

use super::*;

pub(super) fn all() -> Vec<(&'static str, LinkType, Vec<u8>)> {
    let (ip, frame) = (sound_inner(), bridged());
    let llc = [0xaa, 0xaa, 3, 0, 0, 0, 8, 0];
    let plain = wireless([8, 2], &[], &ip);
    let quality = wireless([0x88, 2], &[0, 0], &ip);
    let behind = |header: &[u8], frame: &[u8]| join(&[header, frame]);
    let mut avs = vec![0x80, 0x21, 0x10, 1, 0, 0, 0, 64];
    avs.resize(64, 0);
    let mut prism = vec![0x44, 0, 0, 0, 144, 0, 0, 0];
    prism.resize(144, 0);
    let mut tap = [108, 1, 1].map(u32::to_le_bytes).concat();
    tap.resize(108, 0);
    let payload = (4 + ip.len() as u16).to_le_bytes();
    let length = 8 + ip.len() as u16;
    let subframe = join(&[&[2; 12], &length.to_be_bytes(), &llc, &ip]);
    let vector = [1, 2, 3, 0x20, 5, 6, 7, 8];
    vec![
        ("802.11", LinkType(105), plain.clone()),
        ("802.11 QoS", LinkType(105), quality.clone()),
        (
            "802.11 between access points",
            LinkType(105),
            wireless([8, 3], &[0; 6], &ip),
        ),
        (
            "802.11 HT control",
            LinkType(105),
            wireless([0x88, 0x82], &[0; 6], &ip),
        ),
        (
            "802.11 decrypted, vector left",
            LinkType(105),
            wireless([8, 0x42], &vector, &ip),
        ),
        (
            "A-MSDU",
            LinkType(105),
            join(&[&[0x88, 2], &[0; 22], &[0x80, 0], &subframe]),
        ),
        (
            "radiotap",
            LinkType(127),
            behind(&[0, 0, 9, 0, 2, 0, 0, 0, 0], &quality),
        ),
        (
            "radiotap with time, two words, padding",
            LinkType(127),
            behind(
                &join(&[
                    &[0, 0, 25, 0, 3, 0, 0, 0x80, 0, 0, 0, 0],
                    &[0; 4],
                    &[9; 8],
                    &[0x20],
                ]),
                &wireless([0x88, 2], &[0, 0, 0, 0], &ip),
            ),
        ),
        ("Prism", LinkType(119), behind(&prism, &plain)),
        ("AVS", LinkType(163), behind(&avs, &plain)),
        ("AVS as Prism", LinkType(119), behind(&avs, &plain)),
        (
            "PPI, 802.11",
            LinkType(192),
            behind(&[0, 0, 8, 0, 105, 0, 0, 0], &plain),
        ),
        (
            "PPI, Ethernet",
            LinkType(192),
            behind(&[0, 0, 8, 0, 1, 0, 0, 0], &frame),
        ),
        ("PKTAP", LinkType(258), behind(&tap, &frame)),
        ("PKTAP, its own number", LinkType(149), behind(&tap, &frame)),
        (
            "NFLOG",
            LinkType(239),
            join(&[
                &[2, 0, 0, 0, 8, 0, 1, 0, 8, 0, 1, 0, 6, 0, 10, 0, 1, 0, 0, 0],
                &payload,
                &[9, 0],
                &ip,
            ]),
        ),
        (
            "IPNET",
            LinkType(226),
            behind(&join(&[&[1, 2], &[0; 22]]), &ip),
        ),
        ("enc", LinkType(109), behind(&join(&[&[2], &[0; 11]]), &ip)),
        (
            "pflog",
            LinkType(117),
            behind(&join(&[&[61], &[0; 63]]), &ip),
        ),
        ("Juniper", LinkType(178), behind(b"MGC\x01", &frame)),
        (
            "Juniper with extensions",
            LinkType(178),
            behind(b"MGC\x81\0\x02\x09\x09", &frame),
        ),
        (
            "Juniper without link layer",
            LinkType(178),
            behind(b"MGC\x03", &ip),
        ),
        (
            "PPP with direction",
            LinkType(204),
            behind(&[1, 0xff, 3, 0, 0x21], &ip),
        ),
        ("PPP of pppd", LinkType(166), behind(&[1, 3, 0, 0x21], &ip)),
        ("Cisco HDLC", LinkType(104), behind(&[0x0f, 0, 8, 0], &ip)),
        (
            "Cisco HDLC as PPP",
            LinkType(50),
            behind(&[0x8f, 0, 8, 0], &ip),
        ),
        (
            "Cisco HDLC with direction",
            LinkType(205),
            behind(&[1, 0x0f, 0, 8, 0], &ip),
        ),
        (
            "Frame Relay",
            LinkType(107),
            behind(&[0x18, 0x41, 3, 0xcc], &ip),
        ),
        (
            "Frame Relay, Cisco's",
            LinkType(107),
            behind(&[0x18, 0x41, 8, 0], &ip),
        ),
        (
            "Frame Relay, bridged",
            LinkType(206),
            behind(&[0, 0x18, 0x41, 3, 0, 0x80, 0, 0x80, 0xc2, 0, 7], &frame),
        ),
        (
            "DSA",
            LinkType(284),
            join(&[&frame[..12], &[0xc0, 0, 0, 1], &frame[12..]]),
        ),
        (
            "Broadcom's tag",
            LinkType(281),
            join(&[&frame[..12], &[0, 0, 0, 1], &frame[12..]]),
        ),
        (
            "Broadcom's tag before",
            LinkType(282),
            behind(&[0, 0, 0, 1], &frame),
        ),
        (
            "EDSA",
            LinkType(285),
            join(&[
                &frame[..12],
                &[0xda, 0xda, 0, 0, 0xc0, 0, 0, 1],
                &frame[12..],
            ]),
        ),
        (
            "FDDI",
            LinkType(10),
            join(&[&[0x50], &frame[..12], &llc, &ip]),
        ),
        (
            "Token Ring",
            LinkType(6),
            join(&[&[0x10, 0x40], &frame[..12], &llc, &ip]),
        ),
        ("ATM", LinkType(100), behind(&llc, &ip)),
        (
            "ATM, bridged",
            LinkType(11),
            behind(&[0xaa, 0xaa, 3, 0, 0x80, 0xc2, 0, 7, 0, 0], &frame),
        ),
        (
            "ATM, NLPID",
            LinkType(100),
            behind(&[0xfe, 0xfe, 3, 0xcc], &ip),
        ),
        ("SunATM", LinkType(123), join(&[&[2, 0, 0, 32], &llc, &ip])),
    ]
}
