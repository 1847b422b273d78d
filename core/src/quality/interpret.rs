//! Interprets requests as a player's decisions: when it decided, what it waited with, what it gave
//! up.

use super::request::{
    ALIKE, Header, Request, ResponseEnd, Rules, Track, median_bytes, separate_shared,
};

/// Longest time from a header to the request for its media, in seconds.
const BEHIND_HEADER: f64 = 0.2;
/// If a player sends the next request of a track more than this many seconds before a response
/// ends, it gave that response up: otherwise it would have waited.
const OVERTAKEN: f64 = 0.05;
/// Longest time that a new connection takes on a busy link, in seconds.
const HANDSHAKE: f64 = 1.0;
/// A response that takes longer than this, in seconds, keeps the link busy.
const BUSY: f64 = 2.0;

/// Times that differ by less than this, in seconds, are the same reset: they are known to the
/// millisecond.
const AT_ONCE: f64 = 0.003;
/// Longest time between what a player does in one turn, in seconds.
const ONE_TURN: f64 = 0.01;
/// Shortest silence after which only a reset can look like one, in seconds.
const SILENT: f64 = 1.0;
/// A response that took longer than this, in seconds, may have been in progress until its player
/// gave it up.
const SLOW: f64 = 5.0;
/// Requests before one among which to look for those in flight beside it.
const BESIDE: usize = 8;

/// Finds when the player decided to send each request, whether it waited before, and whether it may
/// have given the request up.
pub(crate) fn interpret(
    requests: &mut [Request],
    headers: &[Header],
    seeks: &[f64],
    rules: &Rules,
) {
    separate_shared(requests);
    decide(requests, headers);
    let mut came = [f64::NEG_INFINITY; 2];
    let opened = first_uses(requests, headers);
    for at in 0..requests.len() {
        let request = requests[at];
        let before = &mut came[request.track as usize];
        let opens = opened
            .binary_search_by_key(&request.flow, |used| used.0)
            .is_ok_and(|at| opened[at].1 >= request.decided);
        let wait = rules.wait + if opens { HANDSHAKE } else { 0.0 };
        let late = before.is_finite() && request.decided - *before > wait;
        requests[at].waited = late && !(opens && stuck(requests, at, *before + wait));
        *before = before.max(request.came);
    }
    let habits = Habits::new(requests, headers);
    for at in 0..requests.len() {
        let dropped = likelihood_of_drop(requests, at, &habits);
        let request = &mut requests[at];
        // After a seek, everything in flight is of no more use.
        let gone = |s: &&f64| request.asked < **s + 0.05 && request.came > **s - 0.05;
        request.dropped = if seeks.iter().any(|s| gone(&s)) {
            SURELY
        } else {
            dropped
        };
    }
}

/// Returns true if a response of the other track was in flight from `since` on, or for long, until
/// a request opened its connection: then nobody knows how long the connection took.
fn stuck(requests: &[Request], at: usize, since: f64) -> bool {
    let this = requests[at];
    let since = since.max(this.decided - BUSY);
    let before = requests[..at].iter().rev().take(BESIDE);
    before
        .filter(|other| other.track != this.track)
        .any(|other| other.asked < since && other.came > this.decided)
}

/// Sets the time of each decision. A player that requests a header decided at that time to request
/// the media after it, usually a picture.
fn decide(requests: &mut [Request], headers: &[Header]) {
    for request in requests.iter_mut() {
        request.decided = request.asked;
    }
    for header in headers {
        let soon = |request: &Request| request.asked - header.came < BEHIND_HEADER;
        let first = requests.partition_point(|request| request.asked < header.came - 0.01);
        let behind = &requests[first..requests.len().min(first + 3)];
        let picture = behind
            .iter()
            .position(|r| soon(r) && r.track == Track::Video);
        // Some players request both at once.
        let beside = requests.partition_point(|request| request.asked < header.asked);
        let together = requests[beside.min(first)..first]
            .iter()
            .position(|r| r.track == Track::Video && r.flow != header.flow);
        let sound = || {
            let next = behind.first().filter(|r| soon(r));
            let decides = !in_flight(requests, first, header.asked);
            next.filter(|_| decides).map(|_| first)
        };
        let picture = picture.map(|at| first + at);
        let Some(at) = picture.or(together.map(|at| beside + at)).or_else(sound) else {
            continue;
        };
        let request = &mut requests[at];
        request.decided = request.decided.min(header.asked);
    }
    changes(requests);
}

