//! Packets that an engine could not decode to the end, and counts of what it dropped.

use crate::crossing::{Output, StructOutput};
use crate::engine::nflx_engine;
use crate::frame_log::FrameLog;
use crate::guard::{Failure, guard_read};
use crate::stats::{nflx_stats, nflx_unfollowed};
use crate::status::nflx_status;

/// Writes how many packets ended in a known header, such as an encrypted tunnel's, that hides the
/// rest. Indexes list headers first, most frequent first, then unknown link types.
/// `NFLX_STATUS_NONE` beyond the last.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nflx_engine_unfollowed(
    engine: *const nflx_engine,
    index: u32,
    out: *mut nflx_unfollowed,
) -> nflx_status {
    let body = |handle: &nflx_engine| {
        // SAFETY: the header's contract for outputs.
        let out = unsafe { StructOutput::new(out) }?;
        let unfollowed = handle.read()?.unfollowed();
        out.write(nflx_unfollowed::at(unfollowed, index as usize).ok_or(Failure::NONE)?);
        Ok(())
    };
    // SAFETY: the header's contract for handles.
    unsafe { guard_read(engine, body) }
}

/// Writes the number of different headers that packets ended in so far: the entries of
/// `nflx_engine_unfollowed` without those of link types. A host that calls this after each packet
/// learns at which packet a header first occurred.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nflx_engine_unfollowed_headers(
    engine: *const nflx_engine,
    out: *mut u32,
) -> nflx_status {
    let body = |handle: &nflx_engine| {
        // SAFETY: the header's contract for outputs.
        let out = unsafe { Output::plain(out, "count") }?;
        out.write(handle.read()?.unfollowed().header_count() as u32);
        Ok(())
    };
    // SAFETY: the header's contract for handles.
    unsafe { guard_read(engine, body) }
}

/// Writes the counts of what was dropped or capped so far.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nflx_engine_stats(
    engine: *const nflx_engine,
    out: *mut nflx_stats,
) -> nflx_status {
    let body = |handle: &nflx_engine| {
        // SAFETY: the header's contract for outputs.
        let out = unsafe { StructOutput::new(out) }?;
        let log_bytes = handle.log.as_ref().map_or(0, FrameLog::bytes);
        let core = handle.read()?;
        out.write(nflx_stats::new(
            &core.stats(),
            core.evidence_came_late(),
            log_bytes,
            handle.answers.as_ref().map_or(0, |answers| answers.lost),
        ));
        Ok(())
    };
    // SAFETY: the header's contract for handles.
    unsafe { guard_read(engine, body) }
}
