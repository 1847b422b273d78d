//! Apache Parquet: typed columns, compressed, with statistics, for programs that read whole tables.
//!
//! Specification: parquet-format 2.x. Every column may be null, and its type never depends on the
//! values: whole numbers are INT64, times TIMESTAMP(NANOS, UTC), time spans DOUBLE seconds, several
//! words or numbers LIST. All current readers know the encodings used: DELTA_BINARY_PACKED for
//! numbers that grow, dictionaries for texts, PLAIN for the rest.

mod encoder;
mod properties;

use std::io::{self, Write};
use std::sync::Arc;

use arrow_array::RecordBatch;
use parquet::arrow::ArrowSchemaConverter;
use parquet::arrow::arrow_writer::ArrowRowGroupWriterFactory;
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::ParquetError;
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::writer::SerializedFileWriter;

use self::encoder::Encoder;
use super::builders::Builders;
use super::part::{Groups, Spool, Spooled};
use crate::rows::{Column, Rows};

/// Cells of a row group, whose encoded columns are held until it is written. With the columns of
/// packets, about 90,000 rows.
const ROW_GROUP_CELLS: usize = 2 << 20;

/// Cells that are encoded at a time: few enough to stay in the processor's cache.
const BATCH_CELLS: usize = 1 << 16;

/// Writes a Parquet file.
pub(super) struct Parquet<W: Write + Send, T: Rows> {
    builders: Builders<T>,
    file: RowGroups<W>,
    /// Rows of a part that may still share a row group with others.
    waiting: Option<Vec<RecordBatch>>,
    waiting_rows: usize,
}

/// The row groups of the file.
struct RowGroups<W: Write + Send> {
    writer: SerializedFileWriter<W>,
    factory: ArrowRowGroupWriterFactory,
    /// Encodes the current row group.
    group: Option<Encoder>,
    rows: usize,
}

impl<W: Write + Send, T: Rows> Parquet<W, T> {
    /// Starts the file, with the columns that are `wanted`.
    pub(super) fn new(sink: W, wanted: impl Fn(&Column<T>) -> bool) -> io::Result<Self> {
        let builders = Builders::new(T::COLUMNS.iter().filter(|column| wanted(column)).collect());
        let file = RowGroups::new(sink, &builders).map_err(io_error)?;
        Ok(Self {
            builders,
            file,
            waiting: None,
            waiting_rows: 0,
        })
    }

    /// Writes one row.
    pub(super) fn row(&mut self, row: &T::Row<'_>) -> io::Result<()> {
        if self.builders.push(row, BATCH_CELLS) {
            self.batch()?;
        }
        Ok(())
    }

    /// Writes what is held back, and the end of the file.
    pub(super) fn finish(mut self) -> io::Result<()> {
        self.batch()?;
        self.file.end_group().map_err(io_error)?;
        self.file.writer.into_inner().map_err(io_error)?.flush()
    }

    /// Writes the rows of a part.
    pub(super) fn append(&mut self, part: Groups) -> io::Result<()> {
        self.batch()?;
        self.file.append(&part).map_err(io_error)?;
        part.rest.into_iter().try_for_each(|batch| self.take(batch))
    }

    /// Passes on the rows in the builders.
    fn batch(&mut self) -> io::Result<()> {
        let batch = self.builders.finish().map_err(io::Error::other)?;
        batch.map_or(Ok(()), |batch| self.take(batch))
    }

    /// Encodes rows. Those of a part wait until they fill a row group, so that captures with few
    /// rows share one.
    fn take(&mut self, batch: RecordBatch) -> io::Result<()> {
        let limit = ROW_GROUP_CELLS / self.builders.columns().len();
        let Some(waiting) = &mut self.waiting else {
            return self.file.write(batch, limit).map_err(io_error);
        };
        self.waiting_rows += batch.num_rows();
        waiting.push(batch);
        if self.waiting_rows >= limit {
            self.waiting_rows = 0;
            let mut waiting = waiting.drain(..);
            waiting
                .try_for_each(|batch| self.file.write(batch, limit))
                .map_err(io_error)?;
        }
        Ok(())
    }
}

impl<T: Rows> Parquet<Spool, T> {
    /// Starts a part of a file.
    pub(super) fn of_part() -> io::Result<Self> {
        let mut part = Self::new(Spool::new(), |_| true)?;
        part.waiting = Some(Vec::new());
        Ok(part)
    }

    /// Returns the bytes written, for [`Parquet::append`].
    pub(super) fn into_groups(mut self) -> io::Result<Groups> {
        self.batch()?;
        let written = self.file.writer.flushed_row_groups().to_vec();
        let bytes = self.file.writer.into_inner().map_err(io_error)?.spooled();
        Ok(Groups {
            written,
            bytes,
            rest: self.waiting.unwrap_or_default(),
        })
    }
}

impl<W: Write + Send> RowGroups<W> {
    fn new<T: Rows>(sink: W, builders: &Builders<T>) -> Result<Self, ParquetError> {
        let schema = builders.schema();
        let converter = ArrowSchemaConverter::new().schema_root(T::NAME);
        let root = converter.convert(schema)?.root_schema_ptr();
        let properties = Arc::new(properties::properties(builders.columns()));
        let writer = SerializedFileWriter::new(sink, root, properties)?;
        Ok(Self {
            factory: ArrowRowGroupWriterFactory::new(&writer, Arc::clone(schema)),
            writer,
            group: None,
            rows: 0,
        })
    }

    /// Writes rows, and ends the row group once it reaches its `limit`.
    fn write(&mut self, batch: RecordBatch, limit: usize) -> Result<(), ParquetError> {
        self.rows += batch.num_rows();
        let group = match &mut self.group {
            Some(group) => group,
            none => {
                let at = self.writer.flushed_row_groups().len();
                let columns = self.factory.create_column_writers(at)?;
                none.insert(Encoder::start(columns)?)
            }
        };
        if !group.take(batch) || self.rows >= limit {
            return self.end_group();
        }
        Ok(())
    }

