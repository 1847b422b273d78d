//! Panics stop here: they are caught and described, and never printed into the host's output.

use core::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

/// Longest file name kept for the place of a panic; longer ones lose their beginning.
const FILE_CAPACITY: usize = 96;

/// The place of a panic. Fixed size and without a destructor: a thread-local with one would outlive
/// a host that unloads the library.
#[derive(Clone, Copy)]
struct Place {
    file: [u8; FILE_CAPACITY],
    length: usize,
    line: u32,
}

thread_local! {
    /// Number of guarded calls that this thread is in.
    static DEPTH: Cell<u32> = const { Cell::new(0) };
    static PLACE: Cell<Place> = const { Cell::new(Place { file: [0; FILE_CAPACITY], length: 0, line: 0 }) };
}

/// Runs `body` and turns a panic into a description of it.
pub(crate) fn contain<R>(body: impl FnOnce() -> R) -> Result<R, String> {
    install_quiet_hook();
    // Looked up once: in a library loaded at run time, each access to a thread-local is a call.
    let result = DEPTH.with(|depth| {
        depth.set(depth.get() + 1);
        // Nobody sees a broken state again: the guard poisons the handle.
        let result = panic::catch_unwind(AssertUnwindSafe(body));
        depth.set(depth.get() - 1);
        result
    });
    result.map_err(|payload| {
        let what = payload
            .downcast_ref::<&str>()
            .map(|s| (*s).to_owned())
            .or_else(|| payload.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "no message".to_owned());
        // A payload may panic when dropped. The result of that is leaked instead of trusted again.
        if let Err(worse) = panic::catch_unwind(AssertUnwindSafe(|| drop(payload))) {
            core::mem::forget(worse);
        }
        let place = PLACE.get();
        let file = String::from_utf8_lossy(&place.file[..place.length]);
        format!("{what} ({file}:{})", place.line)
    })
}

/// Keeps panics of guarded calls off the host's standard error. Other panics, of a Rust host, go
/// where they went before.
fn install_quiet_hook() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if DEPTH.get() == 0 {
                previous(info);
                return;
            }
            let mut place = Place {
                file: [0; FILE_CAPACITY],
                length: 0,
                line: 0,
            };
            if let Some(location) = info.location() {
                let file = location.file().as_bytes();
                let tail = &file[file.len().saturating_sub(FILE_CAPACITY)..];
                place.file[..tail.len()].copy_from_slice(tail);
                place.length = tail.len();
                place.line = location.line();
            }
            PLACE.set(place);
        }));
    });
}

#[cfg(test)]
mod tests {
    use super::contain;

    #[test]
    fn a_panic_becomes_its_message_and_place() {
        let said = contain(|| panic!("boom {}", 1)).unwrap_err();
        assert!(said.starts_with("boom 1 ("), "{said}");
        assert!(said.contains("panic.rs:"), "{said}");
    }

    #[test]
    fn a_result_passes() {
        assert_eq!(contain(|| 7), Ok(7));
    }
}
