//! Datagrams of any kind.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// A datagram: noise of a length, or a packet out of an own conversation.
fn datagram() -> impl Strategy<Value = (bool, u8, Vec<u8>)> {
    let noise = vec(any::<u8>(), 0..1500);
    let short = (any::<u8>(), 0..9000usize).prop_map(|(first, size)| vec![first | 0x40; size]);
    let long =
        (any::<u8>(), vec(0..24u8, 0..60), 0..1400usize).prop_map(|(first, mut bytes, size)| {
            bytes.resize(bytes.len().max(size), first);
            [&[first | 0xc0, 0, 0, 0, 1], &bytes[..]].concat()
        });
    (any::<bool>(), any::<u8>(), prop_oneof![noise, short, long])
}

proptest! {
    #[test]
    fn is_survived_and_adds_up(opened: bool, captured in 28..2000usize, datagrams in vec(datagram(), 0..200)) {
        let mut talk = Talk::informed();
        if opened {
            talk.open();
        }
        talk.captured = captured;
        let mut total = 0;
        for (from_client, pause, datagram) in datagrams {
            total += if from_client { 0 } else { datagram.len() as u64 };
            talk.wait(i64::from(pause) * MILLISECOND - 40 * MILLISECOND).send(from_client, &datagram);
        }
        let found = talk.finish();
        let bytes: u64 = found.iter().map(|s| s.bytes).sum();
        prop_assert!(bytes <= total, "{bytes} of {total}");
        prop_assert!(found.iter().all(|s| s.app_bytes <= s.bytes && s.server == 0));
        if talk.engine.server_count() > 0 {
            let totals = talk.engine.server_segments(0);
            prop_assert_eq!(totals.bytes, bytes);
            prop_assert_eq!(totals.count as usize, found.len());
        }
    }
}
