//! A small player: its requests, and what its viewer sees.

use crate::facts::segment::{Kind, Segment};
use crate::packet::Time;
use crate::testing::segment;

/// Time of the first request, and step of the player, in seconds.
pub(super) const BEGIN: f64 = 1000.0;
const STEP: f64 = 0.005;
/// Delay of a request, and of a browser's picture after its last byte.
const ROUND_TRIP: f64 = 0.04;
const REACTION: f64 = 0.03;
/// Seconds between a player's looks at its buffer.
const TIMER: f64 = 0.5;
/// Seconds for which sound continues alone.
const RUN_ON: f64 = 3.0;

/// The script of a play.
#[derive(Clone)]
pub(super) struct Script {
    /// Media seconds of a segment of video and audio; `None` for audio if it is in the video.
    pub(super) video: f64,
    pub(super) audio: Option<f64>,
    /// Full buffer, in seconds.
    pub(super) buffer: f64,
    /// Fetches sound up to so many seconds beyond the picture, however full its buffer is.
    pub(super) beyond: Option<f64>,
    /// The link: start times, and bits per second from then on.
    pub(super) link: Vec<(f64, f64)>,
    /// Beginning and end of each pause.
    pub(super) pauses: Vec<(f64, f64)>,
    /// Seeks at these times.
    pub(super) seeks: Vec<f64>,
    /// The share of a segment behind the place of a seek.
    pub(super) lands: f64,
    /// Time of a leap within what the player holds, and its seconds.
    pub(super) leap: Option<(f64, f64)>,
    /// Another speed: from and to, and seconds of media in a second.
    pub(super) speed: Option<(f64, f64, f64)>,
    /// Requests the header of a better picture and, if true, fetches again what it holds of the
    /// worse one.
    pub(super) renews: Option<bool>,
    /// Length, in seconds.
    pub(super) seconds: f64,
    pub(super) seed: u64,
}

impl Script {
    pub(super) fn new(video: f64, audio: f64, buffer: f64, link: &[(f64, f64)]) -> Self {
        Self {
            video,
            audio: Some(audio),
            buffer,
            beyond: None,
            link: link.to_vec(),
            pauses: Vec::new(),
            seeks: Vec::new(),
            lands: 1.0,
            leap: None,
            speed: None,
            renews: None,
            seconds: 150.0,
            seed: 1,
        }
    }
}

/// A segment in flight.
struct Coming {
    track: usize,
    bytes: f64,
    left: f64,
    asked: f64,
    begins: f64,
}

/// A player's behaviour, and its traffic.
#[derive(Default)]
pub(super) struct Played {
    pub(super) segments: Vec<Segment>,
    pub(super) startup: f64,
    pub(super) stalls: Vec<(f64, f64)>,
    /// Every second: time and buffer.
    pub(super) buffer: Vec<(f64, f64)>,
}

/// Bit rates of video, and of audio.
const RUNGS: [f64; 4] = [200e3, 450e3, 900e3, 1600e3];
const SOUND: f64 = 96e3;

struct Player<'a> {
    script: &'a Script,
    now: f64,
    position: f64,
    ends: [f64; 2],
    coming: [Option<Coming>; 2],
    next_look: [f64; 2],
    begun: bool,
    moves_from: f64,
    throughput: f64,
    rung: usize,
    /// Where the next picture begins, while the player fetches pictures again.
    again: Option<f64>,
    random: u64,
    standing: Option<f64>,
    out: Played,
}

