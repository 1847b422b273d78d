//! Fuzz target: [`nflx_fuzz::dns`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| nflx_fuzz::hold(
    nflx_fuzz::Memory::Parser,
    nflx_fuzz::dns::run,
    data
));
