//! Plays of one title, and plays that only look like one.

use super::*;
use crate::quality::fit::find;
use crate::quality::tests::{RULES, request};

/// A play: a picture of 4 s every 4 s behind a full buffer, with these sizes.
fn play(sizes: &[u64]) -> Vec<Request> {
    let asked = |at: usize| {
        if at < 5 {
            at as f64
        } else {
            4.0 * at as f64 - 12.0
        }
    };
    let pictures = sizes.iter().enumerate();
    pictures
        .map(|(at, &bytes)| Request {
            bytes,
            ..request(at as u32, asked(at))
        })
        .collect()
}

/// Returns the seconds of pictures in each of these plays, which were found for those that are long
/// enough.
fn agreed(plays: &[Vec<Request>]) -> Vec<Option<f64>> {
    let mut requests: Vec<Request> = Vec::new();
    let mut drafts: Vec<Draft> = Vec::new();
    for play in plays {
        let mut play = play.clone();
        let rules = Rules {
            one_track: true,
            ..RULES
        };
        let found = find(&mut play, &[], &[], rules);
        drafts.push(Draft {
            range: requests.len()..requests.len() + play.len(),
            rules,
            seeks: Vec::new(),
            found,
        });
        requests.extend(play);
    }
    agree(&requests, &mut drafts);
    let seconds = |draft: Draft| Some(draft.found?.guess.seconds[0]);
    drafts.into_iter().map(seconds).collect()
}

fn sizes(from: u64, number: u64) -> Vec<u64> {
    (from..from + number)
        .map(|n| 90_000 + 317 * n * n)
        .collect()
}

#[test]
fn what_one_play_tells_is_true_of_another_of_the_same_title() {
    let long = play(&sizes(0, 30));
    let short = |sizes: &[u64]| agreed(&[long.clone(), play(sizes)]);
    assert_eq!(short(&sizes(0, 2)), [Some(4.0); 2]);
    // It may be opened at another place.
    assert_eq!(short(&sizes(20, 2)), [Some(4.0); 2]);
    // One picture may be as large by chance, and so may pictures of constant size.
    assert_eq!(short(&[90_000, 90_318]), [Some(4.0), None]);
    let constant = play(&[90_000; 30]);
    assert_eq!(agreed(&[constant, play(&[90_000; 2])]), [Some(4.0), None]);
    // The sizes of responses that overlapped are not known.
    let mut other = play(&sizes(0, 2));
    other.iter_mut().for_each(|request| request.shared = true);
    assert_eq!(agreed(&[long.clone(), other]), [Some(4.0), None]);
}

#[test]
fn four_plays_are_explained_together() {
    let plays = |short: usize| {
        let mut plays = vec![play(&sizes(0, 30))];
        plays.extend((0..short).map(|_| play(&sizes(0, 2))));
        agreed(&plays)
    };
    assert_eq!(plays(3), [Some(4.0); 4]);
    assert_eq!(plays(4)[3..], [Some(4.0), None]);
}