    /// Writes the current row group, if any.
    fn end_group(&mut self) -> Result<(), ParquetError> {
        self.rows = 0;
        let Some(encoder) = self.group.take() else {
            return Ok(());
        };
        let mut group = self.writer.next_row_group()?;
        for column in encoder.finish()? {
            column.append_to_row_group(&mut group)?;
        }
        group.close().map(drop)
    }

    /// Copies the row groups of a part unchanged.
    fn append(&mut self, part: &Groups) -> Result<(), ParquetError> {
        if !part.written.is_empty() {
            self.end_group()?;
        }
        let mut groups = part.written.iter();
        groups.try_for_each(|group| copy(&mut self.writer, group, &part.bytes))
    }
}

/// Copies a row group unchanged.
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

/// Returns the error of the output, if it is one.
fn io_error(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(error) => error
            .downcast()
            .map_or_else(io::Error::other, |error| *error),
        error => io::Error::other(error),
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use nflx_core::Time;
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::schema::printer::print_schema;

    use super::*;
    use crate::rows::{Type, Value};

    /// Rows that consist of a number, from which all values are made.
    struct Fake;

    const WORDS: [&str; 2] = ["sni", "dns"];

    impl Rows for Fake {
        type Row<'a> = u64;

        const NAME: &'static str = "fake";

        const COLUMNS: &'static [Column<Self>] = &[
            column("number", Type::Integer, |row| Value::Integer(*row)),
            column("time", Type::Time, |row| Value::Time(Time(*row as i64))),
            column("text", Type::Text, |row| match row % 3 {
                0 => Value::Null,
                1 => Value::Word("in"),
                _ => Value::Text("out"),
            }),
            column("words", Type::Words, |row| {
                Value::Words(&WORDS[..*row as usize % 3])
            }),
        ];
    }

    const fn column(
        key: &'static str,
        kind: Type,
        value: for<'r, 'a> fn(&'r u64) -> Value<'r>,
    ) -> Column<Fake> {
        Column {
            key,
            kind,
            unit: "",
            about: "",
            value,
            table: None,
        }
    }

    fn reader(bytes: Vec<u8>) -> SerializedFileReader<Bytes> {
        SerializedFileReader::new(bytes.into()).expect("a file")
    }

    fn part(rows: std::ops::Range<u64>) -> Groups {
        let mut part = Parquet::<_, Fake>::of_part().expect("begun");
        rows.for_each(|row| part.row(&row).expect("written"));
        part.into_groups().expect("ended")
    }

    #[test]
    fn columns_have_the_types_that_documents_promise() {
        let mut bytes = Vec::new();
        let mut parquet = Parquet::<_, Fake>::new(&mut bytes, |_| true).expect("begun");
        (0..3).for_each(|row| parquet.row(&row).expect("written"));
        parquet.finish().expect("ended");
        let reader = reader(bytes);
        let metadata = reader.metadata().file_metadata();
        let mut schema = Vec::new();
        print_schema(&mut schema, metadata.schema());
        assert_eq!(
            String::from_utf8_lossy(&schema),
            "message fake {\n  OPTIONAL INT64 number;\n  OPTIONAL INT64 time (TIMESTAMP(NANOS,true));\n  \
             OPTIONAL BYTE_ARRAY text (STRING);\n  OPTIONAL group words (LIST) {\n    REPEATED group list {\n      \
             REQUIRED BYTE_ARRAY element (STRING);\n    }\n  }\n}\n"
        );
        // Arrow's own description of the columns would make readers prefer its types.
        let pairs = metadata.key_value_metadata().expect("some").iter();
        let keys: Vec<_> = pairs.map(|pair| pair.key.as_str()).collect();
        assert_eq!(
            keys,
            ["nflx.version", "nflx.table", "nflx.columns", "pandas"]
        );
        let rows = reader.get_row_iter(None).expect("rows");
        let rows: Vec<_> = rows.map(|row| row.expect("a row").to_string()).collect();
        assert_eq!(rows.len(), 3);
        assert!(
            rows[0].contains("text: null") && rows[0].contains("words: []"),
            "{rows:?}"
        );
        assert!(
            rows[2].contains("text: \"out\"") && rows[2].contains("[\"sni\", \"dns\"]"),
            "{rows:?}"
        );
    }

    #[test]
    fn parts_share_a_row_group_until_one_is_full() {
        let limit = (ROW_GROUP_CELLS / Fake::COLUMNS.len()) as u64;
        let mut bytes = Vec::new();
        let mut parquet = Parquet::<_, Fake>::new(&mut bytes, |_| true).expect("begun");
        let mut next = 0;
        for rows in [10, 20, limit + 30, 40] {
            let part = part(next..next + rows);
            assert_eq!(part.written.len(), usize::from(rows > limit));
            parquet.append(part).expect("written");
            next += rows;
        }
        parquet.finish().expect("ended");
        let reader = reader(bytes);
        let groups = reader.metadata().row_groups().iter();
        let rows: Vec<_> = groups.map(RowGroupMetaData::num_rows).collect();
        // A batch may exceed the limit.
        assert!(
            rows.len() == 3 && rows[0] == 30 && rows.iter().sum::<i64>() == next as i64,
            "{rows:?}"
        );
        let statistics = reader.metadata().row_group(2).column(0).statistics();
        let largest = statistics.and_then(|statistics| statistics.max_bytes_opt());
        assert_eq!(largest, Some(&(next as i64 - 1).to_le_bytes()[..]));
    }
}
