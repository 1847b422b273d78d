//! Responses over QUIC (RFC 9114) with only their headers captured.

use super::packet::{Ends, NETFLIX, udp};
use crate::Frame;

/// A datagram of one request, and of as many as are believed of one.
const REQUEST: usize = 300;
const REQUESTS: usize = 1030;
/// A full datagram of the server's, many at once, and one that ends a response.
const FULL: usize = 1200;
const MANY: usize = 20_000;
const LAST: usize = 300;
/// Datagrams of requests for each of the server's: as many as are told apart.
const ASKED: i64 = 6;

/// First responses that are alone, from which the usual size of audio is learnt, and then such as
/// come in at once.
pub(super) fn shared() -> (Vec<Frame>, Box<dyn Iterator<Item = Frame>>) {
    let ends = Ends::to(NETFLIX, 1, 443);
    let mut before = Vec::new();
    for turn in 0..8 {
        let at = 3 * turn;
        before.push(short(at, ends, true, REQUEST));
        before.push(short(at + 1, ends, false, MANY));
        before.push(short(at + 2, ends, false, LAST));
    }
    (before, Box::new(at_once(24, ends)))
}

/// Requests, and a full datagram that begins to answer all of them, again and again.
fn at_once(first: i64, ends: Ends) -> impl Iterator<Item = Frame> {
    (first..).map(move |at| {
        let asks = (at - first) % (ASKED + 1) < ASKED;
        short(at, ends, asks, if asks { REQUESTS } else { FULL })
    })
}

/// A flow's datagrams, in groups that each start another period.
pub(super) fn waiting(flow: u64, groups: usize) -> impl Iterator<Item = Frame> {
    let ends = Ends::to(NETFLIX, flow, 443);
    let first = (flow * 500) as i64;
    at_once(first, ends).take(groups * (ASKED as usize + 1))
}

/// Responses that come in at once, and between them lone ones that seem to be audio, of a size that
/// falls and rises: what came before is read again every time.
pub(super) fn read_again() -> impl Iterator<Item = Frame> {
    let ends = Ends::to(NETFLIX, 1, 443);
    (0..).flat_map(move |at| turn(at, ends))
}

/// Length of a lone response's datagrams; their numbers, each less than half of the one before; and
/// how many responses of each.
const LARGE: usize = 15_000;
const LONE: [usize; 4] = [15, 7, 3, 1];
const EACH: usize = 2;
/// Time between one exchange and the next.
const SILENCE: i64 = 200;

fn turn(at: i64, ends: Ends) -> Vec<Frame> {
    let datagrams = LONE[at as usize % LONE.len()];
    let lone = (vec![REQUEST], [vec![LARGE; datagrams], vec![LAST]].concat());
    let mut exchanges = vec![lone; EACH];
    exchanges.push((vec![REQUESTS; ASKED as usize - 1], vec![LARGE, LAST]));
    let mut frames = Vec::new();
    let mut now = at * 8 * SILENCE;
    for (asked, answer) in exchanges {
        now += SILENCE;
        let asked = asked.into_iter().map(|length| (true, length));
        for (up, length) in asked.chain(answer.into_iter().map(|length| (false, length))) {
            now += 1;
            frames.push(short(now, ends, up, length));
        }
    }
    frames
}

/// Builds a datagram with a short header of this length; only its first bytes are captured.
fn short(at: i64, ends: Ends, up: bool, length: usize) -> Frame {
    udp(at, ends, up, length, &[0x40, 1, 2, 3, 4, 5, 6, 7, 8])
}
