//! Responses that end before their time, and packets that end before anything in them can be read.

use std::fs;

use super::{Home, decompressed, nflx_rows, recorded_folder};

/// Length of a pcap file's header, and of a packet's before its bytes.
const FILE_HEADER: usize = 24;
const PACKET_HEADER: usize = 16;
/// Offsets in an Ethernet frame with an IPv4 packet without options: its protocol, and the client's
/// port and the flags of TCP.
const PROTOCOL: usize = 14 + 9;
const SOURCE_PORT: usize = 14 + 20;
const FLAGS: usize = 14 + 20 + 13;
const RST: u8 = 4;
const ESP: u8 = 50;

/// The packets of a pcap file, each with its header.
fn packets(file: &[u8]) -> Vec<Vec<u8>> {
    let mut at = FILE_HEADER;
    let mut packets = Vec::new();
    while at < file.len() {
        let length = u32::from_le_bytes(file[at + 8..at + 12].try_into().expect("four bytes"));
        let end = at + PACKET_HEADER + length as usize;
        packets.push(file[at..end].to_vec());
        at = end;
    }
    packets
}

fn with_byte(packet: &[u8], offset: usize, byte: u8) -> Vec<u8> {
    let mut changed = packet.to_vec();
    changed[PACKET_HEADER + offset] = byte;
    changed
}

fn is_from_port(packet: &[u8], port: u16) -> bool {
    packet.get(PACKET_HEADER + SOURCE_PORT..PACKET_HEADER + SOURCE_PORT + 2)
        == Some(&port.to_be_bytes()[..])
}

/// A capture in which the client resets a connection in the middle of its largest response, and two
/// packets of ESP before all; the number of that segment.
fn cut_by_the_client(home: &Home) -> (String, u64) {
    let recorded = recorded_folder().join("tls13.pcap.gz");
    let rows = nflx_rows("segments", &[], &recorded);
    let largest = rows
        .iter()
        .max_by_key(|row| row["bytes"].as_u64())
        .expect("segments");
    let number = |key: &str| largest[key].as_u64().expect("a number");
    let file = decompressed(&recorded);
    let all = packets(&file);
    let middle = (number("first_frame") + number("last_frame")) / 2;
    let port = number("client_port") as u16;
    let before = &all[..middle as usize];
    let last = before
        .iter()
        .rev()
        .find(|packet| is_from_port(packet, port))
        .expect("acknowledgements");
    let mut capture = file[..FILE_HEADER].to_vec();
    for packet in [last, last] {
        // At the time of the first packet.
        let mut sealed = with_byte(packet, PROTOCOL, ESP);
        sealed[..8].copy_from_slice(&all[0][..8]);
        capture.extend(sealed);
    }
    let mut reset = with_byte(last, FLAGS, last[PACKET_HEADER + FLAGS] | RST);
    reset[..8].copy_from_slice(&before[before.len() - 1][..8]);
    for packet in before {
        capture.extend(packet);
    }
    capture.extend(reset);
    let path = home.path().join("cut.pcap");
    fs::write(&path, capture).expect("ours");
    home.open_to_all();
    (path.to_str().expect("UTF-8").to_owned(), number("segment"))
}

#[test]
fn a_request_that_the_client_aborts_is_noted() {
    let Some(home) = Home::new() else { return };
    let (capture, segment) = cut_by_the_client(&home);
    let ahead = format!("nflx.read_ahead:{capture}");
    for pass in [&["-2"][..], &["-o", &ahead]] {
        let fields = ["nflx.segment", "nflx.segment.aborted"];
        let rows = home.fields(
            &capture,
            &[pass, &["-Y", "nflx.expert.aborted"]].concat(),
            &fields,
        );
        assert_eq!(rows.len(), 1, "{pass:?}: {rows:?}");
        let row = rows.values().next().expect("a row");
        assert_eq!(row[0], segment.to_string());
        assert!(["1", "True"].contains(&row[1].as_str()), "{rows:?}");
    }
    // Nobody aborts anything in the recording itself.
    let whole = home.recorded("tls13.pcap.gz");
    let none = home.tshark(&["-2", "-r", &whole, "-Y", "nflx.expert.aborted"]);
    assert_eq!(none.quiet(), "");
}

#[test]
fn what_cannot_be_read_is_noted_once() {
    let Some(home) = Home::new() else { return };
    let (capture, _) = cut_by_the_client(&home);
    let ahead = format!("nflx.read_ahead:{capture}");
    for pass in [&[][..], &["-2"], &["-o", &ahead]] {
        let noted = home
            .tshark(
                &[
                    pass,
                    &[
                        "-r",
                        &capture,
                        "-Y",
                        "nflx.expert.unfollowed",
                        "-T",
                        "fields",
                    ],
                    &["-e", "frame.number", "-e", "_ws.expert.message"],
                ]
                .concat(),
            )
            .quiet();
        assert_eq!(noted.lines().count(), 1, "{pass:?}: {noted}");
        assert!(noted.starts_with("1\t"), "{noted}");
        assert!(
            noted.contains("ESP") && noted.contains("encrypted"),
            "{noted}"
        );
    }
    let whole = home.recorded("tls13.pcap.gz");
    let none = home.tshark(&["-r", &whole, "-Y", "nflx.expert.unfollowed"]);
    assert_eq!(none.quiet(), "");
}
