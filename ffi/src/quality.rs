//! Models, and their answers for windows.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fmt;
use std::sync::Arc;

use core::ffi::c_char;

use nflx_core::features::{Live, Row};
use nflx_core::quality::PlaybackColumns;
use nflx_core::quality::model::{Answer, Card, Model, Scratch, Target};
use nflx_core::{Annotation, Config, Engine, Packet};

use crate::address::nflx_address;
use crate::crossing::Crossing;
use crate::text::c_array;

/// Flag of `nflx_quality`: the window is closed, and the model was evaluated.
pub const NFLX_QUALITY_CLOSED: u32 = 1;
/// Flag of `nflx_quality`: an input of the model lies outside the values seen in training.
pub const NFLX_QUALITY_OUT_OF_RANGE: u32 = 2;
/// Flag of `nflx_quality`: the answer uses the whole capture; without it, what was known when the
/// window closed.
pub const NFLX_QUALITY_SETTLED: u32 = 4;

/// The target is unknown, because the model has no card.
pub const NFLX_TARGET_NONE: u32 = 0;
/// The target is the number of lines of the picture.
pub const NFLX_TARGET_RESOLUTION: u32 = 1;
/// The target is the number of seconds from the first request to the first picture.
pub const NFLX_TARGET_STARTUP_DELAY: u32 = 2;
/// The target is something else, in the author's word: `nflx_model.target_name`.
pub const NFLX_TARGET_OTHER: u32 = 3;

/// Largest number of answers that wait for `nflx_engine_next_quality`.
const MOST_UNTAKEN: usize = 1_024;

/// The model that an engine uses.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct nflx_model {
    /// Set to `sizeof(nflx_model)`.
    pub struct_size: u32,
    /// `NFLX_TARGET_`: the quantity that it predicts.
    pub target: u32,
    /// Length of a window, in seconds.
    pub window: u64,
    /// Name, ended by NUL; empty without a card.
    pub name: [c_char; 128],
    /// Version, ended by NUL; empty without a card.
    pub version: [c_char; 64],
    /// Word for the quantity that it predicts, ended by NUL; empty without a card.
    pub target_name: [c_char; 64],
    /// Unit of its value, ended by NUL; empty if it has none.
    pub unit: [c_char; 32],
}

// SAFETY: repr(C), struct_size first, integers only.
unsafe impl Crossing for nflx_model {
    const NAME: &'static str = "nflx_model";
    const FIRST_SIZE: usize = 304;
}

/// A model's answer for a window of one client's traffic. Sessions and windows are those of
/// features: the traffic of one client until it pauses for `session_idle`, divided into windows of
/// `feature_window`. Times are nanoseconds since 1970-01-01T00:00:00Z. Numbers with a fraction are
/// NaN if the model gives none.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct nflx_quality {
    /// Set to `sizeof(nflx_quality)`.
    pub struct_size: u32,
    /// Number of the session in the capture, from 1.
    pub session: u32,
    /// Number of the window in the session, from 0.
    pub window: u32,
    /// Sum of `NFLX_QUALITY_` flags.
    pub flags: u32,
    /// Address of the client; family 0 while the window is open.
    pub client: nflx_address,
    /// One more than its index for `nflx_engine_quality`; 0 if the window has no such index.
    pub number: u32,
    /// Start of the window.
    pub from: i64,
    /// End of the window, where the next one starts.
    pub to: i64,
    /// The value, in the model's unit, or the label as a number.
    pub value: f64,
    /// Probability that the label is right, from 0 to 1.
    pub confidence: f64,
    /// The label, ended by NUL; empty if the model gives none.
    pub label: [c_char; 96],
    /// Why the model does not answer, ended by NUL; empty if it does.
    pub reason: [c_char; 256],
}

// SAFETY: repr(C), struct_size first, integers and floats.
unsafe impl Crossing for nflx_quality {
    const NAME: &'static str = "nflx_quality";
    const FIRST_SIZE: usize = 424;
}

