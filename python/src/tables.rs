//! Tables of captures: read on a thread without Python's lock, and exported through Arrow's
//! PyCapsule interface.

use std::ffi::OsString;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use arrow_array::{RecordBatch, RecordBatchIterator};
use arrow_schema::SchemaRef;
use arrow_schema::ffi::FFI_ArrowSchema;
use nflx_cli::tables::{MemoryTable, Outcome, Watch, read};
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

/// How often signals are checked and progress is reported.
const PATIENCE: Duration = Duration::from_millis(50);

/// Rows of captures, which anything that supports Arrow's PyCapsule interface takes without a copy.
#[pyclass(frozen, module = "nflx")]
pub(crate) struct Table {
    name: &'static str,
    schema: SchemaRef,
    batches: Vec<RecordBatch>,
}

#[pymethods]
impl Table {
    /// Exports the rows as an Arrow stream. They can be exported more than once. Always uses its
    /// own schema, as the interface allows.
    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        let _ = requested_schema;
        let batches = self.batches.clone().into_iter().map(Ok);
        let batches = RecordBatchIterator::new(batches, self.schema.clone());
        let stream = FFI_ArrowArrayStream::new(Box::new(batches));
        PyCapsule::new(py, stream, Some(c"arrow_array_stream".to_owned()))
    }

    /// Exports the schema: names, types and metadata of the columns.
    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        let schema = FFI_ArrowSchema::try_from(self.schema.as_ref())
            .map_err(|error| PyValueError::new_err(error.to_string()))?;
        PyCapsule::new(py, schema, Some(c"arrow_schema".to_owned()))
    }

    /// The kind of rows, such as "segments".
    #[getter]
    fn name(&self) -> &'static str {
        self.name
    }

    /// Names of the columns.
    #[getter]
    fn column_names(&self) -> Vec<&str> {
        let fields = self.schema.fields().iter();
        fields.map(|field| field.name().as_str()).collect()
    }

    /// Number of rows.
    #[getter]
    fn num_rows(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }

    fn __len__(&self) -> usize {
        self.num_rows()
    }

    /// Returns the rows as a pyarrow table, without a copy.
    fn to_arrow<'py>(this: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        this.py().import("pyarrow")?.call_method1("table", (this,))
    }

    /// Returns the rows as a pandas frame; also needs pyarrow. Whole numbers stay whole numbers
    /// even if some are missing.
    fn to_pandas<'py>(this: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        Self::to_arrow(this)?.call_method0("to_pandas")
    }

    fn __repr__(&self) -> String {
        let columns = self.schema.fields().len();
        let rows = self.num_rows();
        format!(
            "<nflx.Table of {}: {rows} rows, {columns} columns>",
            self.name
        )
    }
}

impl From<MemoryTable> for Table {
    fn from(table: MemoryTable) -> Self {
        Self {
            name: table.name,
            schema: table.schema,
            batches: table.batches,
        }
    }
}

/// The result of a run: true if it failed, sentences for the user, and the rows, if any.
type Read = (bool, Vec<String>, Option<Table>);

/// Reads the captures that a command line names. Calls `progress` now and then with the number of
/// bytes read and the number to read; an exception that it raises ends the run, as Ctrl-C does.
#[pyfunction]
#[pyo3(signature = (arguments, progress=None))]
pub(crate) fn read_table(
    py: Python<'_>,
    arguments: Vec<OsString>,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<Read> {
    let watch = Watch::default();
    let (sender, mut receiver) = mpsc::channel();
    let work = {
        let watch = watch.clone();
        move || drop(sender.send(made(read(&arguments, &watch))))
    };
    let worker = thread::Builder::new().name("nflx".to_owned()).spawn(work);
    let worker = worker.map_err(|error| PyRuntimeError::new_err(error.to_string()))?;
    let read = loop {
        let result;
        (result, receiver) = py.detach(move || (receiver.recv_timeout(PATIENCE), receiver));
        match result {
            Ok(read) => break read,
            Err(RecvTimeoutError::Timeout) => {
                let tells = || py.check_signals().and_then(|()| tell(progress, &watch));
                if let Err(error) = tells() {
                    watch.stop();
                    let _ = py.detach(|| worker.join());
                    return Err(error);
                }
            }
            // It panicked, which pyo3 turns into an exception.
            Err(RecvTimeoutError::Disconnected) => match py.detach(|| worker.join()) {
                Err(panic) => std::panic::resume_unwind(panic),
                Ok(()) => return Err(PyRuntimeError::new_err("the run ended without a result")),
            },
        }
    };
    tell(progress, &watch)?;
    Ok(read)
}

/// Converts the result of a run for Python.
fn made(outcome: Outcome) -> Read {
    let table = outcome.table.map(Table::from);
    (outcome.is_failure, outcome.sentences, table)
}

fn tell(progress: Option<&Bound<'_, PyAny>>, watch: &Watch) -> PyResult<()> {
    progress.map_or(Ok(()), |progress| progress.call1(watch.read()).map(drop))
}
