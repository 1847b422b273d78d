//! Messages to users: help, settings, and errors of calls and input.

use super::*;

#[test]
fn unreadable_input() {
    let folder = Folder::new();
    let path = |name: &str, bytes: &[u8]| folder.file(name, bytes);
    let cases = [
        (folder.path("missing"), "no such file"),
        (path("empty", b""), "is empty"),
        (path("empty.gz", &gzip(b"")), "is empty"),
        (
            path("text", b"hello"),
            "is not a capture: it begins with 68 65 6c 6c",
        ),
        (
            path("cut header", &pcap(1, &[])[..20]),
            "ends in the middle of its file header",
        ),
        (
            path("cut section", &pcapng([1, 1], b"")[..20]),
            "ends in the middle of its file header",
        ),
        (
            path(
                "version",
                b"\xd4\xc3\xb2\xa1\x03\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\0\0\0",
            ),
            "is pcap of version 3.0",
        ),
        (path("x.bz2", b"BZh9\0\0\0\0"), "is compressed with bzip2"),
        (
            path("x.zst", b"\x28\xb5\x2f\xfd\xff\xff\xff\xff"),
            "cannot be decompressed",
        ),
        (
            path("x.snoop", b"snoop\0\0\0\0\0\0\x02\0\0\0\x04"),
            "is a capture of snoop, which is not read; convert it: editcap FILE FILE.pcapng",
        ),
        (
            path("x.tr1", b"\x01\x10\x4c\0\x01\x05Trace Display Trace File"),
            "is a capture of LANalyzer, which is not read; convert it: editcap FILE FILE.pcapng",
        ),
        (
            path(
                "x.txt",
                b"+---------+---------------+----------+\n12:00:00,000,000   ETHER\n",
            ),
            "is a capture of K12 text, which is not read; convert it: editcap FILE FILE.pcapng",
        ),
        (
            path("not gzip", b"\x1f\x8bgarbage, not gzip"),
            "cannot be decompressed",
        ),
        (
            path("usb", &pcap(220, &[b"setup", b"data"])),
            "has packets of link type 220 (USB of Linux), which carry no video",
        ),
    ];
    for (path, expected) in cases {
        for command in COMMANDS {
            let outcome = run(&[command, &path]);
            assert_eq!(
                (outcome.status, outcome.stdout.as_str()),
                (Some(2), ""),
                "{path}"
            );
            let sentence = outcome.sentence();
            let said = sentence.strip_prefix(&format!("{path}: "));
            assert!(
                said.expect("the sentence names the file")
                    .starts_with(expected)
                    || sentence.contains(expected)
            );
        }
    }
}

#[test]
fn wrong_usage() {
    let cases: [(&[&str], &str); 16] = [
        (
            &["servers", "--frmat", "csv", "x"],
            "unexpected argument '--frmat' found; tip: a similar argument exists",
        ),
        (
            &["servers", "--format", "xml", "x"],
            "invalid value 'xml' for '--format <FORMAT>'",
        ),
        (
            &["servers"],
            "required arguments were not provided: <FILE>...",
        ),
        (
            &["packetz", "x"],
            "unrecognized subcommand 'packetz'; tip: a similar subcommand exists: 'packets'",
        ),
        (
            &["servers", "--prefixes", "10.0.0.0/33", "x"],
            "'10.0.0.0/33' does not fit prefixes",
        ),
        (
            &["servers", "--evidence", "dns,tarot", "x"],
            "'tarot' does not fit evidence",
        ),
        (
            &["segments", "--segment-rule", "none", "x"],
            "'none' does not fit segment_rule",
        ),
        (
            &["packets", "--set", "max_flows", "x"],
            "write it as NAME=VALUE",
        ),
        (
            &["packets", "--set", "max_flows=-1", "x"],
            "'-1' does not fit max_flows",
        ),
        (
            &["packets", "--set", "min_flows=1", "x"],
            "there is no setting 'min_flows'",
        ),
        (
            &["features", "--window", "0", "x"],
            "'0' does not fit feature_window: give a whole number of seconds from 1",
        ),
        (
            &["playback", "--step", "0.09", "x"],
            "'--step <SECONDS>': give seconds from 0.1 to 3600",
        ),
        (
            &["playback", "--step", "1s", "x"],
            "'--step <SECONDS>': give seconds from 0.1 to 3600",
        ),
        (
            &["features", "--set", "feature_kinds=film", "x"],
            "'film' does not fit feature_kinds",
        ),
        (
            &["features", "--set", "empty_features=none", "x"],
            "'none' does not fit empty_features",
        ),
        (&["servers", "-", "-"], "standard input can be read once"),
    ];
    for (args, expected) in cases {
        let outcome = run(args);
        assert_eq!(
            (outcome.status, outcome.stdout.as_str()),
            (Some(2), ""),
            "{args:?}"
        );
        assert!(outcome.sentence().contains(expected), "{}", outcome.stderr);
    }
}

#[test]
fn help_and_version() {
    let help = run(&["--help"]).quiet();
    for expected in ["nflx servers session.pcapng", "Exit status: 0", "settings"] {
        assert!(help.contains(expected), "{expected}");
    }
    let help = run(&["segments", "--help"]).quiet();
    for expected in [
        "--segment-rule",
        "--prefixes",
        "--set <NAME=VALUE>",
        "TMPDIR",
    ] {
        assert!(help.contains(expected), "{expected}");
    }
    assert_eq!(
        run(&["--version"]).quiet(),
        format!("nflx {}\n", env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn settings() {
    let text = run(&["settings", "--set", "max_flows=77"]).quiet();
    let rows: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let row = |name: &str| {
        rows.iter()
            .find(|row| row["name"] == name)
            .unwrap_or_else(|| panic!("{name} is missing"))
    };
    assert_eq!(row("max_flows")["value"], "77");
    assert_ne!(row("max_flows")["default"], "77");
    assert_eq!(row("segment_rule")["value"], "flow");
    assert_eq!(row("evidence")["value"], row("evidence")["default"]);
}

#[test]
fn what_is_lacking_is_named_where_nothing_is_found() {
    // Ethernet, IPv4 and UDP between two addresses of nobody's.
    let mut packet = [0; 60];
    packet[12..24].copy_from_slice(&[8, 0, 0x45, 0, 0, 46, 0, 0, 0, 0, 64, 17]);
    packet[26..34].copy_from_slice(&[192, 0, 2, 1, 192, 0, 2, 2]);
    packet[34..40].copy_from_slice(&[0x13, 0x88, 0x13, 0x89, 0, 26]);
    for (packets, expected) in [
        (&[&packet[..]][..], "--prefixes"),
        (&[&[0; 60]], "none of its 1 packets holds readable IP"),
        (&[], "there is no packet in it"),
    ] {
        for format in ["table", "jsonl", "csv"] {
            let outcome = run_with(&["segments", "--format", format, "-"], &pcap(1, packets));
            assert_eq!(outcome.status, Some(0));
            assert!(
                outcome
                    .sentence()
                    .starts_with("standard input: no Netflix server was recognised")
                    && outcome.sentence().contains(expected),
                "{}",
                outcome.stderr
            );
        }
    }
}
