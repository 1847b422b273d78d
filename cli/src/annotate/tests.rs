//! Comments go in and come out, whatever the blocks are like.

use std::io::Cursor;

use proptest::prelude::*;

use super::comment::{Edit, put, put_end};
use super::rewriter::Rewriter;
use crate::capture::{Order, Piece, Reader};

const NOTE: &str = "nflx: in 23.246.11.141, flow 3";
const ORDERS: [Order; 2] = [Order::Little, Order::Big];

/// A file with `edit` done to every block that can have comments; `None` if it is no capture.
fn rewritten(bytes: &[u8], edit: Edit<'_>) -> Option<Vec<u8>> {
    let mut reader = Reader::new(bytes).ok()?;
    let mut out = Cursor::new(Vec::new());
    let mut rewriter = Rewriter::new(&mut out);
    while let Some(piece) = reader.next_piece() {
        rewriter.piece(&piece, edit).expect("to memory");
    }
    rewriter.finish().expect("to memory");
    Some(out.into_inner())
}

/// Options after an edit; `None` if that is no change.
fn edited(edit: Edit<'_>, options: &[u8], order: Order) -> Option<Vec<u8>> {
    let mut into = b"before".to_vec();
    let changed = edit.apply(options, order, &mut into);
    let after = into.split_off(6);
    assert!(into == b"before" && (changed || after.is_empty()));
    changed.then_some(after)
}

/// Blocks in one byte order.
struct Blocks(Order, Vec<u8>);

impl Blocks {
    fn block(&mut self, kind: u32, body: &[u8]) {
        let length = self.0.u32_bytes(body.len().next_multiple_of(4) as u32 + 12);
        self.1.extend(self.0.u32_bytes(kind));
        self.1.extend(length);
        self.1.extend(body);
        self.1.resize(self.1.len().next_multiple_of(4), 0);
        self.1.extend(length);
    }

    fn section(&mut self, length: u64, options: &[u8]) {
        let order = self.0;
        let mut body = order.u32_bytes(0x1a2b_3c4d).to_vec();
        body.extend([order.u16_bytes(1), order.u16_bytes(0)].concat());
        body.extend(order.u64_bytes(length));
        body.extend(options);
        self.block(0x0a0d_0d0a, &body);
    }

    fn interface(&mut self) {
        let order = self.0;
        let body = [&order.u16_bytes(1)[..], &[0, 0], &order.u32_bytes(0)].concat();
        self.block(1, &body);
    }

    /// An enhanced packet block, or the obsolete one.
    fn packet(&mut self, kind: u32, data: &[u8], options: &[u8]) {
        let order = self.0;
        let length = order.u32_bytes(data.len() as u32);
        let mut body = [
            &[0; 4][..],
            &order.u32_bytes(1),
            &order.u32_bytes(2),
            &length,
            &length,
            data,
        ]
        .concat();
        body.resize(body.len().next_multiple_of(4), 0);
        body.extend(options);
        self.block(kind, &body);
    }
}

fn options(order: Order, list: &[(u16, &[u8])], end: bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (code, value) in list {
        put(&mut bytes, order, *code, value).expect("short");
    }
    if end {
        put_end(&mut bytes);
    }
    bytes
}

#[test]
fn comments_go_in_last_and_come_out() {
    for order in ORDERS {
        let add = |before: &[u8]| edited(Edit::Add(NOTE), before, order);
        let ours = (1, NOTE.as_bytes());
        let cases: [(Vec<u8>, Vec<u8>); 5] = [
            (options(order, &[], false), options(order, &[ours], true)),
            (options(order, &[], true), options(order, &[ours], false)),
            (
                options(order, &[(1, b"theirs")], true),
                options(order, &[(1, b"theirs"), ours], true),
            ),
            (
                options(order, &[(2, &[1; 4]), (1, b"x")], false),
                options(order, &[(2, &[1; 4]), (1, b"x"), ours], false),
            ),
            // Bytes after the end belong to nobody, and stay.
            ([options(order, &[(9, b"y")], true), vec![7; 4]].concat(), {
                [options(order, &[(9, b"y"), ours], true), vec![7; 4]].concat()
            }),
        ];
        for (before, after) in cases {
            assert_eq!(add(&before).as_deref(), Some(&after[..]), "{before:?}");
            assert_eq!(add(&after), None, "twice");
            assert_eq!(
                edited(Edit::Strip, &after, order).as_deref(),
                Some(&before[..])
            );
            assert_eq!(edited(Edit::Strip, &before, order), None);
            assert_eq!(edited(Edit::Keep, &after, order), None);
        }
    }
}

