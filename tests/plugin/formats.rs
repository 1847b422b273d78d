//! The same facts in every way that tshark shows them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

use super::{FIELDS, Home, decompressed, recorded_folder};

/// All values of a key, at any depth.
fn values_of<'a>(tree: &'a Value, key: &str, found: &mut Vec<&'a Value>) {
    match tree {
        Value::Object(map) => {
            for (name, value) in map {
                if name == key {
                    found.push(value);
                }
                values_of(value, key, found);
            }
        }
        Value::Array(list) => list.iter().for_each(|value| values_of(value, key, found)),
        _ => {}
    }
}

const CAPTURE: &str = "tls13.pcap.gz";
const REQUESTS: &str = "nflx.request && nflx.segment";

fn requests(home: &Home) -> BTreeMap<u64, Vec<String>> {
    let rows = home.fields(
        &home.recorded(CAPTURE),
        &["-2", "-Y", REQUESTS],
        &[
            "nflx.segment",
            "nflx.segment.bytes",
            "nflx.server",
            "nflx.segment.ttfb",
        ],
    );
    assert!(rows.len() > 5, "{rows:?}");
    rows
}

#[test]
fn json() {
    let Some(home) = Home::new() else { return };
    let rows = requests(&home);
    let text = home
        .tshark(&[
            "-r",
            &home.recorded(CAPTURE),
            "-2",
            "-Y",
            REQUESTS,
            "-T",
            "json",
        ])
        .quiet();
    let packets: Vec<Value> = serde_json::from_str(&text).expect("JSON");
    assert_eq!(packets.len(), rows.len());
    for (packet, row) in packets.iter().zip(rows.values()) {
        let layer = &packet["_source"]["layers"]["nflx"];
        // Keys are the fields' names, whatever their values.
        assert_eq!(layer["nflx.segment"], row[0].as_str());
        assert_eq!(
            layer["nflx.segment_tree"]["nflx.segment.bytes"],
            row[1].as_str()
        );
        assert_eq!(layer["nflx.server"], row[2].as_str());
        assert_eq!(
            layer["nflx.server_tree"]["nflx.server.name"],
            row[2].as_str()
        );
        assert!(layer["nflx.flow_tree"]["nflx.direction"] == "out");
        let mut evidence = Vec::new();
        values_of(layer, "nflx.server.evidence", &mut evidence);
        assert!(!evidence.is_empty(), "each kind of evidence: {layer}");
    }
}

#[test]
fn elastic() {
    let Some(home) = Home::new() else { return };
    let rows = requests(&home);
    let text = home
        .tshark(&[
            "-r",
            &home.recorded(CAPTURE),
            "-2",
            "-Y",
            REQUESTS,
            "-T",
            "ek",
            "-J",
            "nflx",
        ])
        .quiet();
    let packets = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let packets: Vec<_> = packets
        .filter(|packet| packet.get("layers").is_some())
        .collect();
    assert_eq!(packets.len(), rows.len());
    for (packet, row) in packets.iter().zip(rows.values()) {
        let mut bytes = Vec::new();
        values_of(packet, "nflx_nflx_segment_bytes", &mut bytes);
        assert_eq!(bytes, [&Value::from(row[1].as_str())]);
    }
}

/// The template for Elasticsearch has every field, with the type that its values have.
#[test]
fn the_elastic_template_covers_every_field() {
    let Some(home) = Home::new() else { return };
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/elastic/template.json");
    let template = fs::read_to_string(path).expect("the template");
    let template: Value = serde_json::from_str(&template).expect("JSON");
    let types = &template["template"]["mappings"]["properties"]["layers"]["properties"]["nflx"]["properties"];
    for (name, kind) in FIELDS {
        let wanted = match *kind {
            "FT_IPv4" | "FT_IPv6" => "ip",
            "FT_UINT16" | "FT_UINT32" | "FT_UINT64" | "FT_FRAMENUM" => "long",
            "FT_DOUBLE" | "FT_RELATIVE_TIME" => "double",
            "FT_BOOLEAN" => "boolean",
            _ => "keyword",
        };
        let key = format!("nflx_{}", name.replace('.', "_"));
        assert_eq!(types[&key]["type"], wanted, "{name}");
    }
    // What tshark writes is named in it, and can be read as its type.
    let capture = home.recorded("player.pcap.gz");
    let args = ["-r", &capture, "-2", "-Y", "nflx", "-T", "ek", "-J", "nflx"];
    let text = home.tshark(&args).quiet();
    let mut seen = 0;
    for line in text.lines() {
        let packet: Value = serde_json::from_str(line).expect("JSON");
        let Some(fields) = packet["layers"]["nflx"].as_object() else {
            continue;
        };
        for (name, value) in fields.iter().filter(|(name, _)| name.starts_with("nflx_")) {
            seen += 1;
            let each = value
                .as_array()
                .map_or_else(|| vec![value], |list| list.iter().collect());
            for one in each {
                let text = one.as_str().unwrap_or_default();
                let fits = match types[name]["type"].as_str().expect(name) {
                    "ip" => text.parse::<std::net::IpAddr>().is_ok(),
                    "long" => text.parse::<i64>().is_ok(),
                    "double" => text.parse::<f64>().is_ok(),
                    "boolean" => one.is_boolean(),
                    _ => true,
                };
                assert!(fits, "{name}: {one}");
            }
        }
    }
    assert!(seen > 1_000, "{seen}");
}