impl nflx_model {
    fn new(model: &Model, config: &Config) -> Self {
        let card = model.card();
        let text = |of: fn(&Card) -> &str| card.map_or("", of);
        Self {
            struct_size: size_of::<Self>() as u32,
            target: match card.map(|card| &card.target) {
                None => NFLX_TARGET_NONE,
                Some(Target::Resolution) => NFLX_TARGET_RESOLUTION,
                Some(Target::StartupDelay) => NFLX_TARGET_STARTUP_DELAY,
                Some(_) => NFLX_TARGET_OTHER,
            },
            window: config.feature_window(),
            name: c_array(text(|card| &card.name)),
            version: c_array(text(|card| &card.version)),
            target_name: c_array(text(|card| card.target.as_str())),
            unit: c_array(text(|card| &card.unit)),
        }
    }
}

impl nflx_quality {
    /// Returns a window that is still open: only its session and number are set.
    fn open((session, window): (u32, u32)) -> Self {
        Self {
            struct_size: size_of::<Self>() as u32,
            session,
            window,
            flags: 0,
            client: nflx_address {
                family: 0,
                bytes: [0; 16],
            },
            number: 0,
            from: 0,
            to: 0,
            value: f64::NAN,
            confidence: f64::NAN,
            label: c_array(""),
            reason: c_array(""),
        }
    }

    fn new(row: &Row, answer: &Answer<'_>, flags: u32) -> Self {
        let out_of_range = if answer.out_of_range {
            NFLX_QUALITY_OUT_OF_RANGE
        } else {
            0
        };
        let reason = answer.reason.map(|reason| reason.to_string());
        Self {
            flags: NFLX_QUALITY_CLOSED | out_of_range | flags,
            client: row.client.into(),
            from: row.start.0,
            to: row.end.0,
            value: answer.value.unwrap_or(f64::NAN),
            confidence: answer.confidence.unwrap_or(f64::NAN),
            label: c_array(answer.label.unwrap_or_default()),
            reason: c_array(reason.as_deref().unwrap_or_default()),
            ..Self::open((row.session, row.window))
        }
    }
}

/// A model and its answers for the windows of one capture.
pub(crate) struct Answers {
    model: Arc<Model>,
    scratch: Scratch,
    live: Live,
    /// Answers made when windows closed, until the host takes them.
    untaken: VecDeque<nflx_quality>,
    /// Number of answers that were not taken in time.
    pub(crate) lost: u64,
    kept: Option<Kept>,
}

/// Answers kept for hosts that show frames repeatedly.
#[derive(Debug, Default)]
struct Kept {
    windows: Vec<nflx_quality>,
    /// Number of windows of captures that have ended; the rest belongs to one that goes on.
    settled: usize,
    /// Index of a window, by session and window.
    places: HashMap<(u32, u32), u32>,
    /// Session and window of each frame that counts in one.
    frames: BTreeMap<u64, (u32, u32)>,
}

impl fmt::Debug for Answers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answers").finish_non_exhaustive()
    }
}

impl Answers {
    pub(crate) fn new(model: Arc<Model>, config: &Config, keeps_frames: bool) -> Self {
        let live = Live::new(config, 0);
        Self {
            model,
            scratch: Scratch::default(),
            live: if keeps_frames { live.keeping() } else { live },
            untaken: VecDeque::new(),
            lost: 0,
            kept: keeps_frames.then(Kept::default),
        }
    }

    /// Returns the same model, before the first packet.
    pub(crate) fn anew(&self, config: &Config) -> Self {
        Self::new(Arc::clone(&self.model), config, self.kept.is_some())
    }

    pub(crate) fn model(&self, config: &Config) -> nflx_model {
        nflx_model::new(&self.model, config)
    }

