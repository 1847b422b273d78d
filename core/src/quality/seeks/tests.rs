//! Both sides of what tells that the viewer went elsewhere.

use super::*;
use crate::quality::tests::request;

const RULES: Rules = Rules {
    wait: 0.25,
    run_on: 3.0,
    joined: false,
};

/// When pictures of these sizes, one each second, had been fetched before.
fn again(sizes: &[u64]) -> Vec<f64> {
    let requests: Vec<Request> = (0..)
        .zip(sizes)
        .map(|(n, &bytes)| Request {
            bytes,
            ..request(n, f64::from(n))
        })
        .collect();
    fetched_again(&requests, &[], &[], RULES)
}

#[test]
fn two_pictures_in_a_row_that_were_there_before_are_a_way_back() {
    assert_eq!(again(&[11, 12, 13, 14, 12, 15]), [] as [f64; 0]);
    assert_eq!(again(&[11, 12, 13, 14, 12, 13]), [4.0 - AT_ONCE]);
    // One way back, however far it goes.
    assert_eq!(again(&[11, 12, 13, 14, 11, 12, 13, 14]), [4.0 - AT_ONCE]);
    let twice = [11, 12, 13, 14, 12, 13, 11, 12];
    assert_eq!(again(&twice), [4.0 - AT_ONCE, 6.0 - AT_ONCE]);
}

#[test]
fn pictures_of_one_size_are_no_way_back() {
    assert_eq!(again(&[11; 9]), [] as [f64; 0]);
}

#[test]
fn it_began_with_what_was_asked_for_behind_a_picture_that_was_given_up() {
    let picture = |number, asked, bytes| Request {
        came: asked + 0.95,
        bytes,
        ..request(number, asked)
    };
    let mut requests = vec![
        picture(1, 0.0, 11),
        picture(2, 1.0, 12),
        picture(3, 2.0, 13),
        picture(4, 3.0, 10),
        picture(5, 4.0, 12),
        picture(6, 5.0, 13),
    ];
    // All come without a wait: three pictures before are looked at, at most.
    assert_eq!(fetched_again(&requests, &[], &[], RULES), [2.0 - AT_ONCE]);
    requests[2].open = true;
    assert_eq!(fetched_again(&requests, &[], &[], RULES), [3.0 - AT_ONCE]);
    // Sound that is asked for at the same time may have been first.
    let sound = Request {
        track: Track::Audio,
        ..picture(7, 2.8, 5)
    };
    requests.insert(3, sound);
    assert_eq!(fetched_again(&requests, &[], &[], RULES), [2.8 - AT_ONCE]);
    requests[3].decided = 2.4;
    requests[3].asked = 2.4;
    assert_eq!(fetched_again(&requests, &[], &[], RULES), [3.0 - AT_ONCE]);
}

#[test]
fn a_way_back_that_is_known_explains_what_is_fetched_again() {
    let requests: Vec<Request> = (0..)
        .zip([11, 12, 13, 14, 12, 13])
        .map(|(n, bytes)| Request {
            bytes,
            ..request(n, f64::from(n))
        })
        .collect();
    let found = |sure: f64| fetched_again(&requests, &[], &[sure], RULES);
    // Before what was fetched twice, between both, and behind.
    assert_eq!(found(0.9), [4.0 - AT_ONCE]);
    assert_eq!(found(1.1), [] as [f64; 0]);
    assert_eq!(found(4.9), [] as [f64; 0]);
    assert_eq!(found(5.1), [4.0 - AT_ONCE]);
}
