//! Features of windows: the same numbers as a reference in Python gives, which was written apart
//! from the program.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

fn folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The interpreter with what tests need: `NFLX_PYTHON`, else of an environment that is made for it.
fn python() -> PathBuf {
    if let Some(path) = std::env::var_os("NFLX_PYTHON") {
        return path.into();
    }
    let made = Command::new(folder().join("python/venv.sh"))
        .output()
        .expect("the script starts");
    assert!(
        made.status.success(),
        "tests/python/venv.sh: {}",
        String::from_utf8_lossy(&made.stderr)
    );
    String::from_utf8(made.stdout)
        .expect("UTF-8")
        .trim_end()
        .into()
}

/// Compares windows of this many seconds with the reference. Returns the output of the check.
fn check(window: u32, captures: &[PathBuf]) -> String {
    let scratch = tempfile::tempdir().expect("a temporary directory");
    let mut check = Command::new(python());
    check
        .arg(folder().join("features/check.py"))
        .arg(crate::plugin::nflx())
        .arg(scratch.path());
    let run = check
        .arg(window.to_string())
        .args(captures)
        .output()
        .expect("Python starts");
    let said = String::from_utf8_lossy(&run.stdout).into_owned();
    assert!(
        run.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&run.stderr)
    );
    assert_eq!(
        said.lines().count(),
        captures.len().max(1),
        "a line for each capture: {said}"
    );
    assert!(
        said.lines().all(|line| line.ends_with(", 0 differences")),
        "{said}"
    );
    said
}

/// Pcap files in a folder, less the cut ones that share another's records.
fn captures(folder: &Path, prefix: &str) -> Vec<PathBuf> {
    let entries =
        std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| {
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            let records = name
                .strip_suffix(".pcap.gz")
                .map(|name| folder.join(format!("{name}.truth.jsonl")));
            name.starts_with(prefix) && records.is_some_and(|records| records.exists())
        })
        .collect();
    paths.sort();
    paths
}

#[test]
fn every_column_of_a_capture_made_by_hand_is_right() {
    for window in [10, 3] {
        check(window, &[]);
    }
}

#[test]
fn recorded_captures_give_what_the_reference_gives() {
    let paths = captures(&folder().join("captures"), "");
    assert!(paths.len() > 10, "{paths:?}");
    for window in [10, 1] {
        check(window, &paths);
    }
}

#[test]
fn players_captures_give_what_the_reference_gives() {
    let shared = folder().join("../../shared/captures");
    if !shared.is_dir() {
        println!("skipped: {} is not there", shared.display());
        return;
    }
    let paths = captures(&shared, "player-");
    assert!(paths.len() >= 8, "{paths:?}");
    check(10, &paths);
}

/// The program's output.
fn nflx(arguments: &[&str]) -> String {
    let run = Command::new(crate::plugin::nflx())
        .args(arguments)
        .output()
        .expect("the program starts");
    assert_eq!(
        (run.status.code(), &*String::from_utf8_lossy(&run.stderr)),
        (Some(0), ""),
        "{arguments:?}"
    );
    String::from_utf8(run.stdout).expect("UTF-8")
}

#[test]
fn columns_are_listed_in_their_order() {
    let capture = folder().join("captures/player.pcap.gz");
    let capture = capture.to_str().expect("UTF-8");
    for set in [&[][..], &["--set", "feature_playback=on"]] {
        let table = nflx(&[&["features", "--format", "csv", capture], set].concat());
        let mut table = csv::Reader::from_reader(table.as_bytes());
        let names: Vec<String> = table
            .headers()
            .expect("a header")
            .iter()
            .map(str::to_owned)
            .collect();
        let listed = nflx(&[&["columns", "--format", "jsonl"], set].concat());
        let listed = listed
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
        let listed: Vec<_> = listed
            .map(|column| column["name"].as_str().expect("a name").to_owned())
            .collect();
        assert_eq!((&*names[0], &names[1..]), ("capture", &listed[..]));
    }
}

#[test]
fn the_window_is_an_option_and_a_setting() {
    let capture = folder().join("captures/player.pcap.gz");
    let capture = capture.to_str().expect("UTF-8");
    let by_option = nflx(&[
        "features",
        "--window",
        "20",
        "--set",
        "feature_window=3",
        capture,
    ]);
    assert_eq!(
        by_option,
        nflx(&["features", "--set", "feature_window=20", capture])
    );
    assert_eq!(by_option.lines().count(), 2);
}
