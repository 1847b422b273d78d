//! Sessions of an engine's segments, found when a host asks.

use nflx_core::Time;
use nflx_core::quality::State;

use crate::crossing::{Output, StructOutput};
use crate::engine::nflx_engine;
use crate::guard::{Failure, guard, guard_read};
use crate::session::{SessionTable, nflx_media, nflx_moment, nflx_session};
use crate::status::nflx_status;

/// Finds the sessions of all segments held now, and writes how many there are. They are numbered
/// from 1 up to this number. The functions below return the state as of this call. Its time grows
/// with the number of segments.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nflx_engine_find_sessions(
    engine: *mut nflx_engine,
    out: *mut u32,
) -> nflx_status {
    let body = |handle: &mut nflx_engine| {
        // SAFETY: the header's contract for outputs.
        let out = unsafe { Output::plain(out, "the number of sessions") }?;
        handle.sessions = SessionTable::of(handle.core()?);
        out.write(handle.sessions.count());
        Ok(())
    };
    // SAFETY: the header's contract for handles.
    unsafe { guard(engine, body) }
}

/// Writes a session by its number, as `nflx_engine_find_sessions` last found it. `NFLX_STATUS_NONE`
/// if there is none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nflx_engine_session(
    engine: *const nflx_engine,
    session: u32,
    out: *mut nflx_session,
) -> nflx_status {
    let body = |handle: &nflx_engine| {
        // SAFETY: the header's contract for outputs.
        let out = unsafe { StructOutput::new(out) }?;
        out.write(handle.sessions.get(session).ok_or(Failure::NONE)?.into());
        Ok(())
    };
    // SAFETY: the header's contract for handles.
    unsafe { guard_read(engine, body) }
}

/// Writes what the player of a session did at a time, in nanoseconds since 1970-01-01T00:00:00Z;
/// after the session's end, how it ended. `NFLX_STATUS_NONE` if there is no such session, or if the
/// media seconds of its segments are not known.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nflx_engine_moment(
    engine: *const nflx_engine,
    session: u32,
    time: i64,
    out: *mut nflx_moment,
) -> nflx_status {
    let body = |handle: &nflx_engine| {
        // SAFETY: the header's contract for outputs.
        let out = unsafe { StructOutput::new(out) }?;
        let session = handle.sessions.get(session).ok_or(Failure::NONE)?;
        let seconds = Time(time).since(session.t_start) as f64 / 1e9;
        let ended = seconds > session.duration();
        let at = seconds.clamp(0.0, session.duration());
        let mut moment = session.moment(at).ok_or(Failure::NONE)?;
        if ended {
            moment.state = State::Ended;
        }
        out.write(nflx_moment::new(&moment, session));
        Ok(())
    };
    // SAFETY: the header's contract for handles.
    unsafe { guard_read(engine, body) }
}

/// Writes the start and end of a stall by an index below `nflx_session.stalls`, in nanoseconds
/// since 1970-01-01T00:00:00Z. `NFLX_STATUS_NONE` if there is none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nflx_engine_stall(
    engine: *const nflx_engine,
    session: u32,
    index: u32,
    out_from: *mut i64,
    out_to: *mut i64,
) -> nflx_status {
    let body = |handle: &nflx_engine| {
        // SAFETY: the header's contract for outputs.
        let out_from = unsafe { Output::plain(out_from, "the beginning of the stall") }?;
        // SAFETY: the header's contract for outputs.
        let out_to = unsafe { Output::plain(out_to, "the end of the stall") }?;
        let session = handle.sessions.get(session).ok_or(Failure::NONE)?;
        let stalls = session.stalls_at().unwrap_or_default();
        let (from, to) = stalls.get(index as usize).ok_or(Failure::NONE)?;
        out_from.write(from.0);
        out_to.write(to.0);
        Ok(())
    };
    // SAFETY: the header's contract for handles.
    unsafe { guard_read(engine, body) }
}

/// Writes a segment's part in its session, as `nflx_engine_find_sessions` last found it.
/// `NFLX_STATUS_NONE` if it is in no session.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nflx_engine_media(
    engine: *const nflx_engine,
    segment: u32,
    out: *mut nflx_media,
) -> nflx_status {
    let body = |handle: &nflx_engine| {
        // SAFETY: the header's contract for outputs.
        let out = unsafe { StructOutput::new(out) }?;
        let segment = handle.read()?.segment(segment).ok_or(Failure::NONE)?;
        let media = handle.sessions.media(segment).ok_or(Failure::NONE)?;
        out.write(media.into());
        Ok(())
    };
    // SAFETY: the header's contract for handles.
    unsafe { guard_read(engine, body) }
}
