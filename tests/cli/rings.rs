//! Files of one ring: wherever a capture is cut, its files give the rows of the whole.

use std::collections::HashMap;
use std::fs;

use serde_json::Value;

use super::{COMMANDS, Folder, decompressed, recorded, run};

/// Returns the offsets at which a pcap file's records end, after the end of its header.
fn ends(bytes: &[u8]) -> Vec<usize> {
    let mut ends = vec![24];
    while let Some(length) = bytes
        .get(ends[ends.len() - 1] + 8..)
        .and_then(|rest| rest.first_chunk())
    {
        ends.push(ends[ends.len() - 1] + 16 + u32::from_le_bytes(*length) as usize);
    }
    assert_eq!(ends.last(), Some(&bytes.len()), "a whole capture");
    ends
}

/// Writes a capture cut behind these frames as a ring, and gives the frames before each file by its
/// path.
fn ring(folder: &Folder, bytes: &[u8], cuts: &[usize]) -> HashMap<String, u64> {
    let ends = ends(bytes);
    let mut before = HashMap::new();
    let edges: Vec<_> = [&[0], cuts, &[ends.len() - 1]].concat();
    for (number, edge) in edges.windows(2).enumerate() {
        let path = folder.file(
            &format!("ring_{number:05}_202601011200{number:02}.pcap"),
            &[&bytes[..24], &bytes[ends[edge[0]]..ends[edge[1]]]].concat(),
        );
        before.insert(path, edge[0] as u64);
    }
    before
}

/// The rows, with frames as they are counted through all files, and without the names of files.
fn counted_through(jsonl: &str, before: &HashMap<String, u64>) -> Vec<Value> {
    let mut rows = Vec::new();
    for line in jsonl.lines() {
        let mut row: Value = serde_json::from_str(line).expect("JSON");
        let row_of = row.as_object_mut().expect("an object");
        let capture = row_of.remove("capture").expect("named");
        for (frame, file) in [
            ("frame", None),
            ("request_frame", None),
            ("first_frame", row_of.remove("first_capture")),
            ("last_frame", row_of.remove("last_capture")),
        ] {
            let file = file
                .filter(Value::is_string)
                .unwrap_or_else(|| capture.clone());
            if let Some(number) = row_of.get(frame).and_then(Value::as_u64) {
                let before = before
                    .get(file.as_str().expect("text"))
                    .copied()
                    .unwrap_or(0);
                row_of.insert(frame.to_owned(), (number + before).into());
            }
        }
        rows.push(row);
    }
    rows
}

#[test]
fn a_capture_cut_anywhere_gives_the_rows_of_the_whole() {
    // Numbers that look random: Weyl's sequence of the golden ratio.
    let mut seed = 0u32;
    let mut next = |below: usize| {
        seed = seed.wrapping_add(0x9e37_79b9);
        seed as usize % below
    };
    for name in super::live::recordings() {
        let name = name.as_str();
        let bytes = decompressed(&recorded(name));
        let frames = ends(&bytes).len() - 1;
        let is_small = ["player.pcap.gz", "h2.pcap.gz"].contains(&name);
        for pieces in if is_small { &[2, 5, 17][..] } else { &[5] } {
            let mut cuts: Vec<_> = (1..*pieces).map(|_| next(frames)).collect();
            // Files without a packet are there where nothing came.
            cuts.push(cuts[0]);
            cuts.sort_unstable();
            let (folder, whole) = (Folder::new(), Folder::new());
            let before = ring(&folder, &bytes, &cuts);
            let plain = whole.file("plain.pcap", &bytes);
            for command in COMMANDS {
                let expected = counted_through(&run(&[command, &plain]).quiet(), &HashMap::new());
                let outcome = run(&[command, &folder.path("")]);
                assert_eq!(outcome.status, Some(0), "{}", outcome.stderr);
                assert!(
                    outcome.sentence().ends_with(
                        "files that follow each other are read as one capture; --no-join reads each by itself"
                    ),
                    "{}",
                    outcome.stderr
                );
                let rows = counted_through(&outcome.stdout, &before);
                assert_eq!(rows.len(), expected.len(), "{command} {name} {cuts:?}");
                for (row, expected) in rows.iter().zip(&expected) {
                    assert_eq!(row, expected, "{command} {name} {cuts:?}");
                }
            }
        }
    }
}

