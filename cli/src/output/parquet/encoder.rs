//! Columns of a row group, encoded by a thread while the next rows are made.

use std::panic::resume_unwind;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{Builder, JoinHandle};

use arrow_array::RecordBatch;
use parquet::arrow::arrow_writer::{ArrowColumnChunk, ArrowColumnWriter, compute_leaves};
use parquet::errors::ParquetError;

/// Largest number of batches that wait for the thread.
const WAITING: usize = 2;

/// A row group that is being encoded.
pub(super) struct Encoder {
    batches: SyncSender<RecordBatch>,
    thread: JoinHandle<Result<Vec<ArrowColumnChunk>, ParquetError>>,
}

impl Encoder {
    /// Starts a thread for these columns.
    pub(super) fn start(columns: Vec<ArrowColumnWriter>) -> Result<Self, ParquetError> {
        let (batches, waiting) = sync_channel(WAITING);
        let thread = Builder::new()
            .name("parquet".to_owned())
            .spawn(move || encode(&waiting, columns))
            .map_err(|error| ParquetError::External(Box::new(error)))?;
        Ok(Self { batches, thread })
    }

    /// Passes on rows, and waits while others wait. Returns false if the thread has failed:
    /// [`Self::finish`] returns the error.
    pub(super) fn take(&self, batch: RecordBatch) -> bool {
        self.batches.send(batch).is_ok()
    }

    /// Returns the columns, once all rows are in them.
    pub(super) fn finish(self) -> Result<Vec<ArrowColumnChunk>, ParquetError> {
        drop(self.batches);
        let columns = self.thread.join();
        columns.unwrap_or_else(|panic| resume_unwind(panic))
    }
}

/// Encodes batches until no more come.
fn encode(
    batches: &Receiver<RecordBatch>,
    mut columns: Vec<ArrowColumnWriter>,
) -> Result<Vec<ArrowColumnChunk>, ParquetError> {
    for batch in batches {
        // Each Arrow column is one Parquet column, because none is nested.
        let fields = batch.schema_ref().fields().iter().zip(batch.columns());
        for ((field, values), column) in fields.zip(&mut columns) {
            for leaf in compute_leaves(field, values)? {
                column.write(&leaf)?;
            }
        }
    }
    columns.into_iter().map(ArrowColumnWriter::close).collect()
}
