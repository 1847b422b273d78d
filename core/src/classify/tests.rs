//! Sessions as players make them, from a small model of one: a link, a buffer, two tracks.

mod divided;
mod not_media;

use proptest::prelude::*;

use super::*;

mod crowd;

const SECOND: i64 = 1_000_000_000;
const VIDEO_SERVER: ServerId = 0;
const AUDIO_SERVER: ServerId = 1;

/// Numbers that look random and are the same each time (Steele et al., SplitMix64).
#[derive(Clone)]
struct Random(u64);

impl Random {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Normal, nearly: the sum of twelve uniform ones.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.next()).sum::<f64>() - 6.0
    }
}

/// A segment and what it really is.
type Truth = (Observed, Kind);

/// A player's session.
#[derive(Clone)]
struct Player {
    /// Bits per second of each step.
    ladder: Vec<f64>,
    /// Step by video segment.
    step: fn(usize, &mut Random) -> usize,
    video_seconds: f64,
    /// Deviation of sizes as a share of them.
    video_varies: f64,
    audio_bitrate: f64,
    audio_seconds: f64,
    audio_varies: f64,
    /// Seconds of media.
    length: f64,
    link: f64,
    buffer: f64,
    /// Both tracks start over at this second of media.
    seek_at: Option<f64>,
    audio_server: ServerId,
    seed: u64,
}

impl Default for Player {
    fn default() -> Self {
        Self {
            ladder: vec![3_000_000.0],
            step: |_, _| 0,
            video_seconds: 4.0,
            video_varies: 0.15,
            audio_bitrate: 96_000.0,
            audio_seconds: 4.0,
            audio_varies: 0.003,
            length: 200.0,
            link: 8_000_000.0,
            buffer: 30.0,
            seek_at: None,
            audio_server: VIDEO_SERVER,
            seed: 1,
        }
    }
}

impl Player {
    /// The segments that it fetches, in order of request. A track asks again when its segment is
    /// there and its buffer not full.
    fn session(&self) -> Vec<Truth> {
        let mut random = Random(self.seed);
        let mut truth: Vec<Truth> = Vec::new();
        for kind in [Kind::Video, Kind::Audio] {
            let seconds = if kind == Kind::Video {
                self.video_seconds
            } else {
                self.audio_seconds
            };
            let (mut now, mut media, mut played_from, mut at) = (0.0_f64, 0.0_f64, 0.0_f64, 0);
            let mut seek = self.seek_at;
            while media < self.length {
                if seek.is_some_and(|seek| media >= seek) {
                    seek = None;
                    played_from = now - media - 120.0;
                    media += 120.0;
                }
                let bytes = if kind == Kind::Video {
                    let rate = self.ladder[(self.step)(at, &mut random).min(self.ladder.len() - 1)];
                    rate / 8.0 * seconds * (1.0 + self.video_varies * random.normal()).max(0.2)
                } else {
                    self.audio_bitrate / 8.0 * seconds * (1.0 + self.audio_varies * random.normal())
                };
                let takes = bytes * 8.0 / self.link + 0.03;
                let start = (now * 1e9) as i64;
                let server = if kind == Kind::Video {
                    VIDEO_SERVER
                } else {
                    self.audio_server
                };
                let end = start + (takes * 1e9) as i64;
                truth.push((
                    Observed {
                        number: 0,
                        server,
                        flow: 0,
                        start,
                        end,
                        size: bytes as u64,
                        error: 0,
                        shared: false,
                        as_audio: false,
                    },
                    kind,
                ));
                now += takes;
                media += seconds;
                at += 1;
                now = now.max(played_from + media - self.buffer);
            }
        }
        number(truth)
    }
}

fn number(mut truth: Vec<Truth>) -> Vec<Truth> {
    truth.sort_by_key(|(segment, _)| (segment.start, segment.end, segment.size));
    for (at, (segment, _)) in truth.iter_mut().enumerate() {
        segment.number = at as u32 + 1;
    }
    truth
}

fn judged_at(truth: &[Truth], site: Site) -> Vec<Verdict> {
    let observed: Vec<Observed> = truth.iter().map(|t| t.0).collect();
    judge(&observed, |_| site, &Config::default()).verdicts
}

/// Share of segments whose kind is right.
fn right(truth: &[Truth], site: Site) -> f64 {
    let verdicts = judged_at(truth, site);
    let right = truth
        .iter()
        .zip(&verdicts)
        .filter(|(truth, verdict)| truth.1 == verdict.0)
        .count();
    right as f64 / truth.len() as f64
}

