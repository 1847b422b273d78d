//! The engine handle.

use core::ffi::c_char;
use std::fmt;
use std::hash::{BuildHasher, Hasher, RandomState};

use nflx_core::{Annotation, Engine, PacketComment, Summary};

use crate::annotation::nflx_annotation;
use crate::config::nflx_config;
use crate::crossing::{Output, StructOutput, input};
use crate::frame_log::FrameLog;
use crate::guard::{Failure, Handle, HandleState, free, guard, guard_read};
use crate::note::{nflx_note, nflx_summary};
use crate::packet::nflx_packet;
use crate::quality::Answers;
use crate::segment::nflx_segment;
use crate::server::{nflx_evidence, nflx_server};
use crate::session::{Playing, SessionTable};
use crate::status::{
    NFLX_STATUS_BAD_VALUE, NFLX_STATUS_NOT_KEPT, NFLX_STATUS_NULL, NFLX_STATUS_POISONED,
    nflx_status, text,
};

/// Flag of `nflx_engine_new`: keep what was said about each packet for `nflx_engine_frame`. Takes 64 bytes of memory
/// per packet of Netflix's, and as much again with a model; nothing for others.
pub const NFLX_ENGINE_KEEP_FRAMES: u32 = 1;

/// Flag of `nflx_engine_new`: keep settled segments for `nflx_engine_next_settled`.
pub const NFLX_ENGINE_KEEP_SETTLED: u32 = 2;

/// Flag of `nflx_engine_new`, with `NFLX_ENGINE_KEEP_SETTLED`: find sessions among settled segments, for
/// `nflx_engine_next_session`.
pub const NFLX_ENGINE_KEEP_SESSIONS: u32 = 4;

const FLAGS: u32 = NFLX_ENGINE_KEEP_FRAMES | NFLX_ENGINE_KEEP_SETTLED | NFLX_ENGINE_KEEP_SESSIONS;

/// The analysis of one capture. Made by `nflx_engine_new`, freed by `nflx_engine_free`.
pub struct nflx_engine {
    /// `None` only after a panic in the middle of `nflx_engine_rewind`.
    engine: Option<Engine>,
    pub(crate) log: Option<FrameLog>,
    /// The frame of each server's first packet, by its number; 0 while there is none.
    first_frames: Vec<u64>,
    /// As `nflx_engine_find_sessions` last found them.
    pub(crate) sessions: SessionTable,
    /// The model's answers, if it has one.
    pub(crate) answers: Option<Answers>,
    /// Settled segments are kept.
    pub(crate) keeps_settled: bool,
    /// So are sessions among them.
    pub(crate) keeps_sessions: bool,
    /// Those that go on; made by the first settled segment.
    pub(crate) playing: Option<Playing>,
    /// The capture was said to have ended.
    pub(crate) finished: bool,
    state: HandleState,
}

impl Handle for nflx_engine {
    fn state(&self) -> &HandleState {
        &self.state
    }
}

impl fmt::Debug for nflx_engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("nflx_engine").finish_non_exhaustive()
    }
}

/// Makes an engine that has seen nothing. `config` is copied and may be freed or changed afterwards; NULL stands for
/// the defaults. `flags` is a sum of `NFLX_ENGINE_` flags. `NFLX_STATUS_BAD_VALUE` for flags that this version does not
/// know, and for a model of the configuration that settings do not fit which were set after it; `nflx_config_error` has
/// the sentence then, if there is a `config`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nflx_engine_new(
    config: *const nflx_config,
    flags: u32,
    out: *mut *mut nflx_engine,
) -> nflx_status {
    let body = |settings: &nflx_config| {
        // SAFETY: the header's contract for outputs.
        let out = unsafe { Output::plain(out, "the new handle") }?;
        if flags & !FLAGS != 0 {
            return Err(Failure::new(
                NFLX_STATUS_BAD_VALUE,
                format!(
                    "The flags {flags:#x} of a new engine hold more than this version of the library knows."
                ),
            ));
        }
        let model = settings.fitting_model()?;
        let mut config = settings.config.clone();
        // A secret of this engine's own: std seeds its hashers from the operating system.
        config.hash_seed = RandomState::new().build_hasher().finish();
        let keeps_frames = flags & NFLX_ENGINE_KEEP_FRAMES != 0;
        let answers = model.map(|model| Answers::new(model, &config, keeps_frames));
        let mut core = Engine::new(config);
        let keeps_settled = flags & NFLX_ENGINE_KEEP_SETTLED != 0;
        if keeps_settled {
            core.watch_settled();
        }
        let engine = Box::new(nflx_engine {
            engine: Some(core),
            keeps_settled,
            keeps_sessions: keeps_settled && flags & NFLX_ENGINE_KEEP_SESSIONS != 0,
            log: keeps_frames.then(FrameLog::new),
            answers,
            first_frames: Vec::new(),
            sessions: SessionTable::default(),
            playing: None,
            finished: false,
            state: HandleState::default(),
        });
        out.write(Box::into_raw(engine));
        Ok(())
    };
    if config.is_null() {
        let defaults = nflx_config::default();
        // SAFETY: a handle on the stack, nobody else's.
        return unsafe { guard_read(&raw const defaults, body) };
    }
    // SAFETY: the header's contract for handles.
    unsafe { guard_read(config, body) }
}