/// Returns true if sound before this request was in flight at a time: then the player decided
/// nothing about the next sound.
fn in_flight(requests: &[Request], at: usize, t: f64) -> bool {
    let before = requests[..at].iter().rev().take(BESIDE);
    let mut sound = before.filter(|r| r.track == Track::Audio);
    sound.next().is_some_and(|sound| sound.came > t + ONE_TURN)
}

/// The segments of a better picture are larger at least by this factor.
const BETTER: f64 = 1.1;
/// Pictures to average on either side.
const MEAN_OF: usize = 3;

/// Finds where a player changes to a better picture: it requests that picture's header, and its
/// segments are larger.
fn changes(requests: &mut [Request]) {
    let pictures: Vec<usize> = (0..requests.len())
        .filter(|&at| requests[at].track == Track::Video)
        .collect();
    let mean = |part: &[usize], requests: &[Request]| {
        part.iter()
            .map(|&at| requests[at].bytes as f64)
            .sum::<f64>()
            / part.len().max(1) as f64
    };
    for number in 1..pictures.len() {
        let this = pictures[number];
        let before = &pictures[number.saturating_sub(MEAN_OF)..number];
        let after = &pictures[number..pictures.len().min(number + MEAN_OF)];
        requests[this].better = requests[this].decided < requests[this].asked
            && mean(after, requests) > mean(before, requests) * BETTER;
    }
}

/// Likelihoods that a request was given up, by the evidence.
const SURELY: f64 = 0.99;
const LIKELY: f64 = 0.7;
/// The same for a response whose flow ends with it, if a response of the same size is requested
/// again, before sizes are considered.
const GIVEN_UP: f64 = 0.3;
const UNLIKELY: f64 = 0.005;
/// The same for a picture that may have been reset although no other quality follows, or that timed
/// out. Chosen with one recording; above one half, such pictures would count as given up by
/// themselves.
const PERHAPS: f64 = 0.45;
/// Odds against a response with a visible end: of those that were given up, few have one, because
/// their last bytes came nevertheless.
const WHOLE: f64 = 0.06;
/// A player requests the next response within this time after the last byte, in seconds. The last
/// bytes of a response that it gave up come later than that request.
const PROMPT: f64 = 0.03;
/// Seconds after which players give up a response (dash.js `fragmentRequestTimeout`, hls.js
/// `fragLoadingTimeOut`: 20 s).
const TIMEOUT: f64 = 20.0;

/// Seconds within which players repeat a request that they gave up (Shaka Player's
/// `retryParameters`: 1 s and half as much; dash.js `retryIntervals`: 1 s).
const RETRY: f64 = 1.5;

/// The habits of a play's servers in closing flows.
#[derive(Debug)]
struct Habits {
    /// By flow: number of requests that it carried.
    served: Vec<(u32, u32)>,
    /// The number of requests after which the server closes flows, if it does.
    limit: Option<u32>,
    /// The longest time for which a flow was idle before it was used again.
    kept: f64,
    /// True if flows are closed whenever they are briefly idle.
    closes_often: bool,
    /// The times at which flows were first used, in order.
    opened: Vec<f64>,
    /// The usual size of sound.
    sound: Option<f64>,
    /// Pictures that may have been reset.
    resets: Vec<Reset>,
    /// By track: the share of segments that are exactly as large as the one before.
    alike: [f64; 2],
    /// Flows on which responses overlapped, in order: these go on when a response is given up.
    multiplexed: Vec<u32>,
}

