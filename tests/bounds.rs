//! Traffic that asks for more than there is room for: the command stays within its memory, and a
//! capture without end takes no more the longer it runs. `make bounds` is the same with millions of
//! packets.

use std::fs::File;
use std::process::{Command, Stdio};

use crate::plugin::nflx;

/// Most address space of the command, in kB: 256 MB of memory, and the pages that programs map
/// without using them.
const ADDRESS_SPACE: u32 = 300 * 1024;

#[test]
fn the_command_stays_within_its_memory() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (kind, count, short) in [
        (
            "flows",
            400_000,
            &["flows", "addresses", "followed flows"][..],
        ),
        ("names", 100_000, &["servers"]),
        ("segment", 50_000, &[]),
        ("pieces", 50_000, &[]),
        ("holes", 80_000, &["followed flows"]),
        ("heads", 60_000, &["followed flows"]),
        ("hellos", 50_000, &[]),
        ("messages", 500, &[]),
        ("requests", 200_000, &[]),
    ] {
        let path = folder.path().join(kind);
        let file = File::create(&path).expect("ours");
        let mut write = Command::new(env!("CARGO_BIN_EXE_bounds"));
        let written = write
            .args(["write", kind, &count.to_string()])
            .stdout(file)
            .status()
            .expect("it starts");
        assert!(written.success(), "{kind}");
        let limited = format!("ulimit -v {ADDRESS_SPACE} && exec \"$0\" \"$@\"");
        let output = Command::new("bash")
            .args(["-c", &limited])
            .arg(nflx())
            .args(["servers", "--format", "jsonl"])
            .arg(&path)
            .stdout(Stdio::null())
            .output()
            .expect("bash is there");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{kind}: {said}");
        // Losses are reported, with the setting to change.
        assert_eq!(
            said.contains("had no room"),
            !short.is_empty(),
            "{kind}: {said}"
        );
        for what in short {
            assert!(said.contains(&format!(" {what}")), "{kind}: {said}");
        }
        std::fs::remove_file(path).expect("ours");
    }
}

#[test]
fn a_capture_without_end_takes_no_more_memory() {
    let limits = [
        "max_flows=2000",
        "max_connections=100",
        "max_servers=20",
        "max_segments=2000",
        "max_viewers=50",
    ];
    let mut endless = Command::new(env!("CARGO_BIN_EXE_bounds"));
    let output = endless
        .args(["engine", "300000"])
        .args(limits)
        .output()
        .expect("it starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&output.stdout)
    );
}
