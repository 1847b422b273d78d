//! Several viewers behind one address.

use super::*;

/// Segments of viewers who begin some seconds apart: connections by viewer, and by track if they
/// are `apart`.
fn household(players: &[Player], apart: bool) -> Vec<Truth> {
    let mut all = Vec::new();
    for (viewer, player) in players.iter().enumerate() {
        let delay = 3 * SECOND * viewer as i64;
        all.extend(player.session().into_iter().map(|(segment, kind)| {
            let track = u32::from(apart && kind == Kind::Audio);
            let moved = Observed {
                start: segment.start + delay,
                end: segment.end + delay,
                flow: 2 * viewer as u32 + track,
                ..segment
            };
            (moved, kind)
        }));
    }
    number(all)
}

#[track_caller]
fn assert_right(players: &[Player], least: f64) {
    for apart in [false, true] {
        let truth = household(players, apart);
        for site in [Site::Media, Site::Range] {
            let share = right(&truth, site);
            assert!(share >= least, "{site:?} {apart}: {share}");
        }
    }
}

#[test]
fn viewers_of_different_titles() {
    let player = |audio_bitrate, video, seed| Player {
        audio_bitrate,
        ladder: vec![video],
        seed,
        ..Player::default()
    };
    let players = [
        player(64_000.0, 1_500_000.0, 1),
        player(96_000.0, 3_000_000.0, 2),
        player(128_000.0, 2_200_000.0, 3),
        player(192_000.0, 4_000_000.0, 4),
    ];
    for some in 2..=players.len() {
        assert_right(&players[..some], 0.98);
    }
}

#[test]
fn viewers_of_one_title() {
    let players = [(); 4].map(|()| Player::default());
    assert_right(&players, 0.98);
}

#[test]
fn a_viewer_of_constant_video_is_not_taken_for_two() {
    let player = Player {
        video_varies: 0.004,
        ladder: vec![300_000.0],
        ..Player::default()
    };
    for apart in [false, true] {
        let share = right(
            &household(std::slice::from_ref(&player), apart),
            Site::Media,
        );
        assert!(share >= 0.96, "{apart}: {share}");
    }
}
