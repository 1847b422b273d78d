//! Tables and tree of tshark's and sharkd's statistics: what the program `nflx` says, and in one
//! pass what in two.

mod tables;

use serde_json::{Value, json};

use self::tables::TABLES;
use super::{Home, nflx_rows};

/// Lines of the tree: depth, label, count, and average where there is one.
fn tree(text: &str) -> Vec<(usize, String, u64, Option<f64>)> {
    let title = text
        .lines()
        .find(|line| line.starts_with("Topic / Item"))
        .expect("titles");
    let at = |name: &str| title.find(name).expect("a column");
    let (count, average, smallest) = (at("Count"), at("Average"), at("Min Val"));
    let rows = text
        .lines()
        .skip_while(|line| !line.starts_with("Packets "))
        .take_while(|line| !line.trim().is_empty());
    rows.map(|line| {
        let label = line[..count].trim_end();
        let depth = label.len() - label.trim_start().len();
        let number = line[count..average].trim().parse().expect("a count");
        (
            depth,
            label.trim_start().to_owned(),
            number,
            line[average..smallest].trim().parse().ok(),
        )
    })
    .collect()
}

#[test]
fn the_tree_counts_packets_and_segments() {
    let Some(home) = Home::new() else { return };
    for name in ["player.pcap.gz", "http-plain.pcap.gz", "h3.pcap.gz"] {
        let path = super::recorded_folder().join(name);
        let capture = home.capture(&path);
        for options in [&[][..], &["-2"]] {
            let mut args = vec!["-q", "-r", &capture, "-z", "nflx,tree"];
            args.extend(options);
            let rows = tree(&home.tshark(&args).quiet());
            let sizes = rows
                .iter()
                .position(|row| row.1.starts_with("Segment sizes"))
                .expect("sizes");
            for server in nflx_rows("servers", &[], &path) {
                let address = server["server"].as_str().expect("an address");
                let number = |key: &str| server[key].as_u64().expect("a number");
                let of_server = |row: &&(usize, String, u64, Option<f64>)| {
                    row.1.split(' ').next() == Some(address)
                };
                let packets = rows[..sizes].iter().find(of_server).expect("the server");
                assert_eq!(
                    packets.2,
                    number("in_pkts") + number("out_pkts"),
                    "{address} of {name}"
                );
                let segments: Vec<_> = rows[sizes..].iter().filter(of_server).collect();
                assert_eq!(
                    segments.iter().map(|row| row.2).sum::<u64>(),
                    number("segments"),
                    "{address} of {name}"
                );
                #[expect(clippy::cast_precision_loss, reason = "small numbers")]
                let (bytes, sum) = (
                    number("segment_bytes") as f64,
                    segments
                        .iter()
                        .map(|row| row.2 as f64 * row.3.unwrap_or(0.0))
                        .sum::<f64>(),
                );
                assert!(
                    (bytes - sum).abs() <= 1.0 + bytes / 1000.0,
                    "{address} of {name}: {bytes} {sum}"
                );
            }
        }
    }
}

/// Times to the first byte, by kind, by server and by segment, are those of the rows.
#[test]
fn response_times_are_those_of_the_rows() {
    let Some(home) = Home::new() else { return };
    let path = super::recorded_folder().join("player.pcap.gz");
    let capture = home.capture(&path);
    let rows = nflx_rows("segments", &[], &path);
    let ahead = format!("nflx.read_ahead:{capture}");
    let text = home
        .tshark(&["-q", "-r", &capture, "-o", &ahead, "-z", "nflx,srt"])
        .quiet();
    let line = |name: &str| {
        let mut lines = text
            .lines()
            .map(|line| line.split_whitespace().collect::<Vec<_>>());
        lines.find(|words| words.len() == 7 && words[1] == name)
    };
    for kind in ["video", "audio", "other"] {
        let times: Vec<f64> = rows
            .iter()
            .filter(|row| row["kind"] == kind)
            .filter_map(|row| row["ttfb_s"].as_f64())
            .collect();
        let words = line(kind).expect("a line for the kind");
        assert_eq!(words[2], times.len().to_string(), "{kind}: {text}");
        let mean = times.iter().sum::<f64>() / times.len() as f64;
        let shown: f64 = words[5].parse().expect("seconds");
        assert!((shown - mean).abs() < 2e-6, "{kind}: {shown} for {mean}");
    }
    assert_eq!(line("9").expect("segment 9")[2], "1");
}

