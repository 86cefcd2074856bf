//! The target of the same name in `crates/fuzz`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| tacebo_fuzz::log(bytes));
