//! Properties that hold for any bytes.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// Bytes that often get past the first checks of a long header.
fn datagrams() -> impl Strategy<Value = Vec<u8>> {
    let versions = prop::sample::select(vec![V1, V2, DRAFT_29, 0, 0x1a2a_3a4a]);
    let long = (
        any::<u8>(),
        versions,
        vec(any::<u8>(), 0..40),
        vec(0..64u8, 0..400),
    )
        .prop_map(|(first, version, cids, rest)| {
            [
                &[first | 0x80][..],
                &version.to_be_bytes(),
                &[8],
                &DCID,
                &[0],
                &cids,
                &rest,
            ]
            .concat()
        });
    prop_oneof![vec(any::<u8>(), 0..200), long]
}

proptest! {
    #[test]
    fn packets_cover_the_datagram_without_overlap(
        bytes in datagrams(), missing in 0..2000usize, short_dcid_len: Option<u8>,
    ) {
        let datagram_len = bytes.len() + missing;
        let mut packets = parse_datagram(&bytes, datagram_len, short_dcid_len);
        let mut at = 0;
        for packet in packets.by_ref() {
            prop_assert_eq!(packet.offset, at);
            prop_assert!(packet.header_len <= packet.packet_len && packet.packet_len > 0);
            prop_assert!(packet.bytes.len() <= packet.packet_len);
            prop_assert_eq!(&bytes[at..at + packet.bytes.len()], packet.bytes);
            at += packet.packet_len;
            prop_assert!(at <= datagram_len);
        }
        prop_assert_eq!(packets.unparsed_len(), datagram_len - at);
        let _ = looks_like_initial(&bytes, datagram_len);
    }

    #[test]
    fn decrypting_anything_never_panics(bytes in datagrams(), missing in 0..2000usize) {
        let mut payload = Vec::new();
        for packet in parse_datagram(&bytes, bytes.len() + missing, None) {
            let Ok(mut keys) = InitialKeys::client(packet.version.unwrap_or(V1), packet.dcid) else {
                continue;
            };
            match keys.decrypt(&packet, &mut payload) {
                Ok(opened) => prop_assert!(!opened.authenticated),
                Err(_) => prop_assert!(payload.is_empty()),
            }
            prop_assert!(payload.len() <= packet.bytes.len());
        }
    }

    #[test]
    fn walking_any_frames_ends(
        payload in vec(prop_oneof![0..7u8, Just(0x1c), any::<u8>()], 0..300),
    ) {
        let mut stream = CryptoStream::with_limit(64);
        let mut total = 0;
        for frame in crypto_frames(&payload) {
            total += frame.data.len();
            stream.insert(frame.offset, frame.data);
        }
        prop_assert!(total <= payload.len());
        prop_assert!(stream.prefix().len() <= 64);
    }

    #[test]
    fn sealed_packets_open(
        version in prop::sample::select(vec![V1, V2, DRAFT_29]),
        payload in vec(any::<u8>(), 16..600),
    ) {
        let mut keys = InitialKeys::server(version, &DCID).unwrap();
        let header = long_header(version, Form::Initial, b"abc", b"defg", &[], payload.len());
        let datagram = keys.seal(&header, 4, &payload);
        let mut opened = Vec::new();
        let result = keys.decrypt(&single(&datagram), &mut opened);
        prop_assert!(result.is_ok_and(|opened| opened.authenticated));
        prop_assert_eq!(opened, payload);
    }

    /// Browsers cut their hello into pieces, shuffle them, and spread them over several packets.
    #[test]
    fn the_order_of_fragments_does_not_matter(
        message in vec(any::<u8>(), 1..3000),
        cuts in vec(any::<prop::sample::Index>(), 0..40),
        repeated in vec(any::<prop::sample::Index>(), 0..5),
        overlap in 0..20usize,
        order: u64,
        limit in 1..4000usize,
    ) {
        let mut bounds: Vec<_> = cuts.iter().map(|cut| cut.index(message.len())).collect();
        bounds.extend([0, message.len()]);
        bounds.sort_unstable();
        let mut fragments: Vec<_> = bounds
            .windows(2)
            .map(|pair| (pair[0], &message[pair[0]..(pair[1] + overlap).min(message.len())]))
            .collect();
        let mut in_order = CryptoStream::with_limit(limit);
        for &(offset, data) in &fragments {
            in_order.insert(offset as u64, data);
        }
        fragments.extend(repeated.iter().map(|pick| *pick.get(&fragments)).collect::<Vec<_>>());
        fragments.sort_by_key(|&(offset, _)| {
(offset as u64 ^ order).wrapping_mul(0x9e37_79b9_7f4a_7c15)
        });
        let frames = fragments.iter().map(|&(at, data)| crypto_frame(at, data));
        let payload = frames.collect::<Vec<_>>().concat();
        let mut shuffled = CryptoStream::with_limit(limit);
        for frame in crypto_frames(&payload) {
            shuffled.insert(frame.offset, frame.data);
        }
        prop_assert_eq!(shuffled.prefix(), &message[..message.len().min(limit)]);
        prop_assert_eq!(shuffled, in_order);
    }
}
