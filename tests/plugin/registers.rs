//! The plugin as tshark loads it: its name, the symbols that it exports and the fields that it
//! registers.

use std::process::Command;

use super::{Home, plugin};

/// Every field with its type, as the documents promise them.
pub(super) const FIELDS: &[(&str, &str)] = &[
    ("nflx.server", "FT_STRING"),
    ("nflx.server.ipv4", "FT_IPv4"),
    ("nflx.server.ipv6", "FT_IPv6"),
    ("nflx.server.name", "FT_STRING"),
    ("nflx.server.evidence", "FT_STRING"),
    ("nflx.unfollowed", "FT_NONE"),
    ("nflx.evidence", "FT_NONE"),
    ("nflx.evidence.kind", "FT_STRING"),
    ("nflx.evidence.source_frame", "FT_FRAMENUM"),
    ("nflx.evidence.server_frame", "FT_FRAMENUM"),
    ("nflx.server.first_frame", "FT_FRAMENUM"),
    ("nflx.segment.media_duration", "FT_RELATIVE_TIME"),
    ("nflx.segment.bitrate", "FT_DOUBLE"),
    ("nflx.session", "FT_UINT32"),
    ("nflx.session.client", "FT_STRING"),
    ("nflx.session.state", "FT_STRING"),
    ("nflx.session.startup", "FT_RELATIVE_TIME"),
    ("nflx.session.buffer", "FT_RELATIVE_TIME"),
    ("nflx.session.stalls", "FT_UINT32"),
    ("nflx.session.stalled", "FT_RELATIVE_TIME"),
    ("nflx.session.bitrate", "FT_DOUBLE"),
    ("nflx.quality", "FT_STRING"),
    ("nflx.quality.resolution", "FT_UINT16"),
    ("nflx.quality.startup_delay", "FT_RELATIVE_TIME"),
    ("nflx.quality.label", "FT_STRING"),
    ("nflx.quality.value", "FT_DOUBLE"),
    ("nflx.quality.confidence", "FT_DOUBLE"),
    ("nflx.quality.reason", "FT_STRING"),
    ("nflx.quality.session", "FT_UINT32"),
    ("nflx.quality.window", "FT_UINT32"),
    ("nflx.quality.out_of_range", "FT_BOOLEAN"),
    ("nflx.quality.model", "FT_STRING"),
    ("nflx.expert.first_byte", "FT_NONE"),
    ("nflx.expert.slow", "FT_NONE"),
    ("nflx.expert.worse", "FT_NONE"),
    ("nflx.expert.handover", "FT_NONE"),
    ("nflx.expert.reconnect", "FT_NONE"),
    ("nflx.expert.stall", "FT_NONE"),
    ("nflx.expert.aborted", "FT_NONE"),
    ("nflx.expert.unfollowed", "FT_NONE"),
    ("nflx.segment.aborted", "FT_BOOLEAN"),
    ("nflx.server.role", "FT_STRING"),
    ("nflx.server.role_reason", "FT_STRING"),
    ("nflx.via", "FT_STRING"),
    ("nflx.server.in_pkts", "FT_UINT64"),
    ("nflx.server.out_pkts", "FT_UINT64"),
    ("nflx.server.in_bytes", "FT_UINT64"),
    ("nflx.server.out_bytes", "FT_UINT64"),
    ("nflx.flow", "FT_UINT32"),
    ("nflx.flow.in_pkts", "FT_UINT64"),
    ("nflx.flow.out_pkts", "FT_UINT64"),
    ("nflx.flow.in_bytes", "FT_UINT64"),
    ("nflx.flow.out_bytes", "FT_UINT64"),
    ("nflx.direction", "FT_STRING"),
    ("nflx.request", "FT_BOOLEAN"),
    ("nflx.segment", "FT_UINT32"),
    ("nflx.segment.index", "FT_UINT32"),
    ("nflx.segment.kind", "FT_STRING"),
    ("nflx.segment.kind_reason", "FT_STRING"),
    ("nflx.segment.request_frame", "FT_FRAMENUM"),
    ("nflx.segment.first_frame", "FT_FRAMENUM"),
    ("nflx.segment.last_frame", "FT_FRAMENUM"),
    ("nflx.segment.previous_frame", "FT_FRAMENUM"),
    ("nflx.segment.next_frame", "FT_FRAMENUM"),
    ("nflx.segment.pkts", "FT_UINT64"),
    ("nflx.segment.bytes", "FT_UINT64"),
    ("nflx.segment.app_bytes", "FT_UINT64"),
    ("nflx.segment.bytes_so_far", "FT_UINT64"),
    ("nflx.segment.retransmitted_bytes", "FT_UINT64"),
    ("nflx.segment.missing_bytes", "FT_UINT64"),
    ("nflx.segment.size_error", "FT_UINT64"),
    ("nflx.segment.ttfb", "FT_RELATIVE_TIME"),
    ("nflx.segment.duration", "FT_RELATIVE_TIME"),
    ("nflx.segment.throughput", "FT_DOUBLE"),
    ("nflx.segment.complete", "FT_BOOLEAN"),
    ("nflx.segment.settled", "FT_BOOLEAN"),
    ("nflx.server.evidence_scope", "FT_STRING"),
    ("nflx.evidence.name", "FT_STRING"),
    ("nflx.duplicate", "FT_BOOLEAN"),
    ("nflx.segment.mbps", "FT_DOUBLE"),
    ("nflx.segment.estimated", "FT_BOOLEAN"),
    ("nflx.segment.shared", "FT_BOOLEAN"),
    ("nflx.segment.inferred", "FT_BOOLEAN"),
    ("nflx.truncated", "FT_BOOLEAN"),
    ("nflx.expert.cut", "FT_NONE"),
    ("nflx.expert.missing", "FT_NONE"),
    ("nflx.expert.retransmitted", "FT_NONE"),
    ("nflx.expert.prefix_only", "FT_NONE"),
    ("nflx.expert.full", "FT_NONE"),
];

