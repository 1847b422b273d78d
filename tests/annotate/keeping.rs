//! Everything that nflx did not add stays unchanged.

use std::fs;

use super::blocks::{Blocks, blocks, section_lengths};
use super::{CAPTURE, Folder, PCAPNG, annotate, recorded, sentence};
use crate::plugin::decompressed;

/// Times in nanoseconds and bytes of the packets of a recorded capture: little-endian, microseconds
/// or nanoseconds.
fn packets(name: &str) -> Vec<(u64, Vec<u8>)> {
    let bytes = decompressed(&recorded(name));
    let unit = if bytes.starts_with(&[0x4d, 0x3c]) {
        1
    } else {
        1000
    };
    let mut rest = &bytes[24..];
    let mut packets = Vec::new();
    while let Some((head, after)) = rest.split_first_chunk::<16>() {
        let word = |at: usize| u32::from_le_bytes(head[at..at + 4].try_into().expect("four bytes"));
        let (data, next) = after.split_at(word(8) as usize);
        packets.push((
            u64::from(word(0)) * 1_000_000_000 + u64::from(word(4)) * unit,
            data.to_vec(),
        ));
        rest = next;
    }
    packets
}

/// A file with all sorts of blocks and options around the packets of a recorded capture: a section
/// of each byte order, each with half of them.
fn rich() -> (Vec<u8>, u64) {
    let packets = packets(CAPTURE);
    let mut file = Vec::new();
    for (half, packets) in packets.chunks(packets.len().div_ceil(2)).enumerate() {
        let mut section = Blocks::new(half == 1);
        section.interface(
            1,
            &[
                (2, b"eth0"),
                (9, &[9]),
                (1, b"an interface"),
                (0x0bad, b"unknown"),
            ],
        );
        // A name resolution block: one record, then their end.
        let name = [
            &section.u16(1)[..],
            &section.u16(9),
            &[10, 9, 1, 11],
            b"host\0",
            &[0; 3],
            &[0; 4],
        ]
        .concat();
        section.block(4, &name);
        for (index, (time, data)) in packets.iter().enumerate() {
            let flags = section.u32(1);
            let theirs: &[(u16, &[u8])] = match index % 5 {
                0 => &[(1, b"theirs"), (2, &flags), (1, b"and another")],
                1 => &[(2, &flags)],
                2 => &[(0x8bad, b"unknown option")],
                _ => &[],
            };
            section.packet(if index % 7 == 0 { 2 } else { 6 }, *time, data, theirs);
            match index % 50 {
                10 => section.block(0x0bad_beef, b"unknown block"),
                // Custom blocks: Private Enterprise Number, data.
                20 => section.block(
                    0x4000_0bad,
                    &[&section.u32(32473)[..], b"not to be copied"].concat(),
                ),
                _ => {}
            }
        }
        // Interface statistics with a comment, decryption secrets, a simple packet.
        let statistics = [&[0; 12][..], &section.options(&[(1, b"statistics")])].concat();
        section.block(5, &statistics);
        let secrets = [&section.u32(0x544c_534b)[..], &section.u32(4), b"# no"].concat();
        section.block(10, &secrets);
        section.block(3, &[&section.u32(3)[..], b"abc"].concat());
        let options: &[(u16, &[u8])] = if half == 0 {
            &[(1, b"a capture"), (3, b"Linux")]
        } else {
            &[]
        };
        file.extend(section.into_section(options));
    }
    (file, packets.len().div_ceil(2) as u64)
}

