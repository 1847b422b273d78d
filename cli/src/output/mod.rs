//! Where rows go, and in which format.

mod batch;
mod parquet;
mod sink;
mod table;
mod text;

use std::io::{self, Write};
use std::path::Path;

use clap::ValueEnum;

pub(crate) use sink::Sink;

use crate::rows::{Rows, Value};
use parquet::Parquet;
use table::Table;

/// How rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people: the most telling columns, aligned, in handy units
    Table,
    /// One JSON object a line, every column
    Jsonl,
    /// Comma-separated values with a header line, every column
    Csv,
    /// Apache Parquet, every column with its type, unit and meaning
    Parquet,
}

impl Format {
    /// What the ending of an output's name asks for.
    pub(crate) fn of_name(path: &Path) -> Option<Self> {
        let ending = path.extension()?.to_str()?;
        let endings = [("jsonl", Self::Jsonl), ("ndjson", Self::Jsonl), ("csv", Self::Csv), ("parquet", Self::Parquet)];
        endings.into_iter().find(|(known, _)| ending.eq_ignore_ascii_case(known)).map(|(_, format)| format)
    }
}

/// Writes rows of one type.
pub(crate) struct Writer<'s, T: Rows> {
    form: Form<'s, T>,
}

enum Form<'s, T: Rows> {
    Table(Table<'s>),
    Jsonl(&'s mut Sink, Vec<u8>),
    Csv(Box<csv::Writer<&'s mut Sink>>, Vec<u8>),
    Parquet(Box<Parquet<&'s mut Sink, T>>),
}

impl<'s, T: Rows> Writer<'s, T> {
    /// Begins the output. Tables name the capture in each row where there are `several`.
    pub(crate) fn new(format: Format, sink: &'s mut Sink, several: bool) -> io::Result<Self> {
        let form = match format {
            Format::Table => Form::Table(Table::new::<T>(sink, several)),
            Format::Jsonl => Form::Jsonl(sink, Vec::new()),
            Format::Csv => {
                let mut writer = csv::Writer::from_writer(sink);
                writer.write_record(T::COLUMNS.iter().map(|column| column.key)).map_err(io_error)?;
                Form::Csv(Box::new(writer), Vec::new())
            }
            Format::Parquet => Form::Parquet(Box::new(Parquet::new(sink)?)),
        };
        Ok(Self { form })
    }

    /// Writes one row.
    pub(crate) fn row(&mut self, row: &T::Row<'_>) -> io::Result<()> {
        debug_assert!(T::COLUMNS.iter().all(|column| column.kind.takes(&(column.value)(row))), "as declared");
        match &mut self.form {
            Form::Table(table) => table.row::<T>(row),
            Form::Jsonl(sink, line) => {
                line.clear();
                for column in T::COLUMNS {
                    line.extend_from_slice(if line.is_empty() { b"{\"" } else { b",\"" });
                    line.extend_from_slice(column.key.as_bytes());
                    line.extend_from_slice(b"\":");
                    text::json(&(column.value)(row), line)?;
                }
                line.extend_from_slice(b"}\n");
                sink.write_all(line)
            }
            Form::Csv(writer, field) => {
                for column in T::COLUMNS {
                    field.clear();
                    text::plain(&(column.value)(row), field)?;
                    writer.write_field(&*field).map_err(io_error)?;
                }
                writer.write_record(None::<&[u8]>).map_err(io_error)
            }
            Form::Parquet(parquet) => parquet.row(row),
        }
    }

    /// Writes what is held back.
    pub(crate) fn finish(self) -> io::Result<()> {
        match self.form {
            Form::Table(table) => table.finish(),
            Form::Jsonl(sink, _) => sink.flush(),
            Form::Csv(writer, _) => writer.into_inner().map_err(csv::IntoInnerError::into_error)?.flush(),
            Form::Parquet(parquet) => parquet.finish(),
        }
    }
}

/// The error itself: `csv` wraps it in one of no particular kind.
fn io_error(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        kind => io::Error::other(format!("{kind:?}")),
    }
}
