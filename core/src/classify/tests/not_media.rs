//! Traffic that is no playback: galleries, chatter, speed tests, downloads.

use super::*;

#[test]
fn small_segments_are_no_media() {
    let config = Config::default();
    for (size, reason) in [
        (config.media_min() - 1, KindReason::TooSmall),
        (config.media_min(), KindReason::SingleTrack),
    ] {
        assert_eq!(
            judged_at(&other([segment(0, 0.0, 0.1, size)]), Site::Media)[0].1,
            reason
        );
    }
}

/// Pictures of 5 to 30 kB, six at a time, at each turn of a page.
fn gallery(count: usize, mean: f64) -> Vec<Truth> {
    let mut random = Random(7);
    other((0..count).map(|at| {
        let size = (mean * (0.3 + 1.4 * random.next())) as u64;
        segment(
            0,
            (at / 12) as f64 * 3.0 + (at % 12 / 6) as f64 * 0.2,
            0.15,
            size,
        )
    }))
}

#[test]
fn a_gallery_is_no_video() {
    let pictures = gallery(60, 18_000.0);
    assert!(
        judged_at(&pictures, Site::Unknown)
            .iter()
            .all(|verdict| verdict.0 == Kind::Other)
    );
    assert!(
        judged_at(&pictures, Site::Range)
            .iter()
            .all(|verdict| verdict.0 == Kind::Other)
    );
    // Large ones come in a crowd as well.
    let large = gallery(60, 90_000.0);
    assert!(every(
        &judged_at(&large, Site::Unknown),
        (Kind::Other, KindReason::Files)
    ));
    // Beside a player they change nothing for it.
    let mut truth = Player::default().session();
    truth.extend(pictures.into_iter().map(|(mut segment, kind)| {
        segment.server = 9;
        (segment, kind)
    }));
    assert!(right(&number(truth), Site::Unknown) >= 0.985);
}

#[test]
fn chatter_is_no_video() {
    let chatter = other((0..80).map(|at| {
        let size = if at % 9 == 0 { 40_000 } else { 1_000 + at * 37 };
        segment(0, at as f64 * 2.0, 0.1, size)
    }));
    assert!(
        judged_at(&chatter, Site::Unknown)
            .iter()
            .all(|verdict| verdict.0 == Kind::Other)
    );
}

#[test]
fn a_server_without_a_telling_name_proves_media_by_its_volume() {
    let config = Config::default();
    let third = config.media_volume() / 3;
    for (size, kind) in [(third - 1, Kind::Other), (third + 1, Kind::Video)] {
        let truth = other((0..3).map(|at| {
            segment(
                0,
                at as f64 * 4.0,
                0.5,
                size + at * at * 9_000 - at * 15_000,
            )
        }));
        assert!(
            judged_at(&truth, Site::Unknown)
                .iter()
                .all(|verdict| verdict.0 == kind),
            "{size}"
        );
        assert!(
            judged_at(&truth, Site::Range)
                .iter()
                .all(|verdict| verdict.0 == Kind::Video),
            "{size}"
        );
    }
}

/// A speed test: small requests, then several connections with 25 MiB each; the last ones are
/// aborted.
fn speed_test(begin: f64) -> Vec<Observed> {
    let probes = (0..3).map(|at| segment(0, begin + at as f64 * 0.3, 0.2, 200_000 + at * 70_000));
    let full = (0..5).map(|at| segment(0, begin + 1.0 + at as f64 * 0.1, 5.0, 26_214_901));
    let broken = (0..5).map(|at| {
        segment(
            0,
            begin + 6.3 + at as f64 * 0.1,
            2.0,
            9_000_000 + at * 800_000,
        )
    });
    probes.chain(full).chain(broken).collect()
}

#[test]
fn a_speed_test_is_no_video() {
    assert!(every(
        &judged_at(&other(speed_test(0.0)), Site::Media),
        (Kind::Other, KindReason::Bulk)
    ));
    // On the server that a film came from a minute before.
    let mut truth = Player {
        length: 100.0,
        ..Player::default()
    }
    .session();
    let after = truth.iter().map(|t| t.0.end).max().unwrap() as f64 / 1e9 + 60.0;
    truth.extend(other(speed_test(after)));
    assert!(right(&number(truth), Site::Media) >= 0.985);
}

