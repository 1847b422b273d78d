//! The track of a request: both sides.

use super::*;
use crate::quality::tests::request;

/// A request whose response overlapped, with a size that is inexact by up to `error`.
fn shared(number: u32, asked: f64, bytes: u64, error: u64) -> Request {
    Request {
        bytes,
        error,
        shared: true,
        ..request(number, asked)
    }
}

/// Returns the track of an inexact request, by turns: after this many requests that came alone, by
/// turns too.
fn by_turns(alone: u32, bytes: u64, error: u64) -> Track {
    let known = |number: u32| Request {
        bytes: [100_000 + 9_000 * u64::from(number), 50_000][number as usize % 2],
        ..request(number, f64::from(number))
    };
    let mut requests: Vec<Request> = (0..alone).map(known).collect();
    requests.push(shared(alone, f64::from(alone), bytes, error));
    assert!(take_turns(&mut requests, 1.0));
    requests[alone as usize].track
}

#[test]
fn both_sides_of_a_size_that_tells_its_track() {
    // After nine it is sound's turn, after eight a picture's.
    assert_eq!(by_turns(9, 90_000, 90_000), Track::Audio);
    assert_eq!(by_turns(9, 90_000, 89_999), Track::Video);
    assert_eq!(by_turns(8, 90_000, 90_000), Track::Video);
    // A response of the size of sound is sound, however its bytes were divided.
    assert_eq!(by_turns(8, 50_700, 90_000), Track::Audio);
    assert_eq!(by_turns(8, 50_800, 90_000), Track::Video);
}

#[test]
fn what_is_as_large_as_sound_is_none_where_sound_is_further_ahead_than_what_is_on_its_way() {
    // So many sounds come alone behind four of each track, and one whose bytes were divided.
    let last = |sounds: u32, error: u64| {
        let known = |number: u32| Request {
            bytes: if number.is_multiple_of(2) && number < 8 {
                100_000 + 9_000 * u64::from(number)
            } else {
                50_000
            },
            ..request(number, f64::from(number))
        };
        let mut requests: Vec<Request> = (0..8 + sounds).map(known).collect();
        requests.push(shared(20, 20.0, 50_000, error));
        assert!(take_turns(&mut requests, 1.0));
        requests[8 + sounds as usize].track
    };
    assert_eq!(last(1, 50_000), Track::Audio);
    assert_eq!(last(2, 50_000), Track::Video);
    assert_eq!(last(2, 49_999), Track::Audio, "its size is known");
}

#[test]
fn of_two_at_once_the_smaller_is_sound_and_the_later_where_bytes_were_divided_evenly() {
    for (first, sound) in [(98_000, 1), (99_000, 2)] {
        let mut requests = [
            shared(1, 1.0, first, first),
            Request {
                came: 3.0,
                ..shared(2, 1.01, 100_000, 100_000)
            },
        ];
        requests[0].came = 3.0;
        assert!(one_at_a_time(&mut requests));
        let audio = requests.iter().find(|r| r.track == Track::Audio);
        assert_eq!(audio.map(|r| r.number), Some(sound), "{first}");
    }
}

#[test]
fn turns_are_not_known_where_no_sound_came_alone() {
    let mut requests: Vec<Request> = (1..9)
        .map(|n| shared(n, f64::from(n), 50_000, 50_000))
        .collect();
    assert!(!take_turns(&mut requests, 1.0));
    for at in [0, 2, 4] {
        requests[at].shared = false;
    }
    assert!(take_turns(&mut requests, 1.0));
}

#[test]
fn the_first_sound_ends_with_what_it_overlaps_and_later_ones_where_they_did() {
    let sound = |number, asked| Request {
        track: Track::Audio,
        ..shared(number, asked, 50_000, 0)
    };
    let picture = |number, asked| Request {
        came: asked + 1.0,
        ..shared(number, asked, 400_000, 0)
    };
    let mut requests = [
        picture(1, 0.0),
        sound(2, 0.1),
        picture(3, 2.0),
        sound(4, 2.1),
    ];
    separate_shared(&mut requests);
    let came = requests.map(|request| (request.came * 1000.0).round());
    assert_eq!(came, [1000.0, 1000.0, 3000.0, 2150.0]);
}

#[test]
fn of_two_at_once_the_one_from_the_other_tracks_server_is_of_that_track() {
    let at = |number: u32, server, track| Request {
        server,
        track,
        bytes: if track == Track::Audio {
            50_000
        } else {
            100_000
        },
        came: f64::from(number) + 0.9,
        ..request(number, f64::from(number))
    };
    for (sounds, beside, track) in [
        (5, 0.5, Track::Audio),
        // The server sends pictures as well.
        (4, 0.5, Track::Video),
        // They are not in flight at once.
        (5, 0.9, Track::Video),
    ] {
        let mut requests: Vec<Request> = (1..=8).map(|n| at(n, 1, Track::Video)).collect();
        requests.extend((1..=sounds).map(|n| at(10 + n, 2, Track::Audio)));
        requests.push(at(20, 1, Track::Video));
        requests.push(Request {
            asked: 20.0 + beside,
            came: 22.0,
            ..at(21, 2, Track::Video)
        });
        correct_tracks(&mut requests);
        assert_eq!(
            requests.last().map(|r| r.track),
            Some(track),
            "{sounds} {beside}"
        );
    }
}

