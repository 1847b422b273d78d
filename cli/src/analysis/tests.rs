use std::io::{Read, Write};

use super::*;

/// Records of a committed capture, headers included, and the file's header.
fn records() -> (Vec<u8>, Vec<Vec<u8>>) {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../tests/captures/tls13.pcap.gz"
    );
    let mut file = Vec::new();
    flate2::read::MultiGzDecoder::new(std::fs::File::open(path).unwrap())
        .read_to_end(&mut file)
        .unwrap();
    let mut rest = file.split_off(24);
    let mut records = Vec::new();
    while !rest.is_empty() {
        let captured = u32::from_le_bytes(*rest[8..].first_chunk().unwrap());
        let after = rest.split_off(16 + captured as usize);
        records.push(std::mem::replace(&mut rest, after));
    }
    (file, records)
}

fn sizes(study: &Study) -> Vec<u64> {
    study.engine.segments().map(|s| s.bytes).collect()
}

/// Analyzes a capture whose names come last, with this many packets of other servers behind them.
fn named_last(filler: usize) -> Study {
    let (header, mut records) = records();
    let is_dns = |record: &Vec<u8>| {
        record
            .windows(12)
            .any(|bytes| bytes == b"\x09nflxvideo\x03n")
    };
    records.sort_by_key(|record| is_dns(record));
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&header).unwrap();
    file.write_all(&records.concat()).unwrap();
    let mut nothing = records[0][..16].to_vec();
    nothing[8..].copy_from_slice(&[60, 0, 0, 0, 60, 0, 0, 0]);
    nothing.extend([0; 60]);
    file.write_all(&nothing.repeat(filler)).unwrap();
    let mut config = Config::default();
    config.set("evidence", "dns").unwrap();
    Study::new(&[file.path().to_owned()], config).unwrap()
}

#[test]
fn late_evidence_begins_anew_early_and_else_reads_again() {
    let (header, records) = records();
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&[header, records.concat()].concat())
        .unwrap();
    let in_time = Study::new(&[file.path().to_owned()], Config::default()).unwrap();
    assert_eq!(in_time.passes, 1);

    let late = named_last(0);
    assert_eq!((late.passes, sizes(&late)), (2, sizes(&in_time)));
    let early = named_last(10 * file.as_file().metadata().unwrap().len() as usize / 76 + 100_000);
    assert_eq!((early.passes, sizes(&early)), (1, sizes(&in_time)));
    assert!(sizes(&in_time).len() > 5);
}

#[test]
fn what_is_lacking_is_named() {
    let lacks = |packets, not_ip| {
        let mut stats = Stats::default();
        (stats.packets, stats.not_ip) = (packets, not_ip);
        lacking(&stats)
    };
    assert!(lacks(0, 0).ends_with(": there is no packet in it"));
    assert!(lacks(7, 7).ends_with(": none of its 7 packets holds readable IP"));
    assert!(lacks(7, 6).contains("--prefixes"));
}
