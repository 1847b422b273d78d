//! Where rows go: a file, a terminal or a program that reads them.

use std::io;

use crate::args::Output;
use crate::messages::{Status, reason, say};
use crate::output::{Format, Sink};

/// Opens the output, has it written, and keeps it if `write` says that there is something to keep.
pub(crate) fn write_to(
    output: &Output,
    write: impl FnOnce(&mut Sink, Format) -> io::Result<(Status, bool)>,
) -> Status {
    let written = Sink::open(output.output.as_deref()).and_then(|mut sink| {
        let default = if sink.is_terminal() {
            Format::Table
        } else {
            Format::Jsonl
        };
        let named = || output.output.as_deref().and_then(Format::of_name);
        let format = output.format.or_else(named).unwrap_or(default);
        if format == Format::Parquet && sink.is_terminal() {
            say(
                "Parquet is not for terminals; name a file with -o or send the output to a program",
            );
            return Ok(Status::Failed);
        }
        let (status, keep) = write(&mut sink, format)?;
        if keep {
            sink.keep()?;
        }
        Ok(status)
    });
    match written {
        Ok(status) => status,
        // Whoever reads our output has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Status::Done,
        Err(error) => {
            let place = output
                .output
                .as_deref()
                .map_or("standard output".into(), |path| path.display().to_string());
            say(&format!("{place}: cannot be written: {}", reason(&error)));
            Status::Failed
        }
    }
}
