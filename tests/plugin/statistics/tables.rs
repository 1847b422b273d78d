//! Tables of servers and segments: cells are the values of the command.

use std::path::Path;

use nflx_core::Config;
use serde_json::Value;

use crate::plugin::{Home, evidence_comes_late, nflx_rows, recorded_captures};

/// Columns of the servers' table: title, and the program's key.
const SERVERS: &[(&str, &str)] = &[
    ("Rank", "rank"),
    ("Role", "role"),
    ("Address", "server"),
    ("Name", "name"),
    ("Evidence", "evidence"),
    ("Flows", "flows"),
    ("Packets in", "in_pkts"),
    ("Packets out", "out_pkts"),
    ("Bytes in", "in_bytes"),
    ("Bytes out", "out_bytes"),
    ("Segments", "segments"),
    ("Segment bytes", "segment_bytes"),
];

/// Columns of the segments' table.
const SEGMENTS: &[(&str, &str)] = &[
    ("Segment", "segment"),
    ("Kind", "kind"),
    ("Server", "server"),
    ("Name", "name"),
    ("Index", "index"),
    ("Client", "client"),
    ("Port", "client_port"),
    ("Transport", "transport"),
    ("Start (s)", "t_request"),
    ("End (s)", "t_last"),
    ("Request frame", "request_frame"),
    ("First frame", "first_frame"),
    ("Last frame", "last_frame"),
    ("Packets", "pkts"),
    ("Bytes", "bytes"),
    ("Application bytes", "app_bytes"),
    ("Retransmitted bytes", "retransmitted_bytes"),
    ("Missing bytes", "missing_bytes"),
    ("First byte (s)", "ttfb_s"),
    ("Duration (s)", "duration_s"),
    ("Throughput (kbit/s)", "throughput_bps"),
    ("Complete", "complete"),
    ("Notes", ""),
];

/// Both tables: their name after `nflx,`, the program's command, and the columns.
pub(super) const TABLES: &[(&str, &[(&str, &str)])] =
    &[("servers", SERVERS), ("segments", SEGMENTS)];

/// A table that tshark prints, less its frame; the titles are checked.
fn table(
    home: &Home,
    capture: &str,
    statistic: &str,
    columns: &[(&str, &str)],
    options: &[&str],
) -> Vec<Vec<String>> {
    let mut args = vec!["-q", "-r", capture, "-z", statistic];
    args.extend(options);
    let text = home.tshark(&args).quiet();
    let mut lines = text.lines().filter_map(|line| line.strip_suffix(" |"));
    let titles: Vec<_> = lines.next().expect("titles").split(" |").collect();
    assert_eq!(
        titles,
        columns.iter().map(|(title, _)| *title).collect::<Vec<_>>()
    );
    lines
        .map(|line| line.split(" |").map(str::to_owned).collect())
        .collect()
}

/// A value of the program as the table shows it.
fn cell(row: &Value, key: &str, start: f64) -> String {
    let seconds = |value: &Value| format!("{:.6}", value.as_f64().unwrap_or(0.0));
    match key {
        "evidence" => {
            let kinds = row[key]
                .as_array()
                .expect("a list")
                .iter()
                .map(|kind| kind.as_str().expect("a word"));
            kinds.collect::<Vec<_>>().join(",")
        }
        "ttfb_s" | "duration_s" => seconds(&row[key]),
        "throughput_bps" => format!("{:.0}", (row[key].as_f64().unwrap_or(0.0) / 1e3).floor()),
        "t_request" | "t_last" => {
            let time = row[key].as_f64().or(row["t_request"].as_f64());
            format!("{:.6}", time.expect("a time") - start)
        }
        "complete" => if row[key] == true { "yes" } else { "no" }.to_owned(),
        "" => {
            let notes: Vec<_> = ["estimated", "shared", "inferred"]
                .into_iter()
                .filter(|note| row[*note] == true)
                .collect();
            if notes.is_empty() {
                "-".to_owned()
            } else {
                notes.join(",")
            }
        }
        _ => match &row[key] {
            Value::Null if key == "name" => "-".to_owned(),
            Value::Null => "0".to_owned(),
            Value::String(text) if text.is_empty() => "-".to_owned(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        },
    }
}

fn expected(command: &str, columns: &[(&str, &str)], path: &Path, start: f64) -> Vec<Vec<String>> {
    let rows = nflx_rows(command, &[], path);
    rows.iter()
        .enumerate()
        .map(|(index, row)| {
            columns
                .iter()
                .map(|(_, key)| match *key {
                    "rank" => (index + 1).to_string(),
                    key => cell(row, key, start),
                })
                .collect()
        })
        .collect()
}

/// Values are final also after one pass, in which nothing is seen again.
#[test]
fn tables_are_the_programs_rows() {
    let Some(home) = Home::new() else { return };
    let mut compared = 0;
    for path in recorded_captures() {
        if evidence_comes_late(&path, &Config::default()) {
            println!("not compared: {}: evidence comes late", path.display());
            continue;
        }
        let capture = home.capture(&path);
        let first = [
            "-r",
            &capture,
            "-c",
            "1",
            "-T",
            "fields",
            "-e",
            "frame.time_epoch",
        ];
        let start = home.tshark(&first).quiet();
        let start = start.trim().parse().expect("a time");
        for (name, columns) in TABLES {
            let statistic = format!("nflx,{name}");
            let rows = expected(name, columns, &path, start);
            for options in [&[][..], &["-2"]] {
                let shown = table(&home, &capture, &statistic, columns, options);
                assert_eq!(shown, rows, "{name} of {} {options:?}", path.display());
            }
            compared += rows.len();
        }
    }
    assert!(compared > 100, "only {compared} rows were compared");
}

/// A filter chooses rows and does not change what they say.
#[test]
fn filters_choose_rows() {
    let Some(home) = Home::new() else { return };
    let capture = home.recorded("player.pcap.gz");
    for options in [&[][..], &["-2"]] {
        let all = table(&home, &capture, "nflx,servers", SERVERS, options);
        let address = &all[1][2];
        let mut one = table(
            &home,
            &capture,
            &format!("nflx,servers,ip.addr == {address}"),
            SERVERS,
            options,
        );
        // Its rank is among those listed.
        assert_eq!(one[0][0], "1");
        one[0][0].clone_from(&all[1][0]);
        assert_eq!(one, [all[1].clone()]);
        assert!(table(&home, &capture, "nflx,servers,arp", SERVERS, options).is_empty());

        let all = table(&home, &capture, "nflx,segments", SEGMENTS, options);
        let few = table(
            &home,
            &capture,
            "nflx,segments,nflx.segment in {7, 10}",
            SEGMENTS,
            options,
        );
        let wanted: Vec<_> = all
            .iter()
            .filter(|row| ["7", "10"].contains(&row[0].as_str()))
            .cloned()
            .collect();
        assert_eq!(few, wanted);
    }
}
