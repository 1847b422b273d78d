//! Situations that people's captures are in: what is right of each is known from the recordings
//! that they are made of.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::{Folder, run};

/// A row's number.
fn number(row: &Value, key: &str) -> u64 {
    row[key]
        .as_u64()
        .unwrap_or_else(|| panic!("{key} of {row}"))
}

/// Compares what the command says of a capture with what is right, and returns the differences.
fn differences(folder: &Folder, expected: &Value) -> Vec<String> {
    let path = folder.path(expected["file"].as_str().expect("a name"));
    let options = expected["options"].as_array().expect("a list");
    let options: Vec<_> = options.iter().filter_map(Value::as_str).collect();
    let said = |command| {
        let outcome = run(&[&[command, "--format", "jsonl", &path], &options[..]].concat());
        assert_eq!(outcome.status, Some(0), "{}", outcome.stderr);
        let rows = outcome.stdout.lines();
        let rows = rows.map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
        (rows.collect::<Vec<_>>(), outcome.stderr)
    };
    let ((segments, sentences), (servers, _)) = (said("segments"), said("servers"));
    let mut sizes: Vec<_> = segments
        .iter()
        .map(|row| number(row, "app_bytes"))
        .collect();
    let mut addresses: Vec<_> = servers
        .iter()
        .filter_map(|row| row["server"].as_str())
        .collect();
    sizes.sort_unstable();
    addresses.sort_unstable();
    let sum = |rows: &[Value], key| rows.iter().map(|row| number(row, key)).sum::<u64>();
    let mut names = std::collections::BTreeMap::new();
    for name in segments.iter().filter_map(|row| row["name"].as_str()) {
        *names.entry(name).or_insert(0) += 1;
    }
    let found = serde_json::json!({
        "names": names,
        "app_bytes": sizes,
        "servers": addresses,
        "flows": sum(&servers, "flows"),
        "duplicates": sum(&servers, "duplicates"),
        "again": sum(&segments, "retransmitted_bytes"),
        "missing": sum(&segments, "missing_bytes"),
    });
    let counted = |key: &str, value: &str| segments.iter().filter(|row| row[key] == value).count();
    let longest = |most: &Value| {
        let times = segments
            .iter()
            .flat_map(|row| [&row["ttfb_s"], &row["duration_s"]]);
        let mut times = times.filter_map(Value::as_f64);
        times.all(|time| (0.0..=most.as_f64().expect("seconds")).contains(&time))
    };
    let clients: std::collections::BTreeSet<_> = segments
        .iter()
        .filter_map(|row| row["client"].as_str())
        .collect();
    let mut differences = Vec::new();
    for (key, right) in expected.as_object().expect("an object") {
        let is_right = match key.as_str() {
            "file" | "options" => true,
            "said" => sentences.contains(right.as_str().expect("words")),
            // Sizes of QUIC's responses are estimates: within a tenth, and 1,000 bytes.
            "app_bytes_near" => {
                let right: Vec<_> = right.as_array().expect("a list").iter().collect();
                let right: Vec<_> = right.iter().filter_map(|size| size.as_u64()).collect();
                right.len() == sizes.len()
                    && right
                        .iter()
                        .zip(&sizes)
                        .all(|(right, size)| right.abs_diff(*size) <= right / 10 + 1_000)
            }
            "kinds" => right
                .as_object()
                .expect("kinds")
                .iter()
                .all(|(kind, count)| {
                    counted("kind", kind) as u64 == count.as_u64().expect("a number")
                }),
            "longest" => longest(right),
            "clients" => clients.len() as u64 == right.as_u64().expect("a number"),
            key => found[key] == *right,
        };
        if !is_right {
            let found = &found[key];
            differences.push(format!(
                "{path}: {key} {found} instead of {right}; {sentences}"
            ));
        }
    }
    differences
}

#[test]
fn every_situation_is_right() {
    let folder = Folder::new();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("field/situations.py");
    let made = Command::new("python3")
        .arg(script)
        .arg(folder.path(""))
        .output();
    let made = made.expect("Python starts");
    assert!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
    let lines = String::from_utf8(made.stdout).expect("UTF-8");
    let situations: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert!(situations.len() >= 45);
    let differences: Vec<_> = situations
        .iter()
        .flat_map(|situation| differences(&folder, situation))
        .collect();
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}