/// Each segment is an export object with the facts that its row has.
#[test]
fn segments_are_export_objects() {
    let Some(home) = Home::new() else { return };
    let path = super::recorded_folder().join("player.pcap.gz");
    let capture = home.capture(&path);
    let folder = home.path().join("objects");
    std::fs::create_dir(&folder).expect("ours");
    home.open_to_all();
    let ahead = format!("nflx.read_ahead:{capture}");
    let into = format!("nflx,{}", folder.display());
    home.tshark(&[
        "-q",
        "-r",
        &capture,
        "-o",
        &ahead,
        "--export-objects",
        &into,
    ])
    .quiet();
    let rows = nflx_rows("segments", &[], &path);
    for row in &rows {
        let file = folder.join(format!("segment-{}.json", row["segment"]));
        let text = std::fs::read_to_string(&file).expect("an object for each segment");
        let object: Value = serde_json::from_str(&text).expect("JSON");
        for (key, value) in object.as_object().expect("an object") {
            let same = match (value.as_f64(), row[key].as_f64()) {
                (Some(a), Some(b)) => (a - b).abs() < 1e-8,
                _ => value == &row[key],
            };
            assert!(
                same,
                "{key} of segment {}: {value} and {}",
                row["segment"], row[key]
            );
        }
    }
    assert_eq!(std::fs::read_dir(folder).expect("ours").count(), rows.len());
}

/// Sessions are those of the command, in one pass as in two, and each of their segments is of one
/// of them.
#[test]
fn sessions_are_the_programs() {
    let Some(home) = Home::new() else { return };
    let path = super::recorded_folder().join("player.pcap.gz");
    let capture = home.capture(&path);
    let expected = nflx_rows("sessions", &[], &path);
    assert!(!expected.is_empty());
    for options in [&[][..], &["-2"]] {
        let mut args = vec!["-q", "-r", &capture, "-z", "nflx,sessions"];
        args.extend(options);
        let text = home.tshark(&args).quiet();
        let rows: Vec<Vec<&str>> = text
            .lines()
            .filter_map(|line| line.strip_suffix(" |"))
            .skip(1)
            .map(|line| line.split(" |").collect())
            .collect();
        assert_eq!(rows.len(), expected.len(), "{text}");
        for (row, session) in rows.iter().zip(&expected) {
            assert_eq!(row[1], session["client"]);
            assert_eq!(row[4], session["video_segments"].to_string());
            assert_eq!(row[5], session["audio_segments"].to_string());
            let startup = session["startup_s"]
                .as_f64()
                .map_or("-".to_owned(), |seconds| format!("{seconds:.3}"));
            assert_eq!(row[6], startup);
            assert_eq!(row[18], session["reason"]);
        }
    }
    let rows = nflx_rows("segments", &[], &path);
    let media = rows
        .iter()
        .filter(|row| row["media_s"].is_f64())
        .map(|row| row["segment"].to_string());
    let shown = home.fields(
        &capture,
        &[
            "-2",
            "-Y",
            "nflx.request && nflx.segment.media_duration && nflx.session",
        ],
        &["nflx.segment"],
    );
    let mut shown: Vec<_> = shown.into_values().map(|mut row| row.remove(0)).collect();
    shown.dedup();
    assert_eq!(shown, media.collect::<Vec<_>>());
}

