//! The usual size of audio.

use super::*;

#[test]
fn both_sides_of_the_agreement() {
    for (step, knows) in [(480, true), (500, false)] {
        let alone = [AUDIO, AUDIO + step, AUDIO + 2 * step, 400_000];
        assert_eq!(usual(alone.map(Some)), knows.then_some(true), "{step}");
    }
    // Two that agree more closely, unless more agree.
    assert_eq!(usual([Some(AUDIO), Some(AUDIO + 49)]), Some(false));
    assert_eq!(usual([Some(AUDIO), Some(AUDIO + 50)]), None);
    let often = [90_000, AUDIO, 90_500, AUDIO, 90_900].map(Some);
    assert_eq!(usual(often), Some(true));
}

/// Returns whether a usual size is known, and surely, after these responses were alone. Others came
/// before each, and overlapped where there is none.
fn usual<const N: usize>(sizes: [Option<u64>; N]) -> Option<bool> {
    let alone = |(place, size): (u32, Option<u64>)| {
        Some(LoneResponse {
            asked: Time(0),
            size: size? as u32,
            place: 2 * place,
        })
    };
    let alone: Vec<LoneResponse> = (0..).zip(sizes).filter_map(alone).collect();
    sizes::usual(&alone, &Config::default()).map(|usual| usual.1 == Ground::Enough)
}

#[test]
fn what_is_requested_in_a_row_is_video_however_constant() {
    // Audio of 49 kB, other responses, and what is known then.
    let known = |places: &[u32]| {
        let alone: Vec<LoneResponse> = places
            .iter()
            .map(|&place| LoneResponse {
                asked: Time(0),
                size: AUDIO as u32,
                place,
            })
            .collect();
        sizes::usual(&alone, &Config::default()).is_some()
    };
    assert!(known(&[0, 2, 4]) && known(&[0, 1, 3]));
    assert!(!known(&[0, 1, 2]) && !known(&[0, 1]));
    assert!(known(&[0, 1, 2, 4, 6]) && !known(&[0, 1, 2, 3, 6]));
}

#[test]
fn two_that_agree_closely_give_way_to_more() {
    let mut link = Link::new();
    let size = |link: &Link| link.sharing.audio.latest().map(|usual| usual.size / 1000);
    for (bytes, known) in [
        (30_000, None),
        (95_000, None),
        (30_000, Some(30)),
        (95_500, Some(30)),
        (300_000, Some(30)),
        (95_900, Some(95)),
        (30_000, Some(30)),
    ] {
        link.ask().take(bytes).end();
        assert_eq!(size(&link), known, "{bytes}");
    }
}

/// Video of a nearly constant size while all audio came beside other video.
fn constant_video(link: &mut Link) {
    for round in 0..6 {
        // Audio is requested when half of the video has come, and the video takes as long as it
        // plays.
        link.ask().take(200_000 + 20_000 * round);
        link.ask().take(150_000 + AUDIO);
        link.end();
        link.now += 20;
        let lone = [300_000, 454_300, 350_000, 454_300, 270_000, 400_000];
        link.ask().take(lone[round as usize]).end();
        link.now += 20;
    }
}

#[test]
fn a_few_constant_sizes_of_video_are_refuted_by_what_else_came() {
    let mut link = Link::new();
    constant_video(&mut link);
    let known = |link: &Link| link.sharing.audio.latest().map(|usual| usual.size);
    assert_eq!(known(&link), None);
    // One response of audio alone explains all.
    let parts = link.ask().take(AUDIO).end();
    assert_eq!(known(&link), Some(AUDIO));
    let audio = parts.iter().filter(|part| part.size.abs_diff(AUDIO) < 500);
    assert_eq!(audio.count(), 6, "{parts:?}");
    // Large datagrams are too few to pay for a trial.
    let mut link = Link::new();
    link.datagram = 60_000;
    constant_video(&mut link);
    assert_eq!(known(&link), Some(454_300));
}

#[test]
fn steps_of_video_are_not_taken_for_audio_while_audio_comes() {
    let mut link = Link::new();
    link.learn(3);
    for size in [
        400_000, 401_000, 402_000, 350_000, 351_000, 300_000, 410_000,
    ] {
        link.ask().take(size);
        assert!(link.end().is_empty());
    }
    assert_eq!(
        link.sharing.audio.latest().map(|usual| usual.size / 1000),
        Some(49)
    );
}

#[test]
fn what_was_read_with_a_wrong_size_is_read_again() {
    let mut link = Link::new();
    for size in [300_000, 500_000, 301_000, 520_000, 302_000] {
        link.ask().take(size);
        assert!(link.end().is_empty());
        link.now += 1000;
    }
    // Audio is supposed to have 301 kB.
    let parts = link.ask().take(200_000).ask().take(300_000).end();
    assert_eq!(parts.len(), 2);
    for size in [AUDIO, 500_000, AUDIO + 100] {
        link.now += 1000;
        link.ask().take(size);
        assert!(link.end().is_empty());
    }
    link.now += 1000;
    let parts = link.ask().take(AUDIO + 50).end();
    assert_eq!(sizes(&parts), [500_000 - AUDIO - 50, AUDIO + 50]);
}
