//! Contents of segments: video, audio or something else.
//!
//! Uses only sizes and times of a client's requests; names just rule servers out. A player fetches
//! two tracks side by side. Audio is encoded at a nearly constant bitrate, so its segments have
//! nearly the same size and recur throughout the session; video is the rest. Everything that is
//! neither is sorted out first: small responses, bulk downloads, the starts of media files, and
//! servers that send pictures.

mod by_connection;
pub(crate) mod clients;
mod cluster;
mod crowd;
pub(crate) mod observed;
pub(crate) mod role;
mod tracks;

use self::observed::{Observed, UNDECIDED, Verdict, undecided};
use crate::config::Config;
use crate::facts::annotation::ServerId;
use crate::facts::segment::{Kind, KindReason};
use crate::flows::site::Site;
use crate::packet::from_milliseconds;

/// Number of simultaneous segments of one size that are the starts of media files.
const HEADERS_AT_ONCE: usize = 3;
/// How closely their sizes agree, in thousandths: the same range of each file, after heads of
/// nearly the same length.
const HEADERS_SPREAD: u64 = 2;
/// Number of a server's responses in flight at the start of another that counts as a crowd:
/// browsers load pictures over six connections, players a track over one.
const CROWD: usize = 3;
/// Number of segments from which sizes can be called constant without comparison to others.
const CONSTANT_MIN: usize = 4;
/// Bytes in small responses per 100 other bytes from which a server counts as chatty. A media
/// server sends few small responses, the starts of its tracks.
const CHATTER: u64 = 10;
/// Number of segments that prove media on a server without a telling name, together with their
/// volume.
const PROOF_MIN: usize = 3;
/// Number of segments against media from which Netflix's own range no longer counts for it.
const DISPROOF_MIN: usize = 8;

/// Verdicts by segment, and their cost.
#[derive(Debug)]
pub(crate) struct Judged {
    pub(crate) verdicts: Vec<Verdict>,
    /// Comparisons and similar steps of a few nanoseconds each. A capture can choose sizes such
    /// that there are many.
    pub(crate) steps: u64,
}

/// Judges the segments of a client, which must be in order of request. Depends on nothing else:
/// neither on their numbers nor on earlier verdicts.
pub(crate) fn judge(
    observed: &[Observed],
    site: impl Fn(ServerId) -> Site,
    config: &Config,
) -> Judged {
    let mut steps = observed.len() as u64;
    let mut verdicts: Vec<Verdict> = observed
        .iter()
        .map(|segment| match site(segment.server) {
            _ if segment.size < config.media_min() => (Kind::Other, KindReason::TooSmall),
            Site::Files | Site::Control => (Kind::Other, KindReason::Name),
            _ => UNDECIDED,
        })
        .collect();
    // Tracks come last, among the segments that the other steps leave: anything else would blur
    // their sizes.
    set_bulk_apart(observed, &mut verdicts, config, &mut steps);
    set_headers_apart(observed, &mut verdicts, config, &mut steps);
    set_files_apart(observed, &mut verdicts, site, config, &mut steps);
    crowd::tell_apart(observed, &mut verdicts, config, &mut steps);
    Judged { verdicts, steps }
}

/// Sorts out bulk downloads: segments larger than any media segment, or several large ones at once;
/// and the segments that go with them.
fn set_bulk_apart(
    observed: &[Observed],
    verdicts: &mut [Verdict],
    config: &Config,
    steps: &mut u64,
) {
    let open = undecided(verdicts);
    let large: Vec<&Observed> = open
        .iter()
        .map(|&at| &observed[at])
        .filter(|s| s.size >= config.bulk_parallel_min())
        .collect();
    let is_bulk = |segment: &Observed| {
        let at_once = large.iter().filter(|other| segment.overlaps(other)).count() as u64;
        segment.size >= config.bulk_min()
            || segment.size >= config.bulk_parallel_min() && at_once >= config.bulk_parallel()
    };
    let mut bulk: Vec<&Observed> = large
        .iter()
        .copied()
        .filter(|segment| is_bulk(segment))
        .collect();
    bulk.extend(spread_out(observed, &open, config, steps));
    let margin = from_milliseconds(config.bulk_margin());
    *steps += (large.len() * large.len() + open.len() * bulk.len()) as u64;
    for at in open {
        let segment = &observed[at];
        let goes_with = |other: &&&Observed| {
            other.server == segment.server
                && segment.start <= other.end.saturating_add(margin)
                && segment.end >= other.start.saturating_sub(margin)
        };
        if bulk.iter().find(goes_with).is_some() {
            verdicts[at] = (Kind::Other, KindReason::Bulk);
        }
    }
}

/// Returns large segments that a client requested from several servers at the same moment, one
/// each, as a speed test does: its transfers over a slow line are no larger than media. A player
/// uses one or two servers, and asks each again and again, so smaller ones count if they are all
/// that their servers sent.
fn spread_out<'a>(
    observed: &'a [Observed],
    open: &[usize],
    config: &Config,
    steps: &mut u64,
) -> Vec<&'a Observed> {
    let mut servers: Vec<ServerId> = open.iter().map(|&at| observed[at].server).collect();
    servers.sort_unstable();
    *steps += servers.len() as u64;
    let is_alone = |server: ServerId| {
        let first = servers.partition_point(|&other| other < server);
        servers.get(first + 1) != Some(&server)
    };
    let large: Vec<&Observed> = open
        .iter()
        .map(|&at| &observed[at])
        .filter(|segment| {
            segment.size >= config.bulk_spread_min()
                || segment.size > config.headers_max() && is_alone(segment.server)
        })
        .collect();
    let together = from_milliseconds(config.bulk_together());
    let mut found = Vec::new();
    let mut rest = &large[..];
    // In order of request, so those that begin together are neighbours.
    while let Some(&first) = rest.first() {
        let end = first.start.saturating_add(together);
        let (run, others) = rest.split_at(rest.partition_point(|segment| segment.start <= end));
        let mut servers: Vec<ServerId> = run
            .iter()
            .filter(|segment| segment.overlaps(run[run.len() - 1]))
            .map(|segment| segment.server)
            .collect();
        *steps += run.len() as u64;
        servers.sort_unstable();
        servers.dedup();
        if servers.len() as u64 >= config.bulk_parallel() {
            found.extend_from_slice(run);
        }
        rest = others;
    }
    found
}

