//! Arbitrary bytes.

use super::*;

/// Pieces of streams, cut and joined at will.
fn pieces() -> impl Strategy<Value = Vec<(Vec<u8>, u64)>> {
    let words: [&[u8]; 12] = [
        b"HTTP/1.1 200 OK\r\n",
        b"GET / HTTP/1.1\r\n",
        b"Content-Length: 12\r\n",
        b"Content-Length: 18446744073709551615\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"\r\n",
        b"\n",
        b"ffffffffffffffff\r\n",
        b"5\r\n12345\r\n",
        b"0\r\n\r\n",
        b"HTTP/1.1 100 C\r\n\r\n",
        b"\0\xff",
    ];
    let word = prop_oneof![
        8 => prop::sample::select(words.to_vec()).prop_map(<[u8]>::to_vec),
        1 => prop::collection::vec(any::<u8>(), 0..20),
    ];
    let hidden = prop_oneof![4 => Just(0_u64), 1 => 0..30_u64, 1 => Just(1 << 32)];
    let packet = (prop::collection::vec(word, 0..5), hidden).prop_map(|(words, hidden)| {
        let bytes = words.concat();
        let length = bytes.len() as u64 + hidden;
        (bytes, length)
    });
    prop::collection::vec(packet, 0..8)
}

proptest! {
    #[test]
    fn every_stream_is_read_to_its_end_with_events_in_order(packets in pieces(), bodiless: [bool; 4], server: bool) {
        let side = if server { Side::Server } else { Side::Client };
        let mut reader = MessageReader::new(side);
        let (mut at, mut last) = (0, 0);
        let mut open = false;
        for (bytes, length) in &packets {
            let end = at + length;
            for event in read(&mut reader, &mut at, &[(bytes, *length)], &bodiless) {
                match event {
                    HttpEvent::EmptyLines(..) => {}
                    HttpEvent::Start(offset) => {
                        prop_assert!(offset >= last && offset <= end, "starts at {} in ..{}", offset, end);
                        last = offset;
                        open = true;
                    }
                    HttpEvent::End(offset) => {
                        prop_assert!(open && offset > last && offset <= end, "ends at {} in ..{}", offset, end);
                        last = offset;
                        open = false;
                    }
                    HttpEvent::Head(_) | HttpEvent::Interim => prop_assert!(open),
                }
            }
            prop_assert!(reader.head.len() <= MAX_HEAD);
        }
    }

    #[test]
    fn bodies_of_any_size_keep_the_framing(
        sizes in prop::collection::vec(0..5000_usize, 1..6),
        cuts in prop::collection::vec(1..3000_usize, 1..8),
        snapshot in 200..2000_usize,
    ) {
        let stream: Vec<u8> = sizes.iter().flat_map(|&size| sized(size)).collect();
        let expected = whole(Side::Server, &stream, &[]);
        prop_assert_eq!(expected.len(), 3 * sizes.len());
        let (mut reader, mut at, mut events) = (MessageReader::new(Side::Server), 0, Vec::new());
        let mut cuts = cuts.into_iter().cycle();
        let mut rest = &stream[..];
        while !rest.is_empty() {
            let (packet, after) = rest.split_at(cuts.next().unwrap().min(rest.len()));
            // The snapshot length hides body bytes only: a head in the hidden part would lose the
            // framing.
            let hides_head = packet[packet.len().min(snapshot)..].iter().any(|&b| b != b'\n');
            let captured = if hides_head { packet } else { &packet[..packet.len().min(snapshot)] };
            let ends_head = packet.len() > captured.len() && captured.last() != Some(&b'\n');
            let captured = if ends_head { packet } else { captured };
            events.extend(read(&mut reader, &mut at, &[(captured, packet.len() as u64)], &[]));
            rest = after;
        }
        prop_assert!(!reader.is_lost());
        prop_assert_eq!(events, expected);
    }

    #[test]
    fn hosts_of_arbitrary_heads_are_no_danger(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = host_of(&bytes);
        let _ = host_of(&[b"GET / HTTP/1.1\r\nHost: ", &bytes[..]].concat());
    }
}
