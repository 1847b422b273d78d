//! Bytes of a capture that is still being written: a pipe, or a file that grows. They end when a
//! signal asks for it, or with the pipe.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use super::damage::Unreadable;
use super::source::{self, Pass};

/// Bytes per read, the capacity of a Linux pipe.
const CHUNK: usize = 64 * 1024;
/// Number of reads that wait to be used; beyond that, the writer of the pipe waits.
const AHEAD: usize = 4;
/// Time between two checks of a growing file and of signals.
const LOOK: Duration = Duration::from_millis(100);

/// Requests that signals made.
pub(crate) struct Signals {
    /// To end cleanly.
    stop: Arc<AtomicBool>,
    /// To begin a new file.
    renew: Arc<AtomicBool>,
}

impl Signals {
    /// Watches for signals from now on. SIGTERM and SIGINT end the run. So does SIGHUP, unless
    /// there `are_files`: then it starts a new file.
    pub(crate) fn watch(are_files: bool) -> io::Result<Self> {
        let signals = Self {
            stop: Arc::default(),
            renew: Arc::default(),
        };
        #[cfg(unix)]
        {
            use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
            use signal_hook::flag;
            crate::signals::leave();
            let ends = [SIGTERM, SIGINT, SIGHUP];
            for &signal in &ends[..if are_files { 2 } else { 3 }] {
                if !crate::signals::is_ignored(signal) {
                    // The second one ends the program at once.
                    flag::register_conditional_default(signal, Arc::clone(&signals.stop))?;
                    flag::register(signal, Arc::clone(&signals.stop))?;
                }
            }
            if are_files {
                flag::register(SIGHUP, Arc::clone(&signals.renew))?;
            }
        }
        Ok(signals)
    }

    /// Returns true if a new file was asked for since the last call.
    pub(crate) fn takes_renewal(&self) -> bool {
        // Most packets find nothing, and need no write.
        self.renew.load(Ordering::Relaxed) && self.renew.swap(false, Ordering::Relaxed)
    }
}

/// Opens a capture that may still grow; `-` is standard input.
pub(crate) fn open(path: &Path, signals: &Signals) -> Result<Pass<'static>, Unreadable> {
    let (file, grows) = opened(path).map_err(Unreadable::from_open_error)?;
    if file.metadata().is_ok_and(|metadata| metadata.is_dir()) {
        return Err(Unreadable::Directory);
    }
    let stop = Arc::clone(&signals.stop);
    let (sender, chunks) = sync_channel(AHEAD);
    let stopped = Arc::clone(&stop);
    // A blocking read cannot be told to end.
    thread::Builder::new()
        .name("live".to_owned())
        .spawn(move || read_on(file, grows, &stopped, &sender))
        .map_err(Unreadable::Io)?;
    source::decompressed(Stream {
        chunks,
        chunk: Vec::new(),
        used: 0,
        stop,
    })
}

/// Returns true if a capture comes through a pipe, and may therefore go on for long.
#[cfg(unix)]
pub(crate) fn is_pipe(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt;
    let metadata = if path.as_os_str() == "-" {
        opened(path).and_then(|(file, _)| file.metadata())
    } else {
        path.metadata()
    };
    metadata.is_ok_and(|metadata| metadata.file_type().is_fifo())
}

#[cfg(not(unix))]
pub(crate) const fn is_pipe(_: &Path) -> bool {
    false
}

/// Returns the file, and true if its end is not the end of the capture.
fn opened(path: &Path) -> io::Result<(File, bool)> {
    #[cfg(unix)]
    if path.as_os_str() == "-" {
        use std::os::fd::AsFd;
        return Ok((File::from(io::stdin().as_fd().try_clone_to_owned()?), false));
    }
    let file = File::open(path)?;
    let grows = file.metadata()?.is_file();
    Ok((file, grows))
}

fn read_on(
    mut file: File,
    grows: bool,
    stop: &AtomicBool,
    sender: &SyncSender<io::Result<Vec<u8>>>,
) {
    while !stop.load(Ordering::Relaxed) {
        let mut chunk = vec![0; CHUNK];
        let read = match file.read(&mut chunk) {
            Ok(0) if grows => {
                thread::sleep(LOOK);
                continue;
            }
            Ok(0) => return,
            Ok(count) => {
                chunk.truncate(count);
                Ok(chunk)
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => Err(error),
        };
        let failed = read.is_err();
        if sender.send(read).is_err() || failed {
            return;
        }
    }
}

/// Packets that another thread reads.
struct Stream {
    chunks: Receiver<io::Result<Vec<u8>>>,
    chunk: Vec<u8>,
    used: usize,
    stop: Arc<AtomicBool>,
}

impl Read for Stream {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.used == self.chunk.len() {
            match self.chunks.recv_timeout(LOOK) {
                Ok(chunk) => (self.chunk, self.used) = (chunk?, 0),
                Err(RecvTimeoutError::Timeout) if !self.stop.load(Ordering::Relaxed) => {}
                Err(_) => return Ok(0),
            }
        }
        let count = into.len().min(self.chunk.len() - self.used);
        into[..count].copy_from_slice(&self.chunk[self.used..][..count]);
        self.used += count;
        Ok(count)
    }
}
