//! Fuzz target: [`nflx_fuzz::engine`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| nflx_fuzz::hold(
    nflx_fuzz::Memory::Program,
    nflx_fuzz::engine::run,
    data
));
