//! Rows of a capture that is still being written.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use serde_json::Value;

use super::{Folder, decompressed, program, recorded, run, run_with};

fn numbered(jsonl: &str) -> Vec<Value> {
    let mut rows: Vec<Value> = jsonl
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    for row in &mut rows {
        let row = row.as_object_mut().expect("an object");
        // What is known with the whole session only, and the name.
        for key in ["capture", "media_s", "bitrate_bps"] {
            row.remove(key).expect("every row has it");
        }
    }
    rows.sort_by_key(|row| row["segment"].as_u64());
    rows
}

#[test]
fn settled_segments_are_those_of_the_whole_capture() {
    for name in ["player.pcap.gz", "h2.pcap.gz", "loss.pcap.gz", "h3.pcap.gz"] {
        let bytes = decompressed(&recorded(name));
        let whole = numbered(&run(&["segments", &recorded(name)]).quiet());
        assert!(!whole.is_empty());
        let live = numbered(&run_with(&["segments", "--live", "-"], &bytes).quiet());
        assert_eq!(live, whole, "{name}");
    }
}

fn begin(args: &[&str]) -> (Child, mpsc::Receiver<String>) {
    let mut child = Command::new(program())
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
            &["servers", "--live", "-"][..],
            "--live is for segments and packets",
        ),
        (
            &["segments", "--live", "a", "b"],
            "--live reads one capture",
        ),
        (
            &["segments", "--live", "--format", "table", "-"],
            "JSON lines or CSV",
        ),
        (&["packets", "--live", "missing"], "missing: no such file"),
    ] {
        let outcome = run(args);
        assert_eq!(outcome.status, Some(2));
        assert!(outcome.sentence().contains(expected), "{}", outcome.stderr);
    }
}
