//! Fuzz target: [`nflx_fuzz::http`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| nflx_fuzz::hold(
    nflx_fuzz::Memory::Parser,
    nflx_fuzz::http::run,
    data
));