    /// Counts a packet, and evaluates the model for windows that it closes.
    pub(crate) fn packet(
        &mut self,
        packet: &Packet<'_>,
        said: Option<&Annotation>,
        engine: &Engine,
    ) {
        self.live.packet(packet, said, engine);
        if let Some(kept) = &mut self.kept {
            kept.note(packet.frame, self.live.place());
        }
        self.ask(engine);
    }

    /// Evaluates all windows again with what the whole capture shows, once the engine has ended it.
    pub(crate) fn finish(&mut self, engine: &Engine) {
        self.live.finish(engine);
        self.ask(engine);
        let rows = self.live.settled_rows(engine);
        let Some(kept) = &mut self.kept else { return };
        if let Some(rows) = rows {
            kept.forget_unsettled();
            let playback = PlaybackColumns::settled(engine);
            for mut row in rows {
                playback.fill(&mut row);
                let answer = self.model.answer(&row, row.is_complete, &mut self.scratch);
                kept.push(nflx_quality::new(&row, &answer, NFLX_QUALITY_SETTLED));
            }
        }
        kept.settled = kept.windows.len();
    }

    fn ask(&mut self, engine: &Engine) {
        while let Some(mut row) = self.live.next_row(engine) {
            PlaybackColumns::fill_live(&mut row, engine);
            let answer = self.model.answer(&row, row.is_complete, &mut self.scratch);
            let said = nflx_quality::new(&row, &answer, 0);
            if self.untaken.len() == MOST_UNTAKEN {
                self.untaken.pop_front();
                self.lost += 1;
            }
            self.untaken.push_back(said);
            if let Some(kept) = &mut self.kept {
                kept.push(said);
            }
        }
    }

    /// Takes the next answer.
    pub(crate) fn next(&mut self) -> Option<nflx_quality> {
        self.untaken.pop_front()
    }

    /// Returns the windows that are kept; `None` if none are.
    pub(crate) fn windows(&self) -> Option<&[nflx_quality]> {
        self.kept.as_ref().map(|kept| &kept.windows[..])
    }

    /// Returns the window that a frame counts in.
    pub(crate) fn of_frame(&self, frame: u64) -> Option<nflx_quality> {
        let kept = self.kept.as_ref()?;
        let place = kept.frames.get(&frame)?;
        let index = kept.places.get(place);
        let known = index.and_then(|index| kept.windows.get(*index as usize));
        Some(known.copied().unwrap_or_else(|| nflx_quality::open(*place)))
    }
}

impl Kept {
    /// Records which window a frame counts in, replacing the entry of an earlier frame with this
    /// number.
    fn note(&mut self, frame: u64, place: Option<(u32, u32)>) {
        if let Some(place) = place {
            self.frames.insert(frame, place);
        } else if self
            .frames
            .last_key_value()
            .is_some_and(|(last, _)| *last >= frame)
        {
            self.frames.remove(&frame);
        }
    }

    fn push(&mut self, window: nflx_quality) {
        let Ok(number) = u32::try_from(self.windows.len() + 1) else {
            return;
        };
        self.places
            .insert((window.session, window.window), number - 1);
        self.windows.push(nflx_quality { number, ..window });
    }

    fn forget_unsettled(&mut self) {
        for window in self.windows.drain(self.settled..) {
            self.places.remove(&(window.session, window.window));
        }
    }
}

#[cfg(target_pointer_width = "64")]
const _: () = {
    use core::mem::offset_of;
    assert!(size_of::<nflx_model>() == 304 && align_of::<nflx_model>() == 8);
    assert!(offset_of!(nflx_model, name) == 16 && offset_of!(nflx_model, unit) == 272);
    assert!(size_of::<nflx_quality>() == 424 && align_of::<nflx_quality>() == 8);
    assert!(offset_of!(nflx_quality, client) == 16 && offset_of!(nflx_quality, from) == 40);
    assert!(offset_of!(nflx_quality, label) == 72 && offset_of!(nflx_quality, reason) == 168);
};
