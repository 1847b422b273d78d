//! The Wireshark plugin inside a real tshark: what it adds, in every output format, and that it says the same as the
//! command-line program.
//!
//! Needs `target/release/libnflx_plugin.so` (or `NFLX_PLUGIN`) and the program `nflx` beside the test (or `NFLX_BIN`).
//! Only where tshark is not installed at all the tests say so and pass.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use flate2::read::MultiGzDecoder;
use nflx_core::{Config, Engine, LinkType, Packet, Time};
use serde_json::{Value, json};
use tempfile::TempDir;

mod agreement;
mod annotations;
mod details;
mod endings;
mod foreign;
mod formats;
mod installing;
mod live;
mod panics;
mod profile;
mod quality;
mod settings;
mod statistics;
mod wrong_input;

/// Every field with its type, as the documents promise them.
const FIELDS: &[(&str, &str)] = &[
    ("nflx.server", "FT_STRING"),
    ("nflx.server.ipv4", "FT_IPv4"),
    ("nflx.server.ipv6", "FT_IPv6"),
    ("nflx.server.name", "FT_STRING"),
    ("nflx.server.evidence", "FT_STRING"),
    ("nflx.unfollowed", "FT_NONE"),
    ("nflx.evidence", "FT_NONE"),
    ("nflx.evidence.kind", "FT_STRING"),
    ("nflx.evidence.source_frame", "FT_FRAMENUM"),
    ("nflx.evidence.server_frame", "FT_FRAMENUM"),
    ("nflx.server.first_frame", "FT_FRAMENUM"),
    ("nflx.segment.media_duration", "FT_RELATIVE_TIME"),
    ("nflx.segment.bitrate", "FT_DOUBLE"),
    ("nflx.session", "FT_UINT32"),
    ("nflx.session.client", "FT_STRING"),
    ("nflx.session.state", "FT_STRING"),
    ("nflx.session.startup", "FT_RELATIVE_TIME"),
    ("nflx.session.buffer", "FT_RELATIVE_TIME"),
    ("nflx.session.stalls", "FT_UINT32"),
    ("nflx.session.stalled", "FT_RELATIVE_TIME"),
    ("nflx.session.bitrate", "FT_DOUBLE"),
    ("nflx.quality", "FT_STRING"),
    ("nflx.quality.resolution", "FT_UINT16"),
    ("nflx.quality.startup_delay", "FT_RELATIVE_TIME"),
    ("nflx.quality.label", "FT_STRING"),
    ("nflx.quality.value", "FT_DOUBLE"),
    ("nflx.quality.confidence", "FT_DOUBLE"),
    ("nflx.quality.reason", "FT_STRING"),
    ("nflx.quality.session", "FT_UINT32"),
    ("nflx.quality.window", "FT_UINT32"),
    ("nflx.quality.out_of_range", "FT_BOOLEAN"),
    ("nflx.quality.model", "FT_STRING"),
    ("nflx.expert.first_byte", "FT_NONE"),
    ("nflx.expert.slow", "FT_NONE"),
    ("nflx.expert.worse", "FT_NONE"),
    ("nflx.expert.handover", "FT_NONE"),
    ("nflx.expert.reconnect", "FT_NONE"),
    ("nflx.expert.stall", "FT_NONE"),
    ("nflx.expert.aborted", "FT_NONE"),
    ("nflx.expert.unfollowed", "FT_NONE"),
    ("nflx.segment.aborted", "FT_BOOLEAN"),
    ("nflx.server.role", "FT_STRING"),
    ("nflx.server.role_reason", "FT_STRING"),
    ("nflx.via", "FT_STRING"),
    ("nflx.server.in_pkts", "FT_UINT64"),
    ("nflx.server.out_pkts", "FT_UINT64"),
    ("nflx.server.in_bytes", "FT_UINT64"),
    ("nflx.server.out_bytes", "FT_UINT64"),
    ("nflx.flow", "FT_UINT32"),
    ("nflx.flow.in_pkts", "FT_UINT64"),
    ("nflx.flow.out_pkts", "FT_UINT64"),
    ("nflx.flow.in_bytes", "FT_UINT64"),
    ("nflx.flow.out_bytes", "FT_UINT64"),
    ("nflx.direction", "FT_STRING"),
    ("nflx.request", "FT_BOOLEAN"),
    ("nflx.segment", "FT_UINT32"),
    ("nflx.segment.index", "FT_UINT32"),
    ("nflx.segment.kind", "FT_STRING"),
    ("nflx.segment.kind_reason", "FT_STRING"),
    ("nflx.segment.request_frame", "FT_FRAMENUM"),
    ("nflx.segment.first_frame", "FT_FRAMENUM"),
    ("nflx.segment.last_frame", "FT_FRAMENUM"),
    ("nflx.segment.previous_frame", "FT_FRAMENUM"),
    ("nflx.segment.next_frame", "FT_FRAMENUM"),
    ("nflx.segment.pkts", "FT_UINT64"),
    ("nflx.segment.bytes", "FT_UINT64"),
    ("nflx.segment.app_bytes", "FT_UINT64"),
    ("nflx.segment.bytes_so_far", "FT_UINT64"),
    ("nflx.segment.retransmitted_bytes", "FT_UINT64"),
    ("nflx.segment.missing_bytes", "FT_UINT64"),
    ("nflx.segment.size_error", "FT_UINT64"),
    ("nflx.segment.ttfb", "FT_RELATIVE_TIME"),
    ("nflx.segment.duration", "FT_RELATIVE_TIME"),
    ("nflx.segment.throughput", "FT_DOUBLE"),
    ("nflx.segment.complete", "FT_BOOLEAN"),
    ("nflx.segment.settled", "FT_BOOLEAN"),
    ("nflx.server.evidence_scope", "FT_STRING"),
    ("nflx.evidence.name", "FT_STRING"),
    ("nflx.duplicate", "FT_BOOLEAN"),
    ("nflx.segment.mbps", "FT_DOUBLE"),
    ("nflx.segment.estimated", "FT_BOOLEAN"),
    ("nflx.segment.shared", "FT_BOOLEAN"),
    ("nflx.segment.inferred", "FT_BOOLEAN"),
    ("nflx.truncated", "FT_BOOLEAN"),
    ("nflx.expert.cut", "FT_NONE"),
    ("nflx.expert.missing", "FT_NONE"),
    ("nflx.expert.retransmitted", "FT_NONE"),
    ("nflx.expert.prefix_only", "FT_NONE"),
    ("nflx.expert.full", "FT_NONE"),
];

