//! The margin that decides: both sides.

use super::*;
use crate::quality::clock::Guess;
use crate::quality::tests::request;

/// Returns the answer if the best hypothesis is better than the next one by this margin.
fn said(margin: f64) -> (Option<f64>, Reason) {
    let requests: Vec<Request> = (0..4).map(|n| request(n, f64::from(n))).collect();
    let rules = Rules {
        wait: 0.25,
        run_on: 3.0,
        joined: false,
        one_track: false,
    };
    let fit = Fit {
        guess: Guess {
            seconds: [4.0, 4.0],
            run_on: 3.0,
            renews: false,
        },
        counted: vec![true; 4],
        full: [None; 2],
        cost: 0.0,
        late: 0.0,
        margin: [margin, 9.0],
        others: Vec::new(),
    };
    let parts = Parts {
        client: IpAddr::from([10, 0, 0, 2]),
        start: Time(0),
        requests: &requests,
        found: Some(&fit),
        seeks: &[],
    };
    let mut session = Session::counted(&parts, 3.05);
    let play = Play::new(&requests, &[], rules);
    session.present = play.present;
    session.explain(&play, &fit, 0, 3.05);
    (session.video_media, session.reason)
}

#[test]
fn seconds_are_said_where_a_hypothesis_is_better_by_odds_of_five_to_four() {
    assert_eq!(said(0.24), (None, Reason::Undecided));
    assert_eq!(said(0.26), (Some(4.0), Reason::None));
}
