//! Annotated captures: Wireshark reads them, nothing of the original is lost, and stripping gives
//! it back.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::plugin::{decompressed, nflx, nflx_rows, recorded_captures};

pub(crate) mod blocks;
mod keeping;

/// A capture with several segments, quick to read.
const CAPTURE: &str = "tls13.pcap.gz";
const PCAPNG: &str = "two-interfaces.pcapng.gz";

fn recorded(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("captures")
        .join(name)
}

fn every_recorded() -> Vec<PathBuf> {
    let mut captures = recorded_captures();
    captures.push(recorded(PCAPNG));
    captures
}

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, bytes).expect("written");
        path
    }

    /// Runs `nflx annotate` and gives what it wrote.
    fn annotated(&self, options: &[&str], input: &Path) -> Vec<u8> {
        let output = self.path("annotated");
        let outcome = annotate(options, input, &output);
        let said = said(&outcome);
        assert_eq!(
            outcome.status.code(),
            Some(0),
            "{}: {said}",
            input.display()
        );
        assert!(
            said.is_empty() || said.contains("no Netflix server was recognised"),
            "{}: {said}",
            input.display()
        );
        fs::read(output).expect("written")
    }

    fn stripped(&self, bytes: &[u8]) -> Vec<u8> {
        let input = self.file("to_strip", bytes);
        self.annotated(&["--strip"], &input)
    }

    /// Columns of every frame that tshark shows without the plugin; `None` where it is not
    /// installed.
    fn tshark(
        &self,
        capture: &Path,
        filter: &str,
        fields: &[&str],
    ) -> Option<BTreeMap<u64, String>> {
        let mut command = Command::new("tshark");
        command
            .env("HOME", self.0.path())
            .env("XDG_CONFIG_HOME", self.0.path())
            .arg("-r")
            .arg(capture);
        command.args(["-Y", filter, "-n", "-T", "fields", "-e", "frame.number"]);
        command.args(fields.iter().flat_map(|field| ["-e", *field]));
        let Ok(output) = command.output() else {
            println!("skipped: tshark is not installed");
            return None;
        };
        assert!(
            output.status.success(),
            "{}: {}",
            capture.display(),
            said(&output)
        );
        let rows = String::from_utf8(output.stdout).expect("UTF-8");
        let row = |row: &str| {
            let (frame, rest) = row.split_once('\t').expect("two columns");
            (frame.parse().expect("a number"), rest.to_owned())
        };
        Some(rows.lines().map(row).collect())
    }

    /// Comments of frames that have a note; one of the recorded captures has comments of its own.
    fn comments(&self, capture: &Path) -> Option<BTreeMap<u64, String>> {
        self.tshark(
            capture,
            "frame.comment contains \"nflx: \"",
            &["frame.comment"],
        )
    }
}

fn annotate(options: &[&str], input: &Path, output: &Path) -> Output {
    Command::new(nflx())
        .arg("annotate")
        .args(options)
        .args([input, output])
        .output()
        .expect("the program starts")
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("UTF-8")
}

/// The one sentence on standard error.
fn sentence(output: &Output) -> String {
    let text = said(output);
    let sentence = text
        .strip_prefix("nflx: ")
        .and_then(|text| text.strip_suffix('\n'));
    let sentence = sentence.unwrap_or_else(|| panic!("one sentence expected: {text:?}"));
    assert!(
        !sentence.contains('\n'),
        "one sentence expected: {sentence}"
    );
    sentence.to_owned()
}

fn number(row: &Value, key: &str) -> Option<u64> {
    row[key].as_u64()
}

/// Frames that can have no comment: simple packet blocks have no options.
fn simple_packets(capture: &Path) -> BTreeSet<u64> {
    let bytes = decompressed(capture);
    if !bytes.starts_with(b"\n\r\r\n") {
        return BTreeSet::new();
    }
    let packets = blocks::blocks(&bytes)
        .into_iter()
        .filter(|(kind, _)| matches!(kind, 2 | 3 | 6));
    packets
        .zip(1..)
        .filter(|((kind, _), _)| *kind == 3)
        .map(|(_, frame)| frame)
        .collect()
}

