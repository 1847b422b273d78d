//! The Makefile where the folder of what is built has spaces in its name.

use std::path::Path;
use std::process::Command;

/// Targets that hand the folder on.
const TARGETS: [&str; 12] = [
    "demo",
    "test",
    "test-gui",
    "deb",
    "bounds",
    "score",
    "bench",
    "docs",
    "install",
    "install-library",
    "instructions",
    "fuzz",
];

/// A line of the shell whose words are printed one a line, with what commands in it would do left
/// out.
fn words(line: &str) -> Vec<String> {
    let script = format!("set -- {line}; printf '%s\\n' \"$@\"");
    let output = Command::new("bash")
        .args(["-c", &script])
        // What the tests themselves are given takes the place of what was built.
        .env_remove("NFLX_BIN")
        .env_remove("NFLX_PLUGIN")
        .output()
        .expect("bash");
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(str::to_owned)
        .collect()
}

#[test]
fn a_folder_with_spaces_stays_one_word() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let folder = std::env::temp_dir().join("nflx built  here");
    let folder = folder.to_str().expect("UTF-8");
    let mut met = 0;
    for target in TARGETS {
        let output = Command::new("make")
            .args(["--dry-run", "--no-print-directory", target])
            .env("CARGO_TARGET_DIR", folder)
            .env_remove("MAKEFLAGS")
            .current_dir(&root)
            .output()
            .expect("make");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{target}: {said}");
        let lines = String::from_utf8_lossy(&output.stdout).replace("\\\n", " ");
        for line in lines.lines().filter(|line| line.contains("built")) {
            // Nothing is built or installed: what a line would run becomes words.
            let line = line.replace("$(tests/python/venv.sh)", "python");
            let words = words(&line);
            let whole = words.iter().filter(|word| word.contains(folder)).count();
            assert!(whole > 0, "{target}: {line}: {words:?}");
            assert!(
                words.iter().all(|word| word.contains(folder)
                    || !(word.contains("nflx built") || word == "built")),
                "{target}: {line}: {words:?}"
            );
            met += 1;
        }
    }
    assert!(met >= 8, "{met} lines name the folder");
}
