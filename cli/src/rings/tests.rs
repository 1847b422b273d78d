use std::fs;

use super::*;
use crate::capture::testing::{PcapForm, TestPacket, pcap};

const JOBS: NonZero<usize> = NonZero::new(2).expect("not zero");
const SECOND: i64 = 1_000_000_000;

/// Writes captures of one packet at each of these milliseconds, and gives the names of those that
/// are joined.
fn joined(files: &[(&str, &[i64])], joining: Joining) -> Vec<Vec<String>> {
    joined_and_said(files, joining).0
}

/// The same, and what is said.
fn joined_and_said(files: &[(&str, &[i64])], joining: Joining) -> (Vec<Vec<String>>, Vec<String>) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut inputs = Vec::new();
    for (name, times) in files {
        let packets: Vec<_> = (1..)
            .zip(*times)
            .map(|(frame, time)| TestPacket::new(frame, time * 1_000_000, vec![0; 60]))
            .collect();
        let link_type = if name.starts_with("raw") { 101 } else { 1 };
        let path = folder.path().join(name.trim_start_matches("raw"));
        fs::write(&path, pcap(PcapForm::default(), link_type, &packets)).expect("written");
        inputs.push(Input::Capture(vec![path]));
    }
    let names = |input: Input| {
        let files = input.into_files().into_iter();
        files
            .map(|file| {
                file.file_name()
                    .expect("named")
                    .to_str()
                    .expect("UTF-8")
                    .to_owned()
            })
            .collect()
    };
    let (inputs, said) = join(inputs, joining, JOBS);
    (inputs.into_iter().map(names).collect(), said)
}

fn found(files: &[(&str, &[i64])]) -> Vec<Vec<String>> {
    joined(files, Joining::Found(10 * SECOND))
}

#[test]
fn names_of_rings_are_enough() {
    // Hours lie between them: nothing happened on the link.
    let ring = [
        ("x_00002_20260101130000.pcapng", &[3_600_000, 3_600_001][..]),
        ("x_00001_20260101120000.pcapng", &[0, 20]),
        ("x_00003_20260101150000.pcapng", &[10_800_000]),
    ];
    assert_eq!(
        found(&ring),
        [[
            "x_00001_20260101120000.pcapng",
            "x_00002_20260101130000.pcapng",
            "x_00003_20260101150000.pcapng"
        ]]
    );
    assert_eq!(joined(&ring, Joining::Never).len(), 3);
    // The number in the middle is missing; then a program was restarted.
    let two = [
        ("x_00001_20260101120000.pcap", &[0][..]),
        ("x_00003_20260101120002.pcap", &[2000]),
        ("x_00001_20260101120003.pcap", &[3000]),
        ("x_00002_20260101120004.pcap", &[4000]),
    ];
    assert_eq!(
        found(&two).iter().map(Vec::len).collect::<Vec<_>>(),
        [1, 1, 2]
    );
    // Nothing came while the second was written.
    let silent = [
        ("x_00001_20260101120000.pcap", &[0][..]),
        ("x_00002_20260101120001.pcap", &[]),
        ("x_00003_20260101120002.pcap", &[2000]),
    ];
    assert_eq!(found(&silent).len(), 1);
    // Another interface.
    let other = [
        ("x_00001_20260101120000.pcap", &[0][..]),
        ("rawx_00002_20260101120001.pcap", &[1000]),
    ];
    assert_eq!(found(&other).len(), 2);
}

#[test]
fn a_clock_that_was_set_back_within_a_ring_is_said() {
    const HOUR: i64 = 3_600_000;
    // The date in the name goes back too, or only the times of packets do.
    for third in ["x_00003_20260101110002.pcap", "x_00003_20260101120002.pcap"] {
        let fourth = third.replace("003_", "004_").replace("02.", "03.");
        let ring = [
            ("x_00001_20260101120000.pcap", &[HOUR][..]),
            ("x_00002_20260101120001.pcap", &[HOUR + 1000]),
            (third, &[2000]),
            (&fourth, &[3000]),
        ];
        let (files, said) = joined_and_said(&ring, Joining::Found(10 * SECOND));
        let lengths: Vec<_> = files.iter().map(Vec::len).collect();
        assert_eq!(lengths, [2, 2], "{third}");
        let said: Vec<_> = said.iter().filter(|said| said.contains("--join")).collect();
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(said[0].contains("x_00002_20260101120001.pcap and "));
        assert!(said[0].contains(&format!("{third} follow each other by their names")));
        let (_, said) = joined_and_said(&ring, Joining::Never);
        assert!(said.is_empty());
        // The order of a wish is that of the counter.
        let all = joined(&ring, Joining::All(10 * SECOND)).remove(0);
        assert_eq!(all.concat(), ring.map(|file| file.0).concat());
    }
    // By as much as clocks step, and by more.
    for (back, files) in [(1000, 1), (1001, 2)] {
        let ring = [
            ("x_00001_20260101120000.pcap", &[HOUR][..]),
            ("x_00002_20260101120001.pcap", &[HOUR - back]),
        ];
        let (found, said) = joined_and_said(&ring, Joining::Found(10 * SECOND));
        assert_eq!((found.len(), said.len()), (files, 1), "{back}");
        assert_eq!(said[0].contains("set back"), files == 2, "{back}");
    }
}