/// Frees an engine; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nflx_engine_free(engine: *mut nflx_engine) {
    // SAFETY: the header's contract for handles.
    unsafe { free(engine) }
}

/// The sentence of the last call on this engine that failed; empty if none did. Valid until the next call with this
/// handle. Never NULL: without a handle it is the sentence of `NFLX_STATUS_NULL`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nflx_engine_error(engine: *const nflx_engine) -> *const c_char {
    // SAFETY: the header's contract for handles.
    match unsafe { engine.as_ref() } {
        Some(engine) => engine.state.sentence(),
        None => text(NFLX_STATUS_NULL).as_ptr(),
    }
}

/// Takes the next packet, in the order of the capture. `NFLX_STATUS_OK`: it is one of Netflix's and `out` says what it
/// is; `NFLX_STATUS_NONE`: it is not. Damaged, cut and hostile packets are no failures. The packet's bytes are read
/// during the call only.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nflx_engine_packet(
    engine: *mut nflx_engine,
    packet: *const nflx_packet,
    out: *mut nflx_annotation,
) -> nflx_status {
    let body = |handle: &mut nflx_engine| {
        // SAFETY: the header's contract for inputs.
        let packet = unsafe { input(packet) }?;
        // SAFETY: the header's contract for outputs.
        let out = unsafe { StructOutput::new(out) }?;
        // SAFETY: the header's contract for packets; the view is gone when this call returns.
        let packet = unsafe { packet.view() }?;
        let frame = packet.frame;
        handle.finished = false;
        #[cfg(feature = "panic-injection")]
        assert!(!packet.data.ends_with(PANIC_MARK), "injected");
        let core = handle.engine.as_mut().ok_or_else(lost)?;
        let annotation = core.packet(&packet);
        if let Some(answers) = &mut handle.answers {
            answers.packet(&packet, annotation.as_ref(), core);
        }
        if let Some(log) = &mut handle.log {
            match &annotation {
                Some(annotation) => log.insert(frame, annotation),
                None => log.forget(frame),
            }
        }
        if let Some(annotation) = &annotation
            && annotation.server_counters.in_pkts + annotation.server_counters.out_pkts == 1
        {
            handle.note_first_frame(annotation.server, frame);
        }
        out.write(annotation.as_ref().ok_or(Failure::NONE)?.into());
        Ok(())
    };
    // SAFETY: the header's contract for handles.
    unsafe { guard(engine, body) }
}

/// Returns again what `nflx_engine_packet` said about the last packet of this frame number, for hosts that show frames again.
/// `NFLX_STATUS_NONE` if it was none of Netflix's or never given; `NFLX_STATUS_NOT_KEPT` for an engine made without
/// `NFLX_ENGINE_KEEP_FRAMES`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nflx_engine_frame(
    engine: *const nflx_engine,
    frame: u64,
    out: *mut nflx_annotation,
) -> nflx_status {
    let body = |handle: &nflx_engine| {
        // SAFETY: the header's contract for outputs.
        let out = unsafe { StructOutput::new(out) }?;
        out.write((&handle.kept(frame)?).into());
        Ok(())
    };
    // SAFETY: the header's contract for handles.
    unsafe { guard_read(engine, body) }
}

