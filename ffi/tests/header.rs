//! The committed header is the one that the sources give, and says something about everything in
//! it.
#![allow(
    clippy::disallowed_methods,
    reason = "the library has no business with files; this test compares two"
)]

use std::path::{Path, PathBuf};

fn header_path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../include/nflx.h")
}

fn generate() -> String {
    let crate_dir = Path::new(env!("CARGO_MANIFEST_DIR"));
    let config = cbindgen::Config::from_file(crate_dir.join("cbindgen.toml"))
        .expect("cbindgen.toml is readable");
    // From the source files rather than by `cargo metadata`, which would want the network and a
    // lock.
    let builder = cbindgen::Builder::new()
        .with_config(config)
        .with_src(crate_dir.join("src/lib.rs"));
    let mut header = Vec::new();
    builder
        .generate()
        .expect("cbindgen reads the sources")
        .write(&mut header);
    String::from_utf8(header).expect("UTF-8")
}

#[test]
fn header_is_what_the_sources_say() {
    let generated = generate();
    let path = header_path();
    if std::env::var_os("NFLX_UPDATE_HEADER").is_some() {
        std::fs::write(&path, &generated).expect("the header is writable");
        return;
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == generated,
        "include/nflx.h is not what ffi/src says; run: NFLX_UPDATE_HEADER=1 cargo test -p nflx-ffi"
    );
}

/// Constants, types, fields and functions without a comment right before them.
#[test]
fn nothing_in_the_header_is_undocumented() {
    let header = generate();
    let lines: Vec<&str> = header.lines().collect();
    let mut depth = 0;
    let mut undocumented = Vec::new();
    let mut seen = 0;
    for (index, line) in lines.iter().enumerate() {
        let text = line.trim();
        let comment = text.starts_with("/*") || text.starts_with('*');
        let opens = !comment && text.ends_with('{') && text.starts_with("typedef");
        let field = depth > 0 && text.ends_with(';') && !text.starts_with('}');
        let constant = text.starts_with("#define NFLX_") && text != "#define NFLX_H";
        let typedef = depth == 0 && text.starts_with("typedef");
        let function = depth == 0 && !comment && text.contains(" nflx_") || text.contains("*nflx_");
        let function = function && text.contains('(') && !typedef && !comment;
        if field || constant || typedef || function {
            seen += 1;
            if !index
                .checked_sub(1)
                .is_some_and(|before| lines[before].trim().ends_with("*/"))
            {
                undocumented.push(format!("{}: {text}", index + 1));
            }
        }
        if opens {
            depth += 1;
        } else if text.starts_with('}') && depth > 0 {
            depth -= 1;
        }
    }
    assert!(
        seen > 150,
        "the test no longer understands the header: only {seen} items found"
    );
    assert!(
        undocumented.is_empty(),
        "without a comment:\n{}",
        undocumented.join("\n")
    );
}

/// Every function of the crate that C can link is declared, and nothing else is.
#[test]
fn header_and_exports_agree() {
    let header = generate();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut exports = Vec::new();
    for entry in std::fs::read_dir(source).expect("src is readable") {
        let text = std::fs::read_to_string(entry.expect("an entry").path()).expect("a source file");
        let functions = text
            .match_indices("extern \"C\" fn ")
            .map(|(at, found)| &text[at + found.len()..]);
        exports.extend(
            functions
                .filter_map(|rest| rest.split('(').next())
                .map(str::to_owned),
        );
    }
    assert!(exports.len() > 20, "{exports:?}");
    for name in exports {
        assert!(name.starts_with("nflx_"), "{name}");
        let declared = header.contains(&format!("{name}("));
        assert_eq!(declared, name != "nflx_engine_inject_panic", "{name}");
    }
}
