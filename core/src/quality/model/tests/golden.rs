//! Models of every kind that exporters write, compared with onnxruntime's results for some rows:
//! `tests/models/train.py`.

use super::super::limits::LIMITS;
use super::super::onnx::File;
use super::super::program::{Place, Program};

macro_rules! models {
    ($($name:literal)*) => {
        &[$((
            $name,
            include_bytes!(concat!("../../../../../tests/models/", $name, ".onnx")),
            include_str!(concat!("../../../../../tests/models/", $name, ".json")),
        )),*]
    };
}

/// Name, file, and rows with labels and scores.
const MODELS: &[(&str, &[u8], &str)] = models!(
    "scikit-forest" "scikit-forest-map" "scikit-forest-two" "scikit-forest-text" "scikit-forest-double" "scikit-extra"
    "scikit-tree" "scikit-forest-value" "scikit-boosted" "scikit-boosted-two" "scikit-boosted-value"
    "scikit-filled-forest" "scikit-scaled-forest" "scikit-linear-value" "scikit-logistic" "scikit-logistic-two"
    "scikit-logistic-range" "light" "light-two" "light-text" "light-categories" "light-value" "light-average" "extreme"
    "extreme-two" "extreme-value" "extreme-forest"
);

/// Linear models with a logistic function at the end, which onnxruntime approximates.
const APPROXIMATED: &[&str] = &["scikit-logistic-two"];

#[test]
fn every_row_is_onnxruntimes_bit_for_bit() {
    for (name, file, golden) in MODELS {
        let golden: serde_json::Value = serde_json::from_str(golden).unwrap();
        let list = |key: &str| golden[key].as_array().cloned().unwrap_or_default();
        let (rows, scores, labels) = (list("rows"), list("scores"), list("labels"));
        assert!(rows.len() >= 48 && rows.len() == scores.len(), "{name}");
        let file = File::read(file, &LIMITS).unwrap();
        let program = Program::compile(&file, rows[0].as_array().unwrap().len()).unwrap();
        assert_eq!(labels.is_empty(), program.classes.is_none(), "{name}");
        let mut place = Place::default();
        for (number, row) in rows.iter().enumerate() {
            let row = row
                .as_array()
                .unwrap()
                .iter()
                .map(|cell| cell.as_f64().unwrap_or(f64::NAN));
            let (class, found) = program.evaluate(row, &mut place);
            let wanted: Vec<_> = scores[number]
                .as_array()
                .unwrap()
                .iter()
                .map(|s| s.as_f64().unwrap())
                .collect();
            if APPROXIMATED.contains(name) {
                let far = found
                    .iter()
                    .zip(&wanted)
                    .any(|(found, wanted)| (found - wanted).abs() > 1e-6);
                assert!(
                    found.len() == wanted.len() && !far,
                    "{name}, row {number}: {found:?}, {wanted:?}"
                );
            } else {
                let bits = |values: &[f64]| {
                    values
                        .iter()
                        .map(|value| value.to_bits())
                        .collect::<Vec<_>>()
                };
                assert_eq!(
                    bits(found),
                    bits(&wanted),
                    "{name}, row {number}: {found:?}, {wanted:?}"
                );
            }
            let label = class.map(|class| &*program.classes.as_ref().unwrap()[class]);
            assert_eq!(
                label,
                labels.get(number).map(|label| label.as_str().unwrap()),
                "{name}, row {number}"
            );
        }
    }
}
