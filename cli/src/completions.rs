//! `nflx completions`: completions of commands and options for a shell.

use std::io::Write;

use clap::CommandFactory;

use crate::args::{Cli, Completions};
use crate::messages::{Status, unwritten};
use crate::output::Sink;

/// Writes the completions to standard output.
pub(crate) fn run(completions: &Completions) -> Status {
    let mut script = Vec::new();
    clap_complete::generate(completions.shell, &mut Cli::command(), "nflx", &mut script);
    let written = Sink::open(None).and_then(|mut sink| {
        sink.write_all(&script)?;
        sink.keep()
    });
    match written {
        Ok(()) => Status::Done,
        Err(error) => unwritten(None, &error),
    }
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;
    use clap_complete::Shell;

    use super::*;

    #[test]
    fn every_shell_learns_every_command() {
        for shell in Shell::value_variants() {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Cli::command(), "nflx", &mut script);
            let script = String::from_utf8(script).expect("UTF-8");
            for word in ["segments", "annotate", "no-join", "partition"] {
                assert!(script.contains(word), "{shell}: {word}");
            }
        }
    }
}