#[test]
fn unknown_blocks_options_and_comments_are_kept() {
    let folder = Folder::new();
    let (original, first_half) = rich();
    let input = folder.file("rich.pcapng", &original);
    let annotated = folder.annotated(&[], &input);
    let (before, after) = (blocks(&original), blocks(&annotated));
    assert_eq!(before.len(), after.len());
    let mut changed = 0;
    for (index, ((kind, before), (kind_after, after))) in before.iter().zip(&after).enumerate() {
        assert_eq!(kind, kind_after);
        match kind {
            2 | 6 if before != after => {
                changed += 1;
                // All of the block but its lengths and the end of its options, and then the
                // comment.
                let kept = if before.ends_with(&after[after.len() - 4..]) {
                    8
                } else {
                    4
                };
                let body = &before[8..before.len() - kept];
                let body = body.strip_suffix(&[0; 4]).unwrap_or(body);
                assert!(after[8..].starts_with(body), "block {index}");
            }
            0x0a0d_0d0a => {}
            _ => assert!(before == after, "block {index}"),
        }
    }
    assert!(changed > 100);
    for lengths in [section_lengths(&original), section_lengths(&annotated)] {
        assert_eq!(lengths.len(), 2);
        assert!(
            lengths.iter().all(|(stated, counted)| stated == counted),
            "{lengths:?}"
        );
    }
    assert!(folder.stripped(&annotated) == original);
    let file = folder.file("annotated.pcapng", &annotated);
    assert!(folder.annotated(&[], &file) == annotated);

    // The same notes as on the plain capture, after what was there. Custom blocks count as frames.
    let Some(comments) = folder.comments(&file) else {
        return;
    };
    let bytes = folder.annotated(&[], &recorded(CAPTURE));
    let plain = folder
        .comments(&folder.file("plain.pcapng", &bytes))
        .expect("tshark is there");
    assert_eq!(comments.len(), plain.len());
    for ((frame, note), comment) in plain.iter().zip(comments.values()) {
        let theirs = if (frame - 1) % first_half % 5 == 0 {
            "theirs,and another,"
        } else {
            ""
        };
        assert_eq!(*comment, format!("{theirs}{note}"), "frame {frame}");
    }
    let fields = ["frame.time_epoch", "frame.len"];
    let before = folder.tshark(&input, "frame", &fields);
    assert!(before == folder.tshark(&file, "frame", &fields));
}

/// Unreadable bytes are copied, so that stripping restores a damaged file too.
#[test]
fn damaged_files_keep_their_bytes() {
    let folder = Folder::new();
    let original = decompressed(&recorded(PCAPNG));
    let out = folder.path("out.pcapng");
    let middle = original.len() / 2;
    // A block that claims 4 GiB.
    let all = blocks(&original);
    let at: usize = all[..all.len() / 2]
        .iter()
        .map(|(_, block)| block.len())
        .sum();
    let mut claiming = original.clone();
    claiming[at + 4..at + 8].fill(0xff);
    let files = [
        original[..middle].to_vec(),
        claiming,
        [&original[..], b"no block"].concat(),
    ];
    for (index, damaged) in files.iter().enumerate() {
        let input = folder.file("damaged.pcapng", damaged);
        let outcome = annotate(&[], &input, &out);
        assert_eq!(outcome.status.code(), Some(1), "file {index}");
        assert!(
            sentence(&outcome).contains("is damaged at byte"),
            "file {index}"
        );
        let annotated = fs::read(&out).expect("written");
        assert!(annotated.len() > damaged.len() + 10_000, "file {index}");
        let outcome = annotate(&["--strip"], &out, &folder.path("back.pcapng"));
        assert_eq!(outcome.status.code(), Some(1), "file {index}");
        assert!(
            sentence(&outcome).contains("is damaged at byte"),
            "file {index}"
        );
        assert!(
            fs::read(folder.path("back.pcapng")).expect("written") == *damaged,
            "file {index}"
        );
    }
}

#[test]
fn of_cut_pcap_every_whole_packet_is_written() {
    let folder = Folder::new();
    let original = decompressed(&recorded(CAPTURE));
    let input = folder.file("cut.pcap", &original[..original.len() - 5]);
    let out = folder.path("out.pcapng");
    let outcome = annotate(&[], &input, &out);
    assert_eq!(outcome.status.code(), Some(1));
    assert!(sentence(&outcome).contains("it ends in the middle of a packet"));
    let written = blocks(&fs::read(&out).expect("written"));
    assert_eq!(
        written.iter().filter(|(kind, _)| *kind == 6).count(),
        packets(CAPTURE).len() - 1
    );
}

/// Without anything to add, the output is a copy.
#[test]
fn captures_without_netflix_are_copied() {
    let folder = Folder::new();
    let mut section = Blocks::new(true);
    section.interface(1, &[]);
    section.packet(6, 1, &[0; 60], &[]);
    let original = section.into_section(&[]);
    let (input, out) = (
        folder.file("in.pcapng", &original),
        folder.path("out.pcapng"),
    );
    let outcome = annotate(&[], &input, &out);
    assert_eq!(outcome.status.code(), Some(0));
    assert!(sentence(&outcome).contains("no Netflix server was recognised"));
    assert!(fs::read(&out).expect("written") == original);
}