impl Habits {
    fn new(requests: &[Request], headers: &[Header]) -> Self {
        let served = served(requests, headers);
        let ends = requests.iter().filter(|request| request.ends_flow).count();
        Self {
            limit: closes_after(&served),
            served,
            kept: longest_idle(requests),
            closes_often: ends > 8 && ends * 5 > requests.len(),
            opened: openings(requests, headers),
            sound: median_bytes(requests, Track::Audio),
            resets: resets(requests, headers),
            alike: Track::BOTH.map(|track| share_alike(requests, track)),
            multiplexed: multiplexed(requests),
        }
    }

    /// Returns true if a flow has carried as many requests as the server allows.
    fn is_used_up(&self, flow: u32) -> bool {
        let at = self.served.binary_search_by_key(&flow, |served| served.0);
        self.limit.is_some() && at.ok().map(|at| self.served[at].1) == self.limit
    }
}

/// A picture that the player may have reset.
#[derive(Clone, Copy, Debug)]
struct Reset {
    /// Index of its request.
    picture: usize,
    is_sure: bool,
}

/// Returns the pictures that the player may have reset: the latest one before each reset. Sound
/// beside it is not given up, because it comes soon. It is certain if nothing else was in progress,
/// or if the player requests a header, because it continues in another quality.
fn resets(requests: &[Request], headers: &[Header]) -> Vec<Reset> {
    let mut found: Vec<Reset> = Vec::new();
    let flagged = requests.iter().filter_map(|r| Some((r.given_up?, r)));
    let flagged: Vec<(f64, &Request)> = flagged.collect();
    for group in flagged.chunk_by(|a, b| (a.0 - b.0).abs() < AT_ONCE) {
        let (time, first) = group[0];
        let before = requests.partition_point(|request| request.asked < time);
        let picture = requests[..before]
            .iter()
            .rposition(|r| r.track == Track::Video && r.flow == first.flow);
        // A response that was flagged in a silence had not ended, although nothing more came.
        let noted = |at: usize| group.iter().any(|(_, r)| r.number == requests[at].number);
        let in_progress = |&at: &usize| {
            let silent = time - requests[at].came;
            silent <= ONE_TURN || silent >= SILENT && noted(at)
        };
        let Some(picture) = picture.filter(in_progress) else {
            continue;
        };
        let next = headers.partition_point(|header| header.asked < time);
        let switches = headers.get(next).is_some_and(|h| h.asked - time < ONE_TURN);
        let is_alone = group.len() == 1 && requests[picture].number == first.number;
        found.push(Reset {
            picture,
            is_sure: switches || is_alone,
        });
    }
    found
}

/// Returns the share of a track's segments that are exactly as large as the one before, as if one
/// of two further ones were, too.
fn share_alike(requests: &[Request], track: Track) -> f64 {
    let sizes: Vec<u64> = requests
        .iter()
        .filter(|r| r.track == track)
        .map(|r| r.bytes)
        .collect();
    let alike = sizes.windows(2).filter(|pair| pair[0] == pair[1]).count();
    (alike as f64 + 1.0) / (sizes.len() as f64 + 1.0)
}

/// Returns the flows on which responses overlapped, in order.
fn multiplexed(requests: &[Request]) -> Vec<u32> {
    let shared = requests.iter().filter(|request| request.shared);
    let mut flows: Vec<u32> = shared.map(|request| request.flow).collect();
    flows.sort_unstable();
    flows.dedup();
    flows
}

/// Returns how many requests each flow carried. Flows that the server closes carry equally many.
fn served(requests: &[Request], headers: &[Header]) -> Vec<(u32, u32)> {
    let mut flows: Vec<u32> = requests
        .iter()
        .map(|r| r.flow)
        .chain(headers.iter().map(|h| h.flow))
        .collect();
    flows.sort_unstable();
    let mut counts: Vec<(u32, u32)> = Vec::new();
    for flow in flows {
        match counts.last_mut() {
            Some((last, count)) if *last == flow => *count += 1,
            _ => counts.push((flow, 1)),
        }
    }
    counts
}

