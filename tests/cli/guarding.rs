//! A run must not destroy its input, lose its output without a message, wait for ever, or print
//! strangers' bytes.

use std::fs;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::process::{Command, Output};

use super::{Folder, nflx, recorded, run};

/// Runs a line of the shell, in which `$NFLX` is the program.
fn shell(folder: &Folder, line: &str) -> Output {
    Command::new("timeout")
        .args(["60", "sh", "-c", line])
        .env("NFLX", nflx())
        .current_dir(folder.0.path())
        .output()
        .expect("a shell")
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("UTF-8")
}

#[test]
fn no_capture_is_written_over_by_whatever_name() {
    let folder = Folder::new();
    let before = fs::read(recorded("tls13.pcap.gz")).expect("there");
    let path = folder.file("in.pcap", &before);
    fs::hard_link(&path, folder.path("hard")).expect("linked");
    symlink(&path, folder.path("soft")).expect("linked");
    for line in [
        "$NFLX servers - < in.pcap -o in.pcap",
        "$NFLX segments - < in.pcap -o hard",
        "$NFLX packets in.pcap -o soft",
        "$NFLX features hard -o in.pcap",
        "$NFLX servers in.pcap >> in.pcap",
        "$NFLX servers in.pcap -o - 1<> hard",
        "$NFLX servers /dev/stdin < in.pcap -o in.pcap",
        "$NFLX servers . -o hard",
        "$NFLX report - < in.pcap -o in.pcap",
        "$NFLX report in.pcap >> in.pcap",
        "$NFLX annotate - in.pcap < in.pcap",
        "$NFLX annotate in.pcap hard",
        "$NFLX annotate in.pcap - >> in.pcap",
    ] {
        let output = shell(&folder, line);
        assert_eq!(output.status.code(), Some(2), "{line}: {}", said(&output));
        let said = said(&output);
        assert!(
            said.contains("is one of the captures and would be lost; name another")
                && said.lines().count() == 1,
            "{line}: {said}"
        );
        assert!(fs::read(&path).expect("there") == before, "{line}");
    }
    // A partition may be named like one that is read.
    let part = folder.0.path().join("out/capture=in.pcap");
    fs::create_dir_all(&part).expect("made");
    fs::hard_link(&path, part.join("part.parquet")).expect("linked");
    let output = shell(&folder, "$NFLX servers in.pcap --partition -o out");
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(fs::read(&path).expect("there") == before);
    // Others are written.
    for line in [
        "$NFLX servers - < in.pcap -o rows && test -s rows",
        "$NFLX servers in.pcap >> rows",
    ] {
        let output = shell(&folder, line);
        assert_eq!(output.status.code(), Some(0), "{line}: {}", said(&output));
    }
}

#[test]
fn a_closed_output_is_a_failure_and_nowhere_is_none() {
    let folder = Folder::new();
    folder.file(
        "in.pcap",
        &fs::read(recorded("tls13.pcap.gz")).expect("there"),
    );
    for line in [
        "$NFLX segments in.pcap >&-",
        "$NFLX servers in.pcap <&- >&-",
        "$NFLX report in.pcap >&-",
        "$NFLX annotate in.pcap - >&-",
        "$NFLX settings >&-",
        "$NFLX --help >&-",
    ] {
        let output = shell(&folder, line);
        assert_eq!(output.status.code(), Some(2), "{line}");
        assert_eq!(
            said(&output),
            "nflx: standard output: cannot be written: it is closed\n",
            "{line}"
        );
    }
    for line in [
        "$NFLX segments in.pcap > /dev/null",
        // As Python's subprocess.DEVNULL opens it.
        "$NFLX segments in.pcap 1<> /dev/null",
        "$NFLX segments in.pcap -o rows >&- && test -s rows",
        "$NFLX segments in.pcap 2>&-",
    ] {
        let output = shell(&folder, line);
        assert_eq!(
            (output.status.code(), said(&output).as_str()),
            (Some(0), ""),
            "{line}"
        );
    }
}

