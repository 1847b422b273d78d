//! Rows of a capture that is still being written.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{Folder, decompressed, nflx, recorded, run, run_with};
use crate::plugin::{self, further_captures, recorded_captures};

fn numbered(jsonl: &str) -> Vec<Value> {
    let mut rows: Vec<Value> = jsonl
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    for row in &mut rows {
        let row = row.as_object_mut().expect("an object");
        // Values that need the whole session, and the name.
        for key in ["capture", "media_s", "bitrate_bps"] {
            row.remove(key).expect("every row has it");
        }
    }
    rows.sort_by_key(|row| row["segment"].as_u64());
    rows
}

/// Every recorded capture that is one pcap file.
pub(super) fn recordings() -> Vec<String> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("captures");
    let names = std::fs::read_dir(folder).expect("there").map(|entry| {
        let name = entry.expect("there").file_name();
        name.into_string().expect("UTF-8")
    });
    let mut names: Vec<_> = names.filter(|name| name.ends_with(".pcap.gz")).collect();
    names.sort();
    assert!(names.len() > 10);
    names
}

#[test]
fn settled_segments_are_those_of_the_whole_capture() {
    // Most are named by what is in them, the others by address.
    let known = ["--prefixes", "10.9.0.0/22"];
    let mut rows = 0;
    for name in recordings() {
        let bytes = decompressed(&recorded(&name));
        for known in [&known[..], &[]] {
            let outcome = run(&[&["segments", &recorded(&name)], known].concat());
            let whole = numbered(&outcome.stdout);
            // Short waits settle segments while their connections go on.
            for wait in ["1", "120"] {
                let wait = [
                    &format!("settle_after={wait}"),
                    &format!("segment_quiet={}", wait.min("10")),
                ];
                let wait = ["--set", wait[0], "--set", wait[1]];
                let is_short = wait[1].ends_with("=1");
                let live = run_with(&[&["segments", "-"], known, &wait].concat(), &bytes);
                assert_eq!(live.status, Some(0), "{}", live.stderr);
                assert!(!live.stderr.contains("--no-live"), "{}", live.stderr);
                let live = numbered(&live.stdout);
                if is_short {
                    // What ends by silence is complete, and kinds are decided earlier.
                    let sizes = |rows: &[Value]| -> Vec<_> {
                        rows.iter()
                            .map(|row| (row["segment"].clone(), row["app_bytes"].clone()))
                            .collect()
                    };
                    assert_eq!(sizes(&live), sizes(&whole), "{name}");
                } else {
                    assert_eq!(live, whole, "{name}");
                }
                rows += live.len();
            }
        }
    }
    assert!(rows > 500);
}

/// Every capture of any format, also those beside the repository: a row for a row.
#[test]
fn what_settles_is_what_a_file_gives() {
    let (mut rows, mut late) = (0, 0);
    for path in recorded_captures().into_iter().chain(further_captures()) {
        let name = path.to_str().expect("UTF-8");
        let whole = numbered(&run(&["segments", name]).stdout);
        let live = run_with(&["segments", "--live", "-"], &plugin::decompressed(&path));
        if live.stderr.contains("--no-live") {
            // A name comes behind what it names: only who reads twice knows all.
            late += 1;
        } else {
            assert_eq!(numbered(&live.stdout), whole, "{name}");
            rows += whole.len();
        }
    }
    assert!(rows > 200 && late <= 3, "{rows} rows, {late} late names");
}

#[test]
fn the_last_row_of_each_server_and_every_session_is_that_of_the_whole_capture() {
    for name in ["player.pcap.gz", "tls12.pcap.gz"] {
        let bytes = decompressed(&recorded(name));
        let rows = |jsonl: &str, key: &str| -> std::collections::BTreeMap<String, Value> {
            let rows = jsonl.lines().map(|line| {
                let mut row: Value = serde_json::from_str(line).expect("JSON");
                row.as_object_mut().expect("an object").remove("capture");
                (row[key].to_string(), row)
            });
            rows.collect()
        };
        let whole = rows(&run(&["servers", &recorded(name)]).quiet(), "server");
        let live = run_with(&["servers", "--live", "-"], &bytes).quiet();
        assert!(live.lines().count() > whole.len(), "roles change meanwhile");
        assert_eq!(rows(&live, "server"), whole, "{name}");

        let whole = rows(&run(&["sessions", &recorded(name)]).quiet(), "session");
        let live = run_with(&["sessions", "--live", "-"], &bytes).quiet();
        assert_eq!(rows(&live, "session"), whole, "{name}");
    }
}

