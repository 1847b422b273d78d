use super::*;
use crate::capture::testing::{self, Fields, WholeCapture, read_all};

fn little() -> Fields {
    Fields(Order::Little, Vec::new())
}

#[test]
fn cut_anywhere_gives_every_whole_packet() {
    let bytes = testing::small_pcapng();
    let packets = testing::packets();
    // Ends of blocks, and how many packets there are by then.
    let mut ends = vec![(28, 0), (28 + 28, 0)];
    for packet in &packets {
        let (end, frames) = ends[ends.len() - 1];
        let end = end + 32 + packet.data.len().next_multiple_of(4);
        ends.extend([(end, frames + 1), (end + 20, frames + 1)]);
    }
    assert_eq!(ends[ends.len() - 1], (bytes.len(), packets.len()));
    for length in 1..=bytes.len() {
        let seen = read_all(&bytes[..length]);
        if length < 28 {
            assert!(seen.is_err(), "cut at {length}");
            continue;
        }
        let WholeCapture {
            packets: seen,
            damage,
        } = seen.expect("a capture");
        let &(end, whole) = ends
            .iter()
            .rfind(|(end, _)| *end <= length)
            .expect("after the section header");
        assert_eq!(seen.len(), whole, "cut at {length}");
        for (seen, packet) in seen.iter().zip(&packets) {
            assert_eq!((seen.time.0, &seen.data), (packet.time, &packet.data));
            assert_eq!(seen.original_length, packet.original_length);
        }
        assert_eq!(damage.is_some(), end != length, "cut at {length}");
        if let Some(damage) = damage {
            assert_eq!(
                (damage.offset, damage.after_frame),
                (end as u64, whole as u64),
                "cut at {length}"
            );
            assert!(matches!(damage.what, Defect::CutPacket | Defect::CutBlock));
        }
    }
}

#[test]
fn sections_may_differ_in_byte_order_and_interfaces() {
    let mut bytes = Vec::new();
    for order in [Order::Big, Order::Little, Order::Big] {
        let offset = match order {
            Order::Little => 3i64.to_le_bytes(),
            Order::Big => 3i64.to_be_bytes(),
        };
        let mut out = Fields(order, Vec::new());
        out.section()
            .interface(1, 0, &[(2, b"first"), (14, &offset)])
            .interface(101, 0, &[(9, &[0x80 | 10]), (0, &[]), (9, &[3])])
            .enhanced(1, 1536, 4, b"abcd")
            .enhanced(0, 1_000_001, 9, b"efg");
        bytes.extend(out.1);
    }
    let WholeCapture { packets, damage } = read_all(&bytes).expect("a capture");
    assert_eq!(damage, None);
    assert_eq!(packets.len(), 6);
    for pair in packets.chunks(2) {
        assert_eq!(
            (pair[0].link_type, pair[0].time.0),
            (LinkType::RAW, 1_500_000_000)
        );
        assert_eq!(
            (pair[1].link_type, pair[1].time.0),
            (LinkType::ETHERNET, 4_000_001_000)
        );
        assert_eq!(
            (&pair[1].data[..], pair[1].original_length),
            (&b"efg"[..], 9)
        );
    }
    assert_eq!(packets[5].frame, 6);
}

#[test]
fn simple_packets_take_length_from_the_interface_and_time_from_before() {
    let mut out = little();
    out.section().interface(1, 6, &[]);
    let simple = |out: &mut Fields, original: u32, data: &[u8]| {
        let data = data.to_vec();
        out.block(3, |body| {
            body.u32(original).bytes(&data);
        });
    };
    simple(&mut out, 3, b"abc");
    out.enhanced(0, 5, 2, b"xy");
    simple(&mut out, 1500, b"abcdef");
    simple(&mut out, 6, b"abc");
    let WholeCapture { packets, damage } = read_all(&out.1).expect("a capture");
    assert_eq!(
        (packets[0].time, &packets[0].data[..]),
        (Time(0), &b"abc"[..])
    );
    assert_eq!(
        (packets[2].time, &packets[2].data[..]),
        (Time(5000), &b"abcdef"[..])
    );
    assert_eq!(packets[2].original_length, 1500);
    assert_eq!(packets.len(), 3, "the last one claims more than it holds");
    assert_eq!(damage.expect("damage").what, Defect::Block);
}

