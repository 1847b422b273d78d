//! Requests for media of one play, as the model of the player needs them.

mod correct;

pub(crate) use self::correct::correct_tracks;

/// Sound or picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Track {
    /// Picture, with the sound in it if a play has no other sound.
    Video = 0,
    /// Sound.
    Audio = 1,
}

impl Track {
    pub(crate) const BOTH: [Self; 2] = [Self::Video, Self::Audio];

    pub(crate) const fn other(self) -> Self {
        match self {
            Self::Video => Self::Audio,
            Self::Audio => Self::Video,
        }
    }
}

/// The end of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ResponseEnd {
    /// With a packet that was not full, so all of it came.
    Whole,
    /// With a full packet, and its connection ended too: it was cut off, except for one whole
    /// response in a thousand.
    Cut,
    /// Unknown.
    Unknown,
}

/// Payload that came, including repeats, and its number of packets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Packets {
    pub(crate) bytes: u64,
    pub(crate) count: u64,
}

impl Packets {
    /// Returns true if these packets were larger on average than others.
    pub(crate) const fn exceeds(self, other: Self) -> bool {
        let [this, that] = [self.bytes as u128, other.bytes as u128];
        this * other.count as u128 > that * self.count as u128
    }
}

/// A request for media. Times are seconds since the client's first one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request {
    /// Number of its segment.
    pub(crate) number: u32,
    pub(crate) track: Track,
    /// The time when the player decided to send it. If the player requested the header of another
    /// quality first, the time of that request.
    pub(crate) decided: f64,
    pub(crate) asked: f64,
    /// Time of the last byte.
    pub(crate) came: f64,
    pub(crate) bytes: u64,
    /// Number of its flow.
    pub(crate) flow: u32,
    pub(crate) server: u32,
    /// Largest error of its size, in bytes.
    pub(crate) error: u64,
    /// True if its bytes were divided among overlapping requests.
    pub(crate) shared: bool,
    /// True if the response had not ended at the end of the capture.
    pub(crate) open: bool,
    /// True if it was the last request on its flow.
    pub(crate) ends_flow: bool,
    /// Its packets; none if some were not captured.
    pub(crate) packets: Packets,
    /// True if the client closed its connection during the response.
    pub(crate) aborted: bool,
    /// Time at which the player gave up this response or one that overlapped it.
    pub(crate) given_up: Option<f64>,
    pub(crate) end: ResponseEnd,
    /// Probability that the player gave it up before its end, from 0 to 1.
    pub(crate) dropped: f64,
    /// True if the player waited although nothing was in flight for this track.
    pub(crate) waited: bool,
    /// True if it is the first of a better picture.
    pub(crate) better: bool,
}

impl Request {
    /// Returns true if its size shows its track: it came alone, or some bytes are certainly its
    /// own.
    pub(crate) const fn is_told(&self) -> bool {
        !self.shared || self.error < self.bytes
    }
}

/// A small response beside media: the header of a file. A player requests it at the start, at a
/// change of quality and after a seek.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Header {
    pub(crate) asked: f64,
    pub(crate) came: f64,
    /// `None` if its bytes went to an overlapping response.
    pub(crate) bytes: Option<u64>,
    /// Largest error of its size, in bytes.
    pub(crate) error: u64,
    pub(crate) flow: u32,
}

/// Thresholds, in seconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    /// A request that comes this long after the one before was answered came after a wait.
    pub(crate) wait: f64,
    /// Time for which a browser plays sound without a picture.
    pub(crate) run_on: f64,
    /// True if the capture does not show the beginning: the player holds media that came before.
    pub(crate) joined: bool,
    /// True if headers show that there is one track only: pictures with sound in them.
    pub(crate) one_track: bool,
}

/// Returns true if a response is smaller by more than sizes of sound differ. Bytes that were
/// divided evenly show nothing.
fn is_smaller(one: &Request, other: &Request) -> bool {
    one.bytes as f64 * (1.0 + ALIKE) < other.bytes as f64
}

/// Puts requests whose bytes were divided on the track whose turn it was. A player has one request
/// per track in flight: of two at once, the smaller or later one is sound. A request sent while
/// both tracks are in flight shows that the sound, which is smaller, has come. Returns true if any
/// request changed.
pub(crate) fn one_at_a_time(requests: &mut [Request]) -> bool {
    const TIMERS: f64 = 0.03;
    let mut any = false;
    for at in 1..requests.len() {
        let this = requests[at];
        if this.track != Track::Video || !this.shared {
            continue;
        }
        let open = |track| {
            let is_open = |other: &Request| {
                other.flow == this.flow
                    && other.track == track
                    && other.shared
                    && other.came > this.asked + TIMERS
            };
            (at.saturating_sub(4)..at)
                .rev()
                .find(|&other| is_open(&requests[other]))
        };
        let sound = match (open(Track::Video), open(Track::Audio)) {
            (Some(picture), None) if is_smaller(&requests[picture], &this) => picture,
            (Some(_), None) => at,
            (Some(_), Some(sound)) => {
                requests[sound].came = this.asked;
                at
            }
            (None, _) => continue,
        };
        requests[sound].track = Track::Audio;
        any = true;
    }
    any
}

/// Returns true if enough responses overlapped on their connection that sizes say little about
/// tracks.
pub(crate) fn is_interleaved(requests: &[Request]) -> bool {
    let shared = requests.iter().filter(|request| request.shared).count();
    shared * 10 > requests.len()
}

