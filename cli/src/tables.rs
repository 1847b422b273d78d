//! Tables in memory, for a host that calls the library: the rows of the program, as columns of one
//! type each.

use std::ffi::OsString;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use clap::Parser;

use crate::args::{self, Cli, Command, Run};
use crate::escape;
use crate::list::columns::{Kept, columns};
use crate::list::quality::{Shape, of_features, of_quality, shape};
use crate::messages::Status;
pub use crate::output::MemoryTable;
use crate::progress::Total;
use crate::rows::{
    Features, ModelledFeatures, ModelledPlayedFeatures, Packets, Playback, PlayedFeatures, Quality,
    Segments, Servers, Sessions,
};

/// The end of a run.
pub struct Outcome {
    /// A capture could not be read, or something was asked that cannot be.
    pub is_failure: bool,
    /// Sentences for the user; the reason, if it failed.
    pub sentences: Vec<String>,
    /// The rows, if any capture could be read.
    pub table: Option<MemoryTable>,
}

/// Tells how far a run is, and ends it, from another thread.
#[derive(Clone, Default)]
pub struct Watch(Arc<Watched>);

#[derive(Default)]
struct Watched {
    is_stopped: AtomicBool,
    total: OnceLock<Arc<Total>>,
}

impl Watch {
    /// Nobody waits for the run any more: it ends soon, and what it returns is not complete.
    pub fn stop(&self) {
        self.0.is_stopped.store(true, Ordering::SeqCst);
        if let Some(total) = self.0.total.get() {
            total.stop();
        }
    }

    /// Returns how many bytes of captures were read, and how many are to be read, as far as that is
    /// known; 0 of 0 before the captures are found. What is read twice counts twice.
    pub fn read(&self) -> (u64, u64) {
        self.0.total.get().map_or((0, 0), |total| total.read())
    }

    fn watch(&self, total: &Arc<Total>) {
        let _ = self.0.total.set(Arc::clone(total));
        // Stopped meanwhile: the second caller sees what the first did.
        if self.0.is_stopped.load(Ordering::SeqCst) {
            total.stop();
        }
    }
}

/// Reads the captures that a command line names, such as `segments --evidence sni -- a.pcap`, and
/// returns their rows.
pub fn read(arguments: &[OsString], watch: &Watch) -> Outcome {
    let kept = kept(arguments, watch).unwrap_or_else(Kept::nothing);
    let escaped = |sentence: String| escape::escaped(&sentence).into_owned();
    Outcome {
        is_failure: kept.status == Status::Failed,
        sentences: kept.sentences.into_iter().map(escaped).collect(),
        table: kept.table,
    }
}

/// Returns the command that words behind the program's name ask for, or a sentence that says what
/// is wrong with them.
fn command(words: &[OsString]) -> Result<Command, String> {
    let program = OsString::from("nflx");
    Cli::try_parse_from(std::iter::once(&program).chain(words))
        .map(|cli| cli.command)
        .map_err(|error| args::sentence(&error.render().to_string()))
}

/// Returns windows, with the columns that the run asks for.
fn of_windows(run: &Run, watch: impl FnOnce(&Arc<Total>)) -> Kept {
    match shape(run) {
        Shape::Plain => columns::<Features>(run, watch),
        Shape::Played => columns::<PlayedFeatures>(run, watch),
        Shape::Modelled => columns::<ModelledFeatures>(run, watch),
        Shape::ModelledPlayed => columns::<ModelledPlayedFeatures>(run, watch),
    }
}

fn kept(arguments: &[OsString], watch: &Watch) -> Result<Kept, String> {
    let watch = |total: &Arc<Total>| watch.watch(total);
    Ok(match command(arguments)? {
        Command::Servers(run) => columns::<Servers>(&run, watch),
        Command::Segments(run) => columns::<Segments>(&run, watch),
        Command::Packets(run) => columns::<Packets>(&run, watch),
        Command::Sessions(run) => columns::<Sessions>(&run, watch),
        Command::Playback(run) => columns::<Playback>(&run.into_run(), watch),
        Command::Features(run) => of_windows(&of_features(run)?, watch),
        Command::Quality(run) => columns::<Quality>(&of_quality(run)?, watch),
        _ => {
            return Err(
                "is none of servers, segments, packets, sessions, playback, features, quality"
                    .to_owned(),
            );
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(arguments: &[&str]) -> Vec<String> {
        let arguments: Vec<_> = arguments.iter().map(OsString::from).collect();
        let outcome = read(&arguments, &Watch::default());
        assert!(outcome.is_failure && outcome.table.is_none());
        outcome.sentences
    }

    #[test]
    fn mistakes_are_sentences() {
        assert_eq!(
            said(&["segments", "nowhere\n.pcap"]),
            ["nowhere\\n.pcap: no such file"]
        );
        let mistakes: [(&[&str], &str); 5] = [
            (&["settings"], "is none of servers"),
            (
                &["segments", "-o", "a.csv", "a.pcap"],
                "rows stay in memory",
            ),
            (&["segments", "--live", "a.pcap"], "--live is for"),
            (
                &["segments", "--prefixes=1.2.3.4/33", "a.pcap"],
                "does not fit prefixes",
            ),
            (
                &["segments", "--nothing"],
                "unexpected argument '--nothing'",
            ),
        ];
        for (arguments, sentence) in mistakes {
            let said = said(arguments);
            assert!(said.len() == 1 && said[0].contains(sentence), "{said:?}");
        }
    }

    #[test]
    fn a_run_is_stopped_before_and_after_it_begins() {
        let (early, late) = (Watch::default(), Watch::default());
        let total = Total::unseen(1, 7, 1);
        early.stop();
        assert_eq!(early.read(), (0, 0));
        early.watch(&total);
        assert!(total.pass(None, 1).is_stopped() && early.read() == (0, 7));
        let total = Total::unseen(1, 7, 1);
        late.watch(&total);
        assert!(!total.pass(None, 1).is_stopped());
        late.stop();
        assert!(total.pass(None, 1).is_stopped());
    }
}