#[test]
fn obsolete_packets() {
    let mut out = little();
    out.section()
        .interface(1, 0, &[])
        .interface(113, 0, &[])
        .block(2, |body| {
            body.u16(1)
                .u16(77)
                .u32(0)
                .u32(8)
                .u32(3)
                .u32(60)
                .bytes(b"abc");
        });
    let seen = read_all(&out.1).expect("a capture");
    let packet = &seen.packets[0];
    assert_eq!(
        (packet.link_type, packet.time.0, packet.original_length),
        (LinkType::LINUX_SLL, 8000, 60)
    );
    assert_eq!(packet.data, b"abc");
}

#[test]
fn frames_count_as_wireshark_counts_them() {
    let mut out = little();
    out.section().interface(1, 0, &[]);
    for kind in [4, 5, 10, 0x77, 9, 0xbad, 0x4000_0bad, 0x204] {
        out.block(kind, |body| {
            body.bytes(&[0; 40]);
        });
    }
    out.enhanced(0, 0, 1, b"a");
    assert_eq!(read_all(&out.1).expect("a capture").packets[0].frame, 5);
}

#[test]
fn a_packet_of_an_unknown_interface_is_lost_alone() {
    let mut out = little();
    out.section()
        .interface(1, 0, &[])
        .enhanced(0, 0, 1, b"a")
        .enhanced(7, 0, 1, b"b")
        .enhanced(0, 0, 1, b"c");
    let WholeCapture { packets, damage } = read_all(&out.1).expect("a capture");
    assert_eq!(
        packets
            .iter()
            .map(|packet| packet.frame)
            .collect::<Vec<_>>(),
        [1, 3]
    );
    let damage = damage.expect("damage");
    assert_eq!(
        (damage.after_frame, &damage.what),
        (1, &Defect::Interface(7))
    );
    assert!(damage.sentence("byte").ends_with("the rest was used"));
}

#[test]
fn lengths_that_cannot_be() {
    for (length, tail, expected) in [
        (8, 8, Defect::BlockLength(8)),
        (0xffff_fff0, 0, Defect::BlockLength(0xffff_fff0)),
        (40, 44, Defect::TwoLengths(40, 44)),
    ] {
        let mut out = little();
        out.section().interface(1, 0, &[]).enhanced(0, 0, 1, b"a");
        out.u32(6)
            .u32(length)
            .bytes(&[0; 28])
            .u32(tail)
            .enhanced(0, 0, 1, b"b");
        let WholeCapture { packets, damage } = read_all(&out.1).expect("a capture");
        assert_eq!(packets.len(), 1);
        assert_eq!(damage.expect("damage").what, expected);
    }
}

#[test]
fn a_length_without_its_padding() {
    let mut out = little();
    out.section().interface(1, 0, &[]);
    out.u32(6)
        .u32(34)
        .u32(0)
        .u32(0)
        .u32(1)
        .u32(2)
        .u32(2)
        .bytes(b"ab\0\0")
        .u32(34);
    out.enhanced(0, 0, 1, b"b");
    let seen = read_all(&out.1).expect("a capture");
    assert_eq!((seen.packets.len(), seen.damage), (2, None));
}

#[test]
fn a_large_unknown_block_is_passed_over() {
    let mut out = little();
    out.section().interface(1, 0, &[]).block(0x77, |body| {
        body.bytes(&vec![1; MAX_BLOCK + 4]);
    });
    out.enhanced(0, 0, 1, b"a");
    let seen = read_all(&out.1).expect("a capture");
    assert_eq!((seen.packets.len(), seen.damage), (1, None));
}

#[test]
fn versions() {
    let mut out = little();
    out.section();
    out.1[12] = 2;
    assert!(matches!(
        read_all(&out.1),
        Err(Unreadable::Version { major: 2, .. })
    ));
}
