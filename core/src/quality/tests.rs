//! A player in small, whose segments are read back: what was inferred must be what it did.

mod cases;

use super::{Session, Sessions, State};
use crate::config::Config;
use crate::facts::segment::{Kind, KindReason, Segment, Transport};
use crate::packet::Time;

/// Time of the first request, and step of the player, in seconds.
const BEGIN: f64 = 1000.0;
const STEP: f64 = 0.005;
/// Delay of a request, and of a browser's picture behind its last byte.
const ROUND_TRIP: f64 = 0.04;
const REACTION: f64 = 0.03;
/// How often a player looks at its buffer.
const TIMER: f64 = 0.5;
/// How long sound goes on alone.
const RUN_ON: f64 = 3.0;

/// What happens in a play.
#[derive(Clone)]
struct Script {
    /// Media seconds of a segment of video and audio; no audio where it is in the video.
    video: f64,
    audio: Option<f64>,
    /// Full buffer, in seconds.
    buffer: f64,
    /// Link: from when, and bits per second.
    link: Vec<(f64, f64)>,
    /// Pause: from and to.
    pause: Option<(f64, f64)>,
    /// Goes elsewhere at these times.
    seeks: Vec<f64>,
    /// Length, in seconds.
    seconds: f64,
    seed: u64,
}

impl Script {
    fn new(video: f64, audio: f64, buffer: f64, link: &[(f64, f64)]) -> Self {
        Self {
            video,
            audio: Some(audio),
            buffer,
            link: link.to_vec(),
            pause: None,
            seeks: Vec::new(),
            seconds: 150.0,
            seed: 1,
        }
    }
}

/// A segment on its way.
struct Coming {
    track: usize,
    bytes: f64,
    left: f64,
    asked: f64,
    begins: f64,
}

/// What a player did.
#[derive(Default)]
struct Played {
    segments: Vec<Segment>,
    startup: f64,
    stalls: Vec<(f64, f64)>,
    /// Every second: time and buffer.
    buffer: Vec<(f64, f64)>,
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
            previous: None,
            next: None,
            server: 0,
            flow: track as u32,
            client: [10, 0, 0, 2].into(),
            client_port: 50_000 + track as u16,
            server_port: 443,
            transport: Transport::Tcp,
            kind,
            kind_reason: KindReason::BesideAudio,
            request_frame: 1,
            first_frame: Some(2),
            last_frame: Some(3),
            t_request: time(asked),
            t_first: Some(time(first)),
            t_last: Some(time(last)),
            pkts: 1,
            bytes: bytes as u64,
            app_bytes: bytes as u64,
            size_error: 0,
            retransmitted_bytes: 0,
            missing_bytes: 0,
            complete: true,
            estimated: false,
            shared: false,
            inferred: false,
            aborted: false,
            own_evidence: None,
            own_name: None,
            via: None,
            settled: true,
            throughput_min: 0,
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

    /// Asks for what is due.
    fn ask(&mut self) {
        for track in 0..self.tracks() {
            let paused = self
                .script
                .pause
                .is_some_and(|pause| pause.0 <= self.now && self.now < pause.1);
            let full = self.script.buffer;
            let wanted = match track {
                0 => self.ahead(0) < full,
                _ => {
                    self.ahead(1)
                        < self
                            .ahead(0)
                            .max(self.seconds(1))
                            .min(full.max(self.seconds(1)))
                }
            };
            if self.coming[track].is_some() || self.now < self.next_look[track] {
                continue;
            }
            if !wanted || paused && self.ahead(track) >= full {
                self.next_look[track] = self.now + TIMER * (0.6 + 0.4 * self.random());
                continue;
            }
            if track == 0 {
                let affordable = RUNGS.iter().rposition(|rung| rung * 1.3 < self.throughput);
                self.rung = affordable.unwrap_or(0);
            }
            let (rate, spread) = if track == 0 {
                (RUNGS[self.rung], 0.5)
            } else {
                (SOUND, 0.004)
            };
            let vary = 1.0 + spread * (self.random() - 0.5);
            let bytes = rate * self.seconds(track) / 8.0 * vary + 400.0;
            let (asked, begins) = (self.now, self.now + ROUND_TRIP);
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
            self.ends[track] += self.seconds(track);
            self.next_look[track] = self.now + 0.015;
            let kind = if done.track == 0 {
                Kind::Video
            } else {
                Kind::Audio
            };
            if done.track == 0 {
                self.throughput = done.bytes * 8.0 / (self.now - done.asked).max(0.01);
            }
            self.push(kind, track, done.bytes, done.asked, done.begins, self.now);
        }
    }

