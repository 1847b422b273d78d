//! A card says when a model answers, and its outputs for the check rows.

use std::net::{IpAddr, Ipv4Addr};

use super::super::answer::calibrated;
use super::super::{Answer, Model, ModelError, Refusal, Scratch, Target};
use super::files::{Message, file, stump, text};
use crate::config::Config;
use crate::facts::segment::Transport;
use crate::features::Row;
use crate::packet::Time;

/// Check rows of the stump: 10 up to 1.5, 20 above and for missing values.
fn checks() -> String {
    let row = |value: &str, output: i32| format!(r#"{{"row": [{value}], "value": {output}}}"#);
    let rows = (0..14).map(|number| row(&number.to_string(), if number < 2 { 10 } else { 20 }));
    format!(
        "[{}]",
        rows.chain([row("null", 20), row("1.5", 10)])
            .collect::<Vec<_>>()
            .join(",")
    )
}

/// A card for the stump, with some entries replaced; an empty one is left out.
fn card<'a>(replaced: &[(&'a str, &'a str)], checks: &'a str) -> Vec<(&'a str, &'a str)> {
    let entries = [
        ("nflx.card", "1"),
        ("nflx.name", "packets"),
        ("nflx.version", "3"),
        ("nflx.columns", r#"["userPacketCount"]"#),
        ("nflx.definitions", "1"),
        ("nflx.window", "10"),
        ("nflx.missing", "nan"),
        ("nflx.target", "delay"),
        ("nflx.unit", "s"),
        ("nflx.classes", "[]"),
        ("nflx.ranges", "[[0, 100, 0.1]]"),
        ("nflx.check", checks),
    ];
    let kept = entries
        .into_iter()
        .filter(|(key, _)| !replaced.iter().any(|(other, _)| key == other));
    let added = replaced
        .iter()
        .copied()
        .filter(|(_, value)| !value.is_empty());
    kept.chain(added).collect()
}

fn read_with(node: Message, replaced: &[(&str, &str)]) -> Result<Model, ModelError> {
    Model::read(&file(1, &[node], &card(replaced, &checks())))
}

fn read(replaced: &[(&str, &str)]) -> Result<Model, ModelError> {
    read_with(stump(), replaced)
}

/// A window in which the client sent this many packets.
fn row(packets: u64) -> Row {
    let client = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let mut row = Row::empty(client, Time(0), Time(10_000_000_000));
    row.counted.up.counts.packets = packets;
    row
}

#[test]
fn a_model_with_a_card_answers() {
    let model = read(&[]).unwrap();
    let card = model.card().unwrap();
    assert_eq!(
        (&*card.name, &*card.version, card.window, &*card.unit),
        ("packets", "3", 10, "s")
    );
    assert_eq!(card.target, Target::Other("delay".into()));
    let mut scratch = Scratch::default();
    let answer = model.answer(&row(7), true, &mut scratch);
    assert_eq!(
        answer,
        Answer {
            value: Some(20.0),
            ..Answer::default()
        }
    );
}

#[test]
fn where_it_should_not_answer_it_says_why() {
    let mut scratch = Scratch::default();
    let mut reason = |model: &Model, row: &Row, is_complete| {
        let answer = model.answer(row, is_complete, &mut scratch);
        assert_eq!(answer.value.is_some(), answer.reason.is_none());
        (
            answer.reason.map(|reason| reason.to_string()),
            answer.out_of_range,
        )
    };
    let said = |text: &str| Some(text.to_owned());
    let model = read(&[]).unwrap();
    assert_eq!(
        reason(&model, &row(7), false),
        (said("the capture ends inside the window"), false)
    );
    assert_eq!(reason(&model, &row(100), true), (None, false));
    let outside = said("userPacketCount is 101, and training saw 0 to 100");
    assert_eq!(reason(&model, &row(101), true), (outside, true));

    let with_margin = read(&[("nflx.answers", r#"{"margin": 0.1}"#)]).unwrap();
    assert_eq!(reason(&with_margin, &row(110), true), (None, false));
    assert!(reason(&with_margin, &row(111), true).1);

    let of_tcp = read(&[("nflx.answers", r#"{"transport": "tcp"}"#)]).unwrap();
    assert_eq!(reason(&of_tcp, &row(7), true), (None, false));
    for transport in [Some(Transport::Quic), None] {
        let other = said("the model is for tcp, which the session does not use");
        assert_eq!(
            reason(
                &of_tcp,
                &Row {
                    transport,
                    ..row(7)
                },
                true
            ),
            (other, false)
        );
        assert_eq!(
            reason(
                &model,
                &Row {
                    transport,
                    ..row(7)
                },
                true
            ),
            (None, false)
        );
    }

    let startup = read(&[("nflx.target", "startup_delay")]).unwrap();
    let asks = read(&[("nflx.answers", r#"{"from_start": true}"#)]).unwrap();
    for from_start in [Some(false), None] {
        let joined = said("the session's beginning was not captured");
        assert_eq!(
            reason(
                &startup,
                &Row {
                    from_start,
                    ..row(7)
                },
                true
            ),
            (joined.clone(), false)
        );
        assert_eq!(
            reason(
                &asks,
                &Row {
                    from_start,
                    ..row(7)
                },
                true
            ),
            (joined, false)
        );
        assert_eq!(
            reason(
                &model,
                &Row {
                    from_start,
                    ..row(7)
                },
                true
            ),
            (None, false)
        );
    }
    assert_eq!(reason(&startup, &row(7), true), (None, false));

    let after_three = read(&[("nflx.answers", r#"{"segments": 3}"#)]).unwrap();
    let mut window = row(7);
    window.known.completions_before = 2;
    let few = said("2 segments completed, and the model asks for 3");
    assert_eq!(reason(&after_three, &window, true), (few, false));
    window.counted.completions = 1;
    assert_eq!(reason(&after_three, &window, true), (None, false));
}

#[test]
fn what_is_no_number_is_no_answer() {
    let leaf = super::files::tree(&[(0, 0, "LEAF", f32::INFINITY, 0, 0)]);
    let model = Model::read_with_columns(&file(1, &[leaf], &[]), &["userPacketCount"]).unwrap();
    let answer = model.answer(&row(7), true, &mut Scratch::default());
    assert_eq!(
        (answer.value, answer.reason),
        (None, Some(Refusal::NotFinite))
    );
    assert_eq!(
        Refusal::NotFinite.to_string(),
        "the model gives no finite number"
    );
}

#[test]
fn a_value_that_never_missed_must_not_miss() {
    // In this window the model's column, times between packets, has no value.
    let column = ("nflx.columns", r#"["userAvgInterArrivalTime"]"#);
    let mut scratch = Scratch::default();
    for (ranges, answers) in [
        ("[[0, 100, 0]]", false),
        ("[[0, 100, 0.01]]", true),
        ("[[null, null, 1]]", true),
    ] {
        let model = read(&[column, ("nflx.ranges", ranges)]).unwrap();
        let answer = model.answer(&row(7), true, &mut scratch);
        assert_eq!(
            (answer.value.is_some(), answer.out_of_range),
            (answers, !answers),
            "{ranges}"
        );
        if let Some(reason) = answer.reason {
            let wanted = "userAvgInterArrivalTime has no value, and always had one in training";
            assert_eq!(reason.to_string(), wanted);
            assert!(matches!(reason, Refusal::OutOfRange { value: None, .. }));
        }
    }
}

#[test]
fn missing_values_are_given_as_the_card_says() {
    // The stump gives 20 for NaN, and 10 for the number that stands for it here.
    let promised = checks().replace(r#"[null], "value": 20"#, r#"[null], "value": 10"#);
    let entries = [("nflx.missing", "-1"), ("nflx.check", &promised)];
    assert!(Model::read(&file(1, &[stump()], &card(&entries, ""))).is_ok());
    assert!(matches!(
        read(&[("nflx.missing", "-1")]),
        Err(ModelError::Check { row: 15, .. })
    ));
}

#[test]
fn check_rows_are_evaluated() {
    let said = |text: &str| {
        let error = read(&[("nflx.check", text)]).unwrap_err();
        error.to_string()
    };
    let wrong = said(&checks().replace(r#"[3], "value": 20"#, r#"[3], "value": 20.1"#));
    assert!(wrong.starts_with(
        "does not give the output that its card promises for check row 4 (20 and not 20.1);"
    ));
    let near = checks().replace(r#"[3], "value": 20"#, r#"[3], "value": 20.001"#);
    assert!(read(&[("nflx.check", &near)]).is_ok());
    let labelled = said(&checks().replace(r#"[3], "#, r#"[3], "label": "a", "#));
    assert!(
        labelled.contains("check row 4 (no label and not label a)"),
        "{labelled}"
    );
    let two = said(&checks().replace(r#"[3], "value": 20"#, r#"[3], "scores": [20, 1]"#));
    assert!(two.contains("(1 outputs and not 2)"), "{two}");
    let fifteen = checks().replace(r#",{"row": [1.5], "value": 10}"#, "");
    assert_eq!(
        said(&fifteen),
        "its card is wrong: nflx.check has fewer than 16 rows; write it again when training"
    );
    let narrow = said(&checks().replace(r#"[3], "#, "[3, 4], "));
    assert!(
        narrow.contains("nflx.check has something wrong in row 4"),
        "{narrow}"
    );
}

#[test]
fn rows_that_lack_values_are_checked_where_training_had_some() {
    let whole = checks().replace("null", "40");
    let said = read(&[("nflx.check", &whole)]).unwrap_err().to_string();
    assert!(
        said.contains("nflx.check has no row with a missing value"),
        "{said}"
    );
    let never = ("nflx.ranges", "[[0, 100, 0]]");
    assert!(read(&[("nflx.check", &whole), never]).is_ok());
}

#[test]
fn an_exporter_that_drops_directions_is_found_out() {
    // The same tree with missing values sent the other way, as on the card of the model with
    // directions.
    let promised = checks().replace(r#"[null], "value": 20"#, r#"[null], "value": 10"#);
    let entries = [("nflx.check", &*promised)];
    let lost = Model::read(&file(1, &[stump()], &card(&entries, ""))).unwrap_err();
    assert!(
        lost.to_string()
            .contains("check row 15 (20 and not 10); the exporter lost a part of the model")
    );
    let kept = super::files::integers(stump(), "nodes_missing_value_tracks_true", &[1, 0, 0]);
    assert!(Model::read(&file(1, &[kept], &card(&entries, ""))).is_ok());
}

#[test]
fn cards_that_are_wrong_are_refused_by_entry() {
    for (key, value, reason) in [
        ("nflx.card", "2", "nflx.card is 2, and version 1 is read"),
        ("nflx.name", "", "nflx.name is missing"),
        (
            "nflx.columns",
            "userPacketCount",
            "nflx.columns is not JSON",
        ),
        ("nflx.columns", "[1]", "nflx.columns is not a list of names"),
        (
            "nflx.window",
            "ten",
            "nflx.window is not a number of seconds",
        ),
        ("nflx.missing", "inf", "nflx.missing is not nan or a number"),
        (
            "nflx.classes",
            r#"["a", "b"]"#,
            "nflx.classes names 2 classes for 1 outputs",
        ),
        (
            "nflx.ranges",
            "[]",
            "nflx.ranges is not a list of [minimum, maximum, share without a value], one for each column",
        ),
        (
            "nflx.answers",
            r#"{"weekday": 1}"#,
            "nflx.answers names the unknown condition weekday",
        ),
        (
            "nflx.answers",
            r#"{"margin": -1}"#,
            "nflx.answers has no such value of margin",
        ),
        (
            "nflx.answers",
            r#"{"transport": "carrier pigeon"}"#,
            "nflx.answers has no such value of transport",
        ),
        (
            "nflx.calibration",
            "[[0.5, 0.9], [0.4, 1]]",
            "nflx.calibration is not a list of [score, probability] that ascends, with probabilities from 0 to 1",
        ),
        (
            "nflx.settings",
            "[]",
            "nflx.settings is not an object of texts and numbers",
        ),
    ] {
        let said = read(&[(key, value)]).unwrap_err().to_string();
        assert_eq!(
            said,
            format!("its card is wrong: {reason}; write it again when training")
        );
    }
    let unknown = read(&[("nflx.columns", r#"["weather"]"#)]).unwrap_err();
    assert_eq!(unknown, ModelError::Column("weather".into()));
    let definitions = read(&[("nflx.definitions", "0")]).unwrap_err().to_string();
    assert!(definitions.starts_with(
        "was trained on version 0 of the features' definitions, and this is version 1;"
    ));
    assert_eq!(read(&[("nflx.card", "")]).unwrap_err(), ModelError::NoCard);
    let checks = checks();
    let twice = [card(&[], &checks), vec![("nflx.name", "again")]].concat();
    let said = Model::read(&file(1, &[stump()], &twice))
        .unwrap_err()
        .to_string();
    assert!(said.contains("nflx.name is there twice"), "{said}");
    let named = Model::read_with_columns(
        &file(1, &[stump()], &card(&[], &checks)),
        &["userPacketCount"],
    );
    assert_eq!(named.unwrap_err(), ModelError::ColumnsTwice);
}

#[test]
fn settings_must_be_those_of_training() {
    let set = |name: &str, value: &str| {
        let mut config = Config::default();
        config.set(name, value).unwrap();
        config
    };
    let model = read(&[(
        "nflx.settings",
        r#"{"session_idle": 60, "empty_features": "null"}"#,
    )])
    .unwrap();
    assert_eq!(model.fits(&Config::default()), Ok(()));
    assert_eq!(model.fits(&set("max_flows", "1000")), Ok(()));
    let said = |config: &Config| model.fits(config).unwrap_err().to_string();
    assert_eq!(
        said(&set("feature_window", "5")),
        "was trained with feature_window = 10, and 5 is set; set feature_window to 10"
    );
    assert_eq!(
        said(&set("session_idle", "61")),
        "was trained with session_idle = 60, and 61 is set; set session_idle to 60"
    );
    assert!(
        said(&set("empty_features", "zero")).contains("empty_features = null, and zero is set")
    );
    let unknown = read(&[("nflx.settings", r#"{"weather": "fine"}"#)]).unwrap();
    assert!(
        unknown
            .fits(&Config::default())
            .unwrap_err()
            .to_string()
            .contains("the unknown setting weather")
    );
}

#[test]
fn labels_are_those_of_the_card() {
    // With two classes, the sum is the second one's probability.
    let classifier = |node: Message| {
        let node = super::files::integers(node, "class_treeids", &[0]);
        let node = super::files::integers(node, "class_nodeids", &[0]);
        let node = super::files::integers(node, "class_ids", &[0]);
        let node = super::files::floats(node, "class_weights", &[0.75]);
        super::files::integers(node, "classlabels_int64s", &[0, 1])
    };
    let leaf = super::files::node(
        "ai.onnx.ml",
        "TreeEnsembleClassifier",
        &["x"],
        &["label", "y"],
    );
    let leaf = super::files::integers(leaf, "nodes_treeids", &[0]);
    let leaf = super::files::integers(leaf, "nodes_nodeids", &[0]);
    let leaf = super::files::integers(leaf, "nodes_featureids", &[0]);
    let leaf = super::files::texts(leaf, "nodes_modes", &["LEAF"]);
    let leaf = super::files::floats(leaf, "nodes_values", &[0.0]);
    let leaf = super::files::integers(leaf, "nodes_truenodeids", &[0]);
    let leaf = super::files::integers(leaf, "nodes_falsenodeids", &[0]);
    let leaf = text(classifier(leaf), "post_transform", "NONE");
    let check = r#"{"row": [1], "label": "720", "scores": [0.25, 0.75]}"#;
    let checks = format!("[{}]", [check; 16].join(","));
    let entries = [
        ("nflx.target", "resolution"),
        ("nflx.classes", r#"["HD", 720]"#),
        ("nflx.check", &checks),
        ("nflx.ranges", "[[0, 100, 0]]"),
        ("nflx.calibration", "[[0.5, 0.4], [1, 0.8]]"),
    ];
    let model = read_with(leaf.clone(), &entries).unwrap();
    assert_eq!(model.labels().collect::<Vec<_>>(), ["HD", "720"]);
    let answer = model.answer(&row(1), true, &mut Scratch::default());
    assert_eq!((answer.label, answer.value), (Some("720"), Some(720.0)));
    assert!((answer.confidence.unwrap() - 0.6).abs() < 1e-12);
    let wrong = checks.replace("720", "HD");
    let entries = [entries[0], entries[1], ("nflx.check", &wrong), entries[3]];
    let said = read_with(leaf, &entries).unwrap_err().to_string();
    assert!(
        said.contains("check row 1 (label 720 and not label HD)"),
        "{said}"
    );
}

#[test]
fn scores_are_calibrated_in_straight_lines() {
    let points = [(0.2, 0.1), (0.4, 0.5), (0.8, 0.5)];
    for (score, wanted) in [
        (0.0, 0.1),
        (0.2, 0.1),
        (0.3, 0.3),
        (0.4, 0.5),
        (0.6, 0.5),
        (1.0, 0.5),
    ] {
        assert!(
            (calibrated(&points, score) - wanted).abs() < 1e-12,
            "{score}"
        );
    }
    assert_eq!(calibrated(&[], 0.7), 0.7);
}
