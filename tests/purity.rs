//! Things that the plugin's C sources must not do. Clippy checks the same for the core and the ABI:
//! `core/clippy.toml`.

use std::fs;
use std::path::Path;

/// Calls that reach the network, the environment, other programs, or files other than through
/// Wireshark's own reader and writer of captures.
const FORBIDDEN: [&str; 53] = [
    "accept",
    "access",
    "connect",
    "creat",
    "dlopen",
    "execl",
    "execv",
    "execve",
    "fopen",
    "fork",
    "freopen",
    "fstatat",
    "getenv",
    "g_access",
    "g_dir_open",
    "g_file_get_contents",
    "g_file_open_tmp",
    "g_file_read_link",
    "g_file_set_contents",
    "g_file_test",
    "g_fopen",
    "g_getenv",
    "g_lstat",
    "g_mapped_file_new",
    "g_open",
    "g_remove",
    "g_rename",
    "g_spawn_async",
    "g_spawn_command_line_async",
    "g_spawn_sync",
    "g_unlink",
    "lstat",
    "mkdtemp",
    "mkstemp",
    "mmap",
    "open",
    "openat",
    "opendir",
    "popen",
    "printf",
    "putenv",
    "readdir",
    "readlink",
    "setenv",
    "socket",
    "stat",
    "statx",
    "system",
    "tmpfile",
    "unlink",
    "ws_fopen",
    "ws_open",
    "ws_stat64",
];

/// Calls that one source makes for one purpose: to tell one version of the user's capture from the
/// next, to read the model that a preference names, to write over no file, to take back an output
/// that could not be written whole, and to start the command where the user asks for its report.
const ALLOWED: [(&str, &str); 6] = [
    ("menu.c", "g_spawn_sync"),
    ("menu.c", "g_file_test"),
    ("read_ahead.c", "g_stat"),
    ("model.c", "g_file_get_contents"),
    ("export.c", "g_file_test"),
    ("export.c", "g_unlink"),
];

#[test]
fn the_plugin_reaches_nothing_but_its_host() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugin/wireshark/src");
    let mut sources = 0;
    for entry in fs::read_dir(folder).expect("the plugin's sources") {
        let path = entry.expect("an entry").path();
        if path
            .extension()
            .is_none_or(|extension| extension != "c" && extension != "h")
        {
            continue;
        }
        sources += 1;
        let text = fs::read_to_string(&path).expect("UTF-8");
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .expect("a name");
        for call in calls(&text) {
            assert!(
                !FORBIDDEN.contains(&call) || ALLOWED.contains(&(name, call)),
                "{} calls {call}",
                path.display()
            );
        }
    }
    assert!(sources > 10, "{sources} sources");
}

/// Words that stand before an opening parenthesis.
fn calls(text: &str) -> impl Iterator<Item = &str> {
    text.split('(').map(|before| {
        let before = before.trim_end();
        let word = before
            .rfind(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .map_or(0, |at| at + 1);
        before.get(word..).unwrap_or_default()
    })
}

#[test]
fn calls_are_found() {
    let text = "static int f(void)\n{\n    return open (\"x\", 0) + g(getenv(\"A\"));\n}\n";
    assert_eq!(
        calls(text).collect::<Vec<_>>()[..4],
        ["f", "open", "g", "getenv"]
    );
}