#[track_caller]
fn assert_told_apart(player: &Player) {
    const SEEDS: u64 = 20;
    for site in [Site::Media, Site::Range, Site::Unknown] {
        let mut sum = 0.0;
        for seed in 1..=SEEDS {
            let player = Player {
                seed,
                ..player.clone()
            };
            let share = right(&player.session(), site);
            assert!(share >= 0.96, "{site:?} seed {seed}: {share}");
            sum += share;
        }
        assert!(
            sum >= 0.99 * SEEDS as f64,
            "{site:?}: {}",
            sum / SEEDS as f64
        );
    }
}

fn every(verdicts: &[Verdict], expected: Verdict) -> bool {
    verdicts.iter().all(|&verdict| verdict == expected)
}

/// One segment, in seconds and bytes.
fn segment(server: ServerId, start: f64, takes: f64, size: u64) -> Observed {
    let (start, takes) = ((start * 1e9) as i64, (takes * 1e9) as i64);
    Observed {
        number: 0,
        server,
        flow: 0,
        start,
        end: start + takes,
        size,
        error: 0,
        shared: false,
        as_audio: false,
    }
}

fn other(segments: impl IntoIterator<Item = Observed>) -> Vec<Truth> {
    number(
        segments
            .into_iter()
            .map(|segment| (segment, Kind::Other))
            .collect(),
    )
}

#[test]
fn audio_and_video_side_by_side() {
    assert_told_apart(&Player::default());
    assert_told_apart(&Player {
        audio_server: AUDIO_SERVER,
        ..Player::default()
    });
    assert_told_apart(&Player {
        length: 40.0,
        ..Player::default()
    });
}

#[test]
fn segments_of_different_lengths() {
    // Video of 4 s beside audio of 16 s, and the other way round.
    assert_told_apart(&Player {
        audio_seconds: 16.0,
        length: 400.0,
        ..Player::default()
    });
    assert_told_apart(&Player {
        audio_seconds: 2.0,
        video_seconds: 6.0,
        ..Player::default()
    });
    assert_told_apart(&Player {
        audio_seconds: 2.0,
        video_seconds: 2.0,
        audio_bitrate: 64_000.0,
        ..Player::default()
    });
    assert_told_apart(&Player {
        audio_seconds: 10.0,
        video_seconds: 10.0,
        ..Player::default()
    });
}

#[test]
fn audio_of_any_bitrate_and_constancy() {
    for audio_bitrate in [
        32_000.0, 64_000.0, 128_000.0, 192_000.0, 256_000.0, 448_000.0, 768_000.0,
    ] {
        assert_told_apart(&Player {
            audio_bitrate,
            ..Player::default()
        });
    }
    for audio_varies in [0.0, 0.001, 0.005, 0.01, 0.02] {
        assert_told_apart(&Player {
            audio_varies,
            ..Player::default()
        });
    }
}

#[test]
fn video_of_any_variance() {
    for video_varies in [0.05, 0.1, 0.25, 0.4] {
        assert_told_apart(&Player {
            video_varies,
            ..Player::default()
        });
    }
    // Nearly constant too: the larger is video.
    assert_told_apart(&Player {
        video_varies: 0.003,
        ..Player::default()
    });
    assert_told_apart(&Player {
        video_varies: 0.02,
        ..Player::default()
    });
}

#[test]
fn steps_of_quality() {
    let ladder = vec![
        150_000.0,
        300_000.0,
        700_000.0,
        1_500_000.0,
        3_000_000.0,
        6_000_000.0,
    ];
    let up: fn(usize, &mut Random) -> usize = |at, _| at / 5;
    let restless: fn(usize, &mut Random) -> usize = |_, random| (random.next() * 6.0) as usize;
    for step in [up, restless] {
        let player = Player {
            ladder: ladder.clone(),
            step,
            link: 10_000_000.0,
            ..Player::default()
        };
        assert_told_apart(&player);
        // Steps at constant bitrates are clusters of their own.
        assert_told_apart(&Player {
            video_varies: 0.004,
            ..player
        });
    }
}

#[test]
fn audio_larger_than_video() {
    let player = Player {
        ladder: vec![100_000.0],
        audio_bitrate: 192_000.0,
        link: 1_500_000.0,
        ..Player::default()
    };
    assert_told_apart(&player);
    // Video around the size of audio: the size of some of its segments does not show that they are
    // video.
    let player = Player {
        ladder: vec![100_000.0],
        video_varies: 0.3,
        ..player
    };
    let beside = Player {
        audio_bitrate: 100_000.0,
        ..player
    };
    for seed in 1..=20 {
        let share = right(
            &Player {
                seed,
                ..beside.clone()
            }
            .session(),
            Site::Media,
        );
        assert!(share >= 0.9, "seed {seed}: {share}");
    }
}

