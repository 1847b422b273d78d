//! Destinations and formats of rows.

mod builders;
mod memory;
mod metadata;
mod parquet;
mod part;
mod partition;
mod sink;
mod table;
mod temporary;
mod text;

use std::io::{self, Write};
use std::path::Path;

use arrow_array::RecordBatch;
use clap::ValueEnum;
use memory::MemoryRows;
pub use memory::MemoryTable;
use parquet::Parquet;
pub(crate) use part::Part;
use part::Spool;
pub(crate) use partition::{PARTITION, folder};
pub(crate) use sink::{Sink, stdout_is_closed};
use table::Table;
pub(crate) use table::{scaled, thousands};

use crate::rows::{Rows, Value};

/// Formats of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people: the most useful columns, aligned, in handy units
    Table,
    /// One JSON object per line, every column
    Jsonl,
    /// Comma-separated values with a header line, every column
    Csv,
    /// Apache Parquet, every column with its type, unit and meaning
    Parquet,
    /// For playback: one JSON object per session, the input of ITU-T P.1203
    #[value(hide = true)]
    P1203,
}

impl Format {
    /// Returns the format for the extension of an output's name.
    pub(crate) fn of_name(path: &Path) -> Option<Self> {
        let ending = path.extension()?.to_str()?;
        let endings = [
            ("jsonl", Self::Jsonl),
            ("ndjson", Self::Jsonl),
            ("csv", Self::Csv),
            ("parquet", Self::Parquet),
        ];
        endings
            .into_iter()
            .find(|(known, _)| ending.eq_ignore_ascii_case(known))
            .map(|(_, format)| format)
    }
}

/// Writes rows of one type.
pub(crate) struct Writer<'s, T: Rows> {
    form: Form<'s, T>,
}

enum Form<'s, T: Rows> {
    Table(Table<'s>),
    /// Cells of a table, not laid out yet.
    Cells(Box<csv::Writer<Spool>>),
    Jsonl(Place<'s>, Vec<u8>),
    Csv {
        place: Place<'s>,
        line: Vec<u8>,
        watched: bool,
    },
    Parquet(Box<Parquet<&'s mut Sink, T>>),
    /// A part of a Parquet file.
    Groups(Box<Parquet<Spool, T>>),
    /// Columns that stay in memory.
    Columns(MemoryRows<T>),
}

/// The destination of text.
enum Place<'s> {
    Sink(&'s mut Sink),
    Spool(Spool),
}

impl Write for Place<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Sink(sink) => sink.write(bytes),
            Self::Spool(spool) => spool.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Sink(sink) => sink.flush(),
            Self::Spool(spool) => spool.flush(),
        }
    }
}

impl<'s, T: Rows> Writer<'s, T> {
    /// Starts the output. Tables name the capture in each row if there are `several`.
    pub(crate) fn new(format: Format, sink: &'s mut Sink, several: bool) -> io::Result<Self> {
        let form = match format {
            Format::Table => Form::Table(Table::new::<T>(sink, several)),
            Format::Jsonl | Format::P1203 => Form::Jsonl(Place::Sink(sink), Vec::new()),
            Format::Csv => {
                let keys: Vec<_> = T::COLUMNS.iter().map(|column| column.key).collect();
                let watched = sink.is_terminal();
                writeln!(sink, "{}", keys.join(","))?;
                Form::Csv {
                    place: Place::Sink(sink),
                    line: Vec::new(),
                    watched,
                }
            }
            Format::Parquet => Form::Parquet(Box::new(Parquet::new(sink, |_| true)?)),
        };
        Ok(Self { form })
    }

    /// Starts a Parquet file whose folder names the capture, so that rows do not.
    pub(crate) fn of_partition(sink: &'s mut Sink) -> io::Result<Self> {
        Ok(Self {
            form: Form::Parquet(Box::new(Parquet::new(sink, |column| {
                column.key != PARTITION
            })?)),
        })
    }