#[test]
fn what_would_be_waited_for_is_passed_over_unless_it_is_named() {
    let folder = Folder::new();
    folder.file(
        "a.pcap",
        &fs::read(recorded("tls13.pcap.gz")).expect("there"),
    );
    let alone = shell(&folder, "$NFLX segments a.pcap");
    for line in [
        "mkfifo b.pcap && $NFLX segments '*.pcap'",
        "$NFLX segments '[ab].pcap'",
    ] {
        let output = shell(&folder, line);
        assert_eq!(
            (output.status.code(), &output.stdout),
            (Some(0), &alone.stdout),
            "{line}"
        );
        assert!(
            said(&output).starts_with("nflx: b.pcap: is a FIFO; ")
                && said(&output).lines().count() == 1,
            "{}",
            said(&output)
        );
    }
    let output = shell(&folder, "$NFLX segments 'b*'");
    assert_eq!(output.status.code(), Some(2));
    let output = shell(&folder, "$NFLX segments .");
    assert_eq!(output.status.code(), Some(0));
    assert!(
        said(&output).contains("./b.pcap: is a FIFO"),
        "{}",
        said(&output)
    );
    let output = shell(&folder, "cat a.pcap > b.pcap & $NFLX segments b.pcap");
    assert_eq!(
        (output.status.code(), said(&output).as_str()),
        (Some(0), ""),
        "named"
    );
}

#[test]
fn each_file_of_a_folder_is_read_once() {
    let folder = Folder::new();
    let real = folder.0.path().join("real");
    fs::create_dir(&real).expect("made");
    fs::copy(recorded("tls13.pcap.gz"), real.join("a.pcap")).expect("copied");
    let alone = shell(&folder, "$NFLX segments real");
    symlink("real", folder.path("x")).expect("linked");
    symlink("real", folder.path("y")).expect("linked");
    let both = shell(&folder, "$NFLX segments real x y");
    assert_eq!((both.status.code(), &both.stdout), (Some(0), &alone.stdout));
    assert_eq!(said(&both), "");
}

#[test]
fn names_of_files_compute_and_steer_nothing() {
    let folder = Folder::new();
    let bytes = fs::read(recorded("tls13.pcap.gz")).expect("there");
    let formula = "=HYPERLINK(\"x\")&A1,b.pcap";
    folder.file(formula, &bytes);
    let output = shell(&folder, "$NFLX servers --format csv =*.pcap");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let mut records = csv::Reader::from_reader(text.as_bytes());
    for record in records.records() {
        assert_eq!(&record.expect("CSV")[0], format!("'{formula}"));
    }
    assert!(
        text.lines().nth(1).expect("a row").starts_with("\"'="),
        "{text}"
    );

    let steering = "a\x1b[2J\n\u{202e}pacp.pcap";
    folder.file(steering, &bytes);
    let shown = "a\\u{1b}[2J\\n\\u{202e}pacp.pcap";
    let path = folder.path(steering);
    let table = run(&[
        "servers",
        "--format",
        "table",
        &path,
        &folder.path("missing\u{9b}"),
    ]);
    assert_eq!(table.status, Some(2));
    assert!(table.stdout.contains(shown), "{}", table.stdout);
    assert_eq!(table.stderr.lines().count(), 1, "{}", table.stderr);
    let page = run(&["report", &path]).stdout;
    assert!(page.contains(shown) && !page.contains(['\x1b', '\u{202e}']));
    let json = run(&["servers", &path]).quiet();
    assert!(!json.contains(['\x1b', '\u{202e}']));
    for line in json.lines() {
        let row: serde_json::Value = serde_json::from_str(line).expect("JSON");
        assert_eq!(row["capture"], path);
    }
    // Cut, it is talked about.
    let mut cut = fs::File::create(&path).expect("made");
    cut.write_all(&bytes[..bytes.len() / 2]).expect("written");
    let outcome = run(&["report", "-o", &folder.path("page"), &path]);
    assert_eq!(outcome.status, Some(1));
    assert!(outcome.sentence().contains(shown), "{}", outcome.stderr);
}
