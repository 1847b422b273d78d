//! Sessions: one title played by one viewer, inferred from the segments that the engine holds.

use std::collections::HashMap;

use core::ffi::c_char;

use nflx_core::quality::{Moment, Reason, Session, Sessions, State};
use nflx_core::{Config, Engine, Kind, Segment, Time};

use crate::address::nflx_address;
use crate::crossing::Crossing;
use crate::names::word;

/// Flag of `nflx_session`: `stalls` is valid.
pub const NFLX_SESSION_HAS_STALLS: u32 = 1;
/// Flag of `nflx_session`: `pauses` is valid.
pub const NFLX_SESSION_HAS_PAUSES: u32 = 2;
/// Flag of `nflx_session`: `seeks` is valid.
pub const NFLX_SESSION_HAS_SEEKS: u32 = 4;

/// The player waits for its first media.
pub const NFLX_STATE_STARTING: u32 = 1;
/// The player plays.
pub const NFLX_STATE_PLAYING: u32 = 2;
/// The picture has stopped because media is missing.
pub const NFLX_STATE_STALLED: u32 = 3;
/// The viewer paused the player.
pub const NFLX_STATE_PAUSED: u32 = 4;
/// The player waits for media at another position.
pub const NFLX_STATE_SEEKING: u32 = 5;
/// The session is over.
pub const NFLX_STATE_ENDED: u32 = 6;

/// One title played by one viewer. Times are nanoseconds since 1970-01-01T00:00:00Z. Numbers with a
/// fraction are NaN if they cannot be determined.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct nflx_session {
    /// Set to `sizeof(nflx_session)`.
    pub struct_size: u32,
    /// Number in the capture, from 1 in order of start.
    pub number: u32,
    /// Address of the viewer.
    pub client: nflx_address,
    /// Sum of `NFLX_SESSION_` flags.
    pub flags: u32,
    /// First request for media.
    pub t_start: i64,
    /// Last byte of media.
    pub t_end: i64,
    /// Bytes of whole video segments.
    pub video_bytes: u64,
    /// Bytes of whole audio segments.
    pub audio_bytes: u64,
    /// Whole video segments.
    pub video_segments: u32,
    /// Whole audio segments.
    pub audio_segments: u32,
    /// Segments of either that the player abandoned, or that were still on their way at the end.
    pub dropped_segments: u32,
    /// Number of servers that sent media.
    pub servers: u32,
    /// Number of flows that carried media.
    pub flows: u32,
    /// Number of times that the picture stopped for half a second or longer against the viewer's
    /// wish.
    pub stalls: u32,
    /// Number of times that the viewer paused.
    pub pauses: u32,
    /// Number of times that the viewer went to another position.
    pub seeks: u32,
    /// Number of changes to a better picture.
    pub switches_up: u32,
    /// Number of changes to a worse picture.
    pub switches_down: u32,
    /// Why some values are not known: `nflx_session_reason_name`.
    pub reason: u32,
    /// 0.
    pub reserved: u32,
    /// Media seconds in a video segment.
    pub video_media: f64,
    /// Media seconds in an audio segment.
    pub audio_media: f64,
    /// Seconds from the first request for media to the first frame.
    pub startup: f64,
    /// Seconds of playback.
    pub played: f64,
    /// Total seconds of stalls.
    pub stalled: f64,
    /// Bits per second of video, over the whole session.
    pub video_bitrate: f64,
    /// Bits per second of audio, over the whole session.
    pub audio_bitrate: f64,
    /// Seconds of media buffered ahead of the position at the end.
    pub buffer: f64,
    /// Confidence in the media seconds, from 0 to 1.
    pub confidence: f64,
}

// SAFETY: repr(C), struct_size first, integers and floats.
unsafe impl Crossing for nflx_session {
    const NAME: &'static str = "nflx_session";
    const FIRST_SIZE: usize = 184;
}

/// The state of a player at a time. Numbers with a fraction are NaN if they cannot be determined.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct nflx_moment {
    /// Set to `sizeof(nflx_moment)`.
    pub struct_size: u32,
    /// `NFLX_STATE_`: the state.
    pub state: u32,
    /// Seconds buffered ahead of the position: the lower of both tracks.
    pub buffer: f64,
    /// Bits per second of the latest video that arrived.
    pub fetched_bitrate: f64,
    /// Bits per second of the video on the screen.
    pub shown_bitrate: f64,
    /// Number of stalls that began by then.
    pub stalls: u32,
    /// 0.
    pub reserved: u32,
    /// Seconds of stalls by then.
    pub stalled: f64,
}

// SAFETY: repr(C), struct_size first, integers and floats.
unsafe impl Crossing for nflx_moment {
    const NAME: &'static str = "nflx_moment";
    const FIRST_SIZE: usize = 48;
}

