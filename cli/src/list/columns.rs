//! A run whose rows stay in memory.

use std::path::PathBuf;
use std::sync::Arc;

use arrow_array::RecordBatch;

use super::Report;
use super::run::{all, bytes, contradiction, study};
use crate::analysis::{Failure, Study};
use crate::args::Run;
use crate::inputs::{self, Inputs};
use crate::messages::{Status, reason};
use crate::output::{Format, MemoryTable, Writer};
use crate::progress::Total;
use crate::rings;

/// The result of a run.
pub(crate) struct Kept {
    pub(crate) status: Status,
    /// Sentences for the user.
    pub(crate) sentences: Vec<String>,
    /// The rows, if any capture could be read.
    pub(crate) table: Option<MemoryTable>,
}

impl Kept {
    /// Creates the result of a run without rows, and the reason.
    pub(crate) fn nothing(sentence: String) -> Self {
        Self {
            status: Status::Failed,
            sentences: vec![sentence],
            table: None,
        }
    }
}

/// Reads the captures of a run, and keeps their rows. Passes the progress counter to `watch`.
pub(crate) fn columns<T: Report>(run: &Run, watch: impl FnOnce(&Arc<Total>)) -> Kept {
    kept::<T>(run, watch).unwrap_or_else(Kept::nothing)
}

fn kept<T: Report>(run: &Run, watch: impl FnOnce(&Arc<Total>)) -> Result<Kept, String> {
    let goes_elsewhere = run.output.output.is_some() || run.output.format.is_some();
    if goes_elsewhere || run.partition {
        return Err("rows stay in memory; leave --output, --format and --partition out".to_owned());
    }
    if let Some(sentence) = contradiction(run) {
        return Err(sentence.to_owned());
    }
    let config = run.analysis.config().map_err(|error| error.to_string())?;
    let Inputs {
        inputs,
        passed_over,
        ..
    } = inputs::find(&run.files);
    let jobs = super::run::jobs(run.jobs);
    let (inputs, joined) = rings::join(inputs, run.joining.how(&config), jobs);
    let total = Total::unseen(inputs.len(), bytes(&inputs), T::PASSES);
    watch(&total);
    let read =
        |total: &Arc<Total>, files: &[PathBuf]| -> Result<(Study, Vec<RecordBatch>), Failure> {
            let study = study::<T>(run, files, config.clone(), Some(Arc::clone(total)))?;
            let mut writer = Writer::<T>::of_columns();
            let study = T::write(study, false, &mut writer)?;
            Ok((study, writer.into_batches()?))
        };
    let (mut sentences, mut batches) = (Vec::new(), Vec::new());
    let keep = |_: &Arc<Total>, more: Vec<RecordBatch>| {
        batches.extend(more);
        Ok(())
    };
    // As for files that programs read.
    let format = Format::Parquet;
    let (status, any) = all(run, &inputs, format, &total, &mut sentences, read, keep)
        .map_err(|error| reason(&error))?;
    sentences.extend(passed_over.into_iter().chain(joined));
    Ok(Kept {
        status,
        sentences,
        table: any.then(|| MemoryTable::new::<T>(batches)),
    })
}
