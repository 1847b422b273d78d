//! Compiles the C sources against the Wireshark that is installed, and says what to install where
//! it is not.

use std::path::{Path, PathBuf};
use std::{env, fs, process};

/// Sources of the plugin, `src/NAME.c`.
const SOURCES: [&str; 31] = [
    "columns",
    "comment",
    "conversations",
    "dissector",
    "evidence",
    "experts",
    "export",
    "fields",
    "format",
    "frame",
    "items",
    "ladder",
    "menu",
    "model",
    "navigation",
    "objects",
    "preferences",
    "quality",
    "quality_table",
    "read_ahead",
    "register",
    "response_times",
    "session",
    "session_table",
    "summary",
    "table",
    "tables",
    "taps",
    "tree",
    "tree_statistics",
    "unfollowed",
];

/// Libraries that the plugin calls.
const LIBRARIES: [&str; 4] = ["wireshark", "wiretap", "wsutil", "glib-2.0"];

fn main() {
    println!("cargo::rerun-if-changed=src");
    println!("cargo::rerun-if-changed=../../include/nflx.h");
    println!("cargo::rerun-if-env-changed=PKG_CONFIG_PATH");

    let wireshark = pkg_config::Config::new()
        .cargo_metadata(false)
        .probe("wireshark")
        .unwrap_or_else(|_| fail("pkg-config finds no Wireshark to build the plugin for."));
    // The library's own file has the full version in its name: after an upgrade it is gone, and
    // this runs again. Its date would not do, which is that of the distribution's build.
    let libraries = pkg_config::get_variable("wireshark", "libdir").unwrap_or_default();
    if let Ok(library) = Path::new(&libraries).join("libwireshark.so").canonicalize() {
        println!("cargo::rerun-if-changed={}", library.display());
    }
    let header = |name: &str| {
        wireshark
            .include_paths
            .iter()
            .map(|path| path.join(name))
            .find(|path| path.is_file())
    };
    for needed in [
        "epan/packet.h",
        "wiretap/wtap.h",
        "wsutil/nstime.h",
        "glib.h",
    ] {
        if header(needed).is_none() {
            fail(&format!(
                "Wireshark's headers are incomplete: {needed} is missing."
            ));
        }
    }
    let version = header("ws_version.h")
        .and_then(|path| fs::read_to_string(path).ok())
        .unwrap_or_default();
    for part in ["MAJOR", "MINOR"] {
        let number = define(&version, &format!("WIRESHARK_VERSION_{part}")).unwrap_or_else(|| {
            fail("Wireshark's ws_version.h is missing or does not state a version.")
        });
        println!("cargo::rustc-env=WIRESHARK_{part}={number}");
    }

    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_else(|| fail("OUT_DIR is not set.")));
    let hidden = out.join("hidden.c");
    fs::write(&hidden, hide_abi(Path::new("../../include/nflx.h")))
        .unwrap_or_else(|error| fail(&format!("{} cannot be written: {error}.", hidden.display())));

    let mut build = cc::Build::new();
    build
        .std("c11")
        .warnings(true)
        .extra_warnings(true)
        .include("../../include")
        .include("src")
        .file(hidden);
    // System headers, so that their own warnings stay out of ours.
    for path in &wireshark.include_paths {
        build.flag("-isystem").flag(path.as_os_str());
    }
    // Its declarations of the flow graph's are right for these versions only.
    let minor = define(&version, "WIRESHARK_VERSION_MINOR").unwrap_or(0);
    if define(&version, "WIRESHARK_VERSION_MAJOR") == Some(4) && minor <= 6 {
        build.define("NFLX_LADDER", None);
    } else {
        println!(
            "cargo::warning=Statistics > Flow Graph has no Netflix segments: this version of Wireshark is not known."
        );
    }
    for source in SOURCES {
        build.file(format!("src/{source}.c"));
    }
    // The whole archive: nothing refers to the object that hides the ABI.
    build
        .link_lib_modifier("+whole-archive")
        .compile("nflx_shim");

    for path in &wireshark.link_paths {
        println!("cargo::rustc-link-search=native={}", path.display());
    }
    for library in LIBRARIES {
        println!("cargo::rustc-link-lib=dylib={library}");
    }
}

/// The number that a header gives to a name.
fn define(header: &str, name: &str) -> Option<u32> {
    header.lines().find_map(|line| {
        let mut words = line.split_whitespace();
        (words.next() == Some("#define") && words.next() == Some(name))
            .then(|| words.next()?.parse().ok())?
    })
}

/// A C source that refers to every function of the ABI as a hidden symbol. A linker gives a symbol
/// the narrowest visibility that any object asks for, so the ABI, which Rust would export from the
/// plugin, stays inside of it, and two libraries with the ABI in one process cannot meet.
fn hide_abi(header: &Path) -> String {
    let text = fs::read_to_string(header)
        .unwrap_or_else(|error| fail(&format!("{}: {error}", header.display())));
    let functions: Vec<&str> = text
        .lines()
        .filter(|line| {
            line.starts_with(|c: char| c.is_ascii_lowercase()) && !line.starts_with("typedef")
        })
        .filter_map(|line| line.split_once('('))
        .filter_map(|(before, _)| before.rsplit([' ', '*']).next())
        .filter(|name| name.starts_with("nflx_"))
        .collect();
    if functions.is_empty() {
        fail("include/nflx.h declares no functions.");
    }
    let entries: String = functions
        .iter()
        .map(|name| format!("    (function){name},\n"))
        .collect();
    format!(
        "#pragma GCC visibility push(hidden)\n#include \"nflx.h\"\n#pragma GCC visibility pop\n\
         typedef void (*function)(void);\n\
         extern const function nflx_hidden[];\n\
         __attribute__((visibility(\"hidden\"))) const function nflx_hidden[] = {{\n{entries}}};\n"
    )
}

fn fail(sentence: &str) -> ! {
    println!(
        "cargo::error={sentence} Install its development files: on Debian and Ubuntu `apt install libwireshark-dev \
         libwiretap-dev libwsutil-dev libglib2.0-dev pkg-config`, on Fedora `dnf install wireshark-devel`, on Arch \
         `pacman -S wireshark-cli pkgconf`."
    );
    process::exit(1)
}
