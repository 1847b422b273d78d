//! `nflx quality`, `nflx features --model` and `nflx model check`, with models of the tests that
//! are given a card here.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::{decompressed, run, run_with};

/// Seven columns for the models of the tests, which have seven inputs of all sizes.
const COLUMNS: [&str; 7] = [
    "userThroughput",
    "parallel_flows",
    "10_avg_chunksize",
    "userAvgBytesPerPacket",
    "userAvgInterArrivalTime",
    "n_chunks_up",
    "n_chunks_down",
];

/// Seven columns of what the player did, and the setting that gives rows these columns.
pub(crate) fn of_playback() -> [(&'static str, Value); 2] {
    let columns = json!([
        "playback_fetched_last",
        "playback_fetched_10_50",
        "playback_shown_avg",
        "playback_shown_last",
        "playback_buffer_avg",
        "playback_video_media",
        "playback_stalled",
    ]);
    let settings = json!({"feature_playback": "on"});
    [("nflx.columns", columns), ("nflx.settings", settings)]
}

fn models() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("models")
}

pub(crate) fn capture() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("captures/player.pcap.gz");
    path.to_str().expect("UTF-8").to_owned()
}

/// Appends a field of Protocol Buffers: a message's fields stand in any order.
fn field(to: &mut Vec<u8>, number: u8, bytes: &[u8]) {
    to.push(number << 3 | 2);
    let mut length = bytes.len();
    while length >= 0x80 {
        to.push(length as u8 | 0x80);
        length >>= 7;
    }
    to.push(length as u8);
    to.extend(bytes);
}

/// A model of the tests with a card, after replacing some of its entries.
pub(crate) struct Carded {
    folder: tempfile::TempDir,
    pub(crate) path: String,
}

impl Carded {
    pub(crate) fn new(name: &str, replaced: &[(&str, Value)]) -> Self {
        let read = |ending: &str| {
            fs::read(models().join(format!("{name}.{ending}"))).expect("a model of the tests")
        };
        let golden: Value = serde_json::from_slice(&read("json")).expect("JSON");
        let rows = golden["rows"].as_array().expect("rows");
        let check = rows.iter().enumerate().map(|(number, row)| {
            let scores = &golden["scores"][number];
            match golden["labels"].get(number) {
                Some(label) => json!({"row": row, "label": label, "scores": scores}),
                None => json!({"row": row, "value": scores[0]}),
            }
        });
        let classes = if golden["labels"].is_null() {
            json!([])
        } else {
            json!(["0", "1", "2"])
        };

        let entries = [
            ("nflx.card", json!("1")),
            ("nflx.name", json!("of the tests")),
            ("nflx.version", json!("7")),
            ("nflx.columns", json!(COLUMNS)),
            ("nflx.definitions", json!("1")),
            ("nflx.window", json!("10")),
            ("nflx.settings", json!({})),
            ("nflx.answers", json!({})),
            ("nflx.missing", json!("nan")),
            ("nflx.target", json!("delay")),
            ("nflx.unit", json!("s")),
            ("nflx.classes", classes),
            ("nflx.ranges", json!(vec![json!([-1e12, 1e12, 0.5]); 7])),
            ("nflx.check", Value::Array(check.collect())),
        ];
        let mut file = read("onnx");
        for (key, value) in &entries {
            let value = replaced
                .iter()
                .find(|(other, _)| other == key)
                .map_or(value, |(_, value)| value);
            let text = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            let mut entry = Vec::new();
            field(&mut entry, 1, key.as_bytes());
            field(&mut entry, 2, text.as_bytes());
            field(&mut file, 14, &entry);
        }
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("model.onnx");
        fs::write(&path, file).expect("the model is written");
        Self {
            path: path.to_str().expect("UTF-8").to_owned(),
            folder,
        }
    }

    pub(crate) fn rows(&self, command: &[&str]) -> Vec<Value> {
        let capture = capture();
        let arguments = [
            command,
            &["--model", &self.path, "--format", "jsonl", &capture],
        ]
        .concat();
        let lines = run(&arguments).quiet();
        lines
            .lines()
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect()
    }
}

