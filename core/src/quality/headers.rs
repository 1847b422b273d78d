//! Finds requests for headers among those for media, if responses overlapped and their bytes do not
//! show which is which.

use super::request::{Header, Request, Track, group_end, usual_sound};

/// Bytes that a header adds to those of sound, whose size is known to one part in a hundred.
const HEADER_SIZE: std::ops::Range<f64> = 300.0..3000.0;
/// Longest time between requests that a player sends in one turn, in seconds.
pub(crate) const ONE_TURN: f64 = 0.01;
/// The same if each media follows its own header: for the first media on a connection, and if no
/// bytes of a header were seen.
const FIRST_TURN: f64 = 0.1;
/// Requests to examine behind one for a header.
const BESIDE: usize = 8;
/// Longest time from the headers of both tracks to the request for media, in seconds.
const THEN: f64 = 1.0;

/// A request on a connection, in order of time.
#[derive(Clone, Copy)]
enum Ask {
    Header,
    Media(usize),
}

/// Finds headers by the rhythm of a start. A player that opens a title, or seeks in it, requests
/// the headers of both tracks in one turn. As soon as the headers have come, it requests the first
/// media of both in one turn. In between, the tracks take turns as their responses end, which
/// coincide only by chance. `largest`: most bytes of a header.
pub(crate) fn recover(requests: &mut Vec<Request>, headers: &mut Vec<Header>, largest: u64) {
    many_headers(requests, headers, largest);
    beside_headers(requests, headers);
    beside_sound(requests, headers);
    let mut flows: Vec<u32> = requests
        .iter()
        .filter(|request| request.shared)
        .map(|request| request.flow)
        .collect();
    flows.sort_unstable();
    flows.dedup();
    let mut found: Vec<(usize, f64)> = Vec::new();
    for flow in flows {
        find(requests, headers, flow, &mut found);
    }
    if found.is_empty() {
        return;
    }
    move_to_headers(found, requests, headers);
}

/// Moves requests to the headers. Each is given by its index, and the time at which its response
/// had come.
fn move_to_headers(
    mut found: Vec<(usize, f64)>,
    requests: &mut Vec<Request>,
    headers: &mut Vec<Header>,
) {
    found.sort_by_key(|&(at, _)| at);
    let header = |&(at, came): &(usize, f64)| Header {
        asked: requests[at].asked,
        came,
        bytes: None,
        error: 0,
        flow: requests[at].flow,
    };
    headers.extend(found.iter().map(header));
    give_on(&found, requests);
    headers.sort_by(|a, b| a.asked.total_cmp(&b.asked));
    let mut at = 0;
    requests.retain(|_| {
        at += 1;
        !holds(&found, at - 1)
    });
}

/// Returns true if the request at this index is among the found ones, which are in order.
fn holds(found: &[(usize, f64)], at: usize) -> bool {
    found.binary_search_by_key(&at, |&(at, _)| at).is_ok()
}

/// Adds the bytes that no header has to the media beside the header, and lets that media last as
/// long as they came: bytes divided among overlapping responses are right only in sum.
fn give_on(found: &[(usize, f64)], requests: &mut [Request]) {
    for &(at, _) in found {
        let this = requests[at];
        if this.bytes as f64 <= HEADER_SIZE.end {
            continue;
        }
        let beside = (at + 1..requests.len()).take(BESIDE).filter(|&next| {
            let request = &requests[next];
            !holds(found, next) && request.shared && request.asked < this.came
        });
        if let Some(next) = beside.min_by_key(|&next| requests[next].bytes) {
            let next = &mut requests[next];
            next.bytes = next.bytes.saturating_add(this.bytes);
            next.error = next.error.saturating_add(this.bytes);
            next.came = next.came.max(this.came);
        }
    }
}

/// Returns the end of the requests of one turn on a flow whose responses overlapped, by its first.
fn turn_end(requests: &[Request], from: usize) -> usize {
    let first = requests[from];
    let in_turn = |next: &&Request| {
        let is_beside = next.shared && next.flow == first.flow;
        first.shared && is_beside && next.asked - first.asked < ONE_TURN
    };
    from + 1 + requests[from + 1..].iter().take_while(in_turn).count()
}