/// Frames of Netflix's servers that can have a note; of those, the first of each request and the
/// last of each segment.
fn frames(capture: &Path) -> (BTreeSet<u64>, BTreeSet<u64>) {
    let simple = simple_packets(capture);
    let mut packets = nflx_rows("packets", &[], capture);
    packets.retain(|row| number(row, "frame").is_some_and(|frame| !simple.contains(&frame)));
    let frame = |row: &Value| number(row, "frame").expect("a frame");
    let all = packets.iter().map(frame).collect();
    let requests = packets
        .iter()
        .filter(|row| row["request"] == true)
        .map(frame);
    let segments = nflx_rows("segments", &[], capture);
    let ends = segments.iter().filter_map(|row| {
        let last = number(row, "last_frame")?;
        // The last packet may count for the segment that it begins.
        packets
            .iter()
            .any(|packet| frame(packet) == last && packet["segment"] == row["segment"])
            .then_some(last)
    });
    (all, requests.chain(ends).collect())
}

#[test]
fn wireshark_reads_what_is_written() {
    let folder = Folder::new();
    for capture in every_recorded() {
        let name = capture.display();
        let bytes = folder.annotated(&[], &capture);
        let out = folder.file("out.pcapng", &bytes);
        let fields = [
            "frame.time_epoch",
            "frame.len",
            "frame.cap_len",
            "frame.encap_type",
        ];
        let Some(before) = folder.tshark(&capture, "frame", &fields) else {
            return;
        };
        assert!(
            Some(before) == folder.tshark(&out, "frame", &fields),
            "{name}"
        );

        let comments = folder.comments(&out).expect("tshark is there");
        let (all, landmarks) = frames(&capture);
        assert!(
            comments.keys().copied().collect::<BTreeSet<_>>() == all,
            "{name}"
        );
        assert!(
            comments
                .values()
                .all(|comment| comment.matches("nflx: ").count() == 1),
            "{name}"
        );

        let bytes = folder.annotated(&["--packets", "requests"], &capture);
        let out = folder.file("requests.pcapng", &bytes);
        let fewer = folder.comments(&out).expect("tshark is there");
        assert_eq!(
            fewer.keys().copied().collect::<BTreeSet<_>>(),
            landmarks,
            "{name}"
        );
        assert!(
            fewer
                .iter()
                .all(|(frame, comment)| comments[frame] == *comment),
            "{name}"
        );
    }
}

#[test]
fn segments_are_found_by_their_number() {
    let folder = Folder::new();
    for capture in every_recorded() {
        let segments = nflx_rows("segments", &[], &capture);
        let Some(third) = segments.iter().find(|row| row["segment"] == 3) else {
            continue;
        };
        let bytes = folder.annotated(&[], &capture);
        let out = folder.file("out.pcapng", &bytes);
        let filter = "frame.comment contains \"segment 3 \"";
        let Some(found) = folder.tshark(&out, filter, &["frame.comment"]) else {
            return;
        };
        let request = &found[&number(third, "request_frame").expect("a frame")];
        assert!(
            request.contains(" request segment 3 "),
            "{}: {request}",
            capture.display()
        );
        let digits: String = request.chars().skip_while(|c| *c != ':').collect();
        assert!(digits.contains(':'), "{request}");
        if let Some(last) = number(third, "last_frame") {
            let bytes = number(third, "bytes").expect("bytes").to_string();
            let end = found[&last].replace(',', "");
            assert!(
                end.contains(&format!(": {bytes} bytes in ")),
                "{}: {end} {bytes}",
                capture.display()
            );
        }
    }
}

/// The packets as they were: back in the old format, the records are the same bytes.
#[test]
fn packets_of_pcap_stay_as_they_were() {
    let folder = Folder::new();
    for capture in recorded_captures() {
        let bytes = folder.annotated(&[], &capture);
        let (out, back) = (folder.file("out.pcapng", &bytes), folder.path("back.pcap"));
        let original = decompressed(&capture);
        let nanoseconds = original.starts_with(&[0x4d, 0x3c, 0xb2, 0xa1]);
        let format = if nanoseconds { "nsecpcap" } else { "pcap" };
        let Ok(status) = Command::new("editcap")
            .args(["-F", format])
            .args([&out, &back])
            .status()
        else {
            println!("skipped: editcap is not installed");
            return;
        };
        assert!(status.success(), "{}", capture.display());
        let same = fs::read(&back).expect("written")[24..] == original[24..];
        assert!(same, "{}", capture.display());
    }
}

