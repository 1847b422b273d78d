//! Facts as they settle, each once.

use crate::crossing::StructOutput;
use crate::engine::nflx_engine;
use crate::guard::{Failure, guard};
use crate::segment::nflx_segment;
use crate::server::nflx_server;
use crate::session::{Playing, nflx_session};
use crate::status::{NFLX_STATUS_NOT_KEPT, nflx_status};

/// Takes the next settled segment, which never changes again. Each comes once, in the order in
/// which segments settle: `settle_after` seconds after their last byte, when the table is full, and
/// at `nflx_engine_finish`. `NFLX_STATUS_NONE` if none has settled since; `NFLX_STATUS_NOT_KEPT`
/// for an engine made without `NFLX_ENGINE_KEEP_SETTLED`. Call it after each packet, or often,
/// until it returns `NFLX_STATUS_NONE`: `nflx_stats.settled_lost` counts segments that no longer
/// fitted.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nflx_engine_next_settled(
    engine: *mut nflx_engine,
    out: *mut nflx_segment,
) -> nflx_status {
    let body = |handle: &mut nflx_engine| {
        // SAFETY: the header's contract for outputs.
        let out = unsafe { StructOutput::new(out) }?;
        require(handle.keeps_settled, "NFLX_ENGINE_KEEP_SETTLED")?;
        let row = handle.core()?.next_settled().ok_or(Failure::NONE)?;
        if handle.keeps_sessions && handle.playing.is_none() {
            handle.playing = Some(Playing::new(handle.read()?.config()));
        }
        if let Some(playing) = &mut handle.playing {
            playing.segment(&row);
        }
        let server = handle.read()?.server(row.server);
        out.write(nflx_segment::of(&row, server));
        Ok(())
    };
    // SAFETY: the header's contract for handles.
    unsafe { guard(engine, body) }
}

/// Takes the next server whose role changed, as it is now. A server whose role changed several
/// times in between comes once. `NFLX_STATUS_NONE` if there is none; `NFLX_STATUS_NOT_KEPT` for an
/// engine made without `NFLX_ENGINE_KEEP_SETTLED`. Servers whose role never changed do not come.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nflx_engine_next_changed_server(
    engine: *mut nflx_engine,
    out: *mut nflx_server,
) -> nflx_status {
    let body = |handle: &mut nflx_engine| {
        // SAFETY: the header's contract for outputs.
        let out = unsafe { StructOutput::new(out) }?;
        require(handle.keeps_settled, "NFLX_ENGINE_KEEP_SETTLED")?;
        loop {
            let id = handle.core()?.next_changed_server().ok_or(Failure::NONE)?;
            // Skips a server that was evicted meanwhile.
            if let Some(server) = handle.server(id)? {
                out.write(server);
                return Ok(());
            }
        }
    };
    // SAFETY: the header's contract for handles.
    unsafe { guard(engine, body) }
}

/// Takes the next finished session of playback, found among the segments that
/// `nflx_engine_next_settled` has given. A session is over if its client asked for nothing for
/// `playback_over` seconds, or the capture ended. Sessions are numbered in this order, from 1;
/// their moments are not kept. `NFLX_STATUS_NONE` if none is over; `NFLX_STATUS_NOT_KEPT` for an
/// engine made without `NFLX_ENGINE_KEEP_SETTLED` and `NFLX_ENGINE_KEEP_SESSIONS`. Call it once
/// `nflx_engine_next_settled` has no more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nflx_engine_next_session(
    engine: *mut nflx_engine,
    out: *mut nflx_session,
) -> nflx_status {
    let body = |handle: &mut nflx_engine| {
        // SAFETY: the header's contract for outputs.
        let out = unsafe { StructOutput::new(out) }?;
        require(
            handle.keeps_sessions,
            "NFLX_ENGINE_KEEP_SETTLED and NFLX_ENGINE_KEEP_SESSIONS",
        )?;
        let now = handle.read()?.latest();
        let end = handle.finished;
        let playing = handle.playing.as_mut().ok_or(Failure::NONE)?;
        let session = playing.next(now, end).ok_or(Failure::NONE)?;
        out.write((&session).into());
        Ok(())
    };
    // SAFETY: the header's contract for handles.
    unsafe { guard(engine, body) }
}

fn require(is_kept: bool, flag: &str) -> Result<(), Failure> {
    if is_kept {
        return Ok(());
    }
    Err(Failure::new(
        NFLX_STATUS_NOT_KEPT,
        format!("The engine was made without {flag}."),
    ))
}
