//! Fuzz target: [`nflx_fuzz::writing`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| nflx_fuzz::writing::run(data));
