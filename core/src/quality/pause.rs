//! Pauses: requests stop although the buffer is not full and the link is free. Leaps: requests come
//! at once although the buffer is full.

use super::request::{Request, Track};

/// Greatest difference of a level at a request that the player waited for, in seconds. Beyond it,
/// the viewer must have acted.
pub(crate) const ACTED: f64 = 1.5;
/// Latest that any player requests on a free link, in seconds.
const LATE: f64 = 4.0;
/// Seconds above a full buffer from which an immediate request counts as one.
pub(crate) const AT_ONCE: f64 = 1.0;

/// A buffer level at a request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Level {
    pub(crate) own: f64,
    pub(crate) other: f64,
    pub(crate) waited: bool,
    /// Seeks by the viewer before the request.
    pub(crate) seeks: u32,
}

/// Returns true if a request that is late by `-off` seconds, with nothing in flight before it,
/// shows a pause and not just a late player: it is of the leading track and the player continues
/// with a full buffer behind it, or it is later than any player is.
pub(crate) fn is_pause(
    requests: &[Request],
    leading: Track,
    at: usize,
    off: f64,
    seconds: f64,
) -> bool {
    let this = requests[at];
    if this.track != leading {
        return -off > LATE;
    }
    let next = requests[at + 1..].iter().find(|r| r.track == this.track);
    let steady =
        next.is_none_or(|next| next.waited || next.decided - this.decided > 0.75 * seconds);
    steady || -off > LATE
}

/// Most requests to examine behind one.
const FURTHER: usize = 128;
/// Shortest leap, in seconds: a key press skips forward by 5 s or more.
pub(crate) const LEAP: f64 = 5.0;

/// Returns by how many seconds the viewer leapt forward within what the player holds, before this
/// request at a level `off` seconds above the full one. Nobody requests with a full buffer, so less
/// is ahead than it seems. The requests behind it that come without a wait show how much less.
/// `None` if the leap goes beyond everything that the player holds, `level`.
pub(crate) fn leapt(
    requests: &[Request],
    counted: &[bool],
    at: usize,
    [level, off]: [f64; 2],
    seconds: f64,
) -> Option<f64> {
    if off <= AT_ONCE {
        return None;
    }
    let this = requests[at];
    let (mut comes, mut most) = (seconds * f64::from(counted[at]), off);
    let behind = (at + 1..requests.len()).take(FURTHER);
    for next in behind.filter(|&next| requests[next].track == this.track) {
        if requests[next].waited {
            break;
        }
        most = most.max(off + comes - (requests[next].decided - this.decided));
        comes += seconds * f64::from(counted[next]);
    }
    (LEAP < most && most < level).then_some(most)
}

/// Speeds that players offer, and number of waits in a row that show one.
const SPEEDS: [f64; 8] = [0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0, 3.0];
const TELLING: usize = 4;
/// Largest differences of the times between waits from the time that a segment plays at a speed: of
/// their mean, as a share, and of each, in seconds.
const LIKE_SPEED: f64 = 0.06;
const TIMERS: f64 = 0.75;

/// Returns the speed at which the viewer plays from this request on: with a full buffer, the player
/// requests a segment whenever one was played.
pub(crate) fn played_at(
    requests: &[Request],
    counted: &[bool],
    leading: Track,
    at: usize,
    seconds: f64,
) -> Option<f64> {
    let this = &requests[at];
    if this.track != leading || !this.waited || !counted[at] {
        return None;
    }
    let mut last = this.decided;
    let mut times: [f64; TELLING] = [0.0; TELLING];
    let mut behind = (at + 1..requests.len())
        .take(FURTHER)
        .filter(|&next| requests[next].track == leading);
    for time in &mut times {
        let next = behind
            .next()
            .filter(|&next| counted[next] && requests[next].waited)?;
        *time = requests[next].decided - last;
        last = requests[next].decided;
    }
    let mean = times.iter().sum::<f64>() / TELLING as f64;
    SPEEDS.into_iter().find(|speed| {
        let usual = seconds / speed;
        (mean / usual - 1.0).abs() < LIKE_SPEED
            && times.iter().all(|time| (time - usual).abs() < TIMERS)
    })
}

/// Returns the level that the player reached without a wait, if its first wait after that was at a
/// lower level: there was a pause while the buffer filled, because nobody waits with less than a
/// full one. Returns also the number of seeks by then.
pub(crate) fn reached_before(seen: &[Level], level: f64) -> Option<(f64, u32)> {
    let first = seen
        .iter()
        .position(|this| this.waited && (this.own - level).abs() < ACTED)?;
    let before = seen[..first].iter().rev();
    let before = before.take_while(|before| {
        before.seeks == seen[first].seeks && !(before.waited && before.own > level)
    });
    let most = before.map(|before| before.own).fold(0.0, f64::max);
    (most > level + AT_ONCE).then_some((most, seen[first].seeks))
}

#[cfg(test)]
mod tests;
