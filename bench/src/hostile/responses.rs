//! Responses that come at once, over QUIC (RFC 9114) and over HTTP/2 (RFC 9113), with only their
//! headers captured.

use super::packet::{Ends, NETFLIX, record, tcp, udp};
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
/// Lone responses from which a size is learnt.
const LONE_RESPONSES: i64 = 8;

/// First responses that are alone, from which the usual size of audio is learnt, and then such as
/// come in at once.
pub(super) fn shared() -> (Vec<Frame>, Box<dyn Iterator<Item = Frame>>) {
    let ends = Ends::to(NETFLIX, 1, 443);
    let mut before = Vec::new();
    for turn in 0..LONE_RESPONSES {
        let at = 3 * turn;
        before.push(short(at, ends, true, REQUEST));
        before.push(short(at + 1, ends, false, MANY));
        before.push(short(at + 2, ends, false, LAST));
    }
    (before, Box::new(at_once(3 * LONE_RESPONSES, ends)))
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
    timed(at, &exchanges(at, REQUESTS))
        .map(|(now, up, length)| short(now, ends, up, length))
        .collect()
}

/// Lengths of the packets of requests and of their answers.
type Exchange = (Vec<usize>, Vec<usize>);

/// Lone responses, and then some at once, whose requests have this many bytes.
fn exchanges(at: i64, requests: usize) -> Vec<Exchange> {
    let packets = LONE[at as usize % LONE.len()];
    let lone = (vec![REQUEST], [vec![LARGE; packets], vec![LAST]].concat());
    let mut exchanges = vec![lone; EACH];
    exchanges.push((vec![requests; ASKED as usize - 1], vec![LARGE, LAST]));
    exchanges
}

/// Packets of a turn: when, true for a request, and how long.
fn timed(turn: i64, exchanges: &[Exchange]) -> impl Iterator<Item = (i64, bool, usize)> {
    let mut now = turn * 8 * SILENCE;
    exchanges.iter().flat_map(move |(asked, answer)| {
        now += SILENCE;
        let begun = now;
        let asked = asked.iter().map(|&length| (true, length));
        let packets = asked.chain(answer.iter().map(|&length| (false, length)));
        (1..)
            .zip(packets)
            .map(move |(after, (up, length))| (begun + after, up, length))
    })
}

/// A connection of HTTP/2, each request of which is a record of its own.
struct Http2 {
    ends: Ends,
    up: u32,
    down: u32,
}

impl Http2 {
    /// Opens one, with the packet that shows its protocol.
    fn open() -> (Self, Vec<Frame>) {
        // A WINDOW_UPDATE (RFC 9113, section 6.9), sealed: no other protocol's client sends so little.
        const UPDATE: u16 = 13 + 17;
        let mut connection = Self {
            ends: Ends::to(NETFLIX, 1, 443),
            up: 1,
            down: 1,
        };
        let update = record(UPDATE, UPDATE.into());
        let update = connection.packet(0, true, update.len(), &update);
        (connection, vec![update])
    }

    fn packet(&mut self, at: i64, up: bool, length: usize, captured: &[u8]) -> Frame {
        let numbers = if up {
            (self.up, self.down)
        } else {
            (self.down, self.up)
        };
        let next = if up { &mut self.up } else { &mut self.down };
        *next = next.wrapping_add(length as u32);
        tcp(at, self.ends, up, numbers, length, captured)
    }

    /// Builds a packet of as many requests as fit, at least one, all captured.
    fn ask(&mut self, at: i64, length: usize) -> Frame {
        let requests = record(SHORT, SHORT.into()).repeat((length / usize::from(5 + SHORT)).max(1));
        self.packet(at, true, requests.len(), &requests)
    }

    /// Builds a packet of a response, of which the first record's header is captured.
    fn answer(&mut self, at: i64, length: usize) -> Frame {
        self.packet(at, false, length, &record(16_000, 0))
    }
}

/// A sealed record of a request that refers to earlier ones (RFC 7541), longer than three control
/// frames.
const SHORT: u16 = 70;

/// The same as [`shared`] over HTTP/2: each packet asks once.
pub(super) fn http2_shared() -> (Vec<Frame>, Box<dyn Iterator<Item = Frame>>) {
    let (mut connection, mut before) = Http2::open();
    for turn in 0..LONE_RESPONSES {
        let at = 1 + 3 * turn;
        before.push(connection.ask(at, 1));
        before.push(connection.answer(at + 1, MANY));
        before.push(connection.answer(at + 2, LAST));
    }
    const FIRST: i64 = 1 + 3 * LONE_RESPONSES;
    let at_once = (FIRST..).map(move |at| {
        if (at - FIRST) % (ASKED + 1) < ASKED {
            connection.ask(at, 1)
        } else {
            connection.answer(at, FULL)
        }
    });
    (before, Box::new(at_once))
}

/// The same as [`read_again`] over HTTP/2: each packet that asks for several responses asks twice.
pub(super) fn http2_read_again() -> (Vec<Frame>, Box<dyn Iterator<Item = Frame>>) {
    let (mut connection, before) = Http2::open();
    let turns = (1..).flat_map(move |at| {
        let packets: Vec<_> = timed(at, &exchanges(at, 2 * usize::from(SHORT + 5))).collect();
        let frames = packets.into_iter().map(|(now, up, length)| {
            if up {
                connection.ask(now, length)
            } else {
                connection.answer(now, length)
            }
        });
        frames.collect::<Vec<_>>()
    });
    (before, Box::new(turns))
}

/// Builds a datagram with a short header of this length; only its first bytes are captured.
fn short(at: i64, ends: Ends, up: bool, length: usize) -> Frame {
    udp(at, ends, up, length, &[0x40, 1, 2, 3, 4, 5, 6, 7, 8])
}