/// Puts requests whose responses overlapped on the track that was due: a player requests sound when
/// the picture is ahead of it. `ratio`: segments of video per segment of audio. Returns false if no
/// response for sound came alone.
pub(crate) fn take_turns(requests: &mut [Request], ratio: f64) -> bool {
    let Some(sound) = usual_sound(requests) else {
        return false;
    };
    let mut ends = [0.0; 2];
    let mut asked = f64::NEG_INFINITY;
    for request in requests {
        let alike = (request.bytes as f64 / sound - 1.0).abs() < ALIKE;
        // One request per track is in flight at a time.
        let turn = || ends[1] + 0.01 < ends[0] && request.asked - asked > TURN;
        // Sound is not fetched further ahead of the picture than by what is on its way.
        let ahead = ends[1] > ends[0] + 1.0;
        let due = if request.is_told() {
            alike
        } else {
            alike && !ahead || turn()
        };
        request.track = if due { Track::Audio } else { Track::Video };
        if due {
            asked = request.asked;
            ends[1] += ratio;
        } else {
            ends[0] += 1.0;
        }
    }
    true
}

/// Shortest time for which sound is in flight, in seconds.
const TURN: f64 = 0.2;

/// Returns the end of a group of overlapping responses, by its first.
pub(crate) fn group_end(requests: &[Request], from: usize) -> usize {
    let mut to = from + 1;
    let mut end = requests[from].came;
    while to < requests.len()
        && requests[from].shared
        && requests[to].shared
        && requests[to].flow == requests[from].flow
        && requests[to].asked < end
    {
        end = end.max(requests[to].came);
        to += 1;
    }
    to
}

/// Returns the usual size of sound among responses that came alone: the most frequent size, because
/// pictures differ more. Pictures of constant size are requested in a row, while sound is there.
pub(crate) fn usual_sound(requests: &[Request]) -> Option<f64> {
    let alone = (0..requests.len()).filter(|&at| !requests[at].shared);
    let mut alone: Vec<(u64, usize)> = alone.map(|at| (requests[at].bytes, at)).collect();
    for _ in 0..RECURRING {
        let (from, to) = band(&mut alone)?;
        if to - from < RECURS {
            return None;
        }
        let mut places: Vec<usize> = alone[from..to].iter().map(|alone| alone.1).collect();
        places.sort_unstable();
        let next = places.windows(2).filter(|pair| pair[1] == pair[0] + 1);
        if 2 * next.count() < places.len() {
            return Some(alone[from + (to - from) / 2].0 as f64);
        }
        alone.drain(from..to);
    }
    None
}

/// Returns the most frequent size, and its number.
pub(crate) fn recurring(sizes: Vec<u64>) -> Option<(f64, usize)> {
    let mut sizes: Vec<(u64, usize)> = sizes.into_iter().zip(0..).collect();
    let (from, to) = band(&mut sizes)?;
    Some((sizes[from + (to - from) / 2].0 as f64, to - from))
}

/// Sorts sizes, and returns where those stand that are most often alike.
fn band(sizes: &mut [(u64, usize)]) -> Option<(usize, usize)> {
    sizes.sort_unstable();
    let near = |size: u64| {
        let largest = size as f64 * (1.0 + ALIKE);
        sizes.partition_point(|other| other.0 as f64 <= largest)
    };
    (0..sizes.len())
        .map(|from| (from, near(sizes[from].0)))
        .max_by_key(|band| band.1 - band.0)
}

/// Largest difference between sizes of one sound, as a share, and how often they must recur.
pub(crate) const ALIKE: f64 = 0.015;
const RECURS: usize = 3;
/// Recurring sizes to examine: that of sound, and pictures of the few qualities that come alone.
const RECURRING: usize = 4;

pub(crate) fn median_bytes(requests: &[Request], track: Track) -> Option<f64> {
    let mut sizes: Vec<u64> = requests
        .iter()
        .filter(|r| r.track == track)
        .map(|r| r.bytes)
        .collect();
    let middle = sizes.len() / 2;
    if sizes.is_empty() {
        return None;
    }
    Some(*sizes.select_nth_unstable(middle).1 as f64)
}

/// Returns the usual size of a track, by those of its responses that came alone, if any.
pub(crate) fn usual_bytes(requests: &[Request], track: Track) -> Option<f64> {
    let alone: Vec<Request> = requests.iter().filter(|r| !r.shared).copied().collect();
    median_bytes(&alone, track).or_else(|| median_bytes(requests, track))
}

/// Separates responses that overlapped on one connection: their bytes were divided in order of
/// request, although they came interleaved. The picture, which is larger, ends with the whole
/// group. So does a track's first response, because no player waits with one. No response ends
/// after the next request of its track.
pub(crate) fn separate_shared(requests: &mut [Request]) {
    let mut from = 0;
    let mut begun = [false; 2];
    while from < requests.len() {
        let to = group_end(requests, from);
        let end = requests[from..to]
            .iter()
            .map(|r| r.came)
            .fold(f64::NEG_INFINITY, f64::max);
        for at in from..to {
            let track = requests[at].track;
            let next = requests[at + 1..]
                .iter()
                .take(8)
                .find(|r| r.track == track)
                .map_or(f64::INFINITY, |r| r.asked);
            let first = !std::mem::replace(&mut begun[track as usize], true);
            let last = if track == Track::Video || first {
                end
            } else {
                requests[at].came
            };
            if to - from > 1 {
                requests[at].came = last.min(next).max(requests[at].asked);
            }
        }
        from = to;
    }
}

#[cfg(test)]
mod tests;
