//! Captures that are damaged, and what is still read of them.

use super::*;

#[test]
fn damaged_input_is_used_up_to_the_damage() {
    let whole = decompressed(&recorded("tls13.pcap.gz"));
    // Ends of the first packets.
    let mut ends = vec![24];
    while ends.len() <= 400 {
        let last = ends[ends.len() - 1];
        let length = u32::from_le_bytes(whole[last + 8..last + 12].try_into().expect("four bytes"));
        ends.push(last + 16 + length as usize);
    }
    for command in COMMANDS {
        let good = run_with(&[command, "-"], &whole[..ends[399]]).quiet();
        assert!(!good.is_empty());
        for cut in [ends[399] + 1, ends[400] - 1] {
            let outcome = run_with(&[command, "-"], &whole[..cut]);
            assert_eq!((outcome.status, &outcome.stdout), (Some(1), &good));
            let expected = format!(
                "standard input: is damaged at byte {}, after frame 399: it ends in the middle of a packet; all before \
                 it was used",
                ends[399]
            );
            assert_eq!(outcome.sentence(), expected);
        }
        // A length that cannot be.
        let mut wrong = whole.clone();
        wrong[ends[399] + 8..ends[399] + 12].copy_from_slice(&u32::MAX.to_le_bytes());
        let outcome = run_with(&[command, "-"], &wrong);
        assert_eq!((outcome.status, &outcome.stdout), (Some(1), &good));
        assert!(
            outcome
                .sentence()
                .contains("a packet claims 4294967295 bytes")
        );
    }
}

#[test]
fn damaged_compression() {
    let compressed = fs::read(recorded("tls13.pcap.gz")).expect("there");
    let outcome = run_with(&["servers", "-"], &compressed[..compressed.len() / 2]);
    assert_eq!(outcome.status, Some(1));
    assert!(!outcome.stdout.is_empty());
    assert!(
        outcome.sentence().contains("at decompressed byte "),
        "{}",
        outcome.stderr
    );

    // The checksum at the end is wrong: everything was there, yet it may not be what was written.
    let mut changed = compressed;
    let at = changed.len() - 8;
    changed[at] ^= 1;
    let outcome = run_with(&["servers", "-"], &changed);
    assert_eq!(outcome.status, Some(1));
    assert!(
        outcome.sentence().contains("reading fails"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn some_packets_of_an_unknown_link_type() {
    let outcome = run_with(&["servers", "-"], &pcapng([1, 220], &[0; 60]));
    // An interface that is no network beside one that is: no damage.
    assert_eq!((outcome.status, outcome.stdout.as_str()), (Some(0), ""));
    let sentence = outcome.stderr.lines().next().expect("a sentence");
    assert!(
        sentence.contains("link type 220 (USB of Linux)"),
        "{sentence}"
    );
    assert!(
        sentence.ends_with("; packets of known types were used"),
        "{sentence}"
    );
}

#[test]
fn one_bad_file_does_not_stop_the_rest() {
    let folder = Folder::new();
    let good = recorded("tls13.pcap.gz");
    let missing = folder.path("missing");
    let cut = folder.file("cut", &pcap(1, &[&[0; 60]])[..60]);
    let alone = run(&["segments", &good]).quiet();
    for (files, status) in [
        ([&*missing, &*good, &*cut], 2),
        ([&*good, &*cut, &*missing], 2),
        ([&*cut, &*good, &*cut], 1),
    ] {
        let outcome = run(&["segments", files[0], files[1], files[2]]);
        assert_eq!((outcome.status, &outcome.stdout), (Some(status), &alone));
        assert_eq!(outcome.stderr.lines().count(), 2, "{}", outcome.stderr);
    }
    let both = run(&["segments", &good, &good]).quiet();
    assert_eq!(both, alone.repeat(2));
    let both = run(&["segments", "--format", "csv", &good, &good]).quiet();
    assert_eq!(
        both.lines().count(),
        2 * alone.lines().count() + 1,
        "one header"
    );
}
