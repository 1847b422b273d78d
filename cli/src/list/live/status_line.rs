//! A line for people while rows go elsewhere: packets, rate, tables, losses.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use nflx_core::Engine;

use super::files::Files;
use crate::output::{scaled, thousands};

/// Time between two changes.
const SECOND: Duration = Duration::from_secs(1);

/// The line, if there is a terminal to show it.
pub(super) struct StatusLine(Option<Line>);

struct Line {
    bar: ProgressBar,
    shown: Instant,
    packets: u64,
}

impl StatusLine {
    /// No line is shown if rows go to the same terminal.
    pub(super) fn new(files: &Files<'_>) -> Self {
        let is_free = files.are_many() || !std::io::stdout().is_terminal();
        let line = (is_free && std::io::stderr().is_terminal()).then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            if let Ok(style) = ProgressStyle::with_template("{msg}") {
                bar.set_style(style);
            }
            Line {
                bar,
                shown: Instant::now(),
                packets: 0,
            }
        });
        Self(line)
    }

    /// Updates the line once a second.
    #[inline]
    pub(super) fn show(&mut self, engine: &Engine) {
        if let Some(line) = &mut self.0 {
            let since = line.shown.elapsed();
            if since >= SECOND {
                line.renew(engine, since);
            }
        }
    }
}

impl Line {
    fn renew(&mut self, engine: &Engine, since: Duration) {
        self.bar.set_message(text(engine, self.packets, since));
        self.bar.tick();
        (self.shown, self.packets) = (Instant::now(), engine.stats().packets);
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

fn text(engine: &Engine, packets_before: u64, since: Duration) -> String {
    let stats = engine.stats();
    let rate = (stats.packets - packets_before) as f64 / since.as_secs_f64();
    let lost = match stats.lost() + stats.settled_lost {
        0 => "nothing lost".to_owned(),
        lost => format!("{} evicted or dropped", thousands(lost)),
    };
    format!(
        "{} packets, {}; {} flows, {} servers, {} segments; {lost}",
        thousands(stats.packets),
        scaled(rate, "packets/s"),
        thousands(stats.flows),
        engine.server_count(),
        thousands(engine.segment_numbers().end.saturating_sub(1).into()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_what_there_is() {
        let engine = Engine::new(nflx_core::Config::default());
        assert_eq!(
            text(&engine, 0, SECOND),
            "0 packets, 0 packets/s; 0 flows, 0 servers, 0 segments; nothing lost"
        );
    }
}
