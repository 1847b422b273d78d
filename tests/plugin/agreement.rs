//! The plugin says what the command-line program says, and the same in one pass as in two.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use nflx_core::Config;
use serde_json::Value;

use super::{Home, evidence_comes_late, further_captures_of_host, nflx_rows, recorded_captures};

/// Fields of a packet and the program's keys for them.
const FACTS: &[(&str, &str)] = &[
    ("nflx.flow", "flow"),
    ("nflx.direction", "direction"),
    ("nflx.server.name", "name"),
    ("nflx.server.evidence", "evidence"),
    ("nflx.server.role", "role"),
    ("nflx.segment", "segment"),
    ("nflx.segment.index", "index"),
    ("nflx.segment.kind", "kind"),
    ("nflx.segment.bytes_so_far", "bytes_so_far"),
    ("nflx.server.in_pkts", "server_in_pkts"),
    ("nflx.server.out_pkts", "server_out_pkts"),
    ("nflx.server.in_bytes", "server_in_bytes"),
    ("nflx.server.out_bytes", "server_out_bytes"),
    ("nflx.flow.in_pkts", "flow_in_pkts"),
    ("nflx.flow.out_pkts", "flow_out_pkts"),
    ("nflx.flow.in_bytes", "flow_in_bytes"),
    ("nflx.flow.out_bytes", "flow_out_bytes"),
];

/// Fields that are there only if true.
const MARKS: &[(&str, &str)] = &[("nflx.request", "request"), ("nflx.truncated", "truncated")];

/// Fields of a segment and the program's keys for them.
const SEGMENT: &[(&str, &str)] = &[
    ("nflx.segment.index", "index"),
    ("nflx.segment.kind", "kind"),
    ("nflx.segment.request_frame", "request_frame"),
    ("nflx.segment.first_frame", "first_frame"),
    ("nflx.segment.last_frame", "last_frame"),
    ("nflx.segment.pkts", "pkts"),
    ("nflx.segment.bytes", "bytes"),
    ("nflx.segment.app_bytes", "app_bytes"),
    ("nflx.segment.retransmitted_bytes", "retransmitted_bytes"),
    ("nflx.segment.missing_bytes", "missing_bytes"),
    ("nflx.segment.size_error", "size_error"),
];

/// Captures whose names were cut off by the snapshot length need to be told the servers.
const PREFIXES: &str = "10.9.1.0/24,10.2.0.0/16,fd00::/16";

/// A value of the program as tshark prints it.
fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn row_text(row: &Value, facts: &[(&str, &str)]) -> Vec<String> {
    facts.iter().map(|(_, key)| text(&row[*key])).collect()
}