#[test]
fn unsound_options_are_left_alone() {
    for bytes in [
        &[1, 0][..],
        &[1, 0, 9, 0, b'n', b'f', b'l', b'x'],
        &[1, 0, 255, 255],
    ] {
        assert_eq!(edited(Edit::Add(NOTE), bytes, Order::Little), None);
        assert_eq!(edited(Edit::Strip, bytes, Order::Little), None);
    }
    let long = "x".repeat(70_000);
    assert_eq!(edited(Edit::Add(&long), &[], Order::Little), None);
}

#[test]
fn sections_keep_a_right_length() {
    // The longer one is not held until its length is known.
    for (order, length) in ORDERS.into_iter().zip([3, 700_001]) {
        let mut inner = Blocks(order, Vec::new());
        inner.interface();
        inner.packet(6, &vec![b'a'; length], &[]);
        inner.block(3, &[0, 0, 0, 0]);
        inner.packet(2, b"abcd", &options(order, &[(1, b"theirs")], true));
        let mut whole = Blocks(order, Vec::new());
        whole.section(inner.1.len() as u64, &[]);
        whole.1.extend(&inner.1);
        let file = [&whole.1[..], &whole.1].concat();
        let annotated = rewritten(&file, Edit::Add(NOTE)).expect("a capture");
        let section = annotated.len() / 2;
        assert!(annotated[..section] == annotated[section..]);
        let head = order.u32(&annotated, 4) as usize;
        assert_eq!(annotated[16..24], order.u64_bytes((section - head) as u64));
        assert!(rewritten(&annotated, Edit::Strip).expect("a capture") == file);
    }
}

#[test]
fn blocks_do_not_outgrow_what_is_read() {
    let mut file = Blocks(Order::Little, Vec::new());
    file.section(
        u64::MAX,
        &options(Order::Little, &[(1, &[b'a'; 60_000][..]); 17], false),
    );
    file.interface();
    file.packet(6, &vec![0; 16 * 1024 * 1024 - 32], &[]);
    assert_eq!(
        rewritten(&file.1, Edit::Add(NOTE))
            .expect("a capture")
            .len()
            - file.1.len(),
        36
    );
    let mut full = Blocks(Order::Little, Vec::new());
    let mut filler = [(1, &[b'a'; 65_532][..]); 16];
    filler[15].1 = &filler[15].1[28..];
    full.section(u64::MAX, &options(Order::Little, &filler, false));
    assert_eq!(full.1.len(), 1024 * 1024);
    assert_eq!(
        rewritten(&full.1, Edit::Add(NOTE)).expect("a capture"),
        full.1
    );
}

/// One option: mostly of a sound length.
fn any_option() -> impl Strategy<Value = (u16, Vec<u8>)> {
    (
        prop_oneof![Just(1u16), 2..20u16, any::<u16>()],
        prop::collection::vec(any::<u8>(), 0..20),
    )
}

fn any_list(order: Order) -> impl Strategy<Value = Vec<u8>> {
    (
        prop::collection::vec(any_option(), 0..4),
        any::<bool>(),
        prop::collection::vec(any::<u8>(), 0..3),
    )
        .prop_map(move |(list, end, after)| {
            let list: Vec<_> = list
                .iter()
                .map(|(code, value)| (*code, &value[..]))
                .collect();
            // Whole words of anything: after the end, or unsound.
            let after: Vec<u8> = after.iter().flat_map(|&byte| [byte, 0, 0, byte]).collect();
            [options(order, &list, end), after].concat()
        })
}

/// A block: which, its data, its options.
fn any_blocks(order: Order) -> impl Strategy<Value = Vec<u8>> {
    let block = (
        0..8u8,
        prop::collection::vec(any::<u8>(), 0..40),
        any_list(order),
        any::<u64>(),
    );
    prop::collection::vec(block, 1..12).prop_map(move |list| {
        let mut blocks = Blocks(order, Vec::new());
        blocks.section(u64::MAX, &[]);
        blocks.interface();
        for (which, data, options, length) in list {
            match which {
                0 => {
                    blocks.section(length, &options);
                    blocks.interface();
                }
                1 => blocks.packet(2, &data, &options),
                2 => blocks.block(u32::from(data.len() as u16) | 0x4000_0000, &data),
                3 => blocks.block(
                    3,
                    &[&order.u32_bytes(data.len() as u32)[..], &data].concat(),
                ),
                _ => blocks.packet(6, &data, &options),
            }
        }
        blocks.1
    })
}