#[test]
fn downloads_from_several_servers_at_once_on_both_sides_of_their_limits() {
    let config = Config::default();
    let (least, moment) = (
        config.bulk_spread_min(),
        config.bulk_together() as f64 / 1000.0,
    );
    let (servers, header) = (config.bulk_parallel(), config.headers_max());
    for (size, servers, gap, times, is_bulk) in [
        (least, servers, 0.0, 1, true),
        (least, servers, 0.0, 2, true),
        (least - 4, servers, 0.0, 2, false),
        // All that these servers sent.
        (least - 4, servers, 0.0, 1, true),
        (header + 1, servers, 0.0, 1, true),
        (header - 4, servers, 0.0, 1, false),
        (least, servers - 1, 0.0, 1, false),
        (least, servers, moment / servers as f64, 1, true),
        (least, servers, moment * 1.01, 1, false),
    ] {
        let at_time = |time: u64| {
            (0..servers).map(move |at| {
                let start = time as f64 * 100.0 + at as f64 * gap;
                segment(at as ServerId, start, 30.0, size + at)
            })
        };
        let observed: Vec<_> = (0..times).flat_map(at_time).collect();
        let judged = judge(&observed, |_| Site::Media, &config);
        assert!(
            judged
                .verdicts
                .iter()
                .all(|verdict| (verdict.1 == KindReason::Bulk) == is_bulk),
            "{size} {servers} {gap} {times}: {:?}",
            judged.verdicts
        );
    }
}

#[test]
fn bulk_downloads_on_both_sides_of_their_limits() {
    let config = Config::default();
    let reasons = |segments: Vec<Observed>| judged_at(&other(segments), Site::Media);
    for (size, is_bulk) in [(config.bulk_min() - 1, false), (config.bulk_min(), true)] {
        assert_eq!(
            reasons(vec![segment(0, 0.0, 9.0, size)])[0].1 == KindReason::Bulk,
            is_bulk
        );
    }
    for (at_once, is_bulk) in [
        (config.bulk_parallel() - 1, false),
        (config.bulk_parallel(), true),
    ] {
        let size = |at: u64| config.bulk_parallel_min() + at * 100_000;
        let verdicts = reasons(
            (0..at_once)
                .map(|at| segment(0, at as f64 * 0.1, 4.0, size(at)))
                .collect(),
        );
        assert!(
            verdicts
                .iter()
                .all(|verdict| (verdict.1 == KindReason::Bulk) == is_bulk),
            "{at_once}"
        );
    }
    let margin = config.bulk_margin() as f64 / 1000.0;
    for (before, is_bulk) in [(margin - 0.01, true), (margin + 0.01, false)] {
        let verdicts = reasons(vec![
            segment(0, 0.0, 1.0, 100_000),
            segment(0, 1.0 + before, 9.0, config.bulk_min()),
        ]);
        assert_eq!(verdicts[0].1 == KindReason::Bulk, is_bulk, "{before}");
    }
}

#[test]
fn beginnings_of_files_are_not_audio() {
    let mut truth = Player {
        audio_seconds: 16.0,
        length: 400.0,
        ..Player::default()
    }
    .session();
    // Eleven connections within 0.13 s, and one before them.
    let headers = |at: u64| segment(0, 0.012 * at as f64, 2.0, 66_050 + at % 6);
    truth.extend(other(
        (0..11).map(headers).chain([segment(0, -3.0, 0.5, 66_051)]),
    ));
    let truth = number(truth);
    assert!(right(&truth, Site::Media) >= 0.985);
    let verdicts = judged_at(&truth, Site::Media);
    assert_eq!(
        verdicts
            .iter()
            .filter(|verdict| verdict.1 == KindReason::Headers)
            .count(),
        12
    );
    // One after the other they might be a track's.
    let slowly = other((0..11).map(|at| segment(0, 4.0 * at as f64, 2.0, 66_050 + at % 6)));
    assert!(
        judged_at(&slowly, Site::Media)
            .iter()
            .all(|verdict| verdict.1 != KindReason::Headers)
    );
    // And larger ones are no beginnings.
    let large = Config::default().headers_max() + 1;
    let at_once = other((0..11).map(|at| segment(0, 0.012 * at as f64, 2.0, large + at % 6)));
    assert!(
        judged_at(&at_once, Site::Media)
            .iter()
            .all(|verdict| verdict.1 != KindReason::Headers)
    );
}
