mod simulation;

use super::*;

#[test]
fn prefaces_of_known_clients_and_nothing_near_them() {
    // curl, Python's h2, Chromium: 3, 5 and 4 settings with WINDOW_UPDATE.
    assert!([64, 76, 70].iter().all(|&size| is_preface(size)));
    assert!(is_preface(33) && !is_preface(32) && !is_preface(34) && !is_preface(107));
}

#[test]
fn prefaces_of_known_servers_and_nothing_as_long_as_a_response() {
    // nginx and Go, Apache, Caddy: 2 to 4 settings, with WINDOW_UPDATE.
    assert!(
        [21, 27, 28, 33, 40]
            .iter()
            .all(|&size| is_server_preface(size))
    );
    assert!((54..2_000).all(|size| !is_server_preface(size)));
    assert!([8, 10, 25].iter().all(|&size| !is_server_preface(size)));
}

#[test]
fn acknowledgements_with_updates_and_nothing_near_them() {
    // curl with three and six streams.
    assert!([48, 87, 113].iter().all(|&size| is_acknowledgement(size)));
    assert!(
        [8, 47, 49, 86, 114, 126]
            .iter()
            .all(|&size| !is_acknowledgement(size))
    );
}

#[test]
fn many_updates_are_none_where_requests_are_far_larger() {
    let mut http2 = Http2 {
        head: Some(300),
        ..Http2::default()
    };
    // A request may be as small where none was seen.
    assert!(!http2.is_updates(52));
    let mut http2 = Http2 {
        head: Some(300),
        ..Http2::default()
    };
    assert!(!http2.is_updates(104));
    assert!(http2.is_updates(52) && !http2.is_updates(53));
    assert!(!http2.is_updates(65));
    let mut busy = Http2 {
        head: Some(300),
        least: Some(400),
        ..Http2::default()
    };
    assert!(busy.is_updates(104) && !busy.is_updates(117));
}

#[test]
fn control_frames_alone_and_together() {
    assert!(
        [9, 13, 14, 17, 26, 30, 34, 39]
            .iter()
            .all(|&size| is_control(size))
    );
    assert!(
        [0, 8, 10, 16, 49, 52, 53]
            .iter()
            .all(|&size| !is_control(size))
    );
}
