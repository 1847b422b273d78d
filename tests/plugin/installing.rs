//! The script that puts the plugin in its place.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::{Home, Outcome, plugin};

fn script() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugin/wireshark/install.sh")
}

/// Runs the script as a user of their own, with a plugin that this user can read.
fn install(home: &Home, file: &Path, args: &[&str]) -> Outcome {
    let script_copy = home.path().join("install.sh");
    fs::copy(script(), &script_copy).expect("the script can be copied");
    fs::set_permissions(&script_copy, fs::Permissions::from_mode(0o755)).expect("ours");
    let mut command = home.command("./install.sh");
    command
        .env("NFLX_PLUGIN", file)
        .args(args)
        .output()
        .expect("a shell")
        .into()
}

#[test]
fn installs_verifies_and_uninstalls() {
    let Some(home) = Home::bare() else { return };
    let built = home.path().join("built.so");
    fs::copy(plugin(), &built).expect("the plugin can be copied");
    fs::set_permissions(&built, fs::Permissions::from_mode(0o644)).expect("ours");

    let missing = install(&home, &built, &["verify", "--user"]);
    assert_eq!(missing.status, Some(1));
    assert!(
        missing.stderr.contains("not installed"),
        "{}",
        missing.stderr
    );

    let said = install(&home, &built, &["install", "--user"]).quiet();
    assert!(
        said.starts_with("Wireshark ") && said.contains("loads the plugin"),
        "{said}"
    );
    assert!(home.plugin_path().exists());
    install(&home, &built, &["install", "--user"]).quiet();
    install(&home, &built, &["verify", "--user"]).quiet();
    install(&home, &built, &["uninstall", "--user"]).quiet();
    assert!(!home.plugin_path().exists());
    install(&home, &built, &["uninstall", "--user"]).quiet();
}

#[test]
fn says_what_is_wrong_in_one_sentence() {
    let Some(home) = Home::bare() else { return };
    let no_such = home.path().join("no-such.so");
    let absent = install(&home, &no_such, &["install"]);
    assert_eq!(absent.status, Some(1));
    assert!(absent.stderr.contains("cargo build"), "{}", absent.stderr);

    // What the dynamic linker sees in a plugin built for another version.
    let bytes = fs::read(plugin()).expect("the plugin");
    let name = b"libwireshark.so.";
    let at = bytes
        .windows(name.len())
        .position(|window| window == name)
        .expect("it needs libwireshark");
    let mut other = bytes.clone();
    other[at + name.len()] = b'9';
    let file = home.path().join("other.so");
    fs::write(&file, other).expect("ours");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).expect("ours");
    let refused = install(&home, &file, &["install", "--user"]);
    assert_eq!(refused.status, Some(1));
    assert!(
        refused.stderr.contains("built for another version"),
        "{}",
        refused.stderr
    );
    assert_eq!(refused.stderr.lines().count(), 1, "{}", refused.stderr);
    assert!(
        !home.plugin_path().exists(),
        "what does not load is not left behind"
    );

    assert_eq!(install(&home, &file, &["nonsense"]).status, Some(2));
}
