//! Requests that follow a header or a reset.

use super::*;

#[test]
fn what_is_requested_at_once_behind_a_header_is_video() {
    for (wait, is_video) in [(60, true), (61, false)] {
        let mut link = Link::new();
        // Video was the last, so that audio is due.
        link.learn(4).ask().take(900).end();
        link.now += wait;
        link.ask().take(10_000).ask().take(400_000);
        let parts = link.end();
        let audio = parts[usize::from(is_video)].size;
        assert!(audio.abs_diff(AUDIO) <= 200, "{wait}: {parts:?}");
    }
}

#[test]
fn one_header_after_media_shows_what_follows() {
    let mut link = Link::new();
    // Behind two headers, or before any media, a title begins.
    for is_behind in [false, true, false] {
        link.ask().take(900).end();
        link.ask();
        let is_alone = link.sharing.period.behind == Behind::Alone;
        assert_eq!(is_alone, is_behind);
        link.take(100_000).end();
        if is_behind {
            link.ask().take(900).end();
        }
    }
}

#[test]
fn a_header_behind_a_reset_gets_no_equal_part() {
    for (resets, equal) in [(true, [401_200 - 800, 800]), (false, [250_600, 150_600])] {
        let mut link = Link::new();
        link.ask_with(43).take(300_000).end();
        link.now += 1000;
        link.ask_with(43).take(100_000);
        link.give_up_and_ask(41, resets).take(301_200);
        assert_eq!(sizes(&link.sharing.even(0)), equal, "{resets}");
    }
}

#[test]
fn that_a_request_was_for_a_header_may_show_later() {
    let first_behind = |wait: i64| {
        let mut link = Link::with(Manner::InOrder);
        // The headers of both tracks, media of both, and the header of another quality.
        link.ask().ask_with(41).take(1_600).end();
        link.ask_with(43).take(150_000).ask_with(43).take(100_000);
        link.ask_with(41).take(100_000).end();
        link.now += wait;
        // Audio and video.
        let number = link.number + 1;
        link.ask_with(43).ask_with(43).take(540_000);
        let mut parts = link.end();
        assert!(parts.is_empty());
        link.now += 500;
        for round in 0..4 {
            for size in [400_000 + round * 30_000, AUDIO + round * 50] {
                parts.extend(link.ask_with(43).take(size).end());
                link.now += 500;
            }
        }
        let part = parts.iter().rfind(|part| part.number == number);
        part.map(|part| part.size / 1_000)
    };
    assert_eq!(first_behind(60), Some(49));
    assert_eq!(first_behind(61), Some(490));
}