#[test]
fn pdml() {
    let Some(home) = Home::new() else { return };
    let rows = requests(&home);
    let text = home
        .tshark(&[
            "-r",
            &home.recorded(CAPTURE),
            "-2",
            "-Y",
            REQUESTS,
            "-T",
            "pdml",
        ])
        .quiet();
    assert_eq!(text.matches("<proto name=\"nflx\"").count(), rows.len());
    for row in rows.values() {
        assert!(text.contains(&format!(
            "<field name=\"nflx.segment.bytes\" showname=\"Bytes: {0}\" size=\"0\" pos=\"0\" show=\"{0}\"/>",
            row[1]
        )));
    }
}

#[test]
fn details() {
    let Some(home) = Home::new() else { return };
    let rows = requests(&home);
    let text = home
        .tshark(&[
            "-r",
            &home.recorded(CAPTURE),
            "-2",
            "-Y",
            REQUESTS,
            "-V",
            "-O",
            "nflx",
        ])
        .quiet();
    let stories: Vec<_> = text
        .lines()
        .filter(|line| line.starts_with("[Netflix, "))
        .collect();
    assert_eq!(stories.len(), rows.len());
    for (story, row) in stories.iter().zip(rows.values()) {
        assert!(
            story.contains("Dst: ") && story.contains(&row[2]),
            "{story}"
        );
        assert!(story.contains(&format!("Segment {} (", row[0])), "{story}");
    }
    // Each kind of evidence, with the names that gave it.
    for kind in ["sni", "dns"] {
        let lines = format!("        [Evidence: {kind}]\n            [Name or range: ");
        assert!(text.contains(&lines), "{text}");
    }
}

#[test]
fn info_column() {
    let Some(home) = Home::new() else { return };
    let rows = requests(&home);
    let capture = home.recorded(CAPTURE);
    let once = home.tshark(&["-r", &capture]).quiet();
    assert_eq!(once.matches(" request]").count(), rows.len());
    assert_eq!(
        once.matches(" end, ").count(),
        0,
        "one pass does not know ends"
    );
    let twice = home.tshark(&["-r", &capture, "-2"]).quiet();
    assert_eq!(twice.matches(" request]").count(), rows.len());
    assert_eq!(twice.matches("[Netflix segment 1 end, ").count(), 1);
}

#[test]
fn columns() {
    let Some(home) = Home::new() else { return };
    let rows = requests(&home);
    let format = r#"gui.column.format:"Segment","%Cus:nflx.segment:0:R","Bytes","%Cus:nflx.segment.bytes:0:R""#;
    let text = home
        .tshark(&[
            "-r",
            &home.recorded(CAPTURE),
            "-2",
            "-o",
            format,
            "-Y",
            REQUESTS,
        ])
        .quiet();
    let shown: Vec<Vec<_>> = text
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    let expected: Vec<_> = rows
        .values()
        .map(|row| vec![row[0].as_str(), row[1].as_str()])
        .collect();
    assert_eq!(shown, expected);
}

