//! Apache Parquet: typed columns, compressed, with statistics, for programs that read whole tables.
//!
//! Specification: parquet-format 2.x. Every column may be null, and its type never depends on the values: whole numbers
//! are INT64, times TIMESTAMP(NANOS, UTC), time spans DOUBLE seconds, several words or numbers LIST. Encodings are those that all
//! current readers know: DELTA_BINARY_PACKED for numbers that grow, dictionaries for texts, PLAIN for the rest.

mod schema;
mod texts;

use std::io::{self, Write};
use std::sync::Arc;

use parquet::column::writer::{ColumnCloseResult, ColumnWriter};
use parquet::errors::ParquetError;
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use texts::Chunk;

use super::batch::{Batch, PRESENT, Values};
use super::part::{Groups, Spool, Spooled};
use crate::rows::{Column, Rows};

/// Cells of a row group: what is held until it is written. With the columns of packets, some 90,000 rows.
const ROW_GROUP_CELLS: usize = 2 << 20;

/// Writes a Parquet file.
pub(super) struct Parquet<W: Write + Send, T: Rows> {
    file: SerializedFileWriter<W>,
    columns: Vec<&'static Column<T>>,
    batch: Batch,
    /// Rows of a row group.
    limit: usize,
    /// As many levels as a batch has rows, for columns whose values are all there.
    all_present: Vec<i16>,
}

impl<W: Write + Send, T: Rows> Parquet<W, T> {
    /// Begins the file; only with the columns that are `wanted`.
    pub(super) fn new(sink: W, wanted: impl Fn(&Column<T>) -> bool) -> io::Result<Self> {
        let columns: Vec<_> = T::COLUMNS.iter().filter(|column| wanted(column)).collect();
        let schema = schema::schema(&columns).map_err(io_error)?;
        let properties = Arc::new(schema::properties(&columns));
        let file = SerializedFileWriter::new(sink, schema, properties).map_err(io_error)?;
        let batch = Batch::new(columns.iter().map(|column| column.kind));
        let limit = ROW_GROUP_CELLS / columns.len().max(1);
        Ok(Self {
            file,
            columns,
            batch,
            limit,
            all_present: Vec::new(),
        })
    }

    /// Writes one row.
    pub(super) fn row(&mut self, row: &T::Row<'_>) -> io::Result<()> {
        self.batch
            .push(self.columns.iter().map(|column| (column.value)(row)));
        if self.batch.rows >= self.limit {
            self.flush()
        } else {
            Ok(())
        }
    }

    /// Writes what is held back and the end of the file.
    pub(super) fn finish(mut self) -> io::Result<()> {
        self.flush()?;
        self.file.into_inner().map_err(io_error)?.flush()
    }

    /// Writes the rows of a part.
    pub(super) fn append(&mut self, part: &Groups) -> io::Result<()> {
        if !part.written.is_empty() {
            self.flush()?;
        }
        for group in &part.written {
            copy(&mut self.file, group, &part.bytes).map_err(io_error)?;
        }
        self.batch.append(&part.rest);
        if self.batch.rows >= self.limit {
            self.flush()
        } else {
            Ok(())
        }
    }

    /// Writes the rows so far as a row group.
    fn flush(&mut self) -> io::Result<()> {
        if self.batch.rows > 0 {
            self.all_present.resize(self.batch.rows, PRESENT);
            row_group(&mut self.file, &self.batch, &self.all_present).map_err(io_error)?;
            self.batch.clear();
        }
        Ok(())
    }
}

impl<T: Rows> Parquet<Spool, T> {
    /// The bytes written, for [`Parquet::append`].
    pub(super) fn into_groups(self) -> io::Result<Groups> {
        let written = self.file.flushed_row_groups().to_vec();
        let bytes = self.file.into_inner().map_err(io_error)?.spooled();
        Ok(Groups {
            written,
            bytes,
            rest: self.batch,
        })
    }
}

/// Copies a row group as it is.
fn copy<W: Write + Send>(
    file: &mut SerializedFileWriter<W>,
    group: &RowGroupMetaData,
    bytes: &Spooled,
) -> Result<(), ParquetError> {
    let mut copy = file.next_row_group()?;
    for column in group.columns() {
        let close = ColumnCloseResult {
            bytes_written: column.compressed_size().try_into()?,
            rows_written: group.num_rows().try_into()?,
            metadata: column.clone(),
            bloom_filter: None,
            column_index: None,
            offset_index: None,
        };
        copy.append_column(bytes, close)?;
    }
    copy.close().map(drop)
}

fn row_group<W: Write + Send>(
    file: &mut SerializedFileWriter<W>,
    batch: &Batch,
    all_present: &[i16],
) -> Result<(), ParquetError> {
    let descriptors = file.schema_descr().columns().to_vec();
    let properties = file.properties().clone();
    let mut group = file.next_row_group()?;
    for (column, descriptor) in batch.columns.iter().zip(&descriptors) {
        let presence = column.presence().unwrap_or(all_present);
        let chunk = |texts, repetition| Chunk {
            descriptor,
            properties: &properties,
            presence,
            repetition,
            texts,
        };
        match &column.values {
            Values::Texts(texts) => chunk(texts, None).write(&mut group)?,
            Values::Words(repetition, texts) => chunk(texts, Some(repetition)).write(&mut group)?,
            values => others(&mut group, presence, values)?,
        }
    }
    group.close().map(drop)
}

/// Writes values that are no texts as the next column.
fn others<W: Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    presence: &[i16],
    values: &Values,
) -> Result<(), ParquetError> {
    let Some(mut writer) = group.next_column()? else {
        return Ok(());
    };
    match (writer.untyped(), values) {
        (ColumnWriter::BoolColumnWriter(writer), Values::Bools(values)) => {
            writer.write_batch(values, Some(presence), None)?;
        }
        (ColumnWriter::Int64ColumnWriter(writer), Values::Integers(values)) => {
            writer.write_batch(values, Some(presence), None)?;
        }
        (ColumnWriter::DoubleColumnWriter(writer), Values::Floats(values)) => {
            writer.write_batch(values, Some(presence), None)?;
        }
        (ColumnWriter::DoubleColumnWriter(writer), Values::FloatLists(repetition, values)) => {
            writer.write_batch(values, Some(presence), Some(repetition))?;
        }
        _ => {
            return Err(ParquetError::General(
                "a column has another type than its schema".to_owned(),
            ));
        }
    }
    writer.close()
}

/// The error of the output, where it is one.
fn io_error(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(error) => error
            .downcast()
            .map_or_else(io::Error::other, |error| *error),
        error => io::Error::other(error),
    }
}
