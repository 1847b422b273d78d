//! The time of a model for a row, on rows that look random: the median of runs of a thousand.
//!
//! usage: rows MODEL.onnx [COLUMNS] (a model with a card, or the number of columns of one without)

use std::hint::black_box;
use std::process::ExitCode;
use std::time::Instant;

use nflx_bench::Random;
use nflx_core::features::{COLUMNS, Type};
use nflx_core::quality::model::{Model, Scratch};

/// Rows in a run, and runs.
const ROWS: usize = 1_000;
const RUNS: usize = 51;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    match arguments.first().map(|path| read(path, arguments.get(1))) {
        Some(Ok(model)) => {
            let median = median(&model);
            let (columns, classes) = (model.columns().len(), model.labels().len());
            println!("{median:.2} us a row of {columns} columns, {classes} classes");
            ExitCode::SUCCESS
        }
        Some(Err(sentence)) => {
            eprintln!("{sentence}");
            ExitCode::FAILURE
        }
        None => {
            eprintln!("usage: rows MODEL.onnx [COLUMNS]");
            ExitCode::from(2)
        }
    }
}

fn read(path: &str, columns: Option<&String>) -> Result<Model, String> {
    let bytes = std::fs::read(path).map_err(|error| format!("{path}: {error}"))?;
    let model = match columns {
        None => Model::read(&bytes),
        Some(count) => {
            let count = count
                .parse()
                .map_err(|_| format!("{count}: is no number of columns"))?;
            let numbers = COLUMNS
                .iter()
                .filter(|column| column.kind == Type::OptionalFloat);
            let names: Vec<_> = numbers.map(|column| column.name).take(count).collect();
            Model::read_with_columns(&bytes, &names)
        }
    };
    model.map_err(|error| format!("{path}: {error}"))
}

/// Returns the median of all runs, in microseconds a row.
fn median(model: &Model) -> f64 {
    let mut random = Random::new(1);
    let width = model.columns().len();
    // Values over many sizes, as features have them, and some that are missing.
    let mut value = || match random.below(16) {
        0 => f64::NAN,
        power => random.below(10_u64.pow(power as u32 / 2 + 1)) as f64 / 10.0,
    };
    let rows: Vec<Vec<f64>> = (0..ROWS)
        .map(|_| (0..width).map(|_| value()).collect())
        .collect();
    let mut scratch = Scratch::default();
    let mut times: Vec<_> = (0..RUNS)
        .map(|_| {
            let start = Instant::now();
            for row in &rows {
                black_box(model.evaluate(black_box(row), &mut scratch));
            }
            start.elapsed().as_secs_f64() * 1e6 / ROWS as f64
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[RUNS / 2]
}
