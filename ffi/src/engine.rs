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

/// Flag of `nflx_engine_new`: keep the annotation of each packet for `nflx_engine_frame`. Takes 64
/// bytes of memory per Netflix packet, and as much again with a model; nothing for other packets.
pub const NFLX_ENGINE_KEEP_FRAMES: u32 = 1;

/// Flag of `nflx_engine_new`: keep settled segments for `nflx_engine_next_settled`.
pub const NFLX_ENGINE_KEEP_SETTLED: u32 = 2;

/// Flag of `nflx_engine_new`, used with `NFLX_ENGINE_KEEP_SETTLED`: find sessions among settled
/// segments, for `nflx_engine_next_session`.
pub const NFLX_ENGINE_KEEP_SESSIONS: u32 = 4;

const FLAGS: u32 = NFLX_ENGINE_KEEP_FRAMES | NFLX_ENGINE_KEEP_SETTLED | NFLX_ENGINE_KEEP_SESSIONS;

/// The analysis of one capture. Made by `nflx_engine_new`, freed by `nflx_engine_free`.
pub struct nflx_engine {
    /// `None` only after a panic in the middle of `nflx_engine_rewind`.
    engine: Option<Engine>,
    pub(crate) log: Option<FrameLog>,
    /// The frame of each server's first packet, by its number; 0 before one comes.
    first_frames: Vec<u64>,
    /// The sessions that `nflx_engine_find_sessions` last found.
    pub(crate) sessions: SessionTable,
    /// The model's answers, if there is a model.
    pub(crate) answers: Option<Answers>,
    /// True if settled segments are kept.
    pub(crate) keeps_settled: bool,
    /// True if sessions among them are kept too.
    pub(crate) keeps_sessions: bool,
    /// The sessions in progress; created with the first settled segment.
    pub(crate) playing: Option<Playing>,
    /// True once the host ended the capture.
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

/// Creates an engine that has seen no packet. `config` is copied and may be freed or changed
/// afterwards; NULL means the defaults. `flags` is a sum of `NFLX_ENGINE_` flags.
/// `NFLX_STATUS_BAD_VALUE` for flags unknown to this version, and for a model that does not fit
/// settings made after it was set; the message is then in `nflx_config_error`, if there is a
/// `config`.
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
        // A secret per engine: std seeds its hashers from the operating system.
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
        // SAFETY: a handle on the stack, used by nobody else.
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

/// Returns the message of the last failed call on this engine; empty if none failed. Valid until
/// the next call with this handle. Never NULL: without a handle it is the message of
/// `NFLX_STATUS_NULL`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nflx_engine_error(engine: *const nflx_engine) -> *const c_char {
    // SAFETY: the header's contract for handles.
    match unsafe { engine.as_ref() } {
        Some(engine) => engine.state.sentence(),
        None => text(NFLX_STATUS_NULL).as_ptr(),
    }
}

/// Processes the next packet, in the order of the capture. `NFLX_STATUS_OK`: one end is a known
/// Netflix server, and `out` holds the annotation. `NFLX_STATUS_NONE`: neither end is. Damaged, cut
/// and hostile packets are not failures. The packet's bytes are only read during the call.
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

/// Writes the annotation of the last packet with this frame number again, for hosts that show
/// frames repeatedly. `NFLX_STATUS_NONE` if it was not a Netflix packet or was never given;
/// `NFLX_STATUS_NOT_KEPT` for an engine made without `NFLX_ENGINE_KEEP_FRAMES`.
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

/// Writes one line about the last packet with this frame number, as known so far: totals of its
/// segment once the segment has ended or `nflx_engine_finish` was called. Returns the same statuses
/// as `nflx_engine_frame`.
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

/// Writes a few lines about the capture, as known so far: its servers, those that send video first,
/// and what they sent. `NFLX_STATUS_NONE` if no packet of a server was seen.
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

/// Ends the capture: every segment settles. Segments that are still open stay incomplete, unless
/// they were quiet for `segment_quiet`. More packets may follow, as in a live capture that goes on,
/// but they no longer change these segments.
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

/// Forgets everything except the evidence. Give the same packets again: every packet of a server is
/// then recognised from the start. Useful if `nflx_engine_should_read_again` writes 1.
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

/// Writes 1 if a second reading after `nflx_engine_rewind` would tell more about some packet or
/// find more segments, because a server was identified late; else 0. The command nflx follows the
/// same rule.
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

/// Writes one past the largest server number. For the number of an evicted server,
/// `nflx_engine_server` returns `NFLX_STATUS_NONE`.
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

/// Writes a server by its number, as it is now. `NFLX_STATUS_NONE` if there is no server with this
/// number.
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

/// Writes a piece of evidence by an index below `nflx_server.evidence_count`, strongest first.
/// `NFLX_STATUS_NONE` if there is none.
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

/// Writes the smallest segment number held and one past the largest; equal if no segment is held.
/// Some numbers in between may be unused.
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

/// Writes a segment by its number, as it is now. `NFLX_STATUS_NONE` if there is no segment with
/// this number, or it was evicted.
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

/// The bytes at the end of a packet that make the engine panic.
#[cfg(feature = "panic-injection")]
const PANIC_MARK: &[u8] = b"nflx, panic here";

/// Panics inside the library, as a bug would. Not in the header: for tests of what a host sees.
#[cfg(feature = "panic-injection")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nflx_engine_inject_panic(engine: *mut nflx_engine) -> nflx_status {
    // SAFETY: the header's contract for handles.
    unsafe { guard(engine, |_| panic!("injected")) }
}

impl nflx_engine {
    /// Returns the annotation of a frame.
    fn kept(&self, frame: u64) -> Result<Annotation, Failure> {
        let log = self.log.as_ref().ok_or_else(|| {
            Failure::new(
                NFLX_STATUS_NOT_KEPT,
                "The engine was made without NFLX_ENGINE_KEEP_FRAMES.",
            )
        })?;
        log.get(frame).ok_or(Failure::NONE)
    }

    /// Returns a server by its number.
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