/// One line about the last packet of this frame number, of what is known by now: totals of its segment after
/// `nflx_engine_finish` or the segment's end. Status as for `nflx_engine_frame`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nflx_engine_note(
    engine: *const nflx_engine,
    frame: u64,
    out: *mut nflx_note,
) -> nflx_status {
    let body = |handle: &nflx_engine| {
        // SAFETY: the header's contract for outputs.
        let out = unsafe { StructOutput::new(out) }?;
        let annotation = handle.kept(frame)?;
        let settled = handle.finished;
        let core = handle.read()?;
        let server = core.server(annotation.server).ok_or(Failure::NONE)?;
        let segment = annotation.segment.and_then(|number| core.segment(number));
        out.write(
            PacketComment {
                frame,
                annotation: &annotation,
                server,
                segment,
                settled,
            }
            .into(),
        );
        Ok(())
    };
    // SAFETY: the header's contract for handles.
    unsafe { guard_read(engine, body) }
}

/// A few lines about the capture, of what is known by now: its servers, those that send video first, and what they sent.
/// `NFLX_STATUS_NONE` if no packet of a server was seen.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nflx_engine_summary(
    engine: *const nflx_engine,
    out: *mut nflx_summary,
) -> nflx_status {
    let body = |handle: &nflx_engine| {
        // SAFETY: the header's contract for outputs.
        let out = unsafe { StructOutput::new(out) }?;
        out.write(Summary::of(handle.read()?).ok_or(Failure::NONE)?.into());
        Ok(())
    };
    // SAFETY: the header's contract for handles.
    unsafe { guard_read(engine, body) }
}

/// Ends the capture: every segment settles. Those still open stay incomplete, unless they were quiet for `segment_quiet`.
/// Further packets may follow, of a live capture that goes on; what they bring for segments of before is too late.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nflx_engine_finish(engine: *mut nflx_engine) -> nflx_status {
    let body = |handle: &mut nflx_engine| {
        let core = handle.engine.as_mut().ok_or_else(lost)?;
        core.finish();
        if let Some(answers) = &mut handle.answers {
            answers.finish(core);
        }
        handle.finished = true;
        Ok(())
    };
    // SAFETY: the header's contract for handles.
    unsafe { guard(engine, body) }
}

/// Forgets all but the evidence, so that the same packets can be given again and every packet of a server is known as
/// such from the start. Of use if `nflx_engine_should_read_again` says so.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nflx_engine_rewind(engine: *mut nflx_engine) -> nflx_status {
    let body = |handle: &mut nflx_engine| {
        handle.engine = handle.engine.take().map(Engine::restart_with_evidence);
        if handle.keeps_settled {
            handle.core()?.watch_settled();
        }
        handle.log = handle.log.take().map(|_| FrameLog::new());
        handle.first_frames.clear();
        handle.sessions = SessionTable::default();
        let config = handle.read()?.config();
        handle.answers = handle.answers.as_ref().map(|answers| answers.anew(config));
        handle.playing = None;
        handle.finished = false;
        Ok(())
    };
    // SAFETY: the header's contract for handles.
    unsafe { guard(engine, body) }
}

/// Writes 1 if a second reading after `nflx_engine_rewind` would say more of some packet, or find more segments, because a
/// server was identified late; else 0. The command nflx follows the same rule.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nflx_engine_should_read_again(
    engine: *const nflx_engine,
    out: *mut u32,
) -> nflx_status {
    let body = |handle: &nflx_engine| {
        // SAFETY: the header's contract for outputs.
        let out = unsafe { Output::plain(out, "the answer") }?;
        out.write(u32::from(handle.read()?.should_read_again()));
        Ok(())
    };
    // SAFETY: the header's contract for handles.
    unsafe { guard_read(engine, body) }
}

/// One past the largest number of a server. Of a number whose server made room for another, `nflx_engine_server` says
/// `NFLX_STATUS_NONE`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nflx_engine_server_count(
    engine: *const nflx_engine,
    out: *mut u32,
) -> nflx_status {
    let body = |handle: &nflx_engine| {
        // SAFETY: the header's contract for outputs.
        let out = unsafe { Output::plain(out, "the number of servers") }?;
        out.write(handle.read()?.server_count());
        Ok(())
    };
    // SAFETY: the header's contract for handles.
    unsafe { guard_read(engine, body) }
}

/// A server by its number, as it is now. `NFLX_STATUS_NONE` if there is none of this number.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nflx_engine_server(
    engine: *const nflx_engine,
    server: u32,
    out: *mut nflx_server,
) -> nflx_status {
    let body = |handle: &nflx_engine| {
        // SAFETY: the header's contract for outputs.
        let out = unsafe { StructOutput::new(out) }?;
        out.write(handle.server(server)?.ok_or(Failure::NONE)?);
        Ok(())
    };
    // SAFETY: the header's contract for handles.
    unsafe { guard_read(engine, body) }
}

