//! Destinations of rows: a file, a terminal or a program that reads them.

use std::io;

use crate::args::Output;
use crate::messages::{Status, say, unwritten};
use crate::output::{Format, Sink};

/// Opens the output, calls `write`, and keeps the output if `write` returns that there is something
/// to keep.
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
    written.unwrap_or_else(|error| unwritten(output.output.as_deref(), &error))
}
