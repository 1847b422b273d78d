//! What stands in `examples/`: the Spark job and the notebooks.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cli::{program, recorded, run_python};

fn nflx() -> String {
    program()
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
            "skipped: the model on players' runs, of which there are none beside the repository"
        );
    }
    assert!(
        said.contains("balanced accuracy") && said.contains("always naming the class"),
        "{said}"
    );
}
