#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::desk_form(data));