/// The plugin is where tshark looks and does not spoil it; the first thing to look at when others
/// fail.
#[test]
fn loads() {
    let Some(home) = Home::new() else { return };
    let plugins = home.tshark(&["-G", "plugins"]).quiet();
    let row = plugins
        .lines()
        .find(|row| row.starts_with("libnflx_plugin.so\t"))
        .expect("the plugin is loaded");
    assert_eq!(row.split('\t').nth(1), Some(env!("CARGO_PKG_VERSION")));
    assert_eq!(row.split('\t').nth(2), Some("dissector"));
}

#[test]
fn registers_the_fields_that_are_promised() {
    let Some(home) = Home::new() else { return };
    let listed = home.tshark(&["-G", "fields"]).quiet();
    let rows = listed
        .lines()
        .map(|row| row.split('\t').collect::<Vec<_>>());
    let mut found: Vec<(&str, &str)> = Vec::new();
    for row in rows.filter(|row| row[0] == "F" && row[2].starts_with("nflx.")) {
        // F, title, name, type, parent, base, bitmask, description.
        assert!(!row[1].is_empty(), "{row:?}");
        assert!(
            row[2].starts_with("nflx.expert.") || !row[7].is_empty(),
            "no description: {row:?}"
        );
        found.push((row[2], row[3]));
    }
    found.sort_unstable();
    let mut promised = FIELDS.to_vec();
    promised.sort_unstable();
    assert_eq!(found, promised);
}

/// A plugin that exports more could meet another library's symbols in the same process.
#[test]
fn exports_what_wireshark_asks_for_and_nothing_else() {
    static WANTED: [&str; 5] = [
        "plugin_describe",
        "plugin_register",
        "plugin_version",
        "plugin_want_major",
        "plugin_want_minor",
    ];
    let output = Command::new("nm")
        .args(["-D", "--defined-only", "--format=posix"])
        .arg(plugin())
        .output();
    let symbols =
        String::from_utf8(output.expect("nm is part of every compiler").stdout).expect("UTF-8");
    let mut names: Vec<_> = symbols
        .lines()
        .filter_map(|line| line.split(' ').next())
        .collect();
    names.sort_unstable();
    assert_eq!(names, WANTED);
}
