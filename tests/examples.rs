//! The files in `examples/`: the Spark job, the notebooks, and the readers of EVE files.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cli::{recorded, run_python};
use crate::plugin;

/// The program's path as text.
fn nflx() -> String {
    plugin::nflx()
        .canonicalize()
        .expect("there")
        .to_str()
        .expect("UTF-8")
        .to_owned()
}

fn example(name: &str) -> String {
    let path: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../examples")
        .join(name);
    assert!(path.exists(), "{} is missing", path.display());
    path.to_str().expect("UTF-8").to_owned()
}

#[test]
fn spark_gives_the_table_of_one_machine() {
    let java = Command::new("java").arg("-version").output();
    assert!(
        java.is_ok_and(|java| java.status.success()),
        "java is missing: plugin/wireshark/prerequisites.sh test installs it"
    );
    let captures = ["player.pcap.gz", "loss.pcap.gz", "two-interfaces.pcapng.gz"].map(recorded);
    let args: Vec<_> = std::iter::once(nflx()).chain(captures).collect();
    let said = run_python(
        "spark.py",
        &args.iter().map(String::as_str).collect::<Vec<_>>(),
    );
    for rows in ["features: ", "segments: "] {
        assert!(
            said.lines()
                .any(|line| line.starts_with(rows) && line.ends_with("are the same")),
            "{said}"
        );
    }
}

/// `tests/suricata/sample.eve.json` is what Suricata wrote of the captures `h3` and `ipv6`, and of
/// the viewer of `player`.
#[test]
fn eve_files_are_tables_and_fit_the_index_template() {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("suricata/sample.eve.json");
    let said = run_python(
        "eve.py",
        &[&example("elastic"), sample.to_str().expect("UTF-8")],
    );
    assert!(said.starts_with("25 segments and "), "{said}");
}

#[test]
fn the_course_is_solved() {
    let said = run_python("notebook.py", &[&nflx(), &example("course.ipynb")]);
    // Known from the servers' records: one appliance sends video.
    assert!(
        said.contains("video comes from 10.9.1.11\nthe classic rules say 10.9.1.11\n"),
        "{said}"
    );
}

#[test]
fn a_model_is_trained() {
    let said = run_python("notebook.py", &[&nflx(), &example("model.ipynb")]);
    if said.contains("no runs with a player's log") {
        println!(
            "skipped: the model on players' runs, because there are none next to the repository"
        );
    }
    assert!(
        said.contains("balanced accuracy") && said.contains("always naming the class"),
        "{said}"
    );
}

/// The interpreter with what training needs: `NFLX_TRAIN_PYTHON`, else of an environment that is
/// made for it. It has packages that no other test needs.
fn python_for_training() -> PathBuf {
    if let Some(path) = std::env::var_os("NFLX_TRAIN_PYTHON") {
        return path.into();
    }
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or(tests.join("../target"), PathBuf::from);
    let made = Command::new(tests.join("python/venv.sh"))
        .args([
            target.join("venv-train"),
            tests.join("models/requirements.txt"),
        ])
        .output()
        .expect("the script starts");
    assert!(
        made.status.success(),
        "tests/python/venv.sh: {}",
        String::from_utf8_lossy(&made.stderr)
    );
    String::from_utf8(made.stdout)
        .expect("UTF-8")
        .trim_end()
        .into()
}

/// Returns the output of a script in `tests/python`, run in the environment for training.
fn run_training(script: &str, args: &[&str]) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("python")
        .join(script);
    let run = Command::new(python_for_training())
        .arg(script)
        .args(args)
        .output()
        .expect("Python starts");
    let (stdout, stderr) = (
        String::from_utf8_lossy(&run.stdout),
        String::from_utf8_lossy(&run.stderr),
    );
    assert!(run.status.success(), "{stdout}{stderr}");
    stdout.into_owned()
}

#[test]
fn models_with_cards_are_trained_and_asked() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let folder = folder.path().to_str().expect("UTF-8");
    let said = run_training("train.py", &[&nflx(), &example(""), folder]);
    assert!(said.ends_with("trained, judged and asked\n"), "{said}");
}

#[test]
fn the_training_notebook_runs() {
    let said = run_training("notebook.py", &[&nflx(), &example("train/train.ipynb")]);
    assert!(
        said.contains("always the most common") && said.contains("all reproduced"),
        "{said}"
    );
}

#[test]
fn the_example_model_is_what_its_card_says() {
    let model = example("train/example.onnx");
    let said = Command::new(nflx())
        .args(["model", "check", &model])
        .output()
        .expect("the program starts");
    let text = String::from_utf8_lossy(&said.stdout);
    assert!(
        said.status.success() && text.contains("example on simulated sessions"),
        "{said:?}"
    );
}