/// A home of its own for tshark with the plugin in it, and a user who is not root, whose plugins Wireshark ignores.
pub(crate) struct Home {
    directory: TempDir,
    as_root: bool,
}

/// One run of a program.
pub(crate) struct Outcome {
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl From<Output> for Outcome {
    fn from(output: Output) -> Self {
        let mut stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        if let Some(signal) = output.status.signal() {
            stderr.push_str(&format!("ended by signal {signal}\n"));
        }
        Self {
            status: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr,
        }
    }
}

impl Outcome {
    /// Standard output of a run that had nothing to complain about.
    pub(crate) fn quiet(self) -> String {
        assert_eq!(
            (self.status, self.stderr.as_str()),
            (Some(0), ""),
            "{}",
            self.stdout
        );
        self.stdout
    }
}

impl Home {
    /// `None`, and a line about it, where tshark is not installed.
    pub(crate) fn new() -> Option<Self> {
        Self::with(&plugin())
    }

    /// The same with another build of the plugin.
    fn with(plugin: &Path) -> Option<Self> {
        let home = Self::bare()?;
        let target = home.plugin_path();
        fs::create_dir_all(target.parent().expect("a folder")).expect("the folder can be made");
        fs::copy(plugin, &target).expect("the plugin can be copied");
        home.open_to_all();
        Some(home)
    }

