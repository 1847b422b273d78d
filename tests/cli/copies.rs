//! Copies of packets: a capture with each packet twice gives the rows of the plain one.

use serde_json::Value;

use super::live::recordings;
use super::{Folder, decompressed, recorded, run};

/// The rows, without what numbers packets, and what counts copies.
fn rows(command: &str, capture: &str) -> Vec<Value> {
    let known = ["--prefixes", "10.9.0.0/22"];
    let outcome = run(&[&[command, "--format", "jsonl", capture], &known[..]].concat());
    assert_eq!(outcome.status, Some(0), "{}", outcome.stderr);
    let rows = outcome.stdout.lines().map(|line| {
        let mut row: Value = serde_json::from_str(line).expect("JSON");
        let row_of = row.as_object_mut().expect("an object");
        row_of.retain(|key, _| !key.ends_with("frame") && key != "capture" && key != "duplicates");
        row
    });
    rows.collect()
}

#[test]
fn each_packet_twice_gives_the_rows_of_the_plain_capture() {
    let folder = Folder::new();
    for name in recordings() {
        let bytes = decompressed(&recorded(&name));
        let plain = folder.file("plain.pcap", &bytes);
        let (header, mut rest) = bytes.split_at(24);
        let mut twice = header.to_vec();
        while let Some(length) = rest.get(8..).and_then(|rest| rest.first_chunk()) {
            let (record, behind) = rest.split_at(16 + u32::from_le_bytes(*length) as usize);
            twice.extend([record, record].concat());
            rest = behind;
        }
        let twice = folder.file("twice.pcap", &twice);
        for command in ["segments", "servers", "sessions", "features"] {
            let expected = rows(command, &plain);
            assert_eq!(rows(command, &twice), expected, "{command} {name}");
            assert!(
                !expected.is_empty() || command == "sessions",
                "{command} {name}"
            );
        }
    }
}
