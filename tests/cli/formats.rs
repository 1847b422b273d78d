//! Formats that a run writes, and the rows that readers of Parquet get.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{COMMANDS, Folder, gzip, pcap, recorded, run, run_with};

/// The interpreter of the tests' Python environment: what `NFLX_PYTHON` names, else what is made
/// for it.
pub(crate) fn python() -> PathBuf {
    if let Some(path) = std::env::var_os("NFLX_PYTHON") {
        return path.into();
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("python/venv.sh");
    let output = Command::new(&script).output().expect("the script runs");
    assert!(
        output.status.success(),
        "{}: {}",
        script.display(),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout)
        .expect("UTF-8")
        .trim()
        .into()
}

/// Runs a script of `tests/python`.
pub(crate) fn run_python(script: &str, args: &[&str]) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("python")
        .join(script);
    let output = Command::new(python())
        .arg(script)
        .args(args)
        .output()
        .expect("Python runs");
    let (stdout, stderr) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{args:?}: {stdout}{stderr}");
    stdout.into_owned()
}

#[test]
fn three_programs_read_parquet() {
    let folder = Folder::new();
    let captures = [
        "player.pcap.gz",
        "h3.pcap.gz",
        "midstream.pcap.gz",
        "two-interfaces.pcapng.gz",
    ]
    .map(recorded);
    let nothing = folder.file("nothing.pcap", &pcap(1, &[&[0; 60]]));
    let all: Vec<_> = captures.iter().map(String::as_str).collect();
    let mut files = Vec::new();
    for command in COMMANDS.into_iter().chain(["features"]) {
        // Without any row, and with none of a name or of a segment, columns still have their types.
        for (number, captures) in [&all[..], &[&*nothing], &all[2..3]].into_iter().enumerate() {
            for format in ["parquet", "jsonl"] {
                let output = folder.path(&format!("{command}{number}.{format}"));
                let args = [
                    &[command, "-o", &output, "--prefixes", "10.0.0.0/8"],
                    captures,
                ]
                .concat();
                assert_eq!(run(&args).quiet(), "");
                files.push(output);
            }
        }
    }
    let said = run_python(
        "readers.py",
        &files.iter().map(String::as_str).collect::<Vec<_>>(),
    );
    assert_eq!(said.matches("agree").count(), files.len() / 2, "{said}");
    assert!(
        said.contains("features: ") && said.contains("packets: 0 rows"),
        "{said}"
    );
}

#[test]
fn parquet_through_a_pipe_is_the_same_file() {
    let folder = Folder::new();
    let parquet = folder.path("rows.parquet");
    let capture = recorded("tls13.pcap.gz");
    run(&["segments", &capture, "-o", &parquet]).quiet();
    let piped = Command::new(crate::plugin::nflx())
        .args(["segments", "--format", "parquet", &capture])
        .output()
        .expect("the program runs");
    assert_eq!(piped.stdout, fs::read(&parquet).expect("there"));
    assert!(piped.stdout.starts_with(b"PAR1") && piped.stdout.ends_with(b"PAR1"));
}

#[test]
fn the_name_of_the_output_chooses_the_format() {
    let folder = Folder::new();
    let capture = recorded("tls13.pcap.gz");
    for (name, begins) in [
        ("a.csv", "capture,"),
        ("a.CSV", "capture,"),
        ("a.ndjson", "{\"capture\""),
        ("a.txt", "{\"capture\""),
    ] {
        let path = folder.path(name);
        run(&["servers", &capture, "-o", &path]).quiet();
        assert!(
            fs::read_to_string(&path)
                .expect("there")
                .starts_with(begins),
            "{name}"
        );
    }
    let path = folder.path("b.csv");
    run(&["servers", &capture, "-o", &path, "--format", "jsonl"]).quiet();
    assert!(
        fs::read_to_string(&path).expect("there").starts_with('{'),
        "what is asked wins"
    );
}

#[test]
fn damage_leaves_whole_parquet() {
    let folder = Folder::new();
    let whole = super::decompressed(&recorded("tls13.pcap.gz"));
    let cut = folder.file("cut.pcap.gz", &gzip(&whole[..whole.len() / 2]));
    let (parquet, jsonl) = (folder.path("rows.parquet"), folder.path("rows.jsonl"));
    for output in [&parquet, &jsonl] {
        assert_eq!(run(&["packets", "-o", output, &cut]).status, Some(1));
    }
    run_python("readers.py", &[&parquet, &jsonl]);

    let outcome = run_with(&["packets", "-o", &parquet, &folder.path("missing")], b"");
    assert_eq!(outcome.status, Some(2));
    run_python("readers.py", &[&parquet, &jsonl]);
}