    fn play(&mut self) {
        let paused = self
            .script
            .pause
            .is_some_and(|pause| pause.0 <= self.now && self.now < pause.1);
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
            self.position += STEP;
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
fn play(script: &Script) -> Played {
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
        random: 0x9e37_79b9_7f4a_7c15 ^ script.seed,
        standing: None,
        out: Played::default(),
    };
    player.headers();
    let steps = (script.seconds / STEP) as u32;
    let mut seeks = script.seeks.clone();
    for step in 0..steps {
        player.now = f64::from(step) * STEP;
        if seeks.first().is_some_and(|&at| at <= player.now) {
            seeks.remove(0);
            player.ends = [player.position; 2];
            player.coming = [None, None];
            player.begun = false;
            player.moves_from = f64::INFINITY;
            player.headers();
            player.next_look = [player.now + 2.0 * ROUND_TRIP; 2];
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

fn infer(segments: &[Segment]) -> Vec<Session> {
    Sessions::of(segments, &Config::default()).0
}

fn only(segments: &[Segment]) -> Session {
    let mut sessions = infer(segments);
    assert_eq!(sessions.len(), 1);
    sessions.remove(0)
}

/// How far the inferred buffer is off, in seconds, at most in this share of seconds.
fn off(played: &Played, session: &Session, share: f64) -> f64 {
    let first = (session.t_start.0 as f64 / 1e9) - BEGIN;
    let mut off: Vec<f64> = played
        .buffer
        .iter()
        .filter(|tick| tick.0 > first && tick.0 < first + session.duration())
        .map(|&(t, buffer)| {
            let said = session.moment(t - first).and_then(|moment| moment.buffer);
            said.map_or(f64::INFINITY, |said| (said - buffer).abs())
        })
        .collect();
    off.sort_by(f64::total_cmp);
    off[(off.len() as f64 * share) as usize]
}

fn is_near(said: Option<f64>, is: f64) -> bool {
    said.is_some_and(|said| (said / is - 1.0).abs() < 0.01)
}

#[track_caller]
fn assert_understood(script: &Script) -> Session {
    let played = play(script);
    let session = only(&played.segments);
    let about = format!(
        "{} s and {:?} s: {:?} {:?}",
        script.video, script.audio, session.video_media, session.audio_media
    );
    assert!(is_near(session.video_media, script.video), "{about}");
    assert!(
        script
            .audio
            .is_none_or(|audio| is_near(session.audio_media, audio)),
        "{about}"
    );
    let first = (session.t_start.0 as f64 / 1e9) - BEGIN;
    let startup = session.startup.expect("it was seen to begin");
    if script.seeks.is_empty() {
        assert!(
            (startup - (played.startup - first)).abs() < 0.1,
            "{about} {startup}"
        );
        let long = |stalls: &[(f64, f64)]| {
            stalls
                .iter()
                .filter(|stall| stall.1 - stall.0 > 0.6)
                .count()
        };
        let said = session.stalls.as_deref().unwrap_or_default();
        assert_eq!(
            long(said),
            long(&joined(&played.stalls)),
            "{about} {said:?} {:?}",
            played.stalls
        );
    }
    // When within a segment a pause began is not known.
    let limit = if script.pause.is_some() { 1.5 } else { 0.6 };
    let off = off(&played, &session, 0.5);
    assert!(off < limit, "{about} {off}");
    session
}

/// Stalls with less than a second in between are one.
fn joined(stalls: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut all: Vec<(f64, f64)> = Vec::new();
    for &(from, to) in stalls {
        match all.last_mut() {
            Some(last) if from - last.1 <= 1.0 => last.1 = to,
            _ => all.push((from, to)),
        }
    }
    all
}

#[test]
fn seconds_of_many_lengths() {
    for (at, &(video, audio)) in [
        (2.0, 2.0),
        (4.0, 4.0),
        (4.004, 16.0),
        (6.006, 6.0),
        (3.2, 6.4),
        (10.0, 10.0),
        (8.0, 2.0),
    ]
    .iter()
    .enumerate()
    {
        let mut script = Script::new(video, audio, 40.0, &[(0.0, 2.5e6)]);
        script.seed = at as u64;
        let session = assert_understood(&script);
        assert!(
            session.confidence > 0.25,
            "{video} {audio} {}",
            session.confidence
        );
        assert_eq!(session.reason.as_str(), "none");
    }
}

#[test]
fn sound_inside_the_picture() {
    let mut script = Script::new(
        4.0,
        4.0,
        20.0,
        &[(0.0, 2.0e6), (60.0, 0.1e6), (85.0, 2.0e6)],
    );
    script.audio = None;
    let session = assert_understood(&script);
    assert_eq!((session.audio_media, session.audio_segments), (None, 0));
}

#[test]
fn stalls_are_found_where_they_were() {
    let script = Script::new(4.0, 4.0, 12.0, &[(0.0, 2.0e6), (50.0, 0.0), (80.0, 2.0e6)]);
    let session = assert_understood(&script);
    let stalls = session.stalls.as_deref().expect("known");
    assert_eq!(stalls.len(), 1, "{stalls:?}");
    assert!(
        stalls[0].0 > 50.0 && stalls[0].0 < 66.0 && stalls[0].1 > 79.0 && stalls[0].1 < 82.0,
        "{stalls:?}"
    );
    assert_eq!(
        session.moment(stalls[0].0 + 1.0).map(|moment| moment.state),
        Some(State::Stalled)
    );
}

#[test]
fn a_pause_is_none_of_the_links() {
    let mut script = Script::new(4.0, 4.0, 24.0, &[(0.0, 2.0e6)]);
    script.pause = Some((70.0, 95.0));
    let session = assert_understood(&script);
    assert_eq!((session.pauses, session.seeks), (Some(1), Some(0)));
    assert_eq!(session.stalls.as_deref(), Some(&[][..]));
    assert_eq!(
        session.moment(85.0).map(|moment| moment.state),
        Some(State::Paused)
    );
}

#[test]
fn going_elsewhere_empties_the_buffer() {
    let mut script = Script::new(4.0, 4.0, 24.0, &[(0.0, 2.0e6)]);
    script.seeks = vec![61.3];
    let session = assert_understood(&script);
    assert_eq!(session.seeks, Some(1));
    let after = session.moment(61.5).expect("known");
    assert_eq!((after.state, after.buffer), (State::Seeking, Some(0.0)));
}

#[test]
fn joined_midway_has_no_startup() {
    let played = play(&Script::new(4.0, 4.0, 24.0, &[(0.0, 2.0e6)]));
    let session = only(&played.segments[30..]);
    assert_eq!(
        (session.startup, session.reason.as_str()),
        (None, "joined_midway")
    );
    assert!(is_near(session.video_media, 4.0));
}

#[test]
fn too_little_is_not_guessed_from() {
    let played = play(&Script::new(4.0, 4.0, 24.0, &[(0.0, 2.0e6)]));
    let session = only(&played.segments[..6]);
    assert_eq!(
        (
            session.video_media,
            session.startup,
            session.reason.as_str()
        ),
        (None, None, "too_few")
    );
    assert_eq!(session.moments(1.0).count(), 0);
    assert!(infer(&[]).is_empty());
}

#[test]
fn a_title_opened_again_is_another_session() {
    let first = play(&Script::new(4.0, 4.0, 24.0, &[(0.0, 2.0e6)]));
    let twice = |by: f64| {
        let later = |t: Time| Time(t.0 + (by * 1e9) as i64);
        let again = first.segments.iter().map(|segment| Segment {
            t_request: later(segment.t_request),
            t_first: segment.t_first.map(later),
            t_last: segment.t_last.map(later),
            flow: segment.flow + 10,
            ..segment.clone()
        });
        [first.segments.clone(), again.collect()].concat()
    };
    // Both sides of `playback_reopened`, which is 15 s: the last request is some seconds before the end.
    let last = first
        .segments
        .iter()
        .filter_map(|s| s.t_last)
        .max()
        .expect("some")
        .0 as f64
        / 1e9
        - BEGIN;
    assert_eq!(infer(&twice(last + 16.0)).len(), 2);
    let near = infer(&twice(last + 14.0));
    assert_eq!((near.len(), near[0].seeks), (1, Some(1)));
}

#[test]
fn clients_are_apart_and_numbered_in_order_of_start() {
    let first = play(&Script::new(4.0, 4.0, 24.0, &[(0.0, 2.0e6)]));
    let mut second = play(&Script::new(6.0, 2.0, 30.0, &[(0.0, 3.0e6)]));
    for segment in &mut second.segments {
        segment.client = [10, 0, 0, 3].into();
        segment.t_request.0 += 500_000_000;
        segment.t_first = segment.t_first.map(|t| Time(t.0 + 500_000_000));
        segment.t_last = segment.t_last.map(|t| Time(t.0 + 500_000_000));
    }
    let mut all = [first.segments, second.segments].concat();
    all.sort_by_key(|segment| segment.t_request);
    for (segment, number) in all.iter_mut().zip(1..) {
        segment.number = number;
    }
    let sessions = infer(&all);
    assert_eq!(
        sessions
            .iter()
            .map(|session| session.number)
            .collect::<Vec<_>>(),
        [1, 2]
    );
    assert!(is_near(sessions[0].video_media, 4.0) && is_near(sessions[1].video_media, 6.0));
    // Each segment of media has seconds once.
    let media: Vec<_> = sessions.iter().flat_map(Session::media_seconds).collect();
    assert_eq!(
        media.len(),
        all.iter()
            .filter(|segment| segment.kind != Kind::Other)
            .count()
    );
}

#[test]
fn clocks_that_step_and_sizes_that_lie_do_no_harm() {
    let mut random = 7_u64;
    let mut next = move |below: u64| {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) % below
    };
    let template = play(&Script::new(4.0, 4.0, 24.0, &[(0.0, 2.0e6)])).segments;
    for _ in 0..20 {
        let mut segments = template.clone();
        for segment in &mut segments {
            match next(6) {
                0 => segment.t_request = Time(next(u64::MAX) as i64 - i64::MAX / 2),
                1 => segment.t_last = Some(Time(i64::MIN)),
                2 => segment.t_last = Some(Time(i64::MAX)),
                3 => segment.app_bytes = u64::MAX,
                4 => segment.app_bytes = 0,
                _ => segment.t_last = None,
            }
        }
        for session in infer(&segments) {
            assert!(session.moments(1e9).count() < 1 << 20);
            assert!(session.confidence.is_finite());
        }
    }
}

#[test]
fn sessions_that_are_too_long_are_cut_and_counted() {
    let mut config = Config::default();
    config.set("playback_segments", "64").expect("allowed");
    let played = play(&Script::new(2.0, 2.0, 24.0, &[(0.0, 2.0e6)]));
    let media = played
        .segments
        .iter()
        .filter(|segment| segment.kind != Kind::Other)
        .count();
    let (sessions, stats) = Sessions::of(&played.segments, &config);
    assert_eq!(sessions.len(), media.div_ceil(64));
    assert_eq!(stats.sessions_cut as usize, sessions.len() - 1);
}
