//! Answers of an engine's model for windows.

use crate::crossing::{Output, StructOutput};
use crate::engine::nflx_engine;
use crate::guard::{Failure, guard, guard_read};
use crate::quality::{Answers, nflx_model, nflx_quality};
use crate::status::{NFLX_STATUS_NOT_KEPT, nflx_status};

/// Writes the model that this engine uses. `NFLX_STATUS_NONE` if its configuration had none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nflx_engine_model(
    engine: *const nflx_engine,
    out: *mut nflx_model,
) -> nflx_status {
    let body = |handle: &nflx_engine| {
        // SAFETY: the header's contract for outputs.
        let out = unsafe { StructOutput::new(out) }?;
        let answers = handle.answers.as_ref().ok_or(Failure::NONE)?;
        out.write(answers.model(handle.read()?.config()));
        Ok(())
    };
    // SAFETY: the header's contract for handles.
    unsafe { guard_read(engine, body) }
}

/// Takes the model's answer for the next window that closed, with what was known at that moment. A
/// window closes at the first packet of its client after it, and at `nflx_engine_finish`.
/// `NFLX_STATUS_NONE` if none has closed since, or if there is no model. Call it after each packet,
/// or often, until it returns `NFLX_STATUS_NONE`: if more than 1,024 answers wait, the oldest are
/// lost and counted in `nflx_stats.quality_lost`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nflx_engine_next_quality(
    engine: *mut nflx_engine,
    out: *mut nflx_quality,
) -> nflx_status {
    let body = |handle: &mut nflx_engine| {
        // SAFETY: the header's contract for outputs.
        let out = unsafe { StructOutput::new(out) }?;
        let answers = handle.answers.as_mut();
        out.write(answers.and_then(Answers::next).ok_or(Failure::NONE)?);
        Ok(())
    };
    // SAFETY: the header's contract for handles.
    unsafe { guard(engine, body) }
}

/// Writes how many windows have closed; 0 without a model. After `nflx_engine_finish` they are the
/// rows of the command `nflx quality`, in the same order. `NFLX_STATUS_NOT_KEPT` for an engine made
/// without `NFLX_ENGINE_KEEP_FRAMES`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nflx_engine_quality_count(
    engine: *const nflx_engine,
    out: *mut u32,
) -> nflx_status {
    let body = |handle: &nflx_engine| {
        // SAFETY: the header's contract for outputs.
        let out = unsafe { Output::plain(out, "the number of windows") }?;
        out.write(u32::try_from(windows(handle)?.len()).unwrap_or(u32::MAX));
        Ok(())
    };
    // SAFETY: the header's contract for handles.
    unsafe { guard_read(engine, body) }
}

/// Writes the model's answer for a window, by an index below the number from
/// `nflx_engine_quality_count`. `NFLX_STATUS_NONE` if there is none; `NFLX_STATUS_NOT_KEPT` for an
/// engine made without `NFLX_ENGINE_KEEP_FRAMES`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nflx_engine_quality(
    engine: *const nflx_engine,
    index: u32,
    out: *mut nflx_quality,
) -> nflx_status {
    let body = |handle: &nflx_engine| {
        // SAFETY: the header's contract for outputs.
        let out = unsafe { StructOutput::new(out) }?;
        let window = windows(handle)?.get(index as usize);
        out.write(*window.ok_or(Failure::NONE)?);
        Ok(())
    };
    // SAFETY: the header's contract for handles.
    unsafe { guard_read(engine, body) }
}

/// Writes the model's answer for the window of a frame. Before the window closes, only its session
/// and number are set, without the flag `NFLX_QUALITY_CLOSED`. `NFLX_STATUS_NONE` if the frame is
/// in no window (it is not a Netflix packet, or is a copy) or there is no model;
/// `NFLX_STATUS_NOT_KEPT` for an engine made without `NFLX_ENGINE_KEEP_FRAMES`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nflx_engine_frame_quality(
    engine: *const nflx_engine,
    frame: u64,
    out: *mut nflx_quality,
) -> nflx_status {
    let body = |handle: &nflx_engine| {
        // SAFETY: the header's contract for outputs.
        let out = unsafe { StructOutput::new(out) }?;
        windows(handle)?;
        let answers = handle.answers.as_ref();
        let window = answers.and_then(|answers| answers.of_frame(frame));
        out.write(window.ok_or(Failure::NONE)?);
        Ok(())
    };
    // SAFETY: the header's contract for handles.
    unsafe { guard_read(engine, body) }
}

/// Returns the windows that an engine keeps; none without a model.
fn windows(engine: &nflx_engine) -> Result<&[nflx_quality], Failure> {
    if engine.log.is_none() {
        return Err(Failure::new(
            NFLX_STATUS_NOT_KEPT,
            "The engine was made without NFLX_ENGINE_KEEP_FRAMES.",
        ));
    }
    let windows = engine.answers.as_ref().and_then(Answers::windows);
    Ok(windows.unwrap_or_default())
}