/// Sorts out the starts of media files, which a player reads to find its way in them: the same
/// range of many files, so the same size, and many at once. Segments of a track come one after the
/// other.
fn set_headers_apart(
    observed: &[Observed],
    verdicts: &mut [Verdict],
    config: &Config,
    steps: &mut u64,
) {
    let mut by_size = undecided(verdicts);
    by_size.retain(|&at| observed[at].size <= config.headers_max());
    by_size.sort_unstable_by_key(|&at| observed[at].size);
    let mut rest = &by_size[..];
    while let Some(&first) = rest.first() {
        let limit = observed[first].size.saturating_mul(1000 + HEADERS_SPREAD) / 1000;
        let (run, others) = rest.split_at(rest.partition_point(|&at| observed[at].size <= limit));
        *steps += (run.len() * run.len()) as u64;
        // Close together in memory, as each is compared with each.
        let times: Vec<(i64, i64)> = run
            .iter()
            .map(|&at| (observed[at].start, observed[at].end))
            .collect();
        let at_once = |&&(start, end): &&(i64, i64)| {
            let overlapping = times
                .iter()
                .filter(|other| start < other.1 && other.0 < end);
            overlapping.count() >= HEADERS_AT_ONCE
        };
        if run.len() >= HEADERS_AT_ONCE && times.iter().filter(at_once).count() * 2 > run.len() {
            for &at in run {
                verdicts[at] = (Kind::Other, KindReason::Headers);
            }
        }
        rest = others;
    }
}

/// Sorts out servers that send files rather than media, if no name tells.
fn set_files_apart(
    observed: &[Observed],
    verdicts: &mut [Verdict],
    site: impl Fn(ServerId) -> Site,
    config: &Config,
    steps: &mut u64,
) {
    let mut open = undecided(verdicts);
    open.retain(|&at| matches!(site(observed[at].server), Site::Range | Site::Unknown));
    // A stable sort keeps the order of request within a server.
    open.sort_by_key(|&at| observed[at].server);
    for group in open.chunk_by(|&a, &b| observed[a].server == observed[b].server) {
        let server = observed[group[0]].server;
        let is_small =
            |at: &usize| observed[*at].server == server && verdicts[*at].1 == KindReason::TooSmall;
        let small: Vec<u64> = (0..observed.len())
            .filter(is_small)
            .map(|at| observed[at].size)
            .collect();
        *steps += observed.len() as u64;
        let segments: Vec<Observed> = group.iter().map(|&at| observed[at]).collect();
        let reason = match (site(server), looks(&segments, &small, config, steps)) {
            (_, Looks::Media) => continue,
            // Netflix's own ranges hold media servers: without evidence to the contrary, the range
            // decides.
            (Site::Range, Looks::Open) => continue,
            (Site::Range, Looks::Files) if segments.len() + small.len() < DISPROOF_MIN => continue,
            (_, Looks::Files) => KindReason::Files,
            (_, Looks::Open) => KindReason::TooFew,
        };
        for &at in group {
            verdicts[at] = (Kind::Other, reason);
        }
    }
}

/// The kind of server that its segments suggest by themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Looks {
    Media,
    Files,
    Open,
}

fn looks(segments: &[Observed], small: &[u64], config: &Config, steps: &mut u64) -> Looks {
    let mut sizes: Vec<u64> = segments.iter().map(|segment| segment.size).collect();
    sizes.sort_unstable();
    let (count, volume) = (sizes.len(), sizes.iter().sum::<u64>());
    // Finds the size that half of the bytes come in, because short audio segments outnumber those
    // of video.
    let mut below = 0;
    let usual = sizes.iter().copied().find(|&size| {
        below += size;
        below * 2 >= volume
    });
    // Browsers load pictures over several connections at once; a player fetches a track's segments
    // in turn.
    let mut crowded = 0;
    let mut in_flight: Vec<i64> = Vec::new();
    for segment in segments {
        *steps += in_flight.len() as u64;
        in_flight.retain(|&end| end > segment.start);
        crowded += usize::from(in_flight.len() >= CROWD);
        in_flight.push(segment.end);
    }
    if crowded * 2 >= count {
        return Looks::Files;
    }
    // A tenth at each end may be cut short or last segments.
    let (low, high) = (sizes[count / 10], sizes[count - 1 - count / 10]);
    let constant = high.saturating_mul(1000) <= low.saturating_mul(1000 + cluster::CONSTANT);
    let chats = small.iter().sum::<u64>().saturating_mul(100) > volume.saturating_mul(CHATTER);
    if count >= CONSTANT_MIN && constant && !chats {
        return Looks::Media;
    }
    match usual.is_some_and(|size| size > config.picture_max()) && !chats {
        true if count >= PROOF_MIN && volume >= config.media_volume() => Looks::Media,
        true => Looks::Open,
        false if count + small.len() < PROOF_MIN => Looks::Open,
        false => Looks::Files,
    }
}

#[cfg(test)]
mod tests;
