//! First sight of the plugin is right: kinds in one pass, evidence, marks of damage, the profile.

use std::collections::BTreeSet;
use std::fs;

use super::profile::shipped;
use super::{Home, nflx_rows, recorded_folder};

/// Frames of a capture's packets that a filter lets pass.
fn frames(home: &Home, capture: &str, options: &[&str], filter: &str) -> BTreeSet<u64> {
    let options = [options, &["-Y", filter]].concat();
    home.fields(capture, &options, &[]).into_keys().collect()
}

#[test]
fn a_kind_is_pending_until_it_is_decided_and_final_with_read_ahead() {
    let Some(home) = Home::new() else { return };
    let capture = home.recorded("player.pcap.gz");
    let ahead = format!("nflx.read_ahead:{capture}");
    let (once, twice, ahead): (&[&str], &[&str], &[&str]) = (&[], &["-2"], &["-o", &ahead]);
    let media = r#"nflx.request && nflx.segment.kind in {"video","audio"}"#;
    let expected = frames(&home, &capture, twice, media);
    assert!(expected.len() > 20, "{expected:?}");
    assert_eq!(frames(&home, &capture, ahead, media), expected);
    let other = r#"nflx.request && nflx.segment.kind == "other""#;
    let said_other = frames(&home, &capture, once, other);
    assert!(said_other.is_disjoint(&expected), "{said_other:?}");
    let pending = r#"nflx.request && nflx.segment.kind == "pending""#;
    assert!(!frames(&home, &capture, once, pending).is_empty());
    assert!(frames(&home, &capture, ahead, pending).is_empty());

    // Sums over requests are those of the segments.
    let sum = "io,stat,0,SUM(nflx.segment.bytes)nflx.segment.bytes && nflx.request";
    let shown = home.tshark(&[&["-q", "-z", sum, "-r", &capture], ahead].concat());
    let path = recorded_folder().join("player.pcap.gz");
    let rows = nflx_rows("segments", &[], &path);
    let bytes: u64 = rows.iter().filter_map(|row| row["bytes"].as_u64()).sum();
    let shown = shown.quiet();
    assert!(shown.contains(&format!("| {bytes} ")), "{bytes}: {shown}");
}

#[test]
fn each_kind_of_evidence_is_a_value_of_its_own() {
    let Some(home) = Home::new() else { return };
    let capture = home.recorded("player.pcap.gz");
    let all = frames(&home, &capture, &["-2"], "nflx");
    for kind in ["dns", "sni"] {
        let found = frames(
            &home,
            &capture,
            &["-2"],
            &format!("nflx.server.evidence == \"{kind}\""),
        );
        assert_eq!(found, all, "{kind}");
    }
}

#[test]
fn only_what_is_cut_is_marked_as_damage() {
    let Some(home) = Home::new() else { return };
    for name in ["player.pcap.gz", "loss.pcap.gz", "h2.pcap.gz"] {
        let capture = home.recorded(name);
        let fields = ["nflx.segment"];
        let marked = home.fields(&capture, &["-2", "-Y", "nflx.expert.cut"], &fields);
        let marked: BTreeSet<_> = marked.into_values().map(|row| row[0].clone()).collect();
        let rows = nflx_rows("segments", &[], &recorded_folder().join(name));
        let is_cut = |row: &&serde_json::Value| row["complete"] == false;
        let cut = rows.iter().filter(is_cut);
        let cut: BTreeSet<_> = cut.map(|row| row["segment"].to_string()).collect();
        assert_eq!(marked, cut, "{name}");
        assert!(cut.len() < rows.len() / 4, "{name}: {cut:?}");
    }
}

#[test]
fn notes_are_the_same_in_one_pass_that_reads_ahead_and_in_two() {
    let Some(home) = Home::new() else { return };
    for name in ["loss.pcap.gz", "player.pcap.gz"] {
        let capture = home.recorded(name);
        let ahead = format!("nflx.read_ahead:{capture}");
        let said = |options: &[&str]| {
            let filter = ["-Y", "nflx && _ws.expert", "-T", "fields"];
            let shown = ["-e", "frame.number", "-e", "_ws.expert.message"];
            let args = [&["-r", &capture][..], options, &filter, &shown].concat();
            let text = home.tshark(&args).quiet();
            assert!(!text.is_empty(), "{name}");
            text
        };
        assert_eq!(said(&["-2"]), said(&["-2", "-o", &ahead]), "{name}");
        assert_eq!(said(&["-2"]), said(&["-o", &ahead]), "{name}");
    }
}

#[test]
fn the_profile_shows_each_column_and_draws_in_one_unit() {
    let read = |name: &str| fs::read_to_string(shipped().join(name)).expect("UTF-8");
    let (preferences, recent) = (read("preferences"), read("recent"));
    let columns: Vec<_> = preferences
        .lines()
        .filter_map(|line| line.split("%Cus:").nth(1))
        .filter_map(|column| column.split(':').next())
        .collect();
    assert!(columns.len() >= 5, "{columns:?}");
    for column in &columns {
        assert!(recent.contains(&format!("%Cus:{column}, ")), "{column}");
    }
    assert!(columns.contains(&"nflx.segment.mbps"));
    let graphs = read("io_graphs");
    let drawn: Vec<_> = graphs
        .lines()
        .filter(|line| line.starts_with("\"Enabled\""))
        .collect();
    assert!(drawn.iter().all(|line| line.contains("\"Bits\"")));
    for kind in ["video", "audio"] {
        let of_kind = |line: &&&str| line.contains(&format!("\\x22{kind}\\x22"));
        assert_eq!(drawn.iter().filter(of_kind).count(), 1, "{kind}");
    }
}