#[test]
fn a_ring_goes_on_at_the_end_of_summer_time() {
    let ring = [
        ("x_00008_20261025024500.pcap", &[0, 900_000][..]),
        ("x_00009_20261025020000.pcap", &[900_001, 1_800_000]),
        ("x_00010_20261025021500.pcap", &[1_800_001]),
    ];
    let (found, said) = joined_and_said(&ring, Joining::Found(10 * SECOND));
    assert_eq!(found, [ring.map(|file| file.0)]);
    assert!(said[0].contains("are read as one capture"), "{said:?}");
}

#[test]
fn other_names_must_join_in_time() {
    for names in [
        ["s_1.pcap", "s_2.pcap"],
        ["s_9.pcap", "s_10.pcap"],
        ["s.pcap", "s.pcap1"],
        ["s-2026-01-01_23.59.59.cap", "s-2026-01-02_00.00.00.cap"],
        ["s_20260101235959.pcap", "s_20260102000000.pcap"],
        ["s_2026-01-01_12:00:00.pcap", "s_2026-01-01_12:15:00.pcap"],
        ["s-20260101-120000.pcap", "s-20260101-121500.pcap"],
        ["s-120000.pcap", "s-121500.pcap"],
        ["s.1767268800.pcap", "s.1767269700.pcap"],
        ["s-2026-01-01T11-45-00Z.pcap", "s-2026-01-01T12-00-00Z.pcap"],
        ["20260101T114500.pcap", "20260101T120000.pcap"],
    ] {
        let two =
            |first: &[i64], second: &[i64]| found(&[(names[0], first), (names[1], second)]).len();
        assert_eq!(two(&[0, 5000], &[15_000]), 1, "{names:?}: 10 s later");
        assert_eq!(two(&[0, 5000], &[15_001]), 2, "{names:?}: more than that");
        assert_eq!(two(&[0, 5000], &[4900]), 1, "{names:?}: out of order");
        assert_eq!(two(&[0, 5000], &[4899]), 2, "{names:?}: at the same time");
        assert_eq!(two(&[0, 500], &[449]), 2, "{names:?}: at the same time");
    }
    for names in [
        ["a_1.pcap", "b_2.pcap"],
        ["s_1.pcap", "s_3.pcap"],
        ["s1m.pcap", "s2.pcap"],
        ["s-20261301-1.pcap", "s-20261301-3.pcap"],
        ["s-2026-01-32-1.pcap", "s-2026-01-32-3.pcap"],
        ["h2.pcap", "h3.pcap"],
        ["s-176726880.pcap", "s-176726970.pcap"],
        ["sT11-00.pcap", "sT12-15.pcap"],
    ] {
        assert_eq!(
            found(&[(names[0], &[0]), (names[1], &[1])]).len(),
            2,
            "{names:?}"
        );
    }
}

#[test]
fn a_counter_may_begin_anew() {
    let ring = [
        ("x.pcap0", &[30_000, 40_000][..]),
        ("x.pcap1", &[40_001, 50_000]),
        ("x.pcap2", &[10_000, 20_000]),
        ("x.pcap3", &[20_001, 29_000]),
    ];
    assert_eq!(found(&ring), [["x.pcap2", "x.pcap3", "x.pcap0", "x.pcap1"]]);
}

#[test]
fn files_of_one_ring_may_hold_packets_to_different_lengths() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, time: i64, snapshot_length: u32| {
        let packets = [TestPacket::new(1, time, vec![0; 60])];
        let mut file = pcap(PcapForm::default(), 1, &packets);
        file[16..20].copy_from_slice(&snapshot_length.to_le_bytes());
        let path = folder.path().join(name);
        fs::write(&path, file).expect("written");
        Input::Capture(vec![path])
    };
    let files = vec![write("s_1.pcap", 0, 65_535), write("s_2.pcap", 1, 96)];
    assert_eq!(join(files, Joining::Found(SECOND), JOBS).0.len(), 1);
}

#[test]
fn names_of_one_series_differ_in_numbers_only() {
    let are = |one: &str, other: &str| are_of_one_series(Path::new(one), Path::new(other));
    assert!(are("a/s_1.pcap", "a/s_3.pcap"));
    assert!(are("a/s_1.pcap", "a/s_2.pcap.gz"));
    assert!(!are("a/s_1.pcap", "b/s_2.pcap"));
    assert!(!are("up.pcap", "down.pcap"));
}

#[test]
fn all_are_joined_in_order_of_time_if_that_is_wished() {
    let files = [
        ("b.pcap", &[5][..]),
        ("a.pcap", &[7]),
        ("empty.pcap", &[]),
        ("rawc", &[1]),
    ];
    assert_eq!(
        joined(&files, Joining::All(SECOND)),
        [vec!["c", "b.pcap", "a.pcap"], vec!["empty.pcap"]],
        "what has no packet stays by itself"
    );
}

