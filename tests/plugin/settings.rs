//! Preferences: all settings, their effect, and what happens to wrong values.

use std::path::Path;

use super::{Home, nflx_rows, recorded_folder};

const CAPTURE: &str = "tls13.pcap.gz";

/// Settings that act in the command alone.
const OF_THE_COMMAND: [&str; 14] = [
    "feature_kinds",
    "empty_features",
    "feature_window",
    "session_idle",
    "ewma_span",
    "session_values",
    "window_values",
    "max_sessions",
    "fill_idle",
    "fill_segments",
    "playback_step",
    "join_gap",
    "feature_playback",
    "feature_playback_segments",
];

/// Small responses have no throughput, in the command and here.
#[test]
fn the_least_bytes_of_a_throughput_are_a_setting() {
    let Some(home) = Home::new() else { return };
    let rows = nflx_rows("segments", &[], &recorded_folder().join(CAPTURE));
    let size = rows[0]["bytes"].as_u64().expect("a size");
    for (least, has_one) in [(size, true), (size + 1, false)] {
        let set = format!("throughput_min={least}");
        let row = &nflx_rows(
            "segments",
            &["--set", &set],
            &recorded_folder().join(CAPTURE),
        )[0];
        assert_eq!(!row["throughput_bps"].is_null(), has_one, "{least}");
        let preference = format!("nflx.throughput_min:{least}");
        let shown = home.fields(
            &home.recorded(CAPTURE),
            &["-2", "-o", &preference, "-Y", "nflx.segment == 1"],
            &["nflx.segment.throughput"],
        );
        assert!(!shown.is_empty());
        assert!(shown.values().all(|row| row[0].is_empty() != has_one));
    }
}

/// Returns the requests found with some preferences.
fn requests(home: &Home, options: &[&str]) -> Vec<(u64, String)> {
    let mut all = vec!["-2", "-Y", "nflx.request"];
    all.extend(options);
    let rows = home.fields(&home.recorded(CAPTURE), &all, &["nflx.segment"]);
    rows.into_iter()
        .map(|(frame, mut row)| (frame, row.remove(0)))
        .collect()
}

#[test]
fn every_setting_that_acts_is_a_preference() {
    let Some(home) = Home::new() else { return };
    let listed = home.tshark(&["-G", "currentprefs"]).quiet();
    for setting in nflx_core::Config::SETTINGS {
        if OF_THE_COMMAND.contains(&setting.name) {
            let name = format!("#nflx.{}:", setting.name);
            assert!(!listed.contains(&name), "{name}");
            continue;
        }
        let line = format!(
            "#nflx.{}: {}",
            setting.name,
            nflx_core::Config::default()
                .get(setting.name)
                .expect("a setting")
        );
        assert!(listed.lines().any(|text| text == line), "{line}");
        let help: String = setting
            .help
            .split_whitespace()
            .take(5)
            .collect::<Vec<_>>()
            .join(" ");
        assert!(listed.contains(&help), "{help}");
    }
    assert!(
        listed.lines().any(|text| text == "#nflx.comment: FALSE"),
        "nflx.comment"
    );
}

#[test]
fn a_wrong_value_is_told_in_one_line_and_the_default_is_used() {
    let Some(home) = Home::new() else { return };
    let right = requests(&home, &[]);
    for (name, value) in [
        ("prefixes", "10.0.0.0/99"),
        ("evidence", "hearsay"),
        ("domains", ","),
        ("reorder_pieces", "0"),
    ] {
        let preference = format!("nflx.{name}:{value}");
        let run = home.tshark(&[
            "-r",
            &home.recorded(CAPTURE),
            "-2",
            "-Y",
            "nflx.request",
            "-T",
            "fields",
            "-e",
            "frame.number",
            "-e",
            "nflx.segment",
            "-o",
            &preference,
        ]);
        assert_eq!(run.status, Some(0), "{preference}: {}", run.stderr);
        let lines: Vec<_> = run.stderr.lines().collect();
        assert_eq!(lines.len(), 1, "{preference}: {}", run.stderr);
        assert!(lines[0].contains(&format!("nflx.{name}")), "{}", lines[0]);
        assert!(lines[0].contains(value), "{}", lines[0]);
        let rows: Vec<_> = run.stdout.lines().collect();
        let expected: Vec<_> = right
            .iter()
            .map(|(frame, segment)| format!("{frame}\t{segment}"))
            .collect();
        assert_eq!(rows, expected, "{preference}");
    }
}

