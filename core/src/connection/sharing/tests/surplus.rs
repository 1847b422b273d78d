//! Bytes that are not data: framing of records, padding.

use super::*;

#[test]
fn what_is_not_data_is_taken_from_each_response_alike() {
    for percent in [0, 2] {
        let on_wire = |data: u64| data * 100 / (100 - percent);
        let mut link = Link::with(Manner::InOrder);
        link.learn(4);
        // Each video is followed by audio, and by the next video once it has come.
        let before = link.sharing.received();
        link.ask()
            .take(on_wire(200_000))
            .ask()
            .take(on_wire(500_000));
        link.ask().take(on_wire(AUDIO + 200_000)).ask();
        link.take(on_wire(300_000 + AUDIO));
        let data = 1_200_000 + 2 * AUDIO;
        let surplus = link.sharing.received() - before - data;
        let parts = link.sharing.end(surplus, &link.config, &|_| true);
        for (part, video) in [(parts[0], 700_000), (parts[2], 500_000)] {
            assert!(part.size.abs_diff(video) <= 500, "{percent} {parts:?}");
        }
        assert_eq!(parts[3].last, Some(stamp(link.now)), "{percent}");
    }
}
