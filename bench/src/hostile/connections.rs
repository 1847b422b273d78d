//! TCP: holes, repeats, requests and flows.

use super::packet::{Ends, NETFLIX, flagged, outside, record, tcp};
use crate::Frame;

type Frames = (Vec<Frame>, Box<dyn Iterator<Item = Frame>>);

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: a.netflix.com\r\n\r\n";
/// Requests of a connection that are remembered.
const REMEMBERED: usize = 64;

/// Each packet of the client's holds as many requests as are awaited, each of the server's their
/// answers.
pub(super) fn pipelined() -> impl Iterator<Item = Frame> {
    const ANSWER: &[u8] = b"HTTP/1.1 204 N\r\n\r\n";
    let (asked, answered) = (REQUEST.repeat(REMEMBERED), ANSWER.repeat(REMEMBERED));
    let ends = Ends::to(NETFLIX, 1, 80);
    (0..).map(move |at: i64| {
        let turn = (at / 2) as u32;
        let up = 1 + turn.wrapping_mul(asked.len() as u32);
        let down = 1 + turn.wrapping_mul(answered.len() as u32);
        if at % 2 == 0 {
            tcp(at, ends, true, (up, down), asked.len(), &asked)
        } else {
            let numbers = (down, up + asked.len() as u32);
            tcp(at, ends, false, numbers, answered.len(), &answered)
        }
    })
}

/// A response in clear without end.
pub(super) fn chunks() -> impl Iterator<Item = Frame> {
    const HEAD: &[u8] = b"HTTP/1.1 200 N\r\nTransfer-Encoding: chunked\r\n\r\n";
    let body = b"1\r\nx\r\n".repeat(240);
    let ends = Ends::to(NETFLIX, 1, 80);
    let asked = 1 + REQUEST.len() as u32;
    let before = [
        tcp(0, ends, true, (1, 1), REQUEST.len(), REQUEST),
        tcp(1, ends, false, (1, asked), HEAD.len(), HEAD),
    ];
    let begun = 1 + HEAD.len() as u32;
    let chunks = (0..).map(move |at: u32| {
        let sequence = begun.wrapping_add(at.wrapping_mul(body.len() as u32));
        tcp(
            2 + i64::from(at),
            ends,
            false,
            (sequence, asked),
            body.len(),
            &body,
        )
    });
    before.into_iter().chain(chunks)
}

/// Requests and answers of TLS, the latter all repeated by each of the packets measured.
pub(super) fn spans() -> Frames {
    let ends = Ends::to(NETFLIX, 1, 443);
    let mut before = Vec::new();
    let (mut up, mut down) = (1, 1);
    for at in 0..REMEMBERED as i64 {
        before.push(tcp(2 * at, ends, true, (up, down), 305, &record(300, 300)));
        up += 305;
        before.push(tcp(
            2 * at + 1,
            ends,
            false,
            (down, up),
            105,
            &record(100, 100),
        ));
        down += 105;
    }
    let all = down as usize - 1;
    let repeats = (200..).map(move |at| tcp(at, ends, false, (1, up), all, &[]));
    (before, Box::new(repeats))
}

/// A request, and the first bytes of its response.
fn begun(ends: Ends) -> Vec<Frame> {
    vec![
        tcp(0, ends, true, (1, 1), 305, &record(300, 300)),
        tcp(1, ends, false, (1, 306), 50, &record(16_000, 45)),
    ]
}

/// A thousand pieces far behind, and then others just behind the hole.
pub(super) fn pieces() -> Frames {
    const FAR: u32 = 1 << 24;
    let ends = Ends::to(NETFLIX, 1, 443);
    let mut before = begun(ends);
    before.extend(
        (0..1023).map(|at: u32| tcp(2 + i64::from(at), ends, false, (FAR + 2 * at, 306), 1, &[7])),
    );
    let near = (0..).map(move |at: u32| {
        let sequence = 17_000 + 2 * (at % 4_000_000);
        tcp(2000 + i64::from(at), ends, false, (sequence, 306), 1, &[7])
    });
    (before, Box::new(near))
}

/// Every other of a thousand bytes, and then packets over all of them.
pub(super) fn cover() -> Frames {
    const FAR: u32 = 20_000;
    let ends = Ends::to(NETFLIX, 1, 443);
    let mut before = begun(ends);
    before.extend(
        (0..510).map(|at: u32| tcp(2 + i64::from(at), ends, false, (FAR + 2 * at, 306), 1, &[7])),
    );
    let over = (2000..).map(move |at| tcp(at, ends, false, (FAR, 306), 1020, &[]));
    (before, Box::new(over))
}

