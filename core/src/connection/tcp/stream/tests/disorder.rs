//! Packets that come after later ones.

use super::*;

#[test]
fn what_is_known_begins_behind_a_number_or_at_it_or_with_the_syn() {
    const MOST: u32 = 1000;
    let joined = |sequence: u32| {
        let mut stream = Stream::default();
        stream.start(sequence);
        stream.take_in_order(5_000);
        stream
    };
    for (first, continues) in [(0, true), (1000, true), (1001, false), (u32::MAX, false)] {
        let stream = joined(START.wrapping_add(first));
        assert_eq!(stream.continues(START, MOST), continues, "{first}");
    }
    let mut anchored = Stream::default();
    assert!(!anchored.continues(START, MOST));
    anchored.anchor(START);
    assert!(!anchored.continues(START, MOST));
}
