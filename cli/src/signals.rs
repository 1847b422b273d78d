//! Who ends the program well when a signal asks for it.

use std::fs;
use std::sync::Once;

static WATCHED: Once = Once::new();

/// Has signals watched, if nobody does so yet.
pub(crate) fn watch_once(watch: impl FnOnce()) {
    WATCHED.call_once(watch);
}

/// Leaves signals to the caller, before there is a temporary file: a run that they end well keeps
/// what it has.
pub(crate) fn leave() {
    WATCHED.call_once(|| {});
}

/// Returns true for a signal that the program was started to ignore, as by nohup.
pub(crate) fn is_ignored(signal: i32) -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    // A bit for each, from 1.
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.unwrap_or_default() >> (signal - 1) & 1 == 1
}
