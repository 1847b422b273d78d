//! Rows that stay in memory as columns, for a host that calls the library.

use std::io;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;

use super::builders::{Builders, schema};
use crate::rows::Rows;

/// Cells of a batch; several batches may be read at once.
const BATCH_CELLS: usize = 1 << 20;

/// Collects rows.
pub(super) struct MemoryRows<T: Rows> {
    builders: Builders<T>,
    full: Vec<RecordBatch>,
}

impl<T: Rows> MemoryRows<T> {
    pub(super) fn new() -> Self {
        Self {
            builders: Builders::new(T::COLUMNS.iter().collect()),
            full: Vec::new(),
        }
    }

    pub(super) fn row(&mut self, row: &T::Row<'_>) -> io::Result<()> {
        if self.builders.push(row, BATCH_CELLS) {
            self.batch()?;
        }
        Ok(())
    }

    /// Makes a batch of the rows in the builders.
    fn batch(&mut self) -> io::Result<()> {
        let batch = self.builders.finish().map_err(io::Error::other)?;
        self.full.extend(batch);
        Ok(())
    }

    /// Returns the rows, in order.
    pub(super) fn into_batches(mut self) -> io::Result<Vec<RecordBatch>> {
        self.batch()?;
        Ok(self.full)
    }
}

/// Rows of one kind.
pub struct MemoryTable {
    /// The command that lists such rows.
    pub name: &'static str,
    /// The columns, with the same metadata as in Parquet files, under names that programs know.
    pub schema: SchemaRef,
    /// The rows.
    pub batches: Vec<RecordBatch>,
}

impl MemoryTable {
    pub(crate) fn new<T: Rows>(batches: Vec<RecordBatch>) -> Self {
        let columns: Vec<_> = T::COLUMNS.iter().collect();
        Self {
            name: T::NAME,
            schema: schema(&columns),
            batches,
        }
    }
}

#[cfg(test)]
mod tests {
    use arrow_schema::DataType;

    use super::*;
    use crate::rows::Playback;

    #[test]
    fn a_table_without_rows_has_its_columns() {
        let batches = MemoryRows::<Playback>::new().into_batches();
        let table = MemoryTable::new::<Playback>(batches.expect("no rows"));
        let first = table.schema.field(0);
        assert!(table.batches.is_empty());
        assert_eq!(
            (first.name().as_str(), first.data_type()),
            ("capture", &DataType::Utf8)
        );
        assert!(table.schema.metadata().contains_key("pandas"));
    }
}