/// Finds overlapping requests of one turn that together have no more bytes than as many headers: a
/// player that knows where a title's files begin requests the headers of all its qualities at once.
fn many_headers(requests: &mut Vec<Request>, headers: &mut Vec<Header>, largest: u64) {
    let mut found: Vec<(usize, f64)> = Vec::new();
    let mut from = 0;
    while from < requests.len() {
        let to = turn_end(requests, from);
        let group = &requests[from..to];
        let bytes = group
            .iter()
            .fold(0_u64, |sum, r| sum.saturating_add(r.bytes));
        let came = group.iter().map(|r| r.came).fold(0.0, f64::max);
        let goes_on = requests
            .get(to)
            .is_some_and(|next| next.shared && next.flow == group[0].flow && next.asked < came);
        if group.len() > 1 && !goes_on && (1..=largest).contains(&(bytes / group.len() as u64)) {
            found.extend((from..to).map(|at| (at, came)));
        }
        from = to;
    }
    move_to_headers(found, requests, headers);
}

/// Finds requests whose bytes went to a small response requested in the same turn: both were for
/// headers.
fn beside_headers(requests: &mut Vec<Request>, headers: &mut Vec<Header>) {
    let beside = |request: &Request| {
        let merged = request.shared && request.bytes == 0;
        let header = headers.iter().find(|header| {
            header.flow == request.flow && (header.asked - request.asked).abs() < ONE_TURN
        });
        header.filter(|_| merged).map(|header| header.came)
    };
    let found: Vec<(usize, f64)> = (0..)
        .zip(requests.iter())
        .filter_map(|(at, request)| Some((at, beside(request)?)))
        .collect();
    move_to_headers(found, requests, headers);
}

/// Finds two overlapping requests whose bytes together are those of sound and a header. Their order
/// shows which was for the header: a player requests a header while the sound is in flight.
fn beside_sound(requests: &mut Vec<Request>, headers: &mut Vec<Header>) {
    let Some(sound) = usual_sound(requests) else {
        return;
    };
    let mut found: Vec<(usize, f64)> = Vec::new();
    let mut from = 0;
    while from < requests.len() {
        let to = group_end(requests, from);
        if to - from == 2 {
            let sum: f64 = requests[from..to].iter().map(|r| r.bytes as f64).sum();
            if HEADER_SIZE.contains(&(sum - sound)) {
                requests[from].track = Track::Audio;
                found.push((from + 1, requests[from + 1].came));
            }
        }
        from = to;
    }
    move_to_headers(found, requests, headers);
}

/// Returns true if media was requested once the headers had come, or together with them as in Shaka
/// Player: four requests in one turn, whose bytes were divided evenly, so that none is recognised
/// as a header.
fn follows(requests: &[Request], four: &[(f64, Ask)], gap: f64) -> bool {
    let divided = |ask: &(f64, Ask)| matches!(ask.1, Ask::Media(at) if requests[at].shared);
    let in_one_turn = four[3].0 - four[0].0 < ONE_TURN && four.iter().all(divided);
    (ONE_TURN..THEN).contains(&gap) || in_one_turn
}

/// Adds the requests of a flow that were for headers, with the times at which the responses had
/// come.
fn find(requests: &[Request], headers: &[Header], flow: u32, found: &mut Vec<(usize, f64)>) {
    let media = requests
        .iter()
        .enumerate()
        .filter(|(_, request)| request.flow == flow)
        .map(|(at, request)| (request.asked, Ask::Media(at)));
    let small = headers
        .iter()
        .filter(|header| header.flow == flow)
        .map(|header| (header.asked, Ask::Header));
    let mut all: Vec<(f64, Ask)> = media.chain(small).collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut from = 0;
    while let Some(four) = all.get(from..from + 4) {
        // Headers can come one after the other, and so can what follows each.
        let is_small =
            |ask: &(f64, Ask)| matches!(ask.1, Ask::Media(at) if requests[at].bytes == 0);
        let small = four[..2].iter().any(is_small);
        let turn = if from == 0 || small {
            FIRST_TURN
        } else {
            ONE_TURN
        };
        let together = four[1].0 - four[0].0 < ONE_TURN && four[3].0 - four[2].0 < turn;
        let gap = four[2].0 - four[1].0;
        let media = [2, 3].map(|at| matches!(four[at].1, Ask::Media(_)));
        if !together || !follows(requests, four, gap) || media != [true; 2] {
            from += 1;
            continue;
        }
        for (_, asked) in &four[..2] {
            if let Ask::Media(at) = *asked
                && requests[at].shared
            {
                found.push((at, four[2].0));
            }
        }
        from += 2;
    }
}