#[test]
fn twice_adds_nothing_and_stripping_gives_it_back() {
    let folder = Folder::new();
    for capture in every_recorded() {
        let once = folder.annotated(&[], &capture);
        let file = folder.file("once.pcapng", &once);
        for options in [&[][..], &["--packets", "requests"]] {
            assert!(
                folder.annotated(options, &file) == once,
                "{}",
                capture.display()
            );
        }
        let stripped = folder.stripped(&once);
        assert!(
            folder.stripped(&stripped) == stripped,
            "{}",
            capture.display()
        );
        let original = decompressed(&capture);
        if original.starts_with(b"\n\r\r\n") {
            assert!(stripped == original, "{}", capture.display());
        } else {
            let file = folder.file("stripped.pcapng", &stripped);
            assert!(
                folder.annotated(&[], &file) == once,
                "{}",
                capture.display()
            );
        }
        let annotated = !frames(&capture).0.is_empty();
        assert_eq!(
            stripped.len() < once.len(),
            annotated,
            "{}",
            capture.display()
        );
    }
}

#[test]
fn the_section_tells_what_the_capture_holds() {
    let folder = Folder::new();
    let capture = recorded(CAPTURE);
    let bytes = folder.annotated(&[], &capture);
    let out = folder.file("out.pcapng", &bytes);
    let Ok(output) = Command::new("capinfos").arg(&out).output() else {
        println!("skipped: capinfos is not installed");
        return;
    };
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let comment = text
        .lines()
        .find(|line| line.starts_with("Capture comment:"))
        .expect("a comment");
    let servers = nflx_rows("servers", &[], &capture);
    let segments = nflx_rows("segments", &[], &capture);
    assert!(
        comment.contains(&format!(" {} Netflix server", servers.len())),
        "{comment}"
    );
    assert!(
        comment.contains(&format!(" {} segment", segments.len())),
        "{comment}"
    );
    for server in &servers {
        assert!(
            comment.contains(server["server"].as_str().expect("an address")),
            "{comment}"
        );
    }
}

#[test]
fn pipes_and_compression_make_no_difference() {
    let folder = Folder::new();
    let capture = recorded(PCAPNG);
    let expected = folder.annotated(&[], &capture);
    let plain = folder.file("plain.pcapng", &decompressed(&capture));
    assert!(folder.annotated(&[], &plain) == expected);
    let mut child = Command::new(nflx())
        .args(["annotate", "-", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut stdin = child.stdin.take().expect("piped");
    let input = fs::read(&capture).expect("there");
    let writer = std::thread::spawn(move || stdin.write_all(&input).expect("it reads all"));
    let output = child.wait_with_output().expect("it ends");
    writer.join().expect("no panic");
    assert!(output.status.success() && output.stdout == expected);
}

#[test]
fn mistakes_are_told_and_cost_nothing() {
    let folder = Folder::new();
    let bytes = decompressed(&recorded(PCAPNG));
    let capture = folder.file("capture.pcapng", &bytes);
    let outcome = annotate(&[], &capture, &capture);
    assert_eq!(outcome.status.code(), Some(2));
    assert!(sentence(&outcome).contains("would be lost"));
    assert!(fs::read(&capture).expect("there") == bytes);

    let out = folder.path("out.pcapng");
    let none = folder.path("none.pcap");
    assert!(sentence(&annotate(&[], &none, &out)).contains("no such file"));
    let pcap = recorded(CAPTURE);
    assert!(sentence(&annotate(&["--strip"], &pcap, &out)).contains("pcap, which has no comments"));
    let outcome = annotate(&["--strip", "--packets", "all"], &capture, &out);
    assert_eq!(outcome.status.code(), Some(2));
    assert!(sentence(&outcome).contains("--strip"));
    let outcome = annotate(&["--set", "max_flows=x"], &capture, &out);
    assert_eq!(outcome.status.code(), Some(2));
    assert!(sentence(&outcome).contains("max_flows"));
    let outcome = annotate(&[], &capture, &folder.path("none/out.pcapng"));
    assert_eq!(outcome.status.code(), Some(2));
    sentence(&outcome);
    let entries = fs::read_dir(folder.0.path()).expect("ours");
    assert_eq!(entries.count(), 1, "nothing is left behind");
}
