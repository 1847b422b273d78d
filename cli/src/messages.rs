//! Sentences for people on standard error, and the exit status.

use std::io::{self, Write};
use std::path::Path;

use crate::escape;
use crate::identity::Identity;

/// The result of a run: its exit status. The worst of several captures counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Status {
    Done = 0,
    Damaged = 1,
    Failed = 2,
}

/// Prints a sentence on standard error, which may be closed. Names in it come from strangers: they
/// can neither control a terminal nor add a second sentence.
pub(crate) fn say(sentence: &str) {
    let _ = writeln!(io::stderr(), "nflx: {}", escape::escaped(sentence));
}

/// Returns a system error in words, without its number.
pub(crate) fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error")
        .next()
        .unwrap_or_default()
        .to_owned()
}

/// Returns an input's name in messages.
pub(crate) fn name(file: &Path) -> String {
    if file.as_os_str() == "-" {
        "standard input".to_owned()
    } else {
        escape::path(file)
    }
}

/// Returns an output's name in messages; no file is standard output.
pub(crate) fn output_name(file: Option<&Path>) -> String {
    file.filter(|file| file.as_os_str() != "-")
        .map_or_else(|| "standard output".to_owned(), escape::path)
}

/// Prints an error and returns true if `output` is a file that is read: opening it for writing
/// would destroy it.
pub(crate) fn would_be_lost<'a>(
    output: Option<&Path>,
    mut inputs: impl Iterator<Item = &'a Path>,
) -> bool {
    let Some(identity) = Identity::of_output(output) else {
        return false;
    };
    let lost = inputs.any(|input| Identity::of_input(input) == Some(identity));
    if lost {
        say(&format!(
            "{}: is one of the captures and would be lost; name another output",
            output_name(output)
        ));
    }
    lost
}

/// Prints why an output cannot be written. A reader that has seen enough is not a failure.
pub(crate) fn unwritten(output: Option<&Path>, error: &io::Error) -> Status {
    if error.kind() == io::ErrorKind::BrokenPipe {
        return Status::Done;
    }
    say(&format!(
        "{}: cannot be written: {}",
        output_name(output),
        reason(error)
    ));
    Status::Failed
}

/// Remarks for the user about a capture, besides its rows.
pub(crate) struct Remarks {
    pub(crate) status: Status,
    /// One sentence each.
    pub(crate) sentences: Vec<String>,
}

impl Remarks {
    pub(crate) fn say(&self) {
        self.sentences.iter().for_each(|sentence| say(sentence));
    }
}

pub(crate) fn mistake(error: &nflx_core::config::ConfigError) -> Status {
    say(&error.to_string());
    Status::Failed
}
