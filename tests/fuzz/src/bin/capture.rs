//! Fuzz target: [`nflx_fuzz::capture`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| nflx_fuzz::capture::run(data));
