//! Parameters from arbitrary bytes: no panic, and nothing beyond the bounds.

#![no_main]

use diskdock::gateway::decode::{MAX_PARAMETERS, form, json, merge, query};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let fields = form(bytes).unwrap_or_default();
    let flat = json(bytes).unwrap_or_default();
    assert!(fields.len() <= MAX_PARAMETERS && flat.len() <= MAX_PARAMETERS);
    if let Ok(text) = std::str::from_utf8(bytes) {
        assert_eq!(query(text), form(bytes));
    }
    if let Ok(merged) = merge(fields, flat) {
        assert!(merged.is_sorted_by(|left, right| left.0 < right.0));
    }
});
