//! The command-line program: what it prints, what it says, how it exits.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use serde_json::Value;

use crate::plugin::nflx;

#[cfg(unix)]
mod aborting;
mod copies;
mod damaged;
mod field;
mod formats;
#[cfg(unix)]
mod guarding;
#[cfg(unix)]
mod live;
mod many;
mod outputs;
mod rings;
mod usage;
pub(crate) use formats::run_python;
mod package;
pub(crate) mod quality;

struct Outcome {
    status: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Outcome {
    /// The one sentence on standard error, and nothing else there.
    fn sentence(&self) -> &str {
        let sentence = self
            .stderr
            .strip_prefix("nflx: ")
            .and_then(|text| text.strip_suffix('\n'));
        let sentence =
            sentence.unwrap_or_else(|| panic!("one sentence expected: {:?}", self.stderr));
        assert!(
            !sentence.contains('\n'),
            "one sentence expected: {sentence}"
        );
        sentence
    }

    /// Standard output, where the run had nothing to say.
    fn quiet(self) -> String {
        assert_eq!((self.status, self.stderr.as_str()), (Some(0), ""));
        self.stdout
    }
}

fn run_with(args: &[&str], input: &[u8]) -> Outcome {
    let mut child = Command::new(nflx())
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut stdin = child.stdin.take().expect("piped");
    let input = input.to_vec();
    // A program that does not read its input closes the pipe.
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().expect("the program ends");
    writer.join().expect("no panic");
    Outcome {
        status: output.status.code(),
        stdout: String::from_utf8(output.stdout).expect("UTF-8"),
        stderr: String::from_utf8(output.stderr).expect("UTF-8"),
    }
}

fn run(args: &[&str]) -> Outcome {
    run_with(args, b"")
}

/// A recorded capture of this repository.
pub(crate) fn recorded(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("captures")
        .join(name);
    assert!(path.exists(), "{} is missing", path.display());
    path.to_str().expect("UTF-8").to_owned()
}

fn decompressed(path: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    MultiGzDecoder::new(fs::File::open(path).expect("there"))
        .read_to_end(&mut bytes)
        .expect("gzip");
    bytes
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("to memory");
    encoder.finish().expect("to memory")
}

/// A pcap file with packets of these bytes.
fn pcap(link_type: u32, packets: &[&[u8]]) -> Vec<u8> {
    let mut bytes = [0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0].to_vec();
    bytes.extend([0; 8]);
    bytes.extend(65_535u32.to_le_bytes());
    bytes.extend(link_type.to_le_bytes());
    for packet in packets {
        for word in [
            1_700_000_000,
            250_000,
            packet.len() as u32,
            packet.len() as u32,
        ] {
            bytes.extend(word.to_le_bytes());
        }
        bytes.extend(*packet);
    }
    bytes
}

/// A pcapng file with one packet on each of two interfaces.
fn pcapng(link_types: [u16; 2], packet: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut block = |kind: u32, body: &[u8]| {
        let length = body.len().next_multiple_of(4) + 12;
        bytes.extend(kind.to_le_bytes());
        bytes.extend((length as u32).to_le_bytes());
        bytes.extend(body);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes.extend((length as u32).to_le_bytes());
    };
    block(
        0x0a0d_0d0a,
        &[
            0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255,
        ],
    );
    for link_type in link_types {
        let [low, high] = link_type.to_le_bytes();
        block(1, &[low, high, 0, 0, 0, 0, 0, 0]);
    }
    for interface in 0..2u32 {
        let mut body = Vec::new();
        for word in [interface, 0, 0, packet.len() as u32, packet.len() as u32] {
            body.extend(word.to_le_bytes());
        }
        body.extend(packet);
        block(6, &body);
    }
    bytes
}

/// Files for one test.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary directory"))
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().expect("UTF-8").to_owned()
    }

    fn file(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.path(name);
        fs::write(&path, bytes).expect("written");
        path
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.0.path()).expect("there");
        let mut names: Vec<_> = entries
            .map(|entry| {
                entry
                    .expect("there")
                    .file_name()
                    .into_string()
                    .expect("UTF-8")
            })
            .collect();
        names.sort();
        names
    }
}

/// The rows of JSON lines, less the name of the capture.
fn rows(jsonl: &str) -> Vec<Value> {
    let rows = jsonl.lines().map(|line| {
        let mut row: Value = serde_json::from_str(line).expect("JSON");
        row.as_object_mut()
            .expect("an object")
            .remove("capture")
            .expect("every row names its capture");
        row
    });
    rows.collect()
}

const COMMANDS: [&str; 4] = ["servers", "segments", "packets", "features"];

#[test]
fn compressed_plain_and_piped_are_the_same() {
    let folder = Folder::new();
    let compressed = recorded("player.pcap.gz");
    let bytes = decompressed(&compressed);
    // A name says nothing about what is in a file.
    let plain = folder.file("capture.gz", &bytes);
    let (first, second) = bytes.split_at(bytes.len() / 2);
    let members = folder.file("members", &[gzip(first), gzip(second)].concat());
    for command in COMMANDS {
        let expected = rows(&run(&[command, &compressed]).quiet());
        assert!(!expected.is_empty());
        assert_eq!(rows(&run(&[command, &plain]).quiet()), expected);
        assert_eq!(rows(&run(&[command, &members]).quiet()), expected);
        let piped = [command, "--no-live", "-"];
        assert_eq!(rows(&run_with(&piped, &bytes).quiet()), expected);
        assert_eq!(
            rows(&run_with(&piped, &fs::read(&compressed).expect("there")).quiet()),
            expected
        );
        let redirected = Command::new(nflx())
            .args([command, "-"])
            .stdin(fs::File::open(&plain).expect("there"))
            .output()
            .expect("the program runs");
        assert_eq!(
            rows(&String::from_utf8(redirected.stdout).expect("UTF-8")),
            expected
        );
    }
}