/// A segment's part in its viewer's session.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct nflx_media {
    /// Set to `sizeof(nflx_media)`.
    pub struct_size: u32,
    /// The session.
    pub session: u32,
    /// The previous segment of the same kind in the session; 0 for none.
    pub previous: u32,
    /// 0.
    pub reserved: u32,
    /// Seconds of media in it; NaN if they cannot be determined.
    pub seconds: f64,
    /// Bits per second of media; NaN if they cannot be determined.
    pub bitrate: f64,
}

// SAFETY: repr(C), struct_size first, integers and floats.
unsafe impl Crossing for nflx_media {
    const NAME: &'static str = "nflx_media";
    const FIRST_SIZE: usize = 32;
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Media {
    session: u32,
    previous: u32,
    seconds: f64,
    bitrate: f64,
}

/// The sessions found last.
#[derive(Debug, Default)]
pub(crate) struct SessionTable {
    sessions: Vec<Session>,
    media: HashMap<u32, Media>,
}

impl SessionTable {
    pub(crate) fn of(engine: &Engine) -> Self {
        let segments = engine
            .segment_numbers()
            .filter_map(|number| engine.segment(number));
        let (sessions, _) = Sessions::of(segments, engine.config());
        let mut media = HashMap::new();
        for session in &sessions {
            let mut last: HashMap<Kind, u32> = HashMap::new();
            let known = session
                .media_seconds()
                .filter_map(|(number, seconds)| Some((engine.segment(number)?, seconds)));
            for (segment, seconds) in known {
                let previous = last.insert(segment.kind, segment.number).unwrap_or(0);
                let entry = Media {
                    session: session.number,
                    previous,
                    seconds,
                    bitrate: segment.app_bytes as f64 * 8.0 / seconds,
                };
                media.insert(segment.number, entry);
            }
        }
        Self { sessions, media }
    }

    pub(crate) fn count(&self) -> u32 {
        u32::try_from(self.sessions.len()).unwrap_or(u32::MAX)
    }

    pub(crate) fn get(&self, number: u32) -> Option<&Session> {
        self.sessions.get(number.checked_sub(1)? as usize)
    }

    /// Returns a segment's part in a session: by its media, or else by the session in progress when
    /// it was requested.
    pub(crate) fn media(&self, segment: &Segment) -> Option<Media> {
        if let Some(media) = self.media.get(&segment.number) {
            return Some(*media);
        }
        let at = segment.t_request;
        let begun = self
            .sessions
            .partition_point(|session| session.t_start <= at);
        let mut before = self.sessions[..begun].iter().rev();
        let session =
            before.find(|session| session.client == segment.client && at <= session.t_end)?;
        Some(Media {
            session: session.number,
            previous: 0,
            seconds: f64::NAN,
            bitrate: f64::NAN,
        })
    }
}

/// Sessions in progress, and the number of finished ones.
#[derive(Debug)]
pub(crate) struct Playing {
    sessions: Sessions,
    over: u32,
}

impl Playing {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            sessions: Sessions::new(config),
            over: 0,
        }
    }

    pub(crate) fn segment(&mut self, segment: &Segment) {
        self.sessions.segment(segment);
    }

    /// Returns the next session that is over by now; at the end of the capture, all are.
    pub(crate) fn next(&mut self, now: Time, is_end: bool) -> Option<Session> {
        if is_end {
            self.sessions.finish();
        } else {
            self.sessions.until(now);
        }
        let mut session = self.sessions.next_session()?;
        self.over = self.over.saturating_add(1);
        session.number = self.over;
        Some(session)
    }
}

impl From<Media> for nflx_media {
    fn from(media: Media) -> Self {
        Self {
            struct_size: size_of::<Self>() as u32,
            session: media.session,
            previous: media.previous,
            reserved: 0,
            seconds: media.seconds,
            bitrate: media.bitrate,
        }
    }
}