#[test]
fn windows_get_a_label_or_a_reason() {
    let model = Carded::new("light", &[]);
    let rows = model.rows(&["quality"]);
    let keys: Vec<_> = rows[0].as_object().expect("an object").keys().collect();
    let wanted = [
        "capture",
        "session",
        "client",
        "window",
        "from",
        "to",
        "label",
        "value",
        "confidence",
        "out_of_range",
        "reason",
    ];
    assert_eq!(keys.len(), wanted.len());
    assert!(
        wanted.iter().all(|key| rows[0].get(key).is_some()),
        "{keys:?}"
    );
    let answers = |row: &Value| row["label"].is_string();
    assert!(
        rows.iter().filter(|row| answers(row)).count() >= 3,
        "{rows:?}"
    );
    for row in &rows {
        assert_eq!(row["reason"].is_null(), answers(row), "{row}");
        if answers(row) {
            assert_eq!(
                row["label"].as_str().expect("a label"),
                row["value"].to_string().trim_end_matches(".0")
            );
            assert!((0.0..=1.0).contains(&row["confidence"].as_f64().expect("a probability")));
        }
    }
    // The capture ends inside the last window.
    assert_eq!(
        rows.last().expect("rows")["reason"],
        "the capture ends inside the window"
    );
    // The features have the same answers.
    let features = model.rows(&["features"]);
    assert_eq!(features.len(), rows.len());
    for (row, window) in rows.iter().zip(&features) {
        for name in ["label", "value", "confidence", "out_of_range", "reason"] {
            assert_eq!(row[name], window[format!("quality_{name}")], "{name}");
        }
        assert_eq!(
            (&row["from"], &row["session"]),
            (&window["t_start"], &window["session"])
        );
    }
}

#[test]
fn every_format_has_the_answers() {
    let model = Carded::new("light-value", &[]);
    let rows = model.rows(&["quality"]);
    assert!(
        rows[0]["label"].is_null() && rows[0]["confidence"].is_null() && rows[0]["value"].is_f64()
    );
    let capture = capture();
    let quality = |arguments: &[&str]| {
        let all = [&["quality", "--model", &model.path], arguments, &[&capture]].concat();
        run(&all).quiet()
    };
    let text = quality(&["--format", "csv"]);
    let mut csv = csv::Reader::from_reader(text.as_bytes());
    let values: Vec<f64> = csv
        .records()
        .filter_map(|row| row.expect("CSV")[7].parse().ok())
        .collect();
    let wanted: Vec<f64> = rows
        .iter()
        .filter_map(|row| row["value"].as_f64())
        .collect();
    assert!(
        values == wanted && !wanted.is_empty(),
        "{values:?}, {wanted:?}"
    );
    let table = quality(&["--format", "table"]);
    assert!(
        table
            .lines()
            .next()
            .expect("a heading")
            .contains("no answer because"),
        "{table}"
    );
    let parquet = model.folder.path().join("rows.parquet");
    quality(&["-o", parquet.to_str().expect("UTF-8")]);
    assert!(fs::read(parquet).expect("a file").starts_with(b"PAR1"));
}

#[test]
fn a_model_is_checked() {
    let model = Carded::new(
        "extreme",
        &[("nflx.answers", json!({"transport": "tcp", "margin": 0.1}))],
    );
    let said = run(&["model", "check", &model.path, "--format", "jsonl"]).quiet();
    let entries: Vec<Value> = said
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let entry = |name: &str| {
        entries
            .iter()
            .find(|row| row["entry"] == name)
            .expect("an entry")["value"]
            .clone()
    };
    assert_eq!(entry("name"), "of the tests");
    assert_eq!(entry("check rows"), "48, all reproduced");
    assert_eq!(
        entry("answers"),
        "complete windows, tcp only, inputs up to 10 % outside their ranges"
    );
    assert_eq!(entry("classes"), "0, 1, 2");
}