/// Returns the flows in order, with the time of each one's first use.
fn first_uses(requests: &[Request], headers: &[Header]) -> Vec<(u32, f64)> {
    let media = requests.iter().map(|r| (r.flow, r.asked));
    let mut uses: Vec<(u32, f64)> = media
        .chain(headers.iter().map(|h| (h.flow, h.asked)))
        .collect();
    uses.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
    uses.dedup_by_key(|used| used.0);
    uses
}

/// Returns the times at which flows were first used, in order.
fn openings(requests: &[Request], headers: &[Header]) -> Vec<f64> {
    let uses = first_uses(requests, headers);
    let mut opened: Vec<f64> = uses.into_iter().map(|used| used.1).collect();
    opened.sort_by(f64::total_cmp);
    opened
}

/// Returns the longest time for which a flow was idle before it was used again: servers keep flows
/// open at least that long.
fn longest_idle(requests: &[Request]) -> f64 {
    let mut last: Vec<(u32, f64)> = Vec::new();
    let mut longest: f64 = 0.0;
    for request in requests {
        match last.iter_mut().rev().take(16).find(|l| l.0 == request.flow) {
            Some(before) => {
                longest = longest.max(request.asked - before.1);
                before.1 = request.came;
            }
            None => last.push((request.flow, request.came)),
        }
    }
    longest
}

/// Returns the number of requests after which the server closes flows, if it does.
fn closes_after(served: &[(u32, u32)]) -> Option<u32> {
    let most = served.iter().map(|s| s.1).max()?;
    (most > 1 && served.iter().filter(|s| s.1 == most).count() >= 3).then_some(most)
}

/// Returns the likelihood that a request was given up. A player that gives up an HTTP/1 response
/// closes its connection, and requests the same media on another one at once.
fn likelihood_of_drop(requests: &[Request], at: usize, habits: &Habits) -> f64 {
    let this = requests[at];
    if this.open {
        return 0.98;
    }
    if this.aborted {
        return SURELY;
    }
    let Some(next) = requests[at + 1..]
        .iter()
        .take(8)
        .find(|r| r.track == this.track)
    else {
        return match this.end {
            ResponseEnd::Cut => SURELY,
            ResponseEnd::Unknown if this.ends_flow => 0.5,
            _ => 0.02,
        };
    };
    if let Some(reset) = habits.resets.iter().find(|reset| reset.picture == at) {
        // WINDOW_UPDATE looks like a reset, and can come just before a request by chance.
        return if reset.is_sure { SURELY } else { PERHAPS };
    }
    let ahead = next.decided - this.came;
    if this.end == ResponseEnd::Cut {
        // If the player waited for this response, it ended before the next request: its last packet
        // was full by chance.
        let prompt = (0.0..PROMPT).contains(&ahead);
        return if prompt { GIVEN_UP } else { SURELY };
    }
    if next.bytes == this.bytes && this.ends_flow && !this.shared && ahead < RETRY {
        // The same size again at once: the first was of no use, unless segments are often equally
        // large, as those of sound are.
        let chance = habits.alike[this.track as usize];
        return GIVEN_UP / (GIVEN_UP + (1.0 - GIVEN_UP) * chance);
    }
    // The player requested the next media on another flow before this response ended.
    if ahead < -OVERTAKEN && next.flow != this.flow {
        return if this.ends_flow { SURELY } else { 0.6 };
    }
    if let Some(likelihood) = timed_out(&this, next, habits) {
        return likelihood;
    }
    if this.shared {
        // If responses overlap on one connection, some may not be media; the first ones of a play
        // are.
        return if is_first(requests, at) {
            UNLIKELY
        } else {
            0.1
        };
    }
    // The flow continued, or its server closed it as usual: the player did not close it.
    if !this.ends_flow || next.flow == this.flow || habits.is_used_up(this.flow) {
        return UNLIKELY;
    }
    // Bytes that were on their way when the player gave up can complete the response.
    if this.came - this.asked > TIMEOUT {
        return LIKELY;
    }
    let alike = |usual: f64| (this.bytes as f64 / usual - 1.0).abs() < ALIKE;
    if this.track == Track::Audio && habits.sound.is_some_and(alike) {
        // It is as large as usual sound, so all of it came.
        return UNLIKELY;
    }
    let closed = habits.likelihood_of_close(requests, at, ahead);
    if this.end == ResponseEnd::Whole {
        weigh(closed, WHOLE)
    } else if this.track == Track::Video {
        weigh(closed, cut_short(requests, at, next))
    } else {
        closed
    }
}

