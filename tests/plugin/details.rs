//! Ways to use the details of a packet: read the line on top, follow links, filter by a right
//! click.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{Home, nflx_rows, recorded_folder};

const CAPTURE: &str = "tls13.pcap.gz";

/// Nodes of a packet's details, at any depth.
fn nodes<'a>(tree: &'a Value, found: &mut Vec<&'a Value>) {
    for node in tree.as_array().into_iter().flatten() {
        found.push(node);
        nodes(&node["n"], found);
    }
}

/// The plugin's nodes among the details of a frame that sharkd gives.
fn ours(details: &Value) -> Vec<&Value> {
    let layers = details["tree"].as_array().expect("layers");
    let layer = layers
        .iter()
        .find(|layer| layer["f"] == "nflx")
        .expect("our layer");
    let mut found = vec![layer];
    nodes(&layer["n"], &mut found);
    found
}

fn number(row: &Value, key: &str) -> u64 {
    row[key]
        .as_u64()
        .unwrap_or_else(|| panic!("{key} of {row}"))
}

fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<_> = digits
        .as_bytes()
        .rchunks(3)
        .rev()
        .map(|group| str::from_utf8(group).expect("digits"))
        .collect();
    groups.join(",")
}

/// "Netflix, Src: video server …, Segment 17 (video), 1,245,184 bytes in 0.62 s", with what the
/// whole capture tells.
#[test]
fn the_line_on_top_tells_the_story() {
    let Some(home) = Home::new() else { return };
    let path = recorded_folder().join(CAPTURE);
    let servers = nflx_rows("servers", &[], &path);
    let roles: BTreeMap<_, _> = servers
        .iter()
        .map(|row| (row["server"].as_str(), row["role"].as_str()))
        .collect();
    let text = home
        .tshark(&[
            "-2",
            "-r",
            &home.capture(&path),
            "-Y",
            "nflx.segment",
            "-V",
            "-O",
            "nflx",
        ])
        .quiet();
    for row in nflx_rows("segments", &[], &path) {
        let role = match roles[&row["server"].as_str()].expect("a role") {
            "audio_video" => "audio and video ".to_owned(),
            "unknown" => String::new(),
            role => format!("{role} "),
        };
        let said = format!("{role}server {}", row["name"].as_str().expect("a name"));
        let segment = format!(
            "Segment {} ({})",
            row["segment"],
            row["kind"].as_str().expect("a kind")
        );
        let duration = row["duration_s"].as_f64().expect("a duration");
        let end = if row["complete"] == true {
            ""
        } else {
            ", still open where the capture ends"
        };
        let total = format!(
            "{} bytes in {duration:.2} s{end}",
            grouped(number(&row, "bytes"))
        );
        for story in [
            format!("[Netflix, Dst: {said}, {segment} request, {total}]"),
            format!("[Netflix, Src: {said}, {segment}, {total}]"),
        ] {
            assert!(text.lines().any(|line| line == story), "{story}");
        }
    }
}

/// Links lead from each segment to the one before and the one after of the same server.
#[test]
fn segments_of_a_server_are_linked() {
    let Some(home) = Home::new() else { return };
    let path = recorded_folder().join(CAPTURE);
    let fields = [
        "nflx.segment",
        "nflx.segment.previous_frame",
        "nflx.segment.next_frame",
    ];
    let shown = home.fields(
        &home.capture(&path),
        &["-2", "-Y", "nflx.request && nflx.segment"],
        &fields,
    );
    let mut rows = nflx_rows("segments", &[], &path);
    rows.sort_by_key(|row| (row["server"].to_string(), number(row, "segment")));
    let mut links = 0;
    for (index, row) in rows.iter().enumerate() {
        let neighbour = |at: Option<usize>| {
            let other = at
                .and_then(|at| rows.get(at))
                .filter(|other| other["server"] == row["server"]);
            other.map_or(String::new(), |other| {
                number(other, "request_frame").to_string()
            })
        };
        let expected = [
            row["segment"].to_string(),
            neighbour(index.checked_sub(1)),
            neighbour(Some(index + 1)),
        ];
        assert_eq!(shown[&number(row, "request_frame")], expected);
        links += usize::from(!expected[1].is_empty());
    }
    assert!(links > 5);
}