#[test]
fn what_does_not_fit_is_refused_in_a_sentence() {
    let capture = capture();
    let refused = |arguments: &[&str]| {
        let outcome = run(arguments);
        assert_eq!(
            (outcome.status, &*outcome.stdout),
            (Some(2), ""),
            "{arguments:?}"
        );
        outcome.sentence().to_owned()
    };
    let bare = models().join("light.onnx");
    let bare = bare.to_str().expect("UTF-8");
    let said = refused(&["quality", "--model", bare, &capture]);
    assert!(
        said.ends_with("or name the columns with --columns"),
        "{said}"
    );
    let said = refused(&["quality", "--model", bare, "--columns", "weather", &capture]);
    assert!(
        said.contains("wants the column weather") && said.ends_with("that 'nflx columns' prints"),
        "{said}"
    );
    let said = refused(&[
        "quality",
        "--model",
        bare,
        "--columns",
        "userByteCount",
        &capture,
    ]);
    assert!(said.contains("takes 7 columns, and 1 are named"), "{said}");
    let said = refused(&["quality", "--model", &capture, &capture]);
    assert!(
        said.contains("player.pcap.gz: is not an ONNX model"),
        "{said}"
    );
    let said = refused(&["quality", "--model", "/nowhere/model.onnx", &capture]);
    assert!(said.contains("/nowhere/model.onnx: No such file"), "{said}");

    let model = Carded::new("light", &[]);
    let folder = Path::new(&model.path).parent().expect("a folder");
    let folder = folder.to_str().expect("UTF-8");
    let said = refused(&["quality", "--model", folder, &capture]);
    assert!(
        said.ends_with(": is a directory; name the model's file in it"),
        "{said}"
    );
    let said = refused(&["quality", "--model", &model.path, "--window", "5", &capture]);
    assert!(
        said.ends_with(
            "was trained with feature_window = 10, and 5 is set; set feature_window to 10"
        ),
        "{said}"
    );
    let said = refused(&[
        "features",
        "--model",
        &model.path,
        "--columns",
        "userByteCount",
        &capture,
    ]);
    assert!(said.contains("leave them out (--columns)"), "{said}");
    let other = Carded::new("light", &[("nflx.definitions", json!("0"))]);
    let said = refused(&["model", "check", &other.path]);
    assert!(
        said.contains("version 0 of the features' definitions"),
        "{said}"
    );
}

