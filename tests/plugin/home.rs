//! A home folder with the plugin, and the programs that run in it.

use flate2::read::MultiGzDecoder;
use nflx_core::{Config, Engine, LinkType, Packet, Time};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use tempfile::TempDir;

/// A home of its own for tshark with the plugin in it, and a user who is not root, whose plugins
/// Wireshark ignores.
pub(crate) struct Home {
    directory: TempDir,
    pub(super) as_root: bool,
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
    pub(super) fn with(plugin: &Path) -> Option<Self> {
        let home = Self::bare()?;
        let target = home.plugin_path();
        fs::create_dir_all(target.parent().expect("a folder")).expect("the folder can be made");
        fs::copy(plugin, &target).expect("the plugin can be copied");
        home.open_to_all();
        Some(home)
    }

    /// The same without the plugin.
    pub(super) fn bare() -> Option<Self> {
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

    pub(super) fn plugin_path(&self) -> PathBuf {
        let folders = self.run("tshark", &["-G", "folders"]).stdout;
        let line = folders
            .lines()
            .find_map(|line| line.strip_prefix("Personal Plugins:"));
        Path::new(line.expect("tshark says where plugins belong").trim())
            .join("epan/libnflx_plugin.so")
    }

    pub(super) fn command(&self, program: &str) -> Command {
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

    /// Returns what sharkd, started with the plugin, answers to these requests (method and
    /// parameters) about a capture that it is given first; `None`, and a line about it, where it is
    /// not installed.
    pub(super) fn sharkd(&self, capture: &Path, requests: &[(&str, Value)]) -> Option<Vec<Value>> {
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
    pub(super) fn capture(&self, path: &Path) -> String {
        // Folders have captures of the same name.
        let name = path.to_str().expect("UTF-8").replace(['/', '.'], "_");
        let copy = self.path().join(name);
        if !copy.exists() {
            fs::copy(path, &copy).expect("the capture can be copied");
            fs::set_permissions(&copy, fs::Permissions::from_mode(0o644)).expect("ours");
        }
        copy.to_str().expect("UTF-8").to_owned()
    }

    pub(super) fn recorded(&self, name: &str) -> String {
        self.capture(&recorded_folder().join(name))
    }

    /// Rows of fields, by frame number.
    pub(super) fn fields(
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
pub(super) fn plugin() -> PathBuf {
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

pub(super) fn recorded_folder() -> PathBuf {
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
pub(crate) fn further_captures() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/captures");
    if !folder.is_dir() {
        println!("skipped: there is no {}", folder.display());
        return Vec::new();
    }
    captures_in(&folder)
}

/// One in this many further captures is read by the host too, unless NFLX_THOROUGH is set: each
/// takes a second.
const SAMPLED: usize = 3;

/// The further captures that the host reads.
pub(crate) fn further_captures_of_host() -> Vec<PathBuf> {
    let step = if std::env::var_os("NFLX_THOROUGH").is_some() {
        1
    } else {
        SAMPLED
    };
    further_captures().into_iter().step_by(step).collect()
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

/// Returns true if one pass over a capture sees packets of a server before it knows that it is one;
/// then hosts that look once and hosts that look twice cannot agree about those.
pub(super) fn evidence_comes_late(path: &Path, config: &Config) -> bool {
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

/// The version of the tshark at hand, for what it does differently.
pub(super) fn tshark_version(home: &Home) -> &'static (u32, u32) {
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
