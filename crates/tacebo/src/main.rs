//! The Tacebo program.
fn main() {}
