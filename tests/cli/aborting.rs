//! Remains of a run that was ended from outside.

use std::io::Write;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use super::{Folder, decompressed, nflx, recorded};

const SIGHUP: i32 = 1;
const SIGINT: i32 = 2;
const SIGTERM: i32 = 15;

/// A run that waits in the middle of its input for more.
fn begin(args: &[&str], ignoring: Option<&str>) -> Child {
    let mut command = match ignoring {
        // The shell's way to start a program that ignores a signal.
        Some(signal) => {
            let mut command = Command::new("sh");
            command
                .args(["-c", &format!("trap '' {signal}; exec \"$@\""), "sh"])
                .arg(nflx());
            command
        }
        // Whatever the tests themselves were started to ignore, as by nohup.
        None => {
            let mut command = Command::new("env");
            command.arg("--default-signal=HUP,INT,TERM").arg(nflx());
            command
        }
    };
    let mut child = command
        .args(args)
        .stdin(Stdio::piped())
        .process_group(0)
        .spawn()
        .expect("the program starts");
    let bytes = decompressed(&recorded("tls13.pcap.gz"));
    child
        .stdin
        .as_mut()
        .expect("piped")
        .write_all(&bytes[..bytes.len() / 2])
        .expect("it reads");
    child
}

fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(20), "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Waits for the end of a run whose input does not end.
fn end(child: &mut Child) -> ExitStatus {
    let mut status = None;
    // `wait` would close the input first.
    wait_until("the end", || {
        status = child.try_wait().expect("a child");
        status.is_some()
    });
    status.expect("it ended")
}

fn send(child: &Child, signal: i32) {
    let status = Command::new("sh")
        .args(["-c", &format!("kill -{signal} {}", child.id())])
        .status()
        .expect("a shell");
    assert!(status.success());
}

#[test]
fn a_signal_leaves_no_temporary_file() {
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        let folder = Folder::new();
        let before = folder.file("rows.parquet", b"before");
        let mut child = begin(&["packets", "-", "-o", &before], None);
        wait_until("a temporary file", || folder.names().len() == 2);
        send(&child, signal);
        let status = end(&mut child);
        assert_eq!(status.signal(), Some(signal), "it ends as without our care");
        assert_eq!(folder.names(), ["rows.parquet"]);
        assert_eq!(std::fs::read(&before).expect("there"), b"before");
    }
}

#[test]
fn a_signal_leaves_whole_partitions_only() {
    let folder = Folder::new();
    let root = folder.path("root");
    let mut child = begin(
        &[
            "packets",
            &recorded("vlan.pcap.gz"),
            "-",
            "--partition",
            "-o",
            &root,
            "-j",
            "1",
        ],
        None,
    );
    let names = || -> Vec<String> {
        let entries = std::fs::read_dir(&root).into_iter().flatten();
        entries
            .map(|entry| {
                entry
                    .expect("there")
                    .file_name()
                    .into_string()
                    .expect("UTF-8")
            })
            .collect()
    };
    wait_until("the first partition", || {
        names().iter().any(|name| name.starts_with("capture="))
    });
    send(&child, SIGINT);
    assert_eq!(end(&mut child).signal(), Some(SIGINT));
    assert_eq!(names().len(), 1, "{:?}", names());
}

#[test]
fn a_signal_that_is_ignored_stays_so() {
    let folder = Folder::new();
    let mut child = begin(&["servers", "-", "-o", &folder.path("rows")], Some("HUP"));
    wait_until("a temporary file", || folder.names().len() == 1);
    send(&child, SIGHUP);
    drop(child.stdin.take());
    let status = child.wait().expect("it ends");
    assert_eq!(
        status.code(),
        Some(1),
        "damaged, but done: the stream was cut"
    );
    assert_eq!(folder.names(), ["rows"]);
}