/// "Apply as Filter" on any of our lines gives a filter that the packet itself passes.
#[test]
fn right_clicks_give_filters_that_work() {
    let Some(home) = Home::new() else { return };
    let path = recorded_folder().join(CAPTURE);
    let segments = nflx_rows("segments", &[], &path);
    let middle = &segments[segments.len() / 2];
    let mut asked = Vec::new();
    let mut frames = Vec::new();
    for frame in [
        number(middle, "request_frame"),
        number(middle, "first_frame"),
        number(middle, "last_frame"),
    ] {
        asked.push(("frame", json!({ "frame": frame, "proto": true })));
        frames.push(frame);
    }
    let Some(details) = home.sharkd(&path, &asked) else {
        return;
    };
    let mut filters: Vec<(u64, String)> = Vec::new();
    for (frame, details) in frames.iter().zip(&details) {
        for node in ours(details) {
            // Everything is what the analysis says, and none of it stands in the packet's bytes: in
            // brackets.
            assert_eq!(node["g"], true, "{node}");
            let filter = node["f"].as_str().expect("a filter");
            // A piece of evidence is a text; the packet that gave it is below.
            if filter != "text" {
                filters.push((*frame, filter.to_owned()));
            }
        }
    }
    let names: BTreeSet<_> = filters
        .iter()
        .map(|(_, filter)| filter.split(' ').next().expect("a name"))
        .collect();
    for name in [
        "nflx.segment.throughput",
        "nflx.segment.ttfb",
        "nflx.segment.previous_frame",
        "nflx.server.ipv4",
    ] {
        assert!(names.contains(name), "{name} is not in {names:?}");
    }
    let asked: Vec<_> = filters
        .iter()
        .map(|(_, filter)| ("frames", json!({ "filter": filter })))
        .collect();
    for ((frame, filter), passed) in filters
        .iter()
        .zip(home.sharkd(&path, &asked).expect("it was there"))
    {
        let passed = passed
            .as_array()
            .unwrap_or_else(|| panic!("{filter} is no filter: {passed}"));
        assert!(
            passed.iter().any(|row| row["num"] == *frame),
            "frame {frame} does not pass its own {filter}"
        );
    }
}

/// Frames that sharkd, and so every window built on it, shows as links.
#[test]
fn frames_are_links() {
    let Some(home) = Home::new() else { return };
    let path = recorded_folder().join(CAPTURE);
    let segments = nflx_rows("segments", &[], &path);
    let middle = &segments[segments.len() / 2];
    let frame = json!({ "frame": number(middle, "first_frame"), "proto": true });
    let Some(details) = home.sharkd(&path, &[("frame", frame)]) else {
        return;
    };
    let links: Vec<u64> = ours(&details[0])
        .iter()
        .filter(|node| node["t"] == "framenum")
        .filter_map(|node| node["fnum"].as_u64())
        .collect();
    for key in ["request_frame", "first_frame", "last_frame"] {
        assert!(
            links.contains(&number(middle, key)),
            "{key} is not in {links:?}"
        );
    }
    // Those three, both neighbours, the server's first packet, and the evidence by name server and
    // by the server's name.
    assert_eq!(links.len(), 8, "{links:?}");
}

/// Follow Stream shows what it shows without the plugin.
#[test]
fn following_a_stream_is_left_alone() {
    let Some(home) = Home::new() else { return };
    for (capture, follow) in [
        ("http-plain.pcap.gz", "follow,http,ascii,0"),
        ("http-plain.pcap.gz", "follow,tcp,ascii,1"),
        ("h3.pcap.gz", "follow,udp,hex,1"),
    ] {
        let capture = home.recorded(capture);
        let args = ["-q", "-r", &capture, "-z", follow];
        let with = home.tshark(&args).quiet();
        let without = home
            .tshark(&[&args[..], &["--disable-protocol", "nflx"]].concat())
            .quiet();
        assert!(with.len() > 500 && with == without, "{follow}");
    }
}

/// A DNS answer says which server it names, and leads to the server's first packet.
#[test]
fn packets_that_name_servers_lead_to_them() {
    let Some(home) = Home::new() else { return };
    let path = recorded_folder().join("player.pcap.gz");
    let mut first = BTreeMap::new();
    for row in nflx_rows("packets", &[], &path) {
        let server = row["server"].as_str().expect("an address").to_owned();
        first
            .entry(server)
            .or_insert_with(|| row["frame"].to_string());
    }
    let named = home.fields(
        &home.capture(&path),
        &["-2", "-Y", "nflx.evidence && dns.a"],
        &["nflx.evidence.kind", "nflx.evidence.server_frame", "dns.a"],
    );
    assert!(!named.is_empty());
    for (frame, row) in named {
        assert!(row[0].split(',').all(|kind| kind == "dns"), "{frame}");
        for (address, to) in row[2].split(',').zip(row[1].split(',')) {
            assert_eq!(first.get(address).map(String::as_str), Some(to), "{frame}");
        }
    }
}