#[test]
fn statistics() {
    let Some(home) = Home::new() else { return };
    let capture = home.recorded(CAPTURE);
    let bytes = home.fields(&capture, &[], &["nflx.server.in_bytes"]);
    let largest = bytes
        .values()
        .map(|row| row[0].parse::<u64>().expect("a number"))
        .max()
        .expect("packets");
    let statistic =
        "io,stat,0,MAX(nflx.server.in_bytes)nflx.server.in_bytes,COUNT(nflx.request)nflx.request";
    let text = home
        .tshark(&["-r", &capture, "-q", "-z", statistic])
        .quiet();
    assert!(
        text.split(|c: char| !c.is_ascii_digit())
            .any(|word| word == largest.to_string()),
        "{largest}: {text}"
    );
    let hierarchy = home.tshark(&["-r", &capture, "-q", "-z", "io,phs"]).quiet();
    assert!(hierarchy.contains("nflx"), "{hierarchy}");
}

/// Things to notice are found without a tree as well, and each once.
#[test]
fn experts() {
    let Some(home) = Home::new() else { return };
    let capture = home.recorded("loss.pcap.gz");
    let note = "nflx.retransmission_note:0";
    let tapped = home
        .tshark(&["-r", &capture, "-2", "-q", "-o", note, "-z", "expert"])
        .quiet();
    let shown = home.fields(
        &capture,
        &["-2", "-o", note, "-Y", "nflx.expert.retransmitted"],
        &["nflx.segment"],
    );
    assert!(!shown.is_empty());
    assert_eq!(tapped.matches("were retransmitted").count(), shown.len());
    let quiet = home.fields(
        &capture,
        &[
            "-2",
            "-o",
            "nflx.retransmission_note:100",
            "-Y",
            "nflx.expert.retransmitted",
        ],
        &[],
    );
    assert!(quiet.is_empty());

    let midstream = home.recorded("midstream.pcap.gz");
    let prefixes = "nflx.prefixes:10.9.1.0/24";
    let open = home.fields(
        &midstream,
        &["-2", "-o", prefixes, "-Y", "nflx.expert.cut"],
        &["nflx.segment", "nflx.segment.complete"],
    );
    assert!(!open.is_empty(), "the capture ends inside a transfer");
    assert!(
        open.values()
            .all(|row| matches!(row[1].as_str(), "0" | "False")),
        "{open:?}"
    );

    let full = ["-2", "-o", "nflx.max_segments:16", "-Y", "nflx.expert.full"];
    let player = home.recorded("player.pcap.gz");
    let once = home.fields(&player, &full, &["nflx.segment"]);
    assert_eq!(once.len(), 1, "said once: {once:?}");
    let read_ahead = home.fields(
        &player,
        &[&full[..], &["-o", &format!("nflx.read_ahead:{player}")]].concat(),
        &["nflx.segment"],
    );
    assert_eq!(
        read_ahead.keys().collect::<Vec<_>>(),
        once.keys().collect::<Vec<_>>()
    );
}

/// A capture without each of its packets whose number is a multiple of `every`.
fn with_gaps(capture: &[u8], every: usize) -> Vec<u8> {
    let (header, mut rest) = capture.split_at(24);
    let mut kept = header.to_vec();
    let mut number = 0;
    while let Some(captured) = rest.get(8..12) {
        let captured = u32::from_le_bytes(captured.try_into().expect("four bytes")) as usize;
        let (record, behind) = rest.split_at(16 + captured);
        number += 1;
        if number % every != 0 {
            kept.extend_from_slice(record);
        }
        rest = behind;
    }
    kept
}

/// Bytes that were never captured are found where nobody asks for a tree, as where somebody does.
#[test]
fn missing_bytes() {
    let Some(home) = Home::new() else { return };
    let path = home.path().join("gaps.pcap");
    fs::write(
        &path,
        with_gaps(&decompressed(&recorded_folder().join("player.pcap.gz")), 41),
    )
    .expect("ours");
    home.open_to_all();
    let capture = path.to_str().expect("UTF-8");
    for passes in [&[][..], &["-2"]] {
        let found = home.fields(
            capture,
            &[passes, &["-Y", "nflx.expert.missing"]].concat(),
            &["nflx.segment"],
        );
        let tapped = home
            .tshark(&[&["-r", capture, "-q", "-z", "expert"][..], passes].concat())
            .quiet();
        assert!(found.len() > 3, "{found:?}");
        assert_eq!(
            tapped.matches("were never captured").count(),
            found.len(),
            "{passes:?}: {tapped}"
        );
        let mut segments: Vec<_> = found.values().map(|row| &row[0]).collect();
        segments.sort();
        segments.dedup();
        assert_eq!(segments.len(), found.len(), "said once for each");
    }
}