/// Requests of HTTP/2 that are not answered.
pub(super) fn http2_waiting(at: i64, ends: Ends, requests: i64) -> Vec<Frame> {
    // A WINDOW_UPDATE (RFC 9113, section 6.9), sealed: no other protocol's client sends so little.
    const UPDATE: u16 = 13 + 17;
    let mut frames = vec![
        tcp(at, ends, true, (1, 1), 35, &record(UPDATE, 30)),
        tcp(at + 1, ends, false, (1, 36), 50, &record(16_000, 45)),
    ];
    for request in 0..requests {
        let up = 36 + 105 * request as u32;
        let frame = tcp(
            at + 2 + request,
            ends,
            true,
            (up, 51),
            105,
            &record(100, 100),
        );
        frames.push(frame);
    }
    frames
}

/// The same, and then a response's bytes in packets that are cut.
pub(super) fn http2_open() -> Frames {
    const REQUESTS: i64 = 120;
    let ends = Ends::to(NETFLIX, 1, 443);
    let before = http2_waiting(0, ends, REQUESTS);
    let up = 36 + 105 * REQUESTS as u32;
    let answers = (0..).map(move |at: u32| {
        // Sent by a server that has the first requests only, and then by one that has all.
        let has = if at.is_multiple_of(2) {
            36 + 105 * 2
        } else {
            up
        };
        tcp(200 + i64::from(at), ends, false, (51 + at, has), 1, &[7])
    });
    (before, Box::new(answers))
}

/// Flows of one packet; `netflix` has each other one lead to an address that Netflix announces.
pub(super) fn flows(netflix: bool) -> impl Iterator<Item = Frame> {
    (0..).map(move |at: i64| {
        let number = at as u64;
        let server = if netflix && at % 2 == 0 {
            [23, 246, (number >> 9) as u8 & 63, (number >> 1) as u8]
        } else {
            outside(number / 3)
        };
        tcp(
            at,
            Ends::to(server, number, 443),
            true,
            (at as u32, 0),
            0,
            &[],
        )
    })
}

/// Flows of a capture whose first handshake's answer came before what it answers, and then packets
/// of each in turn that wait for what they acknowledge, which never comes.
pub(super) fn two_taps(flows: u64) -> Frames {
    const SYN: u8 = 0x02;
    const SYN_ACK: u8 = 0x12;
    let mut before = Vec::new();
    for number in 0..=flows {
        let ends = Ends::to(NETFLIX, number, 443);
        let at = 2 * number as i64;
        let opening = |offset| number_of(number, offset);
        let syn = tcp(at, ends, true, (opening(0), 0), 0, &[]);
        let answer = tcp(at + 1, ends, false, (0, opening(1)), 0, &[]);
        before.extend([flagged(syn, SYN), flagged(answer, SYN_ACK)]);
    }
    before.swap(0, 1);
    let first = before[1].time;
    before[1].time = std::mem::replace(&mut before[0].time, first);
    let waiting = (0..).map(move |at: u32| {
        let (number, turn) = (u64::from(at) % flows + 1, at / flows as u32);
        let ends = Ends::to(NETFLIX, number, 443);
        let time = 2 * (flows as i64 + 1) + i64::from(at);
        let sequence = number_of(number, 1 + turn);
        tcp(time, ends, true, (sequence, 1_000_000 + turn), 1, &[7])
    });
    (before, Box::new(waiting))
}

/// Bytes that each of this many flows holds, so that all together hold a mebibyte, which is the
/// smallest limit.
fn share(flows: u64) -> usize {
    ((1 << 20) / flows as usize).clamp(16, 60_000)
}

/// Returns a flow's sequence number. Flows with the same ones would be one behind a translator.
pub(super) const fn number_of(flow: u64, offset: u32) -> u32 {
    (flow as u32).wrapping_mul(100_003).wrapping_add(offset)
}

/// A flow that holds bytes behind a hole: the server's first byte, and what does not follow it.
pub(super) fn holding(number: u64, bytes: usize) -> [Frame; 3] {
    let ends = Ends::to(NETFLIX, number, 443);
    let at = 3 * number as i64;
    let [first, far] = [1, 20_000].map(|offset| number_of(number, offset));
    [
        tcp(at, ends, true, (1, first), 1, &[7]),
        tcp(at + 1, ends, false, (first, 2), 1, &[7]),
        tcp(at + 2, ends, false, (far, 2), bytes, &vec![7; bytes]),
    ]
}

/// Flows that all hold the same, and one that holds more, whose byte comes again and again.
pub(super) fn held(flows: u64) -> Frames {
    let each = share(flows);
    let mut before: Vec<Frame> = (1..=flows)
        .flat_map(|number| holding(number, each))
        .collect();
    let ends = Ends::to(NETFLIX, 0, 443);
    before.extend(holding(0, 60_000));
    // Later than a divided copy of the large segment comes.
    let repeats = (10_000..).map(move |at| tcp(at, ends, false, (20_000, 2), 1, &[7]));
    (before, Box::new(repeats))
}

/// Flows that all hold the same, and then others that do.
pub(super) fn evicted(flows: u64) -> Frames {
    let each = share(flows);
    let before = (1..=flows)
        .flat_map(|number| holding(number, each))
        .collect();
    let others = (flows + 1..).flat_map(move |number| holding(number, each));
    (before, Box::new(others))
}
