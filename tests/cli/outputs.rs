//! Output files: whole or not there, and what happens to the one before.

use super::*;

#[test]
fn an_output_file_appears_only_when_complete() {
    let folder = Folder::new();
    let capture = recorded("tls13.pcap.gz");
    let expected = run(&["segments", &capture]).quiet();
    let output = folder.path("rows");

    assert_eq!(run(&["segments", "-o", &output, &capture]).quiet(), "");
    assert_eq!(fs::read_to_string(&output).expect("there"), expected);

    // Nothing could be read: what was there stays.
    let outcome = run(&[
        "segments",
        "--format",
        "csv",
        "-o",
        &output,
        &folder.path("missing"),
    ]);
    assert_eq!(outcome.status, Some(2));
    assert_eq!(fs::read_to_string(&output).expect("there"), expected);

    // Something could: that is kept, damage or not.
    let cut = folder.file("cut", &pcap(1, &[&[0; 60]])[..60]);
    let outcome = run(&["segments", "-o", &output, &cut]);
    assert_eq!(outcome.status, Some(1));
    assert_eq!(fs::read_to_string(&output).expect("there"), "");
    assert_eq!(folder.names(), ["cut", "rows"], "no temporary file is left");

    // A capture is never overwritten.
    let before = fs::read(&cut).expect("there");
    let outcome = run(&["segments", "-o", &folder.path("./cut"), &capture, &cut]);
    assert_eq!(outcome.status, Some(2));
    assert!(
        outcome.sentence().contains("is one of the captures"),
        "{}",
        outcome.stderr
    );
    assert_eq!(fs::read(&cut).expect("there"), before);

    let outcome = run(&["segments", "-o", &folder.path("no/such/folder"), &capture]);
    assert_eq!(outcome.status, Some(2));
    assert!(
        outcome
            .sentence()
            .ends_with("cannot be written: No such file or directory"),
        "{}",
        outcome.stderr
    );
    let outcome = run(&["segments", "-o", &folder.path(""), &capture]);
    assert_eq!(outcome.status, Some(2));
    assert!(
        outcome.sentence().contains("irectory"),
        "{}",
        outcome.stderr
    );
}

#[cfg(unix)]
#[test]
fn an_output_file_that_cannot_be_completed_leaves_the_earlier_one() {
    let full = Path::new("/dev/full");
    if !full.exists() {
        return;
    }
    let outcome = run(&["packets", "-o", "/dev/full", &recorded("tls13.pcap.gz")]);
    assert_eq!(outcome.status, Some(2));
    assert_eq!(
        outcome.sentence(),
        "/dev/full: cannot be written: No space left on device"
    );
    assert!(full.exists(), "a device is written, not replaced");
}

#[test]
fn a_reader_that_has_seen_enough_ends_the_run_quietly() {
    for format in ["jsonl", "csv", "table"] {
        let mut child = Command::new(nflx())
            .args([
                "packets",
                "--format",
                format,
                &recorded("player.pcap.gz"),
                &recorded("player.pcap.gz"),
            ])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut stdout = child.stdout.take().expect("piped");
        stdout.read_exact(&mut [0; 100]).expect("rows");
        drop(stdout);
        let output = child.wait_with_output().expect("the program ends");
        assert_eq!(
            (output.status.code(), output.stderr.as_slice()),
            (Some(0), &b""[..]),
            "{format}"
        );
    }
}
