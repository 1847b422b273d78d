//! Temporary files that are removed however the program ends: by a return, a panic, or a signal
//! such as Ctrl-C.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::{fs, io};

use tempfile::{Builder, NamedTempFile};

/// The files that exist now.
static FILES: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// A temporary file; removed if it is not kept.
pub(crate) struct Temporary {
    file: NamedTempFile,
    // Removed from the list after the file is removed.
    _listed: Listed,
}

/// A place in the list.
struct Listed(PathBuf);

impl Temporary {
    pub(super) fn new(builder: &Builder<'_, '_>, directory: &Path) -> io::Result<Self> {
        #[cfg(unix)]
        signals::watch();
        // Under the lock, so that a signal finds every existing file.
        let mut files = files();
        let file = builder.tempfile_in(directory)?;
        files.push(file.path().to_owned());
        let listed = Listed(file.path().to_owned());
        Ok(Self {
            file,
            _listed: listed,
        })
    }

    /// Renames it to `target`, replacing an existing file.
    pub(super) fn persist(self, target: &Path) -> io::Result<()> {
        self.file
            .persist(target)
            .map(drop)
            .map_err(|error| error.error)
    }
}

impl io::Write for Temporary {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl io::Seek for Temporary {
    fn seek(&mut self, to: io::SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

impl Drop for Listed {
    fn drop(&mut self) {
        files().retain(|file| *file != self.0);
    }
}

fn files() -> MutexGuard<'static, Vec<PathBuf>> {
    // A list of paths is valid at any time.
    FILES.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(unix)]
mod signals {
    use std::sync::mpsc;
    use std::thread;

    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;
    use signal_hook::low_level::emulate_default_handler;

    use super::{files, fs};
    use crate::signals::is_ignored;

    /// Makes signals that end the program remove its temporary files first, from now on.
    pub(super) fn watch() {
        crate::signals::watch_once(|| {
            let (ready, is_ready) = mpsc::channel::<()>();
            let watcher = move || {
                let watched = [SIGINT, SIGTERM, SIGHUP]
                    .into_iter()
                    .filter(|&signal| !is_ignored(signal));
                let Ok(mut signals) = Signals::new(watched) else {
                    return;
                };
                drop(ready);
                for signal in signals.forever() {
                    // Held to the end, so that no new file is created.
                    let files = files();
                    files.iter().for_each(|file| drop(fs::remove_file(file)));
                    // Ends the program as the signal would have, so that shells see the reason.
                    let _ = emulate_default_handler(signal);
                }
            };
            if thread::Builder::new()
                .name("signals".to_owned())
                .spawn(watcher)
                .is_ok()
            {
                // Ends with an error when the watcher is ready.
                let _ = is_ready.recv();
            }
        });
    }
}
