//! Comments that the plugin writes are those of the command-line program.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use nflx_core::Config;

use super::{Home, evidence_comes_late, nflx, recorded_captures};

fn comments(home: &Home, file: &str) -> BTreeMap<u64, String> {
    let args = ["-r", file, "-Y", "frame.comment", "-T", "fields", "-e", "frame.number", "-e", "frame.comment"];
    let text = home.tshark(&args).quiet();
    let rows = text.lines().filter_map(|row| row.split_once('\t'));
    rows.map(|(frame, comment)| (frame.parse().expect("a number"), comment.to_owned())).collect()
}

#[test]
fn plugin_and_program_say_the_same() {
    let Some(home) = Home::new() else { return };
    let mut compared = 0;
    for capture in recorded_captures() {
        // The plugin sees a capture once before it says what it knows.
        if evidence_comes_late(&capture, &Config::default()) {
            continue;
        }
        let program = home.path().join("program.pcapng");
        let status = Command::new(nflx()).arg("annotate").args([&capture, &program]).status();
        assert!(status.expect("the program starts").success(), "{}", capture.display());
        let file = home.capture(&capture);
        home.tshark(&["-2", "-r", &file, "-o", "nflx.comment:TRUE", "-Y", "frame", "-w", "plugin.pcapng"]).quiet();
        let (ours, theirs) = (comments(&home, "program.pcapng"), comments(&home, "plugin.pcapng"));
        compared += ours.len();
        assert_eq!(ours.len(), theirs.len(), "{}", capture.display());
        for (frame, comment) in &ours {
            assert_eq!(theirs.get(frame), Some(comment), "{} frame {frame}", capture.display());
        }
        // An annotated capture gets no second comment from the plugin, and the plugin's can be stripped.
        let args = ["-r", "program.pcapng", "-o", "nflx.comment:TRUE", "-Y", "frame", "-w", "again.pcapng"];
        home.tshark(&args).quiet();
        assert!(comments(&home, "again.pcapng") == ours, "{}", capture.display());
        let (from, to) = (home.path().join("plugin.pcapng"), home.path().join("stripped.pcapng"));
        let status = Command::new(nflx()).args(["annotate", "--strip"]).args([&from, &to]).status();
        assert!(status.expect("the program starts").success());
        assert_eq!(comments(&home, "stripped.pcapng"), BTreeMap::new());
        for name in ["program.pcapng", "plugin.pcapng", "again.pcapng", "stripped.pcapng"] {
            fs::remove_file(home.path().join(name)).expect("ours");
        }
    }
    assert!(compared > 1000, "{compared}");
}