    /// Writes one row.
    pub(crate) fn row(&mut self, row: &T::Row<'_>) -> io::Result<()> {
        debug_assert!(
            T::COLUMNS
                .iter()
                .all(|column| column.kind.takes(&(column.value)(row))),
            "as declared"
        );
        match &mut self.form {
            Form::Table(table) => table.row::<T>(row),
            Form::Cells(cells) => cells
                .write_record(table::cells::<T>(row, true))
                .map_err(io_error),
            Form::Jsonl(place, line) => {
                line.clear();
                for column in T::COLUMNS {
                    line.extend_from_slice(if line.is_empty() { b"{\"" } else { b",\"" });
                    line.extend_from_slice(column.key.as_bytes());
                    line.extend_from_slice(b"\":");
                    text::json(&(column.value)(row), line)?;
                }
                line.extend_from_slice(b"}\n");
                place.write_all(line)
            }
            Form::Csv {
                place,
                line,
                watched,
            } => {
                line.clear();
                for (index, column) in T::COLUMNS.iter().enumerate() {
                    if index > 0 {
                        line.push(b',');
                    }
                    text::csv(&(column.value)(row), *watched, line)?;
                }
                line.push(b'\n');
                place.write_all(line)
            }
            Form::Parquet(parquet) => parquet.row(row),
            Form::Groups(parquet) => parquet.row(row),
            Form::Columns(columns) => columns.row(row),
        }
    }

    /// Passes the lines written so far on to a waiting reader.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        match &mut self.form {
            Form::Jsonl(place, _) | Form::Csv { place, .. } => place.flush(),
            // These are written as a whole.
            Form::Table(_)
            | Form::Cells(_)
            | Form::Parquet(_)
            | Form::Groups(_)
            | Form::Columns(_) => Ok(()),
        }
    }

    /// Writes the rows of a part, which has the same format.
    pub(crate) fn append(&mut self, part: Part) -> io::Result<()> {
        match (&mut self.form, part) {
            (Form::Table(table), Part::Cells(cells)) => {
                let mut cells = csv::ReaderBuilder::new()
                    .has_headers(false)
                    .from_reader(cells.rewound()?);
                cells.records().try_for_each(|record| {
                    let record = record.map_err(io_error)?;
                    table.cells(record.iter().map(str::to_owned).collect())
                })
            }
            (Form::Jsonl(place, _) | Form::Csv { place, .. }, Part::Lines(lines)) => {
                io::copy(&mut lines.rewound()?, place).map(drop)
            }
            (Form::Parquet(parquet), Part::Groups(groups)) => parquet.append(groups),
            _ => Err(io::Error::other("rows of another format")),
        }
    }

    /// Writes what is held back.
    pub(crate) fn finish(self) -> io::Result<()> {
        match self.form {
            Form::Table(table) => table.finish(),
            Form::Cells(mut cells) => cells.flush(),
            Form::Jsonl(mut place, _) | Form::Csv { mut place, .. } => place.flush(),
            Form::Parquet(parquet) => parquet.finish(),
            Form::Groups(parquet) => parquet.finish(),
            Form::Columns(_) => Ok(()),
        }
    }
}

impl<T: Rows> Writer<'static, T> {
    /// Starts a part of the output: the rows of one capture among several; `watched` if they go to
    /// a terminal.
    pub(crate) fn of_part(format: Format, watched: bool) -> io::Result<Self> {
        let form = match format {
            Format::Table => Form::Cells(Box::new(csv::Writer::from_writer(Spool::new()))),
            Format::Jsonl | Format::P1203 => Form::Jsonl(Place::Spool(Spool::new()), Vec::new()),
            Format::Csv => Form::Csv {
                place: Place::Spool(Spool::new()),
                line: Vec::new(),
                watched,
            },
            Format::Parquet => Form::Groups(Box::new(Parquet::of_part()?)),
        };
        Ok(Self { form })
    }

    /// Starts rows that stay in memory.
    pub(crate) fn of_columns() -> Self {
        Self {
            form: Form::Columns(MemoryRows::new()),
        }
    }

    /// Returns the rows of [`Writer::of_columns`].
    pub(crate) fn into_batches(self) -> io::Result<Vec<RecordBatch>> {
        match self.form {
            Form::Columns(columns) => columns.into_batches(),
            _ => Err(io::Error::other("no columns")),
        }
    }

    /// Returns the rows, for [`Writer::append`].
    pub(crate) fn into_part(self) -> io::Result<Part> {
        match self.form {
            Form::Cells(cells) => cells
                .into_inner()
                .map(Part::Cells)
                .map_err(|error| error.into_error()),
            Form::Jsonl(Place::Spool(spool), _)
            | Form::Csv {
                place: Place::Spool(spool),
                ..
            } => Ok(Part::Lines(spool)),
            Form::Groups(parquet) => parquet.into_groups().map(Part::Groups),
            Form::Table(_)
            | Form::Jsonl(..)
            | Form::Csv { .. }
            | Form::Parquet(_)
            | Form::Columns(_) => Err(io::Error::other("no part")),
        }
    }
}

/// Returns the I/O error itself: `csv` wraps it in one of no particular kind.
fn io_error(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        kind => io::Error::other(format!("{kind:?}")),
    }
}
