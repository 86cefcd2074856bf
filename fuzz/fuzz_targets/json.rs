//! The JSON door: whatever it accepts, serde_json accepts as the same value.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(value) = tacebo_fhir::read(bytes) {
        if !bytes.windows(5).any(|w| w == b"serde") {
            let theirs: serde_json::Value = serde_json::from_slice(bytes).expect("serde_json reads what the door reads");
            assert_eq!(value, theirs);
        }
        let again = serde_json::to_vec(&value).expect("a value is written");
        assert_eq!(tacebo_fhir::read(&again).expect("what is written is read"), value);
    }
});