impl Player<'_> {
    fn random(&mut self) -> f64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn tracks(&self) -> usize {
        1 + usize::from(self.script.audio.is_some())
    }

    fn seconds(&self, track: usize) -> f64 {
        if track == 0 {
            self.script.video
        } else {
            self.script.audio.unwrap_or(0.0)
        }
    }

    fn ahead(&self, track: usize) -> f64 {
        self.ends[track] - self.position
    }

    fn rate(&self) -> f64 {
        let at = self.script.link.partition_point(|step| step.0 <= self.now);
        self.script.link[at.saturating_sub(1)].1
    }

    fn push(&mut self, kind: Kind, track: usize, bytes: f64, asked: f64, first: f64, last: f64) {
        let time = |t: f64| Time(((BEGIN + t) * 1e9) as i64);
        let number = self.out.segments.len() as u32 + 1;
        self.out.segments.push(Segment {
            number,
            index: number,
            flow: track as u32,
            client_port: 50_000 + track as u16,
            kind,
            t_request: time(asked),
            t_first: Some(time(first)),
            t_last: Some(time(last)),
            bytes: bytes as u64,
            app_bytes: bytes as u64,
            settled: true,
            ..segment()
        });
    }

    fn headers(&mut self) {
        for track in 0..self.tracks() {
            let bytes = if track == 0 { 829.0 } else { 765.0 };
            self.push(
                Kind::Other,
                track,
                bytes,
                self.now,
                self.now + ROUND_TRIP,
                self.now + ROUND_TRIP,
            );
        }
    }

    /// Chooses a picture. Returns true if the player requests a header.
    fn changes(&mut self) -> bool {
        let affordable = RUNGS.iter().rposition(|rung| rung * 1.3 < self.throughput);
        let before = std::mem::replace(&mut self.rung, affordable.unwrap_or(0));
        let Some(renews) = self.script.renews.filter(|_| self.rung != before) else {
            return false;
        };
        let came = self.now + ROUND_TRIP;
        let bytes = 829.0 + self.rung as f64;
        self.push(Kind::Other, 0, bytes, self.now, came, came);
        if renews && self.rung > before && self.ahead(0) > 0.0 {
            self.again = Some((self.position / self.script.video).floor() * self.script.video);
        }
        true
    }

    fn is_paused(&self) -> bool {
        let mut pauses = self.script.pauses.iter();
        pauses.any(|pause| pause.0 <= self.now && self.now < pause.1)
    }

    /// Requests what is due.
    fn ask(&mut self) {
        for track in 0..self.tracks() {
            let paused = self.is_paused();
            let full = self.script.buffer;
            let wanted = match track {
                0 => self.ahead(0) < full || self.again.is_some(),
                _ => {
                    let most = match self.script.beyond {
                        Some(beyond) => self.ahead(0) + beyond,
                        None => self.ahead(0).min(full),
                    };
                    self.ahead(1) < most.max(self.seconds(1))
                }
            };
            if self.coming[track].is_some() || self.now < self.next_look[track] {
                continue;
            }
            if !wanted || paused && self.ahead(track) >= full {
                self.next_look[track] = self.now + TIMER * (0.6 + 0.4 * self.random());
                continue;
            }
            let turn = if track == 0 && self.changes() {
                ROUND_TRIP
            } else {
                0.0
            };
            let (rate, spread) = if track == 0 {
                (RUNGS[self.rung], 0.5)
            } else {
                (SOUND, 0.004)
            };
            let vary = 1.0 + spread * (self.random() - 0.5);
            let bytes = rate * self.seconds(track) / 8.0 * vary + 400.0;
            let (asked, begins) = (self.now + turn, self.now + turn + ROUND_TRIP);
            self.coming[track] = Some(Coming {
                track,
                bytes,
                left: bytes,
                asked,
                begins,
            });
        }
    }

    fn carry(&mut self) {
        let active = self
            .coming
            .iter()
            .flatten()
            .filter(|coming| coming.begins <= self.now)
            .count();
        let share = self.rate() * STEP / 8.0 / active.max(1) as f64;
        for track in 0..2 {
            let Some(coming) = &mut self.coming[track] else {
                continue;
            };
            if coming.begins <= self.now {
                coming.left -= share;
            }
            if coming.left > 0.0 {
                continue;
            }
            let Some(done) = self.coming[track].take() else {
                continue;
            };
            match self.again.filter(|_| track == 0) {
                Some(begins) => {
                    let reached = begins + self.seconds(0);
                    self.again = Some(reached).filter(|&reached| reached < self.ends[0]);
                    self.ends[0] = self.ends[0].max(reached);
                }
                None => self.ends[track] += self.seconds(track),
            }
            self.next_look[track] = self.now + 0.015;
            let kind = if done.track == 0 {
                Kind::Video
            } else {
                Kind::Audio
            };
            if done.track == 0 {
                let measured = done.bytes * 8.0 / (self.now - done.asked).max(0.01);
                // A player that changes rarely judges by the link and not by one segment.
                let seldom = self.script.renews.is_some();
                self.throughput = if seldom { self.rate() } else { measured };
            }
            self.push(kind, track, done.bytes, done.asked, done.begins, self.now);
        }
    }

    fn play(&mut self) {
        let paused = self.is_paused();
        let ready = (0..self.tracks()).all(|track| self.ahead(track) > 1e-9);
        let limit = match self.tracks() {
            1 => self.ends[0],
            _ => self.ends[1].min(self.ends[0] + RUN_ON),
        };
        if self.moves_from == f64::INFINITY && ready {
            self.moves_from = self.now + REACTION;
        }
        if self.now >= self.moves_from && !paused {
            if !self.begun {
                self.begun = true;
                self.out.startup = self.now;
            }
            let during = |speed: &(f64, f64, f64)| speed.0 <= self.now && self.now < speed.1;
            let speed = self.script.speed.filter(during);
            self.position += STEP * speed.map_or(1.0, |speed| speed.2);
            if self.position >= limit {
                self.position = limit;
                self.moves_from = f64::INFINITY;
            }
        }
        let moves = self.now >= self.moves_from && !paused;
        let stands = self.begun && !paused && !(moves && ready);
        match (self.standing, stands) {
            (None, true) => self.standing = Some(self.now),
            (Some(from), false) => {
                self.standing = None;
                self.out.stalls.push((from, self.now));
            }
            _ => {}
        }
    }

    fn buffer(&self) -> f64 {
        (0..self.tracks())
            .map(|track| self.ahead(track))
            .fold(f64::INFINITY, f64::min)
            .max(0.0)
    }
}