fn names(facts: &[(&'static str, &str)]) -> Vec<&'static str> {
    facts.iter().map(|(field, _)| *field).collect()
}

/// Every packet of a capture. Where a server is known only after some of its packets, tshark is
/// told what to read ahead.
fn packets_agree(home: &Home, path: &Path, prefixes: Option<&str>) {
    let mut arguments = Vec::new();
    let mut config = Config::default();
    let mut preferences = Vec::new();
    if let Some(list) = prefixes {
        arguments.extend(["--prefixes", list]);
        config.set("prefixes", list).expect("prefixes");
        preferences.push(format!("nflx.prefixes:{list}"));
    }
    let capture = home.capture(path);
    if evidence_comes_late(path, &config) {
        preferences.push(format!("nflx.read_ahead:{capture}"));
    }
    let mut options = vec!["-2"];
    options.extend(
        preferences
            .iter()
            .flat_map(|preference| ["-o", preference.as_str()]),
    );

    let fields: Vec<_> = names(FACTS).into_iter().chain(names(MARKS)).collect();
    let shown = home.fields(&capture, &options, &fields);
    let rows = nflx_rows("packets", &arguments, path);
    let mut expected = BTreeMap::new();
    for row in &rows {
        let mut values = row_text(row, FACTS);
        let marks = MARKS
            .iter()
            .map(|(_, key)| if row[*key] == true { "1" } else { "" });
        values.extend(marks.map(str::to_owned));
        expected.insert(row["frame"].as_u64().expect("a frame"), values);
    }
    let name = path.display();
    let here: BTreeSet<_> = shown.keys().collect();
    let there: BTreeSet<_> = expected.keys().collect();
    let apart: Vec<_> = here.symmetric_difference(&there).take(10).collect();
    assert!(
        apart.is_empty(),
        "frames of {name} that only one of the two shows: {apart:?}"
    );
    for (frame, values) in &shown {
        for ((field, shown), expected) in fields.iter().zip(values).zip(&expected[frame]) {
            // tshark writes booleans as 1 or, in later versions, True.
            let shown = if shown == "True" { "1" } else { shown };
            // The fields name each kind of evidence, strongest first; rows name that.
            let shown = match *field {
                "nflx.server.evidence" => shown.split(',').next().unwrap_or_default(),
                _ => shown,
            };
            assert_eq!(shown, expected, "{field} of frame {frame} of {name}");
        }
    }
}

#[test]
fn every_packet_of_every_capture() {
    let Some(home) = Home::new() else { return };
    let mut compared = 0;
    let recorded = recorded_captures()
        .into_iter()
        .flat_map(|path| [(path.clone(), None), (path, Some(PREFIXES))]);
    let further = further_captures_of_host()
        .into_iter()
        .map(|path| (path, Some(PREFIXES)));
    for (path, prefixes) in recorded.chain(further) {
        packets_agree(&home, &path, prefixes);
        compared += 1;
    }
    assert!(compared > 10, "only {compared} captures were compared");
}

/// Segments as the second pass shows them are the program's rows.
#[test]
fn every_segment_in_two_passes() {
    let Some(home) = Home::new() else { return };
    for path in recorded_captures() {
        if evidence_comes_late(&path, &Config::default()) {
            continue;
        }
        let mut fields = vec!["nflx.segment", "nflx.segment.complete"];
        fields.extend(names(SEGMENT));
        let shown = home.fields(
            &home.capture(&path),
            &["-2", "-Y", "nflx.request && nflx.segment"],
            &fields,
        );
        let rows = nflx_rows("segments", &[], &path);
        let rows: BTreeMap<_, _> = rows
            .iter()
            .map(|row| (text(&row["segment"]), row))
            .collect();
        for (frame, values) in &shown {
            let row = rows[&values[0]];
            let complete = matches!(values[1].as_str(), "1" | "True");
            assert_eq!(
                Value::Bool(complete),
                row["complete"],
                "segment {} of {}",
                values[0],
                path.display()
            );
            assert_eq!(
                values[2..],
                row_text(row, SEGMENT),
                "frame {frame}, segment {} of {}",
                values[0],
                path.display()
            );
        }
        // Pipelined requests share a packet, which shows one of them.
        let frames: BTreeSet<_> = rows
            .values()
            .filter_map(|row| row["request_frame"].as_u64())
            .collect();
        assert!(
            shown.keys().all(|frame| frames.contains(frame)),
            "{}",
            path.display()
        );
        let missing: Vec<_> = frames
            .iter()
            .filter(|frame| !shown.contains_key(frame))
            .collect();
        assert!(
            missing.is_empty(),
            "{}: no requests shown in frames {missing:?}",
            path.display()
        );
    }
}

/// The facts of a packet do not depend on how often it is shown.
#[test]
fn one_pass_and_two_passes_say_the_same() {
    let Some(home) = Home::new() else { return };
    // What later packets change: evidence, role and kind.
    let fields: Vec<_> = names(FACTS)
        .into_iter()
        .filter(|name| {
            ![
                "nflx.server.name",
                "nflx.server.evidence",
                "nflx.server.role",
                "nflx.segment.kind",
            ]
            .contains(name)
        })
        .chain(names(MARKS))
        .collect();
    for path in recorded_captures() {
        let capture = home.capture(&path);
        let once = home.fields(&capture, &[], &fields);
        let twice = home.fields(&capture, &["-2"], &fields);
        assert!(once == twice, "{}", path.display());
    }
}

/// Frames that a read filter rejects were seen all the same, and the next frame, which gets their
/// number, is not taken for them.
#[test]
fn a_read_filter_does_not_shift_facts() {
    let Some(home) = Home::new() else { return };
    let capture = home.recorded("noise.pcap.gz");
    let fields = [
        "frame.time_epoch",
        "nflx.flow",
        "nflx.segment",
        "nflx.segment.bytes_so_far",
        "nflx.server.in_bytes",
    ];
    let by_time = |rows: BTreeMap<u64, Vec<String>>| rows.into_values().collect::<Vec<_>>();
    let all = by_time(home.fields(&capture, &["-2", "-Y", "nflx && tcp"], &fields));
    let accepted = by_time(home.fields(&capture, &["-2", "-R", "tcp", "-Y", "nflx"], &fields));
    assert!(!all.is_empty());
    assert!(all == accepted);
}

/// Another capture in the same process starts from nothing.
#[test]
fn reloading_starts_anew() {
    let Some(home) = Home::new() else { return };
    let capture = home.recorded("tls13.pcap.gz");
    let other = home.recorded("ipv6.pcap.gz");
    let mut command = home.command("sharkd");
    command.arg("-").stdin(std::process::Stdio::piped());
    command
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped());
    let Ok(mut child) = command.spawn() else {
        println!("skipped: sharkd is not installed");
        return;
    };
    let mut input = child.stdin.take().expect("piped");
    for (id, file) in [(1, &capture), (2, &other), (3, &capture)] {
        let load = format!(
            r#"{{"jsonrpc":"2.0","id":{id}0,"method":"load","params":{{"file":"{file}"}}}}"#
        );
        // sharkd keeps the results of a filter beyond the capture that they are of; hence a filter
        // for each.
        let frames = format!(
            r#"{{"jsonrpc":"2.0","id":{id}1,"method":"frames","params":{{"filter":"nflx.request && frame.number > {id}","column0":"nflx.segment:1","column1":"nflx.server.in_bytes:1"}}}}"#
        );
        std::io::Write::write_all(&mut input, format!("{load}\n{frames}\n").as_bytes())
            .expect("sharkd reads");
    }
    drop(input);
    let output = child.wait_with_output().expect("sharkd ends");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let answers: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let frames: Vec<_> = answers
        .iter()
        .filter(|answer| answer["result"].is_array())
        .map(|a| &a["result"])
        .collect();
    assert_eq!(frames.len(), 3, "{text}");
    assert!(
        frames[0].as_array().is_some_and(|rows| !rows.is_empty()),
        "{text}"
    );
    assert_ne!(frames[0], frames[1]);
    assert_eq!(frames[0], frames[2]);
}
