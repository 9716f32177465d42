#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| grounds_fuzz::sealed::run(data));
