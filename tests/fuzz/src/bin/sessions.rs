//! Fuzz target: [`nflx_fuzz::sessions`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| nflx_fuzz::hold(
    nflx_fuzz::Memory::Program,
    nflx_fuzz::sessions::run,
    data
));
