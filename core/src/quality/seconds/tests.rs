//! The lengths to try, and which are common: both sides.

use super::*;

fn tries(track: Track, seconds: f64) -> bool {
    let all = candidates(track);
    all.iter().any(|other| (other - seconds).abs() < 1e-6)
}

#[test]
fn sound_is_tried_with_both_numbers_of_frames() {
    // 4 s are 187.5 frames, which packagers round to either side; 2 s are 93.75, 6 s 281.25 frames.
    let frames = [
        (186, false),
        (187, true),
        (188, true),
        (93, false),
        (94, true),
        (281, true),
        (282, false),
    ];
    for (frames, tried) in frames {
        let seconds = f64::from(frames) * FRAME;
        assert_eq!(tries(Track::Audio, seconds), tried, "{frames}");
    }
    let both = |frames: f64| in_frames(frames * FRAME).map(|s| (s / FRAME).round());
    assert_eq!([both(187.46), both(187.54)], [[187.0, 188.0]; 2]);
    assert_eq!([both(187.44), both(187.56)], [[187.0; 2], [188.0; 2]]);
}

#[test]
fn the_shortest_and_longest_lengths_are_bounded() {
    let sides = [
        (Track::Video, 0.8, false),
        (Track::Video, 1.0, true),
        (Track::Video, 13.0, true),
        (Track::Video, 13.2, false),
        (Track::Video, 6.006, true),
        (Track::Video, 1.92, true),
        (Track::Video, 2.88, true),
        (Track::Video, 10.0 / 3.0, true),
        (Track::Video, 20.0 / 3.0, true),
        (Track::Video, 7.0 / 3.0, false),
        (Track::Audio, 938.0 * FRAME, true),
        (Track::Audio, 947.0 * FRAME, false),
    ];
    for (track, seconds, tried) in sides {
        assert_eq!(tries(track, seconds), tried, "{track:?} {seconds}");
    }
}

#[test]
fn rates_that_audio_has_cost_nothing() {
    // A segment of 4 s at 96 kbit/s, with the overhead of containers.
    let bytes = |rate: f64| (rate + 1.5) * 1000.0 / 8.0 * 4.0 + 500.0;
    let costs = [
        (96.0, 0.0),
        (96.0 * 1.015, 1.0),
        (96.0 * 1.03, 3.0),
        (88.0, 3.0),
        (112.0, 0.5),
        (320.0, 0.5),
        (384.0, 0.0),
    ];
    for (rate, cost) in costs {
        let said = unusual_rate(bytes(rate), 4.0);
        assert!((said - cost).abs() < 0.05, "{rate} {said}");
    }
}

#[test]
fn lengths_that_encoders_use_cost_less() {
    let guess = |video: f64, audio: f64, run_on: f64| Guess {
        seconds: [video, audio],
        run_on,
        renews: false,
    };
    let costs = [
        (guess(4.0, 4.0, 3.0), 0.0),
        (guess(4.0, 4.0, 0.0), 0.5),
        (guess(3.0, 3.0, 3.0), 0.8),
        (guess(1.92, 1.92, 3.0), 2.0),
        (guess(2.2, 2.2, 3.0), 6.0),
        (guess(2.88, 2.88, 3.0), 6.0),
        (guess(10.0 / 3.0, 10.0 / 3.0, 3.0), 6.0),
        (guess(2.21, 2.21, 3.0), 6.0),
        // Sound that was cut at the same places, to whole frames, costs nothing more.
        (guess(2.27, 2.27, 3.0), 13.0),
        (guess(2.27, 4.54 + 0.011, 3.0), 13.0),
        (guess(2.27, 4.54 + 0.012, 3.0), 26.0),
        (guess(4.54, 2.27 - 0.011, 3.0), 13.0),
        (guess(4.54, 2.27 - 0.012, 3.0), 26.0),
        (guess(2.27, 4.0, 3.0), 15.5),
        (guess(4.0, 6.0, 3.0), 2.5),
        (guess(4.0, 16.0, 3.0), 0.0),
    ];
    for (guess, cost) in costs {
        let said = prior(&guess, [true; 2], None);
        assert!((said - cost).abs() < 1e-9, "{guess:?} {said}");
    }
    let renews = Guess {
        renews: true,
        ..guess(4.0, 4.0, 3.0)
    };
    assert_eq!(prior(&renews, [true; 2], None), 1.0);
    assert_eq!([is_usual(3.0), is_usual(2.5)], [true, false]);
}

#[test]
fn seconds_that_nobody_is_known_to_use_are_tried_in_small_steps() {
    for (track, longest) in Track::BOTH.into_iter().zip(LONGEST) {
        let all: Vec<f64> = any(track).collect();
        assert!(
            all.iter()
                .all(|&s| (SHORTEST..=longest).contains(&s) && !is_common(s))
        );
        // Whatever it is, one of them or of the common ones is near.
        let common = candidates(track);
        for tenths in 10..(10.0 * longest) as u32 {
            let seconds = f64::from(tenths) / 10.0 + 0.03;
            let near = |other: &f64| (other / seconds - 1.0).abs() <= STEP / 2.0 + 0.006;
            assert!(all.iter().chain(&common).any(near), "{track:?} {seconds}");
        }
    }
}

#[test]
fn sound_beside_them_was_cut_with_them_or_has_common_seconds() {
    let pairs = beyond((1.8, 2.2));
    let has = |video: f64, audio: f64| {
        pairs.iter().any(|pair| {
            let near = |own: f64, other: f64| (own / other - 1.0).abs() < 0.006;
            near(pair[0], video) && near(pair[1], audio)
        })
    };
    assert!(has(3.12, 6.24) && has(4.17, 8.34), "the same places");
    assert!(has(4.17, 8.0) && has(4.17, 9.0), "of its own");
    assert!(!has(4.17, 4.17) && !has(4.17, 10.0), "not of this ratio");
    assert!(!has(4.0, 8.0), "others try what is common");
}
