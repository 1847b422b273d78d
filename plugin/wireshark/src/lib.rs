//! Netflix streaming analysis inside Wireshark: the symbols that Wireshark looks for in a plugin.
//!
//! Everything else is C, because Wireshark's API is: a call into it may leave by `longjmp`, which
//! must not pass over a Rust frame. So C asks Wireshark, C asks the core through its C ABI, and
//! Rust never calls Wireshark.
//!
//! The symbols have to be Rust's: a `cdylib` exports nothing else.
#![allow(non_upper_case_globals)]

use core::ffi::c_int;

// The C ABI that the C sources call.
use nflx_ffi as _;

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Version of the plugin, ended by NUL; shown under Help > About > Plugins.
#[unsafe(no_mangle)]
pub static plugin_version: [u8; VERSION.len() + 1] = {
    let mut bytes = [0; VERSION.len() + 1];
    let mut index = 0;
    while index < VERSION.len() {
        bytes[index] = VERSION.as_bytes()[index];
        index += 1;
    }
    bytes
};

/// Wireshark loads the plugin only if this is its own major version …
#[unsafe(no_mangle)]
pub static plugin_want_major: c_int = number(env!("WIRESHARK_MAJOR"));

/// … and this its own minor version: the API changes with each.
#[unsafe(no_mangle)]
pub static plugin_want_minor: c_int = number(env!("WIRESHARK_MINOR"));

/// `WS_PLUGIN_DESC_DISSECTOR` of wsutil/plugins.h, which Wireshark 4.0 does not ship.
const DISSECTOR: u32 = 1;

unsafe extern "C" {
    fn nflx_plugin_register();
}

/// Called once by Wireshark after it loaded the plugin.
#[unsafe(no_mangle)]
pub extern "C" fn plugin_register() {
    // SAFETY: Wireshark calls this once, from its main thread, when its own registration is ready;
    // the C function asks for nothing else. No Rust value is live here that a longjmp could skip.
    unsafe { nflx_plugin_register() }
}

/// A description of the plugin for Help > About > Plugins of Wireshark 4.4 and later; earlier ones
/// do not ask.
#[unsafe(no_mangle)]
pub extern "C" fn plugin_describe() -> u32 {
    DISSECTOR
}

/// A decimal number from the build script.
const fn number(text: &str) -> c_int {
    match c_int::from_str_radix(text, 10) {
        Ok(number) => number,
        Err(_) => panic!("the build script gives numbers"),
    }
}
