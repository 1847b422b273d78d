//! The Python package, installed as its users install it.

use std::path::Path;
use std::process::Command;

use super::formats::python;
use super::{Folder, program, recorded};

#[test]
fn the_python_package_gives_what_the_command_gives() {
    let folder = Folder::new();
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    // A copy, so that building it leaves nothing in the project.
    let source = folder.path("source");
    let copied = Command::new("cp")
        .arg("-r")
        .arg(tests.join("../python"))
        .arg(&source)
        .status()
        .expect("cp");
    assert!(copied.success());
    let (site, pip) = (
        folder.path("site"),
        "--quiet --disable-pip-version-check --no-deps --no-build-isolation",
    );
    let installed = Command::new(python())
        .args(["-m", "pip", "install", "--target", &site])
        .args(pip.split(' '))
        .arg(&source)
        .output()
        .expect("pip");
    assert!(
        installed.status.success(),
        "{}",
        String::from_utf8_lossy(&installed.stderr)
    );

    let output = Command::new(python())
        .arg(tests.join("python/package.py"))
        .args([
            &site,
            tests.join("captures").to_str().expect("UTF-8"),
            &recorded("player.pcap.gz"),
        ])
        .env("NFLX_BIN", program())
        .output()
        .expect("Python runs");
    let said = [output.stdout, output.stderr].concat();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&said)
    );
}
