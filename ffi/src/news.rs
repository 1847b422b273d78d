//! Facts as they settle, each once.

use crate::crossing::StructOutput;
use crate::engine::nflx_engine;
use crate::guard::{Failure, guard};
use crate::segment::nflx_segment;
use crate::status::{NFLX_STATUS_NOT_KEPT, nflx_status};

/// Takes the next segment that settled: nothing about it will change any more. Gives each once, in the order in which they
/// settle: `settle_after` seconds behind their last byte, when they have to make room, and with `nflx_engine_finish`.
/// `NFLX_STATUS_NONE` if none settled since; `NFLX_STATUS_NOT_KEPT` for an engine made without `NFLX_ENGINE_KEEP_SETTLED`.
/// Call it until there is none after each packet, or often: what finds no room meanwhile is counted in
/// `nflx_stats.settled_lost`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nflx_engine_next_settled(
    engine: *mut nflx_engine,
    out: *mut nflx_segment,
) -> nflx_status {
    let body = |handle: &mut nflx_engine| {
        // SAFETY: the header's contract for outputs.
        let out = unsafe { StructOutput::new(out) }?;
        if !handle.keeps_settled {
            return Err(Failure::new(
                NFLX_STATUS_NOT_KEPT,
                "The engine was made without NFLX_ENGINE_KEEP_SETTLED.",
            ));
        }
        let core = handle.core()?;
        let row = core.next_settled().ok_or(Failure::NONE)?;
        out.write(nflx_segment::of(&row, core.server(row.server)));
        Ok(())
    };
    // SAFETY: the header's contract for handles.
    unsafe { guard(engine, body) }
}