    /// The same without the plugin.
    fn bare() -> Option<Self> {
        if Command::new("tshark").arg("--version").output().is_err() {
            println!("skipped: tshark is not installed");
            return None;
        }
        let directory = tempfile::tempdir().expect("a temporary folder");
        let as_root = fs::metadata(directory.path()).expect("it exists").uid() == 0;
        let home = Self { directory, as_root };
        home.open_to_all();
        Some(home)
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Lets the other user write here.
    pub(crate) fn open_to_all(&self) {
        let mut folders = vec![self.path().to_owned()];
        while let Some(folder) = folders.pop() {
            fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).expect("ours");
            let entries = fs::read_dir(folder)
                .expect("ours")
                .map(|entry| entry.expect("ours").path());
            folders.extend(entries.filter(|path| path.is_dir()));
        }
    }

    fn plugin_path(&self) -> PathBuf {
        let folders = self.run("tshark", &["-G", "folders"]).stdout;
        let line = folders
            .lines()
            .find_map(|line| line.strip_prefix("Personal Plugins:"));
        Path::new(line.expect("tshark says where plugins belong").trim())
            .join("epan/libnflx_plugin.so")
    }

    fn command(&self, program: &str) -> Command {
        let mut command = if self.as_root {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=65534", "--regid=65534", "--clear-groups", program]);
            command
        } else {
            Command::new(program)
        };
        command
            .env_clear()
            .env("HOME", self.path())
            .env("TZ", "UTC")
            .env("LC_ALL", "C.UTF-8");
        command
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .current_dir(self.path());
        command
    }

    pub(crate) fn run(&self, program: &str, args: &[&str]) -> Outcome {
        self.command(program)
            .args(args)
            .output()
            .expect("the program starts")
            .into()
    }

    pub(crate) fn tshark(&self, args: &[&str]) -> Outcome {
        self.run("tshark", args)
    }

    /// What sharkd, started with the plugin, answers to these requests (method and parameters) about a capture that it
    /// is given first; `None`, and a line about it, where it is not installed.
    fn sharkd(&self, capture: &Path, requests: &[(&str, Value)]) -> Option<Vec<Value>> {
        let mut command = self.command("sharkd");
        command
            .arg("-")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let Ok(mut child) = command.spawn() else {
            println!("skipped: sharkd is not installed");
            return None;
        };
        let load = ("load", json!({ "file": self.capture(capture) }));
        let mut text = String::new();
        for (id, (method, params)) in [load].iter().chain(requests).enumerate() {
            text += &json!({ "jsonrpc": "2.0", "id": id + 1, "method": method, "params": params })
                .to_string();
            text.push('\n');
        }
        let mut input = child.stdin.take().expect("piped");
        let writer =
            std::thread::spawn(move || input.write_all(text.as_bytes()).expect("sharkd reads"));
        let output = child.wait_with_output().expect("sharkd ends");
        writer.join().expect("no panic");
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        let mut answers: BTreeMap<u64, Value> = text
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).expect("JSON"))
            .filter_map(|mut answer| Some((answer["id"].as_u64()?, answer["result"].take())))
            .collect();
        answers.remove(&1).expect("it loads");
        assert_eq!(answers.len(), requests.len(), "{text}");
        Some(answers.into_values().collect())
    }

    /// A capture as a file here, where the other user can read it.
    fn capture(&self, path: &Path) -> String {
        // Folders have captures of the same name.
        let name = path.to_str().expect("UTF-8").replace(['/', '.'], "_");
        let copy = self.path().join(name);
        if !copy.exists() {
            fs::copy(path, &copy).expect("the capture can be copied");
            fs::set_permissions(&copy, fs::Permissions::from_mode(0o644)).expect("ours");
        }
        copy.to_str().expect("UTF-8").to_owned()
    }

    fn recorded(&self, name: &str) -> String {
        self.capture(&recorded_folder().join(name))
    }

    /// Rows of fields, by frame number.
    fn fields(
        &self,
        capture: &str,
        options: &[&str],
        fields: &[&str],
    ) -> BTreeMap<u64, Vec<String>> {
        let mut args = vec!["-r", capture, "-T", "fields", "-e", "frame.number"];
        args.extend(fields.iter().flat_map(|field| ["-e", *field]));
        args.extend(options);
        if !options.contains(&"-Y") {
            args.extend(["-Y", "nflx"]);
        }
        let rows = self.tshark(&args).quiet();
        rows.lines()
            .map(|row| {
                let mut values = row.split('\t').map(str::to_owned);
                let frame = values
                    .next()
                    .and_then(|frame| frame.parse().ok())
                    .expect("a frame number");
                (frame, values.collect())
            })
            .collect()
    }
}

