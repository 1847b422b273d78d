//! A bug of the plugin's own, in the middle of a capture: it says so once and adds nothing more,
//! and tshark does all else as it does without it.
//!
//! The plugin is built with the feature `panic-injection` for this: its engine panics at a packet
//! with a mark.

use std::collections::BTreeSet;
use std::fs;

use serde_json::json;

use super::{Home, decompressed, recorded_folder};
use crate::c_abi::with_panics;

/// See the feature in `ffi`.
const MARK: &[u8] = b"nflx, panic here";
/// The packet that has it: in the middle of a response.
const MARKED: u64 = 120;
/// Packets of the capture.
const PACKETS: u64 = 300;
const CAPTURE: &str = "panic.pcap";
const OTHER: &str = "other.pcap";

/// A home with that plugin, one without any, and in both a capture with the mark and the same
/// without it.
fn homes() -> Option<[Home; 2]> {
    let plugin = with_panics("nflx-plugin").join("libnflx_plugin.so");
    let homes = [Home::with(&plugin)?, Home::bare()?];
    let recorded = decompressed(&recorded_folder().join("tls13.pcap.gz"));
    let (mut marked, mut other, mut at) = (recorded[..24].to_vec(), recorded[..24].to_vec(), 24);
    for frame in 1..=PACKETS {
        let (header, behind) = recorded[at..].split_at(16);
        let word =
            |at: usize| u32::from_le_bytes(header[at..at + 4].try_into().expect("four bytes"));
        let packet = &behind[..word(8) as usize];
        // Ethernet carries what stands behind the IP packet as a trailer.
        let trailer = if frame == MARKED { MARK } else { &[] };
        marked.extend(&header[..8]);
        marked.extend(
            [word(8), word(12)]
                .map(|length| length + trailer.len() as u32)
                .map(u32::to_le_bytes)
                .concat(),
        );
        marked.extend([packet, trailer].concat());
        other.extend([header, packet].concat());
        at += 16 + packet.len();
    }
    for home in &homes {
        fs::write(home.path().join(CAPTURE), &marked).expect("ours");
        fs::write(home.path().join(OTHER), &other).expect("ours");
    }
    Some(homes)
}

/// Standard output of a run that ended well and complained once, of the panic.
fn stopped(home: &Home, args: &[&str]) -> String {
    let run = home.tshark(args);
    assert_eq!(run.status, Some(0), "{args:?}: {}", run.stderr);
    let begins = "nflx: nflx met a bug of its own and stopped this analysis: injected (";
    let ends = "). Please report it with this sentence.\n";
    assert!(
        run.stderr.starts_with(begins) && run.stderr.ends_with(ends),
        "{args:?}: {}",
        run.stderr
    );
    assert_eq!(run.stderr.lines().count(), 1, "{args:?}: {}", run.stderr);
    run.stdout
}

#[test]
fn a_panic_ends_the_plugin_and_not_its_host() {
    let Some([home, bare]) = homes() else { return };
    // Fields: those of Netflix's packets before the marked one, and none from there on.
    let args = [
        "-r",
        CAPTURE,
        "-Y",
        "nflx",
        "-T",
        "fields",
        "-e",
        "frame.number",
    ];
    let with_fields: BTreeSet<u64> = stopped(&home, &args)
        .lines()
        .map(|row| row.parse().expect("a number"))
        .collect();
    let mut expected = home
        .fields(OTHER, &[], &[])
        .into_keys()
        .collect::<BTreeSet<_>>();
    assert!(
        expected.contains(&MARKED) && expected.split_off(&MARKED).len() > 100,
        "{expected:?}"
    );
    assert_eq!(with_fields, expected);

    // All else is printed, the marked packet included.
    let args = [
        "-r",
        CAPTURE,
        "-T",
        "fields",
        "-e",
        "frame.number",
        "-e",
        "frame.protocols",
        "-e",
        "tcp.len",
    ];
    assert_eq!(stopped(&home, &args), bare.tshark(&args).quiet());
    for args in [
        &["-r", CAPTURE, "-V"][..],
        &["-r", CAPTURE, "-T", "pdml"],
        &["-r", CAPTURE],
    ] {
        let (found, whole) = (stopped(&home, args), bare.tshark(args).quiet());
        let from_mark = |text: &str| {
            let begins = [
                format!("\nFrame {MARKED}: "),
                format!("show=\"{MARKED}\""),
                format!("\n  {MARKED} "),
            ];
            let at = begins
                .iter()
                .find_map(|begin| text.find(begin))
                .expect("the marked packet");
            text[at..].to_owned()
        };
        assert!(
            found.len() > whole.len(),
            "{args:?}: the plugin said nothing"
        );
        assert_eq!(from_mark(&found), from_mark(&whole), "{args:?}");
    }
    // Two passes: the second has nothing of the plugin's.
    for args in [&["-2", "-r", CAPTURE, "-V"][..], &["-2", "-r", CAPTURE]] {
        assert_eq!(stopped(&home, args), bare.tshark(args).quiet(), "{args:?}");
    }
}

#[test]
fn statistics_after_a_panic_are_tsharks_own() {
    let Some([home, bare]) = homes() else { return };
    let own = ["-q", "-r", CAPTURE, "-z", "io,stat,0", "-z", "conv,tcp"];
    let args = [
        &own[..],
        &[
            "-z",
            "nflx,servers",
            "-z",
            "nflx,segments",
            "-z",
            "nflx,tree",
        ],
    ]
    .concat();
    let (found, whole) = (stopped(&home, &args), bare.tshark(&own).quiet());
    for line in whole.lines() {
        assert!(found.contains(line), "{line}\n{found}");
    }
    // Not that there is no server: that was not found out.
    let said = stopped(&home, &["-q", "-r", CAPTURE, "-z", "nflx,summary"]);
    assert_eq!(said, "nflx: stopped, what was found is lost\n");
}

#[test]
fn a_panic_keeps_no_packet_out_of_what_is_written() {
    let Some([home, bare]) = homes() else { return };
    let run = home.tshark(&[
        "-r",
        CAPTURE,
        "-o",
        "nflx.comment:TRUE",
        "-Y",
        "frame",
        "-w",
        "written.pcapng",
    ]);
    assert_eq!(run.status, Some(0), "{}", run.stderr);
    assert!(
        run.stderr.contains("met a bug of its own"),
        "{}",
        run.stderr
    );
    let (written, read) = (
        home.path().join("written.pcapng"),
        ["-T", "fields", "-e", "frame.number", "-e", "frame.len"],
    );
    let packets = |file: &str| bare.tshark(&[&["-r", file][..], &read].concat()).quiet();
    fs::copy(written, bare.path().join("written.pcapng")).expect("it was written");
    bare.open_to_all();
    assert_eq!(packets("written.pcapng"), packets(CAPTURE));
}

/// The next capture has an engine of its own.
#[test]
fn the_next_capture_is_analysed() {
    let Some([home, _]) = homes() else { return };
    // sharkd remembers what a filter found, also of the capture before.
    let [first, second] =
        ["nflx", "nflx.flow"].map(|filter| ("frames", json!({ "filter": filter })));
    let load = ("load", json!({ "file": home.path().join(OTHER) }));
    let Some(answers) = home.sharkd(&home.path().join(CAPTURE), &[first, load, second]) else {
        return;
    };
    let shown = |answer: usize| answers[answer].as_array().map_or(0, Vec::len);
    assert_eq!(shown(0), 0);
    assert!(shown(2) > 100, "{}", answers[2]);
}