#[test]
fn a_segment_names_the_files_that_it_is_in() {
    let bytes = decompressed(&recorded("tls13.pcap.gz"));
    let whole = Folder::new();
    let plain = run(&["segments", &whole.file("plain.pcap", &bytes)]).quiet();
    let segment: Value = plain
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON"))
        .max_by_key(|row| row["bytes"].as_u64())
        .expect("a segment");
    let [request, last] =
        ["request_frame", "last_frame"].map(|key| segment[key].as_u64().expect("there"));
    assert!(request + 4 < last);
    let folder = Folder::new();
    ring(&folder, &bytes, &[last as usize - 2]);
    let joined = run(&["segments", &folder.path("")]).stdout;
    let row: Value = joined
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .find(|row: &Value| row["segment"] == segment["segment"])
        .expect("the same segment");
    let file = |number| folder.path(&format!("ring_{number:05}_202601011200{number:02}.pcap"));
    assert_eq!(
        (&row["capture"], &row["request_frame"]),
        (&file(0).into(), &request.into())
    );
    assert_eq!(
        (&row["last_capture"], &row["last_frame"]),
        (&file(1).into(), &2.into())
    );
    assert_eq!(row["first_capture"], Value::Null);
    assert_eq!(row["bytes"], segment["bytes"]);

    // The same on one page, and only there.
    let files = [file(1), file(0)];
    let page = run(&["report", &files[0], &files[1]]);
    assert_eq!(page.status, Some(0), "{}", page.stderr);
    assert!(
        page.stdout
            .contains("ring_00000_20260101120000.pcap to ring_00001")
    );
    let outcome = run(&["report", "--no-join", &files[0], &files[1]]);
    assert_eq!(outcome.status, Some(2));
    assert!(
        outcome.sentence().starts_with("a page shows one capture"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn files_are_joined_or_not_as_it_is_wished() {
    let bytes = decompressed(&recorded("tls13.pcap.gz"));
    let folder = Folder::new();
    ring(&folder, &bytes, &[300]);
    let alone = run(&["segments", "--no-join", &folder.path("")]).quiet();
    let joined = run(&["segments", &folder.path("")]).stdout;
    assert_ne!(alone, joined);
    // Partitions hold a file's rows each, which is reported.
    let partitions = folder.path("partitions");
    let outcome = run(&[
        "segments",
        "--partition",
        "-o",
        &partitions,
        &folder.path(""),
    ]);
    assert_eq!(outcome.status, Some(0));
    assert!(
        outcome
            .sentence()
            .contains("2 files that follow each other are read each by itself"),
        "{}",
        outcome.stderr
    );
    fs::remove_dir_all(&partitions).expect("removed");
    run(&[
        "segments",
        "--partition",
        "--no-join",
        "-o",
        &partitions,
        &folder.path(""),
    ])
    .quiet();
    fs::remove_dir_all(&partitions).expect("removed");
    // Under names that tell nothing.
    let renamed = Folder::new();
    for (number, name) in ["b", "a"].iter().enumerate() {
        let file = folder.path(&format!("ring_{number:05}_202601011200{number:02}.pcap"));
        fs::copy(file, renamed.path(name)).expect("copied");
    }
    let told = run(&["segments", "--join", &renamed.path("")]).quiet();
    assert_eq!(told.lines().count(), joined.lines().count());
    assert_ne!(
        run(&["segments", &renamed.path("")])
            .quiet()
            .lines()
            .count(),
        0
    );
    // A damaged one is reported by its name, and the rest goes on.
    let second = renamed.path("a");
    let cut = fs::read(&second).expect("there");
    fs::write(&second, &cut[..cut.len() - 5]).expect("written");
    let outcome = run(&["segments", "--join", &renamed.path("")]);
    assert_eq!(outcome.status, Some(1));
    assert!(
        outcome
            .sentence()
            .starts_with(&format!("{second}: is damaged at byte ")),
        "{}",
        outcome.stderr
    );
    for (args, expected) in [
        (
            &["segments", "--join", "-", "x"][..],
            "standard input cannot be joined",
        ),
        (
            &["segments", "--join", "--partition", "-o", "x", "y"],
            "a partition holds one file's rows",
        ),
        (
            &["segments", "--join", "--no-join", "x"],
            "cannot be used with '--no-join'",
        ),
    ] {
        let outcome = run(args);
        assert_eq!(outcome.status, Some(2));
        assert!(outcome.sentence().contains(expected), "{}", outcome.stderr);
    }
}

/// Rows without what depends on the files that they are in.
fn in_any_file(jsonl: &str) -> Vec<Value> {
    let rows = jsonl.lines().map(|line| {
        let mut row: Value = serde_json::from_str(line).expect("JSON");
        let row_of = row.as_object_mut().expect("an object");
        for key in [
            "capture",
            "frame",
            "request_frame",
            "first_frame",
            "last_frame",
            "first_capture",
            "last_capture",
        ] {
            row_of.remove(key);
        }
        row
    });
    rows.collect()
}

#[test]
fn packets_in_two_files_that_overlap_count_once() {
    for name in ["tls13.pcap.gz", "h3.pcap.gz"] {
        let bytes = decompressed(&recorded(name));
        let ends = ends(&bytes);
        let frames = ends.len() - 1;
        let whole = Folder::new();
        let plain = whole.file("plain.pcap", &bytes);
        let expected = in_any_file(&run(&["segments", &plain]).quiet());
        let tenths = |from: usize, to: usize| (frames * from / 10, frames * to / 10);
        // A program that is started again, two at once, one within another, all of it twice.
        for spans in [
            vec![tenths(0, 6), tenths(5, 10)],
            vec![tenths(0, 6), tenths(2, 8), tenths(4, 10)],
            vec![tenths(0, 8), tenths(3, 5), tenths(7, 10)],
            vec![tenths(0, 10), tenths(0, 10)],
        ] {
            for is_ring in [true, false] {
                // Files that begin with the same packet belong together by their names only.
                if !is_ring && spans[0].0 == spans[1].0 {
                    continue;
                }
                let folder = Folder::new();
                for (number, &(from, to)) in spans.iter().enumerate() {
                    let name = if is_ring {
                        format!("ring_{number:05}_202601011200{number:02}.pcap")
                    } else {
                        format!("part_{number}.pcap")
                    };
                    folder.file(
                        &name,
                        &[&bytes[..24], &bytes[ends[from]..ends[to]]].concat(),
                    );
                }
                let outcome = run(&["segments", &folder.path("")]);
                assert_eq!(outcome.status, Some(0), "{}", outcome.stderr);
                assert_eq!(in_any_file(&outcome.stdout), expected, "{name} {spans:?}");
                for words in [
                    "ends: packets that are in both count once",
                    "packets are copies of others",
                ] {
                    assert!(outcome.stderr.contains(words), "{}", outcome.stderr);
                }
            }
        }
    }
}

/// Returns a capture's records, its header first, each cut to this many bytes of its packet.
fn cut_to(bytes: &[u8], most: u32) -> Vec<u8> {
    let mut cut = bytes[..24].to_vec();
    for edge in ends(bytes).windows(2) {
        let record = &bytes[edge[0]..edge[1]];
        let length = most.min(record.len() as u32 - 16);
        cut.extend_from_slice(&record[..8]);
        cut.extend_from_slice(&length.to_le_bytes());
        cut.extend_from_slice(&record[12..16 + length as usize]);
    }
    cut
}

#[test]
fn of_a_packet_in_two_files_the_longer_one_counts() {
    for name in ["tls13.pcap.gz", "h3.pcap.gz"] {
        let bytes = decompressed(&recorded(name));
        let whole = Folder::new();
        let expected = in_any_file(&run(&["segments", &whole.file("plain.pcap", &bytes)]).quiet());
        let cut = cut_to(&bytes, 90);
        assert_ne!(
            in_any_file(&run(&["segments", &whole.file("cut.pcap", &cut)]).stdout),
            expected
        );
        for files in [[&bytes, &cut], [&cut, &bytes]] {
            let folder = Folder::new();
            for (number, file) in files.into_iter().enumerate() {
                let name = format!("ring_{number:05}_202601011200{number:02}.pcap");
                folder.file(&name, file);
            }
            let rows = run(&["segments", &folder.path("")]).stdout;
            assert_eq!(in_any_file(&rows), expected, "{name}");
        }
    }
}

#[test]
fn two_taps_with_a_direction_each_are_read_at_once() {
    let bytes = decompressed(&recorded("tls13.pcap.gz"));
    let whole = Folder::new();
    let expected = in_any_file(&run(&["segments", &whole.file("plain.pcap", &bytes)]).quiet());
    // By the addresses of Ethernet: what the device of the first packet sends, and the rest.
    let records = ends(&bytes);
    let sender = |at: usize| &bytes[records[at] + 22..records[at] + 28];
    let mut taps = [bytes[..24].to_vec(), bytes[..24].to_vec()];
    for at in 0..records.len() - 1 {
        let tap = usize::from(sender(at) != sender(0));
        taps[tap].extend_from_slice(&bytes[records[at]..records[at + 1]]);
    }
    let folder = Folder::new();
    let files = [("up.pcap", &taps[0]), ("down.pcap", &taps[1])];
    let [up, down] = files.map(|(name, tap)| folder.file(name, tap));
    let outcome = run(&["segments", "--join", &down, &up]);
    assert_eq!(outcome.status, Some(0), "{}", outcome.stderr);
    assert_eq!(in_any_file(&outcome.stdout), expected);
    assert!(
        outcome
            .sentence()
            .ends_with("ends: both were read at once, in order of time"),
        "{}",
        outcome.stderr
    );
    // Without the option they are two captures, and it is said what they look like.
    let alone = run(&["segments", &down, &up]);
    assert_ne!(in_any_file(&alone.stdout), expected);
    let said = alone.sentence();
    assert!(
        said.contains("up.pcap holds only what clients sent"),
        "{said}"
    );
    assert!(said.contains("down.pcap, of the same time") && said.contains("--join"));
    assert_eq!(
        run(&["segments", "--no-join", &down, &up]).quiet(),
        alone.stdout
    );
    assert_eq!(run(&["segments", &up]).quiet().lines().count(), 18);
}

#[test]
fn a_file_that_goes_on_for_longer_than_packets_are_out_of_order_is_read_beside_the_next() {
    let bytes = decompressed(&recorded("tls13.pcap.gz"));
    let records = ends(&bytes);
    let last = records[records.len() - 2];
    let field = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
    let microseconds = i64::from(field(last)) * 1_000_000 + i64::from(field(last + 4));
    for (before, is_beside) in [(100_000, false), (100_001, true)] {
        // A second file whose first packet comes that many microseconds before the first one's last.
        let mut next = bytes[..24].to_vec();
        let begins = microseconds - before;
        next.extend_from_slice(
            &u32::try_from(begins / 1_000_000)
                .expect("fits")
                .to_le_bytes(),
        );
        next.extend_from_slice(
            &u32::try_from(begins % 1_000_000)
                .expect("fits")
                .to_le_bytes(),
        );
        next.extend_from_slice(&bytes[records[1] + 8..records[2]]);
        let folder = Folder::new();
        let files = [("one.pcap", &bytes), ("other.pcap", &next)];
        let [one, other] = files.map(|(name, file)| folder.file(name, file));
        let outcome = run(&["segments", "--join", &one, &other]);
        assert_eq!(outcome.status, Some(0), "{}", outcome.stderr);
        let said = outcome.stderr.contains("both were read at once");
        assert_eq!(said, is_beside, "{before}: {}", outcome.stderr);
    }
}