fn begin(args: &[&str]) -> (Child, mpsc::Receiver<String>) {
    // Signals that these tests are run without, as programs in the background are, are not the
    // program's to heed.
    let mut child = Command::new("env")
        .arg("--default-signal=INT,HUP,TERM")
        .arg(nflx())
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let stdout = BufReader::new(child.stdout.take().expect("piped"));
    let (sender, lines) = mpsc::channel();
    thread::spawn(move || {
        for line in stdout.lines() {
            let _ = sender.send(line.expect("UTF-8"));
        }
    });
    (child, lines)
}

#[test]
fn rows_come_before_the_end_and_a_signal_ends_it_well() {
    let bytes = decompressed(&recorded("player.pcap.gz"));
    let half = &bytes[..bytes.len() / 2];
    let settle = ["--set", "settle_after=1", "--set", "segment_quiet=1"];
    let folder = Folder::new();
    let file = folder.file("grows.pcap", half);
    for (input, piped) in [("-", true), (file.as_str(), false)] {
        let (mut child, lines) = begin(&[&["segments", "--live", input], &settle[..]].concat());
        let mut stdin = child.stdin.take().expect("piped");
        if piped {
            stdin.write_all(half).expect("read");
        }
        let row = lines
            .recv_timeout(Duration::from_secs(60))
            .expect("a row while it goes on");
        let row: Value = serde_json::from_str(&row).expect("a whole line");
        assert_eq!(row["capture"], input);
        let before = lines.try_iter().count();
        let ended = Command::new("kill")
            .args(["-TERM", &child.id().to_string()])
            .status();
        assert!(ended.expect("kill").success());
        let status = child.wait().expect("it ends");
        // The capture ends in the middle of a packet.
        assert_eq!(status.code(), Some(1));
        let rest: Vec<_> = lines.iter().collect();
        assert!(
            !rest.is_empty(),
            "{before} came before: what was open is written at the end"
        );
        drop(stdin);
    }
}

#[test]
fn what_cannot_be_live_is_said() {
    for (args, expected) in [
        (
            &["features", "--live", "--set", "session_by=title", "-"][..],
            "titles are known at the end of a capture",
        ),
        (
            &["segments", "--live", "a", "b"],
            "--live reads one capture",
        ),
        (
            &["segments", "--live", "--format", "table", "-"],
            "JSON lines or CSV",
        ),
        (
            &["segments", "--live", "--format", "parquet", "-"],
            "give --rotate 5m and a folder",
        ),
        (&["segments", "--rotate", "5m", "-"], "name the folder"),
        (&["segments", "--rotate", "5", "-"], "write it as 30s"),
        (&["packets", "--live", "missing"], "missing: no such file"),
    ] {
        let outcome = run(args);
        assert_eq!(outcome.status, Some(2));
        assert!(outcome.sentence().contains(expected), "{}", outcome.stderr);
    }
}

/// Sends a signal.
fn send(child: &Child, signal: &str) {
    let sent = Command::new("kill")
        .args([signal, &child.id().to_string()])
        .status();
    assert!(sent.expect("kill").success());
}

fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(60), "{what}");
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_row_comes_within_a_second_of_settling() {
    let bytes = decompressed(&recorded("player.pcap.gz"));
    let settle = ["--set", "settle_after=1", "--set", "segment_quiet=1"];
    // Without being asked for: the input is a pipe.
    let (mut child, lines) = begin(&[&["segments", "-"], &settle[..]].concat());
    let mut stdin = child.stdin.take().expect("piped");
    let mut records = &bytes[24..];
    stdin.write_all(&bytes[..24]).expect("read");
    let mut first = None;
    while first.is_none() && !records.is_empty() {
        let length = u32::from_le_bytes(*records[8..].first_chunk().expect("whole")) as usize;
        let (record, rest) = records.split_at(16 + length);
        stdin.write_all(record).expect("read");
        records = rest;
        // What settled by this packet is there at once; most packets settle nothing.
        first = lines.try_recv().ok();
    }
    // A packet more says that time has passed, and the row comes.
    let first = first.or_else(|| lines.recv_timeout(Duration::from_secs(1)).ok());
    let row: Value = serde_json::from_str(&first.expect("a row")).expect("a whole line");
    assert_eq!(row["segment"], 1);
    assert!(!records.is_empty(), "long before the end");
    drop(stdin);
    child.wait().expect("it ends");
}

#[test]
fn files_by_time_are_complete_and_hold_each_row_once() {
    let bytes = decompressed(&recorded("player.pcap.gz"));
    let folder = Folder::new();
    let out = folder.path("rows");
    let settle = ["--set", "settle_after=1", "--set", "segment_quiet=1"];
    let args = [
        "segments", "-", "--rotate", "10s", "--format", "csv", "-o", &out,
    ];
    let (mut child, _) = begin(&[&args, &settle[..]].concat());
    let mut stdin = child.stdin.take().expect("piped");
    let names = || -> Vec<String> {
        let entries = std::fs::read_dir(&out).into_iter().flatten();
        let names = entries.map(|entry| entry.expect("there").file_name());
        let mut names: Vec<_> = names
            .map(|name| name.into_string().expect("UTF-8"))
            .collect();
        names.retain(|name| !name.starts_with(".nflx-"));
        names.sort();
        names
    };
    let (first, rest) = bytes.split_at(bytes.len() / 2);
    stdin.write_all(first).expect("read");
    wait_until("a file", || !names().is_empty());
    let before = names();
    send(&child, "-HUP");
    // A file without rows is not kept: on until there are some. What is left cuts the capture in
    // the middle.
    let mut pieces = rest[..rest.len() * 2 / 3].chunks(100_000);
    wait_until("another", || {
        if let Some(piece) = pieces.next() {
            stdin.write_all(piece).expect("read");
        }
        names().len() > before.len()
    });
    send(&child, "-TERM");
    assert_eq!(
        child.wait().expect("it ends").code(),
        Some(1),
        "cut in the middle"
    );
    drop(stdin);
    let mut segments = Vec::new();
    for name in names() {
        assert!(
            name.starts_with("segments_2026") && name.ends_with(".csv"),
            "{name}"
        );
        let text = std::fs::read_to_string(format!("{out}/{name}")).expect("whole");
        let rows = text.lines().skip(1).filter_map(|row| row.split(',').nth(1));
        let rows: Vec<u32> = rows
            .map(|number| number.parse().expect("a number"))
            .collect();
        assert!(!rows.is_empty(), "no file without rows");
        segments.extend(rows);
    }
    let count = segments.len();
    segments.sort_unstable();
    segments.dedup();
    assert_eq!(segments.len(), count);
    assert_eq!(
        segments.last().map(|last| *last as usize),
        Some(count),
        "none is missing"
    );
}

#[test]
fn a_file_of_rows_is_kept_when_a_signal_ends_the_run() {
    let bytes = decompressed(&recorded("player.pcap.gz"));
    for signal in ["-TERM", "-INT", "-HUP"] {
        let folder = Folder::new();
        let out = folder.path("rows.jsonl");
        let (mut child, _) = begin(&["segments", "--live", "-", "-o", &out]);
        let mut stdin = child.stdin.take().expect("piped");
        stdin.write_all(&bytes).expect("read");
        wait_until("a beginning", || !folder.names().is_empty());
        send(&child, signal);
        let status = child.wait().expect("it ends");
        assert!(status.code().is_some(), "{signal}: {status}");
        assert_eq!(folder.names(), ["rows.jsonl"], "{signal}");
        drop(stdin);
    }
}
