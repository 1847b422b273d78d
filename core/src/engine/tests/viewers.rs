//! Devices with several addresses: one viewer where the link layer shows it and that is asked for.

use super::*;

const DEVICE: [u8; 6] = [2, 0, 0, 0, 0, 9];
const ROUTER: [u8; 6] = [2, 0, 0, 0, 0, 1];

fn framed(packet: &TcpPacket, device: [u8; 6]) -> Vec<u8> {
    let is_down = packet.source.port() == 443;
    let ends = if is_down {
        [device, ROUTER]
    } else {
        [ROUTER, device]
    };
    let kind = if packet.source.is_ipv4() {
        [8, 0]
    } else {
        [0x86, 0xdd]
    };
    [&ends.concat()[..], &kind, &packet.bytes()].concat()
}

/// The clients of the segments of one device's connections over both versions of IP, and one of
/// another device.
fn clients(key: &str, window: &str) -> Vec<String> {
    let mut config = Config::default();
    config.set("client_key", key).unwrap();
    config.set("duplicate_window", window).unwrap();
    config.set("prefixes", "2001:db8:ffff::/48").unwrap();
    let mut engine = Engine::new(config);
    let mut frame = 0;
    let talks = [
        ("10.0.0.2", NETFLIX, DEVICE),
        ("2001:db8::2", "2001:db8:ffff::1", DEVICE),
        ("10.0.0.3", NETFLIX, [2, 0, 0, 0, 0, 7]),
    ];
    for (client, server, device) in talks {
        let mut talk = Talk::new(50_000, server, 443);
        talk.client.set_ip(address(client));
        talk.tls13("ipv4-c001-zrh001-ix.1.oca.nflxvideo.net");
        talk.wait(MILLISECOND)
            .say(&protected(640))
            .hear(&protected_body(9_000, 17));
        for packet in &talk.packets {
            frame += 1;
            let data = framed(packet, device);
            engine.packet(&Packet {
                frame,
                time: Time(packet.time),
                link_type: LinkType::ETHERNET,
                original_length: data.len() as u32,
                data: &data,
            });
        }
    }
    engine.finish();
    let rows = segments(&engine);
    rows.iter().map(|row| row.client.to_string()).collect()
}

#[test]
fn a_device_is_one_viewer_if_that_is_asked_for() {
    for window in ["0", "1000"] {
        assert_eq!(
            clients("address", window),
            ["10.0.0.2", "2001:db8::2", "10.0.0.3"]
        );
        assert_eq!(clients("mac", window), ["10.0.0.2", "10.0.0.2", "10.0.0.3"]);
    }
}