/// The plugin: what `NFLX_PLUGIN` names, else the release build beside this test.
fn plugin() -> PathBuf {
    if let Some(path) = std::env::var_os("NFLX_PLUGIN") {
        return path.into();
    }
    let path = target_folder().join("release/libnflx_plugin.so");
    assert!(
        path.exists(),
        "{} is not there: run `cargo build --release -p nflx-plugin` first",
        path.display()
    );
    path
}

/// The folder of cargo's that holds this test.
pub(crate) fn target_folder() -> PathBuf {
    let test = std::env::current_exe().expect("this test has a path");
    test.ancestors()
        .nth(3)
        .expect("target/PROFILE/deps/test")
        .to_owned()
}

/// The command-line program: what `NFLX_BIN` names, else what cargo built beside this test.
pub(crate) fn nflx() -> PathBuf {
    if let Some(path) = std::env::var_os("NFLX_BIN") {
        return path.into();
    }
    let test = std::env::current_exe().expect("this test has a path");
    let path = test
        .ancestors()
        .nth(2)
        .expect("target/PROFILE/deps/test")
        .join("nflx");
    assert!(
        path.exists(),
        "{} is not there: run `cargo build -p nflx-cli` first",
        path.display()
    );
    path
}

/// Rows that the command-line program prints.
pub(crate) fn nflx_rows(command: &str, args: &[&str], capture: &Path) -> Vec<Value> {
    let output = Command::new(nflx())
        .args([command, "--format", "jsonl"])
        .args(args)
        .arg(capture)
        .output()
        .expect("the program starts");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    text.lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect()
}

fn recorded_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("captures")
}

/// The classic captures in a folder; pcapng is for hosts that read it.
pub(crate) fn captures_in(folder: &Path) -> Vec<PathBuf> {
    let entries =
        fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<_> = entries
        .map(|entry| entry.expect("an entry").path())
        .collect();
    paths.retain(|path| {
        let name = path.to_string_lossy();
        name.ends_with(".pcap") || name.ends_with(".pcap.gz")
    });
    paths.sort();
    paths
}

/// The captures of this repository: at least one.
pub(crate) fn recorded_captures() -> Vec<PathBuf> {
    let captures = captures_in(&recorded_folder());
    assert!(!captures.is_empty(), "there are no captures");
    captures
}

/// More captures, where a folder of them stands beside the repository.
fn further_captures() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/captures");
    if !folder.is_dir() {
        println!("skipped: there is no {}", folder.display());
        return Vec::new();
    }
    captures_in(&folder)
}

pub(crate) fn decompressed(path: &Path) -> Vec<u8> {
    let bytes = fs::read(path).expect("a capture");
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return bytes;
    }
    let mut plain = Vec::new();
    MultiGzDecoder::new(&bytes[..])
        .read_to_end(&mut plain)
        .expect("gzip");
    plain
}

