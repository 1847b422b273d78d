//! Wrappings within others that do not say what follows.

use super::*;

/// Carriers of Ethernet that neither name it nor state how long their own header is.
fn carriers(frame: &[u8]) -> [(&'static str, LinkType, Vec<u8>); 5] {
    let pseudowire = |header: &[u8]| ethernet(0x8847, &join(&[header, frame]));
    let session = |header: &[u8]| v4(115, &join(&[&[0, 0, 0, 7], header, frame]));
    [
        ("bare", LinkType::ETHERNET, pseudowire(&[0, 1, 1, 64])),
        (
            "control word",
            LinkType::ETHERNET,
            pseudowire(&[0, 1, 1, 64, 0, 0, 0, 9]),
        ),
        ("session", LinkType::RAW, session(&[])),
        ("cookie", LinkType::RAW, session(&[0xd3; 4])),
        ("long cookie", LinkType::RAW, session(&[0xd3; 8])),
    ]
}

#[test]
fn carriers_of_bare_ethernet_carry_every_wrapping_of_it() {
    let mut count = 0;
    for (name, link_type, frame) in frames() {
        if link_type != LinkType::ETHERNET {
            continue;
        }
        for (carrier, link_type, data) in carriers(&frame) {
            let datagram = whole(link_type, &data);
            let name = format!("{name} in {carrier}");
            assert_inner(&datagram.expect(&name), &name);
            count += 1;
        }
    }
    assert!(count >= 100, "{count}");
}

#[test]
fn bare_ethernet_leads_to_a_packet_whose_length_fits() {
    for (name, longer) in [("fits", 0), ("is too long", 1)] {
        let mut ip = sound_inner();
        let stated = ip.len() as u16 + longer;
        ip[2..4].copy_from_slice(&stated.to_be_bytes());
        let frame = ethernet(0x88e7, &join(&[&[0, 0, 0, 1], &ethernet(0x0800, &ip)]));
        for (carrier, link_type, data) in carriers(&frame) {
            if carrier == "control word" {
                // Ethernet behind a control word needs no proof.
                continue;
            }
            let found = whole(link_type, &data).is_ok_and(|found| found.protocol == 6);
            assert_eq!(found, longer == 0, "{name} in {carrier}");
        }
    }
}
