use super::*;

#[test]
fn both_sides_of_where_audio_fits() {
    let reading = Reading {
        manner: Manner::InOrder,
        latest_audio: Some(0),
        followed: Some((1, 500)),
        ..Reading::default()
    };
    assert!(reading.fits(500 + 1_100, 1_000));
    assert!(!reading.fits(500 + 1_101, 1_000));
    // Audio requested after the video is not audio that waits before it.
    let behind = Reading {
        latest_audio: Some(2),
        ..reading.clone()
    };
    assert!(!behind.fits(1_000, 1_000));
    let manner = Manner::Late;
    assert!(!Reading { manner, ..reading }.fits(1_000, 1_000));
}