/// Whether one pass over a capture sees packets of a server before it knows that it is one; then hosts that look once
/// and hosts that look twice cannot agree about those.
fn evidence_comes_late(path: &Path, config: &Config) -> bool {
    let bytes = decompressed(path);
    let swapped = matches!(bytes[..4], [0xa1, 0xb2, ..]);
    let u32_at = |at: usize| {
        let word = bytes[at..at + 4].try_into().expect("four bytes");
        if swapped {
            u32::from_be_bytes(word)
        } else {
            u32::from_le_bytes(word)
        }
    };
    let link_type = LinkType(u16::try_from(u32_at(20) & 0xffff).expect("16 bits"));
    let mut engine = Engine::new(config.clone());
    let mut at = 24;
    let mut frame = 0;
    while at + 16 <= bytes.len() {
        let length = u32_at(at + 8) as usize;
        let Some(data) = bytes.get(at + 16..at + 16 + length) else {
            break;
        };
        frame += 1;
        let time = Time::new(u32_at(at).into(), u32_at(at + 4));
        engine.packet(&Packet {
            frame,
            time,
            link_type,
            original_length: u32_at(at + 12),
            data,
        });
        at += 16 + length;
    }
    engine.evidence_came_late()
}

/// Whether the plugin is where tshark looks and does not spoil it; the first thing to look at when others fail.
#[test]
fn loads() {
    let Some(home) = Home::new() else { return };
    let plugins = home.tshark(&["-G", "plugins"]).quiet();
    let row = plugins
        .lines()
        .find(|row| row.starts_with("libnflx_plugin.so\t"))
        .expect("the plugin is loaded");
    assert_eq!(row.split('\t').nth(1), Some(env!("CARGO_PKG_VERSION")));
    assert_eq!(row.split('\t').nth(2), Some("dissector"));
}

#[test]
fn registers_the_fields_that_are_promised() {
    let Some(home) = Home::new() else { return };
    let listed = home.tshark(&["-G", "fields"]).quiet();
    let rows = listed
        .lines()
        .map(|row| row.split('\t').collect::<Vec<_>>());
    let mut found: Vec<(&str, &str)> = Vec::new();
    for row in rows.filter(|row| row[0] == "F" && row[2].starts_with("nflx.")) {
        // F, title, name, type, parent, base, bitmask, description.
        assert!(!row[1].is_empty(), "{row:?}");
        assert!(
            row[2].starts_with("nflx.expert.") || !row[7].is_empty(),
            "no description: {row:?}"
        );
        found.push((row[2], row[3]));
    }
    found.sort_unstable();
    let mut promised = FIELDS.to_vec();
    promised.sort_unstable();
    assert_eq!(found, promised);
}

/// A plugin that exports more could meet another library's symbols in the same process.
#[test]
fn exports_what_wireshark_asks_for_and_nothing_else() {
    static WANTED: [&str; 5] = [
        "plugin_describe",
        "plugin_register",
        "plugin_version",
        "plugin_want_major",
        "plugin_want_minor",
    ];
    let output = Command::new("nm")
        .args(["-D", "--defined-only", "--format=posix"])
        .arg(plugin())
        .output();
    let symbols =
        String::from_utf8(output.expect("nm is part of every compiler").stdout).expect("UTF-8");
    let mut names: Vec<_> = symbols
        .lines()
        .filter_map(|line| line.split(' ').next())
        .collect();
    names.sort_unstable();
    assert_eq!(names, WANTED);
}

/// The version of the tshark at hand, for what it does differently.
fn tshark_version(home: &Home) -> &'static (u32, u32) {
    static VERSION: OnceLock<(u32, u32)> = OnceLock::new();
    VERSION.get_or_init(|| {
        let text = home.tshark(&["--version"]).stdout;
        let digits = text
            .split(|c: char| !c.is_ascii_digit() && c != '.')
            .find(|word| word.contains('.'));
        let mut numbers = digits
            .expect("a version")
            .split('.')
            .map(|part| part.parse().unwrap_or(0));
        (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
    })
}
