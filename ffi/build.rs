//! Gives the shared library the name that programs built with it will look for: `libnflx.so.` and the ABI's version.
// What the library may not reach is for the library; this runs while it is built, and talks to cargo.
#![allow(clippy::disallowed_methods, clippy::disallowed_macros)]

use std::{env, fs};

/// The header is generated, and a test holds it to the sources.
const HEADER: &str = "../include/nflx.h";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={HEADER}");
    if env::var("CARGO_CFG_TARGET_OS").as_deref() != Ok("linux") {
        return;
    }
    let header = fs::read_to_string(HEADER).unwrap_or_else(|error| panic!("{HEADER}: {error}"));
    let version = header
        .lines()
        .find_map(|line| line.strip_prefix("#define NFLX_ABI_VERSION "))
        .unwrap_or_else(|| panic!("{HEADER} does not define NFLX_ABI_VERSION"));
    println!("cargo::rustc-cdylib-link-arg=-Wl,-soname,libnflx.so.{version}");
}
