//! Many captures in one run: which they are, on how many cores, what one that is damaged does to
//! the rest.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::formats::run_python;
use super::{COMMANDS, Folder, Outcome, nflx, recorded, run};

/// A folder of captures, some in folders in it, with what is none between them.
fn captures(folder: &Folder, count: usize) -> Vec<String> {
    let sources = [
        "tls13-snap96.pcap.gz",
        "h2.pcap.gz",
        "midstream.pcap.gz",
        "two-interfaces.pcapng.gz",
        "vlan.pcap.gz",
    ];
    let mut paths: Vec<_> = (0..count)
        .map(|number| {
            let source = sources[number % sources.len()];
            let day = folder.0.path().join(format!("day {}", number % 3));
            fs::create_dir_all(&day).expect("made");
            let path = day.join(format!("{number:03}-{source}"));
            // No links: each file is read once.
            fs::copy(recorded(source), &path).expect("copied");
            path.to_str().expect("UTF-8").to_owned()
        })
        .collect();
    fs::write(folder.0.path().join("day 0/notes.jsonl"), "{}").expect("written");
    fs::write(folder.0.path().join(".hidden.pcap"), "").expect("written");
    paths.sort();
    paths
}

fn lines(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect()
}

/// The same run whatever the number of jobs.
fn with_jobs(args: &[&str]) -> Outcome {
    let one = run(&[args, &["--jobs", "1"]].concat());
    for jobs in ["2", "7"] {
        let outcome = run(&[args, &["--jobs", jobs]].concat());
        assert_eq!(
            (outcome.status, &outcome.stdout, &outcome.stderr),
            (one.status, &one.stdout, &one.stderr),
            "{args:?} with {jobs} jobs"
        );
    }
    one
}

#[test]
fn order_does_not_depend_on_who_is_first() {
    let folder = Folder::new();
    let paths = captures(&folder, 12);
    for command in COMMANDS.into_iter().chain(["features"]) {
        let one_by_one: String = paths
            .iter()
            .map(|path| run(&[command, path]).quiet())
            .collect();
        assert_eq!(with_jobs(&[command, &folder.path("")]).quiet(), one_by_one);
        for format in ["csv", "table"] {
            let all = with_jobs(&[command, &folder.path(""), "--format", format]).quiet();
            assert_eq!(
                all.lines().count(),
                1 + one_by_one.lines().count(),
                "{format}: one heading"
            );
        }
    }
}

#[test]
fn two_hundred_captures_and_one_of_them_damaged() {
    let folder = Folder::new();
    let paths = captures(&folder, 200);
    let whole = with_jobs(&["servers", &folder.path("")]).quiet();
    let damaged = &paths[77];
    // Not a hard link any more.
    let bytes = fs::read(damaged).expect("there");
    fs::remove_file(damaged).expect("there");
    fs::write(damaged, &bytes[..bytes.len() / 2]).expect("written");
    let outcome = with_jobs(&["servers", &folder.path("")]);
    assert_eq!(outcome.status, Some(1));
    assert!(
        outcome.sentence().starts_with(damaged),
        "{}",
        outcome.stderr
    );
    let others = |text: &str| -> Vec<Value> {
        lines(text)
            .into_iter()
            .filter(|row| row["capture"] != **damaged)
            .collect()
    };
    assert_eq!(others(&outcome.stdout), others(&whole));
    assert!(
        lines(&outcome.stdout).len() > others(&whole).len(),
        "what could be read of it is there"
    );

    // One that is no capture at all, and one that may not be read.
    fs::write(damaged, "not a capture").expect("written");
    let outcome = with_jobs(&["servers", &folder.path("")]);
    assert_eq!(outcome.status, Some(2));
    assert!(
        outcome.sentence().contains("is not a capture"),
        "{}",
        outcome.stderr
    );
    assert_eq!(others(&whole), lines(&outcome.stdout));
}

