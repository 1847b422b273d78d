//! Sentences for people on standard error, and the exit status.

use std::io::{self, Write};
use std::path::Path;

/// How a run went: its exit status. The worst of several captures counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Status {
    Done = 0,
    Damaged = 1,
    Failed = 2,
}

/// Says a sentence on standard error, which may be closed.
pub(crate) fn say(sentence: &str) {
    let _ = writeln!(io::stderr(), "nflx: {sentence}");
}

/// An error of the system in its words, without its number.
pub(crate) fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error")
        .next()
        .unwrap_or_default()
        .to_owned()
}

/// What messages call an input.
pub(crate) fn name(file: &Path) -> String {
    if file.as_os_str() == "-" {
        "standard input".to_owned()
    } else {
        file.display().to_string()
    }
}

/// Whether a regular file is among others, by whatever name.
pub(crate) fn is_one_of<'a>(file: &Path, mut others: impl Iterator<Item = &'a Path>) -> bool {
    let identity = |path: &Path| path.canonicalize().ok().filter(|path| path.is_file());
    identity(file).is_some_and(|file| others.any(|other| identity(other).as_ref() == Some(&file)))
}

/// What the user should know about a capture besides its rows.
pub(crate) struct Remarks {
    pub(crate) status: Status,
    /// One each.
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
