//! A model's answers for windows: tshark's are the command's, in one pass those of a host that does
//! not wait.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::Home;
use crate::cli::quality::{Carded, of_playback};

const FIELDS: [&str; 9] = [
    "frame.time_epoch",
    "nflx.quality.session",
    "nflx.quality.window",
    "nflx.quality.label",
    "nflx.quality.value",
    "nflx.quality.confidence",
    "nflx.quality.out_of_range",
    "nflx.quality.resolution",
    "nflx.quality.model",
];

fn model() -> Carded {
    Carded::new("light", &[("nflx.target", json!("resolution"))])
}

/// The same, and one of what the player did.
fn models() -> [Carded; 2] {
    let [columns, settings] = of_playback();
    let target = ("nflx.target", json!("resolution"));
    [model(), Carded::new("light", &[target, columns, settings])]
}

/// Compares what tshark shows of a window with the command's row.
fn compare(shown: &[String], row: &Value) {
    assert_eq!(shown[1], row["session"].to_string());
    assert_eq!(shown[2], row["window"].to_string());
    assert_eq!(shown[3], row["label"].as_str().unwrap_or_default());
    for (shown, key) in [(&shown[4], "value"), (&shown[5], "confidence")] {
        match row[key].as_f64() {
            Some(wanted) => {
                let shown: f64 = shown.parse().expect("a number");
                assert!(
                    (shown - wanted).abs() <= wanted.abs() * 1e-9,
                    "{key}: {shown} {wanted}"
                );
            }
            None => assert_eq!(*shown, "", "{key}"),
        }
    }
    let is_outside = matches!(shown[6].as_str(), "1" | "True");
    assert_eq!(Value::Bool(is_outside), row["out_of_range"]);
    // The label is the number of lines, of a model for these.
    assert_eq!(shown[7], shown[3]);
    assert_eq!(shown[8], "of the tests");
}

#[test]
fn every_packet_of_a_closed_window_has_its_answer() {
    let Some(home) = Home::new() else { return };
    for model in models() {
        let rows = model.rows(&["quality"]);
        let by_place: BTreeMap<_, _> = rows
            .iter()
            .map(|row| ((row["session"].to_string(), row["window"].to_string()), row))
            .collect();
        let preference = format!("nflx.model:{}", home.capture(Path::new(&model.path)));
        let recorded = home.recorded("player.pcap.gz");
        let ahead = format!("nflx.read_ahead:{recorded}");
        for options in [
            &["-2", "-o", &preference, "-Y", "nflx"][..],
            &["-o", &preference, "-o", &ahead, "-Y", "nflx"],
        ] {
            let shown = home.fields(&recorded, options, &FIELDS);
            let mut windows = BTreeMap::new();
            for (frame, values) in &shown {
                let row = by_place[&(values[1].clone(), values[2].clone())];
                compare(values, row);
                let time: f64 = values[0].parse().expect("a time");
                let edge = |key: &str| row[key].as_f64().expect("a time");
                // Times are floats here.
                assert!(
                    (edge("from") - 1e-6..edge("to") + 1e-6).contains(&time),
                    "frame {frame}"
                );
                *windows.entry(row["window"].to_string()).or_insert(0) += 1;
            }
            let packets: u64 = home
                .fields(&recorded, &["-Y", "nflx"], &["nflx.flow"])
                .len() as u64;
            assert_eq!(windows.values().sum::<u64>(), packets, "none is left out");
            assert!(windows.len() > 2);
        }
    }
}

#[test]
fn one_pass_says_it_where_the_window_closes() {
    let Some(home) = Home::new() else { return };
    for model in models() {
        let rows = model.rows(&["quality", "--as-known", "0"]);
        let preference = format!("nflx.model:{}", home.capture(Path::new(&model.path)));
        let recorded = home.recorded("player.pcap.gz");
        let options = ["-o", preference.as_str(), "-Y", "nflx.quality"];
        let shown = home.fields(&recorded, &options, &FIELDS);
        let mut told = rows.iter();
        for values in shown.values() {
            let windows = values[2].split(',').count();
            for row in told.by_ref().take(windows) {
                if windows == 1 {
                    compare(values, row);
                }
                let time: f64 = values[0].parse().expect("a time");
                assert!(time >= row["to"].as_f64().expect("a time") - 1e-6);
            }
        }
        // The last one closes with the capture.
        assert_eq!(told.count(), 1);
        assert!(shown.len() > 1);
    }
}

#[test]
fn the_table_lists_the_commands_rows() {
    let Some(home) = Home::new() else { return };
    let model = model();
    let rows = model.rows(&["quality"]);
    let preference = format!("nflx.model:{}", home.capture(Path::new(&model.path)));
    let recorded = home.recorded("player.pcap.gz");
    let listed = |options: &[&str], statistic: &str| {
        let mut arguments = vec!["-q", "-r", &recorded, "-o", &preference, "-z", statistic];
        arguments.extend(options);
        let text = home.tshark(&arguments).quiet();
        let lines = text.lines().filter_map(|line| line.strip_suffix(" |"));
        let cells = lines
            .skip(1)
            .map(|line| line.split(" |").map(str::to_owned).collect());
        cells.collect::<Vec<Vec<String>>>()
    };
    for options in [&[][..], &["-2"]] {
        let table = listed(options, "nflx,quality");
        assert_eq!(table.len(), rows.len());
        for (cells, row) in table.iter().zip(&rows) {
            assert_eq!(
                (&cells[0], &cells[1]),
                (&row["session"].to_string(), &text(&row["client"]))
            );
            assert_eq!(cells[2], row["window"].to_string());
            assert_eq!(
                (&cells[5], &cells[9]),
                (&text(&row["label"]), &text(&row["reason"]))
            );
        }
        let first = listed(options, "nflx,quality,frame.number < 200");
        assert!(!first.is_empty() && first.len() < rows.len(), "{first:?}");
        assert_eq!(first[..], table[..first.len()]);
    }
}

/// A text of the command as tables show it.
fn text(value: &Value) -> String {
    value.as_str().unwrap_or("-").to_owned()
}

#[test]
fn a_bad_model_is_one_sentence_and_nothing_else() {
    let Some(home) = Home::new() else { return };
    let recorded = home.recorded("http-plain.pcap.gz");
    let plain = home.tshark(&["-r", &recorded, "-V"]).quiet();
    let damaged = home.path().join("damaged.onnx");
    fs::write(&damaged, b"GIF89a").expect("ours");
    let folder = home.path().to_str().expect("UTF-8");
    let unfit = Carded::new("light", &[("nflx.definitions", json!("0"))]);
    let unfit = home.capture(Path::new(&unfit.path));
    for (path, said) in [
        ("damaged.onnx", "The model is not an ONNX model"),
        ("/nowhere.onnx", "The file cannot be read."),
        (folder, "It is no model file."),
        (&unfit, "The model was trained on version 0"),
    ] {
        let preference = format!("nflx.model:{path}");
        let run = home.tshark(&["-r", &recorded, "-V", "-o", &preference]);
        assert_eq!((run.status, run.stdout == plain), (Some(0), true), "{path}");
        let lines: Vec<_> = run
            .stderr
            .lines()
            .filter(|line| line.contains("nflx"))
            .collect();
        assert!(
            lines.len() == 1 && lines[0].contains(path) && lines[0].contains(said),
            "{path}: {}",
            run.stderr
        );
    }
}
