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

/// Builds a datagram with a short header of this length; only its first bytes are captured.
fn short(at: i64, ends: Ends, up: bool, length: usize) -> Frame {
    udp(at, ends, up, length, &[0x40, 1, 2, 3, 4, 5, 6, 7, 8])
}