#[test]
fn the_classic_rules_are_the_programs() {
    let Some(home) = Home::new() else { return };
    let path = recorded_folder().join(CAPTURE);
    let classic = requests(&home, &["-o", "nflx.segment_rule:server"]);
    let rows = nflx_rows("segments", &["--segment-rule", "server"], &path);
    let frames: Vec<_> = rows
        .iter()
        .filter_map(|row| row["request_frame"].as_u64())
        .collect();
    let shown: Vec<_> = classic.iter().map(|(frame, _)| *frame).collect();
    // A request without a response is none by the classic rule, but that shows only later.
    assert!(
        frames.iter().all(|frame| shown.contains(frame)),
        "{frames:?} in {shown:?}"
    );

    let owners = ["-o", "nflx.evidence:dns_owner"];
    let shown = home.fields(&home.recorded(CAPTURE), &owners, &["nflx.server.evidence"]);
    assert!(shown.values().all(|row| row[0] == "dns_owner"));
    let rows = nflx_rows("packets", &["--evidence", "dns_owner"], Path::new(&path));
    assert_eq!(shown.len(), rows.len());
}

#[test]
fn names_and_prefixes_can_be_chosen() {
    let Some(home) = Home::new() else { return };
    let other = home.fields(
        &home.recorded(CAPTURE),
        &[
            "-o",
            "nflx.domains:no-such-name",
            "-o",
            "nflx.evidence:sni,dns",
        ],
        &[],
    );
    assert!(other.is_empty());
    let told = home.fields(
        &home.recorded("midstream.pcap.gz"),
        &["-o", "nflx.prefixes:10.9.1.0/24"],
        &["nflx.server.evidence", "nflx.server.name", "nflx.server"],
    );
    assert!(!told.is_empty());
    assert!(
        told.values()
            .all(|row| row[0] == "config" && row[1].is_empty() && row[2].starts_with("10.9.1."))
    );
}

#[test]
fn a_disabled_protocol_adds_nothing() {
    let Some(home) = Home::new() else { return };
    let text = home
        .tshark(&["-r", &home.recorded(CAPTURE), "--disable-protocol", "nflx"])
        .quiet();
    assert!(!text.contains("[Netflix"));
}

/// Comments are for captures that travel: one to a packet, also when an annotated capture is
/// annotated again.
#[test]
fn comments_are_written_once() {
    let Some(home) = Home::new() else { return };
    let capture = home.recorded(CAPTURE);
    let packets = home.fields(&capture, &[], &[]).len();
    let comments = |file: &str| {
        let text = home
            .tshark(&[
                "-r",
                file,
                "-Y",
                "frame.comment",
                "-T",
                "fields",
                "-e",
                "frame.comment",
            ])
            .quiet();
        text.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    home.tshark(&["-r", &capture, "-Y", "frame", "-w", "plain.pcapng"])
        .quiet();
    assert_eq!(comments("plain.pcapng"), Vec::<String>::new());
    for (from, to, passes) in [
        (capture.as_str(), "once.pcapng", &[][..]),
        ("once.pcapng", "again.pcapng", &["-2"]),
    ] {
        let ahead = format!("nflx.read_ahead:{from}");
        let mut args = vec![
            "-r",
            from,
            "-o",
            &ahead,
            "-o",
            "nflx.comment:TRUE",
            "-Y",
            "frame",
            "-w",
            to,
        ];
        args.extend(passes);
        home.tshark(&args).quiet();
        let written = comments(to);
        assert_eq!(written.len(), packets, "{to}");
        assert!(
            written
                .iter()
                .all(|comment| comment.matches("nflx: ").count() == 1),
            "{to}"
        );
    }
    assert_eq!(comments("once.pcapng"), comments("again.pcapng"));
}
