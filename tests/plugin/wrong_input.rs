//! Captures that are damaged, cut, or of another kind.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::{Home, decompressed, nflx, plugin, recorded_folder, tshark_version};

/// A random number generator is not worth a dependency here.
fn scramble(bytes: &mut [u8], seed: u64) {
    let mut state = seed;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize
    };
    for _ in 0..bytes.len() / 50 {
        let at = next() % bytes.len();
        bytes[at] ^= 1 << (next() % 8);
    }
}

/// Bits flipped in packets, not in the records around them: the plugin goes on, and says nothing of
/// its own.
#[test]
fn damaged_packets() {
    let Some(home) = Home::new() else { return };
    for (name, seed) in [
        ("tls13.pcap.gz", 1),
        ("h3.pcap.gz", 2),
        ("ipv6.pcap.gz", 3),
        ("http-plain.pcap.gz", 4),
    ] {
        let mut bytes = decompressed(&recorded_folder().join(name));
        let mut at = 24;
        while at + 16 <= bytes.len() {
            let length =
                u32::from_le_bytes(bytes[at + 8..at + 12].try_into().expect("four bytes")) as usize;
            scramble(&mut bytes[at + 16..at + 16 + length], seed + at as u64);
            at += 16 + length;
        }
        let file = home.path().join("damaged.pcap");
        fs::write(&file, bytes).expect("ours");
        for options in [&["-V"][..], &["-2", "-T", "json"], &["-q", "-z", "expert"]] {
            let mut args = vec!["-r", "damaged.pcap"];
            args.extend(options);
            let run = home.tshark(&args);
            assert_eq!(run.status, Some(0), "{name} {options:?}: {}", run.stderr);
            assert!(
                !run.stderr.contains("nflx"),
                "{name} {options:?}: {}",
                run.stderr
            );
        }
    }
}

/// Packets without bytes, and a capture without packets.
#[test]
fn empty() {
    let Some(home) = Home::new() else { return };
    let header = &decompressed(&recorded_folder().join("tls13.pcap.gz"))[..24];
    fs::write(home.path().join("none.pcap"), header).expect("ours");
    assert_eq!(home.tshark(&["-r", "none.pcap", "-Y", "nflx"]).quiet(), "");
    let mut bytes = header.to_vec();
    for _ in 0..3 {
        bytes.extend([0; 12]);
        bytes.extend(60_u32.to_le_bytes());
    }
    fs::write(home.path().join("empty.pcap"), bytes).expect("ours");
    assert_eq!(home.tshark(&["-r", "empty.pcap", "-Y", "nflx"]).quiet(), "");
}

/// Other link types than Ethernet: made from a recorded capture by leaving the link header out or
/// putting another on.
#[test]
fn link_types() {
    let Some(home) = Home::new() else { return };
    let bytes = decompressed(&recorded_folder().join("tls13.pcap.gz"));
    let fields = [
        "nflx.flow",
        "nflx.segment",
        "nflx.segment.bytes_so_far",
        "nflx.server.in_bytes",
        "nflx.server.out_pkts",
    ];
    let ethernet = home.fields(&home.recorded("tls13.pcap.gz"), &["-2"], &fields);
    assert!(!ethernet.is_empty());
    // Number in the registry, and the header before IPv4.
    let kinds: [(u32, &[u8]); 4] = [
        (101, &[]),
        (228, &[]),
        (0, &[2, 0, 0, 0]),
        (113, &[0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 8, 0]),
    ];
    for (link_type, header) in kinds {
        let mut other = bytes[..20].to_vec();
        other.extend(link_type.to_le_bytes());
        let mut at = 24;
        while at + 16 <= bytes.len() {
            let word = |offset: usize| {
                u32::from_le_bytes(
                    bytes[at + offset..at + offset + 4]
                        .try_into()
                        .expect("four bytes"),
                )
            };
            let packet = &bytes[at + 16..at + 16 + word(8) as usize];
            let network = if packet[12..14] == [8, 0] {
                &packet[14..]
            } else {
                &[]
            };
            let original = word(12) - 14 + header.len() as u32;
            other.extend(&bytes[at..at + 8]);
            other.extend(((header.len() + network.len()) as u32).to_le_bytes());
            other.extend(original.to_le_bytes());
            other.extend(header);
            other.extend(network);
            at += 16 + packet.len();
        }
        fs::write(home.path().join("other.pcap"), other).expect("ours");
        let shown = home.fields("other.pcap", &["-2"], &fields);
        assert!(
            shown == ethernet,
            "link type {link_type}, tshark {:?}",
            tshark_version(&home)
        );
    }
}

/// Captures cut at some lengths, and some snapshot lengths, through sharkd and the command;
/// `make fuzz-host` takes all.
#[test]
fn cut_captures() {
    if Home::new().is_none() || Command::new("sharkd").arg("--version").output().is_err() {
        return;
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/lengths.py");
    let output = Command::new("python3")
        .arg(script)
        .args(["--step", "211", "--plugin"])
        .arg(plugin())
        .arg("--nflx")
        .arg(nflx())
        .output()
        .expect("python3 is there");
    let (said, complaint) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{said}{complaint}");
}

/// Changed, cut and random packets: tshark ends, prints and complains as it does without the
/// plugin, but for its fields. `make fuzz-host` does the same for as long as wanted, with the
/// plugin under sanitizers.
#[test]
fn the_host_is_left_as_it_is() {
    if Home::new().is_none() {
        return;
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/host.py");
    let output = Command::new("python3")
        .arg(script)
        .args(["--rounds", "6", "--seed", "1", "--plugin"])
        .arg(plugin())
        .output()
        .expect("python3 is there");
    let (said, complaint) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{said}{complaint}");
    assert!(!said.contains("say in 0 runs"), "{said}");
}