#[test]
fn the_cards_settings_apply() {
    let model = Carded::new(
        "light",
        &[
            ("nflx.window", json!("20")),
            ("nflx.settings", json!({"session_idle": 30})),
        ],
    );
    let windows = model.rows(&["quality"]);
    let ten = Carded::new("light", &[]).rows(&["quality"]);
    assert!(windows.len() < ten.len());
    // Of features the rows would change without a word.
    let outcome = run(&["features", "--model", &model.path, &capture()]);
    assert!(
        outcome.sentence().ends_with("set feature_window to 20"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn a_model_without_a_card_takes_named_columns() {
    let bare = models().join("light.onnx");
    let columns = "userThroughput,parallel_flows,10_avg_chunksize,userAvgBytesPerPacket,userAvgInterArrivalTime,n_chunks_up,n_chunks_down";
    let said = run(&[
        "quality",
        "--model",
        bare.to_str().expect("UTF-8"),
        "--columns",
        columns,
        "--format",
        "jsonl",
        &capture(),
    ]);
    let rows: Vec<Value> = said
        .quiet()
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    // The same answers as with a card.
    let carded = Carded::new("light", &[]).rows(&["quality"]);
    assert_eq!(rows, carded);
}

/// Rows of a command about the capture: read as a file, or from a pipe with `--live`. How the
/// capture is called is left out.
fn known(arguments: &[&str]) -> Vec<String> {
    let file = capture();
    let is_live = arguments.contains(&"--live");
    let name = if is_live { "-" } else { &file };
    let all = [arguments, &["--format", "jsonl", name]].concat();
    let input = if is_live {
        decompressed(&file)
    } else {
        Vec::new()
    };
    let lines = run_with(&all, &input).quiet();
    let nameless = |line: &str| line.replacen(&format!("\"{name}\""), "\"\"", 1);
    lines.lines().map(nameless).collect()
}

/// A host that does not wait for the end has the rows that training on the same lag gets, and those
/// of the end are the rows of everybody else.
#[test]
fn rows_as_known_are_those_of_a_live_host() {
    let whole = known(&["features"]);
    assert!(whole.len() > 2);
    for lag in ["0", "5"] {
        let rows = known(&["features", "--as-known", lag]);
        assert_eq!(
            rows,
            known(&["features", "--live", "--as-known", lag]),
            "{lag}"
        );
        assert_eq!(rows.len(), whole.len());
        assert_ne!(rows, whole, "{lag}: kinds show later than that");
    }
    assert_eq!(
        known(&["features", "--live"]),
        known(&["features", "--as-known", "0"])
    );
    assert_eq!(known(&["features", "--as-known", "86400"]), whole);

    let model = Carded::new("light", &[]);
    let quality =
        |arguments: &[&str]| known(&[&["quality", "--model", &model.path], arguments].concat());
    let rows = quality(&["--as-known", "0"]);
    assert_eq!(rows, quality(&["--live"]));
    assert_eq!(quality(&["--as-known", "86400"]), quality(&[]));
    let answered = rows.iter().filter(|row| !row.contains("\"label\":null"));
    assert!(answered.count() > 1, "{rows:?}");
}

/// The same with what the player did. Other columns are as without it, and a model whose card asks
/// for it gets it without a switch.
#[test]
fn playback_as_known_is_that_of_a_live_host() {
    let set = ["features", "--set", "feature_playback=on"];
    let with = |arguments: &[&str]| known(&[&set[..], arguments].concat());
    let whole = with(&[]);
    for (with, without) in whole.iter().zip(known(&["features"])) {
        let same = without.strip_suffix('}').expect("an object");
        let added = with.strip_prefix(same).expect("the same columns first");
        assert!(added.starts_with(",\"playback_video_media\":"), "{added}");
        assert!(!without.contains("playback_"));
    }
    let tells = |row: &&String| !row.contains("\"playback_shown_avg\":null");
    assert!(whole.iter().filter(tells).count() > 1, "{whole:?}");
    for lag in ["0", "5"] {
        let rows = with(&["--as-known", lag]);
        assert_eq!(rows, with(&["--live", "--as-known", lag]), "{lag}");
        assert_ne!(rows, whole, "{lag}: what comes later decides");
    }
    assert_eq!(with(&["--as-known", "86400"]), whole);

    let model = Carded::new("light", &of_playback());
    let quality =
        |arguments: &[&str]| known(&[&["quality", "--model", &model.path], arguments].concat());
    let other = Carded::new("light", &of_playback()[..1]);
    let refused = run(&["quality", "--model", &other.path, &capture()]);
    assert_eq!(refused.status, Some(2));
    let sentence =
        "takes the column playback_fetched_last, which rows have only with feature_playback = on";
    assert!(refused.sentence().contains(sentence), "{}", refused.stderr);
    assert_eq!(quality(&["--as-known", "0"]), quality(&["--live"]));
    assert_eq!(quality(&["--as-known", "86400"]), quality(&[]));
    assert_ne!(quality(&["--as-known", "0"]), quality(&[]));
    let added = known(&[&set[..], &["--model", &model.path]].concat());
    assert!(
        added
            .iter()
            .zip(&whole)
            .all(|(row, whole)| row.starts_with(whole.trim_end_matches('}')))
    );
}

/// The newest segments of a session are enough for what they show, and fewer show less.
#[test]
fn live_playback_uses_the_newest_segments() {
    let rows = |most: &str| {
        let most = format!("feature_playback_segments={most}");
        let set = ["--set", "feature_playback=on", "--set", &most];
        known(&[&["features", "--as-known", "0"], &set[..]].concat())
    };
    assert_eq!(rows("128"), rows("4096"));
    assert_ne!(rows("128"), rows("16"));
}

#[test]
fn titles_are_not_known_before_the_end() {
    let file = capture();
    for option in [&["--live"][..], &["--as-known", "0"]] {
        let settings = &["features", "--set", "session_by=title", &file];
        let outcome = run(&[settings, option].concat());
        assert_eq!((outcome.status, &*outcome.stdout), (Some(2), ""));
        assert!(
            outcome.sentence().contains("titles are known at the end"),
            "{}",
            outcome.stderr
        );
    }
}

/// The page has a row of windows with the model's answers, and the numbers of the command.
#[test]
fn the_page_shows_what_a_model_says() {
    let model = Carded::new("light", &[]);
    let page = model.folder.path().join("page.html");
    let page = page.to_str().expect("UTF-8");
    let file = capture();
    let written = |arguments: &[&str]| {
        let all = [&["report", "-o", page, &file], arguments].concat();
        assert_eq!(run(&all).status, Some(0));
        fs::read_to_string(page).expect("a page")
    };
    let with = written(&["--model", &model.path]);
    for row in model.rows(&["quality"]) {
        if let Some(label) = row["label"].as_str() {
            let answer = format!("<tr data-answer=\"{label}\">");
            assert_eq!(with.matches(&answer).count(), 1, "{label}");
        }
    }
    assert!(with.contains("data-answer=\"the capture ends inside the window\""));
    assert!(with.contains("The model's answer for each window over time"));
    assert!(!written(&[]).contains("What the model"));
    let refused = run(&["report", "-o", page, "--model", &file, &file]);
    assert!(
        refused.sentence().contains("is not an ONNX model"),
        "{}",
        refused.stderr
    );
}