fn any_file() -> impl Strategy<Value = Vec<u8>> {
    (any_blocks(Order::Little), any_blocks(Order::Big))
        .prop_map(|(little, big)| [little, big].concat())
}

/// Annotating, annotating again, stripping.
fn check(file: &[u8]) {
    let Some(annotated) = rewritten(file, Edit::Add(NOTE)) else {
        return;
    };
    assert_eq!(
        rewritten(&annotated, Edit::Add(NOTE)).expect("still one"),
        annotated
    );
    assert_eq!(rewritten(&annotated, Edit::Strip).expect("still one"), file);
    assert_eq!(rewritten(file, Edit::Keep).expect("still one"), file);
}

proptest! {
    #[test]
    fn stripping_undoes_annotating(file in any_file()) {
        check(&file);
    }

    #[test]
    fn damage_is_copied(
        mut file in any_file(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        cut in any::<prop::sample::Index>(),
    ) {
        for (index, byte) in changes {
            let at = index.index(file.len());
            file[at] = byte;
        }
        file.truncate(cut.index(file.len()) + 1);
        // What begins like pcap after a change becomes pcapng.
        prop_assume!(file.starts_with(b"\n\r\r\n"));
        check(&file);
    }

    #[test]
    fn arbitrary_bytes_after_a_section(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let mut file = Blocks(Order::Big, Vec::new());
        file.section(77, &[]);
        file.1.extend(bytes);
        check(&file.1);
    }

    #[test]
    fn arbitrary_options(mut bytes in prop::collection::vec(any::<u8>(), 0..60), order in prop::sample::select(&ORDERS)) {
        bytes.truncate(bytes.len() / 4 * 4);
        if let Some(annotated) = edited(Edit::Add(NOTE), &bytes, order) {
            prop_assert_eq!(edited(Edit::Strip, &annotated, order), Some(bytes));
        }
    }
}

#[test]
fn pcap_becomes_pcapng() {
    let record: [&[u8]; 5] = [
        &5u32.to_be_bytes(),
        &7u32.to_be_bytes(),
        &3u32.to_be_bytes(),
        &1500u32.to_be_bytes(),
        b"abc",
    ];
    for (magic, units) in [
        ([0xa1, 0xb2, 0xc3, 0xd4], 5_000_007_u64),
        ([0xa1, 0xb2, 0x3c, 0x4d], 5_000_000_007),
    ] {
        let head = [
            &magic[..],
            &[0, 2, 0, 4],
            &[0; 8],
            &96u32.to_be_bytes(),
            &[0x24, 0, 0, 1],
        ]
        .concat();
        let file = [head, record.concat()].concat();
        let annotated = rewritten(&file, Edit::Add(NOTE)).expect("a capture");
        let mut reader = Reader::new(&annotated[..]).expect("a capture");
        let Some(Piece::Section(section)) = reader.next_piece() else {
            panic!("a section")
        };
        assert_eq!(section.order, Order::Big);
        let Some(Piece::Other(interface)) = reader.next_piece() else {
            panic!("an interface")
        };
        assert_eq!(interface[8..16], [0, 1, 0, 0, 0, 0, 0, 96]);
        let unit = if units > 1 << 32 { 9 } else { 6 };
        assert_eq!(
            interface[16..32],
            [0, 9, 0, 1, unit, 0, 0, 0, 0, 13, 0, 1, 4, 0, 0, 0]
        );
        let Some(Piece::Packet(packet, block)) = reader.next_piece() else {
            panic!("a packet")
        };
        assert_eq!((packet.data, packet.original_length), (&b"abc"[..], 1500));
        assert_eq!(block.bytes[12..20], units.to_be_bytes());
        assert_eq!(
            block.bytes[block.options().expect("some")],
            options(Order::Big, &[(1, NOTE.as_bytes())], true)
        );
        assert!(reader.next_piece().is_none() && reader.damage().is_none());
    }
}