#[test]
fn a_seek_and_a_burst() {
    assert_told_apart(&Player {
        seek_at: Some(60.0),
        length: 300.0,
        ..Player::default()
    });
    // All of it as fast as the link carries it.
    assert_told_apart(&Player {
        buffer: 1e9,
        ..Player::default()
    });
}

#[test]
fn audio_that_changes_its_bitrate() {
    let first = Player {
        length: 60.0,
        audio_bitrate: 64_000.0,
        ..Player::default()
    }
    .session();
    let then = Player {
        length: 140.0,
        audio_bitrate: 128_000.0,
        seed: 2,
        ..Player::default()
    }
    .session();
    let begins = first.iter().map(|t| t.0.end).max().unwrap() + SECOND;
    let later = then.into_iter().map(|(mut segment, kind)| {
        segment.start += begins;
        segment.end += begins;
        (segment, kind)
    });
    let truth = number(first.into_iter().chain(later).collect());
    assert!(right(&truth, Site::Media) >= 0.985);
}

#[test]
fn one_track_is_video_unless_constant_and_slow() {
    let one = |kind: Kind, player: Player| -> Vec<Truth> {
        number(
            player
                .session()
                .into_iter()
                .filter(|t| t.1 == kind)
                .collect(),
        )
    };
    for seed in 1..=20 {
        let video = one(
            Kind::Video,
            Player {
                seed,
                ..Player::default()
            },
        );
        assert!(
            every(
                &judged_at(&video, Site::Media),
                (Kind::Video, KindReason::SingleTrack)
            ),
            "seed {seed}"
        );
    }
    let audio = one(Kind::Audio, Player::default());
    assert!(every(
        &judged_at(&audio, Site::Media),
        (Kind::Audio, KindReason::SingleTrack)
    ));
    // On both sides of the largest bitrate of audio alone.
    for (audio_bitrate, kind) in [(310_000.0, Kind::Audio), (330_000.0, Kind::Video)] {
        let track = one(
            Kind::Audio,
            Player {
                audio_bitrate,
                audio_varies: 0.001,
                ..Player::default()
            },
        );
        assert!(
            every(
                &judged_at(&track, Site::Media),
                (kind, KindReason::SingleTrack)
            ),
            "{audio_bitrate}"
        );
    }
}

#[test]
fn names_of_other_servers_settle_it() {
    let truth = Player::default().session();
    for site in [Site::Files, Site::Control] {
        assert!(every(
            &judged_at(&truth, site),
            (Kind::Other, KindReason::Name)
        ));
    }
}

#[test]
fn sizes_without_a_pattern_are_all_video() {
    let mut with_audio = 0;
    for seed in 1..=200 {
        let mut random = Random(seed);
        let sizes = (0..30).map(|at| {
            segment(
                0,
                at as f64,
                0.5,
                (10_000.0 * 50_f64.powf(random.next())) as u64,
            )
        });
        let verdicts = judged_at(&other(sizes.collect::<Vec<_>>()), Site::Media);
        with_audio += usize::from(verdicts.iter().any(|verdict| verdict.0 == Kind::Audio));
    }
    assert!(with_audio <= 10, "{with_audio} of 200");
}

#[test]
fn nothing_gives_nothing() {
    assert!(judged_at(&[], Site::Media).is_empty());
}

proptest! {
    #[test]
    fn any_segments_are_judged_and_in_any_order_at_equal_times(
        segments in prop::collection::vec((0..4_u32, 0..40_i64, 0..20_i64, prop_oneof![
            any::<u64>(), 0..200_000_u64, 48_000..49_000_u64,
        ]), 0..60),
        rotation in 0..60_usize,
    ) {
        let observed = |numbers: &dyn Fn(usize) -> usize| {
            let mut list: Vec<Observed> = segments.iter().enumerate().map(|(at, &(server, start, takes, size))| {
                let (start, takes) = (start * SECOND, takes * SECOND / 4);
                Observed { number: numbers(at) as u32, server, flow: 0, start, end: start + takes, size, error: 0, shared: false, as_audio: false }
            }).collect();
            list.sort_unstable_by_key(|s| (s.start, s.end, s.size, s.server, s.number));
            list
        };
        let sites = [Site::Media, Site::Range, Site::Unknown, Site::Files];
        let verdicts = |list: &[Observed]| judge(list, |server| sites[server as usize], &Config::default()).verdicts;
        let (one, another) = (observed(&|at| at), observed(&|at| (at + rotation) % segments.len().max(1)));
        prop_assert_eq!(verdicts(&one), verdicts(&another));
    }
}
