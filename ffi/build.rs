//! Gives the shared library the name that programs built with it will look for: `libnflx.so.` and
//! the ABI's version.
// What the library may not reach is for the library; this runs while it is built, and talks to
// cargo.
#![allow(clippy::disallowed_methods, clippy::disallowed_macros)]

use std::{env, fs};

/// The file with the version: the header, which is generated from it, is no part of the published
/// crate.
const SOURCE: &str = "src/lib.rs";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={SOURCE}");
    if env::var("CARGO_CFG_TARGET_OS").as_deref() != Ok("linux") {
        return;
    }
    let source = fs::read_to_string(SOURCE).unwrap_or_else(|error| panic!("{SOURCE}: {error}"));
    let version = source
        .lines()
        .find_map(|line| {
            line.strip_prefix("pub const NFLX_ABI_VERSION: u32 = ")?
                .strip_suffix(';')
        })
        .unwrap_or_else(|| panic!("{SOURCE} does not define NFLX_ABI_VERSION"));
    println!("cargo::rustc-cdylib-link-arg=-Wl,-soname,libnflx.so.{version}");
}