/// Plays a script.
pub(super) fn play(script: &Script) -> Played {
    let mut player = Player {
        script,
        now: 0.0,
        position: 0.0,
        ends: [0.0; 2],
        coming: [None, None],
        next_look: [2.0 * ROUND_TRIP; 2],
        begun: false,
        moves_from: f64::INFINITY,
        throughput: 600e3,
        rung: 0,
        again: None,
        random: 0x9e37_79b9_7f4a_7c15 ^ script.seed,
        standing: None,
        out: Played::default(),
    };
    player.headers();
    let steps = (script.seconds / STEP) as u32;
    let mut seeks = script.seeks.clone();
    let mut leap = script.leap;
    for step in 0..steps {
        player.now = f64::from(step) * STEP;
        if seeks.first().is_some_and(|&at| at <= player.now) {
            seeks.remove(0);
            let before = |track| (1.0 - script.lands) * player.seconds(track);
            player.ends = [0, 1].map(|track| player.position - before(track));
            player.coming = [None, None];
            player.begun = false;
            player.moves_from = f64::INFINITY;
            player.headers();
            player.next_look = [player.now + 2.0 * ROUND_TRIP; 2];
        }
        if let Some((_, by)) = leap.take_if(|leap| leap.0 <= player.now) {
            player.position += by;
            player.next_look = [player.now; 2];
        }
        player.ask();
        player.carry();
        player.play();
        if step % 200 == 0 {
            let buffer = player.buffer();
            player.out.buffer.push((player.now, buffer));
        }
    }
    // Numbers are in order of request.
    player.out.segments.sort_by_key(|segment| segment.t_request);
    for (segment, number) in player.out.segments.iter_mut().zip(1..) {
        segment.number = number;
    }
    player.out
}
