//! The Python package, installed as its users install it.

use std::path::Path;
use std::process::Command;

use super::formats::python;
use super::{Folder, nflx, recorded};

#[test]
fn the_python_package_gives_what_the_command_gives() {
    let folder = Folder::new();
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (site, pip) = (
        folder.path("site"),
        "--quiet --disable-pip-version-check --no-deps --no-build-isolation",
    );
    // Where pip finds maturin, which builds the wheel.
    let beside = Path::new(&python()).parent().expect("a folder").to_owned();
    let path = std::env::var("PATH").unwrap_or_default();
    let installed = Command::new(python())
        .env("PATH", format!("{}:{path}", beside.display()))
        .args(["-m", "pip", "install", "--target", &site])
        .args(pip.split(' '))
        .arg(tests.join("../python"))
        .output()
        .expect("pip");
    assert!(
        installed.status.success(),
        "{}",
        String::from_utf8_lossy(&installed.stderr)
    );

    for script in ["python/package.py", "python/engine.py", "python/tables.py"] {
        check(script, &site);
    }
    check_types(&site);
    check_notebook(&site);
}

/// The types that the package states are those that it has, and its own sources keep to them.
fn check_types(site: &str) {
    let output = Command::new(python())
        .args(["-m", "mypy.stubtest", "nflx"])
        // Where mypy keeps what it worked out.
        .current_dir(Path::new(site).parent().expect("a folder"))
        .envs([("PYTHONPATH", site), ("MYPYPATH", site)])
        .output()
        .expect("Python runs");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success() && said.contains("no issues found"),
        "{said}"
    );
}

/// Runs a script that uses the package.
fn check(script: &str, site: &str) {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = Command::new(python())
        .arg(tests.join(script))
        .args([
            site,
            tests.join("captures").to_str().expect("UTF-8"),
            &recorded("player.pcap.gz"),
        ])
        .env("NFLX_BIN", nflx())
        .output()
        .expect("Python runs");
    let said = [output.stdout, output.stderr].concat();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&said)
    );
}

/// The exercise of the course with packets in hand comes out as by the rules written out for scapy.
fn check_notebook(site: &str) {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = Command::new(python())
        .arg(tests.join("python/notebook.py"))
        .arg(nflx())
        .arg(tests.join("../examples/packets.ipynb"))
        .env("PYTHONPATH", site)
        .output()
        .expect("Python runs");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(
        said.contains("video comes from 10.9.1.11\n")
            && said.contains("scapy counts the same: 36 segments"),
        "{said}"
    );
}
