//! Pauses: requests stop although the buffer is not full, and the link is free. Leaps: they come at once although it is full.

use super::request::{Request, Track};

/// How far a level may be off at a request that was waited for before the viewer must have acted, in seconds.
pub(crate) const ACTED: f64 = 1.5;
/// No player is late by more with a link that is free, in seconds.
const LATE: f64 = 4.0;
/// So far above a full buffer, in seconds, a request at once is one.
pub(crate) const AT_ONCE: f64 = 1.0;

/// A buffer level at a request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Level {
    pub(crate) own: f64,
    pub(crate) other: f64,
    pub(crate) waited: bool,
    /// Times the viewer had gone elsewhere.
    pub(crate) seeks: u32,
}

/// The player was not just late by `off` seconds with this request, before which nothing was on its way: it is of the leading
/// track, and the player goes on with a full buffer behind it, or it is later than any player is.
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

/// Requests that are looked at behind one.
const FURTHER: usize = 128;
/// A leap is further, in seconds: what a viewer goes forward by at the press of a key is 5 s and more.
pub(crate) const LEAP: f64 = 5.0;

/// Returns by how many seconds the viewer leapt forward in what the player holds, before this request at a level `off` seconds
/// above the full one: nobody asks with a full buffer, so that less is ahead than it seems. How much less, the requests behind it
/// tell that come without a wait. Whoever goes beyond what is held, `level`, leaves nothing of it.
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

/// The level that was reached without a wait before the first wait at a lower one: there was a pause while the buffer filled,
/// as nobody waits with less than a full one.
pub(crate) fn reached_before(seen: &[Level], level: f64) -> Option<f64> {
    let first = seen
        .iter()
        .position(|this| this.waited && (this.own - level).abs() < ACTED)?;
    let before = seen[..first].iter().rev();
    let before = before.take_while(|before| {
        before.seeks == seen[first].seeks && !(before.waited && before.own > level)
    });
    let most = before.map(|before| before.own).fold(0.0, f64::max);
    (most > level + AT_ONCE).then_some(most)
}

#[cfg(test)]
mod tests;