#[test]
fn names_count_where_a_clock_was_set_back_between_files() {
    let order = |files: &[(&str, &[i64])]| joined(files, Joining::All(10 * SECOND)).remove(0);
    for (back, order_of_time) in [(-10_001, false), (-10_000, true), (5_000, true)] {
        let late = [20_000 + back];
        let files = [("s_1.pcap", &[20_000, 20_500][..]), ("s_2.pcap", &late)];
        let expected = if back < 0 && order_of_time {
            ["s_2.pcap", "s_1.pcap"]
        } else {
            ["s_1.pcap", "s_2.pcap"]
        };
        // What is named first begins up to ten seconds after the end of the other.
        assert_eq!(order(&files), expected, "{back}");
    }
    // A shell names the tenth file before the second.
    let hour = 3_600_000;
    let files = [
        ("s_10.pcap", &[hour + 2_000][..]),
        ("s_8.pcap", &[5 * hour]),
        ("s_9.pcap", &[hour]),
    ];
    assert_eq!(order(&files), ["s_8.pcap", "s_9.pcap", "s_10.pcap"]);
}

/// A connection to a server of Netflix that goes on for so many responses, a second each from this time on.
fn conversation(since: i64, server: [u8; 4]) -> Vec<TestPacket> {
    let end = |is_client: bool| -> ([u8; 4], [u8; 2]) {
        if is_client {
            ([10, 0, 0, 2], [0xc3, 0x50])
        } else {
            (server, [0, 80])
        }
    };
    let mut packets = Vec::new();
    let (mut up, mut down) = (1000_u32, 5000_u32);
    let mut send = |is_client: bool, flags: u8, payload: &[u8]| {
        let (own, other) = if is_client {
            (&mut up, &mut down)
        } else {
            (&mut down, &mut up)
        };
        let ((source, source_port), (target, target_port)) = (end(is_client), end(!is_client));
        let length = (40 + payload.len()) as u16;
        let bytes = [
            &[0; 12][..],
            &[8, 0, 0x45, 0],
            &length.to_be_bytes(),
            &[0, 1, 0x40, 0, 64, 6, 0, 0],
            &source,
            &target,
            &source_port,
            &target_port,
            &own.to_be_bytes(),
            &other.to_be_bytes(),
            &[0x50, flags, 255, 255, 0, 0, 0, 0],
            payload,
        ]
        .concat();
        *own += payload.len() as u32 + u32::from(flags & 2 != 0);
        let frame = packets.len() as u64 + 1;
        let time = since + SECOND * packets.len() as i64;
        packets.push(TestPacket::new(frame, time, bytes));
    };
    send(true, 0x02, &[]);
    send(false, 0x12, &[]);
    for _ in 0..10 {
        send(
            true,
            0x18,
            b"GET /range/0-99 HTTP/1.1\r\nHost: ipv4-c001-zrh001-ix.1.oca.nflxvideo.net\r\n\r\n",
        );
        send(
            false,
            0x18,
            b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nxxxxx",
        );
    }
    packets
}

#[test]
fn connections_that_go_on_tell_the_order_of_files() {
    // An address that is Netflix's, and one that only the first request names.
    for server in [[23, 246, 11, 141], [198, 51, 100, 7]] {
        tells_the_order(server);
    }
}

fn tells_the_order(server: [u8; 4]) {
    let folder = tempfile::tempdir().expect("a folder");
    let packets = conversation(100_000 * SECOND, server);
    let begin = &packets[..9];
    for (shift, is_named_in_order, names) in [
        // There is a minute between the two, and the letters are in no order.
        (60, false, ["zero.pcap", "more.pcap"]),
        (60, true, ["zero.pcap", "more.pcap"]),
        // The clock was set back by an hour.
        (-3600, true, ["zero.pcap", "more.pcap"]),
        (-3600, true, ["s_1.pcap", "s_2.pcap"]),
        // A counter began again.
        (60, false, ["s_2.pcap", "s_1.pcap"]),
    ] {
        let later: Vec<_> = packets[9..]
            .iter()
            .map(|packet| {
                let time = packet.time + shift * SECOND;
                TestPacket::new(packet.frame, time, packet.data.clone())
            })
            .collect();
        let files = [(names[0], begin), (names[1], &later[..])];
        let mut inputs = files.map(|(name, packets)| {
            let path = folder.path().join(name);
            fs::write(&path, pcap(PcapForm::default(), 1, packets)).expect("written");
            Input::Capture(vec![path])
        });
        if !is_named_in_order {
            inputs.reverse();
        }
        let (joined, _) = join(inputs.into(), Joining::All(10 * SECOND), JOBS);
        let expected = files.map(|(name, _)| folder.path().join(name));
        let joined = joined.into_iter().next().map(Input::into_files);
        assert_eq!(joined.as_deref(), Some(&expected[..]), "{shift} {names:?}");
    }
}