/// Returns the likelihood that a player gave up a response on a connection that goes on: nothing
/// shows that but the time until it requests the next media of the track.
fn timed_out(this: &Request, next: &Request, habits: &Habits) -> Option<f64> {
    let goes_on = next.flow == this.flow && habits.multiplexed.binary_search(&this.flow).is_ok();
    let is_late = next.asked - this.asked >= TIMEOUT && this.came - this.asked > SLOW;
    let overtaken = next.decided < this.came - OVERTAKEN;
    let likelihood = if overtaken { SURELY } else { PERHAPS };
    (goes_on && is_late).then_some(likelihood)
}

/// Returns true if it is the first request of its track.
fn is_first(requests: &[Request], at: usize) -> bool {
    requests[..at].iter().all(|r| r.track != requests[at].track)
}

/// Changes a likelihood by a ratio of odds.
fn weigh(likelihood: f64, ratio: f64) -> f64 {
    let odds = likelihood / (1.0 - likelihood) * ratio;
    odds / (1.0 + odds)
}

/// Returns the odds that a picture was cut short, by its size among those before it, and by what
/// followed: players give up what comes too slowly, and continue in another quality.
fn cut_short(requests: &[Request], at: usize, next: &Request) -> f64 {
    let this = &requests[at];
    let switches = if next.decided < next.asked { 2.0 } else { 0.5 };
    let before = requests[..at].iter().rev().take(12);
    let mut sizes: Vec<u64> = before
        .filter(|r| r.track == Track::Video)
        .take(3)
        .map(|r| r.bytes)
        .collect();
    let first = this.decided < this.asked;
    if sizes.is_empty() || first {
        return switches;
    }
    sizes.sort_unstable();
    let share = this.bytes as f64 / sizes[sizes.len() / 2].max(1) as f64;
    switches
        * match share {
            ..0.1 => 10.0,
            0.1..0.3 => 3.0,
            0.3..0.7 => 1.0,
            _ => 0.2,
        }
}

impl Habits {
    /// Returns the likelihood that the player, and not its server, closed an unused flow. `ahead`:
    /// seconds until the next request of the track.
    fn likelihood_of_close(&self, requests: &[Request], at: usize, ahead: f64) -> f64 {
        let this = requests[at];
        // Nobody opens a flow while another is idle.
        let opening = self
            .opened
            .partition_point(|&opened| opened < this.came - OVERTAKEN);
        let unused = self
            .opened
            .get(opening)
            .map_or(f64::INFINITY, |opened| opened - this.came);
        if unused < 0.3 && ahead < 0.5 {
            return 0.9;
        }
        let idle = requests[at + 1..]
            .iter()
            .find(|r| r.asked > this.came)
            .map_or(f64::INFINITY, |r| r.asked - this.came);
        if self.closes_often {
            0.12
        } else if idle > self.kept {
            0.03
        } else if ahead < 1.0 {
            0.7
        } else {
            0.1
        }
    }
}

#[cfg(test)]
mod tests;