#[test]
fn formats_agree() {
    let capture = recorded("tls13.pcap.gz");
    for command in COMMANDS {
        let jsonl = run(&[command, &capture]).quiet();
        let csv = run(&[command, "--format", "csv", &capture]).quiet();
        let mut reader = csv::Reader::from_reader(csv.as_bytes());
        let keys = reader.headers().expect("a header").clone();
        let mut count = 0;
        for (line, record) in jsonl.lines().zip(reader.records()) {
            let record = record.expect("CSV");
            let row: BTreeMap<String, Box<serde_json::value::RawValue>> =
                serde_json::from_str(line).expect("JSON");
            assert_eq!(row.len(), keys.len());
            for (key, field) in keys.iter().zip(&record) {
                // The same digits, not just the same number.
                let raw = row[key].get();
                let expected = match serde_json::from_str(raw).expect("JSON") {
                    Value::Null => String::new(),
                    Value::String(text) => text,
                    Value::Array(words)
                        if words.iter().all(Value::is_string) && !words.is_empty() =>
                    {
                        words
                            .iter()
                            .filter_map(Value::as_str)
                            .collect::<Vec<_>>()
                            .join(" ")
                    }
                    _ => raw.to_owned(),
                };
                assert_eq!(field, expected, "{key}");
            }
            count += 1;
        }
        assert!(count > 0);
        assert_eq!(
            (jsonl.lines().count(), csv.lines().count()),
            (count, count + 1)
        );
        let order: Vec<_> = keys.iter().map(|key| format!("\"{key}\":")).collect();
        let line = jsonl.lines().next().expect("a row");
        let places: Vec<_> = order
            .iter()
            .map(|key| line.find(key).expect("there"))
            .collect();
        assert!(places.is_sorted(), "keys in the same order");

        let table = run(&[command, "--format", "table", &capture]).quiet();
        assert_eq!(table.lines().count(), count + 1, "a heading and every row");
        assert!(
            !table.contains('\x1b') && !table.contains("capture"),
            "{table}"
        );
    }
}

#[test]
fn times_are_exact() {
    let text = run(&["packets", &recorded("two-interfaces.pcapng.gz")]).quiet();
    for line in text.lines() {
        let time = line
            .split("\"time\":")
            .nth(1)
            .and_then(|rest| rest.split(',').next())
            .expect("a time");
        let (seconds, fraction) = time.split_once('.').expect("decimals");
        assert!(
            seconds.parse::<u64>().is_ok()
                && fraction.len() == 9
                && fraction.parse::<u32>().is_ok(),
            "{time}"
        );
    }
}

#[test]
fn sections_interfaces_and_time_units_do_not_matter() {
    let kept = |row: &Value| {
        let keys = [
            "server",
            "name",
            "client_port",
            "request_frame",
            "pkts",
            "bytes",
            "app_bytes",
            "kind",
            "complete",
        ];
        keys.map(|key| row[key].clone())
    };
    let plain: Vec<_> = rows(&run(&["segments", &recorded("tls13.pcap.gz")]).quiet())
        .iter()
        .map(kept)
        .collect();
    let pcapng = rows(&run(&["segments", &recorded("two-interfaces.pcapng.gz")]).quiet());
    assert!(!plain.is_empty());
    assert_eq!(pcapng.iter().map(kept).collect::<Vec<_>>(), plain);
}

#[test]
fn packets_know_what_came_later() {
    // The name is in the third packet of a connection at the earliest; rows begin with the first.
    let capture = recorded("tls13.pcap.gz");
    let packets = rows(&run(&["packets", "--evidence", "sni", &capture]).quiet());
    let servers = rows(&run(&["servers", "--evidence", "sni", &capture]).quiet());
    assert!(!servers.is_empty());
    for server in servers {
        let of_server: Vec<_> = packets
            .iter()
            .filter(|row| row["server"] == server["server"])
            .collect();
        let (first, last) = (of_server[0], of_server[of_server.len() - 1]);
        assert_eq!(
            first["server_out_pkts"], 1,
            "the first packet is the client's"
        );
        assert_eq!(
            (&first["name"], &first["role"]),
            (&server["name"], &server["role"])
        );
        for key in ["in_pkts", "out_pkts", "in_bytes", "out_bytes"] {
            assert_eq!(last[&format!("server_{key}")], server[key], "{key}");
        }
        assert_eq!(first["time"], server["t_first"]);
        assert_eq!(last["time"], server["t_last"]);
    }
}

#[test]
fn video_servers_come_first() {
    let servers = rows(&run(&["servers", &recorded("player.pcap.gz")]).quiet());
    assert!(
        servers[0]["role"]
            .as_str()
            .is_some_and(|role| role.contains("video")),
        "{}",
        servers[0]
    );
    assert!(servers[0]["segments"].as_u64() > Some(1));
}
