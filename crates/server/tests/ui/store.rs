//! A second way to what is kept.
extern crate tacebo_store;

fn main() {}