impl From<&Session> for nflx_session {
    fn from(s: &Session) -> Self {
        let flags = [
            (s.stalls.is_some(), NFLX_SESSION_HAS_STALLS),
            (s.pauses.is_some(), NFLX_SESSION_HAS_PAUSES),
            (s.seeks.is_some(), NFLX_SESSION_HAS_SEEKS),
        ];
        let or_nan = |number: Option<f64>| number.unwrap_or(f64::NAN);
        let stalls = s.stalls.as_ref().map_or(0, Vec::len);
        Self {
            struct_size: size_of::<Self>() as u32,
            number: s.number,
            client: s.client.into(),
            flags: flags
                .iter()
                .filter(|(set, _)| *set)
                .map(|(_, flag)| flag)
                .sum(),
            t_start: s.t_start.0,
            t_end: s.t_end.0,
            video_bytes: s.video_bytes,
            audio_bytes: s.audio_bytes,
            video_segments: s.video_segments,
            audio_segments: s.audio_segments,
            dropped_segments: s.dropped_segments,
            servers: s.servers,
            flows: s.flows,
            stalls: u32::try_from(stalls).unwrap_or(u32::MAX),
            pauses: s.pauses.unwrap_or(0),
            seeks: s.seeks.unwrap_or(0),
            switches_up: s.switches[0],
            switches_down: s.switches[1],
            reason: s.reason as u32,
            reserved: 0,
            video_media: or_nan(s.video_media),
            audio_media: or_nan(s.audio_media),
            startup: or_nan(s.startup),
            played: or_nan(s.played),
            stalled: or_nan(s.stalled()),
            video_bitrate: or_nan(s.video_bitrate),
            audio_bitrate: or_nan(s.audio_bitrate),
            buffer: or_nan(s.buffer_at_end()),
            confidence: s.confidence,
        }
    }
}

const fn state_number(state: State) -> u32 {
    match state {
        State::Starting => NFLX_STATE_STARTING,
        State::Playing => NFLX_STATE_PLAYING,
        State::Stalled => NFLX_STATE_STALLED,
        State::Paused => NFLX_STATE_PAUSED,
        State::Seeking => NFLX_STATE_SEEKING,
        State::Ended => NFLX_STATE_ENDED,
    }
}

impl nflx_moment {
    pub(crate) fn new(moment: &Moment, session: &Session) -> Self {
        let or_nan = |number: Option<f64>| number.unwrap_or(f64::NAN);
        let stalls = session.stalls_at().unwrap_or_default();
        let begun = stalls.iter().filter(|(from, _)| *from <= moment.t);
        let stalled: i64 = begun
            .clone()
            .map(|(from, to)| to.0.min(moment.t.0).saturating_sub(from.0))
            .sum();
        Self {
            struct_size: size_of::<Self>() as u32,
            state: state_number(moment.state),
            buffer: or_nan(moment.buffer),
            fetched_bitrate: or_nan(moment.fetched_bitrate),
            shown_bitrate: or_nan(moment.shown_bitrate),
            stalls: u32::try_from(begun.count()).unwrap_or(u32::MAX),
            reserved: 0,
            stalled: stalled as f64 / 1e9,
        }
    }
}

/// Returns the word for an `NFLX_STATE_` number, for example `playing`. A static string; `?` for
/// other numbers.
#[unsafe(no_mangle)]
pub extern "C" fn nflx_state_name(state: u32) -> *const c_char {
    word!(State, state, state_number).as_ptr()
}

/// Returns the word for why some values of a session are not known, for example `too_few`. A static
/// string; `?` for other numbers.
#[unsafe(no_mangle)]
pub extern "C" fn nflx_session_reason_name(reason: u32) -> *const c_char {
    word!(Reason, reason).as_ptr()
}

#[cfg(target_pointer_width = "64")]
const _: () = {
    use core::mem::offset_of;
    assert!(size_of::<nflx_session>() == 184 && align_of::<nflx_session>() == 8);
    assert!(offset_of!(nflx_session, client) == 8);
    assert!(offset_of!(nflx_session, t_start) == 32);
    assert!(offset_of!(nflx_session, video_segments) == 64);
    assert!(offset_of!(nflx_session, video_media) == 112);
    assert!(size_of::<nflx_moment>() == 48 && offset_of!(nflx_moment, stalled) == 40);
    assert!(size_of::<nflx_media>() == 32 && offset_of!(nflx_media, seconds) == 16);
};

#[cfg(test)]
mod tests {
    use core::ffi::CStr;

    use super::*;

    #[test]
    fn each_number_has_its_word() {
        // SAFETY: every name is a static C string.
        let word = |name: *const c_char| unsafe { CStr::from_ptr(name) }.to_str();
        let states = [
            "starting", "playing", "stalled", "paused", "seeking", "ended",
        ];
        let first = NFLX_STATE_STARTING;
        for (number, expected) in (first..).zip(states) {
            assert_eq!(word(nflx_state_name(number)), Ok(expected));
        }
        assert_eq!(word(nflx_state_name(NFLX_STATE_ENDED)), Ok("ended"));
        assert_eq!(word(nflx_state_name(NFLX_STATE_ENDED + 1)), Ok("?"));
        let reasons = [
            "none",
            "too_few",
            "undecided",
            "joined_midway",
            "interleaved",
            "?",
        ];
        for (number, expected) in (0..).zip(reasons) {
            assert_eq!(word(nflx_session_reason_name(number)), Ok(expected));
        }
    }
}
