//! Rows of one capture among several, which wait until those of earlier captures are written.

use std::io::{self, Seek, Write};

use arrow_array::RecordBatch;
use bytes::Bytes;
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::reader::{ChunkReader, Length};
use tempfile::{SpooledData, SpooledTempFile, spooled_tempfile};

/// Memory for the rows of one capture, in bytes; more go into a temporary file.
const IN_MEMORY: usize = 4 * 1024 * 1024;

/// Rows in their final form.
pub(crate) enum Part {
    /// Lines of text.
    Lines(Spool),
    /// Cells of a table, as CSV.
    Cells(Spool),
    /// Row groups of Parquet.
    Groups(Groups),
}

/// Rows of a part of a file: complete row groups, and the rows of an incomplete one.
pub(crate) struct Groups {
    pub(super) written: Vec<RowGroupMetaData>,
    pub(super) bytes: Spooled,
    pub(super) rest: Vec<RecordBatch>,
}

/// Stores bytes and returns them: in memory, or in a temporary file without a name.
pub(crate) struct Spool(SpooledTempFile);

/// The bytes written to a [`Spool`].
pub(super) enum Spooled {
    Memory(Bytes),
    File(std::fs::File),
}

impl Spool {
    pub(super) fn new() -> Self {
        Self(spooled_tempfile(IN_MEMORY))
    }

    /// Prepares for reading from the start.
    pub(super) fn rewound(mut self) -> io::Result<SpooledTempFile> {
        self.0.rewind()?;
        Ok(self.0)
    }

    /// Prepares for reading anywhere.
    pub(super) fn spooled(self) -> Spooled {
        match self.0.into_inner() {
            SpooledData::InMemory(bytes) => Spooled::Memory(bytes.into_inner().into()),
            SpooledData::OnDisk(file) => Spooled::File(file),
        }
    }
}

impl Write for Spool {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes).map_err(|error| {
            let place = std::env::temp_dir();
            io::Error::new(
                error.kind(),
                format!(
                    "there is no room in {} for rows that wait: {error}",
                    place.display()
                ),
            )
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Length for Spooled {
    fn len(&self) -> u64 {
        match self {
            Self::Memory(bytes) => Length::len(bytes),
            Self::File(file) => Length::len(file),
        }
    }
}

impl ChunkReader for Spooled {
    type T = Box<dyn io::Read>;

    fn get_read(&self, start: u64) -> parquet::errors::Result<Self::T> {
        Ok(match self {
            Self::Memory(bytes) => Box::new(bytes.get_read(start)?),
            Self::File(file) => Box::new(file.get_read(start)?),
        })
    }

    fn get_bytes(&self, start: u64, length: usize) -> parquet::errors::Result<Bytes> {
        match self {
            Self::Memory(bytes) => bytes.get_bytes(start, length),
            Self::File(file) => file.get_bytes(start, length),
        }
    }
}
