//! A progress bar for reads that take a while, on terminals only: of one capture, or of all of a
//! run together.

use std::cell::Cell;
use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::escape;

/// Reads that finish within this time show nothing.
const PATIENCE: Duration = Duration::from_millis(700);

/// Progress of a read.
pub(crate) struct Progress {
    bar: Option<Bar>,
    /// The captures that it belongs to.
    total: Option<(Arc<Total>, u64)>,
    read: Cell<u64>,
}

/// Progress of the reads of all captures of a run.
pub(crate) struct Total {
    bar: Option<Bar>,
    captures: usize,
    done: AtomicUsize,
    passes: u32,
    stopped: AtomicBool,
}

/// A bar that appears late.
struct Bar {
    bar: ProgressBar,
    started: Instant,
    shown: AtomicBool,
}

impl Bar {
    /// Creates a bar that only counts.
    fn unseen(message: String, size: Option<u64>) -> Self {
        let bar = ProgressBar::with_draw_target(size, ProgressDrawTarget::hidden());
        Self {
            bar: bar.with_message(message),
            started: Instant::now(),
            shown: AtomicBool::new(true),
        }
    }

    /// Creates a bar, if there is a terminal to show it.
    fn new(message: String, size: Option<u64>) -> Option<Self> {
        if !std::io::stderr().is_terminal() {
            return None;
        }
        let mut bar = Self::unseen(message, size);
        let template = if size.is_some() {
            "{msg} [{bar:30}] {decimal_bytes}/{decimal_total_bytes} {decimal_bytes_per_sec}, {eta} left"
        } else {
            "{msg} {spinner} {decimal_bytes} {decimal_bytes_per_sec}"
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.bar.set_style(style.progress_chars("=> "));
        }
        bar.shown = AtomicBool::new(false);
        Some(bar)
    }

    fn advance(&self, count: u64) {
        self.bar.inc(count);
        if self.started.elapsed() >= PATIENCE && !self.shown.swap(true, Ordering::Relaxed) {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

impl Progress {
    /// Creates progress that shows nothing.
    pub(crate) const fn none() -> Self {
        Self {
            bar: None,
            total: None,
            read: Cell::new(0),
        }
    }

    /// Shows how much of `size` bytes has been read, if that takes long.
    pub(crate) fn new(what: &str, size: Option<u64>) -> Self {
        Self {
            bar: Bar::new(escape::escaped(what).into_owned(), size),
            total: None,
            read: Cell::new(0),
        }
    }

    /// Adds bytes that were read.
    pub(crate) fn advance(&self, count: u64) {
        if let Some(bar) = self
            .bar
            .as_ref()
            .or_else(|| self.total.as_ref()?.0.bar.as_ref())
        {
            bar.advance(count);
        }
        self.read.set(self.read.get() + count);
    }

    /// Returns the bytes read so far.
    pub(crate) const fn read(&self) -> u64 {
        self.read.get()
    }

    /// Records that this read stops and starts over.
    pub(crate) fn abandon(&self) {
        self.read.set(u64::MAX);
    }

    /// Returns true if nobody waits for the read any more.
    pub(crate) fn is_stopped(&self) -> bool {
        self.total
            .as_ref()
            .is_some_and(|(total, _)| total.stopped.load(Ordering::Relaxed))
    }
}

impl Drop for Progress {
    /// Counts the rest of an ended read as read.
    fn drop(&mut self) {
        if let Some((total, size)) = &self.total
            && let Some(bar) = &total.bar
        {
            bar.bar.inc(size.saturating_sub(self.read.get()));
        }
    }
}

impl Total {
    /// Creates the counter for this many captures and bytes, each read this many times.
    pub(crate) fn new(captures: usize, bytes: u64, passes: u32) -> Arc<Self> {
        let bar = Bar::new(counted(0, captures), Some(bytes * u64::from(passes)));
        Self::with_bar(bar, captures, passes)
    }

    /// The same for a host that asks for the progress.
    pub(crate) fn unseen(captures: usize, bytes: u64, passes: u32) -> Arc<Self> {
        let bar = Bar::unseen(counted(0, captures), Some(bytes * u64::from(passes)));
        Self::with_bar(Some(bar), captures, passes)
    }

    fn with_bar(bar: Option<Bar>, captures: usize, passes: u32) -> Arc<Self> {
        Arc::new(Self {
            bar,
            captures,
            done: AtomicUsize::new(0),
            passes,
            stopped: AtomicBool::new(false),
        })
    }

    /// Returns the bytes read, and the bytes to read, as far as that is known.
    pub(crate) fn read(&self) -> (u64, u64) {
        let length = |bar: &ProgressBar| bar.length().unwrap_or_default();
        self.bar
            .as_ref()
            .map_or((0, 0), |bar| (bar.bar.position(), length(&bar.bar)))
    }

    /// Starts pass number `pass`, from 1, over a capture of the run.
    pub(crate) fn pass(self: &Arc<Self>, size: Option<u64>, pass: u32) -> Progress {
        let size = size.unwrap_or_default();
        if let Some(bar) = self.bar.as_ref().filter(|_| pass > self.passes) {
            bar.bar.inc_length(size);
        }
        Progress {
            bar: None,
            total: Some((Arc::clone(self), size)),
            read: Cell::new(0),
        }
    }

    /// Records that a capture is done.
    pub(crate) fn advance(&self) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        if let Some(bar) = &self.bar {
            bar.bar.set_message(counted(done, self.captures));
        }
    }

    /// Runs something that writes to the terminal without a bar in its way.
    pub(crate) fn aside<R>(&self, act: impl FnOnce() -> R) -> R {
        match &self.bar {
            Some(bar) => bar.bar.suspend(act),
            None => act(),
        }
    }

    /// Ends all reads, because nobody waits for the rest.
    pub(crate) fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }
}

fn counted(done: usize, captures: usize) -> String {
    format!("{done} of {captures} captures")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_asks_how_far_reads_are() {
        let total = Total::unseen(2, 100, 2);
        assert_eq!(total.read(), (0, 200));
        let one = total.pass(Some(60), 1);
        one.advance(25);
        assert_eq!(total.read(), (25, 200));
        drop(one);
        assert_eq!(
            total.read(),
            (60, 200),
            "what was left out is as good as read"
        );
        total.pass(Some(60), 3).advance(60);
        assert_eq!(total.read(), (120, 260), "a pass that nobody counted on");
    }

    #[test]
    fn reads_end_when_nobody_waits() {
        let total = Total::new(2, 100, 1);
        let (one, other) = (total.pass(Some(50), 1), Progress::new("alone", None));
        assert!(!one.is_stopped());
        total.stop();
        assert!(one.is_stopped() && total.pass(None, 2).is_stopped() && !other.is_stopped());
    }
}