/// Requests and responses are arrows of the flow graph, two for each segment. Responses that end in
/// one packet, which this capture has none of, share an arrow.
#[test]
fn segments_are_arrows() {
    let Some(home) = Home::new() else { return };
    let path = super::recorded_folder().join("tls13.pcap.gz");
    let capture = home.capture(&path);
    let text = home
        .tshark(&["-2", "-q", "-r", &capture, "-z", "flow,nflx,network"])
        .quiet();
    for row in nflx_rows("segments", &[], &path) {
        let number = &row["segment"];
        let response = format!("Segment {number}, ");
        assert!(text.contains(&response), "{response}: {text}");
    }
}

/// A row for each segment among the conversations, with its packets.
#[test]
fn segments_are_conversations() {
    let Some(home) = Home::new() else { return };
    let path = super::recorded_folder().join("player.pcap.gz");
    let capture = home.capture(&path);
    let text = home
        .tshark(&["-q", "-r", &capture, "-z", "conv,nflx"])
        .quiet();
    let conversations = text.lines().filter(|line| line.contains("<->")).count();
    assert_eq!(conversations, nflx_rows("segments", &[], &path).len());
    let servers = home
        .tshark(&["-q", "-r", &capture, "-z", "endpoints,nflx"])
        .quiet();
    assert_eq!(
        servers
            .lines()
            .filter(|line| line.starts_with("10."))
            .count(),
        nflx_rows("servers", &[], &path).len()
    );
}

/// Other programs ask sharkd; numbers are numbers there.
#[test]
fn sharkd_answers() {
    let Some(home) = Home::new() else { return };
    let path = super::recorded_folder().join("player.pcap.gz");
    // Asked again, and in between for less: the second answer is as good as the first.
    let taps =
        json!({ "tap0": "nstat:nflx,servers", "tap1": "nstat:nflx,segments", "tap2": "stat:nflx" });
    let less = json!({ "tap0": "nstat:nflx,segments" });
    let requests = [("tap", taps.clone()), ("tap", less), ("tap", taps)];
    let Some(answers) = home.sharkd(&path, &requests) else {
        return;
    };
    let answers: Vec<_> = answers.iter().map(|answer| &answer["taps"]).collect();

    for (name, columns) in TABLES {
        let tap = format!("nstat:nflx,{name}");
        let taps = answers[0].as_array().expect("taps");
        let table = taps
            .iter()
            .find(|answer| answer["tap"] == tap.as_str())
            .expect("the table");
        let rows = table["tables"][0]["i"].as_array().expect("rows");
        let expected = nflx_rows(name, &[], &path);
        assert_eq!(rows.len(), expected.len(), "{name}");
        for (row, expected) in rows.iter().zip(&expected) {
            for (index, (title, key)) in columns.iter().enumerate() {
                if expected.get(*key).is_some_and(Value::is_u64) {
                    assert_eq!(row[index], expected[*key], "{title}");
                }
            }
        }
    }
    assert!(
        answers[1][0]["tables"][0]["i"]
            .as_array()
            .is_some_and(|rows| !rows.is_empty()),
        "{}",
        answers[1]
    );
    assert_eq!(answers[0], answers[2]);
    let tree = answers[0]
        .as_array()
        .expect("taps")
        .iter()
        .find(|answer| answer["tap"] == "stats:nflx");
    assert_eq!(tree.expect("the tree")["stats"][0]["name"], "Packets");
}

/// Statistics are known to tshark's own list.
#[test]
fn tshark_lists_them() {
    let Some(home) = Home::new() else { return };
    let listed = home.tshark(&["-z", "help"]);
    let text = listed.stdout + &listed.stderr;
    for name in [
        "nflx,servers",
        "nflx,segments",
        "nflx,sessions",
        "nflx,quality",
        "nflx,srt",
        "nflx,tree",
        "nflx,summary",
    ] {
        assert!(
            text.lines().any(|line| line.trim() == name),
            "{name}: {text}"
        );
    }
}
