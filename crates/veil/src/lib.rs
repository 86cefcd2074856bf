//! Masking: pure functions over JSON.