#[test]
fn of_two_pictures_that_were_asked_for_in_one_go_the_smaller_is_sound() {
    // Sound of another size is known from elsewhere in the play.
    let sounds = |second: f64, beside: bool| {
        let mut requests = vec![
            Request {
                came: 2.0,
                ..request(1, 1.0)
            },
            Request {
                bytes: 60_000,
                came: 1.8,
                ..request(2, second)
            },
            Request {
                track: Track::Audio,
                bytes: 30_000,
                came: 1.9,
                ..request(3, if beside { 1.2 } else { 9.0 })
            },
        ];
        correct_tracks(&mut requests);
        requests
            .iter()
            .map(|r| r.track as usize)
            .collect::<Vec<_>>()
    };
    assert_eq!(sounds(1.09, false), [0, 1, 1]);
    assert_eq!(sounds(1.11, false), [0, 0, 1], "one was given up");
    assert_eq!(sounds(1.09, true), [0, 0, 1], "sound is on its way");
}

#[test]
fn of_two_at_once_the_one_of_the_size_of_sound_is_sound() {
    // Sounds of 50 kB, this many of the size of the first one, and two at once.
    let tracks = |alike: u32, picture: u64, beside: f64| {
        let sound = |number: u32, bytes: u64| Request {
            track: Track::Audio,
            bytes,
            ..request(number, 10.0 * f64::from(number))
        };
        let mut requests = vec![
            Request {
                came: 2.0,
                ..sound(0, 300_000)
            },
            Request {
                bytes: picture,
                came: beside + 1.0,
                ..request(1, beside)
            },
        ];
        requests.extend((2..10).map(|n| sound(n, 50_000)));
        requests.extend((10..10 + alike).map(|n| sound(n, 300_000)));
        correct_tracks(&mut requests);
        [0, 1].map(|at| requests[at].track as usize)
    };
    assert_eq!(tracks(0, 50_000, 0.1), [0, 1]);
    assert_eq!(tracks(1, 55_900, 0.1), [0, 1]);
    assert_eq!(tracks(1, 56_100, 0.1), [1, 0], "its size is another");
    assert_eq!(tracks(2, 50_000, 0.1), [1, 0], "other sound has that size");
    // Not at once: the first has a size of its own, so it is a picture, too.
    assert_eq!(tracks(0, 50_000, 1.95), [0, 0]);
}

#[test]
fn pictures_of_constant_size_are_no_sound_where_they_are_in_a_row() {
    // Four pictures of 300 kB at these places, and three sounds.
    let usual = |places: [u32; 4]| {
        let requests: Vec<Request> = (0..12)
            .map(|number| Request {
                bytes: match number {
                    _ if places.contains(&number) => 300_000,
                    1 | 6 | 11 => 50_000,
                    _ => 100_000 + 9_000 * u64::from(number),
                },
                ..request(number, f64::from(number))
            })
            .collect();
        usual_sound(&requests)
    };
    assert_eq!(usual([2, 3, 4, 8]), Some(50_000.0));
    assert_eq!(usual([2, 3, 5, 8]), Some(300_000.0));
}

#[test]
fn four_sizes_that_recur_are_examined() {
    // Pictures of so many constant sizes, four of each in a row, and three sounds between pictures.
    let usual = |constant: u32| {
        let picture = |number: u32| Request {
            bytes: 200_000 + 100_000 * u64::from(number / 4),
            ..request(number, f64::from(number))
        };
        let sound = |number: u32| Request {
            bytes: [50_000, 90_000 + 9_000 * u64::from(number)][number as usize % 2],
            ..request(100 + number, f64::from(100 + number))
        };
        let pictures = (0..4 * constant).map(picture);
        let requests: Vec<Request> = pictures.chain((0..6).map(sound)).collect();
        usual_sound(&requests)
    };
    assert_eq!(usual(3), Some(50_000.0));
    assert_eq!(usual(4), None);
}

#[test]
fn sound_of_a_size_of_its_own_is_a_picture_unless_a_picture_comes_beside_it() {
    // Pictures and sounds by turns, and one or more of this size in a row that were taken for sound.
    let track = |bytes: u64, row: u32, beside: bool| {
        let mut requests: Vec<Request> = (0..20)
            .map(|n| Request {
                bytes: [200_000 + 9_000 * u64::from(n), 50_000][n as usize % 2],
                track: Track::BOTH[n as usize % 2],
                ..request(n, f64::from(n))
            })
            .collect();
        let odd = |n: u32| Request {
            bytes,
            track: Track::Audio,
            ..request(n, f64::from(n))
        };
        requests.extend((20..20 + row).map(odd));
        if beside {
            requests[18].came = 21.0;
        }
        correct_tracks(&mut requests);
        requests[20].track
    };
    assert_eq!(track(56_100, 1, false), Track::Video);
    assert_eq!(track(55_900, 1, false), Track::Audio, "about as usual");
    assert_eq!(track(80_000, 1, false), Track::Video);
    assert_eq!(track(80_000, 2, false), Track::Audio, "another quality");
    assert_eq!(track(80_000, 1, true), Track::Audio);
}
