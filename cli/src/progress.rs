//! A progress bar for reads that take a while, on terminals only.

use std::cell::Cell;
use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Reads that are done by then show nothing.
const PATIENCE: Duration = Duration::from_millis(700);

/// How far a read is.
pub(crate) struct Progress {
    bar: Option<ProgressBar>,
    started: Instant,
    shown: Cell<bool>,
}

impl Progress {
    /// Shows nothing.
    pub(crate) fn none() -> Self {
        Self { bar: None, started: Instant::now(), shown: Cell::new(false) }
    }

    /// Shows how much of `size` bytes has been read if that takes long and someone is there to see it.
    pub(crate) fn new(what: &str, size: Option<u64>) -> Self {
        if !std::io::stderr().is_terminal() {
            return Self::none();
        }
        let bar = ProgressBar::with_draw_target(size, ProgressDrawTarget::hidden()).with_message(what.to_owned());
        let template = if size.is_some() {
            "{msg} [{bar:30}] {decimal_bytes}/{decimal_total_bytes} {decimal_bytes_per_sec}, {eta} left"
        } else {
            "{msg} {spinner} {decimal_bytes} {decimal_bytes_per_sec}"
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("=> "));
        }
        Self { bar: Some(bar), started: Instant::now(), shown: Cell::new(false) }
    }

    /// So many more bytes have been read.
    pub(crate) fn advance(&self, count: u64) {
        let Some(bar) = &self.bar else { return };
        bar.inc(count);
        if !self.shown.get() && self.started.elapsed() >= PATIENCE {
            self.shown.set(true);
            bar.set_draw_target(ProgressDrawTarget::stderr());
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