/// The evidence of an index below `nflx_server.evidence_count`, strongest first. `NFLX_STATUS_NONE` if there is none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nflx_engine_evidence(
    engine: *const nflx_engine,
    server: u32,
    index: u32,
    out: *mut nflx_evidence,
) -> nflx_status {
    let body = |handle: &nflx_engine| {
        // SAFETY: the header's contract for outputs.
        let out = unsafe { StructOutput::new(out) }?;
        let row = handle.read()?.server(server).ok_or(Failure::NONE)?;
        let evidence = row.evidence.get(index as usize).ok_or(Failure::NONE)?;
        out.write(evidence.into());
        Ok(())
    };
    // SAFETY: the header's contract for handles.
    unsafe { guard_read(engine, body) }
}

/// The smallest segment number that is held, and one past the largest; equal if there is none. Numbers between may be
/// unused.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nflx_engine_segment_numbers(
    engine: *const nflx_engine,
    out_first: *mut u32,
    out_end: *mut u32,
) -> nflx_status {
    let body = |handle: &nflx_engine| {
        // SAFETY: the header's contract for outputs.
        let out_first = unsafe { Output::plain(out_first, "the first segment number") }?;
        // SAFETY: the header's contract for outputs.
        let out_end = unsafe { Output::plain(out_end, "the end of the segment numbers") }?;
        let numbers = handle.read()?.segment_numbers();
        out_first.write(numbers.start);
        out_end.write(numbers.end.max(numbers.start));
        Ok(())
    };
    // SAFETY: the header's contract for handles.
    unsafe { guard_read(engine, body) }
}

/// A segment by its number, as it is now. `NFLX_STATUS_NONE` if there is none of this number, or it had to make room.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nflx_engine_segment(
    engine: *const nflx_engine,
    number: u32,
    out: *mut nflx_segment,
) -> nflx_status {
    let body = |handle: &nflx_engine| {
        // SAFETY: the header's contract for outputs.
        let out = unsafe { StructOutput::new(out) }?;
        let core = handle.read()?;
        let row = core.segment(number).ok_or(Failure::NONE)?;
        out.write(nflx_segment::of(row, core.server(row.server)));
        Ok(())
    };
    // SAFETY: the header's contract for handles.
    unsafe { guard_read(engine, body) }
}

/// The bytes at the end of a packet at which the engine is to panic.
#[cfg(feature = "panic-injection")]
const PANIC_MARK: &[u8] = b"nflx, panic here";

/// Panics inside, as a bug of the library would. Not in the header: for tests of what a host sees.
#[cfg(feature = "panic-injection")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nflx_engine_inject_panic(engine: *mut nflx_engine) -> nflx_status {
    // SAFETY: the header's contract for handles.
    unsafe { guard(engine, |_| panic!("injected")) }
}

impl nflx_engine {
    /// The answer about a frame.
    fn kept(&self, frame: u64) -> Result<Annotation, Failure> {
        let log = self.log.as_ref().ok_or_else(|| {
            Failure::new(
                NFLX_STATUS_NOT_KEPT,
                "The engine was made without NFLX_ENGINE_KEEP_FRAMES.",
            )
        })?;
        log.get(frame).ok_or(Failure::NONE)
    }

    /// A server by its number.
    pub(crate) fn server(&self, server: u32) -> Result<Option<nflx_server>, Failure> {
        let core = self.read()?;
        let first_frame = self.first_frames.get(server as usize).copied();
        let row = core.server(server);
        let row = row.map(|row| nflx_server::new(server, row, core.server_segments(server)));
        Ok(row.map(|row| nflx_server {
            first_frame: first_frame.unwrap_or(0),
            ..row
        }))
    }

    fn note_first_frame(&mut self, server: u32, frame: u64) {
        let place = server as usize;
        let known = self.first_frames.len().max(place + 1);
        self.first_frames.resize(known, 0);
        if self.first_frames[place] == 0 {
            self.first_frames[place] = frame;
        }
    }

    pub(crate) fn core(&mut self) -> Result<&mut Engine, Failure> {
        self.engine.as_mut().ok_or_else(lost)
    }

    pub(crate) fn read(&self) -> Result<&Engine, Failure> {
        self.engine.as_ref().ok_or_else(lost)
    }
}

fn lost() -> Failure {
    Failure::new(
        NFLX_STATUS_POISONED,
        "The engine was lost by an earlier bug of the library.",
    )
}