#[test]
fn folders_and_patterns() {
    let folder = Folder::new();
    let paths = captures(&folder, 6);
    let rows = |args: &[&str]| run(&[&["segments"], args].concat()).quiet();
    let all = rows(&[&folder.path("")]);
    assert_eq!(rows(&[&folder.path("day *")]), all);
    assert_eq!(rows(&[&folder.path("**/*.gz")]), all);
    assert_eq!(
        rows(&[&folder.path("day 0"), &folder.path("day [12]/*")]),
        all
    );
    let named: Vec<_> = paths.iter().map(String::as_str).collect();
    assert_eq!(rows(&named), all);

    fs::create_dir(folder.path("empty")).expect("made");
    let outcome = run(&["segments", &folder.path("empty")]);
    assert_eq!((outcome.status, outcome.stdout.as_str()), (Some(2), ""));
    assert!(
        outcome.sentence().ends_with("empty: holds no capture"),
        "{}",
        outcome.stderr
    );
    let outcome = run(&[
        "segments",
        &folder.path("empty"),
        &folder.path("x*"),
        &folder.path("day 0"),
    ]);
    assert_eq!(outcome.status, Some(2));
    assert!(
        outcome.stderr.contains("x*: matches no file\n"),
        "{}",
        outcome.stderr
    );
    assert_eq!(
        outcome.stdout,
        rows(&[&folder.path("day 0")]),
        "the rest is intact"
    );

    // The output is none of the captures, wherever it stands, and none of them is overwritten.
    let output = folder.path("day 1/rows.parquet");
    assert_eq!(rows(&[&folder.path(""), "-o", &output]), "");
    assert_eq!(rows(&[&folder.path("")]), all);
    let outcome = run(&["segments", &folder.path(""), "-o", &paths[3]]);
    assert_eq!(outcome.status, Some(2));
    assert!(
        outcome.sentence().contains("is one of the captures"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn parquet_of_many_is_that_of_each() {
    let folder = Folder::new();
    captures(&folder, 9);
    let mut files = Vec::new();
    for command in COMMANDS {
        let (parquet, jsonl) = (
            folder.path(&format!("{command}.parquet")),
            folder.path(&format!("{command}.jsonl")),
        );
        let mut before = None;
        for jobs in ["1", "3"] {
            run(&[command, &folder.path(""), "-o", &parquet, "--jobs", jobs]).quiet();
            let bytes = fs::read(&parquet).expect("there");
            assert!(
                before.get_or_insert_with(|| bytes.clone()) == &bytes,
                "{command}: whatever the jobs"
            );
        }
        run(&[command, &folder.path(""), "-o", &jsonl]).quiet();
        files.extend([parquet, jsonl]);
    }
    run_python(
        "readers.py",
        &files.iter().map(String::as_str).collect::<Vec<_>>(),
    );
}

#[test]
fn partitions() {
    let folder = Folder::new();
    let mut paths = captures(&folder, 5);
    let odd = folder.path("a=b %20 é#?.pcap.gz");
    fs::copy(recorded("tls12.pcap.gz"), &odd).expect("copied");
    paths.push(odd);
    let (root, jsonl) = (folder.path("out/tables"), folder.path("rows.jsonl"));
    for command in ["servers", "features"] {
        let outcome = with_jobs(&[command, &folder.path(""), "--partition", "-o", &root]);
        assert_eq!(outcome.quiet(), "");
        run(&[command, &folder.path(""), "-o", &jsonl]).quiet();
        let said = run_python("partitions.py", &[&root, &jsonl]);
        assert!(said.contains("agree"), "{said}");
    }
    let entries: Vec<_> = fs::read_dir(&root)
        .expect("there")
        .map(|entry| entry.expect("there").path())
        .collect();
    assert_eq!(entries.len(), paths.len(), "{entries:?}");
    assert!(
        entries
            .iter()
            .all(|entry| entry.join("part.parquet").is_file())
    );

    // One file that fails takes nothing away.
    fs::write(folder.path("bad.pcap"), "bad").expect("written");
    let outcome = run(&["servers", &folder.path(""), "--partition", "-o", &root]);
    assert_eq!(outcome.status, Some(2));
    assert!(
        outcome.sentence().contains("bad.pcap: is not a capture"),
        "{}",
        outcome.stderr
    );
    assert_eq!(fs::read_dir(&root).expect("there").count(), paths.len());
}

#[test]
fn partitions_that_cannot_be() {
    let folder = Folder::new();
    let capture = recorded("tls13.pcap.gz");
    let long = folder.file(&format!("{}.pcap", "x".repeat(230)), b"");
    let file = folder.file("file", b"");
    let root = folder.path("root");
    let cases: [(&[&str], &str); 5] = [
        (
            &[&capture, "--partition"],
            "name the folder for them with -o",
        ),
        (
            &[&capture, "--partition", "-o", &root, "--format", "csv"],
            "partitions are Parquet",
        ),
        (&[&capture, "--partition", "-o", &file], "is no folder"),
        (
            &[&capture, &capture, "--partition", "-o", &root],
            "would be one partition",
        ),
        (&[&long, "--partition", "-o", &root], "255 is the most"),
    ];
    for (args, expected) in cases {
        let outcome = run(&[&["servers"], args].concat());
        assert_eq!(
            (outcome.status, outcome.stdout.as_str()),
            (Some(2), ""),
            "{args:?}"
        );
        assert!(outcome.sentence().contains(expected), "{}", outcome.stderr);
    }
    assert!(!Path::new(&root).exists(), "nothing was begun");
}

/// Rows that wait for their turn do not pile up in memory.
#[cfg(target_os = "linux")]
#[test]
fn memory_is_bounded_however_many_captures_there_are() {
    let folder = Folder::new();
    captures(&folder, 60);
    let peak = |args: &[&str]| -> u64 {
        // The shell's child is the program, whose peak the shell's own times do not tell: ask the
        // kernel.
        let script = "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, \
                      stdout=subprocess.DEVNULL); print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)";
        let output = Command::new("python3")
            .args(["-c", script])
            .arg(nflx())
            .args(args)
            .output()
            .expect("Python");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout)
            .trim()
            .parse()
            .expect("kilobytes")
    };
    let few = peak(&["packets", &folder.path("day 0/00*"), "--jobs", "2"]);
    let many = peak(&["packets", &folder.path(""), "--jobs", "2"]);
    assert!(many < few + 32 * 1024, "{few} kB, then {many} kB");
}

#[test]
fn jobs_are_a_number() {
    let capture = recorded("tls13.pcap.gz");
    for jobs in ["--jobs=0", "--jobs=-1", "--jobs=many"] {
        let outcome = run(&["servers", &capture, jobs]);
        assert_eq!(outcome.status, Some(2), "{}", outcome.stdout);
        assert!(outcome.sentence().contains("--jobs"), "{}", outcome.stderr);
    }
    let rows: BTreeMap<&str, String> = ["1", "64"]
        .into_iter()
        .map(|jobs| (jobs, run(&["servers", &capture, "-j", jobs]).quiet()))
        .collect();
    assert_eq!(rows["1"], rows["64"]);
}
